/* SPDX-License-Identifier: MIT */
#include "record/order.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/testing.h"

/* One order, and what has been told of it so far. */
struct life {
    struct order order;
    struct order_outcome outcome;
    struct arena arena;
    int told[CUSTOMER_TYPE_COUNT];
};

static void arrive(struct life *life, struct order_input input)
{
    if (input.now_ms == 0)
        input.now_ms = 1000;
    order_apply(&life->order, &input, &life->arena, &life->outcome);
    for (int i = 0; i < life->outcome.occurrence_count; i++)
        life->told[life->outcome.occurrences[i].type]++;
}

#define ARRIVE(life, ...) arrive((life), (struct order_input){ __VA_ARGS__ })

/* What the newest input has told, and nothing else. */
static void tells(const char *label, const struct life *life, unsigned types)
{
    unsigned got = 0;
    for (int i = 0; i < life->outcome.occurrence_count; i++) {
        unsigned bit = 1U << life->outcome.occurrences[i].type;
        CHECK(label, (got & bit) == 0);
        got |= bit;
    }
    if (got != types)
        fail_msg("%s: told %x, not %x (%.*s)", label, got, types, STR_ARG(life->outcome.text));
}

#define BIT(type) (1U << CUSTOMER_##type)

static const struct order_line cart[] = {
    { .sku = STR_INIT("neuro-1"), .quantity = 6, .price = 28200 },
    { .sku = STR_INIT("club"), .quantity = 1, .price = 1200, .recurring = true },
};
static const struct order_line extra[] = {
    { .sku = STR_INIT("extra"), .quantity = 1, .price = 5000, .upsell = true },
};

#define CART .lines = cart, .line_count = COUNT_OF(cart), .lines_said = true, .lines_are_all = true
#define EXTRA .lines = extra, .line_count = COUNT_OF(extra), .lines_said = true

#define LINES(array) .lines = (array), .line_count = COUNT_OF(array), .lines_said = true

static void change(struct life *life, enum order_change_kind kind, uint64_t key)
{
    ARRIVE(life, .change = { .kind = kind, .key = key }, .strict = true);
}

