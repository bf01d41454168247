/* SPDX-License-Identifier: MIT
 * Invariants:
 * (1) an exchange is one request. libcurl repeats one by itself when a kept connection turns out
 *     closed before any answer (Curl_retry_request, whatever the method), when an HTTP/2 stream is
 *     refused and when HTTP/1.1 is asked for by HTTP/2; before it begins a request it asks the
 *     pre-request callback, which refuses a second one, and so does the socket callback. What is
 *     left of it is EXCHANGE_KEPT_CLOSED or EXCHANGE_HTTP2; whether to send again is the courier's
 *     to say;
 * (2) no socket is opened to an address that the egress guard refuses: it is asked about the very
 *     address, whatever a name server said before;
 * (3) libcurl never resolves a name: names are pinned (CURLOPT_RESOLVE). A pin replaces the one
 *     before, and goes when it has not been renewed for a while. Connections are kept by host and
 *     port, a few minutes at most, so that a changed address comes into use;
 * (4) what is received is bounded: head, kept body, read body.
 *
 * An HTTP/2 connection carries one request at a time, as an HTTP/1.1 connection does: one that
 * breaks takes one delivery with it and not eight, which would open a breaker at once, and with
 * libcurl many streams are not faster than many connections. */
#include "delivery/sender_parts.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"

#define REQUEST_HEAD_MAX ((size_t)64 * 1024)
#define KEPT_CONNECTIONS 1024

/* ── start ── */

void sender_add_done(struct sender *sender, struct exchange *exchange)
{
    exchange->next = NULL;
    *sender->done_end = exchange;
    sender->done_end = &exchange->next;
}

static void set_target(struct line *line, struct target *target)
{
    if (line->target == target)
        return;
    line->tls = target_is_tls(target);
    target_release(line->target);
    line->target = target_keep(target);
    SET(line->easy, CURLOPT_URL, NULL); /* or libcurl goes on showing the URL before */
    SET(line->easy, CURLOPT_CURLU, target->url);
}

static void prepare(struct line *line)
{
    struct exchange *exchange = line->exchange;
    struct arena *arena = exchange->arena;
    line->error[0] = '\0';
    exchange->line = line;
    exchange->began_us = clock_mono_us();
    buf_init(&exchange->request, arena, REQUEST_HEAD_MAX);
    buf_init(&exchange->head, arena, HEAD_MAX);
    buf_init(&exchange->body_kept, arena,
             exchange->kept_max > 0 ? exchange->kept_max
                                    : (size_t)line->sender->options.response_kept);
    set_target(line, exchange->target);
    if (exchange->request_target != NULL || line->request_target)
        SET(line->easy, CURLOPT_REQUEST_TARGET, exchange->request_target);
    line->request_target = exchange->request_target != NULL;
    SET(line->easy, CURLOPT_RESOLVE, exchange->pin);
    SET(line->easy, CURLOPT_HTTPHEADER, exchange->headers);
    SET(line->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body.len);
    SET(line->easy, CURLOPT_POSTFIELDS, exchange->body.ptr != NULL ? exchange->body.ptr : "");
    SET(line->easy, CURLOPT_FRESH_CONNECT, exchange->fresh ? 1L : 0L);
}

/* False: `end` and `detail` say why. */
static bool begin(struct line *line)
{
    prepare(line);
    if (!transport_apply(line))
        return false;
    CURLMcode code = curl_multi_add_handle(line->sender->multi, line->easy);
    if (code == CURLM_OK)
        return true;
    line->exchange->end = EXCHANGE_BROKEN;
    line->exchange->detail = str_c(curl_multi_strerror(code));
    return false;
}

