/* SPDX-License-Identifier: MIT */
#include "mapping/crm_value.h"

#include "base/buf.h"
#include "base/instant.h"
#include "model/money.h"

static const str sale_states[] = {
#define WIRE_NAME(member, name, wire) [SALE_##member] = STR_INIT(wire),
    SALE_STATES(WIRE_NAME)
#undef WIRE_NAME
};

static const str purchase_states[] = {
#define WIRE_NAME(member, name, wire) [PURCHASE_##member] = STR_INIT(wire),
    PURCHASE_STATES(WIRE_NAME)
#undef WIRE_NAME
};

static const str fulfillment_states[] = {
#define WIRE_NAME(member, name, wire) [FULFILLMENT_##member] = STR_INIT(wire),
    FULFILLMENT_STATES(WIRE_NAME)
#undef WIRE_NAME
};

static const str customer_types[] = {
#define WIRE_NAME(member, name, wire, label) [CUSTOMER_##member] = STR_INIT(wire),
    CUSTOMER_TYPES(WIRE_NAME)
#undef WIRE_NAME
};

static str number(int64_t value, struct arena *arena)
{
    return arena_format(arena, "%lld", (long long)value);
}

static str number_or_none(int64_t value, struct arena *arena)
{
    return value == 0 ? (str){} : number(value, arena);
}

static str money(int64_t minor, struct arena *arena)
{
    char text[MONEY_TEXT_MAX];
    return arena_str(arena, money_write(minor, text));
}

static str money_or_none(int64_t minor, struct arena *arena)
{
    return minor == 0 ? (str){} : money(minor, arena);
}

static str stored(const struct crm_source *source, enum crm_field field)
{
    return source->order->values[field];
}

/* ── the order ── */

static str order_id(const struct crm_source *source, struct arena *arena)
{
    const struct order *order = source->order;
    return order->sender_order_id.len > 0 ? order->sender_order_id : number(order->number, arena);
}

static str client_order_id(const struct crm_source *source, struct arena *arena)
{
    (void)arena;
    return source->order->client_order_id;
}

static str order_type(const struct crm_source *source, struct arena *arena)
{
    (void)arena;
    if (source->order->state == SALE_CHARGEBACK)
        return STR("CHARGEBACK");
    return source->order->recurs ? STR("RECURRING") : STR("NEW_SALE");
}

static str order_status(const struct crm_source *source, struct arena *arena)
{
    (void)arena;
    return sale_states[source->order->state];
}

static str total(const struct crm_source *source, struct arena *arena)
{
    return money(source->order->total, arena);
}

/* Of a bill, what that one was of. */
static str total_price(const struct crm_source *source, struct arena *arena)
{
    bool known = source->type == CUSTOMER_RECURRING_ORDER ||
                 (source->type == CUSTOMER_REBILL_DECLINE && source->amount != 0);
    return known ? money(source->amount, arena) : total(source, arena);
}

/* It was sold, for nothing, before its upsells came; of one that has begun with a bill, the first sale
 * is not known either. */
static bool was_free(const struct order *order)
{
    int64_t sum = 0;
    int64_t discount = 0;
    for (int i = 0; i < order->line_count; i++)
        if (!order->lines[i].upsell)
            sum += order->lines[i].price + order->lines[i].ship_price;
    if (!money_read(order->values[CRM_TOTAL_DISCOUNT], &discount))
        discount = 0;
    return order->sold && (order->told & 1U << CUSTOMER_NEW_SALE) != 0 && sum <= discount;
}

static str order_total(const struct crm_source *source, struct arena *arena)
{
    const struct order *order = source->order;
    return order->first_total != 0 || was_free(order) ? money(order->first_total, arena)
                                                      : total(source, arena);
}

