/* SPDX-License-Identifier: MIT */
#include "http/parse.h"

static bool malformed(struct parse *parse, str text)
{
    problem_set(&parse->problem, PROBLEM_MALFORMED, text);
    return false;
}

/* Visible ASCII without '#': a fragment is never sent (RFC 9112 §3.2). */
static bool target_is_plain(str target)
{
    for (size_t i = 0; i < target.len; i++) {
        char c = target.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '#')
            return false;
    }
    return target.len > 0;
}

static bool is_host_char(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || (c != '\0' && strchr("-._~%!$&'()*+,;=", c));
}

/* "[" IPv6 "]": what stands in the brackets, checked by its alphabet only. */
static bool skip_ip_literal(str *rest)
{
    ptrdiff_t end = str_index(*rest, ']');
    if (end < 2)
        return false;
    for (ptrdiff_t i = 1; i < end; i++) {
        char c = rest->ptr[i];
        if (!is_host_char(c) && c != ':')
            return false;
    }
    *rest = str_skip(*rest, (size_t)end + 1);
    return true;
}

/* uri-host [ ":" port ] (RFC 9110 §7.2), and not empty: every address here has a host. */
static bool host_is_valid(str host)
{
    if (host.len > 0 && host.ptr[0] == '[') {
        if (!skip_ip_literal(&host))
            return false;
    } else {
        size_t length = 0;
        while (length < host.len && is_host_char(host.ptr[length]))
            length++;
        if (length == 0)
            return false;
        host = str_skip(host, length);
    }
    if (host.len == 0)
        return true;
    if (host.ptr[0] != ':' || host.len > 6)
        return false;
    for (size_t i = 1; i < host.len; i++)
        if (!char_is_digit(host.ptr[i]))
            return false;
    return true;
}

/* Takes "http://host" off the front of an absolute target; the rest is the path, perhaps empty. */
static bool skip_authority(str *target)
{
    static const str schemes[] = { STR_INIT("http://"), STR_INIT("https://") };
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (!str_equal_nocase(str_head(*target, schemes[i].len), schemes[i]))
            continue;
        str rest = str_skip(*target, schemes[i].len);
        size_t length = 0;
        while (length < rest.len && rest.ptr[length] != '/' && rest.ptr[length] != '?')
            length++;
        if (!host_is_valid(str_head(rest, length)))
            return false;
        *target = str_skip(rest, length);
        return true;
    }
    return false;
}

/* The four forms of RFC 9112 §3.2: origin, absolute, authority (CONNECT: refused), asterisk. */
static bool split_target(struct request *request)
{
    str target = request->target;
    if (!target_is_plain(target))
        return false;
    if (str_equal(target, STR("*"))) {
        request->path = target;
        return request->method == HTTP_OPTIONS;
    }
    if (target.ptr[0] != '/' && !skip_authority(&target))
        return false;
    request->path = str_cut(&target, '?');
    request->query = target;
    if (request->path.len == 0)
        request->path = STR("/");
    return true;
}

struct findings {
    int hosts;
    int codings;
    str host;
    str coding;
    str expect;
};

static struct findings look_through(const struct request *request)
{
    struct findings found = {};
    for (int i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        /* By length first: nearly all headers end here. */
        if (header->name.len == 4 && str_equal_nocase(header->name, STR("Host"))) {
            found.hosts++;
            found.host = header->value;
        } else if (header->name.len == 17 &&
                   str_equal_nocase(header->name, STR("Transfer-Encoding"))) {
            found.codings++;
            found.coding = header->value;
        } else if (header->name.len == 6 && str_equal_nocase(header->name, STR("Expect"))) {
            found.expect = header->value;
        }
    }
    return found;
}

static bool check_framing(struct parse *parse, const struct findings *found)
{
    const llhttp_t *llhttp = &parse->llhttp;
    if (found->codings == 0)
        return true;
    if (llhttp->http_minor == 0)
        return malformed(parse, STR("HTTP/1.0 has no Transfer-Encoding."));
    if (llhttp->flags & F_CONTENT_LENGTH)
        return malformed(parse, STR("A request has a Content-Length or is chunked, not both."));
    if (found->codings > 1 || !str_equal_nocase(found->coding, STR("chunked")))
        return malformed(parse, STR("The only Transfer-Encoding taken is \"chunked\", once."));
    return true;
}

static bool check_host(struct parse *parse, const struct findings *found)
{
    if (found->hosts == 0 && parse->llhttp.http_minor == 0)
        return true;
    if (found->hosts != 1)
        return malformed(parse, STR("A request has one Host header, exactly."));
    if (!host_is_valid(found->host))
        return malformed(parse, STR("The Host header is not a host, with or without a port."));
    return true;
}

static bool check_expect(struct parse *parse, const struct findings *found)
{
    /* RFC 9110 §10.1.1: an HTTP/1.0 sender cannot mean it. */
    if (found->expect.len == 0 || parse->llhttp.http_minor == 0)
        return true;
    if (!str_equal_nocase(found->expect, STR("100-continue"))) {
        problem_set(&parse->problem, PROBLEM_EXPECTATION,
                    STR("The only expectation met is \"100-continue\"."));
        return false;
    }
    parse->expects_continue = parse_has_body(parse);
    return true;
}

bool head_check(struct parse *parse)
{
    if (!parse->line_done)
        return malformed(parse, STR("The request line names no HTTP version."));
    if (parse->llhttp.method == LLHTTP_CONNECT)
        return malformed(parse, STR("This is no proxy."));
    if (parse->llhttp.http_major != 1 || parse->llhttp.http_minor > 1) {
        problem_set(&parse->problem, PROBLEM_HTTP_VERSION, STR("Use HTTP/1.1."));
        return false;
    }
    struct findings found = look_through(parse->request);
    if (!check_framing(parse, &found) || !check_host(parse, &found))
        return false;
    if (!split_target(parse->request))
        return malformed(parse, STR("The request's target is not a path or an http address."));
    return check_expect(parse, &found);
}

void head_learn(struct parse *parse)
{
    struct request *request = parse->request;
    if (request->target.len == 0 || request->path.len > 0)
        return;
    parse_method(parse);
    if (!split_target(request))
        request->path = request->query = (str){};
}
