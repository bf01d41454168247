/* SPDX-License-Identifier: MIT
 * store/deliveries.c: deliveries and attempts, for store/lists.h. A delivery is a row of `work`
 * while it is pending, and of `deliveries` afterwards; both are read in the order of their ids. */
#include "base/id.h"
#include "base/instant.h"
#include "model/names.h"
#include "store/lists.h"
#include "store/rows.h"

/* Columns of either table in one order. Sixteen of them; NULL where one has none. */
#define WORK_COLUMNS                                                                               \
    "SELECT id, outlet, event, event_type, created_ms, 'pending' AS state, due_ms, attempt_count," \
    " schedule_step, last_status, reason, 0 AS finished_ms, once FROM work"
#define DELIVERY_COLUMNS                                                                           \
    "SELECT id, outlet, event, event_type, created_ms, state, 0 AS due_ms, attempt_count,"         \
    " 0 AS schedule_step, last_status, reason, finished_ms, 0 AS once FROM deliveries"

/* A state that this program does not know reads as dropped: nothing is sent. */
static struct delivery_found take_delivery(const struct sql_query *query, int64_t organization,
                                           struct arena *arena)
{
    struct delivery_found found = {
        .delivery = {
            .id = sql_int(query, 0),
            .organization = organization,
            .outlet = sql_int(query, 1),
            .event = sql_int(query, 2),
            .created_ms = sql_int(query, 4),
            .state = DELIVERY_DROPPED,
            .due_ms = sql_int(query, 6),
            .attempt_count = (int)sql_int(query, 7),
            .schedule_step = (int)sql_int(query, 8),
            .last_status = (int)sql_int(query, 9),
            .reason = sql_text(query, 10, arena),
            .finished_ms = sql_int(query, 11),
            .once = sql_int(query, 12) != 0,
        },
        .event_type = sql_text(query, 3, arena),
    };
    enum delivery_state state;
    if (delivery_state_read(sql_text(query, 5, arena), &state))
        found.delivery.state = state;
    return found;
}

struct reading {
    const struct store_page *page;
    struct delivery_found *rows;
    int count; /* one more than the page holds when there is more */
};

static int take_all(struct reading *reading, struct sql_query *query)
{
    int r;
    reading->count = 0;
    while ((r = sql_next(query)) > 0)
        if (++reading->count <= reading->page->limit)
            reading->rows[reading->count - 1] =
                take_delivery(query, reading->page->organization, reading->page->arena);
    return fail(r);
}

static int read_any(struct sql *sql, int64_t outlet, struct reading *reading)
{
    const struct store_page *page = reading->page;
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT * FROM (" WORK_COLUMNS " WHERE organization = $1 AND outlet = $2 AND id < $3"
        " ORDER BY id DESC LIMIT $4) AS unfinished UNION ALL"
        " SELECT * FROM (" DELIVERY_COLUMNS " WHERE organization = $1 AND outlet = $2 AND id < $3"
        " ORDER BY id DESC LIMIT $4) AS finished ORDER BY id DESC LIMIT $4",
        SQL_I(page->organization), SQL_I(outlet), SQL_I(page->before), SQL_I(page->limit + 1));
    return take_all(reading, &query);
}

static int read_pending(struct sql *sql, int64_t outlet, struct reading *reading)
{
    const struct store_page *page = reading->page;
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        WORK_COLUMNS " WHERE organization = $1 AND outlet = $2 AND id < $3"
                     " ORDER BY id DESC LIMIT $4",
        SQL_I(page->organization), SQL_I(outlet), SQL_I(page->before), SQL_I(page->limit + 1));
    return take_all(reading, &query);
}

static int read_finished(struct sql *sql, int64_t outlet, enum delivery_state state,
                         struct reading *reading)
{
    const struct store_page *page = reading->page;
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT * FROM (" DELIVERY_COLUMNS " WHERE organization = $1 AND outlet = $2 AND id < $3"
        " ORDER BY id DESC LIMIT $4) AS looked_at WHERE state = $5 ORDER BY id DESC LIMIT $6",
        SQL_I(page->organization), SQL_I(outlet), SQL_I(page->before), SQL_I(STORE_SCAN_ROWS),
        SQL_T(delivery_state_name(state)), SQL_I(page->limit + 1));
    return take_all(reading, &query);
}

