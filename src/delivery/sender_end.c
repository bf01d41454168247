/* SPDX-License-Identifier: MIT
 * Invariants: (1) what happened before the target was reached by way of a proxy is the proxy's; (2)
 * EXCHANGE_KEPT_CLOSED is said of kept connections alone: it has the delivery sent again at once,
 * on a new one, where the same does not happen again. */
#include <errno.h>

#include "base/clock.h"
#include "delivery/sender_parts.h"

#define DETAIL_MAX ((size_t)300)

/* RFC 8446 §6.2 */
enum alert {
    ALERT_HANDSHAKE_FAILURE = 40,
    ALERT_BAD_CERTIFICATE = 42,
    ALERT_CERTIFICATE_UNKNOWN = 46,
    ALERT_UNKNOWN_CA = 48,
    ALERT_ACCESS_DENIED = 49,
    ALERT_CERTIFICATE_REQUIRED = 116,
};

/* ── the target's ── */

/* libcurl has begun a second request, and was stopped. On a new connection it does so only where
 * HTTP/2 lets a server refuse a stream or ask for HTTP/1.1. */
static enum exchange_end end_of_repeat(const struct exchange *exchange)
{
    return exchange->reused ? EXCHANGE_KEPT_CLOSED : EXCHANGE_HTTP2;
}

/* libcurl would send again, and be stopped; but it does so five times only in the life of an easy
 * handle. */
static enum exchange_end end_of_break(const struct exchange *exchange, enum exchange_end end)
{
    return exchange->reused && exchange->head_bytes == 0 ? EXCHANGE_KEPT_CLOSED : end;
}

static enum exchange_end end_of_time(const struct exchange *exchange)
{
    if (exchange->requests > 0)
        return EXCHANGE_NO_ANSWER;
    return exchange->tls_begun ? EXCHANGE_TLS : EXCHANGE_NO_CONNECTION;
}

static enum exchange_end end_of_connect(CURL *easy, const struct exchange *exchange)
{
    long error = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
    if (exchange->requests > 0)
        return end_of_repeat(exchange);
    if (exchange->refused)
        return EXCHANGE_BLOCKED;
    switch (error) {
    case ECONNREFUSED:
        return EXCHANGE_REFUSED;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
        return EXCHANGE_UNREACHABLE;
    case ETIMEDOUT:
        return EXCHANGE_NO_CONNECTION;
    case ECONNRESET:
        return EXCHANGE_RESET;
    default:
        return EXCHANGE_BROKEN;
    }
}

/* libcurl itself takes no line of a head above 100 KB, and does not hand over any of it. */
static enum exchange_end end_of_line(const struct exchange *exchange)
{
    return exchange->requests > 0 && !exchange->head_done ? EXCHANGE_HEAD_TOO_LARGE
                                                          : EXCHANGE_BROKEN;
}

static enum exchange_end end_of_write(const struct exchange *exchange)
{
    if (exchange->head_over)
        return EXCHANGE_HEAD_TOO_LARGE;
    return exchange->body_over ? EXCHANGE_TOO_LARGE : EXCHANGE_BROKEN;
}

/* A target says so in an alert: in TLS 1.3 when the handshake is over for us, so that the request
 * may be out already; what comes of that differs. Without certificates in play, 40 means that there
 * is no cipher in common. */
static bool is_about_our_certificate(const struct exchange *exchange)
{
    if (exchange->head_bytes > 0)
        return false;
    int alert = exchange->alert;
    return (alert >= ALERT_BAD_CERTIFICATE && alert <= ALERT_CERTIFICATE_UNKNOWN) ||
           alert == ALERT_UNKNOWN_CA || alert == ALERT_ACCESS_DENIED ||
           alert == ALERT_CERTIFICATE_REQUIRED ||
           (alert == ALERT_HANDSHAKE_FAILURE && exchange->certificate_asked);
}

/* It had our answer to its question, and broke off: where it sent an alert, that may be lost with
 * the rest; and some send none (Node.js). */
