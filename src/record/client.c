/* SPDX-License-Identifier: MIT */
#include "record/client.h"

#include "base/redact.h"
#include "mapping/custom_event.h"
#include "mapping/fold.h"
#include "mapping/sku.h"
#include "model/money.h"
#include "record/card.h"
#include "json/write.h"

#define QUANTITY_MAX 1000000
#define NUMBER_MAX ((int64_t)1000000000000)

struct reading {
    struct arena *arena;
    struct client_order *out;
    struct problem *reterr;
    str slots[CRM_LINES_MAX][CRM_SLOT_COUNT];
    str test_cards;
    str card_brand;
    int total_rank; /* of the parameter that has said the total; 0: none has */
    struct buf rest;
    struct json_writer rest_writer;
};

/* ── single parameters ── */

void client_wrong(struct problem *reterr, struct arena *arena, const char *field, const char *code,
                  str reason)
{
    problem_add(reterr, arena,
                (struct field_error){ .field = arena_str(arena, str_c(field)),
                                      .code = str_c(code),
                                      .message = reason });
}

str client_text(const struct pairs *pairs, const char *name)
{
    const struct pair *pair = pairs_find(pairs, str_c(name));
    return pair == NULL ? (str){} : str_trim(pair->text);
}

bool client_flag(const struct pairs *pairs, const char *name)
{
    static const str words[] = { STR_INIT("1"), STR_INIT("true"), STR_INIT("yes"), STR_INIT("y") };

    str text = client_text(pairs, name);
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_equal_nocase(text, words[i]))
            return true;
    return false;
}

static bool read_number(str text, int64_t *ret_number)
{
    return str_to_int64(text, ret_number) && *ret_number > 0 && *ret_number <= NUMBER_MAX;
}

bool client_number(const struct pairs *pairs, const char *name, struct arena *arena,
                   int64_t *ret_number, struct problem *reterr)
{
    str text = client_text(pairs, name);
    if (text.len == 0)
        return false;
    if (read_number(text, ret_number))
        return true;
    client_wrong(reterr, arena, name, "format", STR("must be a number such as 7"));
    return false;
}

static bool read_money(str text, int64_t *ret_minor)
{
    return money_read(text, ret_minor) && *ret_minor >= 0;
}

#define MONEY_REASON STR("must be an amount that is not below 0, such as 29.40")

bool client_money(const struct pairs *pairs, const char *name, struct arena *arena,
                  int64_t *ret_minor, struct problem *reterr)
{
    str text = client_text(pairs, name);
    if (text.len == 0)
        return false;
    if (read_money(text, ret_minor))
        return true;
    client_wrong(reterr, arena, name, "format", MONEY_REASON);
    return false;
}

/* ── the pairs ── */

static void wrong(struct reading *reading, str field, const char *code, str reason)
{
    client_wrong(reading->reterr, reading->arena, arena_c(reading->arena, field), code, reason);
}

static void add_rest(struct reading *reading, str name, str text)
{
    if (reading->rest.len == 0)
        json_begin_object(&reading->rest_writer);
    json_member_string(&reading->rest_writer, name, redact(text, reading->arena));
}

static size_t characters(str text)
{
    size_t count = 0;
    for (; text.len > 0; count++)
        (void)fold_take(&text);
    return count;
}

/* False: it is said. */
static bool fits(struct reading *reading, str field, str text, size_t most)
{
    if (text.len <= most || characters(text) <= most)
        return true;
    wrong(reading, field, "range",
          arena_format(reading->arena, "must not have more than %zu characters", most));
    return false;
}

static void take_card(struct reading *reading, str text)
{
    struct order_facts *facts = &reading->out->facts;
    str digits = card_digits(text, reading->arena);
    if (digits.len >= 4)
        facts->values[CRM_CARD_LAST4] = card_last_four(digits);
    bool test = card_is_test(digits, reading->test_cards);
    reading->card_brand = test ? STR("TESTCARD") : card_brand(digits);
    facts->test = facts->test || test;
}

static void take_number(struct reading *reading, enum crm_field field, str text,
                        int64_t *ret_number)
{
    if (!read_number(text, ret_number))
        wrong(reading, crm_field_name(field), "format", STR("must be a number such as 7"));
}

