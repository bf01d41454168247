/* SPDX-License-Identifier: MIT
 * intake/hot.c: batches of results and ingest: load → apply → write → commit.
 *
 * A batch that cannot be written is rolled back and its operations are run one by one, so that one
 * that the database refuses takes no other with it. When the disk is full, or a commit's outcome
 * was unknown and it turns out absent, all of them fail instead: trying each alone would fail too.
 *
 * Results come first, then as much of what has come in as fits, in turns between organizations, and
 * as filters allow (filtering.c). */
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
    if (r == 0)
        r = batch->failure;
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

struct collecting {
    struct operation *first;
    struct operation **end;
    int count;
    size_t bytes;
};

static bool add(struct collecting *to, struct operation *operation)
{
    if (operation == NULL)
        return false;
    *to->end = operation;
    to->end = &operation->next;
    to->count++;
    to->bytes += operation->bytes;
    return true;
}

static bool has_room(const struct collecting *to)
{
    return to->count < BATCH_OPERATIONS && to->bytes < (size_t)BATCH_BYTES;
}

/* Of an event, and of its contact.created should there be one. */
static int64_t work_of(void *context, const struct operation *operation)
{
    struct committer *committer = context;
    int failure = 0;
    const struct picture *picture =
        operation->event_type.len == 0
            ? NULL
            : committer_picture(committer, operation->organization, &failure);
    if (picture == NULL || picture->filter_points == 0)
        return 0;
    int64_t work = filtering_work(picture->filter_points, operation->event_bytes);
    if (work <= WORK_LIGHT) /* mostly; else it is looked at who wants it */
        return work;
    work = 0;
    for (int i = 0; i < picture->webhook_count; i++) {
        const struct endpoint *endpoint = picture->webhooks[i];
        if (endpoint->filter_points > 0 && endpoint_wants(endpoint, operation->event_type))
            work += filtering_work(endpoint->filter_points, operation->event_bytes);
        if (endpoint->filter_points > 0 && endpoint_wants(endpoint, STR("contact.created")))
            work += filtering_work(endpoint->filter_points, 0);
    }
    return work;
}

static void collect_results(struct lane_queue *lane, struct collecting *to)
{
    to->count = 0;
    to->bytes = 0;
    while (has_room(to) && add(to, lane_queue_take(lane)))
        ;
}

static void collect_ingest(struct committer *committer, struct collecting *to)
{
    struct filtering filtering = { .lane = &committer->lanes[LANE_INGEST],
                                   .work_of = work_of,
                                   .context = committer };
    to->count = 0;
    to->bytes = 0;
    filtering_begin(&filtering);
    while (has_room(to) && add(to, filtering_take(&filtering)))
        ;
    /* One at times though the batch be full: it must not wait for ever. */
    while (add(to, filtering_take_held(&filtering)) && has_room(to))
        ;
    filtering_end(&filtering);
}

void hot_run(struct committer *committer)
{
    struct collecting collecting = {};
    collecting.end = &collecting.first;
    collect_results(&committer->lanes[LANE_RESULTS], &collecting);
    collect_ingest(committer, &collecting);
    struct operation *first = collecting.first;
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
