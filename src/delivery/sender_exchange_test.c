/* SPDX-License-Identifier: MIT
 * Exchanges by a sender of its own, without couriers: what a transport can ask for, and what is
 * told of an exchange. */
#include "delivery/test_exchange.h"

/* ── methods, headers ── */

TEST(methods)
{
    struct bench *bench = start(state);

    static const struct {
        enum request_method method;
        const char *line;
    } cases[] = { { REQUEST_POST, "POST /ok HTTP/1.1\r\n" },
                  { REQUEST_PUT, "PUT /ok HTTP/1.1\r\n" },
                  { REQUEST_PATCH, "PATCH /ok HTTP/1.1\r\n" },
                  { REQUEST_POST, "POST /ok HTTP/1.1\r\n" } };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct transport transport = { .method = cases[i].method };
        struct exchange exchange =
            TRY(bench, plain_url(bench, "/ok"), .transport = &transport, .body = STR("{\"n\":1}"));
        succeeds(cases[i].line, &exchange);
        struct received received = receiver_get(bench->receiver, (int)i);
        CHECK(cases[i].line, str_starts(received.head, str_c(cases[i].line)));
        CHECK_STR(cases[i].line, received.body, STR("{\"n\":1}"));
        CHECK_STR("as sent", exchange.request_head, received.head);
    }
    CHECK_INT("one connection", receiver_connections(bench->receiver), 1);
}

/* Neither a body nor words about one; the line is then good for what has one. */
TEST(methods_without_a_body)
{
    struct bench *bench = start(state);

    static const struct {
        enum request_method method;
        const char *line;
        const char *body; /* NULL: none */
    } cases[] = { { REQUEST_GET, "GET /ok?a=b%2Bc HTTP/1.1\r\n", NULL },
                  { REQUEST_POST, "POST /ok HTTP/1.1\r\n", "{\"n\":1}" },
                  { REQUEST_DELETE, "DELETE /ok?a=b%2Bc HTTP/1.1\r\n", NULL },
                  { REQUEST_PUT, "PUT /ok HTTP/1.1\r\n", "n=2" },
                  { REQUEST_GET, "GET /ok?a=b%2Bc HTTP/1.1\r\n", NULL },
                  { REQUEST_DELETE, "DELETE /ok HTTP/1.1\r\n", "n=3" },
                  { REQUEST_POST, "POST /ok HTTP/1.1\r\n", "n=4" } };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool bare = cases[i].body == NULL;
        struct exchange exchange =
            TRY(bench, plain_url(bench, bare ? "/ok?a=b%2Bc" : "/ok"), .method = cases[i].method,
                .body = bare ? STR("") : str_c(cases[i].body));
        succeeds(cases[i].line, &exchange);
        struct received received = receiver_get(bench->receiver, (int)i);
        CHECK(cases[i].line, str_starts(received.head, str_c(cases[i].line)));
        CHECK_STR("its body", received.body, bare ? STR("") : str_c(cases[i].body));
        CHECK_INT(cases[i].line, has(received.head, "Content-Length"), !bare);
        CHECK("in one piece", !has(received.head, "Transfer-Encoding"));
        CHECK_STR("as sent", exchange.request_head, received.head);
    }
    CHECK_INT("one connection", receiver_connections(bench->receiver), 1);
}

TEST(headers_of_the_caller)
{
    struct bench *bench = start(state);
    struct curl_slist headers[] = { { .data = (char *)(uintptr_t) "User-Agent: Other/1" },
                                    { .data = (char *)(uintptr_t) "Content-Type: text/plain" },
                                    { .data = (char *)(uintptr_t) "Accept:" },
                                    { .data = (char *)(uintptr_t) "Expect:" } };
    for (size_t i = 0; i + 1 < COUNT_OF(headers); i++)
        headers[i].next = &headers[i + 1];
    struct exchange exchange = TRY(bench, plain_url(bench, "/ok"), .headers = headers);
    succeeds("own headers", &exchange);
    str head = receiver_get(bench->receiver, 0).head;
    CHECK("user agent", has(head, "\r\nUser-Agent: Other/1\r\n") && !has(head, "Junctor"));
    CHECK("type", has(head, "\r\nContent-Type: text/plain\r\n") && !has(head, "urlencoded"));
    CHECK("left out", !has(head, "Accept"));
}

