/* SPDX-License-Identifier: MIT
 * Invariants:
 * (1) an exchange is one request. libcurl repeats one by itself when a kept connection turns out
 *     closed before any answer (Curl_retry_request, whatever the method); before it begins a
 * request it asks the pre-request callback, which refuses a second one, and so does the socket
 * callback. What is left of it is EXCHANGE_KEPT_CLOSED; whether to send again is the courier's to
 * say; (2) no socket is opened to an address that the egress guard refuses: it is asked about the
 * very address, whatever a name server said before; (3) libcurl never resolves a name: names are
 * pinned (CURLOPT_RESOLVE). A pin replaces the one before, and goes when it has not been renewed
 * for a while. Connections are kept by host and port, a few minutes at most, so that a changed
 * address comes into use; (4) what is received is bounded: head, kept body, read body.
 *
 * An easy handle with its callbacks is a line; lines are used again and again. */
#include "delivery/sender_http.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"

#define KEPT_CONNECTIONS 1024L
#define KEPT_LINES 256
#define CONNECTION_LIFE_S 300L /* then a new one, to an address that is looked up anew */
#define PIN_LIFE_S 3600L       /* longer than any exchange */
#define HEAD_MAX ((size_t)64 * 1024)
#define REQUEST_HEAD_MAX ((size_t)64 * 1024)
#define DETAIL_MAX ((size_t)300)
#define RECEIVE_BUFFER 16384L

struct line {
    struct sender *sender;
    CURL *easy;
    struct exchange *exchange; /* NULL: idle */
    struct target *target;     /* whose URL the easy handle has; one reference */
    struct line *next;
    char error[CURL_ERROR_SIZE];
};

struct sender {
    struct sender_options options;
    CURLM *multi;
    struct line *idle;
    int idle_count;
    struct exchange *done;
    struct exchange **done_end;
};

/* ── callbacks, all with the line as their context ── */

