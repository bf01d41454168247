/* SPDX-License-Identifier: MIT
 * base/secret.h: the key that seals secrets at rest (XSalsa20-Poly1305, libsodium's secretbox), and
 * passwords (Argon2id). A struct seal_key has no way into the log: no function there takes one. */
#pragma once

#include "base/arena.h"

#define SEAL_KEY_SIZE 32
#define SEAL_OVERHEAD 40 /* nonce and tag */

struct seal_key {
    unsigned char bytes[SEAL_KEY_SIZE];
};

void seal_key_draw(struct seal_key *key);

/* 64 hexadecimal digits, white space around them allowed. */
MUST_USE bool seal_key_read(str text, struct seal_key *ret_key);

/* Tells keys apart without telling them: stored, and compared at each start. Hexadecimal. */
str seal_key_check(const struct seal_key *key, struct arena *arena);

/* nonce ‖ tag ‖ ciphertext, plain.len + SEAL_OVERHEAD bytes. */
str seal(const struct seal_key *key, str plain, struct arena *arena);

/* False: another key, or not sealed by us, or changed since. */
MUST_USE bool unseal(const struct seal_key *key, str sealed, struct arena *arena, str *ret_plain);

/* Slow on purpose (about 50 ms and 19 MiB): never on a loop or the committer. */
str password_hash(str password, struct arena *arena);
MUST_USE bool password_matches(str password, str hash);
