/* SPDX-License-Identifier: MIT
 * Any bytes, and a secret behind them: whatever they are, the secret does not show; and the head is
 * never longer than asked for. */
#include "base/redact.h"

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "qXqXq"

static bool has_secret(str text)
{
    for (size_t at = 0; at + sizeof(SECRET) - 1 <= text.len; at++)
        if (str_starts(str_skip(text, at), STR(SECRET)))
            return true;
    return false;
}

static void hides(str before, str secret)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct buf text;
    buf_init(&text, &arena, SIZE_MAX / 2);
    buf_add(&text, before);
    buf_add(&text, secret);
    assert(!has_secret(redact(buf_str(&text), &arena)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena CLEANUP(arena_done) arena = {};
    str text = str_from(data, size);
    str all = redact(text, &arena);
    assert(all.len <= size * 11 + 11); /* one byte becomes "(masked)" and its quotes at most */
    assert(redact_plain(text, &arena).len <= size * 11 + 11);
    size_t most = size == 0 ? 0 : data[0];
    assert(redact_head(text, most, &arena).len <= most);
    if (has_secret(text))
        return 0;
    hides(text, STR("\"password\":\"" SECRET "\"}"));
    hides(text, STR("&access_token=" SECRET "&"));
    hides(text, STR("\r\nAuthorization: " SECRET));
    return 0;
}
