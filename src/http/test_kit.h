/* SPDX-License-Identifier: MIT
 * http/test_kit.h: a running server with a handler that does what the path says, and a client that
 * sends raw bytes. For the tests of this folder. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "http/http.h"

/*   /now              202 at once
 *   /echo             200 with the body
 *   /park             the same, by another thread
 *   /hold             parked until kit_release()
 *   /refuse           401 from on_head
 *   /small            bodies of 1,000 bytes at most, then as /echo
 *   /bytes/N          N bytes
 *   /empty            204
 *   /close            202, and close
 *   /sender           "address secure id"
 * anything else       404 as a problem */
struct kit {
    struct arena arena;
    struct limits limits;
    struct http_options options;
    struct http_server *server;
    struct mailbox box; /* parked requests, as struct kit_job, for the worker */
    struct waker waker;
    pthread_t worker;
    atomic_bool worker_stops;
    atomic_bool releases;
    atomic_int held;
    atomic_int ended;       /* calls of on_end */
    atomic_int last_status; /* of the last one */
    atomic_int loops_started;
    atomic_int loops_ended;
};

/* Defaults: one loop on 127.0.0.1:0, no TLS. Change options and limits between the two calls. */
void kit_init(struct kit *kit);
void kit_start(struct kit *kit);
void kit_release(struct kit *kit);
void kit_stop(struct kit *kit);

/* Waits, 5 s at most, until the value is there. */
bool kit_await(atomic_int *value, int wanted);
bool kit_await_connections(struct kit *kit, int wanted);

/* ── the client; reads give up after 5 s ── */

int client_open(const struct kit *kit);
void client_send(int fd, str bytes);

struct client_reply {
    int status; /* 0: the connection ended, or nothing came */
    str head;
    str body;
};

/* One reply with a Content-Length; `is_head` for HEAD. Does not read further. */
struct client_reply client_read(int fd, struct arena *arena, bool is_head);

/* Everything until the end of the connection. *ret_reset: it did not end by a FIN. */
str client_read_all(int fd, struct arena *arena, bool *ret_reset);

/* Opens, sends, reads one reply, closes. */
struct client_reply client_ask(const struct kit *kit, struct arena *arena, str request);

/* True when the connection ends within `timeout_ms`. */
bool client_sees_end(int fd, int timeout_ms);

/* The value of a header line of the head, or empty. */
str client_header(const struct client_reply *reply, str name);
