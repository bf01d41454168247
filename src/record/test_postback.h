/* SPDX-License-Identifier: MIT
 * record/test_postback.h: a postback, read as the tests have it. */
#pragma once

#include "base/testing.h"
#include "record/postback.h"

struct reading {
    struct arena arena;
    struct pairs pairs;
    struct postback postback;
    struct problem problem;
    bool good;
};

static const struct zone five_hours_behind = { .first_s = -5 * 3600 };

/* 2026-11-21T20:00:00Z */
static const struct postback_context context = { .now_ms = 1795291200000,
                                                 .zone = &five_hours_behind,
                                                 .test_cards = STR_INIT(
                                                     "0000000000000000,5105105105105100") };

static inline void read_into(struct reading *reading, str text)
{
    json object;
    struct json_error error;
    if (text.ptr[0] == '{')
        assert_true(json_read(&reading->arena, text, 10, &object, &error) &&
                    pairs_add_json(&reading->pairs, object, &reading->arena, &reading->problem));
    else
        assert_true(pairs_add_query(&reading->pairs, text, &reading->arena, &reading->problem));
    reading->good = postback_read(&reading->pairs, &context, &reading->arena, &reading->postback,
                                  &reading->problem);
}

static inline void read_as(struct reading *reading, str text)
{
    *reading = (struct reading){};
    read_into(reading, text);
}

/* Of an order 7: `query` is what else it says. */
static inline void read_of_order(struct reading *reading, const char *query)
{
    *reading = (struct reading){};
    read_into(reading, arena_format(&reading->arena, "orderId=7&%s", query));
}

static inline void done(struct reading *reading)
{
    arena_done(&reading->arena);
}

static inline bool has(str text, const char *part)
{
    return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}
