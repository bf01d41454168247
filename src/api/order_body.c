/* SPDX-License-Identifier: MIT */
#include "api/order_body.h"

#include "base/digest.h"
#include "mapping/custom_event.h"
#include "model/money.h"
#include "model/order_names.h"
#include "record/card.h"

/* ── parts ── */

/* `path` ends with a slash, or is empty. */
static void wrong(struct call *call, const char *path, const char *name, const char *code,
                  str message)
{
    struct arena *arena = &call->request->arena;
    call_wrong(call, arena_c(arena, arena_format(arena, "%s%s", path, name)), code, message);
}

/* The schema has looked at it. False: it is not given. */
static bool read_money(json object, const char *name, int64_t *ret_minor)
{
    json value = json_get(object, str_c(name));
    str text = json_type(value) == JSON_NUMBER ? json_number(value) : json_string(value);
    return value != NULL && money_read(text, ret_minor);
}

static str text_of(json object, const char *name)
{
    return str_trim(json_string(json_get(object, str_c(name))));
}

/* "" and null take a value away: see struct order_facts. */
static void read_values(json object, struct arena *arena, struct order_facts *facts)
{
    struct json_walk walk = json_walk(object);
    str name;
    json value;
    struct crm_ref ref;
    while (object != NULL && json_next(&walk, &name, &value)) {
        if (!crm_find(name, &ref) || ref.field >= CRM_VALUE_COUNT)
            continue;
        str text = str_trim(json_string(value));
        facts->values[ref.field] = text.len > 0 ? card_mask_value(ref.field, text, arena) : STR("");
    }
}

static void check_email(struct call *call, const struct order_facts *facts)
{
    str address = facts->values[CRM_EMAIL_ADDRESS];
    if (address.len > 0 && !email_key(address, &call->request->arena, &(str){}, &(str){}))
        call_wrong(call, "customer/emailAddress", "format",
                   STR("This is no e-mail address. Send one such as ann@example.org, or null."));
}

static void read_product(struct call *call, json from, const char *path, int64_t *ret_product)
{
    str id = text_of(from, "productId");
    if (id.len > 0 && !id_read(ID_PRODUCT, id, ret_product))
        wrong(call, path, "productId", "unknown", STR("There is no product with this id."));
}

static void read_line(struct call *call, json from, int index, struct order_line *line)
{
    const char *path =
        arena_c(&call->request->arena, arena_format(&call->request->arena, "lines/%d/", index));
    *line =
        (struct order_line){ .quantity = 1,
                             .price = -1,
                             .sku = text_of(from, "sku"),
                             .name = card_mask_text(text_of(from, "name"), &call->request->arena),
                             .next_bill = text_of(from, "nextBillDate"),
                             .purchase_id = text_of(from, "purchaseId"),
                             .upsell = json_bool(json_get(from, STR("upsell"))),
                             .recurring = json_bool(json_get(from, STR("recurring"))) };
    json quantity = json_get(from, STR("qty"));
    if (quantity != NULL && !json_to_int64(quantity, &line->quantity))
        line->quantity = 1;
    read_product(call, from, path, &line->product);
    (void)read_money(from, "price", &line->price);
    (void)read_money(from, "shipPrice", &line->ship_price);
    (void)read_money(from, "recurringPrice", &line->recurring_price);
    if (line->sku.len == 0 && text_of(from, "productId").len == 0)
        wrong(call, path, "sku", "required", STR("A line needs a sku or a productId."));
}

static void read_lines(struct call *call, struct order_facts *facts)
{
    json from = json_get(call->body, STR("lines"));
    if (from == NULL)
        return;
    struct order_line *lines =
        ARENA_ARRAY(&call->request->arena, struct order_line, json_count(from) + 1);
    struct json_walk walk = json_walk(from);
    json value;
    while (json_next(&walk, NULL, &value)) {
        read_line(call, value, facts->line_count, &lines[facts->line_count]);
        facts->line_count++;
    }
    facts->lines = lines;
    facts->lines_said = true;
}

/* The first eight bytes of its digest. */
uint64_t order_change_key(str id)
{
    struct digest digest = digest_sha256(id);
    uint64_t key;
    memcpy(&key, digest.bytes, sizeof(key));
    return key | 1;
}

/* Of a change that says an id: 48 bits of that, 15 of its type, and a 0, by which it is told from a
 * key of another kind. Before there were types in keys, order_change_key() of the id was the key. */
static uint64_t typed_key(str id, str type)
{
    return (order_change_key(id) & ~UINT64_C(0xffff)) | (order_change_key(type) & 0xfffe);
}