/* ── time ── */

TEST(own_timeouts)
{
    struct bench *bench = start(state);
    static const char *const paths[] = { "/hang", "/trickle" };
    static const char *const words[] = { "No answer within 150 ms: the target took the request",
                                         "No whole answer within 150 ms: the target began" };
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const struct transport transport = { .timeout_ms = 150 };
        struct exchange exchange = TRY(bench, plain_url(bench, paths[i]), .transport = &transport);
        CHECK_INT(paths[i], exchange.end, EXCHANGE_NO_ANSWER);
        CHECK("late", exchange.late);
        says(paths[i], &exchange, words[i]);
    }
    struct exchange exchange = TRY(bench, plain_url(bench, "/slow/300"), .body = STR("{}"));
    succeeds("the hub's again", &exchange);
}

TEST(how_much_of_the_rest_came)
{
    struct bench *bench = start(state);
    const struct transport transport = { .timeout_ms = 400 };
    struct exchange exchange = TRY(bench, plain_url(bench, "/trickle"), .transport = &transport);
    char text[64];
    (void)snprintf(text, sizeof(text), "and %lld bytes of the body came",
                   (long long)exchange.response_length);
    CHECK("some", exchange.response_length > 0);
    says("trickle", &exchange, text);
}

TEST(time_runs_out_before_the_request_is_out)
{
    struct bench *bench = start(state);
    int port;
    int listener = silent_listener(&port);
    const struct transport transport = { .timeout_ms = 300, .connect_timeout_ms = 200 };
    const size_t size = (size_t)16 << 20;
    char *body = xmalloc(size);
    memset(body, 'x', size);
    struct exchange exchange = TRY(bench, url_of(bench, "http", "127.0.0.1", port, "/"),
                                   .transport = &transport, .body = str_from(body, size));
    says("sending", &exchange, "not all of the request of 16777216 bytes");
    free(body);
    exchange = TRY(bench, url_of(bench, "https", "127.0.0.1", port, "/"), .transport = &transport);
    CHECK_INT("TLS", exchange.end, EXCHANGE_TLS);
    says("TLS", &exchange, "within 200 ms: the target took the connection and did not go on");
    (void)close(listener);
}

TEST(phases)
{
    struct bench *bench = start(state);
    struct receiver *secure = secure_receiver(bench, (struct receiver_options){});
    const char *url = url_of(bench, "https", "localhost", receiver_port(secure), "/ok");
    struct exchange exchange = TRY(bench, url, .timing.name_us = 5000);
    succeeds("first", &exchange);
    const struct exchange_timing *timing = &exchange.timing;
    CHECK("connected behind the look-up", timing->connect_us >= 5000);
    CHECK("TLS behind it", timing->tls_us > timing->connect_us);
    CHECK("sent behind it", timing->sent_us >= timing->tls_us);
    CHECK("answered behind it", timing->first_byte_us >= timing->sent_us);
    CHECK("whole behind it", timing->whole_us >= timing->first_byte_us);
    CHECK("new", !exchange.reused);
    CHECK_INT("HTTP/1.1", exchange.http_version, 11);
    const struct address loopback = { .family = 4, .bytes = { 127, 0, 0, 1 } };
    CHECK("whom", address_equal(&exchange.remote, &loopback));
    exchange = TRY(bench, url, .body = STR("{}"));
    succeeds("second", &exchange);
    CHECK("kept", exchange.reused);
    CHECK_INT("no connecting", timing->connect_us, 0);
    CHECK_INT("no TLS", timing->tls_us, 0);
    CHECK("whole", timing->first_byte_us > 0 && timing->whole_us >= timing->first_byte_us);
    CHECK("whom", address_equal(&exchange.remote, &loopback));
    receiver_free(secure);
    exchange = TRY(bench, url, .fresh = true);
    CHECK_INT("nobody there", exchange.end, EXCHANGE_REFUSED);
    CHECK_INT("not sent", timing->sent_us, 0);
    CHECK_INT("no version", exchange.http_version, 0);
    CHECK("whom", address_equal(&exchange.remote, &loopback));
}

