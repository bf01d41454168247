/* SPDX-License-Identifier: MIT
 * record/postback_type.c: what a postback says has happened.
 *
 * customerType says it, whatever else is there. A sale is a state and no change, so that one that
 * comes again is no news; so is what comes before a sale. The rest are changes. Without a
 * customerType that is known, orderType, fulfillmentStatus, orderStatus and responseType say it;
 * without those, a total: Konnektive sends refunds as the same postback with a negative one. */
#include "record/postback_parts.h"

str postback_fold(str text, char folded[FOLDED_MAX])
{
    size_t length = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!char_is_alpha(c) && !char_is_digit(c))
            continue;
        if (length == FOLDED_MAX)
            return (str){};
        folded[length++] = char_is_alpha(c) ? (char)(c & ~0x20) : c;
    }
    return str_from(folded, length);
}

/* ── the words ── */

struct type_row {
    str name; /* folded */
    enum order_change_kind kind;
    enum sale_state
        state; /* what the order is when nothing else says it; none: it does not follow */
    bool subscription;
    bool part; /* of a refund */
};

static const struct type_row types[] = {
    { STR_INIT("PARTIAL"), .state = SALE_PARTIAL },
    { STR_INIT("LEAD"), .state = SALE_PARTIAL },
    { STR_INIT("ABANDONEDCART"), .state = SALE_PARTIAL },
    { STR_INIT("ABANDONED"), .state = SALE_PARTIAL },
    { STR_INIT("SALE"), .state = SALE_COMPLETE },
    { STR_INIT("NEWSALE"), .state = SALE_COMPLETE },
    { STR_INIT("SUBSCRIPTION"), .state = SALE_COMPLETE, .subscription = true },
    { STR_INIT("SUBSCRIPTIONSTARTED"), .state = SALE_COMPLETE, .subscription = true },
    { STR_INIT("UPSELL"), .kind = CHANGE_UPSELL, .state = SALE_COMPLETE },
    { STR_INIT("UPSALE"), .kind = CHANGE_UPSELL, .state = SALE_COMPLETE },
    { STR_INIT("FULFILLMENT"), .kind = CHANGE_SHIPPED, .state = SALE_COMPLETE },
    { STR_INIT("FULFILLMENTSHIPPED"), .kind = CHANGE_SHIPPED, .state = SALE_COMPLETE },
    { STR_INIT("SHIPPED"), .kind = CHANGE_SHIPPED, .state = SALE_COMPLETE },
    { STR_INIT("FULFILLMENTDELIVERED"), .kind = CHANGE_DELIVERED, .state = SALE_COMPLETE },
    { STR_INIT("DELIVERED"), .kind = CHANGE_DELIVERED, .state = SALE_COMPLETE },
    { STR_INIT("PREBILL"), .kind = CHANGE_PREBILL_SENT, .state = SALE_COMPLETE },
    { STR_INIT("PREBILLING"), .kind = CHANGE_PREBILL_SENT, .state = SALE_COMPLETE },
    { STR_INIT("RECURRING"), .kind = CHANGE_REBILL, .state = SALE_COMPLETE },
    { STR_INIT("RECURRINGORDER"), .kind = CHANGE_REBILL, .state = SALE_COMPLETE },
    { STR_INIT("RECURRINGREBILL"), .kind = CHANGE_REBILL, .state = SALE_COMPLETE },
    { STR_INIT("REBILL"), .kind = CHANGE_REBILL, .state = SALE_COMPLETE },
    { STR_INIT("DECLINE"), .kind = CHANGE_DECLINE },
    { STR_INIT("DECLINED"), .kind = CHANGE_DECLINE },
    { STR_INIT("REBILLDECLINE"), .kind = CHANGE_REBILL_DECLINED, .state = SALE_COMPLETE },
    { STR_INIT("REBILLDECLINED"), .kind = CHANGE_REBILL_DECLINED, .state = SALE_COMPLETE },
    { STR_INIT("RECYCLEFAILED"), .kind = CHANGE_RECYCLE_FAILED, .state = SALE_COMPLETE },
    { STR_INIT("CANCEL"), .kind = CHANGE_CANCEL, .state = SALE_COMPLETE },
    { STR_INIT("CANCELED"), .kind = CHANGE_CANCEL, .state = SALE_COMPLETE },
    { STR_INIT("CANCELLED"), .kind = CHANGE_CANCEL, .state = SALE_COMPLETE },
    { STR_INIT("PAUSE"), .kind = CHANGE_PAUSE, .state = SALE_COMPLETE },
    { STR_INIT("PAUSED"), .kind = CHANGE_PAUSE, .state = SALE_COMPLETE },
    { STR_INIT("REACTIVATE"), .kind = CHANGE_REACTIVATE, .state = SALE_COMPLETE },
    { STR_INIT("REACTIVATED"), .kind = CHANGE_REACTIVATE, .state = SALE_COMPLETE },
    { STR_INIT("REFUND"), .kind = CHANGE_REFUND, .state = SALE_COMPLETE },
    { STR_INIT("REFUNDED"), .kind = CHANGE_REFUND, .state = SALE_COMPLETE },
    { STR_INIT("ALLREFUNDS"), .kind = CHANGE_REFUND, .state = SALE_COMPLETE },
    { STR_INIT("FULLREFUND"), .kind = CHANGE_REFUND, .state = SALE_COMPLETE },
    { STR_INIT("FULLREFUNDS"), .kind = CHANGE_REFUND, .state = SALE_COMPLETE },
    { STR_INIT("PARTIALREFUND"), .kind = CHANGE_REFUND, .state = SALE_COMPLETE, .part = true },
    { STR_INIT("PARTIALREFUNDS"), .kind = CHANGE_REFUND, .state = SALE_COMPLETE, .part = true },
    { STR_INIT("CHARGEBACK"), .kind = CHANGE_CHARGEBACK, .state = SALE_COMPLETE },
    { STR_INIT("CHARGEBACKED"), .kind = CHANGE_CHARGEBACK, .state = SALE_COMPLETE },
    { STR_INIT("RMAISSUED"), .kind = CHANGE_RMA_ISSUED, .state = SALE_COMPLETE },
    { STR_INIT("RMAPENDING"), .kind = CHANGE_RMA_ISSUED, .state = SALE_COMPLETE },
    { STR_INIT("RMARECEIVED"), .kind = CHANGE_RMA_RECEIVED, .state = SALE_COMPLETE },
    { STR_INIT("RETURNED"), .kind = CHANGE_RMA_RECEIVED, .state = SALE_COMPLETE },
    { STR_INIT("QAPENDING"), .kind = CHANGE_QA_PENDING },
    { STR_INIT("QAAPPROVED"), .kind = CHANGE_QA_APPROVED },
    { STR_INIT("QADECLINED"), .kind = CHANGE_QA_DECLINED },
};

