/* SPDX-License-Identifier: MIT
 * delivery/exchange.h: one HTTP request and its answer: what sender_http.c does, and what explain.c
 * puts into words. Plain data. */
#pragma once

#include "base/buf.h"
#include "delivery/egress.h"
#include "delivery/url.h"

/* How it ended. */
enum exchange_end {
    EXCHANGE_BROKEN = 0,    /* anything not named below: `detail` says what */
    EXCHANGE_ANSWERED,      /* a whole answer; its status says what it is worth */
    EXCHANGE_NO_URL,        /* there is no URL that can be read */
    EXCHANGE_NO_NAME,       /* the host has no address; `detail` says why */
    EXCHANGE_BLOCKED,       /* the egress guard refused all its addresses */
    EXCHANGE_REFUSED,       /* nothing listens there */
    EXCHANGE_UNREACHABLE,   /* no route to it */
    EXCHANGE_NO_CONNECTION, /* no connection within its time */
    EXCHANGE_NO_ANSWER,     /* connected, and no whole answer within its time */
    EXCHANGE_EMPTY,         /* closed without an answer */
    EXCHANGE_KEPT_CLOSED,   /* a kept connection turned out closed before an answer */
    EXCHANGE_RESET,         /* broken off while sending or receiving */
    EXCHANGE_CUT,           /* the answer ended before its stated length */
    EXCHANGE_TOO_LARGE,     /* more answer than is read */
    EXCHANGE_HEAD_TOO_LARGE,
    EXCHANGE_NOT_HTTP,
    EXCHANGE_TLS,         /* no TLS connection; `detail` says why */
    EXCHANGE_CERTIFICATE, /* the certificate is not good for this host */
    EXCHANGE_STOPPED,     /* the hub stopped */
};

struct exchange {
    /* What to do: the caller's. */
    struct target *target;
    struct curl_slist *headers;
    struct curl_slist *pin; /* CURLOPT_RESOLVE; NULL: the host is an address */
    str body;
    struct arena *arena; /* for what comes back */
    bool fresh;          /* on a connection of its own */

    /* What came of it. Views are in the arena. */
    enum exchange_end end;
    str detail;
    str request_head;
    int status;        /* 0: none */
    str response_head; /* of the final answer, without the empty line */
    str response_body; /* what is kept of it */
    int64_t response_length;
    str retry_after;
    str location;
    struct egress_refusal refusal;
    bool refused; /* by the egress guard: an address of it, or all */

    /* The sender's own. */
    struct line *line;
    struct buf request, head, body_kept;
    size_t head_bytes; /* of all heads: interim answers, trailers */
    int requests;      /* how many libcurl began */
    bool tls_begun;    /* the connection is there */
    bool head_done;
    bool head_over;
    bool body_over;
    struct exchange *next;
};