static bool is_of_same_id(uint64_t a, uint64_t b)
{
    return ((a | b) & 1) == 0 && a >> 16 == b >> 16;
}

static struct order_arrival *new_arrival(struct call *call, const char *type)
{
    struct order_arrival *arrival = ARENA_NEW(&call->request->arena, struct order_arrival);
    *arrival = (struct order_arrival){ .type = str_c(type), .request_id = call->request->id };
    arrival->input.strict = true;
    call->parsed = arrival;
    return arrival;
}

/* ── an order ── */

static void check_currency(struct call *call, str currency)
{
    for (size_t i = 0; i < currency.len; i++)
        if (currency.ptr[i] < 'A' || currency.ptr[i] > 'Z')
            call_wrong(call, "currency", "format",
                       STR("Send a currency's three capital letters, as ISO 4217 has them."));
}

bool order_body_read(struct call *call)
{
    struct order_arrival *arrival = new_arrival(call, "order_import");
    struct order_facts *facts = &arrival->input.facts;
    arrival->make = true;
    (void)body_text(call, "clientOrderId", &arrival->wanted.client_order_id);
    (void)body_text(call, "currency", &facts->currency);
    (void)body_bool(call, "testCard", &facts->test);
    str text = {};
    if (body_text(call, "state", &text) && !sale_state_read(text, &facts->state))
        facts->state = SALE_PARTIAL; /* cannot be: the schema has the names */
    if (body_text(call, "campaignId", &text) && !id_read(ID_CAMPAIGN, text, &arrival->campaign))
        call_wrong(call, "campaignId", "unknown", STR("There is no campaign with this id."));
    check_currency(call, facts->currency);
    facts->total_said = read_money(call->body, "total", &facts->total);
    read_values(json_get(call->body, STR("customer")), &call->request->arena, facts);
    read_values(json_get(call->body, STR("fields")), &call->request->arena, facts);
    check_email(call, facts);
    read_lines(call, facts);
    facts->lines_are_all = true;
    return !problem_has(&call->problem);
}

/* ── a change ── */

static void take_value(struct order_facts *facts, enum crm_field field, str text)
{
    if (text.len > 0)
        facts->values[field] = text;
}

/* CRM_NONE: no field of an order is about that. */
static enum crm_field reason_field(enum order_change_kind kind)
{
    switch (kind) {
    case CHANGE_REFUND:
        return CRM_REFUND_REASON;
    case CHANGE_CHARGEBACK:
        return CRM_CHARGEBACK_NOTE;
    case CHANGE_DECLINE:
    case CHANGE_REBILL_DECLINED:
    case CHANGE_RECYCLE_FAILED:
    case CHANGE_QA_DECLINED:
        return CRM_DECLINE_REASON;
    default:
        return CRM_NONE;
    }
}

/* What the order does not keep is in the event. */
static void take_reason(struct call *call, struct order_arrival *arrival)
{
    str text = card_mask_text(text_of(call->body, "reason"), &call->request->arena);
    enum crm_field field = reason_field(arrival->input.change.kind);
    struct buf buf;
    if (field != CRM_NONE)
        take_value(&arrival->input.facts, field, text);
    if (field != CRM_NONE || text.len == 0)
        return;
    buf_init(&buf, &call->request->arena, SIZE_MAX / 2);
    struct json_writer out = json_writer(&buf);
    json_begin_object(&out);
    json_member_string(&out, STR("reason"), text);
    json_end_object(&out);
    arrival->received = buf_str(&buf);
}

static void check_amount(struct call *call, const struct order_change *change)
{
    bool has = change->kind == CHANGE_REFUND || change->kind == CHANGE_CHARGEBACK ||
               order_is_bill(change->kind);
    if (change->amount_said && !has)
        call_wrong(call, "amount", "unknown",
                   STR("Only a refund, a chargeback and a bill have an amount: leave it out. What "
                       "was sold for how much is in the order's lines and total."));
}

