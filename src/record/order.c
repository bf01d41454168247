/* SPDX-License-Identifier: MIT
 * Invariants, whatever arrives in whatever order:
 * (1) 0 ≤ refunded, charged back, captured, total; and in strict inputs refunded + charged back ≤
 *     captured;
 * (2) NEW_SALE and SUBSCRIPTION_STARTED are told once in the life of an order; PARTIAL, LEAD and
 *     ABANDONED_CART once each while it is PARTIAL without a break; UPSELL once for each input that
 *     has brought one;
 * (3) an input under a key that is among `changes` tells nothing, unless the key is timeless and
 *     the change would still change a purchase, or a parcel has come farther meanwhile;
 * (4) an order that was sold is never PARTIAL or DECLINED again, but by qa_declined;
 * (5) all refunds come with either a partial or a full one;
 * (6) the lines of an order have numbers from 1 to ORDER_LINES_MAX, no two the same, and a line keeps
 *     its own as long as it is there;
 * (7) each line of an input is another line of the order afterwards: none is lost, and where the
 *     input says lines and no total, that moves by as much as their sum; of an order that had none
 *     it stays;
 * (8) what has been paid is in one currency;
 * (9) no two lines have the same purchase id, unless they came with it; a change with the id of one
 *     changes no other. */
#include "record/order_step.h"

/* ── telling ── */

void order_tell(struct step *step, enum customer_type type, int line, int64_t amount)
{
    struct order_outcome *outcome = step->outcome;
    assert(outcome->occurrence_count < ORDER_OCCURRENCES_MAX);
    outcome->occurrences[outcome->occurrence_count++] =
        (struct order_occurrence){ .type = type, .line = line, .amount = amount };
}

void order_tell_once(struct step *step, enum customer_type type)
{
    if ((step->order->told & 1U << type) != 0)
        return;
    step->order->told |= 1U << type;
    order_tell(step, type, 0, 0);
}

void order_note(struct step *step, str text)
{
    struct order_outcome *outcome = step->outcome;
    if (outcome->note_count < ORDER_NOTES_MAX)
        outcome->notes[outcome->note_count++] = text;
}

/* True: it is refused. Who cannot be told has it noted, and it is up to the caller what is done. */
bool order_refuse(struct step *step, const char *field, str text)
{
    if (step->lenient) {
        order_note(step, text);
        return false;
    }
    if (step->outcome->verdict == ORDER_REFUSED)
        return true; /* the first says why */
    step->outcome->verdict = ORDER_REFUSED;
    step->outcome->field = field;
    step->outcome->text = text;
    return true;
}

/* ── looking ── */

int64_t order_refundable(const struct order *order)
{
    return MAX_OF(order->captured - order->refunded - order->charged_back, 0);
}

bool order_is_sold(const struct order *order)
{
    return order->sold;
}

static bool recurs(enum customer_type type)
{
    switch (type) {
    case CUSTOMER_PRE_BILLING:
    case CUSTOMER_RECURRING_ORDER:
    case CUSTOMER_REBILL_DECLINE:
    case CUSTOMER_RECYCLE_FAILED:
    case CUSTOMER_CANCEL:
    case CUSTOMER_PAUSE:
    case CUSTOMER_REACTIVATE:
    case CUSTOMER_SUBSCRIPTION_STARTED:
        return true;
    default:
        return false;
    }
}

bool order_is_bill(enum order_change_kind kind)
{
    return kind == CHANGE_PREBILL_SENT || kind == CHANGE_REBILL || kind == CHANGE_REBILL_DECLINED ||
           kind == CHANGE_RECYCLE_FAILED;
}

bool order_any_recurs(const struct order *order)
{
    for (int i = 0; i < order->line_count; i++)
        if (order->lines[i].recurring)
            return true;
    return false;
}

bool order_occurrence_is_about(const struct order *order, const struct order_occurrence *occurrence,
                               int line)
{
    if (occurrence->line != 0)
        return occurrence->line == order->lines[line].number;
    if (occurrence->type == CUSTOMER_UPSELL)
        return order->lines[line].upsell;
    /* A sender that does not say which lines recur means any. */
    return !recurs(occurrence->type) || order->lines[line].recurring || !order_any_recurs(order);
}

