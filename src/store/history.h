/* SPDX-License-Identifier: MIT
 * store/history.h: what has happened to an order or to all orders of a customer, and what export
 * profiles have made of it. Shared SQL for both engines, as in store/lists.h.
 *
 * Of a customer the newest STORE_SCAN_ROWS orders are looked at. */
#pragma once

#include "store/lists.h"

/* Whose history: one order's, or a customer's. The other is 0. */
struct history_of {
    int64_t order;
    int64_t customer;
};

struct order_event {
    int64_t id;
    int64_t order;
    int64_t at_ms;
    str type;
};

/* What has happened to them (order.new_sale and its like), newest first, below page.before. */
MUST_USE int store_list_order_events(struct sql *sql, const struct store_page *page,
                                     const struct history_of *of, struct order_event *ret_rows,
                                     int *ret_count);

/* One delivery of an export profile. */
struct order_export {
    int64_t delivery;
    int64_t order;
    int64_t outlet;
    int64_t file; /* that it is a row of; 0: none */
    str profile;  /* its name now */
};

/* Likewise. `outlet` 0: of all profiles. */
MUST_USE int store_list_order_exports(struct sql *sql, const struct store_page *page,
                                      const struct history_of *of, int64_t outlet,
                                      struct order_export *ret_rows, int *ret_count);
