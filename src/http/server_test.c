/* SPDX-License-Identifier: MIT
 * The server over real sockets: requests and their replies, parking, pipelining, draining. */
#include "http/test_kit.h"

#include <sys/socket.h>
#include <unistd.h>

#define HOST "Host: hub\r\n"

static void answers(void **state)
{
    (void)state;

    static const struct {
        const char *label;
        str request;
        int status;
        str body;
    } cases[] = {
        { "at once", STR_INIT("GET /now HTTP/1.1\r\n" HOST "\r\n"), 202, STR_INIT("{}") },
        { "with a body", STR_INIT("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"),
          200, STR_INIT("hello") },
        { "chunked",
          STR_INIT("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                   "2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\nTrailer: x\r\n\r\n"),
          200, STR_INIT("hello") },
        { "by another thread",
          STR_INIT("POST /park HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"), 200,
          STR_INIT("hello") },
        { "head", STR_INIT("HEAD /now HTTP/1.1\r\n" HOST "\r\n"), 202, STR_INIT("") },
        { "empty", STR_INIT("GET /empty HTTP/1.1\r\n" HOST "\r\n"), 204, STR_INIT("") },
        { "absolute form", STR_INIT("GET http://hub/now HTTP/1.1\r\n" HOST "\r\n"), 202,
          STR_INIT("{}") },
        { "asterisk", STR_INIT("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 204, STR_INIT("") },
        { "HTTP/1.0", STR_INIT("GET /now HTTP/1.0\r\n\r\n"), 202, STR_INIT("{}") },
        { "an upgrade is not taken up",
          STR_INIT("GET /now HTTP/1.1\r\n" HOST
                   "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
          202, STR_INIT("{}") },
        { "a method without routes", STR_INIT("PURGE /nothing HTTP/1.1\r\n" HOST "\r\n"), 404,
          STR_INIT("") },
    };
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct client_reply reply = client_ask(&kit, &arena, cases[i].request);
        if (reply.status != cases[i].status ||
            (reply.status < 300 && !str_equal(reply.body, cases[i].body)))
            fail_msg("%s: %d %.*s", cases[i].label, reply.status, STR_ARG(reply.body));
        assert_true(client_header(&reply, STR("X-Request-Id")).len > 0);
        assert_int_equal(client_header(&reply, STR("Date")).len, 29);
    }
    assert_true(kit_await(&kit.ended, COUNT_OF(cases)));
    kit_stop(&kit);
}

static void head_keeps_the_length(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    int fd = client_open(&kit);
    client_send(fd,
                STR("HEAD /bytes/100 HTTP/1.1\r\n" HOST "\r\nGET /empty HTTP/1.1\r\n" HOST "\r\n"));
    struct client_reply reply = client_read(fd, &arena, true);
    assert_true(str_equal(client_header(&reply, STR("Content-Length")), STR("100")));
    reply = client_read(fd, &arena, false);
    assert_int_equal(reply.status, 204);
    assert_int_equal(client_header(&reply, STR("Content-Length")).len, 0);
    (void)close(fd);
    kit_stop(&kit);
}

static void keeps_alive_and_closes(void **state)
{
    (void)state;

    static const struct {
        const char *label;
        str request;
        str connection;
        bool closes;
    } cases[] = {
        { "1.1", STR_INIT("GET /now HTTP/1.1\r\n" HOST "\r\n"), STR_INIT(""), false },
        { "1.1 close", STR_INIT("GET /now HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"),
          STR_INIT("close"), true },
        { "1.0", STR_INIT("GET /now HTTP/1.0\r\n\r\n"), STR_INIT("close"), true },
        { "1.0 keep-alive", STR_INIT("GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
          STR_INIT("keep-alive"), false },
        { "the reply's wish", STR_INIT("GET /close HTTP/1.1\r\n" HOST "\r\n"), STR_INIT("close"),
          true },
        { "refused without a body", STR_INIT("GET /refuse HTTP/1.1\r\n" HOST "\r\n"), STR_INIT(""),
          false },
    };
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        int fd = client_open(&kit);
        client_send(fd, cases[i].request);
        struct client_reply reply = client_read(fd, &arena, false);
        if (!str_equal(client_header(&reply, STR("Connection")), cases[i].connection) ||
            client_sees_end(fd, cases[i].closes ? 2000 : 30) != cases[i].closes)
            fail_msg("%s: %.*s", cases[i].label, STR_ARG(reply.head));
        (void)close(fd);
    }
    kit_stop(&kit);
}

/* Every cut of two pipelined requests gives the same two replies. */
static void any_cut(void **state)
{
    (void)state;
    const str bytes = STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
                          "POST /park HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                          "3\r\ndef\r\n0\r\n\r\n");
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    for (size_t cut = 1; cut < bytes.len; cut++) {
        CLEANUP(arena_done) struct arena arena = {};
        int fd = client_open(&kit);
        client_send(fd, str_head(bytes, cut));
        (void)usleep(500);
        client_send(fd, str_skip(bytes, cut));
        struct client_reply first = client_read(fd, &arena, false);
        struct client_reply second = client_read(fd, &arena, false);
        assert_true(str_equal(first.body, STR("abc")));
        assert_true(str_equal(second.body, STR("def")));
        (void)close(fd);
    }
    kit_stop(&kit);
}

/* Replies come in order, however requests are answered; what is unread waits within bounds. */
static void pipelining(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};

    enum { COUNT = 2000 };
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    int fd = client_open(&kit);
    for (int i = 0; i < COUNT; i++) {
        const char *path = i % 3 == 0 ? "/park" : "/echo";
        client_send(fd, arena_format(&arena,
                                     "POST %s HTTP/1.1\r\n" HOST "Content-Length: 6\r\n\r\n%06d",
                                     path, i));
    }
    for (int i = 0; i < COUNT; i++) {
        struct arena scratch = {};
        struct client_reply reply = client_read(fd, &scratch, false);
        int64_t number = -1;
        assert_true(str_to_int64(reply.body, &number));
        assert_int_equal(number, i);
        arena_done(&scratch);
    }
    (void)close(fd);
    kit_stop(&kit);
}

static void half_closed_is_answered(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    int fd = client_open(&kit);
    client_send(fd, STR("GET /hold HTTP/1.1\r\n" HOST "\r\n"));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_true(kit_await(&kit.held, 1));
    kit_release(&kit);
    struct client_reply reply = client_read(fd, &arena, false);
    assert_int_equal(reply.status, 200);
    assert_true(client_sees_end(fd, 2000));
    (void)close(fd);
    kit_stop(&kit);
}

static void reset(int fd)
{
    struct linger now = { .l_onoff = 1 };
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
    (void)close(fd);
}

static void gone_while_parked(void **state)
{
    (void)state;
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    int fd = client_open(&kit);
    client_send(fd, STR("POST /hold HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"));
    assert_true(kit_await(&kit.held, 1));
    reset(fd);
    assert_true(kit_await_connections(&kit, 0));
    assert_int_equal(atomic_load(&kit.ended), 0);
    kit_release(&kit);
    assert_true(kit_await(&kit.ended, 1));
    assert_int_equal(atomic_load(&kit.last_status), 499);
    kit_stop(&kit);
}

static void gone_while_sending(void **state)
{
    (void)state;
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    int fd = client_open(&kit);
    client_send(fd, STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhe"));
    assert_true(kit_await_connections(&kit, 1));
    (void)usleep(50000);
    (void)close(fd);
    assert_true(kit_await(&kit.ended, 1));
    assert_int_equal(atomic_load(&kit.last_status), 499);
    assert_int_equal(http_server_body_bytes(kit.server), 0);
    kit_stop(&kit);
}

static void gone_while_being_answered(void **state)
{
    (void)state;
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    int fd = client_open(&kit);
    client_send(fd, STR("GET /bytes/30000000 HTTP/1.1\r\n" HOST "\r\n"));
    assert_true(kit_await_connections(&kit, 1));
    (void)usleep(100000);
    reset(fd);
    assert_true(kit_await(&kit.ended, 1));
    assert_int_equal(atomic_load(&kit.last_status), 499);
    kit_stop(&kit);
}

static void large_replies(void **state)
{
    (void)state;
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    int fd = client_open(&kit);
    for (int i = 0; i < 3; i++) {
        CLEANUP(arena_done) struct arena arena = {};
        client_send(fd, STR("GET /bytes/20000003 HTTP/1.1\r\n" HOST "\r\n"));
        (void)usleep(20000);
        struct client_reply reply = client_read(fd, &arena, false);
        assert_int_equal(reply.body.len, 20000003);
        for (size_t at = 0; at < reply.body.len; at += 997)
            assert_int_equal(reply.body.ptr[at], 'a' + at % 26);
    }
    (void)close(fd);
    kit_stop(&kit);
}

static void drains(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct kit kit;
    kit_init(&kit);
    kit.options.loops = 2;
    kit_start(&kit);
    int idle = client_open(&kit);
    int busy = client_open(&kit);
    client_send(busy, STR("GET /hold HTTP/1.1\r\n" HOST "\r\n"));
    assert_true(kit_await(&kit.held, 1));
    assert_true(kit_await_connections(&kit, 2));
    http_server_drain(kit.server);
    http_server_drain(kit.server);
    assert_true(client_sees_end(idle, 2000));
    assert_true(kit_await_connections(&kit, 1));
    kit_release(&kit);
    struct client_reply reply = client_read(busy, &arena, false);
    assert_int_equal(reply.status, 200);
    assert_true(str_equal(client_header(&reply, STR("Connection")), STR("close")));
    assert_true(kit_await_connections(&kit, 0));
    (void)close(idle);
    (void)close(busy);
    kit_stop(&kit);
}

static void sleep_a_while(struct http_task *task, struct http_loop *loop)
{
    (void)task;
    (void)loop;
    (void)usleep(100000);
}

/* What the kernel has taken in before the end is answered: on a connection that stands, and on two
 * that are not even accepted yet. */
static void drains_what_has_come(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    int fds[3] = { client_open(&kit), -1, -1 };
    assert_true(kit_await_connections(&kit, 1));
    struct http_task busy = { .run = sleep_a_while };
    http_loop_post(http_server_loop(kit.server, 0), &busy);
    (void)usleep(20000);
    fds[1] = client_open(&kit);
    fds[2] = client_open(&kit);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        client_send(fds[i], STR("GET /now HTTP/1.1\r\n" HOST "\r\n"));
    http_server_drain(kit.server);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        struct client_reply reply = client_read(fds[i], &arena, false);
        assert_int_equal(reply.status, 202);
        assert_true(str_equal(client_header(&reply, STR("Connection")), STR("close")));
        assert_true(client_sees_end(fds[i], 2000));
        (void)close(fds[i]);
    }
    assert_true(kit_await_connections(&kit, 0));
    kit_stop(&kit);
}

static void stops_with_connections(void **state)
{
    (void)state;
    struct kit kit;
    kit_init(&kit);
    kit.options.loops = 2;
    kit_start(&kit);
    int idle = client_open(&kit);
    int half = client_open(&kit);
    client_send(half, STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhe"));
    assert_true(kit_await_connections(&kit, 2));
    kit_stop(&kit);
    assert_true(client_sees_end(idle, 2000));
    (void)close(idle);
    (void)close(half);
}

static void senders(void **state)
{
    (void)state;

    static const struct {
        const char *label;
        bool trusted;
        str headers;
        str want; /* begins with */
    } cases[] = {
        { "nobody trusted", false,
          STR_INIT(
              "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Request-Id: mine\r\n"),
          STR_INIT("127.0.0.1 plain req_") },
        { "trusted, says nothing", true, STR_INIT(""), STR_INIT("127.0.0.1 plain req_") },
        { "trusted", true,
          STR_INIT(
              "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Request-Id: mine\r\n"),
          STR_INIT("1.2.3.4 secure mine") },
        { "the nearest stranger counts", true,
          STR_INIT("X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.9\r\n"), STR_INIT("1.2.3.4 plain") },
        { "over two lines", true,
          STR_INIT("X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\nX-Forwarded-For: 10.0.0.9\r\n"),
          STR_INIT("1.2.3.4 plain") },
        { "all trusted", true, STR_INIT("X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n"),
          STR_INIT("10.0.0.1 plain") },
        { "not to be read", true, STR_INIT("X-Forwarded-For: 1.1.1.1, nonsense, 10.0.0.2\r\n"),
          STR_INIT("10.0.0.2 plain") },
        { "with ports", true, STR_INIT("X-Forwarded-For: [2001:db8::1]:443, 10.0.0.2:80\r\n"),
          STR_INIT("2001:db8::1 plain") },
        { "an id that is not fit", true, STR_INIT("X-Request-Id: a b\r\n"),
          STR_INIT("127.0.0.1 plain req_") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct kit kit;
        kit_init(&kit);
        str wrong;
        if (cases[i].trusted)
            assert_true(cidr_list_read(STR("127.0.0.1, 10.0.0.0/8"), &arena,
                                       &kit.options.trusted_proxies, &wrong));
        kit_start(&kit);
        str request = arena_format(&arena, "GET /sender HTTP/1.1\r\n" HOST "%.*s\r\n",
                                   STR_ARG(cases[i].headers));
        struct client_reply reply = client_ask(&kit, &arena, request);
        if (!str_starts(reply.body, cases[i].want))
            fail_msg("%s: %.*s", cases[i].label, STR_ARG(reply.body));
        kit_stop(&kit);
    }
}

static void refuses_to_start(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct kit kit;
    kit_init(&kit);
    kit.options.loops = 2;
    kit_start(&kit);
    str taken = arena_format(&arena, "127.0.0.1:%d", http_server_port(kit.server));
    const str addresses[] = {
        taken,         STR("127.0.0.1"),  STR("here:80"),     STR("127.0.0.1:99999"),
        STR("::1:80"), STR("127.0.0.1:"), STR("192.0.2.1:80")
    };
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct http_options options = kit.options;
        options.listen = addresses[i];
        struct http_handler handler = { .on_request = NULL };
        handler.on_request = (bool (*)(struct request *, void *))1;
        struct http_server *server = NULL;
        struct problem problem = {};
        assert_true(http_server_start(&options, &handler, &arena, &server, &problem) < 0);
        assert_true(problem.text.len > 0);
        assert_null(server);
    }
    kit_stop(&kit);
}

static void ipv6(void **state)
{
    (void)state;
    struct kit kit;
    kit_init(&kit);
    kit.options.listen = STR("[::1]:0");
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (fd < 0)
        skip();
    (void)close(fd);
    kit_start(&kit);
    assert_true(http_server_port(kit.server) > 0);
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(head_keeps_the_length),
        cmocka_unit_test(keeps_alive_and_closes),
        cmocka_unit_test(any_cut),
        cmocka_unit_test(pipelining),
        cmocka_unit_test(half_closed_is_answered),
        cmocka_unit_test(gone_while_parked),
        cmocka_unit_test(gone_while_sending),
        cmocka_unit_test(gone_while_being_answered),
        cmocka_unit_test(large_replies),
        cmocka_unit_test(drains),
        cmocka_unit_test(drains_what_has_come),
        cmocka_unit_test(stops_with_connections),
        cmocka_unit_test(senders),
        cmocka_unit_test(refuses_to_start),
        cmocka_unit_test(ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
