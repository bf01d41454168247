/* SPDX-License-Identifier: MIT
 * Invariants: (1) a text for every end that is no success, and for no other; (2) what a target sent
 * comes into it cut short and as printable ASCII. */
#include "delivery/explain.h"

#include "base/buf.h"

#define QUOTED_MAX 200

/* What others wrote: a header, a message of the TLS library. */
static str printable(str text, struct arena *arena)
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

static str seconds(int64_t ms, struct arena *arena)
{
    if (ms % 1000 == 0)
        return arena_format(arena, "%lld s", (long long)(ms / 1000));
    return arena_format(arena, "%lld ms", (long long)ms);
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
                        exchange->status, STR_ARG(printable(location, arena)));
}

static str explain_status(const struct exchange *exchange, struct arena *arena)
{
    int status = exchange->status;
    if (status >= 200 && status < 300)
        return (str){};
    if (status >= 300 && status < 400)
        return explain_redirect(exchange, arena);
    if (status == 410)
        return STR("The target answered 410 Gone: it wants no more deliveries");
    if (status == 401 || status == 403)
        return arena_format(arena,
                            "The target answered %d: it refuses what Junctor sends; check the URL, "
                            "and the signing secret on its side",
                            status);
    if (status == 404)
        return STR("The target answered 404: there is nothing at this path; check the endpoint's "
                   "URL");
    if (status == 429)
        return STR("The target answered 429: it is sent more than it takes");
    return arena_format(arena, "The target answered %d; only 200 to 299 is a success", status);
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
                        STR_ARG(place), STR_ARG(seconds(limits->connect_timeout_ms, arena)));
}

static str explain_tls(const struct exchange *exchange, struct arena *arena)
{
    str detail = printable(exchange->detail, arena);
    str place = str_c(exchange->target->place);
    if (exchange->end == EXCHANGE_CERTIFICATE)
        return arena_format(arena,
                            "The certificate of %.*s is not good for it (%.*s): it must be valid, "
                            "name this host, and come from an authority that the hub trusts",
                            STR_ARG(place), STR_ARG(detail));
    return arena_format(
        arena,
        "No TLS connection to %.*s (%.*s): check that the URL's port speaks TLS, or "
        "write http:// if it does not",
        STR_ARG(place), STR_ARG(detail));
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
                        STR_ARG(printable(exchange->detail, arena)));
}

str explain_exchange(const struct exchange *exchange, const struct explain_limits *limits,
                     struct arena *arena)
{
    switch (exchange->end) {
    case EXCHANGE_ANSWERED:
        return explain_status(exchange, arena);
    case EXCHANGE_NO_URL:
        return STR("The endpoint's URL cannot be read: change it");
    case EXCHANGE_NO_NAME:
        return arena_format(arena, "The name %s %.*s", exchange->target->host,
                            STR_ARG(exchange->detail));
    case EXCHANGE_BLOCKED:
        return egress_explain(&exchange->refusal, arena);
    case EXCHANGE_REFUSED:
    case EXCHANGE_UNREACHABLE:
    case EXCHANGE_NO_CONNECTION:
        return explain_connection(exchange, limits, arena);
    case EXCHANGE_NO_ANSWER:
        return arena_format(arena,
                            "No whole answer within %.*s: the target took the connection and was "
                            "too slow; answer first, and work afterwards",
                            STR_ARG(seconds(limits->whole_timeout_ms, arena)));
    case EXCHANGE_EMPTY:
        return STR("The target closed the connection without an answer");
    case EXCHANGE_KEPT_CLOSED:
        return STR("The target closed a kept connection just as it was used again; the delivery is "
                   "sent again at once, on a new one");
    case EXCHANGE_RESET:
        return STR("The target broke the connection off before its answer was whole");
    case EXCHANGE_CUT:
        return STR("The target's answer ended before the length it had stated");
    case EXCHANGE_TOO_LARGE:
    case EXCHANGE_HEAD_TOO_LARGE:
        return explain_size(exchange, limits, arena);
    case EXCHANGE_NOT_HTTP:
        return STR("What the target answered is not HTTP: check the URL's port");
    case EXCHANGE_TLS:
    case EXCHANGE_CERTIFICATE:
        return explain_tls(exchange, arena);
    case EXCHANGE_STOPPED:
        return STR("The hub was stopped before the target answered; the delivery is sent again");
    case EXCHANGE_BROKEN:
        break;
    }
    return explain_broken(exchange, arena);
}
