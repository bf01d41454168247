/* SPDX-License-Identifier: MIT */
#include "api/api.h"

#include <stdlib.h>

#include "api/call.h"
#include "api/metrics.h"
#include "api/openapi.h"
#include "base/percent.h"
#include "base/redact.h"

/* ── requests, on their loop ── */

static bool answer_head(struct request *request, const struct problem *problem)
{
    request_reply_problem(request, problem);
    return false;
}

static bool no_route(struct request *request, unsigned allowed)
{
    struct problem problem = {};
    if (allowed == 0) {
        problem_set(&problem, PROBLEM_NOT_FOUND, STR("There is nothing at this address."));
        return answer_head(request, &problem);
    }
    struct buf names;
    buf_init(&names, &request->arena, 200);
    for (unsigned method = HTTP_GET; method <= HTTP_OPTIONS; method++) {
        if ((allowed & 1u << method) == 0)
            continue;
        if (names.len > 0)
            buf_add(&names, STR(", "));
        buf_add(&names, http_method_name((enum http_method)method));
    }
    request_add_header(request, STR("Allow"), buf_str(&names));
    problem_set(
        &problem, PROBLEM_METHOD,
        arena_format(&request->arena, "This address takes %.*s.", STR_ARG(buf_str(&names))));
    return answer_head(request, &problem);
}

static bool decode_path(struct call *call, const struct route_match *match)
{
    struct arena *arena = &call->request->arena;
    for (int i = 0; i < match->parameter_count; i++) {
        if (percent_decode(arena, match->parameters[i], false, &call->path[i])) {
            if (call->route->who == WHO_INLET && i == 0) /* the organization, as it is stored */
                call->path[i] = arena_lower(arena, call->path[i]);
            continue;
        }
        (void)call_refuse(call, PROBLEM_MALFORMED,
                          STR("The address must be percent-encoded UTF-8 without U+0000."));
        return false;
    }
    return true;
}

/* Nobody needs to send a body before hearing that they are unknown. */
static bool has_credentials(const struct call *call)
{
    return (call->route->who & WHO_CALLER) == 0 ||
           request_header(call->request, STR("Authorization")) != NULL ||
           request_header(call->request, STR("Cookie")) != NULL;
}

static struct call *new_call(struct api *api, struct request *request, const struct route *route)
{
    struct call *call = ARENA_NEW(&request->arena, struct call);
    call->request = request;
    call->api = api;
    call->route = route;
    request->user = call;
    return call;
}

