/* SPDX-License-Identifier: MIT
 * Exchanges by a sender of its own, without couriers: what a transport can ask for, and what is
 * told of an exchange. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "delivery/testing.h"

struct bench {
    struct sender *sender;
    struct sender_options options;
    struct receiver *receiver;
    struct certificates certificates;
    struct arena arena;
};

static int set_up(void **state)
{
    struct bench *bench = NEW(struct bench);
    certificates_make(&bench->certificates);
    bench->receiver = receiver_new(NULL);
    bench->options = (struct sender_options){
        .user_agent = STR("Junctor/test"),
        .ca_file = str_c(bench->certificates.authority),
        .connect_timeout_ms = 3000,
        .whole_timeout_ms = 10000,
        .response_kept = 65536,
        .response_read = 1 << 20,
    };
    CHECK("ranges", cidr_list_read(STR("127.0.0.0/8"), &bench->arena, &bench->options.allow_egress,
                                   &(str){}));
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    sender_free(bench->sender);
    receiver_free(bench->receiver);
    certificates_remove(&bench->certificates);
    arena_done(&bench->arena);
    free(bench);
    return 0;
}

static struct bench *start(void **state)
{
    struct bench *bench = *state;
    CHECK_INT("sender", sender_new(&bench->options, &bench->sender), 0);
    return bench;
}

static struct exchange *run(struct bench *bench, struct exchange *exchange)
{
    static struct curl_slist expect = { .data = (char *)(uintptr_t) "Expect:" };
    exchange->arena = &bench->arena;
    exchange->headers = exchange->headers == NULL ? &expect : exchange->headers;
    if (exchange->body.ptr == NULL)
        exchange->body = STR("{}");
    sender_start(bench->sender, exchange);
    int64_t until_ms = clock_mono_ms() + 30000;
    struct exchange *done;
    while ((done = sender_take(bench->sender)) == NULL) {
        sender_step(bench->sender);
        sender_wait(bench->sender, NULL, 0, 20);
        CHECK("it ends", clock_mono_ms() < until_ms);
    }
    CHECK("this one", done == exchange);
    return done;
}

/* A copy, so that a target can be let go at once. */
static struct exchange try_exchange(struct bench *bench, const char *url, struct exchange with)
{
    with.target = target_new(str_c(url));
    CHECK(url, with.target != NULL);
    struct curl_slist pin = {};
    const struct target *first = with.proxy == NULL ? with.target : with.proxy;
    if (first->literal.family == 0) {
        const struct address loopback = { .family = 4, .bytes = { 127, 0, 0, 1 } };
        pin.data = sender_pin(first, &loopback, 1, &bench->arena);
        with.pin = &pin;
    }
    (void)run(bench, &with);
    with.pin = NULL;
    /* The words while there is a target. */
    const struct explain_limits limits = { .connect_timeout_ms = bench->options.connect_timeout_ms,
                                           .whole_timeout_ms = bench->options.whole_timeout_ms,
                                           .response_read = bench->options.response_read };
    with.location = explain_exchange(&with, &limits, &bench->arena);
    target_release(with.target);
    with.target = NULL;
    return with;
}

#define TRY(bench, url, ...) try_exchange((bench), (url), (struct exchange){ __VA_ARGS__ })

static void says(const char *label, const struct exchange *exchange, const char *part)
{
    char text[2048];
    (void)snprintf(text, sizeof(text), "%.*s", STR_ARG(exchange->location));
    if (strstr(text, part) == NULL)
        fail_msg("%s: \"%s\" (%.*s) lacks \"%s\"", label, text, STR_ARG(exchange->detail), part);
}

static void succeeds(const char *label, const struct exchange *exchange)
{
    if (exchange->end != EXCHANGE_ANSWERED || exchange->status != 200)
        fail_msg("%s: end %d, status %d: %.*s (%.*s)", label, (int)exchange->end, exchange->status,
                 STR_ARG(exchange->location), STR_ARG(exchange->detail));
}

static const char *url_of(struct bench *bench, const char *scheme, const char *host, int port,
                          const char *path)
{
    return arena_c(&bench->arena,
                   arena_format(&bench->arena, "%s://%s:%d%s", scheme, host, port, path));
}

static const char *plain_url(struct bench *bench, const char *path)
{
    return url_of(bench, "http", "127.0.0.1", receiver_port(bench->receiver), path);
}

