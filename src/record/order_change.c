/* SPDX-License-Identifier: MIT
 * record/order_change.c: what happens to an order. */
#include "record/order_step.h"

struct purchase_rule {
    enum customer_type type;
    unsigned from; /* bits of enum purchase_state that it may come in */
    enum purchase_state to;
    str wrong;
};

#define FROM(member) (1U << PURCHASE_##member)
#define LIVING (FROM(ACTIVE) | FROM(RECYCLE_BILLING) | FROM(RECYCLE_FAILED))

static const struct purchase_rule purchase_rules[] = {
    [CHANGE_PREBILL_SENT] = { CUSTOMER_PRE_BILLING, FROM(ACTIVE) | FROM(RECYCLE_BILLING),
                              PURCHASE_NONE,
                              STR_INIT("No purchase of the order is active: nothing will be "
                                       "billed.") },
    [CHANGE_REBILL] = { CUSTOMER_RECURRING_ORDER, LIVING, PURCHASE_ACTIVE,
                        STR_INIT("No purchase of the order is active: nothing can be billed.") },
    [CHANGE_REBILL_DECLINED] = { CUSTOMER_REBILL_DECLINE, LIVING, PURCHASE_RECYCLE_BILLING,
                                 STR_INIT("No purchase of the order is active: nothing can be "
                                          "declined.") },
    [CHANGE_RECYCLE_FAILED] = { CUSTOMER_RECYCLE_FAILED, FROM(ACTIVE) | FROM(RECYCLE_BILLING),
                                PURCHASE_RECYCLE_FAILED,
                                STR_INIT("No purchase of the order is being recycled.") },
    [CHANGE_CANCEL] = { CUSTOMER_CANCEL, LIVING | FROM(PAUSED), PURCHASE_CANCELLED,
                        STR_INIT("No purchase of the order is left to be cancelled.") },
    [CHANGE_PAUSE] = { CUSTOMER_PAUSE, FROM(ACTIVE) | FROM(RECYCLE_BILLING), PURCHASE_PAUSED,
                       STR_INIT("No purchase of the order is active: none can be paused.") },
    [CHANGE_REACTIVATE] = { CUSTOMER_REACTIVATE,
                            FROM(PAUSED) | FROM(CANCELLED) | FROM(RECYCLE_BILLING) |
                                FROM(RECYCLE_FAILED),
                            PURCHASE_ACTIVE,
                            STR_INIT("No purchase of the order is paused, cancelled or failed.") },
};

static bool is_meant(const struct step *step, const struct order_line *line)
{
    const struct order_change *change = &step->input->change;
    if (step->purchase != 0)
        return line->number == step->purchase;
    if (change->product != 0)
        return order_line_product(line) == change->product;
    return change->sku.len == 0 || str_equal_nocase(change->sku, line->sku);
}

static bool can_change(const struct step *step, const struct order_line *line)
{
    return line->recurring && is_meant(step, line) &&
           (purchase_rules[step->input->change.kind].from & 1U << line->purchase) != 0;
}

bool order_can_change_purchase(const struct step *step)
{
    for (int i = 0; i < step->order->line_count; i++)
        if (can_change(step, &step->order->lines[i]))
            return true;
    return false;
}

static bool says_cycle(const struct step *step, int place)
{
    const struct order_facts *facts = &step->input->facts;
    for (int i = 0; i < facts->line_count; i++)
        if (step->places[i] == place && facts->lines[i].cycle > 0)
            return true;
    return false;
}

/* Which bill it is may have been said: then the facts have it. */
static void bill(struct step *step, struct order_line *line, int64_t *amount)
{
    if (!says_cycle(step, order_find_line(step->order, line->number)))
        line->cycle++;
    *amount += order_line_bill(line);
    step->order->recurs = true;
}

/* Of one line, its number; of several, 0. */
static int change_purchases(struct step *step, const struct purchase_rule *rule, int64_t *amount,
                            int *ret_count)
{
    struct order *order = step->order;
    struct order_line *lines = order_own_lines(step);
    int only = step->purchase;
    *ret_count = 0;
    for (int i = 0; i < order->line_count; i++) {
        struct order_line *line = &lines[i];
        if (!can_change(step, line))
            continue;
        if (rule->to != PURCHASE_NONE)
            line->purchase = rule->to;
        if (step->input->change.kind == CHANGE_REBILL)
            bill(step, line, amount);
        only = *ret_count == 0 ? line->number : 0;
        (*ret_count)++;
    }
    return only;
}

