/* SPDX-License-Identifier: MIT
 * api/schema.h: what the bodies of the API look like, as tables: requests are checked against them,
 * and the OpenAPI document is made of them, so that the two cannot differ. */
#pragma once

#include "base/problem.h"
#include "json/json.h"

enum shape {
    SHAPE_NONE = 0,
    SHAPE_STRING,
    SHAPE_INSTANT, /* RFC 3339 */
    SHAPE_INTEGER,
    SHAPE_BOOLEAN,
    SHAPE_MONEY,    /* in requests: a text such as "29.40", or a number; answers have the text */
    SHAPE_OBJECT,   /* of `of` */
    SHAPE_STRINGS,  /* an array */
    SHAPE_INTEGERS, /* likewise */
    SHAPE_OBJECTS,  /* an array of `of` */
    SHAPE_MAP,      /* an object with members of any name */
    SHAPE_ANY,
};

enum member_flag {
    MEMBER_REQUIRED = 1, /* requests must have it; answers always have it */
    MEMBER_NULLABLE = 2,
    MEMBER_SECRET = 4, /* written, never shown: left out of the audit trail */
    MEMBER_SEALED =
        8,            /* shown to who may, and left out of the audit trail, which is in the clear */
    MEMBER_DEEP = 16, /* objects: checked inside too, by `of` */
};

struct schema;

struct member {
    const char *name;
    enum shape shape;
    unsigned flags;
    const struct schema *of;
    int64_t least;      /* characters of a string, value of a number, elements of an array; money:
                         * minor units */
    int64_t most;       /* 0: no bound */
    int64_t item_least; /* of each element of SHAPE_INTEGERS */
    int64_t item_most;
    const char *format;         /* of strings, in OpenAPI: "email", "uri", … */
    const char *const *choices; /* of a string or of each element; ends with NULL */
    const char *help;
    const char *example; /* JSON */
};

struct schema {
    const char *name;
    const char *help;
    const struct member *members; /* ends with one without a name */
};

/* "Send one of: a, b." */
str choices_text(struct arena *arena, const char *const *choices);

/* Checks a request's body, which must be an object: unknown and missing members, types, bounds.
 * Each error names its pointer. False: reterr has them. */
MUST_USE bool schema_check(const struct schema *schema, json body, struct arena *arena,
                           struct problem *reterr);

/* The body's members as JSON for the audit trail: without secrets, long values only by their size.
 */
str schema_audit(const struct schema *schema, json body, struct arena *arena);
