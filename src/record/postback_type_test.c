/* SPDX-License-Identifier: MIT */
#include "record/test_postback.h"

static void apply(struct order *order, struct arena *arena, const char *query,
                  struct order_outcome *ret_outcome)
{
    struct pairs pairs = {};
    struct problem problem = {};
    struct postback postback;
    bool good = pairs_add_query(&pairs, str_c(query), arena, &problem) &&
                postback_read(&pairs, &context, arena, &postback, &problem);
    CHECK(query, good);
    order_apply(order, &postback.input, arena, ret_outcome);
}

/* ── what has happened ── */

TEST(customer_types)
{
    static const struct {
        const char *query;
        enum order_change_kind kind;
        enum sale_state state;
    } cases[] = {
        { "customerType=PARTIAL", CHANGE_NONE, SALE_PARTIAL },
        { "customerType=PARTIAL&orderStatus=COMPLETE", CHANGE_NONE, SALE_PARTIAL },
        { "customerType=LEAD", CHANGE_NONE, SALE_PARTIAL },
        { "customerType=Abandoned+Cart", CHANGE_NONE, SALE_PARTIAL },
        { "customerType=SALE", CHANGE_NONE, SALE_COMPLETE },
        { "customerType=New+Sale", CHANGE_NONE, SALE_COMPLETE },
        { "customerType=SALE&orderStatus=DECLINED", CHANGE_NONE, SALE_DECLINED },
        { "customerType=SALE&orderStatus=PARTIAL", CHANGE_NONE, SALE_PARTIAL },
        { "customerType=SALE&responseType=HARD_DECLINE", CHANGE_NONE, SALE_DECLINED },
        { "customerType=SALE&totalPrice=-5", CHANGE_REFUND, SALE_COMPLETE },
        { "customerType=SALE&totalPrice=-0.00", CHANGE_NONE, SALE_COMPLETE },
        { "customerType=SALE&totalPrice=12-5x", CHANGE_NONE, SALE_COMPLETE },
        { "customerType=SALE&orderStatus=CHARGEBACK&totalPrice=-5", CHANGE_CHARGEBACK,
          SALE_CHARGEBACK },
        { "customerType=SALE&orderStatus=DECLINED&totalPrice=-5", CHANGE_NONE, SALE_DECLINED },
        { "customerType=Subscription&totalPrice=-5", CHANGE_REFUND, SALE_COMPLETE },
        { "customerType=PARTIAL&totalPrice=-5", CHANGE_NONE, SALE_PARTIAL },
        { "customerType=UPSELL&totalPrice=-5", CHANGE_REFUND, SALE_COMPLETE },
        { "customerType=RECURRING&totalPrice=-5", CHANGE_REFUND, SALE_COMPLETE },
        { "customerType=FULFILLMENT&totalPrice=-5", CHANGE_REFUND, SALE_COMPLETE },
        { "customerType=CANCEL&totalPrice=-5", CHANGE_CANCEL, SALE_COMPLETE },
        { "customerType=CHARGEBACK&totalPrice=-5", CHANGE_CHARGEBACK, SALE_COMPLETE },
        { "customerType=Subscription", CHANGE_NONE, SALE_COMPLETE },
        { "customerType=upsell", CHANGE_UPSELL, SALE_COMPLETE },
        { "customerType=Prebill", CHANGE_PREBILL_SENT, SALE_COMPLETE },
        { "customerType=pre-billing", CHANGE_PREBILL_SENT, SALE_COMPLETE },
        { "customerType=RECURRING", CHANGE_REBILL, SALE_COMPLETE },
        { "customerType=Recurring/Rebill", CHANGE_REBILL, SALE_COMPLETE },
        { "customerType=REBILL", CHANGE_REBILL, SALE_COMPLETE },
        { "customerType=DECLINE&orderStatus=DECLINED", CHANGE_DECLINE, SALE_NONE },
        { "customerType=Declined", CHANGE_DECLINE, SALE_NONE },
        { "customerType=Rebill+Declined", CHANGE_REBILL_DECLINED, SALE_COMPLETE },
        { "customerType=REBILL_DECLINE", CHANGE_REBILL_DECLINED, SALE_COMPLETE },
        { "customerType=RECYCLE_FAILED", CHANGE_RECYCLE_FAILED, SALE_COMPLETE },
        { "customerType=CANCEL&orderStatus=CANCELLED", CHANGE_CANCEL, SALE_CANCELLED },
        { "customerType=Cancelled", CHANGE_CANCEL, SALE_COMPLETE },
        { "customerType=PAUSED", CHANGE_PAUSE, SALE_COMPLETE },
        { "customerType=Reactivate", CHANGE_REACTIVATE, SALE_COMPLETE },
        { "customerType=REFUND", CHANGE_REFUND, SALE_COMPLETE },
        { "customerType=PARTIAL_REFUND", CHANGE_REFUND, SALE_COMPLETE },
        { "customerType=full-refund", CHANGE_REFUND, SALE_COMPLETE },
        { "customerType=CHARGEBACK", CHANGE_CHARGEBACK, SALE_COMPLETE },
        { "customerType=DELIVERED", CHANGE_DELIVERED, SALE_COMPLETE },
        { "customerType=RMA_ISSUED", CHANGE_RMA_ISSUED, SALE_COMPLETE },
        { "customerType=RMA_RECEIVED", CHANGE_RMA_RECEIVED, SALE_COMPLETE },
        { "customerType=QA_PENDING", CHANGE_QA_PENDING, SALE_NONE },
        { "customerType=FULFILLMENT", CHANGE_SHIPPED, SALE_COMPLETE },
        { "customerType=FULFILLMENT&fulfillmentStatus=SHIPPED", CHANGE_SHIPPED, SALE_COMPLETE },
        { "customerType=FULFILLMENT&fulfillmentStatus=Delivered", CHANGE_DELIVERED, SALE_COMPLETE },
        { "customerType=FULFILLMENT&fulfillmentStatus=RMA+Pending", CHANGE_RMA_ISSUED,
          SALE_COMPLETE },
        { "customerType=FULFILLMENT&fulfillmentStatus=RETURNED", CHANGE_RMA_RECEIVED,
          SALE_COMPLETE },
        { "customerType=FULFILLMENT&fulfillmentStatus=HOLD", CHANGE_NONE, SALE_COMPLETE },
        { "orderStatus=COMPLETE", CHANGE_NONE, SALE_COMPLETE },
        { "orderStatus=PARTIAL", CHANGE_NONE, SALE_PARTIAL },
        { "orderStatus=declined&fulfillmentStatus=PENDING", CHANGE_NONE, SALE_DECLINED },
        { "orderStatus=REFUNDED", CHANGE_NONE, SALE_REFUNDED },
        { "orderStatus=REFUNDED&refundAmount=5", CHANGE_REFUND, SALE_REFUNDED },
        { "orderStatus=CANCELLED", CHANGE_NONE, SALE_CANCELLED },
        { "orderStatus=CHARGEBACK", CHANGE_CHARGEBACK, SALE_CHARGEBACK },
        { "orderStatus=CHARGEBACK&totalPrice=-5", CHANGE_CHARGEBACK, SALE_CHARGEBACK },
        { "orderStatus=REFUNDED&totalPrice=-1.033,50", CHANGE_REFUND, SALE_REFUNDED },
        { "orderStatus=QA+Pending", CHANGE_NONE, SALE_QA_PENDING },
        { "orderStatus=COMPLETE&fulfillmentStatus=SHIPPED", CHANGE_SHIPPED, SALE_COMPLETE },
        { "orderStatus=COMPLETE&orderType=RECURRING", CHANGE_REBILL, SALE_COMPLETE },
        { "orderStatus=DECLINED&orderType=REBILL", CHANGE_REBILL_DECLINED, SALE_COMPLETE },
        { "orderStatus=COMPLETE&orderType=CHARGEBACK", CHANGE_CHARGEBACK, SALE_COMPLETE },
        { "responseType=SOFT_DECLINE", CHANGE_NONE, SALE_DECLINED },
        { "responseType=SUCCESS", CHANGE_NONE, SALE_COMPLETE },
        { "customerType=WHATEVER&orderStatus=DECLINED", CHANGE_NONE, SALE_DECLINED },
        { "orderStatus=COMPLETE&totalPrice=-5.00", CHANGE_REFUND, SALE_COMPLETE },
        { "totalPrice=-5.00", CHANGE_REFUND, SALE_COMPLETE },
        { "totalPrice=5.00", CHANGE_NONE, SALE_COMPLETE },
        { "totalPrice=0.00", CHANGE_NONE, SALE_NONE },
        { "firstName=Ada", CHANGE_NONE, SALE_NONE },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        const char *label = cases[i].query;
        read_of_order(&reading, label);
        CHECK(label, reading.good);
        CHECK_INT(label, reading.postback.input.change.kind, cases[i].kind);
        CHECK_INT(label, reading.postback.input.facts.state, cases[i].state);
        CHECK(label, (reading.postback.input.change.key != 0) == (cases[i].kind != CHANGE_NONE));
        done(&reading);
    }
}