TEST(a_whole_life)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct life life = { .arena = arena };
    ARRIVE(&life, .facts = { .state = SALE_PARTIAL });
    tells("a lead", &life, BIT(PARTIAL) | BIT(LEAD));
    ARRIVE(&life, .facts = { .state = SALE_PARTIAL });
    tells("again", &life, 0);
    ARRIVE(&life, .facts = { .state = SALE_PARTIAL, CART });
    tells("a cart", &life, BIT(ABANDONED_CART));
    change(&life, CHANGE_DECLINE, 1);
    tells("declined", &life, BIT(DECLINE));
    ARRIVE(&life, .facts = { .state = SALE_PARTIAL });
    tells("once more", &life, BIT(PARTIAL) | BIT(ABANDONED_CART));
    change(&life, CHANGE_SALE, 2);
    tells("sold", &life, BIT(NEW_SALE) | BIT(SUBSCRIPTION_STARTED));
    CHECK_INT("first total", life.order.first_total, 29400);
    ARRIVE(&life, .facts = { EXTRA }, .change = { .kind = CHANGE_UPSELL, .key = 3 },
           .strict = true);
    tells("upsell", &life, BIT(UPSELL));
    CHECK_INT("first total stays", life.order.first_total, 29400);
    CHECK_INT("running total", life.order.total, 34400);
    CHECK_INT("paid", life.order.captured, 34400);

    static const struct {
        enum order_change_kind kind;
        unsigned tells;
    } changes[] = {
        { CHANGE_PREBILL_SENT, BIT(PRE_BILLING) },
        { CHANGE_REBILL, BIT(RECURRING_ORDER) },
        { CHANGE_REBILL_DECLINED, BIT(REBILL_DECLINE) },
        { CHANGE_RECYCLE_FAILED, BIT(RECYCLE_FAILED) },
        { CHANGE_REACTIVATE, BIT(REACTIVATE) },
        { CHANGE_PAUSE, BIT(PAUSE) },
        { CHANGE_REACTIVATE, BIT(REACTIVATE) },
        { CHANGE_CANCEL, BIT(CANCEL) },
        { CHANGE_SHIPPED, BIT(FULFILLMENT_SHIPPED) },
        { CHANGE_DELIVERED, BIT(FULFILLMENT_DELIVERED) },
        { CHANGE_QA_PENDING, BIT(QA_PENDING) },
        { CHANGE_QA_APPROVED, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        change(&life, changes[i].kind, 10 + i);
        tells("change", &life, changes[i].tells);
        change(&life, changes[i].kind, 10 + i);
        CHECK_INT("again", life.outcome.verdict, ORDER_REPEATED);
        tells("again", &life, 0);
    }
    CHECK_INT("with the rebill", life.order.captured, 35600);
    ARRIVE(&life, .facts = { .values[CRM_RMA_NUMBER] = STR_INIT("R1") },
           .change = { .kind = CHANGE_RMA_ISSUED, .key = 40 }, .strict = true);
    tells("RMA", &life, BIT(RMA_ISSUED));
    change(&life, CHANGE_RMA_RECEIVED, 41);
    tells("returned", &life, BIT(RMA_RECEIVED));
    ARRIVE(&life, .strict = true,
           .change = { .kind = CHANGE_REFUND, .key = 42, .amount_said = true, .amount = 600 });
    tells("some", &life, BIT(ALL_REFUNDS) | BIT(PARTIAL_REFUNDS));
    ARRIVE(&life, .strict = true,
           .change = { .kind = CHANGE_REFUND, .key = 43, .amount_said = true, .amount = 600 });
    tells("the same amount again", &life, BIT(ALL_REFUNDS) | BIT(PARTIAL_REFUNDS));
    change(&life, CHANGE_REFUND, 44);
    tells("the rest", &life, BIT(ALL_REFUNDS) | BIT(FULL_REFUNDS));
    CHECK_INT("refunded", life.order.refunded, 35600);
    CHECK_INT("state", life.order.state, SALE_REFUNDED);
    change(&life, CHANGE_CHARGEBACK, 45);
    tells("chargeback", &life, BIT(CHARGEBACK));
    change(&life, CHANGE_CHARGEBACK, 46);
    CHECK_STR("nothing is left", str_c(life.outcome.field), STR("amount"));
    for (int type = 0; type < CUSTOMER_TYPE_COUNT; type++)
        CHECK("each has been told", life.told[type] > 0);
    arena_done(&life.arena);
}

TEST(what_is_paid_is_the_most_that_the_total_has_been)
{
    static const int64_t totals[] = { 10000, 8000, 10000, 8000, 12000, 10000 };
    static const int64_t paid[] = { 10000, 10000, 10000, 10000, 12000, 12000 };
    struct life life = {};
    for (size_t i = 0; i < COUNT_OF(totals); i++) {
        ARRIVE(&life, .strict = true,
               .facts = { .state = SALE_COMPLETE, .total_said = true, .total = totals[i] });
        CHECK_INT("total", life.order.total, totals[i]);
        CHECK_INT("paid", life.order.captured, paid[i]);
    }
    CHECK_INT("first total", life.order.first_total, 10000);
    arena_done(&life.arena);
}

/* Shipping, tax, a discount are in a total, and in no line. */
TEST(lines_move_a_total_that_was_said)
{
    static const struct order_line cheaper[] = {
        { .sku = STR_INIT("neuro-1"), .quantity = 6, .price = 28000 },
    };
    for (int strict = 0; strict < 2; strict++) {
        struct life life = {};
        ARRIVE(&life, .strict = strict != 0,
               .facts = { .state = SALE_COMPLETE, .total_said = true, .total = 30000, CART });
        ARRIVE(&life, .strict = strict != 0, .facts = { CART });
        CHECK_INT("the same lines", life.order.total, 30000);
        ARRIVE(&life, .strict = strict != 0, .facts = { EXTRA },
               .change = { .kind = CHANGE_UPSELL, .key = 3 });
        CHECK_INT("an upsell", life.order.total, 35000);
        CHECK_INT("paid", life.order.captured, 35000);
        ARRIVE(&life, .strict = strict != 0,
               .facts = { .lines = cheaper, .line_count = 1, .lines_said = true });
        CHECK_INT("a price", life.order.total, 34800);
        CHECK_INT("paid", life.order.captured, 35000);
        arena_done(&life.arena);

        life = (struct life){};
        ARRIVE(&life, .strict = strict != 0,
               .facts = { .state = SALE_COMPLETE, .total_said = true, .total = 30000 });
        ARRIVE(&life, .strict = strict != 0, .facts = { CART });
        CHECK_INT("the first lines", life.order.total, 30000);
        arena_done(&life.arena);
    }
}