static void take_amount(struct reading *reading, enum crm_field field, str name, str text)
{
    char written[MONEY_TEXT_MAX];
    int64_t amount;
    str *value = &reading->out->facts.values[field];
    if (!read_money(text, &amount))
        wrong(reading, name, "format", MONEY_REASON);
    else if (value->len == 0)
        *value = arena_str(reading->arena, money_write(amount, written));
}

/* Of several the one that says it most plainly counts. */
static void take_total(struct reading *reading, int rank, str name, str text)
{
    struct order_facts *facts = &reading->out->facts;
    int64_t amount;
    add_rest(reading, name, text);
    if (!read_money(text, &amount)) {
        wrong(reading, name, "format", MONEY_REASON);
    } else if (rank > reading->total_rank) {
        reading->total_rank = rank;
        facts->total_said = true;
        facts->total = amount;
    }
}

/* False: it is none. */
static bool take_money(struct reading *reading, enum crm_field field, str name, str text)
{
    switch ((int)field) {
    case CRM_BASE_PRICE:
    case CRM_TOTAL_SHIPPING:
    case CRM_TOTAL_DISCOUNT:
    case CRM_SALES_TAX:
        take_amount(reading, field, name, text);
        return true;
    case CRM_BASE_SHIPPING:
        take_amount(reading, CRM_TOTAL_SHIPPING, name, text);
        return true;
    case CRM_DISCOUNT_PRICE:
        take_amount(reading, CRM_TOTAL_DISCOUNT, name, text);
        return true;
    case CRM_TOTAL_AMOUNT:
    case CRM_TOTAL_PRICE:
    case CRM_ORDER_TOTAL:
        take_total(reading,
                   field == CRM_TOTAL_AMOUNT  ? 3
                   : field == CRM_TOTAL_PRICE ? 2
                                              : 1,
                   name, text);
        return true;
    default:
        return false;
    }
}

static void take_value(struct reading *reading, enum crm_field field, str text)
{
    str *value = &reading->out->facts.values[field];
    if (field == CRM_CARD_LAST4)
        text = card_last_four(card_digits(text, reading->arena));
    if (fits(reading, crm_field_name(field), text, CLIENT_VALUE_MAX) && value->len == 0)
        *value = card_mask_value(field, text, reading->arena);
}

static void take_currency(struct reading *reading, str text)
{
    bool good = text.len == 3;
    char *code = arena_bytes(reading->arena, 3);
    for (size_t i = 0; good && i < 3; i++) {
        good = char_is_alpha(text.ptr[i]);
        code[i] = (char)(text.ptr[i] & ~0x20);
    }
    if (good)
        reading->out->facts.currency = str_from(code, 3);
    else
        wrong(reading, STR("currencyCode"), "format",
              STR("must be a currency's three letters, such as USD"));
}

static void take_field(struct reading *reading, enum crm_field field, str name, str text)
{
    struct client_order *out = reading->out;
    if (take_money(reading, field, name, text))
        return;
    if (field < CRM_VALUE_COUNT)
        take_value(reading, field, text);
    else if (field == CRM_CARD_NUMBER)
        take_card(reading, text);
    else if (crm_is_sensitive(field))
        return;
    else if (field == CRM_CAMPAIGN_ID)
        take_number(reading, field, text, &out->campaign);
    else if (field == CRM_CUSTOMER_ID)
        take_number(reading, field, text, &out->customer);
    else if (field == CRM_ACTUAL_ORDER_ID)
        take_number(reading, field, text, &out->order_number);
    else if (field == CRM_CURRENCY_CODE)
        take_currency(reading, text);
    else if (field != CRM_ORDER_ID && field != CRM_CLIENT_ORDER_ID)
        add_rest(reading, name, text);
    else if (fits(reading, crm_field_name(field), text, CLIENT_ORDER_ID_MAX))
        out->client_order_id = text;
}

/* "product101_id": beyond the lines that an order has. */
static bool is_line_beyond(str name)
{
    str prefix = STR("product");
    int64_t number;
    if (!str_equal_nocase(str_head(name, prefix.len), prefix))
        return false;
    str rest = str_skip(name, prefix.len);
    str digits = str_cut(&rest, '_');
    return rest.len > 0 && str_to_int64(digits, &number) && (number < 1 || number > CRM_LINES_MAX);
}

