/* SPDX-License-Identifier: MIT
 * api/schemas.h: every body there is, by resource. */
#pragma once

#include "api/schema.h"

/* Words that several tables and handlers know. */
extern const char *const scope_choices[];
extern const char *const role_choices[];
extern const char *const context_choices[];
extern const char *const field_type_choices[];
extern const char *const format_choices[];
extern const char *const status_choices[];
extern const char *const state_choices[];

/* schemas_access.c */
extern const struct schema schema_problem;
extern const struct schema schema_login;
extern const struct schema schema_session;
extern const struct schema schema_user;
extern const struct schema schema_new_user;
extern const struct schema schema_user_change;
extern const struct schema schema_organization;
extern const struct schema schema_test_mail;
extern const struct schema schema_organization_change;
extern const struct schema schema_api_key;
extern const struct schema schema_new_api_key;
extern const struct schema schema_created_api_key;
extern const struct schema schema_audit_entry;

/* schemas_config.c */
extern const struct schema schema_integration;
extern const struct schema schema_new_integration;
extern const struct schema schema_integration_change;
extern const struct schema schema_definition;
extern const struct schema schema_new_definition;
extern const struct schema schema_definition_change;

/* schemas_catalog.c */
extern const char *const sku_type_choices[];
extern const struct schema schema_campaign;
extern const struct schema schema_new_campaign;
extern const struct schema schema_campaign_change;
extern const struct schema schema_product;
extern const struct schema schema_new_product;
extern const struct schema schema_product_change;
extern const struct schema schema_sku;
extern const struct schema schema_new_sku;
extern const struct schema schema_sku_change;

/* schemas_orders.c */
extern const struct schema schema_postback;
extern const struct schema schema_taken_postback;
extern const char *const sale_state_choices[];
extern const struct schema schema_order;
extern const struct schema schema_new_order;
extern const struct schema schema_new_change;
extern const struct schema schema_taken_order;
extern const struct schema schema_customer;
extern const struct schema schema_customer_message;

/* schemas_outlets.c */
extern const struct schema schema_retry;
extern const struct schema schema_retry_step;
extern const struct schema schema_retry_ask;
extern const struct schema schema_retry_preview;
extern const struct schema schema_paused_subject;

/* schemas_webhooks.c */
extern const struct schema schema_webhook;
extern const struct schema schema_new_webhook;
extern const struct schema schema_created_webhook;
extern const struct schema schema_webhook_change;
extern const struct schema schema_ping;
extern const struct schema schema_rotation;
extern const struct schema schema_rotated_webhook;
extern const struct schema schema_filter_trial;
extern const struct schema schema_filter_verdict;

/* schemas_exports.c */
extern const struct schema schema_export_profile;
extern const struct schema schema_new_export_profile;
extern const struct schema schema_export_profile_change;
extern const struct schema schema_export_route;
extern const struct schema schema_new_export_route;
extern const struct schema schema_export_route_change;
extern const struct schema schema_export_fields;
extern const struct schema schema_export_ask;
extern const struct schema schema_export_preview;
extern const struct schema schema_export_explanation;

/* schemas_plugins.c */
extern const struct schema schema_plugin;
extern const struct schema schema_new_plugin;
extern const struct schema schema_plugin_change;

extern const struct schema schema_client_answer;

/* schemas_recovery.c */
extern const struct schema schema_recover;
extern const struct schema schema_recovery;
extern const struct schema schema_recovery_preview;

/* schemas_history.c */
extern const struct schema schema_taken_event;
extern const struct schema schema_event_body;
extern const struct schema schema_contact;
extern const struct schema schema_activity;
extern const struct schema schema_event_summary;
extern const struct schema schema_event;
extern const struct schema schema_delivery;
extern const struct schema schema_delivery_detail;
extern const struct schema schema_resend;
extern const struct schema schema_resent_delivery;
extern const struct schema schema_rejection;
extern const struct schema schema_rejection_count;
extern const struct schema schema_ledger;
extern const struct schema schema_status;
extern const struct schema schema_clock;
extern const struct schema schema_clock_change;
extern const struct schema schema_release;
extern const struct schema schema_any;

#define SCHEMA(schema_name, text, ...)                                                             \
    {                                                                                              \
        .name = (schema_name), .help = (text), .members = (const struct member[])                  \
        {                                                                                          \
            __VA_ARGS__,                                                                           \
            {                                                                                      \
            }                                                                                      \
        }                                                                                          \
    }

#define REQUIRED MEMBER_REQUIRED
#define OR_NULL (MEMBER_REQUIRED | MEMBER_NULLABLE)
