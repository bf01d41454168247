/* SPDX-License-Identifier: MIT
 * api/deliveries.c: what was sent, what came back, and sending again. */
#include "api/deliveries.h"
#include "api/attempts.h"
#include "api/endpoints.h"
#include "api/exports.h"
#include "api/handlers.h"
#include "base/instant.h"
#include "delivery/content.h"
#include "delivery/delivery.h"
#include "intake/reopen.h"
#include "mapping/export_render.h"
#include "model/names.h"
#include "model/order_names.h"
#include "store/exports.h"
#include "store/lists.h"

static bool is_under_way(const struct call *call, int64_t delivery)
{
    struct couriers *couriers = call->api->context.couriers;
    return couriers != NULL && couriers_is_sending(couriers, delivery);
}

void write_customer_type(struct json_writer *out, str event_type)
{
    enum customer_type type;
    bool occurred = customer_type_read_event(event_type, &type);
    json_member_text_or_null(out, STR("customerType"),
                             occurred ? customer_type_name(type) : (str){});
}

str delivery_reason(const struct call *call, const struct delivery *delivery,
                    const struct standing *standing)
{
    if (delivery->state != DELIVERY_PENDING || delivery->reason.len > 0)
        return delivery->reason;
    if (export_due_is_never(delivery->due_ms, delivery->created_ms))
        return STR("It goes with its file, when the file's day is over.");
    return standing_why_pending(standing, call, delivery->due_ms);
}

static void write_members(struct call *call, const struct delivery_found *found,
                          const struct standing *standing)
{
    struct json_writer *out = &call->out;
    const struct delivery *delivery = &found->delivery;
    bool pending = delivery->state == DELIVERY_PENDING;
    bool with_file = pending && export_due_is_never(delivery->due_ms, delivery->created_ms);
    json_member_id(out, STR("id"), ID_DELIVERY, delivery->id);
    endpoint_write_ids(out, standing->kind, delivery->outlet);
    json_member_id_or_null(out, STR("eventId"), ID_EVENT, delivery->event);
    json_member_text_or_null(out, STR("eventType"), found->event_type);
    json_member_string(out, STR("state"), delivery_state_name(delivery->state));
    json_member_text_or_null(out, STR("reason"), delivery_reason(call, delivery, standing));
    json_member_int(out, STR("attemptCount"), delivery->attempt_count);
    json_member_int_or_null(out, STR("lastStatus"), delivery->last_status);
    json_member_instant(out, STR("nextAttemptAt"), pending && !with_file ? delivery->due_ms : 0);
    json_member_bool(out, STR("sending"), pending && is_under_way(call, delivery->id));
    json_member_instant(out, STR("createdAt"), delivery->created_ms);
    json_member_instant(out, STR("finishedAt"), delivery->finished_ms);
}

void write_delivery(struct call *call, const struct delivery_found *found,
                    const struct standing *standing)
{
    json_begin_object(&call->out);
    write_members(call, found, standing);
    json_end_object(&call->out);
}

int find_standing(struct call *call, struct sql *sql, const struct delivery *delivery,
                  struct standing *ret_standing)
{
    struct endpoint_row row;
    int r = store_read_endpoint(sql, delivery->organization, delivery->outlet,
                                &call->request->arena, &row);
    if (r == 0)
        return standing_of(call, sql, &row, ret_standing);
    *ret_standing = (struct standing){ .status = OUTLET_DELETED,
                                       .reason = STR("The endpoint has been deleted.") };
    return MIN_OF(r, 0);
}

/* ── lists ── */

int deliveries_list(struct call *call, struct sql *sql)
{
    const struct store_page page = call_page(call);
    struct delivery_found *rows =
        ARENA_ARRAY(page.arena, struct delivery_found, (size_t)page.limit);
    struct endpoint_row row;
    int r = endpoints_find_log(call, sql, &row);
    if (r != 0)
        return r;
    struct delivery_filter filter = { .outlet = row.id };
    enum delivery_state state;
    str name;
    if (call_query(call, "state", &name) && delivery_state_read(name, &state))
        filter.state = &state;
    struct store_listed listed = {};
    struct standing standing = {};
    r = standing_of(call, sql, &row, &standing);
    if (r == 0)
        r = store_list_deliveries(sql, &page, &filter, rows, &listed);
    if (r < 0)
        return fail(r);
    (void)call_begin_list(call);
    for (int i = 0; i < listed.count; i++)
        write_delivery(call, &rows[i], &standing);
    call_end_list(call, ID_DELIVERY, listed.next);
    return 0;
}

