/* SPDX-License-Identifier: MIT */
#include "record/test_postback.h"

/* ── seed 0 and the capture ── */

static const char *const seed[][2] = {
    { "country", "US" },
    { "product1_qty", "6" },
    { "orderId", "279415" },
    { "state", "NY" },
    { "product1_sku", "neuro-1" },
    { "shipAddress2", "" },
    { "address2", "Apt 4" },
    { "firstName", "Ada" },
    { "shipState", "NY" },
    { "phoneNumber", "+12125550123" },
    { "customerType", "SALE" },
    { "shipCountry", "US" },
    { "organizationId", "8f14e45f-ceea-467f-a8b5-0123456789ab" },
    { "product1_name", "Neuro & more" },
    { "orderStatus", "COMPLETE" },
    { "postalCode", "10001" },
    { "product1_price", "282.00" },
    { "shipAddress1", "1 Main St" },
    { "city", "New York" },
    { "lastName", "L\xc3\xb6velace" },
    { "shipCity", "New York" },
    { "address1", "1 Main St" },
    { "emailAddress", "A@Example.com" },
    { "shipPostalCode", "10001" },
    { "pluginInstanceId", "plg_0e3v2k4m1c8r0" },
};

static str seed_as_query(struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, 10000);
    for (size_t i = 0; i < COUNT_OF(seed); i++) {
        buf_format(&buf, "%s%s=", i == 0 ? "" : "&", seed[i][0]);
        for (const char *c = seed[i][1]; *c != '\0'; c++)
            buf_format(&buf, "%%%02X", (unsigned)(unsigned char)*c);
    }
    return buf_str(&buf);
}

static str seed_as_json(struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, 10000);
    for (size_t i = 0; i < COUNT_OF(seed); i++) {
        buf_format(&buf, "%s\"%s\":", i == 0 ? "{" : ",", seed[i][0]);
        buf_quoted(&buf, str_c(seed[i][1]));
    }
    buf_add(&buf, STR("}"));
    return buf_str(&buf);
}

static void check_seed(const char *label, const struct reading *reading)
{
    const struct postback *got = &reading->postback;
    const struct order_facts *facts = &got->input.facts;
    CHECK(label, reading->good);
    CHECK_STR(label, got->organization_id, STR("8f14e45f-ceea-467f-a8b5-0123456789ab"));
    CHECK_STR(label, got->plugin_instance_id, STR("plg_0e3v2k4m1c8r0"));
    CHECK_STR(label, got->secret, STR(""));
    CHECK_STR(label, got->sender_order_id, STR("279415"));
    CHECK_STR(label, got->client_order_id, STR(""));
    CHECK_STR(label, facts->values[CRM_LAST_NAME], STR("L\xc3\xb6velace"));
    CHECK_STR(label, facts->values[CRM_SHIP_ADDRESS1], STR("1 Main St"));
    CHECK(label, facts->values[CRM_SHIP_ADDRESS2].ptr == NULL);
    CHECK_STR(label, facts->values[CRM_EMAIL_ADDRESS], STR("A@Example.com"));
    CHECK_INT(label, facts->state, SALE_COMPLETE);
    CHECK_INT(label, facts->line_count, 1);
    CHECK_STR(label, facts->lines[0].sku, STR("neuro-1"));
    CHECK_STR(label, facts->lines[0].name, STR("Neuro & more"));
    CHECK_INT(label, facts->lines[0].quantity, 6);
    CHECK_INT(label, facts->lines[0].price, 28200);
    CHECK(label, !facts->total_said && !facts->lines_are_all);
    CHECK_STR(label, got->notes, STR(""));
    CHECK_STR(label, got->rest, STR("{\"customerType\":\"SALE\",\"orderStatus\":\"COMPLETE\"}"));
}

