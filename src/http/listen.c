/* SPDX-License-Identifier: MIT
 * http/listen.c: the sockets that wait for senders: one a loop on the same port (SO_REUSEPORT), so
 * that the kernel spreads connections and no loop asks another. */
#include "http/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/fail.h"
#include "base/fd.h"

#define BACKLOG 4096

bool listen_address_read(str text, struct listen_address *ret_address)
{
    ptrdiff_t colon = -1;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == ':')
            colon = (ptrdiff_t)i;
    if (colon < 0)
        return false;
    str host = str_head(text, (size_t)colon);
    bool bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (bracketed)
        host = str_from(host.ptr + 1, host.len - 2);
    str port_text = str_skip(text, (size_t)colon + 1);
    int64_t port;
    struct address address;
    if (!str_to_int64(port_text, &port) || port < 0 || port > 65535 || port_text.ptr[0] == '-' ||
        !address_read(host, &address) || (address.family == 6 && !bracketed))
        return false;

    struct listen_address result = {};
    if (address.family == 4) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        memcpy(&in.sin_addr, address.bytes, sizeof(in.sin_addr));
        memcpy(&result.socket, &in, sizeof(in));
    } else {
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
        memcpy(&in6.sin6_addr, address.bytes, sizeof(in6.sin6_addr));
        memcpy(&result.socket, &in6, sizeof(in6));
    }
    *ret_address = result;
    return true;
}

static int set_option(int fd, int option)
{
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, option, &on, sizeof(on));
}

int listen_probe(const struct listen_address *address)
{
    CLEANUP(close_fd) int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || set_option(fd, SO_REUSEADDR) < 0 ||
        bind(fd, (const struct sockaddr *)&address->socket, sizeof(address->socket)) < 0 ||
        listen(fd, 1) < 0)
        return fail(-errno);
    return 0;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct http_loop *loop = listener->data;
    if (status == 0)
        connection_accept(loop);
    else
        loop_log(loop, LOG_WARN, "a connection could not be accepted", str_c(uv_strerror(status)));
}

/* Learns which port the system chose, for the loops that follow. */
static int learn_port(struct http_loop *loop, struct listen_address *address)
{
    int size = sizeof(address->socket);
    int r = uv_tcp_getsockname(&loop->listener, (struct sockaddr *)&address->socket, &size);
    if (r < 0)
        return fail(r);
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    memcpy(&in, &address->socket, sizeof(in));
    memcpy(&in6, &address->socket, sizeof(in6));
    loop->server->port = ntohs(address->socket.ss_family == AF_INET ? in.sin_port : in6.sin6_port);
    return 0;
}

int listen_start(struct http_loop *loop, struct listen_address *address)
{
    uv_tcp_t *listener = &loop->listener;
    int r = uv_tcp_init_ex(&loop->uv, listener, address->socket.ss_family);
    if (r < 0)
        return fail(r);
    listener->data = loop;
    uv_os_fd_t fd;
    r = uv_fileno((uv_handle_t *)listener, &fd);
    if (r == 0 && address->shared && set_option(fd, SO_REUSEPORT) < 0)
        r = -errno;
    if (r == 0)
        r = uv_tcp_bind(listener, (const struct sockaddr *)&address->socket, 0);
    /* Connections inherit it: a reply is one write, and must not wait for an acknowledgement. */
    if (r == 0)
        r = uv_tcp_nodelay(listener, 1);
    if (r == 0)
        r = uv_listen((uv_stream_t *)listener, BACKLOG, on_connection);
    if (r < 0)
        return fail(r);
    return learn_port(loop, address);
}
