/* SPDX-License-Identifier: MIT
 * record/order_again_test.c: what comes again, comes late, or goes back. */
#include "record/test_order_life.h"

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

/* It was sold before, and what was paid has gone. */
TEST(an_order_that_is_first_heard_of_when_it_is_refunded)
{
    struct life life = {};
    ARRIVE(&life, .facts = { .state = SALE_REFUNDED, .total_said = true, .total = 9400 });
    tells("all of it", &life, BIT(ALL_REFUNDS) | BIT(FULL_REFUNDS));
    CHECK_INT("so much", life.outcome.occurrences[0].amount, 9400);
    ARRIVE(&life, .facts = { .state = SALE_COMPLETE, .total_said = true, .total = 9400 });
    tells("the sale", &life, BIT(NEW_SALE));
    CHECK_INT("nothing is left", life.order.state, SALE_REFUNDED);
    CHECK_INT("paid", life.order.captured, 9400);
    arena_done(&life.arena);
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

RUN_TESTS(cmocka_unit_test(what_is_paid_is_the_most_that_the_total_has_been),
          cmocka_unit_test(lines_move_a_total_that_was_said),
          cmocka_unit_test(a_repeat_that_can_be_told_does_nothing),
          cmocka_unit_test(old_news_fill_what_is_empty),
          cmocka_unit_test(an_order_that_is_first_heard_of_when_it_is_refunded),
          cmocka_unit_test(chargebacks_add_up), cmocka_unit_test(what_is_paid_is_in_one_currency),
          cmocka_unit_test(states_that_are_said_again))
