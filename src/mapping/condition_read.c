/* SPDX-License-Identifier: MIT
 * From configuration to conditions: every rule is checked here, so that matching has nothing left
 * that can go wrong. */
#include <stdlib.h>

#include "base/instant.h"
#include "mapping/condition_form.h"
#include "mapping/fold.h"
#include "mapping/reading.h"
#include "json/write.h"

#define FIELD_BYTES_MAX 1000
#define VALUE_CHARACTERS_MAX 1000
#define LIST_MAX 500

enum { MEMBER_FIELD, MEMBER_OPERATOR, MEMBER_VALUE, MEMBER_AS, MEMBER_IGNORE_CASE, MEMBER_COUNT };

static const str member_names[] = {
    [MEMBER_FIELD] = STR_INIT("field"),
    [MEMBER_OPERATOR] = STR_INIT("operator"),
    [MEMBER_VALUE] = STR_INIT("value"),
    [MEMBER_AS] = STR_INIT("as"),
    [MEMBER_IGNORE_CASE] = STR_INIT("ignoreCase"),
};

/* What a value of each type looks like. */
static const char *const type_words[CONDITION_TYPES] = {
    [CONDITION_TEXT] = "a string",
    [CONDITION_NUMBER] = "a number",
    [CONDITION_DATE] = "a date with \"as\": \"date\"",
    [CONDITION_COUNT] = "a whole number with \"as\": \"count\"",
};

/* ---- field, operator, as ---- */

static void check_path(const struct reading_object *object, struct condition *condition)
{
    struct arena *arena = object->reading->arena;
    int64_t depth_max = object->reading->limits->json_depth;
    struct path_error error;
    if (!path_read(object->reading->kept, condition->field, &condition->path, &error))
        reading_wrong(object, MEMBER_FIELD, STR("format"),
                      arena_format(arena, "At byte %zu: %.*s", error.offset, STR_ARG(error.text)));
    else if (condition->path.count > depth_max)
        reading_wrong(object, MEMBER_FIELD, STR("range"),
                      arena_format(arena, "Go at most %lld levels deep: no body goes deeper.",
                                   (long long)depth_max));
}

static void read_field(const struct reading_object *object, struct condition *condition)
{
    json value = object->values[MEMBER_FIELD];
    str text = json_string(value);
    if (value == NULL)
        reading_wrong(
            object, MEMBER_FIELD, STR("required"),
            STR("Name the field: a JSON Pointer (/order/total) or a path (order.total)."));
    else if (json_type(value) != JSON_STRING || json_has_nul(value))
        reading_wrong(object, MEMBER_FIELD, STR("type"),
                      STR("Send a JSON Pointer or a path as a string."));
    else if (text.len > FIELD_BYTES_MAX)
        reading_wrong(
            object, MEMBER_FIELD, STR("range"),
            arena_format(object->reading->arena, "Send at most %d bytes.", FIELD_BYTES_MAX));
    else {
        condition->field = reading_keep(object, text);
        check_path(object, condition);
    }
}

static str list_operators(struct arena *arena)
{
    struct buf list;
    buf_init(&list, arena, 4096);
    for (int i = 0; i < operator_count; i++) {
        buf_add(&list, i == 0 ? STR("") : i == operator_count - 1 ? STR(" or ") : STR(", "));
        buf_add(&list, operator_kinds[i].name);
    }
    return buf_str(&list);
}

/* NULL: it has been told. */
static const struct operator_kind *read_operator(const struct reading_object *object)
{
    json value = object->values[MEMBER_OPERATOR];
    for (int i = 0; i < operator_count; i++)
        if (json_type(value) == JSON_STRING &&
            str_equal(json_string(value), operator_kinds[i].name))
            return &operator_kinds[i];
    str code = value == NULL                     ? STR("required")
               : json_type(value) == JSON_STRING ? STR("option")
                                                 : STR("type");
    struct arena *arena = object->reading->arena;
    str list = list_operators(arena);
    reading_wrong(object, MEMBER_OPERATOR, code,
                  arena_format(arena, "Send one of the operators %.*s.", STR_ARG(list)));
    return NULL;
}

