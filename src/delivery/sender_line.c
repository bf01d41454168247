/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "delivery/sender_parts.h"

#define PIN_LIFE_S 3600L /* longer than any exchange */
#define RECEIVE_BUFFER 16384L

/* RFC 8446 §4 */
#define TLS_CERTIFICATE 11
#define TLS_CERTIFICATE_REQUEST 13
#define TLS_COMPRESSED_CERTIFICATE 25 /* RFC 8879: OpenSSL 3.2 and later, where both can */

/* ── callbacks, all with the line as their context ── */

static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *socket_address)
{
    (void)purpose;
    struct line *line = context;
    struct exchange *exchange = line->exchange;
    if (exchange->requests > 0) { /* one more would follow */
        exchange->requests++;
        return CURL_SOCKET_BAD;
    }
    exchange->opened = true;
    struct address address = address_from_sockaddr(&socket_address->addr);
    exchange->remote = address;
    if (!egress_allows(&address, &line->sender->options.allow_egress, &exchange->refusal)) {
        exchange->refused = true;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(socket_address->family, socket_address->socktype | SOCK_CLOEXEC,
                    socket_address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    sender_loop_forget(&line->sender->loop, fd);
    line->sender->sockets++;
    return fd;
}

/* A connection may outlive its line, so the context is the sender. */
static int close_socket(void *context, curl_socket_t fd)
{
    struct sender *sender = context;
    sender_loop_forget(&sender->loop, fd);
    sender->sockets--;
    return close(fd);
}

static int64_t since_began_us(const struct exchange *exchange)
{
    return exchange->timing.name_us + clock_mono_us() - exchange->began_us;
}

/* For an exchange that comes no further; else libcurl says when it was. */
static void note_connected(struct exchange *exchange)
{
    if (exchange->opened && exchange->timing.connect_us == 0)
        exchange->timing.connect_us = since_began_us(exchange);
}

static CURLcode tls_begins(CURL *easy, void *tls, void *context)
{
    (void)easy;
    (void)tls;
    struct line *line = context;
    line->exchange->tls_begun = true;
    note_connected(line->exchange);
    return CURLE_OK;
}

static int request_begins(void *context, char *peer, char *own, int peer_port, int own_port)
{
    (void)own;
    (void)peer_port;
    (void)own_port;
    struct line *line = context;
    struct exchange *exchange = line->exchange;
    if (exchange->requests++ > 0)
        return CURL_PREREQFUNC_ABORT;
    exchange->request.len = 0; /* what it holds was for the proxy: CONNECT, with its credentials */
    exchange->reused = !exchange->opened;
    if (!address_read(str_c(peer), &exchange->remote))
        exchange->remote.family = 0;
    return CURL_PREREQFUNC_OK;
}

/* As much as still fits. */
static void append(struct buf *part, str more)
{
    buf_add(part, str_head(more, part->max - part->len));
}

/* libcurl shows each TLS message that OpenSSL reads and writes. The shortest are the header of a
 * record (5 bytes), its inner type (1) and an alert (2); those of the handshake have at least 4,
 * and a type that is no record's. */
static bool is_handshake(str message, unsigned char type)
{
    return message.len >= 4 && (unsigned char)message.ptr[0] == type;
}

static bool is_certificate(str message)
{
    return is_handshake(message, TLS_CERTIFICATE) ||
           is_handshake(message, TLS_COMPRESSED_CERTIFICATE);
}

static void note_tls(struct exchange *exchange, str message)
{
    if (message.len == 2)
        exchange->alert = (unsigned char)message.ptr[1];
    else if (is_handshake(message, TLS_CERTIFICATE_REQUEST))
        exchange->certificate_asked = true;
}

static int trace(CURL *easy, curl_infotype type, char *data, size_t size, void *context)
{
    (void)easy;
    struct line *line = context;
    struct exchange *exchange = line->exchange;
    if (exchange == NULL)
        return 0;
    if (type == CURLINFO_HEADER_OUT) {
        note_connected(exchange);
        append(&exchange->request, str_from(data, size));
    } else if (type == CURLINFO_SSL_DATA_IN) {
        note_tls(exchange, str_from(data, size));
    } else if (type == CURLINFO_SSL_DATA_OUT && is_certificate(str_from(data, size))) {
        exchange->certificate_told = true;
    }
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
    if (exchange->head_bytes == 0)
        exchange->timing.first_byte_us = since_began_us(exchange);
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

static void set_protocol(CURL *easy)
{
    SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
    SET(easy, CURLOPT_PROXY, "");
    SET(easy, CURLOPT_NOPROXY, "*");
    SET(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* none of ours for a proxy */
    SET(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(easy, CURLOPT_NOSIGNAL, 1L);
    SET(easy, CURLOPT_TCP_NODELAY, 1L);
    SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    SET(easy, CURLOPT_MAXLIFETIME_CONN, CONNECTION_LIFE_S);
    SET(easy, CURLOPT_DNS_CACHE_TIMEOUT, PIN_LIFE_S);
    SET(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
    SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); /* at least */
    SET(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(easy, CURLOPT_POST, 1L);
}

static void set_callbacks(CURL *easy, struct line *line)
{
    SET(easy, CURLOPT_PRIVATE, line);
    SET(easy, CURLOPT_ERRORBUFFER, line->error);
    SET(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(easy, CURLOPT_OPENSOCKETDATA, line);
    SET(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    SET(easy, CURLOPT_CLOSESOCKETDATA, line->sender);
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

void line_free(struct line *line)
{
    curl_easy_cleanup(line->easy);
    target_release(line->target);
    free(line);
}

void line_trust(CURL *easy, const struct sender_options *options)
{
    struct arena arena = {};
    if (options->ca_file.len > 0) {
        SET(easy, CURLOPT_CAINFO, arena_c(&arena, options->ca_file));
        SET(easy, CURLOPT_PROXY_CAINFO, arena_c(&arena, options->ca_file));
    }
    if (options->ca_file.len > 0 || has_certificate_file()) {
        SET(easy, CURLOPT_CAPATH, NULL);
        SET(easy, CURLOPT_PROXY_CAPATH, NULL);
    }
    arena_done(&arena);
}

static void set_options(CURL *easy, const struct sender_options *options)
{
    struct arena arena = {};
    SET(easy, CURLOPT_USERAGENT, arena_c(&arena, options->user_agent));
    arena_done(&arena);
    line_trust(easy, options);
}

struct line *line_new(struct sender *sender, struct shard *shard)
{
    struct line *line = NEW(struct line);
    line->sender = sender;
    line->easy = curl_easy_init();
    line->shard = shard;
    if (line->easy == NULL) {
        free(line);
        return NULL;
    }
    SET(line->easy, CURLOPT_SHARE, shard->share);
    set_protocol(line->easy);
    set_callbacks(line->easy, line);
    set_options(line->easy, &sender->options);
    return line;
}
