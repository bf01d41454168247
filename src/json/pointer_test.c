/* SPDX-License-Identifier: MIT */
#include "base/testing.h"
#include "json/write.h"

/* RFC 6901, section 5, and what lies around it. */
static const char document_text[] =
    "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,"
    "\"k\\\"l\":6,\" \":7,\"m~n\":8,\"~1\":9,\"-\":10,\"0\":11,"
    "\"twice\":1,\"twice\":2,\"deep\":{\"b\":[{\"c/d\":[null,[12]]}]},\"n\\u0000\":13}";

TEST(finds)
{
    static const struct {
        str pointer;
        const char *want; /* NULL: nothing there */
    } cases[] = {
        { STR_INIT("/foo"), "[\"bar\",\"baz\"]" },
        { STR_INIT("/foo/0"), "\"bar\"" },
        { STR_INIT("/foo/1"), "\"baz\"" },
        { STR_INIT("/"), "0" },
        { STR_INIT("/a~1b"), "1" },
        { STR_INIT("/c%d"), "2" },
        { STR_INIT("/e^f"), "3" },
        { STR_INIT("/g|h"), "4" },
        { STR_INIT("/i\\j"), "5" },
        { STR_INIT("/k\"l"), "6" },
        { STR_INIT("/ "), "7" },
        { STR_INIT("/m~0n"), "8" },
        { STR_INIT("/~01"), "9" },
        { STR_INIT("/-"), "10" },
        { STR_INIT("/0"), "11" },
        { STR_INIT("/twice"), "2" },
        { STR_INIT("/deep/b/0/c~1d/1/0"), "12" },
        { STR_INIT("/deep/b/0/c~1d/0"), "null" },
        { STR_INIT("/n\0"), "13" },
        { STR_INIT("/foo/2"), NULL },
        { STR_INIT("/foo/-"), NULL },
        { STR_INIT("/foo/00"), NULL },
        { STR_INIT("/foo/01"), NULL },
        { STR_INIT("/foo/+1"), NULL },
        { STR_INIT("/foo/-1"), NULL },
        { STR_INIT("/foo/1 "), NULL },
        { STR_INIT("/foo/99999999999999999999"), NULL },
        { STR_INIT("/foo/18446744073709551616"), NULL },
        { STR_INIT("/foo/"), NULL },
        { STR_INIT("/foo/0/0"), NULL },
        { STR_INIT("/Foo"), NULL },
        { STR_INIT("/fo"), NULL },
        { STR_INIT("//"), NULL },
        { STR_INIT("/a/b"), NULL },
        { STR_INIT("/n"), NULL },
    };

    CLEANUP(arena_done) struct arena arena = {};
    json document;
    struct json_error error;
    assert_true(json_read(&arena, str_c(document_text), 64, &document, &error));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json_pointer pointer;
        size_t offset;
        CHECK(cases[i].pointer.ptr, json_pointer_read(&arena, cases[i].pointer, &pointer, &offset));
        json value = json_pointer_find(&pointer, document);
        CHECK_INT(cases[i].pointer.ptr, value != NULL, cases[i].want != NULL);
        if (value == NULL)
            continue;
        struct buf buf;
        buf_init(&buf, &arena, 1000);
        struct json_writer writer = json_writer(&buf);
        json_add_value(&writer, value);
        CHECK_STR(cases[i].pointer.ptr, buf_str(&buf), str_c(cases[i].want));
    }
    struct json_pointer whole;
    size_t offset;
    CHECK("the empty pointer", json_pointer_read(&arena, (str){}, &whole, &offset));
    CHECK("is the document", json_pointer_find(&whole, document) == document);
    CHECK("of nothing", json_pointer_find(&whole, NULL) == NULL);
}

TEST(refuses)
{
    static const struct {
        str text;
        size_t offset;
    } cases[] = {
        { STR_INIT("a"), 0 },      { STR_INIT("#/a"), 0 },  { STR_INIT(" /a"), 0 },
        { STR_INIT("/~"), 1 },     { STR_INIT("/a~"), 2 },  { STR_INIT("/a/~2"), 3 },
        { STR_INIT("/~~0"), 1 },   { STR_INIT("/~0~"), 3 }, { STR_INIT("/~/0"), 1 },
        { STR_INIT("/a/b~x"), 4 },
    };

    CLEANUP(arena_done) struct arena arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json_pointer pointer;
        size_t offset = 999;
        CHECK(cases[i].text.ptr, !json_pointer_read(&arena, cases[i].text, &pointer, &offset));
        CHECK_INT(cases[i].text.ptr, offset, cases[i].offset);
    }
}

TEST(writes_what_it_reads)
{
    static const str texts[] = { STR_INIT(""), STR_INIT("/"), STR_INIT("/a~1b/~0~01//0"),
                                 STR_INIT("/\xc3\xa9/ ") };
    CLEANUP(arena_done) struct arena arena = {};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct json_pointer pointer;
        size_t offset;
        CHECK(texts[i].ptr, json_pointer_read(&arena, texts[i], &pointer, &offset));
        struct buf buf;
        buf_init(&buf, &arena, 1000);
        for (int t = 0; t < pointer.count; t++)
            json_pointer_add(&buf, pointer.tokens[t]);
        CHECK_STR(texts[i].ptr, buf_str(&buf), texts[i]);
    }
}

RUN_TESTS(cmocka_unit_test(finds), cmocka_unit_test(refuses),
          cmocka_unit_test(writes_what_it_reads))
