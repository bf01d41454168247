/* SPDX-License-Identifier: MIT
 * intake/recovery.c: the chore that sends again in bulk: recoveries take turns, a step each.
 *
 *   read the row ─► take some deliveries by rising id ─► reopen each, or pass it over ─► update the
 *   row ─► commit ─► hand over
 *
 * Invariants: (1) what a step reopens, the ledger's sums and the recovery's own place and sums are
 * one transaction, so that a kill between any two instructions loses no delivery and counts none
 * twice; (2) a delivery is looked at once: the place only rises, and none that was made behind the
 * recovery is looked at; (3) a step takes no more than STEP_DELIVERIES deliveries, and begins none
 * when their content has made the batch's arena grow by STEP_BYTES; (4) one is reopened only while
 * its endpoint is neither deleted nor disabled, and if it is pending, only while no attempt of it is
 * known to be under way (one that begins meanwhile says itself what comes next); (5) one whose step
 * fails waits by itself, then takes one delivery at a time; when the store can note its end and not
 * its next delivery, it ends. */
#include <stdlib.h>

#include "base/crash.h"
#include "intake/internal.h"
#include "intake/reopen.h"
#include "model/names.h"
#include "store/access.h"
#include "store/lists.h"
#include "store/recoveries.h"
#include "json/write.h"

#define STEP_DELIVERIES 256
#define STEP_BYTES ((size_t)1 << 20)
#define SCAN_ROWS 64 /* finished deliveries read at a time */
#define FAILURES_MOST 4
#define FAILURE_PAUSE_MS 1000 /* doubled by each further failure, to a minute */
#define FAILURE_PAUSE_MOST_MS 60000

struct recovering {
    struct list link;
    int64_t organization;
    int64_t id;
    int failures;    /* steps in a row */
    int careful;     /* so many steps take one delivery each, to get as far as can be */
    int64_t next_ms; /* monotonic: no step before */
    int64_t stuck;   /* the delivery that the last step failed at, or 0 */
};

/* One step, as an operation of a management batch. */
struct step {
    struct operation operation;
    struct arena arena; /* the operation's: what is read besides deliveries */
    int64_t id;
    int64_t until_us; /* monotonic: no delivery is begun after that */
    struct batch *batch;
    struct recovery recovery;
    size_t arena_before; /* what the batch held before the step */
    int64_t tried;       /* the newest delivery it has begun with */
    int dealt;
    bool is_export; /* its endpoint */
    bool one;       /* delivery at most */
    bool over;
    const struct recovering *ended; /* it only notes that this one ends */
};

static struct step *step_of(struct operation *operation)
{
    return CONTAINER_OF(operation, struct step, operation);
}

/* ── one delivery ── */

static bool has_room(const struct step *step)
{
    return step->dealt == 0 ||
           (!step->one && step->dealt < STEP_DELIVERIES && clock_mono_us() < step->until_us &&
            batch_arena(step->batch)->held - step->arena_before < STEP_BYTES);
}

static int reopen(struct step *step, struct delivery_found *found)
{
    step->tried = found->delivery.id;
    int r = reopen_delivery(step->batch, found, false);
    step->recovery.recovered += r == 0;
    step->recovery.gone += r == STORE_NOT_FOUND;
    step->recovery.reached = found->delivery.id;
    step->dealt++;
    return MIN_OF(r, 0);
}

/* Pending, and waiting for its next attempt's time; or for its first one's, which of an export is no
 * delay alone: a file's day, a conversion. */
static bool waits(const struct step *step, const struct delivery *delivery)
{
    const struct committer_hooks *hooks = &step->batch->committer->options.hooks;
    bool early = delivery->due_ms > batch_now_ms(step->batch) && !step->is_export;
    return (delivery->attempt_count > 0 || early) &&
           (hooks->is_sending == NULL || !hooks->is_sending(hooks->context, delivery->id));
}

