/* SPDX-License-Identifier: MIT
 * mapping/reading.h: reading configuration from JSON, strictly: every member known, of its type and
 * there once, and every mistake told at once with its pointer. For this folder only. */
#pragma once

#include "base/limits.h"
#include "base/problem.h"
#include "json/json.h"

struct reading {
    struct arena *kept;  /* what is read lives here */
    struct arena *arena; /* what is said about mistakes lives here */
    struct problem *reterr;
    const struct limits *limits;
};

/* One object of the body: where it stands, and its members by their place in a table of names. */
struct reading_object {
    struct reading *reading;
    str pointer;
    const str *names;
    int count;
    json *values; /* `count` of them; NULL: absent or null */
};

#define READING_MEMBERS_MAX 16

/* `values` has room for `count`. False: `value` is no object, which has been told. */
MUST_USE bool reading_begin(struct reading_object *object, json value);

/* Tells what is wrong with member `member`, or with the object itself when that is −1. */
void reading_wrong(const struct reading_object *object, int member, str code, str message);

/* A text of 1 to `most` characters, not blank, without U+0000. When absent or wrong the result is
 * empty, and it has been told unless it is merely absent. */
str reading_text(const struct reading_object *object, int member, int most);

/* Absent: false. */
bool reading_bool(const struct reading_object *object, int member);

/* A copy of `text` where what is read lives. */
str reading_keep(const struct reading_object *object, str text);
