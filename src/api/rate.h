/* SPDX-License-Identifier: MIT
 * api/rate.h: how often something may happen in a minute, counted for all loops together: one table
 * of atomic counters, each for a subject and the minute it is in. Bounded: when there are more
 * subjects than places, one that rested longest loses its count. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct rates;

MUST_USE struct rates *rates_new(void);
void rates_free(struct rates *rates);

struct rate {
    bool taken; /* false: the limit is reached */
    int64_t limit;
    int64_t remaining;
    int64_t reset_s; /* when the minute is over, in seconds since 1970 */
    int64_t wait_s;  /* until then */
};

/* One more of `subject` (not 0) at `now_ms`. */
struct rate rates_take(struct rates *rates, uint64_t subject, int64_t limit, int64_t now_ms);

/* What was taken in this minute did not count after all. */
void rates_give_back(struct rates *rates, uint64_t subject, int64_t now_ms);

/* A subject for bytes that are not a number: never 0, and none that an id has. */
uint64_t rates_subject(const char *kind, str name);
