/* SPDX-License-Identifier: MIT */
#include "store/plugins.h"

#include "store/rows.h"

int store_insert_plugin(struct sql *sql, const struct plugin_row *row)
{
    return sql_changed(
        SQL_RUN(sql,
                "INSERT INTO plugins (id, organization, type, name, campaign, import_unknown_skus,"
                " secret, client_login, client_password, created_ms, updated_ms)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                SQL_I(row->id), SQL_I(row->organization), SQL_T(row->type), SQL_T(row->name),
                SQL_I(row->campaign), SQL_I(row->import_unknown_skus), SQL_B(row->secret),
                sql_optional_text(row->client_login), sql_optional_blob(row->client_password),
                SQL_I(row->created_ms), SQL_I(row->updated_ms)));
}

int store_update_plugin(struct sql *sql, const struct plugin_row *row)
{
    return sql_changed(SQL_RUN(
        sql,
        "UPDATE plugins SET name = $1, campaign = $2, import_unknown_skus = $3,"
        " secret = $4, client_login = $5, client_password = $6, updated_ms = $7"
        " WHERE organization = $8 AND id = $9",
        SQL_T(row->name), SQL_I(row->campaign), SQL_I(row->import_unknown_skus), SQL_B(row->secret),
        sql_optional_text(row->client_login), sql_optional_blob(row->client_password),
        SQL_I(row->updated_ms), SQL_I(row->organization), SQL_I(row->id)));
}

int store_delete_plugin(struct sql *sql, int64_t organization, int64_t id)
{
    return sql_changed(SQL_RUN(sql, "DELETE FROM plugins WHERE organization = $1 AND id = $2",
                               SQL_I(organization), SQL_I(id)));
}

#define PLUGIN_COLUMNS                                                                             \
    "SELECT id, organization, type, name, campaign, import_unknown_skus, secret, client_login,"    \
    " client_password, created_ms, updated_ms FROM plugins"

static struct plugin_row take_plugin(const struct sql_query *query, struct arena *arena)
{
    return (struct plugin_row){
        .id = sql_int(query, 0),
        .organization = sql_int(query, 1),
        .type = sql_text(query, 2, arena),
        .name = sql_text(query, 3, arena),
        .campaign = sql_int(query, 4),
        .import_unknown_skus = sql_int(query, 5) != 0,
        .secret = sql_blob(query, 6, arena),
        .client_login = sql_text(query, 7, arena),
        .client_password = sql_blob(query, 8, arena),
        .created_ms = sql_int(query, 9),
        .updated_ms = sql_int(query, 10),
    };
}

int store_read_plugin(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                      struct plugin_row *ret_row)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, PLUGIN_COLUMNS " WHERE organization = $1 AND id = $2", SQL_I(organization), SQL_I(id));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_row = take_plugin(&query, arena);
    return r;
}

int store_list_plugins(struct sql *sql, const struct store_page *page, struct plugin_row *ret_rows,
                       int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, PLUGIN_COLUMNS " WHERE organization = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        SQL_I(page->organization), SQL_I(page->before), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_plugin(&query, page->arena);
    *ret_count = count;
    return fail(r);
}

int store_count_plugins(struct sql *sql, int64_t organization, int64_t *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT COUNT(*) FROM plugins WHERE organization = $1", SQL_I(organization));
    return sql_one_int(&query, ret_count);
}

int store_find_login(struct sql *sql, str login, int64_t *ret_organization, int64_t *ret_plugin)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, "SELECT organization, id FROM plugins WHERE client_login = $1", SQL_T(login));
    int r = sql_found(sql_next(&query));
    if (r != 0)
        return r;
    *ret_organization = sql_int(&query, 0);
    *ret_plugin = sql_int(&query, 1);
    return 0;
}

int store_find_campaign(struct sql *sql, int64_t organization, int64_t id)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT 1 FROM campaigns WHERE organization = $1 AND id = $2",
                  SQL_I(organization), SQL_I(id));
    return sql_found(sql_next(&query));
}
