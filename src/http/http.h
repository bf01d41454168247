/* SPDX-License-Identifier: MIT
 * http/http.h: the HTTP/1.1 server (RFC 9110, RFC 9112): loops over libuv, llhttp, OpenSSL.
 *
 * Each loop is a thread that owns its connections. A request is handed over twice: on_head when its
 * header block is in (decide how large a body is welcome, or answer at once), on_request when it is
 * whole. Both run on the loop and never block. The handler answers at once, or parks the request:
 * then the request with its arena belongs to whoever it was handed to, who fills in the reply from
 * any thread and calls request_done(). Exactly one reply a request; a client that went away
 * meanwhile is the server's business, not the handler's. One that has only closed its sending half
 * still gets its answer.
 *
 * One request at a time on a connection; pipelined ones wait unread. Every cap of base/limits.h
 * that is about requests is kept here, with its answer. What llhttp refuses, two spaces in
 * a request line, a missing or doubled Host, and a request that is both chunked and has a
 * Content-Length are 400, and the connection closes. OPTIONS * is answered here, with 204. */
#pragma once

#include "base/address.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/problem.h"

struct http_server;
struct http_loop;

enum http_method {
    HTTP_OTHER = 0, /* a method that no route has */
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
};

str http_method_name(enum http_method method);

struct http_header {
    str name;  /* as sent; compare with str_equal_nocase() */
    str value; /* without white space around it */
};

/* Work for a loop, posted by http_loop_post(); `run` is called on the loop. */
struct http_task {
    struct message link; /* first */
    void (*run)(struct http_task *task, struct http_loop *loop);
};

struct reply {
    int status;
    str content_type;
    str body;    /* must live as long as the request's arena, or for ever */
    str headers; /* more header lines, each ended by \r\n; may be empty */
    bool close;  /* end the connection behind it */
};

#define REQUEST_ID_MAX 64

struct request {
    struct arena arena; /* everything of this request; reset when its reply is on its way */
    struct http_loop *loop;
    enum http_method method;
    str method_text;
    str target; /* as sent */
    str path;   /* the target's path, still percent-encoded */
    str query;  /* behind '?', still encoded; without it */
    const struct http_header *headers;
    int header_count;
    str body;              /* whole in on_request, empty in on_head */
    int64_t body_length;   /* Content-Length, or −1 when chunked; 0 without a body */
    int64_t max_body;      /* on_head may set it; starts as limits.api_body */
    struct address client; /* the sender, as a trusted proxy tells it, else the peer */
    bool secure;           /* came by TLS, to us or to a trusted proxy */
    str id;                /* the request's id: for the log and the X-Request-Id header */
    int64_t started_us;    /* monotonic */
    void *user;            /* the handler's own, for parked requests */
    struct reply reply;
    struct http_task done; /* the server's own */
};

struct http_handler {
    /* False: refused; the reply is filled in, the body is not read (and the connection closes when
     * one is on its way). May be NULL. */
    bool (*on_head)(struct request *request, void *context);
    /* True: the reply is filled in. False: parked; someone calls request_done() later. */
    bool (*on_request)(struct request *request, void *context);
    /* The server refuses the request by itself, before it is whole: what it answers is `problem`.
     * What is known of the request is only as far as it was read; on_head may have seen it, or not.
     * True: the reply is filled in. False: parked. The connection closes behind it. May be NULL. */
    bool (*on_refused)(struct request *request, const struct problem *problem, void *context);
    /* After the reply was handed to the socket (or the client was gone: status 499): for the access
     * log and metrics. On the loop. May be NULL. Also called for what the server refused by itself,
     * whose method, path and headers are only as far as they were read. */
    void (*on_end)(const struct request *request, int status, int64_t micros, void *context);
    /* Each loop at its start and end, on its thread; returns / is given the loop's `user`. */
    void *(*on_loop_start)(struct http_loop *loop, int index, void *context);
    void (*on_loop_end)(struct http_loop *loop, void *user, void *context);
    void *context;
};