TEST(a_repeat_that_can_be_told_does_nothing)
{
    struct life life = {};
    struct order_change shipped = { .kind = CHANGE_SHIPPED, .key = 1 };
    ARRIVE(&life, .strict = true, .facts = { .state = SALE_COMPLETE, CART });
    ARRIVE(&life, .strict = true, .change = shipped,
           .facts = { .values[CRM_TRACKING_NUMBER] = STR_INIT("T1") });
    ARRIVE(&life, .strict = true, .change = { .kind = CHANGE_SHIPPED, .key = 2 },
           .facts = { .values[CRM_TRACKING_NUMBER] = STR_INIT("T2") });
    ARRIVE(&life, .strict = true, .change = shipped, .now_ms = 2000,
           .facts = {
               .values = { [CRM_TRACKING_NUMBER] = STR_INIT("T1"), [CRM_CITY] = STR_INIT("Rome") },
               .currency = STR("EUR"),
               .total_said = true,
               .total = 99900,
               EXTRA });
    CHECK_INT("a repeat", life.outcome.verdict, ORDER_REPEATED);
    CHECK_STR("the newer one", life.order.values[CRM_TRACKING_NUMBER], STR("T2"));
    CHECK_STR("not even what is empty", life.order.values[CRM_CITY], STR(""));
    CHECK_STR("no currency", life.order.currency, STR(""));
    CHECK_INT("no line", life.order.line_count, 2);
    CHECK_INT("no total", life.order.total, 29400);
    CHECK_INT("not changed", life.order.updated_ms, 1000);
    arena_done(&life.arena);
}

TEST(old_news_fill_what_is_empty)
{
    static const struct order_line newer[] = {
        { .sku = STR_INIT("club"),
          .quantity = 1,
          .price = 1200,
          .recurring = true,
          .cycle = 3,
          .purchase = PURCHASE_ACTIVE },
    };
    static const struct order_line older[] = {
        { .sku = STR_INIT("club"),
          .name = STR_INIT("Club"),
          .quantity = 2,
          .price = 900,
          .recurring = true,
          .cycle = 2,
          .purchase = PURCHASE_PAUSED },
        { .sku = STR_INIT("new"), .quantity = 1, .price = 100 },
    };
    struct life life = {};
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, LINES(newer), .said_ms = 200 });
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE,
                             LINES(older),
                             .said_ms = 100,
                             .total_said = true,
                             .total = 5000,
                             .lines_are_all = true,
                             .values[CRM_DECLINE_REASON] = STR_INIT("x") });
    const struct order_line *line = &life.order.lines[0];
    CHECK_INT("one is new", life.order.line_count, 2);
    CHECK_STR("its name", line->name, STR("Club"));
    CHECK_INT("price", line->price, 1200);
    CHECK_INT("quantity", line->quantity, 1);
    CHECK_INT("cycle", line->cycle, 3);
    CHECK_INT("active", line->purchase, PURCHASE_ACTIVE);
    CHECK_INT("total", life.order.total, 1200);
    CHECK_STR("it was sold", life.order.values[CRM_DECLINE_REASON], STR(""));
    arena_done(&life.arena);
}

/* ── what goes back ── */

static void goes_back(struct life *life, enum order_change_kind kind, int64_t amount, bool strict)
{
    static uint64_t key = 100;
    ARRIVE(life, .strict = strict,
           .change = { .kind = kind, .key = key++, .amount_said = true, .amount = amount });
}

