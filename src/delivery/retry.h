/* SPDX-License-Identifier: MIT
 * delivery/retry.h: when a failed delivery is tried again. Pure: the time and the random draw are
 * the caller's. */
#pragma once

#include "base/str.h"

struct retry_policy {
    str name;
    const int64_t *delays_ms; /* one a step … */
    int delay_count;
    int64_t first_ms; /* … or, without a list: this, doubled at each step up to `cap_ms` */
    int64_t cap_ms;
    int jitter_per_mille; /* each delay is drawn from so much below to so much above */
    bool endless;         /* past the list the last delay goes on; else: dead */
};

/* 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, ±20 %, then dead. */
extern const struct retry_policy retry_webhook;

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
