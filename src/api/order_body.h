/* SPDX-License-Identifier: MIT
 * api/order_body.h: the bodies of orders and of their changes, as what record/order.h takes. */
#pragma once

#include "api/call.h"
#include "intake/orders.h"

/* On the loop: call->parsed becomes a struct order_arrival, but for what only the store knows.
 * False: the problem says what is wrong. */
MUST_USE bool order_body_read(struct call *call);
MUST_USE bool order_body_read_change(struct call *call);

/* Tells changes of one order apart; never 0, which is none. */
uint64_t order_change_key(str id);

/* What of a line is not said (its price: −1) is as its product has it; NULL: it has none. */
void order_line_settle(struct order_line *line, const struct product *product, bool recurring_said);

/* In the command, behind batch_load(): campaign, products and SKUs are looked up. CALL_REFUSED: the
 * problem says what is wrong. */
MUST_USE int order_body_settle(struct call *call, struct batch *batch,
                               struct order_arrival *arrival);
