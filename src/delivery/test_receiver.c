/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "delivery/test_connection.h"

#define REQUEST_MAX ((size_t)4 * 1024 * 1024)

/* ── bytes ── */

/* False: the receiver stops. */
static bool wait_for(struct receiver *receiver, int fd)
{
    struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
                            { .fd = receiver->stop.fd, .events = POLLIN } };
    return poll(fds, 2, -1) > 0 && fds[1].revents == 0;
}

ssize_t connection_get(struct connection *connection, void *to, size_t size)
{
    while (!atomic_load(&connection->receiver->stopping)) {
        bool ready = connection->tls != NULL && SSL_pending(connection->tls) > 0;
        if (!ready && !wait_for(connection->receiver, connection->fd))
            continue;
        return connection->tls != NULL ? SSL_read(connection->tls, to, (int)size)
                                       : recv(connection->fd, to, size, 0);
    }
    return 0;
}

/* Before it is answered: who asked may ask anew as soon as it has the answer. */
static void leave(struct connection *connection)
{
    struct receiver *receiver = connection->receiver;
    if (!connection->counted)
        return;
    connection->counted = false;
    (void)pthread_mutex_lock(&receiver->mutex);
    receiver->at_once--;
    (void)pthread_mutex_unlock(&receiver->mutex);
}

bool connection_put(struct connection *connection, str bytes)
{
    leave(connection);
    while (bytes.len > 0) {
        ssize_t sent = connection->tls != NULL
                           ? SSL_write(connection->tls, bytes.ptr, (int)bytes.len)
                           : send(connection->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes = str_skip(bytes, (size_t)sent);
    }
    return true;
}

static bool put_c(struct connection *connection, const char *text)
{
    return connection_put(connection, str_c(text));
}

/* True: still wanted. */
static bool pause_ms(const struct connection *connection, int ms)
{
    for (int waited = 0; waited < ms; waited += 10) {
        if (atomic_load(&connection->receiver->stopping))
            return false;
        (void)usleep(10000);
    }
    return true;
}

static void reset(struct connection *connection)
{
    struct linger linger = { .l_onoff = 1, .l_linger = 0 };
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    connection->over = true;
}

/* ── answers ── */

void connection_put_status(struct connection *connection, int status, const char *headers,
                           const char *body)
{
    char head[512];
    (void)snprintf(head, sizeof(head),
                   "HTTP/1.1 %d Whatever\r\nContent-Type: text/plain\r\n%sContent-Length: %zu\r\n"
                   "\r\n%s",
                   status, headers, strlen(body), body);
    (void)put_c(connection, head);
}

static void put_many(struct connection *connection, int64_t bytes)
{
    char head[128];
    static char block[65536];
    memset(block, 'x', sizeof(block));
    if (bytes >= 0) {
        (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\n\r\n",
                       (long long)bytes);
        (void)put_c(connection, head);
    } else {
        (void)put_c(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    }
    while (bytes != 0 && !atomic_load(&connection->receiver->stopping)) {
        size_t now = bytes < 0 ? sizeof(block) : (size_t)MIN_OF(bytes, (int64_t)sizeof(block));
        if (!connection_put(connection, str_from(block, now)))
            return;
        bytes -= bytes < 0 ? 0 : (int64_t)now;
    }
}

static void do_status(struct connection *connection, const char *rest, int index)
{
    (void)index;
    char headers[128] = "";
    const char *slash = strchr(rest, '/');
    if (slash != NULL)
        (void)snprintf(headers, sizeof(headers), "Retry-After: %s\r\n", slash + 1);
    connection_put_status(connection, (int)strtol(rest, NULL, 10), headers, "no");
}

static void do_ok(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)index;
    connection_put_status(connection, 200, "", "{\"ok\":true}");
}

static void do_redirect(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)index;
    connection_put_status(connection, 302, "Location: http://elsewhere.test/new\r\n", "");
}

static void do_hang(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)index;
    (void)connection_get(connection, &(char){ 0 }, 1); /* until the other side gives up */
    connection->over = true;
}

static void do_empty(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)index;
    connection->over = true;
}

