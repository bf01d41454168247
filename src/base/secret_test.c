/* SPDX-License-Identifier: MIT */
#include "base/secret.h"

#include <pthread.h>

#include "base/testing.h"

TEST(seals)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct seal_key key;
    struct seal_key other;
    seal_key_draw(&key);
    seal_key_draw(&other);
    static const str texts[] = { STR_INIT(""), STR_INIT("whsec_abc"), STR_INIT("a\0b") };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        str sealed = seal(&key, texts[i], &arena);
        str plain;
        CHECK_INT("length", sealed.len, texts[i].len + SEAL_OVERHEAD);
        CHECK("opens", unseal(&key, sealed, &arena, &plain));
        CHECK_STR("the same", plain, texts[i]);
        CHECK("not with another key", !unseal(&other, sealed, &arena, &plain));
        CHECK("never the same twice", !str_equal(sealed, seal(&key, texts[i], &arena)));
        for (size_t at = 0; at < sealed.len; at++) {
            str changed = arena_str(&arena, sealed);
            char *bytes = arena_bytes(&arena, sealed.len);
            memcpy(bytes, changed.ptr, changed.len);
            bytes[at] ^= 1;
            CHECK("not when changed", !unseal(&key, str_from(bytes, sealed.len), &arena, &plain));
        }
        for (size_t length = 0; length < sealed.len; length++)
            CHECK("not when cut", !unseal(&key, str_head(sealed, length), &arena, &plain));
    }
}

/* Each thread has nonces of its own. */
static void *seal_twice(void *sealed)
{
    const struct seal_key key = {};
    for (int i = 0; i < 2; i++) {
        struct arena arena = {};
        str one = seal(&key, STR("the same"), &arena);
        memcpy((char *)sealed + (size_t)i * (SEAL_OVERHEAD + 8), one.ptr, one.len);
        arena_done(&arena);
    }
    return NULL;
}

TEST(seals_with_a_nonce_of_its_own)
{
    static char sealed[3][2][SEAL_OVERHEAD + 8];
    pthread_t threads[2];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        CHECK_INT("begins", pthread_create(&threads[i], NULL, seal_twice, sealed[i]), 0);
    (void)seal_twice(sealed[2]);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        CHECK_INT("ends", pthread_join(threads[i], NULL), 0);
    const char *all = sealed[0][0];
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < i; j++)
            CHECK("another nonce",
                  memcmp(all + i * sizeof(sealed[0][0]), all + j * sizeof(sealed[0][0]), 24) != 0);
}

TEST(reads_keys)
{
    static const struct {
        const char *label;
        str text;
        bool good;
    } cases[] = {
        { "hexadecimal",
          STR_INIT("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"), true },
        { "in capitals, with white space",
          STR_INIT(" 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\n"), true },
        { "too short", STR_INIT("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"),
          false },
        { "too long",
          STR_INIT("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"), false },
        { "not hexadecimal",
          STR_INIT("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1exx"), false },
        { "nothing", {}, false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct seal_key key = {};
        CHECK_INT(cases[i].label, seal_key_read(cases[i].text, &key), cases[i].good);
        if (cases[i].good)
            CHECK_INT(cases[i].label, key.bytes[31], 0x1f);
    }
}

TEST(tells_keys_apart)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct seal_key a;
    struct seal_key b;
    seal_key_draw(&a);
    seal_key_draw(&b);
    CHECK_STR("the same", seal_key_check(&a, &arena), seal_key_check(&a, &arena));
    CHECK("another", !str_equal(seal_key_check(&a, &arena), seal_key_check(&b, &arena)));
    CHECK_INT("length", seal_key_check(&a, &arena).len, 32);
}

TEST(passwords)
{
    CLEANUP(arena_done) struct arena arena = {};
    str hash = password_hash(STR("correct horse"), &arena);
    CHECK("Argon2id", str_starts(hash, STR("$argon2id$")));
    CHECK("matches", password_matches(STR("correct horse"), hash));
    CHECK("another", !password_matches(STR("correct horsf"), hash));
    CHECK("empty", !password_matches((str){}, hash));
    CHECK("no hash", !password_matches(STR("x"), STR("")));
    CHECK("not a hash", !password_matches(STR("x"), STR("plain")));
    char longer[300];
    memset(longer, 'x', sizeof(longer));
    CHECK("too long for a hash", !password_matches(STR("x"), str_from(longer, sizeof(longer))));
}

RUN_TESTS(cmocka_unit_test(seals), cmocka_unit_test(seals_with_a_nonce_of_its_own),
          cmocka_unit_test(reads_keys), cmocka_unit_test(tells_keys_apart),
          cmocka_unit_test(passwords))
