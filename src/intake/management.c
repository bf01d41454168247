/* SPDX-License-Identifier: MIT
 * intake/management.c: batches of commands, by SQL inside one transaction, and the pictures that
 * come of them. A command that fails in the database takes the transaction with it; then each is
 * run alone. */
#include <stdlib.h>

#include "base/crash.h"
#include "intake/internal.h"

struct sql *batch_sql(struct batch *batch)
{
    return store_writer_sql(batch->committer->writer);
}

int batch_load(struct batch *batch)
{
    return fail(batch_load_records(batch, batch->committer->writer));
}

struct store_writer *batch_writer(struct batch *batch)
{
    return batch->committer->writer;
}

static struct picture_source source_of(struct committer *committer)
{
    return (struct picture_source){ .sql = store_writer_sql(committer->writer),
                                    .seal_key = committer->options.seal_key,
                                    .limits = committer->options.limits,
                                    .zones = committer->options.zones };
}

static struct change *find_change(struct batch *batch, int64_t organization)
{
    for (struct change *at = batch->changes; at != NULL; at = at->next)
        if (at->picture != NULL && at->picture->object.id == organization)
            return at;
    return NULL;
}

const struct picture *batch_picture(struct batch *batch, int64_t organization)
{
    const struct change *change = find_change(batch, organization);
    if (change != NULL)
        return change->picture;
    int failure = 0;
    return committer_picture(batch->committer, organization, &failure);
}

/* The organization's picture in the making. STORE_NOT_FOUND: there is no such organization. */
static int open_change(struct batch *batch, int64_t organization, struct change **ret_change)
{
    struct change *change = find_change(batch, organization);
    if (change == NULL) {
        struct picture *picture = NULL;
        const struct picture *now =
            map_find_int(&batch->committer->pictures, (uint64_t)organization);
        if (now != NULL) {
            picture = picture_copy(now);
        } else {
            const struct picture_source source = source_of(batch->committer);
            int r = picture_read(&source, organization, &picture);
            if (r != 0)
                return r;
        }
        change = ARENA_NEW(&batch->arena, struct change);
        change->picture = picture;
        change->next = batch->changes;
        batch->changes = change;
    }
    *ret_change = change;
    return 0;
}

static void wait_for(struct change *change, struct operation *operation)
{
    if (operation == NULL || operation->unpublished)
        return;
    operation->unpublished = true;
    operation->next = change->waiting;
    change->waiting = operation;
}

/* Takes the reference. */
static void add_outlet(struct batch *batch, struct change *change, struct endpoint *endpoint)
{
    if (change->outlet_count == change->outlet_room) {
        int room = change->outlet_room == 0 ? 4 : change->outlet_room * 2;
        struct endpoint **wider = ARENA_ARRAY(&batch->arena, struct endpoint *, (size_t)room);
        if (change->outlet_count > 0)
            memcpy(wider, change->outlets,
                   (size_t)change->outlet_count * sizeof(struct endpoint *));
        change->outlets = wider;
        change->outlet_room = room;
    }
    change->outlets[change->outlet_count++] = endpoint;
}

static struct endpoint *deleted_endpoint(int64_t organization, int64_t id)
{
    struct endpoint *endpoint = object_new(sizeof(*endpoint));
    endpoint->object.id = id;
    endpoint->organization = organization;
    endpoint->status = OUTLET_DELETED;
    return endpoint;
}

static int read_version(struct batch *batch, struct picture *picture)
{
    const struct picture_source source = source_of(batch->committer);
    return picture_read_organization(&source, picture);
}

int batch_object_changed(struct batch *batch, struct operation *operation, int64_t organization,
                         enum object_kind kind, int64_t id)
{
    struct change *change;
    int r = open_change(batch, organization, &change);
    if (r != 0)
        return r < 0 ? fail(r) : fail(FAIL_CORRUPT);
    const struct picture_source source = source_of(batch->committer);
    struct object *object = NULL;
    r = picture_read_object(&source, organization, kind, id, &object);
    if (r < 0)
        return fail(r);
    if (r == 0 && kind == OBJECT_ENDPOINT) {
        object_keep(object);
        add_outlet(batch, change, CONTAINER_OF(object, struct endpoint, object));
    } else if (kind == OBJECT_ENDPOINT) {
        add_outlet(batch, change, deleted_endpoint(organization, id));
    }
    if (r == 0)
        picture_put(change->picture, kind, object);
    else
        picture_remove(change->picture, kind, id);
    picture_finish(change->picture);
    wait_for(change, operation);
    return 0;
}

int batch_organization_changed(struct batch *batch, struct operation *operation,
                               int64_t organization)
{
    struct change *change;
    int r = open_change(batch, organization, &change);
    if (r != 0)
        return r < 0 ? fail(r) : fail(FAIL_CORRUPT);
    picture_finish(change->picture);
    wait_for(change, operation);
    return 0;
}

/* Each change raises the organization's version, in the same transaction, so that a picture that
 * was read before never replaces one that was made later. */
static int raise_versions(struct batch *batch)
{
    for (struct change *at = batch->changes; at != NULL; at = at->next) {
        int64_t changed = SQL_RUN(batch_sql(batch),
                                  "UPDATE organizations SET version = version + 1 WHERE id = $1",
                                  SQL_I(at->picture->object.id));
        if (changed < 0)
            return fail((int)changed);
        int r = read_version(batch, at->picture);
        if (r != 0)
            return r < 0 ? fail(r) : fail(FAIL_CORRUPT);
    }
    return 0;
}

