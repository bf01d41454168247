/* SPDX-License-Identifier: MIT */
#include "intake/exports.h"

#include "intake/export_fix.h"
#include "intake/internal.h"
#include "intake/orders.h"
#include "mapping/export_profile.h"
#include "model/money.h"
#include "model/order_names.h"
#include "route/route.h"

bool export_is_file(const struct endpoint *profile)
{
    return profile->export->type != EXPORT_POSTBACK;
}

static void count(struct batch *batch, const struct delivery *delivery)
{
    batch_counter(batch, delivery->organization, 0, delivery->created_ms)->deliveries++;
    batch_counter(batch, delivery->organization, delivery->outlet, delivery->created_ms)
        ->deliveries++;
    export_fix_count_end(batch, delivery);
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

/* Of what happened a while ago: at once, or with the next sweep. */
static int64_t due_of(const struct endpoint *profile, int64_t at_ms, int64_t now_ms)
{
    const struct export_profile *export = profile->export;
    int64_t due_ms = export_due_ms(export, profile->created_ms, at_ms);
    if (due_ms >= now_ms)
        return due_ms;
    return export->compatible
               ? export_due_ms(export, profile->created_ms, now_ms - export->delay_ms)
               : now_ms;
}

/* `now_ms`: due then, at the earliest. */
static void add_delivery(struct batch *batch, const struct event *event,
                         const struct export_ask *ask, int64_t now_ms)
{
    const struct endpoint *profile = ask->profile;
    struct delivery delivery = {
        .id = batch_draw_id(batch),
        .organization = event->organization,
        .outlet = profile->object.id,
        .event = event->id,
        .created_ms = now_ms,
        .state = DELIVERY_PENDING,
        .due_ms = due_of(profile, event->at_ms, now_ms),
    };
    struct export_fixing fixing = { .profile = profile,
                                    .route = export_is_file(profile) ? ask->route : NULL,
                                    .order = event->occurred_to,
                                    .occurrence = event->occurrence,
                                    .delivery = &delivery };
    bool due = delivery.due_ms <= now_ms && !export_fix_waits(profile);
    if (event->occurred_to->test || due)
        export_fix(batch, &fixing);
    count(batch, &delivery);
    export_fix_store(batch, &fixing);
    if (delivery.state != DELIVERY_PENDING)
        batch_add_ended_delivery(batch, &delivery, event->type);
    else if (export_due_is_never(delivery.due_ms, delivery.created_ms))
        batch_add_parked_delivery(batch, &delivery, event->type);
    else
        batch_add_delivery(batch, &delivery, as_sent(batch, event, fixing.content));
}

bool exports_add(struct batch *batch, const struct event *event)
{
    const struct picture *picture = batch_picture(batch, event->organization);
    const struct order_occurrence *occurrence = event->occurrence;
    if (picture == NULL || occurrence == NULL || picture->asks[occurrence->type].count == 0)
        return false;
    bool about[ORDER_LINES_MAX];
    order_occurrence_lines(event->occurred_to, occurrence, about);
    struct export_walk walk =
        export_walk(&picture->asks[occurrence->type], event->occurred_to, occurrence->type, about);
    const struct export_ask *ask;
    while ((ask = export_walk_next(&walk)) != NULL)
        add_delivery(batch, event, ask, event->at_ms);
    return walk.last != NULL;
}

/* ── some time later ── */

/* The line stands at an index of those that the event has. Older ones have no numbers: theirs were
 * their places. */
static int read_line(json data)
{
    int64_t at = -1;
    int64_t number;
    if (!json_to_int64(json_get(data, STR("line")), &at) || at < 0 || at >= ORDER_LINES_MAX)
        return 0;
    json lines = json_get(json_get(data, STR("order")), STR("lines"));
    json line = json_element(lines, at);
    return json_to_int64(json_get(line, STR("number")), &number) ? (int)number : (int)at + 1;
}

bool exports_read_occurrence(str text, struct arena *arena, struct order_occurrence *ret_occurrence)
{
    json data;
    struct json_error error;
    *ret_occurrence = (struct order_occurrence){};
    if (!json_read(arena, text, JSON_DEPTH_MAX, &data, &error) ||
        !customer_type_read(json_string(json_get(data, STR("customerType"))),
                            &ret_occurrence->type))
        return false;
    str amount = json_string(json_get(data, STR("amount")));
    if (amount.len > 0 && !money_read(amount, &ret_occurrence->amount))
        return false;
    ret_occurrence->line = read_line(data);
    return true;
}

static bool asks(const struct export_route *route, const struct order *order,
                 const struct order_occurrence *occurrence)
{
    bool about[ORDER_LINES_MAX];
    order_occurrence_lines(order, occurrence, about);
    return export_route_asks(route, order, occurrence->type, about) == EXPORT_WANTED;
}

void exports_add_late(struct batch *batch, const struct event *event, const struct order *order,
                      const struct export_ask *ask)
{
    struct order_occurrence *occurrence = ARENA_NEW(batch_arena(batch), struct order_occurrence);
    if (!exports_read_occurrence(event->data, batch_arena(batch), occurrence) ||
        !asks(ask->route, order, occurrence))
        return;
    struct event *late = ARENA_NEW(batch_arena(batch), struct event);
    *late = *event;
    late->occurrence = occurrence;
    late->occurred_to = order;
    add_delivery(batch, late, ask, batch_now_ms(batch));
}
