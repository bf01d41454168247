/* SPDX-License-Identifier: MIT */
#include "record/client.h"

#include <stdio.h>

#include "base/testing.h"
#include "record/card.h"

struct reading {
    struct arena arena;
    struct pairs pairs;
    struct client_order said;
    struct problem problem;
    bool good;
};

static void read_as(struct reading *reading, const char *query)
{
    *reading = (struct reading){};
    assert_true(pairs_add_query(&reading->pairs, str_c(query), &reading->arena, &reading->problem));
    reading->good = client_order_read(&reading->pairs, STR("4242424242424242,0000000000000000"),
                                      &reading->arena, &reading->said, &reading->problem);
}

static void done(struct reading *reading)
{
    arena_done(&reading->arena);
}

static void assert_text(str got, const char *want)
{
    if (!str_equal(got, str_c(want)))
        fail_msg("got \"%.*s\", not \"%s\"", STR_ARG(got), want);
}

/* ── what is wrong ── */

static const struct {
    const char *query;
    const char *wrong; /* fields; empty: nothing */
} cases[] = {
    { "", "" },
    { "firstName=Ann&lastName=Lee&campaignId=7&product1_id=14", "" },
    { "FIRSTNAME=Ann&EmailAddress=ann@example.org", "" },
    { "campaignId=&product1_qty=&emailAddress=", "" },
    { "campaignId=0", "campaignId" },
    { "campaignId=x&customerId=-1&actualOrderId=1.5", "campaignId customerId actualOrderId" },
    { "campaignId=1000000000001", "campaignId" },
    { "email=nobody", "emailAddress" },
    { "currency=EURO", "currencyCode" },
    { "product1_id=1&product1_qty=0&product1_price=1.001&product1_shipPrice=-1",
      "product1_qty product1_price product1_shipPrice" },
    { "product2_price=1.00", "product2_id" },
    { "product1_id=1&product1_sku=a%01b&product1_recurringPrice=x",
      "product1_sku product1_recurringPrice" },
    { "product101_id=1", "product101_id" },
    { "product0_id=1", "product0_id" },
    { "productId=1&productQty=x&productPrice=y", "productQty productPrice" },
    { "product_id=1&product1=2&productX_id=3", "" },
    { "salesTax=x&discountPrice=-1&baseShipping=1.001&totalAmount=y",
      "salesTax discountPrice baseShipping totalAmount" },
};

static void names_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        read_as(&reading, cases[i].query);
        char got[200] = "";
        for (const struct field_error *at = reading.problem.errors; at != NULL; at = at->next) {
            size_t length = strlen(got);
            (void)snprintf(got + length, sizeof(got) - length, "%s%.*s", length > 0 ? " " : "",
                           STR_ARG(at->field));
        }
        if (strcmp(got, cases[i].wrong) != 0 || reading.good != (got[0] == '\0'))
            fail_msg("%s: \"%s\"", cases[i].query, got);
        done(&reading);
    }
}

/* ── what is taken ── */

static void takes_an_order(void **state)
{
    (void)state;
    struct reading reading;
    read_as(&reading,
            "orderId=F5&actualOrderId=12&campaignId=7&customerId=3&firstName=Ann&city=Albany"
            "&shipCity=Troy&billShipSame=1&currencyCode=eur&product3_id=a&product1_id=14"
            "&product1_qty=2&product1_price=9.5&product1_sku=neuro&product1_externalId=e"
            "&product1_crmId=c&product1_campaignProductId=p&product3_sku=a&product3_shipPrice=1&"
            "affId=x&requestUri=/p&custom1=");
    const struct client_order *said = &reading.said;
    assert_true(reading.good);
    assert_text(said->client_order_id, "F5");
    assert_int_equal(said->order_number, 12);
    assert_int_equal(said->campaign, 7);
    assert_int_equal(said->customer, 3);
    assert_text(said->facts.currency, "EUR");
    assert_text(said->facts.values[CRM_SHIP_FIRST_NAME], "Ann");
    assert_text(said->facts.values[CRM_SHIP_CITY], "Troy");
    assert_null(said->facts.values[CRM_CUSTOM1].ptr);
    assert_int_equal(said->facts.line_count, 2);
    assert_text(said->lines[0].product, "14");
    assert_text(said->lines[1].product, "a");
    assert_int_equal(said->lines[1].slot, 3);
    assert_int_equal(said->facts.lines[0].quantity, 2);
    assert_int_equal(said->facts.lines[0].price, 950);
    assert_int_equal(said->facts.lines[1].price, -1);
    assert_int_equal(said->facts.lines[1].ship_price, 100);
    assert_text(said->facts.lines[0].sku, "neuro");
    assert_text(said->facts.lines[0].external_id, "e");
    assert_text(said->facts.lines[0].crm_id, "c");
    assert_text(said->facts.lines[0].campaign_product_id, "p");
    assert_text(said->facts.lines[1].sku, ""); /* it is what the product is found by */
    assert_text(said->rest, "{\"billShipSame\":\"1\",\"requestUri\":\"/p\"}");
    done(&reading);
}

