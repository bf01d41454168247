/* SPDX-License-Identifier: MIT
 * Any bytes as what a peer answers, through libcurl and the callbacks: as the target's answer, as a
 * proxy's to an unencrypted request, and as a proxy's to CONNECT. What is kept of it stays within
 * its bounds, one exchange stays one request, and there are words for every end. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "delivery/explain.h"
#include "delivery/sender_http.h"

#define KEPT 1024
#define READ 8192
#define SENT_MAX 65536 /* fits into the socket */
#define GIVE_UP_MS 5000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ── the peer ── */

struct peer {
    int listener;
    int port;
    int fd; /* −1: not connected yet */
    str bytes;
};

static struct peer peer_open(void)
{
    struct peer peer = { .fd = -1 };
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(at);
    peer.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert(bind(peer.listener, (struct sockaddr *)&at, size) == 0);
    assert(listen(peer.listener, 16) == 0);
    assert(getsockname(peer.listener, (struct sockaddr *)&at, &size) == 0);
    peer.port = ntohs(at.sin_port);
    return peer;
}

static void peer_step(struct peer *peer)
{
    if (peer->fd >= 0)
        return;
    peer->fd = accept4(peer->listener, NULL, NULL, SOCK_NONBLOCK);
    if (peer->fd < 0)
        return;
    ssize_t written = write(peer->fd, peer->bytes.ptr, peer->bytes.len);
    assert(written == (ssize_t)peer->bytes.len);
    (void)shutdown(peer->fd, SHUT_WR);
}

/* ── the exchange ── */

static void run(struct sender *sender, struct exchange *exchange, struct peer *peer)
{
    int64_t until_ms = clock_mono_ms() + GIVE_UP_MS;
    sender_start(sender, exchange);
    while (sender_take(sender) == NULL) {
        sender_step(sender);
        peer_step(peer);
        sender_wait(sender, NULL, 0, 1);
        assert(clock_mono_ms() < until_ms);
    }
}

static void check(const struct exchange *exchange, struct arena *arena)
{
    static const struct explain_limits limits = { .connect_timeout_ms = 1000,
                                                  .whole_timeout_ms = 1000,
                                                  .response_read = READ };
    assert(exchange->requests <= 1);
    assert(exchange->end != EXCHANGE_KEPT_CLOSED && !exchange->reused);
    assert(exchange->response_body.len <= KEPT);
    assert(exchange->response_head.len <= (size_t)64 * 1024);
    assert(exchange->status == 0 || (exchange->status >= 200 && exchange->status <= 999));
    assert(exchange->response_length >= (int64_t)exchange->response_body.len);
    str words = explain_exchange(exchange, &limits, arena);
    bool success = exchange->end == EXCHANGE_ANSWERED && exchange->status / 100 == 2;
    assert(success == (words.len == 0));
    assert(str_is_utf8(words) && !str_has_control(words));
}

static struct target *target_at(const char *scheme, int port, struct arena *arena)
{
    struct target *target = target_new(arena_format(arena, "%s://127.0.0.1:%d/", scheme, port));
    assert(target != NULL);
    return target;
}

static void try_answer(struct peer *peer, int kind)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct sender_options options = { .user_agent = STR("Junctor/fuzz"),
                                      .connect_timeout_ms = 1000,
                                      .whole_timeout_ms = 1000,
                                      .response_kept = KEPT,
                                      .response_read = READ };
    str wrong;
    assert(cidr_list_read(STR("127.0.0.0/8"), &arena, &options.allow_egress, &wrong));
    struct sender *sender;
    assert(sender_new(&options, &sender) == 0);
    struct exchange exchange = {
        .target = target_at(kind == 2 ? "https" : "http", peer->port, &arena),
        .proxy = kind > 0 ? target_at("http", peer->port, &arena) : NULL,
        .body = STR("{}"),
        .arena = &arena,
    };
    run(sender, &exchange, peer);
    check(&exchange, &arena);
    target_release(exchange.target);
    target_release(exchange.proxy);
    sender_free(sender);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct peer peer; /* one port for all inputs */
    if (size == 0 || size > SENT_MAX)
        return 0;
    if (peer.port == 0)
        peer = peer_open();
    peer.fd = -1;
    peer.bytes = str_from(data + 1, size - 1);
    try_answer(&peer, data[0] % 3);
    if (peer.fd >= 0)
        (void)close(peer.fd);
    return 0;
}