/* What is said, else the sum of the order's lines, which a bill is not of. */
static str said_or(const struct crm_source *source, enum crm_field field, int64_t sum,
                   struct arena *arena)
{
    str said = stored(source, field);
    bool of_bill =
        source->type == CUSTOMER_RECURRING_ORDER || source->type == CUSTOMER_REBILL_DECLINE;
    return said.len > 0 || of_bill ? said : money_or_none(sum, arena);
}

static str base_price(const struct crm_source *source, struct arena *arena)
{
    int64_t sum = 0;
    for (int i = 0; i < source->order->line_count; i++)
        sum += source->order->lines[i].price;
    return said_or(source, CRM_BASE_PRICE, sum, arena);
}

static str total_shipping(const struct crm_source *source, struct arena *arena)
{
    int64_t sum = 0;
    for (int i = 0; i < source->order->line_count; i++)
        sum += source->order->lines[i].ship_price;
    return said_or(source, CRM_TOTAL_SHIPPING, sum, arena);
}

static str discount_price(const struct crm_source *source, struct arena *arena)
{
    (void)arena;
    return stored(source, CRM_TOTAL_DISCOUNT);
}

static str currency_code(const struct crm_source *source, struct arena *arena)
{
    (void)arena;
    return order_currency(source->order);
}

static str has_upsell(const struct crm_source *source, struct arena *arena)
{
    (void)arena;
    for (int i = 0; i < source->order->line_count; i++)
        if (source->order->lines[i].upsell)
            return STR("1");
    return STR("0");
}

static str refund_remaining(const struct crm_source *source, struct arena *arena)
{
    return money(MAX_OF(source->order->captured - source->order->refunded, 0), arena);
}

static str fulfillment_status(const struct crm_source *source, struct arena *arena)
{
    (void)arena;
    return fulfillment_states[source->order->fulfillment];
}

static bool is_refund(enum customer_type type)
{
    return type == CUSTOMER_ALL_REFUNDS || type == CUSTOMER_PARTIAL_REFUNDS ||
           type == CUSTOMER_FULL_REFUNDS;
}

static str refund_amount(const struct crm_source *source, struct arena *arena)
{
    if (is_refund(source->type) && (source->occurred || source->amount != 0))
        return money(source->amount, arena);
    return money_or_none(source->order->refund, arena);
}

static str chargeback_amount(const struct crm_source *source, struct arena *arena)
{
    if (source->type == CUSTOMER_CHARGEBACK && (source->occurred || source->amount != 0))
        return money(source->amount, arena);
    return money_or_none(source->order->charged_back, arena);
}

/* ── when ── */

static int64_t seconds(int64_t at_ms)
{
    return at_ms / 1000 - (at_ms % 1000 < 0);
}

static str local(const struct crm_source *source, int64_t at_ms, struct arena *arena)
{
    char text[ZONE_TEXT_LEN];
    return at_ms == 0 ? (str){} : arena_str(arena, zone_write(source->zone, seconds(at_ms), text));
}

static str iso(int64_t at_ms, struct arena *arena)
{
    char text[INSTANT_TEXT_LEN];
    if (at_ms == 0)
        return (str){};
    instant_write(at_ms, text);
    return arena_str(arena, str_from(text, sizeof(text)));
}

static str date_created(const struct crm_source *source, struct arena *arena)
{
    return local(source, order_date_ms(source->order), arena);
}

static str date_created_iso(const struct crm_source *source, struct arena *arena)
{
    return iso(order_date_ms(source->order), arena);
}

static str time_created(const struct crm_source *source, struct arena *arena)
{
    str text = date_created(source, arena);
    return text.len == 0 ? text : str_skip(text, sizeof("YYYY-MM-DD"));
}

static str date_updated(const struct crm_source *source, struct arena *arena)
{
    return local(source, source->order->updated_ms, arena);
}

static str date_updated_iso(const struct crm_source *source, struct arena *arena)
{
    return iso(source->order->updated_ms, arena);
}

/* ── who, and from where ── */

