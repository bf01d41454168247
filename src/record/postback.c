/* SPDX-License-Identifier: MIT */
#include "record/postback_parts.h"

#include "base/instant.h"
#include "base/redact.h"
#include "record/card.h"

#define NOTES_MAX 50
#define ODD_SHOWN ((size_t)60)
/* How far the clock of a sender may be ahead. */
#define CLOCKS_APART_MS ((int64_t)300000)
/* Far more than the 30 that Konnektive has for them. */
#define ORDER_KEY_MAX ((size_t)200)

/* ── saying what is odd ── */

void postback_note(struct postback_reading *reading, str field, const char *code, str message)
{
    struct json_writer *writer = &reading->notes_writer;
    if (reading->note_count++ >= NOTES_MAX)
        return;
    if (reading->notes.len == 0)
        json_begin_array(writer);
    json_begin_object(writer);
    json_member_string(writer, STR("field"), field);
    json_member_string(writer, STR("code"), str_c(code));
    json_member_string(writer, STR("message"), message);
    json_end_object(writer);
}

str postback_odd(struct postback_reading *reading, str text, const char *behind)
{
    str shown = redact_head(text, ODD_SHOWN, reading->arena);
    return arena_format(reading->arena, "\"%.*s\" %s", STR_ARG(shown), behind);
}

bool postback_amount(struct postback_reading *reading, str field, str text, int64_t *ret_amount)
{
    if (text.len == 0)
        return false;
    if (!money_read(text, ret_amount)) {
        postback_note(reading, field, "amount",
                      postback_odd(reading, text, "is no amount of money: it is taken as 0."));
        *ret_amount = 0;
    }
    return true;
}

/* ── card data ── */

/* A number that the sender has blanked out ("XXXXXXXXXXXX1111") has its last four too. */
static void take_card(struct postback_reading *reading, str text)
{
    str digits = card_digits(text, reading->arena);
    if (digits.len >= 4 && reading->said[CRM_CARD_LAST4].len == 0)
        reading->said[CRM_CARD_LAST4] = card_last_four(digits);
    if (card_is_test(digits, reading->context->test_cards))
        reading->out->input.facts.test = true;
}

/* A free text may hold a whole number, too. */
static str without_card(struct postback_reading *reading, enum crm_field field, str text)
{
    str masked = card_mask_value(field, text, reading->arena);
    if (!str_equal(masked, text))
        postback_note(reading, crm_field_name(field), "card",
                      STR("It has what looks like the number of a card, or a key: that part is "
                          "masked, and kept nowhere."));
    return masked;
}

/* ── the pairs ── */

static void add_rest(struct postback_reading *reading, str name, str text)
{
    if (text.len == 0 || str_equal(text, reading->out->secret))
        return;
    if (reading->rest.len == 0)
        json_begin_object(&reading->rest_writer);
    json_member_string(&reading->rest_writer, name, redact(text, reading->arena));
}

/* Of what is made when it is asked for, these go into other members of the order. */
static bool is_kept_elsewhere(enum crm_field field)
{
    return field < CRM_VALUE_COUNT || field == CRM_ORDER_ID || field == CRM_CLIENT_ORDER_ID ||
           field == CRM_ACTUAL_ORDER_ID || field == CRM_FULL_NAME || field == CRM_NAME ||
           field == CRM_SHIP_FULL_NAME;
}

static void take_field(struct postback_reading *reading, enum crm_field field, str name, str text)
{
    str *said = &reading->said[field];
    bool better = str_equal_nocase(name, crm_field_name(field));
    if (text.len == 0)
        return;
    if (field == CRM_CARD_LAST4) {
        text = card_last_four(card_digits(text, reading->arena));
        better = true; /* than the end of the whole number */
    }
    if (said->len > 0 && !str_equal(*said, text) && field != CRM_CARD_LAST4)
        postback_note(reading, crm_field_name(field), "duplicate",
                      STR("It came under several names with several texts; the one that came under "
                          "its own name counts, else the first."));
    if (said->len == 0 || better)
        *said = text;
    if (!is_kept_elsewhere(field))
        add_rest(reading, name, text);
}

