/* SPDX-License-Identifier: MIT
 * delivery/exchange.h: one HTTP request and its answer, or one file for a file server: what
 * sender_http.c and sender_upload.c do, and what explain.c puts into words. Plain data.
 *
 * The caller looks names up: the target's, or with a proxy the proxy's alone, whose addresses stand
 * in the pin then ("+proxy.example:3128:192.0.2.1"). A target's name behind a proxy is the proxy's
 * affair; an address in the target's URL is judged by the egress guard all the same.
 *
 * `headers` are sent as they stand. One with a name that the sender has a header of its own for
 * (User-Agent, Content-Type, Accept, Host) takes its place, so a caller replaces User-Agent by
 * giving "User-Agent: X"; "Name:" without a value has the header left out, "Name;" sends it empty.
 * What the caller gives twice is sent twice. Over HTTP/2 names are sent in lower case; the request
 * that is shown is libcurl's own form of it: "POST /path HTTP/2", "Host:", and the headers. */
#pragma once

#include "base/buf.h"
#include "delivery/egress.h"
#include "delivery/upload.h"
#include "delivery/url.h"
#include "model/outlet.h"

/* How it ended. */
enum exchange_end {
    EXCHANGE_BROKEN = 0,    /* anything not named below: `detail` says what */
    EXCHANGE_ANSWERED,      /* a whole answer; its status says what it is worth */
    EXCHANGE_NO_URL,        /* there is no URL that can be read */
    EXCHANGE_NO_NAME,       /* the host has no address; `detail` says why */
    EXCHANGE_BLOCKED,       /* the egress guard refused all its addresses, or the proxy's */
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
    EXCHANGE_HTTP2,              /* HTTP/2 went wrong, or the target took no request by it */
    EXCHANGE_TLS,                /* no TLS connection; `detail` says why */
    EXCHANGE_CERTIFICATE,        /* the certificate is not good for this host: `verify` */
    EXCHANGE_CLIENT_CERTIFICATE, /* the target wants one of ours, or not this one */
    EXCHANGE_OWN_CERTIFICATE,    /* the transport's certificate and key cannot be used */
    EXCHANGE_AUTHORITIES,        /* the transport's authorities cannot be used */
    EXCHANGE_PROXY_NO_URL,       /* the transport has a proxy, and the exchange none */
    EXCHANGE_PROXY_NO_NAME,      /* the caller's to say, as EXCHANGE_NO_NAME is */
    EXCHANGE_PROXY_REFUSED,      /* nothing listens at the proxy */
    EXCHANGE_PROXY_UNREACHABLE,  /* no connection to it, or no answer to CONNECT, in time */
    EXCHANGE_PROXY_TLS,          /* no TLS connection to it; `detail` says why */
    EXCHANGE_PROXY_CREDENTIALS,  /* it asks for others: 407 */
    EXCHANGE_PROXY_STATUS,       /* it answered CONNECT with `proxy_status` */
    EXCHANGE_PROXY_BROKEN,       /* anything else before the target was reached: `detail` */
    EXCHANGE_NO_TOKEN,           /* the caller's to say and to explain: no access token */
    /* Of uploads alone; what the server said is in `detail`. */
    EXCHANGE_LOGIN,              /* the login is refused */
    EXCHANGE_HOST_KEY,           /* none of the pinned host keys is the server's: `server_keys` */
    EXCHANGE_NO_AUTH_TLS,        /* the server does not take AUTH TLS */
    EXCHANGE_NO_DIRECTORY,       /* there is none, or none can be made */
    EXCHANGE_NO_PERMISSION,      /* to write there */
    EXCHANGE_DISK_FULL,          /* or a quota used up */
    EXCHANGE_NO_DATA_CONNECTION, /* ftp's second one */
    EXCHANGE_NOT_STORED,         /* anything else that the server says no to */
    EXCHANGE_NOT_RENAMED,        /* the whole file is there under its temporary name */
    EXCHANGE_NO_FILE,            /* the file to send cannot be read */
    EXCHANGE_FILE_GONE,          /* nor can it ever be */
    EXCHANGE_STOPPED,            /* the hub stopped */
};

