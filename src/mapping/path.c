/* SPDX-License-Identifier: MIT */
#include "mapping/path.h"

/* ---- reading ---- */

struct path_reader {
    struct arena *arena;
    str text;
    size_t at;
    struct path_step *steps;
    int count;
    struct path_error *reterr;
};

static bool wrong(struct path_reader *reader, size_t offset, const char *text)
{
    *reader->reterr = (struct path_error){ .offset = offset, .text = str_c(text) };
    return false;
}

/* '\0' at the end. */
static char peek(const struct path_reader *reader)
{
    return reader->at < reader->text.len ? reader->text.ptr[reader->at] : '\0';
}

static bool is_plain(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || (unsigned char)c >= 0x80 ||
           (c != '\0' && strchr("_-$@", c) != NULL);
}

/* Behind a '.', or at the start. */
static bool read_name(struct path_reader *reader)
{
    size_t first = reader->at;
    while (is_plain(peek(reader)))
        reader->at++;
    if (reader->at == first)
        return wrong(reader, first,
                     "Put a name here; one with other characters than letters, digits, '_', '-', "
                     "'$' and '@' goes into brackets and quotes: [\"a.b\"].");
    str name = str_from(reader->text.ptr + first, reader->at - first);
    if (str_equal(name, STR("$"))) /* as JSONPath begins; taken for a name it would find nothing */
        return wrong(reader, first,
                     "Begin with the first name, without '$'; a member of that name is [\"$\"].");
    reader->steps[reader->count++] = (struct path_step){ .named = true, .name = name, .index = -1 };
    return true;
}

/* `at` is the quote that opens; one past the quote that closes, or 0. */
static size_t find_end_of_quoted(str text, size_t at)
{
    for (at++; at < text.len; at++) {
        if (text.ptr[at] == '"')
            return at + 1;
        if (text.ptr[at] == '\\')
            at++;
    }
    return 0;
}

static bool read_quoted(struct path_reader *reader)
{
    size_t first = reader->at;
    size_t end = find_end_of_quoted(reader->text, first);
    if (end == 0)
        return wrong(reader, first, "Close the quotes that open here.");
    json name;
    struct json_error error;
    str quoted = str_from(reader->text.ptr + first, end - first);
    if (!json_read(reader->arena, quoted, 1, &name, &error))
        return wrong(reader, first + error.offset,
                     "Write the name in quotes as a JSON string: this is none.");
    reader->steps[reader->count++] =
        (struct path_step){ .named = true, .name = json_string(name), .index = -1 };
    reader->at = end;
    return true;
}

static bool read_element(struct path_reader *reader)
{
    size_t first = reader->at;
    while (reader->at < reader->text.len && peek(reader) != ']')
        reader->at++;
    str inside = str_from(reader->text.ptr + first, reader->at - first);
    struct path_step step = { .any = inside.len == 0 || str_equal(inside, STR("*")), .index = -1 };
    if (!step.any) {
        step.index = json_pointer_index(inside); /* no leading zeros here either */
        if (step.index < 0)
            return wrong(reader, first,
                         "Put an index from 0, '*' or a name in double quotes into the brackets.");
    }
    reader->steps[reader->count++] = step;
    return true;
}

/* `at` is the '['. */
static bool read_bracket(struct path_reader *reader)
{
    size_t first = reader->at++;
    if (peek(reader) == '"' ? !read_quoted(reader) : !read_element(reader))
        return false;
    if (reader->at == reader->text.len)
        return wrong(reader, first, "Close the bracket that opens here.");
    if (peek(reader) != ']')
        return wrong(reader, reader->at, "Put ']' here.");
    reader->at++;
    return true;
}

static bool read_path(struct path_reader *reader)
{
    if (peek(reader) == '[' ? !read_bracket(reader) : !read_name(reader))
        return false;
    while (reader->at < reader->text.len) {
        char c = peek(reader);
        if (c != '.' && c != '[')
            return wrong(reader, reader->at,
                         "Put '.' and a name, '[' or the end here; a name with other characters "
                         "goes into brackets and quotes: [\"a.b\"].");
        if (c == '.')
            reader->at++;
        if (c == '.' ? !read_name(reader) : !read_bracket(reader))
            return false;
    }
    return true;
}

static bool read_pointer(struct path_reader *reader)
{
    struct json_pointer pointer;
    size_t offset;
    if (!json_pointer_read(reader->arena, reader->text, &pointer, &offset))
        return wrong(reader, offset, "Put 0 or 1 behind each '~' of a JSON Pointer (RFC 6901).");
    reader->steps = ARENA_ARRAY(reader->arena, struct path_step, (size_t)pointer.count);
    reader->count = pointer.count;
    for (int i = 0; i < pointer.count; i++)
        reader->steps[i] = (struct path_step){ .named = true,
                                               .name = pointer.tokens[i],
                                               .index = json_pointer_index(pointer.tokens[i]) };
    return true;
}

/* Each step but the first begins with one of these. */
static size_t count_steps_at_most(str text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '.' || text.ptr[i] == '[';
    return count;
}

bool path_read(struct arena *arena, str text, struct path *ret_path, struct path_error *reterr)
{
    struct path_reader reader = { .arena = arena, .text = text, .reterr = reterr };
    if (text.len == 0 || text.ptr[0] == '/') {
        if (!read_pointer(&reader))
            return false;
    } else {
        reader.steps = ARENA_ARRAY(arena, struct path_step, count_steps_at_most(text));
        if (!read_path(&reader))
            return false;
    }
    *ret_path = (struct path){ .steps = reader.steps, .count = reader.count };
    return true;
}

/* ---- following ---- */

static json step_down(const struct path_step *step, json value)
{
    if (json_type(value) == JSON_ARRAY)
        return json_element(value, step->index);
    return step->named ? json_get_last(value, step->name) : NULL;
}

static bool follow(const struct path_step *step, const struct path_step *end, json value,
                   struct path_visitor *visitor)
{
    while (step < end && !step->any) {
        value = step_down(step++, value);
        if (value == NULL)
            return false;
    }
    if (step == end)
        return visitor->visit(visitor, value);
    if (json_type(value) != JSON_ARRAY)
        return false;
    struct json_walk walk = json_walk(value);
    json element;
    while (json_next(&walk, NULL, &element))
        if (follow(step + 1, end, element, visitor))
            return true;
    return false;
}

bool path_visit(const struct path *path, json document, struct path_visitor *visitor)
{
    if (document == NULL)
        return false;
    return follow(path->steps, path->steps + path->count, document, visitor);
}
