/* SPDX-License-Identifier: MIT
 * The invariants of condition.c, by number, on random conditions and documents. What each operator
 * means by example is in condition_docs_test.c. */
#include "mapping/condition.h"

#include "base/instant.h"
#include "base/testing.h"
#include "mapping/test_conditions.h"
#include "mapping/test_naive.h"

/* ---- random conditions and documents, out of so few parts that they often meet ---- */

static const char *const numbers[] = { "0",     "-0.0", "1",    "1.0",    "1e0",   "2",
                                       "20e-1", "3",    "-1.5", "-15e-1", "-1.75", "0.5",
                                       "5E-1",  "100",  "1e+2", "10.25" };
static const char *const texts[] = {
    "\"\"",   "\"a\"",   "\"A\"",   "\"ab\"",        "\"aB\"",       "\"ba\"",        "\"aa\"",
    "\"1\"",  "\"1.0\"", "\"0.5\"", "\"\xc3\xa4\"",  "\"\xc3\x84\"", "\"a\xc3\xa4\"", "\"*\"",
    "\"a*\"", "\"?a\"",  "\"a?*\"", "\"*\xc3\xa4\"", "\"\\\\*\"",
};
static const char *const dates[] = {
    "\"2026-01-31\"",
    "\"2026-02-01\"",
    "\"2026-01-31T10:00:00Z\"",
    "\"2026-01-31T23:59:59.999Z\"",
    "\"2026-02-01T00:30:00+01:00\"",
    "\"2026-02-01T00:00:00Z\"",
};
static const char *const words[] = { "true", "false", "null" };

/* A round has a few of them, so that they meet. */
struct dice {
    struct arena arena;
    struct limits limits;
    uint64_t state;
    const char *scalars[7];
};

static int roll(struct dice *dice, int sides)
{
    assert(sides > 0);
    return (int)(test_random(&dice->state) >> 33) % sides;
}

#define ONE_OF(dice, list) ((list)[roll((dice), (int)COUNT_OF(list))])

static struct dice dice_new(uint64_t seed)
{
    /* Numbers that follow each other begin alike: what they give at first is thrown away. */
    struct dice dice = { .state = seed * UINT64_C(0x9e3779b97f4a7c15) };
    (void)roll(&dice, 1);
    limits_init(&dice.limits);
    for (size_t i = 0; i < COUNT_OF(dice.scalars); i++)
        dice.scalars[i] = i == 0  ? ONE_OF(&dice, words)
                          : i < 3 ? ONE_OF(&dice, numbers)
                          : i < 5 ? ONE_OF(&dice, texts)
                                  : ONE_OF(&dice, dates);
    return dice;
}

static str scalar(struct dice *dice)
{
    return str_c(ONE_OF(dice, dice->scalars));
}

static str value_of(struct dice *dice, int depth);

static str container(struct dice *dice, int depth, bool object)
{
    str text = {};
    for (int left = roll(dice, 4); left > 0; left--) {
        str key = object ? arena_format(&dice->arena, "\"%c\":", "abc"[roll(dice, 3)]) : (str){};
        str value = value_of(dice, depth - 1);
        text = arena_format(&dice->arena, "%.*s%s%.*s%.*s", STR_ARG(text), text.len == 0 ? "" : ",",
                            STR_ARG(key), STR_ARG(value));
    }
    return arena_format(&dice->arena, object ? "{%.*s}" : "[%.*s]", STR_ARG(text));
}

static str value_of(struct dice *dice, int depth)
{
    int kind = roll(dice, 9);
    if (depth == 0 || kind < 5)
        return scalar(dice);
    return container(dice, depth, kind < 7);
}

/* Those that find most come more often. */
static const char *const fields[] = { "a",      "a",       "a",      "a",    "a",     "a",
                                      "a",      "a",       "a",      "a",    "b",     "c",
                                      "a[*]",   "a[*]",    "a[*]",   "a[*]", "b[]",   "a[0]",
                                      "a[0]",   "c[1]",    "a.b",    "b.a",  "a.b.c", "b.c",
                                      "a[*].b", "c[*][*]", "b[1].a", "[*]",  "[0]",   "a[*].b[*]" };

