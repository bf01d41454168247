/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <stdlib.h>

struct digest digest_sha256(str data)
{
    struct digest digest;
    (void)SHA256((const unsigned char *)data.ptr, data.len, digest.bytes);
    return digest;
}

bool bytes_equal_secret(str a, str b)
{
    return a.len == b.len && sodium_memcmp(a.ptr, b.ptr, a.len) == 0;
}

struct hmac {
    EVP_MAC_CTX *context;
};

struct hmac *hmac_new(str key)
{
    struct hmac *hmac = NEW(struct hmac);
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    char name[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    hmac->context = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    assert(hmac->context != NULL);
    /* An empty key would read as "keep the key there is"; a single zero byte is the same key. */
    str present = key.len == 0 ? str_from("\0", 1) : key;
    int done =
        EVP_MAC_init(hmac->context, (const unsigned char *)present.ptr, present.len, parameters);
    assert(done == 1);
    return hmac;
}

void hmac_free(struct hmac *hmac)
{
    if (hmac == NULL)
        return;
    EVP_MAC_CTX_free(hmac->context);
    free(hmac);
}

void hmac_freep(struct hmac **hmac)
{
    hmac_free(*hmac);
}

void hmac_begin(struct hmac *hmac)
{
    int done = EVP_MAC_init(hmac->context, NULL, 0, NULL);
    assert(done == 1);
}

void hmac_add(struct hmac *hmac, str data)
{
    int done = EVP_MAC_update(hmac->context, (const unsigned char *)data.ptr, data.len);
    assert(done == 1);
}

struct digest hmac_finish(struct hmac *hmac)
{
    struct digest digest;
    size_t size = 0;
    int done = EVP_MAC_final(hmac->context, digest.bytes, &size, sizeof(digest.bytes));
    assert(done == 1 && size == DIGEST_SIZE);
    return digest;
}

void random_bytes(void *to, size_t size)
{
    randombytes_buf(to, size);
}

str random_text(struct arena *arena, size_t length)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char *text = arena_bytes(arena, length);
    for (size_t i = 0; i < length; i++)
        text[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
    return str_from(text, length);
}

str hex_write(struct arena *arena, str bytes)
{
    char *text = arena_bytes(arena, bytes.len * 2 + 1);
    (void)sodium_bin2hex(text, bytes.len * 2 + 1, (const unsigned char *)bytes.ptr, bytes.len);
    return str_from(text, bytes.len * 2);
}

str base64_write(struct arena *arena, str bytes)
{
    size_t room = sodium_base64_ENCODED_LEN(bytes.len, sodium_base64_VARIANT_ORIGINAL);
    char *text = arena_bytes(arena, room);
    (void)sodium_bin2base64(text, room, (const unsigned char *)bytes.ptr, bytes.len,
                            sodium_base64_VARIANT_ORIGINAL);
    return str_from(text, strlen(text));
}

bool base64_read(struct arena *arena, str text, str *ret_bytes)
{
    size_t room = text.len / 4 * 3 + 3;
    char *bytes = arena_bytes(arena, room);
    size_t length = 0;
    const char *end = NULL;
    if (sodium_base642bin((unsigned char *)bytes, room, text.ptr, text.len, NULL, &length, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != text.ptr + text.len)
        return false;
    *ret_bytes = str_from(bytes, length);
    return true;
}

void uuid_draw(char *text)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[16];
    random_bytes(bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        *text++ = hex[bytes[i] >> 4];
        *text++ = hex[bytes[i] & 15];
    }
}

bool uuid_is_valid(str text)
{
    if (text.len != UUID_TEXT_LEN)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : !(char_is_digit(c) || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}
