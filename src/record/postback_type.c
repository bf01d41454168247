/* SPDX-License-Identifier: MIT
 * record/postback_type.c: what a postback says has happened.
 *
 * customerType says it, whatever else is there. A sale is a state and no change, so that one that
 * comes again is no news; so is what comes before a sale. The rest are changes, each under a key
 * made of what tells one happening from another. Without a customerType that is known, orderType,
 * fulfillmentStatus, orderStatus and responseType say it; without those, a total: Konnektive sends
 * refunds as the same postback with a negative one. */
#include "record/postback_parts.h"

#include "base/digest.h"

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

/* What has become of the parcel is a change; that it waits, or will not go, is a state. */
static const struct {
    str name;
    enum order_change_kind kind;
    enum fulfillment_state state; /* none: the change brings it */
} fulfillment_statuses[] = {
    { STR_INIT("SHIPPED"), .kind = CHANGE_SHIPPED },
    { STR_INIT("DELIVERED"), .kind = CHANGE_DELIVERED },
    { STR_INIT("RMAPENDING"), .kind = CHANGE_RMA_ISSUED },
    { STR_INIT("RETURNED"), .kind = CHANGE_RMA_RECEIVED },
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

/* Whatever else has happened. */
static void take_fulfillment(struct postback_reading *reading)
{
    int at = find_fulfillment(reading);
    if (at < 0)
        note_unknown(reading, CRM_FULFILLMENT_STATUS);
    else
        reading->out->input.facts.fulfillment = fulfillment_statuses[at].state;
}

/* ── the total ── */

struct total {
    bool said;
    int64_t amount;
};

/* totalPrice is the running total; orderTotal stays at the first sale. One that cannot be read says
 * nothing: as 0 it would take away what was known. */
static struct total read_total(struct postback_reading *reading)
{
    static const enum crm_field fields[] = { CRM_TOTAL_PRICE, CRM_TOTAL_AMOUNT, CRM_PRICE,
                                             CRM_ORDER_TOTAL };

    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        str text = reading->said[fields[i]];
        struct total total = { .said = true };
        if (text.len == 0)
            continue;
        if (money_read(text, &total.amount))
            return total;
        postback_note(reading, crm_field_name(fields[i]), "amount",
                      postback_odd(reading, text, "is no amount of money: it is left out."));
    }
    return (struct total){};
}

/* ── the change ── */

static int64_t without_sign(int64_t amount)
{
    return amount < 0 ? -amount : amount;
}

/* What was refunded or charged back: by its own field, else by a negative total. */
static void set_amount(struct postback_reading *reading, enum crm_field field, struct total total)
{
    struct order_change *change = &reading->out->input.change;
    int64_t amount;
    if (postback_amount(reading, crm_field_name(field), reading->said[field], &amount)) {
        change->amount_said = true;
        change->amount = without_sign(amount);
    } else if (total.said && total.amount < 0) {
        change->amount_said = true;
        change->amount = -total.amount;
    }
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
    set_amounts(reading, total);
    if (row->part)
        check_part(reading);
    if (row->subscription)
        subscribe(reading);
    if (row->kind == CHANGE_NONE && total.said && total.amount < 0)
        postback_note(reading, STR("totalPrice"), "amount",
                      STR("It is below 0, which by customerType is no refund: it is left out."));
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
    if (total.said && total.amount < 0)
        return kind == CHANGE_CHARGEBACK ? kind : CHANGE_REFUND;
    if (kind == CHANGE_CHARGEBACK || state == SALE_CHARGEBACK)
        return CHANGE_CHARGEBACK;
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
    input->change.kind = kind_without_type(reading, state, total);
    input->facts.state = state;
    if (input->change.kind != CHANGE_NONE && (state == SALE_NONE || state == SALE_DECLINED))
        input->facts.state = SALE_COMPLETE;
    set_amounts(reading, total);
    if (input->facts.state == SALE_NONE && total.said && total.amount > 0)
        take_as_sale(reading);
}

/* ── the key ── */

static void add_to_key(struct buf *buf, str text)
{
    buf_int(buf, (int64_t)text.len);
    buf_char(buf, ':');
    buf_add(buf, text);
}