static int take_found(struct step *step, struct delivery_found *found)
{
    if (found->delivery.state != DELIVERY_PENDING || waits(step, &found->delivery))
        return reopen(step, found);
    step->recovery.pending++;
    step->recovery.reached = found->delivery.id;
    step->dealt++;
    return 0;
}

/* ── by time and state ── */

/* Sets `over` behind the last. `rows` has room for SCAN_ROWS. */
static int take_portion(struct step *step, struct delivery_found *rows)
{
    struct recovery *recovery = &step->recovery;
    const struct finished_scan scan = {
        .organization = recovery->organization,
        .outlet = recovery->outlet,
        .after = recovery->reached,
        .before = recovery->id,
        .states = recovery->wanted.states,
        .since_ms = recovery->wanted.since_ms,
        .until_ms = recovery->wanted.until_ms,
        .limit = SCAN_ROWS,
    };
    struct finished_found found = {};
    int r =
        store_scan_finished(batch_sql(step->batch), &scan, batch_arena(step->batch), rows, &found);
    for (int64_t i = 0; r == 0 && i < found.count; i++) {
        if (!has_room(step))
            return 0;
        r = take_found(step, &rows[i]);
    }
    if (r < 0)
        return fail(r);
    recovery->reached = MAX_OF(recovery->reached, found.end);
    step->over = found.end == 0;
    return 0;
}

/* Rows that are only looked at cost time, too. */
static int take_by_time(struct step *step)
{
    struct delivery_found *rows =
        ARENA_ARRAY(batch_arena(step->batch), struct delivery_found, SCAN_ROWS);
    int r;
    do
        r = take_portion(step, rows);
    while (r == 0 && !step->over && has_room(step) && clock_mono_us() < step->until_us);
    return fail(r);
}

/* ── by ids ── */

static int take_id(struct step *step, int64_t id)
{
    struct recovery *recovery = &step->recovery;
    struct delivery_found *found = ARENA_NEW(batch_arena(step->batch), struct delivery_found);
    int r = store_find_delivery(batch_sql(step->batch), recovery->organization, id,
                                batch_arena(step->batch), found);
    bool known = r == 0 && found->delivery.outlet == recovery->outlet;
    bool pending = known && found->delivery.state == DELIVERY_PENDING;
    if (r < 0)
        return fail(r);
    if (known && !pending)
        return reopen(step, found);
    recovery->unknown += !known;
    recovery->pending += pending;
    recovery->reached = id;
    step->dealt++;
    return 0;
}

static int take_by_ids(struct step *step)
{
    const struct recovery_wanted *wanted = &step->recovery.wanted;
    int r = 0;
    int at = 0;
    while (at < wanted->id_count && wanted->ids[at] <= step->recovery.reached)
        at++;
    for (; r == 0 && at < wanted->id_count && has_room(step); at++)
        r = take_id(step, wanted->ids[at]);
    step->over = at == wanted->id_count;
    return fail(r);
}

/* ── the step ── */

static str end_detail(struct step *step)
{
    const struct recovery *recovery = &step->recovery;
    struct arena *arena = &step->arena;
    enum endpoint_kind kind =
        batch_outlet_kind(step->batch, recovery->organization, recovery->outlet);
    bool is_webhook = kind == ENDPOINT_WEBHOOK;
    char outlet[ID_TEXT_MAX];
    struct buf text;
    buf_init(&text, arena, SIZE_MAX / 2);
    struct json_writer writer = json_writer(&text);
    json_begin_object(&writer);
    json_member_string(&writer, is_webhook ? STR("webhookId") : STR("exportProfileId"),
                       id_write(endpoint_id_kind(kind), recovery->outlet, outlet));
    json_member_string(&writer, STR("state"), recovery_state_name(recovery->state));
    json_member_text_or_null(&writer, STR("reason"), recovery->reason);
    json_member_int(&writer, STR("recovered"), recovery->recovered);
    json_member_int(&writer, STR("skipped"),
                    recovery->gone + recovery->pending + recovery->unknown);
    json_end_object(&writer);
    return buf_str(&text);
}

