/* SPDX-License-Identifier: MIT */
#include "base/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void knows_names(void **state)
{
    (void)state;
    static const char *const secret[] = {
        "password",
        "Password",
        "PASSWORD",
        "passwd",
        "user_password",
        "userPassword",
        "password_confirmation",
        "passwordConfirm",
        "password2",
        "secret",
        "clientSecret",
        "client-secret",
        "client_secret",
        "token",
        "access_token",
        "accessToken",
        "accesstoken",
        "refresh-token",
        "XSRF-TOKEN",
        "api_key",
        "apikey",
        "api-key",
        "apiKey",
        "APIKey",
        "API_KEY",
        "x-api-key",
        "authorization",
        "Proxy-Authorization",
        "auth",
        "basic_auth",
        "cookie",
        "Set-Cookie",
        "signature",
        "x-signature",
        "card",
        "cardNumber",
        "card_number",
        "Card Number",
        "card-number",
        "CARDNUMBER",
        "creditcardnumber",
        "pan",
        "userPAN",
        "cvv",
        "cvv2",
        "CVC",
        "card_cvc",
        "iban",
        "customer.iban",
        "ssn",
        "user[password]",
        "user%5Bpassword%5D",
        "pass\\u0077ord",
        "p%61ssword",
        "pin",
    };
    static const char *const plain[] = {
        "",          "email",     "name",     "author",  "japan",    "company", "span",
        "passenger", "secretary", "tokenize", "discard", "cardinal", "pancake", "keyboard",
        "key",       "ibanez",    "sshn",     "cc",      "number",   "pinned",  "caf\xc3\xa9",
        "\xff\xff",  "%",         "%zz",      "\\u00",   "compass",
    };
    for (size_t i = 0; i < COUNT_OF(secret); i++)
        if (!redact_name(str_c(secret[i])))
            fail_msg("not known: %s", secret[i]);
    for (size_t i = 0; i < COUNT_OF(plain); i++)
        if (redact_name(str_c(plain[i])))
            fail_msg("taken for a secret: %s", plain[i]);
}

