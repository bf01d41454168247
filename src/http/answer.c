/* SPDX-License-Identifier: MIT
 * http/answer.c: a reply on its way out: one write where the socket takes it, the rest when it
 * does. */
#include "http/internal.h"

#include <stdlib.h>
#include <sys/socket.h>

struct loose_write {
    uv_write_t write;
    char bytes[];
};

static void continue_answer(struct connection *connection);

/* libuv's buffers are not const, though what it writes from them is. */
static uv_buf_t borrow(str bytes)
{
    uv_buf_t buf = { .len = bytes.len };
    memcpy(&buf.base, &bytes.ptr, sizeof(buf.base));
    return buf;
}

/* ── the end of an answer ── */

static void linger(struct connection *connection)
{
    uv_os_fd_t socket;
    if (uv_fileno((uv_handle_t *)&connection->tcp, &socket) < 0 || shutdown(socket, SHUT_WR) < 0) {
        connection_close(connection);
        return;
    }
    connection->state = CONNECTION_LINGER;
    timeouts_set(connection, TIMEOUT_LINGER);
}

static void answered(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    bool closes = exchange->closes || connection->loop->draining;
    connection->exchange = NULL;
    exchange_end(exchange, exchange->request.reply.status);
    if (!closes) {
        connection->state = CONNECTION_IDLE;
        timeouts_set(connection, TIMEOUT_IDLE);
        return;
    }
    if (connection->tls != NULL)
        tls_end(connection);
    if (connection->state == CONNECTION_CLOSED)
        return;
    /* To close with unread bytes resets the connection, and the reset may overtake the answer. */
    if ((connection->has_unread || connection->pending.len > 0) && !connection->input_ended)
        linger(connection);
    else
        connection_close(connection);
}

/* ── the rest of it ── */

static void advance(struct exchange *exchange, size_t written)
{
    for (size_t i = 0; i < COUNT_OF(exchange->rest); i++) {
        uv_buf_t *buf = &exchange->rest[i];
        size_t here = MIN_OF(written, buf->len);
        buf->base += here;
        buf->len -= here;
        written -= here;
    }
}

static size_t left(const struct exchange *exchange)
{
    return exchange->rest[0].len + exchange->rest[1].len;
}

static void wait_to_write(struct connection *connection)
{
    connection->state = CONNECTION_WRITING;
    connection->exchange->write_left =
        uv_stream_get_write_queue_size((uv_stream_t *)&connection->tcp);
    /* What made a reply this large may have taken its time. */
    uv_update_time(&connection->loop->uv);
    timeouts_set(connection, TIMEOUT_WRITE);
}

bool answer_moves(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    size_t now = uv_stream_get_write_queue_size((uv_stream_t *)&connection->tcp);
    bool moves = now < exchange->write_left;
    exchange->write_left = now;
    return moves;
}

/* The head may lie in the loop's scratch space, which the next reply overwrites. */
static void keep_head(struct exchange *exchange)
{
    uv_buf_t *head = &exchange->rest[0];
    if (head->len == 0)
        return;
    char *copy = arena_bytes(&exchange->request.arena, head->len);
    memcpy(copy, head->base, head->len);
    head->base = copy;
}

static void on_written(uv_write_t *write, int status)
{
    struct connection *connection = write->data;
    if (connection->state == CONNECTION_CLOSED)
        return;
    if (status < 0) {
        connection_close(connection);
        return;
    }
    answered(connection);
    connection_resume(connection);
}

static void send_plain(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    int written = uv_try_write(stream, exchange->rest, exchange->rest[1].len > 0 ? 2 : 1);
    if (written < 0 && written != UV_EAGAIN) {
        connection_close(connection);
        return;
    }
    if (written > 0)
        advance(exchange, (size_t)written);
    if (left(exchange) == 0) {
        answered(connection);
        return;
    }
    keep_head(exchange);
    exchange->write.data = connection;
    if (uv_write(&exchange->write, stream, exchange->rest, COUNT_OF(exchange->rest), on_written) <
        0)
        connection_close(connection);
    else
        wait_to_write(connection);
}

/* What is left, up to one record, as one piece. */
static str next_record(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    char *record = connection->loop->record;
    size_t length = 0;
    for (size_t i = 0; i < COUNT_OF(exchange->rest); i++) {
        size_t here = MIN_OF(exchange->rest[i].len, TLS_RECORD - length);
        if (here > 0)
            memcpy(record + length, exchange->rest[i].base, here);
        length += here;
    }
    advance(exchange, length);
    return str_from(record, length);
}

