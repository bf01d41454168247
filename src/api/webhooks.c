/* SPDX-License-Identifier: MIT
 * api/webhooks.c: the endpoints that events are delivered to. */
#include "api/webhooks.h"

#include "api/endpoints.h"
#include "api/filters.h"
#include "api/handlers.h"
#include "api/rotation.h"
#include "api/secrets.h"
#include "api/standing.h"
#include "api/subscriptions.h"
#include "delivery/url.h"
#include "model/names.h"
#include "route/route.h"

/* ── reading ── */

static int write_warnings(struct call *call, struct sql *sql, const struct endpoint_row *row,
                          str url)
{
    struct json_writer *out = &call->out;
    json_key(out, STR("warnings"));
    json_begin_array(out);
    if (str_equal_nocase(str_head(url, 7), STR("http://")))
        json_add_string(out, STR("Events go to this URL in clear. Better use https."));
    if (!row->signing)
        json_add_string(out, STR("Deliveries are not signed: the receiver cannot tell who sent "
                                 "them."));
    const struct outlet_texts texts = endpoint_texts(row);
    int r = outlets_warn(call, &texts);
    if (r == 0)
        r = subscriptions_warn(call, sql, row);
    json_end_array(out);
    return fail(r);
}

int webhooks_write_members(struct call *call, struct sql *sql, const struct endpoint_row *row)
{
    struct json_writer *out = &call->out;
    str url = {};
    if (!unseal(call->api->context.seal_key, row->url, &call->request->arena, &url))
        return fail(FAIL_CORRUPT);
    json_member_id(out, STR("id"), ID_WEBHOOK, row->id);
    json_member_string(out, STR("name"), row->name);
    json_member_string(out, STR("url"), url);
    json_member_raw(out, STR("eventTypes"), row->event_types);
    filters_write(call, row->filter);
    json_member_string(out, STR("format"), webhook_format_name(row->format));
    json_member_bool(out, STR("signing"), row->signing);
    int r = rotation_write(call, row);
    if (r == 0)
        r = endpoints_write_state(call, sql, row);
    if (r < 0)
        return fail(r);
    const struct outlet_texts texts = endpoint_texts(row);
    r = outlets_write(call, &texts);
    if (r == 0)
        r = write_warnings(call, sql, row, url);
    json_member_instant(out, STR("createdAt"), row->created_ms);
    json_member_instant(out, STR("updatedAt"), row->updated_ms);
    return fail(r);
}

static int write_webhook(struct call *call, struct sql *sql, const struct endpoint_row *row)
{
    json_begin_object(&call->out);
    int r = webhooks_write_members(call, sql, row);
    json_end_object(&call->out);
    return fail(r);
}

int webhooks_list(struct call *call, struct sql *sql)
{
    return endpoints_list(call, sql, write_webhook);
}

static int answer_webhook(struct call *call, struct sql *sql, const struct endpoint_row *row)
{
    (void)call_json(call);
    int r = write_webhook(call, sql, row);
    call_reply(call, 200);
    return fail(r);
}

int webhooks_get(struct call *call, struct sql *sql)
{
    struct endpoint_row row;
    int r = endpoints_find(call, sql, &row);
    return r == 0 ? answer_webhook(call, sql, &row) : r;
}

/* ── what a body says ── */

static bool listed_before(json list, json until, str type)
{
    struct json_walk walk = json_walk(list);
    json item;
    while (json_next(&walk, NULL, &item) && item != until)
        if (str_equal(json_string(item), type))
            return true;
    return false;
}

/* The types as they are stored: each once, or "*" alone. */
static str event_types(struct call *call, json list)
{
    struct arena *arena = &call->request->arena;
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2);
    struct json_writer writer = json_writer(&buf);
    json_begin_array(&writer);
    struct json_walk walk = json_walk(list);
    json item;
    for (int i = 0; json_next(&walk, NULL, &item); i++) {
        str type = json_string(item);
        if (str_equal(type, STR("*")))
            return STR("[\"*\"]");
        if (!event_type_is_subscribable(type))
            call_wrong(call, arena_c(arena, arena_format(arena, "eventTypes/%d", i)), "option",
                       STR("Send custom_event.ALIAS, custom_event.*, order.new_sale and its like, "
                           "order.*, contact.created, endpoint.failing, endpoint.disabled, "
                           "endpoint.recovered, endpoint.*, delivery.dead, ping, or \"*\" for "
                           "all."));
        else if (!listed_before(list, item, type))
            json_add_string(&writer, type);
    }
    json_end_array(&writer);
    return buf_str(&buf);
}

bool webhooks_check(struct call *call)
{
    struct endpoint_row *row = ARENA_NEW(&call->request->arena, struct endpoint_row);
    call->parsed = row;
    json types = json_get(call->body, STR("eventTypes"));
    if (body_text(call, "url", &row->url)) {
        str wrong =
            url_fault(row->url, false, &call->api->context.allow_egress, &call->request->arena);
        if (wrong.len > 0)
            call_wrong(call, "url", "format", wrong);
    }
    outlets_check(call);
    row->filter = filters_check(call);
    if (row->url.len > 0)
        row->url = seal(call->api->context.seal_key, row->url, &call->request->arena);
    if (types != NULL)
        row->event_types = event_types(call, types);
    return !problem_has(&call->problem);
}

/* ── writing ── */

static int change(struct call *call, struct endpoint_row *row)
{
    const struct endpoint_row *given = call->parsed;
    struct outlet_texts texts = endpoint_texts(row);
    texts.elsewhere = endpoint_leads_elsewhere(call, row->url, given->url);
    (void)body_text(call, "name", &row->name);
    (void)body_bool(call, "signing", &row->signing);
    if (given->url.len > 0)
        row->url = given->url;
    if (given->event_types.len > 0)
        row->event_types = given->event_types;
    if (json_get(call->body, STR("filter")) != NULL)
        row->filter = given->filter;
    endpoint_take_status(call, row);
    int r = outlets_change(call, &texts);
    row->policy = texts.policy;
    row->transport = texts.transport;
    return r;
}

