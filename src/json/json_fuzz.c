/* SPDX-License-Identifier: MIT
 * Any bytes: refused with a place in them, or read into a tree of well-formed values that is
 * written as text which reads as the same tree. */
#include "json/write.h"

#define DEPTH 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(json value, int depth)
{
    assert(depth <= DEPTH);
    assert(json_type(value) != JSON_ABSENT);
    assert(str_is_utf8(json_string(value)));
    int64_t number;
    if (json_type(value) == JSON_NUMBER)
        assert(json_is_number(json_number(value)));
    else
        assert(!json_to_int64(value, &number));
    struct json_walk walk = json_walk(value);
    size_t count = 0;
    str key = {};
    json member;
    while (json_next(&walk, &key, &member)) {
        assert(str_is_utf8(key));
        if (json_type(value) == JSON_OBJECT)
            assert(json_get(value, key) != NULL);
        check_value(member, depth + 1);
        count++;
    }
    assert(count == json_count(value));
}

static str write_value(struct arena *arena, json value)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX);
    struct json_writer writer = json_writer(&buf);
    json_add_value(&writer, value);
    return buf_str(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {};
    str text = str_from(data, size);
    json value;
    struct json_error error;
    if (!json_read(&arena, text, DEPTH, &value, &error)) {
        assert(error.offset <= size && error.text.len > 0);
        return 0;
    }
    check_value(value, 0);
    assert(json_weight(value) <= size);
    str written = write_value(&arena, value);
    json again;
    bool read = json_read(&arena, written, DEPTH, &again, &error);
    assert(read);
    assert(str_equal(write_value(&arena, again), written));
    assert(json_has_nul(again) == json_has_nul(value));
    assert(json_weight(again) == json_weight(value));
    return 0;
}
