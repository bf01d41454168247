/* SPDX-License-Identifier: MIT */
#include "intake/exports.h"

#include "intake/internal.h"
#include "intake/orders.h"
#include "mapping/export_profile.h"
#include "model/money.h"
#include "model/order_names.h"

/* ── what is sent ── */

static struct crm_source source_of(struct batch *batch, const struct order *order,
                                   const struct order_occurrence *occurrence)
{
    const struct picture *picture = batch_picture(batch, order->organization);
    const struct campaign *campaign =
        picture == NULL ? NULL : objects_find(&picture->campaigns, order->campaign);
    return (struct crm_source){
        .order = order,
        .type = occurrence->type,
        .amount = occurrence->amount,
        .line = occurrence->line,
        .campaign_name = campaign == NULL ? (str){} : campaign->name,
        .campaign_number = campaign == NULL ? 0 : campaign->number,
        .customer_number = order->customer_number,
        .zone = picture == NULL ? NULL : picture->zone,
    };
}

#define SKIPPED_TEST STR("skipped: test card")
#define SKIPPED_CONVERTED STR("converted")
#define SKIPPED_LONG STR("what the field map makes of this order is longer than 16 MiB")

/* What somebody is before he has bought is not sent of one who has. */
static bool is_converted(const struct order *order, enum customer_type type)
{
    bool before =
        type == CUSTOMER_PARTIAL || type == CUSTOMER_LEAD || type == CUSTOMER_ABANDONED_CART;
    return before && order_is_sold(order);
}

/* Why nothing is sent; empty: `ret_content` is. */
static str render(struct batch *batch, const struct endpoint *profile, const struct order *order,
                  const struct order_occurrence *occurrence, str *ret_content)
{
    if (order->test)
        return SKIPPED_TEST;
    if (is_converted(order, occurrence->type))
        return SKIPPED_CONVERTED;
    const struct crm_source source = source_of(batch, order, occurrence);
    if (!export_content_render(profile->export->map, &source, batch_arena(batch), ret_content))
        return SKIPPED_LONG;
    return (str){};
}

/* ── at the event ── */

static void count(struct batch *batch, const struct delivery *delivery)
{
    const int64_t subjects[] = { 0, delivery->outlet };
    for (size_t i = 0; i < COUNT_OF(subjects); i++) {
        struct counter_delta *sums =
            batch_counter(batch, delivery->organization, subjects[i], delivery->created_ms);
        sums->deliveries++;
        sums->dropped += delivery->state == DELIVERY_DROPPED;
    }
}

static void add_row(struct batch *batch, const struct delivery *delivery, int64_t order,
                    int64_t route, str content)
{
    const struct export_delivery_row row = { .delivery = delivery->id,
                                             .organization = delivery->organization,
                                             .outlet = delivery->outlet,
                                             .event = delivery->event,
                                             .order = order,
                                             .route = route,
                                             .content = content };
    batch_add_export(batch, &row);
}

static void end(struct delivery *delivery, enum delivery_state state, str reason, int64_t now_ms)
{
    delivery->state = state;
    delivery->reason = reason;
    delivery->due_ms = 0;
    delivery->finished_ms = now_ms;
}

/* The event as it is sent: the hand-over reads it when the batch's work is done. */
static const struct event *as_sent(struct batch *batch, const struct event *event, str content)
{
    if (content.len == 0)
        return event;
    struct event *sent = ARENA_NEW(batch_arena(batch), struct event);
    *sent = *event;
    sent->data = content;
    sent->rendered = true;
    return sent;
}

static void add_delivery(struct batch *batch, const struct event *event,
                         const struct export_ask *ask)
{
    const struct endpoint *profile = ask->profile;
    const struct export_profile *export = profile->export;
    struct delivery delivery = {
        .id = batch_draw_id(batch),
        .organization = event->organization,
        .outlet = profile->object.id,
        .event = event->id,
        .created_ms = event->at_ms,
        .state = DELIVERY_PENDING,
        .due_ms = export_due_ms(export, profile->created_ms, event->at_ms),
    };
    str content = {};
    str skipped = event->occurred_to->test ? SKIPPED_TEST : (str){};
    if (skipped.len == 0 && delivery.due_ms <= event->at_ms)
        skipped = render(batch, profile, event->occurred_to, event->occurrence, &content);
    if (skipped.len > 0)
        end(&delivery, DELIVERY_DROPPED, skipped, event->at_ms);
    count(batch, &delivery);
    add_row(batch, &delivery, event->order, 0, content);
    if (skipped.len > 0)
        batch_add_ended_delivery(batch, &delivery, event->type);
    else
        batch_add_delivery(batch, &delivery, as_sent(batch, event, content));
}

