/* SPDX-License-Identifier: MIT */
#include "mapping/condition.h"

#include "base/testing.h"
#include "mapping/test_conditions.h"

static struct conditions_verdict explain(struct arena *arena, const char *conditions_text,
                                         const char *document)
{
    struct limits limits;
    limits_init(&limits);
    struct problem problem = {};
    const struct conditions *conditions =
        test_conditions(arena, test_quotes(arena, conditions_text), &limits, &problem);
    CHECK(conditions_text, conditions != NULL);
    json value = test_json(arena, test_quotes(arena, document));
    CHECK(document, value != NULL);
    return conditions_explain(conditions, value, arena);
}

/* One condition, without its braces. */
TEST(says_what_was_found)
{
    static const struct {
        const char *condition;
        const char *document;
        const char *want;
    } cases[] = {
        { "'field':'/fields/total','operator':'greater_than','value':100",
          "{'fields':{'total':40}}", "/fields/total is 40, not greater than 100" },
        { "'field':'/fields/total','operator':'greater_than','value':100",
          "{'fields':{'total':1e3}}", "/fields/total is 1e3, greater than 100" },
        { "'field':'a','operator':'greater_than','value':100", "{'a':'400'}",
          "a is \"400\", not greater than 100" },
        { "'field':'a','operator':'less_or_equal','value':1", "{}",
          "a is missing, not less than or equal to 1" },
        { "'field':'a','operator':'not_equals','value':'x'", "{}",
          "a is missing, not equal to \"x\"" },
        { "'field':'a','operator':'not_equals','value':'x'", "{'a':'x'}",
          "a is \"x\", equal to \"x\"" },
        { "'field':'a','operator':'in','value':['y','x'],'ignoreCase':true", "{'a':'X'}",
          "a is \"X\", one of [\"y\",\"x\"]" },
        { "'field':'a','operator':'contains','value':'x'", "{'a':['y',1]}",
          "a is an array of 2, not containing \"x\"" },
        { "'field':'a','operator':'between','value':[1,5]", "{'a':{'b':1}}",
          "a is an object of 1, not between [1,5]" },
        { "'field':'a','operator':'starts_with','value':'x'", "{'a':null}",
          "a is null, not starting with \"x\"" },
        { "'field':'a','operator':'before','value':'2026-01-31','as':'date'", "{'a':'2026-01-30'}",
          "a is \"2026-01-30\", before \"2026-01-31\"" },
        { "'field':'a','operator':'is_true'", "{'a':true}", "a is true" },
        { "'field':'a','operator':'is_true'", "{'a':false}", "a is false, not true" },
        { "'field':'a','operator':'is_null'", "{'a':null}", "a is null" },
        { "'field':'a','operator':'exists'", "{'a':7}", "a is 7, there" },
        { "'field':'a','operator':'exists'", "{}", "a is missing" },
        { "'field':'a','operator':'not_exists'", "{'a':7}", "a is 7, there" },
        { "'field':'a','operator':'is_empty'", "{'a':''}", "a is \"\", not filled" },
        { "'field':'a','operator':'is_not_empty'", "{'a':[0]}", "a is an array of 1, filled" },
        { "'field':'','operator':'is_not_empty'", "{}",
          "the document is an object of 0, not filled" },
        { "'field':'a[*]','operator':'equals','value':3", "{'a':[1,2,3,4]}",
          "a[*] is 3, equal to 3" },
        { "'field':'a[*]','operator':'equals','value':9", "{'a':[1,2,3,4]}",
          "a[*] is 1 (the first of 4), not equal to 9" },
        { "'field':'a','operator':'equals','value':'x\\ny'", "{'a':'\\u0000\\n'}",
          "a is \"\\u0000\\n\", not equal to \"x\\ny\"" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        str all = arena_format(&arena, "{'all':[{%s}]}", cases[i].condition);
        struct conditions_verdict verdict = explain(&arena, all.ptr, cases[i].document);
        CHECK_STR(cases[i].condition, verdict.text, str_c(cases[i].want));
        CHECK_STR(cases[i].condition, verdict.pointer, STR("/filter/all/0"));
    }
}

#define IS(field) "{'field':'" field "','operator':'is_true'}"

TEST(says_which_decided)
{
    static const struct {
        const char *label;
        const char *conditions;
        const char *document;
        const char *pointer;
        const char *want;
    } cases[] = {
        { "the first that is false", "{'all':[" IS("a") "," IS("b") "," IS("c") "]}", "{'a':true}",
          "/filter/all/1", "b is missing, not true" },
        { "the first that is true", "{'any':[" IS("a") "," IS("b") "," IS("c") "]}",
          "{'b':true,'c':true}", "/filter/any/1", "b is true" },
        { "all that are true", "{'all':[" IS("a") "," IS("b") "]}", "{'a':true,'b':true}",
          "/filter/all/0", "a is true; b is true" },
        { "all that are false", "{'any':[" IS("a") "," IS("b") "]}", "{'a':false}", "/filter/any/0",
          "a is false, not true; b is missing, not true" },
        { "inside the group that decided",
          "{'all':[" IS("a") ",{'any':[" IS("b") "," IS("c") "]}," IS("d") "]}", "{'a':true,'c':1}",
          "/filter/all/1/any/0", "b is missing, not true; c is 1, not true" },
        { "of a true group the one that made it so",
          "{'all':[{'any':[" IS("b") "," IS("c") "]}," IS("d") "]}", "{'c':true,'d':true}",
          "/filter/all/0/any/1", "c is true; d is true" },
        { "the first few",
          "{'any':[" IS("a") "," IS("b") "," IS("c") "," IS("d") ",{'all':[" IS("e") "," IS(
              "f") "]}," IS("g") "," IS("h") "]}",
          "{'f':true}", "/filter/any/0",
          "a is missing, not true; b is missing, not true; c is missing, not true; d is missing, "
          "not true; e is missing, not true; and 2 more" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct conditions_verdict verdict = explain(&arena, cases[i].conditions, cases[i].document);
        CHECK_STR(cases[i].label, verdict.text, str_c(cases[i].want));
        CHECK_STR(cases[i].label, verdict.pointer, str_c(cases[i].pointer));
    }
}

/* Behind a whole character, and with a sign that there was more. */
TEST(cuts_what_is_long)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct buf long_text;
    buf_init(&long_text, &arena, SIZE_MAX);
    buf_char(&long_text, 'x');
    for (int i = 0; i < 300; i++)
        buf_add(&long_text, STR("\xc3\xa4"));
    str text = buf_str(&long_text);
    str conditions = arena_format(
        &arena, "{'all':[{'field':'a','operator':'equals','value':'%.*s'}]}", STR_ARG(text));
    str document = arena_format(&arena, "{'a':'%.*s'}", STR_ARG(text));
    struct conditions_verdict verdict = explain(&arena, conditions.ptr, document.ptr);
    CHECK("true", verdict.match);
    str head = str_head(text, 99);
    CHECK_STR("cut", verdict.text,
              arena_format(&arena, "a is \"%.*s\"\xe2\x80\xa6, equal to \"%.*s\xe2\x80\xa6",
                           STR_ARG(head), STR_ARG(head)));
    CHECK("UTF-8", str_is_utf8(verdict.text));
    document = arena_format(&arena, "{'a':1%0200d}", 0);
    verdict = explain(&arena, conditions.ptr, document.ptr);
    CHECK("a number", verdict.text.len < 400 && str_starts(verdict.text, STR("a is 1000")));
}

RUN_TESTS(cmocka_unit_test(says_what_was_found), cmocka_unit_test(says_which_decided),
          cmocka_unit_test(cuts_what_is_long))
