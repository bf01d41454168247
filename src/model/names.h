/* SPDX-License-Identifier: MIT
 * model/names.h: how the enums of the model are spelled, in API and store alike. Pure. */
#pragma once

#include "base/id.h"
#include "model/config.h"
#include "model/event.h"
#include "model/outlet.h"

/* …_name() cannot fail; …_read() is false for a name there is not. */
str field_type_name(enum field_type type);
MUST_USE bool field_type_read(str name, enum field_type *ret_type);
str context_name(enum event_context context);
MUST_USE bool context_read(str name, enum event_context *ret_context);
str outlet_status_name(enum outlet_status status);
MUST_USE bool outlet_status_read(str name, enum outlet_status *ret_status);
str endpoint_kind_name(enum endpoint_kind kind);
MUST_USE bool endpoint_kind_read(str name, enum endpoint_kind *ret_kind);
/* For people: "webhook", "export profile". */
str endpoint_word(enum endpoint_kind kind);
/* How its ids begin. */
enum id_kind endpoint_id_kind(enum endpoint_kind kind);
str webhook_format_name(enum webhook_format format);
MUST_USE bool webhook_format_read(str name, enum webhook_format *ret_format);
str delivery_state_name(enum delivery_state state);
MUST_USE bool delivery_state_read(str name, enum delivery_state *ret_state);
str outlet_order_name(enum outlet_order order);
MUST_USE bool outlet_order_read(str name, enum outlet_order *ret_order);
str on_dead_name(enum on_dead on_dead);
MUST_USE bool on_dead_read(str name, enum on_dead *ret_on_dead);
str request_method_name(enum request_method method);
MUST_USE bool request_method_read(str name, enum request_method *ret_method);
str credential_kind_name(enum credential_kind kind);
MUST_USE bool credential_kind_read(str name, enum credential_kind *ret_kind);
str role_name(enum role role);
MUST_USE bool role_read(str name, enum role *ret_role);
/* Of a single one; SCOPE_NONE: empty. */
str scope_name(enum scope scope);
/* One scope's bit; "*" reads as SCOPE_ALL. */
MUST_USE bool scope_read(str name, unsigned *ret_bits);
/* Calls `each` for every scope in `bits`; SCOPE_ALL is "*" alone. */
void scopes_each(unsigned bits, void (*each)(void *context, str name), void *context);
