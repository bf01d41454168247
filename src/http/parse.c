/* SPDX-License-Identifier: MIT */
#include "http/parse.h"

/* Chunk framing and trailers may take this many bytes for each byte of body, beside what the header
 * block left of its cap. The smallest chunk, one byte, takes five. */
#define FRAMING_PER_BYTE 8

static const enum http_method methods[] = {
    [LLHTTP_DELETE] = HTTP_DELETE, [LLHTTP_GET] = HTTP_GET, [LLHTTP_HEAD] = HTTP_HEAD,
    [LLHTTP_POST] = HTTP_POST,     [LLHTTP_PUT] = HTTP_PUT, [LLHTTP_OPTIONS] = HTTP_OPTIONS,
    [LLHTTP_PATCH] = HTTP_PATCH,
};

static int refuse(struct parse *parse, enum problem_id id, str text)
{
    problem_set(&parse->problem, id, text);
    return HPE_USER;
}

static int add_span(llhttp_t *llhttp, const char *at, size_t length)
{
    struct parse *parse = llhttp->data;
    size_t longer = parse->span_len + length;
    parse->span = arena_grow(&parse->request->arena, parse->span, parse->span_len, longer);
    memcpy(parse->span + parse->span_len, at, length);
    parse->span_len = longer;
    return 0;
}

static str end_span(struct parse *parse)
{
    str span = str_from(parse->span, parse->span_len);
    parse->span = NULL;
    parse->span_len = 0;
    return span;
}

/* The bytes right before `at`, in this slice or the ones before it. */
static void look_back(const struct parse *parse, const char *at, char *to, size_t count)
{
    assert(count <= sizeof(parse->before));
    size_t here = MIN_OF((size_t)(at - parse->slice), count);
    size_t rest = count - here;
    memcpy(to, parse->before + sizeof(parse->before) - rest, rest);
    memcpy(to + rest, at - here, here);
}

/* llhttp skips any number of spaces between the parts of the request line; RFC 9112 §3 has one, and
 * who reads a second one differently reads another target. */
static int refuse_spaces(struct parse *parse)
{
    return refuse(parse, PROBLEM_MALFORMED,
                  STR("One space stands between the parts of a request line."));
}

static int on_target(llhttp_t *llhttp, const char *at, size_t length)
{
    struct parse *parse = llhttp->data;
    if (parse->span_len == 0) {
        char before[2];
        look_back(parse, at, before, sizeof(before));
        if (before[0] == ' ')
            return refuse_spaces(parse);
    }
    return add_span(llhttp, at, length);
}

static int on_target_end(llhttp_t *llhttp)
{
    struct parse *parse = llhttp->data;
    parse->request->target = end_span(parse);
    return 0;
}

/* llhttp takes RTSP/ and ICE/ for HTTP/ too, and does not tell: look at what stands before. */
static int on_version(llhttp_t *llhttp, const char *at, size_t length)
{
    (void)length;
    struct parse *parse = llhttp->data;
    if (parse->line_done)
        return 0;
    parse->line_done = true;
    char before[PARSE_BEFORE];
    look_back(parse, at, before, sizeof(before));
    if (memcmp(before + 2, "HTTP/", 5) != 0)
        return refuse(parse, PROBLEM_HTTP_VERSION, STR("The request line names no HTTP version."));
    if (before[0] == ' ')
        return refuse_spaces(parse);
    return 0;
}

/* Trailers are read, counted by their bytes, and forgotten. */
static int on_name(llhttp_t *llhttp, const char *at, size_t length)
{
    const struct parse *parse = llhttp->data;
    return parse->head_done ? 0 : add_span(llhttp, at, length);
}

static int on_name_end(llhttp_t *llhttp)
{
    struct parse *parse = llhttp->data;
    if (!parse->head_done)
        parse->name = end_span(parse);
    return 0;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t length)
{
    const struct parse *parse = llhttp->data;
    return parse->head_done ? 0 : add_span(llhttp, at, length);
}

static void more_header_room(struct parse *parse)
{
    int room = parse->header_room * 2;
    struct http_header *headers =
        ARENA_ARRAY(&parse->request->arena, struct http_header, (size_t)room);
    memcpy(headers, parse->headers, (size_t)parse->header_room * sizeof(*headers));
    parse->headers = headers;
    parse->header_room = room;
}

static int on_value_end(llhttp_t *llhttp)
{
    struct parse *parse = llhttp->data;
    if (parse->head_done)
        return 0;
    struct request *request = parse->request;
    str value = str_trim(end_span(parse));
    if (request->header_count == parse->header_room)
        more_header_room(parse);
    parse->headers[request->header_count++] =
        (struct http_header){ .name = parse->name, .value = value };
    request->headers = parse->headers;
    return 0;
}

