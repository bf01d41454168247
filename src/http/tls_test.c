/* SPDX-License-Identifier: MIT
 * The server behind TLS, with certificates made on the spot. */
#include "http/test_kit.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "Host: hub\r\n"

struct files {
    char folder[32];
    char cert[64];
    char key[64];
};

static void write_pem(const struct files *files, X509 *cert, EVP_PKEY *key)
{
    FILE *file = fopen(files->cert, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, cert), 1);
    assert_int_equal(fclose(file), 0);
    file = fopen(files->key, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
}

static void make_cert(const struct files *files, const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    assert_true(key != NULL && cert != NULL);
    assert_int_equal(X509_set_version(cert, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -60));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 3600));
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    X509_NAME *subject = X509_get_subject_name(cert);
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                                (const unsigned char *)name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(cert, subject), 1);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    write_pem(files, cert, key);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void files_init(struct files *files)
{
    (void)snprintf(files->folder, sizeof(files->folder), "/tmp/junctor-tls-XXXXXX");
    assert_non_null(mkdtemp(files->folder));
    (void)snprintf(files->cert, sizeof(files->cert), "%s/cert.pem", files->folder);
    (void)snprintf(files->key, sizeof(files->key), "%s/key.pem", files->folder);
    make_cert(files, "first");
}

static void files_done(const struct files *files)
{
    (void)unlink(files->cert);
    (void)unlink(files->key);
    (void)rmdir(files->folder);
}

struct fixture {
    struct files files;
    struct kit kit;
    SSL_CTX *context; /* the client's */
};

static void setup(struct fixture *fixture)
{
    files_init(&fixture->files);
    kit_init(&fixture->kit);
    fixture->kit.options.tls_cert_file = str_c(fixture->files.cert);
    fixture->kit.options.tls_key_file = str_c(fixture->files.key);
    fixture->kit.options.head_timeout_ms = 1000;
    kit_start(&fixture->kit);
    fixture->context = SSL_CTX_new(TLS_client_method());
    assert_non_null(fixture->context);
    SSL_CTX_set_verify(fixture->context, SSL_VERIFY_NONE, NULL);
}

static void teardown(struct fixture *fixture)
{
    SSL_CTX_free(fixture->context);
    kit_stop(&fixture->kit);
    files_done(&fixture->files);
}

/* NULL: the handshake failed. */
static SSL *tls_open(const struct fixture *fixture, SSL_SESSION *session)
{
    int fd = client_open(&fixture->kit);
    SSL *ssl = SSL_new(fixture->context);
    assert_true(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
    if (session != NULL)
        assert_int_equal(SSL_set_session(ssl, session), 1);
    if (SSL_connect(ssl) == 1)
        return ssl;
    (void)close(fd);
    SSL_free(ssl);
    return NULL;
}

static void tls_close(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);
    /* Without it OpenSSL takes the session for a broken one. */
    (void)SSL_shutdown(ssl);
    SSL_free(ssl);
    (void)close(fd);
}

static void tls_write(SSL *ssl, str bytes)
{
    while (bytes.len > 0) {
        int written = SSL_write(ssl, bytes.ptr, (int)MIN_OF(bytes.len, (size_t)100000));
        assert_true(written > 0);
        bytes = str_skip(bytes, (size_t)written);
    }
}

/* One reply: its head is read byte by byte. */
static struct client_reply tls_read(SSL *ssl, struct arena *arena)
{
    struct client_reply reply = {};
    char *head = arena_bytes(arena, 8192);
    size_t length = 0;
    while (length < 8192 && !str_ends(str_from(head, length), STR("\r\n\r\n"))) {
        if (SSL_read(ssl, head + length, 1) != 1)
            return reply;
        length++;
    }
    reply.head = str_from(head, length);
    int64_t number = 0;
    assert_true(str_to_int64(str_from(head + 9, 3), &number));
    reply.status = (int)number;
    number = 0;
    str size = client_header(&reply, STR("Content-Length"));
    if (size.len > 0)
        assert_true(str_to_int64(size, &number));
    char *body = arena_bytes(arena, (size_t)number);
    while (reply.body.len < (size_t)number) {
        int got = SSL_read(ssl, body + reply.body.len, (int)((size_t)number - reply.body.len));
        if (got <= 0)
            break;
        reply.body = str_from(body, reply.body.len + (size_t)got);
    }
    return reply;
}

static void asks(SSL *ssl, str request, int status, str body)
{
    CLEANUP(arena_done) struct arena arena = {};
    tls_write(ssl, request);
    struct client_reply reply = tls_read(ssl, &arena);
    assert_int_equal(reply.status, status);
    if (body.len > 0 && !str_starts(reply.body, body))
        fail_msg("%.*s", STR_ARG(reply.body));
}

