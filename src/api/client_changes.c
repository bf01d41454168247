/* SPDX-License-Identifier: MIT
 * api/client_changes.c: what happens to orders, their purchases and their parcels, as clients say
 * it. */
#include "api/client.h"
#include "api/handlers.h"

static str parameter(const struct client_work *work, const char *name)
{
    return client_text(&work->client->pairs, name);
}

static bool flag(const struct client_work *work, const char *name)
{
    return client_flag(&work->client->pairs, name);
}

/* Lines are an import's or an upsell's. */
static int refuse_lines(struct client_work *work)
{
    const struct client_order *said = &work->client->said;
    if (said->facts.line_count == 0 || said->lines[0].slot == 0)
        return 0;
    return client_refuse_field(
        work->call,
        arena_c(&work->call->request->arena,
                arena_format(&work->call->request->arena, "product%d_id", said->lines[0].slot)),
        "cannot be changed here: send /order/import/ or /upsale/import/");
}

static int begin(struct client_work *work)
{
    int r = client_need_order(work);
    return r == 0 ? refuse_lines(work) : r;
}

/* One change alone. */
static int change(struct client_work *work, struct order_change what)
{
    struct order_arrival arrival = client_arrival(work, "order_change");
    arrival.input.change = what;
    return client_take(work, &arrival);
}

/* ── orders ── */

static int update_order(struct client_work *work)
{
    int r = begin(work);
    if (r != 0)
        return r;
    struct order_arrival arrival = client_arrival(work, "order_change");
    r = client_take(work, &arrival);
    return r == 0 ? client_answer(work) : r;
}

/* Something that recurs and may still be cancelled. */
static bool has_purchase(const struct order *order)
{
    for (int i = 0; i < order->line_count; i++)
        if (order->lines[i].recurring && order->lines[i].purchase != PURCHASE_NONE &&
            order->lines[i].purchase != PURCHASE_CANCELLED)
            return true;
    return false;
}

/* Its purchases, the order itself, and with fullRefund what was paid. */
static int cancel_order(struct client_work *work)
{
    int r = begin(work);
    if (r != 0)
        return r;
    if (flag(work, "afterNextBill"))
        return client_refuse_field(work->call, "afterNextBill",
                                   "cannot be: nothing is billed here. Cancel behind the bill");
    if (has_purchase(&work->order))
        r = change(work, (struct order_change){ .kind = CHANGE_CANCEL });
    struct order_arrival arrival = client_arrival(work, "order_change");
    arrival.input.facts.state = SALE_CANCELLED;
    if (r == 0)
        r = client_take(work, &arrival);
    if (r == 0 && flag(work, "fullRefund") && order_refundable(&work->order) > 0)
        r = change(work, (struct order_change){ .kind = CHANGE_REFUND });
    return r == 0 ? client_answer(work) : r;
}

/* Two refunds of the same amount are two: nothing tells them from a repeat. */
static int refund_order(struct client_work *work)
{
    struct order_change what = { .kind = CHANGE_REFUND };
    struct call *call = work->call;
    int r = begin(work);
    if (r != 0)
        return r;
    what.amount_said = client_money(&work->client->pairs, "refundAmount", &call->request->arena,
                                    &what.amount, &call->problem);
    if (problem_has(&call->problem))
        return CALL_REFUSED;
    if (flag(work, "fullRefund") && what.amount_said &&
        what.amount != order_refundable(&work->order))
        return client_refuse_field(call, "refundAmount",
                                   "is not all that is left, as fullRefund says: send one of them");
    if (!what.amount_said && !flag(work, "fullRefund"))
        return client_refuse_field(call, "refundAmount", CLIENT_REQUIRED);
    r = change(work, what);
    return r == 0 ? client_answer(work) : r;
}

