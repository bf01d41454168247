/* SPDX-License-Identifier: MIT
 * api/endpoints.h: what webhooks and export profiles have in common as resources: how they are found,
 * counted, paused, changed and deleted, and what is said of how they stand. The kind is that of the
 * route (routes.h). For the files of this folder. */
#pragma once

#include "api/call.h"
#include "api/outlets.h"

/* "/api/v1/webhooks" */
const char *endpoint_path(enum endpoint_kind kind);

/* "webhookId" and "exportProfileId", of which one is null. */
void endpoint_write_ids(struct json_writer *out, enum endpoint_kind kind, int64_t id);

/* ── reading ── */

/* Of the path. CALL_REFUSED: there is none of that kind, or it has been deleted. */
MUST_USE int endpoints_find(struct call *call, struct sql *sql, struct endpoint_row *ret_row);
/* The same, deleted or not: its log stays. */
MUST_USE int endpoints_find_log(struct call *call, struct sql *sql, struct endpoint_row *ret_row);

/* All of the route's kind, each by `write`. */
MUST_USE int endpoints_list(struct call *call, struct sql *sql,
                            int (*write)(struct call *, struct sql *, const struct endpoint_row *));

/* status, statusReason, sending, pausedSubjects, counts: into the object that call->out is in. */
MUST_USE int endpoints_write_state(struct call *call, struct sql *sql,
                                   const struct endpoint_row *row);

struct outlet_texts endpoint_texts(const struct endpoint_row *row);

/* ── writing ── */

/* Whether the organization may have one more. Returns 0 or CALL_REFUSED. */
MUST_USE int endpoints_check_room(struct call *call, struct sql *sql);

/* The URL, sealed, leads to another host or port than before. */
bool endpoint_leads_elsewhere(struct call *call, str before, str after);

/* What the body says of the status can be. Returns 0 or CALL_REFUSED. */
MUST_USE int endpoints_check_status(struct call *call, struct sql *sql,
                                    const struct endpoint_row *row);
/* "active" opens what is paused or disabled. */
void endpoint_take_status(struct call *call, struct endpoint_row *row);

/* Stores the change, forgets what no longer holds, tells who must hear of it. */
MUST_USE int endpoints_update(struct call *call, struct batch *batch,
                              const struct endpoint_row *before, const struct endpoint_row *row);

/* The row was written: a picture with it is made, and an audit row: "webhook." and `verb`. */
MUST_USE int endpoints_changed(struct call *call, struct batch *batch,
                               const struct endpoint_row *row, const char *verb);
