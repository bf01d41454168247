/* SPDX-License-Identifier: MIT
 * record/postback_lines.c: the products of a postback, from product1_… on, up to the first gap of
 * five. A line is there when something names it: SKU, name or one of its ids. */
#include "record/card.h"
#include "record/postback_parts.h"

#define GAP 5
#define QUANTITY_MAX 1000000

/* ── taking ── */

struct line_said *postback_slots(struct postback_reading *reading, int line)
{
    assert(line >= 0 && line < CRM_LINES_MAX);
    if (reading->slots[line] == NULL)
        reading->slots[line] = ARENA_NEW(reading->arena, struct line_said);
    return reading->slots[line];
}

/* "product3_type" → 2 and "type". */
static bool cut_number(str name, int *ret_line, str *ret_rest)
{
    str prefix = STR("product");
    int64_t number;
    if (!str_equal_nocase(str_head(name, prefix.len), prefix))
        return false;
    str rest = str_skip(name, prefix.len);
    str digits = str_cut(&rest, '_');
    if (!str_to_int64(digits, &number) || number < 1 || number > CRM_LINES_MAX)
        return false;
    *ret_line = (int)number - 1;
    *ret_rest = rest;
    return true;
}

static bool is_one_of(str text, const str *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal_nocase(text, words[i]))
            return true;
    return false;
}

bool postback_take_mark(struct postback_reading *reading, str name, str text)
{
    static const str names[] = { STR_INIT("upsell"), STR_INIT("isUpsell"), STR_INIT("type"),
                                 STR_INIT("productType") };
    static const str marks[] = { STR_INIT("1"), STR_INIT("true"),   STR_INIT("yes"),
                                 STR_INIT("y"), STR_INIT("UPSELL"), STR_INIT("UPSALE") };
    int line;
    str rest;
    if (!cut_number(name, &line, &rest) || !is_one_of(rest, names, COUNT_OF(names)))
        return false;
    if (is_one_of(text, marks, COUNT_OF(marks)))
        postback_slots(reading, line)->marked = true;
    return true;
}

/* ── one line ── */

static str field_of(struct postback_reading *reading, int line, const char *slot)
{
    return arena_format(reading->arena, "product%d_%s", line + 1, slot);
}

static bool is_there(const struct line_said *said)
{
    static const enum crm_slot naming[] = { CRM_SLOT_SKU,    CRM_SLOT_NAME,
                                            CRM_SLOT_ID,     CRM_SLOT_EXTERNAL_ID,
                                            CRM_SLOT_CRM_ID, CRM_SLOT_CAMPAIGN_PRODUCT_ID };

    for (size_t i = 0; said != NULL && i < COUNT_OF(naming); i++)
        if (said->slots[naming[i]].len > 0)
            return true;
    return false;
}

/* `normal` is the least it may be, too. */
static int64_t read_number(struct postback_reading *reading, int at, enum crm_slot slot,
                           int64_t normal)
{
    str text = reading->slots[at]->slots[slot];
    int64_t number;
    if (text.len == 0)
        return normal;
    if (json_number_to_int64(text, &number) && number >= normal && number <= QUANTITY_MAX)
        return number;
    postback_note(reading,
                  field_of(reading, at, slot == CRM_SLOT_QTY ? "qty" : "billingCycleNumber"),
                  "number",
                  postback_odd(reading, text,
                               slot == CRM_SLOT_QTY ? "is no number of pieces: it is taken as 1."
                                                    : "is no number of bills: it is taken as 0."));
    return normal;
}

static const char *price_name(enum crm_slot slot)
{
    return slot == CRM_SLOT_PRICE        ? "price"
           : slot == CRM_SLOT_SHIP_PRICE ? "shipPrice"
                                         : "recurringPrice";
}

/* −1: it is not said. Senders of refunds have the prices below 0 too: the line still costs what it
 * did. */
static int64_t read_price(struct postback_reading *reading, int at, enum crm_slot slot)
{
    str text = reading->slots[at]->slots[slot];
    int64_t amount = 0;
    if (text.len == 0)
        return -1;
    if (money_read(text, &amount) && amount >= 0)
        return amount;
    str field = field_of(reading, at, price_name(slot));
    if (!postback_amount(reading, field, text, &amount) || amount >= 0)
        return amount;
    postback_note(reading, field, "amount",
                  postback_odd(reading, text, "is below 0: the line costs what it did."));
    return -1;
}

