/* SPDX-License-Identifier: MIT
 * The only file that knows yyjson. Its immutable tree is an array of 16-byte values in document
 * order; a container is followed by what it holds, and says how far its end is. */
#include "json/json.h"

#include <yyjson.h>

/* ── memory: yyjson's tree and strings lie in the caller's arena ── */

#define VALUE_ALIGNMENT alignof(max_align_t)

static char *align_up(char *memory)
{
    size_t past = (size_t)((uintptr_t)memory % VALUE_ALIGNMENT);
    return past == 0 ? memory : memory + (VALUE_ALIGNMENT - past);
}

/* Not zeroed, unlike arena_alloc(): the reader asks for more than it fills. */
static void *tree_alloc(void *context, size_t size)
{
    return align_up(arena_bytes(context, size + VALUE_ALIGNMENT));
}

static void *tree_grow(void *context, void *old, size_t old_size, size_t size)
{
    char *moved = arena_grow(context, old, old_size, size + VALUE_ALIGNMENT);
    char *aligned = align_up(moved);
    if (aligned != moved)
        memmove(aligned, moved, old_size);
    return aligned;
}

static void tree_free(void *context, void *memory)
{
    (void)context; /* the arena lets go of everything at once */
    (void)memory;
}

/* ── the tree ── */

static yyjson_type tree_type(json value)
{
    return (yyjson_type)(value->tag & YYJSON_TYPE_MASK);
}

static size_t tree_length(json value)
{
    return (size_t)(value->tag >> YYJSON_TAG_BIT);
}

static bool is_container(json value)
{
    return tree_type(value) == YYJSON_TYPE_ARR || tree_type(value) == YYJSON_TYPE_OBJ;
}

/* What stands behind `value` and all it holds. */
static json tree_next(json value)
{
    size_t size = is_container(value) ? value->uni.ofs : sizeof(*value);
    return (json)(const void *)((const char *)value + size);
}

/* ── reading ── */

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* '[' and '{' differ in one bit, so that eight bytes at a time can be looked at for both. */
static size_t count_opening(str text)
{
    size_t count = 0;
    size_t at = 0;
    for (; at + 8 <= text.len; at += 8) {
        uint64_t word;
        memcpy(&word, text.ptr + at, sizeof(word));
        word = (word | EACH_BYTE(0x20)) ^ EACH_BYTE('{');
        /* The top bit of each byte that is zero now, and of no other. */
        uint64_t zero = ~(((word & EACH_BYTE(0x7f)) + EACH_BYTE(0x7f)) | word | EACH_BYTE(0x7f));
        count += (size_t)((zero >> 7) * EACH_BYTE(1) >> 56);
    }
    for (; at < text.len; at++)
        count += (text.ptr[at] | 0x20) == '{';
    return count;
}

/* The reader does not mind depth, our callers do. The tree is looked at, since that is faster than
 * the text, and only when the text has brackets enough. */
static bool is_deeper(json root, int max_depth)
{
    json ends[JSON_DEPTH_MAX]; /* of the containers around `at` */
    int depth = 0;
    for (json at = root, end = tree_next(root); at < end; at++) {
        while (depth > 0 && at >= ends[depth - 1])
            depth--;
        if (!is_container(at))
            continue;
        if (depth == max_depth)
            return true;
        ends[depth++] = tree_next(at);
    }
    return false;
}

/* Where the text, which is JSON, first goes deeper than allowed. */
static size_t too_deep_at(str text, int max_depth)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '"')
            quoted = !quoted;
        else if (quoted && c == '\\')
            i++;
        else if (!quoted && (c == '[' || c == '{') && ++depth > max_depth)
            return i;
        else if (!quoted && (c == ']' || c == '}'))
            depth--;
    }
    return text.len;
}

