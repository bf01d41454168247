/* SPDX-License-Identifier: MIT
 * Invariants: (1) a text for every end that is no success, and for no other; (2) what a target sent
 * comes into it cut short and as printable ASCII; (3) no secret comes into it: of a proxy its host
 * and port, of an exchange nothing that was sent. */
#include "delivery/explain.h"

#include <openssl/x509_vfy.h>

#include "base/buf.h"

#define QUOTED_MAX 200
#define ALERT_PROTOCOL_VERSION 70 /* RFC 8446 §6.2 */

/* What others wrote: a header, a message of the TLS library. */
str explain_printable(str text, struct arena *arena)
{
    bool cut = text.len > QUOTED_MAX;
    text = str_head(text, QUOTED_MAX);
    struct buf buf;
    buf_init(&buf, arena, QUOTED_MAX + 8);
    for (size_t i = 0; i < text.len; i++)
        buf_char(&buf, text.ptr[i] >= ' ' && text.ptr[i] < 0x7f ? text.ptr[i] : '?');
    if (cut)
        buf_add(&buf, STR("…"));
    return buf_str(&buf);
}

str explain_seconds(int64_t ms, struct arena *arena)
{
    if (ms % 1000 == 0)
        return arena_format(arena, "%lld s", (long long)(ms / 1000));
    return arena_format(arena, "%lld ms", (long long)ms);
}

/* Of the time for a connection, which ends with that for the whole. */
static str connect_limit(const struct exchange *exchange, const struct explain_limits *limits,
                         struct arena *arena)
{
    int64_t connect_ms = exchange_connect_ms(exchange, limits->connect_timeout_ms);
    int64_t whole_ms = exchange_whole_ms(exchange, limits->whole_timeout_ms);
    return explain_seconds(whole_ms > 0 ? MIN_OF(connect_ms, whole_ms) : connect_ms, arena);
}

static str explain_redirect(const struct exchange *exchange, struct arena *arena)
{
    if (exchange->location.len == 0)
        return arena_format(arena,
                            "The target answered %d, a redirect that says not where to. Junctor "
                            "does not follow redirects: change the endpoint's URL",
                            exchange->status);
    /* Reasons are stored in the clear, and a token travels in the query. */
    str location = exchange->location;
    location = str_cut(&location, '?');
    return arena_format(arena,
                        "The target answers with a redirect (%d) to %.*s. Junctor does not follow "
                        "redirects: change the endpoint's URL",
                        exchange->status, STR_ARG(explain_printable(location, arena)));
}

static bool carries(const struct exchange *exchange, str name)
{
    for (const struct curl_slist *at = exchange->headers; at != NULL; at = at->next) {
        str line = str_c(at->data);
        if (str_equal_nocase(str_cut(&line, ':'), name) && line.len > 0)
            return true;
    }
    return false;
}

/* 401 and 403: what there is that can be wrong. */
static str explain_refused(const struct exchange *exchange, struct arena *arena)
{
    const struct transport *transport = exchange->transport;
    const char *auth = "";
    bool is_signed = carries(exchange, STR("webhook-signature"));
    if (transport != NULL && transport->credential.kind != CREDENTIAL_NONE)
        auth = "the endpoint's auth";
    else if (carries(exchange, STR("Authorization")))
        auth = "the endpoint's header Authorization";
    else if (!is_signed)
        auth = "which credentials the target wants";
    const char *before_auth = *auth == '\0' ? "" : is_signed ? ", " : ", and ";
    return arena_format(
        arena, "The target answered %d: it refuses what Junctor sends; check the URL%s%s%s",
        exchange->status, before_auth, auth,
        is_signed ? ", and the signing secret on its side" : "");
}

static str explain_status(const struct exchange *exchange, struct arena *arena)
{
    int status = exchange->status;
    if (status >= 200 && status < 300)
        return (str){};
    /* What a proxy answers to an unencrypted request looks like the target's. */
    const char *answerer = exchange->proxy != NULL && !exchange->tunnelled
                               ? "target, or the proxy before it,"
                               : "target";
    if (status >= 300 && status < 400)
        return explain_redirect(exchange, arena);
    if (status == 410)
        return STR("The target answered 410 Gone: it wants no more deliveries");
    if (status == 401 || status == 403)
        return explain_refused(exchange, arena);
    if (status == 404)
        return STR("The target answered 404: there is nothing at this path; check the endpoint's "
                   "URL");
    if (status == 429)
        return STR("The target answered 429: it is sent more than it takes");
    return arena_format(arena, "The %s answered %d; only 200 to 299 is a success", answerer,
                        status);
}

