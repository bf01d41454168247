/* SPDX-License-Identifier: MIT
 * intake/notices.h: events about the hub's own work, which outlets can subscribe to like any other:
 *
 *   endpoint.failing    five attempts in a row have failed; its deliveries wait
 *   endpoint.recovered  it takes deliveries again
 *   endpoint.disabled   nothing is sent to it until somebody enables it
 *   delivery.dead       its schedule of retries is used up
 *
 * They cannot feed on themselves: attempts to deliver a notice make none, and none goes to the
 * endpoint that it is about. */
#pragma once

#include "intake/result.h"

/* Of the family "endpoint." or "delivery.". */
bool notice_is(str event_type);

void notices_add(struct batch *batch, const struct result *result, bool dead);
void notices_disabled(struct batch *batch, int64_t organization, int64_t outlet, str reason);
