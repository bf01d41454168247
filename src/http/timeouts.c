/* SPDX-License-Identifier: MIT */
#include "http/internal.h"

static void on_timer(uv_timer_t *timer);

static void arm(struct http_loop *loop, uint64_t due_ms)
{
    uint64_t now_ms = uv_now(&loop->uv);
    loop->timeouts.armed_ms = due_ms;
    int r = uv_timer_start(&loop->timer, on_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
    assert(r == 0);
}

/* Ends what is due in one list; returns when its next one is due. */
static uint64_t walk(struct list *list, uint64_t now_ms)
{
    while (!list_empty(list)) {
        struct connection *first = LIST_ENTRY(list->next, struct connection, link);
        if (first->due_ms > now_ms)
            return first->due_ms;
        connection_timed_out(first);
    }
    return UINT64_MAX;
}

static void on_timer(uv_timer_t *timer)
{
    struct http_loop *loop = timer->data;
    uint64_t now_ms = uv_now(&loop->uv);
    loop->timeouts.armed_ms = UINT64_MAX;
    uint64_t next_ms = UINT64_MAX;
    for (int i = TIMEOUT_NONE + 1; i < TIMEOUT_COUNT; i++)
        next_ms = MIN_OF(next_ms, walk(&loop->timeouts.lists[i], now_ms));
    /* What timed out may have begun to wait for something else, and armed the timer for that. */
    if (next_ms < loop->timeouts.armed_ms)
        arm(loop, next_ms);
}

void timeouts_init(struct http_loop *loop)
{
    for (int i = 0; i < TIMEOUT_COUNT; i++)
        list_init(&loop->timeouts.lists[i]);
    loop->timeouts.armed_ms = UINT64_MAX;
    int r = uv_timer_init(&loop->uv, &loop->timer);
    assert(r == 0);
    loop->timer.data = loop;
}

void timeouts_set(struct connection *connection, enum timeout timeout)
{
    struct http_loop *loop = connection->loop;
    connection->timeout = timeout;
    list_remove(&connection->link);
    list_append(&loop->timeouts.lists[timeout], &connection->link);
    if (timeout == TIMEOUT_NONE)
        return;
    connection->due_ms = uv_now(&loop->uv) + loop->server->timeouts_ms[timeout];
    /* A timer that fires too early only looks again: moving it for each request would cost more. */
    if (connection->due_ms < loop->timeouts.armed_ms && !uv_is_closing((uv_handle_t *)&loop->timer))
        arm(loop, connection->due_ms);
}

void timeouts_each(struct http_loop *loop, void (*visit)(struct connection *connection))
{
    /* Visiting may move a connection to another list: take each list off first. */
    struct list all;
    list_init(&all);
    for (int i = 0; i < TIMEOUT_COUNT; i++) {
        struct list *list = &loop->timeouts.lists[i];
        while (!list_empty(list)) {
            struct list *link = list->next;
            list_remove(link);
            list_append(&all, link);
        }
    }
    while (!list_empty(&all)) {
        struct connection *connection = LIST_ENTRY(all.next, struct connection, link);
        list_remove(&connection->link);
        list_append(&loop->timeouts.lists[connection->timeout], &connection->link);
        visit(connection);
    }
}
