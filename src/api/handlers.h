/* SPDX-License-Identifier: MIT
 * api/handlers.h: the functions that the route table names, by the file they are in. Which kind
 * each is, and on which thread it runs: routes.h. */
#pragma once

#include "api/routes.h"

struct call;

/* inlets.c */
bool inlets_take_api(struct call *call, const struct picture *picture);
bool inlets_take_endpoint(struct call *call, const struct picture *picture);
bool inlets_take_postback(struct call *call, const struct picture *picture);

/* session.c */
bool session_check_login(struct call *call);
int session_verify(struct call *call, struct store_reader *reader);
int session_create(struct call *call, struct batch *batch);
int session_get(struct call *call, struct sql *sql);
int session_delete(struct call *call, struct batch *batch);

/* users.c */
int users_list(struct call *call, struct sql *sql);
int users_get(struct call *call, struct sql *sql);
bool users_check_new(struct call *call);
int users_hash(struct call *call, struct store_reader *reader);
int users_create(struct call *call, struct batch *batch);
bool users_check_change(struct call *call);
int users_verify(struct call *call, struct store_reader *reader);
int users_change(struct call *call, struct batch *batch);
int users_delete(struct call *call, struct batch *batch);

/* organization.c */
int organization_get(struct call *call, struct sql *sql);
bool organization_check(struct call *call);
int organization_change(struct call *call, struct batch *batch);
bool organization_check_mail(struct call *call);
int organization_test_mail(struct call *call, struct store_reader *reader);

/* keys.c */
int keys_list(struct call *call, struct sql *sql);
int keys_get(struct call *call, struct sql *sql);
bool keys_check(struct call *call);
int keys_create(struct call *call, struct batch *batch);
int keys_again(struct call *call, struct sql *sql);
int keys_revoke(struct call *call, struct batch *batch);

/* orders.c */
int orders_list(struct call *call, struct sql *sql);
int orders_get(struct call *call, struct sql *sql);
bool orders_check(struct call *call);
bool orders_check_change(struct call *call);
int orders_import(struct call *call, struct batch *batch);
int orders_change(struct call *call, struct batch *batch);
int orders_again(struct call *call, struct sql *sql);

/* customers.c */
int customers_list(struct call *call, struct sql *sql);
int customers_get(struct call *call, struct sql *sql);
int customers_history(struct call *call, struct sql *sql);

/* integrations.c */
int integrations_list(struct call *call, struct sql *sql);
int integrations_get(struct call *call, struct sql *sql);
bool integrations_check(struct call *call);
int integrations_create(struct call *call, struct batch *batch);
int integrations_change(struct call *call, struct batch *batch);
int integrations_delete(struct call *call, struct batch *batch);

/* campaigns.c */
int campaigns_list(struct call *call, struct sql *sql);
int campaigns_get(struct call *call, struct sql *sql);
int campaigns_create(struct call *call, struct batch *batch);
int campaigns_change(struct call *call, struct batch *batch);
int campaigns_delete(struct call *call, struct batch *batch);

/* products.c */
int products_list(struct call *call, struct sql *sql);
int products_get(struct call *call, struct sql *sql);
int products_create(struct call *call, struct batch *batch);
int products_change(struct call *call, struct batch *batch);
int products_delete(struct call *call, struct batch *batch);

/* skus.c */
bool skus_check_list(struct call *call);
int skus_list(struct call *call, struct sql *sql);
int skus_get(struct call *call, struct sql *sql);
bool skus_check_new(struct call *call);
int skus_create(struct call *call, struct batch *batch);
int skus_change(struct call *call, struct batch *batch);
int skus_delete(struct call *call, struct batch *batch);

/* definitions.c */
int definitions_list(struct call *call, struct sql *sql);
int definitions_get(struct call *call, struct sql *sql);
bool definitions_check_new(struct call *call);
int definitions_create(struct call *call, struct batch *batch);
int definitions_change(struct call *call, struct batch *batch);
int definitions_delete(struct call *call, struct batch *batch);

/* endpoints.c */
int endpoints_delete(struct call *call, struct batch *batch);