int deliveries_paused(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct paused_line *rows = ARENA_ARRAY(page.arena, struct paused_line, (size_t)page.limit);
    struct endpoint_row row;
    int count = 0;
    int r = endpoints_find_log(call, sql, &row);
    if (r != 0)
        return r;
    r = store_list_paused_lines(sql, &page, row.id, rows, &count);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; i < shown; i++) {
        json_begin_object(out);
        json_member_id_or_null(out, STR("contactId"), ID_CONTACT,
                               rows[i].is_order ? 0 : rows[i].subject);
        json_member_id_or_null(out, STR("orderId"), ID_ORDER,
                               rows[i].is_order ? rows[i].subject : 0);
        json_member_id(out, STR("deliveryId"), ID_DELIVERY, rows[i].delivery);
        json_member_instant(out, STR("since"), rows[i].since_ms);
        json_end_object(out);
    }
    call_end_list(call, ID_DELIVERY, count > shown ? rows[shown - 1].delivery : 0);
    return 0;
}

/* ── one ── */

/* Of the path. CALL_REFUSED: there is none. */
static int find(struct call *call, struct sql *sql, struct delivery_found *ret_found)
{
    int64_t id;
    if (!call_id(call, 0, ID_DELIVERY, "delivery", &id))
        return CALL_REFUSED;
    int r =
        store_find_delivery(sql, call->caller.organization, id, &call->request->arena, ret_found);
    return r == STORE_NOT_FOUND ? call_not_found(call, "delivery") : fail(r);
}

/* What an export profile has fixed: a request's parameters, or a file's row. */
static int read_export(struct call *call, struct sql *sql, const struct delivery *delivery,
                       struct sent *sent)
{
    struct arena *arena = &call->request->arena;
    struct export_delivery_row row;
    struct export_content content;
    int r = store_find_export(sql, delivery->organization, delivery->id, arena, &row);
    if (r != 0)
        return MIN_OF(r, 0);
    sent->order = row.order;
    if (row.file != 0) {
        sent->body = row.content;
    } else if (export_content_read(row.content, &content)) {
        sent->method = content.method;
        *(content.in_body ? &sent->body : &sent->query) = content.parameters;
    }
    return 0;
}

static int read_event(struct call *call, struct sql *sql, const struct delivery_found *found,
                      enum webhook_format format, struct sent *sent)
{
    struct event event;
    int r = store_read_sent_event(sql, found, &call->request->arena, &event);
    if (r != 0)
        return MIN_OF(r, 0);
    const struct content content = { .at_ms = event.at_ms, .type = event.type, .data = event.data };
    sent->order = event.order;
    sent->body = content_body(&content, format, &call->request->arena);
    return 0;
}

static int find_sent(struct call *call, struct sql *sql, const struct delivery_found *found,
                     struct sent *ret_sent)
{
    const struct delivery *delivery = &found->delivery;
    struct endpoint_row endpoint;
    *ret_sent = (struct sent){};
    int r = store_read_endpoint(sql, delivery->organization, delivery->outlet,
                                &call->request->arena, &endpoint);
    if (r != 0)
        return fail(MIN_OF(r, 0));
    return fail(endpoint.kind == ENDPOINT_EXPORT
                    ? read_export(call, sql, delivery, ret_sent)
                    : read_event(call, sql, found, endpoint.format, ret_sent));
}

static int answer_delivery(struct call *call, struct sql *sql, const struct delivery_found *found)
{
    struct sent sent;
    struct standing standing = {};
    int r = find_sent(call, sql, found, &sent);
    if (r == 0)
        r = find_standing(call, sql, &found->delivery, &standing);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    write_members(call, found, &standing);
    json_member_id_or_null(out, STR("orderId"), ID_ORDER, sent.order);
    write_customer_type(out, found->event_type);
    r = export_files_write_row(call, sql, &found->delivery);
    if (r == 0)
        r = write_attempts(call, sql, &found->delivery, &sent);
    json_end_object(out);
    call_reply(call, 200);
    return fail(r);
}

