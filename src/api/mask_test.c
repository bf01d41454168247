/* SPDX-License-Identifier: MIT */
#include "api/mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
    const char *label;
    const char *head;
    const char *want;
} cases[] = {
    { "plain", "POST /hooks HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\n\r\n",
      "{\"Host\":\"a.example\",\"Content-Type\":\"application/json\"}" },
    { "secrets",
      "GET / HTTP/1.1\r\nAUTHORIZATION: Bearer x\r\ncookie: a=b\r\nX-Api-Key: k\r\nX-Other: v\r\n",
      "{\"AUTHORIZATION\":\"(masked)\",\"cookie\":\"(masked)\",\"X-Api-Key\":\"(masked)\","
      "\"X-Other\":\"v\"}" },
    { "each name that says it",
      "POST / HTTP/1.1\r\nProxy-Authorization: a\r\nX-Amz-Security-Token: b\r\nApiKey: c\r\n"
      "X-Auth-Key: d\r\nX-CSRF-Token: e\r\nX-Webhook-Secret: f\r\nSet-Cookie: g\r\n",
      "{\"Proxy-Authorization\":\"(masked)\",\"X-Amz-Security-Token\":\"(masked)\","
      "\"ApiKey\":\"(masked)\",\"X-Auth-Key\":\"(masked)\",\"X-CSRF-Token\":\"(masked)\","
      "\"X-Webhook-Secret\":\"(masked)\",\"Set-Cookie\":\"(masked)\"}" },
    { "those that somebody calls secret", "POST / HTTP/1.1\r\nx-shop: 7\r\nX-Shops: 8\r\n",
      "{\"x-shop\":\"(masked)\",\"X-Shops\":\"8\"}" },
    { "the signature is no secret", "POST / HTTP/1.1\r\nwebhook-signature: v1,abc=\r\n",
      "{\"webhook-signature\":\"v1,abc=\"}" },
    { "several of a name", "HTTP/1.1 200 OK\r\nVary: a\r\nX: 1\r\nvary: b\r\n",
      "{\"Vary\":\"a, b\",\"X\":\"1\"}" },
    { "several secrets", "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n",
      "{\"Set-Cookie\":\"(masked)\"}" },
    { "empty value", "HTTP/1.1 200 OK\r\nX-Empty:\r\nX-Next: 1\r\n",
      "{\"X-Empty\":\"\",\"X-Next\":\"1\"}" },
    { "bare line ends", "HTTP/1.0 200\nA: 1\nB: 2\n", "{\"A\":\"1\",\"B\":\"2\"}" },
    { "no UTF-8", "HTTP/1.1 200 OK\r\nX: caf\xe9\r\n", "{\"X\":\"caf\xc3\xa9\"}" },
    { "only a first line", "HTTP/1.1 200 OK\r\n", "{}" },
    { "nothing", "", "{}" },
};

static void shows_headers(void **state)
{
    (void)state;
    static const str names[] = { STR_INIT("X-Shop"), STR_INIT("X-Both") };
    const struct secret_names secret = { .at = names, .count = COUNT_OF(names) };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        struct buf buf;
        buf_init(&buf, &arena, 100000);
        struct json_writer out = json_writer(&buf);
        json_add_headers(&out, str_c(cases[i].head), &secret, &arena);
        if (!str_equal(buf_str(&buf), str_c(cases[i].want)))
            fail_msg("%s: %.*s", cases[i].label, STR_ARG(buf_str(&buf)));
    }
}

/* A target can answer with as many header lines as fit into 64 KiB. */
static void takes_many_lines(void **state)
{
    (void)state;
    struct arena CLEANUP(arena_done) arena = {};
    struct buf head;
    buf_init(&head, &arena, (size_t)1 << 20);
    buf_add(&head, STR("HTTP/1.1 200 OK\r\n"));
    for (int i = 0; i < 10000; i++)
        buf_format(&head, "h%d:x\n", i);
    struct buf buf;
    buf_init(&buf, &arena, (size_t)4 << 20);
    struct json_writer out = json_writer(&buf);
    json_add_headers(&out, buf_str(&head), &(struct secret_names){}, &arena);
    assert_false(buf_overflowed(&buf));
}

static void cuts_the_first_line(void **state)
{
    (void)state;
    assert_true(
        str_equal(head_first_line(STR("POST /a HTTP/1.1\r\nX: 1\r\n")), STR("POST /a HTTP/1.1")));
    assert_int_equal(head_first_line((str){}).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_headers),
        cmocka_unit_test(takes_many_lines),
        cmocka_unit_test(cuts_the_first_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
