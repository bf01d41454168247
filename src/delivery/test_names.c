/* SPDX-License-Identifier: MIT
 * A name server of RFC 1035, as little of it as the tests need: one question, answers A and AAAA.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "delivery/testing.h"

#define TYPE_A 1
#define TYPE_AAAA 28
#define NAME_MAX_BYTES 256
#define ASKED_MAX 1024

struct name_server {
    int fd;
    int port;
    pthread_t thread;
    atomic_bool stopping;
    pthread_mutex_t mutex;

    struct {
        char name[NAME_MAX_BYTES];
        int type;
    } asked[ASKED_MAX];

    int asked_count;
};

struct zone {
    const char *name;
    const char *v4[2];
    const char *v6;
    int code;   /* of the answer: 2 is SERVFAIL */
    int silent; /* to this type; −1: to all */
};

static const struct zone zones[] = {
    { .name = "good.test", .v4 = { "127.0.0.1" } },
    { .name = "v6.test", .v6 = "::1" },
    { .name = "private.test", .v4 = { "10.0.0.1" } },
    { .name = "both.test", .v4 = { "10.0.0.1", "127.0.0.1" } },
    { .name = "metadata.test", .v4 = { "169.254.169.254" } },
    { .name = "mapped.test", .v6 = "::ffff:10.0.0.1" },
    { .name = "changing.test", .v4 = { "127.0.0.1" } },
    { .name = "silent.test", .silent = -1 },
    { .name = "half.test", .v4 = { "127.0.0.1" }, .silent = TYPE_AAAA },
    { .name = "broken.test", .code = 2 },
};

static int count_asked(const struct name_server *server, const char *name, int type)
{
    int count = 0;
    for (int i = 0; i < server->asked_count; i++)
        count += server->asked[i].type == type && strcmp(server->asked[i].name, name) == 0;
    return count;
}

/* Returns where the question ends. */
static size_t read_question(const unsigned char *packet, size_t size, char *name, int *ret_type)
{
    size_t at = 12;
    size_t len = 0;
    while (at < size && packet[at] != 0) {
        size_t label = packet[at++];
        if (len > 0)
            name[len++] = '.';
        for (size_t i = 0; i < label && at < size && len < NAME_MAX_BYTES - 2; i++)
            name[len++] = char_lower((char)packet[at++]);
    }
    name[len] = '\0';
    *ret_type = packet[at + 1] << 8 | packet[at + 2];
    return at + 5;
}

static size_t add_answer(unsigned char *packet, size_t at, int type, const char *address)
{
    static const unsigned char head[] = { 0xc0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
    memcpy(packet + at, head, sizeof(head)); /* the TTL is 0 */
    packet[at + 3] = (unsigned char)type;
    size_t size = type == TYPE_A ? 4 : 16;
    packet[at + 11] = (unsigned char)size;
    (void)inet_pton(type == TYPE_A ? AF_INET : AF_INET6, address, packet + at + 12);
    packet[7]++;
    return at + 12 + size;
}

static size_t add_answers(const struct name_server *server, const struct zone *zone, int type,
                          unsigned char *packet, size_t at)
{
    bool changed =
        strcmp(zone->name, "changing.test") == 0 && count_asked(server, zone->name, type) > 1;
    if (type == TYPE_AAAA && zone->v6 != NULL)
        return add_answer(packet, at, type, zone->v6);
    for (int i = 0; i < 2 && type == TYPE_A && zone->v4[i] != NULL; i++)
        at = add_answer(packet, at, type, changed ? "10.0.0.1" : zone->v4[i]);
    return at;
}

static void answer(struct name_server *server, unsigned char *packet, size_t size,
                   const struct sockaddr_in *from)
{
    char name[NAME_MAX_BYTES];
    int type;
    size_t end = read_question(packet, size, name, &type);
    (void)pthread_mutex_lock(&server->mutex);
    if (server->asked_count < ASKED_MAX) {
        (void)snprintf(server->asked[server->asked_count].name, NAME_MAX_BYTES, "%s", name);
        server->asked[server->asked_count++].type = type;
    }
    const struct zone *zone = NULL;
    for (size_t i = 0; i < COUNT_OF(zones); i++)
        if (strcmp(zones[i].name, name) == 0)
            zone = &zones[i];
    packet[2] |= 0x80;
    packet[3] = (unsigned char)(0x80 | (zone == NULL ? 3 : zone->code));
    memset(packet + 6, 0, 6); /* no answers, no more sections */
    bool silent = zone != NULL && (zone->silent == -1 || zone->silent == type);
    if (zone != NULL)
        end = add_answers(server, zone, type, packet, end);
    (void)pthread_mutex_unlock(&server->mutex);
    if (!silent)
        (void)sendto(server->fd, packet, end, 0, (const struct sockaddr *)from, sizeof(*from));
}

static void *server_main(void *argument)
{
    struct name_server *server = argument;
    while (!atomic_load(&server->stopping)) {
        struct pollfd fd = { .fd = server->fd, .events = POLLIN };
        if (poll(&fd, 1, 20) <= 0)
            continue;
        unsigned char packet[1024];
        struct sockaddr_in from;
        socklen_t from_size = sizeof(from);
        ssize_t got = recvfrom(server->fd, packet, 512, 0, (struct sockaddr *)&from, &from_size);
        if (got > 16)
            answer(server, packet, (size_t)got, &from);
    }
    return NULL;
}

struct name_server *name_server_new(void)
{
    struct name_server *server = NEW(struct name_server);
    (void)pthread_mutex_init(&server->mutex, NULL);
    server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(at);
    CHECK_INT("bind", bind(server->fd, (struct sockaddr *)&at, size), 0);
    CHECK_INT("port", getsockname(server->fd, (struct sockaddr *)&at, &size), 0);
    server->port = ntohs(at.sin_port);
    CHECK_INT("thread", pthread_create(&server->thread, NULL, server_main, server), 0);
    return server;
}

void name_server_free(struct name_server *server)
{
    atomic_store(&server->stopping, true);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->fd);
    free(server);
}

int name_server_port(const struct name_server *server)
{
    return server->port;
}

int name_server_asked(struct name_server *server, const char *name)
{
    (void)pthread_mutex_lock(&server->mutex);
    int count = count_asked(server, name, TYPE_A);
    (void)pthread_mutex_unlock(&server->mutex);
    return count;
}
