/* SPDX-License-Identifier: MIT
 * Invariants of a decision:
 * (1) a policy without end always answers `again`; another does so for exactly `retries` steps;
 * (2) due is never before now, and never more than jitter below the policy's delay;
 * (3) due is never before what the target asked for, up to RETRY_AFTER_MAX_MS;
 * (4) with the draw 0.5 the delay is the policy's, to the millisecond, unless (3) has it longer. */
#include "delivery/retry.h"

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