static void take_pair(struct reading *reading, const struct pair *pair)
{
    str text = str_trim(pair->text);
    struct crm_ref ref;
    if (text.len == 0)
        return;
    if (crm_find(pair->name, &ref) && ref.field == CRM_PRODUCT)
        reading->slots[ref.line][ref.slot] = text;
    else if (crm_find(pair->name, &ref))
        take_field(reading, ref.field, pair->name, text);
    else if (is_line_beyond(pair->name))
        wrong(reading, pair->name, "range",
              STR("is beyond what an order has: product1_ to "
                  "product100_"));
    else if (!card_is_part(pair->name))
        add_rest(reading, pair->name, text);
}

/* ── lines ── */

static str slot_name(struct reading *reading, int at, const char *slot)
{
    return arena_format(reading->arena, "product%d_%s", at + 1, slot);
}

static int64_t read_quantity(struct reading *reading, str field, str text)
{
    int64_t quantity = 1;
    if (text.len > 0 && (!str_to_int64(text, &quantity) || quantity < 1 || quantity > QUANTITY_MAX))
        wrong(reading, field, "range", STR("must be a whole number from 1 to 1000000"));
    return quantity;
}

static int64_t read_price(struct reading *reading, str field, str text, int64_t otherwise)
{
    int64_t price = otherwise;
    if (text.len > 0 && !read_money(text, &price))
        wrong(reading, field, "format", MONEY_REASON);
    return price;
}

static bool is_said(const str *slots)
{
    for (int i = 0; i < CRM_SLOT_COUNT; i++)
        if (slots[i].len > 0)
            return true;
    return false;
}

static str read_id(struct reading *reading, int at, enum crm_slot slot, const char *name)
{
    str text = reading->slots[at][slot];
    (void)fits(reading, slot_name(reading, at, name), text, CLIENT_PRODUCT_MAX);
    return text;
}

/* Beside `product`: empty where it is that itself. */
static str read_sku(struct reading *reading, int at, str product)
{
    str text = reading->slots[at][CRM_SLOT_SKU];
    str sku = {};
    if (text.len > 0 && !str_equal(text, product) && !sku_read(text, &sku))
        wrong(reading, slot_name(reading, at, "sku"), "format",
              STR("must have at most 100 characters, none of them a control character"));
    return sku;
}

static void add_line(struct reading *reading, int at, struct order_line *line,
                     struct client_line *said)
{
    const str *slots = reading->slots[at];
    said->slot = at + 1;
    said->product = slots[CRM_SLOT_ID].len > 0 ? slots[CRM_SLOT_ID]
                    : slots[CRM_SLOT_CAMPAIGN_PRODUCT_ID].len > 0
                        ? slots[CRM_SLOT_CAMPAIGN_PRODUCT_ID]
                        : slots[CRM_SLOT_SKU];
    if (said->product.len == 0)
        wrong(reading, slot_name(reading, at, "id"), "required", STR("is a required field"));
    (void)fits(reading, slot_name(reading, at, "id"), said->product, CLIENT_PRODUCT_MAX);
    (void)fits(reading, slot_name(reading, at, "name"), slots[CRM_SLOT_NAME], CLIENT_VALUE_MAX);
    (void)fits(reading, slot_name(reading, at, "nextBillDate"), slots[CRM_SLOT_NEXT_BILL_DATE], 40);
    *line = (struct order_line){
        .sku = read_sku(reading, at, said->product),
        .name = card_mask_text(slots[CRM_SLOT_NAME], reading->arena),
        .external_id = read_id(reading, at, CRM_SLOT_EXTERNAL_ID, "externalId"),
        .crm_id = read_id(reading, at, CRM_SLOT_CRM_ID, "crmId"),
        .campaign_product_id =
            read_id(reading, at, CRM_SLOT_CAMPAIGN_PRODUCT_ID, "campaignProductId"),
        .next_bill = slots[CRM_SLOT_NEXT_BILL_DATE],
        .quantity = read_quantity(reading, slot_name(reading, at, "qty"), slots[CRM_SLOT_QTY]),
        .price = read_price(reading, slot_name(reading, at, "price"), slots[CRM_SLOT_PRICE], -1),
        .ship_price = read_price(reading, slot_name(reading, at, "shipPrice"),
                                 slots[CRM_SLOT_SHIP_PRICE], -1),
        .recurring_price = read_price(reading, slot_name(reading, at, "recurringPrice"),
                                      slots[CRM_SLOT_RECURRING_PRICE], 0),
    };
}

