/* SPDX-License-Identifier: MIT
 * Each cap with its answer, each timeout, Expect, and what idle connections cost. */
#include "http/test_kit.h"

#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"

#define HOST "Host: hub\r\n"

static str repeat(struct arena *arena, char c, size_t count)
{
    char *bytes = arena_bytes(arena, count);
    memset(bytes, c, count);
    return str_from(bytes, count);
}

/* GET /now with a path and a header of these lengths; the rest of the head is 36 bytes. */
static str padded(struct arena *arena, size_t query, size_t header)
{
    return arena_format(arena, "GET /now?%.*s HTTP/1.1\r\n" HOST "X:%.*s\r\n\r\n",
                        STR_ARG(repeat(arena, 'q', query)), STR_ARG(repeat(arena, 'h', header)));
}

static void head_cap(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct kit kit;
    kit_init(&kit);
    kit.limits.headers = 2048;
    kit_start(&kit);
    size_t fixed = padded(&arena, 0, 0).len;

    const struct {
        const char *label;
        str request;
        int status;
    } cases[] = {
        { "at the cap", padded(&arena, 0, 2048 - fixed), 202 },
        { "one over it", padded(&arena, 0, 2049 - fixed), 431 },
        { "far over it", padded(&arena, 0, 100000), 431 },
        { "a line at the cap", padded(&arena, 2048 - fixed, 0), 202 },
        { "a line over it", padded(&arena, 2049, 0), 414 },
        { "only white space",
          arena_format(&arena, "GET /now HTTP/1.1\r\n" HOST "X:%.*s",
                       STR_ARG(repeat(&arena, ' ', 5000))),
          431 },
        { "only empty lines", repeat(&arena, '\n', 5000), 414 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct client_reply reply = client_ask(&kit, &arena, cases[i].request);
        if (reply.status != cases[i].status)
            fail_msg("%s: %d", cases[i].label, reply.status);
    }
    kit_stop(&kit);
}

static void many_headers(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct buf request;
    buf_init(&request, &arena, SIZE_MAX / 2);
    buf_add(&request, STR("GET /now HTTP/1.1\r\n"));
    for (int i = 0; i < 3000; i++)
        buf_format(&request, "X%d: %d\r\n", i, i);
    buf_add(&request, STR(HOST "\r\n"));
    struct kit kit;
    kit_init(&kit);
    kit.limits.headers = 100000;
    kit_start(&kit);
    assert_int_equal(client_ask(&kit, &arena, buf_str(&request)).status, 202);
    kit_stop(&kit);
}

static void body_cap(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    str thousand = repeat(&arena, 'b', 1000);
    str trailers = repeat(&arena, 't', 40000);

    const struct {
        const char *label;
        str request;
        int status;
    } cases[] = {
        { "at the cap",
          arena_format(&arena, "POST /small HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n%.*s",
                       STR_ARG(thousand)),
          200 },
        { "one over, unsent", STR("POST /small HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n"),
          413 },
        { "chunked at the cap",
          arena_format(&arena,
                       "POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                       "3e8\r\n%.*s\r\n0\r\n\r\n",
                       STR_ARG(thousand)),
          200 },
        { "chunked one over by its size, unsent",
          STR("POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n"), 413 },
        { "chunked one over by the second chunk",
          arena_format(&arena,
                       "POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                       "3e8\r\n%.*s\r\n1\r\n",
                       STR_ARG(thousand)),
          413 },
        { "trailers over the cap",
          arena_format(&arena,
                       "POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                       "1\r\nb\r\n0\r\nX: %.*s\r\n\r\n",
                       STR_ARG(trailers)),
          431 },
        { "an extension over the cap",
          arena_format(&arena,
                       "POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                       "1;x=%.*s",
                       STR_ARG(trailers)),
          431 },
        { "leading zeros over the cap",
          arena_format(&arena,
                       "POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n%.*s",
                       STR_ARG(repeat(&arena, '0', 40000))),
          431 },
    };
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct client_reply reply = client_ask(&kit, &arena, cases[i].request);
        if (reply.status != cases[i].status)
            fail_msg("%s: %d", cases[i].label, reply.status);
    }
    kit_stop(&kit);
}