static str explain_connection(const struct exchange *exchange, const struct explain_limits *limits,
                              struct arena *arena)
{
    str place = str_c(exchange->target->place);
    if (exchange->end == EXCHANGE_REFUSED)
        return arena_format(
            arena,
            "%.*s refused the connection: nothing listens there, or a firewall "
            "turns it away; check the URL's host and port, and that the server runs",
            STR_ARG(place));
    if (exchange->end == EXCHANGE_UNREACHABLE)
        return arena_format(arena,
                            "%.*s cannot be reached: there is no route to it from the machine the "
                            "hub runs on",
                            STR_ARG(place));
    return arena_format(arena,
                        "No connection to %.*s within %.*s: nothing answers there, or a firewall "
                        "drops what is sent; check the URL's host and port",
                        STR_ARG(place), STR_ARG(connect_limit(exchange, limits, arena)));
}

/* ── out of time, by phase ── */

static str explain_no_answer(const struct exchange *exchange, const struct explain_limits *limits,
                             struct arena *arena)
{
    str limit = explain_seconds(exchange_whole_ms(exchange, limits->whole_timeout_ms), arena);
    if (exchange->head_bytes > 0)
        return arena_format(arena,
                            "No whole answer within %.*s: the target began to answer, and %lld "
                            "bytes of the body came; answer with less, or faster",
                            STR_ARG(limit), (long long)exchange->response_length);
    if (!exchange->sent)
        return arena_format(arena,
                            "No answer within %.*s: the target took the connection, and not all "
                            "of the request of %zu bytes; read it to its end first",
                            STR_ARG(limit), exchange->body.len);
    return arena_format(arena,
                        "No answer within %.*s: the target took the request and was too slow; "
                        "answer first, and work afterwards",
                        STR_ARG(limit));
}

/* ── TLS ── */

static str explain_certificate(const struct exchange *exchange, struct arena *arena)
{
    const char *place = exchange->target->place;
    switch (exchange->verify) {
    case X509_V_OK:              /* libcurl compares the name by itself, */
    case X509_V_ERR_UNSPECIFIED: /* and then has not noted any result yet */
        return arena_format(arena,
                            "The certificate of %s does not name %s: use a host in the URL that "
                            "it names, or a certificate that names this one",
                            place, exchange->target->host);
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return arena_format(arena,
                            "The certificate of %s has expired: renew it on the target's "
                            "side",
                            place);
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return arena_format(arena,
                            "The certificate of %s is not valid yet: check the clocks of the "
                            "target and of the machine the hub runs on",
                            place);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return arena_format(arena,
                            "The certificate of %s is self-signed, so that nobody vouches for it: "
                            "use one of an authority, or give the endpoint this one as its "
                            "authority",
                            place);
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return arena_format(arena,
                            "The certificate of %s comes from an authority that is not trusted: "
                            "have the target send its whole chain, or give the endpoint that "
                            "authority's certificate",
                            place);
    default:
        return arena_format(arena,
                            "The certificate of %s is not good for it (%.*s): it must be valid, "
                            "name this host, and come from an authority that the hub trusts",
                            place, STR_ARG(explain_printable(exchange->detail, arena)));
    }
}

static str explain_client_certificate(const struct exchange *exchange, struct arena *arena)
{
    const char *place = exchange->target->place;
    if (exchange->transport == NULL || exchange->transport->certificate.len == 0)
        return arena_format(arena,
                            "%s asks for a client certificate, and the endpoint has none: give it "
                            "one, with its private key, that the target trusts",
                            place);
    if (exchange->alert == 0)
        return arena_format(arena,
                            "%s asked for a client certificate, was given the endpoint's, and "
                            "closed the connection without a word: it seems not to take it; it "
                            "must be valid, come from an authority that the target trusts, and "
                            "bring its chain",
                            place);
    return arena_format(arena,
                        "%s does not take the endpoint's client certificate (TLS alert %d): it "
                        "must be valid, come from an authority that the target trusts, and bring "
                        "its chain",
                        place, exchange->alert);
}

static bool detail_has(const struct exchange *exchange, const char *part)
{
    str detail = exchange->detail;
    return detail.len > 0 && memmem(detail.ptr, detail.len, part, strlen(part)) != NULL;
}

