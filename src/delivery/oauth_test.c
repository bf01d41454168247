/* SPDX-License-Identifier: MIT */
#include "delivery/oauth.h"

#include "base/testing.h"

static const struct credential simple = { .kind = CREDENTIAL_OAUTH2,
                                          .client_id = STR_INIT("me"),
                                          .client_secret = STR_INIT("hush-hush") };

TEST(requests)
{
    static const struct {
        const char *label;
        struct credential credential;
        str authorization, body;
    } cases[] = {
        { "by Basic",
          { .client_id = STR_INIT("me"), .client_secret = STR_INIT("secret") },
          STR_INIT("Authorization: Basic bWU6c2VjcmV0"),
          STR_INIT("grant_type=client_credentials") },
        { "form-encoded, then Basic: a+b%3Ac%25:p+%2B%2F%C3%A9",
          { .client_id = STR_INIT("a b:c%"), .client_secret = STR_INIT("p +/\xc3\xa9") },
          STR_INIT("Authorization: Basic YStiJTNBYyUyNTpwKyUyQiUyRiVDMyVBOQ=="),
          STR_INIT("grant_type=client_credentials") },
        { "in the body",
          { .client_id = STR_INIT("me&co"),
            .client_secret = STR_INIT("s=3*-._~"),
            .in_body = true },
          STR_INIT(""),
          STR_INIT("grant_type=client_credentials&client_id=me%26co&client_secret=s%3D3*-._%7E") },
        { "scope and audience",
          { .client_id = STR_INIT("me"),
            .client_secret = STR_INIT("secret"),
            .scope = STR_INIT("orders:read orders:write"),
            .audience = STR_INIT("https://api.example/v1") },
          STR_INIT("Authorization: Basic bWU6c2VjcmV0"),
          STR_INIT("grant_type=client_credentials&scope=orders%3Aread+orders%3Awrite&audience="
                   "https%3A%2F%2Fapi.example%2Fv1") },
    };
    struct arena CLEANUP(arena_done) arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CHECK_STR(cases[i].label, oauth_authorization(&cases[i].credential, &arena),
                  cases[i].authorization);
        CHECK_STR(cases[i].label, oauth_body(&cases[i].credential, &arena), cases[i].body);
    }
}

static str read_answer(int status, str body, struct arena *arena, struct oauth_token *ret_token)
{
    const struct oauth_answer answer = { .status = status,
                                         .body = body,
                                         .length = (int64_t)body.len };
    return oauth_read(&answer, &simple, arena, ret_token);
}

TEST(tokens)
{
    static const struct {
        const char *body;
        const char *token;
        int64_t life_s;
    } cases[] = {
        { "{\"access_token\":\"2YotnFZFEjr1zCsicMWpAA\",\"token_type\":\"Bearer\","
          "\"expires_in\":1800,\"example_parameter\":\"x\"}",
          "2YotnFZFEjr1zCsicMWpAA", 1800 },
        { "{\"access_token\":\"a\",\"token_type\":\"bearer\"}", "a", 3600 },
        { "{\"access_token\":\"a\",\"token_type\":null}", "a", 3600 },
        { "{\"access_token\":\"a\",\"token_type\":\"BEARER\",\"expires_in\":\"7199\"}", "a", 7199 },
        { "{\"access_token\":\"a\",\"expires_in\":1}", "a", 1 },
        { "{\"access_token\":\"a\",\"expires_in\":3599.0}", "a", 3599 },
        { "{\"access_token\":\"a\",\"expires_in\":0}", "a", 3600 },
        { "{\"access_token\":\"a\",\"expires_in\":-5}", "a", 3600 },
        { "{\"access_token\":\"a\",\"expires_in\":null}", "a", 3600 },
        { "{\"access_token\":\"a\",\"expires_in\":\"soon\"}", "a", 3600 },
        { "{\"access_token\":\"a\",\"expires_in\":[9]}", "a", 3600 },
        { "{\"access_token\":\"a\",\"expires_in\":9223372036854775807}", "a", 86400 },
        { "{\"access_token\":\"!#~/\\u007b\",\"error\":\"ignored\"}", "!#~/{", 3600 },
    };
    struct arena CLEANUP(arena_done) arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct oauth_token token = {};
        CHECK_STR(cases[i].body, read_answer(200, str_c(cases[i].body), &arena, &token), (str){});
        CHECK_STR(cases[i].body, token.value, str_c(cases[i].token));
        CHECK_INT(cases[i].body, token.life_ms, cases[i].life_s * 1000);
    }
}

