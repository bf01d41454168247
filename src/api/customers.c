/* SPDX-License-Identifier: MIT
 * api/customers.c: who has ordered, and what has happened with their orders: one message for each
 * occurrence, and one for each delivery of an export profile, that leads to the request it sent. */
#include "api/call.h"
#include "api/deliveries.h"
#include "api/handlers.h"
#include "base/instant.h"
#include "mapping/custom_event.h"
#include "model/names.h"
#include "model/order_names.h"
#include "store/history.h"
#include "store/orders.h"

/* ── customers ── */

/* What is known of them is in their newest order. */
static int write_customer(struct call *call, struct sql *sql, const struct customer *customer)
{
    struct json_writer *out = &call->out;
    struct order newest = {};
    int r = store_find_newest_order(sql, customer->organization, customer->id,
                                    &call->request->arena, &newest);
    if (r < 0)
        return fail(r);
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_CUSTOMER, customer->id);
    json_member_int(out, STR("number"), customer->number);
    json_member_text_or_null(out, STR("email"), customer->email_key);
    json_member_text_or_null(out, STR("firstName"), newest.values[CRM_FIRST_NAME]);
    json_member_text_or_null(out, STR("lastName"), newest.values[CRM_LAST_NAME]);
    json_member_text_or_null(out, STR("phoneNumber"), newest.values[CRM_PHONE_NUMBER]);
    json_member_id_or_null(out, STR("contactId"), ID_CONTACT, customer->contact);
    json_member_id_or_null(out, STR("newestOrderId"), ID_ORDER, newest.id);
    json_member_instant(out, STR("createdAt"), customer->created_ms);
    json_end_object(out);
    return 0;
}

/* The one with this address, if it is there. */
static int find_by_email(struct call *call, struct sql *sql, const struct store_page *page,
                         struct customer *ret_row, int *ret_count)
{
    str email;
    str trimmed;
    str key;
    if (!call_query(call, "email", &email) || !email_key(email, page->arena, &trimmed, &key))
        return 0;
    int r = store_find_customer(sql, page->organization, key, 0, page->arena, ret_row);
    *ret_count = r == 0 && ret_row->id < page->before;
    return fail(MIN_OF(r, 0));
}

int customers_list(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct customer *rows = ARENA_ARRAY(page.arena, struct customer, (size_t)page.limit);
    str email;
    int count = 0;
    int r = call_query(call, "email", &email) ? find_by_email(call, sql, &page, rows, &count)
                                              : store_list_customers(sql, &page, rows, &count);
    if (r < 0)
        return fail(r);
    (void)call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; r == 0 && i < shown; i++)
        r = write_customer(call, sql, &rows[i]);
    call_end_list(call, ID_CUSTOMER, count > shown ? rows[shown - 1].id : 0);
    return fail(r);
}

/* Of the path. CALL_REFUSED: there is none. */
static int find(struct call *call, struct sql *sql, struct customer *ret_customer)
{
    int64_t id;
    if (!call_id(call, 0, ID_CUSTOMER, "customer", &id))
        return CALL_REFUSED;
    int r = store_find_customer(sql, call->caller.organization, (str){}, id, &call->request->arena,
                                ret_customer);
    return r == STORE_NOT_FOUND ? call_not_found(call, "customer") : fail(r);
}

int customers_get(struct call *call, struct sql *sql)
{
    struct customer customer;
    int r = find(call, sql, &customer);
    if (r != 0)
        return r;
    (void)call_json(call);
    r = write_customer(call, sql, &customer);
    call_reply(call, 200);
    return fail(r);
}

/* ── history ── */

static str label_of(str event_type)
{
    enum customer_type type;
    return customer_type_read_event(event_type, &type) ? customer_type_label(type) : event_type;
}

struct told {
    int64_t id; /* of the event or the delivery */
    int64_t at_ms;
    int64_t order;
    bool is_export;
    str text;
    str state; /* of an export */
};

static void write_message(struct call *call, const struct told *message)
{
    struct json_writer *out = &call->out;
    struct arena *arena = &call->request->arena;
    bool export = message->is_export;
    str id = id_text(arena, export ? ID_DELIVERY : ID_EVENT, message->id);
    json_begin_object(out);
    json_member_string(out, STR("id"), id);
    json_member_instant(out, STR("at"), message->at_ms);
    json_member_string(out, STR("kind"), export ? STR("export") : STR("event"));
    json_member_string(out, STR("message"), message->text);
    json_member_id(out, STR("orderId"), ID_ORDER, message->order);
    json_member_id_or_null(out, STR("eventId"), ID_EVENT, export ? 0 : message->id);
    json_member_id_or_null(out, STR("deliveryId"), ID_DELIVERY, export ? message->id : 0);
    json_member_text_or_null(out, STR("state"), message->state);
    json_member_string(
        out, STR("href"),
        arena_format(arena, "/api/v1/%s/%.*s", export ? "deliveries" : "events", STR_ARG(id)));
    json_end_object(out);
}