static int answer_created(struct call *call, struct sql *sql, const struct endpoint_row *row,
                          str secret)
{
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    int r = webhooks_write_members(call, sql, row);
    json_member_text_or_null(out, STR("secret"), secret);
    json_end_object(out);
    call_reply(call, 201);
    return fail(r);
}

int webhooks_again(struct call *call, struct sql *sql)
{
    struct endpoint_row row;
    int r = endpoints_find(call, sql, &row);
    return r == 0 ? answer_created(call, sql, &row, (str){}) : r;
}

int webhooks_create(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    int r = endpoints_check_room(call, sql);
    if (r != 0)
        return r;
    struct endpoint_row row = { .id = batch_draw_id(batch),
                                .organization = call->caller.organization,
                                .signing = true,
                                .status = OUTLET_ACTIVE,
                                .created_ms = batch_now_ms(batch),
                                .updated_ms = batch_now_ms(batch) };
    str format;
    if (body_text(call, "format", &format) && !webhook_format_read(format, &row.format))
        return fail(FAIL_CORRUPT); /* the schema has checked it */
    r = change(call, &row);
    if (r == 0)
        r = filters_check_cost(call, batch, &row);
    if (r != 0)
        return r;
    str secret = webhook_secret_draw(&row, call->api->context.seal_key, &call->request->arena);
    r = store_insert_endpoint(sql, &row);
    if (r == 0)
        r = endpoints_changed(call, batch, &row, "create");
    call->made.id = row.id;
    if (r == 0)
        r = answer_created(call, sql, &row, secret);
    return fail(r);
}

/* Deliveries that wait would change with it. */
static int check_format(struct call *call, const struct endpoint_row *row)
{
    str format;
    if (!body_text(call, "format", &format) || str_equal(format, webhook_format_name(row->format)))
        return 0;
    call_wrong(call, "format", "locked",
               arena_format(&call->request->arena,
                            "Leave it at %.*s, or make another webhook: it cannot be changed.",
                            STR_ARG(webhook_format_name(row->format))));
    return CALL_REFUSED;
}

int webhooks_change(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct endpoint_row row;
    int r = endpoints_find(call, sql, &row);
    if (r == 0)
        r = check_format(call, &row);
    const struct endpoint_row before = row;
    if (r == 0)
        r = endpoints_check_status(call, sql, &row);
    if (r == 0)
        r = change(call, &row);
    if (r == 0)
        r = filters_check_cost(call, batch, &row);
    if (r != 0)
        return r;
    row.updated_ms = batch_now_ms(batch);
    r = rotation_forget_ended(call, &row, row.updated_ms);
    if (r == 0)
        r = endpoints_update(call, batch, &before, &row);
    if (r == 0)
        r = answer_webhook(call, sql, &row);
    return fail(r);
}

/* ── ping ── */

static str ping_data(struct arena *arena, const struct endpoint_row *row)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2);
    struct json_writer out = json_writer(&buf);
    json_begin_object(&out);
    json_key(&out, STR("webhook"));
    json_begin_object(&out);
    json_member_id(&out, STR("id"), ID_WEBHOOK, row->id);
    json_member_string(&out, STR("name"), row->name);
    json_end_object(&out);
    json_end_object(&out);
    return buf_str(&buf);
}

/* An event for this endpoint alone, whatever it has subscribed to. It lies in the batch's arena:
 * the hand-over reads it when this request may have been answered already. */
static const struct event *add_ping(struct call *call, struct batch *batch,
                                    const struct endpoint_row *row, int64_t *ret_delivery)
{
    struct event *event = ARENA_NEW(batch_arena(batch), struct event);
    *event = (struct event){ .id = batch_draw_id(batch),
                             .organization = row->organization,
                             .type = STR("ping"),
                             .at_ms = batch_now_ms(batch),
                             .data = ping_data(batch_arena(batch), row),
                             .request_id = call->request->id };
    const struct delivery delivery = { .id = batch_draw_id(batch),
                                       .organization = row->organization,
                                       .outlet = row->id,
                                       .event = event->id,
                                       .created_ms = event->at_ms,
                                       .state = DELIVERY_PENDING,
                                       .due_ms = event->at_ms };
    batch_add_event(batch, event, true);
    batch_add_delivery(batch, &delivery, event);
    struct counter_delta *sums = batch_counter(batch, row->organization, 0, event->at_ms);
    sums->events++;
    sums->wanted++;
    sums->deliveries++;
    batch_counter(batch, row->organization, row->id, event->at_ms)->deliveries++;
    *ret_delivery = delivery.id;
    return event;
}

int webhooks_ping(struct call *call, struct batch *batch)
{
    struct endpoint_row row;
    int r = endpoints_find(call, batch_sql(batch), &row);
    if (r != 0)
        return r;
    struct standing standing;
    r = standing_of(call, batch_sql(batch), &row, &standing);
    if (r == 0)
        r = standing_must_send(call, &standing);
    if (r != 0)
        return r;
    int64_t delivery;
    const struct event *event = add_ping(call, batch, &row, &delivery);
    r = call_audit(call, batch, "webhook.ping", id_text(&call->request->arena, ID_WEBHOOK, row.id),
                   (str){});
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_member_id(out, STR("deliveryId"), ID_DELIVERY, delivery);
    json_member_id(out, STR("eventId"), ID_EVENT, event->id);
    json_end_object(out);
    call_reply(call, 202);
    return fail(r);
}
