/* SPDX-License-Identifier: MIT */
#include "base/testing.h"
#include "json/json.h"

TEST(knows_the_grammar)
{
    static const struct {
        str text;
        bool good;
    } cases[] = {
        { STR_INIT("0"), true },      { STR_INIT("-0"), true },
        { STR_INIT("10"), true },     { STR_INIT("0.5"), true },
        { STR_INIT("-1.50"), true },  { STR_INIT("1e3"), true },
        { STR_INIT("1E+3"), true },   { STR_INIT("1.5e-30"), true },
        { STR_INIT("0e0"), true },    { STR_INIT("149.950"), true },
        { STR_INIT(""), false },      { STR_INIT("-"), false },
        { STR_INIT("+1"), false },    { STR_INIT("01"), false },
        { STR_INIT("-01"), false },   { STR_INIT(".5"), false },
        { STR_INIT("1."), false },    { STR_INIT("1.e3"), false },
        { STR_INIT("1e"), false },    { STR_INIT("1e+"), false },
        { STR_INIT("1e3.5"), false }, { STR_INIT("1,5"), false },
        { STR_INIT("1 "), false },    { STR_INIT(" 1"), false },
        { STR_INIT("1\0"), false },   { STR_INIT("0x1"), false },
        { STR_INIT("NaN"), false },   { STR_INIT("--1"), false },
        { STR_INIT("1e--1"), false }, { STR_INIT("Infinity"), false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_INT(cases[i].text.ptr, json_is_number(cases[i].text), cases[i].good);
}

TEST(finds_whole_numbers)
{
    static const struct {
        str text;
        bool good;
        int64_t value;
    } cases[] = {
        { STR_INIT("7"), true, 7 },
        { STR_INIT("7.0"), true, 7 },
        { STR_INIT("7e0"), true, 7 },
        { STR_INIT("70e-1"), true, 7 },
        { STR_INIT("0.7e1"), true, 7 },
        { STR_INIT("0.0007E+4"), true, 7 },
        { STR_INIT("-0"), true, 0 },
        { STR_INIT("-0.0"), true, 0 },
        { STR_INIT("0e99999999999999999999"), true, 0 },
        { STR_INIT("0.000e-99999999999999999999"), true, 0 },
        { STR_INIT("1e18"), true, 1000000000000000000 },
        { STR_INIT("9223372036854775807"), true, INT64_MAX },
        { STR_INIT("9223372036854775807.000"), true, INT64_MAX },
        { STR_INIT("-9223372036854775808"), true, INT64_MIN },
        { STR_INIT("-9.223372036854775808e18"), true, INT64_MIN },
        { STR_INIT("9223372036854775808"), false, 0 },
        { STR_INIT("-9223372036854775809.0"), false, 0 },
        { STR_INIT("1e19"), false, 0 },
        { STR_INIT("1e99999999999999999999"), false, 0 },
        { STR_INIT("1e-99999999999999999999"), false, 0 },
        { STR_INIT("7.5"), false, 0 },
        { STR_INIT("75e-1"), false, 0 },
        { STR_INIT("0.1"), false, 0 },
        { STR_INIT("007"), false, 0 },
        { STR_INIT(""), false, 0 },
        { STR_INIT("x"), false, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t value = 42;
        CHECK_INT(cases[i].text.ptr, json_number_to_int64(cases[i].text, &value), cases[i].good);
        CHECK_INT(cases[i].text.ptr, value, cases[i].good ? cases[i].value : 42);
    }
}

TEST(fits_a_double)
{
    static const struct {
        str text;
        bool fits;
    } cases[] = {
        { STR_INIT("0"), true },
        { STR_INIT("-0.0"), true },
        { STR_INIT("0e400"), true },
        { STR_INIT("0.00e99999999999999999999"), true },
        { STR_INIT("149.950"), true },
        { STR_INIT("1e308"), true },
        { STR_INIT("-1e308"), true },
        { STR_INIT("1e309"), false },
        { STR_INIT("-1e309"), false },
        { STR_INIT("1e400"), false },
        { STR_INIT("-1E+400"), false },
        { STR_INIT("0.1e309"), true },
        { STR_INIT("0.00017e312"), true },
        { STR_INIT("0.00018e312"), false },
        { STR_INIT("1.7976931348623157e308"), true },
        { STR_INIT("17976931348623157e292"), true },
        { STR_INIT("1.7976931348623158e308"), false },
        { STR_INIT("1.8e308"), false },
        { STR_INIT("2e308"), false },
        { STR_INIT("1e-400"), true },
        { STR_INIT("1e99999999999999999999"), false },
        { STR_INIT("1e-99999999999999999999"), true },
        { STR_INIT("x"), false },
        { STR_INIT("1e"), false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_INT(cases[i].text.ptr, json_number_fits_double(cases[i].text), cases[i].fits);
    char digits[400];
    memset(digits, '9', sizeof(digits));
    CHECK("308 digits", json_number_fits_double(str_from(digits, 308)));
    CHECK("309 digits", !json_number_fits_double(str_from(digits, 309)));
    CHECK("400 digits", !json_number_fits_double(str_from(digits, 400)));
}

/* The same number, its point and exponent elsewhere. */
TEST(however_it_is_written)
{
    uint64_t random = 9;
    for (int i = 0; i < 20000; i++) {
        CLEANUP(arena_done) struct arena arena = {};
        int64_t number = (int64_t)test_random(&random) >> (test_random(&random) % 64);
        bool negative = number < 0;
        str digits = arena_format(&arena, "%lld", (long long)number);
        digits = negative ? str_skip(digits, 1) : digits;
        size_t point = 1 + test_random(&random) % digits.len;
        str fraction = str_skip(digits, point);
        str text = arena_format(&arena, "%s%.*s.%.*s0e%zu", negative ? "-" : "", (int)point,
                                digits.ptr, STR_ARG(fraction), fraction.len);
        int64_t again;
        CHECK(text.ptr, json_number_to_int64(text, &again));
        CHECK_INT(text.ptr, again, number);
    }
}

TEST(takes_endless_digits)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct buf buf;
    buf_init(&buf, &arena, SIZE_MAX);
    buf_add(&buf, STR("0."));
    for (int i = 0; i < 99999; i++)
        buf_char(&buf, '0');
    buf_add(&buf, STR("12e100001"));
    int64_t value;
    CHECK("whole", json_number_to_int64(buf_str(&buf), &value));
    CHECK_INT("12", value, 12);
}

RUN_TESTS(cmocka_unit_test(knows_the_grammar), cmocka_unit_test(finds_whole_numbers),
          cmocka_unit_test(fits_a_double), cmocka_unit_test(however_it_is_written),
          cmocka_unit_test(takes_endless_digits))
