/* SPDX-License-Identifier: MIT
 * delivery/test_exchange.h: a sender without couriers, as the tests of exchanges start from. */
#pragma once

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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
    struct bench *bench = *state;
    sender_free(bench->sender);
    receiver_free(bench->receiver);
    certificates_remove(&bench->certificates);
    arena_done(&bench->arena);
    free(bench);
    return 0;
}

static inline struct bench *start(void **state)
{
    struct bench *bench = *state;
    CHECK_INT("sender", sender_new(&bench->options, &bench->sender), 0);
    return bench;
}

static inline struct exchange *run(struct bench *bench, struct exchange *exchange)
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
static inline struct exchange try_exchange(struct bench *bench, const char *url,
                                           struct exchange with)
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

static inline void says(const char *label, const struct exchange *exchange, const char *part)
{
    char text[2048];
    (void)snprintf(text, sizeof(text), "%.*s", STR_ARG(exchange->location));
    if (strstr(text, part) == NULL)
        fail_msg("%s: \"%s\" (%.*s) lacks \"%s\"", label, text, STR_ARG(exchange->detail), part);
}

static inline void succeeds(const char *label, const struct exchange *exchange)
{
    if (exchange->end != EXCHANGE_ANSWERED || exchange->status != 200)
        fail_msg("%s: end %d, status %d: %.*s (%.*s)", label, (int)exchange->end, exchange->status,
                 STR_ARG(exchange->location), STR_ARG(exchange->detail));
}

static inline const char *url_of(struct bench *bench, const char *scheme, const char *host,
                                 int port, const char *path)
{
    return arena_c(&bench->arena,
                   arena_format(&bench->arena, "%s://%s:%d%s", scheme, host, port, path));
}

static inline const char *plain_url(struct bench *bench, const char *path)
{
    return url_of(bench, "http", "127.0.0.1", receiver_port(bench->receiver), path);
}

static inline str read_pem(struct bench *bench, const char *path)
{
    char *text = arena_bytes(&bench->arena, 8192);
    FILE *from = fopen(path, "r");
    CHECK(path, from != NULL);
    size_t size = fread(text, 1, 8192, from);
    (void)fclose(from);
    return str_from(text, size);
}

static inline struct receiver *secure_receiver(struct bench *bench, struct receiver_options options)
{
    options.tls = true;
    if (options.certificate == NULL)
        options.certificate = bench->certificates.good;
    options.key = bench->certificates.key;
    return receiver_new(&options);
}

static inline bool has(str text, const char *part)
{
    return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* A listener that accepts nothing has connections all the same, and reads nothing from them. */
static inline int silent_listener(int *ret_port)
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

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
