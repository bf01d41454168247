/* SPDX-License-Identifier: MIT
 * What is refused when conditions are saved, and what is told of it. */
#include "mapping/condition.h"

#include "base/testing.h"
#include "mapping/test_conditions.h"
#include "mapping/testing.h"

static void expect(const char *label, str text, const struct limits *limits,
                   const char *want_errors)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct problem problem = {};
    const struct conditions *conditions = test_conditions(&arena, text, limits, &problem);
    CHECK_STR(label, test_errors(&problem, &arena), str_c(want_errors));
    CHECK_INT(label, conditions != NULL, want_errors[0] == '\0');
    for (const struct field_error *at = problem.errors; at != NULL; at = at->next)
        CHECK(label, at->message.len > 10 && str_ends(at->message, STR(".")));
}

TEST(checks_groups)
{
    static const struct {
        const char *label;
        const char *text;
        const char *errors;
    } cases[] = {
        { "a group", "{'all':[{'field':'a','operator':'exists'}]}", "" },
        { "the other", "{'any':[{'field':'a','operator':'exists'}]}", "" },
        { "null is nothing", "{'any':[{'field':'a','operator':'exists'}],'all':null}", "" },
        { "no object", "[]", "/filter type" },
        { "a text", "'all'", "/filter type" },
        { "nothing in it", "{}", "/filter required" },
        { "a condition alone", "{'field':'a','operator':'exists'}",
          "/filter/field unknown, /filter/operator unknown, /filter required" },
        { "both", "{'all':[],'any':[]}", "/filter/any not_allowed" },
        { "twice", "{'all':[{'field':'a','operator':'exists'}],'all':[]}",
          "/filter/all duplicate, /filter/all range" },
        { "empty", "{'all':[]}", "/filter/all range" },
        { "an empty one inside", "{'all':[{'any':[]}]}", "/filter/all/0/any range" },
        { "no list", "{'all':{}}", "/filter/all type" },
        { "more in a group", "{'all':[{'any':[{'field':'a','operator':'exists'}],'field':'b'}]}",
          "/filter/all/0/field unknown" },
        { "neither group nor condition", "{'all':[7,{}]}",
          "/filter/all/0 type, /filter/all/1/field required, /filter/all/1/operator required" },
        { "all mistakes at once",
          "{'any':[{'all':[{'field':'a..b','operator':'exists'},{'field':'a','operator':'is'}]},"
          "{'field':'/~','operator':'in','value':[1,'x',true],'As':1}]}",
          "/filter/any/0/all/0/field format, /filter/any/0/all/1/operator option, "
          "/filter/any/1/As unknown, /filter/any/1/field format, /filter/any/1/value/1 type, "
          "/filter/any/1/value/2 type" },
    };

    struct limits limits;
    limits_init(&limits);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        expect(cases[i].label, test_quotes(&arena, cases[i].text), &limits, cases[i].errors);
    }
}