int deliveries_get(struct call *call, struct sql *sql)
{
    struct delivery_found found;
    int r = find(call, sql, &found);
    return r == 0 ? answer_delivery(call, sql, &found) : r;
}

/* ── sending again ── */

/* A row whose file is still open goes with it, and at no other time. */
static int check_file(struct call *call, struct batch *batch, const struct delivery *delivery)
{
    struct sql *sql = batch_sql(batch);
    struct export_delivery_row row;
    struct export_file file;
    int r = store_find_export(sql, delivery->organization, delivery->id, batch_arena(batch), &row);
    if (r != 0 || row.file == 0 || delivery->state != DELIVERY_PENDING)
        return MIN_OF(r, 0);
    r = store_read_export_file(sql, delivery->organization, row.file, batch_arena(batch), &file);
    if (r != 0 || file.closes_ms <= batch_now_ms(batch))
        return MIN_OF(r, 0);
    char closes[INSTANT_TEXT_LEN];
    instant_write(file.closes_ms, closes);
    return call_refuse(call, PROBLEM_CONFLICT,
                       arena_format(&call->request->arena,
                                    "It is a row of the file %.*s, which is uploaded when its day "
                                    "has closed, at %.*s.",
                                    STR_ARG(file.name), INSTANT_TEXT_LEN, closes));
}

static int resend(struct call *call, struct batch *batch, struct delivery_found *found)
{
    int r = check_file(call, batch, &found->delivery);
    if (r != 0)
        return r;
    r = reopen_delivery(batch, found, true);
    if (r == STORE_NOT_FOUND)
        return call_refuse(call, PROBLEM_GONE,
                           STR("What this delivery sent is no longer kept (--retention)."));
    return fail(r);
}

/* What it sends is fixed anew: it is due. */
static int add_export(struct batch *batch, const struct delivery *from,
                      const struct delivery *delivery)
{
    struct export_delivery_row row;
    int r =
        store_find_export(batch_sql(batch), from->organization, from->id, batch_arena(batch), &row);
    if (r != 0)
        return fail(r < 0 ? r : FAIL_CORRUPT);
    row.delivery = delivery->id;
    row.file = 0;
    row.content = (str){};
    row.fix_ms = delivery->due_ms;
    batch_add_export(batch, &row);
    return 0;
}

/* A new delivery of the same event to the same endpoint, as if it had wanted it now. */
static int render(struct call *call, struct batch *batch, struct delivery_found *found,
                  enum endpoint_kind kind)
{
    struct event_found *stored = ARENA_NEW(batch_arena(batch), struct event_found);
    const struct delivery *from = &found->delivery;
    int r = store_read_event(batch_sql(batch), from->organization, from->event, batch_arena(batch),
                             stored);
    if (r == STORE_NOT_FOUND)
        return call_refuse(call, PROBLEM_GONE,
                           STR("The event of this delivery is no longer kept (--retention)."));
    if (r < 0)
        return fail(r);
    const struct delivery delivery = { .id = batch_draw_id(batch),
                                       .organization = from->organization,
                                       .outlet = from->outlet,
                                       .event = from->event,
                                       .created_ms = batch_now_ms(batch),
                                       .state = DELIVERY_PENDING,
                                       .due_ms = batch_now_ms(batch) };
    if (kind == ENDPOINT_EXPORT)
        r = add_export(batch, from, &delivery);
    batch_add_manual_delivery(batch, &delivery, &stored->event);
    found->delivery = delivery;
    return fail(r);
}

/* What stands in strict order behind a dead delivery may go by hand. */
static int check_resend(struct call *call, struct batch *batch, const struct delivery *delivery,
                        enum endpoint_kind *ret_kind)
{
    struct standing standing;
    if (is_under_way(call, delivery->id))
        return call_refuse(call, PROBLEM_CONFLICT,
                           STR("An attempt of it is under way. Look again when it has ended."));
    int r = find_standing(call, batch_sql(batch), delivery, &standing);
    if (r < 0)
        return fail(r);
    *ret_kind = standing.kind;
    if (standing.paused_by != 0)
        return 0;
    return standing_must_send(call, &standing);
}

