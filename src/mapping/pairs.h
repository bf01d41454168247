/* SPDX-License-Identifier: MIT
 * mapping/pairs.h: names with texts, as a query string, a form (application/x-www-form-urlencoded)
 * and a flat JSON object bring them alike. Pure; texts live in the arena or where the input does.
 *
 * Of JSON: numbers are as they were sent, true is "1" and false "0" (as the systems that send
 * flags in forms have them), null is empty, and what is nested is kept as its JSON text.
 *
 * A name counts once, in any case of its letters, wherever it stands: again with the same text does
 * no harm, with another one it is an error. */
#pragma once

#include "base/problem.h"
#include "json/json.h"

/* One more is 422. */
#define PAIRS_MAX 500

struct pair {
    str name; /* as it came first */
    str text;
    enum json_type json; /* what it was in JSON; JSON_ABSENT: it came in a query or a form */
};

struct pairs {
    struct pair *at; /* in the order they came in */
    int count;
    int room;
};

/* Each adds to what is there already. False: `reterr`, which comes empty, names the parameter:
 * PROBLEM_MALFORMED with one of the codes encoding (a bad escape, U+0000, not UTF-8), duplicate and
 * required (a text without a name); PROBLEM_INVALID: too many. No text is ever in it. */
MUST_USE bool pairs_add_query(struct pairs *pairs, str query, struct arena *arena,
                              struct problem *reterr);
MUST_USE bool pairs_add_json(struct pairs *pairs, json object, struct arena *arena,
                             struct problem *reterr);

/* In any case of letters. NULL: there is none. */
const struct pair *pairs_find(const struct pairs *pairs, str name);
/* The text of that name, trimmed; it is no longer among them. Empty: it was not there. */
str pairs_take(struct pairs *pairs, const char *name);
