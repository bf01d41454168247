/* SPDX-License-Identifier: MIT */
#include "store/history.h"

#include "store/rows.h"

/* $1 is the organization, $2 the customer, $3 how many orders, $4 the order. The joins are CROSS JOINs
 * so that SQLite goes from orders to their events: the other way round it would look at all there
 * are. */
#define ORDERS_OF                                                                                  \
    "(SELECT id FROM (SELECT id FROM orders WHERE organization = $1 AND customer = $2"             \
    " ORDER BY id DESC LIMIT $3) AS newest UNION ALL SELECT $4 AS id WHERE $4 <> 0) AS o"

#define HISTORY_VALUES(page, of)                                                                   \
    SQL_I((page)->organization), SQL_I((of)->customer),                                            \
        SQL_I((of)->customer == 0 ? 0 : STORE_SCAN_ROWS), SQL_I((of)->order),                      \
        SQL_I((page)->before)

int store_list_order_events(struct sql *sql, const struct store_page *page,
                            const struct history_of *of, struct order_event *ret_rows,
                            int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT e.id, e.order_id, e.at_ms, e.type FROM (SELECT about.id FROM " ORDERS_OF
                  " CROSS JOIN events AS about WHERE about.organization = $1"
                  " AND about.type >= 'order.' AND about.type < 'order/'"
                  " AND about.order_id = o.id AND about.id < $5"
                  " ORDER BY about.id DESC LIMIT $6) AS page"
                  " CROSS JOIN events AS e WHERE e.id = page.id AND e.organization = $1"
                  " ORDER BY e.id DESC",
                  HISTORY_VALUES(page, of), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = (struct order_event){
            .id = sql_int(&query, 0),
            .order = sql_int(&query, 1),
            .at_ms = sql_int(&query, 2),
            .type = sql_text(&query, 3, page->arena),
        };
    *ret_count = count;
    return fail(r);
}

/* NOLINTNEXTLINE(readability-function-size): whose history it is, is two of the parameters */
int store_list_order_exports(struct sql *sql, const struct store_page *page,
                             const struct history_of *of, int64_t outlet,
                             struct order_export *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT x.delivery, x.order_id, x.outlet, x.file, p.name FROM " ORDERS_OF
                  " CROSS JOIN exports AS x CROSS JOIN endpoints AS p"
                  " WHERE x.organization = $1 AND x.order_id = o.id AND x.delivery < $5"
                  " AND ($6 = 0 OR x.outlet = $6) AND p.id = x.outlet AND p.organization = $1"
                  " ORDER BY x.delivery DESC LIMIT $7",
                  HISTORY_VALUES(page, of), SQL_I(outlet), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = (struct order_export){
            .delivery = sql_int(&query, 0),
            .order = sql_int(&query, 1),
            .outlet = sql_int(&query, 2),
            .file = sql_int(&query, 3),
            .profile = sql_text(&query, 4, page->arena),
        };
    *ret_count = count;
    return fail(r);
}
