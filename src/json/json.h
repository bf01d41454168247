/* SPDX-License-Identifier: MIT
 * json/json.h: reading JSON (RFC 8259), over yyjson. Strict: UTF-8 only, no comments, no trailing
 * bytes, no byte order mark. Numbers are kept as the sender wrote them, so that nothing is lost on
 * the way through (149.950 stays 149.950, a 30-digit integer stays whole). Pure; results live in
 * the arena. */
#pragma once

#include "base/buf.h"

struct yyjson_val;

/* A value. NULL is "absent"; every function here takes it and says so. */
typedef const struct yyjson_val *json;

enum json_type {
    JSON_ABSENT = 0,
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json_error {
    size_t offset; /* bytes from the start */
    str text;      /* for people: "at byte 17 (line 2, column 3): …" */
};

/* The most that base/limits.h lets json_depth be: for what has been read under a lower cap. */
#define JSON_DEPTH_MAX 512

/* Deeper than `max_depth` levels (at most JSON_DEPTH_MAX) is an error like any other, and so is no
 * text at all. False: reterr says where and why. */
MUST_USE bool json_read(struct arena *arena, str text, int max_depth, json *ret_value,
                        struct json_error *reterr);

enum json_type json_type(json value);
/* "null", "boolean", "number", "string", "array", "object" */
str json_type_name(json value);

/* Strings: decoded. Others: empty. May hold U+0000: see json_has_nul(). */
str json_string(json value);
bool json_bool(json value);
/* Numbers: the text as sent. Others: empty. */
str json_number(json value);

/* True for a number that is a whole one in the range of int64, however it is written: 7, 7.0, 7e0.
 */
MUST_USE bool json_to_int64(json value, int64_t *ret_value);

/* The same for text; and whether text is a number as RFC 8259 has it. */
MUST_USE bool json_number_to_int64(str text, int64_t *ret_value);
bool json_is_number(str text);
/* False for a number with a fraction, and for what is no number. */
bool json_number_is_whole(str text);

/* False for a number beyond the largest double, which nearly all that read JSON take for infinite;
 * and for what is no number. */
bool json_number_fits_double(str text);

/* Object members: the first of that name, or the last. */
json json_get(json object, str key);
json json_get_last(json object, str key);
/* How many members or elements. */
size_t json_count(json value);
/* NULL: the array has none there, or it is no array. */
json json_element(json array, int64_t index);

struct json_walk {
    const void *at;
    size_t left;
    bool object;
};

struct json_walk json_walk(json array_or_object);
/* False at the end. `ret_key` (may be NULL) is set for objects. */
MUST_USE bool json_next(struct json_walk *walk, str *ret_key, json *ret_value);

/* True when any string or key in it holds U+0000. */
bool json_has_nul(json value);

/* About how many bytes its text has; not more than it had when it was read. */
size_t json_weight(json value);

/* RFC 6901, compiled. The empty pointer is the whole document. */
struct json_pointer {
    const str *tokens; /* unescaped */
    int count;
};

/* False: it does not start with '/', or '~' is followed by neither 0 nor 1; reterr_offset says
 * where. */
MUST_USE bool json_pointer_read(struct arena *arena, str text, struct json_pointer *ret_pointer,
                                size_t *reterr_offset);

/* NULL: nothing there. Array indexes are decimal without leading zeros; "-" never matches. Of
 * members of one name the last counts. */
json json_pointer_find(const struct json_pointer *pointer, json document);

/* The element of an array that a token names; −1: none. */
int64_t json_pointer_index(str token);

/* One more step at the end of a pointer's text: '/' and the token, escaped. */
void json_pointer_add(struct buf *buf, str token);
