/* SPDX-License-Identifier: MIT */
#include "intake/result.h"

#include <stdlib.h>

#include "base/id.h"
#include "intake/internal.h"
#include "intake/notices.h"
#include "store/access.h"
#include "json/write.h"

static struct result *result_of(struct operation *operation)
{
    return CONTAINER_OF(operation, struct result, operation);
}

static void load_result(struct operation *operation, struct batch *batch)
{
    const struct result *result = result_of(operation);
    result_of(operation)->work = batch_load_work(batch, result->before.organization,
                                                 result->before.outlet, result->before.id);
}

static void count_result(struct batch *batch, const struct result *result, int64_t subject)
{
    const struct delivery *after = &result->after;
    struct counter_delta *sums =
        batch_counter(batch, after->organization, subject, after->created_ms);
    sums->attempts++;
    sums->attempts_failed += result->attempt.error.len > 0;
    if (result->gone && !result->work->dropped)
        return;
    sums->dropped -= result->gone;
    sums->delivered += after->state == DELIVERY_DELIVERED;
    sums->dead += after->state == DELIVERY_DEAD;
    sums->dropped += after->state == DELIVERY_DROPPED;
}

/* It was dropped while the attempt was under way. What the target took is delivered all the same;
 * what it did not take stays dropped. */
static void apply_to_dropped(struct result *result)
{
    struct delivery *after = &result->after;
    if (after->state == DELIVERY_DELIVERED)
        return;
    int attempt_count = after->attempt_count;
    int last_status = after->last_status;
    *after = result->work->delivery;
    after->attempt_count = attempt_count;
    after->last_status = last_status;
}

static bool has_line(const struct webhook *webhook, int64_t subject)
{
    switch (webhook->policy.order) {
    case ORDER_NONE:
        return false;
    case ORDER_SUBJECT:
        return subject != 0;
    case ORDER_STRICT:
        return subject == 0;
    }
    return false;
}

/* What has been changed or deleted since the attempt began has forgotten this of itself already,
 * and nobody would do it again. */
static void forget_consequences(struct batch *batch, struct result *result)
{
    const struct picture *picture = batch_picture(batch, result->after.organization);
    if (picture == NULL) /* it cannot be read now */
        return;
    const struct webhook *webhook = objects_find(&picture->webhooks, result->after.outlet);
    if (webhook == NULL)
        result->outlet_state = NULL;
    if (webhook == NULL || !has_line(webhook, result->line_subject))
        result->pauses_line = false;
}

/* For the outlet, and for those who want to know. */
static void add_consequences(struct batch *batch, struct result *result)
{
    const struct delivery *after = &result->after;
    bool dead = !result->gone && after->state == DELIVERY_DEAD;
    if (result->outlet_state != NULL || (dead && result->pauses_line))
        forget_consequences(batch, result);
    if (result->outlet_state != NULL)
        batch_add_outlet_state(batch, result->outlet_state);
    if (dead && result->pauses_line) {
        const struct paused_line line = { .organization = after->organization,
                                          .outlet = after->outlet,
                                          .subject = result->line_subject,
                                          .delivery = after->id,
                                          .since_ms = batch_now_ms(batch) };
        batch_add_paused_line(batch, &line);
    }
    notices_add(batch, result, dead);
}

static bool apply_result(struct operation *operation, struct batch *batch)
{
    struct result *result = result_of(operation);
    result->gone = !result->work->found;
    if (result->gone && result->work->dropped)
        apply_to_dropped(result);
    if (result->gone && !result->work->dropped)
        batch_add_attempt(batch, &result->attempt);
    else
        batch_add_change(batch, &result->after, result->event_type, !result->gone,
                         &result->attempt);
    count_result(batch, result, 0);
    count_result(batch, result, result->after.outlet);
    add_consequences(batch, result);
    /* Two results of one delivery in one batch cannot be, but a bug must not count twice. */
    result->work->found = !result->gone && result->after.state == DELIVERY_PENDING;
    result->work->dropped = false;
    return true;
}