static bool take_own(struct postback *out, str name, str text)
{
    if (str_equal_nocase(name, STR("organizationId")))
        out->organization_id = text;
    else if (str_equal_nocase(name, STR("pluginInstanceId")))
        out->plugin_instance_id = text;
    else
        return str_equal_nocase(name, STR("secret"));
    return true;
}

/* A list or an object says something in the fields alone that have room for anything. */
static bool may_be_nested(enum crm_field field)
{
    return (field >= CRM_CUSTOM1 && field <= CRM_CUSTOM5) || field == CRM_ORDER_CUSTOM_FIELDS ||
           field == CRM_CUSTOM_FIELDS || field == CRM_CARD_NUMBER || crm_is_sensitive(field);
}

/* true and false are "1" and "0", which of these would be other things. */
static bool may_be_flag(enum crm_field field)
{
    static const enum crm_field no_flags[] = {
        CRM_ORDER_ID,      CRM_CLIENT_ORDER_ID,   CRM_ACTUAL_ORDER_ID, CRM_PURCHASE_ID,
        CRM_TOTAL_PRICE,   CRM_TOTAL_AMOUNT,      CRM_PRICE,           CRM_ORDER_TOTAL,
        CRM_REFUND_AMOUNT, CRM_CHARGEBACK_AMOUNT, CRM_RECURRING_PRICE, CRM_PRODUCT,
    };

    for (size_t i = 0; i < COUNT_OF(no_flags); i++)
        if (field == no_flags[i])
            return false;
    return true;
}

static bool is_odd_json(struct postback_reading *reading, const struct pair *pair,
                        enum crm_field field)
{
    bool flag = pair->json == JSON_BOOL && !may_be_flag(field);
    bool list = pair->json == JSON_ARRAY && !may_be_nested(field);
    bool object = pair->json == JSON_OBJECT && !may_be_nested(field);
    if (!flag && !list && !object)
        return false;
    postback_note(
        reading, redact_head(pair->name, ODD_SHOWN, reading->arena), "type",
        flag   ? STR("It is true or false in JSON, which says nothing here: it is left out.")
        : list ? STR("It is a list in JSON: it is left out. Send one text or number.")
               : STR("It is an object in JSON: it is left out. Send one text or number."));
    add_rest(reading, pair->name,
             flag ? (str_equal(pair->text, STR("1")) ? STR("true") : STR("false")) : pair->text);
    return true;
}

static void take_pair(struct postback_reading *reading, const struct pair *pair)
{
    str text = str_trim(pair->text);
    struct crm_ref ref;
    if (take_own(reading->out, pair->name, text))
        return;
    if (crm_find(pair->name, &ref) && is_odd_json(reading, pair, ref.field))
        return;
    if (!crm_find(pair->name, &ref)) {
        if (!postback_take_mark(reading, pair->name, text) && !card_is_part(pair->name))
            add_rest(reading, pair->name, text);
    } else if (ref.field == CRM_PRODUCT) {
        postback_slots(reading, ref.line)->slots[ref.slot] = text;
    } else if (ref.field == CRM_CARD_NUMBER) {
        take_card(reading, text);
    } else if (!crm_is_sensitive(ref.field)) {
        take_field(reading, ref.field, pair->name, text);
    }
}

/* ── which order ── */

static void too_long(struct postback_reading *reading, enum crm_field field, struct problem *reterr)
{
    if (reading->said[field].len > ORDER_KEY_MAX)
        problem_add(reterr, reading->arena,
                    (struct field_error){ .field = crm_field_name(field),
                                          .code = STR("range"),
                                          .message = STR("Send at most 200 bytes.") });
}