/* True: they say which bill it is. */
static bool add_lines(const struct postback_reading *reading, struct buf *buf)
{
    bool timed = false;
    bool upsell = reading->out->input.change.kind == CHANGE_UPSELL;
    for (int i = 0; i < reading->out->input.facts.line_count; i++) {
        const struct order_line *line = &reading->lines[i];
        buf_int(buf, line->cycle);
        add_to_key(buf, line->next_bill);
        timed = timed || line->cycle > 0 || line->next_bill.len > 0;
        if (!upsell)
            continue;
        add_to_key(buf, line->sku);
        add_to_key(buf, line->name);
        add_to_key(buf, line->sender_id);
        buf_int(buf, MAX_OF(line->quantity, 1));
        buf_char(buf, '/');
        buf_int(buf, MAX_OF(line->price, 0));
    }
    return timed;
}

static uint64_t key_of(str text)
{
    struct digest digest = digest_sha256(text);
    uint64_t key = 0;
    for (int i = 0; i < 8; i++)
        key = key << 8 | digest.bytes[i];
    return key == 0 ? 1 : key;
}

/* One happening has one key, by whichever of several names it comes (REFUND, PARTIAL_REFUND), in
 * whichever order, however often. What is billed again and again may say nothing that tells one time
 * from another: of such, what comes on one day of the account is one. */
static uint64_t make_key(struct postback_reading *reading)
{
    static const struct {
        enum crm_field field;
        bool time; /* it is another one the next time */
    } fields[] = {
        { CRM_TRACKING_NUMBER, false }, { CRM_RMA_NUMBER, false },
        { CRM_DATE_REFUNDED, false },   { CRM_CHARGEBACK_DATE, false },
        { CRM_PURCHASE_ID, false },     { CRM_CLIENT_PURCHASE_ID, false },
        { CRM_NEXT_BILL_DATE, true },   { CRM_TRANSACTION_ID, true },
        { CRM_CLIENT_TXN_ID, true },    { CRM_MERCHANT_TXN_ID, true },
        { CRM_DATE_UPDATED, true },     { CRM_DATE_UPDATED_ISO, true },
    };

    const struct order_change *change = &reading->out->input.change;
    const struct postback_context *context = reading->context;
    struct buf buf;
    bool timed = !postback_is_of_purchase(change->kind);
    buf_init(&buf, reading->arena, SIZE_MAX / 2);
    buf_int(&buf, change->kind);
    buf_char(&buf, '/');
    buf_int(&buf, change->amount_said ? change->amount : -1);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        str text = reading->said[fields[i].field];
        add_to_key(&buf, text);
        timed = timed || (fields[i].time && text.len > 0);
    }
    timed = add_lines(reading, &buf) || timed;
    if (!timed)
        buf_int(&buf, zone_day(context->zone, context->now_ms / 1000));
    return key_of(buf_str(&buf));
}

/* A purchase's state comes and goes, and only the time of the change would tell one pause from the
 * next: dates and ids of bills are those of before. Which purchase it is, is all that is said. */
static bool is_timeless(const struct postback_reading *reading)
{
    enum order_change_kind kind = reading->out->input.change.kind;
    return (kind == CHANGE_CANCEL || kind == CHANGE_PAUSE || kind == CHANGE_REACTIVATE) &&
           reading->said[CRM_DATE_UPDATED].len == 0 && reading->said[CRM_DATE_UPDATED_ISO].len == 0;
}

static uint64_t make_timeless_key(struct postback_reading *reading, enum order_change_kind kind)
{
    struct buf buf;
    buf_init(&buf, reading->arena, SIZE_MAX / 2);
    buf_int(&buf, kind);
    add_to_key(&buf, reading->said[CRM_PURCHASE_ID]);
    add_to_key(&buf, reading->said[CRM_CLIENT_PURCHASE_ID]);
    for (int i = 0; i < reading->out->input.facts.line_count; i++) {
        const struct order_line *line = &reading->lines[i];
        add_to_key(&buf, line->sku);
        add_to_key(&buf, line->name);
        add_to_key(&buf, line->sender_id);
    }
    return key_of(buf_str(&buf));
}

static void set_timeless_keys(struct postback_reading *reading)
{
    static const enum order_change_kind kinds[] = { CHANGE_CANCEL, CHANGE_PAUSE,
                                                    CHANGE_REACTIVATE };

    struct order_change *change = &reading->out->input.change;
    int count = 0;
    change->timeless = true;
    change->key = make_timeless_key(reading, change->kind);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i] != change->kind)
            change->opposites[count++] = make_timeless_key(reading, kinds[i]);
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
    if (is_timeless(reading))
        set_timeless_keys(reading);
    else if (input->change.kind != CHANGE_NONE)
        input->change.key = make_key(reading);
}
