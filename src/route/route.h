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