/* Whom sender_take() gives it back to. */
enum exchange_owner { EXCHANGE_OF_DISPATCH = 0, EXCHANGE_OF_TOKEN };

/* How far an upload has come: what is being done. */
enum upload_phase {
    UPLOAD_CONNECT = 0,
    UPLOAD_LOGIN, /* from the greeting on */
    UPLOAD_OPEN,  /* the directory, ftp's data connection, the temporary file */
    UPLOAD_SEND,
    UPLOAD_CONFIRM, /* all bytes are out */
    UPLOAD_RENAME,
};

/* When a phase was over, since the exchange began; 0: there was none, as with a connection that was
 * kept. */
struct exchange_timing {
    int64_t name_us; /* the caller's look-up: the caller's to set, before sender_start() */
    int64_t connect_us;
    int64_t tls_us;
    int64_t sent_us;       /* the request's head is out, and what fitted of its body */
    int64_t first_byte_us; /* of the answer */
    int64_t whole_us;
};

struct exchange {
    /* What to do: the caller's. */
    enum exchange_owner owner;
    struct target *target;
    const struct transport *transport; /* borrowed; NULL: all zero */
    enum request_method method;        /* POST: the transport's */
    const char *request_target;        /* target_request(); NULL: the URL's own */
    struct target *proxy;              /* what target_new() makes of the transport's; or NULL */
    struct curl_slist *headers;
    struct curl_slist *pin; /* CURLOPT_RESOLVE; NULL: the host to connect to is an address */
    str body;
    const struct upload *upload; /* a file instead of a request; NULL: a request */
    struct arena *arena;         /* for what comes back */
    bool fresh;                  /* on a connection of its own */
    size_t kept_max;             /* of the answer's body; 0: the hub's response_kept */

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
    bool refused;      /* by the egress guard: an address of it, or all */
    bool behind_proxy; /* what was refused is the target's address, not the proxy's */
    bool late;         /* it ran out of time */
    bool reused;       /* on a kept connection */
    bool sent;         /* all of the request */
    struct exchange_timing timing;
    struct address remote; /* connected to, or tried last; family 0: none */
    int http_version;      /* of the answer: 10, 11, 20; 0: none */
    int proxy_status;      /* of the proxy's answer to CONNECT, or its 407; 0: none */
    bool tunnelled; /* by way of a proxy that sees nothing of it: what answers is the target */
    long verify;    /* X509_V_… of the peer's certificate */
    int alert;      /* the TLS alert that the peer sent (RFC 8446 §6); 0: none */
    bool certificate_asked; /* the peer asked for a certificate of ours */
    bool certificate_told;  /* it was sent ours, or that there is none */
    /* Of an upload: request_head holds the commands, response_head the replies, without the
     * password; status is ftp's last reply. */
    enum upload_phase phase;
    int64_t uploaded;  /* bytes of the file that are out */
    str server_keys;   /* "SHA256:… (ED25519), …", as far as the server was asked for them */
    str login_methods; /* that an sftp server takes: "publickey,password" */

    /* The sender's own. */
    struct upload_run *run;
    struct line *line;
    struct buf request, head, body_kept;
    size_t head_bytes; /* of all heads: interim answers, trailers */
    int requests;      /* how many libcurl began */
    int64_t began_us;  /* monotonic */
    bool opened;       /* a socket, for the first request */
    bool tls_begun;    /* the connection is there */
    bool head_done;
    bool head_over;
    bool body_over;
    struct exchange *next;
};

/* What the transport says, or else the hub's. */
static inline int64_t exchange_connect_ms(const struct exchange *exchange, int64_t hub_ms)
{
    const struct transport *transport = exchange->transport;
    bool own = transport != NULL && transport->connect_timeout_ms > 0;
    return own ? transport->connect_timeout_ms : hub_ms;
}

static inline int64_t exchange_whole_ms(const struct exchange *exchange, int64_t hub_ms)
{
    const struct transport *transport = exchange->transport;
    bool own = transport != NULL && transport->timeout_ms > 0;
    return own ? transport->timeout_ms : hub_ms;
}
