/* SPDX-License-Identifier: MIT
 * api/webhooks.h: what the files about webhook endpoints share. */
#pragma once

#include "api/call.h"

/* What every answer says of an endpoint, into the object that call->out is in. */
MUST_USE int webhooks_write_members(struct call *call, struct sql *sql,
                                    const struct endpoint_row *row);
