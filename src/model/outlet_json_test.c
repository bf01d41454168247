/* SPDX-License-Identifier: MIT */
#include "model/outlet_json.h"

#include "base/testing.h"

static json read_json(struct arena *arena, str text)
{
    json value;
    struct json_error error;
    CHECK("it is JSON", json_read(arena, text, 8, &value, &error));
    return value;
}

static str write_policy(const struct outlet_policy *policy, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, 65536);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    policy_write(&writer, ENDPOINT_WEBHOOK, policy);
    json_end_object(&writer);
    return buf_str(&buf);
}

static str write_transport(const struct transport *transport, enum transport_shown shown,
                           struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, 65536);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    transport_write(&writer, ENDPOINT_WEBHOOK, transport, shown, arena);
    json_end_object(&writer);
    return buf_str(&buf);
}

TEST(policy_reads_as_it_was_written)
{
    static const char *const texts[] = {
        "{}",
        "{\"order\":\"strict\",\"onDead\":\"continue\",\"concurrency\":3}",
        "{\"ratePerMinute\":60,\"delayMs\":1500}",
        "{\"retry\":{\"policy\":\"postback\"}}",
        "{\"retry\":{\"delaysSeconds\":[1,2,30]}}",
        "{\"retry\":{\"delaysSeconds\":[7],\"retries\":null,\"jitterPercent\":0}}",
        "{\"retry\":{\"firstSeconds\":1,\"capSeconds\":60,\"retries\":9,\"jitterPercent\":50}}",
        "{\"retry\":{\"firstSeconds\":1,\"capSeconds\":60}}",
    };
    struct arena CLEANUP(arena_done) arena = {};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct outlet_policy policy = policy_of(ENDPOINT_WEBHOOK);
        policy_take(&policy, read_json(&arena, str_c(texts[i])), &arena);
        str once = write_policy(&policy, &arena);
        struct outlet_policy again = {};
        policy_take(&again, read_json(&arena, once), &arena);
        CHECK_STR(texts[i], write_policy(&again, &arena), once);
    }
}

TEST(policy_keeps_what_is_not_given)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct outlet_policy policy = policy_of(ENDPOINT_WEBHOOK);
    policy_take(&policy, read_json(&arena, STR("{\"order\":\"subject\",\"delayMs\":5}")), &arena);
    policy_take(&policy, read_json(&arena, STR("{\"concurrency\":2}")), &arena);
    CHECK_INT("order", policy.order, ORDER_SUBJECT);
    CHECK_INT("delay", policy.delay_ms, 5);
    CHECK_INT("concurrency", policy.concurrency, 2);
    CHECK_INT("retries of the default", policy.retry.retries, 9);
    policy_take(&policy, read_json(&arena, STR("{\"concurrency\":null,\"order\":\"none\"}")),
                &arena);
    CHECK_INT("null is the hub's", policy.concurrency, 0);
    CHECK_INT("order again", policy.order, ORDER_NONE);
}

TEST(retries)
{
    static const struct {
        const char *text;
        int retries;
    } cases[] = {
        { "{\"retry\":{\"delaysSeconds\":[1,2,30]}}", 3 },
        { "{\"retry\":{\"delaysSeconds\":[1,2,30],\"retries\":1}}", 1 },
        { "{\"retry\":{\"delaysSeconds\":[1,2,30],\"retries\":null}}", 0 },
        { "{\"retry\":{\"firstSeconds\":1,\"capSeconds\":9}}", 0 },
        { "{\"retry\":{\"firstSeconds\":1,\"capSeconds\":9,\"retries\":4}}", 4 },
        { "{\"retry\":{\"policy\":\"webhook\"}}", 9 },
        { "{\"retry\":{\"policy\":\"postback\"}}", 0 },
    };
    struct arena CLEANUP(arena_done) arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outlet_policy policy = policy_of(ENDPOINT_WEBHOOK);
        policy_take(&policy, read_json(&arena, str_c(cases[i].text)), &arena);
        CHECK_INT(cases[i].text, policy.retry.retries, cases[i].retries);
    }
}

static const str whole_transport = STR_INIT(
    "{\"method\":\"PUT\",\"httpVersion\":\"1.1\",\"headers\":["
    "{\"name\":\"X-Shop\",\"value\":\"7\",\"secret\":false},"
    "{\"name\":\"X-Api-Key\",\"value\":\"k9\",\"secret\":true}],"
    "\"auth\":{\"type\":\"oauth2\",\"tokenUrl\":\"https://id.example/token\",\"clientId\":\"me\","
    "\"clientSecret\":\"cs9\",\"scope\":\"orders\",\"audience\":null,"
    "\"clientAuthentication\":\"body\"},"
    "\"clientCertificate\":{\"certificate\":\"CERT\",\"privateKey\":\"KEY9\"},"
    "\"certificateAuthorities\":\"CA\",\"proxy\":\"http://u:pw9@proxy.example:3128\","
    "\"connectTimeoutMs\":1000,\"timeoutMs\":20000}");