TEST(chargebacks_add_up)
{
    struct life life = {};
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, .total_said = true, .total = 10000 });
    goes_back(&life, CHANGE_CHARGEBACK, 4000, true);
    goes_back(&life, CHANGE_CHARGEBACK, 1000, true);
    CHECK_INT("both", life.order.charged_back, 5000);
    CHECK_INT("left", order_refundable(&life.order), 5000);
    goes_back(&life, CHANGE_CHARGEBACK, 5001, true);
    CHECK_STR("more than is left", str_c(life.outcome.field), STR("amount"));
    goes_back(&life, CHANGE_REFUND, 5001, true);
    CHECK_STR("nor refunded", str_c(life.outcome.field), STR("amount"));
    change(&life, CHANGE_REFUND, 1);
    tells("not all that was paid", &life, BIT(ALL_REFUNDS) | BIT(PARTIAL_REFUNDS));
    CHECK_INT("the rest", life.order.refunded, 5000);
    CHECK_INT("as it was", life.order.state, SALE_CHARGEBACK);
    change(&life, CHANGE_CHARGEBACK, 2);
    CHECK_STR("nothing is left", str_c(life.outcome.field), STR("amount"));
    goes_back(&life, CHANGE_CHARGEBACK, 500, false);
    tells("who cannot be told", &life, BIT(CHARGEBACK));
    CHECK_INT("is noted", life.outcome.note_count, 1);
    CHECK_INT("nothing below 0", order_refundable(&life.order), 0);
    arena_done(&life.arena);
}

TEST(what_is_paid_is_in_one_currency)
{
    struct life life = {};
    ARRIVE(&life, .facts = { .state = SALE_PARTIAL, .currency = STR("EUR"), CART });
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, .currency = STR("USD") });
    CHECK_STR("nothing was paid before", life.order.currency, STR("USD"));
    ARRIVE(&life, .strict = true, .facts = { .currency = STR("JPY") });
    CHECK_INT("refused", life.outcome.verdict, ORDER_REFUSED);
    CHECK_STR("which", str_c(life.outcome.field), STR("currency"));
    ARRIVE(&life, .strict = true, .facts = { .currency = STR("USD") });
    CHECK_INT("the same", life.outcome.verdict, ORDER_APPLIED);
    ARRIVE(&life, .facts = { .currency = STR("JPY"), .total_said = true, .total = 990000 },
           .change = { .kind = CHANGE_REBILL, .key = 1, .amount_said = true, .amount = 120000 });
    tells("who cannot be told", &life, BIT(RECURRING_ORDER));
    CHECK_INT("what it was of", life.outcome.occurrences[0].amount, 120000);
    CHECK_INT("noted", life.outcome.note_count, 1);
    ARRIVE(&life, .facts = { .currency = STR("JPY"), .total_said = true, .total = 990000 });
    CHECK_STR("as it was", life.order.currency, STR("USD"));
    CHECK_INT("paid", life.order.captured, 29400);
    CHECK_INT("total", life.order.total, 29400);
    arena_done(&life.arena);
}

/* ── states that come without a change ── */

static void is_said(const char *label, struct life *life, enum sale_state state, unsigned types)
{
    ARRIVE(life, .facts = { .state = state });
    tells(label, life, types);
}

TEST(states_that_are_said_again)
{
    static const enum sale_state more[] = { SALE_REFUNDED, SALE_CHARGEBACK, SALE_REFUNDED };
    struct life life = {};
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, .total_said = true, .total = 9400 });
    is_said("all", &life, SALE_REFUNDED, BIT(ALL_REFUNDS) | BIT(FULL_REFUNDS));
    is_said("by the bank, too", &life, SALE_CHARGEBACK, BIT(CHARGEBACK));
    for (size_t i = 0; i < COUNT_OF(more); i++)
        is_said("again", &life, more[i], 0);
    CHECK_INT("refunded", life.order.refunded, 9400);
    CHECK_INT("charged back", life.order.charged_back, 0);
    arena_done(&life.arena);

    life = (struct life){};
    is_said("waits", &life, SALE_QA_PENDING, BIT(QA_PENDING));
    is_said("is sold", &life, SALE_COMPLETE, BIT(NEW_SALE));
    is_said("old news", &life, SALE_QA_PENDING, 0);
    CHECK_INT("sold", life.order.state, SALE_COMPLETE);
    change(&life, CHANGE_QA_PENDING, 1);
    tells("who says that it happens", &life, BIT(QA_PENDING));
    arena_done(&life.arena);

    life = (struct life){};
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, CART });
    is_said("cancelled", &life, SALE_CANCELLED, BIT(CANCEL));
    CHECK_INT("about the club", life.outcome.occurrences[0].line, 2);
    CHECK_INT("its purchase", life.order.lines[1].purchase, PURCHASE_CANCELLED);
    CHECK_INT("the order", life.order.state, SALE_CANCELLED);
    is_said("once", &life, SALE_CANCELLED, 0);
    arena_done(&life.arena);

    life = (struct life){};
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, .total_said = true, .total = 9400 });
    is_said("nothing recurs", &life, SALE_CANCELLED, 0);
    CHECK_INT("the order", life.order.state, SALE_CANCELLED);
    arena_done(&life.arena);
}

