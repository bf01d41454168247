/* SPDX-License-Identifier: MIT */
#include "mapping/custom_event.h"

#include "mapping/pointer_tree.h"
#include "mapping/value.h"
#include "json/write.h"

/* Many pointers may take the same large part of a body: this much more than twice the body, and no
 * further. */
#define FIELDS_SPARE ((size_t)1 << 20)

/* The longest note: an id, and a message that names options. */
#define NOTE_MAX ((size_t)4096)

struct mapping {
    const struct event_definition *definition;
    struct value_reader reader;
    json *values;   /* of each field, as found in the body; NULL: absent */
    bool *repeated; /* of each field: the body has it more than once */
    struct problem *reterr;
    struct buf fields;
    struct json_writer fields_writer;
    struct buf notes;
    struct json_writer notes_writer;
    bool partial;
};

static struct arena *arena_of(const struct mapping *mapping)
{
    return mapping->reader.arena;
}

/* ---- saying what is wrong ---- */

static str pointer_to(const struct mapping *mapping, str key)
{
    struct buf pointer;
    buf_init(&pointer, arena_of(mapping), SIZE_MAX);
    json_pointer_add(&pointer, key);
    return buf_str(&pointer);
}

static void refuse(struct mapping *mapping, const struct field *field, struct flaw flaw)
{
    struct field_error error = { .pointer = field->has_pointer ? field->pointer_text
                                                               : pointer_to(mapping, field->id),
                                 .field = field->id,
                                 .code = flaw.code,
                                 .message = flaw.message };
    problem_add(mapping->reterr, arena_of(mapping), error);
}

/* `key` of the body. After enough of them they are only counted. */
static void refuse_key(struct mapping *mapping, str key, str code, str message)
{
    struct field_error error = { .code = code, .message = message };
    if (mapping->reterr->error_count < PROBLEM_ERRORS_MAX) {
        error.pointer = pointer_to(mapping, key);
        error.field = key;
    }
    problem_add(mapping->reterr, arena_of(mapping), error);
}

static void note(struct mapping *mapping, const struct field *field, struct flaw flaw)
{
    struct json_writer *writer = &mapping->notes_writer;
    if (mapping->notes.len == 0)
        json_begin_array(writer);
    json_begin_object(writer);
    json_member_string(writer, STR("field"), field->id);
    json_member_string(writer, STR("code"), flaw.code);
    json_member_string(writer, STR("message"), flaw.message);
    json_end_object(writer);
}

/* ---- finding the values ---- */

/* Senders tend to send the fields in the order they were defined in: try the next one first. */
static const struct field *find_field(const struct event_definition *definition, str key,
                                      int expected)
{
    if (expected < definition->field_count && str_equal(definition->fields[expected].id, key))
        return &definition->fields[expected];
    return map_find(&definition->by_id, key);
}

/* Context api: the keys are the fields' ids, each at most once, and nothing else. */
static bool find_by_key(struct mapping *mapping, json body)
{
    const struct event_definition *definition = mapping->definition;
    if (json_type(body) != JSON_OBJECT) {
        problem_add(mapping->reterr, arena_of(mapping),
                    (struct field_error){ .code = STR("type"),
                                          .message = STR("Send a JSON object whose keys are the "
                                                         "ids of the event's fields.") });
        return false;
    }
    struct json_walk walk = json_walk(body);
    str key;
    json value;
    int expected = 0;
    while (json_next(&walk, &key, &value)) {
        const struct field *field = find_field(definition, key, expected);
        if (field == NULL) {
            refuse_key(mapping, key, STR("unknown"),
                       STR("Leave it out, or add it to the event's fields."));
            continue;
        }
        int at = (int)(field - definition->fields);
        if (mapping->values[at] != NULL)
            refuse_key(mapping, key, STR("duplicate"), STR("Send each key once."));
        mapping->values[at] = value;
        expected = at + 1;
    }
    return true;
}

/* ---- from values to fields ---- */

