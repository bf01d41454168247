/* SPDX-License-Identifier: MIT */
#include "delivery/rate.h"

#include "base/testing.h"

static int taken_at(struct rate *rate, int64_t now_ms)
{
    int count = 0;
    int64_t at_ms;
    while (count < 1000000 && rate_allows(rate, now_ms, &at_ms)) {
        rate_take(rate, now_ms);
        count++;
    }
    return count;
}

TEST(a_second_at_once)
{
    static const struct {
        int64_t per_minute;
        int at_once;
        int64_t interval_ms;
    } cases[] = { { 1, 1, 60000 }, { 60, 1, 1000 }, { 120, 2, 500 }, { 6000, 100, 10 } };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rate rate = { .per_minute = cases[i].per_minute };
        CHECK_INT("at once", taken_at(&rate, 1000000), cases[i].at_once);
        CHECK_INT("none", taken_at(&rate, 1000000 + cases[i].interval_ms - 1), 0);
        CHECK_INT("one", taken_at(&rate, 1000000 + cases[i].interval_ms), 1);
        CHECK_INT("full again", taken_at(&rate, 9000000), cases[i].at_once);
    }
}

TEST(no_limit)
{
    struct rate rate = {};
    int64_t at_ms;
    for (int i = 0; i < 100; i++) {
        CHECK("goes", rate_allows(&rate, 5, &at_ms));
        rate_take(&rate, 5);
    }
}

/* (4): what went under the old limit is waited for no longer than the new one says. */
TEST(another_limit)
{
    static const struct {
        const char *label;
        int64_t before;
        int64_t after;
        int64_t wait_ms;
    } cases[] = {
        { "raised", 1, 6000, 10 },    { "raised a little", 1, 2, 30000 },
        { "lowered", 6000, 1, 1000 }, { "the same", 60, 60, 1000 },
        { "none before", 0, 60, 0 },  { "none afterwards", 1, 0, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rate rate = { .per_minute = cases[i].before };
        int64_t at_ms = 1000000;
        (void)(rate.per_minute > 0 ? taken_at(&rate, 1000000) : 0);
        rate_set(&rate, cases[i].after, 1000000);
        bool now = rate_allows(&rate, 1000000, &at_ms);
        CHECK(cases[i].label, now == (cases[i].wait_ms == 0));
        CHECK_INT(cases[i].label, MAX_OF(at_ms - 1000000, 0), cases[i].wait_ms);
    }
}

#define ATTEMPTS 2000

/* The invariants at the head of rate.c, on random histories. */
TEST(invariants)
{
    uint64_t seed = 11;
    for (int history = 0; history < 60; history++) {
        static int64_t went_ms[ATTEMPTS];
        struct rate rate = { .per_minute = 1 + (int64_t)(test_random(&seed) % 9000) };
        int64_t now_ms = 5000;
        int count = 0;
        while (count < ATTEMPTS) {
            int64_t at_ms = 0;
            now_ms += (int64_t)(test_random(&seed) % 4 == 0 ? test_random(&seed) % 3000 : 0);
            if (rate_allows(&rate, now_ms, &at_ms)) {
                rate_take(&rate, now_ms);
                went_ms[count++] = now_ms;
                continue;
            }
            int64_t again_ms;
            CHECK("(3)", at_ms > now_ms && rate_allows(&rate, at_ms, &again_ms));
            CHECK("(3)", !rate_allows(&rate, at_ms - 1, &again_ms));
            CHECK("(2)", at_ms - went_ms[count - 1] <= 60000 / rate.per_minute + 1);
            if (test_random(&seed) % 2 == 0)
                now_ms = at_ms;
        }
        for (int from = 0; from < count; from += 37) {
            int to = from + (int)(test_random(&seed) % (uint64_t)(count - from));
            int64_t span_ms = went_ms[to] - went_ms[from];
            int64_t at_once = MAX_OF(rate.per_minute / 60, 1);
            int64_t worth = span_ms * 1000 / (60000000 / rate.per_minute);
            CHECK("(1)", to - from + 1 <= at_once + worth + 1);
        }
    }
}

RUN_TESTS(cmocka_unit_test(a_second_at_once), cmocka_unit_test(no_limit),
          cmocka_unit_test(another_limit), cmocka_unit_test(invariants))
