/* SPDX-License-Identifier: MIT */
#include "mapping/decimal.h"

#include "base/testing.h"
#include "json/json.h"

static int compare(const char *a, const char *b)
{
    CHECK(a, json_is_number(str_c(a)));
    CHECK(b, json_is_number(str_c(b)));
    struct decimal left = decimal_read(str_c(a));
    struct decimal right = decimal_read(str_c(b));
    return decimal_compare(&left, &right);
}

TEST(equal_however_it_is_written)
{
    static const char *const same[][2] = {
        { "0.1", "0.10" },         { "1e2", "100" },
        { "1E+2", "100.00" },      { "0", "-0" },
        { "0", "-0.000e7" },       { "0e99999999999999999999", "0" },
        { "12.5", "0.125e2" },     { "12.5", "1250e-2" },
        { "-12.5", "-1.25e1" },    { "0.001", "1e-3" },
        { "0.0010", "0.00001e2" }, { "1000000000000000000000000000000", "1e30" },
        { "10.01e-1", "1.001" },   { "1e007", "10000000" },
    };
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        CHECK_INT(same[i][0], compare(same[i][0], same[i][1]), 0);
        CHECK_INT(same[i][0], compare(same[i][1], same[i][0]), 0);
    }
}

/* Each is less than the next, and so than all behind it. */
TEST(in_order)
{
    static const char *const rising[] = {
        "-1e99999999999",
        "-123456789012345678901234567891",
        "-123456789012345678901234567890",
        "-100",
        "-99.9",
        "-1.01",
        "-1.001",
        "-1",
        "-1e-9",
        "0",
        "1e-400",
        "0.00001",
        "0.1",
        "0.11",
        "0.9",
        "1",
        "1.0000000000000000000000000000000001",
        "9.99",
        "10",
        "10.01",
        "10.1",
        "99",
        "101",
        "9007199254740992",
        "9007199254740993",
        "123456789012345678901234567890",
        "123456789012345678901234567890.5",
        "123456789012345678901234567891",
        "1e309",
        "1e310",
        "1e999999999999",
    };
    for (size_t i = 0; i < COUNT_OF(rising); i++)
        for (size_t k = 0; k < COUNT_OF(rising); k++) {
            int order = compare(rising[i], rising[k]);
            CHECK_INT(rising[i], (order > 0) - (order < 0), (i > k) - (i < k));
        }
}

/* What the head says of exponents that no number of use has. */
TEST(exponents_end_somewhere)
{
    CHECK("in order up to there", compare("1e999999999999", "1e1000000000000") < 0);
    CHECK("a longer one is not less", compare("1e9999999999999", "1e20000000000000") <= 0);
    CHECK("nor above it", compare("1e-9999999999999", "1e-20000000000000") >= 0);
    CHECK("signs differ", compare("-1e20000000000000", "1e-20000000000000") < 0);
}

RUN_TESTS(cmocka_unit_test(equal_however_it_is_written), cmocka_unit_test(in_order),
          cmocka_unit_test(exponents_end_somewhere))
