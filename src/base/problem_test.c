/* SPDX-License-Identifier: MIT */
#include "base/problem.h"

#include <errno.h>

#include "base/fail.h"
#include "base/testing.h"

TEST(kinds_are_whole)
{
    static const int statuses[] = {
#define STATUS(member, slug, status, title) [PROBLEM_##member] = (status),
        PROBLEMS(STATUS)
#undef STATUS
    };

    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        const struct problem_kind *kind = problem_kind((enum problem_id)i);
        CHECK_INT(kind->slug, kind->status, statuses[i]);
        CHECK(kind->slug, kind->status >= 400 && kind->status < 600);
        CHECK(kind->slug, strlen(kind->title) > 0);
        for (const char *c = kind->slug; *c != '\0'; c++)
            CHECK(kind->slug, (*c >= 'a' && *c <= 'z') || *c == '_');
        for (size_t k = 0; k < i; k++)
            CHECK(kind->slug, strcmp(kind->slug, problem_kind((enum problem_id)k)->slug) != 0);
    }
    CHECK_INT("a forgotten id", problem_kind((enum problem_id)0)->status, 500);
}

TEST(collects_errors)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct problem problem = {};
    CHECK("none yet", !problem_has(&problem));
    problem_add(&problem, &arena,
                (struct field_error){ .pointer = STR("/a"), .code = STR("type") });
    problem_add(&problem, &arena,
                (struct field_error){ .pointer = STR("/b"), .code = STR("range") });
    CHECK("has", problem_has(&problem));
    CHECK_INT("id", problem.id, PROBLEM_INVALID);
    CHECK("text", problem.text.len > 0);
    CHECK_INT("count", problem.error_count, 2);
    CHECK_STR("first", problem.errors->pointer, STR("/a"));
    CHECK_STR("second", problem.errors->next->pointer, STR("/b"));
    CHECK("end", problem.errors->next->next == NULL);
}

TEST(keeps_what_it_was)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct problem problem = {};
    problem_set(&problem, PROBLEM_CONTEXT, STR("Not available."));
    CHECK("has", problem_has(&problem));
    problem_add(&problem, &arena, (struct field_error){ .pointer = STR("/context") });
    CHECK_INT("id", problem.id, PROBLEM_CONTEXT);
    CHECK_STR("text", problem.text, STR("Not available."));
}

TEST(counts_what_it_does_not_keep)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct problem problem = {};
    for (int i = 0; i < PROBLEM_ERRORS_MAX + 7; i++)
        problem_add(&problem, &arena, (struct field_error){ .code = STR("type") });
    int kept = 0;
    for (const struct field_error *at = problem.errors; at != NULL; at = at->next)
        kept++;
    CHECK_INT("kept", kept, PROBLEM_ERRORS_MAX);
    CHECK_INT("counted", problem.error_count, PROBLEM_ERRORS_MAX + 7);
}

TEST(failures_say_where)
{
    CHECK_INT("forwarded", fail(-ENOENT), -ENOENT);
    CHECK("describes", strstr(fail_describe(-ENOENT), "No such file") != NULL);
    (void)fail(FAIL_STORE);
    const char *text = fail_describe(FAIL_STORE);
    CHECK("names the file", strstr(text, "problem_test.c:") != NULL);
    CHECK("once", strstr(fail_describe(FAIL_STORE), "problem_test.c:") == NULL);
    CHECK_INT("success is no failure", fail(0), 0);
    CHECK_INT("nor is an outcome", fail(3), 3);
}

RUN_TESTS(cmocka_unit_test(kinds_are_whole), cmocka_unit_test(collects_errors),
          cmocka_unit_test(keeps_what_it_was), cmocka_unit_test(counts_what_it_does_not_keep),
          cmocka_unit_test(failures_say_where))