static void write_occurrence(struct call *call, const struct order_event *event)
{
    const struct told message = {
        .id = event->id,
        .at_ms = event->at_ms,
        .order = event->order,
        .text = label_of(event->type),
    };
    write_message(call, &message);
}

/* Of a file nothing: the server's last reply may well be one that all was well until then. */
static str answer_of(struct arena *arena, int status, bool of_file)
{
    if (of_file)
        return (str){};
    return status == 0 ? STR(" (no answer)") : arena_format(arena, " (HTTP %d)", status);
}

/* `why`: what it waits for beside its own time; empty: nothing. */
static str waiting(struct arena *arena, const struct delivery *delivery, bool of_file, str why)
{
    char due[INSTANT_TEXT_LEN];
    if (export_due_is_never(delivery->due_ms, delivery->created_ms))
        return STR("goes with its file, when the file's day is over");
    instant_write(delivery->due_ms, due);
    bool first = delivery->attempt_count == 0;
    if (first && why.len > 0)
        return arena_format(arena, "waiting: %.*s", STR_ARG(why));
    if (first)
        return arena_format(arena, "waiting, due at %.*s", INSTANT_TEXT_LEN, due);
    str failed = arena_format(arena, "attempt %d failed%.*s", delivery->attempt_count,
                              STR_ARG(answer_of(arena, delivery->last_status, of_file)));
    if (why.len > 0)
        return arena_format(arena, "%.*s, waiting: %.*s", STR_ARG(failed), STR_ARG(why));
    return arena_format(arena, "%.*s, the next is due at %.*s", STR_ARG(failed), INSTANT_TEXT_LEN,
                        due);
}

/* What has become of it, as a clause. */
static str outcome_of(struct arena *arena, const struct delivery *delivery, bool of_file, str why)
{
    switch (delivery->state) {
    case DELIVERY_DELIVERED:
        return STR("delivered");
    case DELIVERY_DEAD:
        return arena_format(arena, "given up behind %d attempts: %.*s", delivery->attempt_count,
                            STR_ARG(delivery->reason));
    case DELIVERY_DROPPED:
        return arena_format(arena, "not sent: %.*s", STR_ARG(delivery->reason));
    case DELIVERY_PENDING:
        break;
    }
    return waiting(arena, delivery, of_file, why);
}

/* In the words that the delivery itself has. */
static int find_why(struct call *call, struct sql *sql, const struct delivery *delivery,
                    str *ret_why)
{
    struct standing standing = {};
    if (delivery->state != DELIVERY_PENDING)
        return 0;
    int r = find_standing(call, sql, delivery, &standing);
    if (r == 0)
        *ret_why = delivery_reason(call, delivery, &standing);
    return fail(r);
}

static int write_export(struct call *call, struct sql *sql, const struct order_export *export)
{
    struct arena *arena = &call->request->arena;
    struct delivery_found found = {};
    struct told message = { .id = export->delivery, .order = export->order, .is_export = true };
    int r = store_find_delivery(sql, call->caller.organization, export->delivery, arena, &found);
    if (r < 0)
        return fail(r);
    if (r == STORE_NOT_FOUND) /* its row goes with it */
        return 0;
    str why = {};
    r = find_why(call, sql, &found.delivery, &why);
    if (r < 0)
        return fail(r);
    message.at_ms = found.delivery.created_ms;
    message.state = delivery_state_name(found.delivery.state);
    message.text =
        arena_format(arena, "Export profile “%.*s” (%.*s): %.*s", STR_ARG(export->profile),
                     STR_ARG(label_of(found.event_type)),
                     STR_ARG(outcome_of(arena, &found.delivery, export->file != 0, why)));
    write_message(call, &message);
    return 0;
}

/* Both lists are newest first, and their ids are of one source: the next message is the one with the
 * greater id. */
int customers_history(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct order_event *events = ARENA_ARRAY(page.arena, struct order_event, (size_t)page.limit);
    struct order_export *exports = ARENA_ARRAY(page.arena, struct order_export, (size_t)page.limit);
    struct customer customer;
    int event_count = 0;
    int export_count = 0;
    int r = find(call, sql, &customer);
    if (r != 0)
        return r;
    const struct history_of of = { .customer = customer.id };
    r = store_list_order_events(sql, &page, &of, events, &event_count);
    if (r == 0)
        r = store_list_order_exports(sql, &page, &of, 0, exports, &export_count);
    (void)call_begin_list(call);
    int64_t last = 0;
    int event = 0;
    int export = 0;
    int shown = call_shown(call, event_count + export_count);
    while (r == 0 && event + export < shown) {
        bool newer = export == export_count ||
                     (event < event_count && events[event].id > exports[export].delivery);
        last = newer ? events[event].id : exports[export].delivery;
        if (newer)
            write_occurrence(call, &events[event++]);
        else
            r = write_export(call, sql, &exports[export ++]);
    }
    call_end_list(call, ID_EVENT, event_count + export_count > shown ? last : 0);
    return fail(r);
}