static int decide_qa(struct client_work *work)
{
    str action = parameter(work, "action");
    struct order_change what = { .kind = CHANGE_QA_APPROVED };
    int r = begin(work);
    if (r != 0)
        return r;
    if (str_equal_nocase(action, STR("DECLINE")))
        what.kind = CHANGE_QA_DECLINED;
    else if (!str_equal_nocase(action, STR("APPROVE")))
        return client_refuse_field(work->call, "action", "must be APPROVE or DECLINE");
    r = change(work, what);
    return r == 0 ? client_answer(work) : r;
}

/* ── purchases ── */

static int line_of(const struct order *order, str purchase, int64_t number)
{
    for (int i = 0; i < order->line_count; i++) {
        const struct order_line *line = &order->lines[i];
        bool own =
            line->purchase_id.len == 0 && order_purchase_number(order, line->number) == number;
        if (line->recurring &&
            (own || (purchase.len > 0 && str_equal(line->purchase_id, purchase))))
            return i;
    }
    return -1;
}

static bool has_order(const struct order *const *orders, int count, int64_t id)
{
    for (int i = 0; i < count; i++)
        if (orders[i]->id == id)
            return true;
    return false;
}

/* The hub's own number has its order's in it; so has that of a sender which is such a hub. */
static int find_by_purchase(struct client_work *work, str purchase, int64_t number)
{
    struct call *call = work->call;
    struct arena *arena = &call->request->arena;
    struct sql *sql = batch_sql(work->batch);
    int64_t of = order_of_purchase(number);
    const struct store_page page = { .organization = call->caller.organization,
                                     .limit = CLIENT_NAMED_MAX,
                                     .arena = arena };
    const struct order_wanted wanted = { .organization = page.organization, .number = of };
    struct order rows[CLIENT_NAMED_MAX + 1];
    const struct order *has[CLIENT_NAMED_MAX + 1];
    int count;
    int found = 0;
    int r = store_list_orders_shown(sql, &page, arena_format(arena, "%lld", (long long)of), rows,
                                    &count);
    if (r == 0)
        r = store_find_order(sql, &wanted, arena, &rows[count]);
    if (r < 0)
        return fail(r);
    count += r == 0;
    for (int i = 0; i < count; i++)
        if (line_of(&rows[i], purchase, number) >= 0 && !has_order(has, found, rows[i].id))
            has[found++] = &rows[i];
    if (found > 1)
        return client_refuse_ambiguous(call, "purchaseId",
                                       (const struct order *[]){ has[0], has[1] });
    work->found = found == 1;
    if (work->found)
        work->order = *has[0];
    return 0;
}

/* One that came with the order, as its sender has it, is looked for in the order that is named. */
static int find_purchase(struct client_work *work, int *ret_line)
{
    const struct client_order *said = &work->client->said;
    str purchase = parameter(work, "purchaseId");
    int64_t number = 0;
    if (purchase.len == 0)
        return client_refuse_field(work->call, "purchaseId", CLIENT_REQUIRED);
    if (!str_to_int64(purchase, &number) || number < 0)
        number = 0;
    bool named = said->client_order_id.len > 0 || said->order_number != 0;
    int r = named ? begin(work) : find_by_purchase(work, purchase, number);
    if (r != 0)
        return r;
    *ret_line = work->found ? line_of(&work->order, purchase, number) : -1;
    return *ret_line >= 0 ? refuse_lines(work) : client_refuse(work->call, "Purchase not found");
}

static int cancel_purchase(struct client_work *work)
{
    int line = -1;
    int r = find_purchase(work, &line);
    if (r == 0)
        r = change(work, (struct order_change){ .kind = CHANGE_CANCEL,
                                                .line = work->order.lines[line].number });
    return r == 0 ? client_answer(work) : r;
}

struct word {
    str name;
    enum order_change_kind kind;
    enum fulfillment_state state; /* where it is no change */
};

static str take_letter(str *text)
{
    while (text->len > 0 && (text->ptr[0] == ' ' || text->ptr[0] == '_' || text->ptr[0] == '-'))
        *text = str_skip(*text, 1);
    str letter = str_head(*text, 1);
    *text = str_skip(*text, letter.len);
    return letter;
}

