/* SPDX-License-Identifier: MIT */
#include "store/lists.h"

#include "base/instant.h"
#include "model/names.h"
#include "store/rows.h"

/* What is left to decide about a page once its rows are read: `before` of the next one. `rows` is
 * one more than the page holds when there is more. */
static int64_t next_of(const struct store_page *page, int rows, int64_t last_shown)
{
    return rows > page->limit ? last_shown : 0;
}

/* A page that a filter left short goes on where its look at the rows ended. The query gives the
 * smallest id that was looked at, and how many were. */
static int find_scan_end(struct sql_query *query, int64_t *ret_next)
{
    int r = sql_next(query);
    if (r < 0)
        return fail(r);
    *ret_next = r > 0 && sql_int(query, 1) == STORE_SCAN_ROWS ? sql_int(query, 0) : 0;
    return 0;
}

/* ── events ── */

static struct event_summary take_summary(const struct sql_query *query, struct arena *arena)
{
    return (struct event_summary){
        .id = sql_int(query, 0),
        .at_ms = sql_int(query, 1),
        .type = sql_text(query, 2, arena),
        .contact = sql_int(query, 3),
        .inlet = sql_int(query, 4),
        .caused_by = sql_int(query, 5),
        .wanted = sql_int(query, 6) != 0,
        .order = sql_int(query, 7),
    };
}

static int find_events_end(struct sql *sql, const struct store_page *page, int64_t since_ms,
                           int64_t *ret_next)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT COALESCE(MIN(id), 0), COUNT(*) FROM (SELECT id, at_ms FROM events"
        " WHERE organization = $1 AND id < $2 ORDER BY id DESC LIMIT $3) AS looked_at"
        " WHERE at_ms >= $4",
        SQL_I(page->organization), SQL_I(page->before), SQL_I(STORE_SCAN_ROWS), SQL_I(since_ms));
    return find_scan_end(&query, ret_next);
}

int store_list_events(struct sql *sql, const struct store_page *page,
                      const struct event_filter *filter, struct event_summary *ret_rows,
                      struct store_listed *ret_listed)
{
    int64_t since_ms = filter->since_ms;
    bool filtered = filter->type.len > 0 || since_ms > 0;
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT id, at_ms, type, contact, inlet, caused_by, wanted, order_id FROM"
                  " (SELECT id, at_ms, type, contact, inlet, caused_by, wanted, order_id"
                  " FROM events"
                  " WHERE organization = $1 AND id < $2 ORDER BY id DESC LIMIT $3) AS looked_at"
                  " WHERE ($4 = '' OR type = $4) AND at_ms >= $5 ORDER BY id DESC LIMIT $6",
                  SQL_I(page->organization), SQL_I(page->before),
                  SQL_I(filtered ? STORE_SCAN_ROWS : page->limit + 1), SQL_T(filter->type),
                  SQL_I(since_ms), SQL_I(page->limit + 1));
    int rows = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        if (++rows <= page->limit)
            ret_rows[rows - 1] = take_summary(&query, page->arena);
    if (r < 0)
        return fail(r);
    ret_listed->count = MIN_OF(rows, page->limit);
    ret_listed->next = next_of(page, rows, rows == 0 ? 0 : ret_rows[ret_listed->count - 1].id);
    if (!filtered || rows > page->limit)
        return 0;
    return find_events_end(sql, page, since_ms, &ret_listed->next);
}

static struct event take_event(const struct sql_query *query, int64_t organization,
                               struct arena *arena)
{
    return (struct event){
        .id = sql_int(query, 0),
        .organization = organization,
        .at_ms = sql_int(query, 1),
        .type = sql_text(query, 2, arena),
        .contact = sql_int(query, 3),
        .inlet = sql_int(query, 4),
        .caused_by = sql_int(query, 5),
        .hops = (int)sql_int(query, 7),
        .request_id = sql_text(query, 8, arena),
        .data = sql_blob(query, 9, arena),
        .notes = sql_text(query, 10, arena),
        .raw = sql_blob(query, 11, arena),
        .order = sql_int(query, 12),
    };
}

int store_read_event(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                     struct event_found *ret_found)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT id, at_ms, type, contact, inlet, caused_by, wanted, hops, request_id,"
                  " data, notes, raw, order_id FROM events WHERE id = $1 AND organization = $2",
                  SQL_I(id), SQL_I(organization));
    int r = sql_found(sql_next(&query));
    if (r != 0)
        return r;
    *ret_found = (struct event_found){ .event = take_event(&query, organization, arena),
                                       .wanted = sql_int(&query, 6) != 0 };
    return 0;
}

int store_list_last_events(struct sql *sql, int64_t organization, int limit,
                           struct last_event *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT inlet, MAX(id) AS newest FROM (SELECT id, inlet FROM events"
                  " WHERE organization = $1 ORDER BY id DESC LIMIT 1000) AS looked_at"
                  " WHERE inlet <> 0 GROUP BY inlet ORDER BY newest DESC LIMIT $2",
                  SQL_I(organization), SQL_I(limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] =
            (struct last_event){ .inlet = sql_int(&query, 0), .event = sql_int(&query, 1) };
    *ret_count = count;
    return fail(r);
}

int store_list_occurrences(struct sql *sql, const struct store_page *page, int64_t event,
                           struct event_summary *ret_rows, int *ret_count)
{
    /* The committer draws the ids of what an event causes right behind its own, and those of no
     * other event of that organization in between. */
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT id, at_ms, type, contact, inlet, caused_by, wanted, order_id FROM events"
                  " WHERE organization = $1 AND id > $2 ORDER BY id LIMIT $3",
                  SQL_I(page->organization), SQL_I(event), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0) {
        if (sql_int(&query, 5) != event)
            break;
        ret_rows[count++] = take_summary(&query, page->arena);
    }
    *ret_count = count;
    return r < 0 ? fail(r) : 0;
}