static void send_tls(struct connection *connection)
{
    while (left(connection->exchange) > 0 && connection->loose_writes == 0) {
        tls_send(connection, next_record(connection));
        if (connection->state == CONNECTION_CLOSED)
            return;
    }
    if (connection->loose_writes == 0) {
        answered(connection);
        return;
    }
    keep_head(connection->exchange);
    wait_to_write(connection);
}

static void continue_answer(struct connection *connection)
{
    if (connection->tls != NULL)
        send_tls(connection);
    else
        send_plain(connection);
}

/* ── bytes beside it ── */

static void on_loose_written(uv_write_t *write, int status)
{
    struct connection *connection = write->data;
    free(CONTAINER_OF(write, struct loose_write, write));
    connection->loose_writes--;
    if (connection->state == CONNECTION_CLOSED)
        return;
    if (status < 0) {
        connection_close(connection);
    } else if (connection->tls != NULL && connection->loose_writes == 0 &&
               connection->state == CONNECTION_WRITING) {
        send_tls(connection);
        connection_resume(connection);
    }
}

static void send_later(struct connection *connection, str bytes)
{
    struct loose_write *loose = xmalloc(sizeof(*loose) + bytes.len);
    memcpy(loose->bytes, bytes.ptr, bytes.len);
    loose->write.data = connection;
    uv_buf_t buf = uv_buf_init(loose->bytes, (unsigned)bytes.len);
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    if (uv_write(&loose->write, stream, &buf, 1, on_loose_written) < 0) {
        free(loose);
        connection_close(connection);
        return;
    }
    connection->loose_writes++;
}

void connection_send(struct connection *connection, str bytes)
{
    uv_buf_t buf = borrow(bytes);
    int written = uv_try_write((uv_stream_t *)&connection->tcp, &buf, 1);
    if (written < 0 && written != UV_EAGAIN) {
        connection_close(connection);
        return;
    }
    bytes = str_skip(bytes, written > 0 ? (size_t)written : 0);
    if (bytes.len > 0)
        send_later(connection, bytes);
}

/* ── its beginning ── */

static str connection_header(const struct exchange *exchange)
{
    if (exchange->closes)
        return STR("Connection: close\r\n");
    /* HTTP/1.0 closes unless both say otherwise. */
    if (exchange->parse.llhttp.http_minor == 0)
        return STR("Connection: keep-alive\r\n");
    return (str){};
}

void answer(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    struct request *request = &exchange->request;
    struct http_loop *loop = connection->loop;
    const struct reply *reply = &request->reply;
    assert(reply->status >= 200);
    exchange->closes =
        reply->close || !exchange->parse.keep_alive || loop->draining || connection->input_ended;

    size_t size = reply_head_size(request);
    char *head = size <= sizeof(loop->head) ? loop->head : arena_bytes(&request->arena, size);
    const char *end = reply_head_write(request, loop_date(loop), connection_header(exchange), head);
    bool has_body = request->method != HTTP_HEAD && reply_has_body(reply->status);
    exchange->rest[0] = uv_buf_init(head, (unsigned)(end - head));
    exchange->rest[1] = borrow(has_body ? reply->body : (str){});
    continue_answer(connection);
}

void answer_welcome(struct connection *connection)
{
    const str line = STR("HTTP/1.1 100 Continue\r\n\r\n");
    if (connection->tls != NULL)
        tls_send(connection, line);
    else
        connection_send(connection, line);
}

/* A refused head tells what it can. */
static void learn(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    if (exchange->handed)
        return;
    exchange->handed = true;
    head_learn(&exchange->parse);
    sender_learn(&exchange->request, connection);
}

void answer_park(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    exchange_discharge(exchange);
    exchange->parked = true;
    connection->state = CONNECTION_PARKED;
    timeouts_set(connection, TIMEOUT_NONE);
}

void answer_problem(struct connection *connection, const struct problem *problem)
{
    struct request *request = &connection->exchange->request;
    const struct http_handler *handler = &connection->loop->server->handler;
    request->reply.close = true;
    connection->has_unread = true;
    learn(connection);
    if (handler->on_refused == NULL) {
        request_reply_problem(request, problem);
    } else if (!handler->on_refused(request, problem, handler->context)) {
        answer_park(connection);
        return;
    }
    answer(connection);
}

void answer_parked(struct http_task *task, struct http_loop *loop)
{
    struct exchange *exchange = CONTAINER_OF(task, struct exchange, request.done);
    struct connection *connection = exchange->connection;
    assert(exchange->request.loop == loop && exchange->parked);
    exchange->parked = false;
    if (connection == NULL) {
        exchange_end(exchange, 499);
    } else if (connection->state != CONNECTION_CLOSED) {
        answer(connection);
        connection_resume(connection);
    }
}
