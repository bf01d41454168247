/* SPDX-License-Identifier: MIT */
#include "http/internal.h"

#include <stdlib.h>

/* Kept for the next requests: this many exchanges a loop, each with this much memory at most. */
#define SPARE_MAX 512
#define SPARE_ARENA ((size_t)16 << 10)

static struct exchange *take_spare(struct http_loop *loop)
{
    struct exchange *exchange = loop->spare;
    if (exchange == NULL)
        return NEW(struct exchange);
    loop->spare = exchange->next;
    loop->spare_count--;
    struct arena arena = exchange->request.arena;
    memset(exchange, 0, offsetof(struct exchange, parse));
    exchange->request.arena = arena;
    return exchange;
}

struct exchange *exchange_begin(struct connection *connection)
{
    struct http_loop *loop = connection->loop;
    struct exchange *exchange = take_spare(loop);
    exchange->connection = connection;
    struct request *request = &exchange->request;
    request->loop = loop;
    request->client = connection->peer;
    request->secure = connection->tls != NULL;
    request->started_us = clock_mono_us();
    uint64_t number = loop->next_request++ & INT64_MAX;
    request->id = id_write(ID_REQUEST, (int64_t)MAX_OF(number, 1), exchange->id_text);
    parse_begin(&exchange->parse, request, (size_t)loop->server->limits->headers);
    return exchange;
}

void exchange_end(struct exchange *exchange, int status)
{
    struct request *request = &exchange->request;
    struct http_loop *loop = request->loop;
    const struct http_handler *handler = &loop->server->handler;
    exchange_discharge(exchange);
    if (handler->on_end != NULL && (exchange->handed || status != 499)) {
        int64_t micros = clock_mono_us() - request->started_us;
        handler->on_end(request, status, micros, handler->context);
    }
    if (loop->spare_count == SPARE_MAX) {
        arena_done(&request->arena);
        free(exchange);
        return;
    }
    arena_reset(&request->arena, SPARE_ARENA);
    exchange->next = loop->spare;
    loop->spare = exchange;
    loop->spare_count++;
}

bool exchange_charge(struct exchange *exchange)
{
    struct http_server *server = exchange->request.loop->server;
    int64_t grown = (int64_t)exchange->parse.body.len - exchange->charged;
    exchange->charged += grown;
    int64_t all = atomic_fetch_add_explicit(&server->body_bytes, grown, memory_order_relaxed);
    return all + grown <= server->limits->bodies_in_flight;
}

void exchange_discharge(struct exchange *exchange)
{
    if (exchange->charged == 0)
        return;
    struct http_server *server = exchange->request.loop->server;
    (void)atomic_fetch_sub_explicit(&server->body_bytes, exchange->charged, memory_order_relaxed);
    exchange->charged = 0;
}

void exchange_free_spare(struct http_loop *loop)
{
    while (loop->spare != NULL) {
        struct exchange *exchange = loop->spare;
        loop->spare = exchange->next;
        arena_done(&exchange->request.arena);
        free(exchange);
    }
    loop->spare_count = 0;
}
