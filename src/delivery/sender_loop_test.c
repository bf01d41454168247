/* SPDX-License-Identifier: MIT
 * What epoll is told, and when a wait ends. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/testing.h"
#include "delivery/sender_loop.h"

struct bench {
    CURLM *multi;
    struct sender_loop loop;
    /* libcurl's side of the callbacks. */
    CURL *easy;
};

static void set_up(struct bench *bench)
{
    *bench = (struct bench){ .multi = curl_multi_init(), .easy = curl_easy_init() };
    CHECK_INT("init", sender_loop_init(&bench->loop, bench->multi), 0);
}

static void tear_down(struct bench *bench)
{
    curl_easy_cleanup(bench->easy);
    (void)curl_multi_cleanup(bench->multi);
    sender_loop_done(&bench->loop);
}

#define LONG_MS 20000

static bool ends_early(struct sender_loop *loop)
{
    int64_t began_ms = clock_mono_ms();
    sender_loop_wait(loop, NULL, 0, LONG_MS);
    return clock_mono_ms() - began_ms < LONG_MS / 2;
}

/* A mailbox wakes once, when something comes into the empty box: what comes after it was looked
 * into must end the next wait. */
TEST(a_wake_up_between_waits_is_not_lost)
{
    struct bench bench;
    set_up(&bench);
    sender_loop_wake(&bench.loop);
    CHECK("before it", ends_early(&bench.loop));
    sender_loop_wake(&bench.loop);
    sender_loop_act(&bench.loop);
    CHECK("before acting", ends_early(&bench.loop));
    sender_loop_wait(&bench.loop, NULL, 0, 0);
    CHECK_INT("each ends one wait", bench.loop.ready_count, 0);
    tear_down(&bench);
}

TEST(other_descriptors_end_a_wait)
{
    struct bench bench;
    set_up(&bench);
    int pair[2];
    CHECK_INT("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct curl_waitfd fds[] = { { .fd = pair[0], .events = CURL_WAIT_POLLIN },
                                 { .fd = pair[1], .events = CURL_WAIT_POLLOUT } };
    sender_loop_wait(&bench.loop, fds, 1, 0);
    CHECK_INT("nothing to read", fds[0].revents, 0);
    CHECK_INT("written", write(pair[1], "x", 1), 1);
    sender_loop_wait(&bench.loop, fds, 2, LONG_MS);
    CHECK_INT("readable", fds[0].revents, CURL_WAIT_POLLIN);
    CHECK_INT("writable", fds[1].revents, CURL_WAIT_POLLOUT);
    (void)close(pair[1]);
    sender_loop_wait(&bench.loop, fds, 1, LONG_MS);
    CHECK("closed is readable", (fds[0].revents & CURL_WAIT_POLLIN) != 0);
    (void)close(pair[0]);
    tear_down(&bench);
}

static int listen_nowhere(char *url, size_t room)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(at);
    CHECK_INT("bind", bind(fd, (struct sockaddr *)&at, size), 0);
    CHECK_INT("listen", listen(fd, 4), 0);
    CHECK_INT("port", getsockname(fd, (struct sockaddr *)&at, &size), 0);
    (void)snprintf(url, room, "http://127.0.0.1:%d/", ntohs(at.sin_port));
    return fd;
}

static void step(struct sender_loop *loop, int times)
{
    for (int i = 0; i < times; i++) {
        sender_loop_act(loop);
        sender_loop_wait(loop, NULL, 0, 20);
    }
}

static int registered(const struct sender_loop *loop)
{
    int count = 0;
    for (int fd = 0; fd < loop->room; fd++)
        count += loop->sockets[fd].registered != 0;
    return count;
}

static size_t ignore(char *data, size_t unit, size_t count, void *context)
{
    (void)data;
    (void)context;
    return unit * count;
}

/* One transfer, on a connection that is kept and then closed by the other side. */
TEST(a_socket_stays_until_it_is_in_the_way)
{
    struct bench bench;
    set_up(&bench);
    char url[64];
    int listener = listen_nowhere(url, sizeof(url));
    (void)curl_easy_setopt(bench.easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(bench.easy, CURLOPT_WRITEFUNCTION, ignore);
    (void)curl_multi_add_handle(bench.multi, bench.easy);
    step(&bench.loop, 10);
    int fd = accept(listener, NULL, NULL);
    CHECK_INT("under way", registered(&bench.loop), 1);
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    CHECK_INT("answer", write(fd, answer, sizeof(answer) - 1), sizeof(answer) - 1);
    step(&bench.loop, 10);
    int left;
    const CURLMsg *message = curl_multi_info_read(bench.multi, &left);
    CHECK("over", message != NULL && message->msg == CURLMSG_DONE);
    CHECK_INT("well", message->data.result, CURLE_OK);
    CHECK_INT("kept", registered(&bench.loop), 1);
    (void)close(fd);
    step(&bench.loop, 2);
    CHECK_INT("closed by the other side", registered(&bench.loop), 0);
    sender_loop_wait(&bench.loop, NULL, 0, 0);
    CHECK_INT("and told of once", bench.loop.ready_count, 0);
    (void)close(listener);
    (void)curl_multi_remove_handle(bench.multi, bench.easy);
    tear_down(&bench);
}

/* The number of a closed socket is the next one's. */
TEST(events_of_a_closed_socket_are_dropped)
{
    struct bench bench;
    set_up(&bench);
    struct sender_loop *loop = &bench.loop;
    int pair[2];
    CHECK_INT("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    int fd = pair[0];
    sender_loop_forget(loop, fd);
    loop->ready[0].events = EPOLLIN;
    loop->ready[0].data.u64 = (uint64_t)loop->sockets[fd].generation << 32 | (uint32_t)fd;
    loop->ready_count = 1;
    struct epoll_event again = loop->ready[0];
    sender_loop_forget(loop, fd);
    loop->sockets[fd].wanted = EPOLLOUT; /* the next one's */
    sender_loop_act(loop);
    CHECK_INT("not taken for the next one's", loop->sockets[fd].registered, 0);
    again.data.u64 = (uint64_t)loop->sockets[fd].generation << 32 | (uint32_t)fd;
    loop->ready[0] = again;
    loop->ready_count = 1;
    sender_loop_act(loop);
    CHECK_INT("its own is", loop->sockets[fd].registered, EPOLLOUT);
    (void)close(pair[0]);
    (void)close(pair[1]);
    tear_down(&bench);
}

RUN_TESTS(cmocka_unit_test(a_wake_up_between_waits_is_not_lost),
          cmocka_unit_test(other_descriptors_end_a_wait),
          cmocka_unit_test(a_socket_stays_until_it_is_in_the_way),
          cmocka_unit_test(events_of_a_closed_socket_are_dropped))