static str explain_tls(const struct exchange *exchange, const struct explain_limits *limits,
                       struct arena *arena)
{
    const char *place = exchange->target->place;
    if (exchange->late)
        return arena_format(arena,
                            "No TLS connection to %s within %.*s: the target took the connection "
                            "and did not go on; check that the URL's port speaks TLS",
                            place, STR_ARG(connect_limit(exchange, limits, arena)));
    if (detail_has(exchange, "wrong version number")) /* no TLS record at all */
        return arena_format(arena,
                            "No TLS connection to %s: what answers there does not speak TLS; check "
                            "the URL's port, or write http:// if it has none",
                            place);
    if (exchange->alert == ALERT_PROTOCOL_VERSION || detail_has(exchange, "unsupported protocol"))
        return arena_format(arena,
                            "No TLS connection to %s: the target speaks no version of TLS that the "
                            "hub does; it must allow TLS 1.2 or 1.3",
                            place);
    return arena_format(arena,
                        "No TLS connection to %s (%.*s): check that the URL's port speaks TLS, or "
                        "write http:// if it does not",
                        place, STR_ARG(explain_printable(exchange->detail, arena)));
}

static str explain_own_tls(const struct exchange *exchange, struct arena *arena)
{
    str detail = explain_printable(exchange->detail, arena);
    if (exchange->end == EXCHANGE_AUTHORITIES)
        return arena_format(arena,
                            "The endpoint's authorities cannot be read (%.*s): they must be "
                            "certificates in PEM",
                            STR_ARG(detail));
    return arena_format(arena,
                        "The endpoint's client certificate cannot be used (%.*s): it must be PEM, "
                        "with its private key, which is not encrypted",
                        STR_ARG(detail));
}

/* ── proxy ── */

static str explain_proxy_status(const struct exchange *exchange, struct arena *arena)
{
    const char *proxy = exchange->proxy->place;
    const char *place = exchange->target->place;
    int status = exchange->proxy_status;
    if (status == 502 || status == 503 || status == 504)
        return arena_format(arena,
                            "The proxy %s answered %d: it does not reach %s; check the URL's host "
                            "and port, and what the proxy can reach",
                            proxy, status, place);
    if (status == 403)
        return arena_format(arena,
                            "The proxy %s answered 403: it does not let through to %s; allow that "
                            "host and port there",
                            proxy, place);
    return arena_format(arena,
                        "The proxy %s answered %d when asked for a connection to %s: check that it "
                        "is a forward proxy, and takes CONNECT",
                        proxy, status, place);
}

static str explain_proxy(const struct exchange *exchange, const struct explain_limits *limits,
                         struct arena *arena)
{
    const char *proxy = exchange->proxy->place;
    str detail = explain_printable(exchange->detail, arena);
    switch (exchange->end) {
    case EXCHANGE_PROXY_NO_NAME:
        return arena_format(arena, "The proxy's name %s %.*s", exchange->proxy->host,
                            STR_ARG(detail));
    case EXCHANGE_PROXY_REFUSED:
        return arena_format(arena,
                            "The proxy %s refused the connection: nothing listens there; check the "
                            "proxy's host and port, and that it runs",
                            proxy);
    case EXCHANGE_PROXY_UNREACHABLE:
        return arena_format(arena,
                            "No connection by way of the proxy %s within %.*s: check the proxy's "
                            "host and port, and that it answers",
                            proxy, STR_ARG(connect_limit(exchange, limits, arena)));
    case EXCHANGE_PROXY_TLS:
        return arena_format(arena,
                            "No TLS connection to the proxy %s (%.*s): its certificate must be "
                            "good, or write http:// for it",
                            proxy, STR_ARG(detail));
    case EXCHANGE_PROXY_CREDENTIALS:
        return arena_format(arena,
                            "The proxy %s asks for other credentials (407): check the user name "
                            "and password in the proxy's URL",
                            proxy);
    case EXCHANGE_PROXY_STATUS:
        return explain_proxy_status(exchange, arena);
    default:
        return arena_format(arena,
                            "The proxy %s broke off (%.*s): check that it is a forward proxy",
                            proxy, STR_ARG(detail));
    }
}

static str explain_blocked(const struct exchange *exchange, struct arena *arena)
{
    str text = egress_explain(&exchange->refusal, arena);
    if (exchange->proxy == NULL || exchange->behind_proxy)
        return text;
    return arena_format(arena, "The proxy %s: %.*s", exchange->proxy->place, STR_ARG(text));
}

static str explain_size(const struct exchange *exchange, const struct explain_limits *limits,
                        struct arena *arena)
{
    if (exchange->end == EXCHANGE_HEAD_TOO_LARGE)
        return STR("The target's answer has a header block of more than 64 KiB: it was broken off");
    return arena_format(arena,
                        "The target's answer is longer than %lld bytes: it was broken off; answer "
                        "with less, or start the hub with a larger --max-response-read",
                        (long long)limits->response_read);
}

static str explain_broken(const struct exchange *exchange, struct arena *arena)
{
    return arena_format(arena, "The exchange with %s failed: %.*s", exchange->target->place,
                        STR_ARG(explain_printable(exchange->detail, arena)));
}

