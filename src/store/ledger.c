/* SPDX-License-Identifier: MIT */
#include "store/ledger.h"

#include "store/rows.h"

#define MINUTE_MS ((int64_t)60000)
#define DAY_MS ((int64_t)86400000)

enum span { SPAN_MINUTE = 0, SPAN_DAY = 1, SPAN_ALL = 2 };

/* Adds the rows of one span that start in [from, to). */
static int add_span(struct sql *sql, int64_t organization, int64_t subject, enum span span,
                    const int64_t range[2], struct ledger *ledger)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT COALESCE(SUM(events), 0), COALESCE(SUM(wanted), 0), COALESCE(SUM(not_wanted), 0),"
        " COALESCE(SUM(occurrences), 0), COALESCE(SUM(deliveries), 0), COALESCE(SUM(delivered), 0),"
        " COALESCE(SUM(dead), 0), COALESCE(SUM(dropped), 0), COALESCE(SUM(rejected), 0),"
        " COALESCE(SUM(attempts), 0), COALESCE(SUM(attempts_failed), 0) FROM counters"
        " WHERE organization = $1 AND subject = $2 AND span = $3 AND start_ms >= $4"
        " AND start_ms < $5",
        SQL_I(organization), SQL_I(subject), SQL_I(span), SQL_I(range[0]), SQL_I(range[1]));
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
    return 0;
}

int store_read_ledger(struct sql *sql, int64_t organization, int64_t subject, int64_t since_ms,
                      struct ledger *ret_ledger)
{
    struct ledger ledger = {};
    int r = 0;
    if (since_ms <= 0) {
        const int64_t all[2] = { 0, 1 };
        r = add_span(sql, organization, subject, SPAN_ALL, all, &ledger);
    } else {
        int64_t first_ms = since_ms - since_ms % MINUTE_MS;
        int64_t next_day_ms = since_ms - since_ms % DAY_MS + DAY_MS;
        const int64_t minutes[2] = { first_ms, next_day_ms };
        const int64_t days[2] = { next_day_ms, INT64_MAX };
        r = add_span(sql, organization, subject, SPAN_MINUTE, minutes, &ledger);
        if (r == 0)
            r = add_span(sql, organization, subject, SPAN_DAY, days, &ledger);
    }
    if (r < 0)
        return fail(r);
    ledger.pending = ledger.deliveries - ledger.delivered - ledger.dead - ledger.dropped;
    *ret_ledger = ledger;
    return 0;
}
