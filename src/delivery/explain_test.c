/* SPDX-License-Identifier: MIT */
#include "delivery/explain.h"

#include "base/testing.h"

#define LINE(text)                                                                                 \
    {                                                                                              \
        .data = (char *)(uintptr_t)(text)                                                          \
    }

static str explain(struct exchange exchange, struct arena *arena)
{
    const struct explain_limits limits = { .connect_timeout_ms = 1000, .whole_timeout_ms = 2000 };
    exchange.end = EXCHANGE_ANSWERED;
    return explain_exchange(&exchange, &limits, arena);
}

TEST(who_refuses_says_what_to_check)
{
    static struct curl_slist signature = LINE("webhook-signature: v1,abc");
    static struct curl_slist own = LINE("authorization: Key abc");
    static struct curl_slist none = LINE("Authorization:"); /* libcurl: not sent */
    static struct curl_slist both[] = { LINE("Webhook-Signature: v1,abc"),
                                        LINE("Authorization: Basic abc") };
    both[0].next = &both[1];
    static const struct transport basic = { .credential = { .kind = CREDENTIAL_BASIC } };
    static const struct transport plain = {};

    const struct {
        const char *label;
        struct exchange exchange;
        str want;
    } cases[] = {
        { "signed alone",
          { .status = 401, .transport = &plain, .headers = &signature },
          STR("The target answered 401: it refuses what Junctor sends; check the URL, and the "
              "signing secret on its side") },
        { "auth alone",
          { .status = 403, .transport = &basic, .headers = &both[1] },
          STR("The target answered 403: it refuses what Junctor sends; check the URL, and the "
              "endpoint's auth") },
        { "both",
          { .status = 401, .transport = &basic, .headers = both },
          STR("The target answered 401: it refuses what Junctor sends; check the URL, the "
              "endpoint's auth, and the signing secret on its side") },
        { "a header of its own",
          { .status = 401, .transport = &plain, .headers = &own },
          STR("The target answered 401: it refuses what Junctor sends; check the URL, and the "
              "endpoint's header Authorization") },
        { "neither",
          { .status = 401, .headers = &none },
          STR("The target answered 401: it refuses what Junctor sends; check the URL, and which "
              "credentials the target wants") },
    };
    struct arena CLEANUP(arena_done) arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_STR(cases[i].label, explain(cases[i].exchange, &arena), cases[i].want);
}

RUN_TESTS(cmocka_unit_test(who_refuses_says_what_to_check))
