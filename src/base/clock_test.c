/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include "base/instant.h"
#include "base/testing.h"

TEST(follows_the_wall_clock)
{
    static const struct {
        const char *label;
        int64_t offset, wall, now, elapsed, want;
    } cases[] = {
        { "together", 1000, 5000, 5000, 100, 1000 },
        { "behind: catches up at once", 1000, 5400, 5000, 100, 1400 },
        { "a little ahead", 1000, 4995, 5000, 100, 995 },
        { "ahead: loses a tenth of the time", 1000, 4000, 5000, 100, 990 },
        { "ahead, no time passed", 1000, 4000, 5000, 0, 1000 },
        { "far ahead", 1000, 5000 - DAY_MS, 5000, 1000, 900 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_INT(cases[i].label,
                  clock_next_offset(cases[i].offset, cases[i].wall, cases[i].now, cases[i].elapsed),
                  cases[i].want);
}

/* The wall clock is an hour behind: time goes on, slower, until the two meet. */
TEST(never_goes_back)
{
    int64_t offset = 0;
    int64_t now = 0;
    int64_t mono = 0;
    int64_t step = 1000;
    int64_t rounds = 0;
    for (; mono + offset > mono - 3600000; rounds++) {
        mono += step;
        int64_t next = clock_next_offset(offset, mono - 3600000, mono + offset, step);
        CHECK("not faster", next <= offset);
        offset = next;
        CHECK("not back", mono + offset >= now);
        now = mono + offset;
    }
    CHECK_INT("met after ten times as long", rounds, 36000);
}

TEST(starts)
{
    struct clock clock;
    int64_t wall = clock_real_ms();
    clock_init(&clock, false, 0);
    CHECK("at the wall clock",
          clock_now_ms(&clock) - wall < 1000 && clock_now_ms(&clock) >= wall - 5);
    clock_init(&clock, false, wall + 3600000);
    CHECK("at what the store remembers", clock_now_ms(&clock) >= wall + 3600000);
    clock_init(&clock, false, wall + 2 * DAY_MS);
    CHECK("unless that is absurd", clock_now_ms(&clock) < wall + DAY_MS);
    clock_adjust(&clock);
    CHECK("adjusted", clock_now_ms(&clock) - clock_real_ms() < 1000);
}

TEST(test_clock_stands_still)
{
    struct clock clock;
    int64_t start = clock_real_ms() + 30 * DAY_MS;
    clock_init(&clock, true, start);
    CHECK_INT("starts where it stood", clock_now_ms(&clock), start);
    clock_adjust(&clock);
    CHECK_INT("stands", clock_now_ms(&clock), start);
    CHECK_INT("moves", clock_advance(&clock, 5000), start + 5000);
    CHECK_INT("has moved", clock_now_ms(&clock), start + 5000);
}

TEST(monotonic)
{
    int64_t before_us = clock_mono_us();
    int64_t at_ms = clock_mono_ms();
    int64_t after_us = clock_mono_us();
    CHECK("rises, on one scale", before_us / 1000 <= at_ms && at_ms <= after_us / 1000);
}

RUN_TESTS(cmocka_unit_test(follows_the_wall_clock), cmocka_unit_test(never_goes_back),
          cmocka_unit_test(starts), cmocka_unit_test(test_clock_stands_still),
          cmocka_unit_test(monotonic))