TEST(parcels_that_wait)
{
    static const struct {
        const char *query;
        enum fulfillment_state state;
        const char *noted;
    } cases[] = {
        { "customerType=SALE&fulfillmentStatus=Pending+Shipment", FULFILLMENT_PENDING, NULL },
        { "customerType=FULFILLMENT&fulfillmentStatus=HOLD", FULFILLMENT_PENDING, NULL },
        { "orderStatus=COMPLETE&fulfillmentStatus=PENDING", FULFILLMENT_PENDING, NULL },
        { "customerType=FULFILLMENT&fulfillmentStatus=Canceled", FULFILLMENT_CANCELLED, NULL },
        { "customerType=FULFILLMENT&fulfillmentStatus=SHIPPED", FULFILLMENT_NONE, NULL },
        { "customerType=SALE&fulfillmentStatus=LOST", FULFILLMENT_NONE, "fulfillmentStatus" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        const char *label = cases[i].query;
        read_of_order(&reading, label);
        CHECK_INT(label, reading.postback.input.facts.fulfillment, cases[i].state);
        if (cases[i].noted == NULL)
            CHECK_STR(label, reading.postback.notes, STR(""));
        else
            CHECK(label, has(reading.postback.notes, cases[i].noted));
        done(&reading);
    }
}

/* What our own exports have for a type, and the labels for people, are all known. */
TEST(own_names)
{
    static const char *const names[] = {
#define NAMES(member, name, wire, label) name, wire, label,
        CUSTOMER_TYPES(NAMES)
#undef NAMES
    };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct pair pair[] = { { .name = STR("orderId"), .text = STR("7") },
                               { .name = STR("customerType"), .text = str_c(names[i]) } };
        const struct pairs pairs = { pair, 2, 2 };
        struct postback postback;
        struct problem problem = {};
        CHECK(names[i], postback_read(&pairs, &context, &arena, &postback, &problem));
        CHECK(names[i], !has(postback.notes, "customerType"));
        CHECK(names[i],
              postback.input.change.kind != CHANGE_NONE || postback.input.facts.state != SALE_NONE);
    }
}

