/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include "base/testing.h"

TEST(sha256)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct digest digest = digest_sha256((str){});
    CHECK_STR("nothing", hex_write(&arena, digest_str(&digest)),
              STR("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    struct digest abc = digest_sha256(STR("abc"));
    CHECK_STR("FIPS 180-4's example", hex_write(&arena, digest_str(&abc)),
              STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

TEST(hmac_sha256)
{
    static const struct {
        const char *label;
        str key;
        str data;
        str want;
    } cases[] = {
        { "RFC 4231, 1",
          STR_INIT("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
                   "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"),
          STR_INIT("Hi There"),
          STR_INIT("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7") },
        { "RFC 4231, 2", STR_INIT("Jefe"), STR_INIT("what do ya want for nothing?"),
          STR_INIT("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843") },
        { "no key, no data",
          {},
          {},
          STR_INIT("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        CLEANUP(hmac_freep) struct hmac *hmac = hmac_new(cases[i].key);
        for (int again = 0; again < 3; again++) {
            hmac_begin(hmac);
            for (size_t at = 0; at < cases[i].data.len; at++)
                hmac_add(hmac, str_from(cases[i].data.ptr + at, 1));
            hmac_add(hmac, (str){});
            struct digest digest = hmac_finish(hmac);
            CHECK_STR(cases[i].label, hex_write(&arena, digest_str(&digest)), cases[i].want);
        }
    }
    hmac_free(NULL);
}

TEST(compares_secrets)
{
    CHECK("equal", bytes_equal_secret(STR("secret"), STR("secret")));
    CHECK("one byte", !bytes_equal_secret(STR("secret"), STR("secreT")));
    CHECK("length", !bytes_equal_secret(STR("secret"), STR("secre")));
    CHECK("empty", bytes_equal_secret(STR(""), STR("")));
}

TEST(base64)
{
    static const struct {
        str bytes;
        str text;
    } cases[] = {
        { STR_INIT(""), STR_INIT("") },
        { STR_INIT("f"), STR_INIT("Zg==") },
        { STR_INIT("fo"), STR_INIT("Zm8=") },
        { STR_INIT("foo"), STR_INIT("Zm9v") },
        { STR_INIT("foobar"), STR_INIT("Zm9vYmFy") },
        { STR_INIT("\xfb\xff\xfe"), STR_INIT("+//+") },
        { STR_INIT("\0"), STR_INIT("AA==") },
    };

    CLEANUP(arena_done) struct arena arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CHECK_STR("write", base64_write(&arena, cases[i].bytes), cases[i].text);
        str bytes;
        CHECK("read", base64_read(&arena, cases[i].text, &bytes));
        CHECK_STR("read", bytes, cases[i].bytes);
    }
    static const str refused[] = { STR_INIT("Zg"),    STR_INIT("Zg="),  STR_INIT("Zm9v\n"),
                                   STR_INIT("Z g=="), STR_INIT("-__-"), STR_INIT("Zg==Zg==") };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        str bytes;
        CHECK(refused[i].ptr, !base64_read(&arena, refused[i], &bytes));
    }
}

TEST(draws)
{
    CLEANUP(arena_done) struct arena arena = {};
    str a = random_text(&arena, 40);
    str b = random_text(&arena, 40);
    CHECK_INT("length", a.len, 40);
    CHECK("differs", !str_equal(a, b));
    for (size_t i = 0; i < a.len; i++)
        CHECK("letters and digits", char_is_alpha(a.ptr[i]) || char_is_digit(a.ptr[i]));
    unsigned char bytes[32] = {};
    random_bytes(bytes, sizeof(bytes));
    struct digest zero = {};
    CHECK("not all zero", memcmp(bytes, zero.bytes, sizeof(bytes)) != 0);
}

TEST(uuids)
{
    char a[UUID_TEXT_LEN];
    char b[UUID_TEXT_LEN];
    for (int i = 0; i < 1000; i++) {
        uuid_draw(a);
        uuid_draw(b);
        CHECK("valid", uuid_is_valid(str_from(a, UUID_TEXT_LEN)));
        CHECK("differs", memcmp(a, b, UUID_TEXT_LEN) != 0);
        CHECK_INT("version", a[14], '4');
        CHECK("variant", strchr("89ab", a[19]) != NULL);
    }

    static const struct {
        str text;
        bool valid;
    } cases[] = {
        { STR_INIT("0123abcd-0123-4123-8123-0123456789ab"), true },
        { STR_INIT("0123ABCD-0123-4123-8123-0123456789ab"), false },
        { STR_INIT("0123abcd-0123-4123-8123-0123456789a"), false },
        { STR_INIT("0123abcd-0123-4123-8123-0123456789abc"), false },
        { STR_INIT("0123abcd00123-4123-8123-0123456789ab"), false },
        { STR_INIT("0123abcg-0123-4123-8123-0123456789ab"), false },
        { STR_INIT(""), false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_INT(cases[i].text.ptr, uuid_is_valid(cases[i].text), cases[i].valid);
}

RUN_TESTS(cmocka_unit_test(sha256), cmocka_unit_test(hmac_sha256),
          cmocka_unit_test(compares_secrets), cmocka_unit_test(base64), cmocka_unit_test(draws),
          cmocka_unit_test(uuids))
