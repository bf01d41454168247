/* SPDX-License-Identifier: MIT
 * base/digest.h: SHA-256 (FIPS 180-4), HMAC-SHA256 (RFC 2104), comparison in constant time, random
 * bytes, and how bytes are spelled: hex, base64 (RFC 4648 §4), UUIDs (RFC 9562). */
#pragma once

#include "base/arena.h"

#define DIGEST_SIZE 32

struct digest {
    unsigned char bytes[DIGEST_SIZE];
};

struct digest digest_sha256(str data);

/* Constant time for equal lengths; the length is no secret. */
MUST_USE bool bytes_equal_secret(str a, str b);

static inline str digest_str(const struct digest *digest)
{
    return str_from(digest->bytes, DIGEST_SIZE);
}

/* A keyed HMAC-SHA256, used again and again: begin, add as often as need be, finish. Owned by one
 * thread. */
struct hmac;

MUST_USE struct hmac *hmac_new(str key);
void hmac_free(struct hmac *hmac);
void hmac_freep(struct hmac **hmac);
void hmac_begin(struct hmac *hmac);
void hmac_add(struct hmac *hmac, str data);
struct digest hmac_finish(struct hmac *hmac);

/* From the operating system's generator. */
void random_bytes(void *to, size_t size);

/* 62 letters and digits, evenly: `length` characters, about 5.95 bits each. */
str random_text(struct arena *arena, size_t length);

str hex_write(struct arena *arena, str bytes);
str base64_write(struct arena *arena, str bytes);

/* Standard alphabet, padding required, nothing else allowed. */
MUST_USE bool base64_read(struct arena *arena, str text, str *ret_bytes);

#define UUID_TEXT_LEN 36

/* RFC 9562 version 4, lower case; writes UUID_TEXT_LEN bytes, no NUL. */
void uuid_draw(char *text);

MUST_USE bool uuid_is_valid(str text);
