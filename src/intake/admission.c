/* SPDX-License-Identifier: MIT */
#include "intake/internal.h"
#include "model/names.h"

static size_t share_slot(int64_t organization)
{
    return (size_t)((uint64_t)organization * 0x9e3779b97f4a7c15U >> 52);
}

void admissions_leave(struct admissions *admissions, const struct operation *operation)
{
    enum lane lane = operation->kind->lane;
    struct lane_load *load = &admissions->lanes[lane];
    (void)atomic_fetch_sub_explicit(&load->operations, 1, memory_order_relaxed);
    (void)atomic_fetch_sub_explicit(&load->bytes, (int64_t)operation->bytes, memory_order_relaxed);
    (void)atomic_fetch_sub_explicit(&admissions->shares[lane][share_slot(operation->organization)],
                                    1, memory_order_relaxed);
}

enum admission admissions_take(struct admissions *admissions, const struct limits *limits,
                               const struct operation *operation)
{
    static_assert(SHARE_SLOTS == 1 << (64 - 52), "share_slot() keeps the top bits");
    enum lane lane = operation->kind->lane;
    struct lane_load *load = &admissions->lanes[lane];
    int64_t count = atomic_fetch_add_explicit(&load->operations, 1, memory_order_relaxed);
    int64_t bytes =
        atomic_fetch_add_explicit(&load->bytes, (int64_t)operation->bytes, memory_order_relaxed);
    int share = atomic_fetch_add_explicit(
        &admissions->shares[lane][share_slot(operation->organization)], 1, memory_order_relaxed);
    if (operation->kind->always)
        return ADMITTED;

    enum admission admission = ADMITTED;
    if (atomic_load_explicit(&admissions->stopping, memory_order_acquire))
        admission = ADMISSION_STOPPING;
    else if (atomic_load_explicit(&admissions->store_down, memory_order_relaxed))
        admission = ADMISSION_STORE_DOWN;
    else if (lane == LANE_INGEST &&
             atomic_load_explicit(&admissions->backlog_of, memory_order_relaxed) != 0)
        admission = ADMISSION_BACKLOG_FULL;
    else if (count >= limits->lane_operations ||
             bytes + (int64_t)operation->bytes > limits->lane_bytes)
        admission = ADMISSION_LANE_FULL;
    else if (operation->organization != 0 && share >= limits->lane_operations / 2)
        admission = ADMISSION_ORGANIZATION_FULL;
    if (admission != ADMITTED)
        admissions_leave(admissions, operation);
    return admission;
}

void admission_problem(struct committer *committer, enum admission admission, struct arena *arena,
                       struct problem *problem)
{
    char outlet[ID_TEXT_MAX];
    *problem = (struct problem){ .retry_after_s = 1 };
    switch (admission) {
    case ADMISSION_LANE_FULL:
        problem_set(problem, PROBLEM_BUSY,
                    STR("The hub has as much queued as it may hold. Send the request again."));
        return;
    case ADMISSION_ORGANIZATION_FULL:
        problem_set(problem, PROBLEM_BUSY,
                    STR("This organization has as much queued as one may have. Send more slowly, "
                        "and send this request again."));
        return;
    case ADMISSION_BACKLOG_FULL:
        problem->retry_after_s = 60;
        problem_set(problem, PROBLEM_BACKLOG,
                    arena_format(
                        arena,
                        "Unfinished deliveries fill the store up to its cap "
                        "(--max-history), most of them for the endpoint %.*s. Mend or delete the "
                        "endpoints that keep failing, or raise the cap.",
                        STR_ARG(id_write(endpoint_id_kind((enum endpoint_kind)atomic_load(
                                             &committer->admissions.backlog_kind)),
                                         atomic_load(&committer->admissions.backlog_of), outlet))));
        return;
    case ADMISSION_STORE_DOWN:
        problem->retry_after_s = 5;
        problem_set(problem, PROBLEM_STORE,
                    STR("The store does not answer. Nothing was taken in: send it again."));
        return;
    case ADMISSION_STOPPING:
        problem->retry_after_s = 5;
        problem_set(problem, PROBLEM_STOPPING,
                    STR("The hub is stopping. Send the request again when it is back."));
        return;
    case ADMITTED:
        break;
    }
    assert(!"admitted is no problem");
}
