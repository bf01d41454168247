/* SPDX-License-Identifier: MIT
 * Invariants: (1) a token can stand in a header as it is; (2) nothing that the server wrote comes
 * into the words uncut, unprintable or with a run of characters in it that may be a token. */
#include "delivery/oauth.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/redact.h"
#include "json/json.h"

#define JSON_DEPTH 16
#define QUOTED_MAX 200
#define SECRET_RUN ((size_t)24)

/* ── the request ── */

/* URL Standard §5.2: application/x-www-form-urlencoded. */
static str form_encode(str text, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEF";
    struct buf buf;
    buf_init(&buf, arena, 3 * text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (char_is_alpha((char)c) || char_is_digit((char)c) || (c != 0 && strchr("*-._", c))) {
            buf_char(&buf, (char)c);
        } else if (c == ' ') {
            buf_char(&buf, '+');
        } else {
            buf_char(&buf, '%');
            buf_char(&buf, digits[c >> 4]);
            buf_char(&buf, digits[c & 15]);
        }
    }
    return buf_str(&buf);
}

static void add_field(struct buf *form, const char *name, str value)
{
    if (value.len == 0)
        return;
    str encoded = form_encode(value, form->arena);
    if (form->len > 0)
        buf_char(form, '&');
    buf_format(form, "%s=%.*s", name, STR_ARG(encoded));
}

str oauth_body(const struct credential *credential, struct arena *arena)
{
    struct buf form;
    buf_init(&form, arena, SIZE_MAX / 2);
    add_field(&form, "grant_type", STR("client_credentials"));
    add_field(&form, "scope", credential->scope);
    add_field(&form, "audience", credential->audience);
    if (credential->in_body) {
        add_field(&form, "client_id", credential->client_id);
        add_field(&form, "client_secret", credential->client_secret);
    }
    return buf_str(&form);
}

str oauth_authorization(const struct credential *credential, struct arena *arena)
{
    if (credential->in_body)
        return (str){};
    str pair = arena_format(arena, "%.*s:%.*s", STR_ARG(form_encode(credential->client_id, arena)),
                            STR_ARG(form_encode(credential->client_secret, arena)));
    return arena_format(arena, "Authorization: Basic %.*s", STR_ARG(base64_write(arena, pair)));
}

/* ── what others wrote, for people ── */

static bool is_token_character(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || (c != '\0' && strchr("-_.~+=", c) != NULL);
}

static bool may_be_secret(str run)
{
    bool digits = false;
    bool letters = false;
    for (size_t i = 0; i < run.len; i++) {
        digits = digits || char_is_digit(run.ptr[i]);
        letters = letters || char_is_alpha(run.ptr[i]);
    }
    /* The numbers by which a server's own log is searched are mostly UUIDs. */
    return run.len >= SECRET_RUN && digits && letters && !uuid_is_valid(run);
}

static str without_runs(str text, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, 2 * text.len + MASKED.len);
    while (text.len > 0) {
        size_t length = 0;
        while (length < text.len && is_token_character(text.ptr[length]))
            length++;
        str run = str_head(text, MAX_OF(length, (size_t)1));
        buf_add(&buf, may_be_secret(run) ? MASKED : run);
        text = str_skip(text, run.len);
    }
    return buf_str(&buf);
}

static bool contains(str text, str part)
{
    return part.len > 0 && text.len >= part.len &&
           memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

static str printable(str text, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, QUOTED_MAX + 8);
    for (size_t i = 0; i < MIN_OF(text.len, (size_t)QUOTED_MAX); i++)
        buf_char(&buf, text.ptr[i] >= ' ' && text.ptr[i] < 0x7f ? text.ptr[i] : '?');
    if (text.len > QUOTED_MAX)
        buf_add(&buf, STR("…"));
    return buf_str(&buf);
}

static str quote(str text, const struct credential *credential, struct arena *arena)
{
    if (contains(text, credential->client_secret))
        return MASKED;
    /* Before it is cut: a token that lost its end is not one any more, and half a secret. */
    return printable(redact_plain(without_runs(text, arena), arena), arena);
}

/* ── the answer ── */

