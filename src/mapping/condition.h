/* SPDX-License-Identifier: MIT
 * mapping/condition.h: conditions on a document: groups (all, any) of field, operator and value, as
 * filters have them (docs/conditions.md). Compiled once, when configuration is saved. Matching is
 * pure, allocates nothing, is bounded by the document's size for each condition, and never fails:
 * what is missing or of another type just does not fit. */
#pragma once

#include "base/limits.h"
#include "base/problem.h"
#include "json/json.h"

/* Levels of groups. */
#define CONDITIONS_DEPTH_MAX 8

struct conditions; /* never changes once it is read; may be used by any number of threads */

struct conditions_input {
    json value;  /* {"all": […]} or {"any": […]} */
    str pointer; /* where it stands in what was sent, such as "/filter"; may be empty */
    const struct limits *limits;
    struct arena *kept;  /* what is read lives here */
    struct arena *arena; /* what is said about mistakes lives here */
};

/* False: each mistake has been added to `reterr`, which may hold others already. What the store
 * keeps was read once under the limits of its day: read it again under the largest ones. */
MUST_USE bool conditions_read(const struct conditions_input *input, struct problem *reterr,
                              const struct conditions **ret_conditions);

/* What conditions_read() has let pass and was kept as text. `pointer` as above. False: it
 * is none. */
MUST_USE bool conditions_read_stored(str text, str pointer, struct arena *kept,
                                     const struct conditions **ret_conditions);

/* What matching and keeping them costs at most, in points. A condition costs one; one that looks
 * through a whole text (contains, like, most of what ignores case) or an array ([*]) twenty, and
 * with a list twenty more for each further step of its search. Each 50 values of a list, and each
 * KiB of values, cost one more. On a document of 512 KiB a point is 0.1 to 0.3 ms. */
int64_t conditions_cost(const struct conditions *conditions);

/* `document` NULL: every field is missing. */
bool conditions_match(const struct conditions *conditions, json document);

struct conditions_verdict {
    bool match;  /* what conditions_match() says */
    str pointer; /* to the first condition that decided, as in the input */
    str text;    /* which conditions decided, in words, the first few of them */
};

/* For people who try their conditions out. Pure; the texts live in `arena` or with `conditions`. */
struct conditions_verdict conditions_explain(const struct conditions *conditions, json document,
                                             struct arena *arena);

/* The names of the operators, for `index` from 0; empty behind the last. */
str conditions_operator(int index);
