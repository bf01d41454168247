/* SPDX-License-Identifier: MIT
 * The receiver as a token endpoint, and as a target that takes some tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "delivery/test_connection.h"

/* How many of the first `count` requests were for tokens. */
static int tokens_among(struct receiver *receiver, int count)
{
    int tokens = 0;
    (void)pthread_mutex_lock(&receiver->mutex);
    for (int i = 0; i < count; i++)
        tokens += str_starts(receiver->received[i].head, STR("POST /token"));
    (void)pthread_mutex_unlock(&receiver->mutex);
    return tokens;
}

int receiver_tokens(struct receiver *receiver)
{
    return tokens_among(receiver, receiver_count(receiver));
}

static void do_token(struct connection *connection, const char *rest, int index)
{
    char body[128];
    (void)snprintf(body, sizeof(body),
                   "{\"access_token\":\"token-%d\",\"token_type\":\"Bearer\",\"expires_in\":%s}",
                   tokens_among(connection->receiver, index + 1), rest);
    connection_put_status(connection, 200, "", body);
}

static void do_token_slow(struct connection *connection, const char *rest, int index)
{
    (void)rest;
    (void)usleep(50000);
    do_token(connection, "3600", index);
}

static void do_token_bad(struct connection *connection, const char *rest, int index)
{
    if (tokens_among(connection->receiver, index + 1) > (int)strtol(rest, NULL, 10))
        do_token(connection, "3600", index);
    else
        connection_put_status(connection, 400, "",
                              "{\"error\":\"invalid_client\",\"error_description\":\"not you\"}");
}

static void do_token_hang(struct connection *connection, const char *rest, int index)
{
    if (tokens_among(connection->receiver, index + 1) < (int)strtol(rest, NULL, 10))
        do_token(connection, "3600", index);
    else
        connection->over = connection_get(connection, &(char){ 0 }, 1) <= 0;
}

static void do_guarded(struct connection *connection, const char *rest, int index)
{
    static const char credential[] = "\r\nAuthorization: Bearer token-";
    struct received received = receiver_get(connection->receiver, index);
    const char *at = memmem(received.head.ptr, received.head.len, credential, strlen(credential));
    long number = at == NULL ? 0 : strtol(at + strlen(credential), NULL, 10);
    if (number > 0 && number >= strtol(rest, NULL, 10))
        connection_put_status(connection, 200, "", "{}");
    else
        connection_put_status(connection, 401, "WWW-Authenticate: Bearer\r\n", "");
}

bool tokens_answer(struct connection *connection, const char *path, int index)
{
    static const struct {
        const char *path;
        void (*answer)(struct connection *connection, const char *rest, int index);
    } paths[] = {
        { "/token/", do_token },         { "/token-slow", do_token_slow },
        { "/token-bad/", do_token_bad }, { "/token-hang/", do_token_hang },
        { "/guarded/", do_guarded },
    };

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        if (!str_starts(str_c(path), str_c(paths[i].path)))
            continue;
        paths[i].answer(connection, path + strlen(paths[i].path), index);
        return true;
    }
    return false;
}