static str customer_id(const struct crm_source *source, struct arena *arena)
{
    return number_or_none(source->customer_number, arena);
}

static str customer_type(const struct crm_source *source, struct arena *arena)
{
    (void)arena;
    return customer_types[source->type];
}

static str join(str first, str last, struct arena *arena)
{
    return str_trim(
        arena_format(arena, "%.*s %.*s", STR_ARG(str_trim(first)), STR_ARG(str_trim(last))));
}

static str full_name(const struct crm_source *source, struct arena *arena)
{
    return join(stored(source, CRM_FIRST_NAME), stored(source, CRM_LAST_NAME), arena);
}

static str ship_full_name(const struct crm_source *source, struct arena *arena)
{
    return join(stored(source, CRM_SHIP_FIRST_NAME), stored(source, CRM_SHIP_LAST_NAME), arena);
}

static str campaign_id(const struct crm_source *source, struct arena *arena)
{
    return number_or_none(source->campaign_number, arena);
}

static str campaign_name(const struct crm_source *source, struct arena *arena)
{
    (void)arena;
    return source->campaign_name;
}

static str custom_fields(const struct crm_source *source, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX); /* what is stored had a cap */
    for (int field = CRM_CUSTOM1; field <= CRM_CUSTOM5; field++) {
        str value = source->order->values[field];
        if (value.len > 0 && buf.len > 0)
            buf_char(&buf, ',');
        buf_add(&buf, value);
    }
    return buf_str(&buf);
}

/* ── the subscription ── */

/* Of the line that it is about, or of the first that recurs; −1: there is none, or it has gone. */
static int purchase_line(const struct crm_source *source)
{
    const struct order *order = source->order;
    int about = order_find_line(order, source->line);
    if (source->line != 0 && (about < 0 || order->lines[about].recurring))
        return about;
    for (int i = 0; i < order->line_count; i++)
        if (order->lines[i].recurring)
            return i;
    return -1;
}

static str purchase_id(const struct crm_source *source, struct arena *arena)
{
    int at = purchase_line(source);
    if (at < 0)
        return (str){};
    const struct order *order = source->order;
    str said = order->lines[at].purchase_id;
    return said.len > 0 ? said
                        : number(order_purchase_number(order, order->lines[at].number), arena);
}

static str recurring_price(const struct crm_source *source, struct arena *arena)
{
    int at = purchase_line(source);
    return at < 0 ? (str){} : money(order_line_bill(&source->order->lines[at]), arena);
}

static str next_bill_date(const struct crm_source *source, struct arena *arena)
{
    (void)arena;
    int at = purchase_line(source);
    return at < 0 ? (str){} : source->order->lines[at].next_bill;
}

/* ── the lines ── */

/* The sender's, or the hub's own number. */
static str product_id(const struct order_line *line, struct arena *arena)
{
    return line->sender_id.len > 0 ? line->sender_id : number_or_none(line->product_number, arena);
}

static str line_value(const struct order_line *line, enum crm_slot slot, struct arena *arena)
{
    switch (slot) {
    case CRM_SLOT_ID:
        return product_id(line, arena);
    case CRM_SLOT_NAME:
        return order_line_name(line);
    case CRM_SLOT_SKU:
        return line->sku;
    case CRM_SLOT_QTY:
        return number(line->quantity, arena);
    case CRM_SLOT_PRICE:
        return money(line->price, arena);
    case CRM_SLOT_SHIP_PRICE:
        return money(line->ship_price, arena);
    case CRM_SLOT_EXTERNAL_ID:
        return line->external_id;
    case CRM_SLOT_CRM_ID:
        return line->crm_id;
    case CRM_SLOT_CAMPAIGN_PRODUCT_ID:
        return line->campaign_product_id;
    case CRM_SLOT_RECURRING_PRICE:
        return line->recurring ? money(order_line_bill(line), arena) : (str){};
    case CRM_SLOT_RECURRING_STATUS:
        return purchase_states[line->purchase];
    case CRM_SLOT_BILLING_CYCLE_NUMBER:
        return line->recurring ? number(line->cycle, arena) : (str){};
    case CRM_SLOT_NEXT_BILL_DATE:
        return line->next_bill;
    case CRM_SLOT_COUNT:
        break;
    }
    return (str){};
}

