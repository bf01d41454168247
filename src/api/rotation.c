/* SPDX-License-Identifier: MIT
 * Invariants: (1) a secret is shown once, in the answer to the change that made it; (2) the row
 * holds at most OLD_SECRETS_MAX old ones, newest first, none of them the new one. */
#include "api/rotation.h"

#include "api/endpoints.h"
#include "api/handlers.h"
#include "api/secrets.h"
#include "api/webhooks.h"
#include "base/instant.h"
#include "model/outlet_json.h"

#define HOUR_MS ((int64_t)3600 * 1000)
#define OVERLAP_HOURS 24

/* ── the old ones ── */

struct old_secrets {
    struct old_secret *at;
    int count;
};

/* Those of the row that sign after `now_ms`, with room for one more. */
static int read_old(struct call *call, const struct endpoint_row *row, int64_t now_ms,
                    struct old_secrets *ret_old)
{
    struct arena *arena = &call->request->arena;
    const struct old_secret *all = NULL;
    struct json_error error;
    json list;
    str text;
    int count = 0;
    if (row->old_secrets.len > 0 &&
        (!unseal(call->api->context.seal_key, row->old_secrets, arena, &text) ||
         !json_read(arena, text, JSON_DEPTH_MAX, &list, &error) ||
         !old_secrets_read(list, arena, &all, &count)))
        return fail(FAIL_CORRUPT);
    ret_old->at = ARENA_ARRAY(arena, struct old_secret, (size_t)count + 1);
    ret_old->count = 0;
    for (int i = 0; i < count; i++)
        if (all[i].until_ms > now_ms)
            ret_old->at[ret_old->count++] = all[i];
    return 0;
}

static void put_old(struct call *call, const struct old_secrets *old, struct endpoint_row *row)
{
    struct arena *arena = &call->request->arena;
    row->old_secrets = (str){};
    if (old->count > 0)
        row->old_secrets =
            seal(call->api->context.seal_key, old_secrets_write(old->at, old->count, arena), arena);
}

int rotation_forget_ended(struct call *call, struct endpoint_row *row, int64_t now_ms)
{
    struct old_secrets old = {};
    int r = read_old(call, row, now_ms, &old);
    if (r == 0)
        put_old(call, &old, row);
    return fail(r);
}

int rotation_write(struct call *call, const struct endpoint_row *row)
{
    struct json_writer *out = &call->out;
    struct old_secrets old = {};
    int r = read_old(call, row, clock_now_ms(call->api->context.clock), &old);
    if (r < 0)
        return fail(r);
    json_key(out, STR("oldSecrets"));
    json_begin_array(out);
    for (int i = 0; i < old.count; i++) {
        json_begin_object(out);
        json_member_instant(out, STR("until"), old.at[i].until_ms);
        json_end_object(out);
    }
    json_end_array(out);
    return 0;
}

static void remove_old(struct old_secrets *old, str secret)
{
    int count = 0;
    for (int i = 0; i < old->count; i++)
        if (!str_equal(old->at[i].secret, secret))
            old->at[count++] = old->at[i];
    old->count = count;
}

static void add_old(struct old_secrets *old, const struct old_secret *newest)
{
    assert(old->at != NULL && old->count < OLD_SECRETS_MAX);
    memmove(old->at + 1, old->at, (size_t)old->count * sizeof(*old->at));
    old->at[0] = *newest;
    old->count++;
}

/* ── a new one ── */

struct rotation {
    int64_t overlap_ms;
    str secret; /* bytes; empty: one is drawn */
};

bool rotation_check(struct call *call)
{
    struct rotation *rotation = ARENA_NEW(&call->request->arena, struct rotation);
    call->parsed = rotation;
    int64_t hours = OVERLAP_HOURS;
    str text;
    (void)body_int(call, "overlapHours", &hours);
    rotation->overlap_ms = hours * HOUR_MS;
    if (body_text(call, "secret", &text) &&
        !webhook_secret_read(text, &call->request->arena, &rotation->secret))
        call_wrong(call, "secret", "format",
                   STR("Send whsec_ and the base64 of 24 to 64 random bytes, with its padding."));
    return !problem_has(&call->problem);
}

