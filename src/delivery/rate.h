/* SPDX-License-Identifier: MIT
 * delivery/rate.h: so many attempts a minute, evenly spread, and what fits into a second at once
 * (a token bucket, kept as the time at which it would be full again). Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

/* All zero: no limit. */
struct rate {
    int64_t per_minute; /* 0: no limit */
    int64_t full_us;    /* when nothing is owed any more */
};

/* Another limit, of which a full second is owed at most: nothing waits longer than one interval of
 * it for what went under the old one. */
void rate_set(struct rate *rate, int64_t per_minute, int64_t now_ms);
/* True: one may go now. Else ret_at_ms says when. */
MUST_USE bool rate_allows(const struct rate *rate, int64_t now_ms, int64_t *ret_at_ms);
/* One goes, allowed or not. */
void rate_take(struct rate *rate, int64_t now_ms);