/* With any value, whether it fits the operator or not. */
static str random_condition(struct dice *dice, str name)
{
    static const char *const as[] = {
        "", "", "", ",\"as\":\"number\"", ",\"as\":\"date\"", ",\"as\":\"count\""
    };
    static const char *const fold[] = { "", ",\"ignoreCase\":true" };
    str value = scalar(dice);
    int shape = roll(dice, 5);
    if (shape == 0)
        value = (str){};
    str second = scalar(dice);
    str third = shape == 4 ? scalar(dice) : (str){};
    if (shape > 2)
        value = arena_format(&dice->arena, "[%.*s,%.*s%s%.*s]", STR_ARG(value), STR_ARG(second),
                             third.len > 0 ? "," : "", STR_ARG(third));
    return arena_format(&dice->arena, "{\"field\":\"%s\",\"operator\":\"%.*s\"%s%.*s%s%s}",
                        ONE_OF(dice, fields), STR_ARG(name),
                        value.len == 0 ? "" : ",\"value\":", STR_ARG(value),
                        value.len == 0 ? "" : ONE_OF(dice, as), ONE_OF(dice, fold));
}

static const struct conditions *compile(struct dice *dice, str text)
{
    struct problem problem = {};
    return test_conditions(&dice->arena, text, &dice->limits, &problem);
}

static int count_operators(void)
{
    int count = 0;
    while (conditions_operator(count).len > 0)
        count++;
    return count;
}

/* One that can be saved. */
static str condition_with(struct dice *dice, str name)
{
    for (;;) {
        str text = random_condition(dice, name);
        str group = arena_format(&dice->arena, "{\"all\":[%.*s]}", STR_ARG(text));
        if (compile(dice, group) != NULL)
            return text;
    }
}

static str good_condition(struct dice *dice)
{
    return condition_with(dice, conditions_operator(roll(dice, count_operators())));
}

static str random_group(struct dice *dice, int depth)
{
    str text = {};
    for (int left = 1 + roll(dice, 3); left > 0; left--) {
        bool inner = depth > 1 && roll(dice, 2) == 0;
        str node = inner ? random_group(dice, depth - 1) : good_condition(dice);
        text = arena_format(&dice->arena, "%.*s%s%.*s", STR_ARG(text), text.len == 0 ? "" : ",",
                            STR_ARG(node));
    }
    return arena_format(&dice->arena, "{\"%s\":[%.*s]}", roll(dice, 2) == 0 ? "all" : "any",
                        STR_ARG(text));
}

static json random_document(struct dice *dice)
{
    if (roll(dice, 4) == 0)
        return test_json(&dice->arena, container(dice, 3, roll(dice, 2) == 0));
    str values[3];
    for (size_t i = 0; i < COUNT_OF(values); i++)
        values[i] = value_of(dice, 2);
    return test_json(&dice->arena,
                     arena_format(&dice->arena, "{\"a\":%.*s,\"b\":%.*s,\"c\":%.*s}",
                                  STR_ARG(values[0]), STR_ARG(values[1]), STR_ARG(values[2])));
}

static bool holds(struct dice *dice, str condition, json document)
{
    str group = arena_format(&dice->arena, "{\"all\":[%.*s]}", STR_ARG(condition));
    const struct conditions *conditions = compile(dice, group);
    if (conditions == NULL)
        fail_msg("%.*s: cannot be saved", STR_ARG(condition));
    return conditions_match(conditions, document);
}

/* ---- the properties ---- */

/* The condition that decided, as it was written. */
static json find_decider(struct dice *dice, json top, str pointer_text)
{
    struct json_pointer pointer;
    size_t offset;
    assert_true(str_starts(pointer_text, STR("/filter/")));
    str inside = str_skip(pointer_text, strlen("/filter"));
    assert_true(json_pointer_read(&dice->arena, inside, &pointer, &offset));
    return json_pointer_find(&pointer, top);
}

/* 1, 3, 7. And a condition that is said to have decided says what all together do. */
TEST(means_what_the_interpreter_says)
{
    int matches = 0;
    for (uint64_t round = 1; round <= 1000; round++) {
        struct dice dice = dice_new(round);
        str text = random_group(&dice, 1 + roll(&dice, 4));
        const struct conditions *conditions = compile(&dice, text);
        assert_non_null(conditions);
        json top = test_json(&dice.arena, text);
        for (int i = 0; i < 6; i++) {
            json document = random_document(&dice);
            bool match = conditions_match(conditions, document);
            struct conditions_verdict verdict =
                conditions_explain(conditions, document, &dice.arena);
            json decider = find_decider(&dice, top, verdict.pointer);
            CHECK_INT(text.ptr, match, naive_match(&dice.arena, top, document));
            CHECK_INT(text.ptr, verdict.match, match);
            CHECK_INT(text.ptr, naive_match(&dice.arena, decider, document), match);
            CHECK(text.ptr, verdict.text.len > 0);
            CHECK_INT(text.ptr, conditions_match(conditions, document), match);
            matches += match;
        }
        arena_done(&dice.arena);
    }
    CHECK("both happen often", matches > 1000 && matches < 5000);
}

