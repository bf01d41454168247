/* SPDX-License-Identifier: MIT
 * record/order_facts.c: what an order is said to be. */
#include "record/order_step.h"

bool order_is_old(const struct order *order, const struct order_facts *facts)
{
    return facts->said_ms != 0 && facts->said_ms < order->said_ms;
}

/* These come and go with what has happened, and nothing more happens by what is late. */
static bool is_over(const struct step *step, enum crm_field field)
{
    switch (field) {
    case CRM_DECLINE_REASON:
        return step->repeat || step->order->sold;
    case CRM_DATE_REFUNDED:
    case CRM_REFUND_REASON:
    case CRM_CHARGEBACK_DATE:
        return step->repeat;
    default:
        return false;
    }
}

static bool takes_value(const struct step *step, enum crm_field field)
{
    if (step->input->facts.values[field].ptr == NULL)
        return false;
    return !step->late || (step->order->values[field].len == 0 && !is_over(step, field));
}

/* What has been paid is in one currency, and so is what else will be. */
static void take_currency(struct step *step, const struct order_facts *facts)
{
    struct order *order = step->order;
    if (facts->currency.len == 0 || str_equal(facts->currency, order->currency))
        return;
    step->foreign = order->captured > 0 && order->currency.len > 0;
    if (step->foreign &&
        order_refuse(step, "currency",
                     arena_format(step->arena,
                                  "What has been paid is in %.*s: nothing is added to it in "
                                  "another currency.",
                                  STR_ARG(order->currency))))
        return;
    if (!step->foreign && (!step->late || order->currency.len == 0))
        order->currency = facts->currency;
}

static void take_values(struct step *step, const struct order_facts *facts)
{
    struct order *order = step->order;
    for (int i = 0; i < CRM_VALUE_COUNT; i++)
        if (takes_value(step, (enum crm_field)i))
            order->values[i] = facts->values[i];
    take_currency(step, facts);
    order->test = order->test || facts->test;
    order->said_ms = MAX_OF(order->said_ms, facts->said_ms);
    if (order->ordered_ms == 0)
        order->ordered_ms = facts->ordered_ms;
}

/* A system that cannot be told says in each postback where the parcel stands, and one that was sent
 * before may come again: that it waits, or has not come as far, is no news of one that has gone. */
static bool is_late(const struct step *step, enum fulfillment_state state)
{
    enum fulfillment_state before = step->order->fulfillment;
    bool waited = before <= FULFILLMENT_PENDING || before == FULFILLMENT_CANCELLED;
    return step->lenient && !waited && state != FULFILLMENT_CANCELLED && state < before;
}