static const char *const coerced_messages[] = {
    [FIELD_TEXT] = "Taken as text.",
    [FIELD_INTEGER] = "Taken as a whole number.",
    [FIELD_DECIMAL] = "Taken as a number.",
    [FIELD_BOOLEAN] = "Taken as true or false.",
    [FIELD_PHONE] = "Taken as text.",
    [FIELD_RADIO] = "Taken as text.",
    [FIELD_CHECKBOX] = "Taken as a list of options.",
};

/* False: the field has none, and `mapping` says why if there is a why. */
static bool add_value(struct mapping *mapping, const struct field *field, json value)
{
    struct flaw wrong;
    struct buf *buf = &mapping->fields;
    size_t length_before = buf->len;
    bool comma_before = mapping->fields_writer.comma;
    if (value == NULL || json_type(value) == JSON_NULL) {
        wrong = (struct flaw){ .code = STR("required"), .message = STR("This field is required.") };
        if (!field->required)
            return false;
    } else {
        json_key(&mapping->fields_writer, field->id);
        mapping->reader.coerced = false;
        wrong = value_write(&mapping->reader, field, value, &mapping->fields_writer);
    }
    if (wrong.code.len > 0) {
        buf->len = length_before;
        mapping->fields_writer.comma = comma_before;
        if (mapping->reader.forgiving && !field->primary)
            note(mapping, field, wrong);
        else
            refuse(mapping, field, wrong);
        return false;
    }
    if (mapping->reader.coerced)
        note(mapping, field,
             (struct flaw){ .code = STR("coerced"),
                            .message = str_c(coerced_messages[field->type]) });
    return true;
}

static void add_fields(struct mapping *mapping, struct mapped_event *ret_mapped)
{
    const struct event_definition *definition = mapping->definition;
    json_begin_object(&mapping->fields_writer);
    for (int i = 0; i < definition->field_count && !buf_overflowed(&mapping->fields); i++) {
        if (mapping->repeated[i])
            note(mapping, &definition->fields[i],
                 (struct flaw){ .code = STR("duplicate"),
                                .message = STR("It was there more than once; the last counts.") });
        if (add_value(mapping, &definition->fields[i], mapping->values[i]) &&
            i == definition->primary) {
            ret_mapped->email = mapping->reader.email;
            ret_mapped->email_key = mapping->reader.email_key;
        }
    }
    json_end_object(&mapping->fields_writer);
}

bool custom_event_map(const struct event_definition *definition, json body, struct arena *arena,
                      struct mapped_event *ret_mapped, struct problem *reterr)
{
    assert(definition->context == CONTEXT_API || definition->context == CONTEXT_WEBHOOK);
    struct mapping mapping = { .definition = definition, .reterr = reterr };
    mapping.reader.arena = arena;
    mapping.reader.forgiving = definition->context == CONTEXT_WEBHOOK;
    mapping.values = ARENA_ARRAY(arena, json, (size_t)definition->field_count);
    mapping.repeated = ARENA_ARRAY(arena, bool, (size_t)definition->field_count);
    buf_init(&mapping.fields, arena, 2 * json_weight(body) + FIELDS_SPARE);
    mapping.fields_writer = json_writer(&mapping.fields);
    buf_init(&mapping.notes, arena, ((size_t)definition->field_count + 1) * NOTE_MAX);
    mapping.notes_writer = json_writer(&mapping.notes);

    if (mapping.reader.forgiving)
        mapping.partial =
            pointer_tree_find(definition->tree, body, arena, mapping.values, mapping.repeated);
    else if (!find_by_key(&mapping, body))
        return false;
    struct mapped_event mapped = {};
    add_fields(&mapping, &mapped);
    if (problem_has(reterr))
        return false;
    if (mapping.notes.len > 0)
        json_end_array(&mapping.notes_writer);
    assert(!buf_overflowed(&mapping.notes));
    if (buf_overflowed(&mapping.fields)) {
        problem_set(reterr, PROBLEM_TOO_LARGE,
                    STR("The fields of this event take the same parts of the body again and again: "
                        "together they are far larger than it. Send less, or map less."));
        return false;
    }
    mapped.fields = buf_str(&mapping.fields);
    mapped.notes = buf_str(&mapping.notes);
    mapped.partial = mapping.partial || mapped.notes.len > 0;
    *ret_mapped = mapped;
    return true;
}