/* 1, for each operator, which must have been seen both true and false. */
TEST(each_operator_alone)
{
    int count = count_operators();
    for (int kind = 0; kind < count; kind++) {
        int seen[2] = {};
        for (int round = 1; round <= 100; round++) {
            struct dice dice = dice_new((uint64_t)kind * 1000 + (uint64_t)round);
            str text = condition_with(&dice, conditions_operator(kind));
            json condition = test_json(&dice.arena, text);
            for (int i = 0; i < 30; i++) {
                json document = random_document(&dice);
                bool match = holds(&dice, text, document);
                CHECK_INT(text.ptr, match, naive_match(&dice.arena, condition, document));
                seen[match]++;
            }
            arena_done(&dice.arena);
        }
        CHECK(conditions_operator(kind).ptr, seen[0] > 5 && seen[1] > 5);
    }
}

static str change(struct dice *dice, str text, const char *from, const char *to)
{
    str quoted_from = arena_format(&dice->arena, "\"operator\":\"%s\"", from);
    const char *at = memmem(text.ptr, text.len, quoted_from.ptr, quoted_from.len);
    if (at == NULL)
        return (str){};
    size_t before = (size_t)(at - text.ptr);
    return arena_format(&dice->arena, "%.*s\"operator\":\"%s\"%.*s",
                        STR_ARG(str_head(text, before)), to,
                        STR_ARG(str_skip(text, before + quoted_from.len)));
}

/* 1: of a condition and its negation exactly one is true. */
TEST(negations_negate)
{
    int checked[NAIVE_NEGATIONS] = {};
    for (uint64_t round = 1; round <= 3000; round++) {
        struct dice dice = dice_new(round);
        str text = good_condition(&dice);
        json document = random_document(&dice);
        for (size_t i = 0; i < NAIVE_NEGATIONS; i++) {
            str negation =
                change(&dice, text, naive_negations[i].positive, naive_negations[i].name);
            if (negation.len == 0)
                continue;
            CHECK(text.ptr, holds(&dice, text, document) != holds(&dice, negation, document));
            checked[i]++;
        }
        arena_done(&dice.arena);
    }
    for (size_t i = 0; i < NAIVE_NEGATIONS; i++)
        CHECK(naive_negations[i].name, checked[i] > 50);
}

/* 2 */
TEST(what_is_missing_fits_nothing)
{
    int negated_count = 0;
    for (uint64_t round = 1; round <= 1000; round++) {
        struct dice dice = dice_new(round);
        str text = good_condition(&dice);
        bool negated = false;
        for (size_t i = 0; i < NAIVE_NEGATIONS; i++)
            if (change(&dice, text, naive_negations[i].name, "").len > 0)
                negated = true;
        negated_count += negated;
        CHECK_INT(text.ptr, holds(&dice, text, test_json(&dice.arena, STR("{\"d\":1}"))), negated);
        CHECK_INT(text.ptr, holds(&dice, text, NULL), negated);
        arena_done(&dice.arena);
    }
    CHECK("both happen", negated_count > 100 && negated_count < 900);
}

/* 3: turned round, a group says the same. */
TEST(order_does_not_matter)
{
    for (uint64_t round = 1; round <= 1000; round++) {
        struct dice dice = dice_new(round);
        str one = random_group(&dice, 2);
        str two = good_condition(&dice);
        const char *kind = roll(&dice, 2) == 0 ? "all" : "any";
        str there =
            arena_format(&dice.arena, "{\"%s\":[%.*s,%.*s]}", kind, STR_ARG(one), STR_ARG(two));
        str back =
            arena_format(&dice.arena, "{\"%s\":[%.*s,%.*s]}", kind, STR_ARG(two), STR_ARG(one));
        json document = random_document(&dice);
        CHECK_INT(there.ptr, conditions_match(compile(&dice, there), document),
                  conditions_match(compile(&dice, back), document));
        arena_done(&dice.arena);
    }
}

