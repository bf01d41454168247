/* SPDX-License-Identifier: MIT
 * record/postback.h: a postback of Konnektive, as what the life of an order takes in
 * (record/order.h). Pure.
 *
 *   pairs ──► ids and secret, taken out
 *         ──► card data: last four digits, whether it is a test card; the rest is forgotten
 *         ──► fields by any of their names ──► values, lines, total
 *         ──► customerType, or without it orderStatus and its like ──► state, change
 *         ──► what the order does not keep ──► `rest`, for the event
 *
 * Nothing that is odd about a value is an error: it is noted. What is empty says nothing. */
#pragma once

#include "base/zone.h"
#include "mapping/pairs.h"
#include "record/order.h"

struct postback_context {
    int64_t now_ms;
    const struct zone *zone; /* the account's */
    str test_cards;          /* the account's, as card_is_test() takes them */
};

struct postback {
    /* Of the request, and never stored with the order; empty: not said. */
    str organization_id;
    str plugin_instance_id;
    str secret;
    /* At least one. */
    str client_order_id;
    str sender_order_id;
    struct order_input input; /* not strict */
    str notes; /* JSON array of {"field", "code", "message"}; or empty. Codes: amount, number, date,
                  option, missing, duplicate, gap, identity, card, type */
    str notes_if_repeated; /* the same and one more, code "repeat", for when the order has had the
                              change before; empty: there is no change */
    str rest; /* JSON object: what the order does not keep, by the names it had, secrets masked;
                  or empty */
};

/* False: nothing says which order it is (`reterr`, which comes empty, is PROBLEM_INVALID and names
 * clientOrderId and orderId), or such an id is too long. Ids and secret are set all the same. */
MUST_USE bool postback_read(const struct pairs *pairs, const struct postback_context *context,
                            struct arena *arena, struct postback *ret, struct problem *reterr);
