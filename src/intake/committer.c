/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "base/thread.h"
#include "intake/internal.h"

#define TICK_MS 1000
#define BUSY_CHORE_MS 15 /* under load, a chore gets its turn this often */
#define QUIET_MS 20      /* senders that wait for their answers leave gaps shorter than this */
#define PICTURES_MAX ((size_t)10000)
#define CHECKPOINT_PAGES 1000
#define CROWD 8 /* operations in a batch from which on its sync is worth sharing with more */
#define SETTLE_PAUSE_MS 200

/* ── pictures ── */

void committer_put_picture(struct committer *committer, int64_t organization,
                           struct picture *picture)
{
    object_release(map_put_int(&committer->pictures, (uint64_t)organization, picture));
}

/* Between batches only: operations borrow pictures until their batch ends. */
static void bound_pictures(struct committer *committer)
{
    if (committer->pictures.count <= PICTURES_MAX)
        return;
    size_t at = 0;
    struct picture *picture;
    while ((picture = map_next(&committer->pictures, &at)) != NULL)
        object_release(picture);
    map_clear(&committer->pictures);
}

const struct picture *committer_picture(struct committer *committer, int64_t organization,
                                        int *ret_failure)
{
    struct picture *picture = map_find_int(&committer->pictures, (uint64_t)organization);
    if (picture != NULL)
        return picture;
    const struct picture_source source = { .sql = store_writer_sql(committer->writer),
                                           .seal_key = committer->options.seal_key,
                                           .limits = committer->options.limits,
                                           .zones = committer->options.zones };
    int r = picture_read(&source, organization, &picture);
    if (r != 0) {
        *ret_failure = MIN_OF(r, 0);
        return NULL;
    }
    committer_put_picture(committer, organization, picture);
    return picture;
}

/* ── commit ── */

bool committer_commit(struct committer *committer, int64_t batch)
{
    enum commit_outcome outcome = store_commit(committer->writer, batch);
    if (outcome == COMMIT_UNKNOWN) {
        committer->stats.unknown++;
        log_line(committer->options.log, LOG_ERROR, "commit of unknown outcome: looking it up",
                 LOG_INT("batch", batch));
    }
    while (outcome == COMMIT_UNKNOWN) {
        outcome = store_settle(committer->writer, batch);
        atomic_store(&committer->admissions.store_down, outcome == COMMIT_UNKNOWN);
        if (outcome != COMMIT_UNKNOWN)
            break;
        committer_fail_queued(committer);
        waker_wait(&committer->waker, SETTLE_PAUSE_MS);
    }
    if (outcome == COMMIT_DONE)
        return true;
    log_line(committer->options.log, LOG_ERROR, "commit refused", LOG_INT("batch", batch));
    store_rollback(committer->writer);
    return false;
}

void committer_answer(struct committer *committer, struct operation *operation,
                      enum operation_outcome outcome)
{
    admissions_leave(&committer->admissions, operation);
    committer->stats.operations++;
    operation->kind->answer(operation, outcome);
}

/* ── the thread ── */

static void take_mail(struct committer *committer)
{
    struct message *at = mailbox_take(&committer->mailbox);
    while (at != NULL) {
        struct message *next = at->next;
        struct operation *operation = CONTAINER_OF(at, struct operation, link);
        if (operation->kind == &publication_kind)
            publication_finish(committer, CONTAINER_OF(operation, struct publication, operation));
        else
            lane_queue_add(&committer->lanes[operation->kind->lane], operation);
        at = next;
    }
}

/* Results are kept: they are what couriers have done. */
void committer_fail_queued(struct committer *committer)
{
    take_mail(committer);
    for (int lane = LANE_INGEST; lane <= LANE_MANAGEMENT; lane++) {
        struct operation *operation;
        while ((operation = lane_queue_take(&committer->lanes[lane])) != NULL)
            committer_answer(committer, operation, OPERATION_FAILED);
    }
}

static int queued_hot(const struct committer *committer)
{
    return committer->lanes[LANE_RESULTS].count + committer->lanes[LANE_INGEST].count;
}

static bool anything_queued(const struct committer *committer)
{
    for (int lane = 0; lane < LANES; lane++)
        if (committer->lanes[lane].count > 0)
            return true;
    return false;
}

/* True about once a second. */
static bool tick(struct committer *committer)
{
    int64_t now_ms = clock_mono_ms();
    if (now_ms < committer->next_tick_ms)
        return false;
    committer->next_tick_ms = now_ms + TICK_MS;
    clock_adjust(committer->options.clock);
    bound_pictures(committer);
    if (committer->options.hooks.tick != NULL)
        committer->options.hooks.tick(committer->options.hooks.context);
    return true;
}

/* In a quiet moment the whole WAL goes, and with it the space that pruning has freed. */
static void checkpoint(struct committer *committer, bool quiet)
{
    int r = store_checkpoint(committer->writer, quiet ? 0 : CHECKPOINT_PAGES);
    if (r < 0)
        log_line(committer->options.log, LOG_WARN, "checkpoint failed",
                 LOG_TEXT("error", str_c(fail_describe(r))));
}

/* Under load a chore gets a short step now and then, else it goes on. True: there is more to do. */
static bool run_chores(struct committer *committer)
{
    int64_t now_ms = clock_mono_ms();
    bool busy = now_ms < committer->busy_until_ms && !committer->chores.urgent;
    if (busy && now_ms < committer->next_chore_ms)
        return true;
    bool more = chores_step(committer, busy);
    committer->next_chore_ms = clock_mono_ms() + BUSY_CHORE_MS;
    return more;
}

