/* SPDX-License-Identifier: MIT */
#include "store/config.h"

#include "base/buf.h"
#include "model/names.h"
#include "store/rows.h"

/* ── integrations ── */

int store_insert_integration(struct sql *sql, const struct integration_row *row)
{
    return sql_changed(
        SQL_RUN(sql,
                "INSERT INTO integrations (id, organization, name, color, description, category,"
                " created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                SQL_I(row->id), SQL_I(row->organization), SQL_T(row->name), SQL_T(row->color),
                SQL_T(row->description), SQL_T(row->category), SQL_I(row->created_ms),
                SQL_I(row->updated_ms)));
}

int store_update_integration(struct sql *sql, const struct integration_row *row)
{
    return sql_changed(
        SQL_RUN(sql,
                "UPDATE integrations SET name = $1, color = $2, description = $3, category = $4,"
                " updated_ms = $5 WHERE organization = $6 AND id = $7",
                SQL_T(row->name), SQL_T(row->color), SQL_T(row->description), SQL_T(row->category),
                SQL_I(row->updated_ms), SQL_I(row->organization), SQL_I(row->id)));
}

int store_delete_integration(struct sql *sql, int64_t organization, int64_t id)
{
    return sql_changed(SQL_RUN(sql, "DELETE FROM integrations WHERE organization = $1 AND id = $2",
                               SQL_I(organization), SQL_I(id)));
}

#define INTEGRATION_COLUMNS                                                                        \
    "SELECT id, organization, name, color, description, category, created_ms, updated_ms"          \
    " FROM integrations"

static struct integration_row take_integration(const struct sql_query *query, struct arena *arena)
{
    return (struct integration_row){
        .id = sql_int(query, 0),
        .organization = sql_int(query, 1),
        .name = sql_text(query, 2, arena),
        .color = sql_text(query, 3, arena),
        .description = sql_text(query, 4, arena),
        .category = sql_text(query, 5, arena),
        .created_ms = sql_int(query, 6),
        .updated_ms = sql_int(query, 7),
    };
}

int store_read_integration(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                           struct integration_row *ret_row)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, INTEGRATION_COLUMNS " WHERE organization = $1 AND id = $2",
                  SQL_I(organization), SQL_I(id));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_row = take_integration(&query, arena);
    return r;
}

int store_list_integrations(struct sql *sql, const struct store_page *page, str category,
                            struct integration_row *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        INTEGRATION_COLUMNS " WHERE organization = $1 AND id < $2"
                            " AND ($3 = '' OR category = $3) ORDER BY id DESC LIMIT $4",
        SQL_I(page->organization), SQL_I(page->before), SQL_T(category), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_integration(&query, page->arena);
    *ret_count = count;
    return fail(r);
}

/* ── custom event definitions ── */

int store_insert_definition(struct sql *sql, const struct definition_row *row)
{
    return sql_changed(SQL_RUN(
        sql,
        "INSERT INTO event_definitions (id, organization, integration, context, name, alias,"
        " fields, created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        SQL_I(row->id), SQL_I(row->organization), SQL_I(row->integration), SQL_T(row->context),
        SQL_T(row->name), SQL_T(row->alias), SQL_T(row->fields), SQL_I(row->created_ms),
        SQL_I(row->updated_ms)));
}

int store_update_definition(struct sql *sql, const struct definition_row *row)
{
    return sql_changed(
        SQL_RUN(sql,
                "UPDATE event_definitions SET name = $1, alias = $2, fields = $3, updated_ms = $4"
                " WHERE organization = $5 AND id = $6",
                SQL_T(row->name), SQL_T(row->alias), SQL_T(row->fields), SQL_I(row->updated_ms),
                SQL_I(row->organization), SQL_I(row->id)));
}

int store_delete_definition(struct sql *sql, int64_t organization, int64_t id)
{
    return sql_changed(SQL_RUN(sql,
                               "DELETE FROM event_definitions WHERE organization = $1 AND id = $2",
                               SQL_I(organization), SQL_I(id)));
}

