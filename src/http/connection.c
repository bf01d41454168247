/* SPDX-License-Identifier: MIT */
#include "http/internal.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* While lingering: this much is read and thrown away, no more. A sender of eight bodies too large
 * still reads its answer instead of a reset. */
#define LINGER_BYTES ((uint32_t)4 << 20)

/* A body must come at this rate at least, looked at over windows of twice the body timeout. */
#define LEAST_BYTES_PER_S 1024

/* ── its end ── */

static void drop_held(struct connection *connection)
{
    free(connection->held);
    connection->held = NULL;
    connection->pending = (str){};
}

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct http_loop *loop = connection->loop;
    struct exchange *exchange = connection->exchange;
    if (exchange != NULL) {
        /* A parked one lives until its answer comes. */
        exchange->connection = NULL;
        if (!exchange->parked)
            exchange_end(exchange, 499);
    }
    list_remove(&connection->link);
    drop_held(connection);
    SSL_free(connection->tls);
    free(connection);
    loop->connection_count--;
    (void)atomic_fetch_sub_explicit(&loop->server->connections, 1, memory_order_relaxed);
    if (loop->accept_waits && !loop->draining) {
        loop->accept_waits = false;
        connection_accept(loop);
    }
}

void connection_close(struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED)
        return;
    connection->state = CONNECTION_CLOSED;
    timeouts_set(connection, TIMEOUT_NONE);
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

/* ── reading ── */

static void stop_reading(struct connection *connection)
{
    connection->read_stopped = true;
    (void)uv_read_stop((uv_stream_t *)&connection->tcp);
}

/* Keeps what cannot be read before the answer is out, and reads no more until then. */
static void hold(struct connection *connection, str input)
{
    if (connection->held != NULL) {
        connection->pending = input;
        if (input.len == 0)
            drop_held(connection);
    } else if (input.len > 0) {
        connection->held = xmalloc(input.len);
        memcpy(connection->held, input.ptr, input.len);
        connection->pending = str_from(connection->held, input.len);
        stop_reading(connection);
    }
}

static void discard(struct connection *connection, str *input)
{
    connection->discarded += (uint32_t)input->len;
    *input = (str){};
    if (connection->discarded > LINGER_BYTES)
        connection_close(connection);
}

static void begin(struct connection *connection)
{
    connection->exchange = exchange_begin(connection);
    connection->state = CONNECTION_HEAD;
}

static void refuse(struct connection *connection, enum problem_id id, str text, int retry_after_s)
{
    struct problem problem = { .retry_after_s = retry_after_s };
    problem_set(&problem, id, text);
    answer_problem(connection, &problem);
}

static void answer_refusal(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    if (parse_has_body(&exchange->parse)) {
        exchange->request.reply.close = true;
        connection->has_unread = true;
    }
    answer(connection);
}

static void take_head(struct connection *connection, bool has_input)
{
    struct exchange *exchange = connection->exchange;
    struct request *request = &exchange->request;
    const struct http_server *server = connection->loop->server;
    const struct http_handler *handler = &server->handler;
    connection->state = CONNECTION_BODY;
    sender_learn(request, connection);
    request->max_body = server->limits->api_body;
    if (str_equal(request->path, STR("*"))) {
        request_reply(request, 204, STR(""), STR(""));
        answer_refusal(connection);
        return;
    }
    exchange->handed = true;
    if (handler->on_head != NULL && !handler->on_head(request, handler->context)) {
        answer_refusal(connection);
        return;
    }
    if (request->body_length > request->max_body) {
        refuse(connection, PROBLEM_TOO_LARGE, parse_too_large(request), 0);
        return;
    }
    /* RFC 9110 §10.1.1: not needed any more when the body has begun to come. */
    if (exchange->parse.expects_continue && !has_input)
        answer_welcome(connection);
}

static void take_whole(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    const struct http_handler *handler = &connection->loop->server->handler;
    exchange_discharge(exchange);
    if (handler->on_request(&exchange->request, handler->context))
        answer(connection);
    else
        answer_park(connection);
}

/* False: slower than the least rate, looked at when a window ends. */
static bool keeps_pace(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    struct http_loop *loop = connection->loop;
    uint64_t window_ms = 2 * loop->server->timeouts_ms[TIMEOUT_BODY];
    uint64_t now_ms = uv_now(&loop->uv);
    if (exchange->window_start_ms == 0)
        exchange->window_start_ms = now_ms;
    if (now_ms - exchange->window_start_ms < window_ms)
        return true;
    uint64_t came = exchange->parse.body_bytes - exchange->window_bytes;
    exchange->window_start_ms = now_ms;
    exchange->window_bytes = exchange->parse.body_bytes;
    return came >= window_ms * LEAST_BYTES_PER_S / 1000;
}

static void wait_for_more(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    if (connection->state == CONNECTION_HEAD) {
        /* From the first byte to the whole head, however the bytes come. */
        if (!exchange->head_waited)
            timeouts_set(connection, TIMEOUT_HEAD);
        exchange->head_waited = true;
    } else if (!exchange_charge(exchange)) {
        refuse(connection, PROBLEM_BUSY,
               STR("More is being received than the hub can hold; send it again."), 1);
    } else if (!keeps_pace(connection)) {
        refuse(connection, PROBLEM_TIMEOUT, STR("The body comes too slowly."), 0);
    } else {
        timeouts_set(connection, TIMEOUT_BODY);
    }
}

/* One step of parsing; false: all input is used. */
static bool take_in(struct connection *connection, str *input)
{
    struct parse *parse = &connection->exchange->parse;
    switch (parse_feed(parse, input)) {
    case PARSE_MORE:
        wait_for_more(connection);
        return false;
    case PARSE_HEAD:
        take_head(connection, input->len > 0);
        return true;
    case PARSE_WHOLE:
        take_whole(connection);
        return true;
    case PARSE_FAILED:
        answer_problem(connection, &parse->problem);
        return true;
    }
    return false;
}