static int wait_ms(const struct committer *committer, bool more)
{
    int64_t now_ms = clock_mono_ms();
    if (!more)
        return TICK_MS / 4;
    /* What is left of the gap between two steps, or of what counts as load. */
    int64_t until_ms = MIN_OF(committer->next_chore_ms, committer->busy_until_ms);
    return (int)MAX_OF(until_ms - now_ms, 0);
}

static bool has_ended_all(struct committer *committer)
{
    if (atomic_load(&committer->running) > 0)
        return false;
    for (int lane = 0; lane < LANES; lane++)
        if (atomic_load(&committer->admissions.lanes[lane].operations) > 0)
            return false;
    return true;
}

static void *committer_main(void *argument)
{
    struct committer *committer = argument;
    thread_name("committer", -1);
    bool crowd = false;
    for (;;) {
        /* Who is ready to run goes first where all cores are busy: what it brings is in this batch
         * then, and shares its sync. Else this is no wait. */
        if (crowd)
            (void)sched_yield();
        take_mail(committer);
        crowd = queued_hot(committer) >= CROWD;
        bool busy = anything_queued(committer);
        hot_run(committer);
        management_run(committer);
        if (busy)
            committer->busy_until_ms = clock_mono_ms() + QUIET_MS;
        bool ticked = tick(committer);
        checkpoint(committer, ticked && clock_mono_ms() >= committer->busy_until_ms);
        bool more = run_chores(committer);
        if (busy || anything_queued(committer))
            continue;
        if (atomic_load_explicit(&committer->admissions.stopping, memory_order_acquire) &&
            has_ended_all(committer))
            return NULL;
        waker_wait(&committer->waker, wait_ms(committer, more));
    }
}

bool committer_idle(struct committer *committer)
{
    return atomic_load(&committer->recoveries) == 0 && !atomic_load(&committer->backfilling) &&
           !atomic_load(&committer->settling) && !exports_are_due(committer) &&
           has_ended_all(committer);
}

/* ── from outside ── */

enum admission committer_post(struct committer *committer, struct operation *operation)
{
    enum admission admission =
        admissions_take(&committer->admissions, committer->options.limits, operation);
    if (admission == ADMITTED)
        mailbox_post(&committer->mailbox, &operation->link);
    return admission;
}

void committer_read_stats(struct committer *committer, struct committer_stats *ret_stats)
{
    *ret_stats = (struct committer_stats){
        .batches = committer->stats.batches,
        .operations = committer->stats.operations,
        .commit_us = committer->stats.commit_us,
        .failures = committer->stats.failures,
        .unknown = committer->stats.unknown,
        .needs_restart = store_needs_restart(committer->writer),
        .events = committer->stats.events,
        .deliveries = committer->stats.deliveries,
        .recoveries = atomic_load(&committer->recoveries),
    };
    for (int lane = 0; lane < LANES; lane++) {
        ret_stats->queued[lane] = committer->admissions.lanes[lane].operations;
        ret_stats->queued_bytes[lane] = committer->admissions.lanes[lane].bytes;
    }
}

static int open_committer(struct committer *committer)
{
    int r = waker_init(&committer->waker);
    if (r < 0)
        return fail(r);
    mailbox_init(&committer->mailbox, waker_wake, &committer->waker);
    r = store_writer_open(committer->options.store, &committer->writer);
    if (r < 0)
        return fail(r);
    int64_t highest;
    r = store_highest_id(store_writer_sql(committer->writer), &highest);
    if (r < 0)
        return fail(r);
    id_source_init(&committer->ids, committer->options.hub, highest);
    return fail(chores_resume(committer));
}

int committer_start(const struct committer_options *options, struct committer **ret_committer)
{
    struct committer *committer = NEW(struct committer);
    committer->options = *options;
    committer->waker.fd = -1;
    for (int lane = 0; lane < LANES; lane++)
        lane_queue_init(&committer->lanes[lane]);
    batch_init(&committer->batch, committer);
    chores_init(&committer->chores);
    int r = open_committer(committer);
    if (r == 0)
        r = -pthread_create(&committer->thread, NULL, committer_main, committer);
    if (r < 0) {
        committer->thread = 0;
        committer_free(committer);
        return fail(r);
    }
    *ret_committer = committer;
    return 0;
}

void committer_stop(struct committer *committer)
{
    atomic_store_explicit(&committer->admissions.stopping, true, memory_order_release);
    waker_wake(&committer->waker);
    (void)pthread_join(committer->thread, NULL);
}

void committer_free(struct committer *committer)
{
    if (committer == NULL)
        return;
    size_t at = 0;
    struct picture *picture;
    while ((picture = map_next(&committer->pictures, &at)) != NULL)
        object_release(picture);
    map_done(&committer->pictures);
    for (int lane = 0; lane < LANES; lane++)
        lane_queue_done(&committer->lanes[lane]);
    batch_done(&committer->batch);
    map_done(&committer->rejections.counts);
    arena_done(&committer->rejections.arena);
    chores_done(&committer->chores);
    store_writer_close(committer->writer);
    waker_done(&committer->waker);
    free(committer);
}
