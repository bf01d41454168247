/* SPDX-License-Identifier: MIT
 * base/testing.h: what each foo_test.c starts with: cmocka, and checks that name the case. For
 * tests only. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* cmocka and base/fail.h both have a fail(); tests need ours. */
#pragma push_macro("fail")
#undef fail
#include <cmocka.h>
#undef fail
#pragma pop_macro("fail")

#include "base/str.h"

#undef fail_msg
#define fail_msg(...)                                                                              \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        print_error("\n");                                                                         \
        _fail(__FILE__, __LINE__);                                                                 \
    } while (0)

#define TEST(name) static void name(__attribute__((unused)) void **state)

/* `label` is a C string; it may be a case's. */
#define CHECK(label, condition)                                                                    \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s: not %s", (label), #condition);                                           \
    } while (0)

#define CHECK_STR(label, got, want)                                                                \
    do {                                                                                           \
        str got_text = (got);                                                                      \
        str want_text = (want);                                                                    \
        if (!str_equal(got_text, want_text))                                                       \
            fail_msg("%s: \"%.*s\" is not \"%.*s\"", (label), STR_ARG(got_text),                   \
                     STR_ARG(want_text));                                                          \
    } while (0)

#define CHECK_INT(label, got, want)                                                                \
    do {                                                                                           \
        long long got_number = (long long)(got);                                                   \
        long long want_number = (long long)(want);                                                 \
        if (got_number != want_number)                                                             \
            fail_msg("%s: %lld is not %lld", (label), got_number, want_number);                    \
    } while (0)

#define RUN_TESTS(...)                                                                             \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest tests[] = { __VA_ARGS__ };                                         \
        return cmocka_run_group_tests(tests, NULL, NULL);                                          \
    }

/* A small generator, the same on every run: xorshift64*, Vigna. `state` is not 0. */
static inline uint64_t test_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}
