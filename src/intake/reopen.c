/* SPDX-License-Identifier: MIT */
#include "intake/reopen.h"

#include "base/fail.h"
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

int reopen_delivery(struct batch *batch, struct delivery_found *found, bool manual)
{
    const struct delivery before = found->delivery;
    struct event *event = ARENA_NEW(batch_arena(batch), struct event);
    int r = store_read_sent_event(batch_sql(batch), found, batch_arena(batch), event);
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
