/* SPDX-License-Identifier: MIT */
#include "api/attempts.h"

#include "api/mask.h"
#include "api/outlets.h"
#include "model/names.h"
#include "store/lists.h"
#include "store/sealed.h"

/* Attempts in one answer: so many, and of so many bytes. */
#define ATTEMPTS_MAX 200
#define ATTEMPT_BYTES_MAX (8 * MIB)

struct attempts {
    struct attempt_visitor visitor;
    struct call *call;
    const struct sent *sent;    /* of every request: content is fixed once */
    str method;                 /* of one that never went out; empty: not known */
    struct secret_names secret; /* as the endpoint has them now */
    int failure;                /* one did not open */
};

static str with_query(str url, str query, struct arena *arena)
{
    return query.len == 0 ? url : arena_format(arena, "%.*s?%.*s", STR_ARG(url), STR_ARG(query));
}

static void write_request(const struct attempts *attempts, const struct attempt *attempt)
{
    struct json_writer *out = &attempts->call->out;
    struct arena *arena = &attempts->call->request->arena;
    const struct sent *sent = attempts->sent;
    str line = head_first_line(attempt->request_head);
    json_key(out, STR("request"));
    json_begin_object(out);
    json_member_text_or_null(out, STR("method"),
                             line.len == 0 ? attempts->method : str_cut(&line, ' '));
    json_member_string(out, STR("url"), with_query(attempt->url, sent->query, arena));
    json_key(out, STR("headers"));
    json_add_headers(out, attempt->request_head, &attempts->secret, arena);
    json_member_bytes(out, STR("body"), STR("bodyEncoding"), sent->body, arena);
    json_end_object(out);
}

static void write_response(const struct attempts *attempts, const struct attempt *attempt)
{
    struct json_writer *out = &attempts->call->out;
    struct arena *arena = &attempts->call->request->arena;
    json_key(out, STR("response"));
    if (attempt->status == 0) {
        json_add_null(out);
        return;
    }
    json_begin_object(out);
    json_member_int(out, STR("status"), attempt->status);
    json_key(out, STR("headers"));
    json_add_headers(out, attempt->response_head, &attempts->secret, arena);
    json_member_bytes(out, STR("body"), STR("bodyEncoding"), attempt->response_body, arena);
    json_member_int(out, STR("length"), attempt->response_length);
    json_member_bool(out, STR("truncated"), attempt->response_truncated);
    json_end_object(out);
}

static void write_phases(struct json_writer *out, const struct attempt *attempt)
{
    json_key(out, STR("phases"));
    json_begin_object(out);
    json_member_int_or_null(out, STR("nameUs"), attempt->name_us);
    json_member_int_or_null(out, STR("connectUs"), attempt->connect_us);
    json_member_int_or_null(out, STR("tlsUs"), attempt->tls_us);
    json_member_int_or_null(out, STR("firstByteUs"), attempt->first_byte_us);
    json_member_int(out, STR("wholeUs"), attempt->duration_us);
    json_end_object(out);
    json_member_text_or_null(out, STR("address"), attempt->address);
}

static void write_attempt(struct attempt_visitor *visitor, const struct attempt *stored)
{
    struct attempts *attempts = CONTAINER_OF(visitor, struct attempts, visitor);
    struct json_writer *out = &attempts->call->out;
    struct attempt opened = *stored;
    const struct attempt *attempt = &opened;
    if (!attempt_open(attempts->call->api->context.seal_key, &opened, visitor->arena)) {
        attempts->failure = fail(FAIL_CORRUPT);
        return;
    }
    json_begin_object(out);
    json_member_int(out, STR("number"), attempt->number);
    json_member_instant(out, STR("startedAt"), attempt->started_ms);
    json_member_int(out, STR("durationMs"), (attempt->duration_us + 500) / 1000);
    write_phases(out, attempt);
    json_member_bool(out, STR("manual"), attempt->manual);
    write_request(attempts, attempt);
    write_response(attempts, attempt);
    json_member_text_or_null(out, STR("error"), attempt->error);
    json_end_object(out);
}

/* Those that the answer shows. */
struct span {
    int first;
    int before;
};

/* The newest below ?before=, as many as the answer has room for. */
static int find_span(struct call *call, struct sql *sql, const struct delivery *delivery,
                     size_t body, struct span *ret_span)
{
    struct attempt_size *sizes =
        ARENA_ARRAY(&call->request->arena, struct attempt_size, ATTEMPTS_MAX);
    struct attempt_page page = { .before = INT32_MAX, .limit = ATTEMPTS_MAX };
    int count;
    (void)call_query_number(call, "before", &page.before);
    int r = store_read_attempt_sizes(sql, delivery, &page, sizes, &count);
    if (r < 0)
        return fail(r);
    int64_t bytes = 0;
    int first = 1;
    for (int i = 0; i < count; i++) {
        bytes += sizes[i].bytes + (int64_t)body;
        if (i > 0 && bytes > ATTEMPT_BYTES_MAX)
            break;
        first = sizes[i].number;
    }
    *ret_span = (struct span){ .first = first, .before = page.before };
    return 0;
}

/* When it is gone: what was known to be a secret has been masked when it was sent. */
static int read_endpoint(struct call *call, struct sql *sql, const struct delivery *delivery,
                         struct attempts *attempts)
{
    struct endpoint_row endpoint;
    struct outlet_shown shown;
    int r = store_read_endpoint(sql, delivery->organization, delivery->outlet,
                                &call->request->arena, &endpoint);
    if (r == 0)
        r = outlets_read_shown(call, endpoint.transport, &shown);
    if (r != 0)
        return fail(MIN_OF(r, 0));
    attempts->secret = shown.secret;
    if (endpoint.kind == ENDPOINT_WEBHOOK)
        attempts->method = request_method_name(shown.method);
    return 0;
}

int write_attempts(struct call *call, struct sql *sql, const struct delivery *delivery,
                   const struct sent *sent)
{
    struct json_writer *out = &call->out;
    struct attempts attempts = {
        .visitor = { .arena = &call->request->arena, .show = write_attempt },
        .call = call,
        .sent = sent,
        .method = sent->method,
    };
    struct span span = {};
    int r = find_span(call, sql, delivery, sent->body.len + sent->query.len, &span);
    if (r == 0)
        r = read_endpoint(call, sql, delivery, &attempts);
    if (r < 0)
        return fail(r);
    json_key(out, STR("attempts"));
    json_begin_array(out);
    r = store_read_attempts(sql, delivery, span.first, span.before, &attempts.visitor);
    json_end_array(out);
    json_member_int(out, STR("attemptsOmitted"), span.first - 1);
    json_member_int_or_null(out, STR("attemptsNext"), span.first > 1 ? span.first : 0);
    return fail(r < 0 ? r : attempts.failure);
}