#define DEFINITION_COLUMNS                                                                         \
    "SELECT id, organization, integration, context, name, alias, fields, created_ms, updated_ms"   \
    " FROM event_definitions"

static struct definition_row take_definition(const struct sql_query *query, struct arena *arena)
{
    return (struct definition_row){
        .id = sql_int(query, 0),
        .organization = sql_int(query, 1),
        .integration = sql_int(query, 2),
        .context = sql_text(query, 3, arena),
        .name = sql_text(query, 4, arena),
        .alias = sql_text(query, 5, arena),
        .fields = sql_text(query, 6, arena),
        .created_ms = sql_int(query, 7),
        .updated_ms = sql_int(query, 8),
    };
}

int store_read_definition(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                          struct definition_row *ret_row)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, DEFINITION_COLUMNS " WHERE organization = $1 AND id = $2",
                  SQL_I(organization), SQL_I(id));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_row = take_definition(&query, arena);
    return r;
}

int store_find_definition_by_alias(struct sql *sql, int64_t organization, str alias,
                                   int64_t *ret_id)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT id FROM event_definitions WHERE organization = $1 AND alias = $2",
                  SQL_I(organization), SQL_T(alias));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_id = sql_int(&query, 0);
    return r;
}

int store_list_definitions(struct sql *sql, const struct store_page *page, int64_t integration,
                           struct definition_row *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        DEFINITION_COLUMNS " WHERE organization = $1 AND id < $2"
                           " AND ($3 = 0 OR integration = $3) ORDER BY id DESC LIMIT $4",
        SQL_I(page->organization), SQL_I(page->before), SQL_I(integration), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_definition(&query, page->arena);
    *ret_count = count;
    return fail(r);
}

/* ── endpoints ── */

int store_insert_endpoint(struct sql *sql, const struct endpoint_row *row)
{
    return sql_changed(SQL_RUN(
        sql,
        "INSERT INTO endpoints (id, organization, name, url, event_types, format, signing, secret,"
        " status, status_reason, created_ms, updated_ms, policy, transport, filter, old_secrets,"
        " kind, export) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
        " $16, $17, $18)",
        SQL_I(row->id), SQL_I(row->organization), SQL_T(row->name), SQL_B(row->url),
        SQL_T(row->event_types), SQL_T(webhook_format_name(row->format)), SQL_I(row->signing),
        SQL_B(row->secret), SQL_T(outlet_status_name(row->status)), SQL_T(row->status_reason),
        SQL_I(row->created_ms), SQL_I(row->updated_ms), SQL_T(row->policy),
        sql_optional_blob(row->transport), sql_optional_text(row->filter),
        sql_optional_blob(row->old_secrets), SQL_T(endpoint_kind_name(row->kind)),
        sql_optional_blob(row->export)));
}

int store_update_endpoint(struct sql *sql, const struct endpoint_row *row)
{
    return sql_changed(SQL_RUN(
        sql,
        "UPDATE endpoints SET name = $1, url = $2, event_types = $3, signing = $4, secret = $5,"
        " status = $6, status_reason = $7, updated_ms = $8, policy = $9, transport = $10,"
        " filter = $11, old_secrets = $12, export = $13 WHERE organization = $14 AND id = $15",
        SQL_T(row->name), SQL_B(row->url), SQL_T(row->event_types), SQL_I(row->signing),
        SQL_B(row->secret), SQL_T(outlet_status_name(row->status)), SQL_T(row->status_reason),
        SQL_I(row->updated_ms), SQL_T(row->policy), sql_optional_blob(row->transport),
        sql_optional_text(row->filter), sql_optional_blob(row->old_secrets),
        sql_optional_blob(row->export), SQL_I(row->organization), SQL_I(row->id)));
}