TEST(qa_before_the_sale)
{
    struct life life = {};
    ARRIVE(&life, .facts = { .state = SALE_QA_PENDING, CART });
    tells("waits", &life, BIT(QA_PENDING));
    change(&life, CHANGE_QA_APPROVED, 1);
    tells("is sold", &life, BIT(NEW_SALE) | BIT(SUBSCRIPTION_STARTED));
    arena_done(&life.arena);

    life = (struct life){};
    ARRIVE(&life, .facts = { .state = SALE_QA_PENDING });
    change(&life, CHANGE_QA_DECLINED, 1);
    tells("is not", &life, 0);
    CHECK_INT("declined", life.order.state, SALE_DECLINED);
    arena_done(&life.arena);
}

TEST(what_does_not_fit_is_refused)
{
    static const struct {
        const char *label;
        enum sale_state before;
        enum order_change_kind kind;
        int64_t amount;
        const char *field;
    } cases[] = {
        { "refund of nothing", SALE_PARTIAL, CHANGE_REFUND, 0, "amount" },
        { "refund of more", SALE_COMPLETE, CHANGE_REFUND, 9999900, "amount" },
        { "refund below 0", SALE_COMPLETE, CHANGE_REFUND, -1, "amount" },
        { "upsell before the sale", SALE_PARTIAL, CHANGE_UPSELL, 0, "type" },
        { "upsell without a line", SALE_COMPLETE, CHANGE_UPSELL, 0, "lines" },
        { "sale again", SALE_COMPLETE, CHANGE_SALE, 0, "type" },
        { "decline of what is sold", SALE_COMPLETE, CHANGE_DECLINE, 0, "type" },
        { "reactivate what is active", SALE_COMPLETE, CHANGE_REACTIVATE, 0, "type" },
        { "shipped before the sale", SALE_DECLINED, CHANGE_SHIPPED, 0, "type" },
        { "RMA without a number", SALE_COMPLETE, CHANGE_RMA_ISSUED, 0, "rmaNumber" },
        { "approved though it did not wait", SALE_PARTIAL, CHANGE_QA_APPROVED, 0, "type" },
        { "chargeback before the sale", SALE_PARTIAL, CHANGE_CHARGEBACK, 0, "type" },
        { "chargeback of more", SALE_COMPLETE, CHANGE_CHARGEBACK, 29401, "amount" },
        { "chargeback below 0", SALE_COMPLETE, CHANGE_CHARGEBACK, -1, "amount" },
        { "rebill before the sale", SALE_PARTIAL, CHANGE_REBILL, 0, "type" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct life life = {};
        ARRIVE(&life, .facts = { .state = cases[i].before, CART });
        struct order before = life.order;
        struct order_change wrong = { .kind = cases[i].kind,
                                      .key = 1,
                                      .amount_said = cases[i].amount != 0,
                                      .amount = cases[i].amount };
        ARRIVE(&life, .change = wrong, .strict = true);
        CHECK_INT(cases[i].label, life.outcome.verdict, ORDER_REFUSED);
        CHECK_STR(cases[i].label, str_c(life.outcome.field), str_c(cases[i].field));
        CHECK(cases[i].label, life.outcome.text.len > 0);
        CHECK_INT(cases[i].label, life.order.state, before.state);
        CHECK_INT(cases[i].label, life.order.captured, before.captured);
        CHECK_INT(cases[i].label, life.order.change_count, before.change_count);
        ARRIVE(&life, .change = wrong);
        CHECK_INT("taken where it cannot be told", life.outcome.verdict, ORDER_APPLIED);
        CHECK("and noted", life.outcome.note_count > 0);
        arena_done(&life.arena);
    }
}

/* What happened is told; what it says of before is not. */
TEST(an_order_that_is_first_heard_of_late)
{
    struct life life = {};
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, CART },
           .change = { .kind = CHANGE_SHIPPED, .key = 1 });
    tells("shipped alone", &life, BIT(FULFILLMENT_SHIPPED));
    CHECK_INT("but sold", life.order.state, SALE_COMPLETE);
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, CART },
           .change = { .kind = CHANGE_SALE, .key = 2 });
    tells("the sale comes late", &life, BIT(NEW_SALE) | BIT(SUBSCRIPTION_STARTED));
    arena_done(&life.arena);
}

