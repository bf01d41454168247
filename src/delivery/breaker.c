/* SPDX-License-Identifier: MIT
 * Invariants:
 * (1) while open or probing, at most one attempt is started: the probe;
 * (2) open follows on BREAKER_FAILURES failures with no success between, never on fewer;
 * (3) BREAKER_WAIT_MS ≤ wait_ms ≤ BREAKER_WAIT_MAX_MS while not closed; it doubles with each probe
 *     that fails, and only then: attempts that were under way when it opened change nothing;
 * (4) any success closes, whoever had it, and forgets the failures;
 * (5) the attempts that may be under way are 1 while not closed, at least 1 and at most the limit
 *     when closed, and behind an opening they grow by one a success, never by more. */
#include "delivery/breaker.h"

enum breaker_verdict breaker_ask(const struct breaker *breaker, int64_t now_ms)
{
    switch (breaker->state) {
    case BREAKER_CLOSED:
        return BREAKER_SEND;
    case BREAKER_OPEN:
        return now_ms >= breaker->probe_at_ms ? BREAKER_PROBE : BREAKER_WAIT;
    case BREAKER_PROBING:
        return BREAKER_WAIT;
    }
    return BREAKER_WAIT;
}

struct breaker breaker_restore(int64_t wait_ms, int64_t probe_at_ms, int64_t now_ms)
{
    wait_ms = MIN_OF(MAX_OF(wait_ms, BREAKER_WAIT_MS), BREAKER_WAIT_MAX_MS);
    return (struct breaker){ .state = BREAKER_OPEN,
                             .wait_ms = wait_ms,
                             .probe_at_ms = MIN_OF(probe_at_ms, now_ms + wait_ms) };
}

void breaker_probe_begins(struct breaker *breaker)
{
    assert(breaker->state == BREAKER_OPEN);
    breaker->state = BREAKER_PROBING;
}

void breaker_probe_lost(struct breaker *breaker)
{
    if (breaker->state == BREAKER_PROBING)
        breaker->state = BREAKER_OPEN;
}

void breaker_success(struct breaker *breaker, int limit)
{
    if (breaker->state != BREAKER_CLOSED)
        *breaker = (struct breaker){ .ramp = 1 };
    else if (breaker->ramp > 0)
        breaker->ramp++;
    if (breaker->ramp >= limit)
        breaker->ramp = 0;
    breaker->failures = 0;
}

static void open_for(struct breaker *breaker, int64_t wait_ms, int64_t now_ms)
{
    breaker->state = BREAKER_OPEN;
    breaker->failures = breaker->ramp = 0;
    breaker->wait_ms = MIN_OF(wait_ms, BREAKER_WAIT_MAX_MS);
    breaker->probe_at_ms = now_ms + breaker->wait_ms;
}

void breaker_failure(struct breaker *breaker, bool probe, int64_t now_ms)
{
    if (breaker->state == BREAKER_CLOSED && ++breaker->failures >= BREAKER_FAILURES)
        open_for(breaker, BREAKER_WAIT_MS, now_ms);
    else if (breaker->state == BREAKER_PROBING && probe)
        open_for(breaker, breaker->wait_ms * 2, now_ms);
}

int breaker_concurrency(const struct breaker *breaker, int limit)
{
    if (breaker->state != BREAKER_CLOSED)
        return 1;
    return breaker->ramp > 0 && breaker->ramp < limit ? breaker->ramp : limit;
}
