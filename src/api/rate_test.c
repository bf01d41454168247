/* SPDX-License-Identifier: MIT */
#include "api/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void counts_by_the_minute(void **state)
{
    (void)state;
    struct rates *rates = rates_new();
    const int64_t now_ms = 1795255212000; /* 12 s into a minute */
    for (int i = 0; i < 3; i++) {
        struct rate rate = rates_take(rates, 7, 3, now_ms);
        assert_true(rate.taken);
        assert_int_equal(rate.remaining, 2 - i);
        assert_int_equal(rate.limit, 3);
        assert_int_equal(rate.reset_s, 1795255260);
        assert_int_equal(rate.wait_s, 48);
    }
    assert_false(rates_take(rates, 7, 3, now_ms).taken);
    assert_true(rates_take(rates, 8, 3, now_ms).taken);
    assert_false(rates_take(rates, 7, 3, now_ms + 47999).taken);
    assert_true(rates_take(rates, 7, 3, now_ms + 48000).taken);
    rates_free(rates);
}

static void gives_back(void **state)
{
    (void)state;
    struct rates *rates = rates_new();
    for (int i = 0; i < 20; i++) {
        assert_true(rates_take(rates, 7, 1, 60000).taken);
        rates_give_back(rates, 7, 60000);
    }
    assert_true(rates_take(rates, 7, 1, 60000).taken);
    rates_give_back(rates, 7, 120000); /* another minute: nothing to give back */
    assert_false(rates_take(rates, 7, 1, 60000).taken);
    rates_give_back(rates, 99, 60000); /* never taken */
    rates_free(rates);
}

static void stays_bounded(void **state)
{
    (void)state;
    struct rates *rates = rates_new();
    for (uint64_t subject = 1; subject <= 100000; subject++)
        assert_true(rates_take(rates, subject, 5, 60000).taken);
    rates_free(rates);
}

static void names_differ(void **state)
{
    (void)state;
    uint64_t a = rates_subject("login as", STR("ada@example.com"));
    assert_true(a > INT64_MAX);
    assert_true(a == rates_subject("login as", STR("ada@example.com")));
    assert_true(a != rates_subject("login from", STR("ada@example.com")));
    assert_true(a != rates_subject("login as", STR("bob@example.com")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_the_minute),
        cmocka_unit_test(gives_back),
        cmocka_unit_test(stays_bounded),
        cmocka_unit_test(names_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
