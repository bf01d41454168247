/* SPDX-License-Identifier: MIT
 * http/internal.h: what the files of the server share: loops, connections, exchanges.
 *
 * Everything here belongs to the thread of one loop, except where it says "any thread". */
#pragma once

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/id.h"
#include "base/list.h"
#include "http/http.h"
#include "http/parse.h"

struct connection;
struct exchange;

/* Why a connection waits. All that wait for one reason wait equally long, so each list is in order.
 */
enum timeout {
    TIMEOUT_NONE = 0, /* the answer is being made: that takes as long as it takes */
    TIMEOUT_HEAD,
    TIMEOUT_BODY,
    TIMEOUT_IDLE,
    TIMEOUT_WRITE,
    TIMEOUT_LINGER,
    TIMEOUT_COUNT,
};

struct timeouts {
    struct list lists[TIMEOUT_COUNT]; /* of connections; the first is due first */
    uint64_t armed_ms;                /* when the timer fires; UINT64_MAX: it is not armed */
};

/* One read takes at most READ_BUFFER of a body. Otherwise it takes READ_AHEAD, since what is behind
 * a request that is being answered has to be kept. */
#define READ_BUFFER ((size_t)64 << 10)
#define READ_AHEAD ((size_t)16 << 10)

/* Plain bytes of the largest TLS record. */
#define TLS_RECORD ((size_t)16 << 10)

/* Nearly every reply's head fits; a longer one is built in the request's arena. */
#define HEAD_SCRATCH 2048

#define DATE_LEN 29

struct http_loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_timer_t timer;
    uv_tcp_t listener;
    struct mailbox box; /* of struct http_task */
    struct http_server *server;
    uv_thread_t thread;
    int index;
    void *user;
    struct timeouts timeouts;
    struct exchange *spare; /* recycled exchanges, a chain */
    int spare_count;
    int connection_count;
    int connection_share; /* of limits.connections */
    bool accept_waits;    /* a sender is at the door, and the share is used up */
    bool draining;
    uint64_t next_request; /* counts on; what request ids are drawn from */
    int64_t date_s;
    char date[DATE_LEN];
    SSL_CTX *tls;          /* for new connections; NULL: no TLS */
    BIO_METHOD *tls_bio;   /* OpenSSL's way to tls_input and tls_output */
    str tls_input;         /* of the connection that is being read */
    struct buf tls_output; /* of the connection in hand; empty in between */
    struct arena tls_arena;
    struct http_task stop_task;
    struct http_task drain_task;
    char head[HEAD_SCRATCH];
    char record[TLS_RECORD];                  /* head and body of a reply, to be encrypted */
    char plain[READ_BUFFER + 2 * TLS_RECORD]; /* what was decrypted */
    char input[READ_BUFFER];
};

struct http_server {
    struct http_handler handler;
    const struct limits *limits;
    const struct log *log;
    struct cidr_list trusted_proxies;
    char *cert_file; /* NULL: no TLS */
    char *key_file;
    uint64_t timeouts_ms[TIMEOUT_COUNT];
    int port;
    int loop_count;
    struct http_loop **loops;
    uv_sem_t started;
    atomic_int connections;     /* any thread */
    _Atomic int64_t body_bytes; /* any thread */
    atomic_bool draining;       /* any thread */
};

/* IDLE → HEAD → BODY → PARKED → WRITING → IDLE …     a reply that is ready at once skips PARKED,
 *                  └─────┴──────────┴───→ LINGER      one that the socket takes whole skips WRITING
 * CLOSED follows any of them. */
enum connection_state {
    CONNECTION_IDLE = 0, /* no byte of a request yet */
    CONNECTION_HEAD,
    CONNECTION_BODY,
    CONNECTION_PARKED,  /* someone else makes the answer */
    CONNECTION_WRITING, /* the socket takes no more for now */
    CONNECTION_LINGER,  /* the last answer is out; what still comes is thrown away */
    CONNECTION_CLOSED,
};

struct connection {
    uv_tcp_t tcp;
    struct list link; /* in timeouts.lists[timeout] */
    uint64_t due_ms;
    struct http_loop *loop;
    struct exchange *exchange; /* NULL when idle, lingering or closed */
    SSL *tls;                  /* NULL: none */
    char *held;                /* what was read while a request was being answered, or NULL */
    str pending;               /* the part of it that is still to be read */
    struct address peer;
    enum connection_state state;
    enum timeout timeout;
    uint32_t discarded; /* bytes, while lingering */
    int loose_writes;   /* of connection_send(), on their way */
    bool trusted;       /* the peer is a trusted proxy */
    bool read_stopped;
    bool input_ended; /* the sender sends no more, and may still read */
    bool has_unread;  /* something of the request was left unread: close by lingering */
};