static void read_recurring(struct postback_reading *reading, int at, str text,
                           struct order_line *line)
{
    static const struct {
        str name;
        enum purchase_state state;
    } states[] = {

#define STATE(member, name, wire) { STR_INIT(name), PURCHASE_##member },
        PURCHASE_STATES(STATE)
#undef STATE
            { STR_INIT("canceled"), PURCHASE_CANCELLED },
        { STR_INIT("trial"), PURCHASE_ACTIVE },
        { STR_INIT("recurring"), PURCHASE_ACTIVE },
    };

    char folded[FOLDED_MAX];
    char known[FOLDED_MAX];
    str wanted = postback_fold(text, folded);
    for (size_t i = 0; text.len > 0 && i < COUNT_OF(states); i++) {
        if (!str_equal(wanted, postback_fold(states[i].name, known)))
            continue;
        line->recurring = true;
        line->purchase = states[i].state;
        return;
    }
    if (text.len > 0)
        postback_note(
            reading, field_of(reading, at, "recurringstatus"), "option",
            postback_odd(reading, text,
                         "is not among ACTIVE, TRIAL, PAUSED, CANCELLED, RECYCLE_BILLING "
                         "and RECYCLE_FAILED: the line is not taken as one that recurs."));
}

static bool is_no_date(str text)
{
    return str_starts(text, STR("0000"));
}

static struct order_line make_line(struct postback_reading *reading, int at)
{
    const struct line_said *said = reading->slots[at];
    const str *slots = said->slots;
    struct order_line line = { .sku = slots[CRM_SLOT_SKU],
                               .name = card_mask_text(slots[CRM_SLOT_NAME], reading->arena),
                               .sender_id = slots[CRM_SLOT_ID],
                               .external_id = slots[CRM_SLOT_EXTERNAL_ID],
                               .crm_id = slots[CRM_SLOT_CRM_ID],
                               .campaign_product_id = slots[CRM_SLOT_CAMPAIGN_PRODUCT_ID],
                               .upsell = said->marked };
    /* By one of these it is found when it comes again. */
    if (line.sku.len == 0 && line.name.len == 0 && line.sender_id.len == 0)
        line.sender_id = line.campaign_product_id.len > 0 ? line.campaign_product_id
                         : line.crm_id.len > 0            ? line.crm_id
                                                          : line.external_id;
    if (slots[CRM_SLOT_QTY].len > 0)
        line.quantity = read_number(reading, at, CRM_SLOT_QTY, 1);
    line.price = read_price(reading, at, CRM_SLOT_PRICE);
    line.ship_price = read_price(reading, at, CRM_SLOT_SHIP_PRICE);
    line.recurring_price = MAX_OF(read_price(reading, at, CRM_SLOT_RECURRING_PRICE), (int64_t)0);
    line.cycle = read_number(reading, at, CRM_SLOT_BILLING_CYCLE_NUMBER, 0);
    if (!is_no_date(slots[CRM_SLOT_NEXT_BILL_DATE]))
        line.next_bill = slots[CRM_SLOT_NEXT_BILL_DATE];
    read_recurring(reading, at, slots[CRM_SLOT_RECURRING_STATUS], &line);
    return line;
}

/* ── all lines ── */

static void note_nameless(struct postback_reading *reading, int at)
{
    int64_t price = 0;
    const struct line_said *said = reading->slots[at];
    if (said != NULL && money_read(said->slots[CRM_SLOT_PRICE], &price) && price != 0)
        postback_note(reading, field_of(reading, at, "sku"), "missing",
                      STR("It has a price, but neither SKU nor name nor id: the line is not "
                          "taken."));
}

static void note_gap(struct postback_reading *reading, int from)
{
    for (int i = from; i < CRM_LINES_MAX; i++)
        if (is_there(reading->slots[i])) {
            postback_note(reading, field_of(reading, i, "sku"), "gap",
                          STR("It stands behind five products that are empty: it is not taken."));
            return;
        }
}

/* Where the slots end, and how many lines are in front of that. */
static int find_end(const struct postback_reading *reading, int *ret_count)
{
    int empty = 0;
    int at = 0;
    *ret_count = 0;
    for (; at < CRM_LINES_MAX && empty < GAP; at++) {
        bool there = is_there(reading->slots[at]);
        empty = there ? 0 : empty + 1;
        *ret_count += there;
    }
    return at;
}

void postback_make_lines(struct postback_reading *reading)
{
    struct order_facts *facts = &reading->out->input.facts;
    int count;
    int end = find_end(reading, &count);
    reading->lines = ARENA_ARRAY(reading->arena, struct order_line, (size_t)count + 1);
    for (int at = 0; at < end; at++) {
        if (is_there(reading->slots[at]))
            reading->lines[facts->line_count++] = make_line(reading, at);
        else
            note_nameless(reading, at);
    }
    note_gap(reading, end);
    facts->lines = reading->lines;
    facts->lines_said = count > 0;
}