/* ── all of them ── */

#define MADE(member, made) [CRM_##member - CRM_VALUE_COUNT] = (made)

static str (*const makers[])(const struct crm_source *source, struct arena *arena) = {
    MADE(ORDER_ID, order_id),
    MADE(CLIENT_ORDER_ID, client_order_id),
    MADE(ACTUAL_ORDER_ID, order_id),
    MADE(ORDER_TYPE, order_type),
    MADE(ORDER_STATUS, order_status),
    MADE(DATE_CREATED, date_created),
    MADE(DATE_CREATED_ISO, date_created_iso),
    MADE(TIME_CREATED, time_created),
    MADE(DATE_UPDATED, date_updated),
    MADE(DATE_UPDATED_ISO, date_updated_iso),
    MADE(ORDER_DATE, date_created),
    MADE(ORDER_TOTAL, order_total),
    MADE(TOTAL_PRICE, total_price),
    MADE(TOTAL_AMOUNT, total_price),
    MADE(PRICE, total_price),
    MADE(BASE_SHIPPING, total_shipping),
    MADE(DISCOUNT_PRICE, discount_price),
    MADE(CURRENCY_CODE, currency_code),
    MADE(HAS_UPSELL, has_upsell),
    MADE(REFUND_REMAINING, refund_remaining),
    MADE(CUSTOMER_ID, customer_id),
    MADE(CUSTOMER_TYPE, customer_type),
    MADE(FULL_NAME, full_name),
    MADE(NAME, full_name),
    MADE(SHIP_FULL_NAME, ship_full_name),
    MADE(CAMPAIGN_ID, campaign_id),
    MADE(CAMPAIGN_NAME, campaign_name),
    MADE(CUSTOM_FIELDS, custom_fields),
    MADE(PURCHASE_ID, purchase_id),
    MADE(RECURRING_PRICE, recurring_price),
    MADE(NEXT_BILL_DATE, next_bill_date),
    MADE(FULFILLMENT_STATUS, fulfillment_status),
    MADE(REFUND_AMOUNT, refund_amount),
    MADE(CHARGEBACK_AMOUNT, chargeback_amount),
};
static_assert(COUNT_OF(makers) == CRM_ACH_ACCOUNT_NUMBER - CRM_VALUE_COUNT, "one for each");

/* As it was said; what the order shows by itself need not be. */
static str value(const struct crm_source *source, enum crm_field field, struct arena *arena)
{
    if (field == CRM_BASE_PRICE)
        return base_price(source, arena);
    if (field == CRM_TOTAL_SHIPPING)
        return total_shipping(source, arena);
    str said = stored(source, field);
    if (said.len == 0 && field == CRM_DATE_REFUNDED)
        return local(source, source->order->refunded_ms, arena);
    if (said.len == 0 && field == CRM_CHARGEBACK_DATE)
        return local(source, source->order->charged_back_ms, arena);
    return said;
}

str crm_value(const struct crm_source *source, struct crm_ref ref, struct arena *arena)
{
    const struct order *order = source->order;
    assert(source->type < CUSTOMER_TYPE_COUNT);
    if (ref.field < CRM_VALUE_COUNT)
        return value(source, ref.field, arena);
    if (ref.field < CRM_ACH_ACCOUNT_NUMBER)
        return makers[ref.field - CRM_VALUE_COUNT](source, arena);
    if (ref.field == CRM_PRODUCT && ref.line < order->line_count)
        return line_value(&order->lines[ref.line], ref.slot, arena);
    return (str){};
}