TEST(amounts)
{
    static const struct {
        const char *query;
        bool said;
        int64_t amount;
        bool total_said;
        int64_t total;
        const char *note; /* a part of the notes; NULL: there are none */
    } cases[] = {
        { "customerType=REFUND&refundAmount=12.50&totalPrice=20", true, 1250, true, 2000, NULL },
        { "customerType=REFUND&refundAmount=-12.50", true, 1250, false, 0, NULL },
        { "customerType=REFUND&totalPrice=-7", true, 700, false, 0, NULL },
        { "customerType=REFUND", false, 0, false, 0, NULL },
        { "customerType=REFUND&refundAmount=much", true, 0, false, 0, "\\\"much\\\" is no amount" },
        { "customerType=REFUND&refundAmount=33.333&totalPrice=-33.33", true, 3333, false, 0,
          "the total, which is below 0, is taken" },
        { "customerType=REFUND&totalPrice=-33.333", true, 0, false, 0, "told as one of 0. Add" },
        { "customerType=REFUND&totalPrice=-33.333&orderTotal=94", true, 0, false, 0,
          "told as one of 0. Add" },
        { "orderStatus=REFUNDED&totalPrice=-1.033,50", true, 0, false, 0, "told as one of 0" },
        { "customerType=REFUND&totalPrice=\xe2\x88\x92"
          "33.333",
          true, 0, false, 0, "one of 0" },
        { "customerType=REFUND&totalPrice=12,3x", false, 0, false, 0, "it is left out" },
        { "customerType=CHARGEBACK&totalPrice=-33.333", true, 0, false, 0, "told as one of 0" },
        { "customerType=CHARGEBACK&chargebackAmount=odd", true, 0, false, 0, "told as one of 0" },
        { "customerType=RECURRING&totalPrice=-12", true, 1200, false, 0,
          "below 0: it is taken as a refund" },
        { "customerType=RECURRING&product1_sku=a&product1_price=12.50", true, 1250, false, 0,
          NULL },
        { "customerType=RECURRING&product1_sku=a&product1_price=12.50&recurringPrice=9", true, 900,
          false, 0, NULL },
        { "customerType=RECURRING&product1_sku=a&product1_price=94&product2_sku=b"
          "&product2_price=12.50",
          false, 0, false, 0, NULL },
        { "customerType=RECURRING&product1_sku=a&product1_price=94&product2_sku=b"
          "&product2_price=12.50&product2_recurringstatus=ACTIVE",
          true, 1250, false, 0, NULL },
        { "customerType=CANCEL&totalPrice=-5", false, 0, false, 0, "by customerType is no refund" },
        { "customerType=PARTIAL_REFUND", true, 0, false, 0, "nothing says of how much" },
        { "customerType=CHARGEBACK&chargebackAmount=$294.00", true, 29400, false, 0, NULL },
        { "customerType=REBILL&totalPrice=12", true, 1200, false, 0, NULL },
        { "customerType=RECURRING&totalAmount=89.95", true, 8995, false, 0, NULL },
        { "customerType=REBILL_DECLINE&totalPrice=12", true, 1200, false, 0, NULL },
        { "orderStatus=COMPLETE&totalPrice=-3.20", true, 320, false, 0, NULL },
        { "customerType=SALE&totalPrice=1&totalAmount=2&price=3&orderTotal=4", false, 0, true, 100,
          NULL },
        { "customerType=SALE&totalAmount=2&price=3&orderTotal=4", false, 0, true, 200, NULL },
        { "customerType=SALE&price=3&orderTotal=4", false, 0, true, 300, NULL },
        { "customerType=SALE&orderTotal=4", false, 0, true, 400, NULL },
        { "customerType=SALE&total=1,234.50", false, 0, true, 123450, NULL },
        { "customerType=SALE&totalPrice=12,3x&orderTotal=4", false, 0, true, 400, "totalPrice" },
        { "customerType=SALE&totalPrice=-5", true, 500, false, 0, "taken as a refund" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        const char *label = cases[i].query;
        read_of_order(&reading, label);
        CHECK(label, reading.good);
        CHECK_INT(label, reading.postback.input.change.amount_said, cases[i].said);
        CHECK_INT(label, reading.postback.input.change.amount, cases[i].amount);
        CHECK_INT(label, reading.postback.input.facts.total_said, cases[i].total_said);
        CHECK_INT(label, reading.postback.input.facts.total, cases[i].total);
        if (cases[i].note == NULL)
            CHECK_STR(label, reading.postback.notes, STR(""));
        else
            CHECK(label, has(reading.postback.notes, cases[i].note));
        done(&reading);
    }
}

/* What is billed or given back is no price of a line. */
TEST(prices_of_lines)
{
    static const struct {
        const char *query;
        int64_t price, first_price, quantity; /* first_price: of a line that is new */
    } cases[] = {
        { "customerType=SALE&product1_price=94&product1_qty=2", 9400, 0, 2 },
        { "customerType=SALE&product1_price=-40", -1, 0, 0 },
        { "customerType=REFUND&product1_price=-40&product1_qty=1", -1, 0, 0 },
        { "customerType=REFUND&product1_price=40&product1_qty=1", -1, 4000, 0 },
        { "totalPrice=-40&product1_price=-40&product1_qty=-1", -1, 0, 0 },
        { "customerType=CHARGEBACK&product1_price=40", -1, 4000, 0 },
        { "customerType=RECURRING&product1_price=29.95&product1_qty=2", -1, 2995, 2 },
        { "customerType=PREBILL&product1_price=29.95", -1, 2995, 0 },
        { "customerType=REBILL_DECLINED&product1_price=29.95", -1, 2995, 0 },
        { "customerType=CANCEL&product1_price=29.95", 2995, 0, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        const char *label = cases[i].query;
        reading = (struct reading){};
        read_into(&reading, arena_format(&reading.arena, "orderId=7&product1_sku=a&%s", label));
        const struct order_line *line = reading.postback.input.facts.lines;
        CHECK_INT(label, line->price, cases[i].price);
        CHECK_INT(label, line->list_price, cases[i].first_price);
        CHECK_INT(label, line->quantity, cases[i].quantity);
        done(&reading);
    }
}

/* Beside a change the parcel's is a state, which the order tells when it is news. */
TEST(parcels_beside)
{
    static const struct {
        const char *query;
        enum order_change_kind kind;
        enum fulfillment_state state;
    } cases[] = {
        { "orderStatus=REFUNDED&refundAmount=94&fulfillmentStatus=RETURNED", CHANGE_REFUND,
          FULFILLMENT_RETURNED },
        { "orderStatus=REFUNDED&fulfillmentStatus=SHIPPED", CHANGE_NONE, FULFILLMENT_SHIPPED },
        { "orderStatus=CHARGEBACK&fulfillmentStatus=DELIVERED", CHANGE_CHARGEBACK,
          FULFILLMENT_DELIVERED },
        { "orderType=RECURRING&fulfillmentStatus=SHIPPED", CHANGE_REBILL, FULFILLMENT_SHIPPED },
        { "totalPrice=-5&fulfillmentStatus=RMA+Pending", CHANGE_REFUND, FULFILLMENT_RMA_PENDING },
        { "customerType=FULFILLMENT&fulfillmentStatus=SHIPPED&totalPrice=-5", CHANGE_REFUND,
          FULFILLMENT_SHIPPED },
        { "customerType=RETURNED&totalPrice=-5", CHANGE_REFUND, FULFILLMENT_RETURNED },
        { "orderStatus=COMPLETE&fulfillmentStatus=SHIPPED", CHANGE_SHIPPED, FULFILLMENT_NONE },
        { "orderStatus=PARTIAL&fulfillmentStatus=SHIPPED", CHANGE_NONE, FULFILLMENT_NONE },
        { "customerType=REFUND&fulfillmentStatus=SHIPPED", CHANGE_REFUND, FULFILLMENT_NONE },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        const char *label = cases[i].query;
        read_of_order(&reading, label);
        CHECK_INT(label, reading.postback.input.change.kind, cases[i].kind);
        CHECK_INT(label, reading.postback.input.facts.fulfillment, cases[i].state);
        done(&reading);
    }
}

/* ── keys ── */

static uint64_t key_of_text(str query)
{
    struct reading reading;
    read_as(&reading, query);
    CHECK("it is read", reading.good);
    uint64_t key = reading.postback.input.change.key;
    done(&reading);
    return key;
}

static uint64_t key_of(const char *query)
{
    return key_of_text(str_c(query));
}

static uint64_t key_of_order(const char *query)
{
    struct reading reading;
    read_of_order(&reading, query);
    uint64_t key = reading.postback.input.change.key;
    done(&reading);
    return key;
}

TEST(keys)
{
    const char *refund =
        "orderId=7&customerType=REFUND&refundAmount=5&dateRefunded=2026-11-20&secret=a";

    static const struct {
        const char *query;
        bool same;
    } cases[] = {
        { "secret=b&dateRefunded=2026-11-20&refundAmount=5.00&customerType=refund&orderId=7",
          true },
        { "orderId=7&customerType=PARTIAL_REFUND&refundAmount=5&dateRefunded=2026-11-20", true },
        { "orderId=7&customerType=REFUND&refundAmount=6&dateRefunded=2026-11-20", false },
        { "orderId=7&customerType=REFUND&refundAmount=5&dateRefunded=2026-11-21", false },
        { "orderId=7&customerType=REFUND&refundAmount=5&dateRefunded=2026-11-20&transactionId=9",
          false },
        { "orderId=7&customerType=REFUND&refundAmount=5&dateRefunded=2026-11-20"
          "&dateUpdated=2026-11-20+10:00:00",
          false },
        { "orderId=7&customerType=CHARGEBACK&chargebackAmount=5", false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK(cases[i].query, (key_of(cases[i].query) == key_of(refund)) == cases[i].same);
    CHECK("another parcel", key_of("orderId=7&customerType=FULFILLMENT&trackingNumber=1") !=
                                key_of("orderId=7&customerType=FULFILLMENT&trackingNumber=2"));
    CHECK("another bill", key_of("orderId=7&customerType=REBILL&product1_sku=a"
                                 "&product1_billingCycleNumber=2") !=
                              key_of("orderId=7&customerType=REBILL&product1_sku=a"
                                     "&product1_billingCycleNumber=3"));
    CHECK("another upsell", key_of("orderId=7&customerType=UPSELL&product1_sku=a") !=
                                key_of("orderId=7&customerType=UPSELL&product1_sku=b"));
}

/* Of the same amount, on the same day, in the same bill. */
TEST(keys_of_purchases)
{
    static const char *const types[] = { "RECURRING",      "REBILL_DECLINED", "PREBILL",
                                         "RECYCLE_FAILED", "CANCEL",          "PAUSE",
                                         "REACTIVATE" };

    CLEANUP(arena_done) struct arena arena = {};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        str club = arena_format(&arena,
                                "orderId=7&customerType=%s&product1_billingCycleNumber=2"
                                "&dateUpdated=2026-11-20+10:00:00&product1_sku=club",
                                types[i]);
        uint64_t key = key_of_text(club);
        CHECK(types[i], key != key_of_text(arena_format(&arena, "%.*s-2", STR_ARG(club))));
        CHECK(types[i],
              key != key_of_text(arena_format(&arena, "%.*s&purchaseId=9", STR_ARG(club))));
        CHECK(types[i],
              key == key_of_text(arena_format(&arena, "%.*s&product1_price=12", STR_ARG(club))));
    }
    CHECK(
        "by the state that fits",
        key_of("orderId=7&customerType=PAUSE&dateUpdated=1&product1_sku=a"
               "&product1_recurringstatus=PAUSED&product2_sku=b&product2_recurringstatus=ACTIVE") !=
            key_of("orderId=7&customerType=PAUSE&dateUpdated=1&product1_sku=a"
                   "&product1_recurringstatus=ACTIVE&product2_sku=b"
                   "&product2_recurringstatus=PAUSED"));
}

/* What only a state says is said again by each later postback. */
TEST(keys_of_states)
{
    static const struct {
        const char *one, *other;
        bool same;
    } cases[] = {
        { "orderStatus=REFUNDED&refundAmount=94&dateUpdated=2026-11-20+13:00:00",
          "orderStatus=REFUNDED&refundAmount=94&dateUpdated=2026-11-20+14:00:00&rmaNumber=R"
          "&trackingNumber=T&fulfillmentStatus=RETURNED&nextBillDate=2027-01-01",
          true },
        { "orderStatus=REFUNDED&refundAmount=47&dateRefunded=1",
          "orderStatus=REFUNDED&refundAmount=47&dateRefunded=2", false },
        { "orderStatus=REFUNDED&refundAmount=47&transactionId=1",
          "orderStatus=REFUNDED&refundAmount=47&transactionId=2", false },
        { "orderStatus=REFUNDED&refundAmount=47", "orderStatus=REFUNDED&refundAmount=40", false },
        { "orderStatus=CHARGEBACK&chargebackAmount=94&dateUpdated=2026-11-20+13:00:00",
          "orderStatus=CHARGEBACK&chargebackAmount=94&dateUpdated=2026-11-20+14:00:00&city=Y",
          true },
        { "orderStatus=CHARGEBACK&chargebackDate=1", "orderStatus=CHARGEBACK&chargebackDate=2",
          false },
        { "orderStatus=COMPLETE&fulfillmentStatus=SHIPPED&trackingNumber=1&dateUpdated=1",
          "orderStatus=COMPLETE&fulfillmentStatus=SHIPPED&trackingNumber=1&dateUpdated=2"
          "&dateRefunded=2026-11-20&rmaNumber=R",
          true },
        { "orderStatus=COMPLETE&fulfillmentStatus=SHIPPED&trackingNumber=1",
          "orderStatus=COMPLETE&fulfillmentStatus=SHIPPED&trackingNumber=2", false },
        { "orderStatus=COMPLETE&fulfillmentStatus=RMA+Pending&rmaNumber=1",
          "orderStatus=COMPLETE&fulfillmentStatus=RMA+Pending&rmaNumber=2", false },
        /* Of bills each day has one; a total below 0 is said once. */
        { "orderType=RECURRING&totalPrice=12&dateUpdated=2026-11-20+10:00:00",
          "orderType=RECURRING&totalPrice=12&dateUpdated=2026-11-20+11:00:00"
          "&fulfillmentStatus=SHIPPED&trackingNumber=T",
          true },
        { "orderType=RECURRING&totalPrice=12&dateUpdated=2026-11-19+10:00:00",
          "orderType=RECURRING&totalPrice=12&dateUpdated=2026-11-20+10:00:00", false },
        { "orderType=RECURRING&totalPrice=12&product1_sku=a",
          "orderType=RECURRING&totalPrice=12&product1_sku=b", false },
        { "totalPrice=-40&dateUpdated=2026-11-20+10:00:00",
          "totalPrice=-40&dateUpdated=2026-11-20+11:00:00", false },
        { "customerType=SALE&orderStatus=REFUNDED&totalPrice=-94&dateUpdated=2026-11-20+13:00:00",
          "customerType=SALE&orderStatus=REFUNDED&totalPrice=-94&dateUpdated=2026-11-20+14:00:00",
          true },
        { "customerType=REFUND&refundAmount=94&dateUpdated=2026-11-20+13:00:00",
          "customerType=REFUND&refundAmount=94&dateUpdated=2026-11-20+14:00:00", false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK(cases[i].other,
              (key_of_order(cases[i].one) == key_of_order(cases[i].other)) == cases[i].same);
}

TEST(a_life)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct order order = {};
    struct order_outcome outcome;

    static const struct {
        const char *query;
        int told;
        enum sale_state state;
    } cases[] = {
        { "clientOrderId=K&customerType=PARTIAL&orderStatus=PARTIAL&totalPrice=0.00"
          "&declineReason=Unknown+Error",
          2, SALE_PARTIAL },
        { "clientOrderId=K&customerType=DECLINE&orderStatus=DECLINED", 1, SALE_DECLINED },
        { "clientOrderId=K&customerType=SALE&orderStatus=COMPLETE&product1_sku=n&product1_price=294"
          "&totalPrice=294.00",
          1, SALE_COMPLETE },
        { "clientOrderId=K&customerType=SALE&orderStatus=COMPLETE&product1_sku=n&product1_price=294"
          "&totalPrice=294.00",
          0, SALE_COMPLETE },
        { "clientOrderId=K&customerType=UPSELL&orderStatus=COMPLETE&product1_sku=n"
          "&product1_price=294&product2_sku=u&product2_price=293.99&orderTotal=294.00"
          "&totalPrice=587.99",
          1, SALE_COMPLETE },
        { "clientOrderId=K&customerType=FULFILLMENT&fulfillmentStatus=SHIPPED&trackingNumber=1Z"
          "&orderStatus=COMPLETE&product1_sku=n&product1_price=294&product2_sku=u"
          "&product2_price=293.99",
          1, SALE_COMPLETE },
        { "clientOrderId=K&customerType=REFUND&refundAmount=100&dateRefunded=1", 2, SALE_COMPLETE },
        { "clientOrderId=K&customerType=REFUND&refundAmount=100&dateRefunded=1", 0, SALE_COMPLETE },
        { "clientOrderId=K&customerType=REFUND&refundAmount=100&dateRefunded=2", 2, SALE_COMPLETE },
        { "clientOrderId=K&totalPrice=-387.99", 2, SALE_REFUNDED },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        apply(&order, &arena, cases[i].query, &outcome);
        CHECK_INT(cases[i].query, outcome.occurrence_count, cases[i].told);
        CHECK_INT(cases[i].query, order.state, cases[i].state);
    }
    CHECK_INT("first", order.first_total, 29400);
    CHECK_INT("running", order.total, 58799);
    CHECK_INT("refunded", order.refunded, 58799);
    CHECK_INT("lines", order.line_count, 2);
}

/* Without customerType: a parcel that comes farther beside what else has happened, is told. */
TEST(parcels_of_a_life)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct order order = {};
    struct order_outcome outcome;

    static const struct {
        const char *query;
        int told;
        enum fulfillment_state parcel;
    } cases[] = {
        { "orderId=7&orderStatus=COMPLETE&totalPrice=94", 1, FULFILLMENT_NONE },
        { "orderId=7&orderStatus=COMPLETE&fulfillmentStatus=SHIPPED", 1, FULFILLMENT_SHIPPED },
        { "orderId=7&orderStatus=REFUNDED&refundAmount=94&fulfillmentStatus=DELIVERED", 3,
          FULFILLMENT_DELIVERED },
        { "orderId=7&orderStatus=REFUNDED&refundAmount=94&fulfillmentStatus=RETURNED", 1,
          FULFILLMENT_RETURNED },
        { "orderId=7&orderStatus=REFUNDED&refundAmount=94&fulfillmentStatus=DELIVERED", 0,
          FULFILLMENT_RETURNED },
        { "orderId=7&orderStatus=REFUNDED&refundAmount=94&fulfillmentStatus=RETURNED", 0,
          FULFILLMENT_RETURNED },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        apply(&order, &arena, cases[i].query, &outcome);
        CHECK_INT(cases[i].query, outcome.occurrence_count, cases[i].told);
        CHECK_INT(cases[i].query, order.fulfillment, cases[i].parcel);
    }
}

/* ── repeats ── */

TEST(what_is_noted_of_a_repeat)
{
    static const struct {
        const char *query;
        const char *field, *text;
    } cases[] = {
        { "customerType=REFUND&refundAmount=5", "dateRefunded", "another one, add it with POST" },
        { "customerType=REFUND&refundAmount=odd", "dateRefunded", "is no amount" },
        { "customerType=REFUND&refundAmount=5&dateRefunded=1", "customerType", "is the same." },
        { "customerType=REFUND&refundAmount=5&transactionId=1", "customerType", "is the same." },
        { "customerType=CHARGEBACK", "chargebackDate", "map chargebackDate" },
        { "orderStatus=CHARGEBACK&dateUpdated=2026-11-20+10:00:00", "chargebackDate",
          "map chargebackDate" },
        { "customerType=DECLINE", "dateUpdated", "Map dateUpdated or transactionId" },
        { "customerType=DECLINE&dateUpdated=2026-11-20+10:00:00", "customerType", "is the same." },
        { "customerType=PAUSE", "dateUpdated", "changed back" },
        { "customerType=PAUSE&dateUpdated=2026-11-20+10:00:00", "customerType", "is the same." },
        { "customerType=FULFILLMENT", "customerType", "is the same." },
        { "customerType=QA_DECLINED", "customerType", "is the same." },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading;
        const char *label = cases[i].query;
        json notes;
        struct json_error error;
        read_of_order(&reading, label);
        str text = reading.postback.notes_if_repeated;
        CHECK(label, json_read(&reading.arena, text, 4, &notes, &error));
        json last = json_element(notes, (int64_t)json_count(notes) - 1);
        CHECK_STR(label, json_string(json_get(last, STR("field"))), str_c(cases[i].field));
        CHECK_STR(label, json_string(json_get(last, STR("code"))), STR("repeat"));
        CHECK(label, has(json_string(json_get(last, STR("message"))),
                         "Taken as a repeat of an earlier one: "));
        CHECK(label, has(text, cases[i].text));
        CHECK("not before", !has(reading.postback.notes, "repeat"));
        done(&reading);
    }
    struct reading sale;
    read_as(&sale, STR("orderId=7&customerType=SALE"));
    CHECK("a sale again says what is known", sale.postback.notes_if_repeated.len == 0);
    done(&sale);
}

RUN_TESTS(cmocka_unit_test(customer_types), cmocka_unit_test(parcels_that_wait),
          cmocka_unit_test(own_names), cmocka_unit_test(amounts), cmocka_unit_test(keys),
          cmocka_unit_test(prices_of_lines), cmocka_unit_test(parcels_beside),
          cmocka_unit_test(keys_of_purchases), cmocka_unit_test(keys_of_states),
          cmocka_unit_test(a_life), cmocka_unit_test(parcels_of_a_life),
          cmocka_unit_test(what_is_noted_of_a_repeat))
