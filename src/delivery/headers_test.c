/* SPDX-License-Identifier: MIT */
#include "delivery/headers.h"

#include "base/testing.h"

static const struct header_line own[] = {
    { .name = STR_INIT("X-Shop"), .value = STR_INIT("caf\xc3\xa9  7;:") },
    { .name = STR_INIT("X-Key"), .value = STR_INIT("k9"), .secret = true },
    { .name = STR_INIT("X-Empty"), .value = STR_INIT("") },
    { .name = STR_INIT("X-Blank"), .value = STR_INIT(" \t") },
    { .name = STR_INIT("X-Blanks"), .value = STR_INIT(" a b\t") },
};

TEST(authorization)
{
    static const struct {
        const char *label;
        struct credential credential;
        str want;
    } cases[] = {
        { "none", {}, STR_INIT("") },
        { "RFC 7617 section 2",
          { .kind = CREDENTIAL_BASIC,
            .username = STR_INIT("Aladdin"),
            .password = STR_INIT("open sesame") },
          STR_INIT("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") },
        { "RFC 7617 section 2.1, in UTF-8",
          { .kind = CREDENTIAL_BASIC,
            .username = STR_INIT("test"),
            .password = STR_INIT("123\xc2\xa3") },
          STR_INIT("Authorization: Basic dGVzdDoxMjPCow==") },
        { "a colon in the password",
          { .kind = CREDENTIAL_BASIC, .username = STR_INIT("a"), .password = STR_INIT("b:c") },
          STR_INIT("Authorization: Basic YTpiOmM=") },
        { "no password",
          { .kind = CREDENTIAL_BASIC, .username = STR_INIT("a") },
          STR_INIT("Authorization: Basic YTo=") },
        { "RFC 6750 section 2.1",
          { .kind = CREDENTIAL_BEARER, .token = STR_INIT("mF_9.B5f-4.1JqM") },
          STR_INIT("Authorization: Bearer mF_9.B5f-4.1JqM") },
        { "saved when white space was taken",
          { .kind = CREDENTIAL_BEARER, .token = STR_INIT("\tabc ") },
          STR_INIT("Authorization: Bearer abc") },
        { "a token is fetched",
          { .kind = CREDENTIAL_OAUTH2, .token = STR_INIT("x") },
          STR_INIT("") },
    };
    struct arena CLEANUP(arena_done) arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_STR(cases[i].label, headers_authorization(&cases[i].credential, &arena),
                  cases[i].want);
}

TEST(own_headers_in_their_order)
{
    static const char *const want[] = {
        "Expect:", "X-Shop: caf\xc3\xa9  7;:", "X-Key: k9", "X-Empty;", "X-Blank;", "X-Blanks: a b"
    };
    struct arena CLEANUP(arena_done) arena = {};
    const struct transport transport = { .headers = own, .header_count = COUNT_OF(own) };
    struct header_list list = {};
    headers_add(&list, arena_c(&arena, STR("Expect:")), &arena);
    headers_add_own(&list, &transport, &arena);
    size_t count = 0;
    for (const struct curl_slist *at = list.first; at != NULL; at = at->next, count++) {
        CHECK("not more", count < COUNT_OF(want));
        CHECK_STR(want[count], str_c(at->data), str_c(want[count]));
    }
    CHECK_INT("count", count, COUNT_OF(want));
}

