/* SPDX-License-Identifier: MIT
 * delivery/retry.h: when a failed delivery is tried again. Pure: the time and the random draw are
 * the caller's. */
#pragma once

#include "model/outlet.h"

/* The delay of that step (from 0) before jitter; −1: the schedule is used up. */
int64_t retry_delay_ms(const struct retry_policy *policy, int step);

/* The most that a target's Retry-After is believed. */
#define RETRY_AFTER_MAX_MS ((int64_t)24 * 3600 * 1000)

struct retry_question {
    int step;               /* how many steps are used up, from 0 */
    int64_t retry_after_ms; /* what the target asked for; 0: nothing */
    double draw;            /* 0 ≤ draw ≤ 1; 0.5 is no jitter */
    int64_t now_ms;
};

struct retry_decision {
    bool again; /* false: the schedule is used up */
    int64_t due_ms;
};

MUST_USE struct retry_decision retry_decide(const struct retry_policy *policy,
                                            const struct retry_question *question);

/* The value of a Retry-After header (RFC 9110 §10.2.3): seconds, or a date in any of the three
 * forms of RFC 9110 §5.6.7, as milliseconds from `now_ms`; a date that has passed is 0. False:
 * neither. */
MUST_USE bool retry_after_read(str value, int64_t now_ms, int64_t *ret_ms);
