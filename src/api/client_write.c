/* SPDX-License-Identifier: MIT
 * api/client_write.c: orders and customers as clients of Konnektive know them: fields by their names
 * there, numbers for ids, amounts as texts, moments as the account's wall clock shows them. */
#include "api/client.h"
#include "mapping/crm_value.h"
#include "model/money.h"
#include "model/order_names.h"
#include "store/catalog.h"

struct client_writer client_writer(struct call *call, struct sql *sql)
{
    return (struct client_writer){ .call = call, .sql = sql, .out = &call->out };
}

void client_writer_done(struct client_writer *writer)
{
    map_done(&writer->campaigns);
    map_done(&writer->products);
}

/* ── looking up ── */

/* NULL: there is none, or none any more. */
static int find_campaign(struct client_writer *writer, int64_t id,
                         const struct campaign_row **ret_row)
{
    struct arena *arena = &writer->call->request->arena;
    *ret_row = id == 0 ? NULL : map_find_int(&writer->campaigns, (uint64_t)id);
    if (id == 0 || *ret_row != NULL)
        return 0;
    struct campaign_row *row = ARENA_NEW(arena, struct campaign_row);
    int r = store_read_campaign(writer->sql, writer->call->caller.organization, id, arena, row);
    if (r == 0) {
        (void)map_put_int(&writer->campaigns, (uint64_t)id, row);
        *ret_row = row;
    }
    return fail(MIN_OF(r, 0));
}

static int find_product(struct client_writer *writer, int64_t id,
                        const struct product_row **ret_row)
{
    struct arena *arena = &writer->call->request->arena;
    *ret_row = id == 0 ? NULL : map_find_int(&writer->products, (uint64_t)id);
    if (id == 0 || *ret_row != NULL)
        return 0;
    struct product_row *row = ARENA_NEW(arena, struct product_row);
    int r = store_read_product(writer->sql, writer->call->caller.organization, id, arena, row);
    if (r == 0) {
        (void)map_put_int(&writer->products, (uint64_t)id, row);
        *ret_row = row;
    }
    return fail(MIN_OF(r, 0));
}

static int find_customer(struct client_writer *writer, const struct order *order,
                         int64_t *ret_number)
{
    struct customer customer;
    int r = store_find_customer(writer->sql, order->organization, (str){}, order->customer,
                                &writer->call->request->arena, &customer);
    *ret_number = r == 0 ? customer.number : 0;
    return fail(MIN_OF(r, 0));
}

/* ── lines ── */

static void member_number(struct json_writer *out, const char *key, int64_t number,
                          struct arena *arena)
{
    json_member_string(out, str_c(key), arena_format(arena, "%lld", (long long)number));
}

static void write_purchase(struct client_writer *writer, const struct order *order, int at)
{
    const struct order_line *line = &order->lines[at];
    struct json_writer *out = writer->out;
    if (line->purchase_id.len > 0)
        json_member_string(out, STR("purchaseId"), line->purchase_id);
    else
        json_member_int(out, STR("purchaseId"), order_purchase_number(order, line->number));
    json_member_string(out, STR("purchaseStatus"), purchase_state_wire(line->purchase));
    json_member_money(out, STR("recurringPrice"), order_line_bill(line));
    member_number(out, "billingCycleNumber", line->cycle, &writer->call->request->arena);
    if (line->next_bill.len > 0)
        json_member_string(out, STR("nextBillDate"), line->next_bill);
}

static int write_line(struct client_writer *writer, const struct order *order, int at)
{
    const struct order_line *line = &order->lines[at];
    const struct product_row *product;
    struct arena *arena = &writer->call->request->arena;
    struct json_writer *out = writer->out;
    int r = find_product(writer, order_line_product(line), &product);
    if (r < 0)
        return fail(r);
    json_key(out, arena_format(arena, "%d", at + 1));
    json_begin_object(out);
    json_key(out, STR("productId"));
    if (product != NULL)
        json_add_int(out, product->number);
    else
        json_add_string(out, line->sku.len > 0 ? line->sku : line->sender_id);
    json_member_string(out, STR("name"),
                       line->name.len > 0 || product == NULL ? line->name : product->name);
    json_member_string(out, STR("productSku"), line->sku);
    member_number(out, "qty", line->quantity, arena);
    json_member_money(out, STR("price"), line->price);
    json_member_money(out, STR("shipping"), line->ship_price);
    json_member_string(out, STR("productType"), line->upsell ? STR("UPSALE") : STR("OFFER"));
    if (line->recurring)
        write_purchase(writer, order, at);
    json_end_object(out);
    return 0;
}

/* ── orders ── */

/* Numbers up to here are the same in whatever reads JSON. */
#define EXACT_MAX ((int64_t)1 << 53)

/* As the field actualOrderId of exports has it. */
static void write_actual_id(struct client_writer *writer, const struct order *order)
{
    struct arena *arena = &writer->call->request->arena;
    str said = order->sender_order_id;
    int64_t number = order->number;
    bool is_number =
        said.len == 0 || (str_to_int64(said, &number) && number <= EXACT_MAX &&
                          str_equal(said, arena_format(arena, "%lld", (long long)number)));
    json_key(writer->out, STR("actualOrderId"));
    if (is_number)
        json_add_int(writer->out, number);
    else
        json_add_string(writer->out, said);
}