static void takes_amounts_of_the_whole(void **state)
{
    (void)state;
    struct reading reading;
    read_as(&reading, "orderTotal=1&salesTax=2.5&discountPrice=20&baseShipping=4.95&totalPrice=3.00"
                      "&totalDiscount=7&productId=x&productSalesTax=0.80");
    const struct order_facts *facts = &reading.said.facts;
    assert_true(reading.good);
    assert_text(facts->values[CRM_SALES_TAX], "2.50");
    assert_text(facts->values[CRM_TOTAL_DISCOUNT], "20.00");
    assert_text(facts->values[CRM_TOTAL_SHIPPING], "4.95");
    assert_true(facts->total_said);
    assert_int_equal(facts->total, 300);
    assert_int_equal(facts->lines[0].sales_tax, 80);
    done(&reading);
}

static void forgets_cards(void **state)
{
    (void)state;
    struct reading reading;
    read_as(&reading,
            "cardNumber=4111-1111+1111-1111&cardMonth=09&cardYear=2031"
            "&cardSecurityCode=737&cardExpiryDate=09/31&cvv2=737&achAccountNumber=000123");
    assert_true(reading.good);
    assert_int_equal(reading.said.rest.len, 0);
    assert_text(reading.said.facts.values[CRM_CARD_LAST4], "1111");
    assert_text(reading.said.facts.values[CRM_CARD_TYPE], "VISA");
    assert_false(reading.said.facts.test);
    done(&reading);
    read_as(&reading, "cardNumber=4242-4242-4242-4242");
    assert_text(reading.said.facts.values[CRM_CARD_TYPE], "TESTCARD");
    assert_true(reading.said.facts.test);
    done(&reading);
    read_as(&reading, "cardNumber=0000000000000000&cardType=Visa");
    assert_text(reading.said.facts.values[CRM_CARD_TYPE], "Visa");
    assert_true(reading.said.facts.test);
    done(&reading);
    read_as(&reading, "custom1=4111+1111+1111+1111&address2=Apt+3&phone=4111111111111111"
                      "&product1_id=14&product1_name=4111111111111111");
    assert_text(reading.said.facts.values[CRM_CUSTOM1], "(masked)");
    assert_text(reading.said.facts.values[CRM_ADDRESS2], "Apt 3");
    assert_text(reading.said.facts.values[CRM_PHONE_NUMBER], "4111111111111111");
    assert_text(reading.said.facts.lines[0].name, "(masked)");
    done(&reading);
}

static const struct {
    const char *digits;
    const char *brand;
} brands[] = {
    { "4111111111111111", "VISA" },
    { "5555555555554444", "MASTERCARD" },
    { "2221000000000009", "MASTERCARD" },
    { "2720999999999996", "MASTERCARD" },
    { "2721000000000000", "" },
    { "378282246310005", "AMEX" },
    { "6011111111111117", "DISCOVER" },
    { "3530111333300000", "JCB" },
    { "30569309025904", "DINERS" },
    { "6200000000000005", "UNIONPAY" },
    { "6759649826438453", "MAESTRO" },
    { "9999999999999999", "" },
    { "4111", "" },
    { "", "" },
};

static void knows_brands(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(brands); i++)
        assert_text(card_brand(str_c(brands[i].digits)), brands[i].brand);
}

/* ── single parameters ── */

static void reads_single_ones(void **state)
{
    (void)state;
    struct reading reading;
    read_as(&reading, "a=1&b=TRUE&c=0&d=no&n=+7+&m=9.50&x=-1");
    struct problem problem = {};
    int64_t value = 0;
    assert_true(client_flag(&reading.pairs, "a") && client_flag(&reading.pairs, "b"));
    assert_false(client_flag(&reading.pairs, "c") || client_flag(&reading.pairs, "d") ||
                 client_flag(&reading.pairs, "none"));
    assert_true(client_number(&reading.pairs, "n", &reading.arena, &value, &problem));
    assert_int_equal(value, 7);
    assert_true(client_money(&reading.pairs, "m", &reading.arena, &value, &problem));
    assert_int_equal(value, 950);
    assert_false(client_number(&reading.pairs, "none", &reading.arena, &value, &problem));
    assert_false(problem_has(&problem));
    assert_false(client_money(&reading.pairs, "x", &reading.arena, &value, &problem));
    assert_text(problem.errors->field, "x");
    done(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(takes_an_order),
        cmocka_unit_test(takes_amounts_of_the_whole),
        cmocka_unit_test(forgets_cards),
        cmocka_unit_test(knows_brands),
        cmocka_unit_test(reads_single_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