static int end(struct step *step, enum recovery_state state, str reason)
{
    struct recovery *recovery = &step->recovery;
    struct batch *batch = step->batch;
    char id[ID_TEXT_MAX];
    step->over = true;
    recovery->state = state;
    recovery->reason = reason;
    recovery->finished_ms = batch_now_ms(batch);
    const struct audit_row row = {
        .id = batch_draw_id(batch),
        .organization = recovery->organization,
        .at_ms = batch_now_ms(batch),
        .actor = STR("hub"),
        .action = STR("recovery.end"),
        .object = id_write(ID_RECOVERY, recovery->id, id),
        .detail = end_detail(step),
    };
    return store_insert_audit(batch_sql(batch), &row);
}

/* Nothing would be sent: what is left stays as it is. */
static int check_outlet(struct step *step)
{
    const struct recovery *recovery = &step->recovery;
    struct endpoint_row webhook;
    int r = store_read_endpoint(batch_sql(step->batch), recovery->organization, recovery->outlet,
                                &step->arena, &webhook);
    if (r < 0)
        return fail(r);
    if (r == STORE_NOT_FOUND || webhook.status == OUTLET_DELETED)
        return end(step, RECOVERY_FAILED, STR("Its endpoint was deleted meanwhile."));
    step->is_export = webhook.kind == ENDPOINT_EXPORT;
    if (webhook.status == OUTLET_DISABLED)
        return end(step, RECOVERY_FAILED, STR("Its endpoint was disabled meanwhile."));
    return 0;
}

static int take(struct step *step)
{
    bool by_ids = step->recovery.wanted.id_count > 0;
    step->arena_before = batch_arena(step->batch)->held;
    int r = by_ids ? take_by_ids(step) : take_by_time(step);
    if (r == 0 && step->over)
        r = end(step, RECOVERY_DONE, (str){});
    return fail(r);
}

static int give_up(struct step *step)
{
    char id[ID_TEXT_MAX];
    if (step->ended->stuck == 0)
        return end(step, RECOVERY_FAILED,
                   STR("The store failed again and again. What was not looked at stays as it is."));
    return end(step, RECOVERY_FAILED,
               arena_format(&step->arena,
                            "The store failed again and again at the delivery %.*s. It and what is "
                            "behind it stay as they are.",
                            STR_ARG(id_write(ID_DELIVERY, step->ended->stuck, id))));
}

static int execute_step(struct operation *operation, struct batch *batch)
{
    struct step *step = step_of(operation);
    step->batch = batch;
    int r = store_read_recovery(batch_sql(batch), operation->organization, step->id, &step->arena,
                                &step->recovery);
    if (r < 0)
        return fail(r);
    if (r == STORE_NOT_FOUND || step->recovery.state != RECOVERY_RUNNING) { /* cancelled */
        step->over = true;
        return 0;
    }
    r = step->ended != NULL ? give_up(step) : check_outlet(step);
    if (r == 0 && !step->over)
        r = take(step);
    if (r == 0)
        r = store_update_recovery(batch_sql(batch), &step->recovery);
    CRASH_POINT("recover");
    return fail(r);
}

/* Behind the commit, before the hand-over. */
static void answer_step(struct operation *operation, enum operation_outcome outcome)
{
    (void)operation;
    if (outcome == OPERATION_COMMITTED)
        CRASH_POINT("recovered");
}

static const struct operation_kind step_kind = {
    .name = "recovery step",
    .lane = LANE_UPKEEP,
    .always = true, /* it is the committer's own */
    .execute = execute_step,
    .answer = answer_step,
};

static void forget(struct committer *committer, struct recovering *recovering)
{
    list_remove(&recovering->link);
    free(recovering);
    (void)atomic_fetch_sub(&committer->recoveries, 1);
}