static void answer_result(struct operation *operation, enum operation_outcome outcome)
{
    struct result *result = result_of(operation);
    result->stored = outcome != OPERATION_FAILED;
    result->committed(result, result->context);
}

static const struct operation_kind result_kind = {
    .name = "result",
    .lane = LANE_RESULTS,
    .always = true,
    .load = load_result,
    .apply = apply_result,
    .answer = answer_result,
};

/* Nobody asked for it: the target's answer did it, so the hub itself is the actor. */
static int audit_disable(const struct result *result, struct batch *batch)
{
    char webhook[ID_TEXT_MAX];
    char delivery[ID_TEXT_MAX];
    struct buf detail;
    buf_init(&detail, batch_arena(batch), SIZE_MAX);
    struct json_writer writer = json_writer(&detail);
    json_begin_object(&writer);
    json_member_string(&writer, STR("reason"), result->disable_reason);
    json_member_string(&writer, STR("deliveryId"),
                       id_write(ID_DELIVERY, result->before.id, delivery));
    json_end_object(&writer);
    const struct audit_row row = {
        .id = batch_draw_id(batch),
        .organization = result->before.organization,
        .at_ms = batch_now_ms(batch),
        .actor = STR("hub"),
        .action = STR("webhook.disable"),
        .object = id_write(ID_WEBHOOK, result->before.outlet, webhook),
        .detail = buf_str(&detail),
    };
    return store_insert_audit(batch_sql(batch), &row);
}

/* With an answer that disables the endpoint: the same, and the configuration, in one transaction.
 */
static int execute_disable(struct operation *operation, struct batch *batch)
{
    struct result *result = result_of(operation);
    struct work_load *load = ARENA_NEW(batch_arena(batch), struct work_load);
    *load = (struct work_load){ .organization = result->before.organization,
                                .outlet = result->before.outlet,
                                .id = result->before.id };
    int r = store_load_work(batch_writer(batch), &load, 1, batch_arena(batch));
    if (r < 0)
        return fail(r);
    result->work = load;
    (void)apply_result(operation, batch);
    int64_t changed = SQL_RUN(batch_sql(batch),
                              "UPDATE webhooks SET status = 'disabled', status_reason = $1,"
                              " updated_ms = $2 WHERE organization = $3 AND id = $4"
                              " AND status <> 'deleted' AND status <> 'disabled'",
                              SQL_T(result->disable_reason), SQL_I(batch_now_ms(batch)),
                              SQL_I(load->organization), SQL_I(load->outlet));
    if (changed <= 0) /* several attempts were under way: it is told once */
        return fail((int)changed);
    r = audit_disable(result, batch);
    if (r < 0)
        return fail(r);
    notices_disabled(batch, load->organization, load->outlet, result->disable_reason);
    /* Its answer does not wait for the loops: what is heard of results keeps their order. */
    return fail(
        batch_object_changed(batch, NULL, load->organization, OBJECT_WEBHOOK, load->outlet));
}

static const struct operation_kind disabling_result_kind = {
    .name = "disabling result",
    .lane = LANE_MANAGEMENT,
    .always = true, /* or the endpoint that wants no more would be sent more */
    .execute = execute_disable,
    .answer = answer_result,
};

struct result *result_new(void)
{
    struct result *result = NEW(struct result);
    result->operation.arena = &result->arena;
    return result;
}

void result_free(struct result *result)
{
    if (result == NULL)
        return;
    arena_done(&result->arena);
    free(result);
}

void result_post(struct committer *committer, struct result *result)
{
    result->operation.kind = result->disable_reason.len > 0 ? &disabling_result_kind : &result_kind;
    result->operation.organization = result->before.organization;
    result->operation.bytes = result->arena.held;
    enum admission admission = committer_post(committer, &result->operation);
    assert(admission == ADMITTED);
}