/* Of a postback orderId is a number and clientOrderId the key; of the API, actualOrderId is the
 * number and orderId the key. Who maps actualOrderId has the API's names. */
static bool identify(struct postback_reading *reading, struct problem *reterr)
{
    static const enum crm_field keys[] = { CRM_CLIENT_ORDER_ID, CRM_ORDER_ID, CRM_ACTUAL_ORDER_ID };

    for (size_t i = 0; i < COUNT_OF(keys); i++)
        too_long(reading, keys[i], reterr);
    if (problem_has(reterr))
        return false;
    struct postback *out = reading->out;
    str number = reading->said[CRM_ACTUAL_ORDER_ID];
    str id = reading->said[CRM_ORDER_ID];
    out->client_order_id = reading->said[CRM_CLIENT_ORDER_ID];
    out->sender_order_id = number.len > 0 ? number : id;
    if (number.len > 0 && out->client_order_id.len == 0 && !str_equal(id, number))
        out->client_order_id = id;
    if (out->client_order_id.len > 0 || out->sender_order_id.len > 0)
        return true;
    for (size_t i = 0; i < 2; i++)
        problem_add(reterr, reading->arena,
                    (struct field_error){ .field = crm_field_name(keys[i]),
                                          .code = STR("required"),
                                          .message = STR("Send clientOrderId, orderId or both: "
                                                         "nothing says which order it is.") });
    return false;
}

/* ── values ── */

/* "Ada Lovelace" where neither of the two is said. */
static void split_name(struct postback_reading *reading, enum crm_field whole, enum crm_field first,
                       enum crm_field last)
{
    str rest = reading->said[whole];
    if (reading->said[first].len > 0 || reading->said[last].len > 0 || rest.len == 0)
        return;
    rest = without_card(reading, whole, rest); /* before it is cut in two */
    reading->said[first] = str_cut(&rest, ' ');
    reading->said[last] = str_trim(rest);
}

static void take_instead(struct postback_reading *reading, enum crm_field field,
                         enum crm_field other)
{
    if (reading->said[field].len == 0)
        reading->said[field] = reading->said[other];
}

static void take_currency(struct postback_reading *reading)
{
    str text = reading->said[CRM_CURRENCY_CODE];
    bool good = text.len == 3;
    char *code = arena_bytes(reading->arena, 3);
    for (size_t i = 0; good && i < 3; i++) {
        good = char_is_alpha(text.ptr[i]);
        code[i] = (char)(text.ptr[i] & ~0x20);
    }
    if (good)
        reading->out->input.facts.currency = str_from(code, 3);
    else if (text.len > 0)
        postback_note(reading, STR("currencyCode"), "option",
                      postback_odd(reading, text, "is no currency of three letters."));
}

/* "2026-09-17 16:23:08" on the account's clock; with an offset it says itself which moment it is. */
static bool read_instant(const struct postback_reading *reading, str text, int64_t *ret_ms)
{
    if (str_starts(text, STR("0000")))
        return false;
    str as_utc =
        arena_format(reading->arena, text.len == 10 ? "%.*sT00:00:00Z" : "%.*sZ", STR_ARG(text));
    if (!instant_read(as_utc, ret_ms))
        return instant_read(text, ret_ms);
    *ret_ms = zone_moment(reading->context->zone, *ret_ms / 1000) * 1000 + *ret_ms % 1000;
    return true;
}

/* Of the first of `fields` that says one up to `most_ms`; 0: none does. What says another is noted. */
static int64_t said_moment(struct postback_reading *reading, const enum crm_field *fields,
                           int64_t most_ms, const char *instead)
{
    for (; *fields != CRM_NONE; fields++) {
        str text = reading->said[*fields];
        int64_t at_ms;
        if (text.len == 0)
            continue;
        if (read_instant(reading, text, &at_ms) && at_ms > 0 && at_ms <= most_ms)
            return at_ms;
        postback_note(reading, crm_field_name(*fields), "date",
                      postback_odd(reading, text, instead));
    }
    return 0;
}