TEST(transport_reads_as_it_was_written)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct transport transport = {};
    transport_take(&transport, read_json(&arena, whole_transport), &arena);
    CHECK_STR("whole", write_transport(&transport, TRANSPORT_WHOLE, &arena), whole_transport);
    transport_take(&transport, read_json(&arena, STR("{}")), &arena);
    CHECK_STR("kept", write_transport(&transport, TRANSPORT_WHOLE, &arena), whole_transport);
}

static bool contains(str text, str part)
{
    return memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

TEST(what_is_shown_has_no_secret)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct transport transport = {};
    transport_take(&transport, read_json(&arena, whole_transport), &arena);
    str shown = write_transport(&transport, TRANSPORT_MASKED, &arena);
    static const char *const secrets[] = { "k9", "cs9", "KEY9", "pw9" };
    for (size_t i = 0; i < COUNT_OF(secrets); i++)
        CHECK(secrets[i], !contains(shown, str_c(secrets[i])));
    CHECK("a plain header is shown", contains(shown, STR("\"value\":\"7\"")));
}

TEST(a_proxy_is_shown_without_its_user)
{
    static const struct {
        const char *proxy, *shown;
    } cases[] = {
        { "http://u:pw@proxy.example:3128", "http://(masked)@proxy.example:3128" },
        { "http://an-api-key@proxy.example:3128", "http://(masked)@proxy.example:3128" },
        { "https://u:p'w@proxy.example", "https://(masked)@proxy.example" },
        { "http://u:p@w@proxy.example/", "http://(masked)@proxy.example/" },
        { "http://proxy.example:3128/@x", "http://proxy.example:3128/@x" },
        { "http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128" },
    };
    struct arena CLEANUP(arena_done) arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct transport transport = { .proxy = str_c(cases[i].proxy) };
        str shown = write_transport(&transport, TRANSPORT_MASKED, &arena);
        str wanted = arena_format(&arena, "\"proxy\":\"%s\"", cases[i].shown);
        CHECK(cases[i].proxy, contains(shown, wanted));
    }
}

/* What was taken in silence once. */
TEST(members_of_another_type_are_not_written)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct transport transport = {};
    transport_take(
        &transport,
        read_json(&arena, STR("{\"auth\":{\"type\":\"bearer\",\"token\":\"t9\",\"password\":"
                              "\"p9\",\"clientSecret\":\"c9\"}}")),
        &arena);
    str written = write_transport(&transport, TRANSPORT_WHOLE, &arena);
    CHECK("its own", contains(written, STR("\"auth\":{\"type\":\"bearer\",\"token\":\"t9\"}")));
}

/* Who reads it masked and sends back what he changes. */
TEST(secrets_not_sent_again_stay)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct transport transport = {};
    transport_take(&transport, read_json(&arena, whole_transport), &arena);
    transport_take(
        &transport,
        read_json(&arena, STR("{\"headers\":[{\"name\":\"x-api-key\"},{\"name\":\"New\",\"value\":"
                              "\"1\"}],\"auth\":{\"type\":\"oauth2\",\"tokenUrl\":\"https://id2."
                              "example/\",\"clientId\":\"me\"}}")),
        &arena);
    CHECK_INT("headers", transport.header_count, 2);
    CHECK_STR("value", transport.headers[0].value, STR("k9"));
    CHECK("still secret", transport.headers[0].secret);
    CHECK_STR("client secret", transport.credential.client_secret, STR("cs9"));
    transport_take(&transport, read_json(&arena, STR("{\"auth\":{\"type\":\"bearer\"}}")), &arena);
    CHECK_INT("another kind has none of it", transport.credential.token.len, 0);
    CHECK_INT("nor this", transport.credential.client_secret.len, 0);
    transport_take(&transport, read_json(&arena, STR("{\"auth\":null,\"clientCertificate\":null}")),
                   &arena);
    CHECK_INT("none", transport.credential.kind, CREDENTIAL_NONE);
    CHECK_INT("no key", transport.private_key.len, 0);
}

RUN_TESTS(cmocka_unit_test(policy_reads_as_it_was_written),
          cmocka_unit_test(policy_keeps_what_is_not_given), cmocka_unit_test(retries),
          cmocka_unit_test(transport_reads_as_it_was_written),
          cmocka_unit_test(what_is_shown_has_no_secret),
          cmocka_unit_test(a_proxy_is_shown_without_its_user),
          cmocka_unit_test(secrets_not_sent_again_stay),
          cmocka_unit_test(members_of_another_type_are_not_written))