TEST(masks)
{
    static const struct {
        const char *label;
        const char *head;
        const char *want;
    } cases[] = {
        { "a credential", "POST / HTTP/1.1\r\nauthorization: Bearer abc\r\nA: b\r\n\r\n",
          "POST / HTTP/1.1\r\nauthorization: (masked)\r\nA: b\r\n\r\n" },
        { "a header that is a secret", "POST / HTTP/2\r\nx-key: k9\r\nX-Shop: 7\r\n\r\n",
          "POST / HTTP/2\r\nx-key: (masked)\r\nX-Shop: 7\r\n\r\n" },
        { "a proxy's", "POST http://a/ HTTP/1.1\r\nProxy-Authorization: Basic abc\r\n\r\n",
          "POST http://a/ HTTP/1.1\r\nProxy-Authorization: (masked)\r\n\r\n" },
        { "a name that begins alike", "POST / HTTP/1.1\r\nX-Key2: k9\r\nX-Ke: k9\r\n\r\n",
          "POST / HTTP/1.1\r\nX-Key2: k9\r\nX-Ke: k9\r\n\r\n" },
        { "short ones, and cut", "X-Key:\nX-Key:\nX-Key",
          "X-Key: (masked)\nX-Key: (masked)\nX-Key" },
        { "nothing", "", "" },
    };
    struct arena CLEANUP(arena_done) arena = {};
    const struct transport transport = { .headers = own, .header_count = COUNT_OF(own) };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_STR(cases[i].label, headers_mask(str_c(cases[i].head), &transport, &arena),
                  str_c(cases[i].want));
}

struct echo_case {
    const char *label;
    const char *text;
    const char *want;
};

TEST(masks_what_comes_back)
{
    static const struct echo_case cases[] = {
        { "a token", "{\"auth\":\"Bearer t0ken-9876\"}", "{\"auth\":\"Bearer (masked)\"}" },
        { "at both ends", "t0ken-9876 and t0ken-9876", "(masked) and (masked)" },
        { "several", "long-key-1,t0ken-9876", "(masked),(masked)" },
        { "what is short, or no secret", "k9 caf\xc3\xa9 plain-header",
          "k9 caf\xc3\xa9 plain-header" },
        { "not cut", "t0ken-987", "t0ken-987" },
        { "nothing", "", "" },
    };
    static const struct echo_case cut[] = {
        { "cut behind all but one", "a t0ken-987", "a (masked)" },
        { "cut behind four", "{\"t0ke", "{\"(masked)" },
        { "cut behind three", "{\"t0k", "{\"t0k" },
        { "nothing but four", "long", "(masked)" },
        { "whole before, and cut", "t0ken-9876t0ken-", "(masked)(masked)" },
        { "whole at the end", "t0ken-9876", "(masked)" },
        { "a beginning in the midst", "t0ken-987 ", "t0ken-987 " },
        { "no secret, cut", "plain-hea", "plain-hea" },
        { "nothing, cut", "", "" },
    };

    static const char *const lines[] = { "X-Plain: plain-header",
                                         "Authorization: Bearer t0ken-9876", "X-Key: k9",
                                         "X-Long: long-key-1", "X-Empty;" };
    static const struct header_line secrets[] = {
        { .name = STR_INIT("X-Key"), .secret = true },
        { .name = STR_INIT("X-Long"), .secret = true },
        { .name = STR_INIT("X-Empty"), .secret = true },
        { .name = STR_INIT("X-Plain") },
    };
    struct arena CLEANUP(arena_done) arena = {};
    const struct transport transport = { .headers = secrets, .header_count = COUNT_OF(secrets) };
    struct header_list sent = {};
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        headers_add(&sent, arena_c(&arena, str_c(lines[i])), &arena);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_STR(cases[i].label,
                  headers_mask_echo(str_c(cases[i].text), false, sent.first, &transport, &arena),
                  str_c(cases[i].want));
    for (size_t i = 0; i < COUNT_OF(cut); i++)
        CHECK_STR(cut[i].label,
                  headers_mask_echo(str_c(cut[i].text), true, sent.first, &transport, &arena),
                  str_c(cut[i].want));
}

TEST(without_secrets_the_head_stays)
{
    struct arena CLEANUP(arena_done) arena = {};
    const struct transport transport = { .headers = own, .header_count = 1 };
    str head = STR("POST / HTTP/1.1\r\nX-Shop: 7\r\n\r\n");
    CHECK("itself", headers_mask(head, &transport, &arena).ptr == head.ptr);
}

RUN_TESTS(cmocka_unit_test(authorization), cmocka_unit_test(own_headers_in_their_order),
          cmocka_unit_test(masks), cmocka_unit_test(masks_what_comes_back),
          cmocka_unit_test(without_secrets_the_head_stays))
