/* SPDX-License-Identifier: MIT */
#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    enum http_method method;
    str pattern;
    const char *name;
} routes[] = {
    { HTTP_GET, STR_INIT("/"), "root" },
    { HTTP_GET, STR_INIT("/api/v1/webhooks"), "list" },
    { HTTP_POST, STR_INIT("/api/v1/webhooks"), "create" },
    { HTTP_GET, STR_INIT("/api/v1/webhooks/{id}"), "get" },
    { HTTP_DELETE, STR_INIT("/api/v1/webhooks/{id}"), "delete" },
    { HTTP_HEAD, STR_INIT("/api/v1/events"), "head" },
    { HTTP_GET, STR_INIT("/api/v1/events"), "events" },
    { HTTP_POST, STR_INIT("/api/v1/webhooks/{id}/ping"), "ping" },
    { HTTP_GET, STR_INIT("/api/v1/webhooks/stats"), "stats" },
    { HTTP_POST, STR_INIT("/custom-events/alias/{alias}"), "public" },
    { HTTP_POST, STR_INIT("/{organizationId}/custom-events/alias/{alias}"), "webhook" },
    { HTTP_GET, STR_INIT("/{a}/{b}/{c}/{d}"), "four" },
};

static struct router *build(void)
{
    struct router *router = router_new();
    for (size_t i = 0; i < COUNT_OF(routes); i++)
        router_add(router, routes[i].method, routes[i].pattern, routes[i].name);
    return router;
}

#define GET_BITS (1u << HTTP_GET | 1u << HTTP_HEAD)

static const struct {
    enum http_method method;
    str path;
    const char *want; /* NULL: none */
    str parameters[2];
    int count;
    unsigned allowed;
} cases[] = {
    { HTTP_GET, STR_INIT("/"), "root", {}, 0, GET_BITS },
    { HTTP_GET, STR_INIT("/api/v1/webhooks"), "list", {}, 0, GET_BITS | 1u << HTTP_POST },
    { HTTP_HEAD, STR_INIT("/api/v1/webhooks"), "list", {}, 0, GET_BITS | 1u << HTTP_POST },
    { HTTP_HEAD, STR_INIT("/api/v1/events"), "head", {}, 0, GET_BITS },
    { HTTP_PUT, STR_INIT("/api/v1/webhooks"), NULL, {}, 0, GET_BITS | 1u << HTTP_POST },
    { HTTP_OTHER, STR_INIT("/api/v1/webhooks"), NULL, {}, 0, GET_BITS | 1u << HTTP_POST },
    { HTTP_DELETE,
      STR_INIT("/api/v1/webhooks/whk_1"),
      "delete",
      { STR_INIT("whk_1") },
      1,
      GET_BITS | 1u << HTTP_DELETE },
    { HTTP_GET, STR_INIT("/api/v1/webhooks/stats"), "stats", {}, 0, GET_BITS },
    /* The literal has no such method: the other way is looked at too. */
    { HTTP_DELETE,
      STR_INIT("/api/v1/webhooks/stats"),
      "delete",
      { STR_INIT("stats") },
      1,
      GET_BITS | 1u << HTTP_DELETE },
    { HTTP_POST,
      STR_INIT("/api/v1/webhooks/stats/ping"),
      "ping",
      { STR_INIT("stats") },
      1,
      1u << HTTP_POST },
    { HTTP_POST,
      STR_INIT("/api/v1/webhooks/a%2Fb/ping"),
      "ping",
      { STR_INIT("a%2Fb") },
      1,
      1u << HTTP_POST },
    { HTTP_POST,
      STR_INIT("/custom-events/alias/x"),
      "public",
      { STR_INIT("x") },
      1,
      1u << HTTP_POST },
    { HTTP_POST,
      STR_INIT("/org/custom-events/alias/x"),
      "webhook",
      { STR_INIT("org"), STR_INIT("x") },
      2,
      1u << HTTP_POST },
    { HTTP_POST,
      STR_INIT("/custom-events/custom-events/alias/x"),
      "webhook",
      { STR_INIT("custom-events"), STR_INIT("x") },
      2,
      1u << HTTP_POST },
    { HTTP_GET, STR_INIT("/api/v1/webhooks/"), NULL, {}, 0, 0 },
    { HTTP_GET, STR_INIT("/api/v1/webhooks//"), NULL, {}, 0, 0 },
    { HTTP_GET, STR_INIT("//api/v1/webhooks"), NULL, {}, 0, 0 },
    { HTTP_GET, STR_INIT("/api/v1"), NULL, {}, 0, 0 },
    { HTTP_GET, STR_INIT("/API/v1/webhooks"), NULL, {}, 0, 0 },
    { HTTP_GET, STR_INIT("/api/v1/nothing/here/at/all"), NULL, {}, 0, 0 },
    { HTTP_GET, STR_INIT(""), NULL, {}, 0, 0 },
    { HTTP_OPTIONS, STR_INIT("*"), NULL, {}, 0, 0 },
};

static void finds(void **state)
{
    (void)state;
    struct router *router = build();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct route_match match = router_find(router, cases[i].method, cases[i].path);
        unsigned missing = cases[i].allowed & ~match.allowed;
        if (match.route != cases[i].want || missing != 0 ||
            (match.route == NULL && match.allowed != cases[i].allowed) ||
            (match.route != NULL && match.parameter_count != cases[i].count))
            fail_msg("%.*s: %s, %x, %d", STR_ARG(cases[i].path),
                     match.route == NULL ? "none" : (const char *)match.route, match.allowed,
                     match.parameter_count);
        for (int p = 0; p < cases[i].count; p++)
            assert_true(str_equal(match.parameters[p], cases[i].parameters[p]));
    }
    router_free(router);
    router_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(finds) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