/* "RMA Pending" is RMA_PENDING. */
static bool is_word(str text, str name)
{
    while (text.len > 0 || name.len > 0)
        if (!str_equal_nocase(take_letter(&text), take_letter(&name)))
            return false;
    return true;
}

/* NULL: it is none of them. */
static const struct word *find_word(const struct word *words, size_t count, str text)
{
    for (size_t i = 0; i < count; i++)
        if (is_word(text, words[i].name))
            return &words[i];
    return NULL;
}

static int read_status(struct client_work *work, struct order_change *what)
{
    static const struct word words[] = {
        { STR_INIT("ACTIVE"), .kind = CHANGE_REACTIVATE },
        { STR_INIT("PAUSED"), .kind = CHANGE_PAUSE },
        { STR_INIT("CANCELLED"), .kind = CHANGE_CANCEL },
        { STR_INIT("RECYCLE_BILLING"), .kind = CHANGE_REBILL_DECLINED },
        { STR_INIT("RECYCLE_FAILED"), .kind = CHANGE_RECYCLE_FAILED },
    };

    str status = parameter(work, "status");
    const struct word *word = find_word(words, COUNT_OF(words), status);
    if (flag(work, "billNow"))
        return client_refuse_field(work->call, "billNow",
                                   "cannot be: nothing is billed here. A rebill is recorded by "
                                   "the orders API");
    if (flag(work, "reactivate"))
        what->kind = CHANGE_REACTIVATE;
    else if (word != NULL)
        what->kind = word->kind;
    else if (status.len > 0)
        return client_refuse_field(work->call, "status",
                                   "must be ACTIVE, PAUSED, CANCELLED, RECYCLE_BILLING or "
                                   "RECYCLE_FAILED");
    return 0;
}

/* What was sold, and what the order came to, stay: the price is that of the next bills. */
static int read_line(struct client_work *work, int line, struct order_facts *facts)
{
    struct call *call = work->call;
    str date = parameter(work, "nextBillDate");
    int64_t day;
    int64_t price = 0;
    bool priced =
        client_money(&work->client->pairs, "price", &call->request->arena, &price, &call->problem);
    if (problem_has(&call->problem))
        return CALL_REFUSED;
    if (priced && price == 0)
        return client_refuse_field(call, "price",
                                   "must be more than 0: send /purchase/cancel/ for what is not "
                                   "billed any more");
    if (date.len > 0 && !client_read_day(date, &day))
        return client_refuse_field(call, "nextBillDate", "must be a date such as 12/31/2026");
    if (!priced && date.len == 0)
        return 0;
    size_t count = (size_t)work->order.line_count;
    struct order_line *lines = ARENA_ARRAY(&call->request->arena, struct order_line, count);
    memcpy(lines, work->order.lines, count * sizeof(*lines));
    if (priced)
        lines[line].recurring_price = price;
    if (date.len > 0)
        lines[line].next_bill = date;
    facts->lines = lines;
    facts->line_count = work->order.line_count;
    facts->lines_said = facts->lines_are_all = facts->total_said = true;
    facts->total = work->order.total;
    return 0;
}

static int update_purchase(struct client_work *work)
{
    int line = -1;
    int r = find_purchase(work, &line);
    if (r != 0)
        return r;
    struct order_arrival arrival = client_arrival(work, "order_change");
    arrival.input.change.line = work->order.lines[line].number;
    r = read_status(work, &arrival.input.change);
    if (r == 0)
        r = read_line(work, line, &arrival.input.facts);
    if (r == 0)
        r = client_take(work, &arrival);
    return r == 0 ? client_answer(work) : r;
}

/* ── parcels ── */

