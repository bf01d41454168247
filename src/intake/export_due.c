/* SPDX-License-Identifier: MIT
 * intake/export_due.c: what is fixed of deliveries of export profiles when they are due. */
#include "base/crash.h"
#include "intake/export_files.h"
#include "intake/export_fix.h"
#include "intake/exports.h"
#include "intake/internal.h"
#include "intake/orders.h"
#include "store/lists.h"

/* ── its courier asks ── */

static struct preparation *preparation_of(struct operation *operation)
{
    return CONTAINER_OF(operation, struct preparation, operation);
}

static void load_preparation(struct operation *operation, struct batch *batch)
{
    struct preparation *preparation = preparation_of(operation);
    const struct delivery *before = &preparation->before;
    preparation->work = batch_load_work(batch, before->organization, before->outlet, before->id);
    orders_want_known(batch, before->organization, preparation->content_before->subject);
}

/* What `after` says is how it ends. */
static void end_prepared(struct batch *batch, struct preparation *preparation)
{
    preparation->verdict = PREPARED_ENDED;
    preparation->work->found = false;
    batch_add_change(batch, &preparation->after, preparation->content_before->type, true, NULL);
    export_fix_count_end(batch, &preparation->after);
}

/* ── a file that has closed ── */

/* `csv`: it lies here, and that is all. */
static void prepare_file(struct batch *batch, struct preparation *preparation, int64_t id, bool csv)
{
    const struct export_file_record *record =
        export_files_find(batch, preparation->before.organization, id);
    if (record == NULL)
        return;
    const struct export_file *file = &record->row.file;
    /* One that is sent again (then it is due anew) has its file go once more, for all of them. */
    bool there = file->uploaded_ms != 0 && file->uploaded_ms >= preparation->before.due_ms;
    if (csv || (there && !preparation->manual)) {
        export_fix_end(&preparation->after, DELIVERY_DELIVERED, (str){}, batch_now_ms(batch));
        end_prepared(batch, preparation);
    } else if (file->closes_ms > batch_now_ms(batch)) {
        preparation->after.due_ms = MAX_OF(file->closes_ms, preparation->after.due_ms);
        preparation->verdict = PREPARED_LATER;
        batch_add_change(batch, &preparation->after, preparation->content_before->type, true, NULL);
    } else {
        preparation->verdict = PREPARED_FILE;
        preparation->file = *file;
        preparation->file.name = arena_str(&preparation->arena, file->name);
        preparation->file.header = arena_str(&preparation->arena, file->header);
    }
}

/* ── what is due of an order ── */

struct due {
    const struct endpoint *profile;
    struct export_delivery_row row;
    str data; /* the event's */
};

/* Fixes it, for `delivery`, and stores that; the order must be loaded. */
static str fix_due(struct batch *batch, const struct due *due, struct delivery *delivery)
{
    struct order_occurrence occurrence = {};
    struct export_route route = { .id = due->row.route };
    struct export_fixing fixing = { .profile = due->profile,
                                    .route = export_is_file(due->profile) ? &route : NULL,
                                    .order =
                                        orders_find(batch, due->row.organization, due->row.order),
                                    .occurrence = &occurrence,
                                    .delivery = delivery };
    if (fixing.order == NULL ||
        !exports_read_occurrence(due->data, batch_arena(batch), &occurrence)) {
        export_fix_end(delivery, DELIVERY_DROPPED, STR("the order is not there any more"),
                       batch_now_ms(batch));
    } else {
        route.type = occurrence.type;
        export_fix(batch, &fixing);
    }
    struct export_delivery_row row = due->row;
    row.file = fixing.file;
    row.content = fixing.content;
    row.fix_ms = 0;
    batch_add_export(batch, &row);
    return fixing.content;
}

static void prepare_order(struct batch *batch, struct preparation *preparation,
                          const struct due *due)
{
    struct delivery *after = &preparation->after;
    int64_t due_ms = after->due_ms;
    preparation->content = arena_str(&preparation->arena, fix_due(batch, due, after));
    if (after->state != DELIVERY_PENDING) {
        end_prepared(batch, preparation);
    } else if (after->due_ms != due_ms) {
        preparation->verdict = PREPARED_LATER;
        batch_add_change(batch, after, preparation->content_before->type, true, NULL);
    } else {
        preparation->verdict = PREPARED_CONTENT;
    }
}

