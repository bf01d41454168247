/* SPDX-License-Identifier: MIT */
#include "mapping/field.h"

#include <stdlib.h>

#include "mapping/phone.h"
#include "model/names.h"

#define ID_MAX 150
#define NAME_MAX_CHARACTERS 200
#define OPTIONS_MAX 500

enum {
    MEMBER_ID,
    MEMBER_NAME,
    MEMBER_TYPE,
    MEMBER_REQUIRED,
    MEMBER_PRIMARY,
    MEMBER_POINTER,
    MEMBER_OPTIONS,
    MEMBER_COUNTRY,
    MEMBER_COUNT
};

static const str member_names[] = {
    [MEMBER_ID] = STR_INIT("id"),
    [MEMBER_NAME] = STR_INIT("name"),
    [MEMBER_TYPE] = STR_INIT("type"),
    [MEMBER_REQUIRED] = STR_INIT("required"),
    [MEMBER_PRIMARY] = STR_INIT("isPrimaryKey"),
    [MEMBER_POINTER] = STR_INIT("jsonPointerPath"),
    [MEMBER_OPTIONS] = STR_INIT("options"),
    [MEMBER_COUNTRY] = STR_INIT("defaultCountryCode"),
};

/* ---- id and type ---- */

/* As the platform the contract comes from has it. */
static bool is_id(str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (!char_is_alpha(c) && (i == 0 || !(char_is_digit(c) || strchr("-_[]", c) != NULL)))
            return false;
    }
    return id.len > 0;
}

static str read_id(const struct reading_object *object)
{
    if (object->values[MEMBER_ID] == NULL)
        reading_wrong(object, MEMBER_ID, STR("required"),
                      STR("Give the field an id: the key it has in the events."));
    str id = reading_text(object, MEMBER_ID, ID_MAX);
    if (id.len == 0 || is_id(id))
        return id;
    reading_wrong(object, MEMBER_ID, STR("format"),
                  STR("Send letters, digits, '-', '_', '[' and ']', the first a letter."));
    return (str){};
}

static enum field_type read_type(const struct reading_object *object)
{
    static const char known[] =
        "text, integer, decimal, date, boolean, email, phone, radio or checkbox";
    enum field_type type = FIELD_NONE;
    struct arena *arena = object->reading->arena;
    if (object->values[MEMBER_TYPE] == NULL)
        reading_wrong(object, MEMBER_TYPE, STR("required"),
                      arena_format(arena, "Give the field a type: %s.", known));
    str name = reading_text(object, MEMBER_TYPE, NAME_MAX_CHARACTERS);
    if (name.len > 0 && !field_type_read(name, &type))
        reading_wrong(object, MEMBER_TYPE, STR("option"), arena_format(arena, "Send %s.", known));
    return type;
}

/* ---- the primary key ---- */

static void read_primary(const struct reading_object *object, struct event_definition *definition,
                         int index, struct field *field)
{
    field->primary = reading_bool(object, MEMBER_PRIMARY);
    if (!field->primary)
        return;
    if (definition->primary >= 0) {
        str first = definition->fields[definition->primary].id;
        str message =
            arena_format(object->reading->arena,
                         "There is one primary key, and it is \"%.*s\" already.", STR_ARG(first));
        reading_wrong(object, MEMBER_PRIMARY, STR("primary_key"), message);
        return;
    }
    definition->primary = index;
    if (field->type != FIELD_EMAIL && field->type != FIELD_NONE)
        reading_wrong(object, MEMBER_PRIMARY, STR("primary_key"),
                      STR("Make a field of type email the primary key."));
    if (!field->required)
        reading_wrong(object, MEMBER_REQUIRED, STR("primary_key"),
                      STR("Send \"required\": true: an event without the primary key has no "
                          "contact."));
}

/* ---- pointers ---- */

static void own_key_pointer(const struct reading_object *object, struct field *field)
{
    str *token = ARENA_NEW(object->reading->kept, str);
    *token = field->id;
    field->pointer = (struct json_pointer){ .tokens = token, .count = 1 };
}

static void read_pointer(const struct reading_object *object, enum event_context context,
                         struct field *field)
{
    struct arena *arena = object->reading->arena;
    const struct limits *limits = object->reading->limits;
    json value = object->values[MEMBER_POINTER];
    own_key_pointer(object, field);
    if (value == NULL)
        return;
    if (context == CONTEXT_API) {
        reading_wrong(object, MEMBER_POINTER, STR("not_allowed"),
                      STR("Leave it out: only events of the context webhook have pointers."));
        return;
    }
    if (json_type(value) != JSON_STRING || json_has_nul(value)) {
        reading_wrong(object, MEMBER_POINTER, STR("type"), STR("Send a JSON Pointer as a string."));
        return;
    }
    field->has_pointer = true;
    field->pointer_text = reading_keep(object, json_string(value));
    size_t offset;
    if (!json_pointer_read(object->reading->kept, field->pointer_text, &field->pointer, &offset)) {
        str what = offset == 0 ? STR("starts with '/' (RFC 6901)")
                               : STR("has 0 or 1 behind each '~' (RFC 6901)");
        str message =
            arena_format(arena, "At character %zu: a JSON Pointer %.*s.", offset, STR_ARG(what));
        reading_wrong(object, MEMBER_POINTER, STR("format"), message);
    } else if (field->pointer.count > limits->json_depth) {
        str message = arena_format(arena, "Go at most %lld levels deep: no body goes deeper.",
                                   (long long)limits->json_depth);
        reading_wrong(object, MEMBER_POINTER, STR("range"), message);
    }
}

/* ---- options ---- */

enum { OPTION_ID, OPTION_LABEL, OPTION_MEMBERS };

