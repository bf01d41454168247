/* SPDX-License-Identifier: MIT */
#include "mapping/export_map.h"

#include "base/map.h"
#include "mapping/crm_suggest.h"
#include "mapping/http_header.h"
#include "mapping/reading.h"

static const str methods[] = { STR_INIT("POST"), STR_INIT("DELETE"), STR_INIT("PUT"),
                               STR_INIT("PATCH") };

struct reader {
    const struct export_map_input *input;
    struct problem *reterr;
    struct export_row *rows;
    int count;
    struct map seen; /* by what makes a row another one */
};

/* One row, and where it stands. */
struct place {
    struct reader *reader;
    int number; /* from 1 */
    str pointer;
    bool in_object; /* then that is all there is of it, and its name is the member's */
};

/* ── what is wrong ── */

enum part { PART_NAME, PART_FIELD, PART_STATIC, PARTS };

static const str part_names[] = {
    [PART_NAME] = STR_INIT("exportName"),
    [PART_FIELD] = STR_INIT("field"),
    [PART_STATIC] = STR_INIT("static"),
};

static void wrong(const struct place *place, str name, enum part part, str code, str message)
{
    struct arena *arena = place->reader->input->arena;
    str pointer = place->in_object ? place->pointer
                                   : arena_format(arena, "%.*s/%.*s", STR_ARG(place->pointer),
                                                  STR_ARG(part_names[part]));
    problem_add(place->reader->reterr, arena,
                (struct field_error){ .pointer = pointer,
                                      .field = place->in_object ? name : part_names[part],
                                      .code = code,
                                      .message = message });
}

/* Texts in messages are cut, between two characters. */
static str shown(str text)
{
    size_t len = MIN_OF(text.len, (size_t)60);
    while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--;
    return str_head(text, len);
}