struct http_options {
    str listen; /* "127.0.0.1:8080", "[::]:443", "0.0.0.0:0"; port 0 lets the system choose */
    int loops;
    str tls_cert_file; /* PEM chain; empty: no TLS */
    str tls_key_file;
    struct cidr_list trusted_proxies; /* whose X-Forwarded-For and X-Forwarded-Proto count */
    const struct limits *limits; /* borrowed, like the ranges above, until the server is freed */
    const struct log *log;
    /* 0: 10 s from the first byte, or from the connection, to the whole header block. */
    int64_t head_timeout_ms;
    /* 0: 30 s without any progress, and never below 1 KiB/s over twice that time. */
    int64_t body_timeout_ms;
    int64_t idle_timeout_ms;  /* 0: 75 s between requests */
    int64_t write_timeout_ms; /* 0: 30 s in which the sender takes nothing of a reply */
};

/* Binds and starts the loops. On failure (address in use, bad certificate) `reterr` says which and
 * why. */
MUST_USE int http_server_start(const struct http_options *options,
                               const struct http_handler *handler, struct arena *arena,
                               struct http_server **ret_server, struct problem *reterr);

/* The port that is really listened on. */
int http_server_port(const struct http_server *server);

int http_server_loops(const struct http_server *server);
struct http_loop *http_server_loop(const struct http_server *server, int index);

/* Reads certificate and key anew; connections that stand keep the old ones. On failure the old ones
 * stay in use and `reterr` says why. Any thread. */
MUST_USE int http_server_reload_tls(struct http_server *server, struct arena *arena,
                                    struct problem *reterr);

/* Accepts no more and closes idle connections; requests under way are answered (Connection: close).
 * Any thread. */
void http_server_drain(struct http_server *server);

/* Connections that are still there: 0 when drained. Any thread. */
int http_server_connections(const struct http_server *server);

/* Bytes of bodies being received now. Any thread. */
int64_t http_server_body_bytes(const struct http_server *server);

/* Ends the loops; connections that are left are cut. No request may be parked any more. */
void http_server_free(struct http_server *server);

/* Any thread. Tasks of one thread arrive in order. */
void http_loop_post(struct http_loop *loop, struct http_task *task);

/* What on_loop_start returned. The loop's thread only. */
void *http_loop_user(const struct http_loop *loop);

/* Parked requests: any thread, once. */
void request_done(struct request *request);

/* NULL: absent. A header that came more than once gives its first. */
const str *request_header(const struct request *request, str name);
/* How often it came. */
int request_header_count(const struct request *request, str name);

/* The decoded value of the first `name=` of the query; false: absent. '+' is a space. A value that
 * does not decode reads as absent with *ret_bad set. */
MUST_USE bool request_query(struct request *request, str name, str *ret_value, bool *ret_bad);

/* How often `name` is in the query. */
int request_query_count(struct request *request, str name);

/* Fills in the reply; headers that were added before stay. */
void request_reply(struct request *request, int status, str content_type, str body);
void request_reply_json(struct request *request, int status, str body);

/* application/problem+json (RFC 9457): {"type": "/problems/SLUG", "title", "status", "detail",
 * "requestId", "errors": [{"pointer", "field", "code", "message"}]}, and Retry-After. */
void request_reply_problem(struct request *request, const struct problem *problem);

/* Adds one header line to the reply; value must hold no CR, LF or NUL (asserted). */
void request_add_header(struct request *request, str name, str value);

/* http/router: patterns as "/api/v1/webhooks/{id}/ping"; a {name} takes one segment. Immutable once
 * built; any thread may look up. */
#define ROUTE_PARAMETERS_MAX 4

struct router;

struct router *router_new(void);
void router_free(struct router *router);

/* `route` is returned by finds; asserts that no two patterns clash. */
void router_add(struct router *router, enum http_method method, str pattern, const void *route);

struct route_match {
    const void *route;                    /* NULL: none */
    str parameters[ROUTE_PARAMETERS_MAX]; /* in the order of the pattern, still percent-encoded */
    int parameter_count;
    unsigned allowed; /* bits 1 << method that the path has; all of them when route is NULL */
};

/* HEAD finds GET's route where it has none of its own. */
struct route_match router_find(const struct router *router, enum http_method method, str path);
