/* SPDX-License-Identifier: MIT */
#include "mail/digest.h"

#include "base/buf.h"
#include "base/id.h"
#include "base/testing.h"

#define AT_MS ((int64_t)1795255200000) /* 2026-11-21T10:00:00Z */
#define MINUTE ((int64_t)60000)

static struct mail_digest write_digest(const struct notice *notices, int count, const char *url,
                                       struct arena *arena)
{
    const struct mail_digest_question question = {
        .organization = STR("Acme"), .public_url = str_c(url), .notices = notices, .count = count
    };
    struct mail_digest digest = mail_digest_write(&question, arena);
    /* With a NUL behind them. */
    digest.text = str_from(arena_c(arena, digest.text), digest.text.len);
    digest.html = str_from(arena_c(arena, digest.html), digest.html.len);
    return digest;
}

static const struct notice orders[] = {
    { .id = 10,
      .kind = NOTICE_DEAD,
      .at_ms = AT_MS,
      .outlet = 1,
      .outlet_name = STR_INIT("Orders"),
      .delivery = 100,
      .event_type = STR_INIT("order.created"),
      .reason = STR_INIT("The target answered 500"),
      .count = 36 },
    { .id = 12,
      .kind = NOTICE_FAILING,
      .at_ms = AT_MS + 14 * MINUTE,
      .outlet = 1,
      .outlet_name = STR_INIT("Orders"),
      .reason = STR_INIT("The target answered 503") },
    { .id = 11,
      .kind = NOTICE_DEAD,
      .at_ms = AT_MS + 5 * MINUTE,
      .outlet = 1,
      .outlet_name = STR_INIT("Orders (old name)"),
      .delivery = 101,
      .event_type = STR_INIT("order.paid"),
      .reason = STR_INIT("The target answered 502") },
};

TEST(one_endpoint)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct mail_digest digest = write_digest(orders, COUNT_OF(orders), NULL, &arena);
    CHECK_STR("subject", digest.subject,
              STR("Junctor: 1 endpoint of Acme fails, 37 deliveries died"));
    CHECK_STR("text", digest.text,
              STR("1 endpoint of Acme fails, 37 deliveries died.\n"
                  "\n"
                  "Fails: Orders (whk_0000000000001)\n"
                  "  37 deliveries died\n"
                  "  From 2026-11-21 10:00 to 2026-11-21 10:14 UTC\n"
                  "  Newest reason: The target answered 503\n"
                  "  Newest delivery: dlv_0000000000035 (order.paid)\n"
                  "  Its attempts: GET /api/v1/deliveries/dlv_0000000000035\n"
                  "  What to do: mend what the reason says; Junctor goes on trying as the "
                  "endpoint's retries say.\n"
                  "  The endpoint: GET /api/v1/webhooks/whk_0000000000001\n"
                  "  Its dead deliveries: GET "
                  "/api/v1/webhooks/whk_0000000000001/deliveries?state=dead\n"
                  "\n"
                  "Junctor gathers what happens: such mails are 15 minutes apart at least, and up "
                  "to 6 hours while trouble lasts.\n"));
}