/* ── contacts ── */

static struct contact take_contact(const struct sql_query *query, struct arena *arena)
{
    return (struct contact){
        .id = sql_int(query, 0),
        .organization = sql_int(query, 1),
        .email = sql_text(query, 2, arena),
        .email_key = sql_text(query, 3, arena),
        .created_ms = sql_int(query, 4),
    };
}

#define CONTACT_COLUMNS                                                                            \
    "SELECT id, organization, email, email_key, created_ms FROM contacts WHERE organization = $1"

int store_list_contacts(struct sql *sql, const struct store_page *page, struct contact *ret_rows,
                        int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, CONTACT_COLUMNS " AND id < $2 ORDER BY id DESC LIMIT $3",
                  SQL_I(page->organization), SQL_I(page->before), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_contact(&query, page->arena);
    *ret_count = count;
    return fail(r);
}

int store_search_contacts(struct sql *sql, const struct store_page *page,
                          const struct contact_search *search, struct contact *ret_rows,
                          int *ret_count)
{
    /* Nothing that starts with the prefix sorts behind the prefix and the highest character. */
    str end = arena_format(page->arena, "%.*s\xf4\x8f\xbf\xbf", STR_ARG(search->prefix));
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  CONTACT_COLUMNS " AND email_key >= $2 AND email_key < $3 AND email_key > $4"
                                  " ORDER BY email_key LIMIT $5",
                  SQL_I(page->organization), SQL_T(search->prefix), SQL_T(end),
                  SQL_T(search->after), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_contact(&query, page->arena);
    *ret_count = count;
    return fail(r);
}

int store_read_contact(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                       struct contact *ret_contact)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, CONTACT_COLUMNS " AND id = $2", SQL_I(organization), SQL_I(id));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_contact = take_contact(&query, arena);
    return r;
}

/* ── rejections ── */

static struct rejection take_rejection(const struct sql_query *query, struct arena *arena)
{
    return (struct rejection){
        .id = sql_int(query, 0),
        .at_ms = sql_int(query, 1),
        .inlet = sql_int(query, 2),
        .inlet_name = sql_text(query, 3, arena),
        .status = (int)sql_int(query, 4),
        .reason = sql_text(query, 5, arena),
        .detail = sql_text(query, 6, arena),
        .client = sql_text(query, 7, arena),
        .request_id = sql_text(query, 8, arena),
        .body = sql_blob(query, 9, arena),
        .body_length = sql_int(query, 10),
    };
}

static int find_rejections_end(struct sql *sql, const struct store_page *page, int64_t *ret_next)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT COALESCE(MIN(id), 0), COUNT(*) FROM (SELECT id FROM rejections"
                  " WHERE organization = $1 AND id < $2 ORDER BY id DESC LIMIT $3) AS looked_at",
                  SQL_I(page->organization), SQL_I(page->before), SQL_I(STORE_SCAN_ROWS));
    return find_scan_end(&query, ret_next);
}

int store_list_rejections(struct sql *sql, const struct store_page *page,
                          const struct rejection_filter *filter, struct rejection *ret_rows,
                          struct store_listed *ret_listed)
{
    bool filtered = filter->inlet != 0 || filter->inlet_name.len > 0 || filter->reason.len > 0;
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT r.id, r.at_ms, r.inlet, r.inlet_name, r.status, r.reason, r.detail, r.client,"
        " r.request_id, r.body, r.body_length FROM (SELECT id, inlet, inlet_name, reason"
        " FROM rejections WHERE organization = $1 AND id < $2 ORDER BY id DESC LIMIT $3)"
        " AS looked_at JOIN rejections AS r ON r.id = looked_at.id"
        " WHERE ($4 = 0 OR looked_at.inlet = $4) AND ($5 = '' OR looked_at.inlet_name = $5)"
        " AND ($6 = '' OR looked_at.reason = $6) ORDER BY looked_at.id DESC LIMIT $7",
        SQL_I(page->organization), SQL_I(page->before),
        SQL_I(filtered ? STORE_SCAN_ROWS : page->limit + 1), SQL_I(filter->inlet),
        SQL_T(filter->inlet_name), SQL_T(filter->reason), SQL_I(page->limit + 1));
    int rows = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        if (++rows <= page->limit)
            ret_rows[rows - 1] = take_rejection(&query, page->arena);
    if (r < 0)
        return fail(r);
    ret_listed->count = MIN_OF(rows, page->limit);
    ret_listed->next = next_of(page, rows, rows == 0 ? 0 : ret_rows[ret_listed->count - 1].id);
    if (!filtered || rows > page->limit)
        return 0;
    return find_rejections_end(sql, page, &ret_listed->next);
}

int store_sum_rejections(struct sql *sql, const struct store_page *page, int64_t since_ms,
                         struct rejection_sum *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT inlet, reason, SUM(rejected) AS total FROM rejection_counts"
        " WHERE organization = $1 AND minute_ms >= $2 GROUP BY inlet, reason"
        " ORDER BY total DESC, inlet, reason LIMIT $3",
        SQL_I(page->organization), SQL_I(since_ms - since_ms % MINUTE_MS), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = (struct rejection_sum){ .inlet = sql_int(&query, 0),
                                                    .reason = sql_text(&query, 1, page->arena),
                                                    .rejected = sql_int(&query, 2) };
    *ret_count = count;
    return fail(r);
}
