/* SPDX-License-Identifier: MIT */
#include "base/percent.h"

#include "base/testing.h"

TEST(decodes)
{
    CLEANUP(arena_done) struct arena arena = {};

    static const struct {
        str text;
        bool plus;
        bool good;
        str want;
    } cases[] = {
        { STR_INIT("plain"), true, true, STR_INIT("plain") },
        { STR_INIT(""), true, true, STR_INIT("") },
        { STR_INIT("a+b%20c"), true, true, STR_INIT("a b c") },
        { STR_INIT("a+b%20c"), false, true, STR_INIT("a+b c") },
        { STR_INIT("%2f%2F%c3%BC"), false, true, STR_INIT("//\xc3\xbc") },
        { STR_INIT("%"), false, false, STR_INIT("") },
        { STR_INIT("%2"), false, false, STR_INIT("") },
        { STR_INIT("%2x"), false, false, STR_INIT("") },
        { STR_INIT("%+1"), false, false, STR_INIT("") },
        { STR_INIT("a%00b"), false, false, STR_INIT("") },
        { STR_INIT("%ff"), false, false, STR_INIT("") },
        { STR_INIT("%c3"), false, false, STR_INIT("") },
        { STR_INIT("%ed%a0%80"), false, false, STR_INIT("") },
        { STR_INIT("%2525"), false, true, STR_INIT("%25") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str got = {};
        bool good = percent_decode(&arena, cases[i].text, cases[i].plus, &got);
        CHECK_INT(cases[i].text.ptr, good, cases[i].good);
        CHECK_STR(cases[i].text.ptr, got, cases[i].want);
    }
}

TEST(encodes_what_decodes_again)
{
    static const struct {
        str text;
        str want;
    } cases[] = {
        { STR_INIT(""), STR_INIT("") },
        { STR_INIT("aZ09-._~"), STR_INIT("aZ09-._~") },
        { STR_INIT("a b&c=d/+%\xc3\xbc"), STR_INIT("a%20b%26c%3Dd%2F%2B%25%C3%BC") },
    };
    CLEANUP(arena_done) struct arena arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf buf;
        str again = {};
        buf_init(&buf, &arena, 200);
        percent_encode(&buf, cases[i].text, STR("%20"));
        CHECK_STR(cases[i].text.ptr, buf_str(&buf), cases[i].want);
        CHECK("it decodes", percent_decode(&arena, buf_str(&buf), false, &again));
        CHECK_STR(cases[i].text.ptr, again, cases[i].text);
    }
}

RUN_TESTS(cmocka_unit_test(decodes), cmocka_unit_test(encodes_what_decodes_again))