/* False: it has been told. PLAIN when absent. */
static bool read_as(const struct reading_object *object, enum condition_type *ret_as)
{
    static const struct {
        str name;
        enum condition_type type;
    } known[] = {
        { STR_INIT("number"), CONDITION_NUMBER },
        { STR_INIT("date"), CONDITION_DATE },
        { STR_INIT("count"), CONDITION_COUNT },
    };

    json value = object->values[MEMBER_AS];
    *ret_as = CONDITION_PLAIN;
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (str_equal(json_string(value), known[i].name))
            *ret_as = known[i].type;
    if (value == NULL || *ret_as != CONDITION_PLAIN)
        return true;
    reading_wrong(object, MEMBER_AS, json_type(value) == JSON_STRING ? STR("option") : STR("type"),
                  STR("Send number, date or count, or leave it out."));
    return false;
}

/* ---- what the value is ---- */

/* Without "as" a value is what it is in JSON; of several the first one says. */
static enum condition_type type_of(json value)
{
    if (json_type(value) == JSON_STRING)
        return CONDITION_TEXT;
    return json_type(value) == JSON_NUMBER ? CONDITION_NUMBER : CONDITION_PLAIN;
}

static str list_types(const struct operator_kind *kind, struct arena *arena)
{
    str list = {};
    for (int type = 0; type < CONDITION_TYPES; type++)
        if ((kind->types & TYPE_BIT(type)) != 0)
            list = arena_format(arena, "%.*s%s%s", STR_ARG(list), list.len == 0 ? "" : " or ",
                                type_words[type]);
    return list;
}

/* Where one value stands: the member, or an element of the array that it is. */
struct place {
    const struct reading_object *object;
    int index; /* −1: the member itself */
};

static void wrong_at(struct place place, str code, str message)
{
    const struct reading_object *object = place.object;
    if (place.index < 0) {
        reading_wrong(object, MEMBER_VALUE, code, message);
        return;
    }
    struct reading_object element = *object;
    element.pointer = arena_format(object->reading->arena, "%.*s/value/%d",
                                   STR_ARG(object->pointer), place.index);
    reading_wrong(&element, -1, code, message);
}

static void wrong_type(struct place place, const struct operator_kind *kind, json value)
{
    struct arena *arena = place.object->reading->arena;
    str types = list_types(kind, arena);
    const char *also = "";
    if (json_type(value) == JSON_BOOL)
        also = " For true and false there are is_true and is_false.";
    wrong_at(place, STR("type"),
             arena_format(arena, "With %.*s send %.*s, not a value of type %.*s.%s",
                          STR_ARG(kind->name), STR_ARG(types), STR_ARG(json_type_name(value)),
                          also));
}

/* ---- one operand ---- */

/* The type was settled by "as" or by the first value. */
static bool wrong_operand(struct place place, const char *wanted, json value)
{
    wrong_at(place, STR("type"),
             arena_format(place.object->reading->arena, "Send %s here, not a value of type %.*s.",
                          wanted, STR_ARG(json_type_name(value))));
    return false;
}