/* RFC 6749 §5.2. */
static str advice(str code)
{
    if (str_equal(code, STR("invalid_client")))
        return STR("; check the client id and its secret, and how the server wants them sent");
    if (str_equal(code, STR("invalid_scope")))
        return STR("; check the scope");
    if (str_equal(code, STR("unauthorized_client")) ||
        str_equal(code, STR("unsupported_grant_type")))
        return STR("; the server must allow this client the grant client_credentials");
    return (str){};
}

static str explain_error(int status, json body, const struct credential *credential,
                         struct arena *arena)
{
    str code = json_string(json_get(body, STR("error")));
    str description = json_string(json_get(body, STR("error_description")));
    if (code.len == 0 && status / 100 == 3)
        return arena_format(arena,
                            "answered %d, a redirect, which Junctor does not follow: change the "
                            "token URL",
                            status);
    if (code.len == 0)
        return arena_format(arena, "answered %d", status);
    if (description.len == 0)
        return arena_format(arena, "answered %d: %.*s%.*s", status,
                            STR_ARG(quote(code, credential, arena)), STR_ARG(advice(code)));
    return arena_format(arena, "answered %d: %.*s (%.*s)%.*s", status,
                        STR_ARG(quote(code, credential, arena)),
                        STR_ARG(quote(description, credential, arena)), STR_ARG(advice(code)));
}

/* RFC 6750 §2.1 allows less, and servers give more. */
static bool fits_header(str token)
{
    for (size_t i = 0; i < token.len; i++)
        if (token.ptr[i] <= ' ' || token.ptr[i] >= 0x7f)
            return false;
    return token.len <= OAUTH_TOKEN_MAX;
}

/* A number, or the text of one: some servers quote it. */
static int64_t life_of(json expires_in)
{
    int64_t seconds;
    bool read = json_type(expires_in) == JSON_STRING
                    ? json_number_to_int64(json_string(expires_in), &seconds)
                    : json_to_int64(expires_in, &seconds);
    if (!read || seconds <= 0)
        return OAUTH_LIFE_MS;
    return MIN_OF(seconds, OAUTH_LIFE_MAX_MS / 1000) * 1000;
}

static str read_token(json body, const struct credential *credential, struct arena *arena,
                      struct oauth_token *ret_token)
{
    str value = json_string(json_get(body, STR("access_token")));
    json type = json_get(body, STR("token_type"));
    if (!fits_header(value))
        return arena_format(arena,
                            "gave an access_token that no header can carry: it must be printable "
                            "ASCII, and %d KiB at most",
                            (int)(OAUTH_TOKEN_MAX / 1024));
    /* Required by RFC 6749 §5.1, and left out, or null, by some that mean Bearer. */
    bool typed = json_type(type) != JSON_ABSENT && json_type(type) != JSON_NULL;
    if (typed && !str_equal_nocase(json_string(type), STR("Bearer")))
        return arena_format(arena,
                            "gave a token of the type \"%.*s\", and Junctor knows Bearer only",
                            STR_ARG(quote(json_string(type), credential, arena)));
    *ret_token = (struct oauth_token){ .value = arena_str(arena, value),
                                       .life_ms = life_of(json_get(body, STR("expires_in"))) };
    return (str){};
}

str oauth_read(const struct oauth_answer *answer, const struct credential *credential,
               struct arena *arena, struct oauth_token *ret_token)
{
    json body = NULL;
    struct json_error error;
    bool whole = answer->length <= (int64_t)answer->body.len;
    bool good = answer->status >= 200 && answer->status < 300;
    bool object = whole && json_read(arena, answer->body, JSON_DEPTH, &body, &error) &&
                  json_type(body) == JSON_OBJECT;
    if (!good)
        return explain_error(answer->status, object ? body : NULL, credential, arena);
    if (!whole)
        return arena_format(arena, "answered %d with %lld bytes, which is no token", answer->status,
                            (long long)answer->length);
    if (!object)
        return arena_format(arena, "answered %d with something that is not a JSON object",
                            answer->status);
    if (json_string(json_get(body, STR("access_token"))).len > 0)
        return read_token(body, credential, arena, ret_token);
    if (json_string(json_get(body, STR("error"))).len > 0)
        return explain_error(answer->status, body, credential, arena);
    return arena_format(arena, "answered %d without an access_token", answer->status);
}