static void take_fulfillment(struct step *step, const struct order_facts *facts)
{
    const struct order *order = step->order;
    if (facts->fulfillment == FULFILLMENT_NONE || facts->fulfillment == order->fulfillment)
        return;
    if (is_late(step, facts->fulfillment) || order_is_old(order, facts))
        order_note(step, STR("It is beyond that: where its parcel stood is old news."));
    else
        order_move_parcel(step, facts->fulfillment);
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

static int64_t sum_of_lines(const struct order *order)
{
    int64_t sum = 0;
    for (int i = 0; i < order->line_count; i++)
        sum += order->lines[i].price + order->lines[i].ship_price;
    return sum;
}

/* ── which line is which ── */

enum likeness {
    LIKE_NONE = 0,
    LIKE_PRODUCT,
    LIKE_UPSELL, /* both are one, and as many, for as much */
    LIKE_LISTED, /* as many, for as much, and listed as any other line by now */
    LIKE_AMOUNT, /* as many, for as much, and neither is an upsell */
    LIKE_PURCHASE,
    LIKE_NUMBER,
};

static enum likeness likeness_of(const struct step *step, const struct order_line *line,
                                 const struct order_line *before)
{
    bool as_many = line->quantity == 0 || line->quantity == before->quantity; /* or not said */
    bool amount = as_many && line->price == before->price;
    if (line->number != 0)
        return line->number == before->number ? LIKE_NUMBER : LIKE_NONE;
    if (!same_product(before, line))
        return LIKE_NONE;
    if (line->upsell != before->upsell)
        return step->lenient && before->upsell && amount ? LIKE_LISTED : LIKE_NONE;
    if (same_text(line->purchase_id, before->purchase_id))
        return LIKE_PURCHASE;
    return !amount ? LIKE_PRODUCT : line->upsell ? LIKE_UPSELL : LIKE_AMOUNT;
}

struct match {
    const struct step *step;
    const struct order *order;
    const struct order_facts *facts;
    int *places;
    bool *taken; /* of the order's lines: each is one of the input's at most */
    int64_t sum; /* of the lines, as far as they have been looked at */
    bool brings; /* one that is new, and no upsell */
};

static void match_like(struct match *match, enum likeness likeness)
{
    for (int i = 0; i < match->facts->line_count; i++)
        for (int k = 0; match->places[i] < 0 && k < match->order->line_count; k++)
            if (!match->taken[k] && likeness_of(match->step, &match->facts->lines[i],
                                                &match->order->lines[k]) == likeness) {
                match->places[i] = k;
                match->taken[k] = true;
            }
}

/* Its sale may have listed an upsell as any other line, before it was said to be one: then there is
 * more that was sold, and the total has no room for the same once more. */
static bool is_same_upsell(const struct match *match, int found, const struct order_line *line)
{
    const struct order_facts *facts = match->facts;
    bool others = match->brings;
    for (int i = 0; i < match->order->line_count; i++)
        others = others || (i != found && !match->order->lines[i].upsell);
    return others &&
           !(facts->total_said && line->price > 0 && facts->total >= match->sum + line->price);
}

/* A system that cannot be told lists all lines alike, later on: what was an upsell stays one. */
static int find_unlike(const struct match *match, const struct order_line *line)
{
    for (int k = 0; k < match->order->line_count; k++)
        if (!match->taken[k] && same_product(&match->order->lines[k], line) &&
            (!line->upsell || is_same_upsell(match, k, line)))
            return k;
    return -1;
}

static void match_rest(struct match *match)
{
    for (int i = 0; i < match->facts->line_count; i++) {
        const struct order_line *line = &match->facts->lines[i];
        int *place = &match->places[i];
        if (*place < 0 && match->step->lenient)
            *place = find_unlike(match, line);
        if (*place >= 0)
            match->taken[*place] = true;
        if (line->price >= 0)
            match->sum += line->price - (*place < 0 ? 0 : match->order->lines[*place].price);
        match->brings = match->brings || (*place < 0 && !line->upsell);
    }
}

void order_match_lines(struct step *step)
{
    const struct order_facts *facts = &step->input->facts;
    struct match match = { .step = step,
                           .order = step->order,
                           .facts = facts,
                           .places = ARENA_ARRAY(step->arena, int, (size_t)facts->line_count + 1),
                           .taken =
                               ARENA_ARRAY(step->arena, bool, (size_t)step->order->line_count + 1),
                           .sum = sum_of_lines(step->order) };
    for (int i = 0; i < facts->line_count; i++)
        match.places[i] = -1;
    for (enum likeness likeness = LIKE_NUMBER; likeness > LIKE_NONE; likeness--)
        match_like(&match, likeness);
    match_rest(&match);
    step->places = match.places;
}

/* ── what they are said to be ── */

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

static void keep_words(struct order_line *line, const struct order_line *before)
{
    keep_text(&line->name, before->name);
    keep_text(&line->sender_id, before->sender_id);
    keep_text(&line->external_id, before->external_id);
    keep_text(&line->crm_id, before->crm_id);
    keep_text(&line->campaign_product_id, before->campaign_product_id);
}

/* What each has cost is what more or fewer of them cost. */
static int64_t price_for(const struct order_line *before, int64_t quantity)
{
    if (before->quantity <= 0 || quantity == before->quantity)
        return before->price;
    return MIN_OF(before->price / before->quantity * quantity +
                      before->price % before->quantity * quantity / before->quantity,
                  MONEY_MAX);
}

/* What a list of lines does not say of one is as it was; of a new one, as its product has it. */
static void settle_line(struct order_line *line, const struct order_line *before)
{
    if (line->quantity <= 0)
        line->quantity = before == NULL ? 1 : before->quantity;
    if (line->price < 0)
        line->price = before == NULL ? line->list_price : price_for(before, line->quantity);
    if (line->ship_price < 0)
        line->ship_price = before == NULL ? 0 : before->ship_price;
    if (before == NULL)
        return;
    line->number = before->number;
    if (line->sales_tax == 0)
        line->sales_tax = before->sales_tax;
    line->upsell = line->upsell || before->upsell;
    keep_words(line, before);
    keep_purchase(line, before);
}

/* What is known of it stays, but which bill one is that nobody has heard of. */
static struct order_line fill_line(const struct step *step, const struct order_line *known,
                                   const struct order_line *said)
{
    struct order_line line = *known;
    bool bills = !step->repeat && order_is_bill(step->input->change.kind);
    keep_words(&line, said);
    keep_purchase(&line, said);
    if (known->cycle > 0 && !bills)
        line.cycle = known->cycle;
    return line;
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

/* What it was sold for stays; what it is billed for from now on may be another price. */
static void be_bill(struct order_line *line, const struct order_line *before)
{
    bool other = line->price > 0 && line->price != before->price;
    if (line->recurring_price == 0 && other)
        line->recurring_price = line->price;
    line->price = before->price;
    line->ship_price = before->ship_price;
    line->quantity = before->quantity;
}

static struct order_line said_line(const struct step *step, int at)
{
    int place = step->places[at];
    struct order_line line = step->input->facts.lines[at];
    if (step->late && place >= 0)
        return fill_line(step, &step->order->lines[place], &line);
    const struct order_line *before = place < 0 ? NULL : &step->order->lines[place];
    if (before != NULL && step->lenient && step->order->sold &&
        order_is_bill(step->input->change.kind))
        be_bill(&line, before);
    settle_line(&line, before);
    return line;
}

#define TOO_MANY STR("An order has 100 lines at most: send fewer, or begin another order.")

static void replace_lines(struct step *step, const struct order_facts *facts)
{
    if (facts->line_count > ORDER_LINES_MAX && order_refuse(step, "lines", TOO_MANY))
        return;
    int count = MIN_OF(facts->line_count, ORDER_LINES_MAX);
    struct order_line *lines = ARENA_ARRAY(step->arena, struct order_line, (size_t)count + 1);
    for (int i = 0; i < count; i++)
        lines[i] = said_line(step, i);
    for (int i = 0; i < facts->line_count; i++)
        step->places[i] = i < count ? i : -1;
    step->order->lines = lines;
    step->order->line_count = count;
}

static void add_lines(struct step *step, const struct order_facts *facts)
{
    struct order *order = step->order;
    struct order_line *lines = own_lines(step, facts->line_count);
    for (int i = 0; i < facts->line_count; i++) {
        if (step->places[i] < 0 && order->line_count >= ORDER_LINES_MAX) {
            order_note(step, STR("The order has 100 lines: no more are kept."));
            return;
        }
        const struct order_line line = said_line(step, i);
        if (step->places[i] < 0)
            step->places[i] = order->line_count++;
        lines[step->places[i]] = line;
    }
}

/* All of them are new, though the order has the like: behind those it has, or where the one stands
 * that goes for them. */
static void bring_lines(struct step *step, const struct order_facts *facts)
{
    struct order *order = step->order;
    int gone = facts->line_count == 0 ? -1 : order_find_line(order, facts->replaced);
    int from = gone < 0 ? order->line_count : gone;
    int behind = order->line_count - from - (gone >= 0);
    if (from + facts->line_count + behind > ORDER_LINES_MAX &&
        order_refuse(step, "lines", TOO_MANY))
        return;
    struct order_line *lines = own_lines(step, facts->line_count);
    if (behind > 0)
        memmove(&lines[from + facts->line_count], &lines[from + 1],
                (size_t)behind * sizeof(*lines));
    for (int i = 0; i < facts->line_count; i++) {
        step->places[i] = -1;
        lines[from + i] = said_line(step, i);
        step->places[i] = from + i;
    }
    order->line_count = from + facts->line_count + behind;
}

/* Those that have none get the next ones. Of an order that has had so many, those that have been free
 * for longest: what is gone is not taken for what has come, as long as that is possible. */
static void number_lines(struct step *step)
{
    struct order *order = step->order;
    struct order_line *lines = (struct order_line *)(uintptr_t)order->lines; /* its own by now */
    for (int i = 0; i < order->line_count; i++) {
        if (lines[i].number != 0)
            continue;
        do
            order->last_line = order->last_line % ORDER_LINES_MAX + 1;
        while (order_find_line(order, order->last_line) >= 0);
        lines[i].number = order->last_line;
    }
}

/* The sale itself, of an order that is sold for what has been heard behind it: a bill, a refund. */
static bool is_late_sale(const struct step *step)
{
    const struct order *order = step->order;
    enum order_change_kind kind = step->input->change.kind;
    return order->sold && (order->told & 1U << CUSTOMER_NEW_SALE) == 0 && !step->repeat &&
           (kind == CHANGE_SALE ||
            (kind == CHANGE_NONE && step->input->facts.state == SALE_COMPLETE));
}

/* Of an order that has grown, a system that cannot be told says its first total again: beside a
 * parcel, or with the sale, sent once more. */
static bool is_first_total(const struct step *step, const struct order_facts *facts)
{
    const struct order *order = step->order;
    return step->lenient && order->upsells > 0 && facts->total_said &&
           facts->total == order->first_total && order->total > order->first_total;
}

static bool is_total_news(const struct step *step, const struct order_facts *facts)
{
    const struct order *order = step->order;
    if (order->sold && order_is_bill(step->input->change.kind))
        return false; /* that adds to what is paid, by itself */
    if (step->repeat || step->foreign || (order->sold && facts->state == SALE_PARTIAL))
        return false;
    if (order_is_old(order, facts))
        return (is_late_sale(step) && order->paid_total == 0) ||
               (step->input->change.kind == CHANGE_UPSELL &&
                (!facts->total_said || facts->total > order->total));
    return !is_first_total(step, facts);
}

/* Whose sale nobody has told of: what has been paid is its bills, and their sum no total of it. */
static bool is_of_bills(const struct order *order)
{
    return order->paid_total == 0 && order->captured > 0 &&
           (order->told & 1U << CUSTOMER_NEW_SALE) == 0;
}

/* By lines alone: what is in a total beside them, shipping, taxes, a discount, stays in it. */
static int64_t total_of_lines(const struct step *step)
{
    const struct order *before = step->before;
    bool brings = !step->lenient && step->input->change.kind == CHANGE_UPSELL;
    if (before->line_count == 0 && before->total != 0 && !brings)
        return before->total;
    int64_t total = before->total + sum_of_lines(step->order) - sum_of_lines(before);
    return MIN_OF(MAX_OF(total, 0), MONEY_MAX);
}

static void take_total(struct step *step, const struct order_facts *facts)
{
    struct order *order = step->order;
    if (!is_total_news(step, facts))
        return;
    if (facts->total_said)
        order->total = MAX_OF(facts->total, 0);
    else if (facts->lines_said)
        order->total = total_of_lines(step);
    if (order->sold &&
        (!is_of_bills(order) || is_late_sale(step) || step->input->change.kind == CHANGE_UPSELL))
        order_pay_total(order);
}

void order_pay_total(struct order *order)
{
    int64_t more = order->total - order->paid_total;
    if (more <= 0)
        return;
    order->paid_total += more;
    order->captured += more;
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

/* Whoever can be told says an upsell once: what comes with it is new. */
static void take_lines(struct step *step, const struct order_facts *facts)
{
    if (!step->lenient && step->input->change.kind == CHANGE_UPSELL)
        bring_lines(step, facts);
    else if (facts->lines_are_all && !step->late)
        replace_lines(step, facts);
    else
        add_lines(step, facts);
    number_lines(step);
}

void order_take_facts(struct step *step)
{
    const struct order_facts *facts = &step->input->facts;
    take_values(step, facts);
    take_fulfillment(step, facts);
    if (facts->lines_said)
        take_lines(step, facts);
    if (facts->subscribes && !facts->lines_said && !order_any_recurs(step->order))
        all_recur(step);
    take_total(step, facts);
    order_find_purchase(step);
    order_name_purchase(step);
    if (step->order->sold)
        order_begin_purchases(step);
}
