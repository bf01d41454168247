/* SPDX-License-Identifier: MIT
 * record/postback_life_test.c: orders as their postbacks make them, one after the other. */
#include "record/test_postback.h"

/* 2026-11-21T20:00:00Z: five hours behind it is 15:00. */
#define NOW_MS INT64_C(1795291200000)

struct life {
    struct order order;
    struct order_outcome outcome;
    struct arena arena;
};

static void come(struct life *life, int64_t now_ms, const char *query)
{
    struct pairs pairs = {};
    struct problem problem = {};
    struct postback postback;
    const struct postback_context then = { .now_ms = now_ms, .zone = &five_hours_behind };
    str text = arena_format(&life->arena, "orderId=7&%s", query);
    CHECK(query, pairs_add_query(&pairs, text, &life->arena, &problem) &&
                     postback_read(&pairs, &then, &life->arena, &postback, &problem));
    order_apply(&life->order, &postback.input, &life->arena, &life->outcome);
}

static bool told(const struct life *life, enum customer_type type)
{
    for (int i = 0; i < life->outcome.occurrence_count; i++)
        if (life->outcome.occurrences[i].type == type)
            return true;
    return false;
}

/* ── bills ── */

#define LISTED_SALE "customerType=SALE&product1_sku=a&product1_price=10&totalPrice=10"
#define LISTED_UPSELL "customerType=UPSELL&product1_sku=b&product1_price=5&totalPrice=15"

