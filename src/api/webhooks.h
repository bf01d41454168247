/* SPDX-License-Identifier: MIT
 * api/webhooks.h: what the files about webhook endpoints share. */
#pragma once

#include "api/call.h"

/* Of the path. CALL_REFUSED: there is none, or it has been deleted. */
MUST_USE int webhooks_find(struct call *call, struct sql *sql, struct endpoint_row *ret_row);

/* What every answer says of an endpoint, into the object that call->out is in. */
MUST_USE int webhooks_write_members(struct call *call, struct sql *sql,
                                    const struct endpoint_row *row);

/* The row was written: a picture with it is made, and an audit row. */
MUST_USE int webhooks_changed(struct call *call, struct batch *batch,
                              const struct endpoint_row *row, const char *action);
