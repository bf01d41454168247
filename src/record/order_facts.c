/* SPDX-License-Identifier: MIT
 * record/order_facts.c: what an order is said to be. */
#include "record/order_step.h"

bool order_is_old(const struct order *order, const struct order_facts *facts)
{
    return facts->said_ms != 0 && facts->said_ms < order->said_ms;
}

static void take_values(struct order *order, const struct order_facts *facts)
{
    bool old = order_is_old(order, facts);
    for (int i = 0; i < CRM_VALUE_COUNT; i++)
        if (facts->values[i].ptr != NULL && (!old || order->values[i].len == 0))
            order->values[i] = facts->values[i];
    if (facts->currency.len > 0)
        order->currency = facts->currency;
    order->test = order->test || facts->test;
    order->said_ms = MAX_OF(order->said_ms, facts->said_ms);
    if (order->ordered_ms == 0)
        order->ordered_ms = facts->ordered_ms;
}

/* A system that cannot be told says in each postback where the parcel stands, and one that was sent
 * before may come again: that the parcel waits is no news of one that has gone. */
static void take_fulfillment(struct step *step, const struct order_facts *facts)
{
    struct order *order = step->order;
    bool waits =
        order->fulfillment <= FULFILLMENT_PENDING || order->fulfillment == FULFILLMENT_CANCELLED;
    bool late = step->lenient && facts->fulfillment == FULFILLMENT_PENDING && !waits;
    if (facts->fulfillment == FULFILLMENT_NONE || facts->fulfillment == order->fulfillment)
        return;
    if (late || order_is_old(order, facts))
        order_note(step, STR("It is beyond that: where its parcel stood is old news."));
    else
        order->fulfillment = facts->fulfillment;
}

static bool same_text(str a, str b)
{
    return a.len > 0 && str_equal_nocase(a, b);
}

static bool same_product(const struct order_line *a, const struct order_line *b)
{
    if (a->sku.len > 0 && b->sku.len > 0)
        return same_text(a->sku, b->sku);
    return (a->product != 0 && a->product == b->product) || same_text(a->sender_id, b->sender_id) ||
           (a->sku.len == 0 && b->sku.len == 0 && same_text(a->name, b->name));
}

static int find_line(const struct order_line *lines, int count, const struct order_line *line)
{
    for (int i = 0; i < count; i++)
        if (lines[i].upsell == line->upsell && same_product(&lines[i], line))
            return i;
    return -1;
}

static int64_t sum_of_lines(const struct order *order)
{
    int64_t sum = 0;
    for (int i = 0; i < order->line_count; i++)
        sum += order->lines[i].price + order->lines[i].ship_price;
    return MIN_OF(MAX_OF(sum, 0), MONEY_MAX);
}

/* Its sale may have listed an upsell as any other line, before it was said to be one: then there is
 * more that was sold, and the total has no room for the same once more. */
static bool is_same_upsell(const struct step *step, int found, const struct order_line *line)
{
    const struct order_facts *facts = &step->input->facts;
    const struct order *order = step->order;
    bool others = false;
    for (int i = 0; i < order->line_count; i++)
        others = others || (i != found && !order->lines[i].upsell);
    return others && !(facts->total_said && line->price > 0 &&
                       facts->total >= sum_of_lines(order) + line->price);
}

/* A system that cannot be told lists all lines alike, later on: what was an upsell stays one. */
static int find_said_line(const struct step *step, struct order_line *line)
{
    const struct order *order = step->order;
    int found = find_line(order->lines, order->line_count, line);
    for (int i = 0; step->lenient && found < 0 && i < order->line_count; i++)
        if (same_product(&order->lines[i], line) &&
            (!line->upsell || is_same_upsell(step, i, line)))
            found = i;
    if (found >= 0)
        line->upsell = line->upsell || order->lines[found].upsell;
    return found;
}