static str read_pem(struct bench *bench, const char *path)
{
    char *text = arena_bytes(&bench->arena, 8192);
    FILE *from = fopen(path, "r");
    CHECK(path, from != NULL);
    size_t size = fread(text, 1, 8192, from);
    (void)fclose(from);
    return str_from(text, size);
}

static struct receiver *secure_receiver(struct bench *bench, struct receiver_options options)
{
    options.tls = true;
    if (options.certificate == NULL)
        options.certificate = bench->certificates.good;
    options.key = bench->certificates.key;
    return receiver_new(&options);
}

static bool has(str text, const char *part)
{
    return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

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

/* A listener that accepts nothing has connections all the same, and reads nothing from them. */
static int silent_listener(int *ret_port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int small = 4096;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(at);
    CHECK_INT("bind", bind(fd, (struct sockaddr *)&at, size), 0);
    CHECK_INT("listen", listen(fd, 8), 0);
    CHECK_INT("port", getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
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

/* ── certificates ── */

TEST(certificates_that_are_not_good)
{
    struct bench *bench = start(state);
    const struct certificates *certificates = &bench->certificates;

    const struct {
        const char *file;
        const char *words;
    } cases[] = {
        { certificates->wrong_name, "does not name localhost" },
        { certificates->expired, "has expired" },
        { certificates->not_yet, "is not valid yet" },
        { certificates->unknown, "is self-signed" },
        { certificates->stranger, "comes from an authority that is not trusted" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct receiver *secure =
            secure_receiver(bench, (struct receiver_options){ .certificate = cases[i].file });
        struct exchange exchange =
            TRY(bench, url_of(bench, "https", "localhost", receiver_port(secure), "/ok"),
                .body = STR("{}"));
        CHECK_INT(cases[i].words, exchange.end, EXCHANGE_CERTIFICATE);
        says(cases[i].words, &exchange, cases[i].words);
        CHECK_INT(cases[i].words, receiver_count(secure), 0);
        receiver_free(secure);
    }
}

TEST(own_authorities)
{
    struct bench *bench = start(state);
    struct receiver *secure = secure_receiver(
        bench, (struct receiver_options){ .certificate = bench->certificates.stranger });
    struct receiver *usual = secure_receiver(bench, (struct receiver_options){});
    const struct transport own = { .authorities =
                                       read_pem(bench, bench->certificates.other_authority) };
    const char *url = url_of(bench, "https", "localhost", receiver_port(secure), "/ok");
    struct exchange exchange = TRY(bench, url, .transport = &own);
    succeeds("its own authority", &exchange);
    exchange = TRY(bench, url, .body = STR("{}"));
    CHECK_INT("not by another outlet", exchange.end, EXCHANGE_CERTIFICATE);
    exchange = TRY(bench, url, .transport = &own);
    succeeds("its own, again", &exchange);
    CHECK("kept", exchange.reused);
    exchange = TRY(bench, url_of(bench, "https", "localhost", receiver_port(usual), "/ok"),
                   .transport = &own);
    CHECK_INT("instead of the hub's", exchange.end, EXCHANGE_CERTIFICATE);
    static const char *const wrong[] = {
        "no PEM", "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n"
                  "\nAAAA\n-----END CERTIFICATE-----\n"
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const struct transport bad = { .authorities = str_c(wrong[i]) };
        exchange = TRY(bench, url, .transport = &bad);
        CHECK_INT(wrong[i], exchange.end, EXCHANGE_AUTHORITIES);
        says(wrong[i], &exchange, "The endpoint's authorities cannot be read");
    }
    receiver_free(secure);
    receiver_free(usual);
}

static void ask_for_certificate(struct bench *bench, int tls_version)
{
    const struct certificates *certificates = &bench->certificates;
    str key = read_pem(bench, certificates->key);
    const struct transport good = { .certificate = read_pem(bench, certificates->client),
                                    .private_key = key };
    const struct transport stranger = { .certificate = read_pem(bench, certificates->stranger),
                                        .private_key = key };
    struct receiver *secure = secure_receiver(
        bench, (struct receiver_options){ .client_authority = certificates->authority,
                                          .tls_version = tls_version });
    const char *url = url_of(bench, "https", "localhost", receiver_port(secure), "/ok");
    struct exchange exchange = TRY(bench, url, .body = STR("{}"));
    CHECK_INT("none", exchange.end, EXCHANGE_CLIENT_CERTIFICATE);
    says("none", &exchange, "asks for a client certificate, and the endpoint has none");
    exchange = TRY(bench, url, .transport = &stranger);
    CHECK_INT("of nobody it trusts", exchange.end, EXCHANGE_CLIENT_CERTIFICATE);
    says("of nobody it trusts", &exchange, "does not take the endpoint's client certificate");
    CHECK_INT("nothing came", receiver_count(secure), 0);
    exchange = TRY(bench, url, .transport = &good);
    succeeds("the right one", &exchange);
    exchange = TRY(bench, url, .transport = &good);
    CHECK("kept", exchange.reused);
    receiver_free(secure);
}

TEST(client_certificates)
{
    struct bench *bench = start(state);
    ask_for_certificate(bench, 0x0304); /* TLS 1.3: it is told when the request is out */
    ask_for_certificate(bench, 0x0303);
}

TEST(client_certificates_that_cannot_be_used)
{
    struct bench *bench = start(state);
    const struct certificates *certificates = &bench->certificates;
    struct receiver *secure = secure_receiver(bench, (struct receiver_options){});
    const char *url = url_of(bench, "https", "localhost", receiver_port(secure), "/ok");
    str client = read_pem(bench, certificates->client);

    const struct {
        const char *label;
        str certificate;
        str key;
    } cases[] = {
        { "of another key", client, read_pem(bench, certificates->other_key) },
        { "encrypted", client, read_pem(bench, certificates->encrypted_key) },
        { "no key", client, STR("") },
        { "no PEM", STR("hello"), STR("there") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct transport transport = { .certificate = cases[i].certificate,
                                             .private_key = cases[i].key };
        struct exchange exchange = TRY(bench, url, .transport = &transport);
        CHECK_INT(cases[i].label, exchange.end, EXCHANGE_OWN_CERTIFICATE);
        says(cases[i].label, &exchange, "The endpoint's client certificate cannot be used");
        CHECK(cases[i].label, !has(exchange.location, "BEGIN") && !has(exchange.detail, "BEGIN"));
    }
    CHECK_INT("nothing came", receiver_count(secure), 0);
    receiver_free(secure);
}

TEST(other_failures_of_tls)
{
    struct bench *bench = start(state);
    struct receiver *mail =
        receiver_new(&(struct receiver_options){ .greeting = "220 mail.test ESMTP\r\n" });
    struct exchange exchange = TRY(
        bench, url_of(bench, "https", "127.0.0.1", receiver_port(mail), "/ok"), .body = STR("{}"));
    CHECK_INT("no TLS there", exchange.end, EXCHANGE_TLS);
    says("no TLS there", &exchange, "what answers there does not speak TLS");
    receiver_free(mail);
    struct receiver *old =
        secure_receiver(bench, (struct receiver_options){ .tls_version = 0x0301 });
    exchange = TRY(bench, url_of(bench, "https", "localhost", receiver_port(old), "/ok"),
                   .body = STR("{}"));
    CHECK_INT("too old", exchange.end, EXCHANGE_TLS);
    says("too old", &exchange, "no version of TLS that the hub does");
    receiver_free(old);
}

/* ── connections are not shared ── */

/* A kept connection is as good as the certificate it was opened with: who has another key, though
 * the same public certificate, must not get it. */
TEST(connections_of_one_certificate_are_not_anothers)
{
    struct bench *bench = start(state);
    const struct certificates *certificates = &bench->certificates;
    str key = read_pem(bench, certificates->key);
    str other_key = read_pem(bench, certificates->other_key);
    str client = read_pem(bench, certificates->client);
    const struct transport transports[] = {
        { .certificate = client, .private_key = key },
        { .certificate = read_pem(bench, certificates->other_client), .private_key = key },
        { .authorities = read_pem(bench, certificates->authority) },
        {},
        { .certificate = client, .private_key = other_key },
    };
    struct receiver *secure = secure_receiver(bench, (struct receiver_options){});
    const char *url = url_of(bench, "https", "localhost", receiver_port(secure), "/ok");
    for (int turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < 4; i++) {
            struct exchange exchange = TRY(bench, url, .transport = &transports[i]);
            succeeds("own connection", &exchange);
            CHECK_INT("kept from the second on", exchange.reused, turn);
        }
    CHECK_INT("one connection each", receiver_connections(secure), 4);
    struct exchange exchange = TRY(bench, url, .transport = &transports[4]);
    CHECK_INT("the same certificate with another key", exchange.end, EXCHANGE_OWN_CERTIFICATE);
    CHECK_INT("sent by nobody else's", receiver_count(secure), 8);
    receiver_free(secure);
}

/* ── proxies ── */

struct proxied {
    struct transport transport;
    struct target *proxy;
};

static struct proxied by_proxy(struct bench *bench, const char *scheme, const char *user, int port)
{
    str url = arena_format(&bench->arena, "%s://%s127.0.0.1:%d", scheme, user, port);
    return (struct proxied){ .transport = { .proxy = url }, .proxy = target_new(url) };
}

static struct exchange try_by(struct bench *bench, const char *url, const struct proxied *by)
{
    return TRY(bench, url, .transport = &by->transport, .proxy = by->proxy);
}

#define CREDENTIALS "Basic aHViOnBhc3M6d29yZA==" /* hub:pass:word */

TEST(proxy_for_both_schemes)
{
    struct bench *bench = start(state);
    struct receiver *proxy = receiver_new(&(struct receiver_options){ .credentials = CREDENTIALS });
    struct receiver *secure = secure_receiver(bench, (struct receiver_options){});
    struct proxied by = by_proxy(bench, "http", "hub:pass%3Aword@", receiver_port(proxy));
    /* The proxy looks the name up: it leads to 127.0.0.1 whatever it is. */
    struct exchange exchange = try_by(bench, "http://name.test:8080/ok?x=1", &by);
    succeeds("http", &exchange);
    struct received received = receiver_get(proxy, 0);
    CHECK("absolute form",
          str_starts(received.head, STR("POST http://name.test:8080/ok?x=1 HTTP/1.1\r\n")));
    CHECK_STR("as sent", exchange.request_head, received.head);
    exchange =
        try_by(bench, url_of(bench, "https", "localhost.test", receiver_port(secure), "/ok"), &by);
    CHECK_INT("the target's certificate counts", exchange.end, EXCHANGE_CERTIFICATE);
    const char *url = url_of(bench, "https", "good.test", receiver_port(secure), "/ok");
    exchange = try_by(bench, url, &by);
    succeeds("https", &exchange);
    received = receiver_get(proxy, receiver_count(proxy) - 1);
    CHECK("CONNECT", str_starts(received.head, STR("CONNECT good.test:")));
    CHECK("none of our headers", !has(received.head, "Content-Type"));
    CHECK_STR("the request is the target's", exchange.request_head, receiver_get(secure, 0).head);
    CHECK("no credentials in it", !has(exchange.request_head, "Proxy-"));
    CHECK("nor the proxy's head", !has(exchange.response_head, "X-Proxy"));
    exchange = try_by(bench, url, &by);
    CHECK("the tunnel is kept", exchange.reused);
    target_release(by.proxy);
    receiver_free(secure);
    receiver_free(proxy);
}

TEST(proxy_by_tls_and_by_name)
{
    struct bench *bench = start(state);
    struct receiver *proxy = secure_receiver(bench, (struct receiver_options){});
    struct receiver *secure = secure_receiver(bench, (struct receiver_options){});
    str url = arena_format(&bench->arena, "https://localhost:%d", receiver_port(proxy));
    struct proxied by = { .transport = { .proxy = url }, .proxy = target_new(url) };
    struct exchange exchange =
        try_by(bench, url_of(bench, "https", "good.test", receiver_port(secure), "/ok"), &by);
    succeeds("TLS in TLS", &exchange);
    exchange = try_by(bench, "http://name.test/ok", &by);
    succeeds("http through TLS", &exchange);
    target_release(by.proxy);
    url = arena_format(&bench->arena, "https://wrong.test:%d", receiver_port(proxy));
    by = (struct proxied){ .transport = { .proxy = url }, .proxy = target_new(url) };
    exchange = try_by(bench, "http://name.test/ok", &by);
    CHECK_INT("a certificate for another name", exchange.end, EXCHANGE_PROXY_TLS);
    says("whose", &exchange, "No TLS connection to the proxy wrong.test:");
    target_release(by.proxy);
    receiver_free(secure);
    receiver_free(proxy);
}

TEST(proxies_that_fail)
{
    struct bench *bench = start(state);

    static const struct {
        int status;
        enum exchange_end end;
        const char *words;
    } cases[] = {
        { 502, EXCHANGE_PROXY_STATUS, "answered 502: it does not reach good.test:443" },
        { 504, EXCHANGE_PROXY_STATUS, "answered 504: it does not reach good.test:443" },
        { 403, EXCHANGE_PROXY_STATUS, "does not let through to good.test:443" },
        { 405, EXCHANGE_PROXY_STATUS, "check that it is a forward proxy" },
        { 407, EXCHANGE_PROXY_CREDENTIALS, "asks for other credentials (407)" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct receiver *proxy =
            receiver_new(&(struct receiver_options){ .connect_status = cases[i].status });
        struct proxied by = by_proxy(bench, "http", "hub:hunter2@", receiver_port(proxy));
        struct exchange exchange = try_by(bench, "https://good.test/ok", &by);
        CHECK_INT(cases[i].words, exchange.end, cases[i].end);
        CHECK_INT(cases[i].words, exchange.proxy_status, cases[i].status);
        CHECK_INT("no status of the target", exchange.status, 0);
        CHECK_STR("nothing was sent", exchange.request_head, STR(""));
        says(cases[i].words, &exchange, cases[i].words);
        CHECK("no secret", !has(exchange.location, "hunter2"));
        target_release(by.proxy);
        receiver_free(proxy);
    }
}

TEST(proxies_that_are_not_there)
{
    struct bench *bench = start(state);
    struct receiver *gone = receiver_new(NULL);
    struct proxied by = by_proxy(bench, "http", "hub:hunter2@", receiver_port(gone));
    receiver_free(gone);
    struct exchange exchange = try_by(bench, "https://good.test/ok", &by);
    CHECK_INT("nobody", exchange.end, EXCHANGE_PROXY_REFUSED);
    says("nobody", &exchange, "The proxy 127.0.0.1:");
    CHECK("no secret", !has(exchange.location, "hunter2"));
    target_release(by.proxy);
    int port;
    int listener = silent_listener(&port);
    by = by_proxy(bench, "http", "", port);
    by.transport.connect_timeout_ms = 150;
    exchange = try_by(bench, "https://good.test/ok", &by);
    CHECK_INT("silent", exchange.end, EXCHANGE_PROXY_UNREACHABLE);
    says("silent", &exchange, "No connection by way of the proxy 127.0.0.1:");
    says("silent", &exchange, "within 150 ms");
    (void)close(listener);
    exchange = TRY(bench, "https://good.test/ok", .transport = &by.transport);
    CHECK_INT("one that the caller could not read", exchange.end, EXCHANGE_PROXY_NO_URL);
    target_release(by.proxy);
    str ftp = STR("ftp://hub:hunter2@127.0.0.1:21");
    by = (struct proxied){ .transport = { .proxy = ftp }, .proxy = target_new(ftp) };
    exchange = try_by(bench, "https://good.test/ok", &by);
    CHECK_INT("of another kind", exchange.end, EXCHANGE_PROXY_NO_URL);
    CHECK("no secret", !has(exchange.detail, "hunter2"));
    target_release(by.proxy);
}

TEST(a_plain_proxy_asks_for_credentials)
{
    struct bench *bench = start(state);
    struct receiver *proxy = receiver_new(&(struct receiver_options){ .credentials = CREDENTIALS });
    struct proxied by = by_proxy(bench, "http", "hub:wrong@", receiver_port(proxy));
    struct exchange exchange = try_by(bench, "http://good.test/ok", &by);
    CHECK_INT("its 407 is not the target's", exchange.end, EXCHANGE_PROXY_CREDENTIALS);
    CHECK_INT("one request", receiver_count(proxy), 1);
    target_release(by.proxy);
    by = by_proxy(bench, "http", "hub:pass%3Aword@", receiver_port(proxy));
    exchange = try_by(bench, "http://good.test/status/502", &by);
    says("whose it is cannot be told", &exchange, "The target, or the proxy before it, answered");
    target_release(by.proxy);
    receiver_free(proxy);
}

TEST(the_guard_and_proxies)
{
    struct bench *bench = start(state);
    struct receiver *proxy = receiver_new(NULL);
    struct proxied by = by_proxy(bench, "http", "", receiver_port(proxy));
    struct exchange exchange = try_by(bench, "http://10.0.0.1/ok", &by);
    CHECK_INT("an address behind it", exchange.end, EXCHANGE_BLOCKED);
    says("an address behind it", &exchange,
         "10.0.0.1 is private (10.0.0.0/8); start the hub with "
         "--allow-egress");
    CHECK_INT("it was not asked", receiver_count(proxy), 0);
    target_release(by.proxy);
    str private = STR("http://10.1.2.3:3128");
    by = (struct proxied){ .transport = { .proxy = private }, .proxy = target_new(private) };
    exchange = try_by(bench, "http://good.test/ok", &by);
    CHECK_INT("its own address", exchange.end, EXCHANGE_BLOCKED);
    says("its own address", &exchange, "The proxy 10.1.2.3:3128: 10.1.2.3 is private");
    target_release(by.proxy);
    receiver_free(proxy);
}

/* libcurl compares host and port of a proxy, not its credentials. */
TEST(tunnels_of_one_user_are_not_anothers)
{
    struct bench *bench = start(state);
    struct receiver *proxy = receiver_new(&(struct receiver_options){ .credentials = CREDENTIALS });
    struct receiver *secure = secure_receiver(bench, (struct receiver_options){});
    const char *url = url_of(bench, "https", "good.test", receiver_port(secure), "/ok");
    struct proxied good = by_proxy(bench, "http", "hub:pass%3Aword@", receiver_port(proxy));
    struct proxied other = by_proxy(bench, "http", "other:word@", receiver_port(proxy));
    struct proxied none = by_proxy(bench, "http", "", receiver_port(proxy));
    struct exchange exchange = try_by(bench, url, &good);
    succeeds("the right ones", &exchange);
    exchange = try_by(bench, url, &other);
    CHECK_INT("others", exchange.end, EXCHANGE_PROXY_CREDENTIALS);
    exchange = try_by(bench, url, &none);
    CHECK_INT("none", exchange.end, EXCHANGE_PROXY_CREDENTIALS);
    exchange = try_by(bench, url, &good);
    succeeds("the right ones again", &exchange);
    CHECK("kept", exchange.reused);
    exchange = TRY(bench, url, .body = STR("{}"));
    succeeds("without a proxy", &exchange);
    CHECK("on a connection of its own", !exchange.reused);
    CHECK_INT("three", receiver_count(secure), 3);
    target_release(good.proxy);
    target_release(other.proxy);
    target_release(none.proxy);
    receiver_free(secure);
    receiver_free(proxy);
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
        char text[32];
        (void)snprintf(text, sizeof(text), "%.*s", STR_ARG(receiver_get(bench->receiver, i).body));
        int n = -1;
        CHECK_INT(text, sscanf(text, "{\"n\":%d}", &n), 1);
        seen[n]++;
    }
    for (int i = 0; i < ROUNDS; i++)
        CHECK("at most once", seen[i] <= 1);
    CHECK("some were lost and told", ends[EXCHANGE_KEPT_CLOSED] > 0);
    CHECK("most came through", ends[EXCHANGE_ANSWERED] > ROUNDS / 2);
    CHECK_INT("nothing else", ends[EXCHANGE_KEPT_CLOSED] + ends[EXCHANGE_ANSWERED], ROUNDS);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

RUN_TESTS(WITH(methods), WITH(headers_of_the_caller), WITH(own_timeouts),
          WITH(how_much_of_the_rest_came), WITH(time_runs_out_before_the_request_is_out),
          WITH(phases), WITH(certificates_that_are_not_good), WITH(own_authorities),
          WITH(client_certificates), WITH(client_certificates_that_cannot_be_used),
          WITH(other_failures_of_tls), WITH(connections_of_one_certificate_are_not_anothers),
          WITH(proxy_for_both_schemes), WITH(proxy_by_tls_and_by_name), WITH(proxies_that_fail),
          WITH(proxies_that_are_not_there), WITH(a_plain_proxy_asks_for_credentials),
          WITH(the_guard_and_proxies), WITH(tunnels_of_one_user_are_not_anothers),
          WITH(kept_connections_are_bounded), WITH(a_thousand_kept_connections_that_close))