/* One request and its reply. */
struct exchange {
    struct request request;
    struct exchange *next;         /* among the spare ones */
    struct connection *connection; /* NULL: gone */
    int64_t charged;               /* of server->body_bytes */
    uint64_t window_start_ms;      /* of the body's least rate */
    uint64_t window_bytes;
    uv_buf_t rest[2];  /* of the reply: head, body */
    size_t write_left; /* when last looked at */
    uv_write_t write;
    bool head_waited; /* the head did not come whole at once: its timeout runs */
    bool closes;      /* the connection ends behind it */
    bool handed;      /* the handler has seen it: it must hear of its end */
    bool parked;      /* someone else has it: it must not go before that one is done */
    char id_text[ID_TEXT_MAX];
    struct parse parse; /* last: most of it is left as it is from request to request */
};

/* exchange.c */
struct exchange *exchange_begin(struct connection *connection);
/* Tells the handler, and recycles. `status` is what was sent, or 499. */
void exchange_end(struct exchange *exchange, int status);
/* False: limits.bodies_in_flight is reached. */
MUST_USE bool exchange_charge(struct exchange *exchange);
void exchange_discharge(struct exchange *exchange);
void exchange_free_spare(struct http_loop *loop);

/* sender.c: who sent it, whether by TLS, and the request's id, from the peer and what it may say.
 */
void sender_learn(struct request *request, const struct connection *connection);

/* connection.c */
void connection_accept(struct http_loop *loop);
void connection_adopt(struct http_loop *loop, uv_os_sock_t socket);
/* When the answer is out: reads on where it left off. */
void connection_resume(struct connection *connection);
void connection_close(struct connection *connection);
void connection_timed_out(struct connection *connection);

/* answer.c */
/* Writes the reply of the connection's exchange; the state says how far it came. */
void answer(struct connection *connection);
void answer_problem(struct connection *connection, const struct problem *problem);
/* Someone else makes the answer, and calls request_done(). */
void answer_park(struct connection *connection);
void answer_welcome(struct connection *connection);
/* The same for a request that was parked, by its task. */
void answer_parked(struct http_task *task, struct http_loop *loop);
/* Since it was last asked, the other side took some of it. */
bool answer_moves(struct connection *connection);
/* Bytes for the socket as they are, copied where it does not take them at once. */
void connection_send(struct connection *connection, str bytes);

/* head_write.c: the reply's status line and headers. */
bool reply_has_body(int status);
/* Bytes that reply_head_write() needs, or more. */
size_t reply_head_size(const struct request *request);
/* `connection_header` is a whole line, or empty. Returns the end. */
char *reply_head_write(const struct request *request, const char *date, str connection_header,
                       char *to);
/* Writes DATE_LEN bytes, no NUL. */
void date_write(int64_t unix_s, char *to);

/* timeouts.c */
void timeouts_init(struct http_loop *loop);
void timeouts_set(struct connection *connection, enum timeout timeout);
/* All connections there are, each once. */
void timeouts_each(struct http_loop *loop, void (*visit)(struct connection *connection));

/* tls.c */
MUST_USE int tls_context_new(const char *cert_file, const char *key_file, struct arena *arena,
                             SSL_CTX **ret_context, struct problem *reterr);
BIO_METHOD *tls_bio_new(void);
MUST_USE bool tls_begin(struct connection *connection);
/* < 0: the connection is of no more use (the reason, as an alert, is sent already). `ret_plain` is
 * in loop->plain. */
MUST_USE int tls_receive(struct connection *connection, str bytes, str *ret_plain);
void tls_send(struct connection *connection, str plain);
void tls_end(struct connection *connection);

/* loop.c */
MUST_USE struct http_loop *loop_new(struct http_server *server, int index);
/* Takes a reference to `context` over. */
void loop_use_tls(struct http_loop *loop, SSL_CTX *context);
void loop_free(struct http_loop *loop);
void loop_run(void *loop);
const char *loop_date(struct http_loop *loop);
void loop_log(const struct http_loop *loop, enum log_level level, const char *message, str reason);

/* listen.c */
struct listen_address {
    struct sockaddr_storage socket;
    bool shared; /* each loop has a socket of its own on the same port */
};

MUST_USE bool listen_address_read(str text, struct listen_address *ret_address);
/* Nobody else listens there; with SO_REUSEPORT the system would not tell. */
MUST_USE int listen_probe(const struct listen_address *address);
MUST_USE int listen_start(struct http_loop *loop, struct listen_address *address);