/* The line that it has paused goes on: with it, or without. STORE_NOT_FOUND: it has paused none. */
static int resume_line(struct batch *batch, const struct delivery *delivery)
{
    return store_resume_line(batch_sql(batch), delivery->organization, delivery->outlet,
                             delivery->id);
}

/* One that retention has taken pauses its line all the same, and must be passed over to end that.
 */
static int find_pausing(struct call *call, struct sql *sql, struct delivery_found *ret_found)
{
    struct paused_line line;
    int64_t id;
    if (!call_id(call, 0, ID_DELIVERY, "delivery", &id))
        return CALL_REFUSED;
    int64_t organization = call->caller.organization;
    int r = store_find_delivery(sql, organization, id, &call->request->arena, ret_found);
    if (r != STORE_NOT_FOUND)
        return fail(r);
    r = store_find_pause(sql, organization, id, &line);
    if (r == STORE_NOT_FOUND)
        return call_not_found(call, "delivery");
    *ret_found = (struct delivery_found){
        .delivery = { .id = id,
                      .organization = organization,
                      .outlet = line.outlet,
                      .created_ms = id_real_ms(id),
                      .state = DELIVERY_DEAD,
                      .reason = STR("What it was is no longer kept (--retention)."),
                      .finished_ms = line.since_ms },
    };
    return fail(r);
}

int deliveries_pass_over(struct call *call, struct batch *batch)
{
    struct delivery_found *found = ARENA_NEW(&call->request->arena, struct delivery_found);
    int r = find_pausing(call, batch_sql(batch), found);
    if (r != 0)
        return r;
    r = resume_line(batch, &found->delivery);
    if (r == STORE_NOT_FOUND)
        return call_refuse(call, PROBLEM_CONFLICT,
                           STR("Nothing waits behind this delivery: it has paused nothing."));
    if (r == 0)
        r = call_audit(call, batch, "delivery.pass_over",
                       id_text(&call->request->arena, ID_DELIVERY, found->delivery.id), (str){});
    if (r < 0)
        return fail(r);
    batch_pass_over(batch, &found->delivery);
    struct standing standing;
    r = find_standing(call, batch_sql(batch), &found->delivery, &standing);
    if (r < 0)
        return fail(r);
    (void)call_json(call);
    write_delivery(call, found, &standing);
    call_reply(call, 200);
    return 0;
}

static str resend_detail(struct call *call, int64_t made)
{
    struct arena *arena = &call->request->arena;
    if (made == 0)
        return (str){};
    return arena_format(arena, "{\"render\":true,\"deliveryId\":\"%.*s\"}",
                        STR_ARG(id_text(arena, ID_DELIVERY, made)));
}

static int audit_resend(struct call *call, struct batch *batch, int64_t delivery, int64_t made)
{
    return call_audit(call, batch, "delivery.resend",
                      id_text(&call->request->arena, ID_DELIVERY, delivery),
                      resend_detail(call, made));
}

static void answer_resent(struct call *call, const struct delivery_found *found, int64_t from,
                          enum endpoint_kind kind)
{
    const struct standing at_once = { .kind = kind,
                                      .sending = SENDING_FREELY }; /* whatever holds it */
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    write_members(call, found, &at_once);
    json_member_id_or_null(out, STR("renderedFrom"), ID_DELIVERY, from);
    json_end_object(out);
    call_reply(call, 202);
}

int deliveries_resend(struct call *call, struct batch *batch)
{
    struct delivery_found *found = ARENA_NEW(&call->request->arena, struct delivery_found);
    enum endpoint_kind kind = ENDPOINT_WEBHOOK;
    bool anew = false;
    (void)body_bool(call, "render", &anew);
    int r = find(call, batch_sql(batch), found);
    if (r == 0)
        r = check_resend(call, batch, &found->delivery, &kind);
    int64_t from = found->delivery.id;
    if (r == 0)
        r = anew ? render(call, batch, found, kind) : resend(call, batch, found);
    if (r == 0)
        r = audit_resend(call, batch, from, anew ? found->delivery.id : 0);
    if (r == 0)
        answer_resent(call, found, anew ? from : 0, kind);
    return r > 0 ? r : fail(r);
}