TEST(no_tokens)
{
    static const struct {
        int status;
        const char *body;
        const char *words;
    } cases[] = {
        { 400, "{\"error\":\"invalid_request\"}", "answered 400: invalid_request" },
        { 401, "{\"error\":\"invalid_client\",\"error_description\":\"Unknown client\"}",
          "answered 401: invalid_client (Unknown client); check the client id and its secret, and "
          "how the server wants them sent" },
        { 400, "{\"error\":\"invalid_scope\"}", "answered 400: invalid_scope; check the scope" },
        { 400, "{\"error\":\"unauthorized_client\",\"error_description\":\"\"}",
          "answered 400: unauthorized_client; the server must allow this client the grant "
          "client_credentials" },
        { 400, "{\"error\":7}", "answered 400" },
        { 503, "<html>", "answered 503" },
        { 500, "", "answered 500" },
        { 302, "",
          "answered 302, a redirect, which Junctor does not follow: change the token URL" },
        { 200, "", "answered 200 with something that is not a JSON object" },
        { 200, "access_token=a&token_type=bearer",
          "answered 200 with something that is not a JSON object" },
        { 200, "[\"access_token\"]", "answered 200 with something that is not a JSON object" },
        { 200, "{}", "answered 200 without an access_token" },
        { 200, "{\"access_token\":\"\"}", "answered 200 without an access_token" },
        { 200, "{\"access_token\":7}", "answered 200 without an access_token" },
        { 200, "{\"ok\":false,\"error\":\"denied\"}", "answered 200: denied" },
        { 200, "{\"access_token\":\"a b\"}",
          "gave an access_token that no header can carry: it must be printable ASCII, and 16 KiB "
          "at most" },
        { 200, "{\"access_token\":\"a\\r\\nEvil: 1\"}",
          "gave an access_token that no header can carry: it must be printable ASCII, and 16 KiB "
          "at most" },
        { 200, "{\"access_token\":\"a\",\"token_type\":\"mac\"}",
          "gave a token of the type \"mac\", and Junctor knows Bearer only" },
    };
    struct arena CLEANUP(arena_done) arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct oauth_token token = {};
        CHECK_STR(cases[i].body, read_answer(cases[i].status, str_c(cases[i].body), &arena, &token),
                  str_c(cases[i].words));
        CHECK_INT(cases[i].body, token.value.len, 0);
    }
}

TEST(no_secrets_in_words)
{
    static const struct {
        const char *description;
        const char *shown;
    } cases[] = {
        { "bad secret hush-hush", "(masked)" },
        { "no such token: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmN",
          "no such token: (masked)" },
        { "trace 0b2cbb4f-0a3c-4f1e-8f1e-3f1a2b4c5d6e",
          "trace 0b2cbb4f-0a3c-4f1e-8f1e-3f1a2b4c5d6e" },
        { "client-authentication-failed-completely", "client-authentication-failed-completely" },
        { "a\\nb\\u00e9", "a?b??" },
    };
    struct arena CLEANUP(arena_done) arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct oauth_token token;
        str body = arena_format(&arena, "{\"error\":\"e\",\"error_description\":\"%s\"}",
                                cases[i].description);
        CHECK_STR(cases[i].description, read_answer(400, body, &arena, &token),
                  arena_format(&arena, "answered 400: e (%s)", cases[i].shown));
    }
}

TEST(words_are_short)
{
    struct arena CLEANUP(arena_done) arena = {};
    char *many = arena_bytes(&arena, 5001);
    memset(many, 'x', 5000);
    many[5000] = '\0';
    struct oauth_token token;
    str words = read_answer(400, arena_format(&arena, "{\"error\":\"%s\"}", many), &arena, &token);
    CHECK("cut", words.len < 250 && str_ends(words, STR("x…")));
    str body = arena_format(&arena, "{\"access_token\":\"%s%s%s%s\"}", many, many, many, many);
    CHECK("too long a token",
          str_starts(read_answer(200, body, &arena, &token), STR("gave an access_token that no")));
    const struct oauth_answer large = { .status = 200, .body = STR("{}"), .length = 10485760 };
    CHECK_STR("not all of it", oauth_read(&large, &simple, &arena, &token),
              STR("answered 200 with 10485760 bytes, which is no token"));
}

RUN_TESTS(cmocka_unit_test(requests), cmocka_unit_test(tokens), cmocka_unit_test(no_tokens),
          cmocka_unit_test(no_secrets_in_words), cmocka_unit_test(words_are_short))