#define ENDPOINT_COLUMNS                                                                           \
    "SELECT id, organization, name, url, event_types, format, signing, secret, status,"            \
    " status_reason, created_ms, updated_ms, policy, transport, filter, old_secrets, kind, export" \
    " FROM endpoints"

/* A kind, format or status that this program does not know reads as its safe one: not sent. */
static struct endpoint_row take_endpoint(const struct sql_query *query, struct arena *arena)
{
    struct endpoint_row row = {
        .id = sql_int(query, 0),
        .organization = sql_int(query, 1),
        .name = sql_text(query, 2, arena),
        .url = sql_blob(query, 3, arena),
        .event_types = sql_text(query, 4, arena),
        .signing = sql_int(query, 6) != 0,
        .secret = sql_blob(query, 7, arena),
        .status_reason = sql_text(query, 9, arena),
        .created_ms = sql_int(query, 10),
        .updated_ms = sql_int(query, 11),
        .policy = sql_text(query, 12, arena),
        .transport = sql_blob(query, 13, arena),
        .filter = sql_text(query, 14, arena),
        .old_secrets = sql_blob(query, 15, arena),
        .export = sql_blob(query, 17, arena),
    };
    if (!webhook_format_read(sql_text(query, 5, arena), &row.format) ||
        !outlet_status_read(sql_text(query, 8, arena), &row.status) ||
        !endpoint_kind_read(sql_text(query, 16, arena), &row.kind))
        row.status = OUTLET_DISABLED;
    return row;
}

int store_read_endpoint(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                        struct endpoint_row *ret_row)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, ENDPOINT_COLUMNS " WHERE organization = $1 AND id = $2", SQL_I(organization),
                  SQL_I(id));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_row = take_endpoint(&query, arena);
    return r;
}

int store_list_endpoints(struct sql *sql, const struct store_page *page, enum endpoint_kind kind,
                         struct endpoint_row *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  ENDPOINT_COLUMNS " WHERE organization = $1 AND id < $2 AND kind = $3"
                                   " AND status <> 'deleted' ORDER BY id DESC LIMIT $4",
                  SQL_I(page->organization), SQL_I(page->before), SQL_T(endpoint_kind_name(kind)),
                  SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_endpoint(&query, page->arena);
    *ret_count = count;
    return fail(r);
}

int store_count_endpoints(struct sql *sql, int64_t organization, enum endpoint_kind kind,
                          int64_t *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT COUNT(*) FROM endpoints WHERE organization = $1 AND kind = $2"
                  " AND status <> 'deleted'",
                  SQL_I(organization), SQL_T(endpoint_kind_name(kind)));
    return sql_one_int(&query, ret_count);
}

int store_read_endpoint_ids(struct sql *sql, int64_t organization, struct arena *arena,
                            int64_t **ret_ids, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, "SELECT id FROM endpoints WHERE organization = $1 ORDER BY id", SQL_I(organization));
    struct buf ids;
    buf_init(&ids, arena, SIZE_MAX / 2);
    int r;
    while ((r = sql_next(&query)) > 0) {
        int64_t id = sql_int(&query, 0);
        buf_add(&ids, str_from(&id, sizeof(id)));
    }
    if (r < 0)
        return fail(r);
    *ret_count = (int)(ids.len / sizeof(int64_t));
    *ret_ids = ARENA_ARRAY(arena, int64_t, (size_t)*ret_count + 1);
    if (ids.len > 0)
        memcpy(*ret_ids, ids.ptr, ids.len);
    return 0;
}

int store_list_all_endpoints(struct sql *sql, const struct store_page *page,
                             struct endpoint_row *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  ENDPOINT_COLUMNS " WHERE id < $1 AND (status <> 'deleted' OR EXISTS"
                                   " (SELECT 1 FROM work WHERE work.organization ="
                                   " endpoints.organization AND work.outlet = endpoints.id))"
                                   " ORDER BY id DESC LIMIT $2",
                  SQL_I(page->before), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_endpoint(&query, page->arena);
    *ret_count = count;
    return fail(r);
}

