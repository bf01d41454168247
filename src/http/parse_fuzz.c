/* SPDX-License-Identifier: MIT
 * Arbitrary bytes as a stream of requests, fed whole and in pieces: both must come to the same, and
 * what is accepted must keep the promises of parse.h and head.c. The first byte chooses the cuts.
 */
#include "base/digest.h"
#include "http/parse.h"

#define HEAD_MAX ((size_t)1 << 20)
#define BODY_MAX 3000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct stream {
    str rest;
    unsigned step; /* 0: everything at once */
    unsigned turn;
};

static str next_piece(struct stream *stream)
{
    size_t length = stream->rest.len;
    if (stream->step > 0)
        length = 1 + (stream->turn++ * 7 + stream->step) % stream->step;
    str piece = str_head(stream->rest, length);
    stream->rest = str_skip(stream->rest, piece.len);
    return piece;
}

static void check_text(str text)
{
    assert(str_index(text, '\r') < 0 && str_index(text, '\n') < 0 && str_index(text, '\0') < 0);
}

static void check_framing(const struct request *request)
{
    const str *length = request_header(request, STR("Content-Length"));
    const str *coding = request_header(request, STR("Transfer-Encoding"));
    assert(length == NULL || coding == NULL);
    int64_t number = 0;
    /* Beyond 63 bits it is as large as can be said. */
    if (length != NULL && !str_to_int64(*length, &number))
        number = INT64_MAX;
    if (coding != NULL)
        assert(str_equal_nocase(*coding, STR("chunked")) && request->body_length == -1);
    else
        assert(request->body_length == number);
}

static void check_head(const struct request *request)
{
    int hosts = 0;
    for (int i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        assert(header->name.len > 0 && str_index(header->name, ' ') < 0);
        check_text(header->name);
        check_text(header->value);
        hosts += str_equal_nocase(header->name, STR("Host"));
    }
    assert(hosts <= 1);
    assert(request->path.len > 0);
    assert(request->path.ptr[0] == '/' || str_equal(request->path, STR("*")));
    assert(str_index(request->path, '?') < 0);
    for (size_t i = 0; i < request->target.len; i++)
        assert(request->target.ptr[i] > ' ' && request->target.ptr[i] < 0x7f);
    check_framing(request);
}

static void check_whole(const struct parse *parse)
{
    const struct request *request = parse->request;
    assert((int64_t)request->body.len <= request->max_body);
    if (request->body_length >= 0)
        assert((int64_t)request->body.len == request->body_length);
}

static void note(struct buf *notes, str text)
{
    buf_int(notes, (int64_t)text.len);
    buf_char(notes, ':');
    buf_add(notes, text);
}

static void note_request(struct buf *notes, const struct parse *parse)
{
    const struct request *request = parse->request;
    note(notes, request->method_text);
    note(notes, request->target);
    note(notes, request->path);
    note(notes, request->query);
    for (int i = 0; i < request->header_count; i++) {
        note(notes, request->headers[i].name);
        note(notes, request->headers[i].value);
    }
    note(notes, request->body);
    note(notes, parse->keep_alive ? STR("keep") : STR("close"));
}

/* One request. False: the stream has come to its end, or to its failure. */
static bool take_request(struct stream *stream, str *piece, struct buf *notes)
{
    struct request request = {};
    struct parse parse;
    enum parse_result result;
    parse_begin(&parse, &request, HEAD_MAX);
    do {
        if (piece->len == 0)
            *piece = next_piece(stream);
        bool ended = piece->len == 0;
        result = parse_feed(&parse, piece);
        if (result == PARSE_MORE && ended)
            break;
        if (result == PARSE_MORE)
            assert(piece->len == 0);
        if (result == PARSE_HEAD) {
            check_head(&request);
            request.max_body = BODY_MAX;
            if (request.body_length > BODY_MAX)
                break;
        }
    } while (result == PARSE_MORE || result == PARSE_HEAD);
    if (result == PARSE_WHOLE) {
        check_whole(&parse);
        note_request(notes, &parse);
    } else if (result == PARSE_FAILED) {
        assert(problem_has(&parse.problem));
        note(notes, str_c(problem_kind(parse.problem.id)->slug));
    }
    bool goes_on = result == PARSE_WHOLE && parse.keep_alive;
    arena_done(&request.arena);
    return goes_on;
}

static struct digest take_stream(str bytes, unsigned step)
{
    struct arena arena = {};
    struct buf notes;
    buf_init(&notes, &arena, (size_t)1 << 26);
    struct stream stream = { .rest = bytes, .step = step };
    str piece = {};
    while (take_request(&stream, &piece, &notes))
        continue;
    struct digest digest = digest_sha256(buf_str(&notes));
    arena_done(&arena);
    return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    str bytes = str_from(data + 1, size - 1);
    struct digest whole = take_stream(bytes, 0);
    struct digest single = take_stream(bytes, 1);
    struct digest pieces = take_stream(bytes, 2u + data[0]);
    assert(str_equal(digest_str(&whole), digest_str(&single)));
    assert(str_equal(digest_str(&whole), digest_str(&pieces)));
    return 0;
}