/* Reads on until the input is used up, or must wait for an answer. Answers that are ready at once
 * are written in here: no recursion, however many requests come in one piece. */
static void drive(struct connection *connection, str input)
{
    bool more = true;
    while (more) {
        switch (connection->state) {
        case CONNECTION_IDLE:
            more = input.len > 0;
            if (more)
                begin(connection);
            break;
        case CONNECTION_HEAD:
        case CONNECTION_BODY:
            more = take_in(connection, &input);
            break;
        case CONNECTION_LINGER:
            discard(connection, &input);
            more = false;
            break;
        case CONNECTION_CLOSED:
            input = (str){};
            more = false;
            break;
        case CONNECTION_PARKED:
        case CONNECTION_WRITING:
            more = false;
            break;
        }
    }
    hold(connection, input);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf);

/* After driving: what the state now asks of the socket. */
static void settle(struct connection *connection)
{
    bool waits_for_input =
        connection->state < CONNECTION_PARKED || connection->state == CONNECTION_LINGER;
    if (!waits_for_input || connection->held != NULL)
        return;
    if (connection->input_ended) {
        connection_close(connection);
    } else if (connection->read_stopped) {
        connection->read_stopped = false;
        if (uv_read_start((uv_stream_t *)&connection->tcp, on_alloc, on_read) < 0)
            connection_close(connection);
    }
}

void connection_resume(struct connection *connection)
{
    drive(connection, connection->pending);
    settle(connection);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    const struct connection *connection = handle->data;
    size_t room = READ_AHEAD;
    /* The rest of a body whose length is known goes into memory that is there for it. */
    if (connection->state == CONNECTION_BODY) {
        const struct parse *parse = &connection->exchange->parse;
        int64_t length = connection->exchange->request.body_length;
        if (length > 0)
            room += (size_t)length - parse->body.len;
    }
    *buf = uv_buf_init(connection->loop->input, (unsigned)MIN_OF(room, READ_BUFFER));
}

static void take_bytes(struct connection *connection, str bytes)
{
    /* While lingering, even encrypted bytes are only counted. */
    if (connection->tls != NULL && connection->state != CONNECTION_LINGER) {
        str plain;
        if (tls_receive(connection, bytes, &plain) < 0) {
            connection_close(connection);
            return;
        }
        bytes = plain;
    }
    if (bytes.len > 0)
        drive(connection, bytes);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct connection *connection = stream->data;
    if (count > 0) {
        take_bytes(connection, str_from(buf->base, (size_t)count));
    } else if (count == UV_EOF) {
        /* Half closed: who has asked may still be waiting for the answer. */
        connection->input_ended = true;
    } else if (count < 0) {
        connection_close(connection);
    }
    settle(connection);
}

/* ── its beginning ── */

static struct connection *connection_new(struct http_loop *loop)
{
    struct connection *connection = NEW(struct connection);
    connection->loop = loop;
    list_init(&connection->link);
    int r = uv_tcp_init(&loop->uv, &connection->tcp);
    assert(r == 0);
    connection->tcp.data = connection;
    loop->connection_count++;
    (void)atomic_fetch_add_explicit(&loop->server->connections, 1, memory_order_relaxed);
    return connection;
}

static void start(struct connection *connection)
{
    struct http_loop *loop = connection->loop;
    struct sockaddr_storage peer = {};
    int size = sizeof(peer);
    int r = uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&peer, &size);
    /* ENOTCONN: gone before it was greeted. */
    if (r < 0 || (loop->tls != NULL && !tls_begin(connection)) ||
        uv_read_start((uv_stream_t *)&connection->tcp, on_alloc, on_read) < 0) {
        connection_close(connection);
        return;
    }
    connection->peer = address_from_sockaddr((const struct sockaddr *)&peer);
    connection->trusted = cidr_list_contains(&loop->server->trusted_proxies, &connection->peer);
    timeouts_set(connection, loop->draining ? TIMEOUT_LINGER : TIMEOUT_HEAD);
}

void connection_accept(struct http_loop *loop)
{
    if (loop->connection_count >= loop->connection_share) {
        /* libuv keeps one and asks for no more until that is accepted. */
        loop->accept_waits = true;
        return;
    }
    struct connection *connection = connection_new(loop);
    if (uv_accept((uv_stream_t *)&loop->listener, (uv_stream_t *)&connection->tcp) < 0)
        connection_close(connection);
    else
        start(connection);
}

void connection_adopt(struct http_loop *loop, uv_os_sock_t socket)
{
    struct connection *connection = connection_new(loop);
    if (uv_tcp_open(&connection->tcp, socket) < 0) {
        (void)close(socket);
        connection_close(connection);
    } else {
        start(connection);
    }
}

void connection_timed_out(struct connection *connection)
{
    switch (connection->state) {
    case CONNECTION_HEAD:
        refuse(connection, PROBLEM_TIMEOUT, STR("The header block took too long to arrive."), 0);
        break;
    case CONNECTION_BODY:
        refuse(connection, PROBLEM_TIMEOUT, STR("The body stopped arriving."), 0);
        break;
    case CONNECTION_WRITING:
        if (answer_moves(connection))
            timeouts_set(connection, TIMEOUT_WRITE);
        else
            connection_close(connection);
        break;
    case CONNECTION_IDLE:
    case CONNECTION_LINGER:
    case CONNECTION_PARKED:
    case CONNECTION_CLOSED:
        connection_close(connection);
        break;
    }
}
