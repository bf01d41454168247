/* SPDX-License-Identifier: MIT
 * api/openapi_schema.c: the schema tables as JSON Schema (2020-12, as OpenAPI 3.1 has it). */
#include "api/openapi.h"

static str in_path(struct json_writer *out, const struct schema *schema)
{
    return arena_format(out->buf->arena, "#/components/schemas/%s", schema->name);
}

void schema_set_add(struct schema_set *set, const struct schema *schema, bool closed)
{
    if (schema == NULL)
        return;
    int at = 0;
    while (at < set->count && set->at[at] != schema)
        at++;
    if (at < set->count) {
        set->closed[at] = set->closed[at] || closed;
        return;
    }
    assert(set->count < SCHEMAS_MAX);
    set->closed[set->count] = closed;
    set->at[set->count++] = schema;
    for (const struct member *member = schema->members; member != NULL && member->name != NULL;
         member++)
        schema_set_add(set, member->of, closed);
}

void schema_reference(struct json_writer *out, const struct schema *schema)
{
    json_begin_object(out);
    json_member_string(out, STR("$ref"), in_path(out, schema));
    json_end_object(out);
}

void choices_write(struct json_writer *out, const char *const *choices, bool nullable)
{
    json_key(out, STR("enum"));
    json_begin_array(out);
    for (const char *const *at = choices; *at != NULL; at++)
        json_add_string(out, str_c(*at));
    if (nullable)
        json_add_null(out);
    json_end_array(out);
}

/* ── members ── */

static const char *type_name(enum shape shape)
{
    switch (shape) {
    case SHAPE_STRING:
    case SHAPE_INSTANT:
        return "string";
    case SHAPE_INTEGER:
        return "integer";
    case SHAPE_BOOLEAN:
        return "boolean";
    case SHAPE_MONEY:
        return "number"; /* or a string */
    case SHAPE_OBJECT:
    case SHAPE_MAP:
        return "object";
    case SHAPE_STRINGS:
    case SHAPE_INTEGERS:
    case SHAPE_OBJECTS:
        return "array";
    case SHAPE_ANY:
    case SHAPE_NONE:
        break;
    }
    return NULL;
}

static void write_type(struct json_writer *out, const struct member *member)
{
    const char *name = type_name(member->shape);
    if (name == NULL)
        return;
    bool nullable = (member->flags & MEMBER_NULLABLE) != 0;
    bool money = member->shape == SHAPE_MONEY;
    if (!nullable && !money) {
        json_member_string(out, STR("type"), str_c(name));
        return;
    }
    json_key(out, STR("type"));
    json_begin_array(out);
    if (money)
        json_add_string(out, STR("string"));
    json_add_string(out, str_c(name));
    if (nullable)
        json_add_string(out, STR("null"));
    json_end_array(out);
}

static bool is_array(const struct member *member)
{
    return member->shape == SHAPE_STRINGS || member->shape == SHAPE_INTEGERS ||
           member->shape == SHAPE_OBJECTS;
}

static void write_bounds(struct json_writer *out, const struct member *member)
{
    if (member->shape == SHAPE_MONEY)
        return; /* minor units; and it may be a text */
    bool array = is_array(member);
    bool number = member->shape == SHAPE_INTEGER;
    str least = number ? STR("minimum") : array ? STR("minItems") : STR("minLength");
    str most = number ? STR("maximum") : array ? STR("maxItems") : STR("maxLength");
    if (member->least > 0 || (number && member->most > 0))
        json_member_int(out, least, member->least);
    if (member->most > 0)
        json_member_int(out, most, member->most);
}

static void write_items(struct json_writer *out, const struct member *member)
{
    json_key(out, STR("items"));
    if (member->shape == SHAPE_OBJECTS) {
        schema_reference(out, member->of);
        return;
    }
    json_begin_object(out);
    bool number = member->shape == SHAPE_INTEGERS;
    json_member_string(out, STR("type"), number ? STR("integer") : STR("string"));
    if (number && member->item_most > 0) {
        json_member_int(out, STR("minimum"), member->item_least);
        json_member_int(out, STR("maximum"), member->item_most);
    }
    if (member->choices != NULL)
        choices_write(out, member->choices, false);
    json_end_object(out);
}

static void write_notes(struct json_writer *out, const struct member *member)
{
    if (member->help != NULL)
        json_member_string(out, STR("description"), str_c(member->help));
    if ((member->flags & MEMBER_SECRET) != 0)
        json_member_bool(out, STR("writeOnly"), true);
    if (member->example == NULL)
        return;
    json_key(out, STR("examples"));
    json_begin_array(out);
    json_add_raw(out, str_c(member->example));
    json_end_array(out);
}

