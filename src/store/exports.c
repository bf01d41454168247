/* SPDX-License-Identifier: MIT */
#include "store/exports.h"

#include "base/buf.h"
#include "store/rows.h"

#define PART_KEPT ((size_t)64 * 1024)

#define EXPORT_COLUMNS                                                                             \
    "SELECT delivery, organization, outlet, event, order_id, route, file, fix_ms, content"         \
    " FROM exports"

static struct export_delivery_row take_export(const struct sql_query *query, struct arena *arena)
{
    return (struct export_delivery_row){ .delivery = sql_int(query, 0),
                                         .organization = sql_int(query, 1),
                                         .outlet = sql_int(query, 2),
                                         .event = sql_int(query, 3),
                                         .order = sql_int(query, 4),
                                         .route = sql_int(query, 5),
                                         .file = sql_int(query, 6),
                                         .fix_ms = sql_int(query, 7),
                                         .content = sql_blob(query, 8, arena) };
}

int store_find_export(struct sql *sql, int64_t organization, int64_t delivery, struct arena *arena,
                      struct export_delivery_row *ret_row)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, EXPORT_COLUMNS " WHERE delivery = $1 AND organization = $2", SQL_I(delivery),
                  SQL_I(organization));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_row = take_export(&query, arena);
    return r;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are the contract's */
int store_list_exports_to_fix(struct sql *sql, int64_t until_ms, int limit, struct arena *arena,
                              struct export_delivery_row *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        EXPORT_COLUMNS " WHERE fix_ms <> 0 AND fix_ms <= $1 ORDER BY fix_ms, delivery LIMIT $2",
        SQL_I(until_ms), SQL_I(limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_export(&query, arena);
    *ret_count = count;
    return fail(r);
}

int store_next_export_to_fix(struct sql *sql, int64_t after_ms, int64_t *ret_fix_ms)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT fix_ms FROM exports WHERE fix_ms <> 0 AND fix_ms > $1"
                  " ORDER BY fix_ms LIMIT 1",
                  SQL_I(after_ms));
    int r = sql_next(&query);
    *ret_fix_ms = r > 0 ? sql_int(&query, 0) : INT64_MAX;
    return fail(MIN_OF(r, 0));
}

/* ── files ── */

int store_insert_export_file(struct sql *sql, const struct export_file *file)
{
    return sql_changed(SQL_RUN(
        sql,
        "INSERT INTO export_files (id, organization, profile, route, day, name, columns, header,"
        " guarded, closes_ms, row_count, byte_count, delivery, uploaded_ms, settled, created_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, 0, 0, 0, $11)",
        SQL_I(file->id), SQL_I(file->organization), SQL_I(file->profile), SQL_I(file->route),
        SQL_I(file->day), SQL_T(file->name), SQL_T(file->columns), SQL_B(file->header),
        SQL_I(file->guarded), SQL_I(file->closes_ms), SQL_I(file->created_ms)));
}

int store_update_export_file(struct sql *sql, const struct export_file_row *row)
{
    return sql_changed(
        SQL_RUN(sql,
                "UPDATE export_files SET row_count = row_count + $1, byte_count = byte_count + $2,"
                " delivery = CASE WHEN $3 = 0 THEN delivery ELSE $3 END,"
                " uploaded_ms = CASE WHEN $4 = 0 THEN uploaded_ms ELSE $4 END,"
                " settled = CASE WHEN $4 = 0 THEN settled ELSE 0 END"
                " WHERE organization = $5 AND id = $6",
                SQL_I(row->rows), SQL_I(row->bytes), SQL_I(row->delivery), SQL_I(row->uploaded_ms),
                SQL_I(row->file.organization), SQL_I(row->file.id)));
}

#define FILE_COLUMNS                                                                               \
    "SELECT id, organization, profile, route, day, name, columns, header, guarded, closes_ms,"     \
    " row_count, byte_count, delivery, uploaded_ms, created_ms FROM export_files"

static struct export_file take_file(const struct sql_query *query, struct arena *arena)
{
    return (struct export_file){
        .id = sql_int(query, 0),
        .organization = sql_int(query, 1),
        .profile = sql_int(query, 2),
        .route = sql_int(query, 3),
        .day = sql_int(query, 4),
        .name = sql_text(query, 5, arena),
        .columns = sql_text(query, 6, arena),
        .header = sql_blob(query, 7, arena),
        .guarded = sql_int(query, 8) != 0,
        .closes_ms = sql_int(query, 9),
        .row_count = sql_int(query, 10),
        .byte_count = sql_int(query, 11),
        .delivery = sql_int(query, 12),
        .uploaded_ms = sql_int(query, 13),
        .created_ms = sql_int(query, 14),
    };
}

