/* SPDX-License-Identifier: MIT
 * mapping/condition_form.h: conditions as they are compiled. For condition*.c only. */
#pragma once

#include "mapping/condition.h"
#include "mapping/decimal.h"
#include "mapping/like.h"
#include "mapping/path.h"

/* What the values of a condition, and those it is held against, are taken as. */
enum condition_type {
    CONDITION_PLAIN = 0, /* as they are: the operator takes no value */
    CONDITION_TEXT,
    CONDITION_NUMBER,
    CONDITION_DATE,
    CONDITION_COUNT, /* of an array's elements */
    CONDITION_TYPES
};

/* What a value of the field must be, for the condition to fit it. */
enum relation {
    RELATION_NONE = 0,
    RELATION_EQUAL, /* to one of the operands */
    RELATION_ORDER, /* one of the operator's `orders` to the operand */
    RELATION_BETWEEN,
    RELATION_CONTAINS,
    RELATION_STARTS,
    RELATION_ENDS,
    RELATION_LIKE,
    RELATION_FILLED,
    RELATION_TRUE,
    RELATION_FALSE,
    RELATION_THERE,
    RELATION_NULL,
};

enum condition_takes { TAKES_NOTHING = 0, TAKES_ONE, TAKES_TWO, TAKES_LIST };

#define ORDER_LESS 1U
#define ORDER_SAME 2U
#define ORDER_MORE 4U

#define TYPE_BIT(type) (1U << (type))

struct operator_kind {
    str name;
    const char *words; /* of the relation, with or without "not" before them */
    enum relation relation;
    bool negated;    /* the relation fits no value of the field */
    unsigned orders; /* ORDER_… */
    enum condition_takes takes;
    unsigned types; /* TYPE_BIT() of each that the operator takes */
};

extern const struct operator_kind operator_kinds[];
extern const int operator_count;

/* One value to compare with, by the type of its condition. */
struct operand {
    str text;              /* folded when the condition is */
    struct decimal number; /* its digits are views into what the condition keeps */
    int64_t least;         /* dates: milliseconds, a day alone from its first to its last; counts */
    int64_t most;
};

struct condition {
    struct path path;
    const struct operator_kind *kind;
    enum condition_type type;
    bool fold;                      /* texts are compared regardless of case */
    bool from_text;                 /* a text that is a number is one, too */
    const struct operand *operands; /* of a list in order */
    int operand_count;
    const struct like *like; /* when texts are matched by it; else NULL */
    str field;               /* as it was written */
    str value;               /* as JSON */
    str pointer;
};

struct group;

/* One of the two. */
struct node {
    const struct condition *condition;
    const struct group *group;
};

struct group {
    bool all;
    int count;
    const struct node *nodes;
};

struct conditions {
    struct group top;
};

/* What `value` is as an operand of `condition`; false: it is of another type. */
MUST_USE bool condition_measure(const struct condition *condition, json value,
                                struct operand *ret_operand);

/* Below 0, 0, above 0, by the type. `operand` is one of the condition's, `value` was measured. */
int condition_compare(const struct condition *condition, const struct operand *value,
                      const struct operand *operand);

/* Whether the condition's relation holds for one value; `negated` is not looked at. */
bool condition_fits(const struct condition *condition, json value);

bool group_matches(const struct group *group, json document);
bool node_matches(const struct node *node, json document);
