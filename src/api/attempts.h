/* SPDX-License-Identifier: MIT
 * api/attempts.h: how one delivery shows its attempts. For the files of this folder. */
#pragma once

#include "api/call.h"

/* What a delivery sends, and what that is about. */
struct sent {
    str method; /* of an export's request; empty: the webhook's, or none */
    str query;  /* likewise, beside the URL; empty: none */
    str body;
    int64_t order; /* 0: none */
};

/* As members of the object that call->out is in: the newest that an answer has room for, below
 * the route's ?before=. On a reader's thread. FAIL_CORRUPT: one does not open. */
MUST_USE int write_attempts(struct call *call, struct sql *sql, const struct delivery *delivery,
                            const struct sent *sent);
