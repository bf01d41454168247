/* SPDX-License-Identifier: MIT */
#include "mapping/crm_value.h"

#include "mapping/test_order.h"

#include "base/testing.h"

static str value_of(const struct crm_source *source, const char *name, struct arena *arena)
{
    struct crm_ref ref;
    CHECK(name, crm_find(str_c(name), &ref));
    return crm_value(source, ref, arena);
}

TEST(every_kind_of_value)
{
    static const struct {
        const char *name;
        str value;
    } cases[] = {
        { "orderId", STR_INIT("1042") },
        { "actualOrderId", STR_INIT("1042") },
        { "clientOrderId", STR_INIT("3ABA6A99DD") },
        { "externalOrderId", STR_INIT("") },
        { "orderType", STR_INIT("NEW_SALE") },
        { "orderStatus", STR_INIT("COMPLETE") },
        { "dateCreated", STR_INIT("2026-09-17 16:23:08") },
        { "orderDate", STR_INIT("2026-09-17 16:23:08") },
        { "dateCreatedIso", STR_INIT("2026-09-17T20:23:08.123Z") },
        { "timeCreated", STR_INIT("16:23:08") },
        { "dateUpdated", STR_INIT("2026-09-17 16:23:09") },
        { "dateUpdatedIso", STR_INIT("2026-09-17T20:23:09.000Z") },
        { "orderTotal", STR_INIT("294.00") },
        { "totalPrice", STR_INIT("587.99") },
        { "totalAmount", STR_INIT("587.99") },
        { "price", STR_INIT("587.99") },
        { "totalShipping", STR_INIT("4.95") },
        { "baseShipping", STR_INIT("4.95") },
        { "basePrice", STR_INIT("587.99") },
        { "discountPrice", STR_INIT("1.00") },
        { "currencyCode", STR_INIT("USD") },
        { "hasUpsell", STR_INIT("1") },
        { "refundRemaining", STR_INIT("577.99") },
        { "refundAmount", STR_INIT("10.00") },
        { "chargebackAmount", STR_INIT("5.00") },
        { "customerId", STR_INIT("501") },
        { "customerType", STR_INIT("SALE") },
        { "firstName", STR_INIT("Ann") },
        { "fullName", STR_INIT("Ann O'Neill \"Ärger\"") },
        { "name", STR_INIT("Ann O'Neill \"Ärger\"") },
        { "shipFullName", STR_INIT("Bob") },
        { "shipFirstName", STR_INIT("") },
        { "campaignId", STR_INIT("1") },
        { "campaignName", STR_INIT("Lander") },
        { "customFields", STR_INIT("one,three") },
        { "purchaseId", STR_INIT("104202") },
        { "recurringPrice", STR_INIT("12.00") },
        { "nextBillDate", STR_INIT("2026-10-17") },
        { "fulfillmentStatus", STR_INIT("SHIPPED") },
        { "product1_id", STR_INIT("77") },
        { "product2_id", STR_INIT("3") },
        { "product3_id", STR_INIT("") },
        { "product1_name", STR_INIT("Neuro & Co") },
        { "product1_sku", STR_INIT("neuro-1") },
        { "product1_qty", STR_INIT("6") },
        { "product1_price", STR_INIT("282.00") },
        { "product1_shipPrice", STR_INIT("4.95") },
        { "product2_shipPrice", STR_INIT("0.00") },
        { "product1_externalId", STR_INIT("shop-1") },
        { "product1_crmId", STR_INIT("crm-1") },
        { "product1_campaignProductId", STR_INIT("cp-1") },
        { "product1_recurringstatus", STR_INIT("") },
        { "product2_recurringstatus", STR_INIT("ACTIVE") },
        { "product3_recurringstatus", STR_INIT("RECYCLE_BILLING") },
        { "product1_billingCycleNumber", STR_INIT("") },
        { "product2_billingCycleNumber", STR_INIT("3") },
        { "product2_nextBillDate", STR_INIT("2026-10-17") },
        { "product4_sku", STR_INIT("") },
        { "product100_qty", STR_INIT("") },
        { "cardNumber", STR_INIT("") },
        { "achAccountNumber", STR_INIT("") },
        { "cardSecurityCode", STR_INIT("") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        CHECK_STR(cases[i].name, value_of(&test_source, cases[i].name, &arena), cases[i].value);
    }
}

TEST(what_depends_on_the_moment)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct order order = test_order;
    struct crm_source source = test_source;
    source.order = &order;
    source.type = CUSTOMER_PARTIAL_REFUNDS;
    source.amount = 4200;
    CHECK_STR("refund", value_of(&source, "refundAmount", &arena), STR("42.00"));
    CHECK_STR("type", value_of(&source, "customerType", &arena), STR("PARTIAL_REFUND"));
    source.amount = 0;
    CHECK_STR("not yet", value_of(&source, "refundAmount", &arena), STR("10.00"));
    source.occurred = true;
    CHECK_STR("of nothing", value_of(&source, "refundAmount", &arena), STR("0.00"));
    source.occurred = false;
    source.amount = 4200;
    source.type = CUSTOMER_CHARGEBACK;
    CHECK_STR("the refund before", value_of(&source, "refundAmount", &arena), STR("10.00"));
    CHECK_STR("chargeback", value_of(&source, "chargebackAmount", &arena), STR("42.00"));
    source.type = CUSTOMER_REBILL_DECLINE;
    CHECK_STR("a bill that was declined", value_of(&source, "totalPrice", &arena), STR("42.00"));
    source.amount = 0;
    CHECK_STR("nothing says of how much", value_of(&source, "totalPrice", &arena), STR("587.99"));
    source.type = CUSTOMER_RECURRING_ORDER;
    CHECK_STR("a bill of nothing", value_of(&source, "totalPrice", &arena), STR("0.00"));
    source.amount = 8995;
    CHECK_STR("a bill", value_of(&source, "totalPrice", &arena), STR("89.95"));
    CHECK_STR("a bill", value_of(&source, "totalAmount", &arena), STR("89.95"));
    CHECK_STR("a bill", value_of(&source, "price", &arena), STR("89.95"));
    CHECK_STR("the order's", value_of(&source, "orderTotal", &arena), STR("294.00"));
    CHECK_STR("not of a bill", value_of(&source, "basePrice", &arena), STR(""));
    order.values[CRM_TOTAL_SHIPPING] = (str){};
    CHECK_STR("not of a bill", value_of(&source, "totalShipping", &arena), STR(""));
    source.type = CUSTOMER_CHARGEBACK;
    CHECK_STR("of the lines", value_of(&source, "totalShipping", &arena), STR("4.95"));
    CHECK_STR("of the lines", value_of(&source, "baseShipping", &arena), STR("4.95"));
    source.line = 3;
    CHECK_STR("of the line", value_of(&source, "purchaseId", &arena), STR("P-9"));
    CHECK_STR("of the line", value_of(&source, "recurringPrice", &arena), STR("293.99"));
    CHECK_STR("of the line", value_of(&source, "nextBillDate", &arena), STR(""));
    source.line = 1;
    CHECK_STR("it does not recur", value_of(&source, "purchaseId", &arena), STR("104202"));
    order.sender_order_id = STR("279415");
    CHECK_STR("sender's", value_of(&source, "orderId", &arena), STR("279415"));
    CHECK_STR("sender's", value_of(&source, "actualOrderId", &arena), STR("279415"));
    CHECK_STR("nobody knows", value_of(&source, "dateRefunded", &arena), STR(""));
    order.refunded_ms = order.charged_back_ms = 1789600000000;
    CHECK_STR("when it came", value_of(&source, "dateRefunded", &arena),
              STR("2026-09-16 19:06:40"));
    CHECK_STR("when it came", value_of(&source, "chargebackDate", &arena),
              STR("2026-09-16 19:06:40"));
    order.values[CRM_DATE_REFUNDED] = STR("2026-09-15");
    CHECK_STR("as it was said", value_of(&source, "dateRefunded", &arena), STR("2026-09-15"));
    order.ordered_ms = 1789600000000;
    CHECK_STR("there", value_of(&source, "orderDate", &arena), STR("2026-09-16 19:06:40"));
    CHECK_STR("there", value_of(&source, "timeCreated", &arena), STR("19:06:40"));
    CHECK_STR("there", value_of(&source, "dateCreatedIso", &arena),
              STR("2026-09-16T23:06:40.000Z"));
    order.recurs = true;
    CHECK_STR("rebill", value_of(&source, "orderType", &arena), STR("RECURRING"));
    order.state = SALE_CHARGEBACK;
    CHECK_STR("charged back", value_of(&source, "orderType", &arena), STR("CHARGEBACK"));
    CHECK_STR("charged back", value_of(&source, "orderStatus", &arena), STR("CHARGEBACK"));
}