/* It was fixed since its courier took it up: the store knows what, and when it goes. */
static void prepare_fixed(struct batch *batch, struct preparation *preparation,
                          const struct due *due)
{
    preparation->content = arena_str(&preparation->arena, due->row.content);
    preparation->after.due_ms = preparation->work->delivery.due_ms;
    if (preparation->after.due_ms > batch_now_ms(batch) && !preparation->manual)
        preparation->verdict = PREPARED_LATER;
    else if (export_is_file(due->profile))
        prepare_file(batch, preparation, due->row.file, due->profile->export->type == EXPORT_CSV);
    else
        preparation->verdict = PREPARED_CONTENT;
}

static void prepare(struct batch *batch, struct preparation *preparation,
                    const struct endpoint *profile)
{
    const struct delivery *before = &preparation->before;
    const struct content *content = preparation->content_before;
    struct due due = { .profile = profile, .data = content->data };
    int r = store_find_export(batch_sql(batch), before->organization, before->id,
                              batch_arena(batch), &due.row);
    if (r != 0)
        batch->failure = r < 0 ? r : FAIL_CORRUPT;
    else if (content->rendered)
        prepare_file(batch, preparation, due.row.file, profile->export->type == EXPORT_CSV);
    else if (due.row.content.len > 0)
        prepare_fixed(batch, preparation, &due);
    else
        prepare_order(batch, preparation, &due);
}

static bool apply_preparation(struct operation *operation, struct batch *batch)
{
    struct preparation *preparation = preparation_of(operation);
    const struct delivery *before = &preparation->before;
    const struct picture *picture = batch_picture(batch, before->organization);
    const struct endpoint *profile =
        picture == NULL ? NULL : objects_find(&picture->endpoints, before->outlet);
    preparation->verdict = picture == NULL ? PREPARED_NOTHING : PREPARED_GONE;
    preparation->after = *before;
    if (preparation->work->found && profile != NULL && profile->export != NULL)
        prepare(batch, preparation, profile);
    CRASH_POINT("prepare");
    return true;
}

static void answer_preparation(struct operation *operation, enum operation_outcome outcome)
{
    struct preparation *preparation = preparation_of(operation);
    if (outcome == OPERATION_FAILED)
        preparation->verdict = PREPARED_NOTHING;
    else
        CRASH_POINT("prepared");
    preparation->prepared(preparation);
}

static const struct operation_kind preparation_kind = {
    .name = "preparation",
    .lane = LANE_RESULTS,
    .always = true,
    .load = load_preparation,
    .apply = apply_preparation,
    .answer = answer_preparation,
};

void preparation_post(struct committer *committer, struct preparation *preparation)
{
    preparation->operation.kind = &preparation_kind;
    preparation->operation.arena = &preparation->arena;
    preparation->operation.organization = preparation->before.organization;
    preparation->operation.bytes = preparation->arena.held;
    enum admission admission = committer_post(committer, &preparation->operation);
    assert(admission == ADMITTED);
}

/* ── nobody asks: it is due all the same ── */

#define EXPORTS_A_STEP 64
#define STEP_BYTES ((size_t)1 << 20) /* of content */

/* A step that fails is done again with its first alone; that one, if it fails, is left to its
 * courier, so that nobody else waits for it. */
struct step {
    struct operation operation;
    int most;
    bool leave;       /* the first to its courier */
    int64_t until_us; /* monotonic: none is begun after that */
    struct export_delivery_row *rows;
    int count, fixed;
    int64_t next_ms; /* when there is more to do; 0: at once */
};

static void leave_to_courier(struct batch *batch, struct export_delivery_row *row)
{
    row->fix_ms = 0;
    batch_add_export(batch, row);
}

/* Of one that has ended there is nothing to fix. */
static int find_pending(struct batch *batch, const struct export_delivery_row *row,
                        struct delivery_found *ret_found, struct event *ret_event)
{
    const struct outlet_work of = { row->organization, row->outlet };
    struct sql *sql = batch_sql(batch);
    int r = store_find_work(sql, &of, row->delivery, batch_arena(batch), ret_found);
    return r != 0 ? r : store_read_sent_event(sql, ret_found, batch_arena(batch), ret_event);
}

