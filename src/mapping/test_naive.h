/* SPDX-License-Identifier: MIT
 * mapping/test_naive.h: a second interpreter of conditions, straight from their JSON: slow and
 * plain, to hold the compiled ones against. For tests only. */
#pragma once

#include "base/arena.h"
#include "json/json.h"

#define NAIVE_NEGATIONS 5

struct naive_negation {
    const char *name;
    const char *positive; /* of which it is the negation */
};

extern const struct naive_negation naive_negations[NAIVE_NEGATIONS];

/* `node` is a group or a condition that can be saved. Fields are paths whose names have one letter;
 * numbers are exact as doubles. */
bool naive_match(struct arena *arena, json node, json document);

/* By trying everything. Patterns do not begin inside a character. */
bool naive_like(str pattern, str text);