/* ── API keys ── */

static void add_word(void *context, str name)
{
    struct buf *words = context;
    if (words->len > 0)
        buf_char(words, ',');
    buf_add(words, name);
}

/* "custom_events:write,events:read", or "*". */
static str write_scopes(unsigned scopes, struct arena *arena)
{
    struct buf words;
    buf_init(&words, arena, 4096);
    scopes_each(scopes, add_word, &words);
    return buf_str(&words);
}

/* Names that this program does not know give nothing. */
static unsigned read_scopes(str text)
{
    unsigned scopes = 0;
    while (text.len > 0) {
        unsigned bits = 0;
        if (scope_read(str_cut(&text, ','), &bits))
            scopes |= bits;
    }
    return scopes;
}

int store_insert_api_key(struct sql *sql, const struct api_key_row *row)
{
    struct arena CLEANUP(arena_done) arena = {};
    return sql_changed(SQL_RUN(
        sql,
        "INSERT INTO api_keys (id, organization, name, hash, hint, scopes, allowed_addresses,"
        " rate_per_minute, created_ms, expires_ms, revoked_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)",
        SQL_I(row->id), SQL_I(row->organization), SQL_T(row->name), SQL_B(row->hash),
        SQL_T(row->hint), SQL_T(write_scopes(row->scopes, &arena)), SQL_T(row->allowed_addresses),
        SQL_I(row->rate_per_minute), SQL_I(row->created_ms), SQL_I(row->expires_ms)));
}

int store_revoke_api_key(struct sql *sql, int64_t organization, int64_t id, int64_t now_ms)
{
    int64_t rows = SQL_RUN(sql,
                           "UPDATE api_keys SET revoked_ms = $1"
                           " WHERE organization = $2 AND id = $3 AND revoked_ms = 0",
                           SQL_I(now_ms), SQL_I(organization), SQL_I(id));
    if (rows < 0)
        return fail((int)rows);
    return rows == 0 ? STORE_NOT_FOUND : 0;
}

#define API_KEY_COLUMNS                                                                            \
    "SELECT id, organization, name, hash, hint, scopes, allowed_addresses, rate_per_minute,"       \
    " created_ms, expires_ms FROM api_keys"

static struct api_key_row take_api_key(const struct sql_query *query, struct arena *arena)
{
    return (struct api_key_row){
        .id = sql_int(query, 0),
        .organization = sql_int(query, 1),
        .name = sql_text(query, 2, arena),
        .hash = sql_blob(query, 3, arena),
        .hint = sql_text(query, 4, arena),
        .scopes = read_scopes(sql_text(query, 5, arena)),
        .allowed_addresses = sql_text(query, 6, arena),
        .rate_per_minute = sql_int(query, 7),
        .created_ms = sql_int(query, 8),
        .expires_ms = sql_int(query, 9),
    };
}

int store_read_api_key(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                       struct api_key_row *ret_row)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, API_KEY_COLUMNS " WHERE organization = $1 AND id = $2 AND revoked_ms = 0",
                  SQL_I(organization), SQL_I(id));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_row = take_api_key(&query, arena);
    return r;
}

int store_list_api_keys(struct sql *sql, const struct store_page *page,
                        struct api_key_row *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  API_KEY_COLUMNS " WHERE organization = $1 AND id < $2 AND revoked_ms = 0"
                                  " ORDER BY id DESC LIMIT $3",
                  SQL_I(page->organization), SQL_I(page->before), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_api_key(&query, page->arena);
    *ret_count = count;
    return fail(r);
}

int store_find_organization_by_key(struct sql *sql, const struct digest *hash,
                                   int64_t *ret_organization)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT organization FROM api_keys WHERE hash = $1 AND revoked_ms = 0",
                  SQL_B(digest_str(hash)));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_organization = sql_int(&query, 0);
    return r;
}