static void take_moments(struct postback_reading *reading)
{
    static const enum crm_field updated[] = { CRM_DATE_UPDATED_ISO, CRM_DATE_UPDATED, CRM_NONE };

    static const enum crm_field created[] = { CRM_DATE_CREATED, CRM_ORDER_DATE,
                                              CRM_DATE_CREATED_ISO, CRM_NONE };

    struct order_facts *facts = &reading->out->input.facts;
    int64_t now_ms = reading->context->now_ms;
    /* News from the future would make all that come later old ones. */
    facts->said_ms =
        said_moment(reading, updated, now_ms + DAY_MS,
                    "is no moment up to now, as YYYY-MM-DD HH:MM:SS: it is taken as now.");
    facts->ordered_ms =
        said_moment(reading, created, now_ms + CLOCKS_APART_MS,
                    "is no moment up to now, as YYYY-MM-DD HH:MM:SS: it is left out.");
}

/* What the sender calls a test card. */
static void take_card_type(struct postback_reading *reading)
{
    char folded[FOLDED_MAX];
    if (str_equal(postback_fold(reading->said[CRM_CARD_TYPE], folded), STR("TESTCARD")))
        reading->out->input.facts.test = true;
}

static void take_values(struct postback_reading *reading)
{
    struct order_facts *facts = &reading->out->input.facts;
    split_name(reading, CRM_FULL_NAME, CRM_FIRST_NAME, CRM_LAST_NAME);
    split_name(reading, CRM_NAME, CRM_FIRST_NAME, CRM_LAST_NAME);
    split_name(reading, CRM_SHIP_FULL_NAME, CRM_SHIP_FIRST_NAME, CRM_SHIP_LAST_NAME);
    take_instead(reading, CRM_TOTAL_SHIPPING, CRM_BASE_SHIPPING);
    take_instead(reading, CRM_TOTAL_DISCOUNT, CRM_DISCOUNT_PRICE);
    for (int i = 0; i < CRM_VALUE_COUNT; i++)
        if (reading->said[i].len > 0)
            facts->values[i] = without_card(reading, (enum crm_field)i, reading->said[i]);
    take_currency(reading);
    take_moments(reading);
    take_card_type(reading);
}

/* ── all of it ── */

bool postback_read(const struct pairs *pairs, const struct postback_context *context,
                   struct arena *arena, struct postback *ret, struct problem *reterr)
{
    struct postback_reading *reading = ARENA_NEW(arena, struct postback_reading);
    *ret = (struct postback){ .input = { .now_ms = context->now_ms } };
    reading->context = context;
    reading->arena = arena;
    reading->out = ret;
    buf_init(&reading->notes, arena, SIZE_MAX / 2);
    reading->notes_writer = json_writer(&reading->notes);
    buf_init(&reading->rest, arena, SIZE_MAX / 2);
    reading->rest_writer = json_writer(&reading->rest);

    /* Before the rest, which it must not be in under any name. */
    const struct pair *secret = pairs_find(pairs, STR("secret"));
    ret->secret = secret == NULL ? (str){} : str_trim(secret->text);
    for (int i = 0; i < pairs->count; i++)
        take_pair(reading, &pairs->at[i]);
    if (!identify(reading, reterr))
        return false;
    take_values(reading);
    postback_make_lines(reading);
    postback_decide(reading);
    postback_finish_lines(reading);
    if (reading->notes.len > 0)
        json_end_array(&reading->notes_writer);
    if (reading->rest.len > 0)
        json_end_object(&reading->rest_writer);
    ret->notes = buf_str(&reading->notes);
    if (ret->input.change.kind != CHANGE_NONE)
        ret->notes_if_repeated = postback_notes_if_repeated(reading);
    ret->rest = buf_str(&reading->rest);
    return true;
}
