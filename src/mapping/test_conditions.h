/* SPDX-License-Identifier: MIT
 * mapping/test_conditions.h: conditions and documents from text, for tests and fuzz targets. */
#pragma once

#include "mapping/condition.h"

/* NULL: it is no JSON. */
static inline json test_json(struct arena *arena, str text)
{
    json value;
    struct json_error error;
    return json_read(arena, text, 64, &value, &error) ? value : NULL;
}

/* NULL: they are none, and `reterr` says why. Everything lives in `arena`. */
static inline const struct conditions *
test_conditions(struct arena *arena, str text, const struct limits *limits, struct problem *reterr)
{
    struct conditions_input input = { .value = test_json(arena, text),
                                      .pointer = STR("/filter"),
                                      .limits = limits,
                                      .kept = arena,
                                      .arena = arena };
    const struct conditions *conditions = NULL;
    bool good = conditions_read(&input, reterr, &conditions);
    assert(good == (conditions != NULL));
    return conditions;
}

/* JSON that is written with ' for ", so that tables of it can be read. */
static inline str test_quotes(struct arena *arena, const char *text)
{
    char *copy = arena_c(arena, str_c(text));
    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    return str_c(copy);
}