/* What its purchase is does not come from a sender's list of lines, unless that says so. */
static void keep_purchase(struct order_line *line, const struct order_line *before)
{
    line->recurring = line->recurring || before->recurring;
    if (line->purchase == PURCHASE_NONE)
        line->purchase = before->purchase;
    line->cycle = MAX_OF(line->cycle, before->cycle);
    if (line->recurring_price == 0)
        line->recurring_price = before->recurring_price;
    if (line->next_bill.len == 0)
        line->next_bill = before->next_bill;
    if (line->purchase_id.len == 0)
        line->purchase_id = before->purchase_id;
}

static void keep_text(str *text, str before)
{
    if (text->len == 0)
        *text = before;
}

/* What a list of lines does not say of one is as it was; of a new one, as its product has it. */
static void settle_line(struct order_line *line, const struct order_line *before)
{
    if (line->quantity <= 0)
        line->quantity = before == NULL ? 1 : before->quantity;
    if (line->price < 0)
        line->price = before == NULL ? line->list_price : before->price;
    if (line->ship_price < 0)
        line->ship_price = before == NULL ? 0 : before->ship_price;
    if (before == NULL)
        return;
    keep_text(&line->name, before->name);
    keep_text(&line->sender_id, before->sender_id);
    keep_text(&line->external_id, before->external_id);
    keep_text(&line->crm_id, before->crm_id);
    keep_text(&line->campaign_product_id, before->campaign_product_id);
    keep_purchase(line, before);
}

/* Room for those there are and `more`; the order's own from now on. */
static struct order_line *own_lines(struct step *step, int more)
{
    struct order *order = step->order;
    struct order_line *lines =
        ARENA_ARRAY(step->arena, struct order_line, (size_t)(order->line_count + more) + 1);
    if (order->line_count > 0)
        memcpy(lines, order->lines, (size_t)order->line_count * sizeof(*lines));
    order->lines = lines;
    return lines;
}

static void replace_lines(struct step *step, const struct order_facts *facts)
{
    struct order *order = step->order;
    const struct order_line *before = order->lines;
    int count = order->line_count;
    struct order_line *lines =
        ARENA_ARRAY(step->arena, struct order_line, (size_t)facts->line_count + 1);
    for (int i = 0; i < facts->line_count; i++) {
        lines[i] = facts->lines[i];
        int old = find_line(before, count, &lines[i]);
        settle_line(&lines[i], old < 0 ? NULL : &before[old]);
    }
    order->lines = lines;
    order->line_count = facts->line_count;
}

static void add_lines(struct step *step, const struct order_facts *facts)
{
    struct order *order = step->order;
    struct order_line *lines = own_lines(step, facts->line_count);
    for (int i = 0; i < facts->line_count; i++) {
        struct order_line line = facts->lines[i];
        int old = find_said_line(step, &line);
        settle_line(&line, old < 0 ? NULL : &lines[old]);
        if (old >= 0) {
            lines[old] = line;
        } else if (order->line_count < ORDER_LINES_MAX) {
            lines[order->line_count++] = line;
        } else {
            order_note(step, STR("The order has 100 lines: no more are kept."));
            return;
        }
    }
}

static void take_total(struct step *step, const struct order_facts *facts)
{
    struct order *order = step->order;
    int64_t before = order->total;
    if (order->sold && order_is_bill(step->input->change.kind))
        return; /* that adds to what is paid, by itself */
    if (facts->total_said)
        order->total = MAX_OF(facts->total, 0);
    else if (facts->lines_said)
        order->total = sum_of_lines(order);
    if (order_is_sold(order) && order->total > before)
        order->captured += order->total - before;
}

struct order_line *order_own_lines(struct step *step)
{
    return own_lines(step, 0);
}

static void all_recur(struct step *step)
{
    struct order_line *lines = order_own_lines(step);
    for (int i = 0; i < step->order->line_count; i++)
        lines[i].recurring = true;
}

void order_take_facts(struct step *step)
{
    const struct order_facts *facts = &step->input->facts;
    take_values(step->order, facts);
    take_fulfillment(step, facts);
    if (facts->lines_said && facts->lines_are_all)
        replace_lines(step, facts);
    else if (facts->lines_said)
        add_lines(step, facts);
    if (facts->subscribes && !facts->lines_said && !order_any_recurs(step->order))
        all_recur(step);
    take_total(step, facts);
}
