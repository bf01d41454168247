/* SPDX-License-Identifier: MIT
 * base/mailbox.h: the only place where threads meet. Many post, one takes.
 *
 * Invariants: (1) messages of one sender arrive in the order they were posted; (2) a message
 * belongs to the sender until posted and to the taker afterwards; (3) the taker is woken at least
 * once between a post into an empty box and the next take. Lock-free. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/attr.h"

/* The link that lies in each message. */
struct message {
    struct message *next;
};

struct mailbox {
    _Atomic(struct message *) newest;
    void (*wake)(void *context); /* called from any thread; must not block */
    void *context;
};

void mailbox_init(struct mailbox *box, void (*wake)(void *context), void *context);

/* Any thread. */
void mailbox_post(struct mailbox *box, struct message *message);

/* The taker only: everything, as a chain with the oldest first, or NULL. */
MUST_USE struct message *mailbox_take(struct mailbox *box);

/* A wake-up for a thread that has no loop of its own. */
struct waker {
    int fd;
};

MUST_USE int waker_init(struct waker *waker);
void waker_done(struct waker *waker);

/* Any thread; the argument is a struct waker, so that it fits mailbox_init. */
void waker_wake(void *waker);

/* The owner: until woken or `timeout_ms` is over; −1 waits without end. */
void waker_wait(struct waker *waker, int timeout_ms);