/* Content-Length is counted down by llhttp while the body comes, so it is read here. */
static int64_t body_length(const llhttp_t *llhttp)
{
    if (llhttp->flags & F_CHUNKED)
        return -1;
    if (!(llhttp->flags & F_CONTENT_LENGTH))
        return 0;
    return llhttp->content_length > INT64_MAX ? INT64_MAX : (int64_t)llhttp->content_length;
}

void parse_method(struct parse *parse)
{
    struct request *request = parse->request;
    uint8_t method = parse->llhttp.method;
    request->method = method < COUNT_OF(methods) ? methods[method] : HTTP_OTHER;
    request->method_text = str_c(llhttp_method_name((llhttp_method_t)method));
}

/* Pauses where a body follows, so that the caller can say whether it is welcome. */
static int on_head_end(llhttp_t *llhttp)
{
    struct parse *parse = llhttp->data;
    struct request *request = parse->request;
    parse->head_done = true;
    parse->keep_alive = llhttp_should_keep_alive(llhttp) != 0;
    /* An offer to change the protocol is not taken up (RFC 9110 §7.8). */
    llhttp->upgrade = 0;
    parse_method(parse);
    request->body_length = body_length(llhttp);
    return request->body_length != 0 ? HPE_PAUSED : 0;
}

static void begin_body(struct parse *parse)
{
    struct request *request = parse->request;
    assert(request->body_length <= request->max_body);
    buf_init(&parse->body, &request->arena, (size_t)request->max_body);
    if (request->body_length <= 0)
        return;
    /* All at once: what is announced but never sent costs address space, not memory. */
    const char *room = buf_reserve(&parse->body, (size_t)request->body_length);
    assert(room != NULL);
}

static bool fits(const struct parse *parse, uint64_t more)
{
    return more <= (uint64_t)parse->request->max_body - parse->body.len;
}

str parse_too_large(struct request *request)
{
    if (request->body_length < 0)
        return arena_format(&request->arena,
                            "The body is larger than the %lld bytes that this "
                            "address takes.",
                            (long long)request->max_body);
    return arena_format(&request->arena,
                        "The body has %lld bytes; this address takes %lld at most.",
                        (long long)request->body_length, (long long)request->max_body);
}

static int refuse_large(struct parse *parse)
{
    return refuse(parse, PROBLEM_TOO_LARGE, parse_too_large(parse->request));
}

/* A chunk that is too large is refused by its size, before it comes. */
static int on_chunk(llhttp_t *llhttp)
{
    struct parse *parse = llhttp->data;
    return fits(parse, llhttp->content_length) ? 0 : refuse_large(parse);
}

static int on_body(llhttp_t *llhttp, const char *at, size_t length)
{
    struct parse *parse = llhttp->data;
    if (parse->body.arena == NULL)
        begin_body(parse);
    buf_add(&parse->body, str_from(at, length));
    return buf_overflowed(&parse->body) ? refuse_large(parse) : 0;
}

static int on_whole(llhttp_t *llhttp)
{
    struct parse *parse = llhttp->data;
    parse->whole = true;
    parse->request->body = buf_str(&parse->body);
    return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_url = on_target,
    .on_url_complete = on_target_end,
    .on_version = on_version,
    .on_header_field = on_name,
    .on_header_field_complete = on_name_end,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_end,
    .on_headers_complete = on_head_end,
    .on_chunk_header = on_chunk,
    .on_body = on_body,
    .on_message_complete = on_whole,
};

void parse_begin(struct parse *parse, struct request *request, size_t head_max)
{
    /* All but the header array, which is most of the struct and written before it is read. */
    memset(parse, 0, offsetof(struct parse, first_headers));
    llhttp_init(&parse->llhttp, HTTP_REQUEST, &callbacks);
    parse->llhttp.data = parse;
    parse->request = request;
    parse->head_max = head_max;
    parse->headers = parse->first_headers;
    parse->header_room = PARSE_FIRST_HEADERS;
}

static bool is_other_version(const llhttp_t *llhttp, llhttp_errno_t error)
{
    /* INVALID_VERSION is also what follows a good one badly. */
    return error == HPE_PAUSED_H2_UPGRADE ||
           (error == HPE_INVALID_VERSION && (llhttp->http_major != 1 || llhttp->http_minor > 1));
}

