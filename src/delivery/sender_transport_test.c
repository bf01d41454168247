/* SPDX-License-Identifier: MIT
 * Certificates of both sides, proxies, and whose connections are whose. */
#include "delivery/test_exchange.h"

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
    /* NOLINTBEGIN(concurrency-mt-unsafe): nobody else is reading it */
    CHECK_INT("the environment has no say", setenv("no_proxy", "*", 1), 0);
    struct exchange exchange = try_by(bench, "http://good.test/ok", &by);
    (void)unsetenv("no_proxy");
    /* NOLINTEND(concurrency-mt-unsafe) */
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
    exchange = try_by(bench, "http://127.0.0.1/ok", &by);
    says("before an address that is allowed", &exchange,
         "The proxy 10.1.2.3:3128: 10.1.2.3 is private");
    exchange = try_by(bench, "http://10.0.0.1/ok", &by);
    says("before an address that is not", &exchange, "10.0.0.1 is private");
    CHECK("whose it is", !has(exchange.location, "The proxy"));
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

RUN_TESTS(WITH(certificates_that_are_not_good), WITH(own_authorities), WITH(client_certificates),
          WITH(client_certificates_that_cannot_be_used), WITH(other_failures_of_tls),
          WITH(connections_of_one_certificate_are_not_anothers), WITH(proxy_for_both_schemes),
          WITH(proxy_by_tls_and_by_name), WITH(proxies_that_fail), WITH(proxies_that_are_not_there),
          WITH(a_plain_proxy_asks_for_credentials), WITH(the_guard_and_proxies),
          WITH(tunnels_of_one_user_are_not_anothers))