/* ── what depends on the change ── */

bool postback_is_of_purchase(enum order_change_kind kind)
{
    return kind >= CHANGE_PREBILL_SENT && kind <= CHANGE_REACTIVATE;
}

/* Which line an upsell has brought: those that are marked, else the last. */
static void mark_upsell(struct postback_reading *reading)
{
    int count = reading->out->input.facts.line_count;
    for (int i = 0; i < count; i++)
        if (reading->lines[i].upsell)
            return;
    if (count > 0)
        reading->lines[count - 1].upsell = true;
}

/* What becomes of the purchase, as senders may have said it of its line; of a prebill, that it lives. */
static enum purchase_state fitting(enum order_change_kind kind)
{
    switch ((int)kind) {
    case CHANGE_REBILL_DECLINED:
        return PURCHASE_RECYCLE_BILLING;
    case CHANGE_RECYCLE_FAILED:
        return PURCHASE_RECYCLE_FAILED;
    case CHANGE_CANCEL:
        return PURCHASE_CANCELLED;
    case CHANGE_PAUSE:
        return PURCHASE_PAUSED;
    default:
        return PURCHASE_ACTIVE;
    }
}

int postback_find_about(const struct postback_reading *reading)
{
    enum order_change_kind kind = reading->out->input.change.kind;
    bool of_purchase = postback_is_of_purchase(kind);
    int about = 0;
    for (int i = 0; i < reading->out->input.facts.line_count; i++) {
        const struct order_line *line = &reading->lines[i];
        if (!line->recurring || (of_purchase && line->purchase != fitting(kind)))
            continue;
        if (about != 0)
            return 0;
        about = i + 1;
    }
    return about;
}

/* NULL: none recurs, or several do. */
static struct order_line *only_purchase(struct postback_reading *reading)
{
    struct order_line *only = NULL;
    for (int i = 0; i < reading->out->input.facts.line_count; i++) {
        if (!reading->lines[i].recurring)
            continue;
        if (only != NULL)
            return NULL;
        only = &reading->lines[i];
    }
    return only;
}

/* Of the one line that recurs; whether a line that is alone does may be up to its product. */
static void price_purchase(struct postback_reading *reading)
{
    struct order_line *only = only_purchase(reading);
    int64_t price;
    if (only == NULL && reading->out->input.facts.line_count == 1)
        only = &reading->lines[0];
    if (only != NULL && only->recurring_price == 0 &&
        postback_amount(reading, STR("recurringPrice"), reading->said[CRM_RECURRING_PRICE], &price))
        only->recurring_price = MAX_OF(price, 0);
}

/* What is billed is what its line says, where no total does. */
static void take_bill(struct postback_reading *reading)
{
    struct order_input *input = &reading->out->input;
    const struct order_line *line = only_purchase(reading);
    if (input->facts.about != 0)
        line = &reading->lines[input->facts.about - 1];
    else if (line == NULL && input->facts.line_count == 1)
        line = &reading->lines[0];
    if (input->change.kind != CHANGE_REBILL || input->change.amount_said || line == NULL ||
        line->price < 0)
        return;
    input->change.amount_said = true;
    input->change.amount = line->recurring_price > 0 ? line->recurring_price : line->price;
}

/* What is billed or given back is not what its line costs: one that is known keeps that, and one that
 * is new has nothing better. */
static void keep_prices(struct postback_reading *reading)
{
    enum order_change_kind kind = reading->out->input.change.kind;
    bool back = kind == CHANGE_REFUND || kind == CHANGE_CHARGEBACK;
    for (int i = 0; (back || order_is_bill(kind)) && i < reading->out->input.facts.line_count;
         i++) {
        struct order_line *line = &reading->lines[i];
        line->list_price = MAX_OF(line->price, (int64_t)0);
        line->price = line->ship_price = -1;
        if (back)
            line->quantity = 0;
    }
}

void postback_finish_lines(struct postback_reading *reading)
{
    struct order_facts *facts = &reading->out->input.facts;
    enum order_change_kind kind = reading->out->input.change.kind;
    if (kind == CHANGE_UPSELL)
        mark_upsell(reading);
    price_purchase(reading);
    take_bill(reading);
    keep_prices(reading);
    facts->purchase = reading->said[CRM_PURCHASE_ID];
    if (!is_no_date(reading->said[CRM_NEXT_BILL_DATE]))
        facts->next_bill = reading->said[CRM_NEXT_BILL_DATE];
    /* The change says what becomes of it. */
    for (int i = 0; postback_is_of_purchase(kind) && i < facts->line_count; i++)
        reading->lines[i].purchase = PURCHASE_NONE;
}
