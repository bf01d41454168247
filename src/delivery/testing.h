/* SPDX-License-Identifier: MIT
 * delivery/testing.h: what the tests of this folder share: a receiver that misbehaves as its paths
 * say, a name server with a script, and a bed that stands for committer and store. For tests only.
 */
#pragma once

#include <pthread.h>

#include "base/test_certificates.h"
#include "base/testing.h"
#include "delivery/internal.h"

/* ── receiver: HTTP on a loopback port; the path says what it does ──
 * /ok                 200, a small body, the connection is kept
 * /status/NNN         that status; /status/NNN/R with "Retry-After: R"
 * /redirect           302 to http://elsewhere.test/new
 * /hang               reads the request and never answers
 * /empty              closes without an answer
 * /reset, /cut        resets at once; resets in the middle of a body
 * /short              states a longer body than it sends
 * /trickle            a byte each 50 ms, without end
 * /large/N            200 with N bytes; /endless: never ends
 * /heads              header lines without end; /interim: 100 and 103 before the 200, and trailers
 * /binary             a body that is not UTF-8
 * /once               200, and closes when a second request comes on the same connection
 * /closing            200, and closes at once, without saying so
 * /nonsense           no HTTP
 * /slow/N             200 after N ms
 * /flaky              500 for the first two requests of all, then 200
 * /token/S            a token for S seconds: token-1 for the first of all requests to /token…, and
 * so on /token-slow         a token for an hour, after 50 ms /token-bad/N        400 to the first N
 * requests for tokens, then tokens for an hour /token-hang/N       no answer from the N-th on
 * /guarded/N          200 for token-N and later ones, else 401
 * /fickle             200, or in the midst of a kept connection no answer; then mostly closes */
struct received {
    str head; /* with the empty line */
    str body;
    int connection; /* from 1 */
    int64_t at_us;
};

struct receiver;

struct receiver_options {
    bool tls;
    const char *certificate; /* PEM files */
    const char *key;
    const char *address;          /* NULL: 127.0.0.1 */
    const char *greeting;         /* sent before anything is read, in the clear; NULL: none */
    const char *client_authority; /* PEM file: a certificate by it is asked for; NULL: none is */
    int tls_version;              /* the newest it speaks, as OpenSSL numbers them; 0: any */
    /* As a proxy: "CONNECT host:port" leads to that port of 127.0.0.1, and a whole URL as the path
     * is answered as its path is. */
    int connect_status;      /* what CONNECT is answered with instead; 0: 200 and a tunnel */
    const char *credentials; /* what Proxy-Authorization must be, or 407; NULL: anything */
};

struct receiver *receiver_new(const struct receiver_options *options);
void receiver_free(struct receiver *receiver);
int receiver_port(const struct receiver *receiver);
int receiver_count(struct receiver *receiver);
int receiver_connections(struct receiver *receiver);
/* The most requests that were being answered at one time. */
int receiver_most_at_once(struct receiver *receiver);
/* A copy of the index-th request, from 0; it lives as long as the receiver. */
int receiver_tokens(struct receiver *receiver); /* that were asked for */
struct received receiver_get(struct receiver *receiver, int index);

/* ── HTTP/2 over TLS on a loopback port, with a script ── */
enum h2_script {
    H2_ANSWER = 0,     /* 200 and "ok" */
    H2_REFUSE,         /* REFUSED_STREAM to each request */
    H2_REFUSE_SECOND,  /* to the second of a connection */
    H2_WANT_HTTP1,     /* HTTP_1_1_REQUIRED */
    H2_GO_AWAY_SECOND, /* takes the second, says GOAWAY and that it was not taken, and closes */
    H2_CLOSE_SECOND,   /* takes the second, and closes */
    H2_NONSENSE,       /* answers with a frame that breaks the rules */
    H2_ABORT,          /* begins an answer, and ends the stream with INTERNAL_ERROR */
};

struct h2_receiver;

struct h2_receiver *h2_receiver_new(const struct certificates *certificates, enum h2_script script);
void h2_receiver_free(struct h2_receiver *receiver);
int h2_receiver_port(const struct h2_receiver *receiver);
int h2_receiver_connections(struct h2_receiver *receiver);
/* Whole requests. */
int h2_receiver_count(struct h2_receiver *receiver);
/* How many of them had that body. */
int h2_receiver_bodies(struct h2_receiver *receiver, str body);

/* ── name server: UDP on a loopback port ──
 * good.test           127.0.0.1            v6.test        ::1 alone
 * private.test        10.0.0.1             both.test      10.0.0.1 and 127.0.0.1
 * metadata.test       169.254.169.254      mapped.test    ::ffff:10.0.0.1
 * changing.test       127.0.0.1, from the second question on 10.0.0.1; TTL 0
 * silent.test         never answers        half.test      answers for A alone
 * broken.test         SERVFAIL             anything else  NXDOMAIN */
struct name_server;

struct name_server *name_server_new(void);
void name_server_free(struct name_server *server);
int name_server_port(const struct name_server *server);
/* How many questions for that name's A it has seen. */
int name_server_asked(struct name_server *server, const char *name);

/* ── bed: couriers, and what they stand on ── */
struct record {
    struct delivery before, after;
    struct attempt attempt; /* texts are copies */
    str disable_reason;
    bool has_state; /* of the outlet, to be remembered */
    struct outlet_state state;
};

struct bed {
    struct couriers *couriers;
    struct couriers_options options;
    struct limits limits;
    struct clock clock;
    struct log log;
    struct seal_key seal_key;
    /* Its committer's thread. */
    pthread_t thread;
    struct mailbox mailbox;
    struct waker waker;
    atomic_bool stopping;
    /* Below: under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct arena arena;
    struct record *records;
    int count, room;
    int refuse; /* so many results are answered as not stored */
    int hold;   /* > 0: results are taken and not answered */
    struct operation *held;
    struct work_item *work; /* unfinished, by id */
    int work_count, work_room;
    int64_t next_id;
    int pages_read;
    bool fail_reads;
    int slow_read_ms;
};

/* Fills options with what tests want: one courier, loopback allowed, short timeouts. Change what is
 * to differ, then bed_start(). */
void bed_init(struct bed *bed);
void bed_start(struct bed *bed);
void bed_done(struct bed *bed);

struct webhook_text {
    int64_t id;
    const char *url;
    enum outlet_status status;
    enum webhook_format format;
    const char *secret;                  /* NULL: not signed */
    const struct credential *credential; /* NULL: none */
    const char *certificate, *key;       /* PEM, of the hub towards the target; NULL: none */
};

void bed_webhook(struct bed *bed, const struct webhook_text *text);
/* Commits a delivery and hands it over. Returns its id. */
int64_t bed_deliver(struct bed *bed, int64_t outlet, const char *data);
/* Only commits it, or only hands over what is committed. */
int64_t bed_commit(struct bed *bed, int64_t outlet, const char *data);
void bed_hand_over(struct bed *bed, int64_t id, bool manual);
/* Waits until there are so many records; fails after 10 s. Returns the index-th, from 0. */
void bed_wait(struct bed *bed, int count);
struct record bed_record(struct bed *bed, int index);
/* Waits until nothing is under way. */
void bed_settle(struct bed *bed);
int bed_count(struct bed *bed);
void bed_advance(struct bed *bed, int64_t ms);

char *url_at(struct bed *bed, int port, const char *path);