/* Nobody keeps what the API says, or takes it for something else. */
static void guard_answer(struct request *request, const struct route *route)
{
    if (str_starts(request->path, STR("/api/")) || (route != NULL && route->who == WHO_CLIENT))
        request->reply.headers =
            STR("Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
}

static bool on_head(struct request *request, void *context)
{
    struct api *api = context;
    struct route_match match = router_find(api->router, request->method, request->path);
    guard_answer(request, match.route);
    if (match.route == NULL)
        return no_route(request, match.allowed);
    struct call *call = new_call(api, request, match.route);
    request->max_body =
        call->route->event ? api->context.limits->event_body : api->context.limits->api_body;
    if (!decode_path(call, &match))
        return answer_head(request, &call->problem);
    if (has_credentials(call))
        return true;
    bool refused = call_identify(call);
    assert(refused);
    return false;
}

static bool on_request(struct request *request, void *context)
{
    (void)context;
    struct call *call = request->user;
    return call_start(call);
}

/* The call of a request that was refused, perhaps in the middle of its head. NULL: nobody's. */
static struct call *refused_call(struct api *api, struct request *request)
{
    if (request->user != NULL || request->path.len == 0)
        return request->user;
    struct route_match match = router_find(api->router, request->method, request->path);
    if (match.route == NULL)
        return NULL;
    struct call *call = new_call(api, request, match.route);
    return decode_path(call, &match) ? call : NULL;
}

/* What would have been an event is a rejection, that its organization gets to see before it is
 * answered. Too much at once (503) is none, here as everywhere. */
static bool on_refused(struct request *request, const struct problem *problem, void *context)
{
    struct call *call = refused_call(context, request);
    if (call != NULL && call->route->event && problem->id != PROBLEM_BUSY) {
        call->refusal = *problem;
        return call_start(call);
    }
    request_reply_problem(request, problem);
    return true;
}

/* Changes, failures and strangers are worth a line; events and reads are not, unless asked for. */
static enum log_level level_of(const struct request *request, const struct route *route, int status)
{
    if (status >= 500 && status != 503 && status != 508)
        return LOG_WARN;
    bool event = route != NULL && (route->event || route->who == WHO_CLIENT);
    bool reads = request->method == HTTP_GET || request->method == HTTP_HEAD;
    if (status == 401 || (event && status == 404) || (route != NULL && !event && !reads))
        return LOG_INFO;
    return LOG_DEBUG;
}

static void on_end(const struct request *request, int status, int64_t micros, void *context)
{
    const struct api *api = context;
    const struct call *call = request->user;
    const struct route *route = call == NULL ? NULL : call->route;
    const struct loop_state *loop = http_loop_user(request->loop);
    metrics_count(api->metrics, loop->index, route == NULL ? -1 : (int)(route - routes), status,
                  micros);
    enum log_level level = level_of(request, route, status);
    if (level < api->context.log->least)
        return;
    struct arena CLEANUP(arena_done) arena = {};
    char client[ADDRESS_TEXT_MAX];
    /* A plugin's may end with its secret. */
    bool plugin = route != NULL && route->who == WHO_PLUGIN;
    str path = plugin ? str_c(route->pattern) : redact(request->path, &arena);
    log_line(api->context.log, level, "request", LOG_TEXT("request", request->id),
             LOG_TEXT("method", request->method_text), LOG_TEXT("path", path),
             LOG_INT("status", status), LOG_INT("us", micros),
             LOG_TEXT("client", address_write(&request->client, client)));
}

/* ── loops ── */

static void *on_loop_start(struct http_loop *http, int index, void *context)
{
    struct api *api = context;
    struct loop_state *loop = NEW(struct loop_state);
    *loop = (struct loop_state){
        .api = api, .http = http, .index = index, .directory = directory_new(DIRECTORY_PICTURES)
    };
    metrics_add_loop(api->metrics, index);
    return loop;
}

static void on_loop_end(struct http_loop *http, void *user, void *context)
{
    (void)http;
    (void)context;
    struct loop_state *loop = user;
    assert(loop->fetches.count == 0);
    map_done(&loop->fetches);
    directory_free(loop->directory);
    free(loop);
}

/* ── publications ── */

struct publishing {
    struct http_task task;
    struct picture *picture;
    struct publication *publication;
};

static void publish(struct http_task *task, struct http_loop *loop)
{
    struct publishing *self = CONTAINER_OF(task, struct publishing, task);
    struct loop_state *state = http_loop_user(loop);
    directory_put(state->directory, self->picture);
    publication_done(self->publication);
    free(self);
}

void api_publish(struct http_server *server, struct picture *picture,
                 struct publication *publication)
{
    for (int i = 0; i < http_server_loops(server); i++) {
        struct publishing *self = NEW(struct publishing);
        self->task.run = publish;
        self->picture = picture;
        self->publication = publication;
        http_loop_post(http_server_loop(server, i), &self->task);
    }
}

/* ── the whole ── */

/* Clients have theirs with a slash behind it, and without. */
static void add_route(struct api *api, const struct route *route)
{
    str pattern = str_c(route->pattern);
    router_add(api->router, route->method, pattern, route);
    if (route->who == WHO_CLIENT && str_ends(pattern, STR("/")))
        router_add(api->router, route->method, str_head(pattern, pattern.len - 1), route);
}

static void add_routes(struct api *api)
{
    for (int i = 0; i < route_count; i++) {
        const char *fault = route_fault(&routes[i]);
        if (fault != NULL)
            log_line(api->context.log, LOG_ERROR, "a route has no proper rule",
                     LOG_TEXT("route", str_c(routes[i].pattern)), LOG_TEXT("fault", str_c(fault)));
        assert(fault == NULL);
        if (!routes[i].test || api->context.clock->test)
            add_route(api, &routes[i]);
    }
}

struct api *api_new(const struct api_context *context)
{
    struct api *api = NEW(struct api);
    api->context = *context;
    api->router = router_new();
    api->rates = rates_new();
    api->metrics = metrics_new();
    add_routes(api);
    api->openapi =
        openapi_write(&api->arena, context->limits, context->public_url, context->clock->test);
    return api;
}

void api_free(struct api *api)
{
    if (api == NULL)
        return;
    router_free(api->router);
    rates_free(api->rates);
    metrics_free(api->metrics);
    arena_done(&api->arena);
    free(api);
}

void api_set_server(struct api *api, const struct http_server *server)
{
    atomic_store(&api->server, server);
}

struct http_handler api_handler(struct api *api)
{
    return (struct http_handler){ .on_head = on_head,
                                  .on_request = on_request,
                                  .on_refused = on_refused,
                                  .on_end = on_end,
                                  .on_loop_start = on_loop_start,
                                  .on_loop_end = on_loop_end,
                                  .context = api };
}
