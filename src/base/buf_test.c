/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include "base/testing.h"

TEST(appends)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct buf buf;
    buf_init(&buf, &arena, 1000);
    CHECK_INT("empty", buf_str(&buf).len, 0);
    buf_add(&buf, STR("a"));
    buf_add(&buf, (str){});
    buf_char(&buf, '\0');
    buf_int(&buf, INT64_MIN);
    buf_char(&buf, ' ');
    buf_int(&buf, INT64_MAX);
    buf_char(&buf, ' ');
    buf_int(&buf, 0);
    buf_format(&buf, "|%s|%d", "x", 5);
    CHECK_STR("all", buf_str(&buf), STR("a\0-9223372036854775808 9223372036854775807 0|x|5"));
    CHECK("fits", !buf_overflowed(&buf));
}

TEST(stops_at_its_cap)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct buf buf;
    buf_init(&buf, &arena, 5);
    buf_add(&buf, STR("abc"));
    CHECK("fits", !buf_overflowed(&buf));
    buf_add(&buf, STR("def"));
    CHECK("does not fit", buf_overflowed(&buf));
    CHECK_STR("whole pieces only", buf_str(&buf), STR("abc"));
    buf_add(&buf, STR("de"));
    CHECK("sticky", buf_overflowed(&buf));
    buf_init(&buf, &arena, 0);
    CHECK("no room at all", buf_reserve(&buf, 1) == NULL);
    buf_init(&buf, &arena, 5);
    buf_add(&buf, STR("12345"));
    CHECK("exactly", !buf_overflowed(&buf));
}

TEST(grows_past_many_chunks)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct buf buf;
    buf_init(&buf, &arena, SIZE_MAX);
    for (int i = 0; i < 300000; i++) {
        buf_int(&buf, i % 10);
        if (i % 1000 == 0)
            arena_bytes(&arena, 1)[0] = 'x'; /* in the way */
    }
    CHECK_INT("length", buf.len, 300000);
    for (int i = 0; i < 300000; i++)
        CHECK_INT("content", buf.ptr[i], '0' + i % 10);
}

TEST(quotes)
{
    static const struct {
        const char *label;
        str text;
        str want;
    } cases[] = {
        { "nothing", {}, STR_INIT("\"\"") },
        { "plain", STR_INIT("abc"), STR_INIT("\"abc\"") },
        { "quote and backslash", STR_INIT("\"\\"), STR_INIT("\"\\\"\\\\\"") },
        { "short escapes", STR_INIT("\b\f\n\r\t"), STR_INIT("\"\\b\\f\\n\\r\\t\"") },
        { "long escapes", STR_INIT("\0\x01\x1f"), STR_INIT("\"\\u0000\\u0001\\u001f\"") },
        { "between", STR_INIT("a\nb\nc"), STR_INIT("\"a\\nb\\nc\"") },
        { "not escaped", STR_INIT("/\x7f\xc3\xa9\xf0\x9f\x98\x80"),
          STR_INIT("\"/\x7f\xc3\xa9\xf0\x9f\x98\x80\"") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct buf buf;
        buf_init(&buf, &arena, 100);
        buf_quoted(&buf, cases[i].text);
        CHECK_STR(cases[i].label, buf_str(&buf), cases[i].want);
    }
}

RUN_TESTS(cmocka_unit_test(appends), cmocka_unit_test(stops_at_its_cap),
          cmocka_unit_test(grows_past_many_chunks), cmocka_unit_test(quotes))
