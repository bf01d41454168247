/* SPDX-License-Identifier: MIT
 * api/write.c: what answers have in common: ids, bytes, addresses, pages; and the audit row of a change. */
#include "api/call.h"
#include "model/money.h"
#include "store/access.h"

/* Of a page whose rows can be long; one row more always fits into an answer. */
#define ENOUGH ((size_t)8 << 20)

str id_text(struct arena *arena, enum id_kind kind, int64_t id)
{
    return id_write(kind, id, arena_bytes(arena, ID_TEXT_MAX));
}

void json_member_money(struct json_writer *writer, str key, int64_t minor)
{
    char text[MONEY_TEXT_MAX];
    json_member_string(writer, key, money_write(minor, text));
}

void json_member_int_or_null(struct json_writer *writer, str key, int64_t value)
{
    if (value != 0) {
        json_member_int(writer, key, value);
        return;
    }
    json_key(writer, key);
    json_add_null(writer);
}

void json_member_bytes(struct json_writer *writer, str key, str encoding_key, str bytes,
                       struct arena *arena)
{
    bool text = str_is_utf8(bytes);
    json_member_string(writer, key, text ? bytes : base64_write(arena, bytes));
    json_member_string(writer, encoding_key, text ? STR("utf8") : STR("base64"));
}

void json_member_words(struct json_writer *writer, str key, str words)
{
    json_key(writer, key);
    json_begin_array(writer);
    while (words.len > 0) {
        str word = str_trim(str_cut(&words, ','));
        if (word.len > 0)
            json_add_string(writer, word);
    }
    json_end_array(writer);
}

/* ── addresses ── */

/* What can stand in a Host header and harms nobody in a URL. */
static bool is_host(str host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && (c == '\0' || strchr(".-:[]_", c) == NULL))
            return false;
    }
    return host.len > 0;
}

str call_base_url(const struct call *call)
{
    const struct request *request = call->request;
    str configured = call->api->context.public_url;
    if (configured.len > 0)
        return str_ends(configured, STR("/")) ? str_head(configured, configured.len - 1)
                                              : configured;
    const str *host = request_header(request, STR("Host"));
    if (host == NULL || !is_host(*host))
        return (str){};
    return arena_format(&call->request->arena, "%s://%.*s", request->secure ? "https" : "http",
                        STR_ARG(*host));
}

/* ── lists ── */

struct store_page call_page(const struct call *call)
{
    return (struct store_page){ .organization = call->caller.organization,
                                .before = call->before,
                                .limit = call->limit,
                                .arena = &call->request->arena };
}

struct json_writer *call_begin_list(struct call *call)
{
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_key(out, STR("data"));
    json_begin_array(out);
    return out;
}

void call_end_list(struct call *call, enum id_kind kind, int64_t next)
{
    json_end_array(&call->out);
    json_member_id_or_null(&call->out, STR("next"), kind, next);
    json_end_object(&call->out);
    call_reply(call, 200);
}

int call_shown(const struct call *call, int rows)
{
    return MIN_OF(rows, call->limit);
}

bool call_has_enough(const struct call *call)
{
    return call->text.len > ENOUGH;
}

/* ── audit ── */

str call_actor(const struct call *call)
{
    const struct caller *caller = &call->caller;
    if (caller->kind == CALLER_ANYONE)
        return STR("anyone");
    return id_text(&call->request->arena, caller->kind == CALLER_KEY ? ID_API_KEY : ID_USER,
                   caller->id);
}

int call_audit(struct call *call, struct batch *batch, const char *action, str object, str detail)
{
    struct arena *arena = &call->request->arena;
    const struct caller *caller = &call->caller;
    if (detail.len == 0)
        detail =
            call->body == NULL ? STR("{}") : schema_audit(call->route->body, call->body, arena);
    const struct audit_row row = {
        .id = batch_draw_id(batch),
        .organization = caller->organization,
        .at_ms = batch_now_ms(batch),
        .actor = call_actor(call),
        .action = str_c(action),
        .object = object,
        .detail = detail,
        .client = address_write(&call->request->client, arena_bytes(arena, ADDRESS_TEXT_MAX)),
        .request_id = call->request->id,
    };
    return fail(store_insert_audit(batch_sql(batch), &row));
}
