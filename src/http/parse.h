/* SPDX-License-Identifier: MIT
 * http/parse.h: bytes → one request, over llhttp, in whatever cuts the bytes come. Knows no socket,
 * no clock and no other thread, so that it can be fed by a test.
 *
 *   parse_begin() → parse_feed() … PARSE_MORE …  → PARSE_HEAD → … PARSE_MORE … → PARSE_WHOLE
 *                              └────────────────────┴──→ PARSE_FAILED ←──┘
 *
 * Invariants: (1) what llhttp refuses in its strict mode is refused; (2) never more than head_max
 * bytes of header block, request->max_body bytes of body, and a stated surplus of chunk framing and
 * trailers are taken in; (3) what is left in the input after PARSE_WHOLE is the next request. */
#pragma once

/* llhttp has members of the same names as our enum http_method. */
#define HTTP_CONNECT LLHTTP_CONNECT
#define HTTP_DELETE LLHTTP_DELETE
#define HTTP_GET LLHTTP_GET
#define HTTP_HEAD LLHTTP_HEAD
#define HTTP_OPTIONS LLHTTP_OPTIONS
#define HTTP_PATCH LLHTTP_PATCH
#define HTTP_POST LLHTTP_POST
#define HTTP_PUT LLHTTP_PUT
#include <llhttp.h>
#undef HTTP_CONNECT
#undef HTTP_DELETE
#undef HTTP_GET
#undef HTTP_HEAD
#undef HTTP_OPTIONS
#undef HTTP_PATCH
#undef HTTP_POST
#undef HTTP_PUT

#include "base/buf.h"
#include "http/http.h"

enum parse_result {
    PARSE_FAILED = 0, /* parse->problem says what to answer; the connection is of no more use */
    PARSE_MORE,       /* all input is taken in */
    PARSE_HEAD,       /* the header block is whole and sound: request->max_body may be set now */
    PARSE_WHOLE,      /* the request is whole */
};

#define PARSE_FIRST_HEADERS 24

/* What is looked at before a version: the target's last byte, one space, "HTTP/". */
#define PARSE_BEFORE 7

struct parse {
    llhttp_t llhttp;
    struct request *request;
    struct problem problem; /* set with PARSE_FAILED */
    size_t head_max;
    size_t head_bytes; /* of the header block, so far */
    size_t body_bytes; /* as they came by the wire: with chunk framing and trailers */
    struct buf body;
    char *span; /* the text that llhttp is in the middle of, in the request's arena */
    size_t span_len;
    str name; /* of the header whose value comes next */
    struct http_header *headers;
    int header_room;
    const char *slice;         /* what llhttp is being fed with */
    char before[PARSE_BEFORE]; /* the last bytes of the slices before */
    bool line_done;            /* the request line is in */
    bool head_done;
    bool whole;
    bool keep_alive;
    bool expects_continue; /* and the sender waits for it */
    struct http_header first_headers[PARSE_FIRST_HEADERS];
};

/* `request` has its arena and is empty otherwise. */
/* What to say of a body over request->max_body. */
str parse_too_large(struct request *request);

void parse_begin(struct parse *parse, struct request *request, size_t head_max);

/* Takes what it uses off the front of `input`. */
MUST_USE enum parse_result parse_feed(struct parse *parse, str *input);

/* The body is (or was) on its way, in whole or in part. */
static inline bool parse_has_body(const struct parse *parse)
{
    return parse->request->body_length != 0;
}

/* The method, from llhttp's; once the request line has one. */
void parse_method(struct parse *parse);

/* http/head.c: the rules that go beyond llhttp's: versions, Host, the forms of a target, transfer
 * codings, Expect. False: parse->problem is set. */
MUST_USE bool head_check(struct parse *parse);
/* Method, path and query of a head that was refused, as far as its request line came. */
void head_learn(struct parse *parse);
