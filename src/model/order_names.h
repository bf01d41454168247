/* SPDX-License-Identifier: MIT
 * model/order_names.h: how the enums of model/order.h are spelled: in API and store (…_name,
 * …_read), and in postbacks and exports (…_wire). Pure. */
#pragma once

#include "model/order.h"

/* …_name() and …_wire() of what is not said (NONE) are empty; …_read() is false for a name there
 * is not. */
str sale_state_name(enum sale_state state);
str sale_state_wire(enum sale_state state);
MUST_USE bool sale_state_read(str name, enum sale_state *ret_state);
str purchase_state_name(enum purchase_state state);
str purchase_state_wire(enum purchase_state state);
MUST_USE bool purchase_state_read(str name, enum purchase_state *ret_state);
str fulfillment_state_name(enum fulfillment_state state);
str fulfillment_state_wire(enum fulfillment_state state);
MUST_USE bool fulfillment_state_read(str name, enum fulfillment_state *ret_state);
str customer_type_name(enum customer_type type);
str customer_type_wire(enum customer_type type);
/* For people: "New Sale" */
str customer_type_label(enum customer_type type);
/* The event's: "order.new_sale" */
str customer_type_event(enum customer_type type);
MUST_USE bool customer_type_read(str name, enum customer_type *ret_type);
/* The other way round. */
MUST_USE bool customer_type_read_event(str event, enum customer_type *ret_type);
str order_change_name(enum order_change_kind kind);
MUST_USE bool order_change_read(str name, enum order_change_kind *ret_kind);
