/* SPDX-License-Identifier: MIT
 * Invariants: (1) a line has no line end in it, which the check of what is saved sees to; (2) a
 * head has as many lines masked as before, with the same names. */
#include "delivery/headers.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/redact.h"

void headers_add(struct header_list *list, char *line, struct arena *arena)
{
    struct curl_slist *node = ARENA_NEW(arena, struct curl_slist);
    node->data = line;
    if (list->last == NULL)
        list->first = node;
    else
        list->last->next = node;
    list->last = node;
}

static str basic(const struct credential *credential, struct arena *arena)
{
    str pair = arena_format(arena, "%.*s:%.*s", STR_ARG(credential->username),
                            STR_ARG(credential->password));
    return arena_format(arena, "Authorization: Basic %.*s", STR_ARG(base64_write(arena, pair)));
}

str headers_bearer(str token, struct arena *arena)
{
    return arena_format(arena, "Authorization: Bearer %.*s", STR_ARG(str_trim(token)));
}

str headers_authorization(const struct credential *credential, struct arena *arena)
{
    switch (credential->kind) {
    case CREDENTIAL_BASIC:
        return basic(credential, arena);
    case CREDENTIAL_BEARER:
        return headers_bearer(credential->token, arena);
    case CREDENTIAL_NONE:
    case CREDENTIAL_OAUTH2:
        break;
    }
    return (str){};
}

void headers_add_own(struct header_list *list, const struct transport *transport,
                     struct arena *arena)
{
    for (int i = 0; i < transport->header_count; i++) {
        const struct header_line *header = &transport->headers[i];
        /* libcurl: "Name:" leaves a header out, "Name;" sends it empty. */
        str value = str_trim(header->value);
        str line = value.len == 0
                       ? arena_format(arena, "%.*s;", STR_ARG(header->name))
                       : arena_format(arena, "%.*s: %.*s", STR_ARG(header->name), STR_ARG(value));
        headers_add(list, arena_c(arena, line), arena);
    }
}

/* ── masks ── */

static bool is_secret(str name, const struct transport *transport)
{
    if (str_equal_nocase(name, STR("Authorization")) ||
        str_equal_nocase(name, STR("Proxy-Authorization")))
        return true;
    for (int i = 0; i < transport->header_count; i++)
        if (transport->headers[i].secret && str_equal_nocase(name, transport->headers[i].name))
            return true;
    return false;
}

static bool has_secrets(const struct transport *transport)
{
    if (transport->credential.kind != CREDENTIAL_NONE || transport->proxy.len > 0)
        return true;
    for (int i = 0; i < transport->header_count; i++)
        if (transport->headers[i].secret)
            return true;
    return false;
}

str headers_mask(str head, const struct transport *transport, struct arena *arena)
{
    if (!has_secrets(transport))
        return head;
    struct buf masked;
    /* A line of "N:" can grow, by what is written for its value. */
    buf_init(&masked, arena, head.len * (MASKED.len + 2) + 1);
    while (head.len > 0) {
        bool whole = str_index(head, '\n') >= 0;
        str line = str_cut(&head, '\n');
        str value = line;
        str name = str_cut(&value, ':');
        if (name.len < line.len && is_secret(name, transport)) {
            buf_add(&masked, name);
            buf_add(&masked, STR(": "));
            buf_add(&masked, MASKED);
            buf_add(&masked, str_ends(line, STR("\r")) ? STR("\r") : (str){});
        } else {
            buf_add(&masked, line);
        }
        buf_add(&masked, whole ? STR("\n") : (str){});
    }
    assert(!buf_overflowed(&masked));
    return buf_str(&masked);
}

/* What of a header's value is the secret: behind the scheme, as in "Basic …". */
static str secret_of(str name, str value)
{
    value = str_trim(value);
    if (str_equal_nocase(name, STR("Authorization")) && str_index(value, ' ') >= 0)
        (void)str_cut(&value, ' ');
    return value;
}

static str replace(str text, str secret, struct arena *arena)
{
    const char *at = memmem(text.ptr, text.len, secret.ptr, secret.len);
    if (at == NULL)
        return text;
    struct buf buf;
    buf_init(&buf, arena, text.len * 2); /* what is written is not twice as long as a secret */
    for (; at != NULL; at = memmem(text.ptr, text.len, secret.ptr, secret.len)) {
        size_t before = (size_t)(at - text.ptr);
        buf_add(&buf, str_head(text, before));
        buf_add(&buf, MASKED);
        text = str_skip(text, before + secret.len);
    }
    buf_add(&buf, text);
    return buf_str(&buf);
}

/* The longest beginning of the secret that the text ends with. */
static str replace_end(str text, str secret, struct arena *arena)
{
    size_t len = MIN_OF(secret.len - 1, text.len);
    while (len >= HEADERS_ECHO_CUT_LEAST && !str_ends(text, str_head(secret, len)))
        len--;
    if (len < HEADERS_ECHO_CUT_LEAST)
        return text;
    struct buf buf;
    buf_init(&buf, arena, text.len + MASKED.len);
    buf_add(&buf, str_head(text, text.len - len));
    buf_add(&buf, MASKED);
    return buf_str(&buf);
}

str headers_mask_echo(str text, bool cut, const struct curl_slist *sent,
                      const struct transport *transport, struct arena *arena)
{
    if (!has_secrets(transport))
        return text;
    for (const struct curl_slist *at = sent; at != NULL; at = at->next) {
        str value = str_c(at->data);
        str name = str_cut(&value, ':');
        str secret = secret_of(name, value);
        if (secret.len < HEADERS_ECHO_LEAST || text.len == 0 || !is_secret(name, transport))
            continue;
        text = replace(text, secret, arena);
        if (cut)
            text = replace_end(text, secret, arena);
    }
    return text;
}

str headers_mask_secret(str text, str secret, struct arena *arena)
{
    return text.len == 0 || secret.len < HEADERS_ECHO_LEAST ? text : replace(text, secret, arena);
}
