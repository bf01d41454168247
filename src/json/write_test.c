/* SPDX-License-Identifier: MIT */
#include "json/write.h"

#include "base/testing.h"

TEST(puts_commas)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct buf buf;
    buf_init(&buf, &arena, 4096);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    json_member_string(&writer, STR("s"), STR("a\"\n"));
    json_member_int(&writer, STR("i"), INT64_MIN);
    json_member_bool(&writer, STR("t"), true);
    json_member_bool(&writer, STR("f"), false);
    json_member_text_or_null(&writer, STR("empty"), (str){});
    json_member_text_or_null(&writer, STR("text"), STR("x"));
    json_member_instant(&writer, STR("never"), 0);
    json_member_instant(&writer, STR("then"), 1795255200123);
    json_member_raw(&writer, STR("raw"), STR("{\"x\":[1,2]}"));
    json_key(&writer, STR("list"));
    json_begin_array(&writer);
    json_begin_array(&writer);
    json_end_array(&writer);
    json_begin_object(&writer);
    json_end_object(&writer);
    json_add_null(&writer);
    json_add_int(&writer, 1);
    json_add_string(&writer, (str){});
    json_end_array(&writer);
    json_member_int(&writer, STR("last"), 0);
    json_end_object(&writer);
    CHECK_STR("all", buf_str(&buf),
              STR("{\"s\":\"a\\\"\\n\",\"i\":-9223372036854775808,\"t\":true,\"f\":false,"
                  "\"empty\":null,\"text\":\"x\",\"never\":null,"
                  "\"then\":\"2026-11-21T10:00:00.123Z\",\"raw\":{\"x\":[1,2]},"
                  "\"list\":[[],{},null,1,\"\"],\"last\":0}"));
}

TEST(writes_what_was_read)
{
    static const str texts[] = {
        STR_INIT("null"),
        STR_INIT("true"),
        STR_INIT("-0"),
        STR_INIT("149.950"),
        STR_INIT("1E+400"),
        STR_INIT("123456789012345678901234567890"),
        STR_INIT("\"\\u0000\\u001f\\\"\\\\ /\xc3\xa9\xf0\x9f\x98\x80\""),
        STR_INIT("[]"),
        STR_INIT("{}"),
        STR_INIT("[[],{},[[]],{\"a\":{}}]"),
        STR_INIT("{\"b\":1,\"a\":[1.0,2,null],\"b\":2,\"\":false}"),
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        json value;
        struct json_error error;
        CHECK(texts[i].ptr, json_read(&arena, texts[i], 8, &value, &error));
        struct buf buf;
        buf_init(&buf, &arena, 1000);
        struct json_writer writer = json_writer(&buf);
        json_add_value(&writer, value);
        CHECK_STR(texts[i].ptr, buf_str(&buf), texts[i]);
    }
}

/* Random trees: writing, reading and writing again gives the same text. */
static void add_random(struct json_writer *writer, uint64_t *random, int depth)
{
    static const char letters[] = "ab\"\\\n\x01\x7f/\xc3\xa9";
    uint64_t kind = test_random(random) % (depth > 0 ? 7 : 5);
    uint64_t count = test_random(random) % 5;
    char text[8];
    switch (kind) {
    case 0:
        json_add_null(writer);
        break;
    case 1:
        json_add_bool(writer, count > 2);
        break;
    case 2:
        json_add_int(writer, (int64_t)test_random(random) >> (test_random(random) % 64));
        break;
    case 3:
        json_add_raw(writer, STR("-1.50e-7"));
        break;
    case 4:
        for (uint64_t i = 0; i < count; i++)
            text[i] = letters[test_random(random) % 8];
        json_add_string(writer, str_from(text, count));
        break;
    default:
        if (kind == 5)
            json_begin_array(writer);
        else
            json_begin_object(writer);
        for (uint64_t i = 0; i < count; i++) {
            if (kind == 6)
                json_key(writer, str_from(letters, i));
            add_random(writer, random, depth - 1);
        }
        if (kind == 5)
            json_end_array(writer);
        else
            json_end_object(writer);
        break;
    }
}

TEST(random_trees_come_back)
{
    uint64_t random = 21;
    for (int i = 0; i < 5000; i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct buf first;
        struct buf second;
        buf_init(&first, &arena, SIZE_MAX);
        buf_init(&second, &arena, SIZE_MAX);
        struct json_writer writer = json_writer(&first);
        add_random(&writer, &random, 5);
        json value;
        struct json_error error;
        CHECK("reads", json_read(&arena, buf_str(&first), 8, &value, &error));
        writer = json_writer(&second);
        json_add_value(&writer, value);
        CHECK_STR("the same", buf_str(&second), buf_str(&first));
        CHECK("weighs no more", json_weight(value) <= first.len);
    }
}

TEST(overflow_is_the_bufs)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct buf buf;
    buf_init(&buf, &arena, 10);
    struct json_writer writer = json_writer(&buf);
    json_begin_array(&writer);
    json_add_string(&writer, STR("far too long for it"));
    json_end_array(&writer);
    CHECK("overflowed", buf_overflowed(&buf));
}

RUN_TESTS(cmocka_unit_test(puts_commas), cmocka_unit_test(writes_what_was_read),
          cmocka_unit_test(random_trees_come_back), cmocka_unit_test(overflow_is_the_bufs))