int client_find_named(struct call *call, struct sql *sql, str client_order_id,
                      struct order *ret_orders, int *ret_count)
{
    struct arena *arena = &call->request->arena;
    const struct store_page page = { .organization = call->caller.organization,
                                     .limit = CLIENT_NAMED_MAX,
                                     .arena = arena };
    const struct order_wanted wanted = { .organization = page.organization,
                                         .client_order_id = client_order_id };
    if (client_order_id.len == 0)
        return fail(store_list_orders_shown(sql, &page,
                                            client_text(&client_of(call)->pairs, "actualOrderId"),
                                            ret_orders, ret_count));
    int r = store_find_order(sql, &wanted, arena, ret_orders);
    *ret_count = r == 0;
    return fail(MIN_OF(r, 0));
}

int client_refuse_ambiguous(struct call *call, const char *field,
                            const struct order *const orders[2])
{
    struct arena *arena = &call->request->arena;
    return client_refuse_field(
        call, field,
        arena_c(arena,
                arena_format(arena,
                             "is of several orders: say which by its orderId (clientOrderId), "
                             "%.*s or %.*s",
                             STR_ARG(orders[0]->client_order_id),
                             STR_ARG(orders[1]->client_order_id))));
}

/* What is written by itself, is of one event, or is there under another name. */
static bool is_left_out(enum crm_field field)
{
    switch ((int)field) {
    case CRM_ORDER_ID:
    case CRM_CLIENT_ORDER_ID:
    case CRM_ACTUAL_ORDER_ID:
    case CRM_CUSTOMER_ID:
    case CRM_CUSTOMER_TYPE:
    case CRM_CAMPAIGN_ID:
    case CRM_CUSTOM_FIELDS:
    case CRM_FULL_NAME:
    case CRM_ORDER_DATE:
    case CRM_TIME_CREATED:
    case CRM_DATE_CREATED_ISO:
    case CRM_DATE_UPDATED_ISO:
    case CRM_PURCHASE_ID:
    case CRM_RECURRING_PRICE:
    case CRM_NEXT_BILL_DATE:
        return true;
    default:
        return false;
    }
}

static void write_fields(struct client_writer *writer, const struct crm_source *source)
{
    struct arena *arena = &writer->call->request->arena;
    for (int i = 0; i < CRM_ACH_ACCOUNT_NUMBER; i++) {
        enum crm_field field = (enum crm_field)i;
        if (is_left_out(field))
            continue;
        str text = crm_value(source, (struct crm_ref){ .field = field }, arena);
        if (text.len > 0)
            json_member_string(writer->out, crm_field_name(field), text);
    }
}

static void write_fulfillment(struct client_writer *writer, const struct order *order)
{
    struct json_writer *out = writer->out;
    json_key(out, STR("fulfillments"));
    json_begin_array(out);
    if (order->fulfillment != FULFILLMENT_NONE) {
        json_begin_object(out);
        json_member_int(out, STR("fulfillmentId"), order->number);
        json_member_string(out, STR("status"), fulfillment_state_wire(order->fulfillment));
        json_member_string(out, STR("trackingNumber"), order->values[CRM_TRACKING_NUMBER]);
        json_member_string(out, STR("rmaNumber"), order->values[CRM_RMA_NUMBER]);
        json_end_object(out);
    }
    json_end_array(out);
}

int client_write_order(struct client_writer *writer, const struct order *order, int64_t customer)
{
    struct json_writer *out = writer->out;
    const struct campaign_row *campaign;
    int r = find_campaign(writer, order->campaign, &campaign);
    if (r == 0 && customer == 0)
        r = find_customer(writer, order, &customer);
    if (r < 0)
        return fail(r);
    const struct crm_source source = { .order = order,
                                       .campaign_name = campaign == NULL ? (str){} : campaign->name,
                                       .zone = client_zone(writer->call) };
    json_begin_object(out);
    json_member_string(out, STR("orderId"), order->client_order_id);
    json_member_string(out, STR("clientOrderId"), order->client_order_id);
    write_actual_id(writer, order);
    json_member_int(out, STR("customerId"), customer);
    json_member_int_or_null(out, STR("campaignId"), campaign == NULL ? 0 : campaign->number);
    write_fields(writer, &source);
    json_member_string(out, STR("isTest"), order->test ? STR("1") : STR("0"));
    json_key(out, STR("items"));
    json_begin_object(out);
    for (int i = 0; r == 0 && i < order->line_count; i++)
        r = write_line(writer, order, i);
    json_end_object(out);
    write_fulfillment(writer, order);
    json_end_object(out);
    return fail(r);
}

/* ── customers ── */

static void member_local(struct client_writer *writer, const char *key, int64_t at_ms)
{
    char text[ZONE_TEXT_LEN];
    json_member_string(writer->out, str_c(key),
                       zone_write(client_zone(writer->call), at_ms / 1000, text));
}

int client_write_customer(struct client_writer *writer, const struct customer *customer,
                          const struct order *newest)
{
    struct json_writer *out = writer->out;
    const struct campaign_row *campaign;
    int r = find_campaign(writer, newest->campaign, &campaign);
    if (r < 0)
        return fail(r);
    json_begin_object(out);
    json_member_int(out, STR("customerId"), customer->number);
    for (int i = 0; i < CRM_VALUE_COUNT; i++) {
        enum crm_group group = crm_value_group((enum crm_field)i);
        if ((group == CRM_GROUP_CUSTOMER || group == CRM_GROUP_SHIPPING) &&
            newest->values[i].len > 0)
            json_member_string(out, crm_field_name((enum crm_field)i), newest->values[i]);
    }
    json_member_int_or_null(out, STR("campaignId"), campaign == NULL ? 0 : campaign->number);
    json_member_string(out, STR("orderId"), newest->client_order_id);
    member_local(writer, "dateCreated", customer->created_ms);
    member_local(writer, "dateUpdated", MAX_OF(newest->updated_ms, customer->created_ms));
    json_end_object(out);
    return 0;
}
