/* SPDX-License-Identifier: MIT
 * store/orders.h: orders and who has ordered. */
#pragma once

#include "model/order.h"
#include "store/config.h"

/* How an order is looked for: by the first of these that is given and finds one. */
struct order_wanted {
    int64_t organization;
    str client_order_id;
    str sender_order_id;
    int64_t id;
    int64_t number;
};

/* With the products that its lines' SKUs are linked to now. STORE_NOT_FOUND */
MUST_USE int store_find_order(struct sql *sql, const struct order_wanted *wanted,
                              struct arena *arena, struct order *ret_order);
MUST_USE int store_insert_order(struct sql *sql, const struct order *order, struct arena *arena);
MUST_USE int store_update_order(struct sql *sql, const struct order *order, struct arena *arena);

struct order_filter {
    str state; /* empty: all */
    str client_order_id;
    int64_t campaign; /* 0: all */
    int64_t customer;
};

MUST_USE int store_list_orders(struct sql *sql, const struct store_page *page,
                               const struct order_filter *filter, struct order *ret_rows,
                               int *ret_count);

/* By the key, or by the id where that is empty. STORE_NOT_FOUND */
MUST_USE int store_find_customer(struct sql *sql, int64_t organization, str email_key, int64_t id,
                                 struct arena *arena, struct customer *ret_customer);
MUST_USE int store_insert_customer(struct sql *sql, const struct customer *customer);

/* The highest there are; 0: none. */
struct record_numbers {
    int64_t orders;
    int64_t customers;
};

MUST_USE int store_read_numbers(struct sql *sql, int64_t organization,
                                struct record_numbers *ret_numbers);