TEST(the_seed)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct reading reading;
    read_as(&reading, seed_as_query(&arena));
    CHECK_INT("keys", reading.pairs.count, 25);
    check_seed("query or form", &reading);
    done(&reading);
    read_as(&reading, seed_as_json(&arena));
    check_seed("JSON", &reading);
    done(&reading);
}

TEST(the_capture)
{
    struct reading reading;
    read_as(&reading,
            STR("{\"orderId\":279415,\"clientOrderID\":\"3ABA6A99DD\",\"clientTxnId\":"
                "\"67FAC581C1A7\",\"campaignId\":7,\"dateCreated\":\"2026-09-17 16:23:08\","
                "\"timeCreated\":\"16:23:08\",\"emailAddress\":\"A@Example.com\","
                "\"product1_sku\":\"neuro-1\",\"product1_qty\":\"6\",\"product1_price\":\"282.00\","
                "\"product1_id\":\"\",\"totalPrice\":\"282.00\"}"));
    const struct order_input *input = &reading.postback.input;
    CHECK("capture", reading.good);
    CHECK_STR("key", reading.postback.client_order_id, STR("3ABA6A99DD"));
    CHECK_STR("number", reading.postback.sender_order_id, STR("279415"));
    CHECK_INT("state", input->facts.state, SALE_COMPLETE);
    CHECK_INT("change", input->change.kind, CHANGE_NONE);
    CHECK_INT("total", input->facts.total, 28200);
    CHECK_INT("quantity", input->facts.lines[0].quantity, 6);
    CHECK_STR("transaction", input->facts.values[CRM_CLIENT_TXN_ID], STR("67FAC581C1A7"));
    CHECK("noted", has(reading.postback.notes, "Nothing says what has happened"));
    CHECK_STR("rest", reading.postback.rest,
              STR("{\"campaignId\":\"7\",\"dateCreated\":\"2026-09-17 16:23:08\","
                  "\"timeCreated\":\"16:23:08\",\"totalPrice\":\"282.00\"}"));
    done(&reading);
}

/* ── which order ── */

TEST(identity)
{
    static const struct {
        const char *query;
        const char *client;
        const char *sender;
    } cases[] = {
        { "clientOrderId=K&orderId=7", "K", "7" },
        { "orderId=7", "", "7" },
        { "CLIENTORDERID=K", "K", "" },
        { "orderId=F5A8CD676F&actualOrderId=7", "F5A8CD676F", "7" },
        { "orderId=7&actualOrderId=7", "", "7" },
        { "orderId=%207%20", "", "7" },
    };

    struct reading reading;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        read_as(&reading, str_c(cases[i].query));
        CHECK(cases[i].query, reading.good);
        CHECK_STR(cases[i].query, reading.postback.client_order_id, str_c(cases[i].client));
        CHECK_STR(cases[i].query, reading.postback.sender_order_id, str_c(cases[i].sender));
        done(&reading);
    }
    read_as(&reading, STR("orderId=&secret=hush&firstName=Ada"));
    CHECK("none", !reading.good);
    CHECK_INT("none", reading.problem.id, PROBLEM_INVALID);
    CHECK_STR("none", reading.problem.errors->field, STR("clientOrderId"));
    CHECK_STR("none", reading.problem.errors->next->field, STR("orderId"));
    CHECK_STR("ids all the same", reading.postback.secret, STR("hush"));
    done(&reading);
}

/* ── secrets ── */

