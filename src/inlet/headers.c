/* SPDX-License-Identifier: MIT */
#include "inlet/internal.h"

#define HOPS_DIGITS 4

/* Two of a kind leave open which of them counts. */
static bool come_once(struct request *request, struct problem *reterr)
{
    static const str names[] = { STR_INIT("Authorization"), STR_INIT("Content-Type"),
                                 STR_INIT("Idempotency-Key"), STR_INIT("Junctor-Hops") };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (request_header_count(request, names[i]) < 2)
            continue;
        problem_set(reterr, PROBLEM_MALFORMED,
                    arena_format(&request->arena, "The header %.*s came more than once. Send one.",
                                 STR_ARG(names[i])));
        return false;
    }
    return true;
}

/* ── the body's encodings ── */

static bool is_plain(struct request *request, struct problem *reterr)
{
    for (int i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (!str_equal_nocase(header->name, STR("Content-Encoding")) || header->value.len == 0 ||
            str_equal_nocase(header->value, STR("identity")))
            continue;
        problem_set(reterr, PROBLEM_MEDIA_TYPE,
                    arena_format(&request->arena,
                                 "The body has Content-Encoding: %.*s. Send it uncompressed, "
                                 "without that header.",
                                 STR_ARG(str_head(header->value, 100))));
        return false;
    }
    return true;
}

static str unquoted(str value)
{
    bool quoted = value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"';
    return quoted ? str_from(value.ptr + 1, value.len - 2) : value;
}

static bool is_utf8(str parameters)
{
    while (parameters.len > 0) {
        str value = str_cut(&parameters, ';');
        str name = str_trim(str_cut(&value, '='));
        value = unquoted(str_trim(value));
        if (str_equal_nocase(name, STR("charset")) && !str_equal_nocase(value, STR("utf-8")) &&
            !str_equal_nocase(value, STR("utf8")))
            return false;
    }
    return true;
}

static bool read_content_type(const struct request *request, struct inlet_headers *headers,
                              struct problem *reterr)
{
    const str *header = request_header(request, STR("Content-Type"));
    str parameters = header == NULL ? (str){} : *header;
    headers->content_type = str_trim(str_cut(&parameters, ';'));
    if (is_utf8(parameters))
        return true;
    problem_set(reterr, PROBLEM_MEDIA_TYPE,
                STR("JSON is UTF-8. Send it so, with charset=utf-8 in Content-Type or without "
                    "charset."));
    return false;
}

/* ── hops ── */

static bool read_hops(const struct request *request, struct inlet_headers *headers,
                      struct problem *reterr)
{
    const str *header = request_header(request, STR("Junctor-Hops"));
    if (header == NULL)
        return true;
    bool good = header->len > 0 && header->len <= HOPS_DIGITS;
    for (size_t i = 0; good && i < header->len; i++) {
        good = char_is_digit(header->ptr[i]);
        headers->hops = headers->hops * 10 + (header->ptr[i] - '0');
    }
    if (!good)
        problem_set(reterr, PROBLEM_MALFORMED,
                    STR("The header Junctor-Hops must be a number from 0 to 9999: through how many "
                        "hubs the event has come."));
    return good;
}

static bool hops_fit(const struct inlet_context *inlet, struct request *request, int hops,
                     struct problem *reterr)
{
    if (hops < inlet->limits->hops)
        return true;
    const str *outlet = request_header(request, STR("Junctor-Outlet"));
    problem_set(reterr, PROBLEM_LOOP,
                arena_format(&request->arena,
                             "The event has passed through %d hubs; it last came from the outlet "
                             "%.*s. Change that outlet's URL or this inlet's subscribers so that "
                             "they do not feed each other.",
                             hops, STR_ARG(outlet == NULL ? STR("unknown") : *outlet)));
    return false;
}

bool inlet_read_headers(const struct inlet_context *inlet, struct request *request,
                        struct inlet_headers *ret_headers, struct problem *reterr)
{
    *ret_headers = (struct inlet_headers){};
    return come_once(request, reterr) && read_hops(request, ret_headers, reterr) &&
           hops_fit(inlet, request, ret_headers->hops, reterr) && is_plain(request, reterr) &&
           read_content_type(request, ret_headers, reterr);
}