/* 4, 5: numbers, dates and counts have an order, and other values none. */
TEST(exactly_one_of_less_equal_and_greater)
{
    static const struct {
        const char *as;
        const char *less;
        const char *equal;
        const char *greater;
        bool pair; /* equality is asked as "between" */
    } kinds[] = {
        { "", "less_than", "equals", "greater_than", false },
        { ",\"as\":\"number\"", "less_than", "equals", "greater_than", false },
        { ",\"as\":\"count\"", "less_than", "equals", "greater_than", false },
        { ",\"as\":\"date\"", "before", "between", "after", true },
    };

    int fitting = 0;
    for (uint64_t round = 1; round <= 3000; round++) {
        struct dice dice = dice_new(round);
        size_t kind = (size_t)roll(&dice, (int)COUNT_OF(kinds));
        const char *counts[] = { "0", "1", "2" };
        str bound = str_c(kind == 3   ? ONE_OF(&dice, dates)
                          : kind == 2 ? ONE_OF(&dice, counts)
                                      : ONE_OF(&dice, numbers));
        str value = value_of(&dice, 1);
        str text = arena_format(&dice.arena, "{\"a\":%.*s}", STR_ARG(value));
        json document = test_json(&dice.arena, text);
        const char *names[] = { kinds[kind].less, kinds[kind].equal, kinds[kind].greater };
        int sum = 0;
        for (int i = 0; i < 3; i++) {
            bool pair = i == 1 && kinds[kind].pair;
            str condition = arena_format(
                &dice.arena, "{\"field\":\"a\",\"operator\":\"%s\",\"value\":%s%.*s%s%.*s%s%s}",
                names[i], pair ? "[" : "", STR_ARG(bound), pair ? "," : "",
                STR_ARG(pair ? bound : (str){}), pair ? "]" : "", kinds[kind].as);
            sum += holds(&dice, condition, document);
        }
        json found = json_get(document, STR("a"));
        int64_t at_ms;
        bool typed = kind == 0 ? json_type(found) == JSON_NUMBER
                     : kind == 1
                         ? json_type(found) == JSON_NUMBER || json_is_number(json_string(found))
                     : kind == 2 ? json_type(found) == JSON_ARRAY
                                 : instant_read(json_string(found), &at_ms);
        CHECK_INT(text.ptr, sum, typed);
        fitting += typed;
        arena_done(&dice.arena);
    }
    CHECK("both happen", fitting > 300 && fitting < 2700);
}

/* 6 */
TEST(a_list_is_one_of_its_values)
{
    int found = 0;
    for (uint64_t round = 1; round <= 3000; round++) {
        struct dice dice = dice_new(round);
        bool text = roll(&dice, 2) == 0;
        const char *fold = text && roll(&dice, 2) == 0 ? ",\"ignoreCase\":true" : "";
        const char *field = roll(&dice, 2) == 0 ? "a" : "a[*]";
        str value = value_of(&dice, 1);
        json document =
            test_json(&dice.arena, arena_format(&dice.arena, "{\"a\":%.*s}", STR_ARG(value)));
        str list = {};
        bool any = false;
        for (int left = 1 + roll(&dice, 9); left > 0; left--) {
            const char *wanted = text ? ONE_OF(&dice, texts) : ONE_OF(&dice, numbers);
            list = arena_format(&dice.arena, "%.*s%s%s", STR_ARG(list), list.len == 0 ? "" : ",",
                                wanted);
            str one = arena_format(&dice.arena,
                                   "{\"field\":\"%s\",\"operator\":\"equals\",\"value\":%s%s}",
                                   field, wanted, fold);
            any = holds(&dice, one, document) || any;
        }
        str all =
            arena_format(&dice.arena, "{\"field\":\"%s\",\"operator\":\"in\",\"value\":[%.*s]%s}",
                         field, STR_ARG(list), fold);
        CHECK_INT(all.ptr, holds(&dice, all, document), any);
        found += any;
        arena_done(&dice.arena);
    }
    CHECK("both happen", found > 100 && found < 2900);
}

RUN_TESTS(cmocka_unit_test(means_what_the_interpreter_says), cmocka_unit_test(each_operator_alone),
          cmocka_unit_test(negations_negate), cmocka_unit_test(what_is_missing_fits_nothing),
          cmocka_unit_test(order_does_not_matter),
          cmocka_unit_test(exactly_one_of_less_equal_and_greater),
          cmocka_unit_test(a_list_is_one_of_its_values))