static size_t count_characters(str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

static bool read_text(struct place place, const struct condition *condition, json value,
                      struct operand *operand)
{
    struct arena *arena = place.object->reading->arena;
    str text = json_string(value);
    bool part = condition->kind->relation != RELATION_EQUAL; /* any text has an empty part */
    if (json_type(value) != JSON_STRING)
        (void)wrong_operand(place, "a string", value);
    else if (json_has_nul(value))
        wrong_at(place, STR("format"), STR("Leave out the character U+0000."));
    else if (part && text.len == 0)
        wrong_at(place, STR("range"),
                 STR("Send at least one character; is_empty is true for empty texts."));
    else if (count_characters(text) > VALUE_CHARACTERS_MAX)
        wrong_at(place, STR("range"),
                 arena_format(arena, "Send at most %d characters.", VALUE_CHARACTERS_MAX));
    else {
        struct arena *kept = place.object->reading->kept;
        operand->text = condition->fold ? fold_case(text, kept) : arena_str(kept, text);
        return true;
    }
    return false;
}

static bool read_number(struct place place, json value, struct operand *operand)
{
    if (json_type(value) != JSON_NUMBER)
        return wrong_operand(place, "a number", value);
    operand->number = decimal_read(reading_keep(place.object, json_number(value)));
    return true;
}

/* A day alone is all of the day: nothing in it is before it or after it. */
static bool read_date(struct place place, json value, struct operand *operand)
{
    str text = json_string(value);
    if (!instant_read(text, &operand->least)) {
        wrong_at(place, json_type(value) == JSON_STRING ? STR("format") : STR("type"),
                 STR("Send a date or a moment as RFC 3339 has it: \"2026-01-31\", or "
                     "\"2026-01-31T10:00:00Z\"."));
        return false;
    }
    bool day_alone = str_index(text, ':') < 0;
    operand->most = operand->least + (day_alone ? DAY_MS - 1 : 0);
    return true;
}

static bool read_count(struct place place, json value, struct operand *operand)
{
    int64_t count;
    if (!json_to_int64(value, &count) || count < 0) {
        wrong_at(place, json_type(value) == JSON_NUMBER ? STR("range") : STR("type"),
                 STR("Send a number of elements: a whole number from 0."));
        return false;
    }
    operand->least = operand->most = count;
    return true;
}

static bool read_operand(struct place place, const struct condition *condition, json value,
                         struct operand *operand)
{
    switch (condition->type) {
    case CONDITION_TEXT:
        return read_text(place, condition, value, operand);
    case CONDITION_NUMBER:
        return read_number(place, value, operand);
    case CONDITION_DATE:
        return read_date(place, value, operand);
    case CONDITION_COUNT:
        return read_count(place, value, operand);
    case CONDITION_PLAIN:
    case CONDITION_TYPES:
        break;
    }
    return false;
}

/* ---- all operands ---- */

/* The first value, which says the type; false: their number is wrong, which has been told. */
static bool find_first(const struct reading_object *object, const struct operator_kind *kind,
                       json *ret_first)
{
    json value = object->values[MEMBER_VALUE];
    size_t least = kind->takes == TAKES_TWO ? 2 : 1;
    size_t most = kind->takes == TAKES_TWO ? 2 : LIST_MAX;
    *ret_first = value;
    if (kind->takes == TAKES_ONE)
        return true;
    struct json_walk walk = json_walk(value);
    if (json_type(value) == JSON_ARRAY && json_count(value) >= least && json_count(value) <= most &&
        json_next(&walk, NULL, ret_first))
        return true;
    reading_wrong(
        object, MEMBER_VALUE, json_type(value) == JSON_ARRAY ? STR("range") : STR("type"),
        kind->takes == TAKES_TWO
            ? STR("Send an array of two values: the smallest and the largest.")
            : arena_format(object->reading->arena, "Send an array of 1 to %d values.", LIST_MAX));
    return false;
}

static bool read_type(const struct reading_object *object, enum condition_type as, json first,
                      struct condition *condition)
{
    const struct operator_kind *kind = condition->kind;
    struct place place = { object, kind->takes == TAKES_ONE ? -1 : 0 };
    condition->type = as != CONDITION_PLAIN ? as : type_of(first);
    condition->from_text = as == CONDITION_NUMBER;
    if ((kind->types & TYPE_BIT(condition->type)) != 0)
        return true;
    if (as == CONDITION_PLAIN) {
        wrong_type(place, kind, first);
        return false;
    }
    struct arena *arena = object->reading->arena;
    str types = list_types(kind, arena);
    reading_wrong(object, MEMBER_AS, STR("not_allowed"),
                  arena_format(arena, "With %.*s send %.*s.", STR_ARG(kind->name), STR_ARG(types)));
    return false;
}

static int compare_operands(const void *left, const void *right, void *condition)
{
    return condition_compare(condition, left, right);
}

/* Matching finds a value of a list by halves, so lists are in order. */
static void order_operands(const struct reading_object *object, struct condition *condition,
                           struct operand *operands)
{
    size_t count = (size_t)condition->operand_count;
    if (condition->kind->takes == TAKES_LIST)
        qsort_r(operands, count, sizeof(*operands), compare_operands, condition);
    else if (count == 2 && condition_compare(condition, &operands[0], &operands[1]) > 0)
        reading_wrong(object, MEMBER_VALUE, STR("range"), STR("Send the smaller value first."));
}

static void read_operands(const struct reading_object *object, struct condition *condition)
{
    json value = object->values[MEMBER_VALUE];
    bool one = condition->kind->takes == TAKES_ONE;
    size_t count = one ? 1 : json_count(value);
    struct operand *operands = ARENA_ARRAY(object->reading->kept, struct operand, count);
    condition->operands = operands;
    condition->operand_count = (int)count;
    bool good = true;
    if (one) {
        good = read_operand((struct place){ object, -1 }, condition, value, operands);
    } else {
        struct json_walk walk = json_walk(value);
        json element;
        for (int i = 0; json_next(&walk, NULL, &element); i++)
            if (!read_operand((struct place){ object, i }, condition, element, &operands[i]))
                good = false;
    }
    if (good)
        order_operands(object, condition, operands);
}

/* What needs a pattern: `like`, and looking for parts regardless of case. */
static void read_like(const struct reading_object *object, struct condition *condition)
{
    static const enum like_form forms[] = {
        [RELATION_CONTAINS] = LIKE_CONTAINS,
        [RELATION_STARTS] = LIKE_STARTS,
        [RELATION_ENDS] = LIKE_ENDS,
        [RELATION_LIKE] = LIKE_PATTERN,
    };
    enum relation relation = condition->kind->relation;
    bool parts =
        relation == RELATION_CONTAINS || relation == RELATION_STARTS || relation == RELATION_ENDS;
    str text = condition->operands[0].text;
    if (condition->type != CONDITION_TEXT || text.len == 0 ||
        (relation != RELATION_LIKE && !(parts && condition->fold)))
        return;
    condition->like = like_new(object->reading->kept, forms[relation], text, condition->fold);
    if (condition->like == NULL)
        reading_wrong(object, MEMBER_VALUE, STR("range"),
                      arena_format(object->reading->arena,
                                   "Send at most %d characters for like, and for parts of a text "
                                   "with ignoreCase.",
                                   LIKE_MAX));
}

/* ---- one condition ---- */

static str write_value(struct arena *kept, json value)
{
    struct buf buf;
    buf_init(&buf, kept, SIZE_MAX); /* what was read had a cap */
    struct json_writer writer = json_writer(&buf);
    json_add_value(&writer, value);
    return buf_str(&buf);
}

/* With an operator that takes none. */
static void refuse_value(const struct reading_object *object, const struct operator_kind *kind)
{
    static const int members[] = { MEMBER_VALUE, MEMBER_AS };
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (object->values[members[i]] != NULL)
            reading_wrong(object, members[i], STR("not_allowed"),
                          arena_format(object->reading->arena, "Leave it out: %.*s takes no value.",
                                       STR_ARG(kind->name)));
}

static void read_value(const struct reading_object *object, struct condition *condition)
{
    json value = object->values[MEMBER_VALUE];
    enum condition_type as;
    bool as_read = read_as(object, &as);
    if (condition->kind->takes == TAKES_NOTHING) {
        refuse_value(object, condition->kind);
        return;
    }
    if (value == NULL) {
        reading_wrong(object, MEMBER_VALUE, STR("required"),
                      STR("Send the value to compare with; for null there is is_null."));
        return;
    }
    json first;
    if (!find_first(object, condition->kind, &first) || !as_read ||
        !read_type(object, as, first, condition))
        return;
    read_operands(object, condition);
    read_like(object, condition);
    condition->value = write_value(object->reading->kept, value);
}

static const struct condition *read_condition(struct reading *reading, str pointer, json value)
{
    json values[MEMBER_COUNT] = {};
    struct reading_object object = { .reading = reading,
                                     .pointer = pointer,
                                     .names = member_names,
                                     .count = MEMBER_COUNT,
                                     .values = values };
    struct condition *condition = ARENA_NEW(reading->kept, struct condition);
    if (!reading_begin(&object, value))
        return condition;
    condition->pointer = reading_keep(&object, pointer);
    read_field(&object, condition);
    condition->kind = read_operator(&object);
    condition->fold = reading_bool(&object, MEMBER_IGNORE_CASE);
    if (condition->kind == NULL)
        return condition;
    read_value(&object, condition);
    if (condition->fold && condition->type != CONDITION_TEXT)
        reading_wrong(&object, MEMBER_IGNORE_CASE, STR("not_allowed"),
                      STR("Leave it out: only texts have a case."));
    return condition;
}

/* ---- groups ---- */

enum { GROUP_ALL, GROUP_ANY, GROUP_MEMBERS };

static const str group_names[] = { [GROUP_ALL] = STR_INIT("all"), [GROUP_ANY] = STR_INIT("any") };

struct reader {
    struct reading reading;
    int64_t group_count;
};

static void read_group(struct reader *reader, str pointer, int depth, json value,
                       struct group *group);

static bool is_group(json value)
{
    return json_get(value, group_names[GROUP_ALL]) != NULL ||
           json_get(value, group_names[GROUP_ANY]) != NULL;
}

/* The one member that is there, or −1: it has been told. */
static int find_kind(const struct reading_object *object)
{
    bool all = object->values[GROUP_ALL] != NULL;
    bool any = object->values[GROUP_ANY] != NULL;
    if (all != any)
        return all ? GROUP_ALL : GROUP_ANY;
    if (all)
        reading_wrong(object, GROUP_ANY, STR("not_allowed"),
                      STR("Send either all or any; put the other into a group of its own."));
    else
        reading_wrong(object, -1, STR("required"),
                      STR("Send all or any: an array of conditions and groups."));
    return -1;
}

/* Whether the list of a group is one, and of a size that is worth reading. */
static bool check_list(const struct reading_object *object, int kind)
{
    json list = object->values[kind];
    int64_t most = object->reading->limits->filter_conditions;
    int64_t conditions = 0;
    struct json_walk walk = json_walk(list);
    json member;
    while (json_next(&walk, NULL, &member))
        conditions += !is_group(member);
    if (json_type(list) != JSON_ARRAY)
        reading_wrong(object, kind, STR("type"), STR("Send an array of conditions and groups."));
    else if (json_count(list) == 0)
        reading_wrong(object, kind, STR("range"), STR("Put at least one condition into a group."));
    else if (conditions > most)
        reading_wrong(object, kind, STR("range"),
                      arena_format(object->reading->arena,
                                   "Send at most %lld conditions in one group, not %lld.",
                                   (long long)most, (long long)conditions));
    else
        return true;
    return false;
}

static void read_nodes(struct reader *reader, str pointer, int depth, json list,
                       struct group *group)
{
    struct arena *kept = reader->reading.kept;
    struct node *nodes = ARENA_ARRAY(kept, struct node, json_count(list));
    group->nodes = nodes;
    group->count = (int)json_count(list);
    struct json_walk walk = json_walk(list);
    json value;
    for (int i = 0; json_next(&walk, NULL, &value); i++) {
        str at = arena_format(reader->reading.arena, "%.*s/%s/%d", STR_ARG(pointer),
                              group->all ? "all" : "any", i);
        if (!is_group(value)) {
            nodes[i].condition = read_condition(&reader->reading, at, value);
            continue;
        }
        struct group *inner = ARENA_NEW(kept, struct group);
        nodes[i].group = inner;
        read_group(reader, at, depth + 1, value, inner);
    }
}

/* The top is the first group, and the first level. */
static bool may_have_group(struct reader *reader, const struct reading_object *object, int depth)
{
    int64_t most = reader->reading.limits->filter_groups;
    reader->group_count++;
    if (depth > CONDITIONS_DEPTH_MAX)
        reading_wrong(object, -1, STR("range"),
                      arena_format(reader->reading.arena, "Nest groups at most %d levels deep.",
                                   CONDITIONS_DEPTH_MAX));
    else if (reader->group_count == most + 1) /* told once */
        reading_wrong(object, -1, STR("range"),
                      arena_format(reader->reading.arena, "Send at most %lld groups in all.",
                                   (long long)most));
    return depth <= CONDITIONS_DEPTH_MAX && reader->group_count <= most;
}

static void read_group(struct reader *reader, str pointer, int depth, json value,
                       struct group *group)
{
    json values[GROUP_MEMBERS] = {};
    struct reading_object object = { .reading = &reader->reading,
                                     .pointer = pointer,
                                     .names = group_names,
                                     .count = GROUP_MEMBERS,
                                     .values = values };
    if (!may_have_group(reader, &object, depth) || !reading_begin(&object, value))
        return;
    int kind = find_kind(&object);
    if (kind < 0 || !check_list(&object, kind))
        return;
    group->all = kind == GROUP_ALL;
    read_nodes(reader, pointer, depth, values[kind], group);
}

bool conditions_read(const struct conditions_input *input, struct problem *reterr,
                     const struct conditions **ret_conditions)
{
    struct reader reader = { .reading = { .kept = input->kept,
                                          .arena = input->arena,
                                          .reterr = reterr,
                                          .limits = input->limits } };
    int errors_before = reterr->error_count;
    struct conditions *conditions = ARENA_NEW(input->kept, struct conditions);
    read_group(&reader, input->pointer, 1, input->value, &conditions->top);
    if (reterr->error_count > errors_before)
        return false;
    *ret_conditions = conditions;
    return true;
}
