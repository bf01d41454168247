/* SPDX-License-Identifier: MIT
 * delivery/breaker.h: stops sending to an outlet that fails, and finds out when it is well again.
 * Pure: the time is the caller's.
 *
 *            5 failures in a row                    the wait is over, one delivery goes
 *   CLOSED ──────────────────────► OPEN ◄──────────────────────────────────► PROBING
 *      ▲                             │            the probe fails: wait twice as long │
 *      └──────── any success ────────┴──────────────── the probe succeeds ────────────┘ */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

#define BREAKER_FAILURES 5
#define BREAKER_WAIT_MS ((int64_t)30 * 1000)
#define BREAKER_WAIT_MAX_MS ((int64_t)15 * 60 * 1000)

enum breaker_state { BREAKER_CLOSED = 0, BREAKER_OPEN, BREAKER_PROBING };

/* All zero: closed, no failures. */
struct breaker {
    enum breaker_state state;
    int failures;        /* in a row, while closed */
    int ramp;            /* slow start: so many attempts at once, for now; 0: it is over */
    int64_t wait_ms;     /* while not closed: how long this wait is */
    int64_t probe_at_ms; /* while open */
};

enum breaker_verdict {
    BREAKER_WAIT = 0,
    BREAKER_SEND,
    BREAKER_PROBE, /* one delivery may go, and it alone: outlet_next_probe() */
};

MUST_USE enum breaker_verdict breaker_ask(const struct breaker *breaker, int64_t now_ms);

/* As it was stored, open, perhaps under a clock that was ahead: it waits as long as that wait was,
 * at most. */
struct breaker breaker_restore(int64_t wait_ms, int64_t probe_at_ms, int64_t now_ms);

/* The probe is on its way, or came to nothing without having been tried. */
void breaker_probe_begins(struct breaker *breaker);
void breaker_probe_lost(struct breaker *breaker);

/* `limit`: where the slow start ends. */
void breaker_success(struct breaker *breaker, int limit);
/* `probe`: it was the one sent as such. */
void breaker_failure(struct breaker *breaker, bool probe, int64_t now_ms);

/* How many attempts may be under way: 1 while it is open; behind that 1, 2, 4 … up to `limit`, a
 * round of successes each. */
int breaker_concurrency(const struct breaker *breaker, int limit);

/* For other threads to read: what keeps an outlet from being sent to, beside its configuration. All
 * zero: nothing. */
struct outlet_hold {
    enum breaker_state breaker;
    int64_t probe_at_ms;   /* while the breaker is open: when the probe may go */
    int64_t hold_until_ms; /* its target asked for that (Retry-After); may be past; 0: it did not */
    int64_t token_at_ms;   /* it has no access token, which may be fetched then; the same */
};
