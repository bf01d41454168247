/* SPDX-License-Identifier: MIT */
#include "model/order_json.h"

#include <stdio.h>

#include "base/id.h"
#include "model/money.h"
#include "model/order_names.h"

/* ── for the store: what is empty or 0 is left out ── */

static void put_text(struct json_writer *out, const char *key, str text)
{
    if (text.len > 0)
        json_member_string(out, str_c(key), text);
}

static void put_int(struct json_writer *out, const char *key, int64_t value)
{
    if (value != 0)
        json_member_int(out, str_c(key), value);
}

static void put_line(struct json_writer *out, const struct order_line *line)
{
    json_begin_object(out);
    put_int(out, "number", line->number);
    put_int(out, "product", line->product);
    if (line->product != 0) /* else the SKU says it, when it is read */
        put_int(out, "productNumber", line->product_number);
    put_int(out, "skuId", line->sku_id);
    put_text(out, "sku", line->sku);
    put_text(out, "name", line->name);
    put_text(out, "id", line->sender_id);
    put_text(out, "externalId", line->external_id);
    put_text(out, "crmId", line->crm_id);
    put_text(out, "campaignProductId", line->campaign_product_id);
    put_int(out, "qty", line->quantity);
    put_int(out, "price", line->price);
    put_int(out, "shipPrice", line->ship_price);
    put_int(out, "salesTax", line->sales_tax);
    put_int(out, "upsell", line->upsell);
    put_int(out, "recurring", line->recurring);
    put_int(out, "unlinked", line->unlinked);
    put_text(out, "purchase", purchase_state_name(line->purchase));
    put_int(out, "recurringPrice", line->recurring_price);
    put_int(out, "cycle", line->cycle);
    put_text(out, "nextBill", line->next_bill);
    put_text(out, "purchaseId", line->purchase_id);
    json_end_object(out);
}

static void put_values(struct json_writer *out, const struct order *order)
{
    json_key(out, STR("values"));
    json_begin_object(out);
    for (int i = 0; i < CRM_VALUE_COUNT; i++)
        if (order->values[i].len > 0)
            json_member_string(out, crm_field_name((enum crm_field)i), order->values[i]);
    json_end_object(out);
}

/* 16 hexadecimal digits each: not all readers of JSON take 64 bits. */
static void put_changes(struct json_writer *out, const struct order *order)
{
    if (order->change_count == 0)
        return;
    json_key(out, STR("changes"));
    json_begin_array(out);
    for (int i = 0; i < order->change_count; i++) {
        char text[17];
        (void)snprintf(text, sizeof(text), "%016llx", (unsigned long long)order->changes[i]);
        json_add_string(out, str_c(text));
    }
    json_end_array(out);
}

str order_data_write(const struct order *order, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX);
    struct json_writer writer = json_writer(&buf);
    struct json_writer *out = &writer;
    json_begin_object(out);
    put_int(out, "customerNumber", order->customer_number);
    put_int(out, "contact", order->contact);
    put_int(out, "ownClientId", order->own_client_id);
    put_int(out, "sold", order->sold);
    put_text(out, "currency", order->currency);
    put_values(out, order);
    json_key(out, STR("lines"));
    json_begin_array(out);
    for (int i = 0; i < order->line_count; i++)
        put_line(out, &order->lines[i]);
    json_end_array(out);
    put_int(out, "lastLine", order->last_line);
    put_int(out, "firstTotal", order->first_total);
    put_int(out, "total", order->total);
    if (order->sold) /* 0 too: left out, it is of an older store */
        json_member_int(out, STR("paidTotal"), order->paid_total);
    put_int(out, "captured", order->captured);
    put_int(out, "refunded", order->refunded);
    put_int(out, "refund", order->refund);
    put_int(out, "chargedBack", order->charged_back);
    put_int(out, "refundedMs", order->refunded_ms);
    put_int(out, "chargedBackMs", order->charged_back_ms);
    put_text(out, "fulfillment", fulfillment_state_name(order->fulfillment));
    put_int(out, "told", order->told);
    put_int(out, "upsells", order->upsells);
    put_int(out, "recurs", order->recurs);
    put_changes(out, order);
    put_int(out, "saidMs", order->said_ms);
    put_int(out, "orderedMs", order->ordered_ms);
    json_end_object(out);
    return buf_str(&buf);
}

