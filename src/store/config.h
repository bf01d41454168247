/* SPDX-License-Identifier: MIT
 * store/config.h: the rows of an organization's configuration: integrations, custom event
 * definitions, webhook endpoints, API keys. Shared SQL for both engines. Each function sees the
 * rows of the organization it is given and no others; finds have the outcome STORE_NOT_FOUND. Lists
 * go newest first and give up to `limit` rows with an id below `before`. Results live in the arena.
 */
#pragma once

#include "model/config.h"
#include "store/store.h"

/* For `before`: from the newest. */
#define STORE_NEWEST INT64_MAX

/* What a list starts with, how far it goes, and where its texts are put. */
struct store_page {
    int64_t organization;
    int64_t before;
    int limit; /* the arrays have room for as many */
    struct arena *arena;
};

/* ── integrations ── */

struct integration_row {
    int64_t id;
    int64_t organization;
    str name;
    str color;
    str description;
    str category;
    int64_t created_ms;
    int64_t updated_ms;
};

MUST_USE int store_insert_integration(struct sql *sql, const struct integration_row *row);
MUST_USE int store_update_integration(struct sql *sql, const struct integration_row *row);
MUST_USE int store_delete_integration(struct sql *sql, int64_t organization, int64_t id);
MUST_USE int store_read_integration(struct sql *sql, int64_t organization, int64_t id,
                                    struct arena *arena, struct integration_row *ret_row);
/* `category` empty: all. */
MUST_USE int store_list_integrations(struct sql *sql, const struct store_page *page, str category,
                                     struct integration_row *ret_rows, int *ret_count);

/* ── custom event definitions ── */

struct definition_row {
    int64_t id;
    int64_t organization;
    int64_t integration;
    str context;
    str name;
    str alias;
    str fields; /* JSON array */
    int64_t created_ms;
    int64_t updated_ms;
};

MUST_USE int store_insert_definition(struct sql *sql, const struct definition_row *row);
MUST_USE int store_update_definition(struct sql *sql, const struct definition_row *row);
MUST_USE int store_delete_definition(struct sql *sql, int64_t organization, int64_t id);
MUST_USE int store_read_definition(struct sql *sql, int64_t organization, int64_t id,
                                   struct arena *arena, struct definition_row *ret_row);
MUST_USE int store_find_definition_by_alias(struct sql *sql, int64_t organization, str alias,
                                            int64_t *ret_id);
/* `integration` 0: of all. */
MUST_USE int store_list_definitions(struct sql *sql, const struct store_page *page,
                                    int64_t integration, struct definition_row *ret_rows,
                                    int *ret_count);

/* ── endpoints ── */

struct endpoint_row {
    int64_t id;
    int64_t organization;
    enum endpoint_kind kind;
    str name;
    str url;         /* sealed: many a receiver knows its senders by a token in it */
    str event_types; /* JSON array of strings */
    enum webhook_format format;
    bool signing;
    str secret;      /* sealed */
    str old_secrets; /* sealed: those that still sign beside it (model/secrets.h); or empty */
    str policy;      /* JSON: model/outlet_json.h */
    str transport;   /* sealed, likewise; empty: all as usual */
    str filter;      /* JSON: mapping/condition.h; empty: none */
    str export;      /* sealed: of an export profile, mapping/export_profile.h; else empty */
    enum outlet_status status;
    str status_reason;
    int64_t created_ms;
    int64_t updated_ms;
};

MUST_USE int store_insert_endpoint(struct sql *sql, const struct endpoint_row *row);
MUST_USE int store_update_endpoint(struct sql *sql, const struct endpoint_row *row);
/* Deleted ones too: their log stays. */
MUST_USE int store_read_endpoint(struct sql *sql, int64_t organization, int64_t id,
                                 struct arena *arena, struct endpoint_row *ret_row);
/* Without the deleted ones. */
MUST_USE int store_list_endpoints(struct sql *sql, const struct store_page *page,
                                  enum endpoint_kind kind, struct endpoint_row *ret_rows,
                                  int *ret_count);
MUST_USE int store_count_endpoints(struct sql *sql, int64_t organization, enum endpoint_kind kind,
                                   int64_t *ret_count);
/* All ids, of deleted ones too. */
MUST_USE int store_read_endpoint_ids(struct sql *sql, int64_t organization, struct arena *arena,
                                     int64_t **ret_ids, int *ret_count);
/* Of all organizations, whatever the page names: those that are not deleted, and those that still
 * have work. */
MUST_USE int store_list_all_endpoints(struct sql *sql, const struct store_page *page,
                                      struct endpoint_row *ret_rows, int *ret_count);

/* ── API keys ── */

struct api_key_row {
    int64_t id;
    int64_t organization;
    str name;
    str hash; /* SHA-256 of the secret */
    str hint; /* its last characters */
    unsigned scopes;
    str allowed_addresses; /* comma-separated ranges */
    int64_t rate_per_minute;
    int64_t created_ms;
    int64_t expires_ms; /* 0: never */
};

MUST_USE int store_insert_api_key(struct sql *sql, const struct api_key_row *row);
/* The revoked ones are found by none of these. */
MUST_USE int store_revoke_api_key(struct sql *sql, int64_t organization, int64_t id,
                                  int64_t now_ms);
MUST_USE int store_read_api_key(struct sql *sql, int64_t organization, int64_t id,
                                struct arena *arena, struct api_key_row *ret_row);
MUST_USE int store_list_api_keys(struct sql *sql, const struct store_page *page,
                                 struct api_key_row *ret_rows, int *ret_count);
MUST_USE int store_find_organization_by_key(struct sql *sql, const struct digest *hash,
                                            int64_t *ret_organization);
