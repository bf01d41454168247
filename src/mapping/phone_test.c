/* SPDX-License-Identifier: MIT */
#include "mapping/phone.h"

#include "base/testing.h"

TEST(reads)
{
    static const struct {
        str text;
        const char *country;
        const char *want; /* empty: refused */
    } cases[] = {
        { STR_INIT("+34666777888"), "", "+34666777888" },
        { STR_INIT(" +34 666 77-78.88 "), "", "+34666777888" },
        { STR_INIT("+34 (666) 777 888"), "", "+34666777888" },
        { STR_INIT("+44 (0)20 7946 0958"), "", "+442079460958" },
        { STR_INIT("+44(0)20 7946 0958"), "ES", "+442079460958" },
        { STR_INIT("+39 (0)6 698 12345"), "", "+390669812345" },
        { STR_INIT("+44 020 7946 0958"), "", "+4402079460958" },
        { STR_INIT("666777888"), "ES", "+34666777888" },
        { STR_INIT("666777888"), "", "" },
        { STR_INIT("0034666777888"), "ES", "+34666777888" },
        { STR_INIT("0034666777888"), "", "" },
        { STR_INIT("020 7946 0958"), "GB", "+442079460958" },
        { STR_INIT("(020) 7946 0958"), "GB", "+442079460958" },
        { STR_INIT("20 7946 0958"), "GB", "+442079460958" },
        { STR_INIT("030/1234567"), "DE", "" },
        { STR_INIT("030 1234567"), "DE", "+49301234567" },
        { STR_INIT("06 698 12345"), "IT", "+390669812345" },
        { STR_INIT("347 1234567"), "IT", "+393471234567" },
        { STR_INIT("(212) 555-1234"), "US", "+12125551234" },
        { STR_INIT("1 (212) 555-1234"), "US", "+12125551234" },
        { STR_INIT("1-416-555-1234"), "CA", "+14165551234" },
        { STR_INIT("809 555 1234"), "DO", "+18095551234" },
        { STR_INIT("8 (916) 123-45-67"), "RU", "+79161234567" },
        { STR_INIT("800 555 35 35"), "RU", "+78005553535" },
        { STR_INIT("06 20 123 4567"), "HU", "+36201234567" },
        { STR_INIT("20 123 4567"), "HU", "+36201234567" },
        { STR_INIT("8 029 1234567"), "BY", "+375291234567" },
        { STR_INIT("+123456"), "", "+123456" },
        { STR_INIT("+12345"), "", "" },
        { STR_INIT("+123456789012345"), "", "+123456789012345" },
        { STR_INIT("+1234567890123456"), "", "" },
        { STR_INIT("12345"), "ES", "" },
        { STR_INIT("123456"), "ES", "+34123456" },
        { STR_INIT("12345678901234"), "ES", "" },
        { STR_INIT("+0123456789"), "", "" },
        { STR_INIT("000123456789"), "ES", "" },
        { STR_INIT("+"), "", "" },
        { STR_INIT(""), "ES", "" },
        { STR_INIT("()"), "ES", "" },
        { STR_INIT("++34666777888"), "", "" },
        { STR_INIT("34+666777888"), "ES", "" },
        { STR_INIT("+34 666 777 888 x12"), "", "" },
        { STR_INIT("+34666777888\0"), "", "" },
        { STR_INIT("+34\xc2\xa0"
                   "666777888"),
          "", "" },
        { STR_INIT("call me"), "ES", "" },
        { STR_INIT("666777888"), "ZZ", "" },
        { STR_INIT("1111111111111111111111111111111111111111"), "ES", "" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        str number = {};
        bool good = phone_read(cases[i].text, str_c(cases[i].country), &arena, &number);
        CHECK_STR(cases[i].text.ptr, number, str_c(cases[i].want));
        CHECK_INT(cases[i].text.ptr, good, cases[i].want[0] != '\0');
    }
}

TEST(knows_countries)
{
    static const char *const known[] = { "AC", "AD", "DE", "ES", "GB", "IT", "US", "ZW" };
    static const char *const unknown[] = { "", "A", "de", "DEU", "ZZ", "XX", "UK", "34" };
    for (size_t i = 0; i < COUNT_OF(known); i++)
        CHECK(known[i], phone_country_is_known(str_c(known[i])));
    for (size_t i = 0; i < COUNT_OF(unknown); i++)
        CHECK(unknown[i], !phone_country_is_known(str_c(unknown[i])));
    int count = 0;
    for (int first = 'A'; first <= 'Z'; first++) {
        for (int second = 'A'; second <= 'Z'; second++) {
            char code[2] = { (char)first, (char)second };
            count += phone_country_is_known(str_from(code, 2));
        }
    }
    CHECK_INT("all of them are found", count, 245);
}

/* What was read is read as itself. */
TEST(reads_what_it_writes)
{
    uint64_t random = 17;
    static const char letters[] = "0123456789 .-()+";
    for (int i = 0; i < 100000; i++) {
        CLEANUP(arena_done) struct arena arena = {};
        char text[20];
        size_t length = test_random(&random) % sizeof(text);
        for (size_t k = 0; k < length; k++)
            text[k] = letters[test_random(&random) % 16];
        str number;
        str again;
        if (!phone_read(str_from(text, length), STR("FR"), &arena, &number))
            continue;
        CHECK("6 to 15 digits", number.len >= 7 && number.len <= 16);
        CHECK("reads", phone_read(number, (str){}, &arena, &again));
        CHECK_STR("the same", again, number);
    }
}

RUN_TESTS(cmocka_unit_test(reads), cmocka_unit_test(knows_countries),
          cmocka_unit_test(reads_what_it_writes))
