/* SPDX-License-Identifier: MIT */
#include "mapping/reading.h"

static str member_pointer(const struct reading_object *object, str member)
{
    struct buf pointer;
    buf_init(&pointer, object->reading->arena, SIZE_MAX);
    buf_add(&pointer, object->pointer);
    json_pointer_add(&pointer, member);
    return buf_str(&pointer);
}

static void tell(const struct reading_object *object, str pointer, str field, str code, str message)
{
    struct reading *reading = object->reading;
    problem_add(reading->reterr, reading->arena,
                (struct field_error){
                    .pointer = pointer, .field = field, .code = code, .message = message });
}

void reading_wrong(const struct reading_object *object, int member, str code, str message)
{
    if (member < 0) {
        tell(object, object->pointer, (str){}, code, message);
        return;
    }
    str name = object->names[member];
    tell(object, member_pointer(object, name), name, code, message);
}

static int find_name(const struct reading_object *object, str name)
{
    for (int i = 0; i < object->count; i++)
        if (str_equal(object->names[i], name))
            return i;
    return -1;
}

static str list_names(const struct reading_object *object)
{
    struct buf list;
    buf_init(&list, object->reading->arena, 4096);
    for (int i = 0; i < object->count; i++) {
        if (i > 0)
            buf_add(&list, STR(", "));
        buf_add(&list, object->names[i]);
    }
    return buf_str(&list);
}

static void tell_unknown(const struct reading_object *object, str name)
{
    struct reading *reading = object->reading;
    if (reading->reterr->error_count >= PROBLEM_ERRORS_MAX) { /* counted, and no longer kept */
        tell(object, (str){}, (str){}, (str){}, (str){});
        return;
    }
    tell(object, member_pointer(object, name), name, STR("unknown"),
         arena_format(reading->arena, "Leave it out: there are only %.*s.",
                      STR_ARG(list_names(object))));
}

bool reading_begin(struct reading_object *object, json value)
{
    assert(object->count <= READING_MEMBERS_MAX);
    struct arena *arena = object->reading->arena;
    if (json_type(value) != JSON_OBJECT) {
        reading_wrong(object, -1, STR("type"),
                      arena_format(arena, "Send a JSON object with the members %.*s.",
                                   STR_ARG(list_names(object))));
        return false;
    }
    bool seen[READING_MEMBERS_MAX] = {};
    struct json_walk walk = json_walk(value);
    str name;
    json member;
    while (json_next(&walk, &name, &member)) {
        int at = find_name(object, name);
        if (at < 0) {
            tell_unknown(object, name);
            continue;
        }
        if (seen[at])
            reading_wrong(object, at, STR("duplicate"), STR("Send this member once."));
        seen[at] = true;
        object->values[at] = json_type(member) == JSON_NULL ? NULL : member;
    }
    return true;
}

static size_t count_characters(str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

str reading_text(const struct reading_object *object, int member, int most)
{
    struct arena *arena = object->reading->arena;
    json value = object->values[member];
    if (value == NULL)
        return (str){};
    str text = json_string(value);
    if (json_type(value) != JSON_STRING)
        reading_wrong(object, member, STR("type"),
                      arena_format(arena, "Send a string, not a value of type %.*s.",
                                   STR_ARG(json_type_name(value))));
    else if (json_has_nul(value))
        reading_wrong(object, member, STR("format"), STR("Leave out the character U+0000."));
    else if (str_has_control(str_trim(text)))
        reading_wrong(object, member, STR("format"),
                      STR("Leave out control characters, line ends and tabs included."));
    else if (str_trim(text).len == 0 || count_characters(text) > (size_t)most)
        reading_wrong(object, member, STR("range"),
                      arena_format(arena, "Send 1 to %d characters, not all of them blank.", most));
    else
        return reading_keep(object, text);
    return (str){};
}

bool reading_bool(const struct reading_object *object, int member)
{
    json value = object->values[member];
    if (value != NULL && json_type(value) != JSON_BOOL)
        reading_wrong(object, member, STR("type"), STR("Send true or false."));
    return json_bool(value);
}

str reading_keep(const struct reading_object *object, str text)
{
    return arena_str(object->reading->kept, text);
}