static void do_reset(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)index;
    reset(connection);
}

static void do_cut(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)index;
    (void)put_c(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it");
    (void)pause_ms(connection, 50);
    reset(connection);
}

static void do_short(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)index;
    (void)put_c(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it");
    connection->over = true;
}

static void do_trickle(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)index;
    (void)put_c(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (pause_ms(connection, 50) && put_c(connection, "x"))
        ;
    connection->over = true;
}

static void do_large(struct connection *connection, const char *rest, int index)
{
    (void)index;
    put_many(connection, strtoll(rest, NULL, 10));
}

static void do_endless(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)index;
    put_many(connection, -1);
    connection->over = true;
}

static void do_heads(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)index;
    (void)put_c(connection, "HTTP/1.1 200 OK\r\n");
    while (!atomic_load(&connection->receiver->stopping) &&
           put_c(connection, "X-More: 0123456789012345678901234567890123456789\r\n"))
        ;
    connection->over = true;
}

static void do_interim(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)index;
    (void)put_c(connection, "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
                            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                            "HTTP/1.1 200 OK\r\nX-Final: yes\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "3\r\nabc\r\n0\r\nX-Trailer: late\r\n\r\n");
}

static void do_binary(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)index;
    (void)connection_put(connection,
                         STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\xff\xfe\0\x80\x41"));
}

static void do_once(struct connection *connection, const char *rest, int index)
{
    if (connection->requests > 1)
        connection->over = true;
    else
        do_ok(connection, rest, index);
}

static void do_closing(struct connection *connection, const char *rest, int index)
{
    do_ok(connection, rest, index);
    connection->over = true;
}

static void do_nonsense(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)index;
    (void)put_c(connection, "220 mail.test ESMTP ready\r\n");
    connection->over = true;
}

static void do_slow(struct connection *connection, const char *rest, int index)
{
    if (pause_ms(connection, (int)strtol(rest, NULL, 10)))
        do_ok(connection, rest, index);
}

static void do_flaky(struct connection *connection, const char *rest, int index)
{
    if (index < 2)
        connection_put_status(connection, 500, "", "not yet");
    else
        do_ok(connection, rest, index);
}

static void do_fickle(struct connection *connection, const char *rest, int index)
{
    if (connection->requests > 1 && index % 4 == 0) {
        connection->over = true;
        return;
    }
    do_ok(connection, rest, index);
    if (index % 4 == 2)
        (void)usleep((useconds_t)(index % 7) * 20);
    connection->over = index % 4 == 1 || index % 4 == 2;
}

static const struct {
    const char *path;
    void (*answer)(struct connection *connection, const char *rest, int index);
} paths[] = {
    { "/ok", do_ok },           { "/status/", do_status },    { "/redirect", do_redirect },
    { "/hang", do_hang },       { "/empty", do_empty },       { "/reset", do_reset },
    { "/cut", do_cut },         { "/short", do_short },       { "/trickle", do_trickle },
    { "/large/", do_large },    { "/endless", do_endless },   { "/heads", do_heads },
    { "/interim", do_interim }, { "/binary", do_binary },     { "/once", do_once },
    { "/closing", do_closing }, { "/nonsense", do_nonsense }, { "/slow/", do_slow },
    { "/flaky", do_flaky },     { "/fickle", do_fickle },
};

/* ── requests ── */

static int keep(struct connection *connection, str head, str body)
{
    struct receiver *receiver = connection->receiver;
    (void)pthread_mutex_lock(&receiver->mutex);
    if (receiver->count == receiver->room) {
        receiver->room = MAX_OF(receiver->room * 2, 64);
        receiver->received =
            xrealloc(receiver->received, (size_t)receiver->room * sizeof(*receiver->received));
    }
    int index = receiver->count++;
    receiver->received[index] = (struct received){ .head = arena_str(&receiver->arena, head),
                                                   .body = arena_str(&receiver->arena, body),
                                                   .connection = connection->number,
                                                   .at_us = clock_mono_us() };
    connection->counted = true;
    receiver->at_once++;
    receiver->most_at_once = MAX_OF(receiver->most_at_once, receiver->at_once);
    (void)pthread_mutex_unlock(&receiver->mutex);
    return index;
}

