/* SPDX-License-Identifier: MIT */
#include "delivery/upload.h"

#include "base/testing.h"

#define KEY_A "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "SHA256:b+/0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

struct value {
    str text;
    bool good;
};

static void check_values(str (*fault)(str), const struct value *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((fault(values[i].text).len == 0) != values[i].good)
            fail_msg("\"%.*s\": %.*s", STR_ARG(values[i].text), STR_ARG(fault(values[i].text)));
}

#define CHECK_VALUES(fault, ...)                                                                   \
    do {                                                                                           \
        const struct value values[] = { __VA_ARGS__ };                                             \
        check_values((fault), values, COUNT_OF(values));                                           \
    } while (0)

TEST(values)
{
    static char long_text[2000];
    memset(long_text, 'x', sizeof(long_text));
    CHECK_VALUES(upload_name_fault, { STR("orders_2024-01-31.csv"), true },
                 { STR("Bestellungen \xc3\xbc.csv"), true }, { str_from(long_text, 200), true },
                 { str_from(long_text, 201), false }, { STR(""), false }, { STR("a/b"), false },
                 { STR("a\\b"), false }, { STR("a\r\nDELE b"), false }, { STR(".hidden"), false },
                 { STR(".."), false }, { STR(" a"), false });
    CHECK_VALUES(upload_directory_fault, { STR(""), true }, { STR("/"), true },
                 { STR("/a/b c/"), true }, { STR("a..b"), true },
                 { str_from(long_text, 1024), true }, { str_from(long_text, 1025), false },
                 { STR("../a"), false }, { STR("a/.."), false }, { STR("a\nb"), false },
                 { STR("a\\b"), false });
    CHECK_VALUES(upload_login_fault, { STR(""), true }, { STR("p\xc3\xa4ss word"), true },
                 { str_from(long_text, 255), true }, { str_from(long_text, 256), false },
                 { STR("a\r\nSITE x"), false });
    CHECK_VALUES(upload_host_keys_fault, { STR(""), true }, { STR(KEY_A), true },
                 { STR(KEY_A "="), true }, { STR(KEY_A "  " KEY_B), true },
                 { STR("SHA256:AAAA"), false }, { STR("MD5:aa:bb"), false },
                 { STR(KEY_A "," KEY_B), false }, { STR("ssh-rsa AAAA"), false },
                 { str_from(long_text, 513), false });
}

TEST(the_whole)
{
    const struct upload good = { .name = STR("a.csv"), .user = STR("hub") };
    CHECK_INT("good", upload_fault(&good).len, 0);
    struct upload bad[] = { good, good, good, good, good };
    bad[0].name = STR("");
    bad[1].directory = STR("..");
    bad[2].user = STR("\n");
    bad[3].password = STR("\n");
    bad[4].host_keys = STR("x");
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        CHECK("bad", upload_fault(&bad[i]).len > 0);
}

TEST(fingerprints)
{
    CLEANUP(arena_done) struct arena arena = {};
    /* SHA-256 of "abc" (FIPS 180-2, B.1) in base64. */
    CHECK_STR("abc", upload_fingerprint(STR("abc"), &arena),
              STR("SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0"));
    static const str both = STR_INIT(" " KEY_A "= " KEY_B);
    CHECK("the first", upload_host_key_is(both, STR(KEY_A)));
    CHECK("the second", upload_host_key_is(both, STR(KEY_B)));
    CHECK("none", !upload_host_key_is(STR(KEY_A), STR(KEY_B)));
    CHECK("none", !upload_host_key_is(STR(""), STR("")));
}

RUN_TESTS(cmocka_unit_test(values), cmocka_unit_test(the_whole), cmocka_unit_test(fingerprints))
