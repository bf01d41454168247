/* SPDX-License-Identifier: MIT
 * delivery/sender_loop.h: libcurl's sockets and its timer, for one thread: epoll tells of those
 * where something happens, and the others cost nothing. Knows nothing of exchanges. Belongs to one
 * thread, but for sender_loop_wake(). */
#pragma once

#include <curl/curl.h>
#include <sys/epoll.h>

#include "base/mailbox.h"

#define SENDER_LOOP_EVENTS 256

struct loop_socket {
    uint32_t wanted;     /* what libcurl waits for: EPOLLIN, EPOLLOUT */
    uint32_t registered; /* what epoll tells of; 0: it does not know the socket */
    uint32_t generation; /* of sockets with this number */
};

struct sender_loop {
    CURLM *multi; /* borrowed */
    int poller;
    struct waker waker;
    int64_t timer_at_us;         /* monotonic; INT64_MAX: none */
    struct loop_socket *sockets; /* by descriptor */
    int room;
    struct epoll_event ready[SENDER_LOOP_EVENTS]; /* of the last wait, not yet acted on */
    int ready_count;
};

/* Sets the multi handle's socket and timer callbacks. It has no transfers yet. */
MUST_USE int sender_loop_init(struct sender_loop *loop, CURLM *multi);
/* The multi handle is gone by now. A loop that never was (all zero) is fine. */
void sender_loop_done(struct sender_loop *loop);

/* A socket of that number was opened, or is about to be closed. */
void sender_loop_forget(struct sender_loop *loop, int fd);

/* Has libcurl do what its sockets and its timer call for, without waiting. */
void sender_loop_act(struct sender_loop *loop);

/* Waits until there is something to act on, one of `fds` is ready, sender_loop_wake() is called,
 * or `timeout_ms` is over. */
void sender_loop_wait(struct sender_loop *loop, struct curl_waitfd *fds, int count, int timeout_ms);

/* Any thread. */
void sender_loop_wake(struct sender_loop *loop);