static int64_t get_int(json object, const char *key)
{
    int64_t value = 0;
    json found = json_get(object, str_c(key));
    return found != NULL && json_to_int64(found, &value) ? value : 0;
}

static str get_text(json object, const char *key)
{
    return json_string(json_get(object, str_c(key)));
}

static struct order_line get_line(json from)
{
    struct order_line line = {
        .number = (int)get_int(from, "number"),
        .product = get_int(from, "product"),
        .product_number = get_int(from, "productNumber"),
        .sku_id = get_int(from, "skuId"),
        .sku = get_text(from, "sku"),
        .name = get_text(from, "name"),
        .sender_id = get_text(from, "id"),
        .external_id = get_text(from, "externalId"),
        .crm_id = get_text(from, "crmId"),
        .campaign_product_id = get_text(from, "campaignProductId"),
        .quantity = get_int(from, "qty"),
        .price = get_int(from, "price"),
        .ship_price = get_int(from, "shipPrice"),
        .sales_tax = get_int(from, "salesTax"),
        .upsell = get_int(from, "upsell") != 0,
        .recurring = get_int(from, "recurring") != 0,
        .recurring_price = get_int(from, "recurringPrice"),
        .unlinked = get_int(from, "unlinked") != 0,
        .cycle = get_int(from, "cycle"),
        .next_bill = get_text(from, "nextBill"),
        .purchase_id = get_text(from, "purchaseId"),
    };
    if (!purchase_state_read(get_text(from, "purchase"), &line.purchase))
        line.purchase = PURCHASE_NONE;
    return line;
}

static void get_lines(json from, struct arena *arena, struct order *order)
{
    struct order_line *lines = ARENA_ARRAY(arena, struct order_line, json_count(from) + 1);
    struct json_walk walk = json_walk(from);
    json value;
    while (json_next(&walk, NULL, &value)) {
        struct order_line *line = &lines[order->line_count++];
        *line = get_line(value);
        if (line->number == 0) /* of an older store: its place */
            line->number = order->line_count;
        order->last_line = MAX_OF(order->last_line, line->number);
    }
    order->lines = lines;
}

static uint64_t read_hex(str text)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        value = value << 4 | (uint64_t)(char_is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return value;
}

static void get_changes(json from, struct arena *arena, struct order *order)
{
    uint64_t *changes = ARENA_ARRAY(arena, uint64_t, json_count(from) + 1);
    struct json_walk walk = json_walk(from);
    json value;
    while (json_next(&walk, NULL, &value))
        changes[order->change_count++] = read_hex(json_string(value));
    order->changes = changes;
}

static void get_values(json from, struct order *order)
{
    struct json_walk walk = json_walk(from);
    str key;
    json value;
    struct crm_ref ref;
    while (json_next(&walk, &key, &value))
        if (crm_find(key, &ref) && ref.field < CRM_VALUE_COUNT)
            order->values[ref.field] = json_string(value);
}

bool order_data_read(str data, struct arena *arena, struct order *order)
{
    json from;
    struct json_error error;
    if (!json_read(arena, data, 8, &from, &error) || json_type(from) != JSON_OBJECT)
        return false;
    order->customer_number = get_int(from, "customerNumber");
    order->contact = get_int(from, "contact");
    order->own_client_id = get_int(from, "ownClientId") != 0;
    order->sold = get_int(from, "sold") != 0;
    order->currency = get_text(from, "currency");
    get_values(json_get(from, STR("values")), order);
    get_lines(json_get(from, STR("lines")), arena, order);
    if (json_get(from, STR("lastLine")) != NULL)
        order->last_line = (int)get_int(from, "lastLine");
    order->first_total = get_int(from, "firstTotal");
    order->total = get_int(from, "total");
    order->paid_total = order->sold ? order->total : 0;
    if (json_get(from, STR("paidTotal")) != NULL)
        order->paid_total = get_int(from, "paidTotal");
    order->captured = get_int(from, "captured");
    order->refunded = get_int(from, "refunded");
    order->refund = get_int(from, "refund");
    order->charged_back = get_int(from, "chargedBack");
    order->refunded_ms = get_int(from, "refundedMs");
    order->charged_back_ms = get_int(from, "chargedBackMs");
    if (!fulfillment_state_read(get_text(from, "fulfillment"), &order->fulfillment))
        order->fulfillment = FULFILLMENT_NONE;
    order->told = (unsigned)get_int(from, "told");
    order->upsells = (int)get_int(from, "upsells");
    order->recurs = get_int(from, "recurs") != 0;
    get_changes(json_get(from, STR("changes")), arena, order);
    order->said_ms = get_int(from, "saidMs");
    order->ordered_ms = get_int(from, "orderedMs");
    return true;
}