TEST(old_news)
{
    struct life life = {};
    ARRIVE(
        &life,
        .facts = { .state = SALE_COMPLETE, .said_ms = 200, .values[CRM_CITY] = STR_INIT("Rome") });
    ARRIVE(&life,
           .facts = { .state = SALE_REFUNDED,
                      .said_ms = 100,
                      .values = { [CRM_CITY] = STR_INIT("Oslo"), [CRM_STATE] = STR_INIT("RM") } });
    tells("nothing", &life, 0);
    CHECK_INT("the newer state", life.order.state, SALE_COMPLETE);
    CHECK_STR("the newer value", life.order.values[CRM_CITY], STR("Rome"));
    CHECK_STR("what nobody has said", life.order.values[CRM_STATE], STR("RM"));
    ARRIVE(&life, .facts = { .state = SALE_PARTIAL });
    tells("not partial again", &life, 0);
    CHECK_INT("sold", life.order.state, SALE_COMPLETE);
    arena_done(&life.arena);
}

TEST(lines_of_one_slot_at_a_time)
{
    struct life life = {};
    ARRIVE(&life,
           .facts = { .state = SALE_COMPLETE, .lines = cart, .line_count = 1, .lines_said = true });
    ARRIVE(&life, .facts = { .lines = cart + 1, .line_count = 1, .lines_said = true });
    CHECK_INT("both", life.order.line_count, 2);
    CHECK_INT("total", life.order.total, 29400);
    const struct order_line fewer = { .sku = STR_INIT("NEURO-1"), .quantity = 1, .price = 4700 };
    ARRIVE(&life, .facts = { .lines = &fewer, .line_count = 1, .lines_said = true });
    CHECK_INT("the same line", life.order.line_count, 2);
    CHECK_INT("as it is now", life.order.lines[0].price, 4700);
    arena_done(&life.arena);
}

/* ── which line is which ── */

static void has_lines(const char *label, const struct life *life, const char *want)
{
    struct buf buf;
    struct arena arena = {};
    buf_init(&buf, &arena, 1000);
    for (int i = 0; i < life->order.line_count; i++) {
        const struct order_line *line = &life->order.lines[i];
        buf_format(&buf, "%s%d:%.*s=%lld", i == 0 ? "" : " ", line->number, STR_ARG(line->sku),
                   (long long)line->price);
    }
    CHECK_STR(label, buf_str(&buf), str_c(want));
    arena_done(&arena);
}

#define LINE(text, cents)                                                                          \
    {                                                                                              \
        .sku = STR_INIT(text), .quantity = 1, .price = (cents)                                     \
    }

TEST(lines_keep_their_numbers)
{
    static const struct order_line first[] = { LINE("a", 1), LINE("b", 2) };
    static const struct order_line turned[] = { LINE("b", 2), LINE("c", 3), LINE("a", 1) };
    static const struct order_line fewer[] = { LINE("a", 1) };
    struct life life = {};
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, LINES(first), .lines_are_all = true });
    has_lines("as they came", &life, "1:a=1 2:b=2");
    ARRIVE(&life, .facts = { LINES(turned), .lines_are_all = true });
    has_lines("turned round", &life, "2:b=2 3:c=3 1:a=1");
    ARRIVE(&life, .facts = { LINES(fewer), .lines_are_all = true });
    ARRIVE(&life, .facts = { LINES(first) });
    has_lines("one that was gone is another one", &life, "1:a=1 4:b=2");
    arena_done(&life.arena);
}

