/* SPDX-License-Identifier: MIT */
#include "record/card.h"

#include "base/redact.h"

str card_digits(str text, struct arena *arena)
{
    char *digits = arena_bytes(arena, text.len);
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        if (char_is_digit(text.ptr[i]))
            digits[count++] = text.ptr[i];
    return str_from(digits, count);
}

str card_last_four(str digits)
{
    return digits.len <= 4 ? digits : str_skip(digits, digits.len - 4);
}

bool card_is_test(str digits, str test_cards)
{
    while (test_cards.len > 0)
        if (str_equal(str_cut(&test_cards, ','), digits))
            return true;
    return false;
}

bool card_number_read(str text, struct arena *arena, str *ret_digits)
{
    for (size_t i = 0; i < text.len; i++)
        if (!char_is_digit(text.ptr[i]) && text.ptr[i] != ' ' && text.ptr[i] != '-')
            return false;
    str digits = card_digits(text, arena);
    if (digits.len < 12 || digits.len > 19)
        return false;
    *ret_digits = digits;
    return true;
}

str card_brand(str digits)
{
    static const struct {
        int64_t least, most; /* of the first four digits */
        str name;
    } brands[] = {
        { 4000, 4999, STR_INIT("VISA") },       { 5100, 5599, STR_INIT("MASTERCARD") },
        { 2221, 2720, STR_INIT("MASTERCARD") }, { 3400, 3499, STR_INIT("AMEX") },
        { 3700, 3799, STR_INIT("AMEX") },       { 6011, 6011, STR_INIT("DISCOVER") },
        { 6440, 6599, STR_INIT("DISCOVER") },   { 3528, 3589, STR_INIT("JCB") },
        { 3000, 3059, STR_INIT("DINERS") },     { 3600, 3699, STR_INIT("DINERS") },
        { 3800, 3999, STR_INIT("DINERS") },     { 6200, 6299, STR_INIT("UNIONPAY") },
        { 5000, 5099, STR_INIT("MAESTRO") },    { 5600, 5899, STR_INIT("MAESTRO") },
        { 6300, 6399, STR_INIT("MAESTRO") },    { 6700, 6799, STR_INIT("MAESTRO") },
    };

    int64_t start;
    if (digits.len < 12 || !str_to_int64(str_head(digits, 4), &start))
        return (str){};
    for (size_t i = 0; i < COUNT_OF(brands); i++)
        if (start >= brands[i].least && start <= brands[i].most)
            return brands[i].name;
    return (str){};
}

bool card_is_part(str name)
{
    static const struct {
        str start;
        bool word; /* no small letter follows: ccExp, not account */
    } starts[] = {
        { STR_INIT("card"), false },    { STR_INIT("creditcard"), false },
        { STR_INIT("cvv"), false },     { STR_INIT("cvc"), false },
        { STR_INIT("expir"), false },   { STR_INIT("exp"), true },
        { STR_INIT("cc"), true },       { STR_INIT("ach"), true },
        { STR_INIT("paypass"), false },
    };

    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        str start = starts[i].start;
        if (!str_equal_nocase(str_head(name, start.len), start))
            continue;
        char next = name.len > start.len ? name.ptr[start.len] : '_';
        if (!starts[i].word || next < 'a' || next > 'z')
            return true;
    }
    return redact_name(name);
}

/* One in ten of the ids that advertisers have, of 17 or 18 digits, passes for a card's by its sum. */
static bool is_id(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!char_is_digit(text.ptr[i]))
            return false;
    return card_brand(text).len == 0;
}

str card_mask_text(str text, struct arena *arena)
{
    return is_id(text) ? text : redact_plain(text, arena);
}

/* One in ten of all long numbers looks like a card's, and nobody finds a parcel by "(masked)". */
static bool is_another_number(enum crm_field field, str text)
{
    static const enum crm_field fields[] = {
        CRM_PHONE_NUMBER,
        CRM_EXTERNAL_ORDER_ID,
        CRM_ORIGINAL_ORDER_ID,
        CRM_ORIGINAL_CLIENT_ORDER_ID,
        CRM_ACQUISITION_DATE,
        CRM_CLIENT_PURCHASE_ID,
        CRM_TRACKING_NUMBER,
        CRM_RMA_NUMBER,
        CRM_FUNNEL_REFERENCE_ID,
        CRM_SOURCE_ID,
        CRM_AFF_ID,
        CRM_PUB_ID,
        CRM_TRANSACTION_ID,
        CRM_CLIENT_TXN_ID,
        CRM_MERCHANT_TXN_ID,
        CRM_DATE_REFUNDED,
        CRM_CHARGEBACK_DATE,
    };

    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (field == fields[i])
            return true;
    return field == CRM_EMAIL_ADDRESS && memchr(text.ptr, '@', text.len) != NULL;
}

str card_mask_value(enum crm_field field, str text, struct arena *arena)
{
    return text.len == 0 || is_another_number(field, text) ? text : card_mask_text(text, arena);
}