/* An object of a schema of its own, or null. */
static void write_object(struct json_writer *out, const struct member *member)
{
    if ((member->flags & MEMBER_NULLABLE) == 0) {
        json_member_string(out, STR("$ref"), in_path(out, member->of));
    } else {
        json_key(out, STR("oneOf"));
        json_begin_array(out);
        schema_reference(out, member->of);
        json_begin_object(out);
        json_member_string(out, STR("type"), STR("null"));
        json_end_object(out);
        json_end_array(out);
    }
    write_notes(out, member);
}

static void write_member(struct json_writer *out, const struct member *member)
{
    json_key(out, str_c(member->name));
    json_begin_object(out);
    if (member->shape == SHAPE_OBJECT) {
        write_object(out, member);
        json_end_object(out);
        return;
    }
    write_type(out, member);
    write_bounds(out, member);
    if (is_array(member))
        write_items(out, member);
    else if (member->choices != NULL)
        choices_write(out, member->choices, (member->flags & MEMBER_NULLABLE) != 0);
    if (member->shape == SHAPE_INSTANT)
        json_member_string(out, STR("format"), STR("date-time"));
    else if (member->format != NULL)
        json_member_string(out, STR("format"), str_c(member->format));
    if (member->shape == SHAPE_MAP)
        json_member_bool(out, STR("additionalProperties"), true);
    write_notes(out, member);
    json_end_object(out);
}

/* ── schemas ── */

static void write_required(struct json_writer *out, const struct schema *schema)
{
    bool any = false;
    for (const struct member *at = schema->members; at->name != NULL; at++) {
        if ((at->flags & MEMBER_REQUIRED) == 0)
            continue;
        if (!any) {
            json_key(out, STR("required"));
            json_begin_array(out);
        }
        any = true;
        json_add_string(out, str_c(at->name));
    }
    if (any)
        json_end_array(out);
}

static void write_schema(struct json_writer *out, const struct schema *schema, bool closed)
{
    json_key(out, str_c(schema->name));
    json_begin_object(out);
    json_member_string(out, STR("type"), STR("object"));
    if (schema->help != NULL && schema->help[0] != '\0')
        json_member_string(out, STR("description"), str_c(schema->help));
    if (schema->members != NULL) {
        json_key(out, STR("properties"));
        json_begin_object(out);
        for (const struct member *at = schema->members; at->name != NULL; at++)
            write_member(out, at);
        json_end_object(out);
        write_required(out, schema);
    }
    if (schema->members == NULL || closed)
        json_member_bool(out, STR("additionalProperties"), schema->members == NULL);
    json_end_object(out);
}

void schemas_write(struct json_writer *out, const struct schema_set *set)
{
    json_begin_object(out);
    for (int i = 0; i < set->count; i++)
        write_schema(out, set->at[i], set->closed[i]);
    json_end_object(out);
}

/* ── examples ── */

static void write_empty(struct json_writer *out, const struct member *member)
{
    switch (member->shape) {
    case SHAPE_OBJECT:
        schema_example(out, member->of);
        return;
    case SHAPE_OBJECTS:
        json_begin_array(out);
        schema_example(out, member->of);
        json_end_array(out);
        return;
    case SHAPE_STRINGS:
    case SHAPE_INTEGERS:
        json_add_raw(out, STR("[]"));
        return;
    case SHAPE_MAP:
    case SHAPE_ANY:
    case SHAPE_NONE:
        json_add_raw(out, STR("{}"));
        return;
    case SHAPE_INTEGER:
        json_add_int(out, member->least);
        return;
    case SHAPE_BOOLEAN:
        json_add_bool(out, false);
        return;
    case SHAPE_INSTANT:
        json_add_string(out, STR("2026-11-21T10:00:00.000Z"));
        return;
    case SHAPE_MONEY:
        json_add_string(out, STR("29.40"));
        return;
    case SHAPE_STRING:
        break;
    }
    json_add_string(out, STR("…"));
}

void schema_example(struct json_writer *out, const struct schema *schema)
{
    json_begin_object(out);
    for (const struct member *at = schema->members; at != NULL && at->name != NULL; at++) {
        if (at->example == NULL && (at->flags & MEMBER_REQUIRED) == 0)
            continue;
        json_key(out, str_c(at->name));
        if (at->example != NULL)
            json_add_raw(out, str_c(at->example));
        else
            write_empty(out, at);
    }
    json_end_object(out);
}