bool order_body_read_change(struct call *call)
{
    struct order_arrival *arrival = new_arrival(call, "order_change");
    struct order_facts *facts = &arrival->input.facts;
    struct order_change *change = &arrival->input.change;
    str text = {};
    if (body_text(call, "id", &text))
        change->key = typed_key(text, text_of(call->body, "type"));
    if (body_text(call, "type", &text) && !order_change_read(text, &change->kind))
        change->kind = CHANGE_NONE; /* cannot be: the schema has the names */
    (void)body_text(call, "sku", &change->sku);
    read_product(call, call->body, "", &change->product);
    change->amount_said = read_money(call->body, "amount", &change->amount);
    read_values(json_get(call->body, STR("fields")), &call->request->arena, facts);
    take_value(facts, CRM_TRACKING_NUMBER, text_of(call->body, "trackingNumber"));
    take_value(facts, CRM_RMA_NUMBER, text_of(call->body, "rmaNumber"));
    take_value(facts, CRM_SHIP_CARRIER,
               card_mask_text(text_of(call->body, "shipCarrier"), &call->request->arena));
    take_reason(call, arrival);
    check_amount(call, change);
    read_lines(call, facts);
    if (facts->lines_said && change->kind != CHANGE_UPSELL)
        call_wrong(call, "lines", "unknown", STR("Only an upsell brings lines."));
    for (int i = 0; i < facts->line_count; i++)
        ((struct order_line *)(uintptr_t)facts->lines)[i].upsell = true;
    return !problem_has(&call->problem);
}

/* ── what the store knows ── */

/* As it is said, or as its SKU is linked. */
static const struct product *product_of(const struct picture *picture,
                                        const struct order_line *line, const struct sku_load *sku)
{
    int64_t product = line->product != 0 || sku == NULL ? line->product : sku->product;
    return product == 0 ? NULL : objects_find(&picture->products, product);
}

void order_line_settle(struct order_line *line, const struct product *product, bool recurring_said)
{
    if (product == NULL)
        return;
    line->product_number = product->number;
    line->list_price = MIN_OF(product->price * line->quantity, MONEY_MAX);
    if (!recurring_said)
        line->recurring = product->recurring;
    if (line->name.len == 0)
        line->name = product->name;
}

static bool says_recurring(const struct call *call, int index)
{
    json lines = json_get(call->body, STR("lines"));
    struct json_walk walk = json_walk(lines);
    json line = NULL;
    for (int i = 0; i <= index; i++)
        if (!json_next(&walk, NULL, &line))
            return false;
    return json_get(line, STR("recurring")) != NULL;
}

static void settle_lines(struct call *call, const struct picture *picture,
                         struct order_arrival *arrival)
{
    const struct order_facts *facts = &arrival->input.facts;
    struct order_line *lines =
        ARENA_ARRAY(&call->request->arena, struct order_line, (size_t)facts->line_count + 1);
    for (int i = 0; i < facts->line_count; i++) {
        lines[i] = facts->lines[i];
        const struct product *product = product_of(picture, &lines[i], arrival->skus[i]);
        if (lines[i].product != 0 && product == NULL)
            wrong(
                call,
                arena_c(&call->request->arena, arena_format(&call->request->arena, "lines/%d/", i)),
                "productId", "unknown", STR("There is no product with this id."));
        order_line_settle(&lines[i], product, says_recurring(call, i));
    }
    arrival->input.facts.lines = lines;
}

/* An id is one change's, and a change has one type. */
static void settle_id(struct call *call, struct batch *batch, struct order_arrival *arrival)
{
    struct order_change *change = &arrival->input.change;
    str id = text_of(call->body, "id");
    const struct order *order =
        change->key == 0 ? NULL
                         : orders_find(batch, arrival->wanted.organization, arrival->wanted.id);
    for (int i = 0; order != NULL && i < order->change_count; i++) {
        uint64_t known = order->changes[i];
        if (known == order_change_key(id))
            change->key = known;
        else if (known != change->key && is_of_same_id(known, change->key))
            call_wrong(call, "id", "conflict",
                       STR("A change of another type has been applied under this id: send this one "
                           "under an id of its own."));
    }
}

int order_body_settle(struct call *call, struct batch *batch, struct order_arrival *arrival)
{
    const struct picture *picture = batch_picture(batch, call->caller.organization);
    if (picture == NULL)
        return call_not_found(call, "organization");
    bool fresh = arrival->make && !orders_is_known(batch, &arrival->wanted);
    if (arrival->campaign != 0 && objects_find(&picture->campaigns, arrival->campaign) == NULL)
        call_wrong(call, "campaignId", "unknown", STR("There is no campaign with this id."));
    else if (fresh && arrival->campaign == 0)
        call_wrong(call, "campaignId", "required", STR("A new order needs its campaign."));
    if (arrival->input.change.product != 0 &&
        objects_find(&picture->products, arrival->input.change.product) == NULL)
        call_wrong(call, "productId", "unknown", STR("There is no product with this id."));
    settle_id(call, batch, arrival);
    settle_lines(call, picture, arrival);
    return problem_has(&call->problem) ? CALL_REFUSED : 0;
}
