/* SPDX-License-Identifier: MIT */
#include "delivery/retry.h"

#include "base/instant.h"
#include "base/testing.h"

#define HOUR ((int64_t)3600 * 1000)

static struct retry_decision decide(const struct retry_policy *policy, int step, int64_t asked_ms,
                                    double draw)
{
    const struct retry_question question = {
        .step = step, .retry_after_ms = asked_ms, .draw = draw, .now_ms = 1000000
    };
    return retry_decide(policy, &question);
}

TEST(webhook_schedule)
{
    static const int64_t delays_s[] = { 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400 };
    int64_t total_s = 0;
    for (int step = 0; step < (int)COUNT_OF(delays_s); step++) {
        struct retry_decision decision = decide(&retry_webhook, step, 0, 0.5);
        CHECK("again", decision.again);
        CHECK_INT("due", decision.due_ms, 1000000 + delays_s[step] * 1000);
        total_s += delays_s[step];
    }
    CHECK_INT("hours", total_s / 3600, 75);
    CHECK("dead", !decide(&retry_webhook, (int)COUNT_OF(delays_s), 0, 0.5).again);
}

TEST(jitter_and_retry_after)
{
    CHECK_INT("least", decide(&retry_webhook, 1, 0, 0).due_ms, 1000000 + 240000);
    CHECK_INT("most", decide(&retry_webhook, 1, 0, 1).due_ms, 1000000 + 360000);
    CHECK_INT("asked for less", decide(&retry_webhook, 1, 1000, 0.5).due_ms, 1000000 + 300000);
    CHECK_INT("asked for more", decide(&retry_webhook, 1, HOUR, 0.5).due_ms, 1000000 + HOUR);
    CHECK_INT("too much", decide(&retry_webhook, 1, 1000 * HOUR, 0.5).due_ms, 1000000 + 24 * HOUR);
}

TEST(postback)
{
    static const int64_t delays_s[] = { 30, 60, 120, 240, 480, 900, 900, 900 };
    for (int step = 0; step < (int)COUNT_OF(delays_s); step++)
        CHECK_INT("due", decide(&retry_postback, step, 0, 0.5).due_ms - 1000000,
                  delays_s[step] * 1000);
    CHECK_INT("late", decide(&retry_postback, 1000000, 0, 0.5).due_ms - 1000000, 900000);
}

/* What the policy says, in another way than retry.c has it. */
static int64_t policy_delay_ms(const struct retry_policy *policy, int step)
{
    if (policy->delays_ms != NULL)
        return policy->delays_ms[step < policy->delay_count ? step : policy->delay_count - 1];
    int64_t delay_ms = policy->first_ms << step;
    return delay_ms < policy->cap_ms ? delay_ms : policy->cap_ms;
}

/* The invariants at the head of retry.c, on random questions. */
TEST(invariants)
{
    static const int64_t list[] = { 1, 50, 1000, 7 * HOUR };
    static const struct retry_policy policies[] = {
        { .delays_ms = list, .delay_count = COUNT_OF(list), .retries = 4, .jitter_percent = 20 },
        { .delays_ms = list, .delay_count = COUNT_OF(list), .jitter_percent = 100 },
        { .delays_ms = list, .delay_count = COUNT_OF(list), .retries = 9 },
        { .first_ms = 3, .cap_ms = HOUR, .jitter_percent = 50 },
        { .first_ms = 3, .cap_ms = HOUR, .retries = 7 },
    };
    uint64_t seed = 20260730;
    for (int i = 0; i < 20000; i++) {
        const struct retry_policy *policy = &policies[test_random(&seed) % COUNT_OF(policies)];
        int step = (int)(test_random(&seed) % 12);
        int64_t asked_ms = (int64_t)(test_random(&seed) % (48 * (uint64_t)HOUR));
        double draw = (double)(test_random(&seed) % 1001) / 1000;
        struct retry_decision decision = decide(policy, step, asked_ms, draw);
        CHECK("(1)", decision.again == (policy->retries == 0 || step < policy->retries));
        if (!decision.again)
            continue;
        int64_t exact_ms = policy_delay_ms(policy, step);
        int64_t delay_ms = decision.due_ms - 1000000;
        CHECK_INT("(4)", decide(policy, step, 0, 0.5).due_ms - 1000000, exact_ms);
        CHECK("(2)", delay_ms >= 0);
        CHECK("(2)", delay_ms >= exact_ms - exact_ms * policy->jitter_percent / 100 - 1);
        CHECK("(3)", delay_ms >= MIN_OF(asked_ms, RETRY_AFTER_MAX_MS));
    }
}

TEST(retry_after)
{
    static const struct {
        const char *value;
        int64_t seconds; /* from 1994-11-06 08:49:07; −1: refused */
    } cases[] = {
        { "0", 0 },
        { "120", 120 },
        { " 7 ", 7 },
        { "99999999999999999999999999", 100LL * 366 * 86400 },
        { "Sun, 06 Nov 1994 08:49:37 GMT", 30 },
        { "sun, 06 nov 1994 08:49:37 gmt", 30 },
        { "Sunday, 06-Nov-94 08:49:37 GMT", 30 },
        { "Sun Nov  6 08:49:37 1994", 30 },
        { "Wed Nov 16 08:49:07 1994", 10 * 86400 },
        { "Mon, 06 Nov 1994 08:49:37 GMT", 30 }, /* the day's name is not checked */
        { "Sun, 06 Nov 1994 08:49:00 GMT", 0 },  /* past */
        { "Sunday, 06-Nov-95 08:49:07 GMT", 365 * 86400 },
        { "Sunday, 06-Nov-70 08:49:37 GMT", 0 }, /* 2070 is more than 50 years ahead */
        { "", -1 },
        { "-1", -1 },
        { "1.5", -1 },
        { "12x", -1 },
        { "soon", -1 },
        { "Sun, 31 Feb 1994 08:49:37 GMT", -1 },
        { "Sun, 06 Nov 1994 08:49:37", -1 },
        { "Sun, 06 Nov 1994 08:49:37 UTC", -1 },
        { "Sun, 06 Nov 1994 24:49:37 GMT", -1 },
        { "Sun, 6 Nov 1994 08:49:37 GMT", -1 },
        { "1994-11-06T08:49:37Z", -1 },
        { "Sun Nov 6 08:49:37 1994", -1 },
        { "Sun Nov  6 08:49:37 1994 ", 30 },
    };

    int64_t now_ms;
    CHECK("now", instant_read(STR("1994-11-06T08:49:07Z"), &now_ms));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t ms = -1000;
        bool good = retry_after_read(str_c(cases[i].value), now_ms, &ms);
        CHECK_INT(cases[i].value, good ? ms / 1000 : -1, cases[i].seconds);
    }
}

RUN_TESTS(cmocka_unit_test(webhook_schedule), cmocka_unit_test(jitter_and_retry_after),
          cmocka_unit_test(postback), cmocka_unit_test(invariants), cmocka_unit_test(retry_after))