static bool drops_our_certificate(const struct exchange *exchange, CURLcode code,
                                  enum exchange_end end)
{
    if (!exchange->certificate_told || exchange->head_bytes > 0 || exchange->late)
        return false;
    return end == EXCHANGE_RESET || end == EXCHANGE_EMPTY || end == EXCHANGE_TLS ||
           (end == EXCHANGE_HTTP2 && code != CURLE_HTTP2_STREAM);
}

static enum exchange_end end_of_authorities(const struct exchange *exchange)
{
    bool own = exchange->transport != NULL && exchange->transport->authorities.len > 0;
    return own ? EXCHANGE_AUTHORITIES : EXCHANGE_TLS;
}

enum exchange_end end_of_code(CURLcode code, CURL *easy, const struct exchange *exchange)
{
    switch (code) {
    case CURLE_OK:
        return exchange->status == 0 ? EXCHANGE_NOT_HTTP : EXCHANGE_ANSWERED;
    case CURLE_COULDNT_CONNECT:
        return end_of_connect(easy, exchange);
    case CURLE_ABORTED_BY_CALLBACK:
        return end_of_repeat(exchange);
    case CURLE_OPERATION_TIMEDOUT:
        return end_of_time(exchange);
    case CURLE_GOT_NOTHING:
        return end_of_break(exchange, EXCHANGE_EMPTY);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return end_of_break(exchange, EXCHANGE_RESET);
    case CURLE_PARTIAL_FILE: /* where no answer began: by HTTP/2 */
        return end_of_break(exchange, exchange->head_bytes > 0 ? EXCHANGE_CUT : EXCHANGE_HTTP2);
    case CURLE_WRITE_ERROR:
        return end_of_write(exchange);
    case CURLE_OUT_OF_MEMORY:
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
        return end_of_line(exchange);
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: no status line */
    case CURLE_WEIRD_SERVER_REPLY:
        return EXCHANGE_NOT_HTTP;
    case CURLE_HTTP2: /* GOAWAY, too */
        return end_of_break(exchange, EXCHANGE_HTTP2);
    case CURLE_HTTP2_STREAM:
        return EXCHANGE_HTTP2;
    case CURLE_PEER_FAILED_VERIFICATION:
        return EXCHANGE_CERTIFICATE;
    case CURLE_SSL_CERTPROBLEM:
        return EXCHANGE_OWN_CERTIFICATE;
    case CURLE_SSL_CLIENTCERT:
        return EXCHANGE_CLIENT_CERTIFICATE;
    case CURLE_SSL_CACERT_BADFILE:
        return end_of_authorities(exchange);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
        return EXCHANGE_TLS;
    default:
        return EXCHANGE_BROKEN;
    }
}

/* ── the proxy's ── */

static enum exchange_end end_at_proxy(CURLcode code, CURL *easy, const struct exchange *exchange)
{
    if (exchange->proxy_status == 407)
        return EXCHANGE_PROXY_CREDENTIALS;
    if (exchange->proxy_status != 0)
        return EXCHANGE_PROXY_STATUS;
    enum exchange_end end = end_of_code(code, easy, exchange);
    switch (end) {
    case EXCHANGE_BLOCKED:
    case EXCHANGE_AUTHORITIES:
    case EXCHANGE_OWN_CERTIFICATE:
        return end;
    case EXCHANGE_REFUSED:
        return EXCHANGE_PROXY_REFUSED;
    case EXCHANGE_UNREACHABLE:
    case EXCHANGE_NO_CONNECTION:
        return EXCHANGE_PROXY_UNREACHABLE;
    case EXCHANGE_TLS:
    case EXCHANGE_CERTIFICATE:
    case EXCHANGE_CLIENT_CERTIFICATE:
        return exchange->late ? EXCHANGE_PROXY_UNREACHABLE : EXCHANGE_PROXY_TLS;
    default:
        return EXCHANGE_PROXY_BROKEN;
    }
}

static bool ended_at_proxy(const struct exchange *exchange)
{
    return exchange->proxy != NULL && exchange->requests == 0 && exchange->proxy_status / 100 != 2;
}

