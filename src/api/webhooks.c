/* SPDX-License-Identifier: MIT
 * api/webhooks.c: the endpoints that events are delivered to. */
#include "api/webhooks.h"

#include "api/filters.h"
#include "api/handlers.h"
#include "api/outlets.h"
#include "api/rotation.h"
#include "api/secrets.h"
#include "api/standing.h"
#include "api/subscriptions.h"
#include "delivery/url.h"
#include "intake/notices.h"
#include "model/names.h"
#include "route/route.h"
#include "store/ledger.h"

/* ── reading ── */

static void write_counts(struct json_writer *out, const struct ledger *ledger)
{
    json_key(out, STR("counts"));
    json_begin_object(out);
    json_member_int(out, STR("deliveries"), ledger->deliveries);
    json_member_int(out, STR("delivered"), ledger->delivered);
    json_member_int(out, STR("pending"), ledger->pending);
    json_member_int(out, STR("dead"), ledger->dead);
    json_member_int(out, STR("dropped"), ledger->dropped);
    json_member_int(out, STR("filtered"), ledger->filtered);
    json_end_object(out);
}

static void write_standing(struct json_writer *out, const struct standing *standing)
{
    json_member_string(out, STR("status"), outlet_status_name(standing->status));
    json_member_text_or_null(out, STR("statusReason"), standing->status_reason);
    json_key(out, STR("sending"));
    json_begin_object(out);
    json_member_string(out, STR("state"), sending_name(standing->sending));
    json_member_instant(out, STR("until"), standing->until_ms);
    json_member_text_or_null(out, STR("reason"), standing->reason);
    json_end_object(out);
    json_member_int(out, STR("pausedSubjects"), standing->paused_subjects);
}

static struct outlet_texts texts_of(const struct endpoint_row *row)
{
    return (struct outlet_texts){ .kind = row->kind,
                                  .policy = row->policy,
                                  .transport = row->transport };
}

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
    const struct outlet_texts texts = texts_of(row);
    int r = outlets_warn(call, &texts);
    if (r == 0)
        r = subscriptions_warn(call, sql, row);
    json_end_array(out);
    return fail(r);
}

int webhooks_write_members(struct call *call, struct sql *sql, const struct endpoint_row *row)
{
    struct json_writer *out = &call->out;
    struct ledger ledger = {};
    struct standing standing = {};
    int r = store_read_ledger(sql, row->organization, row->id, 0, &ledger);
    if (r == 0)
        r = standing_of(call, sql, row, &standing);
    str url = {};
    if (r == 0 && !unseal(call->api->context.seal_key, row->url, &call->request->arena, &url))
        r = FAIL_CORRUPT;
    if (r < 0)
        return fail(r);
    json_member_id(out, STR("id"), ID_WEBHOOK, row->id);
    json_member_string(out, STR("name"), row->name);
    json_member_string(out, STR("url"), url);
    json_member_raw(out, STR("eventTypes"), row->event_types);
    filters_write(call, row->filter);
    json_member_string(out, STR("format"), webhook_format_name(row->format));
    json_member_bool(out, STR("signing"), row->signing);
    r = rotation_write(call, row);
    if (r < 0)
        return fail(r);
    write_standing(out, &standing);
    write_counts(out, &ledger);
    const struct outlet_texts texts = texts_of(row);
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
    struct store_page page = call_page(call);
    page.limit++;
    struct endpoint_row *rows = ARENA_ARRAY(page.arena, struct endpoint_row, (size_t)page.limit);
    int count = 0;
    int r = store_list_endpoints(sql, &page, ENDPOINT_WEBHOOK, rows, &count);
    if (r < 0)
        return fail(r);
    (void)call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; r == 0 && i < shown; i++)
        r = write_webhook(call, sql, &rows[i]);
    call_end_list(call, ID_WEBHOOK, count > shown ? rows[shown - 1].id : 0);
    return fail(r);
}

int webhooks_find(struct call *call, struct sql *sql, struct endpoint_row *ret_row)
{
    int64_t id;
    if (!call_id(call, 0, ID_WEBHOOK, "webhook", &id))
        return CALL_REFUSED;
    int r = store_read_endpoint(sql, call->caller.organization, id, &call->request->arena, ret_row);
    if (r == STORE_NOT_FOUND || (r == 0 && ret_row->status == OUTLET_DELETED))
        return call_not_found(call, "webhook");
    return fail(r);
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
    int r = webhooks_find(call, sql, &row);
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
                           "order.*, contact.created, ping, or \"*\" for all."));
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

/* "active" opens what is paused or disabled, and goes on behind a dead delivery that paused it. */
static void change_status(struct call *call, struct endpoint_row *row)
{
    enum outlet_status wanted;
    str status;
    if (!body_text(call, "status", &status) || !outlet_status_read(status, &wanted))
        return;
    row->status = wanted;
    row->status_reason = (str){};
}

/* To another host or port than before. */
static bool leads_elsewhere(struct call *call, str before, str after)
{
    const struct seal_key *key = call->api->context.seal_key;
    struct arena *arena = &call->request->arena;
    str one;
    str other;
    if (before.len == 0 || after.len == 0)
        return false;
    return !unseal(key, before, arena, &one) || !unseal(key, after, arena, &other) ||
           !url_same_place(one, other);
}