/* ── for others ── */

static void member_money(struct json_writer *out, const char *key, int64_t minor)
{
    char text[MONEY_TEXT_MAX];
    json_member_string(out, str_c(key), money_write(minor, text));
}

static void member_bill(struct json_writer *out, const struct order_line *line)
{
    char text[MONEY_TEXT_MAX];
    json_member_text_or_null(out, STR("recurringPrice"),
                             line->recurring ? money_write(order_line_bill(line), text) : (str){});
}

static void write_line(struct json_writer *out, const struct order_line *line)
{
    json_begin_object(out);
    json_member_int(out, STR("number"), line->number);
    json_member_id_or_null(out, STR("productId"), ID_PRODUCT, order_line_product(line));
    json_member_id_or_null(out, STR("skuId"), ID_SKU, line->sku_id);
    json_member_text_or_null(out, STR("sku"), line->sku);
    json_member_text_or_null(out, STR("name"), order_line_name(line));
    json_member_int(out, STR("qty"), line->quantity);
    member_money(out, "price", line->price);
    member_money(out, "shipPrice", line->ship_price);
    json_member_bool(out, STR("upsell"), line->upsell);
    json_member_bool(out, STR("recurring"), line->recurring);
    member_bill(out, line);
    json_member_text_or_null(out, STR("purchaseState"), purchase_state_name(line->purchase));
    json_member_int(out, STR("billingCycle"), line->cycle);
    json_member_text_or_null(out, STR("nextBillDate"), line->next_bill);
    json_member_text_or_null(out, STR("purchaseId"), line->purchase_id);
    json_member_text_or_null(out, STR("senderProductId"), line->sender_id);
    json_end_object(out);
}

/* With the shipping address. */
static bool is_of_customer(int field)
{
    enum crm_group group = crm_value_group((enum crm_field)field);
    return group == CRM_GROUP_CUSTOMER || group == CRM_GROUP_SHIPPING;
}

static void write_values(struct json_writer *out, const struct order *order, bool customer)
{
    json_begin_object(out);
    for (int i = 0; i < CRM_VALUE_COUNT; i++)
        if (is_of_customer(i) == customer && order->values[i].len > 0)
            json_member_string(out, crm_field_name((enum crm_field)i), order->values[i]);
    json_end_object(out);
}

static void write_sums(struct json_writer *out, const struct order *order)
{
    json_member_string(out, STR("currency"), order_currency(order));
    member_money(out, "firstTotal", order->first_total);
    member_money(out, "total", order->total);
    member_money(out, "captured", order->captured);
    member_money(out, "refunded", order->refunded);
    member_money(out, "chargedBack", order->charged_back);
}

void order_write(struct json_writer *out, const struct order *order)
{
    json_member_id_or_null(out, STR("id"), ID_ORDER, order->id);
    json_member_int(out, STR("orderId"), order->number);
    json_member_string(out, STR("clientOrderId"), order->client_order_id);
    json_member_text_or_null(out, STR("senderOrderId"), order->sender_order_id);
    json_member_id_or_null(out, STR("campaignId"), ID_CAMPAIGN, order->campaign);
    json_member_id_or_null(out, STR("customerId"), ID_CUSTOMER, order->customer);
    json_member_id_or_null(out, STR("contactId"), ID_CONTACT, order->contact);
    json_member_string(out, STR("state"), sale_state_name(order->state));
    json_member_text_or_null(out, STR("fulfillment"), fulfillment_state_name(order->fulfillment));
    json_member_bool(out, STR("testCard"), order->test);
    write_sums(out, order);
    json_key(out, STR("customer"));
    write_values(out, order, true);
    json_key(out, STR("fields"));
    write_values(out, order, false);
    json_key(out, STR("lines"));
    json_begin_array(out);
    for (int i = 0; i < order->line_count; i++)
        write_line(out, &order->lines[i]);
    json_end_array(out);
    json_member_instant(out, STR("createdAt"), order->created_ms);
    json_member_instant(out, STR("updatedAt"), order->updated_ms);
}
