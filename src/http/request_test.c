/* SPDX-License-Identifier: MIT
 * What handlers use: decoding, queries, headers, problems; and the head of a reply. */
#include "http/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void queries(void **state)
{
    (void)state;
    struct request request = { .query = STR("a=1&b=x+y&b=2&%63=3&empty=&flag&bad=%zz&=5&a=6") };

    static const struct {
        str name;
        bool found;
        bool bad;
        str want;
    } cases[] = {
        { STR_INIT("a"), true, false, STR_INIT("1") },
        { STR_INIT("b"), true, false, STR_INIT("x y") },
        { STR_INIT("c"), true, false, STR_INIT("3") },
        { STR_INIT("empty"), true, false, STR_INIT("") },
        { STR_INIT("flag"), true, false, STR_INIT("") },
        { STR_INIT("bad"), false, true, STR_INIT("") },
        { STR_INIT("none"), false, false, STR_INIT("") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str value = {};
        bool bad = true;
        bool found = request_query(&request, cases[i].name, &value, &bad);
        if (found != cases[i].found || bad != cases[i].bad || !str_equal(value, cases[i].want))
            fail_msg("%.*s: %d %d %.*s", STR_ARG(cases[i].name), found, bad, STR_ARG(value));
    }
    arena_done(&request.arena);
}

static void headers(void **state)
{
    (void)state;
    static const struct http_header some[] = {
        { STR_INIT("Host"), STR_INIT("hub") },
        { STR_INIT("x-a"), STR_INIT("first") },
        { STR_INIT("X-A"), STR_INIT("second") },
    };
    struct request request = { .headers = some, .header_count = COUNT_OF(some) };
    assert_true(str_equal(*request_header(&request, STR("X-A")), STR("first")));
    assert_true(str_equal(*request_header(&request, STR("host")), STR("hub")));
    assert_null(request_header(&request, STR("X")));
}

static void problems(void **state)
{
    (void)state;
    struct request request = { .id = STR("req_1") };
    struct problem problem = { .retry_after_s = 7 };
    problem_set(&problem, PROBLEM_BUSY, STR("Say \"later\"\n"));
    request_reply_problem(&request, &problem);
    assert_int_equal(request.reply.status, 503);
    assert_true(str_equal(request.reply.headers, STR("Retry-After: 7\r\n")));
    assert_true(str_equal(request.reply.content_type, STR("application/problem+json")));
    const str want = STR("{\"type\":\"/problems/busy\",\"title\":\"The hub has more to do than it "
                         "can take in\",\"status\":503,\"detail\":\"Say \\\"later\\\"\\n\","
                         "\"requestId\":\"req_1\"}");
    if (!str_equal(request.reply.body, want))
        fail_msg("%.*s", STR_ARG(request.reply.body));
    arena_done(&request.arena);
}

static void problems_with_errors(void **state)
{
    (void)state;
    struct request request = { .id = STR("req_1") };
    struct problem problem = {};
    struct field_error error = { .pointer = STR("/a~1b"),
                                 .field = STR("a/b"),
                                 .code = STR("type"),
                                 .message = STR("Not a number.") };
    problem_add(&problem, &request.arena, error);
    request_reply_problem(&request, &problem);
    assert_int_equal(request.reply.status, 422);
    assert_true(str_ends(request.reply.body,
                         STR(",\"errors\":[{\"pointer\":\"/a~1b\",\"field\":\"a/b\",\"code\":"
                             "\"type\",\"message\":\"Not a number.\"}]}")));
    for (int i = 0; i < 59; i++)
        problem_add(&problem, &request.arena, error);
    request_reply_problem(&request, &problem);
    const str said = STR("Of 60 errors the first 50 are listed.");
    assert_non_null(memmem(request.reply.body.ptr, request.reply.body.len, said.ptr, said.len));

    /* What no answer has room for is left out, and the rest stands. */
    error.message = str_from(arena_alloc(&request.arena, 100000), 100000);
    struct problem vast = {};
    problem_add(&vast, &request.arena, error);
    request_reply_problem(&request, &vast);
    assert_true(request.reply.body.len < 1000);
    assert_true(str_ends(request.reply.body, STR("\"requestId\":\"req_1\"}")));
    arena_done(&request.arena);
}

static void quotes(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};

    static const struct {
        str text;
        str want;
    } cases[] = {
        { STR_INIT(""), STR_INIT("\"\"") },
        { STR_INIT("plain"), STR_INIT("\"plain\"") },
        { STR_INIT("\"\\/"), STR_INIT("\"\\\"\\\\/\"") },
        { STR_INIT("a\b\t\n\f\rz"), STR_INIT("\"a\\b\\t\\n\\f\\rz\"") },
        { STR_INIT("\0\x01\x1f\x7f"), STR_INIT("\"\\u0000\\u0001\\u001f\x7f\"") },
        { STR_INIT("\xc3\xbc\xf0\x9f\x98\x80"), STR_INIT("\"\xc3\xbc\xf0\x9f\x98\x80\"") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf buf;
        buf_init(&buf, &arena, 1000);
        buf_quoted(&buf, cases[i].text);
        if (!str_equal(buf_str(&buf), cases[i].want))
            fail_msg("%zu: %.*s", i, STR_ARG(buf_str(&buf)));
    }
    struct buf small;
    buf_init(&small, &arena, 4);
    buf_quoted(&small, STR("plain"));
    assert_true(buf_overflowed(&small));
}

static void reply_heads(void **state)
{
    (void)state;

    static const struct {
        struct reply reply;
        str connection;
        str want;
    } cases[] = {
        { { .status = 202, .content_type = STR_INIT("a/b"), .body = STR_INIT("12345") },
          STR_INIT(""),
          STR_INIT("HTTP/1.1 202 Accepted\r\nDate: D\r\nContent-Type: a/b\r\n"
                   "Content-Length: 5\r\nX-Request-Id: req_1\r\n\r\n") },
        { { .status = 204, .content_type = STR_INIT("a/b") },
          STR_INIT("Connection: close\r\n"),
          STR_INIT("HTTP/1.1 204 No Content\r\nDate: D\r\nX-Request-Id: req_1\r\n"
                   "Connection: close\r\n\r\n") },
        { { .status = 299, .headers = STR_INIT("A: b\r\nC: d\r\n") },
          STR_INIT(""),
          STR_INIT("HTTP/1.1 299 \r\nDate: D\r\nContent-Length: 0\r\nX-Request-Id: req_1\r\n"
                   "A: b\r\nC: d\r\n\r\n") },
    };

    char date[DATE_LEN];
    memset(date, ' ', sizeof(date));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct request request = { .id = STR("req_1"), .reply = cases[i].reply };
        char head[1024];
        date_write(0, date);
        const char *end = reply_head_write(&request, date, cases[i].connection, head);
        size_t length = (size_t)(end - head);
        assert_true(length <= reply_head_size(&request));
        /* The date stands for itself in the expectation. */
        char *at = memmem(head, length, date, sizeof(date));
        assert_non_null(at);
        *at = 'D';
        memmove(at + 1, at + DATE_LEN, (size_t)(end - at) - DATE_LEN);
        str got = str_from(head, length - DATE_LEN + 1);
        if (!str_equal(got, cases[i].want))
            fail_msg("%.*s", STR_ARG(got));
    }
}

static void dates(void **state)
{
    (void)state;
    char date[DATE_LEN];
    date_write(784111777, date);
    assert_memory_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT", DATE_LEN);
    date_write(0, date);
    assert_memory_equal(date, "Thu, 01 Jan 1970 00:00:00 GMT", DATE_LEN);
}

static void added_headers(void **state)
{
    (void)state;
    struct request request = {};
    request_add_header(&request, STR("A"), STR("1"));
    request_reply_json(&request, 200, STR("{}"));
    request_add_header(&request, STR("B"), STR(""));
    assert_true(str_equal(request.reply.headers, STR("A: 1\r\nB: \r\n")));
    arena_done(&request.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries),  cmocka_unit_test(headers),
        cmocka_unit_test(problems), cmocka_unit_test(problems_with_errors),
        cmocka_unit_test(quotes),   cmocka_unit_test(reply_heads),
        cmocka_unit_test(dates),    cmocka_unit_test(added_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