static void answer(struct connection *connection, str head, str body)
{
    int index = keep(connection, head, body);
    connection->requests++;
    str path = head;
    (void)str_cut(&path, ' ');
    path = str_cut(&path, ' ');
    if (str_starts(path, STR("http://"))) /* to a proxy */
        path = str_skip(path, str_index(str_skip(path, 7), '/') + 7);
    char text[256];
    (void)snprintf(text, sizeof(text), "%.*s", STR_ARG(path));
    bool known = !proxy_lets_through(connection, head.ptr);
    if (!known && str_starts(head, STR("CONNECT "))) {
        proxy_tunnel(connection, text);
        known = true;
    }
    for (size_t i = 0; i < COUNT_OF(paths) && !known; i++) {
        known = str_starts(path, str_c(paths[i].path));
        if (known)
            paths[i].answer(connection, text + strlen(paths[i].path), index);
    }
    if (!known && !tokens_answer(connection, text, index))
        connection_put_status(connection, 404, "", "");
    leave(connection);
}

static size_t body_length(const char *head)
{
    const char *at = strcasestr(head, "\r\nContent-Length:");
    return at == NULL ? 0 : (size_t)strtoll(at + strlen("\r\nContent-Length:"), NULL, 10);
}

static void serve(struct connection *connection)
{
    char *bytes = xmalloc(REQUEST_MAX + 1);
    size_t have = 0;
    while (!connection->over && have < REQUEST_MAX) {
        bytes[have] = '\0';
        const char *end = have == 0 ? NULL : strstr(bytes, "\r\n\r\n");
        size_t head = end == NULL ? 0 : (size_t)(end - bytes) + 4;
        size_t whole = end == NULL ? SIZE_MAX : head + body_length(bytes);
        if (have >= whole) {
            answer(connection, str_from(bytes, head), str_from(bytes + head, whole - head));
            memmove(bytes, bytes + whole, have - whole);
            have -= whole;
            continue;
        }
        ssize_t got = connection_get(connection, bytes + have, REQUEST_MAX - have);
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    free(bytes);
}

/* To close with bytes unread resets the connection, and the alert is lost. */
static void hear_out(struct connection *connection)
{
    char bytes[4096];
    (void)shutdown(connection->fd, SHUT_WR);
    while (wait_for(connection->receiver, connection->fd) &&
           recv(connection->fd, bytes, sizeof(bytes), 0) > 0)
        ;
}

static void *connection_main(void *argument)
{
    struct connection *connection = argument;
    struct receiver *receiver = connection->receiver;
    bool good = true;
    if (receiver->tls != NULL) {
        connection->tls = SSL_new(receiver->tls);
        (void)SSL_set_fd(connection->tls, connection->fd);
        good = SSL_accept(connection->tls) == 1;
    }
    if (receiver->options.greeting != NULL)
        (void)put_c(connection, receiver->options.greeting);
    if (good)
        serve(connection);
    else
        hear_out(connection);
    SSL_free(connection->tls);
    (void)close(connection->fd);
    free(connection);
    (void)pthread_mutex_lock(&receiver->mutex);
    receiver->threads--;
    (void)pthread_cond_broadcast(&receiver->ended);
    (void)pthread_mutex_unlock(&receiver->mutex);
    return NULL;
}

static void accept_one(struct receiver *receiver)
{
    int fd = accept(receiver->listener, NULL, NULL);
    if (fd < 0)
        return;
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct connection *connection = NEW(struct connection);
    connection->receiver = receiver;
    connection->fd = fd;
    (void)pthread_mutex_lock(&receiver->mutex);
    connection->number = ++receiver->connections;
    receiver->threads++;
    (void)pthread_mutex_unlock(&receiver->mutex);
    pthread_attr_t detached;
    (void)pthread_attr_init(&detached);
    (void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    CHECK_INT("thread", pthread_create(&thread, &detached, connection_main, connection), 0);
    (void)pthread_attr_destroy(&detached);
}

static void *receiver_main(void *argument)
{
    struct receiver *receiver = argument;
    while (wait_for(receiver, receiver->listener))
        accept_one(receiver);
    return NULL;
}

/* ── life ── */

static void listen_at(struct receiver *receiver, const char *address)
{
    struct sockaddr_in in = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    bool v6 = inet_pton(AF_INET6, address, &in6.sin6_addr) == 1;
    (void)inet_pton(AF_INET, address, &in.sin_addr);
    receiver->listener = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr *at = v6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
    socklen_t size = v6 ? sizeof(in6) : sizeof(in);
    CHECK_INT("bind", bind(receiver->listener, at, size), 0);
    CHECK_INT("listen", listen(receiver->listener, 512), 0);
    CHECK_INT("port", getsockname(receiver->listener, at, &size), 0);
    receiver->port = ntohs(v6 ? in6.sin6_port : in.sin_port);
}

struct receiver *receiver_new(const struct receiver_options *options)
{
    static const struct receiver_options plain = {};
    options = options == NULL ? &plain : options;
    struct receiver *receiver = NEW(struct receiver);
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    (void)pthread_mutex_init(&receiver->mutex, NULL);
    (void)pthread_cond_init(&receiver->ended, NULL);
    CHECK_INT("waker", waker_init(&receiver->stop), 0);
    receiver->options = *options;
    if (options->tls) {
        receiver->tls = SSL_CTX_new(TLS_server_method());
        CHECK_INT("certificate",
                  SSL_CTX_use_certificate_chain_file(receiver->tls, options->certificate), 1);
        CHECK_INT("key", SSL_CTX_use_PrivateKey_file(receiver->tls, options->key, SSL_FILETYPE_PEM),
                  1);
        (void)SSL_CTX_set_min_proto_version(receiver->tls, TLS1_VERSION);
        (void)SSL_CTX_set_max_proto_version(receiver->tls, options->tls_version);
        (void)SSL_CTX_set_cipher_list(receiver->tls, "DEFAULT:@SECLEVEL=0"); /* old versions too */
    }
    if (options->client_authority != NULL) {
        CHECK_INT("authority",
                  SSL_CTX_load_verify_locations(receiver->tls, options->client_authority, NULL), 1);
        SSL_CTX_set_verify(receiver->tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    listen_at(receiver, options->address == NULL ? "127.0.0.1" : options->address);
    CHECK_INT("thread", pthread_create(&receiver->thread, NULL, receiver_main, receiver), 0);
    return receiver;
}

void receiver_free(struct receiver *receiver)
{
    atomic_store(&receiver->stopping, true);
    waker_wake(&receiver->stop);
    (void)pthread_join(receiver->thread, NULL);
    (void)pthread_mutex_lock(&receiver->mutex);
    while (receiver->threads > 0)
        (void)pthread_cond_wait(&receiver->ended, &receiver->mutex);
    (void)pthread_mutex_unlock(&receiver->mutex);
    (void)close(receiver->listener);
    waker_done(&receiver->stop);
    SSL_CTX_free(receiver->tls);
    free(receiver->received);
    arena_done(&receiver->arena);
    free(receiver);
}

int receiver_port(const struct receiver *receiver)
{
    return receiver->port;
}

static int locked(struct receiver *receiver, const int *value)
{
    (void)pthread_mutex_lock(&receiver->mutex);
    int copy = *value;
    (void)pthread_mutex_unlock(&receiver->mutex);
    return copy;
}

int receiver_count(struct receiver *receiver)
{
    return locked(receiver, &receiver->count);
}

int receiver_connections(struct receiver *receiver)
{
    return locked(receiver, &receiver->connections);
}

int receiver_most_at_once(struct receiver *receiver)
{
    return locked(receiver, &receiver->most_at_once);
}

struct received receiver_get(struct receiver *receiver, int index)
{
    (void)pthread_mutex_lock(&receiver->mutex);
    assert(index < receiver->count);
    struct received received = receiver->received[index];
    (void)pthread_mutex_unlock(&receiver->mutex);
    return received;
}