struct state_row {
    str name;
    enum sale_state state;
};

static const struct state_row order_statuses[] = {
    { STR_INIT("PARTIAL"), SALE_PARTIAL },         { STR_INIT("COMPLETE"), SALE_COMPLETE },
    { STR_INIT("COMPLETED"), SALE_COMPLETE },      { STR_INIT("DECLINED"), SALE_DECLINED },
    { STR_INIT("DECLINE"), SALE_DECLINED },        { STR_INIT("QAPENDING"), SALE_QA_PENDING },
    { STR_INIT("PENDINGQA"), SALE_QA_PENDING },    { STR_INIT("QA"), SALE_QA_PENDING },
    { STR_INIT("CANCEL"), SALE_CANCELLED },        { STR_INIT("CANCELED"), SALE_CANCELLED },
    { STR_INIT("CANCELLED"), SALE_CANCELLED },     { STR_INIT("VOID"), SALE_CANCELLED },
    { STR_INIT("VOIDED"), SALE_CANCELLED },        { STR_INIT("REFUND"), SALE_REFUNDED },
    { STR_INIT("REFUNDED"), SALE_REFUNDED },       { STR_INIT("CHARGEBACK"), SALE_CHARGEBACK },
    { STR_INIT("CHARGEBACKED"), SALE_CHARGEBACK },
};

static const struct state_row response_types[] = {
    { STR_INIT("SUCCESS"), SALE_COMPLETE },     { STR_INIT("DECLINE"), SALE_DECLINED },
    { STR_INIT("DECLINED"), SALE_DECLINED },    { STR_INIT("HARDDECLINE"), SALE_DECLINED },
    { STR_INIT("SOFTDECLINE"), SALE_DECLINED },
};

struct kind_row {
    str name;
    enum order_change_kind kind;
};