TEST(numbers_are_given_again_only_when_there_are_no_others)
{
    static const struct order_line lines[][2] = { { LINE("a", 1), LINE("b", 2) },
                                                  { LINE("a", 1), LINE("c", 3) } };
    struct life life = {};
    for (int i = 0; i < ORDER_LINES_MAX; i++)
        ARRIVE(&life, .facts = { LINES(lines[i % 2]), .lines_are_all = true });
    has_lines("the last that is free", &life, "1:a=1 2:c=3");
    CHECK_INT("the newest", life.order.last_line, 2);
    arena_done(&life.arena);
}

/* Of one input no two lines are the same one; sent again it changes nothing. */
TEST(the_same_product_twice)
{
    static const struct order_line twice[] = { LINE("a", 4700),
                                               { .sku = STR_INIT("A"), .quantity = 2 },
                                               LINE("b", 500) };
    static const struct order_line turned[] = { { .sku = STR_INIT("a"), .quantity = 2 },
                                                LINE("b", 500),
                                                LINE("a", 4700) };
    for (int how = 0; how < 4; how++) {
        struct life life = {};
        bool all = (how & 1) != 0;
        bool strict = (how & 2) != 0;
        ARRIVE(&life, .facts = { .state = SALE_COMPLETE, LINES(twice), .lines_are_all = all },
               .strict = strict);
        for (int i = 0; i < 3; i++) {
            has_lines("as they came", &life, "1:a=4700 2:A=0 3:b=500");
            CHECK_INT("total", life.order.total, 5200);
            CHECK_INT("paid", life.order.captured, 5200);
            ARRIVE(&life, .facts = { .state = SALE_COMPLETE, LINES(twice), .lines_are_all = all },
                   .strict = strict);
            tells("nothing new", &life, 0);
        }
        ARRIVE(&life, .facts = { LINES(turned), .lines_are_all = all }, .strict = strict);
        has_lines("in another order", &life,
                  all ? "2:a=0 3:b=500 1:a=4700" : "1:a=4700 2:a=0 3:b=500");
        arena_done(&life.arena);
    }
}

TEST(upsells_of_the_same_product)
{
    static const struct order_line cart_of_one[] = { LINE("a", 4700), LINE("b", 100) };
    static const struct order_line more[] = {
        { .sku = STR_INIT("extra"), .quantity = 1, .price = 1900, .upsell = true },
    };
    struct life life = {};
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, LINES(cart_of_one) });
    for (uint64_t key = 1; key <= 2; key++)
        for (int i = 0; i < 2; i++) {
            ARRIVE(&life, .facts = { LINES(more) }, .change = { .kind = CHANGE_UPSELL, .key = key },
                   .strict = true);
            tells("once each", &life, i == 0 ? BIT(UPSELL) : 0);
            if (i == 0)
                CHECK_INT("about its line", life.outcome.occurrences[0].line, 2 + (int)key);
            CHECK_INT("paid", life.order.captured, 4800 + 1900 * (int64_t)key);
        }
    has_lines("both", &life, "1:a=4700 2:b=100 3:extra=1900 4:extra=1900");
    ARRIVE(&life, .facts = { LINES(more), .replaced = 2 },
           .change = { .kind = CHANGE_UPSELL, .key = 3 }, .strict = true);
    has_lines("where that stood", &life, "1:a=4700 5:extra=1900 3:extra=1900 4:extra=1900");
    CHECK_INT("about that", life.outcome.occurrences[0].line, 5);
    CHECK_INT("paid", life.order.captured, 4700 + 3 * 1900);
    ARRIVE(&life, .facts = { LINES(more), .replaced = 3 },
           .change = { .kind = CHANGE_UPSELL, .key = 4 }, .strict = true);
    CHECK_INT("of an upsell too", life.outcome.occurrences[0].line, 6);
    arena_done(&life.arena);
}

