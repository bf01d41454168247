/* SPDX-License-Identifier: MIT */
#include "model/money.h"

#include "base/testing.h"

TEST(amounts)
{
    static const struct {
        const char *text;
        int64_t minor;
        const char *written;
    } cases[] = {
        { "294.00", 29400, "294.00" },
        { "294", 29400, "294.00" },
        { "0.3", 30, "0.30" },
        { ".05", 5, "0.05" },
        { "5.", 500, "5.00" },
        { "-5.00", -500, "-5.00" },
        { " 12.5 ", 1250, "12.50" },
        { "$1,234.50", 123450, "1234.50" },
        { "-$3", -300, "-3.00" },
        { "1,234,567", 123456700, "1234567.00" },
        { "0", 0, "0.00" },
        { "-0", 0, "0.00" },
        { "7.2500", 725, "7.25" },
        { "10000000000.00", MONEY_MAX, "10000000000.00" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t minor = -1;
        char text[MONEY_TEXT_MAX];
        CHECK(cases[i].text, money_read(str_c(cases[i].text), &minor));
        CHECK_INT(cases[i].text, minor, cases[i].minor);
        CHECK_STR(cases[i].text, money_write(minor, text), str_c(cases[i].written));
    }
}

TEST(what_is_none)
{
    static const char *const cases[] = {
        "",
        " ",
        "x",
        "1.2.3",
        "1.234",
        "--1",
        "1-",
        "1 2",
        "12,34",
        ",123",
        "1,2345",
        "1,23,456",
        "10000000000.01",
        "1e3",
        ".",
        "-",
        "$",
        "NaN",
        "99999999999999999999",
        "1.-5",
        "+5",
        "0x10",
        "1,",
        "1.0a",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK(cases[i], !money_read(str_c(cases[i]), &(int64_t){ 0 }));
}

/* What is written is read as the same. */
TEST(there_and_back)
{
    uint64_t seed = 7;
    for (int i = 0; i < 10000; i++) {
        int64_t minor = (int64_t)(test_random(&seed) % (2 * MONEY_MAX + 1)) - MONEY_MAX;
        int64_t again = 0;
        char text[MONEY_TEXT_MAX];
        CHECK("read", money_read(money_write(minor, text), &again));
        CHECK_INT("the same", again, minor);
    }
}

RUN_TESTS(cmocka_unit_test(amounts), cmocka_unit_test(what_is_none),
          cmocka_unit_test(there_and_back))
