/* SPDX-License-Identifier: MIT
 * route/route.h: who wants this event. Pure. */
#pragma once

#include "model/config.h"

/* "*", an exact type, or a family "custom_event.*". */
MUST_USE bool event_type_matches(str wanted, str type);

MUST_USE bool endpoint_wants(const struct endpoint *endpoint, str type);

/* Whether the filter lets an event with this data through; without a filter, any. */
MUST_USE bool endpoint_lets_through(const struct endpoint *endpoint, json data);

/* True for what a webhook may subscribe to: a known type, a pattern of one, or "*".
 * `custom_event.x` may name an alias that is not there yet. */
MUST_USE bool event_type_is_subscribable(str wanted);

/* ── export profiles ── */

/* On the way through those of a picture's export profiles that ask for what has happened to an
 * order. Of the routes of a profile that sends requests the first that asks counts; each row of a
 * file belongs to its route. */
struct export_walk {
    const struct export_asks *asks;
    const struct order *order;
    enum customer_type type;
    const bool *about; /* of each line: what has happened is about it */
    uint64_t campaign;
    uint64_t products;
    int at;
    const struct endpoint *last; /* NULL: none has asked so far */
};

/* `asks`: the picture's, of that type. All are borrowed. */
struct export_walk export_walk(const struct export_asks *asks, const struct order *order,
                               enum customer_type type, const bool *about);

/* NULL: there is no other. */
const struct export_ask *export_walk_next(struct export_walk *walk);