static void speaks(void **state)
{
    (void)state;
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
    struct fixture fixture;
    setup(&fixture);
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        SSL_CTX_set_min_proto_version(fixture.context, versions[i]);
        SSL_CTX_set_max_proto_version(fixture.context, versions[i]);
        SSL *ssl = tls_open(&fixture, NULL);
        assert_non_null(ssl);
        asks(ssl, STR("GET /sender HTTP/1.1\r\n" HOST "\r\n"), 200, STR("127.0.0.1 secure req_"));
        asks(ssl, STR("POST /park HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"), 200,
             STR("hello"));
        asks(
            ssl,
            STR("POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
            100, STR(""));
        asks(ssl, STR("hello"), 200, STR("hello"));
        asks(ssl, STR("GET /now HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), 202, STR("{}"));
        char byte;
        assert_int_equal(SSL_get_error(ssl, SSL_read(ssl, &byte, 1)), SSL_ERROR_ZERO_RETURN);
        tls_close(ssl);
    }
    teardown(&fixture);
}

static void refuses(void **state)
{
    (void)state;
    struct fixture fixture;
    setup(&fixture);
    SSL_CTX_set_security_level(fixture.context, 0);
    SSL_CTX_set_min_proto_version(fixture.context, TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(fixture.context, TLS1_1_VERSION);
    assert_null(tls_open(&fixture, NULL));
    SSL_CTX_set_max_proto_version(fixture.context, 0);
    static const unsigned char h2[] = { 2, 'h', '2' };
    assert_int_equal(SSL_CTX_set_alpn_protos(fixture.context, h2, sizeof(h2)), 0);
    assert_null(tls_open(&fixture, NULL));
    static const unsigned char both[] = { 2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1' };
    assert_int_equal(SSL_CTX_set_alpn_protos(fixture.context, both, sizeof(both)), 0);
    SSL *ssl = tls_open(&fixture, NULL);
    assert_non_null(ssl);
    const unsigned char *chosen;
    unsigned length;
    SSL_get0_alpn_selected(ssl, &chosen, &length);
    assert_true(str_equal(str_from(chosen, length), STR("http/1.1")));
    tls_close(ssl);
    assert_true(kit_await_connections(&fixture.kit, 0));
    teardown(&fixture);
}

static void not_tls_at_all(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct fixture fixture;
    setup(&fixture);
    struct client_reply reply =
        client_ask(&fixture.kit, &arena, STR("GET /now HTTP/1.1\r\n" HOST "\r\n"));
    assert_int_equal(reply.status, 400);
    assert_true(str_equal(reply.body, STR("This port speaks HTTPS, not HTTP.\n")));
    int fd = client_open(&fixture.kit);
    client_send(fd, STR("\x16\x03\x01\x00\x05hello, nothing sensible at all"));
    bool reset;
    (void)client_read_all(fd, &arena, &reset);
    (void)close(fd);
    /* Half a handshake is cut like half a head. */
    fd = client_open(&fixture.kit);
    client_send(fd, STR("\x16\x03\x01"));
    assert_true(client_sees_end(fd, 3000));
    (void)close(fd);
    teardown(&fixture);
}

static void large(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct fixture fixture;
    setup(&fixture);
    SSL *ssl = tls_open(&fixture, NULL);
    assert_non_null(ssl);
    for (int i = 0; i < 2; i++) {
        tls_write(ssl, STR("GET /bytes/20000003 HTTP/1.1\r\n" HOST "\r\n"));
        (void)usleep(50000);
        struct client_reply reply = tls_read(ssl, &arena);
        assert_int_equal(reply.body.len, 20000003);
        for (size_t at = 0; at < reply.body.len; at += 997)
            assert_int_equal(reply.body.ptr[at], 'a' + at % 26);
    }
    size_t size = 1000000;
    char *bytes = arena_bytes(&arena, size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 7 % 251);
    tls_write(ssl, arena_format(
                       &arena, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", size));
    tls_write(ssl, str_from(bytes, size));
    struct client_reply reply = tls_read(ssl, &arena);
    assert_true(str_equal(reply.body, str_from(bytes, size)));
    tls_close(ssl);
    teardown(&fixture);
}

static void pipelined(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct fixture fixture;
    setup(&fixture);
    SSL *ssl = tls_open(&fixture, NULL);
    assert_non_null(ssl);
    for (int i = 0; i < 1000; i++)
        tls_write(ssl,
                  arena_format(&arena, "POST %s HTTP/1.1\r\n" HOST "Content-Length: 6\r\n\r\n%06d",
                               i % 3 == 0 ? "/park" : "/echo", i));
    for (int i = 0; i < 1000; i++) {
        struct client_reply reply = tls_read(ssl, &arena);
        int64_t number = -1;
        assert_true(str_to_int64(reply.body, &number));
        assert_int_equal(number, i);
    }
    tls_close(ssl);
    teardown(&fixture);
}

/* Moves what the client's TLS wants sent, byte by byte, so that every record comes in pieces. */
static void trickle(BIO *from, int fd)
{
    char byte;
    while (BIO_read(from, &byte, 1) == 1)
        client_send(fd, str_from(&byte, 1));
}

static void in_pieces(void **state)
{
    (void)state;
    struct fixture fixture;
    setup(&fixture);
    int fd = client_open(&fixture.kit);
    SSL *ssl = SSL_new(fixture.context);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    static char bytes[65536];
    while (SSL_do_handshake(ssl) != 1) {
        trickle(out, fd);
        ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
        assert_true(got > 0 && BIO_write(in, bytes, (int)got) == got);
    }
    const str request = STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
    assert_int_equal(SSL_write(ssl, request.ptr, (int)request.len), request.len);
    trickle(out, fd);
    int length;
    while ((length = SSL_read(ssl, bytes, sizeof(bytes))) <= 0) {
        ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
        assert_true(got > 0 && BIO_write(in, bytes, (int)got) == got);
    }
    assert_true(str_ends(str_from(bytes, (size_t)length), STR("\r\n\r\nhello")));
    SSL_free(ssl);
    (void)close(fd);
    teardown(&fixture);
}

static void half_closed(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct fixture fixture;
    setup(&fixture);
    SSL *ssl = tls_open(&fixture, NULL);
    assert_non_null(ssl);
    tls_write(ssl, STR("GET /hold HTTP/1.1\r\n" HOST "\r\n"));
    (void)SSL_shutdown(ssl);
    assert_true(kit_await(&fixture.kit.held, 1));
    kit_release(&fixture.kit);
    assert_int_equal(tls_read(ssl, &arena).status, 200);
    tls_close(ssl);
    teardown(&fixture);
}

static void resumes(void **state)
{
    (void)state;
    struct fixture fixture;
    setup(&fixture);
    SSL *ssl = tls_open(&fixture, NULL);
    assert_non_null(ssl);
    asks(ssl, STR("GET /now HTTP/1.1\r\n" HOST "\r\n"), 202, STR("{}"));
    SSL_SESSION *session = SSL_get1_session(ssl);
    tls_close(ssl);
    ssl = tls_open(&fixture, session);
    assert_non_null(ssl);
    assert_int_equal(SSL_session_reused(ssl), 1);
    SSL_SESSION_free(session);
    tls_close(ssl);
    teardown(&fixture);
}

static void has_name(SSL *ssl, const char *name)
{
    X509 *cert = SSL_get1_peer_certificate(ssl);
    char text[64];
    (void)X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, text,
                                    sizeof(text));
    X509_free(cert);
    assert_string_equal(text, name);
}

static void reloads(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct problem problem = {};
    struct fixture fixture;
    setup(&fixture);
    SSL *old = tls_open(&fixture, NULL);
    assert_non_null(old);
    has_name(old, "first");
    make_cert(&fixture.files, "second");
    assert_int_equal(http_server_reload_tls(fixture.kit.server, &arena, &problem), 0);
    asks(old, STR("GET /now HTTP/1.1\r\n" HOST "\r\n"), 202, STR("{}"));
    SSL *fresh = tls_open(&fixture, NULL);
    assert_non_null(fresh);
    has_name(fresh, "second");

    FILE *file = fopen(fixture.files.key, "w");
    assert_non_null(file);
    assert_true(fputs("no key\n", file) >= 0 && fclose(file) == 0);
    assert_true(http_server_reload_tls(fixture.kit.server, &arena, &problem) < 0);
    assert_true(str_index(problem.text, '/') >= 0);
    SSL *after = tls_open(&fixture, NULL);
    assert_non_null(after);
    has_name(after, "second");
    asks(after, STR("GET /now HTTP/1.1\r\n" HOST "\r\n"), 202, STR("{}"));
    asks(old, STR("GET /now HTTP/1.1\r\n" HOST "\r\n"), 202, STR("{}"));
    tls_close(old);
    tls_close(fresh);
    tls_close(after);
    teardown(&fixture);
}

static void bad_files(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct fixture fixture;
    setup(&fixture);
    const struct http_handler handler = { .on_request = (bool (*)(struct request *, void *))1 };
    struct http_options options = fixture.kit.options;
    struct http_server *server = NULL;
    struct problem problem = {};
    options.tls_cert_file = STR("/nowhere/cert.pem");
    assert_true(http_server_start(&options, &handler, &arena, &server, &problem) < 0);
    if (!str_starts(problem.text, STR("The certificate file /nowhere/cert.pem cannot be used")))
        fail_msg("%.*s", STR_ARG(problem.text));
    options = fixture.kit.options;
    options.tls_key_file = options.tls_cert_file;
    assert_true(http_server_start(&options, &handler, &arena, &server, &problem) < 0);
    assert_true(str_starts(problem.text, STR("The key file ")));
    teardown(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speaks),         cmocka_unit_test(refuses),
        cmocka_unit_test(not_tls_at_all), cmocka_unit_test(large),
        cmocka_unit_test(pipelined),      cmocka_unit_test(in_pieces),
        cmocka_unit_test(half_closed),    cmocka_unit_test(resumes),
        cmocka_unit_test(reloads),        cmocka_unit_test(bad_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