void order_occurrence_lines(const struct order *order, const struct order_occurrence *occurrence,
                            bool *about)
{
    for (int i = 0; i < order->line_count; i++)
        about[i] = order_occurrence_is_about(order, occurrence, i);
}

/* ── the states ── */

int order_count_upsells(const struct order *order)
{
    int count = 0;
    for (int i = 0; i < order->line_count; i++)
        count += order->lines[i].upsell;
    return count;
}

static bool was_upsell(const struct order *before, int number)
{
    int at = order_find_line(before, number);
    return at >= 0 && before->lines[at].upsell;
}

/* The number of the line that has come, when it is one; 0: there are several, or none that was not
 * known. */
static int new_upsell(const struct step *step, int untold)
{
    const struct order *order = step->order;
    int newest = 0;
    int last = 0;
    int count = 0;
    for (int i = 0; i < order->line_count; i++) {
        if (!order->lines[i].upsell)
            continue;
        last = order->lines[i].number;
        if (was_upsell(step->before, last))
            continue;
        newest = last;
        count++;
    }
    if (untold > 1 || count > 1)
        return 0;
    return count == 1 ? newest : untold == 1 ? last : 0;
}

void order_tell_upsell(struct step *step)
{
    int count = order_count_upsells(step->order);
    int line = new_upsell(step, count - step->order->upsells);
    step->order->upsells = count;
    order_tell(step, CUSTOMER_UPSELL, line, 0);
}

static void tell_upsells(struct step *step)
{
    if (order_count_upsells(step->order) > step->order->upsells)
        order_tell_upsell(step);
}

#define INCOMPLETE (1U << CUSTOMER_PARTIAL | 1U << CUSTOMER_LEAD | 1U << CUSTOMER_ABANDONED_CART)

static void be_partial(struct step *step)
{
    struct order *order = step->order;
    if (order_is_sold(order) || order->state == SALE_QA_PENDING) {
        order_note(step, STR("It is beyond that: that the order is partial is old news."));
        return;
    }
    if (order->state != SALE_PARTIAL)
        order->told &= ~INCOMPLETE;
    order->state = SALE_PARTIAL;
    order_tell_once(step, CUSTOMER_PARTIAL);
    order_tell_once(step, order->line_count == 0 ? CUSTOMER_LEAD : CUSTOMER_ABANDONED_CART);
}

void order_forget(struct step *step, enum crm_field field)
{
    step->order->values[field] = step->input->facts.values[field];
}

/* Not `telling`: that it is, is not what has happened now. */
void order_be_sold(struct step *step, bool telling)
{
    struct order *order = step->order;
    bool first = !order->sold;
    bool news = (order->told & 1U << CUSTOMER_NEW_SALE) == 0;
    bool gone_back = order->state == SALE_REFUNDED || order->state == SALE_CHARGEBACK;
    bool beyond = !first && order->state != SALE_COMPLETE && order->state != SALE_QA_PENDING;
    if (beyond && !(gone_back && telling && news)) {
        order_note(step, STR("It is beyond that: that the order is complete is old news."));
        return;
    }
    if (!beyond || (order->state == SALE_REFUNDED && order->refunded < order->captured))
        order->state = SALE_COMPLETE;
    order->sold = true;
    if (first)
        order_forget(step, CRM_DECLINE_REASON);
    if (first && !order_is_bill(step->input->change.kind))
        order_pay_total(order);
    if (first || (telling && news))
        order->first_total = order->paid_total;
    order_begin_purchases(step);
    if (!telling)
        return;
    order_tell_once(step, CUSTOMER_NEW_SALE);
    tell_upsells(step);
    bool begins = order_any_recurs(order) && (news || !step->recurred);
    if (begins || step->input->facts.subscribes)
        order_tell_once(step, CUSTOMER_SUBSCRIPTION_STARTED);
}

void order_be_declined(struct step *step, bool again)
{
    struct order *order = step->order;
    if (order_is_sold(order)) {
        order_note(step, STR("The order has been sold: that it was declined is old news."));
        return;
    }
    bool news = order->state != SALE_DECLINED;
    order->state = SALE_DECLINED;
    if (news || again)
        order_tell(step, CUSTOMER_DECLINE, 0, 0);
}

