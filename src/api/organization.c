/* SPDX-License-Identifier: MIT
 * api/organization.c: the organization of whoever asks. */
#include "api/addresses.h"
#include "api/call.h"
#include "api/handlers.h"
#include "store/access.h"

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

static void write_organization(struct call *call, const struct organization_row *row)
{
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_member_string(out, STR("id"), row->uuid);
    json_member_string(out, STR("name"), row->name);
    json_member_words(out, STR("allowedAddresses"), row->allowed_addresses);
    json_member_int_or_null(out, STR("ratePerMinute"), row->rate_per_minute);
    json_member_bool(out, STR("webhookSecretSet"), row->webhook_secret.len > 0);
    json_member_instant(out, STR("createdAt"), row->created_ms);
    json_end_object(out);
    call_reply(call, 200);
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
    if (r == 0)
        write_organization(call, &row);
    return r;
}

/* ── changing ── */

bool organization_check(struct call *call)
{
    str *addresses = ARENA_NEW(&call->request->arena, str);
    call->parsed = addresses;
    return body_addresses(call, "allowedAddresses", addresses);
}

static void change(struct call *call, struct organization_row *row)
{
    str secret;
    (void)body_text(call, "name", &row->name);
    (void)body_int(call, "ratePerMinute", &row->rate_per_minute);
    if (json_get(call->body, STR("allowedAddresses")) != NULL)
        row->allowed_addresses = *(const str *)call->parsed;
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
    write_organization(call, &row);
    return fail(r);
}
