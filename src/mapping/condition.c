/* SPDX-License-Identifier: MIT
 * What conditions mean.
 *
 * A field names any number of values of a document: none when it is missing, several with [*]. The
 * relation of an operator fits a value or does not; a value of a type that the condition is not
 * about never fits.
 *
 * 1. A condition is true when its relation fits at least one of the field's values; a negated one
 *    (not_…, is_empty) when it fits none. So not_x is true exactly when x is not, always.
 * 2. So a missing field makes every condition false but the negated ones, which it makes true.
 * 3. `all` is true when each of its members is, `any` when at least one is; their order counts for
 *    explanations only.
 * 4. Numbers equal what has the same value, however it is written. Of two different numbers one is
 *    less (up to the exponents of mapping/decimal.h).
 * 5. Of less, equal and greater exactly one fits a value of the condition's type, and none any
 * other.
 * 6. A list is one of its values' `equals`, or another's.
 * 7. Matching changes nothing and needs no memory: the same document gives the same answer. */
#include "mapping/condition_form.h"

#include "base/instant.h"
#include "mapping/fold.h"

/* ---- the operators ---- */

#define TEXT TYPE_BIT(CONDITION_TEXT)
#define NUMBER TYPE_BIT(CONDITION_NUMBER)
#define DATE TYPE_BIT(CONDITION_DATE)
#define COUNT TYPE_BIT(CONDITION_COUNT)

/* In the order of docs/conditions.md. */
const struct operator_kind operator_kinds[] = {
    { .name = STR_INIT("equals"),
      .words = "equal to",
      .relation = RELATION_EQUAL,
      .takes = TAKES_ONE,
      .types = TEXT | NUMBER | COUNT },
    { .name = STR_INIT("not_equals"),
      .words = "equal to",
      .relation = RELATION_EQUAL,
      .negated = true,
      .takes = TAKES_ONE,
      .types = TEXT | NUMBER | COUNT },
    { .name = STR_INIT("in"),
      .words = "one of",
      .relation = RELATION_EQUAL,
      .takes = TAKES_LIST,
      .types = TEXT | NUMBER | COUNT },
    { .name = STR_INIT("not_in"),
      .words = "one of",
      .relation = RELATION_EQUAL,
      .negated = true,
      .takes = TAKES_LIST,
      .types = TEXT | NUMBER | COUNT },
    { .name = STR_INIT("contains"),
      .words = "containing",
      .relation = RELATION_CONTAINS,
      .takes = TAKES_ONE,
      .types = TEXT | NUMBER },
    { .name = STR_INIT("not_contains"),
      .words = "containing",
      .relation = RELATION_CONTAINS,
      .negated = true,
      .takes = TAKES_ONE,
      .types = TEXT | NUMBER },
    { .name = STR_INIT("starts_with"),
      .words = "starting with",
      .relation = RELATION_STARTS,
      .takes = TAKES_ONE,
      .types = TEXT },
    { .name = STR_INIT("ends_with"),
      .words = "ending with",
      .relation = RELATION_ENDS,
      .takes = TAKES_ONE,
      .types = TEXT },
    { .name = STR_INIT("like"),
      .words = "like",
      .relation = RELATION_LIKE,
      .takes = TAKES_ONE,
      .types = TEXT },
    { .name = STR_INIT("greater_than"),
      .words = "greater than",
      .relation = RELATION_ORDER,
      .orders = ORDER_MORE,
      .takes = TAKES_ONE,
      .types = NUMBER | COUNT },
    { .name = STR_INIT("greater_or_equal"),
      .words = "greater than or equal to",
      .relation = RELATION_ORDER,
      .orders = ORDER_MORE | ORDER_SAME,
      .takes = TAKES_ONE,
      .types = NUMBER | COUNT },
    { .name = STR_INIT("less_than"),
      .words = "less than",
      .relation = RELATION_ORDER,
      .orders = ORDER_LESS,
      .takes = TAKES_ONE,
      .types = NUMBER | COUNT },
    { .name = STR_INIT("less_or_equal"),
      .words = "less than or equal to",
      .relation = RELATION_ORDER,
      .orders = ORDER_LESS | ORDER_SAME,
      .takes = TAKES_ONE,
      .types = NUMBER | COUNT },
    { .name = STR_INIT("between"),
      .words = "between",
      .relation = RELATION_BETWEEN,
      .takes = TAKES_TWO,
      .types = NUMBER | DATE | COUNT },
    { .name = STR_INIT("before"),
      .words = "before",
      .relation = RELATION_ORDER,
      .orders = ORDER_LESS,
      .takes = TAKES_ONE,
      .types = DATE },
    { .name = STR_INIT("after"),
      .words = "after",
      .relation = RELATION_ORDER,
      .orders = ORDER_MORE,
      .takes = TAKES_ONE,
      .types = DATE },
    { .name = STR_INIT("is_true"), .words = "true", .relation = RELATION_TRUE },
    { .name = STR_INIT("is_false"), .words = "false", .relation = RELATION_FALSE },
    { .name = STR_INIT("exists"), .words = "there", .relation = RELATION_THERE },
    { .name = STR_INIT("not_exists"),
      .words = "there",
      .relation = RELATION_THERE,
      .negated = true },
    { .name = STR_INIT("is_null"), .words = "null", .relation = RELATION_NULL },
    { .name = STR_INIT("is_empty"),
      .words = "filled",
      .relation = RELATION_FILLED,
      .negated = true },
    { .name = STR_INIT("is_not_empty"), .words = "filled", .relation = RELATION_FILLED },
};

