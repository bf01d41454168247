/* SPDX-License-Identifier: MIT */
#include "base/instant.h"

#include "base/testing.h"

static str written(int64_t at_ms, char *text)
{
    instant_write(at_ms, text);
    return str_from(text, INSTANT_TEXT_LEN);
}

TEST(writes)
{
    static const struct {
        int64_t at_ms;
        str text;
    } cases[] = {
        { 0, STR_INIT("1970-01-01T00:00:00.000Z") },
        { 1, STR_INIT("1970-01-01T00:00:00.001Z") },
        { -1, STR_INIT("1969-12-31T23:59:59.999Z") },
        { 951782400000, STR_INIT("2000-02-29T00:00:00.000Z") },
        { 951868800000, STR_INIT("2000-03-01T00:00:00.000Z") },
        { 1795255200123, STR_INIT("2026-11-21T10:00:00.123Z") },
        { 4107542399999, STR_INIT("2100-02-28T23:59:59.999Z") },
        { 4107542400000, STR_INIT("2100-03-01T00:00:00.000Z") },
        { -62135596800000, STR_INIT("0001-01-01T00:00:00.000Z") },
        { 253402300799999, STR_INIT("9999-12-31T23:59:59.999Z") },
        { INT64_MIN, STR_INIT("0001-01-01T00:00:00.000Z") },
        { INT64_MAX, STR_INIT("9999-12-31T23:59:59.999Z") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[INSTANT_TEXT_LEN];
        CHECK_STR(cases[i].text.ptr, written(cases[i].at_ms, text), cases[i].text);
    }
}

TEST(reads)
{
    static const struct {
        str text;
        str want; /* empty: refused */
    } cases[] = {
        { STR_INIT("2026-11-21"), STR_INIT("2026-11-21T00:00:00.000Z") },
        { STR_INIT("2026-11-21T10:00:00Z"), STR_INIT("2026-11-21T10:00:00.000Z") },
        { STR_INIT("2026-11-21t10:00:00z"), STR_INIT("2026-11-21T10:00:00.000Z") },
        { STR_INIT("2026-11-21 10:00:00Z"), STR_INIT("2026-11-21T10:00:00.000Z") },
        { STR_INIT("2026-11-21T10:00:00.1Z"), STR_INIT("2026-11-21T10:00:00.100Z") },
        { STR_INIT("2026-11-21T10:00:00.123456789Z"), STR_INIT("2026-11-21T10:00:00.123Z") },
        { STR_INIT("2026-11-21T10:00:00.1234567890Z"), STR_INIT("") },
        { STR_INIT("2026-11-21T10:00:00.Z"), STR_INIT("") },
        { STR_INIT("2026-11-21T10:00:00+02:00"), STR_INIT("2026-11-21T08:00:00.000Z") },
        { STR_INIT("2026-11-21T10:00:00-23:59"), STR_INIT("2026-11-22T09:59:00.000Z") },
        { STR_INIT("2026-11-21T10:00:00-00:00"), STR_INIT("2026-11-21T10:00:00.000Z") },
        { STR_INIT("2016-12-31T23:59:60Z"), STR_INIT("2016-12-31T23:59:59.999Z") },
        { STR_INIT("2026-11-21T10:00:61Z"), STR_INIT("") },
        { STR_INIT("2026-11-21T24:00:00Z"), STR_INIT("") },
        { STR_INIT("2026-11-21T10:60:00Z"), STR_INIT("") },
        { STR_INIT("2026-11-21T10:00:00"), STR_INIT("") },
        { STR_INIT("2026-11-21T10:00Z"), STR_INIT("") },
        { STR_INIT("2026-11-21T10:00:00+0200"), STR_INIT("") },
        { STR_INIT("2026-11-21T10:00:00+24:00"), STR_INIT("") },
        { STR_INIT("2026-11-21T10:00:00Z "), STR_INIT("") },
        { STR_INIT(" 2026-11-21"), STR_INIT("") },
        { STR_INIT("2024-02-29"), STR_INIT("2024-02-29T00:00:00.000Z") },
        { STR_INIT("2026-02-29"), STR_INIT("") },
        { STR_INIT("1900-02-29"), STR_INIT("") },
        { STR_INIT("2026-04-31"), STR_INIT("") },
        { STR_INIT("2026-13-01"), STR_INIT("") },
        { STR_INIT("2026-00-01"), STR_INIT("") },
        { STR_INIT("2026-01-00"), STR_INIT("") },
        { STR_INIT("0000-01-01"), STR_INIT("") },
        { STR_INIT("26-01-01"), STR_INIT("") },
        { STR_INIT("2026-1-1"), STR_INIT("") },
        { STR_INIT("2026/01/01"), STR_INIT("") },
        { STR_INIT("+2026-01-01"), STR_INIT("") },
        { STR_INIT(""), STR_INIT("") },
        { STR_INIT("2026\0"
                   "01-01"),
          STR_INIT("") },
        { STR_INIT("2026-01-01\0"
                   "10:00:00Z"),
          STR_INIT("") },
        { STR_INIT("2026-01-01T10:00:00\0"), STR_INIT("") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t at_ms;
        char text[INSTANT_TEXT_LEN];
        bool good = instant_read(cases[i].text, &at_ms);
        CHECK_STR(cases[i].text.ptr, good ? written(at_ms, text) : STR(""), cases[i].want);
    }
}

TEST(reads_what_it_writes)
{
    uint64_t random = 11;
    for (int i = 0; i < 200000; i++) {
        int64_t at_ms = (int64_t)(test_random(&random) % 315537897600000) - 62135596800000;
        char text[INSTANT_TEXT_LEN];
        int64_t again;
        CHECK("reads", instant_read(written(at_ms, text), &again));
        CHECK_INT("the same", again, at_ms);
    }
}

TEST(every_day_follows_the_one_before)
{
    char day[INSTANT_TEXT_LEN];
    char before[INSTANT_TEXT_LEN] = "0000";
    for (int64_t at_ms = -62135596800000; at_ms < 253402300800000; at_ms += 86400000) {
        str text = written(at_ms, day);
        int64_t again;
        CHECK("rises", memcmp(before, day, 10) < 0);
        CHECK("reads", instant_read(str_head(text, 10), &again));
        CHECK_INT("the same", again, at_ms);
        memcpy(before, day, sizeof(day));
    }
}

RUN_TESTS(cmocka_unit_test(writes), cmocka_unit_test(reads), cmocka_unit_test(reads_what_it_writes),
          cmocka_unit_test(every_day_follows_the_one_before))
