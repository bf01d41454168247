/* SPDX-License-Identifier: MIT
 * What a transport asks of libcurl.
 *
 * Invariants: (1) a line that had a certificate, authorities or a proxy set is not used again; (2)
 * exchanges that differ in any of these, secrets included, never have a connection or a TLS session
 * in common. libcurl compares certificates, authorities and proxies with their
 * credentials by itself. It does not compare private keys, so the key stands behind the certificate
 * in what it compares: certificates are public, and who has another's must not have its
 * connections. (3) OpenSSL never asks the terminal for a password. */
#include "delivery/sender_parts.h"

static const struct transport plain = {};

static struct curl_blob blob_of(str text)
{
    /* libcurl copies what its connections keep. */
    return (struct curl_blob){ .data = (void *)(uintptr_t)text.ptr,
                               .len = text.len,
                               .flags = CURL_BLOB_NOCOPY };
}

/* ── what any line can be set to ── */

static void set_method(struct line *line, enum request_method method)
{
    static const char *const names[] = {
        [REQUEST_POST] = NULL, [REQUEST_PUT] = "PUT",       [REQUEST_PATCH] = "PATCH",
        [REQUEST_GET] = NULL,  [REQUEST_DELETE] = "DELETE",
    };
    bool never_has_body = method == REQUEST_GET || method == REQUEST_DELETE;
    if (never_has_body && line->exchange->body.len == 0) {
        /* Without a Content-Length; CURLOPT_POSTFIELDS makes the next one a POST again. */
        SET(line->easy, CURLOPT_POSTFIELDS, NULL);
        SET(line->easy, CURLOPT_HTTPGET, 1L);
    }
    if (line->method != method)
        SET(line->easy, CURLOPT_CUSTOMREQUEST, names[method]);
    line->method = method;
}

static void set_timeouts(struct line *line)
{
    const struct exchange *exchange = line->exchange;
    const struct sender_options *options = &line->sender->options;
    int64_t connect_ms = exchange_connect_ms(exchange, options->connect_timeout_ms);
    int64_t whole_ms = exchange_whole_ms(exchange, options->whole_timeout_ms);
    if (line->connect_ms != connect_ms)
        SET(line->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    if (line->whole_ms != whole_ms)
        SET(line->easy, CURLOPT_TIMEOUT_MS, (long)whole_ms);
    line->connect_ms = connect_ms;
    line->whole_ms = whole_ms;
}

/* Without TLS libcurl has one answer, and with HTTP/2 in mind looks for a connection to share. */
static void set_version(struct line *line, bool http1)
{
    long version = http1 || !line->tls ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS;
    if (line->version != version)
        SET(line->easy, CURLOPT_HTTP_VERSION, version);
    line->version = version;
}

/* ── TLS ── */

static bool is_encrypted(str pem)
{
    return pem.len > 0 && memmem(pem.ptr, pem.len, "ENCRYPTED", 9) != NULL;
}

static bool set_certificate(CURL *easy, struct exchange *exchange)
{
    const struct transport *transport = exchange->transport;
    if (is_encrypted(transport->certificate) || is_encrypted(transport->private_key)) {
        exchange->end = EXCHANGE_OWN_CERTIFICATE;
        exchange->detail = STR("the private key is encrypted");
        return false;
    }
    str both = arena_format(exchange->arena, "%.*s\n%.*s\n", STR_ARG(transport->certificate),
                            STR_ARG(transport->private_key));
    struct curl_blob blob = blob_of(both);
    SET(easy, CURLOPT_SSLCERT_BLOB, &blob);
    SET(easy, CURLOPT_SSLKEY_BLOB, &blob);
    SET(easy, CURLOPT_KEYPASSWD, "");
    return true;
}

/* They hold for an https proxy as well: one list is enough, and where it is needed its owner writes
 * both authorities into it. */
static bool set_authorities(CURL *easy, struct exchange *exchange)
{
    str authorities = exchange->transport->authorities;
    if (is_encrypted(authorities)) {
        exchange->end = EXCHANGE_AUTHORITIES;
        exchange->detail = STR("they hold something encrypted");
        return false;
    }
    struct curl_blob blob = blob_of(authorities);
    SET(easy, CURLOPT_CAINFO_BLOB, &blob);
    SET(easy, CURLOPT_CAPATH, NULL);
    SET(easy, CURLOPT_PROXY_CAINFO_BLOB, &blob);
    SET(easy, CURLOPT_PROXY_CAPATH, NULL);
    return true;
}

bool transport_apply_tls(CURL *easy, struct exchange *exchange)
{
    const struct transport *transport = exchange->transport;
    if (transport == NULL)
        return true;
    return (transport->certificate.len == 0 || set_certificate(easy, exchange)) &&
           (transport->authorities.len == 0 || set_authorities(easy, exchange));
}

/* ── proxy ── */

/* Behind a proxy no socket is opened to the target, so the guard is asked here. */
static bool guard_allows(struct line *line)
{
    struct exchange *exchange = line->exchange;
    struct address address = exchange->target->literal;
    if (host_is_localhost(str_c(exchange->target->host)))
        address = (struct address){ .family = 4, .bytes = { 127, 0, 0, 1 } };
    if (address.family == 0 ||
        egress_allows(&address, &line->sender->options.allow_egress, &exchange->refusal))
        return true;
    exchange->refused = exchange->behind_proxy = true;
    exchange->end = EXCHANGE_BLOCKED;
    return false;
}

/* Others libcurl would refuse with the whole URL in its words, credentials too. */
static bool is_http(CURLU *url)
{
    char *scheme = NULL;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return false;
    str text = str_c(scheme);
    bool http = str_equal_nocase(text, STR("http")) || str_equal_nocase(text, STR("https"));
    curl_free(scheme);
    return http;
}

static bool set_proxy(struct line *line, const struct target *proxy)
{
    if (!guard_allows(line))
        return false;
    char *url = NULL;
    /* With its port: libcurl's default for proxies is another than the scheme's. */
    if (!is_http(proxy->url) ||
        curl_url_get(proxy->url, CURLUPART_URL, &url, CURLU_DEFAULT_PORT) != CURLUE_OK) {
        line->exchange->end = EXCHANGE_PROXY_NO_URL;
        return false;
    }
    SET(line->easy, CURLOPT_PROXY, url);
    SET(line->easy, CURLOPT_NOPROXY, "");
    curl_free(url);
    return true;
}

bool transport_apply(struct line *line)
{
    struct exchange *exchange = line->exchange;
    const struct transport *transport = exchange->transport == NULL ? &plain : exchange->transport;
    set_method(line, exchange->method != REQUEST_POST ? exchange->method : transport->method);
    set_timeouts(line);
    set_version(line, transport->http1);
    line->once = transport->certificate.len > 0 || transport->authorities.len > 0 ||
                 transport->proxy.len > 0 || exchange->proxy != NULL;
    if (transport->proxy.len > 0 && exchange->proxy == NULL) {
        exchange->end = EXCHANGE_PROXY_NO_URL;
        return false;
    }
    return (exchange->proxy == NULL || set_proxy(line, exchange->proxy)) &&
           transport_apply_tls(line->easy, exchange);
}
