/* SPDX-License-Identifier: MIT
 * http/tls.c: TLS 1.2 and 1.3 between the socket and the connection. OpenSSL reads from and writes
 * to the loop's buffers through a BIO of ours, so that an idle session holds none of its own. */
#include "http/internal.h"

#include <openssl/err.h>

#include "base/fail.h"

/* Kept of the output buffer's memory from use to use. */
#define OUTPUT_KEPT ((size_t)64 << 10)

/* ── contexts ── */

/* OpenSSL wants these six: NOLINTNEXTLINE(readability-function-size) */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                           const unsigned char *offers, unsigned offers_length, void *context)
{
    (void)ssl;
    (void)context;
    static const unsigned char ours[] = { 8, 'h', 't', 't', 'p', '/', '1', '.', '1' };
    for (unsigned at = 0; at + sizeof(ours) <= offers_length; at += offers[at] + 1u) {
        if (memcmp(offers + at, ours, sizeof(ours)) != 0)
            continue;
        *out = offers + at + 1;
        *out_length = ours[0];
        return SSL_TLSEXT_ERR_OK;
    }
    /* RFC 7301 §3.2: no_application_protocol. */
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* A key with a passphrase is refused: nobody is there to type it. */
static int no_passphrase(char *to, int size, int writing, void *context)
{
    (void)to;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static int refuse_file(const char *what, const char *file, struct arena *arena,
                       struct problem *reterr)
{
    /* The first one is the cause; of the system's, OpenSSL has no text. */
    unsigned long code = ERR_peek_error();
    char room[128];
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    if (ERR_SYSTEM_ERROR(code))
        reason = strerror_r(ERR_GET_REASON(code), room, sizeof(room));
    problem_set(reterr, PROBLEM_INVALID,
                arena_format(arena, "%s %s cannot be used: %s.", what, file,
                             reason == NULL ? "unknown reason" : reason));
    ERR_clear_error();
    return fail(FAIL_TLS);
}

static int load_files(SSL_CTX *context, const char *cert_file, const char *key_file,
                      struct arena *arena, struct problem *reterr)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, cert_file) != 1)
        return refuse_file("The certificate file", cert_file, arena, reterr);
    if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return refuse_file("The key file", key_file, arena, reterr);
    return 0;
}

int tls_context_new(const char *cert_file, const char *key_file, struct arena *arena,
                    SSL_CTX **ret_context, struct problem *reterr)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) {
        problem_set(reterr, PROBLEM_INTERNAL, STR("OpenSSL has no TLS."));
        return fail(FAIL_TLS);
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    /* Sessions live in tickets, which the senders keep: the loops share no cache. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    int r = load_files(context, cert_file, key_file, arena, reterr);
    if (r < 0) {
        SSL_CTX_free(context);
        return fail(r);
    }
    *ret_context = context;
    return 0;
}

/* ── the way to and from the socket ── */

static int bio_read(BIO *bio, char *to, int size)
{
    struct http_loop *loop = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    size_t length = MIN_OF((size_t)size, loop->tls_input.len);
    if (length == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(to, loop->tls_input.ptr, length);
    loop->tls_input = str_skip(loop->tls_input, length);
    return (int)length;
}

static int bio_write(BIO *bio, const char *from, int size)
{
    struct http_loop *loop = BIO_get_data(bio);
    buf_add(&loop->tls_output, str_from(from, (size_t)size));
    return size;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls_bio_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "junctor");
    assert(method != NULL);
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
    return method;
}

static void flush(struct connection *connection)
{
    struct http_loop *loop = connection->loop;
    if (loop->tls_output.len == 0)
        return;
    connection_send(connection, buf_str(&loop->tls_output));
    arena_reset(&loop->tls_arena, OUTPUT_KEPT);
    buf_init(&loop->tls_output, &loop->tls_arena, SIZE_MAX / 2);
}

/* ── sessions ── */

bool tls_begin(struct connection *connection)
{
    struct http_loop *loop = connection->loop;
    SSL *ssl = SSL_new(loop->tls);
    BIO *bio = BIO_new(loop->tls_bio);
    if (ssl == NULL || bio == NULL) {
        SSL_free(ssl);
        BIO_free(bio);
        return false;
    }
    BIO_set_data(bio, loop);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    connection->tls = ssl;
    return true;
}

static void give_up(struct connection *connection)
{
    unsigned long code = ERR_peek_error();
    loop_log(connection->loop, LOG_DEBUG, "a TLS connection failed",
             str_c(code == 0 ? NULL : ERR_reason_error_string(code)));
    /* A browser that was sent to http:// here gets to know it. */
    if (ERR_GET_REASON(code) != SSL_R_HTTP_REQUEST)
        return;
    connection_send(connection, STR("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
                                    "Content-Length: 34\r\nConnection: close\r\n\r\n"
                                    "This port speaks HTTPS, not HTTP.\n"));
}

int tls_receive(struct connection *connection, str bytes, str *ret_plain)
{
    struct http_loop *loop = connection->loop;
    size_t length = 0;
    int got;
    loop->tls_input = bytes;
    ERR_clear_error();
    do {
        got = SSL_read(connection->tls, loop->plain + length, (int)(sizeof(loop->plain) - length));
        if (got > 0)
            length += (size_t)got;
    } while (got > 0 && length < sizeof(loop->plain));
    int error = SSL_get_error(connection->tls, got);
    /* At most one record was half in, and what came behind it fits in READ_BUFFER. */
    assert(got <= 0);
    flush(connection);
    if (error == SSL_ERROR_ZERO_RETURN) {
        connection->input_ended = true;
    } else if (error != SSL_ERROR_WANT_READ) {
        give_up(connection);
        return FAIL_TLS;
    }
    *ret_plain = str_from(loop->plain, length);
    return connection->state == CONNECTION_CLOSED ? FAIL_TLS : 0;
}

void tls_send(struct connection *connection, str plain)
{
    ERR_clear_error();
    /* The BIO takes everything, so this does not stop halfway. */
    int written = SSL_write(connection->tls, plain.ptr, (int)plain.len);
    flush(connection);
    if (written != (int)plain.len)
        connection_close(connection);
}

void tls_end(struct connection *connection)
{
    ERR_clear_error();
    (void)SSL_shutdown(connection->tls);
    flush(connection);
}
