/* SPDX-License-Identifier: MIT */
#include "mapping/pairs.h"

#include "base/percent.h"
#include "json/write.h"

#define NAME_SHOWN ((size_t)100)

/* ── saying what is wrong ── */

/* A name of any bytes, to be shown. */
static str shown(str name, struct arena *arena)
{
    str head = str_head(name, NAME_SHOWN);
    char *text = arena_bytes(arena, head.len);
    for (size_t i = 0; i < head.len; i++)
        text[i] = head.ptr[i] >= ' ' && head.ptr[i] <= '~' ? head.ptr[i] : '?';
    return str_from(text, head.len);
}

/* `why` goes behind the parameter's name. */
static bool refuse(struct problem *reterr, struct arena *arena, str name, const char *code,
                   const char *why)
{
    str field = shown(name, arena);
    str message = arena_format(arena, "The parameter \"%.*s\" %s", STR_ARG(field), why);
    problem_set(reterr, PROBLEM_MALFORMED, message);
    problem_add(reterr, arena,
                (struct field_error){ .field = field, .code = str_c(code), .message = message });
    return false;
}

/* ── adding ── */

const struct pair *pairs_find(const struct pairs *pairs, str name)
{
    for (int i = 0; i < pairs->count; i++)
        if (str_equal_nocase(pairs->at[i].name, name))
            return &pairs->at[i];
    return NULL;
}

str pairs_take(struct pairs *pairs, const char *name)
{
    for (int i = 0; i < pairs->count; i++) {
        if (!str_equal_nocase(pairs->at[i].name, str_c(name)))
            continue;
        str text = str_trim(pairs->at[i].text);
        pairs->count--;
        for (int k = i; k < pairs->count; k++)
            pairs->at[k] = pairs->at[k + 1];
        return text;
    }
    return (str){};
}

static void grow(struct pairs *pairs, struct arena *arena)
{
    int room = MIN_OF(MAX_OF(pairs->room * 2, 32), PAIRS_MAX);
    struct pair *at = ARENA_ARRAY(arena, struct pair, (size_t)room);
    if (pairs->count > 0)
        memcpy(at, pairs->at, (size_t)pairs->count * sizeof(*at));
    pairs->at = at;
    pairs->room = room;
}

static bool add(struct pairs *pairs, struct pair pair, struct arena *arena, struct problem *reterr)
{
    if (pair.name.len == 0)
        return pair.text.len == 0 ||
               refuse(reterr, arena, pair.name, "required", "has a text and no name.");
    const struct pair *before = pairs_find(pairs, pair.name);
    if (before != NULL)
        return str_equal(before->text, pair.text) ||
               refuse(reterr, arena, pair.name, "duplicate",
                      "came more than once, and not with the same text. Send it once.");
    if (pairs->count == PAIRS_MAX) {
        problem_set(
            reterr, PROBLEM_INVALID,
            arena_format(arena, "There are more than %d parameters. Send fewer.", PAIRS_MAX));
        return false;
    }
    if (pairs->count == pairs->room)
        grow(pairs, arena);
    pairs->at[pairs->count++] = pair;
    return true;
}

/* ── query strings and forms ── */

bool pairs_add_query(struct pairs *pairs, str query, struct arena *arena, struct problem *reterr)
{
    while (query.len > 0) {
        str text = str_cut(&query, '&');
        str name = str_cut(&text, '=');
        struct pair pair = {};
        if (!percent_decode(arena, name, true, &pair.name))
            return refuse(reterr, arena, name, "encoding",
                          "has a name that cannot be read: send percent-encoded UTF-8 without "
                          "U+0000.");
        if (!percent_decode(arena, text, true, &pair.text))
            return refuse(reterr, arena, pair.name, "encoding",
                          "cannot be read: send percent-encoded UTF-8 without U+0000.");
        if (!add(pairs, pair, arena, reterr))
            return false;
    }
    return true;
}

/* ── JSON ── */

static str text_of(json value, struct arena *arena)
{
    switch (json_type(value)) {
    case JSON_ABSENT:
    case JSON_NULL:
        return STR("");
    case JSON_BOOL:
        return json_bool(value) ? STR("1") : STR("0");
    case JSON_NUMBER:
        return json_number(value);
    case JSON_STRING:
        return json_string(value);
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2);
    struct json_writer writer = json_writer(&buf);
    json_add_value(&writer, value);
    return buf_str(&buf);
}

bool pairs_add_json(struct pairs *pairs, json object, struct arena *arena, struct problem *reterr)
{
    if (json_type(object) != JSON_OBJECT) {
        problem_set(reterr, PROBLEM_MALFORMED,
                    STR("Send a JSON object whose keys are the names of the parameters."));
        return false;
    }
    struct json_walk walk = json_walk(object);
    str name;
    json value;
    while (json_next(&walk, &name, &value)) {
        if (str_index(name, '\0') >= 0 || json_has_nul(value))
            return refuse(reterr, arena, name, "encoding", "holds U+0000. Send it without.");
        const struct pair pair = { .name = name,
                                   .text = text_of(value, arena),
                                   .json = json_type(value) };
        if (!add(pairs, pair, arena, reterr))
            return false;
    }
    return true;
}