static int find_finished_end(struct sql *sql, int64_t outlet, const struct store_page *page,
                             int64_t *ret_next)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT COALESCE(MIN(id), 0), COUNT(*) FROM (SELECT id FROM deliveries"
        " WHERE organization = $1 AND outlet = $2 AND id < $3 ORDER BY id DESC LIMIT $4)"
        " AS looked_at",
        SQL_I(page->organization), SQL_I(outlet), SQL_I(page->before), SQL_I(STORE_SCAN_ROWS));
    int r = sql_next(&query);
    if (r < 0)
        return fail(r);
    *ret_next = r > 0 && sql_int(&query, 1) == STORE_SCAN_ROWS ? sql_int(&query, 0) : 0;
    return 0;
}

int store_list_deliveries(struct sql *sql, const struct store_page *page,
                          const struct delivery_filter *filter, struct delivery_found *ret_rows,
                          struct store_listed *ret_listed)
{
    const enum delivery_state *state = filter->state;
    struct reading reading = { .page = page, .rows = ret_rows };
    int r = 0;
    if (state == NULL)
        r = read_any(sql, filter->outlet, &reading);
    else if (*state == DELIVERY_PENDING)
        r = read_pending(sql, filter->outlet, &reading);
    else
        r = read_finished(sql, filter->outlet, *state, &reading);
    if (r < 0)
        return fail(r);
    *ret_listed = (struct store_listed){ .count = MIN_OF(reading.count, page->limit) };
    if (reading.count > page->limit)
        ret_listed->next = ret_rows[page->limit - 1].delivery.id;
    else if (state != NULL && *state != DELIVERY_PENDING)
        return find_finished_end(sql, filter->outlet, page, &ret_listed->next);
    return 0;
}

/* ── those to be sent again ── */

/* The next `$6` rows of both tables by their ids, rising or falling; without `$5` those of the
 * finished ones alone. */
#define SCANNED(work, finished, by)                                                                \
    "(SELECT * FROM (SELECT * FROM (" work " WHERE organization = $1 AND outlet = $2 AND id > $3"  \
    " AND id < $4 AND $5 <> 0 ORDER BY " by " LIMIT $6) AS unfinished UNION ALL"                   \
    " SELECT * FROM (" finished " WHERE organization = $1 AND outlet = $2 AND id > $3"             \
    " AND id < $4 ORDER BY " by " LIMIT $6) AS ended) AS either ORDER BY " by " LIMIT $6)"
#define SCANNED_TIMES(by)                                                                          \
    SCANNED("SELECT id, created_ms, 0 AS finished_ms, 'pending' AS state FROM work",               \
            "SELECT id, created_ms, finished_ms, state FROM deliveries", by)
/* What has ended goes by that time, what waits by the time it was made. */
#define SCAN_AT "(CASE WHEN state = 'pending' THEN created_ms ELSE finished_ms END)"
#define SCAN_MEANT                                                                                 \
    " " SCAN_AT " >= $7 AND ($8 = 0 OR " SCAN_AT " < $8)"                                          \
    " AND ((state = 'dead' AND $9 <> 0) OR (state = 'dropped' AND $10 <> 0)"                       \
    " OR (state = 'delivered' AND $11 <> 0) OR state = 'pending')"
#define SCAN_SPAN(scan)                                                                            \
    SQL_I((scan)->organization), SQL_I((scan)->outlet), SQL_I((scan)->after),                      \
        SQL_I(ids_end(scan)), SQL_I((scan)->states & 1U << DELIVERY_PENDING), SQL_I((scan)->limit)
#define SCAN_VALUES(scan)                                                                          \
    SCAN_SPAN(scan), SQL_I((scan)->since_ms), SQL_I((scan)->until_ms),                             \
        SQL_I((scan)->states & 1U << DELIVERY_DEAD),                                               \
        SQL_I((scan)->states & 1U << DELIVERY_DROPPED),                                            \
        SQL_I((scan)->states & 1U << DELIVERY_DELIVERED)

