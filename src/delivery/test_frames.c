/* SPDX-License-Identifier: MIT
 * As much of HTTP/2 (RFC 9113) as a script needs. What a request's header block says is not read:
 * of HPACK the answers need one byte. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "delivery/testing.h"

#define CONNECTIONS 64
#define BODY_MAX 65536

enum frame_kind {
    FRAME_DATA = 0,
    FRAME_HEADERS = 1,
    FRAME_RST_STREAM = 3,
    FRAME_SETTINGS = 4,
    FRAME_PING = 6,
    FRAME_GOAWAY = 7,
};

enum { FLAG_END_STREAM = 1, FLAG_ACK = 1, FLAG_END_HEADERS = 4 };

enum { INTERNAL_ERROR = 2, REFUSED_STREAM = 7, HTTP_1_1_REQUIRED = 13 };

struct frame {
    enum frame_kind kind;
    unsigned flags;
    uint32_t stream;
    str payload;
};

struct h2_connection {
    int fd;
    SSL *tls;
    int requests;
    struct buf body; /* of the request that is being read */
    uint32_t last;   /* the newest stream that was answered */
};

struct h2_receiver {
    enum h2_script script;
    int listener;
    int port;
    SSL_CTX *tls;
    pthread_t thread;
    struct waker stop;
    struct h2_connection connections[CONNECTIONS];
    int open;
    char payload[1 << 14]; /* of the newest frame */
    pthread_mutex_t mutex;
    /* Below: under the mutex. */
    struct arena arena;
    str bodies[1024];
    int count;
    int accepted;
};

/* ── frames ── */