TEST(what_was_sold_for_nothing)
{
    static const struct {
        const char *label;
        bool sold;
        unsigned told;
        int64_t first_total, price;
        str discount, want;
    } cases[] = {
        { "a lead", false, 0, 0, 0, STR_INIT(""), STR_INIT("10.00") },
        { "free", true, 1U << CUSTOMER_NEW_SALE, 0, 0, STR_INIT(""), STR_INIT("0.00") },
        { "by a coupon", true, 1U << CUSTOMER_NEW_SALE, 0, 4700, STR_INIT("47.00"),
          STR_INIT("0.00") },
        { "not free", true, 1U << CUSTOMER_NEW_SALE, 4700, 4700, STR_INIT(""), STR_INIT("47.00") },
        { "it began with a bill", true, 0, 0, 0, STR_INIT(""), STR_INIT("10.00") },
        { "and was sold then", true, 1U << CUSTOMER_NEW_SALE, 0, 1000, STR_INIT(""),
          STR_INIT("10.00") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        const struct order_line lines[] = { { .quantity = 1, .price = cases[i].price },
                                            { .quantity = 1, .price = 1000, .upsell = true } };
        struct order order = test_order;
        order.sold = cases[i].sold;
        order.told = cases[i].told;
        order.first_total = cases[i].first_total;
        order.total = 1000;
        order.lines = lines;
        order.line_count = 2;
        order.values[CRM_TOTAL_DISCOUNT] = cases[i].discount;
        const struct crm_source source = { .order = &order, .zone = test_source.zone };
        CHECK_STR(cases[i].label, value_of(&source, "orderTotal", &arena), cases[i].want);
    }
}

/* Of an order that nothing is known of, all is empty but what counts. */
TEST(nothing_is_known)
{
    static const char *const said[] = { "orderId",      "actualOrderId",   "orderType",
                                        "orderStatus",  "orderTotal",      "totalPrice",
                                        "totalAmount",  "price",           "hasUpsell",
                                        "customerType", "refundRemaining", "currencyCode" };
    CLEANUP(arena_done) struct arena arena = {};
    const struct zone utc = {};
    struct order order = { .number = 7, .state = SALE_PARTIAL };
    struct crm_source source = { .order = &order, .zone = &utc };
    CHECK_STR("of a partial", value_of(&source, "totalPrice", &arena), STR("0.00"));
    order.total = 500;
    CHECK_STR("not sold yet", value_of(&source, "orderTotal", &arena), STR("5.00"));
    for (int i = 0; i < crm_entry_count; i++) {
        bool is_said = false;
        if (crm_entries[i].group == CRM_GROUP_PRODUCT)
            continue;
        for (size_t k = 0; k < COUNT_OF(said); k++)
            is_said = is_said || str_equal(str_c(said[k]), crm_entries[i].name);
        struct crm_ref ref;
        CHECK("found", crm_find(crm_entries[i].name, &ref));
        CHECK(crm_entries[i].name.ptr, (crm_value(&source, ref, &arena).len > 0) == is_said);
    }
}

RUN_TESTS(cmocka_unit_test(every_kind_of_value), cmocka_unit_test(what_depends_on_the_moment),
          cmocka_unit_test(what_was_sold_for_nothing), cmocka_unit_test(nothing_is_known))