/* ── what is kept ── */

TEST(kept_connections_are_bounded)
{
    struct bench *bench = *state;
    bench->options.kept_connections = 4;
    (void)start(state);
    struct receiver *others[12];
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        others[i] = receiver_new(NULL);
        struct exchange exchange =
            TRY(bench, url_of(bench, "http", "127.0.0.1", receiver_port(others[i]), "/ok"),
                .body = STR("{}"));
        succeeds("each", &exchange);
    }
    int kept = 0;
    for (size_t i = COUNT_OF(others); i-- > 0;) {
        struct exchange exchange =
            TRY(bench, url_of(bench, "http", "127.0.0.1", receiver_port(others[i]), "/ok"),
                .body = STR("{}"));
        succeeds("again", &exchange);
        kept += exchange.reused;
    }
    CHECK("some, the newest", kept >= 1 && kept <= 5);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        receiver_free(others[i]);
}

/* Whatever the other side does to kept connections: what it read once it never sees again. */
TEST(a_thousand_kept_connections_that_close)
{
    struct bench *bench = start(state);

    enum { ROUNDS = 1000 };

    int ends[EXCHANGE_STOPPED + 1] = {};
    const char *url = plain_url(bench, "/fickle");
    for (int i = 0; i < ROUNDS; i++) {
        str body = arena_format(&bench->arena, "{\"n\":%d}", i);
        struct exchange exchange = TRY(bench, url, .body = body);
        ends[exchange.end]++;
        CHECK("kept", exchange.end != EXCHANGE_KEPT_CLOSED || exchange.reused);
    }
    static int seen[ROUNDS];
    for (int i = 0; i < receiver_count(bench->receiver); i++) {
        str body = receiver_get(bench->receiver, i).body;
        int64_t n = -1;
        CHECK("a body", str_starts(body, STR("{\"n\":")) && str_ends(body, STR("}")));
        CHECK("its number", str_to_int64(str_from(body.ptr + 5, body.len - 6), &n));
        CHECK("its number", n >= 0 && n < ROUNDS);
        seen[n]++;
    }
    for (int i = 0; i < ROUNDS; i++)
        CHECK("at most once", seen[i] <= 1);
    CHECK("some were lost and told", ends[EXCHANGE_KEPT_CLOSED] > 0);
    CHECK("most came through", ends[EXCHANGE_ANSWERED] > ROUNDS / 2);
    CHECK_INT("nothing else", ends[EXCHANGE_KEPT_CLOSED] + ends[EXCHANGE_ANSWERED], ROUNDS);
}

TEST(words_for_every_end)
{
    struct bench *bench = start(state);
    const struct explain_limits limits = { .connect_timeout_ms = 1, .whole_timeout_ms = 1 };
    struct exchange exchange = { .target = target_new(STR("https://good.test/?token=hunter2")),
                                 .proxy = target_new(STR("http://hub:hunter2@127.0.0.1")),
                                 .detail = STR("\x1b[31m\xff"),
                                 .status = 500 };
    const struct upload upload = { .name = STR("a.csv"),
                                   .user = STR("hub"),
                                   .password = STR("hunter2") };
    for (int at = 0; at <= 2 * EXCHANGE_STOPPED + 1; at++) {
        int end = at / 2;
        exchange.upload = at % 2 == 0 ? NULL : &upload;
        exchange.end = (enum exchange_end)end;
        if (exchange.upload != NULL && end == EXCHANGE_ANSWERED)
            continue;
        str words = explain_exchange(&exchange, &limits, &bench->arena);
        if (words.len == 0 || !str_is_utf8(words) || str_has_control(words) ||
            has(words, "hunter2") || has(words, "(null)"))
            fail_msg("end %d: \"%.*s\"", end, STR_ARG(words));
    }
    target_release(exchange.target);
    target_release(exchange.proxy);
}

RUN_TESTS(WITH(words_for_every_end), WITH(methods), WITH(methods_without_a_body),
          WITH(headers_of_the_caller), WITH(own_timeouts), WITH(how_much_of_the_rest_came),
          WITH(time_runs_out_before_the_request_is_out), WITH(phases),
          WITH(kept_connections_are_bounded), WITH(a_thousand_kept_connections_that_close))