static int change(struct call *call, struct endpoint_row *row)
{
    const struct endpoint_row *given = call->parsed;
    struct outlet_texts texts = texts_of(row);
    texts.elsewhere = leads_elsewhere(call, row->url, given->url);
    (void)body_text(call, "name", &row->name);
    (void)body_bool(call, "signing", &row->signing);
    if (given->url.len > 0)
        row->url = given->url;
    if (given->event_types.len > 0)
        row->event_types = given->event_types;
    if (json_get(call->body, STR("filter")) != NULL)
        row->filter = given->filter;
    change_status(call, row);
    int r = outlets_change(call, &texts);
    row->policy = texts.policy;
    row->transport = texts.transport;
    return r;
}

int webhooks_changed(struct call *call, struct batch *batch, const struct endpoint_row *row,
                     const char *action)
{
    int r =
        batch_object_changed(batch, &call->operation, row->organization, OBJECT_ENDPOINT, row->id);
    if (r == 0)
        r = call_audit(call, batch, action, id_text(&call->request->arena, ID_WEBHOOK, row->id),
                       (str){});
    return fail(r);
}

static int check_room(struct call *call, struct sql *sql)
{
    int64_t most = call->api->context.limits->webhooks;
    int64_t count = 0;
    int r = store_count_endpoints(sql, call->caller.organization, ENDPOINT_WEBHOOK, &count);
    if (r < 0)
        return fail(r);
    if (count < most)
        return 0;
    return call_refuse(call, PROBLEM_CONFLICT,
                       arena_format(&call->request->arena,
                                    "The organization has %lld webhooks, which is the most it may "
                                    "have (--max-webhooks). Delete one first.",
                                    (long long)count));
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
    int r = webhooks_find(call, sql, &row);
    return r == 0 ? answer_created(call, sql, &row, (str){}) : r;
}

int webhooks_create(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    int r = check_room(call, sql);
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
        r = webhooks_changed(call, batch, &row, "webhook.create");
    call->made.id = row.id;
    if (r == 0)
        r = answer_created(call, sql, &row, secret);
    return fail(r);
}

/* "active" ends what "paused" and "disabled" began; what else stops it is ended in other ways. */
static int check_status(struct call *call, struct sql *sql, const struct endpoint_row *row)
{
    str status;
    struct standing standing;
    if (!body_text(call, "status", &status) || !str_equal(status, STR("active")) ||
        row->status != OUTLET_ACTIVE)
        return 0;
    int r = standing_of(call, sql, row, &standing);
    return r == 0 ? standing_must_send(call, &standing) : fail(r);
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

static bool same_url(struct call *call, const struct endpoint_row *a, const struct endpoint_row *b)
{
    const struct seal_key *key = call->api->context.seal_key;
    struct arena *arena = &call->request->arena;
    str one;
    str other;
    return unseal(key, a->url, arena, &one) && unseal(key, b->url, arena, &other) &&
           str_equal(one, other);
}

/* What another address did says nothing of this one; and lines are of one order. */
static int forget_what_was(struct call *call, struct batch *batch,
                           const struct endpoint_row *before, const struct endpoint_row *row)
{
    struct sql *sql = batch_sql(batch);
    int r = 0;
    if (!same_url(call, before, row))
        r = store_forget_breaker(sql, row->organization, row->id);
    if (r == 0 && outlets_order(&call->request->arena, before->kind, before->policy) !=
                      outlets_order(&call->request->arena, row->kind, row->policy))
        r = store_resume_lines(sql, row->organization, row->id);
    return fail(r);
}

int webhooks_change(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct endpoint_row row;
    int r = webhooks_find(call, sql, &row);
    if (r == 0)
        r = check_format(call, &row);
    const struct endpoint_row before = row;
    if (r == 0)
        r = check_status(call, sql, &row);
    if (r == 0)
        r = change(call, &row);
    if (r == 0)
        r = filters_check_cost(call, batch, &row);
    if (r != 0)
        return r;
    row.updated_ms = batch_now_ms(batch);
    r = rotation_forget_ended(call, &row, row.updated_ms);
    if (r == 0)
        r = store_update_endpoint(sql, &row);
    if (r == 0)
        r = forget_what_was(call, batch, &before, &row);
    if (r == 0)
        r = webhooks_changed(call, batch, &row, "webhook.update");
    if (r == 0)
        r = answer_webhook(call, sql, &row);
    if (r == 0 && row.status == OUTLET_DISABLED && before.status != OUTLET_DISABLED)
        notices_disabled(batch, row.organization, row.id,
                         STR("It was disabled by somebody, or something, with access to the API."));
    return fail(r);
}

int webhooks_delete(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct endpoint_row row;
    int r = webhooks_find(call, sql, &row);
    if (r != 0)
        return r;
    row.status = OUTLET_DELETED;
    row.status_reason = STR("It was deleted.");
    row.updated_ms = batch_now_ms(batch);
    r = store_update_endpoint(sql, &row);
    if (r == 0)
        r = store_forget_outlet_state(sql, row.organization, row.id);
    if (r == 0)
        r = store_resume_lines(sql, row.organization, row.id);
    if (r == 0)
        r = webhooks_changed(call, batch, &row, "webhook.delete");
    call_reply_nothing(call);
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
    int r = webhooks_find(call, batch_sql(batch), &row);
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
