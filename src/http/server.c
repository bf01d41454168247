/* SPDX-License-Identifier: MIT */
#include "http/internal.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"

#define HEAD_TIMEOUT_MS 10000
#define BODY_TIMEOUT_MS 30000
#define IDLE_TIMEOUT_MS 75000
#define WRITE_TIMEOUT_MS 30000
#define LINGER_TIMEOUT_MS 1000

static uint64_t chosen_or(int64_t chosen_ms, int64_t normal_ms)
{
    return (uint64_t)(chosen_ms > 0 ? chosen_ms : normal_ms);
}

static struct http_server *server_new(const struct http_options *options,
                                      const struct http_handler *handler)
{
    assert(options->loops > 0 && handler->on_request != NULL);
    struct http_server *server = NEW(struct http_server);
    server->handler = *handler;
    server->limits = options->limits;
    server->log = options->log;
    server->trusted_proxies = options->trusted_proxies;
    if (options->tls_cert_file.len > 0) {
        server->cert_file = xstrdup(options->tls_cert_file);
        server->key_file = xstrdup(options->tls_key_file);
    }
    server->timeouts_ms[TIMEOUT_HEAD] = chosen_or(options->head_timeout_ms, HEAD_TIMEOUT_MS);
    server->timeouts_ms[TIMEOUT_BODY] = chosen_or(options->body_timeout_ms, BODY_TIMEOUT_MS);
    server->timeouts_ms[TIMEOUT_IDLE] = chosen_or(options->idle_timeout_ms, IDLE_TIMEOUT_MS);
    server->timeouts_ms[TIMEOUT_WRITE] = chosen_or(options->write_timeout_ms, WRITE_TIMEOUT_MS);
    server->timeouts_ms[TIMEOUT_LINGER] = LINGER_TIMEOUT_MS;
    server->loop_count = options->loops;
    server->loops = xcalloc((size_t)options->loops, sizeof(struct http_loop *));
    int r = uv_sem_init(&server->started, 0);
    assert(r == 0);
    return server;
}

static void server_free(struct http_server *server)
{
    for (int i = 0; i < server->loop_count; i++)
        loop_free(server->loops[i]);
    uv_sem_destroy(&server->started);
    free(server->loops);
    free(server->cert_file);
    free(server->key_file);
    free(server);
}

static void server_freep(struct http_server **server)
{
    if (*server != NULL)
        server_free(*server);
}

static int cannot_listen(int r, str listen, struct arena *arena, struct problem *reterr)
{
    problem_set(reterr, PROBLEM_INVALID,
                arena_format(arena, "Cannot listen on %.*s: %s.", STR_ARG(listen), uv_strerror(r)));
    return fail(r);
}

static int start_listening(struct http_server *server, str listen, struct arena *arena,
                           struct problem *reterr)
{
    struct listen_address address;
    if (!listen_address_read(listen, &address)) {
        problem_set(reterr, PROBLEM_INVALID,
                    arena_format(arena,
                                 "\"%.*s\" is no address to listen on; write it as 127.0.0.1:8080 "
                                 "or [::1]:8080.",
                                 STR_ARG(listen)));
        return fail(UV_EINVAL);
    }
    address.shared = server->loop_count > 1;
    int r = address.shared ? listen_probe(&address) : 0;
    for (int i = 0; i < server->loop_count && r == 0; i++)
        r = listen_start(server->loops[i], &address);
    return r < 0 ? cannot_listen(r, listen, arena, reterr) : 0;
}

static int prepare_loops(struct http_server *server, SSL_CTX *tls)
{
    for (int i = 0; i < server->loop_count; i++) {
        server->loops[i] = loop_new(server, i);
        if (server->loops[i] == NULL)
            return fail(UV_EMFILE);
        if (tls != NULL) {
            SSL_CTX_up_ref(tls);
            loop_use_tls(server->loops[i], tls);
        }
    }
    return 0;
}

/* Signals are for the main thread; and SIGPIPE, which a write raises in its own thread, for nobody.
 */
static int start_threads(struct http_server *server)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = 0;
    int count = 0;
    while (count < server->loop_count && r == 0) {
        struct http_loop *loop = server->loops[count];
        r = uv_thread_create(&loop->thread, loop_run, loop);
        if (r == 0)
            count++;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    for (int i = 0; i < count; i++)
        uv_sem_wait(&server->started);
    if (r == 0)
        return 0;
    for (int i = 0; i < count; i++) {
        http_loop_post(server->loops[i], &server->loops[i]->stop_task);
        (void)uv_thread_join(&server->loops[i]->thread);
    }
    return fail(r);
}

static void context_freep(SSL_CTX **context)
{
    SSL_CTX_free(*context);
}

int http_server_start(const struct http_options *options, const struct http_handler *handler,
                      struct arena *arena, struct http_server **ret_server, struct problem *reterr)
{
    CLEANUP(server_freep) struct http_server *server = server_new(options, handler);
    CLEANUP(context_freep) SSL_CTX *tls = NULL;
    if (server->cert_file != NULL) {
        int r = tls_context_new(server->cert_file, server->key_file, arena, &tls, reterr);
        if (r < 0)
            return fail(r);
    }
    int r = prepare_loops(server, tls);
    if (r < 0) {
        problem_set(reterr, PROBLEM_INTERNAL, STR("The event loops cannot be made."));
        return fail(r);
    }
    r = start_listening(server, options->listen, arena, reterr);
    if (r < 0)
        return fail(r);
    r = start_threads(server);
    if (r < 0) {
        problem_set(reterr, PROBLEM_INTERNAL, STR("The loops' threads cannot be started."));
        return fail(r);
    }
    *ret_server = server;
    server = NULL;
    return 0;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

int http_server_loops(const struct http_server *server)
{
    return server->loop_count;
}

struct http_loop *http_server_loop(const struct http_server *server, int index)
{
    assert(index >= 0 && index < server->loop_count);
    return server->loops[index];
}

struct reload {
    struct http_task task;
    SSL_CTX *context;
};

static void reload_loop(struct http_task *task, struct http_loop *loop)
{
    struct reload *reload = CONTAINER_OF(task, struct reload, task);
    loop_use_tls(loop, reload->context);
    free(reload);
}

int http_server_reload_tls(struct http_server *server, struct arena *arena, struct problem *reterr)
{
    if (server->cert_file == NULL)
        return 0;
    CLEANUP(context_freep) SSL_CTX *context = NULL;
    int r = tls_context_new(server->cert_file, server->key_file, arena, &context, reterr);
    if (r < 0)
        return fail(r);
    for (int i = 0; i < server->loop_count; i++) {
        struct reload *reload = NEW(struct reload);
        reload->task.run = reload_loop;
        reload->context = context;
        SSL_CTX_up_ref(context);
        http_loop_post(server->loops[i], &reload->task);
    }
    return 0;
}

void http_server_drain(struct http_server *server)
{
    if (atomic_exchange(&server->draining, true))
        return;
    for (int i = 0; i < server->loop_count; i++)
        http_loop_post(server->loops[i], &server->loops[i]->drain_task);
}

int http_server_connections(const struct http_server *server)
{
    return atomic_load(&server->connections);
}

int64_t http_server_body_bytes(const struct http_server *server)
{
    return atomic_load(&server->body_bytes);
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    for (int i = 0; i < server->loop_count; i++)
        http_loop_post(server->loops[i], &server->loops[i]->stop_task);
    for (int i = 0; i < server->loop_count; i++)
        (void)uv_thread_join(&server->loops[i]->thread);
    server_free(server);
}
