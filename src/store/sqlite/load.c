/* SPDX-License-Identifier: MIT
 * store/sqlite/load.c: what a batch needs to know before it is applied, and the work that is due.
 */
#include "store/sqlite/internal.h"

#include <stdlib.h>

#include "base/compare.h"
#include "model/names.h"

static int load_contact(struct sql *sql, struct contact_load *load)
{
    struct sql_query query CLEANUP(sql_done) =
        SQL_BORROW(sql, "SELECT id FROM contacts WHERE organization = $1 AND email_key = $2",
                   SQL_I(load->organization), SQL_T(load->email_key));
    int r = sql_next(&query);
    load->id = r > 0 ? sql_int(&query, 0) : 0;
    return MIN_OF(r, 0);
}

int store_load_contacts(struct store_writer *writer, struct contact_load **loads, int count)
{
    for (int i = 0; i < count; i++)
        if (load_contact(&writer->sql, loads[i]) < 0)
            return fail(FAIL_STORE);
    return 0;
}

/* ── SKUs ── */

static int load_sku(struct sql *sql, struct sku_load *load, struct arena *arena)
{
    struct sql_query query CLEANUP(sql_done) = SQL_BORROW(
        sql,
        "SELECT id, product, sku FROM skus"
        " WHERE organization = $1 AND sku_key = $2 AND campaign = $3"
        " ORDER BY CASE WHEN sku = $4 THEN 0 ELSE 1 END, id LIMIT 1",
        SQL_I(load->organization), SQL_T(load->key), SQL_I(load->campaign), SQL_T(load->text));
    int r = sql_next(&query);
    load->id = r > 0 ? sql_int(&query, 0) : 0;
    load->product = r > 0 ? sql_int(&query, 1) : 0;
    load->found_text = r > 0 ? sql_text(&query, 2, arena) : (str){};
    return MIN_OF(r, 0);
}

int store_load_skus(struct store_writer *writer, struct sku_load **loads, int count,
                    struct arena *arena)
{
    for (int i = 0; i < count; i++)
        if (load_sku(&writer->sql, loads[i], arena) < 0)
            return fail(FAIL_STORE);
    return 0;
}

/* ── deliveries ── */

static void read_pending(const struct sql_query *query, int at, struct arena *arena,
                         struct delivery *ret_delivery)
{
    *ret_delivery = (struct delivery){
        .organization = sql_int(query, at),
        .outlet = sql_int(query, at + 1),
        .id = sql_int(query, at + 2),
        .event = sql_int(query, at + 3),
        .created_ms = sql_int(query, at + 4),
        .state = DELIVERY_PENDING,
        .due_ms = sql_int(query, at + 5),
        .attempt_count = (int)sql_int(query, at + 6),
        .schedule_step = (int)sql_int(query, at + 7),
        .last_status = (int)sql_int(query, at + 8),
        .once = sql_int(query, at + 9) != 0,
        .reason = sql_text(query, at + 10, arena),
    };
}

#define WORK_COLUMNS                                                                               \
    "w.organization, w.outlet, w.id, w.event, w.created_ms, w.due_ms, w.attempt_count,"            \
    " w.schedule_step, w.last_status, w.once, w.reason, w.event_type"
#define WORK_COLUMN_COUNT 12
#define WORK_ID 2
#define WORK_DUE 5

/* ── due work ── */

static int read_item(const struct sql_query *query, struct arena *arena, struct work_item *ret_item)
{
    const int at = WORK_COLUMN_COUNT;
    if (sql_is_null(query, at)) {
        log_line(query->sql->log, LOG_ERROR, "a delivery has lost its event",
                 LOG_INT("delivery", sql_int(query, 2)), LOG_INT("event", sql_int(query, 3)));
        return fail(FAIL_CORRUPT);
    }
    *ret_item = (struct work_item){
        .event = { .type = sql_text(query, at - 1, arena),
                   .data = sql_blob(query, at, arena),
                   .at_ms = sql_int(query, at + 1),
                   .hops = (int)sql_int(query, at + 2),
                   .contact = sql_int(query, at + 3),
                   .rendered = sql_int(query, at + 4) != 0 },
    };
    read_pending(query, 0, arena, &ret_item->delivery);
    ret_item->event.id = ret_item->delivery.event;
    ret_item->event.organization = ret_item->delivery.organization;
    return 0;
}

#define FILTERED_ROWS 4096

static bool is_filtered(const struct work_wanted *wanted)
{
    return wanted->due_to_ms != INT64_MAX || wanted->skip_count > 0;
}