static bool read_all(struct h2_connection *connection, void *to, size_t size)
{
    size_t have = 0;
    while (have < size) {
        int got = SSL_read(connection->tls, (char *)to + have, (int)(size - have));
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    return true;
}

static void put_frame(struct h2_connection *connection, const struct frame *frame)
{
    unsigned char bytes[9 + 64];
    size_t size = frame->payload.len;
    assert(size <= 64);
    const unsigned char head[9] = { 0,
                                    0,
                                    (unsigned char)size,
                                    (unsigned char)frame->kind,
                                    (unsigned char)frame->flags,
                                    (unsigned char)(frame->stream >> 24),
                                    (unsigned char)(frame->stream >> 16),
                                    (unsigned char)(frame->stream >> 8),
                                    (unsigned char)frame->stream };
    memcpy(bytes, head, sizeof(head));
    if (size > 0)
        memcpy(bytes + sizeof(head), frame->payload.ptr, size);
    (void)SSL_write(connection->tls, bytes, (int)(sizeof(head) + size));
}

static void put_number(struct h2_connection *connection, enum frame_kind kind, uint32_t stream,
                       uint32_t number)
{
    const char payload[4] = { (char)(number >> 24), (char)(number >> 16), (char)(number >> 8),
                              (char)number };
    put_frame(connection, &(struct frame){ .kind = kind,
                                           .stream = stream,
                                           .payload = str_from(payload, sizeof(payload)) });
}

static void put_head(struct h2_connection *connection, uint32_t stream)
{
    put_frame(connection, &(struct frame){ .kind = FRAME_HEADERS,
                                           .flags = FLAG_END_HEADERS,
                                           .stream = stream,
                                           .payload = STR("\x88") }); /* :status 200 */
}

static void put_answer(struct h2_connection *connection, uint32_t stream)
{
    connection->last = stream;
    put_head(connection, stream);
    put_frame(connection, &(struct frame){ .kind = FRAME_DATA,
                                           .flags = FLAG_END_STREAM,
                                           .stream = stream,
                                           .payload = STR("ok") });
}

static void put_go_away(struct h2_connection *connection)
{
    const char payload[8] = { 0, 0, 0, (char)connection->last };
    put_frame(connection, &(struct frame){ .kind = FRAME_GOAWAY,
                                           .payload = str_from(payload, sizeof(payload)) });
}

/* ── requests ── */

/* False: the connection is to be closed. */
static bool play(struct h2_receiver *receiver, struct h2_connection *connection, uint32_t stream)
{
    bool second = connection->requests > 1;
    switch (receiver->script) {
    case H2_ANSWER:
        put_answer(connection, stream);
        return true;
    case H2_REFUSE:
        put_number(connection, FRAME_RST_STREAM, stream, REFUSED_STREAM);
        return true;
    case H2_REFUSE_SECOND:
        if (second)
            put_number(connection, FRAME_RST_STREAM, stream, REFUSED_STREAM);
        else
            put_answer(connection, stream);
        return true;
    case H2_WANT_HTTP1:
        put_number(connection, FRAME_RST_STREAM, stream, HTTP_1_1_REQUIRED);
        return true;
    case H2_GO_AWAY_SECOND:
    case H2_CLOSE_SECOND:
        if (!second)
            put_answer(connection, stream);
        else if (receiver->script == H2_GO_AWAY_SECOND)
            put_go_away(connection);
        return !second;
    case H2_NONSENSE: /* a header block that refers to what was never said */
        put_frame(connection, &(struct frame){ .kind = FRAME_HEADERS,
                                               .flags = FLAG_END_HEADERS,
                                               .stream = stream,
                                               .payload = STR("\xff\xff\xff\x7f") });
        return true;
    case H2_ABORT:
        put_head(connection, stream);
        put_number(connection, FRAME_RST_STREAM, stream, INTERNAL_ERROR);
        return true;
    }
    return false;
}

static bool take_request(struct h2_receiver *receiver, struct h2_connection *connection,
                         uint32_t stream)
{
    connection->requests++;
    (void)pthread_mutex_lock(&receiver->mutex);
    CHECK("room", receiver->count < (int)COUNT_OF(receiver->bodies));
    receiver->bodies[receiver->count++] = arena_str(&receiver->arena, buf_str(&connection->body));
    (void)pthread_mutex_unlock(&receiver->mutex);
    connection->body.len = 0;
    return play(receiver, connection, stream);
}

static bool take_frame(struct h2_receiver *receiver, struct h2_connection *connection)
{
    unsigned char head[9];
    if (!read_all(connection, head, sizeof(head)))
        return false;
    size_t size = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    if (size > sizeof(receiver->payload) || !read_all(connection, receiver->payload, size))
        return false;
    uint32_t stream =
        (uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8];
    unsigned flags = head[4];
    if ((head[3] == FRAME_SETTINGS || head[3] == FRAME_PING) && (flags & FLAG_ACK) == 0)
        put_frame(connection,
                  &(struct frame){
                      .kind = (enum frame_kind)head[3],
                      .flags = FLAG_ACK,
                      .payload = str_from(receiver->payload, head[3] == FRAME_PING ? 8 : 0) });
    if (head[3] == FRAME_DATA)
        buf_add(&connection->body, str_from(receiver->payload, size));
    if ((head[3] == FRAME_DATA || head[3] == FRAME_HEADERS) && (flags & FLAG_END_STREAM) != 0)
        return take_request(receiver, connection, stream);
    return true;
}

/* ── connections ── */

static void drop(struct h2_receiver *receiver, int at)
{
    struct h2_connection *connection = &receiver->connections[at];
    SSL_free(connection->tls);
    (void)close(connection->fd);
    *connection = receiver->connections[--receiver->open];
}

static void accept_one(struct h2_receiver *receiver)
{
    int fd = accept(receiver->listener, NULL, NULL);
    CHECK("room", fd >= 0 && receiver->open < CONNECTIONS);
    (void)pthread_mutex_lock(&receiver->mutex);
    receiver->accepted++;
    (void)pthread_mutex_unlock(&receiver->mutex);
    struct h2_connection *connection = &receiver->connections[receiver->open++];
    *connection = (struct h2_connection){ .fd = fd, .tls = SSL_new(receiver->tls) };
    buf_init(&connection->body, &receiver->arena, BODY_MAX);
    (void)SSL_set_fd(connection->tls, fd);
    char preface[24];
    if (SSL_accept(connection->tls) != 1 || !read_all(connection, preface, sizeof(preface))) {
        drop(receiver, receiver->open - 1);
        return;
    }
    put_frame(connection, &(struct frame){ .kind = FRAME_SETTINGS });
}

static void serve(struct h2_receiver *receiver, int at)
{
    struct h2_connection *connection = &receiver->connections[at];
    do {
        if (!take_frame(receiver, connection)) {
            drop(receiver, at);
            return;
        }
    } while (SSL_pending(connection->tls) > 0);
}

static void *h2_main(void *argument)
{
    struct h2_receiver *receiver = argument;
    for (;;) {
        struct pollfd fds[CONNECTIONS + 2] = { { .fd = receiver->stop.fd, .events = POLLIN },
                                               { .fd = receiver->listener, .events = POLLIN } };
        int open = receiver->open;
        for (int i = 0; i < open; i++)
            fds[i + 2] = (struct pollfd){ .fd = receiver->connections[i].fd, .events = POLLIN };
        (void)poll(fds, (nfds_t)open + 2, -1);
        if (fds[0].revents != 0)
            return NULL;
        for (int i = open - 1; i >= 0; i--)
            if (fds[i + 2].revents != 0)
                serve(receiver, i);
        if (fds[1].revents != 0)
            accept_one(receiver);
    }
}

/* ── life ── */

static int choose_h2(SSL *tls, const unsigned char **ret_chosen, unsigned char *ret_length,
                     const unsigned char *offered, unsigned length, void *context)
{
    (void)tls;
    (void)context;
    static const unsigned char wanted[] = "\x02h2";
    unsigned char *chosen;
    int r = SSL_select_next_proto(&chosen, ret_length, wanted, 3, offered, length);
    *ret_chosen = chosen;
    return r == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

struct h2_receiver *h2_receiver_new(const struct certificates *certificates, enum h2_script script)
{
    struct h2_receiver *receiver = NEW(struct h2_receiver);
    (void)signal(SIGPIPE, SIG_IGN);
    receiver->script = script;
    receiver->tls = SSL_CTX_new(TLS_server_method());
    CHECK_INT("certificate", SSL_CTX_use_certificate_chain_file(receiver->tls, certificates->good),
              1);
    CHECK_INT("key",
              SSL_CTX_use_PrivateKey_file(receiver->tls, certificates->key, SSL_FILETYPE_PEM), 1);
    SSL_CTX_set_alpn_select_cb(receiver->tls, choose_h2, NULL);
    receiver->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(at);
    CHECK_INT("bind", bind(receiver->listener, (struct sockaddr *)&at, size), 0);
    CHECK_INT("listen", listen(receiver->listener, 64), 0);
    CHECK_INT("port", getsockname(receiver->listener, (struct sockaddr *)&at, &size), 0);
    receiver->port = ntohs(at.sin_port);
    (void)pthread_mutex_init(&receiver->mutex, NULL);
    CHECK_INT("waker", waker_init(&receiver->stop), 0);
    CHECK_INT("thread", pthread_create(&receiver->thread, NULL, h2_main, receiver), 0);
    return receiver;
}

void h2_receiver_free(struct h2_receiver *receiver)
{
    waker_wake(&receiver->stop);
    (void)pthread_join(receiver->thread, NULL);
    while (receiver->open > 0)
        drop(receiver, 0);
    (void)close(receiver->listener);
    waker_done(&receiver->stop);
    SSL_CTX_free(receiver->tls);
    arena_done(&receiver->arena);
    free(receiver);
}

int h2_receiver_port(const struct h2_receiver *receiver)
{
    return receiver->port;
}

static int locked(struct h2_receiver *receiver, const int *value)
{
    (void)pthread_mutex_lock(&receiver->mutex);
    int copy = *value;
    (void)pthread_mutex_unlock(&receiver->mutex);
    return copy;
}

int h2_receiver_connections(struct h2_receiver *receiver)
{
    return locked(receiver, &receiver->accepted);
}

int h2_receiver_count(struct h2_receiver *receiver)
{
    return locked(receiver, &receiver->count);
}

int h2_receiver_bodies(struct h2_receiver *receiver, str body)
{
    int count = 0;
    (void)pthread_mutex_lock(&receiver->mutex);
    for (int i = 0; i < receiver->count; i++)
        count += str_equal(receiver->bodies[i], body);
    (void)pthread_mutex_unlock(&receiver->mutex);
    return count;
}
