/* SPDX-License-Identifier: MIT */
#include "api/secrets.h"

#include "base/digest.h"

#define KEY_LENGTH 40
#define HINT_LENGTH 4
#define SIGNING_KEY_SIZE 32
/* As the specification of Standard Webhooks has it. */
#define SIGNING_KEY_LEAST 24
#define SIGNING_KEY_MOST 64

str api_key_draw(struct api_key_row *row, struct arena *arena)
{
    str key = arena_format(arena, "jnk_%.*s", STR_ARG(random_text(arena, KEY_LENGTH)));
    struct digest hash = digest_sha256(key);
    row->hash = arena_str(arena, digest_str(&hash));
    row->hint = str_skip(key, key.len - HINT_LENGTH);
    return key;
}

str webhook_secret_draw(struct endpoint_row *row, const struct seal_key *seal_key,
                        struct arena *arena)
{
    char *bytes = arena_bytes(arena, SIGNING_KEY_SIZE);
    random_bytes(bytes, SIGNING_KEY_SIZE);
    str key = str_from(bytes, SIGNING_KEY_SIZE);
    row->secret = seal(seal_key, key, arena);
    return webhook_secret_text(key, arena);
}

str webhook_secret_text(str key, struct arena *arena)
{
    return arena_format(arena, "whsec_%.*s", STR_ARG(base64_write(arena, key)));
}

bool webhook_secret_read(str text, struct arena *arena, str *ret_key)
{
    str prefix = STR("whsec_");
    return str_starts(text, prefix) && base64_read(arena, str_skip(text, prefix.len), ret_key) &&
           ret_key->len >= SIGNING_KEY_LEAST && ret_key->len <= SIGNING_KEY_MOST;
}
