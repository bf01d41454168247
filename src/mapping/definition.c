/* SPDX-License-Identifier: MIT */
#include "mapping/definition.h"
#include "mapping/field.h"
#include "mapping/pointer_tree.h"
#include "mapping/reading.h"
#include "model/names.h"
#include "json/write.h"

#define NAME_MAX_CHARACTERS 200
#define ALIAS_MAX 100

enum { BODY_CONTEXT, BODY_NAME, BODY_ALIAS, BODY_FIELDS, BODY_MEMBERS };

static const str member_names[] = {
    [BODY_CONTEXT] = STR_INIT("context"),
    [BODY_NAME] = STR_INIT("name"),
    [BODY_ALIAS] = STR_INIT("alias"),
    [BODY_FIELDS] = STR_INIT("fields"),
};

bool alias_is_valid(str alias)
{
    if (alias.len < 1 || alias.len > ALIAS_MAX)
        return false;
    for (size_t i = 0; i < alias.len; i++) {
        char c = alias.ptr[i];
        bool plain = char_is_alpha(c) || char_is_digit(c);
        if (!plain && (i == 0 || (c != '-' && c != '_' && c != '.')))
            return false;
    }
    return true;
}

static void require(const struct reading_object *body, int member, const char *message)
{
    if (body->values[member] == NULL)
        reading_wrong(body, member, STR("required"), str_c(message));
}

static enum event_context read_context(const struct reading_object *body)
{
    enum event_context context = CONTEXT_NONE;
    require(body, BODY_CONTEXT, "Say which way in the event has: api or webhook.");
    str name = reading_text(body, BODY_CONTEXT, NAME_MAX_CHARACTERS);
    if (name.len == 0)
        return context;
    if (!context_read(name, &context)) {
        reading_wrong(body, BODY_CONTEXT, STR("option"), STR("Send api or webhook."));
    } else if (context == CONTEXT_WEB) {
        problem_set(
            body->reading->reterr, PROBLEM_CONTEXT,
            STR("Events of web pages and apps are not available yet: choose api or webhook."));
        reading_wrong(body, BODY_CONTEXT, STR("context_not_available"),
                      STR("Send api or webhook."));
    }
    return context;
}

static str read_alias(const struct reading_object *body)
{
    require(body, BODY_ALIAS, "Give the event an alias: its address ends in it.");
    str alias = reading_text(body, BODY_ALIAS, ALIAS_MAX);
    if (alias.len > 0 && !alias_is_valid(alias))
        reading_wrong(
            body, BODY_ALIAS, STR("format"),
            STR("Send letters, digits, '-', '_' and '.', the first a letter or a digit."));
    return alias;
}

/* ---- fields ---- */

static void read_fields(const struct reading_object *body, struct event_definition *definition)
{
    const struct limits *limits = body->reading->limits;
    json array = body->values[BODY_FIELDS];
    require(body, BODY_FIELDS, "List the fields of the event: at least its e-mail address.");
    if (array == NULL)
        return;
    if (json_type(array) != JSON_ARRAY) {
        reading_wrong(body, BODY_FIELDS, STR("type"), STR("Send an array of fields."));
        return;
    }
    size_t count = json_count(array);
    if (count > (size_t)limits->fields) {
        str message = arena_format(body->reading->arena, "Send at most %lld fields, not %zu.",
                                   (long long)limits->fields, count);
        reading_wrong(body, BODY_FIELDS, STR("range"), message);
        return;
    }
    struct field *fields = ARENA_ARRAY(body->reading->kept, struct field, count);
    definition->fields = fields;
    definition->field_count = (int)count;
    struct json_walk walk = json_walk(array);
    json value;
    for (int i = 0; json_next(&walk, NULL, &value); i++)
        field_read(body->reading, definition, i, value, &fields[i]);
}

/* When a field claims to be it and is wrong, that has been told where it stands. */
static void check_primary(const struct reading_object *body,
                          const struct event_definition *definition)
{
    bool read = definition->fields != NULL;
    if (read && definition->primary < 0)
        reading_wrong(body, BODY_FIELDS, STR("primary_key"),
                      STR("Add the field that names the contact: of type email, with \"required\": "
                          "true and \"isPrimaryKey\": true."));
}

static void definition_done(struct object *object)
{
    struct event_definition *definition = CONTAINER_OF(object, struct event_definition, object);
    map_done(&definition->by_id);
}

bool definition_read(struct event_definition *definition, json body, const struct limits *limits,
                     struct arena *arena, struct problem *reterr)
{
    struct reading reading = {
        .kept = &definition->object.arena, .arena = arena, .reterr = reterr, .limits = limits
    };
    json values[BODY_MEMBERS] = {};
    struct reading_object object = {
        .reading = &reading, .names = member_names, .count = BODY_MEMBERS, .values = values
    };
    definition->object.done = definition_done;
    definition->primary = -1;
    if (!reading_begin(&object, body))
        return false;
    definition->context = read_context(&object);
    require(&object, BODY_NAME, "Give the event a name.");
    definition->name = reading_text(&object, BODY_NAME, NAME_MAX_CHARACTERS);
    definition->alias = read_alias(&object);
    definition->type = arena_format(reading.kept, "custom_event.%.*s", STR_ARG(definition->alias));
    read_fields(&object, definition);
    check_primary(&object, definition);
    if (problem_has(reterr))
        return false;
    definition->tree = pointer_tree_new(definition->fields, definition->field_count, reading.kept);
    return true;
}

/* ---- writing ---- */

static void write_options(struct json_writer *writer, const struct field *field)
{
    json_key(writer, STR("options"));
    json_begin_array(writer);
    for (int i = 0; i < field->option_count; i++) {
        json_begin_object(writer);
        json_member_string(writer, STR("id"), field->options[i].id);
        json_member_string(writer, STR("label"), field->options[i].label);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_field(struct json_writer *writer, const struct field *field)
{
    json_begin_object(writer);
    json_member_string(writer, STR("id"), field->id);
    json_member_string(writer, STR("name"), field->name);
    json_member_string(writer, STR("type"), field_type_name(field->type));
    json_member_bool(writer, STR("required"), field->required);
    json_member_bool(writer, STR("isPrimaryKey"), field->primary);
    if (field->has_pointer)
        json_member_string(writer, STR("jsonPointerPath"), field->pointer_text);
    if (field->option_count > 0)
        write_options(writer, field);
    if (field->country.len > 0)
        json_member_string(writer, STR("defaultCountryCode"), field->country);
    json_end_object(writer);
}

str definition_fields_write(const struct event_definition *definition, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX); /* what was read had a cap */
    struct json_writer writer = json_writer(&buf);
    json_begin_array(&writer);
    for (int i = 0; i < definition->field_count; i++)
        write_field(&writer, &definition->fields[i]);
    json_end_array(&writer);
    return buf_str(&buf);
}
