/* SPDX-License-Identifier: MIT
 * A query, or, behind a '{', JSON, or both: "{…}" and a newline, then a query. What is read is UTF-8
 * without U+0000, each name is there once, and as a JSON object it reads the same. */
#include "mapping/pairs.h"

#include "json/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct pairs *pairs)
{
    assert(pairs->count <= PAIRS_MAX && pairs->count <= pairs->room);
    for (int i = 0; i < pairs->count; i++) {
        const struct pair *pair = &pairs->at[i];
        assert(pair->name.len > 0);
        assert(str_is_utf8(pair->name) && str_is_utf8(pair->text));
        assert(str_index(pair->name, '\0') < 0 && str_index(pair->text, '\0') < 0);
        assert(pairs_find(pairs, pair->name) == pair);
    }
}

static void check_again(const struct pairs *pairs, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    for (int i = 0; i < pairs->count; i++)
        json_member_string(&writer, pairs->at[i].name, pairs->at[i].text);
    json_end_object(&writer);
    json object;
    struct json_error error;
    struct pairs again = {};
    struct problem problem = {};
    bool good = json_read(arena, buf_str(&buf), 2, &object, &error) &&
                pairs_add_json(&again, object, arena, &problem);
    assert(good && again.count == pairs->count);
    for (int i = 0; i < pairs->count; i++)
        assert(str_equal(again.at[i].name, pairs->at[i].name) &&
               str_equal(again.at[i].text, pairs->at[i].text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {};
    str rest = str_from(data, size);
    struct pairs pairs = {};
    struct problem problem = {};
    bool good = true;
    json object;
    struct json_error error;
    if (size > 0 && data[0] == '{') {
        str body = str_cut(&rest, '\n');
        if (!json_read(&arena, body, 64, &object, &error))
            return 0;
        good = pairs_add_json(&pairs, object, &arena, &problem);
    }
    good = good && pairs_add_query(&pairs, rest, &arena, &problem);
    assert(good != problem_has(&problem));
    check(&pairs);
    if (good)
        check_again(&pairs, &arena);
    else
        assert(str_is_utf8(problem.text) && problem.text.len > 0);
    return 0;
}
