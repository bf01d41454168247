/* SPDX-License-Identifier: MIT
 * api/openapi.h: the OpenAPI 3.1 document, made of the route table and the schema tables. */
#pragma once

#include "api/schema.h"
#include "base/limits.h"
#include "json/write.h"

/* The whole document. `test`: with the routes of the test clock. */
str openapi_write(struct arena *arena, const struct limits *limits, str public_url, bool test);

/* ── its schemas (openapi_schema.c) ── */

#define SCHEMAS_MAX 192

/* Those that the routes name, and those that these name, each once. */
struct schema_set {
    const struct schema *at[SCHEMAS_MAX];
    bool closed[SCHEMAS_MAX]; /* of a request: other members are refused */
    int count;
};

void schema_set_add(struct schema_set *set, const struct schema *schema, bool closed);
/* {"Name": {…}, …} */
void schemas_write(struct json_writer *out, const struct schema_set *set);
/* {"$ref": …} */
void schema_reference(struct json_writer *out, const struct schema *schema);
/* A body as it could be. */
void schema_example(struct json_writer *out, const struct schema *schema);
/* A list of names as an enum. */
void choices_write(struct json_writer *out, const char *const *choices, bool nullable);
