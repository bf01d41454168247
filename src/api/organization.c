/* SPDX-License-Identifier: MIT
 * api/organization.c: the organization of whoever asks, and whether mails reach its people. */
#include "api/addresses.h"
#include "api/call.h"
#include "api/handlers.h"
#include "base/zones.h"
#include "record/card.h"
#include "store/access.h"
#include "store/notices.h"

/* ── ranges of addresses, as keys have them too ── */

bool body_addresses(struct call *call, const char *name, str *ret_list)
{
    struct buf list;
    buf_init(&list, &call->request->arena, SIZE_MAX / 2);
    struct json_walk walk = json_walk(json_get(call->body, str_c(name)));
    json item;
    bool good = true;
    for (int i = 0; json_next(&walk, NULL, &item); i++) {
        struct cidr range;
        str text = str_trim(json_string(item));
        if (!cidr_read(text, &range)) {
            call_wrong(
                call,
                arena_c(&call->request->arena,
                        arena_format(&call->request->arena, "%s/%d", name, i)),
                "format",
                STR("Send an address, or a range as 192.0.2.0/24 or 2001:db8::/32 whose bits "
                    "behind the prefix are zero."));
            good = false;
        }
        if (list.len > 0)
            buf_add(&list, STR(","));
        buf_add(&list, text);
    }
    *ret_list = buf_str(&list);
    return good;
}

/* ── reading ── */

static void write_mail(struct call *call, const struct mail_history *history)
{
    struct json_writer *out = &call->out;
    json_key(out, STR("mail"));
    json_begin_object(out);
    json_member_bool(out, STR("configured"), call->api->context.mail.context != NULL);
    json_member_instant(out, STR("lastSentAt"), history->sent_ms);
    json_member_instant(out, STR("lastErrorAt"), history->error_ms);
    json_member_text_or_null(out, STR("lastError"), history->error);
    json_end_object(out);
}

static int answer_organization(struct call *call, struct sql *sql,
                               const struct organization_row *row)
{
    struct mail_history history;
    int r = store_read_mail_history(sql, row->id, &call->request->arena, &history);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_member_string(out, STR("id"), row->uuid);
    json_member_string(out, STR("name"), row->name);
    json_member_words(out, STR("allowedAddresses"), row->allowed_addresses);
    json_member_int_or_null(out, STR("ratePerMinute"), row->rate_per_minute);
    json_member_bool(out, STR("webhookSecretSet"), row->webhook_secret.len > 0);
    json_member_string(out, STR("timeZone"), row->time_zone);
    json_member_words(out, STR("testCards"), row->test_cards);
    write_mail(call, &history);
    json_member_instant(out, STR("createdAt"), row->created_ms);
    json_end_object(out);
    call_reply(call, 200);
    return 0;
}

static int read_own(struct call *call, struct sql *sql, struct organization_row *ret_row)
{
    int r = store_read_organization(sql, call->caller.organization, &call->request->arena, ret_row);
    return r == STORE_NOT_FOUND ? call_not_found(call, "organization") : fail(r);
}

int organization_get(struct call *call, struct sql *sql)
{
    struct organization_row row;
    int r = read_own(call, sql, &row);
    return r != 0 ? r : answer_organization(call, sql, &row);
}

/* ── changing ── */

/* What a body says, as the store keeps it; lists that it has not are empty. */
struct said {
    str addresses;
    str test_cards;
};

static bool read_test_cards(struct call *call, str *ret_list)
{
    struct arena *arena = &call->request->arena;
    struct buf list;
    buf_init(&list, arena, SIZE_MAX / 2);
    struct json_walk walk = json_walk(json_get(call->body, STR("testCards")));
    json item;
    bool good = true;
    for (int i = 0; json_next(&walk, NULL, &item); i++) {
        str digits;
        if (!card_number_read(json_string(item), arena, &digits)) {
            call_wrong(call, arena_c(arena, arena_format(arena, "testCards/%d", i)), "format",
                       STR("Send a card number of 12 to 19 digits, with spaces or dashes between "
                           "them or without."));
            good = false;
        } else if (!card_is_test(digits, buf_str(&list))) {
            if (list.len > 0)
                buf_add(&list, STR(","));
            buf_add(&list, digits);
        }
    }
    *ret_list = buf_str(&list);
    return good;
}

