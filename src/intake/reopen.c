/* SPDX-License-Identifier: MIT */
#include "intake/reopen.h"

#include "intake/internal.h"
#include "store/exports.h"
#include "store/lists.h"
#include "store/outlets.h"

/* It was counted as finished in the minute it was made; it is not any more. */
static void count_reopened(struct batch *batch, const struct delivery *before, int64_t subject)
{
    struct counter_delta *sums =
        batch_counter(batch, before->organization, subject, before->created_ms);
    sums->delivered -= before->state == DELIVERY_DELIVERED;
    sums->dead -= before->state == DELIVERY_DEAD;
    sums->dropped -= before->state == DELIVERY_DROPPED;
}

static struct delivery reopened(const struct delivery *before, int64_t now_ms, bool manual)
{
    bool pending = before->state == DELIVERY_PENDING;
    struct delivery after = *before;
    after.due_ms = now_ms;
    after.reason = (str){};
    if (!pending || !manual)
        after.schedule_step = 0;
    if (pending)
        return after;
    after.once = before->state == DELIVERY_DELIVERED;
    after.state = DELIVERY_PENDING;
    after.finished_ms = 0;
    return after;
}

/* Counted once a batch: a recovery takes many rows of one file. */
static int is_whole(struct batch *batch, int64_t organization, int64_t id, bool *ret_whole)
{
    str key =
        batch_load_key(batch, LOAD_EXPORT_FILE_WHOLE, organization, str_from(&id, sizeof(id)));
    struct export_file file;
    bool *known = map_find(&batch->loads, key);
    int r = 0;
    if (known == NULL) {
        known = ARENA_NEW(batch_arena(batch), bool);
        r = store_read_export_file(batch_sql(batch), organization, id, batch_arena(batch), &file);
        if (r == 0)
            r = store_check_export_file(batch_sql(batch), &file, known);
        if (r < 0)
            return fail(r);
        (void)map_put(&batch->loads, key, known);
    }
    *ret_whole = *known;
    return 0;
}

/* A row goes with its whole file. STORE_NOT_FOUND: rows of that have been pruned. */
static int check_file(struct batch *batch, const struct delivery *delivery)
{
    const struct picture *picture = batch_picture(batch, delivery->organization);
    const struct endpoint *profile =
        picture == NULL ? NULL : objects_find(&picture->endpoints, delivery->outlet);
    struct export_delivery_row row;
    bool whole = true;
    if (profile == NULL || profile->export == NULL || profile->export->type != EXPORT_FTP)
        return 0;
    int r = store_find_export(batch_sql(batch), delivery->organization, delivery->id,
                              batch_arena(batch), &row);
    if (r == 0 && row.file != 0)
        r = is_whole(batch, row.organization, row.file, &whole);
    if (r < 0)
        return fail(r);
    return whole ? 0 : STORE_NOT_FOUND;
}

int reopen_delivery(struct batch *batch, struct delivery_found *found, bool manual)
{
    const struct delivery before = found->delivery;
    struct event *event = ARENA_NEW(batch_arena(batch), struct event);
    int r = store_read_sent_event(batch_sql(batch), found, batch_arena(batch), event);
    if (r == 0)
        r = check_file(batch, &before);
    if (r != 0)
        return r;
    if (before.state != DELIVERY_PENDING)
        r = store_resume_subject(batch_sql(batch), &before, event_subject(event));
    if (r < 0)
        return fail(r);
    found->delivery = reopened(&before, batch_now_ms(batch), manual);
    batch_add_change(batch, &found->delivery, found->event_type, before.state == DELIVERY_PENDING,
                     NULL);
    batch_send_again(batch, &found->delivery, event, manual);
    count_reopened(batch, &before, 0);
    count_reopened(batch, &before, before.outlet);
    return 0;
}