/* What llhttp stumbled over, in our words. */
static str fault(llhttp_errno_t error)
{
    switch ((int)error) { /* it has many more, which do not come from requests */
    case HPE_INVALID_METHOD:
        return STR("The request line does not begin with a method of HTTP.");
    case HPE_INVALID_URL:
        return STR("The address in the request line has characters that must be percent-encoded.");
    case HPE_INVALID_VERSION:
    case HPE_INVALID_CONSTANT:
        return STR("The request line does not end with HTTP/1.1.");
    case HPE_STRICT:
    case HPE_CR_EXPECTED:
    case HPE_LF_EXPECTED:
        return STR("A line does not end with CR LF.");
    case HPE_INVALID_HEADER_TOKEN:
        return STR("A header has a character that its name or value may not have.");
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
        return STR("Content-Length must be there once, be a number, and not be there beside "
                   "Transfer-Encoding.");
    case HPE_INVALID_TRANSFER_ENCODING:
        return STR("Transfer-Encoding must be chunked, and not be there beside Content-Length.");
    case HPE_INVALID_CHUNK_SIZE:
        return STR("The size of a chunk is not a hexadecimal number that fits.");
    case HPE_CLOSED_CONNECTION:
        return STR("More data came behind a request that said it was the last one.");
    default:
        return STR("The request is not HTTP as RFC 9112 has it.");
    }
}

static enum parse_result fail_by_llhttp(struct parse *parse, llhttp_errno_t error)
{
    if (problem_has(&parse->problem))
        return PARSE_FAILED;
    if (is_other_version(&parse->llhttp, error))
        problem_set(&parse->problem, PROBLEM_HTTP_VERSION,
                    STR("Speak HTTP/1.1, or HTTP/1.0, to this hub."));
    else
        problem_set(&parse->problem, PROBLEM_MALFORMED, fault(error));
    return PARSE_FAILED;
}

static str head_limit(struct parse *parse, const char *what)
{
    return arena_format(&parse->request->arena, "%s the %zu bytes that --max-headers allows.", what,
                        parse->head_max);
}

static enum parse_result fail_by_head_size(struct parse *parse)
{
    if (parse->line_done)
        (void)refuse(parse, PROBLEM_HEADERS_TOO_LARGE,
                     head_limit(parse, "The header block is larger than"));
    else
        (void)refuse(parse, PROBLEM_URI_TOO_LONG,
                     head_limit(parse, "The request line is longer than"));
    return PARSE_FAILED;
}

/* Keeps the end of a slice in which the version has not come yet. */
static void remember(struct parse *parse, str slice)
{
    size_t kept = sizeof(parse->before);
    if (slice.len >= kept) {
        memcpy(parse->before, slice.ptr + slice.len - kept, kept);
        return;
    }
    memmove(parse->before, parse->before + slice.len, kept - slice.len);
    memcpy(parse->before + kept - slice.len, slice.ptr, slice.len);
}

/* Returns how much llhttp used; PAUSED and OK are both fine. */
static llhttp_errno_t execute(struct parse *parse, str slice, size_t *ret_used)
{
    parse->slice = slice.ptr;
    llhttp_errno_t error = llhttp_execute(&parse->llhttp, slice.ptr, slice.len);
    *ret_used = slice.len;
    if (error != HPE_PAUSED)
        return error;
    *ret_used = (size_t)(llhttp_get_error_pos(&parse->llhttp) - slice.ptr);
    assert(*ret_used <= slice.len);
    llhttp_resume(&parse->llhttp);
    return HPE_OK;
}

static enum parse_result feed_head(struct parse *parse, str *input)
{
    /* One byte over the cap is fed, no more: that is how it shows. */
    str slice = str_head(*input, parse->head_max + 1 - parse->head_bytes);
    size_t used;
    llhttp_errno_t error = execute(parse, slice, &used);
    if (error != HPE_OK)
        return fail_by_llhttp(parse, error);
    parse->head_bytes += used;
    *input = str_skip(*input, used);
    if (parse->head_bytes > parse->head_max)
        return fail_by_head_size(parse);
    if (parse->head_done)
        return head_check(parse) ? PARSE_HEAD : PARSE_FAILED;
    if (!parse->line_done)
        remember(parse, slice);
    return PARSE_MORE;
}

static enum parse_result feed_body(struct parse *parse, str *input)
{
    size_t used;
    llhttp_errno_t error = execute(parse, *input, &used);
    if (error != HPE_OK)
        return fail_by_llhttp(parse, error);
    parse->body_bytes += used;
    *input = str_skip(*input, used);
    size_t framing = parse->body_bytes - parse->body.len;
    if (framing > parse->head_max - parse->head_bytes + FRAMING_PER_BYTE * parse->body.len) {
        (void)refuse(
            parse, PROBLEM_HEADERS_TOO_LARGE,
            head_limit(parse, "Header block, chunk extensions and trailers take more than"));
        return PARSE_FAILED;
    }
    return parse->whole ? PARSE_WHOLE : PARSE_MORE;
}

enum parse_result parse_feed(struct parse *parse, str *input)
{
    if (!parse->head_done)
        return input->len == 0 ? PARSE_MORE : feed_head(parse, input);
    if (parse->whole)
        return PARSE_WHOLE;
    return input->len == 0 ? PARSE_MORE : feed_body(parse, input);
}