static int take_one(struct sql_query *query, struct arena *arena, struct export_file *ret_file)
{
    int r = sql_found(sql_next(query));
    if (r == 0)
        *ret_file = take_file(query, arena);
    return r;
}

int store_find_export_file(struct sql *sql, const struct export_file *wanted, struct arena *arena,
                           struct export_file *ret_file)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  FILE_COLUMNS " WHERE organization = $1 AND profile = $2 AND route = $3"
                               " AND day = $4",
                  SQL_I(wanted->organization), SQL_I(wanted->profile), SQL_I(wanted->route),
                  SQL_I(wanted->day));
    return take_one(&query, arena, ret_file);
}

int store_read_export_file(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                           struct export_file *ret_file)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, FILE_COLUMNS " WHERE organization = $1 AND id = $2", SQL_I(organization), SQL_I(id));
    return take_one(&query, arena, ret_file);
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are the contract's */
int store_find_export_file_by_name(struct sql *sql, int64_t organization, int64_t profile, str name,
                                   struct arena *arena, struct export_file *ret_file)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, FILE_COLUMNS " WHERE organization = $1 AND profile = $2 AND name = $3",
                  SQL_I(organization), SQL_I(profile), SQL_T(name));
    return take_one(&query, arena, ret_file);
}

int store_list_export_files(struct sql *sql, const struct store_page *page, int64_t profile,
                            struct export_file *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        FILE_COLUMNS " WHERE organization = $1 AND profile = $2 AND id < $3"
                     " ORDER BY id DESC LIMIT $4",
        SQL_I(page->organization), SQL_I(profile), SQL_I(page->before), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_file(&query, page->arena);
    *ret_count = count;
    return fail(r);
}

int store_read_export_file_part(struct sql *sql, const struct export_file_part *part,
                                struct buf *bytes, int64_t *ret_last)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT delivery, content FROM exports WHERE organization = $1 AND file = $2"
                  " AND file <> 0 AND delivery > $3 ORDER BY delivery",
                  SQL_I(part->organization), SQL_I(part->file), SQL_I(part->after));
    int r = 0;
    *ret_last = 0;
    while (bytes->len < part->most && (r = sql_next(&query)) > 0) {
        *ret_last = sql_int(&query, 0);
        buf_add(bytes, sql_blob(&query, 1, &scratch));
        arena_reset(&scratch, PART_KEPT);
    }
    return fail(MIN_OF(r, 0));
}

int store_check_export_file(struct sql *sql, const struct export_file *file, bool *ret_whole)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, "SELECT COUNT(*) FROM exports WHERE organization = $1 AND file = $2 AND file <> 0",
        SQL_I(file->organization), SQL_I(file->id));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_whole = sql_int(&query, 0) >= file->row_count;
    return fail(r);
}

int store_find_unsettled_file(struct sql *sql, struct arena *arena, struct export_file *ret_file)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, FILE_COLUMNS " WHERE uploaded_ms <> 0 AND settled = 0 ORDER BY id LIMIT $1", SQL_I(1));
    return take_one(&query, arena, ret_file);
}