void order_be_pending(struct step *step)
{
    struct order *order = step->order;
    if (order->state == SALE_REFUNDED || order->state == SALE_CHARGEBACK) {
        order_note(step, STR("It is beyond that: that the order waits in QA is old news."));
        return;
    }
    bool news = order->state != SALE_QA_PENDING;
    order->state = SALE_QA_PENDING;
    order->told |= 1U << CUSTOMER_QA_PENDING;
    if (news)
        order_tell(step, CUSTOMER_QA_PENDING, 0, 0);
}

void order_refund(struct step *step, int64_t amount)
{
    struct order *order = step->order;
    order->refund = amount;
    order->refunded += amount;
    order->refunded_ms = step->input->now_ms;
    order_forget(step, CRM_DATE_REFUNDED);
    order_forget(step, CRM_REFUND_REASON);
    bool full = order->refunded >= order->captured;
    if (full)
        order->state = SALE_REFUNDED;
    order_tell(step, CUSTOMER_ALL_REFUNDS, 0, amount);
    order_tell(step, full ? CUSTOMER_FULL_REFUNDS : CUSTOMER_PARTIAL_REFUNDS, 0, amount);
}

void order_charge_back(struct step *step, int64_t amount)
{
    step->order->charged_back += amount;
    step->order->charged_back_ms = step->input->now_ms;
    order_forget(step, CRM_CHARGEBACK_DATE);
    step->order->state = SALE_CHARGEBACK;
    order_tell(step, CUSTOMER_CHARGEBACK, 0, amount);
}

/* That it waits is said as long as it does: of one that was let through, it is old news. */
static void wait_for_qa(struct step *step)
{
    struct order *order = step->order;
    bool waited = (order->told & 1U << CUSTOMER_QA_PENDING) != 0;
    if (order->sold && waited && order->state != SALE_QA_PENDING)
        order_note(step, STR("It is beyond that: that the order waits in QA is old news."));
    else
        order_be_pending(step);
}

static void be_cancelled(struct step *step)
{
    struct order *order = step->order;
    if (order->state != SALE_REFUNDED && order->state != SALE_CHARGEBACK)
        order->state = SALE_CANCELLED;
    order_cancel_purchases(step);
}

#define ALL_GONE STR("Nothing is left of what was paid: that it has gone back is no news.")

static void be_refunded(struct step *step)
{
    struct order *order = step->order;
    if (!order->sold)
        order_be_sold(step, false);
    if (order->state == SALE_CHARGEBACK && order_refundable(order) == 0)
        order_note(step, ALL_GONE);
    else if (order->state != SALE_REFUNDED)
        order_refund(step, order_refundable(order));
}

/* One that comes behind the refund of all is told, once. */
static void be_charged_back(struct step *step)
{
    struct order *order = step->order;
    if (!order->sold)
        order_be_sold(step, false);
    if (order->state == SALE_REFUNDED && order_refundable(order) == 0 &&
        order->charged_back_ms != 0)
        order_note(step, ALL_GONE);
    else if (order->state != SALE_CHARGEBACK)
        order_charge_back(step, order_refundable(order));
}

/* What its sender says it is, without a change that says how it came to that. */
static void be(struct step *step, enum sale_state state)
{
    switch (state) {
    case SALE_NONE:
        return;
    case SALE_PARTIAL:
        be_partial(step);
        return;
    case SALE_COMPLETE:
        order_be_sold(step, true);
        return;
    case SALE_DECLINED:
        order_be_declined(step, false);
        return;
    case SALE_QA_PENDING:
        wait_for_qa(step);
        return;
    case SALE_CANCELLED:
        be_cancelled(step);
        return;
    case SALE_REFUNDED:
        be_refunded(step);
        return;
    case SALE_CHARGEBACK:
        be_charged_back(step);
        return;
    }
}

/* ── all of it ── */

static bool is_repeat(const struct step *step)
{
    const struct order *order = step->order;
    const struct order_change *change = &step->input->change;
    if (change->timeless && order_can_change_purchase(step))
        return false;
    for (int i = 0; change->key != 0 && i < order->change_count; i++)
        if (order->changes[i] == change->key)
            return true;
    return false;
}

static bool is_forgotten(const struct order_change *change, uint64_t key)
{
    return key == change->key ||
           (change->timeless && (key == change->opposites[0] || key == change->opposites[1]));
}

