/* SPDX-License-Identifier: MIT
 * store/sqlite/prune.h: what the phases of a pass share. The committer's thread. */
#pragma once

#include "store/sqlite/internal.h"

#define PRUNE_AT_ONCE 64 /* rows between two looks at the clock */

struct pruning {
    struct store_writer *writer;
    struct sql *sql;
    struct prune *at;
    const struct retention *retention;
};

/* < 0: failure; 0: the phase is over; 1: there is more of it. */
typedef int phase_step(struct pruning *pruning);

/* Something of this moment goes. */
void prune_touch(struct pruning *pruning, int64_t at_ms);

/* The next outlet behind the one at hand, in the table that `text` reads. 0: there is none. */
MUST_USE int prune_next_outlet(struct pruning *pruning, const char *text);

/* What a phase answers that deletes PRUNE_AT_ONCE rows a step, of what SQL_RUN said. */
MUST_USE int prune_more_if_any(int64_t gone);

/* prune_small.c */
phase_step prune_rejections;
phase_step prune_rejection_counts;
phase_step prune_audit;
phase_step prune_minutes;
phase_step prune_keys;
phase_step prune_sessions;
phase_step prune_others;
