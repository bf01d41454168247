/* SPDX-License-Identifier: MIT */
#include "base/secret.h"

#include <sodium.h>

#include "base/digest.h"

/* OWASP's first choice for Argon2id: 19 MiB, two passes, one lane. */
#define PASSWORD_MEMORY ((size_t)19 << 20)
#define PASSWORD_PASSES 2

void seal_key_draw(struct seal_key *key)
{
    random_bytes(key->bytes, sizeof(key->bytes));
}

bool seal_key_read(str text, struct seal_key *ret_key)
{
    text = str_trim(text);
    size_t size = 0;
    const char *end = NULL;
    return text.len == (size_t)SEAL_KEY_SIZE * 2 &&
           sodium_hex2bin(ret_key->bytes, sizeof(ret_key->bytes), text.ptr, text.len, NULL, &size,
                          &end) == 0 &&
           size == SEAL_KEY_SIZE;
}

str seal_key_check(const struct seal_key *key, struct arena *arena)
{
    static const char label[] = "junctor sealing key check";
    unsigned char check[16];
    (void)crypto_generichash(check, sizeof(check), (const unsigned char *)label, sizeof(label) - 1,
                             key->bytes, sizeof(key->bytes));
    return hex_write(arena, str_from(check, sizeof(check)));
}

/* A nonce must never come twice under one key: 16 bytes that each thread draws once, and a count. */
static void draw_nonce(unsigned char *nonce)
{
    static _Thread_local struct {
        unsigned char drawn[16];
        uint64_t count;
    } own;

    static_assert(sizeof(own) == crypto_secretbox_NONCEBYTES, "");
    if (own.count++ == 0)
        random_bytes(own.drawn, sizeof(own.drawn));
    memcpy(nonce, &own, sizeof(own));
}

str seal(const struct seal_key *key, str plain, struct arena *arena)
{
    static_assert(SEAL_OVERHEAD == crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES, "");
    static_assert(SEAL_KEY_SIZE == crypto_secretbox_KEYBYTES, "");
    unsigned char *box = (unsigned char *)arena_bytes(arena, plain.len + SEAL_OVERHEAD);
    draw_nonce(box);
    (void)crypto_secretbox_easy(box + crypto_secretbox_NONCEBYTES, (const unsigned char *)plain.ptr,
                                plain.len, box, key->bytes);
    return str_from(box, plain.len + SEAL_OVERHEAD);
}

bool unseal(const struct seal_key *key, str sealed, struct arena *arena, str *ret_plain)
{
    if (sealed.len < SEAL_OVERHEAD)
        return false;
    const unsigned char *box = (const unsigned char *)sealed.ptr;
    size_t length = sealed.len - SEAL_OVERHEAD;
    unsigned char *plain = (unsigned char *)arena_bytes(arena, length + 1);
    if (crypto_secretbox_open_easy(plain, box + crypto_secretbox_NONCEBYTES,
                                   sealed.len - crypto_secretbox_NONCEBYTES, box, key->bytes) != 0)
        return false;
    *ret_plain = str_from(plain, length);
    return true;
}

str password_hash(str password, struct arena *arena)
{
    char *hash = arena_bytes(arena, crypto_pwhash_STRBYTES);
    int r = crypto_pwhash_str_alg(hash, password.ptr, password.len, PASSWORD_PASSES,
                                  PASSWORD_MEMORY, crypto_pwhash_ALG_ARGON2ID13);
    assert(r == 0); /* fails only when memory is out */
    return str_from(hash, strlen(hash));
}

bool password_matches(str password, str hash)
{
    char text[crypto_pwhash_STRBYTES] = {};
    if (hash.len == 0 || hash.len >= sizeof(text))
        return false;
    memcpy(text, hash.ptr, hash.len);
    /* libsodium wants a pointer even to nothing. */
    return crypto_pwhash_str_verify(text, password.len == 0 ? "" : password.ptr, password.len) == 0;
}
