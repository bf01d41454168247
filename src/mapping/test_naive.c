/* SPDX-License-Identifier: MIT */
#include "mapping/test_naive.h"

#include <stdlib.h>

#include "base/instant.h"
#include "base/testing.h"
#include "mapping/fold.h"

struct naive {
    struct arena *arena;
    json condition;
    json values[400]; /* of the field */
    int count;
};

static void naive_find(struct naive *naive, str path, json value);

static void naive_element(struct naive *naive, str inside, str rest, json array)
{
    bool any = inside.len == 0 || str_equal(inside, STR("*"));
    struct json_walk walk = json_walk(array);
    json element;
    for (int64_t i = 0; json_type(array) == JSON_ARRAY && json_next(&walk, NULL, &element); i++)
        if (any || str_equal(inside, arena_format(naive->arena, "%lld", (long long)i)))
            naive_find(naive, rest, element);
}

static void naive_member(struct naive *naive, str name, str rest, json object)
{
    struct json_walk walk = json_walk(object);
    str key;
    json value;
    json last = NULL;
    while (json_type(object) == JSON_OBJECT && json_next(&walk, &key, &value))
        last = str_equal(key, name) ? value : last;
    if (last != NULL)
        naive_find(naive, rest, last);
}

/* Paths such as a.b[*][0]; names are one letter. */
static void naive_find(struct naive *naive, str path, json value)
{
    if (path.len > 0 && path.ptr[0] == '.')
        path = str_skip(path, 1);
    if (path.len == 0) {
        assert_true(naive->count < (int)COUNT_OF(naive->values));
        naive->values[naive->count++] = value;
    } else if (path.ptr[0] == '[') {
        str rest = str_skip(path, 1);
        str inside = str_cut(&rest, ']');
        naive_element(naive, inside, rest, value);
    } else {
        naive_member(naive, str_head(path, 1), str_skip(path, 1), value);
    }
}

static str member(const struct naive *naive, const char *name)
{
    return json_string(json_get(naive->condition, str_c(name)));
}

static str naive_text(const struct naive *naive, json value)
{
    bool fold = json_bool(json_get(naive->condition, STR("ignoreCase")));
    return fold ? fold_case(json_string(value), naive->arena) : json_string(value);
}

/* The numbers of these tests are all exact as doubles, or equal when written alike. */
static bool naive_number(const struct naive *naive, json value, double *ret_number)
{
    str as = member(naive, "as");
    str text = json_number(value);
    if (str_equal(as, STR("date"))) {
        int64_t at_ms;
        if (json_type(value) != JSON_STRING || !instant_read(json_string(value), &at_ms))
            return false;
        *ret_number = (double)at_ms;
        return true;
    }
    if (str_equal(as, STR("count"))) {
        *ret_number = (double)json_count(value);
        return json_type(value) == JSON_ARRAY;
    }
    if (str_equal(as, STR("number")) && json_is_number(json_string(value)))
        text = json_string(value);
    if (text.len == 0)
        return false;
    *ret_number = strtod(arena_c(naive->arena, text), NULL);
    return true;
}

/* As the condition has it: a count is a number there, and a day alone ends later than it begins. */
static double naive_bound(const struct naive *naive, json value, bool upper)
{
    double number = 0;
    if (str_equal(member(naive, "as"), STR("count")))
        return strtod(arena_c(naive->arena, json_number(value)), NULL);
    CHECK("a bound", naive_number(naive, value, &number));
    bool day = str_equal(member(naive, "as"), STR("date")) && json_string(value).len == 10;
    return number + (upper && day ? 86399999 : 0);
}

static bool naive_equal(const struct naive *naive, json wanted, json value)
{
    bool plain_text = json_type(wanted) == JSON_STRING;
    if (plain_text)
        return json_type(value) == JSON_STRING &&
               str_equal(naive_text(naive, wanted), naive_text(naive, value));
    double number;
    double bound = naive_bound(naive, wanted, false);
    return naive_number(naive, value, &number) && !(number < bound) && !(number > bound);
}

static bool naive_contains(const struct naive *naive, json wanted, json value)
{
    struct json_walk walk = json_walk(value);
    json element;
    while (json_type(value) == JSON_ARRAY && json_next(&walk, NULL, &element))
        if (naive_equal(naive, wanted, element))
            return true;
    str text = naive_text(naive, value);
    str part = naive_text(naive, wanted);
    if (json_type(value) != JSON_STRING || json_type(wanted) != JSON_STRING)
        return false;
    for (size_t i = 0; i + part.len <= text.len; i++)
        if (str_starts(str_skip(text, i), part))
            return true;
    return false;
}

static size_t character_length(str text)
{
    size_t length = 1;
    while (length < text.len && ((unsigned char)text.ptr[length] & 0xc0) == 0x80)
        length++;
    return length;
}

