/* SPDX-License-Identifier: MIT
 * store/plugins.h: the rows of plugin instances. Shared SQL; the rules are those of store/config.h. */
#pragma once

#include "store/config.h"

struct plugin_row {
    int64_t id;
    int64_t organization;
    str type;
    str name;
    int64_t campaign;
    bool import_unknown_skus;
    str secret;          /* sealed */
    str client_login;    /* empty: it has no client API */
    str client_password; /* sealed */
    int64_t created_ms;
    int64_t updated_ms;
};

MUST_USE int store_insert_plugin(struct sql *sql, const struct plugin_row *row);
MUST_USE int store_update_plugin(struct sql *sql, const struct plugin_row *row);
MUST_USE int store_delete_plugin(struct sql *sql, int64_t organization, int64_t id);
MUST_USE int store_read_plugin(struct sql *sql, int64_t organization, int64_t id,
                               struct arena *arena, struct plugin_row *ret_row);
MUST_USE int store_list_plugins(struct sql *sql, const struct store_page *page,
                                struct plugin_row *ret_rows, int *ret_count);
MUST_USE int store_count_plugins(struct sql *sql, int64_t organization, int64_t *ret_count);

/* Which plugin of all organizations has that login. STORE_NOT_FOUND */
MUST_USE int store_find_login(struct sql *sql, str login, int64_t *ret_organization,
                              int64_t *ret_plugin);

/* STORE_NOT_FOUND: the organization has no such campaign. */
MUST_USE int store_find_campaign(struct sql *sql, int64_t organization, int64_t id);