#define OUT_OF_ORDER_MS (60 * MINUTE_MS)

/* None ends before it is made, and ids rise with that time: those behind are not read. */
static int64_t ids_end(const struct finished_scan *scan)
{
    int64_t made_ms = scan->until_ms + OUT_OF_ORDER_MS;
    bool open = scan->until_ms == 0 || made_ms >= id_real_ms(scan->before);
    return open ? scan->before : id_floor(made_ms);
}

static int find_scanned(struct sql *sql, const struct finished_scan *scan, int64_t *ret_end)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, "SELECT COALESCE(MAX(id), 0), COUNT(*) FROM " SCANNED_TIMES("id") " AS looked_at",
        SCAN_SPAN(scan));
    int r = sql_next(&query);
    if (r < 0)
        return fail(r);
    *ret_end = r > 0 && sql_int(&query, 1) == scan->limit ? sql_int(&query, 0) : 0;
    return 0;
}

int store_scan_finished(struct sql *sql, const struct finished_scan *scan, struct arena *arena,
                        struct delivery_found *ret_rows, struct finished_found *ret_found)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT * FROM " SCANNED(WORK_COLUMNS, DELIVERY_COLUMNS,
                                           "id") " AS looked_at WHERE" SCAN_MEANT " ORDER BY id",
                  SCAN_VALUES(scan));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_delivery(&query, scan->organization, arena);
    ret_found->count = count;
    return r < 0 ? fail(r) : find_scanned(sql, scan, &ret_found->end);
}

int store_count_finished(struct sql *sql, const struct finished_scan *scan,
                         struct finished_found *ret_found)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "WITH looked_at AS " SCANNED_TIMES("id DESC") " SELECT COUNT(CASE WHEN" SCAN_MEANT
                                                      " THEN 1 END), COUNT(*), COALESCE(MIN(id), 0)"
                                                      " FROM looked_at",
        SCAN_VALUES(scan));
    int r = sql_next(&query);
    if (r <= 0)
        return fail(r < 0 ? r : FAIL_CORRUPT);
    ret_found->count = sql_int(&query, 0);
    ret_found->end = sql_int(&query, 1) == scan->limit ? sql_int(&query, 2) : 0;
    return 0;
}

/* What an unfinished delivery carries of its event, which has no row any more. */
static int read_carried(struct sql *sql, const struct delivery *delivery, struct arena *arena,
                        struct event *event)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT body, body_at_ms, body_hops, body_subject FROM work"
                  " WHERE organization = $1 AND outlet = $2 AND id = $3 AND body IS NOT NULL",
                  SQL_I(delivery->organization), SQL_I(delivery->outlet), SQL_I(delivery->id));
    int r = sql_found(sql_next(&query));
    if (r != 0)
        return r;
    event->data = sql_blob(&query, 0, arena);
    event->at_ms = sql_int(&query, 1);
    event->hops = (int)sql_int(&query, 2);
    event->contact = sql_int(&query, 3); /* or the order: what it is about */
    return 0;
}

/* Of an export profile: what was fixed of it goes instead of the event's data. */
static int read_rendered(struct sql *sql, const struct delivery *delivery, struct arena *arena,
                         struct event *event)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT content FROM exports WHERE delivery = $1 AND organization = $2 AND content IS NOT"
        " NULL",
        SQL_I(delivery->id), SQL_I(delivery->organization));
    int r = sql_next(&query);
    if (r > 0) {
        event->data = sql_blob(&query, 0, arena);
        event->rendered = true;
    }
    return fail(MIN_OF(r, 0));
}

int store_read_sent_event(struct sql *sql, const struct delivery_found *found, struct arena *arena,
                          struct event *ret_event)
{
    const struct delivery *delivery = &found->delivery;
    struct event_found stored;
    int r = store_read_event(sql, delivery->organization, delivery->event, arena, &stored);
    if (r == 0)
        *ret_event = stored.event;
    if (r == STORE_NOT_FOUND) {
        *ret_event = (struct event){ .id = delivery->event,
                                     .organization = delivery->organization,
                                     .type = found->event_type };
        r = read_carried(sql, delivery, arena, ret_event);
    }
    return r == 0 ? read_rendered(sql, delivery, arena, ret_event) : fail(r);
}

