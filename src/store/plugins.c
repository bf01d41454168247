/* SPDX-License-Identifier: MIT */
#include "store/plugins.h"

#include "store/rows.h"

int store_insert_plugin(struct sql *sql, const struct plugin_row *row)
{
    return sql_changed(
        SQL_RUN(sql,
                "INSERT INTO plugins (id, organization, type, name, campaign, import_unknown_skus,"
                " secret, created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                SQL_I(row->id), SQL_I(row->organization), SQL_T(row->type), SQL_T(row->name),
                SQL_I(row->campaign), SQL_I(row->import_unknown_skus), SQL_B(row->secret),
                SQL_I(row->created_ms), SQL_I(row->updated_ms)));
}

int store_update_plugin(struct sql *sql, const struct plugin_row *row)
{
    return sql_changed(SQL_RUN(
        sql,
        "UPDATE plugins SET name = $1, campaign = $2, import_unknown_skus = $3,"
        " secret = $4, updated_ms = $5 WHERE organization = $6 AND id = $7",
        SQL_T(row->name), SQL_I(row->campaign), SQL_I(row->import_unknown_skus), SQL_B(row->secret),
        SQL_I(row->updated_ms), SQL_I(row->organization), SQL_I(row->id)));
}

int store_delete_plugin(struct sql *sql, int64_t organization, int64_t id)
{
    return sql_changed(SQL_RUN(sql, "DELETE FROM plugins WHERE organization = $1 AND id = $2",
                               SQL_I(organization), SQL_I(id)));
}

#define PLUGIN_COLUMNS                                                                             \
    "SELECT id, organization, type, name, campaign, import_unknown_skus, secret, created_ms,"      \
    " updated_ms FROM plugins"

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
        .created_ms = sql_int(query, 7),
        .updated_ms = sql_int(query, 8),
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

int store_find_campaign(struct sql *sql, int64_t organization, int64_t id)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT 1 FROM campaigns WHERE organization = $1 AND id = $2",
                  SQL_I(organization), SQL_I(id));
    return sql_found(sql_next(&query));
}