/* What has become of the parcel is a change; that it waits, or will not go, is a state alone. */
static const struct {
    str name;
    enum order_change_kind kind;
    enum fulfillment_state state;
} fulfillment_statuses[] = {
    { STR_INIT("SHIPPED"), CHANGE_SHIPPED, FULFILLMENT_SHIPPED },
    { STR_INIT("DELIVERED"), CHANGE_DELIVERED, FULFILLMENT_DELIVERED },
    { STR_INIT("RMAPENDING"), CHANGE_RMA_ISSUED, FULFILLMENT_RMA_PENDING },
    { STR_INIT("RETURNED"), CHANGE_RMA_RECEIVED, FULFILLMENT_RETURNED },
    { STR_INIT("HOLD"), .state = FULFILLMENT_PENDING },
    { STR_INIT("PENDING"), .state = FULFILLMENT_PENDING },
    { STR_INIT("PENDINGSHIPMENT"), .state = FULFILLMENT_PENDING },
    { STR_INIT("CANCELLED"), .state = FULFILLMENT_CANCELLED },
    { STR_INIT("CANCELED"), .state = FULFILLMENT_CANCELLED },
};

static const struct kind_row order_types[] = {
    { STR_INIT("NEWSALE"), CHANGE_NONE },          { STR_INIT("SALE"), CHANGE_NONE },
    { STR_INIT("RECURRING"), CHANGE_REBILL },      { STR_INIT("REBILL"), CHANGE_REBILL },
    { STR_INIT("CHARGEBACK"), CHANGE_CHARGEBACK },
};

/* ── looking them up ── */

static void note_unknown(struct postback_reading *reading, enum crm_field field)
{
    str text = reading->said[field];
    if (text.len > 0)
        postback_note(
            reading, crm_field_name(field), "option",
            postback_odd(reading, text, "is none that is known: what else is said decides."));
}

static const struct type_row *find_type(struct postback_reading *reading)
{
    char folded[FOLDED_MAX];
    str name = postback_fold(reading->said[CRM_CUSTOMER_TYPE], folded);
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (str_equal(name, types[i].name))
            return &types[i];
    note_unknown(reading, CRM_CUSTOMER_TYPE);
    return NULL;
}

static enum sale_state find_state(struct postback_reading *reading, enum crm_field field,
                                  const struct state_row *rows, size_t count)
{
    char folded[FOLDED_MAX];
    str name = postback_fold(reading->said[field], folded);
    for (size_t i = 0; i < count; i++)
        if (str_equal(name, rows[i].name))
            return rows[i].state;
    note_unknown(reading, field);
    return SALE_NONE;
}

/* orderStatus, else responseType. */
static enum sale_state said_state(struct postback_reading *reading)
{
    enum sale_state state =
        find_state(reading, CRM_ORDER_STATUS, order_statuses, COUNT_OF(order_statuses));
    if (state != SALE_NONE)
        return state;
    return find_state(reading, CRM_RESPONSE_TYPE, response_types, COUNT_OF(response_types));
}

static enum order_change_kind find_kind(struct postback_reading *reading, enum crm_field field,
                                        const struct kind_row *rows, size_t count)
{
    char folded[FOLDED_MAX];
    str name = postback_fold(reading->said[field], folded);
    for (size_t i = 0; i < count; i++)
        if (str_equal(name, rows[i].name))
            return rows[i].kind;
    note_unknown(reading, field);
    return CHANGE_NONE;
}

static int find_fulfillment(const struct postback_reading *reading)
{
    char folded[FOLDED_MAX];
    str name = postback_fold(reading->said[CRM_FULFILLMENT_STATUS], folded);
    int at = COUNT_OF(fulfillment_statuses);
    while (--at >= 0 && !str_equal(name, fulfillment_statuses[at].name))
        continue;
    return at;
}

static enum order_change_kind fulfillment_kind(const struct postback_reading *reading)
{
    int at = find_fulfillment(reading);
    return at < 0 ? CHANGE_NONE : fulfillment_statuses[at].kind;
}

static void stand_beside(struct postback_reading *reading)
{
    for (size_t i = 0; i < COUNT_OF(fulfillment_statuses); i++)
        if (reading->beside != CHANGE_NONE && fulfillment_statuses[i].kind == reading->beside)
            reading->out->input.facts.fulfillment = fulfillment_statuses[i].state;
}

/* Whatever else has happened. */
static void take_fulfillment(struct postback_reading *reading)
{
    int at = find_fulfillment(reading);
    if (at < 0)
        note_unknown(reading, CRM_FULFILLMENT_STATUS);
    else if (fulfillment_statuses[at].kind == CHANGE_NONE)
        reading->out->input.facts.fulfillment = fulfillment_statuses[at].state;
    stand_beside(reading);
}

/* ── the total ── */

struct total {
    bool said;
    bool below; /* 0, though it may be unreadable: then it is not said */
    int64_t amount;
    enum crm_field field;
};