static size_t count_characters(str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

/* ── names ── */

static bool check_name(const struct place *place, str name)
{
    if (str_trim(name).len == 0 || count_characters(name) > EXPORT_NAME_MAX) {
        wrong(place, name, PART_NAME, STR("range"),
              arena_format(place->reader->input->arena,
                           "Row %d: send a name of 1 to %d characters, not all of them blank.",
                           place->number, EXPORT_NAME_MAX));
        return false;
    }
    if (str_has_control(name)) {
        wrong(place, name, PART_NAME, STR("format"),
              arena_format(place->reader->input->arena,
                           "Row %d: leave out control characters, line ends and tabs included.",
                           place->number));
        return false;
    }
    return true;
}

static bool check_header_name(const struct place *place, const struct export_row *row)
{
    if (!header_name_is_valid(row->header)) {
        wrong(place, row->name, PART_NAME, STR("format"),
              arena_format(place->reader->input->arena,
                           "Row %d: behind \"header:\" send a header's name: letters, digits and "
                           "dashes.",
                           place->number));
        return false;
    }
    if (header_is_reserved(row->header)) {
        wrong(place, row->name, PART_NAME, STR("reserved"),
              arena_format(place->reader->input->arena,
                           "Row %d: the hub sets the header %.*s itself.", place->number,
                           STR_ARG(row->header)));
        return false;
    }
    return true;
}

/* What makes it another row than the rest: headers are the same in any case. */
static str key_of(const struct export_row *row, struct arena *arena)
{
    if (row->role == EXPORT_PARAMETER)
        return row->name;
    return arena_lower(arena, arena_format(arena, "header:%.*s", STR_ARG(row->header)));
}

static void check_repeated(const struct place *place, struct export_row *row)
{
    struct reader *reader = place->reader;
    str key = key_of(row, reader->input->kept);
    const struct export_row *before = map_find(&reader->seen, key);
    if (before != NULL) {
        wrong(place, row->name, PART_NAME, STR("duplicate"),
              arena_format(reader->input->arena, "Row %d: \"%.*s\" is there already, in row %d.",
                           place->number, STR_ARG(shown(row->name)),
                           (int)(before - reader->rows) + 1));
        return;
    }
    (void)map_put(&reader->seen, key, row);
}

static void read_name(const struct place *place, str name, struct export_row *row)
{
    str prefix = STR("header:");
    row->name = arena_str(place->reader->input->kept, name);
    if (!check_name(place, name))
        return;
    if (str_equal_nocase(str_head(row->name, prefix.len), prefix)) {
        row->role = EXPORT_HEADER;
        row->header = str_trim(str_skip(row->name, prefix.len));
        if (str_equal_nocase(row->header, STR("httpMethod")))
            row->role = EXPORT_METHOD;
        else if (str_equal_nocase(row->header, STR("httpMethodType")))
            row->role = EXPORT_PLACE;
        else if (!check_header_name(place, row))
            return;
    }
    check_repeated(place, row);
}

/* ── values ── */

bool export_token(str text, str *ret_name)
{
    if (text.len < 3 || text.ptr[0] != '[' || text.ptr[text.len - 1] != ']')
        return false;
    str inside = str_from(text.ptr + 1, text.len - 2);
    if (str_index(inside, '[') >= 0 || str_index(inside, ']') >= 0)
        return false;
    *ret_name = inside;
    return true;
}

static str hint_for(str field, struct arena *arena)
{
    if (str_equal_nocase(field, STR("Static"))) /* what Konnektive's list of fields has for it */
        return STR("send a fixed text as \"static\", without \"field\".");
    str near = crm_suggest(field, arena);
    return near.len > 0 ? arena_format(arena, "did you mean %.*s?", STR_ARG(near))
                        : STR("the catalogue of fields lists what there is.");
}

static void read_field(const struct place *place, str field, struct export_row *row)
{
    struct arena *arena = place->reader->input->arena;
    row->is_field = true;
    row->text = arena_str(place->reader->input->kept, field);
    if (row->role != EXPORT_PARAMETER) {
        wrong(place, row->name, PART_FIELD, STR("static_only"),
              arena_format(arena, "Row %d: \"%.*s\" is a header: give it a static value.",
                           place->number, STR_ARG(shown(row->name))));
        return;
    }
    if (crm_find(field, &row->field))
        return;
    str hint = hint_for(field, arena);
    wrong(place, row->name, PART_FIELD, STR("unknown"),
          arena_format(arena, "Row %d (%.*s): there is no field [%.*s]; %.*s%s", place->number,
                       STR_ARG(shown(row->name)), STR_ARG(shown(field)), STR_ARG(hint),
                       place->in_object ? " A fixed text in brackets needs rows, as \"static\"."
                                        : ""));
}

static bool is_method(str value)
{
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (str_equal_nocase(value, methods[i]))
            return true;
    return false;
}

static bool is_place(str value)
{
    return str_equal_nocase(value, STR("GET")) || str_equal_nocase(value, STR("POST"));
}

/* NULL: nothing is wrong with it. */
static const char *fault_of(const struct export_row *row)
{
    switch (row->role) {
    case EXPORT_PARAMETER:
        break;
    case EXPORT_HEADER:
        return header_value_is_valid(row->text)
                   ? NULL
                   : "send a value without line ends and other control characters.";
    case EXPORT_METHOD:
        return is_method(str_trim(row->text)) ? NULL : "send POST, DELETE, PUT or PATCH.";
    case EXPORT_PLACE:
        return is_place(str_trim(row->text))
                   ? NULL
                   : "send GET (parameters in the URL) or POST (in the body).";
    }
    return NULL;
}

static void read_static(const struct place *place, json value, struct export_row *row)
{
    struct arena *arena = place->reader->input->arena;
    str text = json_string(value);
    if (text.len > EXPORT_STATIC_MAX || json_has_nul(value)) {
        bool long_one = text.len > EXPORT_STATIC_MAX;
        wrong(place, row->name, PART_STATIC, long_one ? STR("range") : STR("format"),
              long_one
                  ? arena_format(arena, "Row %d: send at most %d bytes.", place->number,
                                 EXPORT_STATIC_MAX)
                  : arena_format(arena, "Row %d: leave out the character U+0000.", place->number));
        return;
    }
    row->text = arena_str(place->reader->input->kept, text);
    const char *fault = fault_of(row);
    if (row->role == EXPORT_HEADER) /* where white space at the ends is no part of a value */
        row->text = str_trim(row->text);
    if (fault != NULL)
        wrong(place, row->name, PART_STATIC,
              row->role == EXPORT_HEADER ? STR("format") : STR("option"),
              arena_format(arena, "Row %d: %s", place->number, fault));
}

static bool check_string(const struct place *place, str name, enum part part, json value)
{
    if (json_type(value) == JSON_STRING)
        return true;
    wrong(place, name, part, STR("type"),
          arena_format(place->reader->input->arena,
                       "Row %d: send a string, not a value of type %.*s.", place->number,
                       STR_ARG(json_type_name(value))));
    return false;
}

/* ── rows ── */

static void read_row(const struct place *place, json value, struct export_row *row)
{
    struct reading reading = { .kept = place->reader->input->kept,
                               .arena = place->reader->input->arena,
                               .reterr = place->reader->reterr };
    json parts[PARTS] = {};
    struct reading_object object = { .reading = &reading,
                                     .pointer = place->pointer,
                                     .names = part_names,
                                     .count = PARTS,
                                     .values = parts };
    if (!reading_begin(&object, value))
        return;
    if (parts[PART_NAME] == NULL)
        reading_wrong(&object, PART_NAME, STR("required"), STR("Give the row an export name."));
    else if (check_string(place, (str){}, PART_NAME, parts[PART_NAME]))
        read_name(place, json_string(parts[PART_NAME]), row);
    if ((parts[PART_FIELD] == NULL) == (parts[PART_STATIC] == NULL))
        reading_wrong(&object, PART_FIELD,
                      parts[PART_FIELD] == NULL ? STR("required") : STR("conflict"),
                      STR("Send either field or static."));
    else if (parts[PART_STATIC] != NULL) {
        if (check_string(place, row->name, PART_STATIC, parts[PART_STATIC]))
            read_static(place, parts[PART_STATIC], row);
    } else if (check_string(place, row->name, PART_FIELD, parts[PART_FIELD])) {
        read_field(place, json_string(parts[PART_FIELD]), row);
    }
}

static void read_member(const struct place *place, str name, json value, struct export_row *row)
{
    str field;
    read_name(place, name, row);
    if (!check_string(place, name, PART_STATIC, value))
        return;
    if (export_token(json_string(value), &field))
        read_field(place, field, row);
    else
        read_static(place, value, row);
}

static str member_pointer(const struct export_map_input *input, str name)
{
    struct buf pointer;
    buf_init(&pointer, input->arena, SIZE_MAX); /* what was read had a cap */
    buf_add(&pointer, input->pointer);
    json_pointer_add(&pointer, name);
    return buf_str(&pointer);
}

static void read_rows(struct reader *reader)
{
    const struct export_map_input *input = reader->input;
    bool in_object = json_type(input->value) == JSON_OBJECT;
    struct json_walk walk = json_walk(input->value);
    json value;
    str name = {};
    for (int i = 0; json_next(&walk, &name, &value); i++) {
        struct place place = { .reader = reader, .number = i + 1, .in_object = in_object };
        place.pointer = in_object
                            ? member_pointer(input, name)
                            : arena_format(input->arena, "%.*s/%d", STR_ARG(input->pointer), i);
        reader->count = i + 1;
        if (in_object)
            read_member(&place, name, value, &reader->rows[i]);
        else
            read_row(&place, value, &reader->rows[i]);
    }
}

/* ── how it is sent ── */

/* With or without parameters such as charset. */
static bool is_json(str content_type)
{
    return str_equal_nocase(str_trim(str_cut(&content_type, ';')), STR("application/json"));
}

static str method_named(str text)
{
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (str_equal_nocase(str_trim(text), methods[i]))
            return methods[i];
    assert(false);
    return (str){};
}

static void decide(struct export_map *map)
{
    bool has_header = false;
    str method = {};
    str place = {};
    for (int i = 0; i < map->row_count; i++) {
        const struct export_row *row = &map->rows[i];
        has_header = has_header || row->role == EXPORT_HEADER;
        if (row->role == EXPORT_METHOD)
            method = method_named(row->text);
        else if (row->role == EXPORT_PLACE)
            place = str_trim(row->text);
        else if (row->role == EXPORT_HEADER && str_equal_nocase(row->header, STR("Content-Type"))) {
            map->has_content_type = true;
            map->json = is_json(row->text);
        }
    }
    if (method.len > 0) {
        map->method = method;
        map->in_body = str_equal_nocase(place, STR("POST"));
    } else {
        map->method = has_header ? STR("POST") : STR("GET");
        map->in_body = has_header;
    }
}

static bool check_value(const struct export_map_input *input, struct problem *reterr)
{
    size_t count = json_count(input->value);
    struct field_error error = { .pointer = input->pointer };
    if (json_type(input->value) != JSON_ARRAY && json_type(input->value) != JSON_OBJECT) {
        error.code = STR("type");
        error.message =
            STR("Send an array of rows {\"exportName\", \"field\" or \"static\"}, or an "
                "object of export names and values.");
    } else if (count > (size_t)input->max_rows) {
        error.code = STR("range");
        error.message =
            arena_format(input->arena, "Send at most %d rows, not %zu.", input->max_rows, count);
    } else {
        return true;
    }
    problem_add(reterr, input->arena, error);
    return false;
}

bool export_map_read(const struct export_map_input *input, struct problem *reterr,
                     const struct export_map **ret_map)
{
    if (!check_value(input, reterr))
        return false;
    struct reader reader = { .input = input, .reterr = reterr };
    reader.rows = ARENA_ARRAY(input->kept, struct export_row, json_count(input->value) + 1);
    read_rows(&reader);
    map_done(&reader.seen);
    if (problem_has(reterr))
        return false;
    struct export_map *map = ARENA_NEW(input->kept, struct export_map);
    *map = (struct export_map){ .rows = reader.rows,
                                .row_count = reader.count,
                                .all_strings = input->all_strings };
    decide(map);
    *ret_map = map;
    return true;
}