/* One-byte chunks are poor, but no offence. */
static void small_chunks(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    struct buf request;
    buf_init(&request, &arena, SIZE_MAX / 2);
    buf_add(&request, STR("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 100000; i++)
        buf_add(&request, STR("1\r\nx\r\n"));
    buf_add(&request, STR("0\r\n\r\n"));
    struct client_reply reply = client_ask(&kit, &arena, buf_str(&request));
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body.len, 100000);
    kit_stop(&kit);
}

static void bodies_in_flight(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct kit kit;
    kit_init(&kit);
    kit.limits.bodies_in_flight = 10000;
    kit_start(&kit);
    int first = client_open(&kit);
    client_send(first, STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9000\r\n\r\n"));
    client_send(first, repeat(&arena, 'b', 8000));
    for (int ms = 0; http_server_body_bytes(kit.server) != 8000 && ms < 5000; ms++)
        (void)usleep(1000);
    int second = client_open(&kit);
    client_send(second, STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9000\r\n\r\n"));
    client_send(second, repeat(&arena, 'b', 8000));
    struct client_reply reply = client_read(second, &arena, false);
    assert_int_equal(reply.status, 503);
    assert_true(str_equal(client_header(&reply, STR("Retry-After")), STR("1")));
    client_send(first, repeat(&arena, 'b', 1000));
    reply = client_read(first, &arena, false);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body.len, 9000);
    assert_int_equal(http_server_body_bytes(kit.server), 0);
    (void)close(first);
    (void)close(second);
    kit_stop(&kit);
}

static void connections(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct kit kit;
    kit_init(&kit);
    kit.limits.connections = 2;
    kit_start(&kit);
    int first = client_open(&kit);
    int second = client_open(&kit);
    assert_true(kit_await_connections(&kit, 2));
    int third = client_open(&kit);
    int fourth = client_open(&kit);
    client_send(third, STR("GET /now HTTP/1.1\r\n" HOST "\r\n"));
    client_send(fourth, STR("GET /now HTTP/1.1\r\n" HOST "\r\n"));
    assert_false(client_sees_end(third, 50));
    assert_int_equal(http_server_connections(kit.server), 2);
    (void)close(first);
    assert_int_equal(client_read(third, &arena, false).status, 202);
    (void)close(third);
    assert_int_equal(client_read(fourth, &arena, false).status, 202);
    (void)close(second);
    (void)close(fourth);
    assert_true(kit_await_connections(&kit, 0));
    kit_stop(&kit);
}

/* The refusal arrives although the body is on its way, and the connection ends without a reset. */
static void refused_body(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    int fd = client_open(&kit);
    client_send(fd, STR("POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 200000\r\n\r\n"));
    for (int i = 0; i < 20; i++) {
        client_send(fd, repeat(&arena, 'b', 10000));
        (void)usleep(1000);
    }
    struct client_reply reply = client_read(fd, &arena, false);
    assert_int_equal(reply.status, 401);
    bool reset;
    assert_int_equal(client_read_all(fd, &arena, &reset).len, 0);
    assert_false(reset);
    assert_true(kit_await_connections(&kit, 1));
    /* Who does not go away then is cut. */
    assert_true(kit_await_connections(&kit, 0));
    (void)close(fd);
    kit_stop(&kit);
}

static void expectations(void **state)
{
    (void)state;

    static const struct {
        const char *label;
        str head;
        int first;
        int second; /* after the body; 0: the connection ends */
    } cases[] = {
        { "welcome",
          STR_INIT("POST /echo HTTP/1.1\r\n" HOST
                   "Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n"),
          100, 200 },
        { "welcome, chunked",
          STR_INIT("POST /echo HTTP/1.1\r\n" HOST
                   "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"),
          100, 400 },
        { "refused",
          STR_INIT("POST /refuse HTTP/1.1\r\n" HOST
                   "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
          401, 0 },
        { "too large",
          STR_INIT("POST /small HTTP/1.1\r\n" HOST
                   "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n"),
          413, 0 },
        { "no body", STR_INIT("GET /now HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n\r\n"), 202,
          400 },
        { "not waited for",
          STR_INIT("POST /echo HTTP/1.1\r\n" HOST
                   "Expect: 100-continue\r\nContent-Length: 6\r\n\r\n!"),
          0, 200 },
        { "HTTP/1.0",
          STR_INIT("POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"), 0,
          200 },
    };
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        int fd = client_open(&kit);
        client_send(fd, cases[i].head);
        int first = cases[i].first == 0 ? 0 : client_read(fd, &arena, false).status;
        client_send(fd, STR("hello"));
        int second = client_read(fd, &arena, false).status;
        if (first != cases[i].first || second != cases[i].second)
            fail_msg("%s: %d, then %d", cases[i].label, first, second);
        (void)close(fd);
    }
    kit_stop(&kit);
}

/* ── timeouts ── */

static void start_hasty(struct kit *kit)
{
    kit_init(kit);
    kit->options.head_timeout_ms = 150;
    kit->options.body_timeout_ms = 150;
    kit->options.idle_timeout_ms = 250;
    kit->options.write_timeout_ms = 200;
    kit_start(kit);
}

static void silence(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct kit kit;
    start_hasty(&kit);
    int fd = client_open(&kit);
    bool reset;
    assert_int_equal(client_read_all(fd, &arena, &reset).len, 0);
    assert_false(reset);
    (void)close(fd);
    assert_true(kit_await_connections(&kit, 0));
    assert_int_equal(atomic_load(&kit.ended), 0);
    kit_stop(&kit);
}

static void slow_requests(void **state)
{
    (void)state;

    static const struct {
        const char *label;
        str start;
        str drop; /* sent again and again, every 20 ms */
    } cases[] = {
        { "a head that stops", STR_INIT("GET /now HTTP/1.1\r\n"), STR_INIT("") },
        { "a head that trickles", STR_INIT("GET /now HTTP/1.1\r\n"), STR_INIT("X: y\r\n") },
        { "a body that stops",
          STR_INIT("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5000\r\n\r\nhe"), STR_INIT("") },
        { "a body that trickles",
          STR_INIT("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5000\r\n\r\nhe"),
          STR_INIT("l") },
    };
    struct kit kit;
    start_hasty(&kit);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        int fd = client_open(&kit);
        client_send(fd, cases[i].start);
        for (int drops = 0; drops < 50 && cases[i].drop.len > 0; drops++) {
            client_send(fd, cases[i].drop);
            (void)usleep(20000);
        }
        struct client_reply reply = client_read(fd, &arena, false);
        if (reply.status != 408)
            fail_msg("%s: %d", cases[i].label, reply.status);
        (void)close(fd);
    }
    kit_stop(&kit);
}

static void idle(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct kit kit;
    start_hasty(&kit);
    int fd = client_open(&kit);
    for (int i = 0; i < 4; i++) {
        /* Longer than the head's timeout, shorter than the idle one. */
        client_send(fd, STR("GET /now HTTP/1.1\r\n" HOST "\r\n"));
        assert_int_equal(client_read(fd, &arena, false).status, 202);
        assert_false(client_sees_end(fd, 180));
    }
    assert_true(client_sees_end(fd, 2000));
    (void)close(fd);
    kit_stop(&kit);
}

static void parked_takes_its_time(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct kit kit;
    start_hasty(&kit);
    int fd = client_open(&kit);
    client_send(fd, STR("GET /hold HTTP/1.1\r\n" HOST "\r\n"));
    assert_true(kit_await(&kit.held, 1));
    assert_false(client_sees_end(fd, 600));
    kit_release(&kit);
    assert_int_equal(client_read(fd, &arena, false).status, 200);
    (void)close(fd);
    kit_stop(&kit);
}

static void stalled_reader(void **state)
{
    (void)state;
    struct kit kit;
    start_hasty(&kit);
    int fd = client_open(&kit);
    client_send(fd, STR("GET /bytes/30000000 HTTP/1.1\r\n" HOST "\r\n"));
    assert_true(kit_await(&kit.ended, 1));
    assert_int_equal(atomic_load(&kit.last_status), 499);
    assert_true(kit_await_connections(&kit, 0));
    (void)close(fd);
    kit_stop(&kit);
}

/* Slow, but never still for as long as the timeout. */
static void slow_reader(void **state)
{
    (void)state;
    struct kit kit;
    start_hasty(&kit);
    int fd = client_open(&kit);
    client_send(fd, STR("GET /bytes/30000000 HTTP/1.1\r\n" HOST "\r\n"));
    static char buffer[1 << 20];
    size_t got = 0;
    while (got < 30000000) {
        ssize_t some = recv(fd, buffer, sizeof(buffer), 0);
        assert_true(some > 0);
        got += (size_t)some;
        (void)usleep(20000);
    }
    assert_true(kit_await(&kit.ended, 1));
    assert_int_equal(atomic_load(&kit.last_status), 200);
    (void)close(fd);
    kit_stop(&kit);
}

/* ── memory ── */

#define IDLE_COUNT 2000
#define IDLE_BYTES 3072

static bool room_for_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max > 2 * IDLE_COUNT + 100;
}