/* "-1.033,50", "€ -33.333": a minus, or what accountants have for one, before the first digit. */
static bool looks_below(str text)
{
    bool minus = false;
    for (size_t i = 0; i < text.len; i++) {
        if (char_is_digit(text.ptr[i]))
            return minus;
        minus = minus || text.ptr[i] == '-' || text.ptr[i] == '(' ||
                str_starts(str_skip(text, i), STR("\xe2\x88\x92"));
    }
    return false;
}

/* totalPrice is the running total; orderTotal stays at the first sale. One that cannot be read says
 * nothing, as 0 it would take away what was known; but that it is below 0 says that it is no total. */
static struct total read_total(struct postback_reading *reading)
{
    static const enum crm_field fields[] = { CRM_TOTAL_PRICE, CRM_TOTAL_AMOUNT, CRM_PRICE,
                                             CRM_ORDER_TOTAL };

    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        str text = reading->said[fields[i]];
        struct total total = { .field = fields[i] };
        if (text.len == 0)
            continue;
        total.said = money_read(text, &total.amount);
        total.below = total.said ? total.amount < 0 : looks_below(text);
        if (total.said || total.below)
            return total;
        postback_note(reading, crm_field_name(fields[i]), "amount",
                      postback_odd(reading, text, "is no amount of money: it is left out."));
    }
    return (struct total){};
}

/* ── the change ── */

static void note_unread(struct postback_reading *reading, enum crm_field field, const char *instead)
{
    postback_note(reading, crm_field_name(field), "amount",
                  postback_odd(reading, reading->said[field], instead));
}

/* What was refunded or charged back: by its own field, else by a negative total. One that cannot be
 * read is not all that is left. */
static void set_amount(struct postback_reading *reading, enum crm_field field, struct total total)
{
    static const char as_none[] = "is no amount of money: it is told as one of 0. Add what it was "
                                  "with POST /api/v1/orders/{id}/changes.";
    struct order_change *change = &reading->out->input.change;
    str text = reading->said[field];
    int64_t amount = 0;
    bool read = money_read(text, &amount);
    bool odd = text.len > 0 && !read;
    bool by_total = total.said && total.below;
    change->amount_said = read || odd || total.below;
    if (read)
        change->amount = amount < 0 ? -amount : amount;
    else if (by_total)
        change->amount = -total.amount;
    if (odd)
        note_unread(reading, field,
                    by_total ? "is no amount of money: the total, which is below 0, is taken."
                             : as_none);
    else if (!read && total.below && !total.said)
        note_unread(reading, total.field, as_none);
}

static void set_amounts(struct postback_reading *reading, struct total total)
{
    struct order_change *change = &reading->out->input.change;
    if (change->kind == CHANGE_REFUND)
        set_amount(reading, CRM_REFUND_AMOUNT, total);
    if (change->kind == CHANGE_CHARGEBACK)
        set_amount(reading, CRM_CHARGEBACK_AMOUNT, total);
    bool bill = change->kind == CHANGE_REBILL || change->kind == CHANGE_REBILL_DECLINED;
    if (bill && total.said && total.amount >= 0) {
        change->amount_said = true;
        change->amount = total.amount;
    }
}

/* Without an amount all would be refunded. */
static void check_part(struct postback_reading *reading)
{
    struct order_change *change = &reading->out->input.change;
    if (change->amount_said)
        return;
    change->amount_said = true;
    postback_note(reading, STR("refundAmount"), "missing",
                  STR("It is a partial refund, and nothing says of how much: it is taken as 0."));
}

static void subscribe(struct postback_reading *reading)
{
    struct order_facts *facts = &reading->out->input.facts;
    facts->subscribes = true;
    for (int i = 0; i < facts->line_count; i++)
        if (reading->lines[i].recurring)
            return;
    for (int i = 0; i < facts->line_count; i++)
        reading->lines[i].recurring = true;
}

static bool is_beyond_sale(enum sale_state state)
{
    return state == SALE_COMPLETE || state == SALE_CANCELLED || state == SALE_REFUNDED ||
           state == SALE_CHARGEBACK;
}

/* Where what was sold, billed or sent has a total below 0, that was given back. */
static bool gives_back(enum order_change_kind kind, enum sale_state state)
{
    const unsigned kinds = 1U << CHANGE_NONE | 1U << CHANGE_UPSELL | 1U << CHANGE_REBILL |
                           1U << CHANGE_SHIPPED | 1U << CHANGE_DELIVERED | 1U << CHANGE_RMA_ISSUED |
                           1U << CHANGE_RMA_RECEIVED;

    return (kinds & 1U << kind) != 0 && is_beyond_sale(state);
}

