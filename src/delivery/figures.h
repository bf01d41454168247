/* SPDX-License-Identifier: MIT
 * delivery/figures.h: attempts counted by what came of them and how long their phases took, for
 * /metrics. One courier's thread counts; any thread reads. */
#pragma once

#include <stdatomic.h>

#include "delivery/exchange.h"

/* X(member, label): the whole set there is, so that a scraper's series stay few. */
#define ATTEMPT_RESULTS(X)                                                                         \
    X(DELIVERED, "delivered")                                                                      \
    X(REDIRECT, "redirect")                                                                        \
    X(CLIENT_ERROR, "client_error")                                                                \
    X(SERVER_ERROR, "server_error")                                                                \
    X(NAME, "name")                                                                                \
    X(BLOCKED, "blocked")                                                                          \
    X(CONNECT, "connect")                                                                          \
    X(TLS, "tls")                                                                                  \
    X(TIMEOUT, "timeout")                                                                          \
    X(PROXY, "proxy")                                                                              \
    X(TOKEN, "token")                                                                              \
    X(BROKEN, "broken")                                                                            \
    X(REPEATED, "repeated")

enum attempt_result {

#define RESULT_MEMBER(member, label) ATTEMPT_##member,
    ATTEMPT_RESULTS(RESULT_MEMBER)
#undef RESULT_MEMBER
        ATTEMPT_RESULT_COUNT
};

extern const char *const attempt_result_labels[ATTEMPT_RESULT_COUNT];

#define ATTEMPT_PHASES(X)                                                                          \
    X(NAME, "name")                                                                                \
    X(CONNECT, "connect")                                                                          \
    X(TLS, "tls")                                                                                  \
    X(FIRST_BYTE, "first_byte")                                                                    \
    X(WHOLE, "whole")

enum attempt_phase {

#define PHASE_MEMBER(member, label) PHASE_##member,
    ATTEMPT_PHASES(PHASE_MEMBER)
#undef PHASE_MEMBER
        PHASE_COUNT
};

extern const char *const attempt_phase_labels[PHASE_COUNT];

/* Upper bounds, microseconds; the last bucket has none. */
#define FIGURE_BUCKETS 14

extern const int64_t figure_bounds_us[FIGURE_BUCKETS];

struct histogram {
    _Atomic int64_t buckets[FIGURE_BUCKETS + 1]; /* each counts its own alone */
    _Atomic int64_t sum_us;
};

struct figures {
    _Atomic int64_t results[ATTEMPT_RESULT_COUNT];
    struct histogram phases[PHASE_COUNT];
};

/* `whole_us`: from the beginning to the end, look-up included. */
void figures_count(struct figures *figures, const struct exchange *exchange, int64_t whole_us);
/* Adds them to `sum`. */
void figures_add(struct figures *sum, const struct figures *figures);
