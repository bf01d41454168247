/* SPDX-License-Identifier: MIT
 * What must be refused, over a real socket: each is answered once with a problem, and the
 * connection ends. Behind each stands a whole second request, which must never be answered. */
#include "http/test_kit.h"

#include <sys/socket.h>
#include <unistd.h>

#define LINE "POST /now HTTP/1.1\r\n"
#define HOST "Host: hub\r\n"
#define CHUNKED "5\r\nhello\r\n0\r\n\r\n"

struct malformed {
    const char *label;
    str request;
    int status;
};

/* clang-format off */
static const struct malformed cases[] = {
    /* libraries.md's table */
    { "CL and TE", STR_INIT(LINE HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKED), 400 },
    { "TE and CL", STR_INIT(LINE HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" CHUNKED), 400 },
    { "two different CL", STR_INIT(LINE HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), 400 },
    { "two equal CL", STR_INIT(LINE HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), 400 },
    { "a list of CL", STR_INIT(LINE HOST "Content-Length: 5, 5\r\n\r\nhello"), 400 },
    { "CL +5", STR_INIT(LINE HOST "Content-Length: +5\r\n\r\nhello"), 400 },
    { "CL -5", STR_INIT(LINE HOST "Content-Length: -5\r\n\r\nhello"), 400 },
    { "CL 0x5", STR_INIT(LINE HOST "Content-Length: 0x5\r\n\r\nhello"), 400 },
    { "CL 5 x", STR_INIT(LINE HOST "Content-Length: 5 x\r\n\r\nhello"), 400 },
    { "CL with a space inside", STR_INIT(LINE HOST "Content-Length: 5 5\r\n\r\nhello"), 400 },
    { "CL empty", STR_INIT(LINE HOST "Content-Length: \r\n\r\nhello"), 400 },
    { "CL 2^64+5", STR_INIT(LINE HOST "Content-Length: 18446744073709551621\r\n\r\nhello"), 400 },
    { "CL 2^63", STR_INIT(LINE HOST "Content-Length: 9223372036854775808\r\n\r\nhello"), 413 },
    { "space before colon", STR_INIT(LINE HOST "Content-Length : 5\r\n\r\nhello"), 400 },
    { "tab before colon", STR_INIT(LINE HOST "Content-Length\t: 5\r\n\r\nhello"), 400 },
    { "bare CR in a value", STR_INIT(LINE HOST "X: a\rb\r\n\r\n"), 400 },
    { "bare CR for a line end", STR_INIT(LINE HOST "X: a\rContent-Length: 5\r\n\r\nhello"), 400 },
    { "bare LF", STR_INIT("POST /now HTTP/1.1\nHost: hub\n\n"), 400 },
    { "bare LF behind a header", STR_INIT(LINE "Host: hub\nX: y\r\n\r\n"), 400 },
    { "bare LF at the end", STR_INIT(LINE "Host: hub\r\n\n"), 400 },
    { "obs-fold", STR_INIT(LINE HOST "X: a\r\n b\r\n\r\n"), 400 },
    { "obs-fold by tab", STR_INIT(LINE HOST "Transfer-Encoding:\r\n\tchunked\r\n\r\n" CHUNKED), 400 },
    { "space before the first header", STR_INIT(LINE " " HOST "\r\n"), 400 },
    { "TE xchunked", STR_INIT(LINE HOST "Transfer-Encoding: xchunked\r\n\r\n" CHUNKED), 400 },
    { "TE chunked, identity", STR_INIT(LINE HOST "Transfer-Encoding: chunked, identity\r\n\r\n" CHUNKED), 400 },
    { "TE gzip, chunked", STR_INIT(LINE HOST "Transfer-Encoding: gzip, chunked\r\n\r\n" CHUNKED), 400 },
    { "TE identity", STR_INIT(LINE HOST "Transfer-Encoding: identity\r\n\r\n" CHUNKED), 400 },
    { "TE twice", STR_INIT(LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNKED), 400 },
    { "TE empty", STR_INIT(LINE HOST "Transfer-Encoding:\r\n\r\n" CHUNKED), 400 },
    { "TE with a vertical tab", STR_INIT(LINE HOST "Transfer-Encoding: \x0b" "chunked\r\n\r\n" CHUNKED), 400 },
    { "TE in HTTP/1.0", STR_INIT("POST /now HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n" CHUNKED), 400 },
    { "NUL in a header", STR_INIT(LINE HOST "X: a\0b\r\n\r\n"), 400 },
    { "NUL in a name", STR_INIT(LINE HOST "X\0: b\r\n\r\n"), 400 },
    { "a control character", STR_INIT(LINE HOST "X: a\x01" "b\r\n\r\n"), 400 },
    { "DEL", STR_INIT(LINE HOST "X: a\x7f\r\n\r\n"), 400 },
    { "an empty name", STR_INIT(LINE HOST ": b\r\n\r\n"), 400 },
    { "no colon", STR_INIT(LINE HOST "nothing\r\n\r\n"), 400 },
    { "a name in brackets", STR_INIT(LINE HOST "(X): b\r\n\r\n"), 400 },
    /* chunks */
    { "a chunk size that is none", STR_INIT(LINE HOST "Transfer-Encoding: chunked\r\n\r\nx\r\nhello\r\n0\r\n\r\n"), 400 },
    { "a chunk size with a sign", STR_INIT(LINE HOST "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n"), 400 },
    { "a chunk size with 0x", STR_INIT(LINE HOST "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"), 400 },
    { "a space behind the size", STR_INIT(LINE HOST "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n"), 400 },
    { "a chunk longer than its size", STR_INIT(LINE HOST "Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n"), 400 },
    { "a chunk size of 2^64", STR_INIT(LINE HOST "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\nhello"), 400 },
    { "a chunk size of 2^63", STR_INIT(LINE HOST "Transfer-Encoding: chunked\r\n\r\n8000000000000000\r\nhello\r\n0\r\n\r\n"), 413 },
    { "LF behind a size", STR_INIT(LINE HOST "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"), 400 },
    { "LF behind a chunk", STR_INIT(LINE HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n"), 400 },
    { "LF in an extension", STR_INIT(LINE HOST "Transfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n"), 400 },
    /* Host */
    { "no Host", STR_INIT(LINE "\r\n"), 400 },
    { "two Hosts", STR_INIT(LINE HOST HOST "\r\n"), 400 },
    { "an empty Host", STR_INIT(LINE "Host:\r\n\r\n"), 400 },
    { "a Host with a space", STR_INIT(LINE "Host: a b\r\n\r\n"), 400 },
    { "a Host with a slash", STR_INIT(LINE "Host: a/b\r\n\r\n"), 400 },
    { "a Host with a user", STR_INIT(LINE "Host: me@hub\r\n\r\n"), 400 },
    { "a Host with a bad port", STR_INIT(LINE "Host: hub:8x\r\n\r\n"), 400 },
    { "a Host that is a port", STR_INIT(LINE "Host: :80\r\n\r\n"), 400 },
    { "a Host with an open bracket", STR_INIT(LINE "Host: [::1\r\n\r\n"), 400 },
    { "a Host beyond ASCII", STR_INIT(LINE "Host: h\xc3\xbc" "b\r\n\r\n"), 400 },
    { "a bad Host in 1.0", STR_INIT("POST /now HTTP/1.0\r\nHost: a b\r\n\r\n"), 400 },
    { "two Hosts in 1.0", STR_INIT("POST /now HTTP/1.0\r\n" HOST HOST "\r\n"), 400 },
    /* targets */
    { "authority form", STR_INIT("CONNECT hub:80 HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "CONNECT with a path", STR_INIT("CONNECT /now HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "asterisk without OPTIONS", STR_INIT("GET * HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "another scheme", STR_INIT("GET ftp://hub/now HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "no host in the target", STR_INIT("GET http:///now HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "a user in the target", STR_INIT("GET http://me@hub/now HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "a path without a slash", STR_INIT("GET now HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "a fragment", STR_INIT("GET /now#here HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "bytes beyond ASCII", STR_INIT("GET /n\xc3\xb6w HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "a tab in the target", STR_INIT("GET /n\tw HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "NUL in the target", STR_INIT("GET /n\0w HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "a space in the target", STR_INIT("GET /n w HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "DEL in the target", STR_INIT("GET /n\x7fw HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "two spaces before the target", STR_INIT("GET  /now HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "two spaces behind the target", STR_INIT("GET /now  HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "a space behind the version", STR_INIT("GET /now HTTP/1.1 \r\n" HOST "\r\n"), 400 },
    { "a space before the method", STR_INIT(" GET /now HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "a tab before the target", STR_INIT("GET \t/now HTTP/1.1\r\n" HOST "\r\n"), 400 },
    /* versions */
    { "HTTP/0.9", STR_INIT("GET /now\r\n\r\n"), 400 },
    { "HTTP/0.9 by name", STR_INIT("GET /now HTTP/0.9\r\n" HOST "\r\n"), 505 },
    { "HTTP/1.2", STR_INIT("GET /now HTTP/1.2\r\n" HOST "\r\n"), 505 },
    { "HTTP/2.0", STR_INIT("GET /now HTTP/2.0\r\n" HOST "\r\n"), 505 },
    { "HTTP/2's preface", STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505 },
    { "HTTP/1.10", STR_INIT("GET /now HTTP/1.10\r\n" HOST "\r\n"), 400 },
    { "http/1.1", STR_INIT("GET /now http/1.1\r\n" HOST "\r\n"), 400 },
    { "RTSP", STR_INIT("POST /now RTSP/1.0\r\n" HOST "\r\n"), 505 },
    { "ICE", STR_INIT("SOURCE /now ICE/1.0\r\n" HOST "\r\n"), 505 },
    { "no such method", STR_INIT("NOSUCH /now HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "a method in small letters", STR_INIT("get /now HTTP/1.1\r\n" HOST "\r\n"), 400 },
    { "a TLS greeting", STR_INIT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 400 },
    /* expectations */
    { "another expectation", STR_INIT(LINE HOST "Expect: coffee\r\n\r\n"), 417 },
};

/* clang-format on */

/* 1: it went wrong. */
static int check(struct kit *kit, const struct malformed *malformed, size_t cut)
{
    CLEANUP(arena_done) struct arena arena = {};
    int fd = client_open(kit);
    client_send(fd, str_head(malformed->request, cut));
    if (cut < malformed->request.len) {
        (void)usleep(300);
        client_send(fd, str_skip(malformed->request, cut));
    }
    client_send(fd, STR("GET /now HTTP/1.1\r\nHost: second\r\n\r\n"));
    struct client_reply reply = client_read(fd, &arena, false);
    bool reset;
    str rest = client_read_all(fd, &arena, &reset);
    (void)close(fd);
    if (reply.status != malformed->status || rest.len > 0 || reset) {
        print_error("%s, cut at %zu: %d %.*s, then%s \"%.*s\"\n", malformed->label, cut,
                    reply.status, STR_ARG(reply.body), reset ? " a reset and" : "", STR_ARG(rest));
        return 1;
    }
    assert_true(
        str_equal(client_header(&reply, STR("Content-Type")), STR("application/problem+json")));
    assert_true(str_equal(client_header(&reply, STR("Connection")), STR("close")));
    return 0;
}

static void refused(void **state)
{
    (void)state;
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    int wrong = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        wrong += check(&kit, &cases[i], cases[i].request.len);
    kit_stop(&kit);
    assert_int_equal(wrong, 0);
}

static void refused_in_pieces(void **state)
{
    (void)state;
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    int wrong = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (size_t cut = 1 + i % 7; cut < cases[i].request.len; cut += 7)
            wrong += check(&kit, &cases[i], cut);
    kit_stop(&kit);
    assert_int_equal(wrong, 0);
}

/* What the server refuses may wait for its answer like any other request. */
static void refused_later(void **state)
{
    (void)state;

    static const struct {
        const char *label;
        str request;
        int status;
    } late[] = {
        { "too large", STR_INIT("POST /hold HTTP/1.1\r\n" HOST "Content-Length: 99999999\r\n\r\n"),
          413 },
        { "a bad chunk",
          STR_INIT("POST /hold HTTP/1.1\r\n" HOST
                   "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\nz\r\n"),
          400 },
        { "two Hosts", STR_INIT("GET /hold HTTP/1.1\r\n" HOST HOST "\r\n"), 400 },
        { "a head that does not go on", STR_INIT("GET /hold?a HTTP/1.1\r\n" HOST), 408 },
        { "a body that does not go on",
          STR_INIT("POST /hold HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nab"), 408 },
    };
    struct kit kit;
    kit_init(&kit);
    kit.options.head_timeout_ms = kit.options.body_timeout_ms = 150;
    kit_start(&kit);
    int fds[COUNT_OF(late)];
    for (size_t i = 0; i < COUNT_OF(late); i++) {
        fds[i] = client_open(&kit);
        client_send(fds[i], late[i].request);
    }
    int gone = client_open(&kit);
    client_send(gone, late[0].request);
    assert_true(kit_await(&kit.held, COUNT_OF(late) + 1));
    const struct linger reset_it = { .l_onoff = 1 };
    assert_int_equal(setsockopt(gone, SOL_SOCKET, SO_LINGER, &reset_it, sizeof(reset_it)), 0);
    (void)close(gone);
    assert_true(kit_await_connections(&kit, COUNT_OF(late)));
    for (size_t i = 0; i < COUNT_OF(late); i++)
        client_send(fds[i], STR("GET /now HTTP/1.1\r\nHost: second\r\n\r\n"));
    kit_release(&kit);
    for (size_t i = 0; i < COUNT_OF(late); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct client_reply reply = client_read(fds[i], &arena, false);
        bool reset;
        str rest = client_read_all(fds[i], &arena, &reset);
        (void)close(fds[i]);
        if (reply.status != late[i].status || rest.len > 0 || reset)
            fail_msg("%s: %d, then%s %zu bytes", late[i].label, reply.status,
                     reset ? " a reset," : "", rest.len);
    }
    assert_true(kit_await(&kit.ended, COUNT_OF(late) + 1));
    kit_stop(&kit);
}

/* The neighbours of what is refused. */
static void accepted(void **state)
{
    (void)state;
    static const struct malformed good[] = {
        { "white space around a value", STR_INIT(LINE HOST "X: \t a b \t\r\n\r\n"), 202 },
        { "an empty value", STR_INIT(LINE HOST "X:\r\n\r\n"), 202 },
        { "bytes beyond ASCII in a value", STR_INIT(LINE HOST "X: \xc3\xbc\r\n\r\n"), 202 },
        { "empty lines before", STR_INIT("\r\n\r\n" LINE HOST "\r\n"), 202 },
        { "TE in capitals",
          STR_INIT(LINE HOST "transfer-encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), 202 },
        { "chunk sizes in both cases",
          STR_INIT(LINE HOST "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n"
                             "a\r\n0123456789\r\n0\r\n\r\n"),
          202 },
        { "a Host with a port", STR_INIT(LINE "Host: hub:8080\r\n\r\n"), 202 },
        { "a Host that is IPv6", STR_INIT(LINE "Host: [::1]:8080\r\n\r\n"), 202 },
        { "a target of odd signs", STR_INIT("GET /now?a={b}|c\\\"<> HTTP/1.1\r\n" HOST "\r\n"),
          202 },
        { "an absolute target without a path", STR_INIT("GET http://hub HTTP/1.1\r\n" HOST "\r\n"),
          404 },
        { "an absolute target with a query only",
          STR_INIT("GET HTTPS://hub?x HTTP/1.1\r\n" HOST "\r\n"), 404 },
        { "Expect in HTTP/1.0", STR_INIT("GET /now HTTP/1.0\r\nExpect: coffee\r\n\r\n"), 202 },
    };
    struct kit kit;
    kit_init(&kit);
    kit_start(&kit);
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct client_reply reply = client_ask(&kit, &arena, good[i].request);
        if (reply.status != good[i].status)
            fail_msg("%s: %d %.*s", good[i].label, reply.status, STR_ARG(reply.body));
    }
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(refused_in_pieces),
        cmocka_unit_test(refused_later),
        cmocka_unit_test(accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
