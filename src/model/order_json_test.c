/* SPDX-License-Identifier: MIT */
#include "model/order_json.h"

#include "base/testing.h"
#include "model/order_names.h"

static struct order full(struct arena *arena)
{
    static const uint64_t changes[] = { 1, UINT64_MAX, 0xfedcba9876543210 };
    struct order_line *lines = ARENA_ARRAY(arena, struct order_line, 2);
    lines[0] = (struct order_line){ .number = 4,
                                    .product = 7,
                                    .product_number = 2,
                                    .sku = STR("a \"b\""),
                                    .quantity = 3,
                                    .price = 29400,
                                    .ship_price = -5 };
    lines[1] = (struct order_line){ .number = 2,
                                    .sku_id = 9,
                                    .sku = STR("club"),
                                    .recurring = true,
                                    .unlinked = true,
                                    .upsell = true,
                                    .purchase = PURCHASE_RECYCLE_BILLING,
                                    .recurring_price = 8995,
                                    .cycle = 2,
                                    .next_bill = STR("2026-12-01"),
                                    .purchase_id = STR("p1"),
                                    .name = STR("n"),
                                    .sender_id = STR("s"),
                                    .external_id = STR("e"),
                                    .crm_id = STR("c"),
                                    .campaign_product_id = STR("cp") };
    struct order order = { .contact = 5,
                           .sold = true,
                           .currency = STR("USD"),
                           .lines = lines,
                           .line_count = 2,
                           .last_line = 6,
                           .first_total = 1,
                           .total = 2,
                           .paid_total = 0,
                           .captured = 3,
                           .refunded = 4,
                           .refund = 5,
                           .charged_back = 6,
                           .refunded_ms = 8,
                           .charged_back_ms = 9,
                           .fulfillment = FULFILLMENT_RMA_PENDING,
                           .told = 0x7fffff,
                           .upsells = 1,
                           .recurs = true,
                           .changes = changes,
                           .change_count = COUNT_OF(changes),
                           .said_ms = 77,
                           .ordered_ms = 78 };
    for (int i = 0; i < CRM_VALUE_COUNT; i++)
        order.values[i] = arena_format(arena, "value %d", i);
    return order;
}

/* Nothing is lost: what is written of what was read is the same. */
TEST(there_and_back)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct order order = full(&arena);
    str once = order_data_write(&order, &arena);
    struct order again = {};
    CHECK("read", order_data_read(once, &arena, &again));
    CHECK_STR("the same", order_data_write(&again, &arena), once);
    CHECK("changes to the bit", again.changes[2] == 0xfedcba9876543210);
    CHECK_STR("the last value", again.values[CRM_VALUE_COUNT - 1],
              order.values[CRM_VALUE_COUNT - 1]);
    CHECK_INT("purchase", again.lines[1].purchase, PURCHASE_RECYCLE_BILLING);
    CHECK_INT("0 is kept", again.paid_total, 0);
    CHECK("unlinked", again.lines[1].unlinked && !again.lines[0].unlinked);
}

/* Lines that were stored before they had numbers have those of their places. */
TEST(lines_without_numbers)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct order order = {};
    CHECK("read",
          order_data_read(STR("{\"lines\":[{\"sku\":\"a\"},{\"sku\":\"b\"}]}"), &arena, &order));
    CHECK_INT("the first", order.lines[0].number, 1);
    CHECK_INT("the second", order.lines[1].number, 2);
    CHECK_INT("the newest", order.last_line, 2);
}

/* What was stored before it was counted by itself. */
TEST(without_what_has_been_paid)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct order order = {};
    CHECK("sold", order_data_read(STR("{\"sold\":1,\"total\":700}"), &arena, &order));
    CHECK_INT("its total", order.paid_total, 700);
    order = (struct order){};
    CHECK("not sold", order_data_read(STR("{\"total\":700}"), &arena, &order));
    CHECK_INT("nothing", order.paid_total, 0);
}

TEST(numbers_of_purchases)
{
    for (int line = 1; line <= ORDER_LINES_MAX; line++) {
        struct order order = { .number = 7 };
        CHECK_INT("back", order_of_purchase(order_purchase_number(&order, line)), 7);
    }
    CHECK_INT("none", order_of_purchase(0), 0);
}

TEST(an_empty_one)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct order none = {};
    struct order again = {};
    CHECK("read", order_data_read(order_data_write(&none, &arena), &arena, &again));
    CHECK_INT("no lines", again.line_count, 0);
    CHECK("broken", !order_data_read(STR("["), &arena, &again));
    CHECK("of another kind", !order_data_read(STR("[]"), &arena, &again));
}

TEST(names)
{
    for (int i = 0; i < CUSTOMER_TYPE_COUNT; i++) {
        enum customer_type type;
        str name = customer_type_name((enum customer_type)i);
        CHECK(name.ptr, customer_type_read(name, &type) && type == (enum customer_type)i);
        CHECK(name.ptr, customer_type_label(type).len > 0 && customer_type_wire(type).len > 0);
        CHECK_STR("event", str_skip(customer_type_event(type), 6), name);
        for (int k = 0; k < i; k++)
            CHECK("told apart by [customerType]",
                  !str_equal(customer_type_wire(type), customer_type_wire((enum customer_type)k)));
    }
    CHECK("none", !customer_type_read(STR(""), &(enum customer_type){ 0 }));
    CHECK("none", !sale_state_read(STR(""), &(enum sale_state){ 0 }));
    CHECK_INT("not said", sale_state_name(SALE_NONE).len, 0);
}

RUN_TESTS(cmocka_unit_test(there_and_back), cmocka_unit_test(lines_without_numbers),
          cmocka_unit_test(without_what_has_been_paid), cmocka_unit_test(numbers_of_purchases),
          cmocka_unit_test(an_empty_one), cmocka_unit_test(names))
