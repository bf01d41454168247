/* SPDX-License-Identifier: MIT
 * api/filters.h: which events an endpoint gets of those of its types (docs/conditions.md). A filter
 * is stored as the text of its JSON. For the files of this folder. */
#pragma once

#include "api/call.h"

/* The filter that the body gives, behind the schema, on a loop; empty: null, or none is given. What
 * is wrong with it is added to the call's problem. */
str filters_check(struct call *call);

/* When the body gives a filter: CALL_REFUSED when the organization's filters together would cost
 * more than they may. */
MUST_USE int filters_check_cost(struct call *call, struct batch *batch,
                                const struct endpoint_row *row);

/* As the member `filter` of the object that call->out is in. */
void filters_write(struct call *call, str filter);

/* As the member `filtered`: the endpoints that did not get the event and whose filters, as they are
 * now, would turn it away. */
MUST_USE int filters_write_turned_away(struct call *call, struct sql *sql,
                                       const struct event *event);
