/* SPDX-License-Identifier: MIT
 * api/orders.c: orders: import, change, look at. */
#include "intake/orders.h"
#include "api/call.h"
#include "api/handlers.h"
#include "api/order_body.h"
#include "model/order_json.h"
#include "model/order_names.h"

static void write_order(struct json_writer *out, const struct order *order)
{
    json_begin_object(out);
    order_write(out, order);
    json_end_object(out);
}

/* ── reading ── */

int orders_list(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct order *rows = ARENA_ARRAY(page.arena, struct order, (size_t)page.limit);
    struct order_filter filter = {};
    int count = 0;
    (void)call_query(call, "state", &filter.state);
    (void)call_query(call, "clientOrderId", &filter.client_order_id);
    if (!call_query_id(call, "campaignId", ID_CAMPAIGN, &filter.campaign) ||
        !call_query_id(call, "customerId", ID_CUSTOMER, &filter.customer))
        return CALL_REFUSED;
    int r = store_list_orders(sql, &page, &filter, rows, &count);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; i < shown; i++)
        write_order(out, &rows[i]);
    call_end_list(call, ID_ORDER, count > shown ? rows[shown - 1].id : 0);
    return 0;
}

static int find(struct call *call, struct sql *sql, struct order *ret_order)
{
    struct order_wanted wanted = { .organization = call->caller.organization };
    if (!call_id(call, 0, ID_ORDER, "order", &wanted.id))
        return CALL_REFUSED;
    int r = store_find_order(sql, &wanted, &call->request->arena, ret_order);
    return r == STORE_NOT_FOUND ? call_not_found(call, "order") : fail(r);
}

int orders_get(struct call *call, struct sql *sql)
{
    struct order order;
    int r = find(call, sql, &order);
    if (r != 0)
        return r;
    write_order(call_json(call), &order);
    call_reply(call, 200);
    return 0;
}

/* ── taking ── */

static void answer(struct call *call, const struct order_arrived *arrived)
{
    const struct order_outcome *outcome = &arrived->outcome;
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    order_write(out, arrived->order);
    json_member_id(out, STR("eventId"), ID_EVENT, arrived->event);
    json_member_bool(out, STR("repeated"), outcome->verdict == ORDER_REPEATED);
    json_key(out, STR("occurrences"));
    json_begin_array(out);
    for (int i = 0; i < outcome->occurrence_count; i++)
        json_add_string(out, customer_type_name(outcome->occurrences[i].type));
    json_end_array(out);
    json_key(out, STR("notes"));
    json_begin_array(out);
    for (int i = 0; i < outcome->note_count; i++)
        json_add_string(out, outcome->notes[i]);
    json_end_array(out);
    json_end_object(out);
    call_reply(call, 201);
}

static int take(struct call *call, struct batch *batch, struct order_arrival *arrival)
{
    struct order_arrived arrived;
    orders_want(batch, arrival);
    int r = batch_load(batch);
    if (r == 0)
        r = order_body_settle(call, batch, arrival);
    if (r != 0)
        return r;
    if (!orders_take(batch, arrival, &arrived, &call->problem))
        return CALL_REFUSED;
    call->made = (struct made){ .id = arrived.order->id, .event = arrived.event };
    answer(call, &arrived);
    return 0;
}

int orders_again(struct call *call, struct sql *sql)
{
    struct order order;
    int r = find(call, sql, &order);
    if (r != 0)
        return r;
    const struct order_arrived arrived = { .order = &order,
                                           .event = call->made.event,
                                           .outcome = { .verdict = ORDER_REPEATED } };
    answer(call, &arrived);
    return 0;
}

bool orders_check(struct call *call)
{
    return order_body_read(call);
}

bool orders_check_change(struct call *call)
{
    return order_body_read_change(call);
}

int orders_import(struct call *call, struct batch *batch)
{
    struct order_arrival *arrival = call->parsed;
    arrival->wanted.organization = call->caller.organization;
    return take(call, batch, arrival);
}

int orders_change(struct call *call, struct batch *batch)
{
    struct order_arrival *arrival = call->parsed;
    arrival->wanted = (struct order_wanted){ .organization = call->caller.organization };
    if (!call_id(call, 0, ID_ORDER, "order", &arrival->wanted.id))
        return CALL_REFUSED;
    return take(call, batch, arrival);
}
