/* SPDX-License-Identifier: MIT
 * api/client_orders.c: what clients say of orders: leads, orders, upsells. Each goes the way that the
 * orders API goes. No payment is made: what a client says was sold has been sold. */
#include "api/client.h"
#include "api/handlers.h"
#include "api/order_body.h"
#include "inlet/konnektive.h"
#include "mapping/sku.h"
#include "model/money.h"
#include "store/catalog.h"

/* ── a call on its way ── */

/* What its sender hears is recorded before. */
static int note_refusal(struct client_work *work)
{
    struct call *call = work->call;
    const struct rejection rejection =
        inlet_rejection(&call->api->context.inlet, call->request, call->caller.organization,
                        call->caller.id, konnektive_inlet_name, &call->problem);
    batch_add_rejection(work->batch, &rejection);
    return 0;
}

int client_run(struct call *call, struct batch *batch, int (*run)(struct client_work *work))
{
    struct client_work *work = ARENA_NEW(&call->request->arena, struct client_work);
    work->call = call;
    work->batch = batch;
    work->client = client_of(call);
    work->picture = batch_picture(batch, call->caller.organization);
    if (work->picture != NULL)
        work->plugin = objects_find(&work->picture->plugins, call->caller.id);
    call->problem = work->client->refusal;
    int r = problem_has(&call->problem) ? CALL_REFUSED : 0;
    if (r == 0 && (work->plugin == NULL || work->plugin->client_login.len == 0))
        r = client_refuse(call, "loginId or password is wrong");
    if (r == 0)
        r = run(work);
    return r > 0 ? note_refusal(work) : fail(r);
}

int client_find_order(struct client_work *work)
{
    const struct client_order *said = &work->client->said;
    if (said->client_order_id.len == 0 && said->order_number == 0)
        return 0;
    struct order rows[CLIENT_NAMED_MAX];
    int count;
    int r =
        client_find_named(work->call, batch_sql(work->batch), said->client_order_id, rows, &count);
    if (r < 0)
        return fail(r);
    if (count > 1)
        return client_refuse_ambiguous(work->call, "actualOrderId",
                                       (const struct order *[]){ &rows[0], &rows[1] });
    work->found = count == 1;
    if (work->found)
        work->order = rows[0];
    return 0;
}

int client_need_order(struct client_work *work)
{
    const struct client_order *said = &work->client->said;
    if (said->client_order_id.len == 0 && said->order_number == 0)
        return client_refuse_field(work->call, "orderId", CLIENT_REQUIRED);
    int r = client_find_order(work);
    if (r == 0 && !work->found)
        r = client_refuse(work->call, CLIENT_NO_ORDERS);
    return r;
}

struct order_arrival client_arrival(struct client_work *work, const char *type)
{
    const struct client_order *said = &work->client->said;
    assert(work->plugin != NULL); /* client_run() has looked */
    struct order_arrival arrival = { .wanted = { .organization = work->call->caller.organization },
                                     .import_skus = work->plugin->import_unknown_skus,
                                     .input = { .facts = said->facts, .strict = true },
                                     .type = str_c(type),
                                     .inlet = work->plugin->object.id,
                                     .hops = work->client->hops,
                                     .received = said->rest,
                                     .request_id = work->call->request->id };
    struct order_facts *facts = &arrival.input.facts;
    facts->lines = NULL;
    facts->line_count = 0;
    facts->lines_said = false;
    facts->total_said = false;
    if (work->found)
        arrival.wanted.id = work->order.id;
    else
        arrival.wanted.client_order_id = said->client_order_id;
    return arrival;
}

/* ── products ── */

int client_find_product(struct client_work *work, str text, const struct product **ret_product)
{
    int64_t number;
    int64_t id;
    *ret_product = NULL;
    if (!str_to_int64(text, &number) || number <= 0)
        return 0;
    int r = store_find_product_number(batch_sql(work->batch), work->call->caller.organization,
                                      number, &id);
    if (r == 0)
        *ret_product = objects_find(&work->picture->products, id);
    return fail(MIN_OF(r, 0));
}

static int wrong_product(struct client_work *work, int at)
{
    struct arena *arena = &work->call->request->arena;
    int slot = work->client->said.lines[at].slot;
    str field = slot == 0 ? STR("productId") : arena_format(arena, "product%d_id", slot);
    return client_refuse_field(work->call, arena_c(arena, field),
                               "is neither a product's number nor a SKU of the campaign");
}

