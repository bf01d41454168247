/* SPDX-License-Identifier: MIT
 * record/test_order_life.h: what the tests of the order's life share. */
#pragma once

#include "base/testing.h"
#include "record/order.h"

/* One order, and what has been told of it so far. */
struct life {
    struct order order;
    struct order_outcome outcome;
    struct arena arena;
    int told[CUSTOMER_TYPE_COUNT];
};

static inline void arrive(struct life *life, struct order_input input)
{
    if (input.now_ms == 0)
        input.now_ms = 1000;
    order_apply(&life->order, &input, &life->arena, &life->outcome);
    for (int i = 0; i < life->outcome.occurrence_count; i++)
        life->told[life->outcome.occurrences[i].type]++;
}

#define ARRIVE(life, ...) arrive((life), (struct order_input){ __VA_ARGS__ })

/* What the newest input has told, and nothing else. */
static inline void tells(const char *label, const struct life *life, unsigned types)
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

static inline void change(struct life *life, enum order_change_kind kind, uint64_t key)
{
    ARRIVE(life, .change = { .kind = kind, .key = key }, .strict = true);
}