/* Adds the place to what is wrong: bytes from 0, lines and columns (of bytes) from 1. */
static struct json_error error_at(struct arena *arena, str text, size_t offset, const char *what)
{
    size_t line = 1;
    size_t start = 0;
    for (size_t i = 0; i < offset; i++) {
        if (text.ptr[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    str said = arena_format(arena, "at byte %zu (line %zu, column %zu): %s", offset, line,
                            offset - start + 1, what);
    return (struct json_error){ .offset = offset, .text = said };
}

static struct json_error reader_error(struct arena *arena, str text, const yyjson_read_err *error)
{
    size_t offset = MIN_OF(error->pos, text.len);
    if (error->code == YYJSON_READ_ERROR_EMPTY_CONTENT)
        return error_at(arena, text, 0, "nothing but white space: a JSON value is expected");
    if (error->code == YYJSON_READ_ERROR_UNEXPECTED_END)
        return error_at(arena, text, offset, "the text ends in the middle of a value");
    return error_at(arena, text, offset, error->msg);
}

bool json_read(struct arena *arena, str text, int max_depth, json *ret_value,
               struct json_error *reterr)
{
    assert(max_depth > 0 && max_depth <= JSON_DEPTH_MAX);
    if (text.len == 0) {
        *reterr = (struct json_error){ .text = STR("empty: a JSON value is expected") };
        return false;
    }
    const yyjson_alc memory = { tree_alloc, tree_grow, tree_free, arena };
    yyjson_read_err error = {};
    /* Without the flag for work in place the text is copied first: the cast takes nothing away. */
    yyjson_doc *document = yyjson_read_opts((char *)(uintptr_t)text.ptr, text.len,
                                            YYJSON_READ_NUMBER_AS_RAW, &memory, &error);
    if (document == NULL) {
        *reterr = reader_error(arena, text, &error);
        return false;
    }
    if (count_opening(text) > (size_t)max_depth && is_deeper(document->root, max_depth)) {
        str what = arena_format(arena, "nested deeper than %d levels", max_depth);
        *reterr = error_at(arena, text, too_deep_at(text, max_depth), what.ptr);
        return false;
    }
    *ret_value = document->root;
    return true;
}

/* ── values ── */

enum json_type json_type(json value)
{
    static const enum json_type types[8] = {
        [YYJSON_TYPE_RAW] = JSON_NUMBER, /* all numbers are read raw */
        [YYJSON_TYPE_NULL] = JSON_NULL,  [YYJSON_TYPE_BOOL] = JSON_BOOL,
        [YYJSON_TYPE_STR] = JSON_STRING, [YYJSON_TYPE_ARR] = JSON_ARRAY,
        [YYJSON_TYPE_OBJ] = JSON_OBJECT,
    };

    return value == NULL ? JSON_ABSENT : types[tree_type(value)];
}

str json_type_name(json value)
{
    static const str names[] = {
        [JSON_ABSENT] = STR_INIT("nothing"), [JSON_NULL] = STR_INIT("null"),
        [JSON_BOOL] = STR_INIT("boolean"),   [JSON_NUMBER] = STR_INIT("number"),
        [JSON_STRING] = STR_INIT("string"),  [JSON_ARRAY] = STR_INIT("array"),
        [JSON_OBJECT] = STR_INIT("object"),
    };
    return names[json_type(value)];
}

str json_string(json value)
{
    if (json_type(value) != JSON_STRING)
        return (str){};
    return str_from(value->uni.str, tree_length(value));
}

bool json_bool(json value)
{
    return json_type(value) == JSON_BOOL &&
           (value->tag & YYJSON_SUBTYPE_MASK) == YYJSON_SUBTYPE_TRUE;
}

str json_number(json value)
{
    if (json_type(value) != JSON_NUMBER)
        return (str){};
    return str_from(value->uni.str, tree_length(value));
}

bool json_to_int64(json value, int64_t *ret_value)
{
    return json_type(value) == JSON_NUMBER && json_number_to_int64(json_number(value), ret_value);
}

json json_get(json object, str key)
{
    if (json_type(object) != JSON_OBJECT)
        return NULL;
    struct json_walk walk = json_walk(object);
    str name = {};
    json value;
    while (json_next(&walk, &name, &value))
        if (str_equal(name, key))
            return value;
    return NULL;
}

/* As most readers have it. */
json json_get_last(json object, str key)
{
    if (json_type(object) != JSON_OBJECT)
        return NULL;
    struct json_walk walk = json_walk(object);
    str name = {};
    json value;
    json found = NULL;
    while (json_next(&walk, &name, &value))
        if (str_equal(name, key))
            found = value;
    return found;
}

json json_element(json array, int64_t index)
{
    if (json_type(array) != JSON_ARRAY || index < 0 || (uint64_t)index >= json_count(array))
        return NULL;
    struct json_walk walk = json_walk(array);
    json value = NULL;
    for (int64_t i = 0; i <= index; i++)
        if (!json_next(&walk, NULL, &value))
            return NULL;
    return value;
}

size_t json_count(json value)
{
    return value != NULL && is_container(value) ? tree_length(value) : 0;
}

struct json_walk json_walk(json array_or_object)
{
    if (array_or_object == NULL || !is_container(array_or_object))
        return (struct json_walk){};
    return (struct json_walk){ .at = array_or_object + 1,
                               .left = tree_length(array_or_object),
                               .object = tree_type(array_or_object) == YYJSON_TYPE_OBJ };
}

bool json_next(struct json_walk *walk, str *ret_key, json *ret_value)
{
    if (walk->left == 0)
        return false;
    walk->left--;
    json value = walk->at;
    if (walk->object) {
        if (ret_key != NULL)
            *ret_key = str_from(value->uni.str, tree_length(value));
        value++;
    }
    *ret_value = value;
    walk->at = tree_next(value);
    return true;
}

/* ── the whole of a value, as the flat array it is ── */

bool json_has_nul(json value)
{
    if (value == NULL)
        return false;
    for (json at = value, end = tree_next(value); at < end; at++)
        if (tree_type(at) == YYJSON_TYPE_STR &&
            str_index(str_from(at->uni.str, tree_length(at)), '\0') >= 0)
            return true;
    return false;
}

/* Quotes, brackets and words by their length; commas, colons and escapes are left out. */
static size_t own_weight(json value)
{
    switch (json_type(value)) {
    case JSON_ABSENT:
        return 0;
    case JSON_NULL:
    case JSON_BOOL:
        return 4;
    case JSON_NUMBER:
        return tree_length(value);
    case JSON_STRING:
        return 2 + tree_length(value);
    case JSON_ARRAY:
    case JSON_OBJECT:
        return 2;
    }
    return 0;
}

size_t json_weight(json value)
{
    if (value == NULL)
        return 0;
    size_t weight = 0;
    for (json at = value, end = tree_next(value); at < end; at++)
        weight += own_weight(at);
    return weight;
}
