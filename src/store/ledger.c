/* SPDX-License-Identifier: MIT */
#include "store/ledger.h"

#include "base/instant.h"
#include "store/rows.h"
#include "store/settings.h"

enum span { SPAN_MINUTE = 0, SPAN_DAY = 1, SPAN_ALL = 2 };

/* The rows of one span that start in [from, to). */
struct stretch {
    int64_t organization;
    int64_t subject;
    enum span span;
    int64_t from_ms;
    int64_t to_ms;
};

static int add_stretch(struct sql *sql, const struct stretch *stretch, struct ledger *ledger)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT COALESCE(SUM(events), 0), COALESCE(SUM(wanted), 0), COALESCE(SUM(not_wanted), 0),"
        " COALESCE(SUM(occurrences), 0), COALESCE(SUM(deliveries), 0), COALESCE(SUM(delivered), 0),"
        " COALESCE(SUM(dead), 0), COALESCE(SUM(dropped), 0), COALESCE(SUM(rejected), 0),"
        " COALESCE(SUM(attempts), 0), COALESCE(SUM(attempts_failed), 0),"
        " COALESCE(SUM(filtered), 0) FROM counters"
        " WHERE organization = $1 AND subject = $2 AND span = $3 AND start_ms >= $4"
        " AND start_ms < $5",
        SQL_I(stretch->organization), SQL_I(stretch->subject), SQL_I(stretch->span),
        SQL_I(stretch->from_ms), SQL_I(stretch->to_ms));
    int r = sql_next(&query);
    if (r <= 0)
        return fail(r);
    ledger->events += sql_int(&query, 0);
    ledger->wanted += sql_int(&query, 1);
    ledger->not_wanted += sql_int(&query, 2);
    ledger->occurrences += sql_int(&query, 3);
    ledger->deliveries += sql_int(&query, 4);
    ledger->delivered += sql_int(&query, 5);
    ledger->dead += sql_int(&query, 6);
    ledger->dropped += sql_int(&query, 7);
    ledger->rejected += sql_int(&query, 8);
    ledger->attempts += sql_int(&query, 9);
    ledger->attempts_failed += sql_int(&query, 10);
    ledger->filtered += sql_int(&query, 11);
    return 0;
}

/* From the moment's minute to its day's end, then by days. Where the minutes have been pruned,
 * which is by whole days, from its day on. */
static int add_since(struct sql *sql, struct stretch *stretch, int64_t since_ms,
                     struct ledger *ledger)
{
    int64_t day_ms = since_ms - since_ms % DAY_MS;
    int64_t minutes_from_ms = 0;
    int r = store_setting_get_int(sql, SETTING_MINUTES_FROM_MS, &minutes_from_ms);
    if (r < 0)
        return fail(r);
    if (since_ms >= minutes_from_ms) {
        stretch->span = SPAN_MINUTE;
        stretch->from_ms = since_ms - since_ms % MINUTE_MS;
        stretch->to_ms = day_ms + DAY_MS;
        r = add_stretch(sql, stretch, ledger);
        if (r < 0)
            return fail(r);
        day_ms += DAY_MS;
    }
    stretch->span = SPAN_DAY;
    stretch->from_ms = day_ms;
    stretch->to_ms = INT64_MAX;
    return fail(add_stretch(sql, stretch, ledger));
}

int store_read_ledger(struct sql *sql, int64_t organization, int64_t subject, int64_t since_ms,
                      struct ledger *ret_ledger)
{
    struct ledger ledger = {};
    struct stretch stretch = {
        .organization = organization, .subject = subject, .span = SPAN_ALL, .to_ms = 1
    };
    int r = since_ms <= 0 ? add_stretch(sql, &stretch, &ledger)
                          : add_since(sql, &stretch, since_ms, &ledger);
    if (r < 0)
        return fail(r);
    ledger.pending = ledger.deliveries - ledger.delivered - ledger.dead - ledger.dropped;
    *ret_ledger = ledger;
    return 0;
}

int store_read_all_deliveries(struct sql *sql, struct ledger *ret_ledger)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT COALESCE(SUM(c.deliveries), 0), COALESCE(SUM(c.delivered), 0),"
                       " COALESCE(SUM(c.dead), 0), COALESCE(SUM(c.dropped), 0)"
                       " FROM organizations o JOIN counters c ON c.organization = o.id"
                       " AND c.subject = 0 AND c.span = 2 AND c.start_ms = 0");
    int r = sql_next(&query);
    if (r < 0)
        return fail(r);
    *ret_ledger = (struct ledger){ .deliveries = sql_int(&query, 0),
                                   .delivered = sql_int(&query, 1),
                                   .dead = sql_int(&query, 2),
                                   .dropped = sql_int(&query, 3) };
    ret_ledger->pending =
        ret_ledger->deliveries - ret_ledger->delivered - ret_ledger->dead - ret_ledger->dropped;
    return 0;
}

/* Behind the outlet given, the next one that has work, and when its oldest was made. */
static int next_oldest(struct sql *sql, struct outlet_work *outlet, int64_t *ret_created_ms)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT organization, outlet, created_ms FROM work"
                  " WHERE (organization, outlet) > ($1, $2)"
                  " ORDER BY organization, outlet, id LIMIT 1",
                  SQL_I(outlet->organization), SQL_I(outlet->outlet));
    int r = sql_next(&query);
    if (r <= 0)
        return r;
    *outlet = (struct outlet_work){ sql_int(&query, 0), sql_int(&query, 1) };
    *ret_created_ms = sql_int(&query, 2);
    return r;
}

int store_read_oldest_work(struct sql *sql, int64_t *ret_created_ms)
{
    struct outlet_work at = {};
    int64_t oldest_ms = 0;
    int64_t created_ms;
    int r;
    while ((r = next_oldest(sql, &at, &created_ms)) > 0)
        if (oldest_ms == 0 || created_ms < oldest_ms)
            oldest_ms = created_ms;
    if (r == 0)
        *ret_created_ms = oldest_ms;
    return fail(r);
}
