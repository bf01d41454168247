/* SPDX-License-Identifier: MIT
 * What is read again, and what it costs. */
#include "mapping/condition.h"

#include "base/testing.h"
#include "mapping/test_conditions.h"

/* Under the caps of today it would be refused. */
TEST(reads_what_was_let_pass)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct limits limits;
    limits_init(&limits);
    limits.filter_groups = 1;
    limits.filter_conditions = 1;
    limits.json_depth = 4;
    str text = STR("{\"any\":[{\"field\":\"a\",\"operator\":\"exists\"},"
                   "{\"all\":[{\"field\":\"a.b.c.d.e\",\"operator\":\"exists\"}]},"
                   "{\"field\":\"b\",\"operator\":\"is_true\"}]}");
    struct problem problem = {};
    CHECK("refused today", test_conditions(&arena, text, &limits, &problem) == NULL);
    const struct conditions *conditions = NULL;
    CHECK("read", conditions_read_stored(text, STR("/filter"), &arena, &conditions));
    json document = test_json(&arena, STR("{\"b\":true}"));
    struct conditions_verdict verdict = conditions_explain(conditions, document, &arena);
    CHECK("matches", verdict.match);
    CHECK_STR("pointer", verdict.pointer, STR("/filter/any/2"));
    CHECK("no JSON", !conditions_read_stored(STR("{"), STR(""), &arena, &conditions));
    CHECK("no conditions",
          !conditions_read_stored(STR("{\"all\":[]}"), STR(""), &arena, &conditions));
}

static int64_t cost_of(struct arena *arena, const char *members)
{
    const struct conditions *conditions = NULL;
    str text = arena_format(arena, "{'all':[%s]}", members);
    CHECK(members, conditions_read_stored(test_quotes(arena, arena_c(arena, text)), STR(""), arena,
                                          &conditions));
    return conditions_cost(conditions);
}

TEST(costs)
{
    static const struct {
        const char *members;
        int64_t cost;
    } cases[] = {
        { "{'field':'a','operator':'exists'}", 1 },
        { "{'field':'a[0].b','operator':'equals','value':'x'}", 1 },
        { "{'field':'a','operator':'in','value':['x','y','z'],'ignoreCase':true}", 1 },
        { "{'field':'a','operator':'ends_with','value':'x'}", 1 },
        { "{'field':'a[*]','operator':'exists'}", 20 },
        { "{'field':'a[].b','operator':'equals','value':1}", 20 },
        { "{'field':'a','operator':'contains','value':'x'}", 20 },
        { "{'field':'a','operator':'not_contains','value':'x'}", 20 },
        { "{'field':'a','operator':'like','value':'x*'}", 20 },
        { "{'field':'a','operator':'ends_with','value':'x','ignoreCase':true}", 20 },
        { "{'field':'a[*]','operator':'in','value':['x','y']}", 40 },
        { "{'field':'a[*]','operator':'not_in','value':[1,2,3,4,5,6,7,8]}", 80 },
        { "{'field':'a','operator':'exists'},{'any':[{'field':'b','operator':'exists'},"
          "{'field':'c[*]','operator':'exists'}]}",
          22 },
    };

    CLEANUP(arena_done) struct arena arena = {};
    str many = STR("0");
    for (int i = 1; i < 100; i++)
        many = arena_format(&arena, "%.*s,%d", STR_ARG(many), i);
    str list = arena_format(&arena, "{'field':'a','operator':'in','value':[%.*s]}", STR_ARG(many));
    CHECK_INT("100 values", cost_of(&arena, arena_c(&arena, list)), 3);
    str text =
        arena_format(&arena, "{'field':'a','operator':'in','value':['%0600d','%0600d']}", 1, 2);
    CHECK_INT("1,207 bytes", cost_of(&arena, arena_c(&arena, text)), 2);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_INT(cases[i].members, cost_of(&arena, cases[i].members), cases[i].cost);
}

RUN_TESTS(cmocka_unit_test(reads_what_was_let_pass), cmocka_unit_test(costs))