/* False: it is left out. */
static bool passes(const struct work_wanted *wanted, int64_t due_ms, int64_t subject,
                   struct work_page *page)
{
    bool in_line = wanted->by_subject && subject != 0;
    if (in_line)
        return bsearch(&subject, wanted->skip, (size_t)wanted->skip_count, sizeof(subject),
                       compare_int64) == NULL;
    if (due_ms <= wanted->due_to_ms)
        return true;
    page->later_ms = MIN_OF(page->later_ms, due_ms);
    return false;
}

/* What is left out is not copied. */
static int read_page(struct sql_query *query, const struct work_wanted *wanted, struct arena *arena,
                     struct work_item *items, struct work_page *page)
{
    int rows = 0;
    int most = is_filtered(wanted) ? FILTERED_ROWS : wanted->limit;
    int r;
    while ((r = sql_next(query)) > 0) {
        if (page->count == wanted->limit)
            return 0;
        rows++;
        page->last = sql_int(query, WORK_ID);
        if (!passes(wanted, sql_int(query, WORK_DUE), sql_int(query, WORK_COLUMN_COUNT + 3), page))
            continue;
        r = read_item(query, arena, &items[page->count]);
        if (r < 0)
            return r;
        page->count++;
    }
    page->whole = rows < most;
    return r;
}

