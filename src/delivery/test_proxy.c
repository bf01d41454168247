/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "delivery/test_connection.h"

static int connect_to(const char *place)
{
    const char *port = strrchr(place, ':');
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons((uint16_t)strtol(port + 1, NULL, 10)) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(place, connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

/* False: one side is over. */
static bool relay_some(struct connection *connection, int target)
{
    struct pollfd fds[] = { { .fd = connection->fd, .events = POLLIN },
                            { .fd = target, .events = POLLIN },
                            { .fd = connection->receiver->stop.fd, .events = POLLIN } };
    bool ready = connection->tls != NULL && SSL_pending(connection->tls) > 0;
    if ((!ready && poll(fds, 3, -1) <= 0) || fds[2].revents != 0)
        return false;
    char bytes[16384];
    if (ready || fds[0].revents != 0) {
        ssize_t got = connection_get(connection, bytes, sizeof(bytes));
        return got > 0 && send(target, bytes, (size_t)got, MSG_NOSIGNAL) == got;
    }
    ssize_t got = recv(target, bytes, sizeof(bytes), 0);
    return got > 0 && connection_put(connection, str_from(bytes, (size_t)got));
}

void proxy_tunnel(struct connection *connection, const char *place)
{
    int status = connection->receiver->options.connect_status;
    connection->over = true;
    if (status != 0) {
        connection_put_status(connection, status, "", "not to there");
        return;
    }
    int target = connect_to(place);
    (void)connection_put(connection, STR("HTTP/1.1 200 Connected\r\nX-Proxy: yes\r\n\r\n"));
    while (relay_some(connection, target))
        ;
    (void)close(target);
}

bool proxy_lets_through(struct connection *connection, const char *head)
{
    const char *wanted = connection->receiver->options.credentials;
    char line[256];
    if (wanted == NULL)
        return true;
    (void)snprintf(line, sizeof(line), "\r\nProxy-Authorization: %s\r\n", wanted);
    if (strstr(head, line) != NULL)
        return true;
    connection_put_status(connection, 407, "Proxy-Authenticate: Basic realm=\"proxy\"\r\n",
                          "who are you?");
    return false;
}
