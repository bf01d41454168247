/* SPDX-License-Identifier: MIT
 * libcurl takes its interest in a socket back at the end of each transfer and has it again at the
 * next. To tell epoll of that costs two system calls a request, more than polling some dozens of
 * sockets; so a socket stays registered between transfers.
 *
 * Invariants: (1) epoll tells of all that libcurl waits for; (2) of what it does not wait for, at
 * most once: then the socket is registered for what is wanted, or not at all; (3) an event of a
 * socket that is closed does not reach the next one of that number. */
#include "delivery/sender_loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fail.h"

#define EXTRA_FDS 64
#define WAKER UINT64_MAX /* no socket's name: a descriptor is never −1 */

/* ── sockets ── */

static struct loop_socket *socket_at(struct sender_loop *loop, int fd)
{
    if (fd >= loop->room) {
        int room = MAX_OF(loop->room * 2, MAX_OF(fd + 1, 64));
        loop->sockets = xrealloc(loop->sockets, (size_t)room * sizeof(*loop->sockets));
        memset(loop->sockets + loop->room, 0, (size_t)(room - loop->room) * sizeof(*loop->sockets));
        loop->room = room;
    }
    return &loop->sockets[fd];
}

static uint64_t event_name(const struct sender_loop *loop, int fd)
{
    return (uint64_t)loop->sockets[fd].generation << 32 | (uint32_t)fd;
}

/* Where it fails the socket is not watched, and its transfer runs into its time limit. */
static void register_for(struct sender_loop *loop, int fd, uint32_t events)
{
    struct loop_socket *socket = &loop->sockets[fd];
    if (socket->registered == events)
        return;
    int change = EPOLL_CTL_MOD;
    if (socket->registered == 0)
        change = EPOLL_CTL_ADD;
    else if (events == 0)
        change = EPOLL_CTL_DEL;
    struct epoll_event event = { .events = events, .data.u64 = event_name(loop, fd) };
    if (epoll_ctl(loop->poller, change, fd, &event) == 0)
        socket->registered = events;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
    (void)easy;
    (void)socket_context;
    struct sender_loop *loop = context;
    struct loop_socket *socket = socket_at(loop, fd);
    uint32_t wanted = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        wanted |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        wanted |= EPOLLOUT;
    socket->wanted = wanted;
    /* A socket can be written to nearly always: there the event is sure to come. */
    uint32_t kept = socket->registered & (wanted == 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
    register_for(loop, fd, wanted | kept);
    return 0;
}

void sender_loop_forget(struct sender_loop *loop, int fd)
{
    struct loop_socket *socket = socket_at(loop, fd);
    if (socket->registered != 0)
        (void)epoll_ctl(loop->poller, EPOLL_CTL_DEL, fd, NULL);
    *socket = (struct loop_socket){ .generation = socket->generation + 1 };
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct sender_loop *loop = context;
    loop->timer_at_us = timeout_ms < 0 ? INT64_MAX : clock_mono_us() + timeout_ms * 1000;
    return 0;
}

/* ── events ── */

static void act_on(struct sender_loop *loop, const struct epoll_event *event)
{
    int fd = (int)(uint32_t)event->data.u64;
    struct loop_socket *socket = socket_at(loop, fd);
    if (event->data.u64 != event_name(loop, fd))
        return;
    uint32_t events = event->events;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0)
        events |= EPOLLIN | EPOLLOUT; /* what is wrong is said by reading and writing */
    events &= socket->wanted;
    if (events == 0) {
        register_for(loop, fd, socket->wanted);
        return;
    }
    int bits = ((events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0);
    int running;
    (void)curl_multi_socket_action(loop->multi, fd, bits, &running);
}

void sender_loop_act(struct sender_loop *loop)
{
    for (int i = 0; i < loop->ready_count; i++)
        if (loop->ready[i].data.u64 != WAKER)
            act_on(loop, &loop->ready[i]);
    loop->ready_count = 0;
    if (loop->timer_at_us > clock_mono_us())
        return;
    int running;
    loop->timer_at_us = INT64_MAX;
    (void)curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

static int wait_ms(const struct sender_loop *loop, int timeout_ms)
{
    if (loop->timer_at_us == INT64_MAX)
        return timeout_ms;
    int64_t left_us = loop->timer_at_us - clock_mono_us();
    return left_us <= 0 ? 0 : (int)MIN_OF((left_us + 999) / 1000, (int64_t)timeout_ms);
}

static short poll_events(const struct curl_waitfd *fd)
{
    return (short)(((fd->events & CURL_WAIT_POLLIN) != 0 ? POLLIN : 0) |
                   ((fd->events & CURL_WAIT_POLLOUT) != 0 ? POLLOUT : 0));
}

static void poll_with(struct sender_loop *loop, struct curl_waitfd *fds, int count, int timeout_ms)
{
    struct pollfd polled[EXTRA_FDS + 1] = { { .fd = loop->poller, .events = POLLIN } };
    count = MIN_OF(count, EXTRA_FDS);
    for (int i = 0; i < count; i++)
        polled[i + 1] = (struct pollfd){ .fd = fds[i].fd, .events = poll_events(&fds[i]) };
    bool any = poll(polled, (nfds_t)count + 1, timeout_ms) > 0;
    for (int i = 0; i < count; i++) {
        short ready = any ? polled[i + 1].revents : 0;
        fds[i].revents = (short)(((ready & ~POLLOUT) != 0 ? CURL_WAIT_POLLIN : 0) |
                                 ((ready & POLLOUT) != 0 ? CURL_WAIT_POLLOUT : 0));
    }
}

void sender_loop_wait(struct sender_loop *loop, struct curl_waitfd *fds, int count, int timeout_ms)
{
    timeout_ms = wait_ms(loop, timeout_ms);
    if (count > 0) {
        poll_with(loop, fds, count, timeout_ms);
        timeout_ms = 0;
    }
    int ready = epoll_wait(loop->poller, loop->ready, SENDER_LOOP_EVENTS, timeout_ms);
    loop->ready_count = MAX_OF(ready, 0);
    /* Here and not later: what it is woken for is looked at between this and the next wait. */
    for (int i = 0; i < loop->ready_count; i++)
        if (loop->ready[i].data.u64 == WAKER)
            waker_wait(&loop->waker, 0);
}

void sender_loop_wake(struct sender_loop *loop)
{
    waker_wake(&loop->waker);
}

/* ── life ── */

int sender_loop_init(struct sender_loop *loop, CURLM *multi)
{
    *loop = (struct sender_loop){ .multi = multi, .timer_at_us = INT64_MAX };
    loop->poller = epoll_create1(EPOLL_CLOEXEC);
    if (loop->poller < 0) {
        int r = -errno;
        loop->multi = NULL;
        return fail(r);
    }
    int r = waker_init(&loop->waker);
    if (r < 0) {
        (void)close(loop->poller);
        loop->multi = NULL;
        return fail(r);
    }
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = WAKER };
    r = epoll_ctl(loop->poller, EPOLL_CTL_ADD, loop->waker.fd, &event) < 0 ? -errno : 0;
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, loop);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, loop);
    return fail(r);
}

void sender_loop_done(struct sender_loop *loop)
{
    if (loop->multi == NULL)
        return;
    (void)close(loop->poller);
    waker_done(&loop->waker);
    free(loop->sockets);
}
