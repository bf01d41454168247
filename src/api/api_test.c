/* SPDX-License-Identifier: MIT
 * api/api_test.c: the route table and what follows from it: rules, the OpenAPI document, the
 * reading of queries. */
#include "api/call.h"
#include "api/openapi.h"

#undef fail /* cmocka has one of its own */

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

/* ── the table ── */

static void every_route_has_its_rule(void **state)
{
    (void)state;
    for (int i = 0; i < route_count; i++) {
        const char *fault = route_fault(&routes[i]);
        if (fault != NULL)
            fail_msg("%s %s: %s", http_method_name(routes[i].method).ptr, routes[i].pattern, fault);
    }
}

static void a_forgotten_rule_is_found(void **state)
{
    (void)state;
    const struct route *model = &routes[0];
    for (int i = 0; i < route_count; i++)
        if (routes[i].who == WHO_CALLER && routes[i].query != NULL)
            model = &routes[i];
    struct route route = *model;
    assert_null(route_fault(&route));
    route.scope = SCOPE_NONE;
    assert_non_null(route_fault(&route));
    route = *model;
    route.role = ROLE_NONE;
    assert_non_null(route_fault(&route));
    route = *model;
    route.who = WHO_NOBODY;
    assert_non_null(route_fault(&route));
    route = *model;
    route.who = WHO_ANYONE;
    assert_non_null(route_fault(&route));
    route = *model;
    route.who = WHO_ANYONE | WHO_KEY;
    assert_non_null(route_fault(&route));
    route = *model;
    route.query = NULL;
    assert_non_null(route_fault(&route));
    assert_non_null(route_fault(&(struct route){}));
}

static void routes_are_found(void **state)
{
    (void)state;
    struct router *router = router_new();
    for (int i = 0; i < route_count; i++)
        router_add(router, routes[i].method, str_c(routes[i].pattern), &routes[i]);
    for (int i = 0; i < route_count; i++) {
        struct route_match match = router_find(router, routes[i].method, str_c(routes[i].pattern));
        assert_ptr_equal(match.route, &routes[i]);
    }
    const struct route *counts =
        router_find(router, HTTP_GET, STR("/api/v1/rejections/counts")).route;
    assert_string_equal(counts->id, "countRejections");
    router_free(router);
}