/* Deliveries get their ids right behind their event's, before the next event of that organization.
 */
static int find_next_event(struct sql *sql, int64_t organization, int64_t event, int64_t *ret_next)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, "SELECT id FROM events WHERE organization = $1 AND id > $2 ORDER BY id LIMIT 1",
        SQL_I(organization), SQL_I(event));
    int r = sql_next(&query);
    if (r < 0)
        return fail(r);
    *ret_next = r > 0 ? sql_int(&query, 0) : INT64_MAX;
    return 0;
}

int store_find_event_delivery(struct sql *sql, const struct event *event, int64_t outlet,
                              struct arena *arena, struct delivery_found *ret_found)
{
    int64_t next = INT64_MAX;
    int r = find_next_event(sql, event->organization, event->id, &next);
    if (r < 0)
        return fail(r);
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT * FROM (" WORK_COLUMNS " WHERE organization = $1 AND outlet = $2 AND id > $3"
        " AND id < $4 ORDER BY id LIMIT 1) AS unfinished UNION ALL"
        " SELECT * FROM (" DELIVERY_COLUMNS " WHERE organization = $1 AND outlet = $2 AND id > $3"
        " AND id < $4 ORDER BY id LIMIT 1) AS finished",
        SQL_I(event->organization), SQL_I(outlet), SQL_I(event->id), SQL_I(next));
    int64_t least = INT64_MAX; /* a later one was asked for by hand */
    while ((r = sql_next(&query)) > 0) {
        if (sql_int(&query, 2) != event->id || sql_int(&query, 0) >= least)
            continue;
        *ret_found = take_delivery(&query, event->organization, arena);
        least = ret_found->delivery.id;
    }
    if (r < 0)
        return fail(r);
    return least == INT64_MAX ? STORE_NOT_FOUND : 0;
}

/* ── attempts ── */

int store_read_attempt_sizes(struct sql *sql, const struct delivery *delivery,
                             const struct attempt_page *page, struct attempt_size *ret_sizes,
                             int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT number, LENGTH(sealed) + COALESCE(LENGTH(response_body), 0) FROM attempts"
                  " WHERE organization = $1 AND delivery = $2 AND number < $3"
                  " ORDER BY number DESC LIMIT $4",
                  SQL_I(delivery->organization), SQL_I(delivery->id), SQL_I(page->before),
                  SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_sizes[count++] = (struct attempt_size){ (int)sql_int(&query, 0), sql_int(&query, 1) };
    *ret_count = count;
    return fail(r);
}

int store_read_attempts(struct sql *sql, const struct delivery *delivery, int first, int before,
                        struct attempt_visitor *visitor)
{
    struct arena *arena = visitor->arena;
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT number, started_ms, duration_us, manual, status, sealed, response_body,"
                  " response_length, response_truncated, error, name_us, connect_us, tls_us,"
                  " first_byte_us, address FROM attempts"
                  " WHERE organization = $1 AND delivery = $2 AND number >= $3 AND number < $4"
                  " ORDER BY number",
                  SQL_I(delivery->organization), SQL_I(delivery->id), SQL_I(first), SQL_I(before));
    int r;
    while ((r = sql_next(&query)) > 0) {
        const struct attempt attempt = {
            .delivery = delivery->id,
            .organization = delivery->organization,
            .number = (int)sql_int(&query, 0),
            .started_ms = sql_int(&query, 1),
            .duration_us = sql_int(&query, 2),
            .manual = sql_int(&query, 3) != 0,
            .status = (int)sql_int(&query, 4),
            .sealed = sql_blob(&query, 5, arena),
            .response_body = sql_blob(&query, 6, arena),
            .response_length = sql_int(&query, 7),
            .response_truncated = sql_int(&query, 8) != 0,
            .error = sql_text(&query, 9, arena),
            .name_us = sql_int(&query, 10),
            .connect_us = sql_int(&query, 11),
            .tls_us = sql_int(&query, 12),
            .first_byte_us = sql_int(&query, 13),
            .address = sql_text(&query, 14, arena),
        };
        visitor->show(visitor, &attempt);
    }
    return fail(r);
}