/* Inside {"all":[{…}]}; pointers without "/filter/all/0". */
TEST(checks_conditions)
{
    static const struct {
        const char *text;
        const char *errors;
    } cases[] = {
        { "'field':'','operator':'exists'", "" },
        { "'field':'a','operator':'exists','value':null,'as':null,'ignoreCase':false", "" },
        { "'field':'a','operator':'equals','value':''", "" },
        { "'field':'a','operator':'in','value':['','']", "" },
        { "'field':'a','operator':'equals','value':'\\n'", "" },
        { "'field':'a','operator':'between','value':[1,1.0]", "" },
        { "'field':'a','operator':'between','value':['2026-01-31','2026-01-31'],'as':'date'", "" },
        { "'field':'a','operator':'equals','value':2e0,'as':'count'", "" },

        { "'operator':'exists'", "/field required" },
        { "'field':7,'operator':'exists'", "/field type" },
        { "'field':'a\\u0000','operator':'exists'", "/field type" },
        { "'field':'a b','operator':'exists'", "/field format" },
        { "'field':'a'", "/operator required" },
        { "'field':'a','operator':'EQUALS','value':1", "/operator option" },
        { "'field':'a','operator':['equals'],'value':1", "/operator type" },

        { "'field':'a','operator':'exists','value':1", "/value not_allowed" },
        { "'field':'a','operator':'is_empty','as':'count'", "/as not_allowed" },
        { "'field':'a','operator':'is_true','ignoreCase':true", "/ignoreCase not_allowed" },
        { "'field':'a','operator':'equals'", "/value required" },
        { "'field':'a','operator':'equals','value':null", "/value required" },
        { "'field':'a','operator':'equals','value':true", "/value type" },
        { "'field':'a','operator':'equals','value':['x']", "/value type" },
        { "'field':'a','operator':'equals','value':'x\\u0000'", "/value format" },
        { "'field':'a','operator':'contains','value':''", "/value range" },
        { "'field':'a','operator':'starts_with','value':''", "/value range" },
        { "'field':'a','operator':'like','value':''", "/value range" },
        { "'field':'a','operator':'starts_with','value':7", "/value type" },
        { "'field':'a','operator':'like','value':7", "/value type" },
        { "'field':'a','operator':'greater_than','value':'7'", "/value type" },
        { "'field':'a','operator':'before','value':'2026-01-31'", "/value type" },
        { "'field':'a','operator':'between','value':['a','b']", "/value/0 type" },
        { "'field':'a','operator':'equals','value':1,'ignoreCase':true",
          "/ignoreCase not_allowed" },
        { "'field':'a','operator':'equals','value':'x','ignoreCase':1", "/ignoreCase type" },

        { "'field':'a','operator':'in','value':'x'", "/value type" },
        { "'field':'a','operator':'in','value':[]", "/value range" },
        { "'field':'a','operator':'in','value':[null]", "/value/0 type" },
        { "'field':'a','operator':'in','value':['x',1]", "/value/1 type" },
        { "'field':'a','operator':'between','value':5", "/value type" },
        { "'field':'a','operator':'between','value':[5]", "/value range" },
        { "'field':'a','operator':'between','value':[5,6,7]", "/value range" },
        { "'field':'a','operator':'between','value':[5,4.99]", "/value range" },
        { "'field':'a','operator':'between','value':[5,'x']", "/value/1 type" },
        { "'field':'a','operator':'between','value':['2026-02-01','2026-01-31'],'as':'date'",
          "/value range" },

        { "'field':'a','operator':'equals','value':1,'as':'text'", "/as option" },
        { "'field':'a','operator':'equals','value':1,'as':1", "/as type" },
        { "'field':'a','operator':'equals','value':'1','as':'number'", "/value type" },
        { "'field':'a','operator':'starts_with','value':'1','as':'number'", "/as not_allowed" },
        { "'field':'a','operator':'equals','value':'2026-01-31','as':'date'", "/as not_allowed" },
        { "'field':'a','operator':'before','value':'31.1.2026','as':'date'", "/value format" },
        { "'field':'a','operator':'before','value':'2026-01-31T10:00:00','as':'date'",
          "/value format" },
        { "'field':'a','operator':'before','value':7,'as':'date'", "/value type" },
        { "'field':'a','operator':'contains','value':1,'as':'count'", "/as not_allowed" },
        { "'field':'a','operator':'equals','value':1.5,'as':'count'", "/value range" },
        { "'field':'a','operator':'equals','value':-1,'as':'count'", "/value range" },
        { "'field':'a','operator':'equals','value':'1','as':'count'", "/value type" },
    };

    struct limits limits;
    limits_init(&limits);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        str text = arena_format(&arena, "{'all':[{%s}]}", cases[i].text);
        bool good = cases[i].errors[0] == '\0';
        str errors = arena_format(&arena, "%s%s", good ? "" : "/filter/all/0", cases[i].errors);
        expect(cases[i].text, test_quotes(&arena, text.ptr), &limits, arena_c(&arena, errors));
    }
}

static str repeat(struct arena *arena, const char *part, int count)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX);
    for (int i = 0; i < count; i++)
        buf_add(&buf, str_c(part));
    return buf_str(&buf);
}

/* `count` characters of two bytes each as the value. */
static str with_value(struct arena *arena, const char *name, int count, const char *more)
{
    return arena_format(arena,
                        "{\"all\":[{\"field\":\"a\",\"operator\":\"%s\",\"value\":\"%.*s\"%s}]}",
                        name, STR_ARG(repeat(arena, "\xc3\xa4", count)), more);
}

TEST(checks_sizes)
{
    static const struct {
        const char *name;
        const char *more;
        int most;
    } cases[] = {
        { "equals", "", 1000 },
        { "contains", "", 1000 },
        { "equals", ",\"ignoreCase\":true", 1000 },
        { "like", "", 127 },
        { "contains", ",\"ignoreCase\":true", 127 },
        { "starts_with", ",\"ignoreCase\":true", 127 },
        { "ends_with", ",\"ignoreCase\":true", 127 },
    };

    struct limits limits;
    limits_init(&limits);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        const char *name = cases[i].name;
        int most = cases[i].most;
        expect(name, with_value(&arena, name, most, cases[i].more), &limits, "");
        expect(name, with_value(&arena, name, most + 1, cases[i].more), &limits,
               "/filter/all/0/value range");
    }
}

/* `count` conditions that are one another's repetition. */
static str list(struct arena *arena, int count)
{
    str one = STR("{\"field\":\"a\",\"operator\":\"exists\"}");
    return arena_format(
        arena, "%.*s%.*s", STR_ARG(one),
        STR_ARG(repeat(arena, ",{\"field\":\"a\",\"operator\":\"exists\"}", count - 1)));
}

