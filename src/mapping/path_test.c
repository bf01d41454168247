/* SPDX-License-Identifier: MIT */
#include "mapping/path.h"

#include "base/testing.h"
#include "json/write.h"

static json read_json(struct arena *arena, str text)
{
    json value;
    struct json_error error;
    CHECK(text.ptr, json_read(arena, text, 64, &value, &error));
    return value;
}

/* Writes what it is shown as the elements of an array, up to `most` of them. */
struct collector {
    struct path_visitor visitor;
    struct json_writer *writer;
    int most;
};

static bool collect(struct path_visitor *visitor, json value)
{
    struct collector *collector = CONTAINER_OF(visitor, struct collector, visitor);
    json_add_value(collector->writer, value);
    return --collector->most == 0;
}

static str find(struct arena *arena, const struct path *path, json document, int most)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX);
    struct json_writer writer = json_writer(&buf);
    struct collector collector = { .visitor.visit = collect, .writer = &writer, .most = most };
    json_begin_array(&writer);
    bool stopped = path_visit(path, document, &collector.visitor);
    CHECK_INT("stopped", stopped, collector.most == 0);
    json_end_array(&writer);
    return buf_str(&buf);
}

#define DOCUMENT                                                                                   \
    "{\"a\":{\"b\":[10,{\"c\":11},[12,13]],\"0\":14,\"\":15,\"x.y\":16,\"q\\\"\":17},"             \
    "\"items\":[{\"sku\":\"A\",\"tags\":[\"s\",\"t\"]},{\"tags\":[]},7,{\"sku\":null,"             \
    "\"tags\":[\"u\"]}],\"t\":1,\"t\":2,\"a/b\":3,\"a~b\":4,\"gr\xc3\xb6\xc3\x9f"                  \
    "e\":5,"                                                                                       \
    "\"*\":6,\"$\":{\"$ref\":20},\"many\":[0,1,2,3,4,5,6,7,8,9,10]}"

TEST(finds)
{
    static const struct {
        const char *path;
        const char *found;
    } cases[] = {
        { "t", "[2]" }, /* the last of that name */
        { "/t", "[2]" },
        { "a.b[0]", "[10]" },
        { "/a/b/0", "[10]" },
        { "a.b[1].c", "[11]" },
        { "a[\"b\"][1][\"c\"]", "[11]" },
        { "[\"a\"].b[2][1]", "[13]" },
        { "a.b[3]", "[]" },
        { "a.b[99999999999999999]", "[]" },
        { "a.b.0", "[]" }, /* a name, which an array has not */
        { "a.0", "[14]" },
        { "/a/0", "[14]" },
        { "a[0]", "[]" }, /* an index, which an object has not */
        { "/a/", "[15]" },
        { "a[\"\"]", "[15]" },
        { "a[\"x.y\"]", "[16]" },
        { "a.x.y", "[]" },
        { "a[\"q\\\"\"]", "[17]" },
        { "a[\"q\\u0022\"]", "[17]" },
        { "/a~1b", "[3]" },
        { "/a~0b", "[4]" },
        { "[\"a/b\"]", "[3]" },
        { "gr\xc3\xb6\xc3\x9f"
          "e",
          "[5]" },
        { "/*", "[6]" },
        { "[\"*\"]", "[6]" },
        { "items[*].sku", "[\"A\",null]" },
        { "items[].sku", "[\"A\",null]" },
        { "items[*].tags[*]", "[\"s\",\"t\",\"u\"]" },
        { "items[*].tags[0]", "[\"s\",\"u\"]" },
        { "items[3].tags[]", "[\"u\"]" },
        { "/items/*/sku", "[]" }, /* a pointer has no '*' */
        { "/items/-", "[]" },
        { "/many/10", "[10]" },
        { "/many/010", "[]" },
        { "/many/+1", "[]" },
        { "many[10]", "[10]" },
        { "a[*]", "[]" }, /* of arrays only */
        { "[\"$\"].$ref", "[20]" },
        { "t.u", "[]" },
        { "none.of.these", "[]" },
        { "[*]", "[]" },
    };

    CLEANUP(arena_done) struct arena arena = {};
    json document = read_json(&arena, STR(DOCUMENT));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct path path;
        struct path_error error;
        CHECK(cases[i].path, path_read(&arena, str_c(cases[i].path), &path, &error));
        CHECK_STR(cases[i].path, find(&arena, &path, document, 100), str_c(cases[i].found));
    }
}

TEST(the_whole_document)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct path path;
    struct path_error error;
    CHECK("empty", path_read(&arena, STR(""), &path, &error));
    CHECK_STR("all", find(&arena, &path, read_json(&arena, STR("[1,{}]")), 9), STR("[[1,{}]]"));
    CHECK_STR("none", find(&arena, &path, NULL, 9), STR("[]"));
    CHECK("top", path_read(&arena, STR("[*][1]"), &path, &error));
    json document = read_json(&arena, STR("[[1,2],[3],[4,5],6]"));
    CHECK_STR("elements", find(&arena, &path, document, 9), STR("[2,5]"));
    CHECK_STR("stops when told", find(&arena, &path, document, 1), STR("[2]"));
}

TEST(says_where_it_is_wrong)
{
    static const struct {
        const char *path;
        size_t offset;
    } cases[] = {
        { ".", 0 },           { ".a", 0 },
        { "a.", 2 },          { "a..b", 2 },
        { "a b", 1 },         { " a", 0 },
        { "a]", 1 },          { "a[", 1 },
        { "a[0", 1 },         { "a[-1]", 2 },
        { "a[01]", 2 },       { "a[**]", 2 },
        { "a[b]", 2 },        { "a['b']", 2 },
        { "a[ 0 ]", 2 },      { "a[99999999999999999999]", 2 },
        { "a[\"b", 2 },       { "a[\"b\"", 1 },
        { "a[\"b]", 2 },      { "a[\"b\"x]", 5 },
        { "a[0]b", 4 },       { "a[0].", 5 },
        { "a.[0]", 2 },       { "a[\"\\x\"]", 4 },
        { "a[\"\x01\"]", 3 }, { "a\"b\"", 1 },
        { "a|b", 1 },         { "/a/~", 3 },
        { "/a~2/b", 2 },      { "$a[?(@.b)]", 3 },
        { "$.a", 0 },         { "a.$", 2 },
        { "$[0]", 0 },        { "~", 0 },
        { "[*]a", 3 },
    };

    CLEANUP(arena_done) struct arena arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct path path;
        struct path_error error;
        CHECK(cases[i].path, !path_read(&arena, str_c(cases[i].path), &path, &error));
        CHECK_INT(cases[i].path, error.offset, cases[i].offset);
        CHECK(cases[i].path, str_ends(error.text, STR(".")));
    }
}

RUN_TESTS(cmocka_unit_test(finds), cmocka_unit_test(the_whole_document),
          cmocka_unit_test(says_where_it_is_wrong))