/* Of a profile's routes that ask for the same, the first counts. */
bool exports_add(struct batch *batch, const struct event *event)
{
    const struct picture *picture = batch_picture(batch, event->organization);
    const struct order_occurrence *occurrence = event->occurrence;
    if (picture == NULL || occurrence == NULL || picture->asks[occurrence->type].count == 0)
        return false;
    const struct export_asks *asks = &picture->asks[occurrence->type];
    const struct endpoint *last = NULL;
    bool about[ORDER_LINES_MAX];
    for (int i = 0; i < event->occurred_to->line_count; i++)
        about[i] = order_occurrence_is_about(event->occurred_to, occurrence, i);
    for (int i = 0; i < asks->count; i++) {
        const struct export_ask *ask = &asks->at[i];
        if (ask->profile == last || export_route_asks(ask->route, event->occurred_to,
                                                      occurrence->type, about) != EXPORT_WANTED)
            continue;
        last = ask->profile;
        add_delivery(batch, event, ask);
    }
    return last != NULL;
}

/* ── when it is due ── */

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

/* Of the event's data, as orders.c wrote it. */
static bool read_occurrence(const struct content *content, struct arena *arena,
                            struct order_occurrence *ret_occurrence)
{
    json data;
    struct json_error error;
    int64_t line = -1;
    *ret_occurrence = (struct order_occurrence){ .line = -1 };
    if (!json_read(arena, content->data, JSON_DEPTH_MAX, &data, &error) ||
        !customer_type_read(json_string(json_get(data, STR("customerType"))),
                            &ret_occurrence->type))
        return false;
    str amount = json_string(json_get(data, STR("amount")));
    if (amount.len > 0 && !money_read(amount, &ret_occurrence->amount))
        return false;
    if (json_to_int64(json_get(data, STR("line")), &line))
        ret_occurrence->line = (int)line;
    return true;
}

static void end_delivery(struct batch *batch, struct preparation *preparation, str reason)
{
    struct delivery *after = &preparation->after;
    end(after, DELIVERY_DROPPED, reason, batch_now_ms(batch));
    preparation->verdict = PREPARED_ENDED;
    batch_add_change(batch, after, preparation->content_before->type, true, NULL);
    batch_counter(batch, after->organization, 0, after->created_ms)->dropped++;
    batch_counter(batch, after->organization, after->outlet, after->created_ms)->dropped++;
    preparation->work->found = false;
}

static bool apply_preparation(struct operation *operation, struct batch *batch)
{
    struct preparation *preparation = preparation_of(operation);
    const struct delivery *before = &preparation->before;
    const struct picture *picture = batch_picture(batch, before->organization);
    const struct endpoint *profile =
        picture == NULL ? NULL : objects_find(&picture->endpoints, before->outlet);
    preparation->verdict = PREPARED_GONE;
    if (!preparation->work->found || profile == NULL || profile->export == NULL)
        return true;
    struct order_occurrence occurrence;
    const struct order *order =
        orders_find(batch, before->organization, preparation->content_before->subject);
    preparation->after = *before;
    str content = {};
    str skipped = {};
    if (order == NULL ||
        !read_occurrence(preparation->content_before, batch_arena(batch), &occurrence))
        skipped = STR("the order is not there any more");
    else
        skipped = render(batch, profile, order, &occurrence, &content);
    if (skipped.len > 0) {
        end_delivery(batch, preparation, skipped);
        return true;
    }
    preparation->verdict = PREPARED_CONTENT;
    preparation->content = arena_str(&preparation->arena, content);
    add_row(batch, before, order->id, 0, content);
    return true;
}

static void answer_preparation(struct operation *operation, enum operation_outcome outcome)
{
    struct preparation *preparation = preparation_of(operation);
    if (outcome == OPERATION_FAILED)
        preparation->verdict = PREPARED_NOTHING;
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
