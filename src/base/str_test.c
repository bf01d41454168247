/* SPDX-License-Identifier: MIT */
#include "base/str.h"

#include "base/testing.h"

TEST(compares)
{
    static const struct {
        const char *label;
        str a, b;
        int order;
        bool nocase;
    } cases[] = {
        { "both empty", {}, STR_INIT(""), 0, true },
        { "same", STR_INIT("abc"), STR_INIT("abc"), 0, true },
        { "prefix sorts first", STR_INIT("ab"), STR_INIT("abc"), -1, false },
        { "empty sorts first", {}, STR_INIT("a"), -1, false },
        { "bytes, not letters", STR_INIT("Z"), STR_INIT("a"), -1, false },
        { "bytes are unsigned", STR_INIT("\x7f"), STR_INIT("\x80"), -1, false },
        { "NUL is a byte", STR_INIT("a\0b"), STR_INIT("a\0c"), -1, false },
        { "case", STR_INIT("CONTENT-Type"), STR_INIT("content-tYPE"), -1, true },
        { "only letters have case", STR_INIT("@"), STR_INIT("`"), -1, false },
        { "not beyond ASCII", STR_INIT("\xc3\x84"), STR_INIT("\xc3\xa4"), -1, false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int order = str_compare(cases[i].a, cases[i].b);
        CHECK_INT(cases[i].label, order < 0 ? -1 : order > 0, cases[i].order);
        int back = str_compare(cases[i].b, cases[i].a);
        CHECK_INT(cases[i].label, back < 0 ? -1 : back > 0, -cases[i].order);
        CHECK_INT(cases[i].label, str_equal(cases[i].a, cases[i].b), cases[i].order == 0);
        CHECK_INT(cases[i].label, str_equal_nocase(cases[i].a, cases[i].b), cases[i].nocase);
    }
}

TEST(looks_at_ends)
{
    CHECK("starts", str_starts(STR("abc"), STR("ab")));
    CHECK("starts with nothing", str_starts(STR(""), STR("")));
    CHECK("too short to start", !str_starts(STR("a"), STR("ab")));
    CHECK("ends", str_ends(STR("abc"), STR("bc")));
    CHECK("ends with itself", str_ends(STR("abc"), STR("abc")));
    CHECK("too short to end", !str_ends(STR("c"), STR("bc")));
    CHECK("ends with nothing", str_ends((str){}, STR("")));
    CHECK_INT("first", str_index(STR("abcb"), 'b'), 1);
    CHECK_INT("none", str_index(STR("abc"), 'x'), -1);
    CHECK_INT("none in nothing", str_index((str){}, 'x'), -1);
    CHECK_INT("NUL", str_index(STR("a\0"), '\0'), 1);
}

TEST(cuts)
{
    str rest = STR("a,,b");
    CHECK_STR("first", str_cut(&rest, ','), STR("a"));
    CHECK_STR("empty part", str_cut(&rest, ','), STR(""));
    CHECK_STR("last", str_cut(&rest, ','), STR("b"));
    CHECK_INT("nothing left", rest.len, 0);
    CHECK_STR("of nothing", str_cut(&rest, ','), STR(""));
    rest = STR("a,");
    CHECK_STR("before the end", str_cut(&rest, ','), STR("a"));
    CHECK_STR("after the end", str_cut(&rest, ','), STR(""));
}

TEST(trims)
{
    CHECK_STR("both ends", str_trim(STR(" \t\r\n\f\va b ")), STR("a b"));
    CHECK_STR("all blank", str_trim(STR("  ")), STR(""));
    CHECK_STR("nothing", str_trim((str){}), STR(""));
    CHECK_STR("NUL is not blank", str_trim(STR(" \0 ")), STR("\0"));
    CHECK_STR("no-break space is not ASCII", str_trim(STR("\xc2\xa0")), STR("\xc2\xa0"));
}

TEST(reads_int64)
{
    static const struct {
        str text;
        bool good;
        int64_t value;
    } cases[] = {
        { STR_INIT("0"), true, 0 },
        { STR_INIT("-0"), true, 0 },
        { STR_INIT("007"), true, 7 },
        { STR_INIT("9223372036854775807"), true, INT64_MAX },
        { STR_INIT("9223372036854775808"), false, 0 },
        { STR_INIT("-9223372036854775808"), true, INT64_MIN },
        { STR_INIT("-9223372036854775809"), false, 0 },
        { STR_INIT("99999999999999999999999"), false, 0 },
        { STR_INIT(""), false, 0 },
        { STR_INIT("-"), false, 0 },
        { STR_INIT("+1"), false, 0 },
        { STR_INIT(" 1"), false, 0 },
        { STR_INIT("1 "), false, 0 },
        { STR_INIT("1\0"), false, 0 },
        { STR_INIT("0x1"), false, 0 },
        { STR_INIT("1e3"), false, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t value = 42;
        bool good = str_to_int64(cases[i].text, &value);
        CHECK_INT(cases[i].text.ptr, good, cases[i].good);
        CHECK_INT(cases[i].text.ptr, value, good ? cases[i].value : 42);
    }
}

TEST(knows_utf8)
{
    static const struct {
        const char *label;
        str text;
        bool good;
    } cases[] = {
        { "empty", {}, true },
        { "ASCII", STR_INIT("plain text, longer than a word"), true },
        { "NUL", STR_INIT("\0"), true },
        { "two bytes", STR_INIT("\xc2\x80"), true },
        { "three bytes", STR_INIT("\xe2\x82\xac"), true },
        { "four bytes", STR_INIT("\xf0\x9f\x98\x80"), true },
        { "the last character", STR_INIT("\xf4\x8f\xbf\xbf"), true },
        { "above the last", STR_INIT("\xf4\x90\x80\x80"), false },
        { "overlong slash, two", STR_INIT("\xc0\xaf"), false },
        { "overlong slash, three", STR_INIT("\xe0\x80\xaf"), false },
        { "overlong slash, four", STR_INIT("\xf0\x80\x80\xaf"), false },
        { "surrogate", STR_INIT("\xed\xa0\x80"), false },
        { "before the surrogates", STR_INIT("\xed\x9f\xbf"), true },
        { "lone continuation", STR_INIT("\x80"), false },
        { "cut off", STR_INIT("12345678\xe2\x82"), false },
        { "continuation missing", STR_INIT("\xe2\x82z"), false },
        { "five bytes", STR_INIT("\xf8\x88\x80\x80\x80"), false },
        { "0xff", STR_INIT("\xff"), false },
        { "bad byte behind whole words", STR_INIT("1234567812345678\xc3"), false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_INT(cases[i].label, str_is_utf8(cases[i].text), cases[i].good);
}

TEST(takes_c_strings)
{
    CHECK_INT("NULL", str_c(NULL).len, 0);
    CHECK_STR("text", str_c("abc"), STR("abc"));
    CHECK_STR("head", str_head(STR("abc"), 2), STR("ab"));
    CHECK_STR("head of less", str_head(STR("abc"), 9), STR("abc"));
    CHECK_STR("skip", str_skip(STR("abc"), 3), STR(""));
}

RUN_TESTS(cmocka_unit_test(compares), cmocka_unit_test(looks_at_ends), cmocka_unit_test(cuts),
          cmocka_unit_test(trims), cmocka_unit_test(reads_int64), cmocka_unit_test(knows_utf8),
          cmocka_unit_test(takes_c_strings))