const int operator_count = COUNT_OF(operator_kinds);

str conditions_operator(int index)
{
    return index >= 0 && index < operator_count ? operator_kinds[index].name : (str){};
}

/* ---- one value ---- */

static bool measure_text(json value, struct operand *ret_operand)
{
    if (json_type(value) != JSON_STRING)
        return false;
    *ret_operand = (struct operand){ .text = json_string(value) };
    return true;
}

static bool measure_number(const struct condition *condition, json value,
                           struct operand *ret_operand)
{
    str text = json_number(value);
    if (condition->from_text && json_is_number(json_string(value)))
        text = json_string(value);
    if (text.len == 0)
        return false;
    *ret_operand = (struct operand){ .number = decimal_read(text) };
    return true;
}

static bool measure_date(json value, struct operand *ret_operand)
{
    int64_t at_ms;
    if (json_type(value) != JSON_STRING || !instant_read(json_string(value), &at_ms))
        return false;
    *ret_operand = (struct operand){ .least = at_ms, .most = at_ms };
    return true;
}

static bool measure_count(json value, struct operand *ret_operand)
{
    if (json_type(value) != JSON_ARRAY)
        return false;
    int64_t count = (int64_t)json_count(value);
    *ret_operand = (struct operand){ .least = count, .most = count };
    return true;
}

bool condition_measure(const struct condition *condition, json value, struct operand *ret_operand)
{
    switch (condition->type) {
    case CONDITION_TEXT:
        return measure_text(value, ret_operand);
    case CONDITION_NUMBER:
        return measure_number(condition, value, ret_operand);
    case CONDITION_DATE:
        return measure_date(value, ret_operand);
    case CONDITION_COUNT:
        return measure_count(value, ret_operand);
    case CONDITION_PLAIN:
    case CONDITION_TYPES:
        break;
    }
    return false;
}

/* By character, which is the order of the bytes, too. `folded` is so already. */
static int compare_folded(str text, str folded)
{
    while (text.len > 0 && folded.len > 0) {
        uint32_t ours = fold_character(fold_take(&text));
        uint32_t theirs = fold_take(&folded);
        if (ours != theirs)
            return ours < theirs ? -1 : 1;
    }
    return (text.len > 0) - (folded.len > 0);
}

int condition_compare(const struct condition *condition, const struct operand *value,
                      const struct operand *operand)
{
    switch (condition->type) {
    case CONDITION_TEXT:
        return condition->fold ? compare_folded(value->text, operand->text)
                               : str_compare(value->text, operand->text);
    case CONDITION_NUMBER:
        return decimal_compare(&value->number, &operand->number);
    case CONDITION_DATE:
    case CONDITION_COUNT:
        return (value->least > operand->most) - (value->most < operand->least);
    case CONDITION_PLAIN:
    case CONDITION_TYPES:
        break;
    }
    return 0;
}

