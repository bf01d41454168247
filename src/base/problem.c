/* SPDX-License-Identifier: MIT */
#include "base/problem.h"

static const struct problem_kind kinds[] = {
#define PROBLEM_ROW(member, slug, status, title) [PROBLEM_##member] = { slug, status, title },
    PROBLEMS(PROBLEM_ROW)
#undef PROBLEM_ROW
};

const struct problem_kind *problem_kind(enum problem_id id)
{
    assert((size_t)id < COUNT_OF(kinds));
    return &kinds[id];
}

void problem_set(struct problem *problem, enum problem_id id, str text)
{
    problem->id = id;
    problem->text = text;
}

void problem_add(struct problem *problem, struct arena *arena, struct field_error error)
{
    if (!problem_has(problem))
        problem_set(problem, PROBLEM_INVALID,
                    STR("Correct the values named in errors, and send the request again."));
    problem->error_count++;
    if (problem->error_count > PROBLEM_ERRORS_MAX)
        return;
    struct field_error *kept = ARENA_NEW(arena, struct field_error);
    *kept = error;
    kept->next = NULL;
    if (problem->errors_end == NULL)
        problem->errors_end = &problem->errors;
    *problem->errors_end = kept;
    problem->errors_end = &kept->next;
}
