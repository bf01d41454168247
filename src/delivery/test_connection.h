/* SPDX-License-Identifier: MIT
 * delivery/test_connection.h: what test_receiver.c and test_proxy.c share. */
#pragma once

#include <openssl/ssl.h>

#include "delivery/testing.h"

struct receiver {
    int listener;
    int port;
    SSL_CTX *tls;
    struct receiver_options options;
    pthread_t thread;
    atomic_bool stopping;
    struct waker stop; /* readable from the stop on */
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    struct arena arena;
    struct received *received;
    int count, room;
    int connections;
    int threads;
    int at_once, most_at_once;
};

struct connection {
    struct receiver *receiver;
    int fd;
    SSL *tls;
    int number;
    int requests;
    bool counted; /* in receiver->at_once */
    bool over;
};

/* At most `size` bytes when there are some; 0 or less: the other side closed, or the test is over.
 */
ssize_t connection_get(struct connection *connection, void *to, size_t size);
bool connection_put(struct connection *connection, str bytes);
void connection_put_status(struct connection *connection, int status, const char *headers,
                           const char *body);

/* False: it has been answered, with 407. */
bool proxy_lets_through(struct connection *connection, const char *head);
/* False: the path is none of tokens. */
bool tokens_answer(struct connection *connection, const char *path, int index);
/* Until one side is over. `place` is "host:port". */
void proxy_tunnel(struct connection *connection, const char *place);