/* The number of a product; what is none is a SKU, or, beside a SKU, the sender's id for it. */
int client_settle_lines(struct client_work *work, struct order_arrival *arrival)
{
    const struct client_order *said = &work->client->said;
    struct arena *arena = &work->call->request->arena;
    int count = said->facts.line_count;
    struct order_line *lines = ARENA_ARRAY(arena, struct order_line, (size_t)count + 1);
    for (int i = 0; i < count; i++) {
        const struct product *product;
        int r = client_find_product(work, said->lines[i].product, &product);
        if (r < 0)
            return fail(r);
        lines[i] = said->facts.lines[i];
        if (product != NULL) {
            lines[i].product = product->object.id;
            order_line_settle(&lines[i], product, false);
        } else if (lines[i].sku.len > 0) {
            lines[i].sender_id = said->lines[i].product;
        } else if (!sku_read(said->lines[i].product, &lines[i].sku)) {
            return wrong_product(work, i);
        }
    }
    arrival->input.facts.lines = lines;
    arrival->input.facts.line_count = count;
    arrival->input.facts.lines_said = count > 0;
    return 0;
}

/* Those that the campaign knows have what their products have. */
static int settle_skus(struct client_work *work, struct order_arrival *arrival)
{
    struct order_facts *facts = &arrival->input.facts;
    int said = MIN_OF(work->client->said.facts.line_count, facts->line_count);
    struct order_line *lines = (struct order_line *)(uintptr_t)facts->lines;
    for (int i = 0; i < said; i++) {
        const struct sku_load *sku = arrival->skus[i];
        if (lines[i].product != 0)
            continue;
        if (sku == NULL || (sku->id == 0 && !arrival->import_skus))
            return wrong_product(work, i);
        const struct product *product =
            sku->product == 0 ? NULL : objects_find(&work->picture->products, sku->product);
        order_line_settle(&lines[i], product, false);
    }
    return 0;
}

/* ── taking ── */

/* A parameter of the client's, or a sentence. */
static int translate(struct call *call, const struct order_outcome *outcome)
{
    str field = str_c(outcome->field);
    call->problem = (struct problem){};
    if (str_equal(field, STR("amount")))
        field = STR("refundAmount");
    else if (!str_equal(field, STR("rmaNumber")))
        return call_refuse(call, PROBLEM_CONFLICT, outcome->text);
    client_wrong(&call->problem, &call->request->arena, arena_c(&call->request->arena, field),
                 "conflict", outcome->text);
    return CALL_REFUSED;
}

int client_take(struct client_work *work, struct order_arrival *arrival)
{
    struct order_arrived arrived;
    orders_want(work->batch, arrival);
    int r = batch_load(work->batch);
    if (r == 0)
        r = settle_skus(work, arrival);
    if (r != 0)
        return r;
    client_say_total(work->found ? &work->order : &(struct order){}, &arrival->input,
                     &work->call->request->arena);
    if (!orders_take(work->batch, arrival, &arrived, &work->call->problem))
        return translate(work->call, &arrived.outcome);
    work->order = *arrived.order;
    work->found = true;
    if (arrived.customer != NULL)
        work->customer = arrived.customer->number;
    return 0;
}

int client_answer(struct client_work *work)
{
    (void)client_begin(work->call);
    struct client_writer writer = client_writer(work->call, batch_sql(work->batch));
    int r = client_write_order(&writer, &work->order, work->customer);
    client_writer_done(&writer);
    if (r == 0)
        client_end(work->call);
    return fail(r);
}

uint64_t client_key(struct arena *arena, const char *kind, const str *parts, int count)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2);
    buf_add(&buf, str_c(kind));
    for (int i = 0; i < count; i++)
        buf_format(&buf, "/%zu:%.*s", parts[i].len, STR_ARG(parts[i]));
    return order_change_key(buf_str(&buf));
}

/* ── leads and orders ── */

static bool has_value(const struct client_work *work, const struct order_arrival *arrival,
                      enum crm_field field)
{
    return arrival->input.facts.values[field].len > 0 ||
           (work->found && work->order.values[field].len > 0);
}

static bool has_names(const struct client_work *work, const struct order_arrival *arrival)
{
    return has_value(work, arrival, CRM_FIRST_NAME) && has_value(work, arrival, CRM_LAST_NAME);
}

/* Its SKUs are its campaign's: in another one they may be something else. */
static int check_campaign(struct client_work *work)
{
    int64_t number = work->client->said.campaign;
    struct arena *arena = &work->call->request->arena;
    const struct campaign *own = objects_find(&work->picture->campaigns, work->order.campaign);
    if (number == 0 || own == NULL || own->number == number)
        return 0;
    return client_refuse_field(
        work->call, "campaignId",
        arena_c(arena, arena_format(arena,
                                    "is not the order's, which is %lld: leave it out, or begin "
                                    "another order",
                                    (long long)own->number)));
}

