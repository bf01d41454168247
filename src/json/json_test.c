/* SPDX-License-Identifier: MIT */
#include "json/json.h"

#include "base/testing.h"

#define DEPTH 8

TEST(tells_types)
{
    static const struct {
        str text;
        enum json_type type;
        const char *name;
        size_t count;
    } cases[] = {
        { STR_INIT("null"), JSON_NULL, "null", 0 },
        { STR_INIT("true"), JSON_BOOL, "boolean", 0 },
        { STR_INIT("1.5"), JSON_NUMBER, "number", 0 },
        { STR_INIT("\"a\""), JSON_STRING, "string", 0 },
        { STR_INIT("[1,[2,3]]"), JSON_ARRAY, "array", 2 },
        { STR_INIT("[]"), JSON_ARRAY, "array", 0 },
        { STR_INIT(" {\"a\":1} "), JSON_OBJECT, "object", 1 },
        { STR_INIT("{}"), JSON_OBJECT, "object", 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        json value;
        struct json_error error;
        CHECK(cases[i].text.ptr, json_read(&arena, cases[i].text, DEPTH, &value, &error));
        CHECK_INT(cases[i].text.ptr, json_type(value), cases[i].type);
        CHECK_STR(cases[i].text.ptr, json_type_name(value), str_c(cases[i].name));
        CHECK_INT(cases[i].text.ptr, json_count(value), cases[i].count);
    }
}

TEST(says_what_is_wrong)
{
    static const struct {
        const char *label;
        str text;
        size_t offset;
        const char *said; /* a part of the message */
    } cases[] = {
        { "nothing", {}, 0, "empty" },
        { "white space", STR_INIT(" \n "), 0, "white space" },
        { "cut off", STR_INIT("{\"a\":[1,"), 8, "ends in the middle" },
        { "second line", STR_INIT("{\n \"a\" 1}"), 7, "at byte 7 (line 2, column 6)" },
        { "trailing comma", STR_INIT("[1,]"), 2, "at byte 2" },
        { "trailing bytes", STR_INIT("1 2"), 2, "after document" },
        { "two documents", STR_INIT("{}{}"), 2, "after document" },
        { "comment", STR_INIT("[1 /* a */]"), 3, "at byte 3" },
        { "line comment", STR_INIT("1 // a"), 2, "at byte 2" },
        { "byte order mark", STR_INIT("\xef\xbb\xbf{}"), 0, "(line 1, column 1): byte order mark" },
        { "UTF-16", STR_INIT("{\0\"\0"), 1, "at byte 1" },
        { "NaN", STR_INIT("NaN"), 0, "at byte 0" },
        { "Infinity", STR_INIT("[-Infinity]"), 2, "at byte 2" },
        { "hexadecimal", STR_INIT("0x10"), 1, "at byte 1" },
        { "leading zero", STR_INIT("[01]"), 1, "leading zero" },
        { "plus", STR_INIT("[+1]"), 1, "at byte 1" },
        { "no digit behind the point", STR_INIT("[1.,22]"), 4, "after decimal point" },
        { "single quotes", STR_INIT("['a']"), 1, "at byte 1" },
        { "bare key", STR_INIT("{a:1}"), 1, "string for object key" },
        { "control character", STR_INIT("\"a\nb\""), 2, "control character" },
        { "bad escape", STR_INIT("\"\\x\""), 2, "escaped character" },
        { "lone surrogate", STR_INIT("\"\\ud800\""), 7, "surrogate" },
        { "bad UTF-8", STR_INIT("\"\xff\""), 1, "UTF-8" },
        { "overlong UTF-8", STR_INIT("\"\xc0\xaf\""), 1, "UTF-8" },
        { "surrogate in UTF-8", STR_INIT("\"\xed\xa0\x80\""), 1, "UTF-8" },
        { "NUL behind", STR_INIT("1\0"), 1, "at byte 1" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        json value;
        struct json_error error;
        CHECK(cases[i].label, !json_read(&arena, cases[i].text, DEPTH, &value, &error));
        CHECK("within the text", error.offset <= cases[i].text.len);
        CHECK_INT(cases[i].label, error.offset, cases[i].offset);
        const char *text = arena_c(&arena, error.text);
        if (strstr(text, cases[i].said) == NULL)
            fail_msg("%s: \"%s\" lacks \"%s\"", cases[i].label, text, cases[i].said);
    }
}

TEST(caps_depth)
{
    static const struct {
        const char *label;
        str text;
        int depth;
        size_t offset; /* of what is too deep; 0: nothing is */
    } cases[] = {
        { "just deep enough", STR_INIT("[[[[1]]]]"), 4, 0 },
        { "one more", STR_INIT("[[[[1]]]]"), 3, 3 },
        { "objects count, too", STR_INIT("[{\"a\":[1]}]"), 2, 6 },
        { "side by side", STR_INIT("[[],[],[],[],[],[]]"), 2, 0 },
        { "brackets in strings", STR_INIT("[\"[[[[\\\"[[[\",\"\\\\\",[1]]"), 2, 0 },
        { "behind such a string", STR_INIT("[\"[[[\",[[1]]]"), 2, 8 },
        { "an escaped backslash ends", STR_INIT("[\"\\\\\",[[[1]]]]"), 3, 8 },
        { "no container at all", STR_INIT("1"), 1, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        json value;
        struct json_error error;
        bool good = json_read(&arena, cases[i].text, cases[i].depth, &value, &error);
        CHECK_INT(cases[i].label, good, cases[i].offset == 0);
        if (!good)
            CHECK_INT(cases[i].label, error.offset, cases[i].offset);
    }
}

TEST(takes_a_hundred_thousand_brackets)
{
    CLEANUP(arena_done) struct arena arena = {};
    char *text = arena_bytes(&arena, 200000);
    memset(text, '[', 100000);
    memset(text + 100000, ']', 100000);
    json value;
    struct json_error error;
    CHECK("refused", !json_read(&arena, str_from(text, 200000), 512, &value, &error));
    CHECK_INT("where", error.offset, 512);
    CHECK("open ones, too", !json_read(&arena, str_from(text, 100000), 64, &value, &error));
    CHECK("512 levels", json_read(&arena, str_from(text + 99488, 1024), 512, &value, &error));
}

TEST(gets_members)
{
    CLEANUP(arena_done) struct arena arena = {};
    json value;
    struct json_error error;
    assert_true(json_read(&arena,
                          STR("{\"a\":1,\"b\":{\"c\":[true,false]},\"a\":2,\"\":3,\"n\\u0000\":4}"),
                          DEPTH, &value, &error));
    CHECK_STR("the first of that name", json_number(json_get(value, STR("a"))), STR("1"));
    CHECK_STR("the last of that name", json_number(json_get_last(value, STR("a"))), STR("2"));
    CHECK("the last of none", json_get_last(value, STR("x")) == NULL);
    CHECK("the last of no object", json_get_last(NULL, STR("a")) == NULL);
    CHECK_STR("the empty name", json_number(json_get(value, STR(""))), STR("3"));
    CHECK_STR("NUL in a name", json_number(json_get(value, STR("n\0"))), STR("4"));
    CHECK("absent", json_get(value, STR("x")) == NULL);
    CHECK("a name's beginning", json_get(value, STR("n")) == NULL);
    CHECK("of no object", json_get(json_get(value, STR("a")), STR("a")) == NULL);
    CHECK("of nothing", json_get(NULL, STR("a")) == NULL);
    json array = json_get(json_get(value, STR("b")), STR("c"));
    CHECK("element", json_bool(json_element(array, 0)) && !json_bool(json_element(array, 1)));
    CHECK("no element", json_element(array, 2) == NULL && json_element(array, -1) == NULL);
    CHECK("of no array", json_element(value, 0) == NULL && json_element(NULL, 0) == NULL);
    struct json_walk walk = json_walk(array);
    str key = STR("untouched");
    json element;
    CHECK("first", json_next(&walk, &key, &element) && json_bool(element));
    CHECK("second", json_next(&walk, NULL, &element) && !json_bool(element));
    CHECK("end", !json_next(&walk, &key, &element));
    CHECK("still the end", !json_next(&walk, &key, &element));
    CHECK_STR("elements have no key", key, STR("untouched"));
}

TEST(walks_past_nested_values)
{
    CLEANUP(arena_done) struct arena arena = {};
    json value;
    struct json_error error;
    assert_true(json_read(&arena, STR("{\"a\":{\"x\":[1,{},[]]},\"b\":[],\"c\":{},\"d\":null}"),
                          DEPTH, &value, &error));
    char keys[8] = {};
    size_t count = 0;
    struct json_walk walk = json_walk(value);
    str key;
    json member;
    while (json_next(&walk, &key, &member))
        keys[count++] = key.ptr[0];
    CHECK_STR("keys", str_from(keys, count), STR("abcd"));
    CHECK_INT("the last", json_type(member), JSON_NULL);
}

TEST(absent_is_no_value)
{
    CHECK_INT("type", json_type(NULL), JSON_ABSENT);
    CHECK_INT("string", json_string(NULL).len, 0);
    CHECK_INT("number", json_number(NULL).len, 0);
    CHECK("boolean", !json_bool(NULL));
    CHECK_INT("count", json_count(NULL), 0);
    CHECK("no NUL", !json_has_nul(NULL));
    CHECK_INT("weight", json_weight(NULL), 0);
    struct json_walk walk = json_walk(NULL);
    json value;
    CHECK("nothing to walk", !json_next(&walk, NULL, &value));
}

TEST(decodes_strings)
{
    static const struct {
        const char *label;
        str text;
        str want;
        bool nul;
    } cases[] = {
        { "empty", STR_INIT("\"\""), STR_INIT(""), false },
        { "escapes", STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), STR_INIT("\"\\/\b\f\n\r\t"),
          false },
        { "by number", STR_INIT("\"\\u00e9\\u20AC\""), STR_INIT("\xc3\xa9\xe2\x82\xac"), false },
        { "a surrogate pair", STR_INIT("\"\\ud83d\\ude00\""), STR_INIT("\xf0\x9f\x98\x80"), false },
        { "NUL", STR_INIT("\"a\\u0000b\""), STR_INIT("a\0b"), true },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        json value;
        struct json_error error;
        CHECK(cases[i].label, json_read(&arena, cases[i].text, DEPTH, &value, &error));
        CHECK_STR(cases[i].label, json_string(value), cases[i].want);
        CHECK_INT(cases[i].label, json_has_nul(value), cases[i].nul);
    }
}

TEST(finds_nul_anywhere)
{
    static const struct {
        str text;
        bool nul;
    } cases[] = {
        { STR_INIT("[[{\"a\":[\"b\",\"\\u0000\"]}]]"), true },
        { STR_INIT("{\"a\":{\"\\u0000\":1}}"), true },
        { STR_INIT("[[],{},1,true,null,\"\"]"), false },
        { STR_INIT("\"\\\\u0000\""), false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        json value;
        struct json_error error;
        CHECK(cases[i].text.ptr, json_read(&arena, cases[i].text, DEPTH, &value, &error));
        CHECK_INT(cases[i].text.ptr, json_has_nul(value), cases[i].nul);
    }
    CLEANUP(arena_done) struct arena arena = {};
    json value;
    struct json_error error;
    assert_true(json_read(&arena, STR("[\"a\",\"\\u0000\"]"), DEPTH, &value, &error));
    struct json_walk walk = json_walk(value);
    json first;
    CHECK("first", json_next(&walk, NULL, &first));
    CHECK("only its own", !json_has_nul(first));
}

TEST(keeps_numbers_as_sent)
{
    static const str numbers[] = {
        STR_INIT("0"),       STR_INIT("-0"),   STR_INIT("149.950"),
        STR_INIT("1e400"),   STR_INIT("1E-7"), STR_INIT("123456789012345678901234567890"),
        STR_INIT("0.1e+10"),
    };

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        str text = arena_format(&arena, "{\"a\":[%.*s]}", STR_ARG(numbers[i]));
        json value;
        struct json_error error;
        CHECK(numbers[i].ptr, json_read(&arena, text, DEPTH, &value, &error));
        struct json_walk walk = json_walk(json_get(value, STR("a")));
        CHECK(numbers[i].ptr, json_next(&walk, NULL, &value));
        CHECK_STR(numbers[i].ptr, json_number(value), numbers[i]);
        CHECK_INT(numbers[i].ptr, json_string(value).len, 0);
    }
}

TEST(weighs_not_more_than_the_text)
{
    static const str texts[] = {
        STR_INIT("1"),  STR_INIT("\"\""),       STR_INIT("null"),          STR_INIT("[]"),
        STR_INIT("{}"), STR_INIT("[1,2,3,[]]"), STR_INIT("{\"a\":\"b\"}"), STR_INIT("[true,false]"),
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        json value;
        struct json_error error;
        CHECK(texts[i].ptr, json_read(&arena, texts[i], DEPTH, &value, &error));
        CHECK(texts[i].ptr, json_weight(value) <= texts[i].len);
        CHECK(texts[i].ptr, json_weight(value) * 3 >= texts[i].len);
    }
}

/* Values lie in the arena, which other users grow meanwhile; large trees move when they grow. */
TEST(reads_large_texts)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct buf buf;
    buf_init(&buf, &arena, SIZE_MAX);
    buf_char(&buf, '[');
    for (int i = 0; i < 50000; i++)
        buf_format(&buf, "%s%d", i == 0 ? "" : ",", i);
    buf_char(&buf, ']');
    json value;
    struct json_error error;
    CHECK("reads", json_read(&arena, buf_str(&buf), DEPTH, &value, &error));
    CHECK_INT("count", json_count(value), 50000);
    CHECK_INT("aligned", (uintptr_t)value % alignof(max_align_t), 0);
    struct json_walk walk = json_walk(value);
    int64_t number;
    for (int i = 0; i < 50000; i++) {
        CHECK("next", json_next(&walk, NULL, &value));
        CHECK("whole", json_to_int64(value, &number));
        CHECK_INT("number", number, i);
    }
}

RUN_TESTS(cmocka_unit_test(tells_types), cmocka_unit_test(says_what_is_wrong),
          cmocka_unit_test(caps_depth), cmocka_unit_test(takes_a_hundred_thousand_brackets),
          cmocka_unit_test(gets_members), cmocka_unit_test(walks_past_nested_values),
          cmocka_unit_test(absent_is_no_value), cmocka_unit_test(decodes_strings),
          cmocka_unit_test(finds_nul_anywhere), cmocka_unit_test(keeps_numbers_as_sent),
          cmocka_unit_test(weighs_not_more_than_the_text), cmocka_unit_test(reads_large_texts))