/* Of too many the oldest is forgotten. */
static void remember(struct step *step)
{
    struct order *order = step->order;
    const struct order_change *change = &step->input->change;
    if (change->key == 0)
        return;
    int room = MIN_OF(order->change_count, ORDER_CHANGES_MAX - 1);
    uint64_t *keys = ARENA_ARRAY(step->arena, uint64_t, (size_t)room + 1);
    int kept = 0;
    for (int i = order->change_count - room; i < order->change_count; i++)
        if (!is_forgotten(change, order->changes[i]))
            keys[kept++] = order->changes[i];
    keys[kept] = change->key;
    order->changes = keys;
    order->change_count = kept + 1;
}

static bool is_beyond_sale(enum sale_state state)
{
    return state == SALE_COMPLETE || state == SALE_CANCELLED || state == SALE_REFUNDED ||
           state == SALE_CHARGEBACK;
}

/* That it was not sold yet, from who cannot be told that it has been since. */
static bool is_of_before(const struct step *step)
{
    enum sale_state state = step->input->facts.state;
    enum order_change_kind kind = step->input->change.kind;
    return step->lenient && step->order->sold &&
           (kind == CHANGE_DECLINE ||
            (kind == CHANGE_NONE && (state == SALE_PARTIAL || state == SALE_DECLINED)));
}

/* What has gone back was sold before, and nobody has said so. */
static bool is_untold(const struct order *order)
{
    return order->sold && (order->told & 1U << CUSTOMER_NEW_SALE) == 0 &&
           (order->state == SALE_REFUNDED || order->state == SALE_CHARGEBACK);
}

/* With a change, that is the news; what its sender says of the state tells what was before. */
static void take_state(struct step *step, enum order_change_kind kind, bool old)
{
    struct order *order = step->order;
    enum sale_state state = step->input->facts.state;
    bool late_sale = kind == CHANGE_NONE && state == SALE_COMPLETE && is_untold(order);
    if (old && state != SALE_NONE && state != order->state && !late_sale) {
        order_note(step, STR("Newer news have come before: the state stays as it is."));
    } else if (kind == CHANGE_NONE) {
        be(step, state);
    } else if (kind != CHANGE_SALE && kind != CHANGE_DECLINE && !order->sold &&
               is_beyond_sale(state)) {
        order_be_sold(step, false);
        if (kind != CHANGE_UPSELL)
            order->upsells = order_count_upsells(order);
    }
}

/* What recurs by a link that was made since has not begun yet, for those who are told of it. */
static bool recurred(const struct order *order)
{
    for (int i = 0; i < order->line_count; i++)
        if (order->lines[i].recurring && !order->lines[i].link_recurs)
            return true;
    return false;
}

void order_apply(struct order *order, const struct order_input *input, struct arena *arena,
                 struct order_outcome *ret_outcome)
{
    struct order before = *order;
    struct step step = { .order = order,
                         .before = &before,
                         .input = input,
                         .arena = arena,
                         .outcome = ret_outcome,
                         .lenient = !input->strict,
                         .recurred = recurred(order) };
    *ret_outcome = (struct order_outcome){ .verdict = ORDER_APPLIED };
    bool old = order_is_old(order, &input->facts);
    order_match_lines(&step);
    order_find_purchase(&step);
    step.repeat = is_repeat(&step);
    step.late = step.repeat || old || is_of_before(&step);
    if (step.repeat && input->strict) {
        ret_outcome->verdict = ORDER_REPEATED;
        return;
    }
    bool changes_it = input->change.kind != CHANGE_NONE && !step.repeat;
    order_take_facts(&step);
    if (step.repeat && ret_outcome->verdict != ORDER_REFUSED)
        ret_outcome->verdict = ORDER_REPEATED;
    else
        take_state(&step, input->change.kind, old);
    if (changes_it) {
        order_take_change(&step);
        remember(&step);
    }
    if (order->state == SALE_NONE && ret_outcome->verdict != ORDER_REFUSED)
        be_partial(&step);
    if (ret_outcome->verdict == ORDER_REFUSED) {
        *order = before;
        ret_outcome->occurrence_count = ret_outcome->note_count = 0;
        return;
    }
    order->updated_ms = input->now_ms;
}