/* Returns how many bytes it sends, or < 0. */
static int64_t fix_one(struct batch *batch, struct export_delivery_row *row)
{
    const struct picture *picture = batch_picture(batch, row->organization);
    if (picture == NULL)
        return fail(FAIL_CORRUPT);
    struct due due = { .profile = objects_find(&picture->endpoints, row->outlet), .row = *row };
    bool wanted =
        due.profile != NULL && due.profile->export != NULL && !export_fix_waits(due.profile);
    struct delivery_found found;
    struct event event;
    int r = wanted ? find_pending(batch, row, &found, &event) : STORE_NOT_FOUND;
    if (r < 0)
        return fail(r);
    if (r != 0) {
        leave_to_courier(batch, row);
        return 0;
    }
    const struct delivery before = found.delivery;
    due.data = event.data;
    str content = fix_due(batch, &due, &found.delivery);
    if (found.delivery.state != DELIVERY_PENDING)
        export_fix_count_end(batch, &found.delivery);
    if (found.delivery.state != DELIVERY_PENDING || found.delivery.due_ms != before.due_ms)
        batch_add_change(batch, &found.delivery, found.event_type, true, NULL);
    return (int64_t)content.len;
}

static int fix_all(struct batch *batch, struct step *step)
{
    for (int i = 0; i < step->count; i++)
        orders_want_known(batch, step->rows[i].organization, step->rows[i].order);
    int r = batch_load(batch);
    size_t bytes = 0;
    while (r == 0 && step->fixed < step->count && bytes < STEP_BYTES &&
           (step->fixed == 0 || clock_mono_us() < step->until_us)) {
        int64_t size = fix_one(batch, &step->rows[step->fixed]);
        r = size < 0 ? (int)size : batch->failure;
        bytes += (size_t)MAX_OF(size, 0);
        step->fixed++;
    }
    return fail(r);
}

static int execute_step(struct operation *operation, struct batch *batch)
{
    struct step *step = CONTAINER_OF(operation, struct step, operation);
    int64_t now_ms = batch_now_ms(batch);
    step->rows = ARENA_ARRAY(batch_arena(batch), struct export_delivery_row, EXPORTS_A_STEP);
    int r = store_list_exports_to_fix(batch_sql(batch), now_ms, step->most, batch_arena(batch),
                                      step->rows, &step->count);
    if (r == 0 && step->leave && step->count > 0)
        leave_to_courier(batch, &step->rows[0]);
    else if (r == 0)
        r = fix_all(batch, step);
    if (r == 0 && step->count == step->fixed && step->count < step->most)
        r = store_next_export_to_fix(batch_sql(batch), now_ms, &step->next_ms);
    CRASH_POINT("fix");
    return fail(r);
}

static const struct operation_kind step_kind = {
    .name = "exports that are due",
    .lane = LANE_UPKEEP,
    .always = true, /* it is the committer's own */
    .execute = execute_step,
    .answer = operation_answer_nobody,
};

static bool run_step(struct committer *committer, struct step *step)
{
    step->operation.kind = &step_kind;
    return management_run_own(committer, &step->operation);
}

/* The first alone; and when that fails, without it. */
static bool get_past(struct committer *committer)
{
    struct step alone = { .most = 1 };
    struct step left = { .most = 1, .leave = true };
    if (run_step(committer, &alone))
        return true;
    bool done = run_step(committer, &left);
    if (done)
        log_line(committer->options.log, LOG_WARN,
                 "an export could not be fixed when it was due: its courier tries it");
    return done;
}

int exports_fix_due(struct committer *committer, int budget_ms)
{
    struct step step = { .most = EXPORTS_A_STEP,
                         .until_us = clock_mono_us() + (int64_t)budget_ms * 1000 };
    bool done = run_step(committer, &step);
    if (!done && !get_past(committer))
        return fail(FAIL_STORE);
    CRASH_POINT("fixed");
    int64_t next_ms = done ? step.next_ms : 0;
    atomic_store(&committer->exports_due_ms, next_ms);
    return next_ms == 0 ? CHORE_MORE : 0;
}

void exports_due_at(struct committer *committer, int64_t fix_ms)
{
    if (fix_ms < atomic_load(&committer->exports_due_ms))
        atomic_store(&committer->exports_due_ms, fix_ms);
}

bool exports_are_due(const struct committer *committer)
{
    return clock_now_ms(committer->options.clock) >= atomic_load(&committer->exports_due_ms);
}
