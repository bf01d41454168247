/* SPDX-License-Identifier: MIT
 * api/deliveries.h: how lists and events show a delivery. For the files of this folder. */
#pragma once

#include "api/standing.h"
#include "store/store.h"
#include "json/write.h"

/* `standing`: its endpoint's. */
void write_delivery(struct call *call, const struct delivery_found *found,
                    const struct standing *standing);

/* Why it stands as it does, or waits; empty: for its time alone. */
str delivery_reason(const struct call *call, const struct delivery *delivery,
                    const struct standing *standing);

/* "customerType": what happened to the order that an event of this type is about; null: it is about
 * none. */
void write_customer_type(struct json_writer *out, str event_type);

/* Of the delivery's endpoint. */
MUST_USE int find_standing(struct call *call, struct sql *sql, const struct delivery *delivery,
                           struct standing *ret_standing);
