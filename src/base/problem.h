/* SPDX-License-Identifier: MIT
 * base/problem.h: what went wrong, for people. The API (RFC 9457), the log and the command line
 * print the same one. `type` slugs and field codes are stable names: clients compare them. */
#pragma once

#include "base/arena.h"

/* X(member, slug, HTTP status, title) */
#define PROBLEMS(X)                                                                                \
    X(INTERNAL, "internal", 500, "Something went wrong inside the hub")                            \
    X(MALFORMED, "malformed", 400, "The request cannot be read")                                   \
    X(UNAUTHENTICATED, "unauthenticated", 401, "Who is asking is not known")                       \
    X(FORBIDDEN, "forbidden", 403, "Not allowed")                                                  \
    X(NOT_FOUND, "not_found", 404, "There is no such thing")                                       \
    X(METHOD, "method_not_allowed", 405, "This address does not take that method")                 \
    X(CONFLICT, "conflict", 409, "It does not fit what is there")                                  \
    X(GONE, "gone", 410, "It is no longer there")                                                  \
    X(TOO_LARGE, "too_large", 413, "The request is too large")                                     \
    X(URI_TOO_LONG, "uri_too_long", 414, "The address is too long")                                \
    X(MEDIA_TYPE, "unsupported_media_type", 415, "The content type is not one this address takes") \
    X(INVALID, "invalid", 422, "Some of the values are not valid")                                 \
    X(KEY_REUSED, "idempotency_key_reused", 422, "The Idempotency-Key came with another request")  \
    X(CONTEXT, "context_not_available", 422, "That context is not available")                      \
    X(EXPECTATION, "expectation_failed", 417, "The expectation cannot be met")                     \
    X(RATE, "rate_limited", 429, "Too many requests")                                              \
    X(HEADERS_TOO_LARGE, "headers_too_large", 431, "The header block is too large")                \
    X(BUSY, "busy", 503, "The hub has more to do than it can take in")                             \
    X(BACKLOG, "backlog_full", 503, "Unfinished deliveries fill the store")                        \
    X(STORE, "store_unavailable", 503, "The store cannot commit now")                              \
    X(STOPPING, "stopping", 503, "The hub is stopping")                                            \
    X(STARTING, "starting", 503, "The hub is starting")                                            \
    X(LOOP, "loop_detected", 508, "The event has come round in a circle")                          \
    X(HTTP_VERSION, "http_version", 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here")             \
    X(TIMEOUT, "timeout", 408, "The request took too long to arrive")

#define PROBLEM_MEMBER(member, slug, status, title) PROBLEM_##member,

enum problem_id { PROBLEMS(PROBLEM_MEMBER) };

#undef PROBLEM_MEMBER

struct problem_kind {
    const char *slug;
    int status;
    const char *title;
};

const struct problem_kind *problem_kind(enum problem_id id);

/* One value that is wrong. `pointer` is an RFC 6901 pointer into the body, or empty. */
struct field_error {
    struct field_error *next;
    str pointer;
    str field; /* the field's name as the sender knows it */
    str code;  /* required, type, unknown, format, range, duplicate, … */
    str message;
};

struct problem {
    enum problem_id id;
    str text;                   /* one sentence: what is wrong and what to do */
    struct field_error *errors; /* in the order they were found */
    struct field_error **errors_end;
    int error_count;   /* may be more than are kept: see PROBLEM_ERRORS_MAX */
    int retry_after_s; /* 0: none */
};

/* A request with more errors than this says so in its text. */
#define PROBLEM_ERRORS_MAX 50

/* Sets id and text; `text` must outlive the problem. */
void problem_set(struct problem *problem, enum problem_id id, str text);

/* Adds one error (views must outlive the problem), and makes the problem PROBLEM_INVALID if it is
 * none yet. */
void problem_add(struct problem *problem, struct arena *arena, struct field_error error);

static inline bool problem_has(const struct problem *problem)
{
    return problem->text.len > 0 || problem->errors != NULL;
}
