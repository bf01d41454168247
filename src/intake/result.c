/* SPDX-License-Identifier: MIT */
#include "intake/result.h"

#include <stdlib.h>

#include "base/id.h"
#include "intake/export_files.h"
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
    if (result->gone)
        --*(result->work->delivery.state == DELIVERY_DROPPED ? &sums->dropped : &sums->delivered);
    sums->delivered += after->state == DELIVERY_DELIVERED;
    sums->dead += after->state == DELIVERY_DEAD;
    sums->dropped += after->state == DELIVERY_DROPPED;
}

/* It was dropped while the attempt was under way. What the target took is delivered all the same;
 * what it did not take stays dropped, or delivered where it was that before. */
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

/* As it is now, which may be another than it was when the attempt began. NULL: it was deleted. */
static const struct endpoint *endpoint_now(struct batch *batch, const struct result *result)
{
    const struct picture *picture = batch_picture(batch, result->before.organization);
    return picture == NULL ? NULL : objects_find(&picture->endpoints, result->before.outlet);
}

static bool was_tried_alike(const struct result *result, const struct endpoint *now)
{
    return now != NULL && endpoint_reaches_alike(result->endpoint, now);
}

/* What has begun anew meanwhile (endpoint_begins_anew()) is not told what was before. */
static bool is_state_of(const struct result *result, const struct endpoint *now)
{
    return was_tried_alike(result, now) && !(result->outlet_closed && now->status == OUTLET_ACTIVE);
}

static void pause_line(struct batch *batch, struct result *result)
{
    const struct endpoint *endpoint = endpoint_now(batch, result);
    const struct outlet_policy *policy = endpoint == NULL ? NULL : &endpoint->policy;
    result->pauses_line =
        policy != NULL && policy->on_dead == ON_DEAD_PAUSE &&
        (policy->order == ORDER_STRICT || (policy->order == ORDER_SUBJECT && result->subject != 0));
    if (!result->pauses_line)
        return;
    const struct paused_line line = { .organization = result->after.organization,
                                      .outlet = result->after.outlet,
                                      .subject =
                                          policy->order == ORDER_STRICT ? 0 : result->subject,
                                      .delivery = result->after.id,
                                      .since_ms = batch_now_ms(batch) };
    batch_add_paused_line(batch, &line);
}

/* Its attempts are those of all its rows. */
static void note_file(struct batch *batch, const struct result *result)
{
    struct export_file_record *file =
        result->file == 0 ? NULL
                          : export_files_find(batch, result->before.organization, result->file);
    if (file == NULL)
        return;
    bool uploaded = result->attempt.error.len == 0;
    export_files_tried(batch, file, result->before.id, uploaded ? batch_now_ms(batch) : 0);
}

/* For the outlet, and for those who want to know. */
static void add_consequences(struct batch *batch, struct result *result)
{
    bool dead = !result->gone && result->after.state == DELIVERY_DEAD;
    if (result->outlet_state != NULL && is_state_of(result, endpoint_now(batch, result)))
        batch_add_outlet_state(batch, result->outlet_state);
    result->pauses_line = false;
    note_file(batch, result);
    if (dead)
        pause_line(batch, result);
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

/* Of a webhook: nobody asked for it, the target's answer did it, so the hub itself is the actor. */
static int audit_disable(const struct result *result, struct batch *batch)
{
    char outlet[ID_TEXT_MAX];
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
        .object = id_write(ID_WEBHOOK, result->before.outlet, outlet),
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
    if (!was_tried_alike(result, endpoint_now(batch, result)))
        return 0;
    int64_t changed = SQL_RUN(batch_sql(batch),
                              "UPDATE endpoints SET status = 'disabled', status_reason = $1,"
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
        batch_object_changed(batch, NULL, load->organization, OBJECT_ENDPOINT, load->outlet));
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