static void take_below(struct postback_reading *reading, struct total total)
{
    struct order_input *input = &reading->out->input;
    enum order_change_kind kind = input->change.kind;
    if (!total.below || kind == CHANGE_REFUND || kind == CHANGE_CHARGEBACK)
        return;
    if (!gives_back(kind, input->facts.state)) {
        note_unread(reading, total.field,
                    "is below 0, which by customerType is no refund: it is left out.");
        return;
    }
    bool charged_back = input->facts.state == SALE_CHARGEBACK;
    input->change.kind = charged_back ? CHANGE_CHARGEBACK : CHANGE_REFUND;
    reading->beside = kind;
    reading->by_state = charged_back || input->facts.state == SALE_REFUNDED;
    postback_note(
        reading, STR("customerType"), "option",
        postback_odd(reading, reading->said[CRM_CUSTOMER_TYPE],
                     charged_back
                         ? "is what it says, but the total is below 0: it is taken as a "
                           "chargeback."
                         : "is what it says, but the total is below 0: it is taken as a refund."));
}

static void follow_type(struct postback_reading *reading, const struct type_row *row,
                        struct total total)
{
    struct order_input *input = &reading->out->input;
    char folded[FOLDED_MAX];
    input->change.kind = row->kind;
    input->facts.state = row->state;
    if (row->state == SALE_COMPLETE) {
        enum sale_state state = said_state(reading);
        input->facts.state = state == SALE_NONE ? SALE_COMPLETE : state;
    }
    if (str_equal(postback_fold(reading->said[CRM_CUSTOMER_TYPE], folded), STR("FULFILLMENT")) &&
        reading->said[CRM_FULFILLMENT_STATUS].len > 0)
        input->change.kind = fulfillment_kind(reading);
    take_below(reading, total);
    set_amounts(reading, total);
    if (row->part)
        check_part(reading);
    if (row->subscription && input->change.kind == CHANGE_NONE)
        subscribe(reading);
}

static void take_as_sale(struct postback_reading *reading)
{
    reading->out->input.facts.state = SALE_COMPLETE;
    postback_note(reading, STR("customerType"), "missing",
                  STR("Nothing says what has happened: with a total it is taken as a sale. Map "
                      "customerType and orderStatus."));
}

static enum order_change_kind kind_without_type(struct postback_reading *reading,
                                                enum sale_state state, struct total total)
{
    enum order_change_kind kind =
        find_kind(reading, CRM_ORDER_TYPE, order_types, COUNT_OF(order_types));
    if (kind == CHANGE_CHARGEBACK || state == SALE_CHARGEBACK)
        return CHANGE_CHARGEBACK;
    if (total.below)
        return CHANGE_REFUND;
    if (state == SALE_REFUNDED && reading->said[CRM_REFUND_AMOUNT].len > 0)
        return CHANGE_REFUND;
    if (kind == CHANGE_REBILL && state == SALE_DECLINED)
        return CHANGE_REBILL_DECLINED;
    if (kind == CHANGE_REBILL && (state == SALE_NONE || state == SALE_COMPLETE))
        return CHANGE_REBILL;
    if (state != SALE_NONE && state != SALE_COMPLETE)
        return CHANGE_NONE;
    return fulfillment_kind(reading);
}

static void follow_state(struct postback_reading *reading, struct total total)
{
    struct order_input *input = &reading->out->input;
    enum sale_state state = said_state(reading);
    enum order_change_kind kind = kind_without_type(reading, state, total);
    enum order_change_kind parcel = fulfillment_kind(reading);
    input->change.kind = kind;
    input->facts.state = state;
    /* A total below 0 comes once, not again with all that is said later on. */
    reading->by_state = kind != CHANGE_REFUND || state == SALE_REFUNDED;
    if (kind != CHANGE_NONE && (state == SALE_NONE || state == SALE_DECLINED))
        input->facts.state = SALE_COMPLETE;
    if (parcel != kind && is_beyond_sale(input->facts.state))
        reading->beside = parcel;
    set_amounts(reading, total);
    if (input->facts.state == SALE_NONE && total.said && total.amount > 0)
        take_as_sale(reading);
}

void postback_decide(struct postback_reading *reading)
{
    struct order_input *input = &reading->out->input;
    struct total total = read_total(reading);
    const struct type_row *row = find_type(reading);
    if (row != NULL)
        follow_type(reading, row, total);
    else
        follow_state(reading, total);
    if (total.said && total.amount >= 0 && !order_is_bill(input->change.kind)) {
        input->facts.total_said = true;
        input->facts.total = total.amount;
    }
    take_fulfillment(reading);
    input->facts.about = postback_find_about(reading);
    postback_make_key(reading);
}