TEST(secrets)
{
    static const str cases[] = {
        STR_INIT("orderId=7&secret=hush-hush&SomeThing=x"),
        STR_INIT("orderId=7&SECRET=hush-hush&password=hush-hush&apiKey=hush-hush"),
        STR_INIT("orderId=7&secret=hush-hush&note=secret%3Dhush-hush"),
        STR_INIT("again=hush-hush&orderId=7&secret=hush-hush"),
        STR_INIT("{\"orderId\":7,\"secret\":\"hush-hush\",\"more\":{\"token\":\"hush-hush\"}}"),
        STR_INIT("orderId=7&cardNumber=4111111111111111&cardMonth=12&cardYear=2031"
                 "&cardSecurityCode=987&secret=hush-hush&cvv2=987&ccExp=1231"),
        STR_INIT("orderId=7&creditCardNumber=4111-1111-1111-1111&other=4111111111111111"
                 "&achAccountNumber=987654&achRoutingNumber=987654&achBank=987&secret=hush-hush"),
        STR_INIT("orderId=7&product1_sku=a&product1_price=4111111111111111&secret=hush-hush"),
        STR_INIT("orderId=7&cardLast4=4111111111111111&secret=hush-hush"),
    };

    static const char *const hidden[] = { "hush", "41111", "1111-1", "987", "1231", "2031" };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        const char *label = cases[i].ptr;
        read_as(&reading, cases[i]);
        CHECK(label, reading.good);
        CHECK_STR(label, reading.postback.secret, STR("hush-hush"));
        for (size_t at = 0; at < COUNT_OF(hidden); at++) {
            CHECK(label, !has(reading.postback.notes, hidden[at]));
            CHECK(label, !has(reading.postback.rest, hidden[at]));
            for (int value = 0; value < CRM_VALUE_COUNT; value++)
                CHECK(label, !has(reading.postback.input.facts.values[value], hidden[at]));
        }
        CHECK(label, !reading.postback.input.facts.test);
        done(&reading);
    }
}