static enum exchange_end find_end(CURLcode code, CURL *easy, const struct exchange *exchange)
{
    if (ended_at_proxy(exchange))
        return end_at_proxy(code, easy, exchange);
    if (code == CURLE_OK && exchange->proxy != NULL && !exchange->tunnelled &&
        exchange->status == 407)
        return EXCHANGE_PROXY_CREDENTIALS;
    if (code != CURLE_OK && code != CURLE_PEER_FAILED_VERIFICATION &&
        is_about_our_certificate(exchange))
        return EXCHANGE_CLIENT_CERTIFICATE;
    enum exchange_end end = end_of_code(code, easy, exchange);
    return drops_our_certificate(exchange, code, end) ? EXCHANGE_CLIENT_CERTIFICATE : end;
}

/* ── what is told beside it ── */

static int64_t time_of(CURL *easy, CURLINFO what)
{
    curl_off_t us = 0;
    (void)curl_easy_getinfo(easy, what, &us);
    return us;
}

static int64_t later(int64_t us, int64_t by_us)
{
    return us <= 0 ? 0 : us + by_us;
}

/* libcurl's times are from its own beginning on. */
static void note_timing(CURL *easy, struct exchange *exchange)
{
    struct exchange_timing *timing = &exchange->timing;
    timing->whole_us = timing->name_us + clock_mono_us() - exchange->began_us;
    int64_t began_us = MAX_OF(timing->whole_us - time_of(easy, CURLINFO_TOTAL_TIME_T), 0);
    if (!exchange->reused) {
        /* It has one only when a request can go out. */
        int64_t connect_us = later(time_of(easy, CURLINFO_CONNECT_TIME_T), began_us);
        if (connect_us > 0)
            timing->connect_us = connect_us;
        timing->tls_us = later(time_of(easy, CURLINFO_APPCONNECT_TIME_T), began_us);
    }
    if (exchange->requests > 0)
        timing->sent_us = later(time_of(easy, CURLINFO_PRETRANSFER_TIME_T), began_us);
    if (timing->first_byte_us > 0)
        timing->sent_us = MIN_OF(timing->sent_us, timing->first_byte_us);
}

static int version_of(CURL *easy)
{
    long version = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    switch (version) {
    case CURL_HTTP_VERSION_1_0:
        return 10;
    case CURL_HTTP_VERSION_1_1:
        return 11;
    case CURL_HTTP_VERSION_2_0:
        return 20;
    default:
        return 0;
    }
}

static void note_facts(CURL *easy, struct exchange *exchange)
{
    long status = 0;
    long proxy_status = 0;
    long verify = 0;
    curl_off_t sent = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    (void)curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verify);
    (void)curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    /* An interim answer is none; and libcurl takes more than three digits. */
    exchange->status = status < 200 || status > 999 ? 0 : (int)status;
    exchange->proxy_status = (int)proxy_status;
    exchange->verify = verify;
    exchange->sent = exchange->requests > 0 && sent >= (curl_off_t)exchange->body.len;
    exchange->http_version = version_of(easy);
}

static str detail_of(CURLcode code, const struct line *line, struct arena *arena)
{
    str text = str_trim(str_c(line->error[0] != '\0' ? line->error : curl_easy_strerror(code)));
    return arena_str(arena, str_head(text, DETAIL_MAX));
}

void end_note(struct line *line, CURLcode code)
{
    struct exchange *exchange = line->exchange;
    note_facts(line->easy, exchange);
    note_timing(line->easy, exchange);
    exchange->request_head = exchange->requests == 0 ? (str){} : buf_str(&exchange->request);
    exchange->response_head = buf_str(&exchange->head);
    exchange->response_body = buf_str(&exchange->body_kept);
    exchange->late = code == CURLE_OPERATION_TIMEDOUT;
    exchange->tunnelled = exchange->proxy != NULL && line->tls;
    exchange->end = find_end(code, line->easy, exchange);
    if (exchange->end == EXCHANGE_PROXY_CREDENTIALS)
        exchange->proxy_status = 407;
    if (code != CURLE_OK)
        exchange->detail = detail_of(code, line, exchange->arena);
}
