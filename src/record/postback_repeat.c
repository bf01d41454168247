/* SPDX-License-Identifier: MIT
 * record/postback_repeat.c: what is noted of a postback whose change turns out to have come before.
 * Who sends two that nothing tells apart must find out why the second did nothing. */
#include "record/postback_parts.h"

struct repeat_text {
    const char *field;
    const char *text; /* behind "Taken as a repeat of an earlier one: " */
};

static const struct repeat_text same = { "customerType",
                                         "what tells one from another (amount, dates, ids) is the "
                                         "same." };

/* Where nothing tells one from another. */
static const struct repeat_text untold[] = {
    [CHANGE_DECLINE] = { "dateUpdated",
                         "a decline that says the same has come before. Map dateUpdated or "
                         "transactionId, so that each one is told." },
    [CHANGE_REFUND] = { "dateRefunded",
                        "a refund that says the same has come before. If this is another one, add "
                        "it with POST /api/v1/orders/{id}/changes, and map dateRefunded or "
                        "transactionId, so that the next one is told apart." },
    [CHANGE_CHARGEBACK] = { "chargebackDate",
                            "a chargeback that says the same has come before. If this is another "
                            "one, add it with POST /api/v1/orders/{id}/changes, and map "
                            "chargebackDate or transactionId, so that the next one is told "
                            "apart." },
};

static const struct repeat_text of_purchase = {
    "dateUpdated", "the purchase has not been changed back since. Map dateUpdated, if the sender "
                   "may do the same twice."
};

static bool is_told_apart(const struct postback_reading *reading)
{
    static const enum crm_field fields[] = { CRM_DATE_REFUNDED,   CRM_CHARGEBACK_DATE,
                                             CRM_TRANSACTION_ID,  CRM_CLIENT_TXN_ID,
                                             CRM_MERCHANT_TXN_ID, CRM_DATE_UPDATED,
                                             CRM_DATE_UPDATED_ISO };

    size_t count = COUNT_OF(fields) - (reading->by_state ? 2 : 0); /* such dates go on and on */
    for (size_t i = 0; i < count; i++)
        if (reading->said[fields[i]].len > 0)
            return true;
    return false;
}

static const struct repeat_text *find_text(const struct postback_reading *reading)
{
    const struct order_change *change = &reading->out->input.change;
    if (change->timeless)
        return &of_purchase;
    if ((size_t)change->kind >= COUNT_OF(untold) || untold[change->kind].field == NULL ||
        is_told_apart(reading))
        return &same;
    return &untold[change->kind];
}

str postback_notes_if_repeated(struct postback_reading *reading)
{
    const struct repeat_text *said = find_text(reading);
    str notes = reading->out->notes;
    struct buf buf;
    buf_init(&buf, reading->arena, SIZE_MAX / 2);
    if (notes.len > 0) {
        buf_add(&buf, str_head(notes, notes.len - 1));
        buf_char(&buf, ',');
    } else {
        buf_char(&buf, '[');
    }
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    json_member_string(&writer, STR("field"), str_c(said->field));
    json_member_string(&writer, STR("code"), STR("repeat"));
    json_member_string(
        &writer, STR("message"),
        arena_format(reading->arena, "Taken as a repeat of an earlier one: %s", said->text));
    json_end_object(&writer);
    buf_char(&buf, ']');
    return buf_str(&buf);
}
