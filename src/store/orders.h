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

/* Those that are shown by a number: their sender's, or where none was said the hub's. */
MUST_USE int store_list_orders_shown(struct sql *sql, const struct store_page *page, str number,
                                     struct order *ret_rows, int *ret_count);

struct order_filter {
    str state; /* empty: all */
    str client_order_id;
    int64_t campaign; /* 0: all */
    int64_t customer;
};

MUST_USE int store_list_orders(struct sql *sql, const struct store_page *page,
                               const struct order_filter *filter, struct order *ret_rows,
                               int *ret_count);

/* ── searches by days, newest first, by pages ── */

/* Rows that are looked at, at most. */
#define STORE_SEARCH_MAX 100000

struct order_search {
    int64_t organization;
    int64_t customer;           /* 0: all */
    bool by_update;             /* the times are those of the last change, else of the beginning */
    int64_t since_ms, until_ms; /* from, and before */
    enum sale_state state;      /* SALE_NONE: all */
    const int64_t *campaigns;
    int campaign_count;                                           /* 0: all */
    bool (*fits)(const struct order *order, const void *context); /* NULL: all do */
    const void *context;
    bool first; /* looks no further when `limit` have been found: `total` counts up to there */
    int64_t skip;
    int limit;
    struct arena *arena; /* where the results live */
};

struct search_result {
    int64_t total;
    bool cut;  /* there are more rows than are looked at: `total` counts up to there */
    int count; /* of those that are shown */
};

MUST_USE int store_search_orders(struct sql *sql, const struct order_search *search,
                                 struct order *ret_rows, struct search_result *ret_result);

/* Customers: since when they are known; by_update: who has an order that changed then. `customer`,
 * `state`, `campaigns` are not looked at, and `fits` is given the customer's newest order, which may
 * be all empty. */
struct customer_found {
    struct customer customer;
    struct order newest;
};

MUST_USE int store_search_customers(struct sql *sql, const struct order_search *search,
                                    struct customer_found *ret_rows,
                                    struct search_result *ret_result);
/* STORE_NOT_FOUND */
MUST_USE int store_find_customer_number(struct sql *sql, int64_t organization, int64_t number,
                                        struct arena *arena, struct customer *ret_customer);
MUST_USE int store_find_newest_order(struct sql *sql, int64_t organization, int64_t customer,
                                     struct arena *arena, struct order *ret_order);

/* By the key, or by the id where that is empty. STORE_NOT_FOUND */
MUST_USE int store_find_customer(struct sql *sql, int64_t organization, str email_key, int64_t id,
                                 struct arena *arena, struct customer *ret_customer);
/* Newest first, below page.before. */
MUST_USE int store_list_customers(struct sql *sql, const struct store_page *page,
                                  struct customer *ret_rows, int *ret_count);
MUST_USE int store_insert_customer(struct sql *sql, const struct customer *customer);

/* The highest there are; 0: none. */
struct record_numbers {
    int64_t orders;
    int64_t customers;
};

MUST_USE int store_read_numbers(struct sql *sql, int64_t organization,
                                struct record_numbers *ret_numbers);
