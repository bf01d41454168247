/* SPDX-License-Identifier: MIT */
#include "api/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api/schemas.h"

static const char *const colors[] = { "red", "green", NULL };

static const struct schema thing =
    SCHEMA("Thing", "", { "name", SHAPE_STRING, REQUIRED, .least = 1, .most = 5 },
           { "count", SHAPE_INTEGER, .least = 1, .most = 10 },
           { "limit", SHAPE_INTEGER, MEMBER_NULLABLE, .least = 0, .most = 10 },
           { "on", SHAPE_BOOLEAN, .flags = 0 }, { "color", SHAPE_STRING, .choices = colors },
           { "colors", SHAPE_STRINGS, .choices = colors, .least = 1, .most = 2 },
           { "at", SHAPE_INSTANT, .flags = 0 }, { "secret", SHAPE_STRING, .flags = MEMBER_SECRET },
           { "price", SHAPE_MONEY, .flags = 0 }, { "tip", SHAPE_MONEY, .flags = MEMBER_NULLABLE },
           { "parts", SHAPE_OBJECTS, .flags = 0 }, { "a/b~c", SHAPE_BOOLEAN, .flags = 0 });

/* `pointer code` of the first error; empty: none. */
static const struct {
    const char *body;
    const char *want;
} cases[] = {
    { "{\"name\":\"a\"}", "" },
    { "{\"name\":\"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xe2\x82\xac\"}", "" },
    { "{\"name\":\"abcdef\"}", "/name range" },
    { "{\"name\":\"\"}", "/name required" },
    { "{\"name\":\"  \"}", "/name required" },
    { "{\"name\":7}", "/name type" },
    { "{\"name\":null}", "/name type" },
    { "{\"name\":\"a\\u0000b\"}", "/name format" },
    { "{}", "/name required" },
    { "[]", " type" },
    { "\"x\"", " type" },
    { "{\"name\":\"a\",\"other\":1}", "/other unknown" },
    { "{\"name\":\"a\",\"x/y~z\":1}", "/x~1y~0z unknown" },
    { "{\"name\":\"a\",\"a/b~c\":1}", "/a~1b~0c type" },
    { "{\"name\":\"a\",\"name\":\"b\"}", "/name duplicate" },
    { "{\"name\":\"a\",\"count\":0}", "/count range" },
    { "{\"name\":\"a\",\"count\":11}", "/count range" },
    { "{\"name\":\"a\",\"count\":1.5}", "/count type" },
    { "{\"name\":\"a\",\"count\":1e1}", "" },
    { "{\"name\":\"a\",\"count\":\"1\"}", "/count type" },
    { "{\"name\":\"a\",\"count\":null}", "/count type" },
    { "{\"name\":\"a\",\"limit\":null}", "" },
    { "{\"name\":\"a\",\"on\":true}", "" },
    { "{\"name\":\"a\",\"on\":\"true\"}", "/on type" },
    { "{\"name\":\"a\",\"color\":\"blue\"}", "/color option" },
    { "{\"name\":\"a\",\"colors\":[\"red\",\"blue\"]}", "/colors/1 option" },
    { "{\"name\":\"a\",\"colors\":[]}", "/colors range" },
    { "{\"name\":\"a\",\"colors\":[\"red\",7]}", "/colors/1 type" },
    { "{\"name\":\"a\",\"at\":\"2026-11-21T10:00:00Z\"}", "" },
    { "{\"name\":\"a\",\"at\":\"yesterday\"}", "/at format" },
    { "{\"name\":\"a\",\"price\":29.4}", "" },
    { "{\"name\":\"a\",\"price\":\"29.40\"}", "" },
    { "{\"name\":\"a\",\"price\":29.401}", "/price format" },
    { "{\"name\":\"a\",\"price\":\"1,000.00\"}", "/price format" },
    { "{\"name\":\"a\",\"price\":\"$5\"}", "/price format" },
    { "{\"name\":\"a\",\"price\":\"\"}", "/price format" },
    { "{\"name\":\"a\",\"price\":\"5\\u0000\"}", "/price format" },
    { "{\"name\":\"a\",\"price\":1e2}", "/price format" },
    { "{\"name\":\"a\",\"price\":10000000000.01}", "/price format" },
    { "{\"name\":\"a\",\"price\":-0.01}", "/price range" },
    { "{\"name\":\"a\",\"price\":null}", "/price type" },
    { "{\"name\":\"a\",\"price\":[29.4]}", "/price type" },
    { "{\"name\":\"a\",\"tip\":null}", "" },
    { "{\"name\":\"a\",\"parts\":{}}", "/parts type" },
    { "{\"name\":\"a\",\"parts\":[{\"x\":\"\\u0000\"}]}", "/parts/0/x format" },
    { "{\"name\":\"a\",\"parts\":[{},{\"x\":{\"y/z\":[1,\"\\u0000\"]},\"v\":\"\\u0000\"}]}",
      "/parts/1/x/y~1z/1 format" },
};

static json read_json(struct arena *arena, const char *text)
{
    struct json_error error;
    json value = NULL;
    assert_true(json_read(arena, str_c(text), 64, &value, &error));
    return value;
}

static void checks_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        struct problem problem = {};
        bool good = schema_check(&thing, read_json(&arena, cases[i].body), &arena, &problem);
        str got = {};
        if (problem.errors != NULL)
            got = arena_format(&arena, "%.*s %.*s", STR_ARG(problem.errors->pointer),
                               STR_ARG(problem.errors->code));
        if (!str_equal(got, str_c(cases[i].want)) || good != (got.len == 0))
            fail_msg("%s: %.*s", cases[i].body, STR_ARG(got));
        if (!good)
            assert_int_equal(problem_kind(problem.id)->status, 422);
    }
}

static void names_all_errors(void **state)
{
    (void)state;
    struct arena CLEANUP(arena_done) arena = {};
    struct problem problem = {};
    assert_false(schema_check(&thing, read_json(&arena, "{\"x\":1,\"y\":2,\"count\":\"3\"}"),
                              &arena, &problem));
    assert_int_equal(problem.error_count, 4);
}

static void audits_without_secrets(void **state)
{
    (void)state;
    struct arena CLEANUP(arena_done) arena = {};
    json body = read_json(&arena, "{\"name\":\"a\",\"secret\":\"hush\",\"count\":3}");
    assert_true(str_equal(schema_audit(&thing, body, &arena),
                          STR("{\"name\":\"a\",\"secret\":\"(secret)\",\"count\":3}")));
    struct buf buf;
    buf_init(&buf, &arena, 10000);
    buf_add(&buf, STR("{\"name\":\""));
    for (int i = 0; i < 3000; i++)
        buf_char(&buf, 'x');
    buf_add(&buf, STR("\"}"));
    buf_char(&buf, '\0');
    assert_true(str_equal(schema_audit(&thing, read_json(&arena, buf.ptr), &arena),
                          STR("{\"name\":\"(3002 bytes)\"}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_bodies),
        cmocka_unit_test(names_all_errors),
        cmocka_unit_test(audits_without_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
