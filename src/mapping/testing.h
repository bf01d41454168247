/* SPDX-License-Identifier: MIT
 * mapping/testing.h: definitions and bodies from text, for tests and fuzz targets only. */
#pragma once

#include "mapping/definition.h"

/* NULL: it is no JSON, or no definition, and `reterr` says why. The caller releases it. */
static inline struct event_definition *test_definition(str text, struct arena *arena,
                                                       struct problem *reterr)
{
    struct limits limits;
    limits_init(&limits);
    json body;
    struct json_error error;
    if (!json_read(arena, text, (int)limits.json_depth, &body, &error)) {
        problem_set(reterr, PROBLEM_MALFORMED, error.text);
        return NULL;
    }
    struct event_definition *definition = object_new(sizeof(*definition));
    if (definition_read(definition, body, &limits, arena, reterr))
        return definition;
    object_release(definition);
    return NULL;
}

/* "pointer code, pointer code, …" of all errors. */
static inline str test_errors(const struct problem *problem, struct arena *arena)
{
    str all = {};
    for (const struct field_error *at = problem->errors; at != NULL; at = at->next)
        all = arena_format(arena, "%.*s%s%.*s %.*s", STR_ARG(all), all.len == 0 ? "" : ", ",
                           STR_ARG(at->pointer), STR_ARG(at->code));
    return all;
}