TEST(what_is_paid_is_counted_once)
{
    static const struct {
        const char *label;
        const char *queries[6];
        int64_t captured;
        int64_t total;
    } cases[] = {
        { "a bill of an order that nobody has heard of",
          { "customerType=REBILL&product1_sku=club&product1_price=49.90&totalPrice=49.90" },
          4990,
          4990 },
        { "by its lines alone",
          { "customerType=REBILL&product1_sku=club&product1_price=49.90"
            "&product1_recurringstatus=ACTIVE" },
          4990,
          4990 },
        { "and the next one",
          { "customerType=REBILL&product1_sku=club&product1_price=49.90&totalPrice=49.90"
            "&transactionId=1",
            "customerType=REBILL&product1_sku=club&product1_price=49.90&totalPrice=49.90"
            "&transactionId=2" },
          9980,
          4990 },
        { "a trial, and its first bill at the full price",
          { "customerType=SALE&product1_sku=club&product1_price=1.00&totalPrice=1.00",
            "customerType=REBILL&product1_sku=club&product1_price=49.90&totalPrice=49.90" },
          5090,
          100 },
        { "one that was declined",
          { "customerType=SALE&product1_sku=club&product1_price=1.00&totalPrice=1.00",
            "customerType=REBILL_DECLINE&product1_sku=club&product1_price=49.90&totalPrice=49.90" },
          100,
          100 },
        { "one that will come, and one that never does",
          { "customerType=SALE&product1_sku=club&product1_price=1.00&totalPrice=1.00",
            "customerType=PREBILL&product1_sku=club&product1_price=49.90&totalPrice=49.90",
            "customerType=RECYCLE_FAILED&product1_sku=club&product1_price=49.90"
            "&totalPrice=49.90" },
          100,
          100 },
        { "an upsell",
          { "customerType=SALE&product1_sku=a&product1_price=10&totalPrice=10",
            "customerType=UPSELL&product1_sku=b&product1_price=5&totalPrice=15" },
          1500,
          1500 },
        { "a sale and its upsell, sent again and again",
          { LISTED_SALE, LISTED_UPSELL, LISTED_SALE, LISTED_UPSELL, LISTED_SALE, LISTED_UPSELL },
          1500,
          1500 },
        { "a parcel with the first total",
          { LISTED_SALE, LISTED_UPSELL, "customerType=FULFILLMENT&trackingNumber=1&orderTotal=10",
            "customerType=DELIVERED&totalPrice=15" },
          1500,
          1500 },
        { "a total that falls, and rises",
          { "customerType=SALE&totalPrice=100", "customerType=SALE&totalPrice=80",
            "customerType=SALE&totalPrice=100", "customerType=SALE&totalPrice=120" },
          12000,
          12000 },
        { "with old news",
          { "customerType=SALE&totalPrice=10&dateUpdated=2026-11-20+11:00:00",
            "customerType=SALE&totalPrice=20&dateUpdated=2026-11-20+10:00:00" },
          1000,
          1000 },
        { "of the upsell, which comes late",
          { "customerType=SALE&totalPrice=10&dateUpdated=2026-11-20+10:00:00",
            "customerType=DELIVERED&totalPrice=10&dateUpdated=2026-11-20+12:00:00",
            "customerType=UPSELL&product1_sku=b&totalPrice=15&dateUpdated=2026-11-20+11:00:00" },
          1500,
          1500 },
        { "with a parcel that comes again",
          { "customerType=SALE&totalPrice=10", "customerType=DELIVERED&totalPrice=10",
            "customerType=DELIVERED&totalPrice=20" },
          1000,
          1000 },
        { "of a cart that has been sold",
          { "customerType=SALE&totalPrice=10", "customerType=PARTIAL&totalPrice=20" },
          1000,
          1000 },
        { "the sale again, without its total, behind a bill at another price",
          { "customerType=SALE&product1_sku=club&product1_price=4.95&totalPrice=4.95",
            "customerType=RECURRING&product1_sku=club&product1_price=29.95&totalPrice=29.95",
            "customerType=SALE&product1_sku=club&product1_price=4.95" },
          3490,
          495 },
        { "a bill in front of its sale",
          { "customerType=RECURRING&product1_sku=club&totalPrice=12",
            "customerType=SALE&product1_sku=club&totalPrice=12" },
          2400,
          1200 },
        { "and an upsell, or what the cart has had",
          { "customerType=RECURRING&product1_sku=club&totalPrice=12",
            "customerType=DELIVERED&totalPrice=12",
            "customerType=SALE&product1_sku=club&totalPrice=12",
            "customerType=SALE&product1_sku=club&totalPrice=32" },
          4400,
          3200 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct life life = {};
        for (int k = 0; k < 6 && cases[i].queries[k] != NULL; k++)
            come(&life, NOW_MS, cases[i].queries[k]);
        CHECK_INT(cases[i].label, life.order.captured, cases[i].captured);
        CHECK_INT(cases[i].label, life.order.total, cases[i].total);
        arena_done(&life.arena);
    }
}

#define REBILL "customerType=REBILL&product1_sku=club&product1_price=10&totalPrice=10&purchaseId=5"

TEST(bills_that_nothing_tells_apart)
{
    static const struct {
        const char *label;
        const char *first, *second;
        int64_t later_ms;
        bool same;
    } cases[] = {
        { "at once", REBILL, REBILL, 1000, true },
        { "the last hour of the account's day", REBILL, REBILL, 9 * INT64_C(3600000) - 1, true },
        { "its next day", REBILL, REBILL, 9 * INT64_C(3600000), false },
        { "a month later", REBILL, REBILL, 30 * INT64_C(86400000), false },
        { "what tells them apart is the same", REBILL "&transactionId=9", REBILL "&transactionId=9",
          30 * INT64_C(86400000), true },
        { "and is not", REBILL "&transactionId=9", REBILL "&transactionId=10", 1000, false },
        { "the bill's number is the same", REBILL "&product1_billingCycleNumber=2",
          REBILL "&product1_billingCycleNumber=2", 30 * INT64_C(86400000), true },
        { "what is paused already", "customerType=PAUSE", "customerType=PAUSE",
          30 * INT64_C(86400000), true },
        { "a pause that says when", "customerType=PAUSE&dateUpdated=2026-11-20+10:00:00",
          "customerType=PAUSE&dateUpdated=2026-11-21+10:00:00", 1000, false },
        { "of another purchase", "customerType=PAUSE&purchaseId=1",
          "customerType=PAUSE&purchaseId=2", 1000, false },
        { "a parcel is the same one for ever", "customerType=FULFILLMENT&trackingNumber=1",
          "customerType=FULFILLMENT&trackingNumber=1", 30 * INT64_C(86400000), true },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct life life = {};
        come(&life, NOW_MS,
             "customerType=SALE&product1_sku=club&product1_price=10&totalPrice=10"
             "&product1_recurringstatus=ACTIVE");
        come(&life, NOW_MS, cases[i].first);
        come(&life, NOW_MS + cases[i].later_ms, cases[i].second);
        CHECK(cases[i].label, (life.outcome.verdict == ORDER_REPEATED) == cases[i].same);
        arena_done(&life.arena);
    }
}

/* ── subscriptions ── */

#define SALE "customerType=SALE&product1_sku=club&product1_price=10&totalPrice=10"

TEST(subscriptions_start_once)
{
    static const struct {
        const char *label;
        const char *queries[3];
        unsigned started; /* bit 0: by the first … */
    } cases[] = {
        { "with the sale", { SALE "&product1_recurringstatus=ACTIVE", SALE }, 1 },
        { "behind it",
          { SALE, "customerType=SUBSCRIPTION&product1_sku=club&product1_price=10" },
          2 },
        { "once",
          { SALE, "customerType=SUBSCRIPTION&product1_sku=club",
            "customerType=SUBSCRIPTION&product1_sku=club" },
          2 },
        { "in front of it", { "customerType=SUBSCRIPTION&product1_sku=club", SALE }, 1 },
        { "without a word of what it is of", { SALE, "customerType=SUBSCRIPTION" }, 2 },
        { "of an order without lines",
          { "customerType=SALE&totalPrice=10", "customerType=SUBSCRIPTION" },
          2 },
        { "none", { SALE, SALE }, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct life life = {};
        unsigned started = 0;
        for (int k = 0; k < 3 && cases[i].queries[k] != NULL; k++) {
            come(&life, NOW_MS, cases[i].queries[k]);
            started |= (unsigned)told(&life, CUSTOMER_SUBSCRIPTION_STARTED) << k;
        }
        CHECK_INT(cases[i].label, started, cases[i].started);
        for (int k = 0; k < life.order.line_count; k++)
            CHECK(cases[i].label, life.order.lines[k].recurring == (started != 0));
        arena_done(&life.arena);
    }
}

/* Nothing but the purchase itself tells one pause from the next. */
TEST(purchases_that_come_and_go)
{
    static const struct {
        const char *label, *sale, *more; /* with each */
        bool purchase;                   /* that is known */
    } cases[] = {
        { "one that recurs", SALE "&product1_recurringstatus=ACTIVE", "", true },
        { "with an id, and its next bill's date", SALE "&product1_recurringstatus=ACTIVE",
          "&purchaseId=5&nextBillDate=2026-12-01&transactionId=9", true },
        { "with its lines", SALE "&product1_recurringstatus=ACTIVE",
          "&product1_sku=club&product1_billingCycleNumber=2", true },
        { "none that is known", "customerType=SALE&totalPrice=10", "", false },
    };

    static const struct {
        const char *type;
        enum customer_type told;
        enum purchase_state state;
    } steps[] = {
        { "PAUSE", CUSTOMER_PAUSE, PURCHASE_PAUSED },
        { "REACTIVATE", CUSTOMER_REACTIVATE, PURCHASE_ACTIVE },
        { "PAUSE", CUSTOMER_PAUSE, PURCHASE_PAUSED },
        { "CANCEL", CUSTOMER_CANCEL, PURCHASE_CANCELLED },
        { "REACTIVATE", CUSTOMER_REACTIVATE, PURCHASE_ACTIVE },
        { "CANCEL", CUSTOMER_CANCEL, PURCHASE_CANCELLED },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct life life = {};
        const char *label = cases[i].label;
        come(&life, NOW_MS, cases[i].sale);
        for (size_t k = 0; k < COUNT_OF(steps); k++) {
            str text = arena_format(&life.arena, "customerType=%s%s", steps[k].type, cases[i].more);
            come(&life, NOW_MS, arena_c(&life.arena, text));
            CHECK(label, told(&life, steps[k].told));
            come(&life, NOW_MS, arena_c(&life.arena, text));
            CHECK_INT(label, life.outcome.verdict, ORDER_REPEATED);
            CHECK_INT(label, life.outcome.occurrence_count, 0);
            if (cases[i].purchase)
                CHECK_INT(label, life.order.lines[0].purchase, steps[k].state);
        }
        arena_done(&life.arena);
    }
}

#define TWO(more)                                                                                  \
    "&product1_sku=a&product1_price=12&product2_sku=b&product2_price=20&product3_sku=x" more
#define STATES(a, b) TWO("&product1_recurringstatus=" a "&product2_recurringstatus=" b)
#define SOLD "customerType=SALE&totalPrice=32" STATES("ACTIVE", "ACTIVE")
#define OF_A "&product1_sku=a&purchaseId=PA"

/* Of an order with two purchases: which is meant. */
TEST(one_of_several_purchases)
{
    static const struct {
        const char *label;
        const char *queries[2]; /* behind the sale */
        const char *want;       /* state, cycle and id of each */
        int line;               /* that the last was about */
    } cases[] = {
        { "the one that is listed", { "customerType=CANCEL" OF_A }, "3 1 PA, 1 1 ", 1 },
        { "with something that does not recur",
          { "customerType=PAUSE&product1_sku=x&product2_sku=b" },
          "1 1 , 2 1 ",
          2 },
        { "the one whose state fits",
          { "customerType=CANCEL&purchaseId=PB" STATES("ACTIVE", "CANCELLED") },
          "1 1 , 3 1 PB",
          2 },
        { "of a decline",
          { "customerType=REBILL_DECLINE" STATES("RECYCLE_BILLING", "ACTIVE") },
          "4 1 , 1 1 ",
          1 },
        { "the one with the id, whatever is listed",
          { "customerType=REBILL&totalPrice=12" OF_A,
            "customerType=CANCEL&purchaseId=PA" STATES("ACTIVE", "CANCELLED") },
          "3 2 PA, 1 1 ",
          1 },
        { "the other one, of an id that none has",
          { "customerType=REBILL&totalPrice=12" OF_A, "customerType=CANCEL&purchaseId=PB" },
          "1 2 PA, 3 1 PB",
          2 },
        { "though that with another id is listed",
          { "customerType=PAUSE" OF_A, "customerType=CANCEL&purchaseId=PB&product1_sku=a" },
          "2 1 PA, 3 1 PB",
          2 },
        { "all, where nothing says it", { "customerType=CANCEL" TWO("") }, "3 1 , 3 1 ", 0 },
        { "all, where both fit",
          { "customerType=REBILL&totalPrice=32" STATES("ACTIVE", "ACTIVE") },
          "1 2 , 1 2 ",
          0 },
        { "a bill that says which it is",
          { "customerType=REBILL&totalPrice=12&product1_billingCycleNumber=2" OF_A },
          "1 2 PA, 1 1 ",
          1 },
        { "and the next, that does not",
          { "customerType=REBILL&totalPrice=12&product1_billingCycleNumber=4" OF_A,
            "customerType=REBILL&totalPrice=12&transactionId=9" OF_A },
          "1 5 PA, 1 1 ",
          1 },
        { "a bill's date",
          { "customerType=REBILL&totalPrice=12&nextBillDate=2027-01-01" OF_A },
          "1 2 PA, 1 1 ",
          1 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct life life = {};
        come(&life, NOW_MS, SOLD);
        int line = 0;
        for (int k = 0; k < 2 && cases[i].queries[k] != NULL; k++) {
            come(&life, NOW_MS, cases[i].queries[k]);
            CHECK_INT(cases[i].label, life.outcome.occurrence_count, 1);
            line = life.outcome.occurrences[0].line;
            come(&life, NOW_MS, cases[i].queries[k]);
            CHECK_INT(cases[i].label, life.outcome.occurrence_count, 0);
        }
        CHECK_INT(cases[i].label, line, cases[i].line);
        const struct order_line *a = &life.order.lines[0];
        const struct order_line *b = &life.order.lines[1];
        str got = arena_format(&life.arena, "%d %lld %.*s, %d %lld %.*s", (int)a->purchase,
                               (long long)a->cycle, STR_ARG(a->purchase_id), (int)b->purchase,
                               (long long)b->cycle, STR_ARG(b->purchase_id));
        CHECK_STR(cases[i].label, got, str_c(cases[i].want));
        CHECK_STR(cases[i].label, b->next_bill, STR(""));
        arena_done(&life.arena);
    }
}

/* What is sold becomes a purchase, once it recurs. */
TEST(a_line_that_recurs_later)
{
    struct life life = {};
    come(&life, NOW_MS, SALE);
    come(&life, NOW_MS, "customerType=REBILL&product1_sku=club&product1_recurringstatus=ACTIVE");
    CHECK_INT("active", life.order.lines[0].purchase, PURCHASE_ACTIVE);
    CHECK_INT("its second bill", life.order.lines[0].cycle, 2);
    arena_done(&life.arena);
}

/* Who says when is heard late, too. */
TEST(a_pause_that_comes_late)
{
    struct life life = {};
    come(&life, NOW_MS, SALE "&product1_recurringstatus=ACTIVE");
    come(&life, NOW_MS, "customerType=PAUSE&dateUpdated=2026-11-20+10:00:00");
    come(&life, NOW_MS, "customerType=REACTIVATE&dateUpdated=2026-11-20+11:00:00");
    come(&life, NOW_MS, "customerType=PAUSE&dateUpdated=2026-11-20+10:00:00");
    CHECK_INT("a repeat", life.outcome.verdict, ORDER_REPEATED);
    CHECK_INT("active", life.order.lines[0].purchase, PURCHASE_ACTIVE);
    arena_done(&life.arena);
}

/* ── what comes again ── */

#define PARCEL                                                                                     \
    "customerType=FULFILLMENT&trackingNumber=1Z&product1_sku=club&product1_recurringstatus="
#define REFUND_OF(cents, day, why)                                                                 \
    "customerType=REFUND&refundAmount=" cents "&dateRefunded=2026-11-" day why

TEST(repeats_do_not_bring_back_what_was)
{
    static const struct {
        const char *label;
        const char *queries[5];
        enum crm_field field;
        const char *want;
        enum purchase_state purchase;
    } cases[] = {
        { "a parcel, when its purchase was paused",
          { SALE "&product1_recurringstatus=ACTIVE", PARCEL "PAUSED", "customerType=REACTIVATE",
            PARCEL "PAUSED" },
          CRM_TRACKING_NUMBER,
          "1Z",
          PURCHASE_ACTIVE },
        { "a decline",
          { "customerType=DECLINE&declineReason=no", SALE,
            "customerType=DECLINE&declineReason=no" },
          CRM_DECLINE_REASON,
          "",
          PURCHASE_NONE },
        { "one that comes first behind the sale",
          { SALE, "customerType=DECLINE&declineReason=no" },
          CRM_DECLINE_REASON,
          "",
          PURCHASE_NONE },
        { "of a cart",
          { SALE "&city=Rome", "customerType=PARTIAL&declineReason=no&city=Oslo" },
          CRM_CITY,
          "Rome",
          PURCHASE_NONE },
        { "a refund",
          { SALE, REFUND_OF("1", "20", "&refundReason=one"), REFUND_OF("2", "21", ""),
            REFUND_OF("1", "20", "&refundReason=one") },
          CRM_REFUND_REASON,
          "",
          PURCHASE_NONE },
        { "a refund's date",
          { SALE, REFUND_OF("1", "20", ""), REFUND_OF("2", "21", ""), REFUND_OF("1", "20", "") },
          CRM_DATE_REFUNDED,
          "2026-11-21",
          PURCHASE_NONE },
        { "a refund that comes late has its own",
          { SALE "&dateUpdated=2026-11-19+10:00:00",
            REFUND_OF("2", "21", "&refundReason=two&dateUpdated=2026-11-21+10:00:00"),
            REFUND_OF("1", "20", "&refundReason=one&dateUpdated=2026-11-20+10:00:00") },
          CRM_REFUND_REASON,
          "one",
          PURCHASE_NONE },
        { "what a repeat says more",
          { SALE, "customerType=DELIVERED", "customerType=DELIVERED&city=Rome" },
          CRM_CITY,
          "Rome",
          PURCHASE_NONE },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct life life = {};
        for (int k = 0; k < 5 && cases[i].queries[k] != NULL; k++)
            come(&life, NOW_MS, cases[i].queries[k]);
        CHECK_STR(cases[i].label, life.order.values[cases[i].field], str_c(cases[i].want));
        CHECK_INT(cases[i].label, life.order.lines[0].purchase, cases[i].purchase);
        arena_done(&life.arena);
    }
}

/* It is told all the same, with what goes with it. */
TEST(sales_behind_what_went_back)
{
    static const struct {
        const char *label;
        const char *queries[2];
        int64_t captured;
        enum sale_state state;
    } cases[] = {
        { "a refund of a part",
          { "customerType=REFUND&totalPrice=-4", SALE },
          1000,
          SALE_COMPLETE },
        { "of all", { "customerType=REFUND&totalPrice=-10", SALE }, 1000, SALE_REFUNDED },
        { "a chargeback",
          { "customerType=CHARGEBACK&chargebackAmount=10", SALE },
          1000,
          SALE_CHARGEBACK },
        { "old news",
          { "customerType=REFUND&refundAmount=4&dateUpdated=2026-11-20+12:00:00",
            SALE "&dateUpdated=2026-11-20+10:00:00" },
          1000,
          SALE_COMPLETE },
        { "old news of all",
          { "customerType=REFUND&refundAmount=10&dateUpdated=2026-11-20+12:00:00",
            SALE "&dateUpdated=2026-11-20+10:00:00" },
          1000,
          SALE_REFUNDED },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct life life = {};
        const char *label = cases[i].label;
        come(&life, NOW_MS, cases[i].queries[0]);
        for (int k = 0; k < 2; k++) {
            come(&life, NOW_MS, cases[i].queries[1]);
            CHECK(label, told(&life, CUSTOMER_NEW_SALE) == (k == 0));
            CHECK_INT(label, life.order.state, cases[i].state);
            CHECK_INT(label, life.order.captured, cases[i].captured);
            CHECK_INT(label, life.order.first_total, cases[i].captured);
        }
        arena_done(&life.arena);
    }
}

TEST(a_parcel_that_is_heard_of_late)
{
    struct life life = {};
    come(&life, NOW_MS, SALE);
    come(&life, NOW_MS, "customerType=DELIVERED&dateUpdated=2026-11-20+12:00:00");
    come(&life, NOW_MS, "customerType=SHIPPED&dateUpdated=2026-11-20+11:00:00");
    CHECK("is told", told(&life, CUSTOMER_FULFILLMENT_SHIPPED));
    CHECK_INT("delivered", life.order.fulfillment, FULFILLMENT_DELIVERED);
    arena_done(&life.arena);
}

/* ── lines ── */

TEST(upsells_that_the_sale_has_listed)
{
    static const struct {
        const char *label;
        const char *sale, *upsell;
        int lines;
    } cases[] = {
        { "both list both",
          "product1_sku=a&product1_price=30&product2_sku=b&product2_price=20&totalPrice=50",
          "product1_sku=a&product1_price=30&product2_sku=b&product2_price=20&totalPrice=50", 2 },
        { "the upsell alone",
          "product1_sku=a&product1_price=30&product2_sku=b&product2_price=20&totalPrice=50",
          "product1_sku=b&product1_price=20&totalPrice=50", 2 },
        { "no total", "product1_sku=a&product1_price=30&product2_sku=b&product2_price=20",
          "product1_sku=b&product1_price=20", 2 },
        { "the sale's total was that of the sale",
          "product1_sku=a&product1_price=30&product2_sku=b&product2_price=20&totalPrice=30",
          "product1_sku=b&product1_price=20&totalPrice=50", 2 },
        { "one more of the same", "product1_sku=a&product1_price=30&totalPrice=30",
          "product1_sku=a&product1_price=30&totalPrice=60", 2 },
        { "one more, of two",
          "product1_sku=a&product1_price=30&product2_sku=b&product2_price=20&totalPrice=50",
          "product1_sku=b&product1_price=20&totalPrice=70", 3 },
        { "as it mostly is", "product1_sku=a&product1_price=30&totalPrice=30",
          "product1_sku=a&product1_price=30&product2_sku=b&product2_price=20&totalPrice=50", 2 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct life life = {};
        const char *label = cases[i].label;
        come(
            &life, NOW_MS,
            arena_c(&life.arena, arena_format(&life.arena, "customerType=SALE&%s", cases[i].sale)));
        CHECK(label, told(&life, CUSTOMER_NEW_SALE) && !told(&life, CUSTOMER_UPSELL));
        const char *upsell = arena_c(
            &life.arena, arena_format(&life.arena, "customerType=UPSELL&%s", cases[i].upsell));
        for (int k = 0; k < 2; k++) {
            come(&life, NOW_MS, upsell);
            CHECK(label, told(&life, CUSTOMER_UPSELL) == (k == 0));
            CHECK_INT(label, life.order.line_count, cases[i].lines);
            CHECK(label, !life.order.lines[0].upsell);
            CHECK(label, life.order.lines[life.order.line_count - 1].upsell);
        }
        arena_done(&life.arena);
    }
}

TEST(what_later_postbacks_leave_out)
{
    struct life life = {};
    come(&life, NOW_MS,
         "customerType=SALE&product1_sku=a&product1_qty=6&product1_price=282&product1_shipPrice=5"
         "&product1_name=Neuro&product1_id=9");
    come(&life, NOW_MS, "customerType=FULFILLMENT&trackingNumber=1Z&product1_sku=A&product2_sku=b");
    const struct order_line *lines = life.order.lines;
    CHECK_INT("two", life.order.line_count, 2);
    CHECK_INT("quantity", lines[0].quantity, 6);
    CHECK_INT("price", lines[0].price, 28200);
    CHECK_INT("shipping", lines[0].ship_price, 500);
    CHECK_STR("name", lines[0].name, STR("Neuro"));
    CHECK_STR("id", lines[0].sender_id, STR("9"));
    CHECK_INT("one that is new", lines[1].quantity, 1);
    CHECK_INT("and costs nothing", lines[1].price, 0);
    CHECK_INT("total", life.order.total, 28700);
    CHECK_INT("paid", life.order.captured, 28700);
    come(&life, NOW_MS, "customerType=SALE&product1_sku=a&product1_price=0");
    CHECK_INT("0 is said", life.order.lines[0].price, 0);
    arena_done(&life.arena);
}

RUN_TESTS(cmocka_unit_test(what_is_paid_is_counted_once),
          cmocka_unit_test(bills_that_nothing_tells_apart),
          cmocka_unit_test(subscriptions_start_once), cmocka_unit_test(purchases_that_come_and_go),
          cmocka_unit_test(one_of_several_purchases), cmocka_unit_test(a_line_that_recurs_later),
          cmocka_unit_test(a_pause_that_comes_late),
          cmocka_unit_test(repeats_do_not_bring_back_what_was),
          cmocka_unit_test(sales_behind_what_went_back),
          cmocka_unit_test(a_parcel_that_is_heard_of_late),
          cmocka_unit_test(upsells_that_the_sale_has_listed),
          cmocka_unit_test(what_later_postbacks_leave_out))
