/* SPDX-License-Identifier: MIT
 * HTTP/2: when it is spoken, and that one exchange is one request there too. */
#include "delivery/test_exchange.h"

static struct h2_receiver *h2_start(struct bench *bench, enum h2_script script,
                                    const char **ret_url)
{
    struct h2_receiver *receiver = h2_receiver_new(&bench->certificates, script);
    *ret_url = url_of(bench, "https", "localhost", h2_receiver_port(receiver), "/ok");
    return receiver;
}

/* libcurl 8 shows names as they would be in HTTP/1.1, 7 as they are sent. */
static bool has_line(const struct exchange *exchange, const char *line)
{
    str rest = exchange->request_head;
    while (rest.len > 0)
        if (str_equal_nocase(str_trim(str_cut(&rest, '\n')), str_c(line)))
            return true;
    return false;
}

TEST(where_both_sides_agree)
{
    struct bench *bench = start(state);
    const char *url;
    struct h2_receiver *receiver = h2_start(bench, H2_ANSWER, &url);
    struct exchange exchange = TRY(bench, url, .body = STR("{\"n\":1}"));
    succeeds("HTTP/2", &exchange);
    CHECK_INT("version", exchange.http_version, 20);
    CHECK_INT("came whole", h2_receiver_bodies(receiver, STR("{\"n\":1}")), 1);
    CHECK_STR("answer", exchange.response_body, STR("ok"));
    CHECK("the request", str_starts(exchange.request_head, STR("POST /ok HTTP/2\r\nHost: ")));
    CHECK("the request", has_line(&exchange, "user-agent: Junctor/test") &&
                             has_line(&exchange, "content-length: 7"));
    CHECK("the answer", str_starts(exchange.response_head, STR("HTTP/2 200")));

    static const enum request_method methods[] = { REQUEST_PUT, REQUEST_PATCH };

    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        const struct transport transport = { .method = methods[i] };
        exchange = TRY(bench, url, .transport = &transport);
        succeeds("method", &exchange);
        CHECK("kept", exchange.reused);
        CHECK("method", str_starts(exchange.request_head, i == 0 ? STR("PUT /ok HTTP/2\r\n")
                                                                 : STR("PATCH /ok HTTP/2\r\n")));
    }
    CHECK_INT("one connection", h2_receiver_connections(receiver), 1);
    h2_receiver_free(receiver);
}

TEST(where_they_do_not)
{
    struct bench *bench = start(state);
    const char *url;
    struct h2_receiver *receiver = h2_start(bench, H2_ANSWER, &url);
    const struct transport http1 = { .http1 = true };
    struct exchange exchange = TRY(bench, url, .body = STR("{}"));
    succeeds("HTTP/2", &exchange);
    exchange = TRY(bench, url, .transport = &http1);
    CHECK_INT("not on a kept connection either", exchange.end, EXCHANGE_TLS);
    CHECK_INT("one came", h2_receiver_count(receiver), 1);
    h2_receiver_free(receiver);
    struct receiver *secure = secure_receiver(bench, (struct receiver_options){});
    exchange = TRY(bench, url_of(bench, "https", "localhost", receiver_port(secure), "/ok"),
                   .body = STR("{}"));
    succeeds("a target that does not speak it", &exchange);
    CHECK_INT("version", exchange.http_version, 11);
    receiver_free(secure);
    exchange = TRY(bench, plain_url(bench, "/ok"), .body = STR("{}"));
    CHECK_INT("never without TLS", exchange.http_version, 11);
    CHECK("nor asked for", !has(receiver_get(bench->receiver, 0).head, "Upgrade"));
}

