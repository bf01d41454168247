/* SPDX-License-Identifier: MIT
 * record/postback_key.c: what tells one happening from another. It has one key, by whichever of several
 * names it comes (REFUND, PARTIAL_REFUND), with its texts in whichever order, however often.
 *
 * Who says by customerType what has happened says so once: all that is said of it may tell it from
 * the next. Without one, each later postback says the same state again, with whatever else is new by
 * then: there what counts is what belongs to that happening alone. */
#include "record/postback_parts.h"

#include "base/digest.h"

static void add_to_key(struct buf *buf, str text)
{
    buf_int(buf, (int64_t)text.len);
    buf_char(buf, ':');
    buf_add(buf, text);
}

static void add_names(struct buf *buf, const struct order_line *line)
{
    add_to_key(buf, line->sku);
    add_to_key(buf, line->name);
    add_to_key(buf, line->sender_id);
}

/* True: they say which bill it is. */
static bool add_lines(const struct postback_reading *reading, struct buf *buf)
{
    const struct order_facts *facts = &reading->out->input.facts;
    enum order_change_kind kind = reading->out->input.change.kind;
    bool of_purchase = postback_is_of_purchase(kind);
    bool timed = false;
    for (int i = 0; i < facts->line_count; i++) {
        const struct order_line *line = &reading->lines[i];
        if (!reading->by_state || of_purchase) {
            buf_int(buf, line->cycle);
            add_to_key(buf, line->next_bill);
            timed = timed || line->cycle > 0 || line->next_bill.len > 0;
        }
        if (of_purchase || kind == CHANGE_UPSELL)
            add_names(buf, line);
        if (of_purchase && facts->about == i + 1 && reading->said[CRM_PURCHASE_ID].len == 0)
            buf_char(buf, '*');
        if (kind == CHANGE_UPSELL) {
            buf_int(buf, MAX_OF(line->quantity, 1));
            buf_char(buf, '/');
            buf_int(buf, MAX_OF(line->price, 0));
        }
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

#define BILLS (1U << CHANGE_REBILL | 1U << CHANGE_REBILL_DECLINED)
#define MONEY_BACK (1U << CHANGE_REFUND | 1U << CHANGE_CHARGEBACK)
#define RETURNS (1U << CHANGE_RMA_ISSUED | 1U << CHANGE_RMA_RECEIVED)
#define PARCELS (1U << CHANGE_SHIPPED | 1U << CHANGE_DELIVERED | RETURNS)
#define TRANSACTIONS (BILLS | MONEY_BACK | PARCELS)

/* Of what is billed again and again, by a state: there each day has one, and the same day again is
 * the one that is said. */
static int64_t day_of(const struct postback_reading *reading)
{
    const struct postback_context *context = reading->context;
    int64_t said_ms = reading->by_state ? reading->out->input.facts.said_ms : 0;
    return zone_day(context->zone, (said_ms == 0 ? context->now_ms : said_ms) / 1000);
}

/* What is billed again and again may say nothing that tells one time from another: of such, what comes
 * on one day of the account is one. */
static uint64_t make_key(struct postback_reading *reading)
{
    static const struct {
        enum crm_field field;
        bool time; /* it is another one the next time */
        unsigned
            by_state; /* bits of enum order_change_kind: it counts without a customerType, too */
    } fields[] = {
        { CRM_TRACKING_NUMBER, false, PARCELS },
        { CRM_RMA_NUMBER, false, RETURNS },
        { CRM_DATE_REFUNDED, false, 1U << CHANGE_REFUND },
        { CRM_CHARGEBACK_DATE, false, 1U << CHANGE_CHARGEBACK },
        { CRM_PURCHASE_ID, false, BILLS },
        { CRM_CLIENT_PURCHASE_ID, false, BILLS },
        { CRM_NEXT_BILL_DATE, true, BILLS },
        { CRM_TRANSACTION_ID, true, TRANSACTIONS },
        { CRM_CLIENT_TXN_ID, true, TRANSACTIONS },
        { CRM_MERCHANT_TXN_ID, true, TRANSACTIONS },
        { CRM_DATE_UPDATED, true, 0 },
        { CRM_DATE_UPDATED_ISO, true, 0 },
    };

    const struct order_change *change = &reading->out->input.change;
    struct buf buf;
    bool timed = !postback_is_of_purchase(change->kind);
    buf_init(&buf, reading->arena, SIZE_MAX / 2);
    buf_int(&buf, change->kind);
    buf_char(&buf, '/');
    buf_int(&buf, change->amount_said ? change->amount : -1);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        bool counts = !reading->by_state || (fields[i].by_state & 1U << change->kind) != 0;
        str text = counts ? reading->said[fields[i].field] : (str){};
        add_to_key(&buf, text);
        timed = timed || (fields[i].time && text.len > 0);
    }
    timed = add_lines(reading, &buf) || timed;
    if (!timed)
        buf_int(&buf, day_of(reading));
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
    for (int i = 0; i < reading->out->input.facts.line_count; i++)
        add_names(&buf, &reading->lines[i]);
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

void postback_make_key(struct postback_reading *reading)
{
    struct order_change *change = &reading->out->input.change;
    if (is_timeless(reading))
        set_timeless_keys(reading);
    else if (change->kind != CHANGE_NONE)
        change->key = make_key(reading);
}