TEST(links)
{
    static const struct {
        const char *url, *text, *html;
    } cases[] = {
        { "https://hub.example", "  The endpoint: https://hub.example/api/v1/webhooks/whk_",
          "<li>The endpoint: <a href=\"https://hub.example/api/v1/webhooks/whk_0000000000001\">"
          "https://hub.example/api/v1/webhooks/whk_0000000000001</a></li>" },
        { "http://hub.example/base/", "  The endpoint: http://hub.example/base/api/v1/webhooks/",
          "<a href=\"http://hub.example/base/api/v1/webhooks/" },
        { "https://hub.example/?a=\"&b", "  The endpoint: https://hub.example/?a=\"&b/api",
          "<a href=\"https://hub.example/?a=&quot;&amp;b/api" },
        { "javascript:alert(1)", "  The endpoint: GET /api", "<li>The endpoint: GET /api" },
        { "https://x\r\ny", "  The endpoint: GET /api", "<li>The endpoint: GET /api" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        struct mail_digest digest = write_digest(orders, 1, cases[i].url, &arena);
        CHECK(cases[i].url, strstr(digest.text.ptr, cases[i].text) != NULL);
        CHECK(cases[i].url, strstr(digest.html.ptr, cases[i].html) != NULL);
    }
}

#define FAILING(id_, outlet_)                                                                      \
    {                                                                                              \
        .id = (id_), .kind = NOTICE_FAILING, .at_ms = AT_MS, .outlet = (outlet_)                   \
    }
#define DISABLED(id_, outlet_)                                                                     \
    {                                                                                              \
        .id = (id_), .kind = NOTICE_DISABLED, .at_ms = AT_MS, .outlet = (outlet_)                  \
    }
#define RECOVERED(id_, outlet_)                                                                    \
    {                                                                                              \
        .id = (id_), .kind = NOTICE_RECOVERED, .at_ms = AT_MS, .outlet = (outlet_)                 \
    }
#define DEAD(id_, outlet_, count_)                                                                 \
    {                                                                                              \
        .id = (id_), .kind = NOTICE_DEAD, .at_ms = AT_MS, .outlet = (outlet_), .count = (count_)   \
    }

TEST(subjects)
{
    static const struct {
        struct notice notices[5];
        str want;
    } cases[] = {
        { { FAILING(1, 1) }, STR_INIT("Junctor: 1 endpoint of Acme fails") },
        { { FAILING(1, 1), FAILING(2, 2), DEAD(3, 1, 30), DEAD(4, 2, 7) },
          STR_INIT("Junctor: 2 endpoints of Acme fail, 37 deliveries died") },
        { { DEAD(1, 1, 0) }, STR_INIT("Junctor: 1 delivery of Acme died") },
        { { DEAD(1, 1, 0), DEAD(2, 1, 0) }, STR_INIT("Junctor: 2 deliveries of Acme died") },
        { { DISABLED(1, 1), FAILING(2, 2), RECOVERED(3, 3), DEAD(4, 4, 1) },
          STR_INIT("Junctor: 1 endpoint of Acme is disabled, 1 endpoint fails, 1 delivery died, 1 "
                   "endpoint works again") },
        { { DISABLED(1, 1), DISABLED(2, 2) },
          STR_INIT("Junctor: 2 endpoints of Acme are disabled") },
        { { FAILING(1, 1), RECOVERED(2, 1) }, STR_INIT("Junctor: 1 endpoint of Acme works again") },
        { { RECOVERED(3, 1), FAILING(4, 1), RECOVERED(2, 2) },
          STR_INIT("Junctor: 1 endpoint of Acme fails, 1 endpoint works again") },
        { { RECOVERED(1, 1), RECOVERED(2, 2) },
          STR_INIT("Junctor: 2 endpoints of Acme work again") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        int count = 0;
        while (count < (int)COUNT_OF(cases[i].notices) && cases[i].notices[count].id != 0)
            count++;
        CHECK_STR("subject", write_digest(cases[i].notices, count, NULL, &arena).subject,
                  cases[i].want);
    }
}

static int index_of(str text, const char *what)
{
    const char *at = strstr(text.ptr, what);
    CHECK(what, at != NULL);
    return (int)(at - text.ptr);
}

TEST(order)
{
    static const struct notice notices[] = {
        RECOVERED(1, 6), DEAD(2, 4, 3), DEAD(3, 3, 5),   FAILING(4, 2),
        DISABLED(5, 1),  DEAD(6, 5, 4), RECOVERED(7, 5),
    };

    static const char *const want[] = {
        "Disabled: whk_0000000000001",        "Fails: whk_0000000000002",
        "Deliveries died: whk_0000000000003", "Works again: whk_0000000000005",
        "Deliveries died: whk_0000000000004", "Works again: whk_0000000000006"
    };
    struct arena CLEANUP(arena_done) arena = {};
    struct mail_digest digest = write_digest(notices, COUNT_OF(notices), NULL, &arena);
    for (size_t i = 1; i < COUNT_OF(want); i++) {
        CHECK(want[i], index_of(digest.text, want[i - 1]) < index_of(digest.text, want[i]));
        CHECK(want[i], index_of(digest.html, want[i - 1]) < index_of(digest.html, want[i]));
    }
}

TEST(many_endpoints)
{
    static struct notice notices[3200];
    struct arena CLEANUP(arena_done) arena = {};
    for (int i = 0; i < 3200; i++)
        notices[i] = (struct notice){ .id = i + 1, .at_ms = AT_MS, .outlet = i % 32 + 1 };
    struct mail_digest digest = write_digest(notices, 3200, NULL, &arena);
    CHECK_STR("subject", digest.subject, STR("Junctor: 3200 deliveries of Acme died"));
    int shown = 0;
    for (const char *at = digest.text.ptr; (at = strstr(at, "100 deliveries died")) != NULL; at++)
        shown++;
    CHECK_INT("shown", shown, MAIL_DIGEST_SHOWN);
    (void)index_of(digest.text, "\n… and 12 more endpoints.\n");
    (void)index_of(digest.html, "<p>… and 12 more endpoints.</p>");
    digest = write_digest(notices, 21, NULL, &arena);
    (void)index_of(digest.text, "\n… and 1 more endpoint.\n");
    digest = write_digest(notices, 20, NULL, &arena);
    CHECK("all are shown", strstr(digest.text.ptr, "more endpoint") == NULL);
}

TEST(what_others_wrote)
{
    const struct notice notice = {
        .id = 1,
        .kind = NOTICE_DISABLED,
        .at_ms = AT_MS,
        .outlet = 1,
        .outlet_name = STR("<b>x</b>\nDisabled: \"Payments\" & more"),
        .reason = STR("410\r\n<script>alert(1)</script>"),
        .delivery = 5,
        .event_type = STR("a<b"),
    };

    struct arena CLEANUP(arena_done) arena = {};
    struct mail_digest digest = write_digest(&notice, 1, NULL, &arena);
    (void)index_of(digest.text,
                   "\nDisabled: <b>x</b> Disabled: \"Payments\" & more (whk_0000000000001)\n");
    (void)index_of(digest.html, "<h2>Disabled: &lt;b&gt;x&lt;/b&gt; Disabled: &quot;Payments&quot; "
                                "&amp; more (whk_0000000000001)</h2>");
    (void)index_of(digest.html,
                   "<li>Newest reason: 410 &lt;script&gt;alert(1)&lt;/script&gt;</li>");
    (void)index_of(digest.html, "(a&lt;b)");
    CHECK("no element of theirs", strstr(digest.html.ptr, "<script") == NULL);
}

TEST(no_ids)
{
    const struct notice notice = { .id = 1, .outlet = 0, .delivery = -1 };
    struct arena CLEANUP(arena_done) arena = {};
    struct mail_digest digest = write_digest(&notice, 1, NULL, &arena);
    (void)index_of(digest.text, "\nDeliveries died: unknown\n");
    (void)index_of(digest.text, "1970-01-01 00:00 UTC");
}

/* The longest of everything, and more. */
TEST(bounded)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct buf buf;
    buf_init(&buf, &arena, 100000);
    for (int i = 0; i < 10000; i++)
        buf_char(&buf, '"');
    str quotes = buf_str(&buf);
    str url = arena_format(&arena, "https://%.*s", 490, quotes.ptr);
    static struct notice notices[40];
    for (int i = 0; i < 40; i++)
        notices[i] = (struct notice){ .id = i + 1,
                                      .at_ms = AT_MS,
                                      .outlet = i + 1,
                                      .outlet_name = quotes,
                                      .reason = quotes,
                                      .delivery = 7,
                                      .event_type = quotes };
    const struct mail_digest_question question = {
        .organization = quotes, .public_url = url, .notices = notices, .count = 40
    };
    struct mail_digest digest = mail_digest_write(&question, &arena);
    CHECK("subject", digest.subject.len < 200);
    CHECK("text", digest.text.len > 20 * 2000 && digest.text.len < 128 * 1024);
    CHECK("html is whole", str_ends(digest.html, STR("</body></html>\n")));
}

RUN_TESTS(cmocka_unit_test(one_endpoint), cmocka_unit_test(links), cmocka_unit_test(subjects),
          cmocka_unit_test(order), cmocka_unit_test(many_endpoints),
          cmocka_unit_test(what_others_wrote), cmocka_unit_test(no_ids), cmocka_unit_test(bounded))