/* webhooks.c */
bool retry_preview_check(struct call *call);
void retry_preview(struct call *call);
int webhooks_list(struct call *call, struct sql *sql);
int webhooks_get(struct call *call, struct sql *sql);
bool webhooks_check(struct call *call);
int webhooks_create(struct call *call, struct batch *batch);
int webhooks_again(struct call *call, struct sql *sql);
int webhooks_change(struct call *call, struct batch *batch);
int webhooks_ping(struct call *call, struct batch *batch);

/* exports.c, export_body.c, export_orders.c */
int exports_list(struct call *call, struct sql *sql);
int exports_get(struct call *call, struct sql *sql);
bool exports_check(struct call *call);
int exports_create(struct call *call, struct batch *batch);
int exports_change(struct call *call, struct batch *batch);
int exports_preview(struct call *call, struct sql *sql);
int exports_explain(struct call *call, struct sql *sql);

/* export_routes.c */
int export_routes_list(struct call *call, struct sql *sql);
int export_routes_get(struct call *call, struct sql *sql);
int export_routes_create(struct call *call, struct batch *batch);
int export_routes_change(struct call *call, struct batch *batch);
int export_routes_delete(struct call *call, struct batch *batch);

/* export_fields.c */
void export_fields_list(struct call *call);

/* plugins.c */
int plugins_list(struct call *call, struct sql *sql);
int plugins_get(struct call *call, struct sql *sql);
bool plugins_check(struct call *call);
int plugins_create(struct call *call, struct batch *batch);
int plugins_change(struct call *call, struct batch *batch);
int plugins_delete(struct call *call, struct batch *batch);

/* client_clicks.c, client_orders.c, client_changes.c */
int client_import_click(struct call *call, struct batch *batch);
int client_import_lead(struct call *call, struct batch *batch);
int client_import_order(struct call *call, struct batch *batch);
int client_import_upsell(struct call *call, struct batch *batch);
int client_update_order(struct call *call, struct batch *batch);
int client_cancel_order(struct call *call, struct batch *batch);
int client_refund_order(struct call *call, struct batch *batch);
int client_qa_order(struct call *call, struct batch *batch);
int client_update_purchase(struct call *call, struct batch *batch);
int client_cancel_purchase(struct call *call, struct batch *batch);
int client_update_fulfillment(struct call *call, struct batch *batch);

/* client_queries.c, client_catalog.c */
int client_query_orders(struct call *call, struct sql *sql);
int client_query_customers(struct call *call, struct sql *sql);
int client_query_history(struct call *call, struct sql *sql);
int client_query_campaigns(struct call *call, struct sql *sql);
int client_query_products(struct call *call, struct sql *sql);

/* filters.c */
bool filter_test_check(struct call *call);
int filter_test(struct call *call, struct sql *sql);

/* rotation.c */
bool rotation_check(struct call *call);
int rotation_run(struct call *call, struct batch *batch);

/* deliveries.c */
int deliveries_list(struct call *call, struct sql *sql);
int deliveries_get(struct call *call, struct sql *sql);
int deliveries_pass_over(struct call *call, struct batch *batch);
int deliveries_paused(struct call *call, struct sql *sql);
int deliveries_resend(struct call *call, struct batch *batch);

/* recoveries.c */
bool recoveries_check(struct call *call);
int recoveries_count(struct call *call, struct store_reader *reader);
int recoveries_start(struct call *call, struct batch *batch);
void recoveries_started(struct call *call);
int recoveries_list(struct call *call, struct sql *sql);
int recoveries_get(struct call *call, struct sql *sql);
int recoveries_cancel(struct call *call, struct batch *batch);

/* contacts.c */
int contacts_list(struct call *call, struct sql *sql);
int contacts_get(struct call *call, struct sql *sql);
int contacts_activity(struct call *call, struct sql *sql);

/* events.c */
int events_list(struct call *call, struct sql *sql);
int events_get(struct call *call, struct sql *sql);

/* records.c */
int rejections_list(struct call *call, struct sql *sql);
int rejections_counts(struct call *call, struct sql *sql);
int ledger_get(struct call *call, struct sql *sql);
int audit_list(struct call *call, struct sql *sql);

/* system.c */
void system_openapi(struct call *call);
void system_health(struct call *call);
void system_ready(struct call *call);
int system_metrics(struct call *call, struct sql *sql);
void system_clock(struct call *call);
int system_advance(struct call *call, struct store_reader *reader);
int system_release(struct call *call, struct batch *batch);
void system_released(struct call *call);