/* What an upsell brings, without a number: productId, productQty … */
static void add_single(struct reading *reading, const struct pairs *pairs, struct order_line *line,
                       struct client_line *said)
{
    str tax = client_text(pairs, "productSalesTax");
    said->product = client_text(pairs, "productId");
    (void)fits(reading, STR("productId"), said->product, CLIENT_PRODUCT_MAX);
    *line = (struct order_line){
        .quantity = read_quantity(reading, STR("productQty"), client_text(pairs, "productQty")),
        .price = read_price(reading, STR("productPrice"), client_text(pairs, "productPrice"), -1),
        .ship_price =
            read_price(reading, STR("productShipPrice"), client_text(pairs, "productShipPrice"), 0),
        .sales_tax = read_price(reading, STR("productSalesTax"), tax, 0),
    };
}

static void make_lines(struct reading *reading, const struct pairs *pairs)
{
    struct order_facts *facts = &reading->out->facts;
    bool single = client_text(pairs, "productId").len > 0;
    int count = single;
    for (int at = 0; at < CRM_LINES_MAX; at++)
        count += is_said(reading->slots[at]);
    struct order_line *lines = ARENA_ARRAY(reading->arena, struct order_line, (size_t)count + 1);
    struct client_line *said = ARENA_ARRAY(reading->arena, struct client_line, (size_t)count + 1);
    for (int at = 0; at < CRM_LINES_MAX; at++)
        if (is_said(reading->slots[at])) {
            add_line(reading, at, &lines[facts->line_count], &said[facts->line_count]);
            facts->line_count++;
        }
    if (single) {
        add_single(reading, pairs, &lines[facts->line_count], &said[facts->line_count]);
        facts->line_count++;
    }
    facts->lines = lines;
    facts->lines_said = count > 0;
    reading->out->lines = said;
}

/* ── all of it ── */

static void ship_where_billed(struct reading *reading)
{
    static const enum crm_field same[][2] = {
        { CRM_SHIP_FIRST_NAME, CRM_FIRST_NAME },
        { CRM_SHIP_LAST_NAME, CRM_LAST_NAME },
        { CRM_SHIP_ADDRESS1, CRM_ADDRESS1 },
        { CRM_SHIP_ADDRESS2, CRM_ADDRESS2 },
        { CRM_SHIP_CITY, CRM_CITY },
        { CRM_SHIP_STATE, CRM_STATE },
        { CRM_SHIP_COUNTRY, CRM_COUNTRY },
        { CRM_SHIP_POSTAL_CODE, CRM_POSTAL_CODE },
    };

    str *values = reading->out->facts.values;
    for (size_t i = 0; i < COUNT_OF(same); i++)
        if (values[same[i][0]].len == 0 && values[same[i][1]].len > 0)
            values[same[i][0]] = values[same[i][1]];
}

static void finish_values(struct reading *reading, const struct pairs *pairs)
{
    str *values = reading->out->facts.values;
    str address = values[CRM_EMAIL_ADDRESS];
    if (address.len > 0 && !email_key(address, reading->arena, &(str){}, &(str){}))
        wrong(reading, STR("emailAddress"), "format", STR("must be a valid email address"));
    if (reading->card_brand.len > 0 && values[CRM_CARD_TYPE].len == 0)
        values[CRM_CARD_TYPE] = reading->card_brand;
    if (client_flag(pairs, "billShipSame"))
        ship_where_billed(reading);
}

bool client_order_read(const struct pairs *pairs, str test_cards, struct arena *arena,
                       struct client_order *ret, struct problem *reterr)
{
    struct reading *reading = ARENA_NEW(arena, struct reading);
    *ret = (struct client_order){};
    reading->arena = arena;
    reading->test_cards = test_cards;
    reading->out = ret;
    reading->reterr = reterr;
    buf_init(&reading->rest, arena, SIZE_MAX / 2);
    reading->rest_writer = json_writer(&reading->rest);
    for (int i = 0; i < pairs->count; i++)
        take_pair(reading, &pairs->at[i]);
    finish_values(reading, pairs);
    make_lines(reading, pairs);
    if (reading->rest.len > 0)
        json_end_object(&reading->rest_writer);
    ret->rest = buf_str(&reading->rest);
    return !problem_has(reterr);
}
