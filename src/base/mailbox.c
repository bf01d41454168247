/* SPDX-License-Identifier: MIT */
#include "base/mailbox.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fail.h"

void mailbox_init(struct mailbox *box, void (*wake)(void *context), void *context)
{
    atomic_init(&box->newest, NULL);
    box->wake = wake;
    box->context = context;
}

void mailbox_post(struct mailbox *box, struct message *message)
{
    /* The box is a stack, newest on top; mailbox_take() turns it round. */
    struct message *below = atomic_load_explicit(&box->newest, memory_order_relaxed);
    do {
        message->next = below;
    } while (!atomic_compare_exchange_weak_explicit(&box->newest, &below, message,
                                                    memory_order_release, memory_order_relaxed));
    if (below == NULL && box->wake != NULL)
        box->wake(box->context);
}

struct message *mailbox_take(struct mailbox *box)
{
    if (atomic_load_explicit(&box->newest, memory_order_relaxed) == NULL)
        return NULL;
    struct message *at = atomic_exchange_explicit(&box->newest, NULL, memory_order_acquire);
    struct message *oldest = NULL;
    while (at != NULL) {
        struct message *older = at->next;
        at->next = oldest;
        oldest = at;
        at = older;
    }
    return oldest;
}

int waker_init(struct waker *waker)
{
    waker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return waker->fd < 0 ? fail(-errno) : 0;
}

void waker_done(struct waker *waker)
{
    if (waker->fd >= 0)
        (void)close(waker->fd);
    waker->fd = -1;
}

void waker_wake(void *waker)
{
    const struct waker *self = waker;
    uint64_t one = 1;
    /* Full means: already woken. */
    ssize_t written = write(self->fd, &one, sizeof(one));
    (void)written;
}

void waker_wait(struct waker *waker, int timeout_ms)
{
    struct pollfd poll_fd = { .fd = waker->fd, .events = POLLIN };
    if (poll(&poll_fd, 1, timeout_ms) <= 0)
        return;
    uint64_t count;
    ssize_t got = read(waker->fd, &count, sizeof(count));
    (void)got;
}
