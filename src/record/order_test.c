/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "record/test_order_life.h"

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

RUN_TESTS(cmocka_unit_test(a_whole_life), cmocka_unit_test(qa_before_the_sale),
          cmocka_unit_test(what_does_not_fit_is_refused),
          cmocka_unit_test(an_order_that_is_first_heard_of_late), cmocka_unit_test(old_news),
          cmocka_unit_test(lines_of_one_slot_at_a_time), cmocka_unit_test(lines_keep_their_numbers),
          cmocka_unit_test(numbers_are_given_again_only_when_there_are_no_others),
          cmocka_unit_test(the_same_product_twice), cmocka_unit_test(upsells_of_the_same_product),
          cmocka_unit_test(an_order_has_so_many_lines),
          cmocka_unit_test(what_occurrences_are_about),
          cmocka_unit_test(changes_are_remembered_up_to_their_cap))
