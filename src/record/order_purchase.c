/* SPDX-License-Identifier: MIT
 * record/order_purchase.c: of an order with several purchases, which one an input is about. By the
 * first of these that finds one:
 *   the number of its line, from who knows the hub's own;
 *   the sender's id of it;
 *   the one line that recurs, of those that come with it;
 *   the one of them whose words fit what has happened;
 *   the one that has no id yet, when one is said that none has.
 * Where an id is said, what has another one is not meant. */
#include "record/order_step.h"

static bool may_be(const struct order_facts *facts, const struct order_line *line)
{
    return line->recurring && (facts->purchase.len == 0 || line->purchase_id.len == 0);
}

static int by_id(const struct order *order, str purchase)
{
    for (int i = 0; purchase.len > 0 && i < order->line_count; i++)
        if (order->lines[i].recurring && str_equal(order->lines[i].purchase_id, purchase))
            return order->lines[i].number;
    return 0;
}

/* NULL: it is not in the order, or cannot be meant. */
static const struct order_line *find_listed(const struct step *step, int at)
{
    int place = step->places[at];
    const struct order_line *line = place < 0 ? NULL : &step->order->lines[place];
    return line != NULL && may_be(&step->input->facts, line) ? line : NULL;
}

static int by_list(const struct step *step)
{
    const struct order_facts *facts = &step->input->facts;
    const struct order_line *only = NULL;
    int count = 0;
    for (int i = 0; i < facts->line_count; i++) {
        const struct order_line *line = find_listed(step, i);
        if (line == NULL)
            continue;
        only = line;
        count++;
    }
    if (count > 1)
        only = facts->about == 0 ? NULL : find_listed(step, facts->about - 1);
    return only == NULL ? 0 : only->number;
}

static int by_lack_of_id(const struct step *step)
{
    const struct order *order = step->order;
    int only = 0;
    if (step->input->facts.purchase.len == 0)
        return 0;
    for (int i = 0; i < order->line_count; i++) {
        if (!may_be(&step->input->facts, &order->lines[i]))
            continue;
        if (only != 0)
            return 0;
        only = order->lines[i].number;
    }
    return only;
}

void order_find_purchase(struct step *step)
{
    step->purchase = step->input->change.line;
    if (step->purchase == 0)
        step->purchase = by_id(step->order, step->input->facts.purchase);
    if (step->purchase == 0)
        step->purchase = by_list(step);
    if (step->purchase == 0)
        step->purchase = by_lack_of_id(step);
}

static bool says_next_bill(const struct step *step, int place)
{
    const struct order_facts *facts = &step->input->facts;
    for (int i = 0; i < facts->line_count; i++)
        if (step->places[i] == place && facts->lines[i].next_bill.len > 0)
            return true;
    return false;
}

void order_name_purchase(struct step *step)
{
    const struct order_facts *facts = &step->input->facts;
    int place = order_find_line(step->order, step->purchase);
    if (place < 0 || (facts->purchase.len == 0 && facts->next_bill.len == 0))
        return;
    struct order_line *line = &order_own_lines(step)[place];
    if (facts->purchase.len > 0 && (!step->late || line->purchase_id.len == 0))
        line->purchase_id = facts->purchase;
    if (step->late && line->next_bill.len > 0)
        return;
    if (facts->next_bill.len > 0 && !says_next_bill(step, place))
        line->next_bill = facts->next_bill;
}

void order_begin_purchases(struct step *step)
{
    struct order *order = step->order;
    for (int i = 0; i < order->line_count; i++) {
        struct order_line line = order->lines[i];
        order_line_begin(&line);
        if (line.purchase != order->lines[i].purchase || line.cycle != order->lines[i].cycle)
            order_own_lines(step)[i] = line;
    }
}
