/* SPDX-License-Identifier: MIT
 * model/outlet.h: how an outlet is delivered to, of whatever kind it is. Its policy says when and
 * in which order, its transport how a request travels. Plain and immutable; views borrow from the
 * object they belong to. */
#pragma once

#include "base/str.h"

/* ── policy ── */

enum outlet_order {
    ORDER_NONE = 0,
    ORDER_SUBJECT, /* deliveries about one record never overtake each other */
    ORDER_STRICT,  /* one at a time */
};

/* What a dead delivery does to those behind it, where there is an order. */
enum on_dead { ON_DEAD_PAUSE = 0, ON_DEAD_CONTINUE };

struct retry_policy {
    str name;                 /* "webhook", "postback"; empty: the outlet's own */
    const int64_t *delays_ms; /* one a retry, the last goes on; NULL: exponential */
    int delay_count;
    int64_t first_ms; /* exponential: this, doubled at each retry up to `cap_ms` */
    int64_t cap_ms;
    int retries;        /* how many; 0: without end */
    int jitter_percent; /* each delay is drawn from so much below to so much above */
};

/* 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, ±20 %, then dead. */
extern const struct retry_policy retry_webhook;
/* From 30 s, doubled up to 15 min, ±20 %, without end. */
extern const struct retry_policy retry_postback;
/* By its name, or NULL. */
const struct retry_policy *retry_find(str name);

struct outlet_policy {
    enum outlet_order order;
    enum on_dead on_dead;
    int concurrency;         /* attempts under way at once; 0: the hub's (8) */
    int64_t rate_per_minute; /* attempts; 0: no limit */
    int64_t delay_ms;        /* between an event and its first attempt */
    struct retry_policy retry;
};

/* ── transport ── */

/* The last two are of export profiles alone. */
enum request_method { REQUEST_POST = 0, REQUEST_PUT, REQUEST_PATCH, REQUEST_GET, REQUEST_DELETE };

struct header_line {
    str name;
    str value;
    bool secret; /* shown masked */
};

enum credential_kind {
    CREDENTIAL_NONE = 0,
    CREDENTIAL_BASIC,  /* RFC 7617 */
    CREDENTIAL_BEARER, /* RFC 6750 */
    CREDENTIAL_OAUTH2, /* client credentials, RFC 6749 §4.4 */
};

struct credential {
    enum credential_kind kind;
    str username; /* basic */
    str password;
    str token;     /* bearer */
    str token_url; /* oauth2 */
    str client_id;
    str client_secret;
    str scope;    /* may be empty */
    str audience; /* may be empty: not in the RFC, and asked for by several */
    bool in_body; /* client_id and client_secret in the body instead of Basic (RFC 6749 §2.3.1) */
};

/* Texts are secrets as far as they can be: never logged. */
struct transport {
    enum request_method method;
    bool http1; /* else HTTP/2 where ALPN agrees on it (RFC 7301, RFC 9113) */
    const struct header_line *headers;
    int header_count;
    struct credential credential;
    str certificate; /* PEM: the hub's own towards the target, with its chain; empty: none */
    str private_key; /* PEM */
    str authorities; /* PEM: trusted for this target instead of the system's; empty: those */
    str proxy;       /* URL of a forward proxy, with its credentials; empty: none */
    int64_t connect_timeout_ms; /* 0: the hub's */
    int64_t timeout_ms;         /* of the whole exchange; 0: the hub's */
};

/* In every member; headers in their order. */
bool transport_equal(const struct transport *a, const struct transport *b);
