/* SPDX-License-Identifier: MIT
 * Invariants of a decision:
 * (1) a policy without end always answers `again`; another does so for exactly `retries` steps;
 * (2) due is never before now, and never more than jitter below the policy's delay;
 * (3) due is never before what the target asked for, up to RETRY_AFTER_MAX_MS;
 * (4) with the draw 0.5 the delay is the policy's, to the millisecond. */
#include "delivery/retry.h"

#define SECONDS ((int64_t)1000)
#define MINUTES (60 * SECONDS)
#define HOURS (60 * MINUTES)

static const int64_t webhook_delays_ms[] = { 5 * SECONDS, 5 * MINUTES, 30 * MINUTES,
                                             2 * HOURS,   5 * HOURS,   10 * HOURS,
                                             14 * HOURS,  20 * HOURS,  24 * HOURS };

const struct retry_policy retry_webhook = {
    .name = STR_INIT("webhook"),
    .delays_ms = webhook_delays_ms,
    .delay_count = COUNT_OF(webhook_delays_ms),
    .retries = COUNT_OF(webhook_delays_ms),
    .jitter_percent = 20,
};

const struct retry_policy retry_postback = {
    .name = STR_INIT("postback"),
    .first_ms = 30 * SECONDS,
    .cap_ms = 15 * MINUTES,
    .jitter_percent = 20,
};

const struct retry_policy *retry_find(str name)
{
    static const struct retry_policy *const all[] = { &retry_webhook, &retry_postback };
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (str_equal(all[i]->name, name))
            return all[i];
    return NULL;
}

static int64_t doubled(const struct retry_policy *policy, int step)
{
    int64_t delay_ms = policy->first_ms;
    for (int i = 0; i < step && delay_ms < policy->cap_ms; i++)
        delay_ms *= 2;
    return MIN_OF(delay_ms, policy->cap_ms);
}

int64_t retry_delay_ms(const struct retry_policy *policy, int step)
{
    if (policy->retries > 0 && step >= policy->retries)
        return -1;
    if (policy->delays_ms == NULL)
        return doubled(policy, step);
    return policy->delays_ms[MIN_OF(step, policy->delay_count - 1)];
}

struct retry_decision retry_decide(const struct retry_policy *policy,
                                   const struct retry_question *question)
{
    assert(question->step >= 0 && question->draw >= 0 && question->draw <= 1);
    int64_t delay_ms = retry_delay_ms(policy, question->step);
    if (delay_ms < 0)
        return (struct retry_decision){};
    double share = (2 * question->draw - 1) * policy->jitter_percent / 100;
    delay_ms += (int64_t)((double)delay_ms * share);
    int64_t asked_ms = MIN_OF(question->retry_after_ms, RETRY_AFTER_MAX_MS);
    return (struct retry_decision){ .again = true,
                                    .due_ms = question->now_ms + MAX_OF(delay_ms, asked_ms) };
}