void sender_start(struct sender *sender, struct exchange *exchange)
{
    if (exchange->upload != NULL) {
        upload_start(sender, exchange);
        return;
    }
    struct line *line = shard_take_line(sender, exchange->target);
    if (line == NULL) {
        exchange->end = EXCHANGE_BROKEN;
        exchange->detail = STR("libcurl has no memory for it");
        sender_add_done(sender, exchange);
        return;
    }
    line->exchange = exchange;
    if (begin(line))
        return;
    exchange->line = NULL;
    shard_give_line(line);
    sender_add_done(sender, exchange);
}

/* ── end ── */

static void finish(struct sender *sender, struct line *line, CURLcode code)
{
    struct exchange *exchange = line->exchange;
    end_note(line, code);
    exchange->line = NULL;
    shard_give_line(line);
    sender_add_done(sender, exchange);
}

void sender_stop_exchange(struct sender *sender, struct exchange *exchange)
{
    struct line *line = exchange->line;
    if (exchange->run != NULL)
        upload_stop(exchange);
    if (line == NULL)
        return;
    (void)curl_multi_remove_handle(sender->multi, line->easy);
    finish(sender, line, CURLE_ABORTED_BY_CALLBACK);
    exchange->end = EXCHANGE_STOPPED;
}

void sender_step(struct sender *sender)
{
    shard_bound_all(sender);
    sender_loop_act(&sender->loop);
    uploads_take_ended(sender);
    int queued;
    CURLMsg *message;
    while ((message = curl_multi_info_read(sender->multi, &queued)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result; /* the message goes with its handle */
        CURL *easy = message->easy_handle;
        char *context = NULL;
        (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &context);
        (void)curl_multi_remove_handle(sender->multi, easy);
        finish(sender, (struct line *)(void *)context, code);
    }
}

struct exchange *sender_take(struct sender *sender)
{
    struct exchange *exchange = sender->done;
    if (exchange == NULL)
        return NULL;
    sender->done = exchange->next;
    if (sender->done == NULL)
        sender->done_end = &sender->done;
    return exchange;
}

void sender_wait(struct sender *sender, struct curl_waitfd *fds, int count, int timeout_ms)
{
    sender_loop_wait(&sender->loop, fds, count, timeout_ms);
}

void sender_wake(void *sender)
{
    struct sender *self = sender;
    sender_loop_wake(&self->loop);
}

/* ── pins ── */

char *sender_pin(const struct target *target, const struct address *addresses, int count,
                 struct arena *arena)
{
    struct buf pin;
    buf_init(&pin, arena, 4096);
    buf_format(&pin, "+%s:%d:", target->host, target->port);
    for (int i = 0; i < count; i++) {
        char text[ADDRESS_TEXT_MAX];
        str address = address_write(&addresses[i], text);
        if (i > 0)
            buf_char(&pin, ',');
        buf_format(&pin, addresses[i].family == 6 ? "[%.*s]" : "%.*s", STR_ARG(address));
    }
    buf_char(&pin, '\0');
    assert(!buf_overflowed(&pin));
    return pin.ptr;
}

/* ── life ── */

int sender_new(const struct sender_options *options, struct sender **ret_sender)
{
    struct sender *sender = NEW(struct sender);
    sender->options = *options;
    if (options->kept_connections == 0)
        sender->options.kept_connections = KEPT_CONNECTIONS;
    sender->done_end = &sender->done;
    sender->now_ms = clock_mono_ms();
    sender->multi = curl_multi_init();
    if (sender->multi == NULL) {
        sender_free(sender);
        return fail(FAIL_LIBRARY);
    }
    int r = sender_loop_init(&sender->loop, sender->multi);
    if (r < 0) {
        sender_free(sender);
        return fail(r);
    }
    (void)curl_multi_setopt(sender->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    uploads_init(sender);
    *ret_sender = sender;
    return 0;
}

void sender_free(struct sender *sender)
{
    if (sender == NULL)
        return;
    shard_free_all(sender);
    if (sender->multi != NULL)
        (void)curl_multi_cleanup(sender->multi);
    sender_loop_done(&sender->loop);
    free(sender);
}