static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *socket_address)
{
    (void)purpose;
    struct line *line = context;
    struct exchange *exchange = line->exchange;
    if (exchange->requests > 0)
        return CURL_SOCKET_BAD;
    struct address address = address_from_sockaddr(&socket_address->addr);
    if (!egress_allows(&address, &line->sender->options.allow_egress, &exchange->refusal)) {
        exchange->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(socket_address->family, socket_address->socktype | SOCK_CLOEXEC,
                  socket_address->protocol);
}

static CURLcode tls_begins(CURL *easy, void *tls, void *context)
{
    (void)easy;
    (void)tls;
    struct line *line = context;
    line->exchange->tls_begun = true;
    return CURLE_OK;
}

static int request_begins(void *context, char *peer, char *own, int peer_port, int own_port)
{
    (void)peer;
    (void)own;
    (void)peer_port;
    (void)own_port;
    struct line *line = context;
    return line->exchange->requests++ > 0 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* As much as still fits. */
static void append(struct buf *part, str more)
{
    buf_add(part, str_head(more, part->max - part->len));
}

static int trace(CURL *easy, curl_infotype type, char *data, size_t size, void *context)
{
    (void)easy;
    struct line *line = context;
    struct exchange *exchange = line->exchange;
    if (type == CURLINFO_HEADER_OUT && exchange != NULL)
        append(&exchange->request, str_from(data, size));
    return 0;
}

static void note_header(struct exchange *exchange, str header)
{
    str name = str_cut(&header, ':');
    if (str_equal_nocase(name, STR("Retry-After")))
        exchange->retry_after = arena_str(exchange->arena, str_trim(header));
    else if (str_equal_nocase(name, STR("Location")))
        exchange->location = arena_str(exchange->arena, str_trim(header));
}

/* One line of a head at a time: 1xx answers come before the final one, trailers behind its body. */
static size_t receive_header(char *data, size_t unit, size_t count, void *context)
{
    struct line *line = context;
    struct exchange *exchange = line->exchange;
    str header = str_from(data, unit * count);
    exchange->head_bytes += header.len;
    if (exchange->head_bytes > HEAD_MAX) {
        exchange->head_over = true;
        return 0;
    }
    bool first = str_starts(header, STR("HTTP/"));
    if (exchange->head_done && !first) /* a trailer */
        return header.len;
    if (first) {
        exchange->head_done = false;
        exchange->head.len = 0;
        exchange->retry_after = exchange->location = (str){};
    }
    if (str_trim(header).len == 0) {
        exchange->head_done = true;
        return header.len;
    }
    append(&exchange->head, header);
    note_header(exchange, header);
    return header.len;
}

static size_t receive_body(char *data, size_t unit, size_t count, void *context)
{
    struct line *line = context;
    struct exchange *exchange = line->exchange;
    const struct sender_options *options = &line->sender->options;
    str bytes = str_from(data, unit * count);
    exchange->response_length += (int64_t)bytes.len;
    append(&exchange->body_kept, bytes);
    if (exchange->response_length > options->response_read) {
        exchange->body_over = true;
        return 0;
    }
    return bytes.len;
}

/* ── lines ── */

#define SET(easy, option, value) (void)curl_easy_setopt((easy), (option), (value))

static void set_protocol(CURL *easy)
{
    SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
    SET(easy, CURLOPT_PROXY, "");
    SET(easy, CURLOPT_NOPROXY, "*");
    SET(easy, CURLOPT_NOSIGNAL, 1L);
    SET(easy, CURLOPT_TCP_NODELAY, 1L);
    SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    SET(easy, CURLOPT_MAXLIFETIME_CONN, CONNECTION_LIFE_S);
    SET(easy, CURLOPT_DNS_CACHE_TIMEOUT, PIN_LIFE_S);
    SET(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
    SET(easy, CURLOPT_POST, 1L);
}

static void set_callbacks(CURL *easy, struct line *line)
{
    SET(easy, CURLOPT_PRIVATE, line);
    SET(easy, CURLOPT_ERRORBUFFER, line->error);
    SET(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(easy, CURLOPT_OPENSOCKETDATA, line);
    SET(easy, CURLOPT_SSL_CTX_FUNCTION, tls_begins);
    SET(easy, CURLOPT_SSL_CTX_DATA, line);
    SET(easy, CURLOPT_PREREQFUNCTION, request_begins);
    SET(easy, CURLOPT_PREREQDATA, line);
    SET(easy, CURLOPT_HEADERFUNCTION, receive_header);
    SET(easy, CURLOPT_HEADERDATA, line);
    SET(easy, CURLOPT_WRITEFUNCTION, receive_body);
    SET(easy, CURLOPT_WRITEDATA, line);
    SET(easy, CURLOPT_DEBUGFUNCTION, trace);
    SET(easy, CURLOPT_DEBUGDATA, line);
    SET(easy, CURLOPT_VERBOSE, 1L); /* what calls `trace` */
}

/* With a folder of certificates beside the file, libcurl reads the whole file anew for each TLS
 * connection (22 ms of CPU time); with the file alone it keeps what it has read. */
static bool has_certificate_file(void)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    return info->cainfo != NULL && access(info->cainfo, R_OK) == 0;
}

static struct line *new_line(struct sender *sender)
{
    struct line *line = NEW(struct line);
    line->sender = sender;
    line->easy = curl_easy_init();
    if (line->easy == NULL) {
        free(line);
        return NULL;
    }
    const struct sender_options *options = &sender->options;
    struct arena arena = {};
    set_protocol(line->easy);
    set_callbacks(line->easy, line);
    SET(line->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
    SET(line->easy, CURLOPT_TIMEOUT_MS, (long)options->whole_timeout_ms);
    SET(line->easy, CURLOPT_USERAGENT, arena_c(&arena, options->user_agent));
    if (options->ca_file.len > 0)
        SET(line->easy, CURLOPT_CAINFO, arena_c(&arena, options->ca_file));
    if (options->ca_file.len > 0 || has_certificate_file())
        SET(line->easy, CURLOPT_CAPATH, NULL);
    arena_done(&arena);
    return line;
}

static void free_line(struct line *line)
{
    curl_easy_cleanup(line->easy);
    target_release(line->target);
    free(line);
}

static struct line *take_line(struct sender *sender)
{
    struct line *line = sender->idle;
    if (line == NULL)
        return new_line(sender);
    sender->idle = line->next;
    sender->idle_count--;
    return line;
}

static void give_line(struct sender *sender, struct line *line)
{
    line->exchange = NULL;
    if (sender->idle_count >= KEPT_LINES) {
        free_line(line);
        return;
    }
    line->next = sender->idle;
    sender->idle = line;
    sender->idle_count++;
}

/* ── start ── */

static void add_done(struct sender *sender, struct exchange *exchange)
{
    exchange->next = NULL;
    *sender->done_end = exchange;
    sender->done_end = &exchange->next;
}

static void set_target(struct line *line, struct target *target)
{
    if (line->target == target)
        return;
    target_release(line->target);
    line->target = target_keep(target);
    SET(line->easy, CURLOPT_URL, NULL); /* or libcurl goes on showing the URL before */
    SET(line->easy, CURLOPT_CURLU, target->url);
}

void sender_start(struct sender *sender, struct exchange *exchange)
{
    struct line *line = take_line(sender);
    if (line == NULL) {
        exchange->detail = STR("libcurl has no memory for it");
        add_done(sender, exchange);
        return;
    }
    line->exchange = exchange;
    line->error[0] = '\0';
    buf_init(&exchange->request, exchange->arena, REQUEST_HEAD_MAX);
    buf_init(&exchange->head, exchange->arena, HEAD_MAX);
    buf_init(&exchange->body_kept, exchange->arena, (size_t)sender->options.response_kept);
    exchange->line = line;
    set_target(line, exchange->target);
    SET(line->easy, CURLOPT_RESOLVE, exchange->pin);
    SET(line->easy, CURLOPT_HTTPHEADER, exchange->headers);
    SET(line->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body.len);
    SET(line->easy, CURLOPT_POSTFIELDS, exchange->body.ptr);
    SET(line->easy, CURLOPT_FRESH_CONNECT, exchange->fresh ? 1L : 0L);
    CURLMcode code = curl_multi_add_handle(sender->multi, line->easy);
    if (code != CURLM_OK) {
        exchange->detail = str_c(curl_multi_strerror(code));
        exchange->line = NULL;
        give_line(sender, line);
        add_done(sender, exchange);
    }
}

/* ── end ── */

static enum exchange_end end_of_time(const struct exchange *exchange)
{
    if (exchange->requests > 0)
        return EXCHANGE_NO_ANSWER;
    return exchange->tls_begun ? EXCHANGE_TLS : EXCHANGE_NO_CONNECTION;
}

static enum exchange_end end_of_connect(CURL *easy, const struct exchange *exchange)
{
    long error = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
    if (exchange->requests > 0)
        return EXCHANGE_KEPT_CLOSED;
    if (exchange->refused)
        return EXCHANGE_BLOCKED;
    switch (error) {
    case ECONNREFUSED:
        return EXCHANGE_REFUSED;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
        return EXCHANGE_UNREACHABLE;
    case ETIMEDOUT:
        return EXCHANGE_NO_CONNECTION;
    case ECONNRESET:
        return EXCHANGE_RESET;
    default:
        return EXCHANGE_BROKEN;
    }
}

static enum exchange_end end_of_write(const struct exchange *exchange)
{
    if (exchange->head_over)
        return EXCHANGE_HEAD_TOO_LARGE;
    return exchange->body_over ? EXCHANGE_TOO_LARGE : EXCHANGE_BROKEN;
}

static enum exchange_end end_of(CURLcode code, CURL *easy, const struct exchange *exchange)
{
    switch (code) {
    case CURLE_OK:
        return exchange->status == 0 ? EXCHANGE_NOT_HTTP : EXCHANGE_ANSWERED;
    case CURLE_COULDNT_CONNECT:
        return end_of_connect(easy, exchange);
    case CURLE_ABORTED_BY_CALLBACK:
        return EXCHANGE_KEPT_CLOSED;
    case CURLE_OPERATION_TIMEDOUT:
        return end_of_time(exchange);
    case CURLE_GOT_NOTHING:
        return EXCHANGE_EMPTY;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return EXCHANGE_RESET;
    case CURLE_PARTIAL_FILE:
        return EXCHANGE_CUT;
    case CURLE_WRITE_ERROR:
        return end_of_write(exchange);
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: no status line */
    case CURLE_WEIRD_SERVER_REPLY:
        return EXCHANGE_NOT_HTTP;
    case CURLE_PEER_FAILED_VERIFICATION:
        return EXCHANGE_CERTIFICATE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
        return EXCHANGE_TLS;
    default:
        return EXCHANGE_BROKEN;
    }
}

static str detail_of(CURLcode code, const struct line *line, struct arena *arena)
{
    str text = str_trim(str_c(line->error[0] != '\0' ? line->error : curl_easy_strerror(code)));
    return arena_str(arena, str_head(text, DETAIL_MAX));
}

static void finish(struct sender *sender, struct line *line, CURLcode code)
{
    struct exchange *exchange = line->exchange;
    long status = 0;
    (void)curl_easy_getinfo(line->easy, CURLINFO_RESPONSE_CODE, &status);
    exchange->status = status < 200 ? 0 : (int)status; /* an interim answer is none */
    exchange->request_head = buf_str(&exchange->request);
    exchange->response_head = buf_str(&exchange->head);
    exchange->response_body = buf_str(&exchange->body_kept);
    exchange->end = end_of(code, line->easy, exchange);
    if (code != CURLE_OK)
        exchange->detail = detail_of(code, line, exchange->arena);
    exchange->line = NULL;
    give_line(sender, line);
    add_done(sender, exchange);
}

void sender_stop_exchange(struct sender *sender, struct exchange *exchange)
{
    struct line *line = exchange->line;
    if (line == NULL)
        return;
    (void)curl_multi_remove_handle(sender->multi, line->easy);
    finish(sender, line, CURLE_ABORTED_BY_CALLBACK);
    exchange->end = EXCHANGE_STOPPED;
}

void sender_step(struct sender *sender)
{
    int running;
    (void)curl_multi_perform(sender->multi, &running);
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
    (void)curl_multi_poll(sender->multi, fds, (unsigned)count, timeout_ms, NULL);
}

void sender_wake(void *sender)
{
    struct sender *self = sender;
    (void)curl_multi_wakeup(self->multi);
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
    sender->done_end = &sender->done;
    sender->multi = curl_multi_init();
    if (sender->multi == NULL) {
        sender_free(sender);
        return fail(FAIL_LIBRARY);
    }
    (void)curl_multi_setopt(sender->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
    (void)curl_multi_setopt(sender->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    *ret_sender = sender;
    return 0;
}

void sender_free(struct sender *sender)
{
    if (sender == NULL)
        return;
    while (sender->idle != NULL) {
        struct line *line = sender->idle;
        sender->idle = line->next;
        free_line(line);
    }
    if (sender->multi != NULL)
        (void)curl_multi_cleanup(sender->multi);
    free(sender);
}