static const struct {
    const char *label;
    const char *text;
    const char *want;
} cases[] = {
    { "nothing", "", "" },
    { "no secret", "{\"email\":\"a@b.c\",\"n\":12}", "{\"email\":\"a@b.c\",\"n\":12}" },
    { "string", "{\"password\": \"hunter2\", \"a\":1}", "{\"password\": \"(masked)\", \"a\":1}" },
    { "escaped quote", "{\"token\":\"a\\\"b\\\\\",\"x\":\"y\"}",
      "{\"token\":\"(masked)\",\"x\":\"y\"}" },
    { "number", "{\"pin\":1234,\"a\":1}", "{\"pin\":\"(masked)\",\"a\":1}" },
    { "null and empty stay", "{\"pin\":null,\"token\":\"\"}", "{\"pin\":null,\"token\":\"\"}" },
    { "object", "{\"card\":{\"no\":\"1}\",\"x\":[1]},\"a\":1}", "{\"card\":\"(masked)\",\"a\":1}" },
    { "array", "{\"cookies\":[\"a]\",\"b\"],\"a\":1}", "{\"cookies\":\"(masked)\",\"a\":1}" },
    { "nested", "{\"a\":{\"b\":[{\"apiKey\":\"x\"}]}}",
      "{\"a\":{\"b\":[{\"apiKey\":\"(masked)\"}]}}" },
    { "cut string", "{\"password\":\"hunt", "{\"password\":\"(masked)" },
    { "cut object", "{\"card\":{\"a\":\"b", "{\"card\":\"(masked)\"" },
    { "cut name", "{\"passw", "{\"passw" },
    { "no quotes", "{password: hunter2, x: 1}", "{password: (masked)}" },
    { "single quotes", "{'password': 'hunter2', 'x': 1}", "{'password': '(masked)', 'x': 1}" },
    { "value without quotes", "{\"password\": hunter2}", "{\"password\": \"(masked)\"}" },
    { "JSON in a string", "{\"p\":\"{\\\"password\\\":\\\"a\\\\\\\"b\\\",\\\"x\\\":1}\"}",
      "{\"p\":\"{\\\"password\\\":\\\"(masked)\\\",\\\"x\\\":1}\"}" },
    { "object in a string", "{\"p\":\"{\\\"card\\\":{\\\"n\\\":\\\"1}2\\\"},\\\"x\\\":1}\"}",
      "{\"p\":\"{\\\"card\\\":\\\"(masked)\\\",\\\"x\\\":1}\"}" },
    { "form", "a=1&password=hunter2&b=2", "a=1&password=(masked)&b=2" },
    { "form, brackets", "user%5Bpassword%5D=x%20y&b=2", "user%5Bpassword%5D=(masked)&b=2" },
    { "query", "/hook?key=abc&createContact=true", "/hook?key=(masked)&createContact=true" },
    { "query in JSON", "{\"url\":\"https://a.example/?key=abc\",\"key\":\"colour\"}",
      "{\"url\":\"https://a.example/?key=(masked)\",\"key\":\"colour\"}" },
    { "URL with a password", "{\"url\":\"https://u:p4ss@a.example/x\"}",
      "{\"url\":\"https://u:(masked)@a.example/x\"}" },
    { "URL with a port", "https://a.example:8080/x@y", "https://a.example:8080/x@y" },
    { "header lines", "Authorization: Digest a=b, c=d\r\nHost: x\r\n",
      "Authorization: (masked)\r\nHost: x\r\n" },
    { "XML", "<a><password>x y</password><b>1</b></a>",
      "<a><password>(masked)</password><b>1</b></a>" },
    { "XML, raw", "<token><![CDATA[a<b]]></token>", "<token><![CDATA[(masked)]]></token>" },
    { "XML, attributes", "<card type=\"x\">5</card><c password=\"q\"/>",
      "<card type=\"x\">(masked)</card><c password=\"(masked)\"/>" },
    { "multipart",
      "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter2\r\n--b\r\n"
      "Content-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b--",
      "--b\r\nContent-Disposition: form-data; name=\"password\"(masked)\r\n--b\r\n"
      "Content-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b--" },
    { "our own keys", "see jnk_AbC123 and whsec_C2F+/x== here",
      "see jnk_(masked) and whsec_(masked) here" },
    { "only a prefix", "jnk_ whsec_ jnk", "jnk_ whsec_ jnk" },
    { "card number", "{\"n\":\"4111111111111111\"}", "{\"n\":\"(masked)\"}" },
    { "card number, apart", "n 4111 1111-1111 1111.", "n (masked)." },
    { "card number in a form", "n=4111+1111%201111+1111&x=1", "n=(masked)&x=1" },
    { "card number and more", "4111 1111 1111 1111 123", "(masked) 123" },
    { "digits before it", "1 4111111111111111", "1 (masked)" },
    { "no card number", "4111111111111112", "4111111111111112" },
    { "too long", "41111111111111111111111", "41111111111111111111111" },
    { "not UTF-8", "\xff{\"password\":\"\xc3\",\"x\":\"\xe2\x82",
      "\xff{\"password\":\"(masked)\",\"x\":\"\xe2\x82" },
    { "spaces around", "password = \"x y\" ; b", "password = \"(masked)\" ; b" },
};

static void masks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        str got = redact(str_c(cases[i].text), &arena);
        if (!str_equal(got, str_c(cases[i].want)))
            fail_msg("%s: %.*s", cases[i].label, STR_ARG(got));
    }
}

/* Wherever the cut is, nothing of the secret is there. */
static void masks_what_is_cut(void **state)
{
    (void)state;
    str text = STR("{\"a\":\"\xe2\x82\xac\",\"password\":\"HUNTER\",\"n\":\"4111111111111111\"}");
    for (size_t most = 0; most <= text.len + 1; most++) {
        struct arena CLEANUP(arena_done) arena = {};
        str got = redact_head(text, most, &arena);
        assert_true(got.len <= most);
        assert_true(str_is_utf8(got));
        for (size_t at = 0; at < got.len; at++) {
            assert_false(str_starts(str_skip(got, at), STR("H")));
            assert_false(str_starts(str_skip(got, at), STR("41")));
        }
    }
}

static void masks_plainly(void **state)
{
    (void)state;
    struct arena CLEANUP(arena_done) arena = {};
    str got = redact_plain(STR("token: Send a string. jnk_abc: There is none."), &arena);
    if (!str_equal(got, STR("token: Send a string. jnk_(masked) There is none.")))
        fail_msg("%.*s", STR_ARG(got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_names),
        cmocka_unit_test(masks),
        cmocka_unit_test(masks_what_is_cut),
        cmocka_unit_test(masks_plainly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
