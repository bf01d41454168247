/* SPDX-License-Identifier: MIT
 * api/keys.c: API keys. The secret is shown once and stored as its SHA-256; a key can do no more
 * than whoever made it. */
#include "api/addresses.h"
#include "api/call.h"
#include "api/handlers.h"
#include "api/secrets.h"
#include "base/instant.h"
#include "model/names.h"

static void write_scope(void *context, str name)
{
    json_add_string(context, name);
}

static void write_members(struct json_writer *out, const struct api_key_row *row)
{
    json_member_id(out, STR("id"), ID_API_KEY, row->id);
    json_member_string(out, STR("name"), row->name);
    json_member_string(out, STR("hint"), row->hint);
    json_key(out, STR("scopes"));
    json_begin_array(out);
    scopes_each(row->scopes, write_scope, out);
    json_end_array(out);
    json_member_words(out, STR("allowedAddresses"), row->allowed_addresses);
    json_member_int_or_null(out, STR("ratePerMinute"), row->rate_per_minute);
    json_member_instant(out, STR("createdAt"), row->created_ms);
    json_member_instant(out, STR("expiresAt"), row->expires_ms);
}

static void write_key(struct json_writer *out, const struct api_key_row *row)
{
    json_begin_object(out);
    write_members(out, row);
    json_end_object(out);
}

/* ── reading ── */

int keys_list(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct api_key_row *rows = ARENA_ARRAY(page.arena, struct api_key_row, (size_t)page.limit);
    int count = 0;
    int r = store_list_api_keys(sql, &page, rows, &count);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; i < shown; i++)
        write_key(out, &rows[i]);
    call_end_list(call, ID_API_KEY, count > shown ? rows[shown - 1].id : 0);
    return 0;
}

/* Of the path. CALL_REFUSED: there is none. */
static int find(struct call *call, struct sql *sql, struct api_key_row *ret_row)
{
    int64_t id;
    if (!call_id(call, 0, ID_API_KEY, "API key", &id))
        return CALL_REFUSED;
    int r = store_read_api_key(sql, call->caller.organization, id, &call->request->arena, ret_row);
    return r == STORE_NOT_FOUND ? call_not_found(call, "API key") : fail(r);
}

int keys_get(struct call *call, struct sql *sql)
{
    struct api_key_row row;
    int r = find(call, sql, &row);
    if (r != 0)
        return r;
    write_key(call_json(call), &row);
    call_reply(call, 200);
    return 0;
}

/* ── making ── */

static void read_scopes(struct call *call, struct api_key_row *row)
{
    struct arena *arena = &call->request->arena;
    struct json_walk walk = json_walk(json_get(call->body, STR("scopes")));
    json item;
    for (int i = 0; json_next(&walk, NULL, &item); i++) {
        unsigned bits = 0;
        if (!scope_read(json_string(item), &bits))
            call_wrong(call, arena_c(arena, arena_format(arena, "scopes/%d", i)), "option",
                       STR("There is no scope of this name."));
        row->scopes |= bits;
    }
}

static bool scopes_allowed(struct call *call, const struct api_key_row *row)
{
    if ((row->scopes & ~caller_scopes(&call->caller)) == 0)
        return true;
    (void)call_refuse_code(call, PROBLEM_FORBIDDEN, "scope",
                           STR("A new key can have no scope that whoever makes it has not."));
    return false;
}

bool keys_check(struct call *call)
{
    struct api_key_row *row = ARENA_NEW(&call->request->arena, struct api_key_row);
    call->parsed = row;
    (void)body_text(call, "name", &row->name);
    (void)body_int(call, "ratePerMinute", &row->rate_per_minute);
    read_scopes(call, row);
    str expires;
    if (body_text(call, "expiresAt", &expires) && expires.len > 0) {
        int64_t now_ms = clock_now_ms(call->api->context.clock);
        if (!instant_read(expires, &row->expires_ms) || row->expires_ms <= now_ms)
            call_wrong(call, "expiresAt", "range", STR("Send a moment in the future."));
    }
    return body_addresses(call, "allowedAddresses", &row->allowed_addresses) &&
           !problem_has(&call->problem) && scopes_allowed(call, row);
}

/* `key` empty: it was shown before. */
static void answer_created(struct call *call, const struct api_key_row *row, str key)
{
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    write_members(out, row);
    json_member_id(out, STR("keyId"), ID_API_KEY, row->id);
    json_member_text_or_null(out, STR("key"), key);
    json_end_object(out);
    call_reply(call, 201);
}

int keys_again(struct call *call, struct sql *sql)
{
    struct api_key_row row;
    int r = find(call, sql, &row);
    if (r == 0)
        answer_created(call, &row, (str){});
    return r;
}

int keys_create(struct call *call, struct batch *batch)
{
    struct arena *arena = &call->request->arena;
    struct api_key_row *row = call->parsed;
    row->id = batch_draw_id(batch);
    row->organization = call->caller.organization;
    row->created_ms = batch_now_ms(batch);
    str key = api_key_draw(row, arena);
    int r = store_insert_api_key(batch_sql(batch), row);
    if (r == 0)
        r = batch_object_changed(batch, &call->operation, row->organization, OBJECT_API_KEY,
                                 row->id);
    if (r == 0)
        r = call_audit(call, batch, "api_key.create", id_text(arena, ID_API_KEY, row->id), (str){});
    call->made.id = row->id;
    answer_created(call, row, key);
    return fail(r);
}

int keys_revoke(struct call *call, struct batch *batch)
{
    int64_t organization = call->caller.organization;
    int64_t id;
    if (!call_id(call, 0, ID_API_KEY, "API key", &id))
        return CALL_REFUSED;
    int r = store_revoke_api_key(batch_sql(batch), organization, id, batch_now_ms(batch));
    if (r == STORE_NOT_FOUND)
        return call_not_found(call, "API key");
    if (r == 0)
        r = batch_object_changed(batch, &call->operation, organization, OBJECT_API_KEY, id);
    if (r == 0)
        r = call_audit(call, batch, "api_key.revoke",
                       id_text(&call->request->arena, ID_API_KEY, id), (str){});
    call_reply_nothing(call);
    return fail(r);
}
