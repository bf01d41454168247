/* SPDX-License-Identifier: MIT
 * api/standing.h: whether an endpoint is sent to now, and why not: from its row, the hub, and what
 * its courier tells. For the files of this folder. */
#pragma once

#include "store/config.h"
#include "store/outlets.h"

struct call;

enum sending {
    SENDING_STOPPED = 0, /* by its status */
    SENDING_WAITING,     /* until a moment */
    SENDING_PROBING,     /* one delivery at a time, to see whether it works again */
    SENDING_FREELY,
};

/* "stopped", "waiting", … */
str sending_name(enum sending sending);

struct standing {
    enum endpoint_kind kind;
    enum outlet_status status;
    str status_reason; /* empty: none */
    enum sending sending;
    int64_t until_ms; /* waiting */
    str reason;       /* unless it is sent to freely */
    enum outlet_order order;
    int64_t paused_by;       /* strict order: the dead delivery that has stopped it; 0: none */
    int64_t paused_subjects; /* order by subject: how many of them wait behind a dead delivery */
};

MUST_USE int standing_of(const struct call *call, struct sql *sql, const struct endpoint_row *row,
                         struct standing *ret_standing);

/* Refuses what would not be sent: 409, which says what to do. Returns 0 or CALL_REFUSED. */
MUST_USE int standing_must_send(struct call *call, const struct standing *standing);

/* Why a pending delivery waits, beside its own time; empty: for that alone. */
str standing_why_pending(const struct standing *standing, const struct call *call, int64_t due_ms);