TEST(cards)
{
    static const struct {
        const char *query;
        const char *last4;
        bool test;
    } cases[] = {
        { "cardNumber=4111111111111111", "1111", false },
        { "cardNumber=4111+1111+1111+1234", "1234", false },
        { "cardNumber=XXXXXXXXXXXX4321", "4321", false },
        { "cardNumber=0000000000000000", "0000", true },
        { "cardNumber=0000+0000+0000+0000&cardLast4=0000", "0000", true },
        { "cardNumber=5105-1051-0510-5100", "5100", true },
        { "cardNumber=510510510510510", "0510", false },
        { "cardLast4=1111", "1111", false },
        { "cardLast4=0000", "0000", false },
        { "cardType=Test+Card", "", true },
        { "cardNumber=", "", false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        read_of_order(&reading, cases[i].query);
        CHECK_STR(cases[i].query, reading.postback.input.facts.values[CRM_CARD_LAST4],
                  str_c(cases[i].last4));
        CHECK_INT(cases[i].query, reading.postback.input.facts.test, cases[i].test);
        done(&reading);
    }
}

TEST(cards_in_texts)
{
    static const struct {
        const char *query;
        enum crm_field field;
        const char *value;
        bool noted;
    } cases[] = {
        { "custom1=call+4111+1111+1111+1111+back", CRM_CUSTOM1, "call (masked) back", true },
        { "sourceValue1=4111111111111111", CRM_SOURCE_VALUE1, "(masked)", true },
        { "declineReason=Card+4111-1111-1111-1111+declined", CRM_DECLINE_REASON,
          "Card (masked) declined", true },
        { "address2=378282246310005", CRM_ADDRESS2, "(masked)", true },
        { "fullName=4111+1111+1111+1111", CRM_FIRST_NAME, "(masked)", true },
        { "baseShipping=4111111111111111", CRM_TOTAL_SHIPPING, "(masked)", true },
        { "emailAddress=4111111111111111", CRM_EMAIL_ADDRESS, "(masked)", true },
        { "emailAddress=4111111111111111@example.org", CRM_EMAIL_ADDRESS,
          "4111111111111111@example.org", false },
        { "trackingNumber=4111111111111111", CRM_TRACKING_NUMBER, "4111111111111111", false },
        { "rmaNumber=4111111111111111", CRM_RMA_NUMBER, "4111111111111111", false },
        { "phoneNumber=4111111111111111", CRM_PHONE_NUMBER, "4111111111111111", false },
        { "transactionId=4111111111111111", CRM_TRANSACTION_ID, "4111111111111111", false },
        { "dateRefunded=4111111111111111", CRM_DATE_REFUNDED, "4111111111111111", false },
        { "custom1=4111111111111112", CRM_CUSTOM1, "4111111111111112", false },
        { "sourceValue1=120210000000000002", CRM_SOURCE_VALUE1, "120210000000000002", false },
        { "sourceValue1=ad+120210000000000002", CRM_SOURCE_VALUE1, "ad (masked)", true },
        { "salesUrl=https://a.example/?token=1%26key=2", CRM_SALES_URL,
          "https://a.example/?token=1&key=2", false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        const char *label = cases[i].query;
        read_of_order(&reading, label);
        CHECK_STR(label, reading.postback.input.facts.values[cases[i].field],
                  str_c(cases[i].value));
        CHECK(label, has(reading.postback.notes, "\"card\"") == cases[i].noted);
        CHECK(label, !has(reading.postback.notes, "4111"));
        done(&reading);
    }
    struct reading line;
    read_as(&line, STR("orderId=4111111111111111&product1_sku=4111111111111111"
                       "&product1_name=for+4111111111111111"));
    CHECK_STR("an id", line.postback.sender_order_id, STR("4111111111111111"));
    CHECK_STR("a SKU", line.postback.input.facts.lines[0].sku, STR("4111111111111111"));
    CHECK_STR("a name", line.postback.input.facts.lines[0].name, STR("for (masked)"));
    done(&line);
}

/* ── values and lines ── */

TEST(names)
{
    struct reading reading;
    read_as(&reading, STR("ORDERID=7&email=a%40b.cd&zip=10001&phone=5&utm_source=x&baseShipping=4"
                          "&discountPrice=1&fullName=Ada+King+Lovelace&last4=1234&ip=192.0.2.1"
                          "&Currency=eur&custom_thing=kept&empty="));
    const struct order_facts *facts = &reading.postback.input.facts;
    CHECK_STR("email", facts->values[CRM_EMAIL_ADDRESS], STR("a@b.cd"));
    CHECK_STR("zip", facts->values[CRM_POSTAL_CODE], STR("10001"));
    CHECK_STR("phone", facts->values[CRM_PHONE_NUMBER], STR("5"));
    CHECK_STR("utm", facts->values[CRM_UTM_SOURCE], STR("x"));
    CHECK_STR("shipping", facts->values[CRM_TOTAL_SHIPPING], STR("4"));
    CHECK_STR("discount", facts->values[CRM_TOTAL_DISCOUNT], STR("1"));
    CHECK_STR("first", facts->values[CRM_FIRST_NAME], STR("Ada"));
    CHECK_STR("last", facts->values[CRM_LAST_NAME], STR("King Lovelace"));
    CHECK_STR("currency", facts->currency, STR("EUR"));
    CHECK("rest", has(reading.postback.rest, "\"custom_thing\":\"kept\""));
    CHECK("rest", !has(reading.postback.rest, "empty"));
    CHECK_STR("notes", reading.postback.notes, STR(""));
    done(&reading);
    read_as(&reading, STR("orderId=7&email=one&emailAddress=two"));
    CHECK_STR("its own name", reading.postback.input.facts.values[CRM_EMAIL_ADDRESS], STR("two"));
    CHECK("noted", has(reading.postback.notes, "\"code\":\"duplicate\""));
    done(&reading);
}

TEST(lines)
{
    struct reading reading;
    read_as(&reading, STR("orderId=7&customerType=SALE"
                          "&product1_sku=+a+&product1_qty=2&product1_price=x"
                          "&product2_qty=1&product2_price=5"
                          "&product6_name=Six&product6_shipPrice=1.5&product6_qty=no"
                          "&product6_recurringstatus=ACTIVE&product6_billingCycleNumber=3"
                          "&product7_crmId=c8&product7_recurringstatus=sometimes"
                          "&product7_type=UPSALE&purchaseId=P1&nextBillDate=2026-12-01"
                          "&product13_sku=far"));
    const struct order_facts *facts = &reading.postback.input.facts;
    CHECK_INT("count", facts->line_count, 3);
    CHECK_STR("trimmed", facts->lines[0].sku, STR("a"));
    CHECK_INT("quantity", facts->lines[0].quantity, 2);
    CHECK_INT("price", facts->lines[0].price, 0);
    CHECK_STR("name", facts->lines[1].name, STR("Six"));
    CHECK_INT("quantity", facts->lines[1].quantity, 1);
    CHECK_INT("shipping", facts->lines[1].ship_price, 150);
    CHECK_INT("purchase", facts->lines[1].purchase, PURCHASE_ACTIVE);
    CHECK_INT("cycle", facts->lines[1].cycle, 3);
    CHECK_STR("purchase", facts->purchase, STR("P1"));
    CHECK_STR("next bill", facts->next_bill, STR("2026-12-01"));
    CHECK_INT("of the one that recurs", facts->about, 2);
    CHECK_STR("found by", facts->lines[2].sender_id, STR("c8"));
    CHECK("does not recur", !facts->lines[2].recurring && facts->lines[1].recurring);
    CHECK("marked", facts->lines[2].upsell && !facts->lines[1].upsell);
    CHECK("price", has(reading.postback.notes, "product1_price"));
    CHECK("nameless", has(reading.postback.notes, "product2_sku"));
    CHECK("quantity", has(reading.postback.notes, "product6_qty"));
    CHECK("status", has(reading.postback.notes, "product7_recurringstatus"));
    CHECK("gap", has(reading.postback.notes, "product13_sku"));
    done(&reading);
}

TEST(upsells)
{
    static const struct {
        const char *query;
        unsigned upsells; /* bits of lines */
    } cases[] = {
        { "customerType=UPSELL&product1_sku=a", 1 },
        { "customerType=UPSELL&product1_sku=a&product2_sku=b&product3_sku=c", 4 },
        { "customerType=UPSELL&product1_sku=a&product2_sku=b&product2_upsell=1&product3_sku=c", 2 },
        { "customerType=SALE&product1_sku=a&product2_sku=b", 0 },
        { "customerType=SALE&product1_sku=a&product2_sku=b&product2_productType=UPSALE", 2 },
        { "customerType=SALE&product1_sku=a&product1_type=OFFER", 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        read_of_order(&reading, cases[i].query);
        unsigned upsells = 0;
        for (int at = 0; at < reading.postback.input.facts.line_count; at++)
            upsells |= (unsigned)reading.postback.input.facts.lines[at].upsell << at;
        CHECK_INT(cases[i].query, upsells, cases[i].upsells);
        done(&reading);
    }
}

TEST(times)
{
    static const struct {
        const char *query;
        int64_t said_ms;
        bool noted;
    } cases[] = {
        { "dateUpdated=2026-11-20+10:00:00", 1795186800000, false },
        { "dateUpdated=2026-11-20", 1795150800000, false },
        { "dateUpdated=2026-11-20T10:00:00Z", 1795168800000, false },
        { "dateUpdatedIso=2026-11-20T10:00:00.000Z&dateUpdated=2026-11-20+05:00:00", 1795168800000,
          false },
        { "dateUpdated=0000-00-00+00:00:00", 0, true },
        { "dateUpdated=11/20/2026", 0, true },
        { "dateUpdated=2199-01-01+00:00:00", 0, true },
        { "dateCreated=2026-11-20+10:00:00", 0, false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        read_of_order(&reading, cases[i].query);
        CHECK_INT(cases[i].query, reading.postback.input.facts.said_ms, cases[i].said_ms);
        CHECK_INT(cases[i].query, reading.postback.notes.len > 0, cases[i].noted);
        done(&reading);
    }
}

TEST(created)
{
    static const struct {
        const char *query;
        int64_t ordered_ms;
        const char *noted; /* NULL: nothing */
    } cases[] = {
        { "dateCreated=2026-11-20+10:00:00", 1795186800000, NULL },
        { "dateCreated=2026-11-20+10:00:00&orderDate=2026-11-19", 1795186800000, NULL },
        { "orderDate=2026-11-20+10:00:00", 1795186800000, NULL },
        { "dateCreatedIso=2026-11-20T15:00:00.000Z", 1795186800000, NULL },
        { "dateCreated=soon&orderDate=2026-11-20+10:00:00", 1795186800000, "\"dateCreated\"" },
        { "dateCreated=2026-11-21+15:05:00", 1795291500000, NULL },
        { "dateCreated=2026-11-21+15:05:01", 0, "\"dateCreated\"" },
        { "timeCreated=10:00:00", 0, NULL },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        const char *label = cases[i].query;
        read_of_order(&reading, label);
        CHECK_INT(label, reading.postback.input.facts.ordered_ms, cases[i].ordered_ms);
        if (cases[i].noted == NULL)
            CHECK_STR(label, reading.postback.notes, STR(""));
        else
            CHECK(label, has(reading.postback.notes, cases[i].noted));
        done(&reading);
    }
}

TEST(kinds_of_json)
{
    static const struct {
        const char *body;
        const char *noted; /* NULL: nothing is */
        const char *kept;  /* of `rest` */
    } cases[] = {
        { "{\"orderId\":7,\"product1_sku\":[\"a\",\"b\"]}", "It is a list", "[\\\"a\\\"" },
        { "{\"orderId\":7,\"firstName\":{\"a\":1}}", "It is an object", "firstName" },
        { "{\"orderId\":7,\"totalPrice\":true}", "It is true or false", "\"true\"" },
        { "{\"orderId\":7,\"product1_sku\":false}", "It is true or false", "\"false\"" },
        { "{\"orderId\":7,\"clientOrderId\":[\"a\"]}", "It is a list", "clientOrderId" },
        { "{\"orderId\":7,\"cardIsDebit\":true,\"product1_upsell\":true}", NULL, NULL },
        { "{\"orderId\":7,\"custom1\":{\"a\":1},\"firstName\":null}", NULL, NULL },
        { "{\"orderId\":7,\"products\":[{\"sku\":\"a\"}]}", NULL, "products" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        const char *label = cases[i].body;
        read_as(&reading, str_c(label));
        const struct postback *postback = &reading.postback;
        CHECK(label, reading.good);
        CHECK_STR(label, postback->sender_order_id, STR("7"));
        CHECK_STR(label, postback->client_order_id, STR(""));
        CHECK_INT(label, postback->input.facts.line_count, 0);
        CHECK(label, !postback->input.facts.total_said);
        CHECK_STR(label, postback->input.facts.values[CRM_FIRST_NAME], STR(""));
        CHECK(label, cases[i].kept == NULL || has(postback->rest, cases[i].kept));
        if (cases[i].noted == NULL)
            CHECK_STR(label, postback->notes, STR(""));
        else
            CHECK(label, has(postback->notes, cases[i].noted) && has(postback->notes, "\"type\""));
        done(&reading);
    }
    struct reading nobody;
    read_as(&nobody, STR("{\"orderId\":[\"a\"],\"customerType\":\"SALE\"}"));
    CHECK("as if it was missing", !nobody.good && nobody.problem.id == PROBLEM_INVALID);
    CHECK_STR("as if it was missing", nobody.problem.errors->code, STR("required"));
    done(&nobody);
}

RUN_TESTS(cmocka_unit_test(the_seed), cmocka_unit_test(the_capture), cmocka_unit_test(identity),
          cmocka_unit_test(secrets), cmocka_unit_test(cards), cmocka_unit_test(cards_in_texts),
          cmocka_unit_test(names), cmocka_unit_test(lines), cmocka_unit_test(upsells),
          cmocka_unit_test(times), cmocka_unit_test(created), cmocka_unit_test(kinds_of_json))