static bool run_step(struct committer *committer, struct recovering *recovering, struct step *step)
{
    step->operation =
        (struct operation){ .kind = &step_kind, .organization = recovering->organization };
    step->id = recovering->id;
    bool done = management_run_own(committer, &step->operation);
    arena_done(&step->arena);
    return done;
}

/* A full disk is no reason to end. */
static bool try_to_end(struct committer *committer, struct recovering *recovering)
{
    struct step step = { .ended = recovering };
    return recovering->failures >= FAILURES_MOST && !store_is_full(committer->writer) &&
           run_step(committer, recovering, &step);
}

/* True: it has ended. */
static bool take_failure(struct committer *committer, struct recovering *recovering, int64_t stuck)
{
    char id[ID_TEXT_MAX];
    recovering->failures++;
    recovering->stuck = recovering->careful > 0 ? stuck : 0;
    recovering->careful = STEP_DELIVERIES;
    bool ended = try_to_end(committer, recovering);
    int doublings = MIN_OF(recovering->failures - 1, 10);
    int64_t pause_ms = MIN_OF((int64_t)FAILURE_PAUSE_MS << doublings, FAILURE_PAUSE_MOST_MS);
    recovering->next_ms = clock_mono_ms() + pause_ms;
    log_line(committer->options.log, LOG_ERROR,
             ended ? "a recovery has failed" : "a step of a recovery failed; trying again",
             LOG_TEXT("recovery", id_write(ID_RECOVERY, recovering->id, id)),
             LOG_INT("failures", recovering->failures));
    return ended;
}

/* The next in turn that does not wait behind a failure, or NULL. */
static struct recovering *next_due(const struct list *recoveries)
{
    int64_t now_ms = clock_mono_ms();
    LIST_EACH(recoveries, at)
    {
        struct recovering *recovering = LIST_ENTRY(at, struct recovering, link);
        if (recovering->next_ms <= now_ms)
            return recovering;
    }
    return NULL;
}

int recoveries_step(struct committer *committer, int budget_ms)
{
    struct list *recoveries = &committer->chores.recoveries;
    struct recovering *next = next_due(recoveries);
    if (next == NULL)
        return 0;
    struct step step = {
        .until_us = clock_mono_us() + (int64_t)budget_ms * 1000 / 3, /* the rest is COMMIT's */
        .one = next->careful > 0,
    };
    list_remove(&next->link); /* it had its turn, also when it failed: others are not held up */
    list_append(recoveries, &next->link);
    bool over = false;
    if (run_step(committer, next, &step)) {
        next->failures = 0;
        next->careful -= next->careful > 0;
        over = step.over;
    } else {
        over = take_failure(committer, next, step.tried);
    }
    if (over)
        forget(committer, next);
    return next_due(recoveries) == NULL ? 0 : CHORE_MORE;
}

/* ── beginning ── */

void committer_begin_recovery(struct committer *committer, int64_t organization, int64_t recovery)
{
    struct recovering *recovering = NEW(struct recovering);
    recovering->organization = organization;
    recovering->id = recovery;
    list_append(&committer->chores.recoveries, &recovering->link);
    (void)atomic_fetch_add(&committer->recoveries, 1);
    committer->chores.next_ms[CHORE_RECOVER] = 0;
}

int recoveries_resume(struct committer *committer)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(store_writer_sql(committer->writer),
                  "SELECT organization, id FROM recoveries WHERE state = 'running' ORDER BY id");
    int r;
    while ((r = sql_next(&query)) > 0)
        committer_begin_recovery(committer, sql_int(&query, 0), sql_int(&query, 1));
    return fail(r);
}

void recoveries_done(struct chores *chores)
{
    LIST_EACH(&chores->recoveries, at)
    free(LIST_ENTRY(at, struct recovering, link));
}
