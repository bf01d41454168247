/* SPDX-License-Identifier: MIT */
#include "delivery/breaker.h"

#include "base/testing.h"

#define LIMIT 8

TEST(opens_and_closes)
{
    struct breaker breaker = {};
    for (int i = 0; i < 4; i++)
        breaker_failure(&breaker, false, 1000);
    CHECK_INT("four", breaker_ask(&breaker, 1000), BREAKER_SEND);
    breaker_success(&breaker, LIMIT);
    for (int i = 0; i < 4; i++)
        breaker_failure(&breaker, false, 1000);
    CHECK_INT("four again", breaker_ask(&breaker, 1000), BREAKER_SEND);
    breaker_failure(&breaker, false, 1000);
    CHECK_INT("five", breaker_ask(&breaker, 1000), BREAKER_WAIT);
    CHECK_INT("almost", breaker_ask(&breaker, 1000 + BREAKER_WAIT_MS - 1), BREAKER_WAIT);
    CHECK_INT("probe", breaker_ask(&breaker, 1000 + BREAKER_WAIT_MS), BREAKER_PROBE);
    breaker_probe_begins(&breaker);
    CHECK_INT("one probe", breaker_ask(&breaker, 1000 + BREAKER_WAIT_MS), BREAKER_WAIT);
    breaker_success(&breaker, LIMIT);
    CHECK_INT("closed", breaker_ask(&breaker, 0), BREAKER_SEND);
}

TEST(starts_slowly)
{
    struct breaker breaker = {};
    CHECK_INT("well from the beginning", breaker_concurrency(&breaker, LIMIT), LIMIT);
    for (int i = 0; i < BREAKER_FAILURES; i++)
        breaker_failure(&breaker, false, 0);
    CHECK_INT("open", breaker_concurrency(&breaker, LIMIT), 1);
    breaker_probe_begins(&breaker);
    breaker_success(&breaker, LIMIT);
    for (int round = 1; round < LIMIT; round *= 2) {
        CHECK_INT("a round", breaker_concurrency(&breaker, LIMIT), round);
        for (int i = 0; i < round; i++)
            breaker_success(&breaker, LIMIT);
    }
    CHECK_INT("its limit", breaker_concurrency(&breaker, LIMIT), LIMIT);
    breaker_success(&breaker, LIMIT);
    CHECK_INT("and no more", breaker_concurrency(&breaker, LIMIT), LIMIT);
    for (int i = 0; i < BREAKER_FAILURES; i++)
        breaker_failure(&breaker, false, 0);
    breaker_success(&breaker, 1);
    CHECK_INT("a limit of one", breaker_concurrency(&breaker, 1), 1);
}

TEST(doubles)
{
    static const int64_t waits_s[] = { 30, 60, 120, 240, 480, 900, 900 };
    struct breaker breaker = {};
    int64_t now_ms = 0;
    for (int i = 0; i < BREAKER_FAILURES; i++)
        breaker_failure(&breaker, false, now_ms);
    for (size_t i = 0; i < COUNT_OF(waits_s); i++) {
        CHECK_INT("wait", breaker.probe_at_ms - now_ms, waits_s[i] * 1000);
        now_ms = breaker.probe_at_ms;
        CHECK_INT("probe", breaker_ask(&breaker, now_ms), BREAKER_PROBE);
        breaker_probe_begins(&breaker);
        breaker_failure(&breaker, true, now_ms);
    }
}

TEST(late_results)
{
    struct breaker breaker = {};
    for (int i = 0; i < 8; i++) /* three of them under way when it opened */
        breaker_failure(&breaker, false, 500);
    CHECK_INT("waits once", breaker.probe_at_ms, 500 + BREAKER_WAIT_MS);
    breaker_probe_begins(&breaker);
    breaker_failure(&breaker, false, 40000);
    CHECK_INT("still probing", breaker.state, BREAKER_PROBING);
    breaker_probe_lost(&breaker);
    CHECK_INT("the next one probes", breaker_ask(&breaker, 40000), BREAKER_PROBE);
}

TEST(restores)
{
    static const struct {
        const char *label;
        int64_t wait_ms, probe_at_ms, want_wait_ms, want_probe_ms;
    } cases[] = {
        { "as it was", 60000, 1030000, 60000, 1030000 },
        { "its time is over", 60000, 500000, 60000, 500000 },
        { "a clock that was ahead", 60000, 999000000, 60000, 1060000 },
        { "a wait that is none", 1, 1000001, BREAKER_WAIT_MS, 1000001 },
        { "a wait without end", INT64_MAX, INT64_MAX, BREAKER_WAIT_MAX_MS,
          1000000 + BREAKER_WAIT_MAX_MS },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct breaker breaker = breaker_restore(cases[i].wait_ms, cases[i].probe_at_ms, 1000000);
        CHECK_INT(cases[i].label, breaker.state, BREAKER_OPEN);
        CHECK_INT(cases[i].label, breaker.wait_ms, cases[i].want_wait_ms);
        CHECK_INT(cases[i].label, breaker.probe_at_ms, cases[i].want_probe_ms);
    }
}

/* The invariants at the head of breaker.c, on random histories. */
TEST(invariants)
{
    uint64_t seed = 7;
    for (int history = 0; history < 500; history++) {
        struct breaker breaker = {};
        int64_t now_ms = 0;
        int in_a_row = 0;
        int probes = 0;
        for (int i = 0; i < 200; i++) {
            enum breaker_verdict verdict = breaker_ask(&breaker, now_ms);
            struct breaker before = breaker;
            switch (test_random(&seed) % 5) {
            case 0:
                breaker_success(&breaker, LIMIT);
                CHECK_INT("(4)", breaker_ask(&breaker, now_ms), BREAKER_SEND);
                in_a_row = probes = 0;
                break;
            case 1:
                in_a_row++;
                breaker_failure(&breaker, false, now_ms);
                CHECK("(2)", breaker.state != BREAKER_OPEN || before.state != BREAKER_CLOSED ||
                                 in_a_row >= BREAKER_FAILURES);
                CHECK("(3)", before.state == BREAKER_CLOSED || breaker.wait_ms == before.wait_ms);
                break;
            case 2:
                if (verdict != BREAKER_PROBE)
                    break;
                breaker_probe_begins(&breaker);
                CHECK("(1)", ++probes == 1);
                break;
            case 3:
                if (probes == 0)
                    break;
                probes = 0;
                breaker_failure(&breaker, true, now_ms);
                CHECK("(3)", breaker.wait_ms == MIN_OF(before.wait_ms * 2, BREAKER_WAIT_MAX_MS));
                break;
            default:
                now_ms += (int64_t)(test_random(&seed) % 100000);
            }
            int now = breaker_concurrency(&breaker, LIMIT);
            bool closed = breaker.state == BREAKER_CLOSED;
            CHECK("(5)", closed ? now >= 1 && now <= LIMIT : now == 1);
            CHECK("(5)", now == LIMIT || now <= breaker_concurrency(&before, LIMIT) + 1);
            CHECK("(5)", !closed || before.state == BREAKER_CLOSED || now == 1);
            if (breaker.state != BREAKER_CLOSED)
                CHECK("(3)",
                      breaker.wait_ms >= BREAKER_WAIT_MS && breaker.wait_ms <= BREAKER_WAIT_MAX_MS);
        }
    }
}

RUN_TESTS(cmocka_unit_test(opens_and_closes), cmocka_unit_test(starts_slowly),
          cmocka_unit_test(doubles), cmocka_unit_test(late_results), cmocka_unit_test(restores),
          cmocka_unit_test(invariants))