/* Of an order that is new; one that is there keeps its own. False: none, or an unknown one. */
static int find_campaign(struct client_work *work, struct order_arrival *arrival, bool *ret_known)
{
    int64_t number = work->client->said.campaign;
    *ret_known = true;
    if (work->found)
        return check_campaign(work);
    int r = number == 0 ? STORE_NOT_FOUND
                        : store_find_campaign_number(batch_sql(work->batch),
                                                     work->call->caller.organization, number,
                                                     &arrival->campaign);
    *ret_known = r == 0;
    return fail(MIN_OF(r, 0));
}

/* Of a customer who is named by their number, what is known from their newest order. */
static int take_customer(struct client_work *work, struct order_arrival *arrival)
{
    struct sql *sql = batch_sql(work->batch);
    struct arena *arena = &work->call->request->arena;
    int64_t organization = work->call->caller.organization;
    int64_t number = work->client->said.customer;
    if (number == 0 || work->found)
        return 0;
    struct customer *customer = ARENA_NEW(arena, struct customer);
    struct order newest;
    int r = store_find_customer_number(sql, organization, number, arena, customer);
    if (r == STORE_NOT_FOUND)
        return client_refuse(work->call, CLIENT_NO_CUSTOMER);
    if (r < 0)
        return fail(r);
    arrival->customer = customer;
    r = store_find_newest_order(sql, organization, customer->id, arena, &newest);
    for (int i = 0; r == 0 && i < CRM_VALUE_COUNT; i++) {
        enum crm_group group = crm_value_group((enum crm_field)i);
        bool of_customer = group == CRM_GROUP_CUSTOMER || group == CRM_GROUP_SHIPPING;
        if (of_customer && arrival->input.facts.values[i].len == 0 && newest.values[i].len > 0)
            arrival->input.facts.values[i] = newest.values[i];
    }
    return fail(MIN_OF(r, 0));
}

/* Its order by orderId, and whom it is from. */
static int begin(struct client_work *work, struct order_arrival *arrival)
{
    int r = client_find_order(work);
    if (r != 0)
        return r;
    *arrival = client_arrival(work, "order_import");
    arrival->make = work->client->said.order_number == 0;
    if (!arrival->make && !work->found)
        return client_refuse(work->call, CLIENT_NO_ORDERS);
    return take_customer(work, arrival);
}

static int import_lead(struct client_work *work)
{
    struct order_arrival arrival;
    bool known = false;
    int r = begin(work, &arrival);
    if (r != 0)
        return r;
    if (work->found && work->order.state != SALE_PARTIAL && work->order.state != SALE_DECLINED)
        return client_refuse(work->call,
                             "The order is a lead no more: change it by /order/update/");
    if (!has_names(work, &arrival))
        return client_refuse(work->call, "First and last name are required fields.");
    r = find_campaign(work, &arrival, &known);
    if (r == 0 && !known)
        r = client_refuse_field(work->call, "campaignId",
                                work->client->said.campaign == 0 ? CLIENT_REQUIRED
                                                                 : "is no campaign's number");
    if (r == 0)
        r = client_settle_lines(work, &arrival);
    arrival.input.facts.total_said = work->client->said.facts.total_said;
    arrival.input.facts.state = SALE_PARTIAL;
    arrival.input.facts.lines_are_all = true;
    if (r == 0)
        r = client_take(work, &arrival);
    return r == 0 ? client_answer(work) : r;
}

/* What waits in QA stays there until somebody decides. */
static enum sale_state state_of(const struct client_work *work)
{
    bool waits = work->found && work->order.state == SALE_QA_PENDING;
    bool sold = work->found && work->order.sold;
    bool forced = client_flag(&work->client->pairs, "forceQA");
    return waits || (forced && !sold) ? SALE_QA_PENDING : SALE_COMPLETE;
}

/* What is sold may have got upsells: lines that come again are changed, and none goes. */
static int import_order(struct client_work *work)
{
    struct order_arrival arrival;
    bool known = false;
    int r = begin(work, &arrival);
    if (r != 0)
        return r;
    bool nobody =
        !has_value(work, &arrival, CRM_FIRST_NAME) && !has_value(work, &arrival, CRM_LAST_NAME);
    if (nobody && !work->found && arrival.customer == NULL)
        return client_refuse(work->call, CLIENT_NO_CUSTOMER);
    if (!has_names(work, &arrival))
        return client_refuse(work->call, "First and last name are required fields.");
    r = find_campaign(work, &arrival, &known);
    int lines = work->client->said.facts.line_count + (work->found ? work->order.line_count : 0);
    if (r == 0 && (!known || lines == 0))
        r = client_refuse(work->call, "No products exist in the order");
    if (r == 0)
        r = client_settle_lines(work, &arrival);
    arrival.input.facts.total_said = work->client->said.facts.total_said;
    arrival.input.facts.state = state_of(work);
    arrival.input.facts.lines_are_all = !(work->found && work->order.sold);
    if (r == 0)
        r = client_take(work, &arrival);
    return r == 0 ? client_answer(work) : r;
}