int store_read_work(struct sql *sql, const struct work_wanted *wanted, struct arena *arena,
                    struct work_item *ret_items, struct work_page *ret_page)
{
    const struct work_span *span = &wanted->span;
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(sql,
                  "SELECT " WORK_COLUMNS ", coalesce(x.content, w.body, e.data),"
                  " coalesce(w.body_at_ms, e.at_ms), coalesce(w.body_hops, e.hops),"
                  " coalesce(w.body_subject, nullif(e.order_id, 0), e.contact),"
                  " x.content IS NOT NULL"
                  " FROM work w LEFT JOIN events e ON e.id = w.event"
                  " LEFT JOIN exports x ON x.delivery = w.id"
                  " WHERE w.organization = $1 AND w.outlet = $2 AND w.id > $3 AND w.id <= $4"
                  " ORDER BY w.id LIMIT $5",
                  SQL_I(span->of.organization), SQL_I(span->of.outlet), SQL_I(span->after),
                  SQL_I(span->to), SQL_I(is_filtered(wanted) ? FILTERED_ROWS : wanted->limit));
    *ret_page = (struct work_page){ .last = span->after, .later_ms = INT64_MAX };
    return read_page(&query, wanted, arena, ret_items, ret_page);
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are the contract's */
int store_read_due(struct sql *sql, const struct work_span *span, int64_t before_ms, int limit,
                   int64_t *ret_ids, int *ret_count)
{
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(sql,
                  "SELECT id FROM work WHERE organization = $1 AND outlet = $2 AND id > $3"
                  " AND id <= $4 AND due_ms < $5 ORDER BY id LIMIT $6",
                  SQL_I(span->of.organization), SQL_I(span->of.outlet), SQL_I(span->after),
                  SQL_I(span->to), SQL_I(before_ms), SQL_I(limit));
    *ret_count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_ids[(*ret_count)++] = sql_int(&query, 0);
    return r;
}

/* ── outlets with work ── */

/* The next pair behind the one given: a seek, however many rows the pair has. */
static int next_outlet(struct sql *sql, struct outlet_work *outlet)
{
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(sql,
                  "SELECT organization, outlet FROM work WHERE (organization, outlet) > ($1, $2)"
                  " ORDER BY organization, outlet LIMIT 1",
                  SQL_I(outlet->organization), SQL_I(outlet->outlet));
    int r = sql_next(&query);
    if (r > 0)
        *outlet = (struct outlet_work){ sql_int(&query, 0), sql_int(&query, 1) };
    return r;
}

int store_read_outlets_with_work(struct sql *sql, struct arena *arena,
                                 struct outlet_work **ret_outlets, int *ret_count)
{
    size_t room = 64;
    size_t count = 0;
    struct outlet_work *outlets = ARENA_ARRAY(arena, struct outlet_work, room);
    struct outlet_work at = {};
    int r;
    while ((r = next_outlet(sql, &at)) > 0) {
        if (count == room) {
            struct outlet_work *more = ARENA_ARRAY(arena, struct outlet_work, room * 2);
            memcpy(more, outlets, room * sizeof(*outlets));
            outlets = more;
            room *= 2;
        }
        outlets[count++] = at;
    }
    if (r < 0)
        return r;
    *ret_outlets = outlets;
    *ret_count = (int)count;
    return 0;
}

/* ── one delivery ── */

static int take_work(struct sql_query *query, struct arena *arena, struct delivery_found *ret_found)
{
    int r = sql_next(query);
    if (r <= 0)
        return r;
    read_pending(query, 0, arena, &ret_found->delivery);
    ret_found->event_type = sql_text(query, WORK_COLUMN_COUNT - 1, arena);
    return 1;
}

int store_find_work(struct sql *sql, const struct outlet_work *of, int64_t id, struct arena *arena,
                    struct delivery_found *ret_found)
{
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(sql,
                  "SELECT " WORK_COLUMNS " FROM work w"
                  " WHERE w.organization = $1 AND w.outlet = $2 AND w.id = $3",
                  SQL_I(of->organization), SQL_I(of->outlet), SQL_I(id));
    int r = take_work(&query, arena, ret_found);
    return r == 0 ? STORE_NOT_FOUND : fail(MIN_OF(r, 0));
}

/* Work is found by outlet: the organization's outlets, deleted ones too, are tried. */
static int find_in_work(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                        struct delivery_found *ret_found)
{
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(sql,
                  "SELECT " WORK_COLUMNS " FROM endpoints o CROSS JOIN work w"
                  " WHERE o.organization = $1 AND w.organization = o.organization"
                  " AND w.outlet = o.id AND w.id = $2",
                  SQL_I(organization), SQL_I(id));
    return take_work(&query, arena, ret_found);
}

static int find_in_deliveries(struct sql *sql, int64_t organization, int64_t id,
                              struct arena *arena, struct delivery_found *ret_found)
{
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(sql,
                  "SELECT outlet, event, created_ms, attempt_count, last_status, finished_ms,"
                  " reason, event_type, state FROM deliveries WHERE organization = $1 AND id = $2",
                  SQL_I(organization), SQL_I(id));
    int r = sql_next(&query);
    if (r <= 0)
        return r;
    struct delivery delivery = {
        .id = id,
        .organization = organization,
        .outlet = sql_int(&query, 0),
        .event = sql_int(&query, 1),
        .created_ms = sql_int(&query, 2),
        .attempt_count = (int)sql_int(&query, 3),
        .last_status = (int)sql_int(&query, 4),
        .finished_ms = sql_int(&query, 5),
        .reason = sql_text(&query, 6, arena),
    };
    if (!delivery_state_read(sql_bytes(&query, 8), &delivery.state))
        return fail(FAIL_CORRUPT);
    ret_found->event_type = sql_text(&query, 7, arena);
    ret_found->delivery = delivery;
    return 1;
}

/* One that was ended with its outlet while an attempt was under way. */
static int load_dropped(struct sql *sql, struct work_load *load, struct arena *arena)
{
    struct delivery_found found = {};
    int r = find_in_deliveries(sql, load->organization, load->id, arena, &found);
    load->dropped = r > 0 && (found.delivery.state == DELIVERY_DROPPED ||
                              found.delivery.state == DELIVERY_DELIVERED);
    if (load->dropped)
        load->delivery = found.delivery;
    return MIN_OF(r, 0);
}

static int load_work(struct sql *sql, struct work_load *load, struct arena *arena)
{
    struct sql_query query CLEANUP(sql_done) =
        SQL_BORROW(sql,
                   "SELECT " WORK_COLUMNS " FROM work w"
                   " WHERE w.organization = $1 AND w.outlet = $2 AND w.id = $3",
                   SQL_I(load->organization), SQL_I(load->outlet), SQL_I(load->id));
    int r = sql_next(&query);
    load->found = r > 0;
    load->dropped = false;
    if (load->found)
        read_pending(&query, 0, arena, &load->delivery);
    return r == 0 ? load_dropped(sql, load, arena) : MIN_OF(r, 0);
}

int store_load_work(struct store_writer *writer, struct work_load **loads, int count,
                    struct arena *arena)
{
    for (int i = 0; i < count; i++)
        if (load_work(&writer->sql, loads[i], arena) < 0)
            return fail(FAIL_STORE);
    return 0;
}

int store_find_delivery(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                        struct delivery_found *ret_found)
{
    int r = find_in_work(sql, organization, id, arena, ret_found);
    if (r == 0)
        r = find_in_deliveries(sql, organization, id, arena, ret_found);
    if (r < 0)
        return r;
    return r == 0 ? STORE_NOT_FOUND : 0;
}