static void operation_ids_differ(void **state)
{
    (void)state;
    for (int i = 0; i < route_count; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(routes[i].id, routes[j].id);
}

/* A role may do what the ones before it may; a key with all scopes is an owner's. */
static void roles_rise(void **state)
{
    (void)state;
    assert_int_equal(role_scopes(ROLE_NONE), 0);
    for (enum role role = ROLE_VIEWER; role <= ROLE_OWNER; role++) {
        unsigned below = role_scopes((enum role)(role - 1));
        assert_int_equal(role_scopes(role) & below, below);
        assert_true(role_scopes(role) != below);
    }
    assert_int_equal(role_scopes(ROLE_OWNER), SCOPE_ALL);
    for (int i = 0; i < route_count; i++)
        if (routes[i].who == WHO_CALLER && routes[i].scope != SCOPE_USERS_WRITE)
            assert_true((role_scopes(routes[i].role) & routes[i].scope) != 0);
}

/* ── the document ── */

static json document(struct arena *arena, bool test)
{
    struct limits limits;
    limits_init(&limits);
    struct json_error error;
    json value = NULL;
    str text = openapi_write(arena, &limits, STR("https://hub.example"), test);
    if (!json_read(arena, text, 64, &value, &error))
        fail_msg("at %zu: %.*s", error.offset, STR_ARG(error.text));
    return value;
}

static json operation_of(json paths, const struct route *route, struct arena *arena)
{
    str name = http_method_name(route->method);
    char *lower = arena_c(arena, name);
    for (char *at = lower; *at != '\0'; at++)
        *at = char_lower(*at);
    return json_get(json_get(paths, str_c(route->pattern)), str_c(lower));
}

static void every_route_is_in_the_document(void **state)
{
    (void)state;
    struct arena CLEANUP(arena_done) arena = {};
    json paths = json_get(document(&arena, true), STR("paths"));
    for (int i = 0; i < route_count; i++) {
        json operation = operation_of(paths, &routes[i], &arena);
        assert_true(
            str_equal(json_string(json_get(operation, STR("operationId"))), str_c(routes[i].id)));
        json responses = json_get(operation, STR("responses"));
        str status = arena_format(&arena, "%d", routes[i].status);
        assert_non_null(json_get(responses, status));
        assert_non_null(json_get(responses, STR("default")));
        if ((routes[i].who & WHO_CALLER) != 0) {
            assert_non_null(json_get(responses, STR("401")));
            assert_non_null(json_get(responses, STR("403")));
        }
    }
    json without = json_get(document(&arena, false), STR("paths"));
    assert_null(json_get(without, STR("/test/clock")));
}

/* Each "$ref" leads somewhere. */
static void check_references(json root, json value, struct arena *arena)
{
    enum json_type type = json_type(value);
    if (type != JSON_OBJECT && type != JSON_ARRAY)
        return;
    str reference = json_string(json_get(value, STR("$ref")));
    if (type == JSON_OBJECT && reference.len > 0) {
        struct json_pointer pointer;
        size_t offset;
        assert_int_equal(reference.ptr[0], '#');
        assert_true(json_pointer_read(arena, str_skip(reference, 1), &pointer, &offset));
        if (json_pointer_find(&pointer, root) == NULL)
            fail_msg("%.*s", STR_ARG(reference));
    }
    struct json_walk walk = json_walk(value);
    json inner;
    while (json_next(&walk, NULL, &inner))
        check_references(root, inner, arena);
}

static void references_resolve(void **state)
{
    (void)state;
    struct arena CLEANUP(arena_done) arena = {};
    json root = document(&arena, true);
    check_references(root, root, &arena);
}

/* Examples of requests are requests that the checks accept. */
static void examples_are_valid(void **state)
{
    (void)state;
    struct arena CLEANUP(arena_done) arena = {};
    json paths = json_get(document(&arena, true), STR("paths"));
    for (int i = 0; i < route_count; i++) {
        if (routes[i].body == NULL || routes[i].event)
            continue;
        json content =
            json_get(json_get(json_get(operation_of(paths, &routes[i], &arena), STR("requestBody")),
                              STR("content")),
                     STR("application/json"));
        struct problem problem = {};
        if (!schema_check(routes[i].body, json_get(content, STR("example")), &arena, &problem))
            fail_msg("%s: %.*s", routes[i].id, STR_ARG(problem.errors->pointer));
    }
}

/* ── queries ── */

static const struct {
    const char *query;
    const char *want; /* "field code" of the first error; empty: none */
    int limit;
} queries[] = {
    { "", "", 50 },
    { "limit=1", "", 1 },
    { "limit=200", "", 200 },
    { "limit=201", "limit range", 50 },
    { "limit=0", "limit range", 50 },
    { "limit=-1", "limit range", 50 },
    { "limit=", "limit range", 50 },
    { "limit=1.0", "limit range", 50 },
    { "limit=2&limit=3", "limit duplicate", 2 },
    { "cursor=dlv_0e3v2k4m1c8r0", "", 50 },
    { "cursor=dlv_0e3v2k4m1c8r", "cursor format", 50 },
    { "cursor=evt_0e3v2k4m1c8r0", "cursor format", 50 },
    { "cursor=", "cursor format", 50 },
    { "state=dead&limit=7", "", 7 },
    { "state=unknown", "state option", 50 },
    { "state=", "state option", 50 },
    { "state=dead&state=dead", "state duplicate", 50 },
    { "st%61te=dead", "", 50 },
    { "other=1", "other unknown", 50 },
    { "other", "other unknown", 50 },
    { "&&", "", 50 },
    { "state=%zz", "query format", 50 },
    { "state=%00", "query format", 50 },
};

static const struct route *find_route(const char *id)
{
    for (int i = 0; i < route_count; i++)
        if (strcmp(routes[i].id, id) == 0)
            return &routes[i];
    return NULL;
}

static void reads_queries(void **state)
{
    (void)state;
    struct limits limits;
    limits_init(&limits);
    struct api *api = NEW(struct api);
    api->context.limits = &limits;
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        struct request request = { .query = str_c(queries[i].query) };
        struct call call = { .request = &request,
                             .api = api,
                             .route = find_route("listDeliveries") };
        bool good = call_read(&call);
        str got = {};
        if (call.problem.errors != NULL)
            got = arena_format(&request.arena, "%.*s %.*s", STR_ARG(call.problem.errors->field),
                               STR_ARG(call.problem.errors->code));
        if (!str_equal(got, str_c(queries[i].want)) || good != (got.len == 0) ||
            call.limit != queries[i].limit)
            fail_msg("%s: %.*s, limit %d", queries[i].query, STR_ARG(got), call.limit);
        arena_done(&request.arena);
    }
    free(api);
}

static void reads_cursors(void **state)
{
    (void)state;
    struct limits limits;
    limits_init(&limits);
    struct api *api = NEW(struct api);
    api->context.limits = &limits;
    char id[ID_TEXT_MAX];
    struct request request = {};
    str text = id_write(ID_DELIVERY, 123456789, id);
    request.query = arena_format(&request.arena, "cursor=%.*s", STR_ARG(text));
    struct call call = { .request = &request, .api = api, .route = find_route("listDeliveries") };
    assert_true(call_read(&call));
    assert_int_equal(call_page(&call).before, 123456789);
    struct call first = { .request = &request, .api = api, .route = find_route("listDeliveries") };
    request.query = (str){};
    assert_true(call_read(&first));
    assert_int_equal(call_page(&first).before, INT64_MAX);
    arena_done(&request.arena);
    free(api);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_has_its_rule),
        cmocka_unit_test(a_forgotten_rule_is_found),
        cmocka_unit_test(routes_are_found),
        cmocka_unit_test(operation_ids_differ),
        cmocka_unit_test(roles_rise),
        cmocka_unit_test(every_route_is_in_the_document),
        cmocka_unit_test(references_resolve),
        cmocka_unit_test(examples_are_valid),
        cmocka_unit_test(reads_queries),
        cmocka_unit_test(reads_cursors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
