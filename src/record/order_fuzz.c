/* SPDX-License-Identifier: MIT
 * The life of an order: bytes become inputs, one behind another; the invariants at the head of
 * record/order.c must hold after each. */
#include "record/order.h"

#include "base/attr.h"

struct bytes {
    const uint8_t *at;
    size_t left;
};

static uint8_t next(struct bytes *bytes)
{
    if (bytes->left == 0)
        return 0;
    bytes->left--;
    return *bytes->at++;
}

static const str skus[] = { STR_INIT("a"), STR_INIT("A"), STR_INIT("b"), STR_INIT("") };

static const str purchases[] = { STR_INIT(""), STR_INIT("1"), STR_INIT("2"), STR_INIT("3") };

static const str currencies[] = { STR_INIT("EUR"), STR_INIT("USD") };

static struct order_line draw_line(struct bytes *bytes)
{
    uint8_t bits = next(bytes);
    return (struct order_line){ .sku = skus[bits & 3],
                                .name = skus[bits >> 2 & 3],
                                .quantity = 1,
                                .price = (int64_t)next(bytes) * 100,
                                .upsell = (bits & 16) != 0,
                                .recurring = (bits & 32) != 0,
                                .purchase = (enum purchase_state)((bits >> 6) & 3) };
}

static struct order_input draw_input(struct bytes *bytes, struct order_line *lines)
{
    uint8_t bits = next(bytes);
    struct order_input input = { .now_ms = 1, .strict = (bits & 1) != 0 };
    input.facts.state = (enum sale_state)(next(bytes) % (SALE_CHARGEBACK + 1));
    input.change.kind = (enum order_change_kind)(next(bytes) % (CHANGE_QA_DECLINED + 1));
    input.change.key = next(bytes) % 16;
    input.change.timeless = (bits & 64) != 0 && (input.change.kind == CHANGE_CANCEL ||
                                                 input.change.kind == CHANGE_PAUSE ||
                                                 input.change.kind == CHANGE_REACTIVATE);
    input.change.opposites[0] = input.change.key ^ 1;
    input.change.amount_said = (bits & 2) != 0;
    input.change.amount = ((int64_t)next(bytes) - 20) * 50;
    input.facts.lines_said = (bits & 4) != 0;
    input.facts.lines_are_all = (bits & 8) != 0;
    input.facts.total_said = (bits & 16) != 0;
    input.facts.total = (int64_t)next(bytes) * 100;
    input.facts.said_ms = (bits & 32) != 0 ? next(bytes) : 0;
    input.facts.lines = lines;
    uint8_t more = next(bytes);
    input.facts.line_count = more & 3;
    input.facts.purchase = purchases[more >> 2 & 3];
    input.facts.about = (more >> 4 & 3) % (input.facts.line_count + 1);
    input.facts.replaced = more >> 6;
    input.facts.currency = (bits & 128) != 0 ? currencies[more >> 5 & 1] : (str){};
    for (int i = 0; i < input.facts.line_count; i++)
        lines[i] = draw_line(bytes);
    return input;
}

#define BIT(type) (1U << CUSTOMER_##type)

struct seen {
    int once[CUSTOMER_TYPE_COUNT];
    bool partial; /* without a break */
    int incomplete[CUSTOMER_TYPE_COUNT];
    bool strict_alone;
};

static void check_incomplete(struct seen *seen, const struct order *before, enum customer_type type)
{
    if (before->state != SALE_PARTIAL)
        seen->incomplete[CUSTOMER_PARTIAL] = seen->incomplete[CUSTOMER_LEAD] =
            seen->incomplete[CUSTOMER_ABANDONED_CART] = 0;
    if (type == CUSTOMER_PARTIAL || type == CUSTOMER_LEAD || type == CUSTOMER_ABANDONED_CART) {
        assert(!before->sold);
        assert(++seen->incomplete[type] == 1);
    }
}

/* Such fills what is empty. */
static bool is_late(const struct order *before, const struct order_input *input,
                    const struct order_outcome *outcome)
{
    enum sale_state state = input->facts.state;
    enum order_change_kind kind = input->change.kind;
    bool old = input->facts.said_ms != 0 && input->facts.said_ms < before->said_ms;
    bool stale = kind == CHANGE_DECLINE ||
                 (kind == CHANGE_NONE && (state == SALE_PARTIAL || state == SALE_DECLINED));
    return old || outcome->verdict == ORDER_REPEATED || (!input->strict && before->sold && stale);
}

static void check_late(const struct order *before, const struct order *order)
{
    for (int i = 0; i < before->line_count; i++) {
        int at = order_find_line(order, before->lines[i].number);
        assert(at >= 0 && order->lines[at].price == before->lines[i].price);
    }
}

static void check_repeat(const struct order *before, const struct order *order)
{
    assert(order->total == before->total && order->captured == before->captured);
    assert(order->refunded == before->refunded && order->state == before->state);
    for (int i = 0; i < before->line_count; i++) {
        const struct order_line *line = &before->lines[i];
        const struct order_line *now = &order->lines[order_find_line(order, line->number)];
        assert(line->purchase == PURCHASE_NONE || now->purchase == line->purchase);
        assert(line->cycle == 0 || now->cycle == line->cycle);
    }
}