static void on_purchase(struct step *step)
{
    const struct order_change *change = &step->input->change;
    const struct purchase_rule *rule = &purchase_rules[change->kind];
    struct order *order = step->order;
    int64_t amount = 0;
    int count;
    if (change->amount_said && change->amount < 0 &&
        order_refuse(step, "amount", STR("The amount must not be below 0.")))
        return;
    int line = change_purchases(step, rule, &amount, &count);
    if (count == 0 && order_refuse(step, "type", rule->wrong))
        return;
    if (change->amount_said)
        amount = MAX_OF(change->amount, 0);
    if (change->kind == CHANGE_REBILL) {
        order->captured += step->foreign ? 0 : amount;
        order->recurs = true;
        order_forget(step, CRM_DECLINE_REASON);
    }
    order_tell(step, rule->type, line, amount);
}

void order_cancel_purchases(struct step *step)
{
    struct order *order = step->order;
    const struct purchase_rule *rule = &purchase_rules[CHANGE_CANCEL];
    struct order_line *lines = order_own_lines(step);
    int count = 0;
    int only = 0;
    for (int i = 0; i < order->line_count; i++) {
        if (!lines[i].recurring || (rule->from & 1U << lines[i].purchase) == 0)
            continue;
        lines[i].purchase = rule->to;
        only = count++ == 0 ? lines[i].number : 0;
    }
    if (count > 0)
        order_tell(step, rule->type, only, 0);
}

static void on_sale(struct step *step)
{
    struct order *order = step->order;
    bool told = (order->told & 1U << CUSTOMER_NEW_SALE) != 0;
    if (told && order->state != SALE_QA_PENDING &&
        order_refuse(step, "type", STR("The order has been sold already.")))
        return;
    order_be_sold(step, true);
}

static void on_decline(struct step *step)
{
    if (order_is_sold(step->order) &&
        order_refuse(step, "type", STR("The order has been sold: it cannot be declined any more.")))
        return;
    order_be_declined(step, true);
}

static void on_upsell(struct step *step)
{
    struct order *order = step->order;
    if (!order->sold &&
        order_refuse(step, "type", STR("The order is not sold yet: it has no upsell.")))
        return;
    if (step->input->facts.line_count == 0 &&
        order_refuse(step, "lines", STR("An upsell needs its line.")))
        return;
    order_be_sold(step, false);
    order_tell_upsell(step);
}

static void on_refund(struct step *step)
{
    const struct order_change *change = &step->input->change;
    struct order *order = step->order;
    int64_t left = order_refundable(order);
    int64_t amount = change->amount_said ? change->amount : left;
    if (amount <= 0 &&
        order_refuse(step, "amount",
                     change->amount_said ? STR("The amount of a refund must be more than 0.")
                                         : STR("Nothing is left to be refunded.")))
        return;
    amount = MAX_OF(amount, 0);
    if (amount > left) {
        char text[MONEY_TEXT_MAX];
        if (order_refuse(
                step, "amount",
                arena_format(step->arena,
                             "That is more than is left: of what was paid, %.*s can be refunded.",
                             STR_ARG(money_write(left, text)))))
            return;
    }
    order_refund(step, amount);
}

static void on_chargeback(struct step *step)
{
    const struct order_change *change = &step->input->change;
    if (!order_is_sold(step->order) &&
        order_refuse(step, "type", STR("The order is not sold: nothing can be charged back.")))
        return;
    int64_t left = order_refundable(step->order);
    int64_t amount = change->amount_said ? change->amount : left;
    if (amount < 0 && order_refuse(step, "amount", STR("The amount must not be below 0.")))
        return;
    /* The bank may take back what has been refunded: that is told, once. */
    if (!change->amount_said && left == 0 && step->order->charged_back_ms != 0 &&
        order_refuse(step, "amount", STR("Nothing is left to be charged back.")))
        return;
    if (amount > left) {
        char text[MONEY_TEXT_MAX];
        if (order_refuse(step, "amount",
                         arena_format(step->arena,
                                      "That is more than was paid, and is left of it: send at most "
                                      "%.*s, or no amount for all that is left.",
                                      STR_ARG(money_write(left, text)))))
            return;
    }
    order_charge_back(step, MAX_OF(amount, 0));
}