static void drop_changes(struct batch *batch)
{
    for (struct change *at = batch->changes; at != NULL; at = at->next) {
        object_release(at->picture);
        for (int i = 0; i < at->outlet_count; i++)
            object_release(at->outlets[i]);
    }
    batch->changes = NULL;
}

static int execute_all(struct batch *batch, struct operation **operations, int count)
{
    struct committer *committer = batch->committer;
    int r = store_begin(committer->writer);
    for (int i = 0; r == 0 && i < count; i++) {
        operations[i]->unpublished = false;
        int outcome = operations[i]->kind->execute(operations[i], batch);
        operations[i]->refused = outcome > 0;
        /* Each command's rows are written at once, so that the next one's SQL sees them. */
        r = outcome < 0 ? outcome : batch->failure;
        if (r == 0)
            r = store_write_batch(committer->writer, &batch->rows);
        batch_forget_rows(batch);
    }
    if (r == 0)
        r = raise_versions(batch);
    if (r < 0)
        store_rollback(committer->writer);
    return fail(r);
}

static void answer_published(struct committer *committer, struct operation **operations, int count)
{
    for (int i = 0; i < count; i++)
        if (!operations[i]->unpublished)
            committer_answer(committer, operations[i],
                             operations[i]->refused ? OPERATION_REFUSED : OPERATION_COMMITTED);
}

static bool run_batch(struct committer *committer, struct operation **operations, int count)
{
    struct batch *batch = &committer->batch;
    batch_reset(batch);
    int r = execute_all(batch, operations, count);
    if (r < 0) {
        log_line(committer->options.log, LOG_WARN, "management batch failed",
                 LOG_TEXT("error", str_c(fail_describe(r))), LOG_INT("operations", count));
        drop_changes(batch);
        return false;
    }
    CRASH_POINT("before-management-commit");
    if (!committer_commit(committer, batch_draw_id(batch))) {
        drop_changes(batch);
        return false;
    }
    CRASH_POINT("after-management-commit");
    committer->stats.events += batch->event_count;
    committer->stats.deliveries += batch->delivery_count;
    /* Outlets first: the couriers must know one before its first job. */
    struct change *changes = batch->changes;
    batch->changes = NULL;
    batch_make_jobs(batch);
    answer_published(committer, operations, count);
    publications_send(committer, changes);
    batch_hand_over(batch);
    return true;
}

void management_run(struct committer *committer)
{
    struct operation *operations[MANAGEMENT_OPERATIONS];
    int count = 0;
    while (count < MANAGEMENT_OPERATIONS) {
        struct operation *next = lane_queue_take(&committer->lanes[LANE_MANAGEMENT]);
        if (next == NULL)
            next = lane_queue_take(&committer->lanes[LANE_UPKEEP]);
        if (next == NULL)
            break;
        operations[count++] = next;
    }
    if (count == 0 || run_batch(committer, operations, count))
        return;
    committer->stats.failures++;
    for (int i = 0; i < count; i++)
        if (count == 1 || !run_batch(committer, &operations[i], 1))
            committer_answer(committer, operations[i], OPERATION_FAILED);
}

void operation_answer_nobody(struct operation *operation, enum operation_outcome outcome)
{
    (void)operation;
    (void)outcome;
}

bool management_run_own(struct committer *committer, struct operation *operation)
{
    enum admission admission =
        admissions_take(&committer->admissions, committer->options.limits, operation);
    assert(admission == ADMITTED);
    if (run_batch(committer, &operation, 1))
        return true;
    committer->stats.failures++;
    committer_answer(committer, operation, OPERATION_FAILED);
    return false;
}

/* ── publications ── */

static void publication_unused(struct operation *operation, enum operation_outcome outcome)
{
    (void)operation;
    (void)outcome;
    assert(!"a publication is no operation of a batch");
}

const struct operation_kind publication_kind = {
    .name = "publication",
    .lane = LANE_UPKEEP,
    .answer = publication_unused,
};

void publications_send(struct committer *committer, struct change *changes)
{
    const struct committer_hooks *hooks = &committer->options.hooks;
    for (struct change *at = changes; at != NULL; at = at->next) {
        struct publication *publication = NEW(struct publication);
        publication->operation.kind = &publication_kind;
        publication->committer = committer;
        publication->answers = at->waiting;
        /* One more, for this function: it is not done before all loops have been told. */
        atomic_init(&publication->waiting, committer->options.loops + 1);
        for (int i = 0; i < at->outlet_count; i++) {
            if (at->outlets[i]->status == OUTLET_DELETED)
                chores_drop_outlet(committer, at->outlets[i]->organization,
                                   at->outlets[i]->object.id);
            hooks->outlet_changed(hooks->context, at->outlets[i]);
        }
        for (int i = 0; i < committer->options.loops; i++)
            object_keep(at->picture);
        (void)atomic_fetch_add(&committer->running, 1);
        int64_t organization = at->picture->object.id;
        struct picture *picture = at->picture;
        committer_put_picture(committer, organization, picture);
        if (committer->options.loops > 0)
            hooks->publish(hooks->context, picture, publication);
        publication_done(publication);
    }
}

void publication_done(struct publication *publication)
{
    if (atomic_fetch_sub_explicit(&publication->waiting, 1, memory_order_acq_rel) == 1)
        mailbox_post(&publication->committer->mailbox, &publication->operation.link);
}

void publication_finish(struct committer *committer, struct publication *publication)
{
    for (struct operation *at = publication->answers, *next; at != NULL; at = next) {
        next = at->next;
        committer_answer(committer, at, OPERATION_COMMITTED);
    }
    free(publication);
    (void)atomic_fetch_sub(&committer->running, 1);
}
