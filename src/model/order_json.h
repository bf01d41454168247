/* SPDX-License-Identifier: MIT
 * model/order_json.h: an order as JSON: for the store, and as people and systems see it. Pure. */
#pragma once

#include "model/order.h"
#include "json/write.h"

/* What the columns of its row do not hold. */
str order_data_write(const struct order *order, struct arena *arena);
/* Into an order whose columns are set. False: it is none of order_data_write(). */
MUST_USE bool order_data_read(str data, struct arena *arena, struct order *order);

/* Members of an object that has been begun: ids, state, sums, customer, lines, fields. As the API
 * shows an order, and as events about it carry it. */
void order_write(struct json_writer *out, const struct order *order);