/* ── upsells ── */

static int find_replaced(struct client_work *work, str text, int *ret_line)
{
    const struct product *product;
    int r = client_find_product(work, text, &product);
    *ret_line = -1;
    for (int i = 0; r == 0 && i < work->order.line_count; i++) {
        const struct order_line *line = &work->order.lines[i];
        if (product != NULL ? order_line_product(line) == product->object.id
                            : str_equal_nocase(line->sku, text))
            *ret_line = i;
    }
    return fail(r);
}

static bool has_key(const struct order *order, uint64_t key)
{
    for (int i = 0; i < order->change_count; i++)
        if (order->changes[i] == key)
            return true;
    return false;
}

/* What goes for the upsell. */
static int find_replaced_by(struct client_work *work, struct order_arrival *arrival)
{
    str text = client_text(&work->client->pairs, "replaceProductId");
    int replaced;
    if (text.len == 0)
        return 0;
    int r = find_replaced(work, text, &replaced);
    if (r < 0)
        return fail(r);
    if (replaced < 0)
        return has_key(&work->order, arrival->input.change.key)
                   ? 0
                   : client_refuse_field(work->call, "replaceProductId",
                                         "is no product of the order");
    arrival->input.facts.replaced = work->order.lines[replaced].number;
    return 0;
}

/* The same of the same order again is a repeat. */
static uint64_t upsell_key(struct client_work *work)
{
    const struct client_order *said = &work->client->said;
    struct arena *arena = &work->call->request->arena;
    int count = said->facts.line_count;
    str *parts = ARENA_ARRAY(arena, str, (size_t)count * 2 + 1);
    for (int i = 0; i < count; i++) {
        const struct order_line *line = &said->facts.lines[i];
        parts[2 * i] = said->lines[i].product;
        parts[2 * i + 1] =
            arena_format(arena, "%lld/%lld/%lld", (long long)line->quantity, (long long)line->price,
                         (long long)MAX_OF(line->ship_price, 0));
    }
    parts[2 * count] = client_text(&work->client->pairs, "replaceProductId");
    return client_key(arena, "upsell", parts, 2 * count + 1);
}

/* What is said of a whole order is not of the upsell alone; its tax may come under either name. */
static int take_tax(struct client_work *work, struct order_arrival *arrival)
{
    static const enum crm_field of_order[] = { CRM_BASE_PRICE, CRM_TOTAL_SHIPPING,
                                               CRM_TOTAL_DISCOUNT };

    struct order_facts *facts = &arrival->input.facts;
    struct order_line *lines = (struct order_line *)(uintptr_t)facts->lines;
    for (size_t i = 0; i < COUNT_OF(of_order); i++)
        if (facts->values[of_order[i]].len > 0)
            return client_refuse_field(
                work->call, arena_c(&work->call->request->arena, crm_field_name(of_order[i])),
                "is of a whole order: an upsell has productPrice, productShipPrice and "
                "productSalesTax");
    int64_t tax;
    if (lines[0].sales_tax == 0 && money_read(facts->values[CRM_SALES_TAX], &tax))
        lines[0].sales_tax = tax;
    facts->values[CRM_SALES_TAX] = (str){};
    return 0;
}

static int import_upsell(struct client_work *work)
{
    int r = client_need_order(work);
    if (r != 0)
        return r;
    if (work->client->said.facts.line_count == 0)
        return client_refuse_field(work->call, "productId", CLIENT_REQUIRED);
    if (work->order.line_count + work->client->said.facts.line_count > ORDER_LINES_MAX)
        return client_refuse(work->call, "The order has 100 products: no more can be added");
    struct order_arrival arrival = client_arrival(work, "order_change");
    arrival.input.change = (struct order_change){ .kind = CHANGE_UPSELL, .key = upsell_key(work) };
    r = client_settle_lines(work, &arrival);
    struct order_line *lines = (struct order_line *)(uintptr_t)arrival.input.facts.lines;
    for (int i = 0; r == 0 && i < arrival.input.facts.line_count; i++)
        lines[i].upsell = true;
    if (r == 0)
        r = take_tax(work, &arrival);
    if (r == 0)
        r = find_replaced_by(work, &arrival);
    if (r == 0)
        r = client_take(work, &arrival);
    return r == 0 ? client_answer(work) : r;
}

/* ── routes ── */

int client_import_lead(struct call *call, struct batch *batch)
{
    return client_run(call, batch, import_lead);
}

int client_import_order(struct call *call, struct batch *batch)
{
    return client_run(call, batch, import_order);
}

int client_import_upsell(struct call *call, struct batch *batch)
{
    return client_run(call, batch, import_upsell);
}