static str nest(struct arena *arena, int depth)
{
    str text = list(arena, 1);
    for (int i = 0; i < depth; i++)
        text = arena_format(arena, "{\"any\":[%.*s]}", STR_ARG(text));
    return text;
}

TEST(keeps_the_caps)
{
    struct limits limits;
    limits_init(&limits);
    limits.filter_groups = 4;
    limits.filter_conditions = 3;
    limits.json_depth = 5;
    CLEANUP(arena_done) struct arena arena = {};
    str inner = arena_format(&arena, "{\"all\":[%.*s]}", STR_ARG(list(&arena, 3)));
    str three =
        arena_format(&arena, "%.*s,%.*s,%.*s", STR_ARG(inner), STR_ARG(inner), STR_ARG(inner));
    expect("groups do not count as conditions",
           arena_format(&arena, "{\"any\":[%.*s,%.*s]}", STR_ARG(three), STR_ARG(list(&arena, 3))),
           &limits, "");
    expect("a condition too many",
           arena_format(&arena, "{\"any\":[%.*s]}", STR_ARG(list(&arena, 4))), &limits,
           "/filter/any range");
    expect("groups too many, told once",
           arena_format(&arena, "{\"any\":[%.*s,%.*s,%.*s]}", STR_ARG(three), STR_ARG(inner),
                        STR_ARG(inner)),
           &limits, "/filter/any/3 range");
    expect("a path of five steps",
           STR("{\"all\":[{\"field\":\"a.b[0].d.e\",\"operator\":\"exists\"}]}"), &limits, "");
    expect("a path of six steps",
           STR("{\"all\":[{\"field\":\"a.b[0].d.e.f\",\"operator\":\"exists\"}]}"), &limits,
           "/filter/all/0/field range");
    limits_init(&limits);
    expect("eight levels", nest(&arena, 8), &limits, "");
    expect("nine levels", nest(&arena, 9), &limits,
           "/filter/any/0/any/0/any/0/any/0/any/0/any/0/any/0/any/0 range");
}

TEST(says_where_in_a_path)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct limits limits;
    limits_init(&limits);
    struct problem problem = {};
    str text = STR("{\"all\":[{\"field\":\"items[0]x\",\"operator\":\"exists\"}]}");
    CHECK("refused", test_conditions(&arena, text, &limits, &problem) == NULL);
    CHECK("with the byte", str_starts(problem.errors->message, STR("At byte 8: Put '.'")));
}

/* Others' mistakes stay, and are not taken for its own. */
TEST(adds_to_a_problem)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct limits limits;
    limits_init(&limits);
    struct problem problem = {};
    problem_add(&problem, &arena,
                (struct field_error){ .pointer = STR("/url"), .code = STR("required") });
    str good = STR("{\"all\":[{\"field\":\"a\",\"operator\":\"exists\"}]}");
    CHECK("read", test_conditions(&arena, good, &limits, &problem) != NULL);
    CHECK("refused", test_conditions(&arena, STR("{}"), &limits, &problem) == NULL);
    CHECK_STR("both", test_errors(&problem, &arena), STR("/url required, /filter required"));
}

/* Nothing of what was read is needed any longer. */
TEST(stands_alone)
{
    CLEANUP(arena_done) struct arena kept = {};
    struct limits limits;
    limits_init(&limits);
    struct arena arena = {};
    const struct conditions *conditions = NULL;
    struct conditions_input input = {
        .value = test_json(&arena, STR("{\"all\":[{\"field\":\"[\\\"a\\\"].b\",\"operator\":\"in\","
                                       "\"value\":[\"x\",\"y\"]},{\"field\":\"n\",\"operator\":"
                                       "\"equals\",\"value\":1.50}]}")),
        .limits = &limits,
        .kept = &kept,
        .arena = &arena
    };
    struct problem problem = {};
    CHECK("read", conditions_read(&input, &problem, &conditions));
    arena_done(&arena);
    json document = test_json(&kept, STR("{\"a\":{\"b\":\"y\"},\"n\":1.5}"));
    struct conditions_verdict verdict = conditions_explain(conditions, document, &kept);
    CHECK_STR("all of it", verdict.text,
              STR("[\"a\"].b is \"y\", one of [\"x\",\"y\"]; n is 1.5, equal to 1.50"));
    CHECK_STR("without a prefix", verdict.pointer, STR("/all/0"));
}

RUN_TESTS(cmocka_unit_test(checks_groups), cmocka_unit_test(checks_conditions),
          cmocka_unit_test(checks_sizes), cmocka_unit_test(keeps_the_caps),
          cmocka_unit_test(says_where_in_a_path), cmocka_unit_test(adds_to_a_problem),
          cmocka_unit_test(stands_alone))
