/* SPDX-License-Identifier: MIT */
#include "http/internal.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/thread.h"

static void run_tasks(struct http_loop *loop)
{
    struct message *next = mailbox_take(&loop->box);
    while (next != NULL) {
        struct http_task *task = CONTAINER_OF(next, struct http_task, link);
        /* The task may be gone once it has run. */
        next = next->next;
        task->run(task, loop);
    }
}

static void on_wake(uv_async_t *wake)
{
    run_tasks(wake->data);
}

static void wake_up(void *context)
{
    struct http_loop *loop = context;
    (void)uv_async_send(&loop->wake);
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_free(struct http_loop *loop)
{
    if (loop == NULL)
        return;
    /* After loop_run() nothing is left to close; after a start that failed there is. */
    uv_walk(&loop->uv, close_handle, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    int r = uv_loop_close(&loop->uv);
    assert(r == 0);
    exchange_free_spare(loop);
    SSL_CTX_free(loop->tls);
    BIO_meth_free(loop->tls_bio);
    arena_done(&loop->tls_arena);
    free(loop);
}

void loop_use_tls(struct http_loop *loop, SSL_CTX *context)
{
    SSL_CTX_free(loop->tls);
    loop->tls = context;
    if (loop->tls_bio == NULL)
        loop->tls_bio = tls_bio_new();
}

void loop_run(void *context)
{
    struct http_loop *loop = context;
    struct http_server *server = loop->server;
    const struct http_handler *handler = &server->handler;
    thread_name("loop", loop->index);
    if (handler->on_loop_start != NULL)
        loop->user = handler->on_loop_start(loop, loop->index, handler->context);
    uv_sem_post(&server->started);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    /* What was posted beside the end. */
    run_tasks(loop);
    if (handler->on_loop_end != NULL)
        handler->on_loop_end(loop, loop->user, handler->context);
}

/* What the kernel has accepted for us would be reset with the listener: take it in first. */
static void accept_rest(struct http_loop *loop)
{
    uv_os_fd_t listener;
    if (loop->accept_waits || uv_fileno((uv_handle_t *)&loop->listener, &listener) < 0)
        return;
    while (loop->connection_count < loop->connection_share) {
        int socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0)
            return;
        connection_adopt(loop, socket);
    }
}

/* A request that has come already, and only waits to be read, is still answered. */
static bool has_input(const struct connection *connection)
{
    uv_os_fd_t socket;
    char byte;
    return uv_fileno((const uv_handle_t *)&connection->tcp, &socket) == 0 &&
           recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void close_idle(struct connection *connection)
{
    if (connection->state != CONNECTION_IDLE)
        return;
    if (has_input(connection))
        timeouts_set(connection, TIMEOUT_LINGER);
    else
        connection_close(connection);
}

static void drain(struct http_task *task, struct http_loop *loop)
{
    (void)task;
    if (loop->draining)
        return;
    loop->draining = true;
    timeouts_each(loop, close_idle);
    accept_rest(loop);
    close_handle((uv_handle_t *)&loop->listener, NULL);
}

static void stop(struct http_task *task, struct http_loop *loop)
{
    (void)task;
    loop->draining = true;
    timeouts_each(loop, connection_close);
    close_handle((uv_handle_t *)&loop->listener, NULL);
    close_handle((uv_handle_t *)&loop->timer, NULL);
    close_handle((uv_handle_t *)&loop->wake, NULL);
}

struct http_loop *loop_new(struct http_server *server, int index)
{
    struct http_loop *loop = xcalloc(1, sizeof(*loop));
    if (uv_loop_init(&loop->uv) < 0) {
        free(loop);
        return NULL;
    }
    loop->server = server;
    loop->index = index;
    loop->uv.data = loop;
    loop->connection_share =
        (int)MAX_OF(server->limits->connections / server->loop_count, (int64_t)1);
    loop->stop_task.run = stop;
    loop->drain_task.run = drain;
    random_bytes(&loop->next_request, sizeof(loop->next_request));
    mailbox_init(&loop->box, wake_up, loop);
    timeouts_init(loop);
    buf_init(&loop->tls_output, &loop->tls_arena, SIZE_MAX / 2);
    int r = uv_async_init(&loop->uv, &loop->wake, on_wake);
    loop->wake.data = loop;
    if (r < 0) {
        loop_free(loop);
        return NULL;
    }
    return loop;
}

const char *loop_date(struct http_loop *loop)
{
    int64_t now_s = time(NULL);
    if (now_s != loop->date_s) {
        loop->date_s = now_s;
        date_write(now_s, loop->date);
    }
    return loop->date;
}

void loop_log(const struct http_loop *loop, enum log_level level, const char *message, str reason)
{
    const struct log *log = loop->server->log;
    if (log != NULL)
        log_line(log, level, message, LOG_TEXT("reason", reason));
}

void http_loop_post(struct http_loop *loop, struct http_task *task)
{
    mailbox_post(&loop->box, &task->link);
}

void *http_loop_user(const struct http_loop *loop)
{
    return loop->user;
}

void request_done(struct request *request)
{
    request->done.run = answer_parked;
    http_loop_post(request->loop, &request->done);
}