static int refuse_more(struct call *call, const struct old_secrets *old)
{
    char until[INSTANT_TEXT_LEN];
    int64_t next_ms = INT64_MAX;
    for (int i = 0; i < old->count; i++)
        next_ms = MIN_OF(next_ms, old->at[i].until_ms);
    instant_write(next_ms, until);
    return call_refuse(call, PROBLEM_CONFLICT,
                       arena_format(&call->request->arena,
                                    "%d old secrets still sign, which is the most there may be. "
                                    "The next of them ends at %.*s; with overlapHours 0 all of "
                                    "them end at once.",
                                    old->count, INSTANT_TEXT_LEN, until));
}

/* Returns how it is shown. */
static str put_new(struct call *call, str secret, struct endpoint_row *row)
{
    struct arena *arena = &call->request->arena;
    const struct seal_key *seal_key = call->api->context.seal_key;
    if (secret.len == 0)
        return webhook_secret_draw(row, seal_key, arena);
    row->secret = seal(seal_key, secret, arena);
    return webhook_secret_text(secret, arena);
}

/* The secret of the row steps back behind the new one, of which *ret_shown is the text. The same
 * one again, of a caller that never saw the answer, takes no place from an old one. */
static int rotate(struct call *call, struct endpoint_row *row, int64_t now_ms, str *ret_shown)
{
    const struct rotation *rotation = call->parsed;
    struct old_secret before = { .until_ms = now_ms + rotation->overlap_ms };
    struct old_secrets old = {};
    int r = read_old(call, row, now_ms, &old);
    if (r == 0 &&
        !unseal(call->api->context.seal_key, row->secret, &call->request->arena, &before.secret))
        r = FAIL_CORRUPT;
    if (r < 0)
        return fail(r);
    remove_old(&old, rotation->secret);
    if (rotation->overlap_ms == 0)
        old.count = 0;
    else if (!str_equal(before.secret, rotation->secret) && old.count >= OLD_SECRETS_MAX)
        return refuse_more(call, &old);
    else if (!str_equal(before.secret, rotation->secret))
        add_old(&old, &before);
    put_old(call, &old, row);
    *ret_shown = put_new(call, rotation->secret, row);
    return 0;
}

/* How many sign now, and until when more than one does. */
static int write_signing(struct call *call, const struct endpoint_row *row, int64_t now_ms)
{
    struct json_writer *out = &call->out;
    struct old_secrets old = {};
    int64_t last_ms = 0;
    int r = read_old(call, row, now_ms, &old);
    if (r < 0)
        return fail(r);
    for (int i = 0; i < old.count; i++)
        last_ms = MAX_OF(last_ms, old.at[i].until_ms);
    json_key(out, STR("secrets"));
    json_begin_object(out);
    json_member_int(out, STR("signing"), row->signing ? old.count + 1 : 0);
    json_member_instant(out, STR("oldUntil"), last_ms);
    json_end_object(out);
    return 0;
}

static int answer_rotated(struct call *call, struct sql *sql, const struct endpoint_row *row,
                          str secret)
{
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    int r = webhooks_write_members(call, sql, row);
    json_member_string(out, STR("secret"), secret);
    if (r == 0)
        r = write_signing(call, row, row->updated_ms);
    json_end_object(out);
    call_reply(call, 200);
    return fail(r);
}

int rotation_run(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct endpoint_row row;
    str secret = {};
    int r = endpoints_find(call, sql, &row);
    if (r == 0)
        r = rotate(call, &row, batch_now_ms(batch), &secret);
    if (r != 0)
        return r;
    row.updated_ms = batch_now_ms(batch);
    r = store_update_endpoint(sql, &row);
    if (r == 0)
        r = endpoints_changed(call, batch, &row, "rotate_secret");
    if (r == 0)
        r = answer_rotated(call, sql, &row, secret);
    return fail(r);
}