static str explain_http2(const struct exchange *exchange, struct arena *arena)
{
    str detail = explain_printable(exchange->detail, arena);
    if (exchange->requests > 1) /* what libcurl would have done by itself */
        detail = STR("the target refused the stream, or asks for HTTP/1.1");
    return arena_format(arena,
                        "The exchange by HTTP/2 went wrong (%.*s): if it stays so, have the "
                        "endpoint use HTTP/1.1",
                        STR_ARG(detail));
}

/* What there is nothing to add to. */
static str explain_fixed(enum exchange_end end)
{
    static const str texts[] = {
        [EXCHANGE_NO_URL] = STR_INIT("The endpoint's URL cannot be read: change it"),
        [EXCHANGE_EMPTY] = STR_INIT("The target closed the connection without an answer"),
        [EXCHANGE_KEPT_CLOSED] =
            STR_INIT("The target closed a kept connection just as it was used again; the delivery "
                     "is sent again at once, on a new one"),
        [EXCHANGE_RESET] =
            STR_INIT("The target broke the connection off before its answer was whole"),
        [EXCHANGE_CUT] = STR_INIT("The target's answer ended before the length it had stated"),
        [EXCHANGE_NOT_HTTP] =
            STR_INIT("What the target answered is not HTTP: check the URL's port"),
        [EXCHANGE_PROXY_NO_URL] =
            STR_INIT("The URL of the endpoint's proxy cannot be read: it must begin with http:// "
                     "or https://"),
        [EXCHANGE_NO_TOKEN] = STR_INIT("There is no access token for the target"),
        [EXCHANGE_STOPPED] = STR_INIT("The hub was stopped before the target answered; the "
                                      "delivery is sent again"),
    };
    return texts[end];
}

static str explain_end(const struct exchange *exchange, const struct explain_limits *limits,
                       struct arena *arena)
{
    switch (exchange->end) {
    case EXCHANGE_ANSWERED:
        return explain_status(exchange, arena);
    case EXCHANGE_NO_NAME:
        return arena_format(arena, "The name %s %.*s", exchange->target->host,
                            STR_ARG(explain_printable(exchange->detail, arena)));
    case EXCHANGE_BLOCKED:
        return explain_blocked(exchange, arena);
    case EXCHANGE_REFUSED:
    case EXCHANGE_UNREACHABLE:
    case EXCHANGE_NO_CONNECTION:
        return explain_connection(exchange, limits, arena);
    case EXCHANGE_NO_ANSWER:
        return explain_no_answer(exchange, limits, arena);
    case EXCHANGE_TOO_LARGE:
    case EXCHANGE_HEAD_TOO_LARGE:
        return explain_size(exchange, limits, arena);
    case EXCHANGE_HTTP2:
        return explain_http2(exchange, arena);
    case EXCHANGE_TLS:
        return explain_tls(exchange, limits, arena);
    case EXCHANGE_CERTIFICATE:
        return explain_certificate(exchange, arena);
    case EXCHANGE_CLIENT_CERTIFICATE:
        return explain_client_certificate(exchange, arena);
    case EXCHANGE_OWN_CERTIFICATE:
    case EXCHANGE_AUTHORITIES:
        return explain_own_tls(exchange, arena);
    case EXCHANGE_PROXY_NO_NAME:
    case EXCHANGE_PROXY_REFUSED:
    case EXCHANGE_PROXY_UNREACHABLE:
    case EXCHANGE_PROXY_TLS:
    case EXCHANGE_PROXY_CREDENTIALS:
    case EXCHANGE_PROXY_STATUS:
    case EXCHANGE_PROXY_BROKEN:
        return explain_proxy(exchange, limits, arena);
    case EXCHANGE_NO_URL:
    case EXCHANGE_EMPTY:
    case EXCHANGE_KEPT_CLOSED:
    case EXCHANGE_RESET:
    case EXCHANGE_CUT:
    case EXCHANGE_NOT_HTTP:
    case EXCHANGE_PROXY_NO_URL:
    case EXCHANGE_NO_TOKEN:
    case EXCHANGE_STOPPED:
        return explain_fixed(exchange->end);
    default: /* EXCHANGE_BROKEN, and what explain_upload() has words for */
        break;
    }
    return explain_broken(exchange, arena);
}

str explain_exchange(const struct exchange *exchange, const struct explain_limits *limits,
                     struct arena *arena)
{
    if (exchange->upload == NULL)
        return explain_end(exchange, limits, arena);
    str text = explain_upload(exchange, limits, arena);
    bool over = text.len > 0 || exchange->end == EXCHANGE_ANSWERED;
    return over ? text : explain_end(exchange, limits, arena);
}