TEST(an_order_has_so_many_lines)
{
    struct order_line lines[ORDER_LINES_MAX] = {};
    for (int i = 0; i < ORDER_LINES_MAX; i++)
        lines[i] = (struct order_line)LINE("a", 100);
    struct life life = {};
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, LINES(lines), .lines_are_all = true });
    CHECK_INT("all", life.order.line_count, ORDER_LINES_MAX);
    ARRIVE(&life, .facts = { EXTRA }, .change = { .kind = CHANGE_UPSELL, .key = 1 },
           .strict = true);
    CHECK_INT("no more", life.outcome.verdict, ORDER_REFUSED);
    CHECK_STR("which", str_c(life.outcome.field), STR("lines"));
    ARRIVE(&life, .facts = { EXTRA, .replaced = 7 }, .change = { .kind = CHANGE_UPSELL, .key = 1 },
           .strict = true);
    CHECK_INT("one for another", life.outcome.verdict, ORDER_APPLIED);
    arena_done(&life.arena);

    struct order_line more[ORDER_LINES_MAX + 1] = {};
    for (int i = 0; i <= ORDER_LINES_MAX; i++)
        more[i] = (struct order_line)LINE("a", 100);
    life = (struct life){};
    ARRIVE(&life, .facts = { .state = SALE_PARTIAL, LINES(more), .lines_are_all = true },
           .strict = true);
    CHECK_STR("all at once", str_c(life.outcome.field), STR("lines"));
    for (int i = 0; i < 2; i++) {
        ARRIVE(&life, .facts = { .state = SALE_PARTIAL, LINES(more), .lines_are_all = i == 0 });
        CHECK_INT("as many as there may be", life.order.line_count, ORDER_LINES_MAX);
        CHECK_INT("noted", life.outcome.note_count, 1);
    }
    arena_done(&life.arena);
}

TEST(what_occurrences_are_about)
{
    struct life life = {};
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, CART });
    ARRIVE(&life, .facts = { EXTRA }, .change = { .kind = CHANGE_UPSELL, .key = 3 });
    struct order_occurrence *upsell = &life.outcome.occurrences[0];
    CHECK("the upsell", order_occurrence_is_about(&life.order, upsell, 2));
    CHECK("not the cart", !order_occurrence_is_about(&life.order, upsell, 0));
    change(&life, CHANGE_CANCEL, 4);
    struct order_occurrence *cancel = &life.outcome.occurrences[0];
    CHECK_INT("the club", cancel->line, 2);
    CHECK("that alone", !order_occurrence_is_about(&life.order, cancel, 0));
    arena_done(&life.arena);
}

TEST(changes_are_remembered_up_to_their_cap)
{
    struct life life = {};
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, CART });
    for (uint64_t key = 1; key <= ORDER_CHANGES_MAX + 5; key++)
        change(&life, CHANGE_SHIPPED, key);
    CHECK_INT("so many", life.order.change_count, ORDER_CHANGES_MAX);
    change(&life, CHANGE_SHIPPED, ORDER_CHANGES_MAX + 5);
    CHECK_INT("the newest", life.outcome.verdict, ORDER_REPEATED);
    change(&life, CHANGE_SHIPPED, 1);
    CHECK_INT("the oldest is forgotten", life.outcome.verdict, ORDER_APPLIED);
    arena_done(&life.arena);
}

RUN_TESTS(cmocka_unit_test(a_whole_life), cmocka_unit_test(lines_move_a_total_that_was_said),
          cmocka_unit_test(a_repeat_that_can_be_told_does_nothing),
          cmocka_unit_test(old_news_fill_what_is_empty), cmocka_unit_test(chargebacks_add_up),
          cmocka_unit_test(what_is_paid_is_in_one_currency),
          cmocka_unit_test(states_that_are_said_again),
          cmocka_unit_test(what_is_paid_is_the_most_that_the_total_has_been),
          cmocka_unit_test(qa_before_the_sale), cmocka_unit_test(what_does_not_fit_is_refused),
          cmocka_unit_test(an_order_that_is_first_heard_of_late), cmocka_unit_test(old_news),
          cmocka_unit_test(lines_of_one_slot_at_a_time), cmocka_unit_test(lines_keep_their_numbers),
          cmocka_unit_test(numbers_are_given_again_only_when_there_are_no_others),
          cmocka_unit_test(the_same_product_twice), cmocka_unit_test(upsells_of_the_same_product),
          cmocka_unit_test(an_order_has_so_many_lines),
          cmocka_unit_test(what_occurrences_are_about),
          cmocka_unit_test(changes_are_remembered_up_to_their_cap))
