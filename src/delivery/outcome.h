/* SPDX-License-Identifier: MIT
 * delivery/outcome.h: what follows from an attempt: delivered, tried again, dead. Pure. */
#pragma once

#include "delivery/exchange.h"
#include "delivery/retry.h"
#include "model/event.h"

struct outcome_question {
    const struct delivery *before;
    const struct exchange *exchange;
    str error;          /* of explain_exchange(); empty: a success */
    bool manual;        /* such an attempt uses no step of the schedule */
    bool token_refused; /* it goes again with a new one */
    bool may_be_gone;   /* the endpoint is of a kind that 410 disables */
    const struct retry_policy *policy;
    int64_t now_ms;
    double draw;
};

struct outcome {
    struct delivery after;
    bool again_at_once;    /* on a new connection; nothing was wrong with the target */
    bool counts;           /* for the breaker */
    bool endpoint_gone;    /* 410: disable it */
    int64_t hold_until_ms; /* Retry-After, for the whole outlet; 0: none */
};

struct outcome outcome_of(const struct outcome_question *question, struct arena *arena);