/* An order has one: its number is the order's. */
static int find_fulfillment(struct client_work *work)
{
    const struct client_order *said = &work->client->said;
    struct call *call = work->call;
    int64_t number;
    bool by_number = client_number(&work->client->pairs, "fulfillmentId", &call->request->arena,
                                   &number, &call->problem);
    if (problem_has(&call->problem))
        return CALL_REFUSED;
    if (!by_number || said->client_order_id.len > 0 || said->order_number != 0)
        return begin(work);
    const struct order_wanted wanted = { .organization = call->caller.organization,
                                         .number = number };
    int r = store_find_order(batch_sql(work->batch), &wanted, &call->request->arena, &work->order);
    work->found = r == 0;
    return r == STORE_NOT_FOUND ? client_refuse(call, CLIENT_NO_ORDERS)
           : r == 0             ? refuse_lines(work)
                                : fail(r);
}

static const struct word fulfillment_words[] = {
    { STR_INIT("shipped"), .kind = CHANGE_SHIPPED },
    { STR_INIT("delivered"), .kind = CHANGE_DELIVERED },
    { STR_INIT("rma_pending"), .kind = CHANGE_RMA_ISSUED },
    { STR_INIT("returned"), .kind = CHANGE_RMA_RECEIVED },
    { STR_INIT("cancelled"), .state = FULFILLMENT_CANCELLED },
    { STR_INIT("pending"), .state = FULFILLMENT_PENDING },
    { STR_INIT("pending_shipment"), .state = FULFILLMENT_PENDING },
    { STR_INIT("hold"), .state = FULFILLMENT_PENDING },
};

/* The same status with the same tracking or RMA number is a repeat. */
static uint64_t fulfillment_key(struct client_work *work, const struct word *word)
{
    const str parts[] = { word->name, parameter(work, "trackingNumber"),
                          parameter(work, "rmaNumber") };
    return client_key(&work->call->request->arena, "fulfillment", parts, COUNT_OF(parts));
}

static int update_fulfillment(struct client_work *work)
{
    str status = parameter(work, "fulfillmentStatus");
    const struct word *word = find_word(fulfillment_words, COUNT_OF(fulfillment_words), status);
    int r = find_fulfillment(work);
    if (r != 0)
        return r;
    if (status.len == 0)
        return client_refuse_field(work->call, "fulfillmentStatus", CLIENT_REQUIRED);
    if (word == NULL)
        return client_refuse_field(work->call, "fulfillmentStatus",
                                   "must be HOLD, PENDING, SHIPPED, DELIVERED, RMA_PENDING, "
                                   "RETURNED or CANCELLED");
    if (word->kind == CHANGE_SHIPPED && parameter(work, "trackingNumber").len == 0)
        return client_refuse_field(work->call, "trackingNumber", CLIENT_REQUIRED);
    if (word->kind == CHANGE_RMA_ISSUED && parameter(work, "rmaNumber").len == 0)
        return client_refuse_field(work->call, "rmaNumber", CLIENT_REQUIRED);
    /* What is agreed to is in the event; a refund is one when it is made. */
    int64_t agreed;
    (void)client_money(&work->client->pairs, "refundAmount", &work->call->request->arena, &agreed,
                       &work->call->problem);
    if (problem_has(&work->call->problem))
        return CALL_REFUSED;
    struct order_arrival arrival = client_arrival(work, "order_change");
    if (word->kind != CHANGE_NONE)
        arrival.input.change =
            (struct order_change){ .kind = word->kind, .key = fulfillment_key(work, word) };
    arrival.input.facts.fulfillment = word->state;
    r = client_take(work, &arrival);
    return r == 0 ? client_answer(work) : r;
}

/* ── routes ── */

#define COMMAND(name, work)                                                                        \
    int name(struct call *call, struct batch *batch)                                               \
    {                                                                                              \
        return client_run(call, batch, work);                                                      \
    }

COMMAND(client_update_order, update_order)
COMMAND(client_cancel_order, cancel_order)
COMMAND(client_refund_order, refund_order)
COMMAND(client_qa_order, decide_qa)
COMMAND(client_update_purchase, update_purchase)
COMMAND(client_cancel_purchase, cancel_purchase)
COMMAND(client_update_fulfillment, update_fulfillment)
