/* SPDX-License-Identifier: MIT */
#include "delivery/content.h"

#include "base/testing.h"

static struct content *order(void)
{
    const struct event event = { .id = 5,
                                 .type = STR("custom_event.order"),
                                 .at_ms = 1700000000123,
                                 .hops = 2,
                                 .data = STR("{\"a\":1}") };
    return content_new(&event);
}

TEST(bodies)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct content *content = order();
    CHECK_STR("standard", content_body(content, FORMAT_STANDARD, &arena),
              STR("{\"type\":\"custom_event.order\",\"timestamp\":\"2023-11-14T22:13:20.123Z\","
                  "\"data\":{\"a\":1}}"));
    CHECK_STR("bare", content_body(content, FORMAT_BARE, &arena), STR("{\"a\":1}"));
    content_release(content);
    const struct event odd = { .id = 5, .type = STR("odd\"\n\x01type"), .data = STR("") };
    content = content_new(&odd);
    CHECK_STR("escaped", content_body(content, FORMAT_STANDARD, &arena),
              STR("{\"type\":\"odd\\\"\\n\\u0001type\",\"timestamp\":\"1970-01-01T00:00:00.000Z\","
                  "\"data\":null}"));
    content_release(content);
}

/* The example of the Standard Webhooks specification. */
TEST(signature)
{
    CLEANUP(arena_done) struct arena arena = {};
    str secret;
    CHECK("secret", base64_read(&arena, STR("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), &secret));
    struct hmac *CLEANUP(hmac_freep) key = hmac_new(secret);
    struct content_signing signing = { .delivery = 1,
                                       .outlet_kind = ID_WEBHOOK,
                                       .outlet = 2,
                                       .at_ms = 1614265330999,
                                       .keys = &(struct content_key){ .hmac = key },
                                       .key_count = 1,
                                       .type = STR("application/json"),
                                       .body = STR("{\"test\": 2432232314}") };
    char *lines[CONTENT_HEADERS];
    CHECK_INT("count", content_headers(&signing, 3, &arena, lines), 6);
    CHECK_STR("type", str_c(lines[0]), STR("Content-Type: application/json"));
    CHECK_STR("hops", str_c(lines[1]), STR("Junctor-Hops: 3"));
    CHECK_STR("outlet", str_c(lines[2]), STR("Junctor-Outlet: whk_0000000000002"));
    CHECK_STR("id", str_c(lines[3]), STR("webhook-id: dlv_0000000000001"));
    CHECK_STR("time", str_c(lines[4]), STR("webhook-timestamp: 1614265330"));
    hmac_begin(key);
    hmac_add(key, STR("dlv_0000000000001.1614265330.{\"test\": 2432232314}"));
    struct digest digest = hmac_finish(key);
    str want = arena_format(&arena, "webhook-signature: v1,%.*s",
                            STR_ARG(base64_write(&arena, digest_str(&digest))));
    CHECK_STR("signature", str_c(lines[5]), want);
    signing.key_count = 0;
    CHECK_INT("not signed", content_headers(&signing, 3, &arena, lines), 5);
}

/* What `secret` makes of the content that the next test signs, as it stands in the header. */
static str signature_by(const char *secret, struct arena *arena)
{
    struct hmac *CLEANUP(hmac_freep) key = hmac_new(str_c(secret));
    hmac_begin(key);
    hmac_add(key, STR("dlv_0000000000001.1.{}"));
    struct digest digest = hmac_finish(key);
    return arena_format(arena, "v1,%.*s", STR_ARG(base64_write(arena, digest_str(&digest))));
}

static str signatures_by(const char *names, struct arena *arena)
{
    str list = STR("webhook-signature:");
    for (; *names != '\0'; names++) {
        const char secret[] = { *names, '\0' };
        list =
            arena_format(arena, "%.*s %.*s", STR_ARG(list), STR_ARG(signature_by(secret, arena)));
    }
    return list;
}

/* Secrets of one letter: a is the new one; b ends at 1500, c at 1700. */
TEST(replaced_keys_sign_until_their_end)
{
    static const struct {
        const char *label;
        int64_t at_ms;
        int count;
        const char *signs;
    } cases[] = {
        { "the new one alone", 1499, 1, "a" },       { "both", 1499, 2, "ab" },
        { "three, in their order", 1499, 3, "abc" }, { "at its end one is over", 1500, 3, "ac" },
        { "before its end not", 1699, 3, "ac" },     { "all of the old ones", 1700, 3, "a" },
        { "over for long", 1999, 3, "a" },
    };

    CLEANUP(arena_done) struct arena arena = {};
    struct hmac *CLEANUP(hmac_freep) a = hmac_new(STR("a"));
    struct hmac *CLEANUP(hmac_freep) b = hmac_new(STR("b"));
    struct hmac *CLEANUP(hmac_freep) c = hmac_new(STR("c"));
    const struct content_key keys[] = { { a, 0 }, { b, 1500 }, { c, 1700 } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct content_signing signing = { .delivery = 1,
                                                 .outlet_kind = ID_WEBHOOK,
                                                 .outlet = 2,
                                                 .at_ms = cases[i].at_ms,
                                                 .keys = keys,
                                                 .key_count = cases[i].count,
                                                 .type = STR("application/json"),
                                                 .body = STR("{}") };
        char *lines[CONTENT_HEADERS];
        CHECK_INT(cases[i].label, content_headers(&signing, 0, &arena, lines), 6);
        CHECK_STR(cases[i].label, str_c(lines[5]), signatures_by(cases[i].signs, &arena));
    }
}

TEST(repeats_are_the_same)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct content *content = order();
    str first = content_body(content, FORMAT_STANDARD, &arena);
    for (int i = 0; i < 10; i++)
        CHECK_STR("body", content_body(content, FORMAT_STANDARD, &arena), first);
    content_release(content);
}

RUN_TESTS(cmocka_unit_test(bodies), cmocka_unit_test(signature),
          cmocka_unit_test(replaced_keys_sign_until_their_end),
          cmocka_unit_test(repeats_are_the_same))
