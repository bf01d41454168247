/* SPDX-License-Identifier: MIT */
#include "mapping/pairs.h"

#include "base/testing.h"

struct reading {
    struct arena arena;
    struct pairs pairs;
    struct problem problem;
};

static bool read_query(struct reading *reading, str query)
{
    return pairs_add_query(&reading->pairs, query, &reading->arena, &reading->problem);
}

static bool read_json(struct reading *reading, str text)
{
    json object;
    struct json_error error;
    assert_true(json_read(&reading->arena, text, 10, &object, &error));
    return pairs_add_json(&reading->pairs, object, &reading->arena, &reading->problem);
}

static str text_of(const struct reading *reading, str name)
{
    const struct pair *pair = pairs_find(&reading->pairs, name);
    return pair == NULL ? STR("(none)") : pair->text;
}

TEST(queries)
{
    struct reading reading = {};
    CHECK("read",
          read_query(&reading, STR("a=1&B=x+y%20z&c=%c3%bc&empty=&flag&&=&d=e=f&%64%64=7")));
    CHECK_INT("count", reading.pairs.count, 7);
    CHECK_STR("a", text_of(&reading, STR("A")), STR("1"));
    CHECK_STR("b", text_of(&reading, STR("b")), STR("x y z"));
    CHECK_STR("c", text_of(&reading, STR("c")), STR("\xc3\xbc"));
    CHECK_STR("empty", text_of(&reading, STR("empty")), STR(""));
    CHECK_STR("flag", text_of(&reading, STR("flag")), STR(""));
    CHECK_STR("d", text_of(&reading, STR("d")), STR("e=f"));
    CHECK_STR("dd", text_of(&reading, STR("dd")), STR("7"));
    CHECK_STR("none", text_of(&reading, STR("x")), STR("(none)"));
    arena_done(&reading.arena);
}

TEST(objects)
{
    struct reading reading = {};
    CHECK("read", read_json(&reading, STR("{\"a\":\"x\",\"n\":28.200,\"big\":123456789012345678901,"
                                          "\"t\":true,\"f\":false,\"z\":null,"
                                          "\"o\":{\"a\": [1, 2.50]},\"l\":[]}")));
    CHECK_STR("a", text_of(&reading, STR("a")), STR("x"));
    CHECK_STR("n", text_of(&reading, STR("n")), STR("28.200"));
    CHECK_STR("big", text_of(&reading, STR("big")), STR("123456789012345678901"));
    CHECK_STR("t", text_of(&reading, STR("t")), STR("1"));
    CHECK_STR("f", text_of(&reading, STR("f")), STR("0"));
    CHECK_STR("z", text_of(&reading, STR("z")), STR(""));
    CHECK_STR("o", text_of(&reading, STR("o")), STR("{\"a\":[1,2.50]}"));
    CHECK_STR("l", text_of(&reading, STR("l")), STR("[]"));
    CHECK("no object", !read_json(&reading, STR("[1]")));
    CHECK_INT("no object", reading.problem.id, PROBLEM_MALFORMED);
    arena_done(&reading.arena);
}

TEST(wrong)
{
    static const struct {
        str query;
        const char *field;
        const char *code;
    } cases[] = {
        { STR_INIT("a=1&b=%zz"), "b", "encoding" },
        { STR_INIT("a=1&b=%00"), "b", "encoding" },
        { STR_INIT("a=1&b=%ff"), "b", "encoding" },
        { STR_INIT("%=1"), "%", "encoding" },
        { STR_INIT("a\xff=1"), "a?", "encoding" },
        { STR_INIT("=1"), "", "required" },
        { STR_INIT("orderId=1&ORDERID=2"), "ORDERID", "duplicate" },
        { STR_INIT("secret=hush&secret=hash"), "secret", "duplicate" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading = {};
        const char *label = cases[i].query.ptr;
        CHECK(label, !read_query(&reading, cases[i].query));
        CHECK_INT(label, reading.problem.id, PROBLEM_MALFORMED);
        CHECK_STR(label, reading.problem.errors->field, str_c(cases[i].field));
        CHECK_STR(label, reading.problem.errors->code, str_c(cases[i].code));
        for (size_t at = 0; at + 4 <= reading.problem.text.len; at++)
            CHECK(label, memcmp(reading.problem.text.ptr + at, "hush", 4) != 0);
        arena_done(&reading.arena);
    }
}

TEST(wrong_objects)
{
    static const struct {
        str text;
        const char *field;
        const char *code;
    } cases[] = {
        { STR_INIT("{\"a\":\"x\\u0000\"}"), "a", "encoding" },
        { STR_INIT("{\"a\":[\"x\\u0000\"]}"), "a", "encoding" },
        { STR_INIT("{\"a\\u0000\":1}"), "a?", "encoding" },
        { STR_INIT("{\"a\":1,\"A\":1.0}"), "A", "duplicate" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading = {};
        const char *label = cases[i].text.ptr;
        CHECK(label, !read_json(&reading, cases[i].text));
        CHECK_STR(label, reading.problem.errors->field, str_c(cases[i].field));
        CHECK_STR(label, reading.problem.errors->code, str_c(cases[i].code));
        arena_done(&reading.arena);
    }
}

TEST(both)
{
    struct reading reading = {};
    CHECK("body", read_json(&reading, STR("{\"organizationId\":\"o-1\",\"a\":5}")));
    CHECK("the same", read_query(&reading, STR("organizationid=o-1&pluginInstanceId=p&A=5")));
    CHECK_INT("count", reading.pairs.count, 3);
    CHECK("another", !read_query(&reading, STR("organizationId=o-2")));
    CHECK_STR("named", reading.problem.errors->field, STR("organizationId"));
    arena_done(&reading.arena);
}

TEST(many)
{
    struct reading reading = {};
    struct buf query;
    buf_init(&query, &reading.arena, SIZE_MAX / 2);
    for (int i = 0; i < PAIRS_MAX; i++)
        buf_format(&query, "&p%d=%d", i, i);
    CHECK("all", read_query(&reading, buf_str(&query)));
    CHECK_INT("count", reading.pairs.count, PAIRS_MAX);
    CHECK_STR("last", text_of(&reading, STR("P499")), STR("499"));
    CHECK("again", read_query(&reading, buf_str(&query)));
    CHECK("one more", !read_query(&reading, STR("q=1")));
    CHECK_INT("one more", reading.problem.id, PROBLEM_INVALID);
    arena_done(&reading.arena);
}

RUN_TESTS(cmocka_unit_test(queries), cmocka_unit_test(objects), cmocka_unit_test(wrong),
          cmocka_unit_test(wrong_objects), cmocka_unit_test(both), cmocka_unit_test(many))