int store_settle_file(struct sql *sql, const struct export_file *file)
{
    return sql_changed(SQL_RUN(sql,
                               "UPDATE export_files SET settled = 1"
                               " WHERE organization = $1 AND id = $2",
                               SQL_I(file->organization), SQL_I(file->id)));
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are the contract's */
int store_list_export_file_work(struct sql *sql, const struct export_file *file, int limit,
                                struct arena *arena, struct delivery_found *ret_rows,
                                int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT w.id, w.event, w.created_ms, w.event_type, w.attempt_count, w.last_status"
        " FROM exports x JOIN work w ON"
        " w.organization = x.organization AND w.outlet = x.outlet AND w.id = x.delivery"
        " WHERE x.organization = $1 AND x.file = $2 AND x.file <> 0 ORDER BY x.delivery LIMIT $3",
        SQL_I(file->organization), SQL_I(file->id), SQL_I(limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = (struct delivery_found){
            .delivery = { .id = sql_int(&query, 0),
                          .organization = file->organization,
                          .outlet = file->profile,
                          .event = sql_int(&query, 1),
                          .created_ms = sql_int(&query, 2),
                          .attempt_count = (int)sql_int(&query, 4),
                          .last_status = (int)sql_int(&query, 5) },
            .event_type = sql_text(&query, 3, arena),
        };
    *ret_count = count;
    return fail(r);
}

int64_t store_prune_export_files(struct sql *sql, int64_t before_ms, int limit)
{
    return SQL_RUN(sql,
                   "DELETE FROM export_files WHERE id IN (SELECT f.id FROM export_files f"
                   " WHERE f.closes_ms < $1 AND NOT EXISTS (SELECT 1 FROM exports x WHERE"
                   " x.organization = f.organization AND x.file = f.id AND x.file <> 0)"
                   " ORDER BY f.id LIMIT $2)",
                   SQL_I(before_ms), SQL_I(limit));
}

/* ── what happened before a route was made ── */

int store_insert_backfill(struct sql *sql, const struct backfill *backfill)
{
    return sql_changed(
        SQL_RUN(sql,
                "INSERT INTO backfills (route, organization, profile, since_ms, until, updated_ms,"
                " order_id) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (route) DO UPDATE SET"
                " since_ms = excluded.since_ms, until = excluded.until,"
                " updated_ms = excluded.updated_ms, order_id = excluded.order_id",
                SQL_I(backfill->route), SQL_I(backfill->organization), SQL_I(backfill->profile),
                SQL_I(backfill->since_ms), SQL_I(backfill->until), SQL_I(backfill->updated_ms),
                SQL_I(backfill->order)));
}

int store_update_backfill(struct sql *sql, const struct backfill *backfill)
{
    return sql_changed(SQL_RUN(sql,
                               "UPDATE backfills SET updated_ms = $1, order_id = $2"
                               " WHERE organization = $3 AND route = $4",
                               SQL_I(backfill->updated_ms), SQL_I(backfill->order),
                               SQL_I(backfill->organization), SQL_I(backfill->route)));
}

int store_delete_backfill(struct sql *sql, const struct backfill *backfill)
{
    return sql_changed(SQL_RUN(sql, "DELETE FROM backfills WHERE organization = $1 AND route = $2",
                               SQL_I(backfill->organization), SQL_I(backfill->route)));
}

int store_find_backfill(struct sql *sql, struct backfill *ret_backfill)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT route, organization, profile, since_ms, until, updated_ms, order_id"
                  " FROM backfills ORDER BY route LIMIT $1",
                  SQL_I(1));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_backfill = (struct backfill){ .route = sql_int(&query, 0),
                                           .organization = sql_int(&query, 1),
                                           .profile = sql_int(&query, 2),
                                           .since_ms = sql_int(&query, 3),
                                           .until = sql_int(&query, 4),
                                           .updated_ms = sql_int(&query, 5),
                                           .order = sql_int(&query, 6) };
    return r;
}

int store_list_changed_orders(struct sql *sql, const struct backfill *backfill, int limit,
                              struct changed_order *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT id, updated_ms FROM orders WHERE organization = $1 AND updated_ms >= $2"
                  " AND (updated_ms, id) > ($2, $3) ORDER BY updated_ms, id LIMIT $4",
                  SQL_I(backfill->organization), SQL_I(backfill->updated_ms),
                  SQL_I(backfill->order), SQL_I(limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = (struct changed_order){ sql_int(&query, 0), sql_int(&query, 1) };
    *ret_count = count;
    return fail(r);
}

int store_list_old_occurrences(struct sql *sql, const struct occurrences_wanted *wanted,
                               struct arena *arena, struct event *ret_rows, int *ret_count)
{
    const struct backfill *backfill = wanted->backfill;
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT id, at_ms, hops, contact, data FROM events WHERE organization = $1"
                  " AND order_id = $2 AND type = $3 AND type >= 'order.' AND type < 'order/'"
                  " AND at_ms >= $4 AND id <= $5"
                  " ORDER BY id LIMIT $6",
                  SQL_I(backfill->organization), SQL_I(wanted->order), SQL_T(wanted->type),
                  SQL_I(backfill->since_ms), SQL_I(backfill->until), SQL_I(wanted->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = (struct event){ .id = sql_int(&query, 0),
                                            .organization = backfill->organization,
                                            .type = wanted->type,
                                            .at_ms = sql_int(&query, 1),
                                            .hops = (int)sql_int(&query, 2),
                                            .contact = sql_int(&query, 3),
                                            .order = wanted->order,
                                            .data = sql_blob(&query, 4, arena) };
    *ret_count = count;
    return fail(r);
}

int store_find_last_occurrence(struct sql *sql, const struct order *order, str type,
                               struct arena *arena, str *ret_data)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT data FROM events WHERE organization = $1 AND order_id = $2"
                  " AND type = $3 AND type >= 'order.' AND type < 'order/'"
                  " ORDER BY id DESC LIMIT 1",
                  SQL_I(order->organization), SQL_I(order->id), SQL_T(type));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_data = sql_blob(&query, 0, arena);
    return r;
}

int store_find_exported(struct sql *sql, const struct export_delivery_row *row)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT delivery FROM exports WHERE organization = $1 AND order_id = $2"
                  " AND event = $3 AND outlet = $4 AND route = $5 LIMIT 1",
                  SQL_I(row->organization), SQL_I(row->order), SQL_I(row->event),
                  SQL_I(row->outlet), SQL_I(row->route));
    return sql_found(sql_next(&query));
}
