/* SPDX-License-Identifier: MIT
 * record/client.h: what a client of Konnektive's API says of an order, as what the life of an order
 * takes in (record/order.h). Pure.
 *
 *   parameters ──► ids: orderId is the client order id here, actualOrderId the number
 *              ──► card data: last four digits, brand, whether it is a test card; the rest is forgotten
 *              ──► fields by any of their names ──► values
 *              ──► product1_… to product100_… ──► lines; which product each is, the store knows
 *              ──► what the order does not keep ──► `rest`, for the event
 *
 * Unlike a postback's, a client is told what is wrong, by the parameter's name. What is empty says
 * nothing. */
#pragma once

#include "mapping/pairs.h"
#include "record/order.h"

#define CLIENT_VALUE_MAX 500
#define CLIENT_ORDER_ID_MAX 100
#define CLIENT_PRODUCT_MAX 100

struct client_line {
    str product; /* the number of a product; else the line's SKU, where it has none beside that */
    int slot;    /* N of productN_id; 0: productId */
};

struct client_order {
    str client_order_id;  /* empty: not said */
    int64_t order_number; /* 0: not said, like the others */
    int64_t campaign;
    int64_t customer;
    struct order_facts facts; /* without a state; a line's prices are −1 where none is said;
                                 the total is that of an import */
    const struct client_line *lines;
    str rest; /* JSON object, by the names that came, secrets masked; or empty */
};

/* `test_cards` are the account's, as card_is_test() takes them.
 * False: `reterr`, which comes empty, has the parameters that are wrong; its messages go on where the
 * name ends ("must be …"). */
MUST_USE bool client_order_read(const struct pairs *pairs, str test_cards, struct arena *arena,
                                struct client_order *ret, struct problem *reterr);

/* Says what the order comes to, where the call says lines or an amount: what its lines cost, shipping
 * and tax, less the discount. Of an order that is sold, or gets an upsell, what is more or less than
 * before goes to its total; of an import, a total that was said counts, of all but the upsells.
 * `before` is a new one, or the one that is there; `input` is what order_apply() gets. */
void client_say_total(const struct order *before, struct order_input *input, struct arena *arena);

/* ── single parameters ── */

void client_wrong(struct problem *reterr, struct arena *arena, const char *field, const char *code,
                  str reason);
/* Trimmed; empty: not said. */
str client_text(const struct pairs *pairs, const char *name);
/* 1, true, yes, Y */
bool client_flag(const struct pairs *pairs, const char *name);
/* Above 0. False: it is not said, or is wrong, which `reterr` has then. */
bool client_number(const struct pairs *pairs, const char *name, struct arena *arena,
                   int64_t *ret_number, struct problem *reterr);
/* Not below 0; likewise. */
bool client_money(const struct pairs *pairs, const char *name, struct arena *arena,
                  int64_t *ret_minor, struct problem *reterr);