static void check_total(const struct order *before, const struct order *order, int64_t sum,
                        bool upsell)
{
    bool stays = before->line_count == 0 && before->total != 0 && !upsell;
    for (int i = 0; i < before->line_count; i++)
        sum -= before->lines[i].price + before->lines[i].ship_price;
    assert(order->total == (stays ? before->total : MAX_OF(before->total + sum, 0)));
}

static void check_lines(const struct order *before, const struct order *order,
                        const struct order_input *input, bool late)
{
    int64_t sum = 0;
    for (int i = 0; i < order->line_count; i++) {
        int number = order->lines[i].number;
        assert(number >= 1 && number <= ORDER_LINES_MAX);
        assert(order_find_line(order, number) == i);
        sum += order->lines[i].price + order->lines[i].ship_price;
    }
    const struct order_facts *facts = &input->facts;
    bool upsell = input->strict && input->change.kind == CHANGE_UPSELL;
    if (late && !upsell)
        check_late(before, order);
    if (!facts->lines_said)
        assert(order->line_count == before->line_count);
    else if (upsell || !facts->lines_are_all || late)
        assert(order->line_count >= MIN_OF(before->line_count, ORDER_LINES_MAX));
    else
        assert(order->line_count == facts->line_count);
    if (!upsell && facts->lines_said)
        assert(order->line_count >= MIN_OF(facts->line_count, ORDER_LINES_MAX));
    bool bills = order_is_bill(input->change.kind);
    bool stale = before->sold && facts->state == SALE_PARTIAL;
    stale = stale || (before->captured > 0 && before->currency.len > 0 && facts->currency.len > 0);
    if (facts->lines_said && !facts->total_said && !late && !stale && !bills)
        check_total(before, order, sum, upsell);
}

/* Who is said to be meant by the id of their purchase: nobody else changes. */
static void check_purchases(const struct order *before, const struct order *order,
                            const struct order_input *input)
{
    bool all = input->change.kind == CHANGE_NONE && input->facts.state == SALE_CANCELLED;
    int meant = 0;
    for (int i = 0; i < order->line_count; i++) {
        const struct order_line *line = &order->lines[i];
        for (int k = 0; k < i && line->purchase_id.len > 0; k++)
            assert(!str_equal(line->purchase_id, order->lines[k].purchase_id));
    }
    for (int i = 0; i < before->line_count; i++)
        if (before->lines[i].recurring && input->facts.purchase.len > 0 &&
            str_equal(before->lines[i].purchase_id, input->facts.purchase))
            meant = before->lines[i].number;
    for (int i = 0; meant != 0 && !input->facts.lines_said && i < order->line_count; i++)
        assert(all || order->lines[i].number == meant || !before->sold ||
               order->lines[i].purchase == before->lines[i].purchase);
}

static void check(struct seen *seen, const struct order *before, const struct order *order,
                  const struct order_input *input, const struct order_outcome *outcome)
{
    unsigned told = 0;
    assert(order->total >= 0 && order->captured >= 0 && order->refunded >= 0);
    assert(before->captured == 0 || before->currency.len == 0 ||
           str_equal(before->currency, order->currency));
    assert(order->charged_back >= 0 && order->captured >= before->captured);
    assert(!seen->strict_alone || order->refunded + order->charged_back <= order->captured);
    if (outcome->verdict == ORDER_REPEATED)
        check_repeat(before, order);
    if (outcome->verdict != ORDER_REPEATED || !input->strict)
        check_lines(before, order, input, is_late(before, input, outcome));
    check_purchases(before, order, input);
    assert(order->state != SALE_NONE);
    assert(!before->sold || (order->state != SALE_PARTIAL &&
                             (order->state != SALE_DECLINED || before->state == SALE_DECLINED ||
                              input->change.kind == CHANGE_QA_DECLINED)));
    assert(outcome->verdict != ORDER_REFUSED || input->strict);
    for (int i = 0; i < outcome->occurrence_count; i++) {
        enum customer_type type = outcome->occurrences[i].type;
        assert((told & 1U << type) == 0);
        told |= 1U << type;
        check_incomplete(seen, before, type);
        if (type == CUSTOMER_NEW_SALE || type == CUSTOMER_SUBSCRIPTION_STARTED)
            assert(++seen->once[type] == 1);
    }
    bool part = (told & (BIT(PARTIAL_REFUNDS) | BIT(FULL_REFUNDS))) != 0;
    assert(((told & BIT(ALL_REFUNDS)) != 0) == part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = { data, size };
    struct arena arena = {};
    struct order order = {};
    struct seen seen = { .strict_alone = true };
    for (int i = 0; i < 200 && bytes.left > 0; i++) {
        struct order_line lines[4];
        struct order before = order;
        struct order_input input = draw_input(&bytes, lines);
        struct order_outcome outcome;
        order_apply(&order, &input, &arena, &outcome);
        seen.strict_alone = seen.strict_alone && input.strict && input.facts.state != SALE_REFUNDED;
        if (outcome.verdict != ORDER_REFUSED)
            check(&seen, &before, &order, &input, &outcome);
        if (outcome.verdict == ORDER_REPEATED)
            assert(outcome.occurrence_count == 0 || input.facts.state != SALE_NONE);
    }
    arena_done(&arena);
    return 0;
}
