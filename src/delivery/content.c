/* SPDX-License-Identifier: MIT
 * Invariants: (1) the body depends on event and format alone, so a repeat sends the same bytes; (2)
 * webhook-id depends on the delivery alone; (3) no header value holds a byte that the event brought
 * along. */
#include "delivery/content.h"

#include "base/buf.h"
#include "base/id.h"
#include "base/instant.h"

str content_body(const struct content *content, enum webhook_format format, struct arena *arena)
{
    if (format == FORMAT_BARE)
        return content->data;
    char timestamp[INSTANT_TEXT_LEN];
    instant_write(content->at_ms, timestamp);
    struct buf body;
    /* At worst each byte of the type takes six. */
    size_t most = content->data.len + 6 * content->type.len + 128;
    buf_init(&body, arena, most);
    const char *room = buf_reserve(&body, most); /* in one piece */
    assert(room != NULL);
    buf_add(&body, STR("{\"type\":"));
    buf_quoted(&body, content->type);
    buf_add(&body, STR(",\"timestamp\":\""));
    buf_add(&body, str_from(timestamp, sizeof(timestamp)));
    buf_add(&body, STR("\",\"data\":"));
    buf_add(&body, content->data.len > 0 ? content->data : STR("null"));
    buf_char(&body, '}');
    assert(!buf_overflowed(&body));
    return buf_str(&body);
}

static char *line(struct arena *arena, str name, str value)
{
    char *text = arena_bytes(arena, name.len + value.len + 3);
    memcpy(text, name.ptr, name.len);
    memcpy(text + name.len, ": ", 2);
    memcpy(text + name.len + 2, value.ptr, value.len);
    text[name.len + 2 + value.len] = '\0';
    return text;
}

static str number(int64_t value, struct arena *arena)
{
    struct buf text;
    buf_init(&text, arena, 24);
    buf_int(&text, value);
    return buf_str(&text);
}

static struct digest sign(struct hmac *key, str id, str timestamp, str body)
{
    hmac_begin(key);
    hmac_add(key, id);
    hmac_add(key, STR("."));
    hmac_add(key, timestamp);
    hmac_add(key, STR("."));
    hmac_add(key, body);
    return hmac_finish(key);
}

/* By each key that signs now; empty: by none. */
static str signatures(const struct content_signing *signing, str id, str timestamp,
                      struct arena *arena)
{
    struct buf text;
    buf_init(&text, arena, SIZE_MAX / 2);
    for (int i = 0; i < signing->key_count; i++) {
        const struct content_key *key = &signing->keys[i];
        if (key->until_ms != 0 && key->until_ms <= signing->at_ms)
            continue;
        struct digest digest = sign(key->hmac, id, timestamp, signing->body);
        buf_add(&text, text.len > 0 ? STR(" v1,") : STR("v1,"));
        buf_add(&text, base64_write(arena, digest_str(&digest)));
    }
    return buf_str(&text);
}

int content_headers(const struct content_signing *signing, int hops, struct arena *arena,
                    char *ret_lines[CONTENT_HEADERS])
{
    char id_text[ID_TEXT_MAX];
    char outlet_text[ID_TEXT_MAX];
    str id = id_write(ID_DELIVERY, signing->delivery, id_text);
    str timestamp = number(signing->at_ms / 1000, arena);
    int count = 0;
    /* libcurl: "Name:" leaves a header out. */
    ret_lines[count++] = signing->type.len > 0 ? line(arena, STR("Content-Type"), signing->type)
                                               : arena_c(arena, STR("Content-Type:"));
    ret_lines[count++] = line(arena, STR("Junctor-Hops"), number(hops, arena));
    ret_lines[count++] = line(arena, STR("Junctor-Outlet"),
                              id_write(signing->outlet_kind, signing->outlet, outlet_text));
    ret_lines[count++] = line(arena, STR("webhook-id"), id);
    ret_lines[count++] = line(arena, STR("webhook-timestamp"), timestamp);
    str signature = signatures(signing, id, timestamp, arena);
    if (signature.len > 0)
        ret_lines[count++] = line(arena, STR("webhook-signature"), signature);
    return count;
}
