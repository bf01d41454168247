/* SPDX-License-Identifier: MIT
 * intake/hot.c: batches of results and ingest: load → apply → write → commit.
 *
 * A batch that cannot be written is rolled back and its operations are run one by one, so that one
 * that the database refuses takes no other with it. When the disk is full, or a commit's outcome
 * was unknown and it turns out absent, all of them fail instead: trying each alone would fail too.
 */
#include "base/crash.h"
#include "intake/internal.h"

static int apply_all(struct batch *batch, struct operation *first)
{
    struct committer *committer = batch->committer;
    for (struct operation *at = first; at != NULL; at = at->next)
        if (at->kind->load != NULL)
            at->kind->load(at, batch);
    int r = batch_load_records(batch, committer->writer);
    if (r < 0)
        return fail(r);
    for (struct operation *at = first; at != NULL; at = at->next)
        at->refused = !at->kind->apply(at, batch);
    return 0;
}

/* Up to the commit. 1: nothing to write. */
enum { HOT_EMPTY = 1 };

static int prepare(struct batch *batch, struct operation *first)
{
    struct committer *committer = batch->committer;
    int r = store_begin(committer->writer);
    if (r == 0)
        r = apply_all(batch, first);
    if (r == 0 && batch_is_empty(batch)) {
        store_rollback(committer->writer);
        return HOT_EMPTY;
    }
    if (r == 0)
        r = store_write_batch(committer->writer, &batch->rows);
    if (r < 0)
        store_rollback(committer->writer);
    return fail(r);
}

static void answer_all(struct committer *committer, struct operation *first, bool committed)
{
    for (struct operation *at = first, *next; at != NULL; at = next) {
        next = at->next;
        enum operation_outcome outcome = !committed    ? OPERATION_FAILED
                                         : at->refused ? OPERATION_REFUSED
                                                       : OPERATION_COMMITTED;
        committer_answer(committer, at, outcome);
    }
}

static bool run_batch(struct committer *committer, struct operation *first, bool *ret_alone)
{
    struct batch *batch = &committer->batch;
    batch_reset(batch);
    *ret_alone = false;
    int r = prepare(batch, first);
    if (r == HOT_EMPTY) {
        answer_all(committer, first, true);
        return true;
    }
    if (r < 0) {
        *ret_alone = !store_is_full(committer->writer);
        return false;
    }
    CRASH_POINT("before-commit");
    if (!committer_commit(committer, batch_draw_id(batch)))
        return false;
    CRASH_POINT("after-commit");
    committer->stats.events += batch->event_count;
    committer->stats.deliveries += batch->delivery_count;
    batch_make_jobs(batch);
    answer_all(committer, first, true);
    CRASH_POINT("before-hand-over");
    batch_hand_over(batch);
    CRASH_POINT("after-hand-over");
    return true;
}

static void run_one_by_one(struct committer *committer, struct operation *first)
{
    for (struct operation *at = first, *next; at != NULL; at = next) {
        next = at->next;
        at->next = NULL;
        bool alone;
        if (!run_batch(committer, at, &alone))
            answer_all(committer, at, false);
    }
}

/* Chains up to `most` operations of a lane behind *end. */
static struct operation **collect(struct lane_queue *lane, int most, struct operation **end,
                                  size_t *bytes)
{
    for (int i = 0; i < most && *bytes < (size_t)BATCH_BYTES; i++) {
        struct operation *operation = lane_queue_take(lane);
        if (operation == NULL)
            break;
        *bytes += operation->bytes;
        *end = operation;
        end = &operation->next;
    }
    return end;
}

void hot_run(struct committer *committer)
{
    struct operation *first = NULL;
    size_t bytes = 0;
    struct operation **end =
        collect(&committer->lanes[LANE_RESULTS], BATCH_OPERATIONS, &first, &bytes);
    bytes = 0;
    (void)collect(&committer->lanes[LANE_INGEST], BATCH_OPERATIONS, end, &bytes);
    if (first == NULL)
        return;
    int64_t began_us = clock_mono_us();
    bool alone;
    if (!run_batch(committer, first, &alone)) {
        committer->stats.failures++;
        if (alone && first->next != NULL)
            run_one_by_one(committer, first);
        else
            answer_all(committer, first, false);
    }
    committer->stats.batches++;
    committer->stats.commit_us += clock_mono_us() - began_us;
}