struct fulfillment_rule {
    enum fulfillment_state to;
    enum customer_type type;
};

static const struct fulfillment_rule fulfillment_rules[] = {
    [CHANGE_SHIPPED] = { FULFILLMENT_SHIPPED, CUSTOMER_FULFILLMENT_SHIPPED },
    [CHANGE_DELIVERED] = { FULFILLMENT_DELIVERED, CUSTOMER_FULFILLMENT_DELIVERED },
    [CHANGE_RMA_ISSUED] = { FULFILLMENT_RMA_PENDING, CUSTOMER_RMA_ISSUED },
    [CHANGE_RMA_RECEIVED] = { FULFILLMENT_RETURNED, CUSTOMER_RMA_RECEIVED },
};

void order_move_parcel(struct step *step, enum fulfillment_state state)
{
    step->order->fulfillment = state;
    for (size_t i = 0; i < COUNT_OF(fulfillment_rules); i++)
        if (state == fulfillment_rules[i].to)
            order_tell(step, fulfillment_rules[i].type, 0, 0);
}

static void on_fulfillment(struct step *step)
{
    enum order_change_kind kind = step->input->change.kind;
    const struct fulfillment_rule *rule = &fulfillment_rules[kind];
    if (!order_is_sold(step->order) &&
        order_refuse(step, "type", STR("The order is not sold yet.")))
        return;
    if (kind == CHANGE_RMA_ISSUED && step->order->values[CRM_RMA_NUMBER].len == 0 &&
        order_refuse(step, "rmaNumber", STR("A return that is agreed to needs its number.")))
        return;
    if (step->late && step->order->fulfillment > rule->to) {
        order_note(step, STR("It is beyond that: where its parcel stood is old news."));
        order_tell(step, rule->type, 0, 0);
    } else {
        order_move_parcel(step, rule->to);
    }
}

static void on_qa(struct step *step)
{
    enum order_change_kind kind = step->input->change.kind;
    struct order *order = step->order;
    if (kind == CHANGE_QA_PENDING) {
        if (order->state == SALE_QA_PENDING &&
            order_refuse(step, "type", STR("The order waits in QA already.")))
            return;
        order_be_pending(step);
        return;
    }
    if (order->state != SALE_QA_PENDING &&
        order_refuse(step, "type", STR("The order does not wait in QA.")))
        return;
    if (kind == CHANGE_QA_APPROVED)
        order_be_sold(step, true);
    else if (order->state == SALE_QA_PENDING || !order_is_sold(order))
        order->state = SALE_DECLINED;
}

typedef void (*on_change)(struct step *step);

static const on_change changes[] = {
    [CHANGE_SALE] = on_sale,
    [CHANGE_DECLINE] = on_decline,
    [CHANGE_UPSELL] = on_upsell,
    [CHANGE_PREBILL_SENT] = on_purchase,
    [CHANGE_REBILL] = on_purchase,
    [CHANGE_REBILL_DECLINED] = on_purchase,
    [CHANGE_RECYCLE_FAILED] = on_purchase,
    [CHANGE_CANCEL] = on_purchase,
    [CHANGE_PAUSE] = on_purchase,
    [CHANGE_REACTIVATE] = on_purchase,
    [CHANGE_REFUND] = on_refund,
    [CHANGE_CHARGEBACK] = on_chargeback,
    [CHANGE_SHIPPED] = on_fulfillment,
    [CHANGE_DELIVERED] = on_fulfillment,
    [CHANGE_RMA_ISSUED] = on_fulfillment,
    [CHANGE_RMA_RECEIVED] = on_fulfillment,
    [CHANGE_QA_PENDING] = on_qa,
    [CHANGE_QA_APPROVED] = on_qa,
    [CHANGE_QA_DECLINED] = on_qa,
};

void order_take_change(struct step *step)
{
    changes[step->input->change.kind](step);
}
