/* SPDX-License-Identifier: MIT */
#include "base/testing.h"
#include "model/money.h"
#include "record/client.h"

struct step {
    const char *label;
    enum order_change_kind change;
    const char *sku;                    /* empty: no lines are said */
    const char *price, *shipping, *tax; /* of that line */
    const char *values[4];              /* base price, shipping, discount, tax */
    const char *total_said;
    /* Afterwards: */
    const char *total, *captured, *sales_tax;
    bool lead; /* it is not sold yet */
};

static int64_t amount(const char *text)
{
    int64_t minor = 0;
    assert_true(text == NULL || money_read(str_c(text), &minor));
    return minor;
}

static void take(struct order *order, const struct step *step, struct arena *arena)
{
    static const enum crm_field fields[] = { CRM_BASE_PRICE, CRM_TOTAL_SHIPPING, CRM_TOTAL_DISCOUNT,
                                             CRM_SALES_TAX };

    static uint64_t key;
    struct order_line *line = ARENA_NEW(arena, struct order_line);
    *line = (struct order_line){ .sku = str_c(step->sku),
                                 .quantity = 1,
                                 .price = step->price == NULL ? -1 : amount(step->price),
                                 .ship_price = step->shipping == NULL ? -1 : amount(step->shipping),
                                 .sales_tax = amount(step->tax),
                                 .upsell = step->change == CHANGE_UPSELL };
    struct order_input input = { .strict = true, .now_ms = 1 };
    struct order_outcome outcome;
    input.change = (struct order_change){ .kind = step->change, .key = ++key };
    if (step->change == CHANGE_NONE) {
        input.facts.state = step->lead ? SALE_PARTIAL : SALE_COMPLETE;
        input.facts.lines_are_all = !order->sold;
    }
    input.facts.lines = line;
    input.facts.line_count = step->sku[0] != '\0';
    input.facts.lines_said = step->sku[0] != '\0';
    for (int i = 0; i < 4; i++)
        if (step->values[i] != NULL)
            input.facts.values[fields[i]] = str_c(step->values[i]);
    input.facts.total_said = step->total_said != NULL;
    input.facts.total = amount(step->total_said);
    client_say_total(order, &input, arena);
    order_apply(order, &input, arena, &outcome);
    assert_int_equal(outcome.verdict, ORDER_APPLIED);
}

static void run(const struct step *steps)
{
    struct arena arena = {};
    struct order order = { .id = 1, .organization = 1, .number = 1 };
    for (; steps->label != NULL; steps++) {
        char text[MONEY_TEXT_MAX];
        take(&order, steps, &arena);
        int64_t tax = 0;
        if (order.values[CRM_SALES_TAX].len > 0)
            assert_true(money_read(order.values[CRM_SALES_TAX], &tax));
        if (order.total != amount(steps->total) || order.captured != amount(steps->captured) ||
            tax != amount(steps->sales_tax)) {
            str got = money_write(order.total, text);
            fail_msg("%s: %.*s, paid %lld, tax %lld", steps->label, STR_ARG(got),
                     (long long)order.captured, (long long)tax);
        }
    }
    arena_done(&arena);
}

/* ── the life of an order ── */

static void sums_tax_shipping_and_discount(void **state)
{
    (void)state;
    static const struct step steps[] = {
        { "a lead", 0, "a", "33.33", .total = "33.33", .lead = true },
        { "its sale", 0, "a", "33.33", "4.95", .values = { [2] = "5.00", [3] = "2.50" },
          .total = "35.78", .captured = "35.78", .sales_tax = "2.50" },
        { "the same", 0, "a", "33.33", "4.95", .values = { [2] = "5.00", [3] = "2.50" },
          .total = "35.78", .captured = "35.78", .sales_tax = "2.50" },
        { "an upsell", CHANGE_UPSELL, "b", "10.00", "1.00", "0.80", .total = "47.58",
          .captured = "47.58", .sales_tax = "3.30" },
        { "the sale again", 0, "a", "33.33", "4.95", .values = { [2] = "5.00", [3] = "2.50" },
          .total = "47.58", .captured = "47.58", .sales_tax = "3.30" },
        { "of it what is said alone", 0, "a", .total = "47.58", .captured = "47.58",
          .sales_tax = "3.30" },
        { "more tax", 0, "", .values = { [3] = "3.00" }, .total = "48.08", .captured = "48.08",
          .sales_tax = "3.80" },
        {},
    };
    run(steps);
}

static void counts_a_total_that_is_said(void **state)
{
    (void)state;
    static const struct step steps[] = {
        { "a sale", 0, "a", "100.00", .values = { [2] = "15.00" }, .total_said = "80.00",
          .total = "80.00", .captured = "80.00" },
        { "an upsell", CHANGE_UPSELL, "b", "10.00", .total = "90.00", .captured = "90.00" },
        { "the sale again", 0, "a", "100.00", .values = { [2] = "15.00" }, .total_said = "80.00",
          .total = "90.00", .captured = "90.00" },
        { "without it", 0, "a", "100.00", .total = "90.00", .captured = "90.00" },
        {},
    };
    run(steps);
}

static void counts_shipping_of_the_whole_once(void **state)
{
    (void)state;
    static const struct step steps[] = {
        { "a sale", 0, "a", "100.00", "3.00", .values = { [1] = "7.95" }, .total = "107.95",
          .captured = "107.95" },
        { "an upsell", CHANGE_UPSELL, "b", "10.00", "1.00", .total = "118.95",
          .captured = "118.95" },
        { "the sale again", 0, "a", "100.00", "3.00", .values = { [1] = "7.95" }, .total = "118.95",
          .captured = "118.95" },
        {},
    };
    run(steps);
}

static void is_never_below_nothing(void **state)
{
    (void)state;
    static const struct step steps[] = {
        { "a sale", 0, "a", "10.00", .values = { [2] = "12.00" }, .total = "0", .captured = "0" },
        {},
    };
    run(steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_tax_shipping_and_discount),
        cmocka_unit_test(counts_a_total_that_is_said),
        cmocka_unit_test(counts_shipping_of_the_whole_once),
        cmocka_unit_test(is_never_below_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