static void idle_memory(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    if (!room_for_descriptors())
        skip();
    int *fds = ARENA_ARRAY(&arena, int, IDLE_COUNT);
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < IDLE_COUNT; i++) {
        struct arena scratch = {};
        fds[i] = client_open(&kit);
        client_send(fds[i], STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"));
        assert_int_equal(client_read(fds[i], &scratch, false).status, 200);
        arena_done(&scratch);
    }
    /* The sanitizers' allocators have no figures: the difference is 0 there. */
    size_t each = (mallinfo2().uordblks - before) / IDLE_COUNT;
    print_message("an idle connection costs %zu bytes of heap\n", each);
    assert_true(each < IDLE_BYTES);
    assert_int_equal(http_server_connections(kit.server), IDLE_COUNT);
    for (int i = 0; i < IDLE_COUNT; i++)
        (void)close(fds[i]);
    assert_true(kit_await_connections(&kit, 0));
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_cap),
        cmocka_unit_test(many_headers),
        cmocka_unit_test(body_cap),
        cmocka_unit_test(small_chunks),
        cmocka_unit_test(bodies_in_flight),
        cmocka_unit_test(connections),
        cmocka_unit_test(refused_body),
        cmocka_unit_test(expectations),
        cmocka_unit_test(silence),
        cmocka_unit_test(slow_requests),
        cmocka_unit_test(idle),
        cmocka_unit_test(parked_takes_its_time),
        cmocka_unit_test(stalled_reader),
        cmocka_unit_test(slow_reader),
        cmocka_unit_test(idle_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