static const str option_member_names[] = {
    [OPTION_ID] = STR_INIT("id"),
    [OPTION_LABEL] = STR_INIT("label"),
};

/* {"id", "label"}, or a string that is both. */
static struct field_option read_option(struct reading *reading, str pointer, json value)
{
    json values[OPTION_MEMBERS] = {};
    struct reading_object object = { .reading = reading,
                                     .pointer = pointer,
                                     .names = option_member_names,
                                     .count = OPTION_MEMBERS,
                                     .values = values };
    if (json_type(value) == JSON_STRING)
        values[OPTION_ID] = value;
    else if (!reading_begin(&object, value))
        return (struct field_option){};
    else if (values[OPTION_ID] == NULL)
        reading_wrong(&object, OPTION_ID, STR("required"), STR("Give the option an id."));
    struct field_option option = { .id = reading_text(&object, OPTION_ID, NAME_MAX_CHARACTERS),
                                   .label =
                                       reading_text(&object, OPTION_LABEL, NAME_MAX_CHARACTERS) };
    if (option.label.len == 0)
        option.label = option.id;
    return option;
}

static int compare_options(const void *left, const void *right, void *options)
{
    const struct field_option *all = options;
    return str_compare(all[*(const int *)left].id, all[*(const int *)right].id);
}

/* The order by id serves to find an option, and to see that none is there twice. */
static void order_options(const struct reading_object *object, struct field *field)
{
    int *order = ARENA_ARRAY(object->reading->kept, int, (size_t)field->option_count);
    for (int i = 0; i < field->option_count; i++)
        order[i] = i;
    qsort_r(order, (size_t)field->option_count, sizeof(*order), compare_options,
            (void *)(uintptr_t)field->options);
    field->option_order = order;
    for (int i = 1; i < field->option_count; i++) {
        str id = field->options[order[i]].id;
        if (id.len == 0 || !str_equal(id, field->options[order[i - 1]].id))
            continue;
        str message = arena_format(object->reading->arena,
                                   "Give each option an id of its own: \"%.*s\" is there twice.",
                                   STR_ARG(id));
        reading_wrong(object, MEMBER_OPTIONS, STR("duplicate"), message);
    }
}

static void read_option_list(const struct reading_object *object, struct field *field)
{
    json array = object->values[MEMBER_OPTIONS];
    size_t count = json_count(array);
    if (json_type(array) != JSON_ARRAY || count == 0 || count > OPTIONS_MAX) {
        str message = arena_format(object->reading->arena,
                                   "Send an array of 1 to %d options: strings, or objects with id "
                                   "and label.",
                                   OPTIONS_MAX);
        reading_wrong(object, MEMBER_OPTIONS,
                      json_type(array) == JSON_ARRAY ? STR("range") : STR("type"), message);
        return;
    }
    struct field_option *options = ARENA_ARRAY(object->reading->kept, struct field_option, count);
    struct json_walk walk = json_walk(array);
    json value;
    for (int i = 0; json_next(&walk, NULL, &value); i++) {
        str pointer =
            arena_format(object->reading->arena, "%.*s/options/%d", STR_ARG(object->pointer), i);
        options[i] = read_option(object->reading, pointer, value);
    }
    field->options = options;
    field->option_count = (int)count;
    order_options(object, field);
}

static void read_options(const struct reading_object *object, struct field *field)
{
    bool wanted = field->type == FIELD_RADIO || field->type == FIELD_CHECKBOX;
    bool given = object->values[MEMBER_OPTIONS] != NULL;
    if (wanted && given)
        read_option_list(object, field);
    else if (wanted)
        reading_wrong(object, MEMBER_OPTIONS, STR("required"),
                      STR("List the options: strings, or objects with id and label."));
    else if (given && field->type != FIELD_NONE)
        reading_wrong(object, MEMBER_OPTIONS, STR("not_allowed"),
                      STR("Leave it out: only radio and checkbox fields have options."));
}

static void read_country(const struct reading_object *object, struct field *field)
{
    if (object->values[MEMBER_COUNTRY] == NULL)
        return;
    if (field->type != FIELD_PHONE && field->type != FIELD_NONE) {
        reading_wrong(object, MEMBER_COUNTRY, STR("not_allowed"),
                      STR("Leave it out: only phone fields have a country."));
        return;
    }
    field->country = reading_text(object, MEMBER_COUNTRY, NAME_MAX_CHARACTERS);
    if (field->country.len > 0 && !phone_country_is_known(field->country))
        reading_wrong(object, MEMBER_COUNTRY, STR("option"),
                      STR("Send the two capital letters of a country (ISO 3166-1), such as ES."));
}

/* ---- the whole field ---- */

void field_read(struct reading *reading, struct event_definition *definition, int index, json value,
                struct field *field)
{
    json values[MEMBER_COUNT] = {};
    struct reading_object object = { .reading = reading,
                                     .pointer = arena_format(reading->arena, "/fields/%d", index),
                                     .names = member_names,
                                     .count = MEMBER_COUNT,
                                     .values = values };
    if (!reading_begin(&object, value))
        return;
    field->id = read_id(&object);
    if (field->id.len > 0 && map_put(&definition->by_id, field->id, field) != NULL)
        reading_wrong(&object, MEMBER_ID, STR("duplicate"),
                      STR("Give each field an id of its own."));
    field->name = reading_text(&object, MEMBER_NAME, NAME_MAX_CHARACTERS);
    if (field->name.len == 0)
        field->name = field->id;
    field->type = read_type(&object);
    field->required = reading_bool(&object, MEMBER_REQUIRED);
    read_primary(&object, definition, index, field);
    read_pointer(&object, definition->context, field);
    read_options(&object, field);
    read_country(&object, field);
}