/* A breaking connection takes one request with it. */
TEST(one_request_a_connection_at_a_time)
{
    struct bench *bench = start(state);
    const char *url;
    struct h2_receiver *receiver = h2_start(bench, H2_ANSWER, &url);
    struct target *target = target_new(str_c(url));
    const struct address loopback = { .family = 4, .bytes = { 127, 0, 0, 1 } };
    struct curl_slist pin = { .data = sender_pin(target, &loopback, 1, &bench->arena) };
    struct exchange exchanges[3] = {};
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < COUNT_OF(exchanges); i++) {
            exchanges[i] = (struct exchange){
                .target = target, .pin = &pin, .arena = &bench->arena, .body = STR("{}")
            };
            sender_start(bench->sender, &exchanges[i]);
        }
        for (size_t done = 0; done < COUNT_OF(exchanges);) {
            sender_step(bench->sender);
            sender_wait(bench->sender, NULL, 0, 20);
            while (sender_take(bench->sender) != NULL)
                done++;
        }
        for (size_t i = 0; i < COUNT_OF(exchanges); i++)
            CHECK_INT("answered", exchanges[i].status, 200);
    }
    CHECK_INT("a connection each, kept", h2_receiver_connections(receiver), 3);
    target_release(target);
    h2_receiver_free(receiver);
}

static bool libcurl_is(unsigned least)
{
    return curl_version_info(CURLVERSION_NOW)->version_num >> 16 >= least;
}

/* libcurl would send all of these again by itself. */
TEST(what_is_refused_is_told)
{
    struct bench *bench = start(state);

    /* libcurl 7 does not say that it was HTTP/2's rules. */
    enum exchange_end broken = libcurl_is(8) ? EXCHANGE_HTTP2 : EXCHANGE_EMPTY;

    const struct {
        const char *label;
        enum h2_script script;
        enum exchange_end first, second;
    } cases[] = {
        { "refused", H2_REFUSE, EXCHANGE_HTTP2, EXCHANGE_HTTP2 },
        { "refused on a kept one", H2_REFUSE_SECOND, EXCHANGE_ANSWERED, EXCHANGE_KEPT_CLOSED },
        { "goes away", H2_GO_AWAY_SECOND, EXCHANGE_ANSWERED, EXCHANGE_KEPT_CLOSED },
        { "closes", H2_CLOSE_SECOND, EXCHANGE_ANSWERED, EXCHANGE_KEPT_CLOSED },
        { "breaks the rules", H2_NONSENSE, broken, broken },
        { "aborts", H2_ABORT, EXCHANGE_HTTP2, EXCHANGE_HTTP2 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *url;
        struct h2_receiver *receiver = h2_start(bench, cases[i].script, &url);
        struct exchange first = TRY(bench, url, .body = STR("{\"first\":1}"));
        CHECK_INT(cases[i].label, first.end, cases[i].first);
        struct exchange second = TRY(bench, url, .body = STR("{\"second\":2}"));
        CHECK_INT(cases[i].label, second.end, cases[i].second);
        CHECK_INT(cases[i].label, h2_receiver_bodies(receiver, STR("{\"first\":1}")), 1);
        CHECK_INT(cases[i].label, h2_receiver_bodies(receiver, STR("{\"second\":2}")), 1);
        if (first.end == EXCHANGE_HTTP2)
            says(cases[i].label, &first, "have the endpoint use HTTP/1.1");
        if (second.end == EXCHANGE_KEPT_CLOSED) {
            second = TRY(bench, url, .body = STR("{\"second\":2}"), .fresh = true);
            succeeds(cases[i].label, &second);
            CHECK_INT(cases[i].label, h2_receiver_bodies(receiver, STR("{\"second\":2}")), 2);
        }
        h2_receiver_free(receiver);
    }
}

/* The stream is refused and the connection kept; on a new one it is the target's failure, so that
 * it does not go on for ever. */
TEST(http1_is_asked_for)
{
    struct bench *bench = start(state);
    const char *url;
    struct h2_receiver *receiver = h2_start(bench, H2_WANT_HTTP1, &url);

    static const enum exchange_end ends[] = { EXCHANGE_HTTP2, EXCHANGE_KEPT_CLOSED,
                                              EXCHANGE_HTTP2 };

    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct exchange exchange = TRY(bench, url, .fresh = i == 2);
        CHECK_INT("end", exchange.end, ends[i]);
        CHECK_INT("one request each", h2_receiver_count(receiver), i + 1);
    }
    h2_receiver_free(receiver);
}

RUN_TESTS(WITH(where_both_sides_agree), WITH(where_they_do_not),
          WITH(one_request_a_connection_at_a_time), WITH(what_is_refused_is_told),
          WITH(http1_is_asked_for))