bool organization_check(struct call *call)
{
    struct said *said = ARENA_NEW(&call->request->arena, struct said);
    str zone;
    call->parsed = said;
    bool good = body_addresses(call, "allowedAddresses", &said->addresses);
    good &= read_test_cards(call, &said->test_cards);
    if (!body_text(call, "timeZone", &zone) || zones_find(call->api->context.zones, zone) != NULL)
        return good;
    call_wrong(call, "timeZone", "unknown",
               STR("There is no time zone of this name. Send an IANA name such as "
                   "America/New_York, Europe/Berlin or UTC."));
    return false;
}

static void change(struct call *call, struct organization_row *row)
{
    const struct said *said = call->parsed;
    str secret;
    (void)body_text(call, "name", &row->name);
    (void)body_int(call, "ratePerMinute", &row->rate_per_minute);
    (void)body_text(call, "timeZone", &row->time_zone);
    if (json_get(call->body, STR("allowedAddresses")) != NULL)
        row->allowed_addresses = said->addresses;
    if (json_get(call->body, STR("testCards")) != NULL)
        row->test_cards = said->test_cards;
    if (!body_text(call, "webhookSecret", &secret))
        return;
    row->webhook_secret = (str){};
    if (secret.len > 0)
        row->webhook_secret = seal(call->api->context.seal_key, secret, &call->request->arena);
}

int organization_change(struct call *call, struct batch *batch)
{
    struct organization_row row;
    int r = read_own(call, batch_sql(batch), &row);
    if (r != 0)
        return r;
    change(call, &row);
    r = store_update_organization(batch_sql(batch), &row);
    if (r == 0)
        r = batch_organization_changed(batch, &call->operation, row.id);
    if (r == 0)
        r = call_audit(call, batch, "organization.update", row.uuid, (str){});
    return r < 0 ? fail(r) : answer_organization(call, batch_sql(batch), &row);
}

/* ── a mail by hand ── */

bool organization_check_mail(struct call *call)
{
    char text[ID_TEXT_MAX];
    if (call->api->context.mail.context == NULL) {
        (void)call_refuse(call, PROBLEM_CONFLICT,
                          STR("This hub sends no mails: start it with smtp-url and mail-from."));
        return false;
    }
    str user = id_write(ID_USER, call->caller.id, text);
    return call_may_guess(call, rates_subject("test mail of", user));
}

static void write_test(struct call *call, const struct api_mail_test *test)
{
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_member_string(out, STR("to"), test->address);
    json_member_bool(out, STR("sent"), test->sent);
    json_member_int_or_null(out, STR("reply"), test->reply);
    json_member_text_or_null(out, STR("error"), test->error);
    json_end_object(out);
    call_reply(call, 202);
}

int organization_test_mail(struct call *call, struct store_reader *reader)
{
    const struct api_mail *mail = &call->api->context.mail;
    struct arena *arena = &call->request->arena;
    struct member_row member;
    int r = store_find_member(store_reader_sql(reader), call->caller.organization, call->caller.id,
                              arena, &member);
    if (r != 0)
        return r == STORE_NOT_FOUND ? call_not_found(call, "user") : fail(r);
    struct api_mail_test test = { .user = member.user,
                                  .name = member.name,
                                  .address = member.email };
    if (!mail->test(mail->context, &test, arena))
        return call_refuse(call, PROBLEM_CONFLICT,
                           STR("Another test mail is on its way. Send the request again."));
    write_test(call, &test);
    return 0;
}
