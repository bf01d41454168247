/* SPDX-License-Identifier: MIT
 * record/client_total.c: what an order comes to, as clients say it: by lines, and by amounts of the
 * whole order beside them.
 *
 *   basePrice       + totalShipping    + salesTax − totalDiscount
 *   or the lines'     or the lines'
 *
 * What an order has of an upsell is in these amounts, too, though an import never says it: an amount
 * that is said, or has been, is of all other lines, and the upsells' are added. */
#include "model/money.h"
#include "record/client.h"

static int64_t base_of(const struct order_line *line)
{
    return line->price;
}

static int64_t shipping_of(const struct order_line *line)
{
    return line->ship_price;
}

static int64_t tax_of(const struct order_line *line)
{
    return line->sales_tax;
}

/* In front of the discount, which no line has. */
static const struct part {
    enum crm_field field;
    int64_t (*of)(const struct order_line *line);
    bool of_lines; /* it is their sum where nobody says it */
} parts[] = {
    { CRM_BASE_PRICE, base_of, true },
    { CRM_TOTAL_SHIPPING, shipping_of, true },
    { CRM_SALES_TAX, tax_of, false },
};

static int64_t sum_of(const struct order *order, const struct part *part, bool upsells_alone)
{
    int64_t sum = 0;
    for (int i = 0; i < order->line_count; i++)
        if (order->lines[i].upsell || !upsells_alone)
            sum += part->of(&order->lines[i]);
    return sum;
}

/* What was said of a whole order; a postback may have brought what is no amount. */
static bool said_amount(const str *values, enum crm_field field, int64_t *ret_amount)
{
    return values[field].len > 0 && money_read(values[field], ret_amount);
}

static int64_t amount_of(const struct order *order, const struct part *part)
{
    int64_t amount = part->of_lines ? sum_of(order, part, false) : 0;
    int64_t said;
    return said_amount(order->values, part->field, &said) ? said : amount;
}

static int64_t comes_to(const struct order *order)
{
    int64_t discount;
    int64_t sum = 0;
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        sum += amount_of(order, &parts[i]);
    return said_amount(order->values, CRM_TOTAL_DISCOUNT, &discount) ? sum - discount : sum;
}

static bool says_amount(const struct order_facts *facts)
{
    bool says = facts->values[CRM_TOTAL_DISCOUNT].len > 0;
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        says = says || facts->values[parts[i].field].len > 0;
    return says;
}

static void say(struct order_facts *facts, struct order *after, enum crm_field field,
                int64_t amount, struct arena *arena)
{
    char text[MONEY_TEXT_MAX];
    facts->values[field] = after->values[field] =
        arena_str(arena, money_write(MAX_OF(amount, 0), text));
}

/* An import's amounts are not of the upsells that the order has got; an upsell's are its own. */
static void add_upsells(const struct order *before, struct order *after, struct order_input *input,
                        struct arena *arena)
{
    struct order_facts *facts = &input->facts;
    bool upsell = input->change.kind == CHANGE_UPSELL;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        const struct part *part = &parts[i];
        int64_t amount = 0;
        int64_t more = upsell ? sum_of(after, part, false) - sum_of(before, part, false)
                              : sum_of(after, part, true);
        bool said = said_amount(upsell ? before->values : facts->values, part->field, &amount);
        if (more != 0 && (said || (upsell && !part->of_lines)))
            say(facts, after, part->field, amount + more, arena);
    }
}

static bool is_import(const struct order_input *input)
{
    enum sale_state state = input->facts.state;
    return input->change.kind == CHANGE_NONE &&
           (state == SALE_PARTIAL || state == SALE_COMPLETE || state == SALE_QA_PENDING);
}

void client_say_total(const struct order *before, struct order_input *input, struct arena *arena)
{
    struct order_facts *facts = &input->facts;
    struct order after = *before;
    struct order_outcome outcome;
    bool import = is_import(input);
    if ((facts->total_said && !import) ||
        !(facts->total_said || facts->lines_said || says_amount(facts)))
        return;
    order_apply(&after, input, arena, &outcome);
    if (outcome.verdict != ORDER_APPLIED)
        return;
    add_upsells(before, &after, input, arena);
    int64_t total = comes_to(&after);
    if (facts->total_said) {
        total = facts->total;
        for (size_t i = 0; i < COUNT_OF(parts); i++)
            total += sum_of(&after, &parts[i], true);
    } else if (!import || before->sold) {
        total += before->total - comes_to(before);
    }
    facts->total_said = true;
    facts->total = MIN_OF(MAX_OF(total, 0), MONEY_MAX);
}