/* The operands are in order. */
static bool equals_one(const struct condition *condition, json value)
{
    struct operand measured;
    if (!condition_measure(condition, value, &measured))
        return false;
    int low = 0;
    int high = condition->operand_count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = condition_compare(condition, &measured, &condition->operands[middle]);
        if (order == 0)
            return true;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static bool is_ordered(const struct condition *condition, json value)
{
    struct operand measured;
    if (!condition_measure(condition, value, &measured))
        return false;
    int order = condition_compare(condition, &measured, &condition->operands[0]);
    unsigned found = order < 0 ? ORDER_LESS : order > 0 ? ORDER_MORE : ORDER_SAME;
    return (condition->kind->orders & found) != 0;
}

static bool is_between(const struct condition *condition, json value)
{
    struct operand measured;
    return condition_measure(condition, value, &measured) &&
           condition_compare(condition, &measured, &condition->operands[0]) >= 0 &&
           condition_compare(condition, &measured, &condition->operands[1]) <= 0;
}

static bool text_fits(const struct condition *condition, json value)
{
    if (json_type(value) != JSON_STRING || condition->type != CONDITION_TEXT)
        return false;
    str text = json_string(value);
    if (condition->like != NULL)
        return like_matches(condition->like, text);
    str part = condition->operands[0].text;
    if (condition->kind->relation == RELATION_STARTS)
        return str_starts(text, part);
    if (condition->kind->relation == RELATION_ENDS)
        return str_ends(text, part);
    return text.len >= part.len && memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

/* A text contains a part, an array an element. */
static bool contains(const struct condition *condition, json value)
{
    if (json_type(value) != JSON_ARRAY)
        return text_fits(condition, value);
    struct json_walk walk = json_walk(value);
    json element;
    while (json_next(&walk, NULL, &element))
        if (equals_one(condition, element))
            return true;
    return false;
}

static bool is_filled(json value)
{
    switch (json_type(value)) {
    case JSON_ABSENT:
    case JSON_NULL:
        return false;
    case JSON_STRING:
        return json_string(value).len > 0;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return json_count(value) > 0;
    case JSON_BOOL:
    case JSON_NUMBER:
        return true;
    }
    return false;
}

bool condition_fits(const struct condition *condition, json value)
{
    switch (condition->kind->relation) {
    case RELATION_EQUAL:
        return equals_one(condition, value);
    case RELATION_ORDER:
        return is_ordered(condition, value);
    case RELATION_BETWEEN:
        return is_between(condition, value);
    case RELATION_CONTAINS:
        return contains(condition, value);
    case RELATION_STARTS:
    case RELATION_ENDS:
    case RELATION_LIKE:
        return text_fits(condition, value);
    case RELATION_FILLED:
        return is_filled(value);
    case RELATION_TRUE:
        return json_bool(value);
    case RELATION_FALSE:
        return json_type(value) == JSON_BOOL && !json_bool(value);
    case RELATION_THERE:
        return true;
    case RELATION_NULL:
        return json_type(value) == JSON_NULL;
    case RELATION_NONE:
        break;
    }
    return false;
}

/* ---- the tree ---- */

struct fitting {
    struct path_visitor visitor;
    const struct condition *condition;
};

static bool visit_value(struct path_visitor *visitor, json value)
{
    const struct fitting *fitting = CONTAINER_OF(visitor, struct fitting, visitor);
    return condition_fits(fitting->condition, value);
}

static bool condition_matches(const struct condition *condition, json document)
{
    struct fitting fitting = { .visitor.visit = visit_value, .condition = condition };
    return path_visit(&condition->path, document, &fitting.visitor) != condition->kind->negated;
}

bool node_matches(const struct node *node, json document)
{
    return node->group != NULL ? group_matches(node->group, document)
                               : condition_matches(node->condition, document);
}

bool group_matches(const struct group *group, json document)
{
    for (int i = 0; i < group->count; i++)
        if (node_matches(&group->nodes[i], document) != group->all)
            return !group->all;
    return group->all;
}

bool conditions_match(const struct conditions *conditions, json document)
{
    return group_matches(&conditions->top, document);
}

/* ---- the cost ---- */

#define COST_OF_LOOKING_THROUGH 20
/* Of what is kept in memory, for one point. */
#define VALUES_A_POINT 50
#define BYTES_A_POINT 1024

static bool looks_through(const struct condition *condition)
{
    for (int i = 0; i < condition->path.count; i++)
        if (condition->path.steps[i].any)
            return true;
    return condition->like != NULL || condition->kind->relation == RELATION_CONTAINS;
}

static int64_t condition_cost(const struct condition *condition)
{
    int64_t cost = condition->operand_count / VALUES_A_POINT;
    cost += (int64_t)(condition->value.len / BYTES_A_POINT);
    if (!looks_through(condition))
        return cost + 1;
    cost += COST_OF_LOOKING_THROUGH;
    for (int left = condition->operand_count; left > 1; left /= 2)
        cost += COST_OF_LOOKING_THROUGH;
    return cost;
}

static int64_t group_cost(const struct group *group)
{
    int64_t cost = 0;
    for (int i = 0; i < group->count; i++) {
        const struct node *node = &group->nodes[i];
        cost += node->group != NULL ? group_cost(node->group) : condition_cost(node->condition);
    }
    return cost;
}

int64_t conditions_cost(const struct conditions *conditions)
{
    return group_cost(&conditions->top);
}