bool naive_like(str pattern, str text)
{
    if (pattern.len == 0)
        return text.len == 0;
    char c = pattern.ptr[0];
    str rest = str_skip(pattern, 1);
    if (c == '*')
        return naive_like(rest, text) ||
               (text.len > 0 && naive_like(pattern, str_skip(text, character_length(text))));
    if (text.len == 0)
        return false;
    if (c == '?')
        return naive_like(rest, str_skip(text, character_length(text)));
    if (c == '\\' && rest.len > 0) {
        c = rest.ptr[0];
        rest = str_skip(rest, 1);
    }
    return text.ptr[0] == c && naive_like(rest, str_skip(text, 1));
}

static bool naive_in(const struct naive *naive, json list, json value)
{
    struct json_walk walk = json_walk(list);
    json wanted;
    while (json_next(&walk, NULL, &wanted))
        if (naive_equal(naive, wanted, value))
            return true;
    return false;
}

static json nth_element(json array, int index)
{
    struct json_walk walk = json_walk(array);
    json element = NULL;
    for (int i = 0; i <= index; i++)
        CHECK("has as many", json_next(&walk, NULL, &element));
    return element;
}

static bool naive_ordered(const struct naive *naive, const char *name, json wanted, json value)
{
    double number;
    if (!naive_number(naive, value, &number))
        return false;
    if (strcmp(name, "between") == 0)
        return number >= naive_bound(naive, nth_element(wanted, 0), false) &&
               number <= naive_bound(naive, nth_element(wanted, 1), true);
    if (strcmp(name, "greater_than") == 0 || strcmp(name, "after") == 0)
        return number > naive_bound(naive, wanted, true);
    if (strcmp(name, "less_than") == 0 || strcmp(name, "before") == 0)
        return number < naive_bound(naive, wanted, false);
    if (strcmp(name, "greater_or_equal") == 0)
        return number >= naive_bound(naive, wanted, false);
    assert_string_equal(name, "less_or_equal");
    return number <= naive_bound(naive, wanted, false);
}

static bool naive_fits(const struct naive *naive, const char *name, json value)
{
    json wanted = json_get(naive->condition, STR("value"));
    if (strcmp(name, "exists") == 0)
        return true;
    if (strcmp(name, "is_null") == 0)
        return json_type(value) == JSON_NULL;
    if (strcmp(name, "is_true") == 0)
        return json_type(value) == JSON_BOOL && json_bool(value);
    if (strcmp(name, "is_false") == 0)
        return json_type(value) == JSON_BOOL && !json_bool(value);
    if (strcmp(name, "is_not_empty") == 0)
        return json_type(value) == JSON_BOOL || json_type(value) == JSON_NUMBER ||
               json_count(value) > 0 || json_string(value).len > 0;
    if (strcmp(name, "equals") == 0)
        return naive_equal(naive, wanted, value);
    if (strcmp(name, "in") == 0)
        return naive_in(naive, wanted, value);
    if (strcmp(name, "contains") == 0)
        return naive_contains(naive, wanted, value);
    if (strcmp(name, "like") == 0)
        return json_type(value) == JSON_STRING &&
               naive_like(naive_text(naive, wanted), naive_text(naive, value));
    if (strcmp(name, "starts_with") == 0)
        return json_type(value) == JSON_STRING &&
               str_starts(naive_text(naive, value), naive_text(naive, wanted));
    if (strcmp(name, "ends_with") == 0)
        return json_type(value) == JSON_STRING &&
               str_ends(naive_text(naive, value), naive_text(naive, wanted));
    return naive_ordered(naive, name, wanted, value);
}

const struct naive_negation naive_negations[NAIVE_NEGATIONS] = {
    { "not_equals", "equals" },     { "not_in", "in" },
    { "not_contains", "contains" }, { "not_exists", "exists" },
    { "is_empty", "is_not_empty" },
};

static bool naive_condition(struct arena *arena, json condition, json document)
{
    struct naive naive = { .arena = arena, .condition = condition };
    str name = member(&naive, "operator");
    bool negated = false;
    for (size_t i = 0; i < NAIVE_NEGATIONS; i++)
        if (str_equal(name, str_c(naive_negations[i].name))) {
            negated = true;
            name = str_c(naive_negations[i].positive);
        }
    naive_find(&naive, member(&naive, "field"), document);
    bool fits = false;
    for (int i = 0; i < naive.count; i++)
        fits = fits || naive_fits(&naive, arena_c(arena, name), naive.values[i]);
    return fits != negated;
}

bool naive_match(struct arena *arena, json node, json document)
{
    bool all = json_get(node, STR("all")) != NULL;
    if (!all && json_get(node, STR("any")) == NULL)
        return naive_condition(arena, node, document);
    struct json_walk walk = json_walk(json_get(node, all ? STR("all") : STR("any")));
    json inner;
    int count = 0;
    int matching = 0;
    while (json_next(&walk, NULL, &inner)) {
        count++;
        matching += naive_match(arena, inner, document);
    }
    return all ? matching == count : matching > 0;
}
