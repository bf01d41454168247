/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "http/http.h"

/* 50 errors with long texts fit. */
#define PROBLEM_BODY_MAX ((size_t)256 << 10)

str http_method_name(enum http_method method)
{
    switch (method) {
    case HTTP_OTHER:
        break;
    case HTTP_GET:
        return STR("GET");
    case HTTP_HEAD:
        return STR("HEAD");
    case HTTP_POST:
        return STR("POST");
    case HTTP_PUT:
        return STR("PUT");
    case HTTP_PATCH:
        return STR("PATCH");
    case HTTP_DELETE:
        return STR("DELETE");
    case HTTP_OPTIONS:
        return STR("OPTIONS");
    }
    return STR("OTHER");
}

const str *request_header(const struct request *request, str name)
{
    for (int i = 0; i < request->header_count; i++)
        if (str_equal_nocase(request->headers[i].name, name))
            return &request->headers[i].value;
    return NULL;
}

int request_header_count(const struct request *request, str name)
{
    int count = 0;
    for (int i = 0; i < request->header_count; i++)
        count += str_equal_nocase(request->headers[i].name, name);
    return count;
}

void request_reply(struct request *request, int status, str content_type, str body)
{
    struct reply *reply = &request->reply;
    reply->status = status;
    reply->content_type = content_type;
    reply->body = body;
}

void request_reply_json(struct request *request, int status, str body)
{
    request_reply(request, status, STR("application/json"), body);
}

static bool is_one_line(str text)
{
    return str_index(text, '\r') < 0 && str_index(text, '\n') < 0 && str_index(text, '\0') < 0;
}

void request_add_header(struct request *request, str name, str value)
{
    assert(name.len > 0 && is_one_line(name) && is_one_line(value));
    str before = request->reply.headers;
    struct buf line;
    buf_init(&line, &request->arena, SIZE_MAX / 2);
    buf_add(&line, before);
    buf_add(&line, name);
    buf_add(&line, STR(": "));
    buf_add(&line, value);
    buf_add(&line, STR("\r\n"));
    request->reply.headers = buf_str(&line);
}

static void add_error(struct buf *json, const struct field_error *error)
{
    buf_add(json, STR("{\"pointer\":"));
    buf_quoted(json, error->pointer);
    buf_add(json, STR(",\"field\":"));
    buf_quoted(json, error->field);
    buf_add(json, STR(",\"code\":"));
    buf_quoted(json, error->code);
    buf_add(json, STR(",\"message\":"));
    buf_quoted(json, error->message);
    buf_char(json, '}');
}

static void add_errors(struct buf *json, const struct problem *problem)
{
    if (problem->errors == NULL)
        return;
    buf_add(json, STR(",\"errors\":["));
    for (const struct field_error *at = problem->errors; at != NULL; at = at->next) {
        if (at != problem->errors)
            buf_char(json, ',');
        add_error(json, at);
    }
    buf_char(json, ']');
}

static str detail(const struct problem *problem, struct arena *arena)
{
    if (problem->error_count <= PROBLEM_ERRORS_MAX)
        return problem->text;
    return arena_format(arena, "%.*s Of %d errors the first %d are listed.", STR_ARG(problem->text),
                        problem->error_count, PROBLEM_ERRORS_MAX);
}

static str write_problem(struct request *request, const struct problem *problem, bool with_errors)
{
    const struct problem_kind *kind = problem_kind(problem->id);
    struct buf json;
    buf_init(&json, &request->arena, PROBLEM_BODY_MAX);
    buf_add(&json, STR("{\"type\":\"/problems/"));
    buf_add(&json, str_c(kind->slug));
    buf_add(&json, STR("\",\"title\":"));
    buf_quoted(&json, str_c(kind->title));
    buf_add(&json, STR(",\"status\":"));
    buf_int(&json, kind->status);
    buf_add(&json, STR(",\"detail\":"));
    buf_quoted(&json, detail(problem, &request->arena));
    buf_add(&json, STR(",\"requestId\":"));
    buf_quoted(&json, request->id);
    if (with_errors)
        add_errors(&json, problem);
    buf_char(&json, '}');
    return buf_overflowed(&json) ? (str){} : buf_str(&json);
}

void request_reply_problem(struct request *request, const struct problem *problem)
{
    str body = write_problem(request, problem, true);
    /* Errors that are longer than any answer should be are left out, the rest stands. */
    if (body.len == 0)
        body = write_problem(request, problem, false);
    request_reply(request, problem_kind(problem->id)->status, STR("application/problem+json"),
                  body);
    if (problem->retry_after_s > 0) {
        str seconds = arena_format(&request->arena, "%d", problem->retry_after_s);
        request_add_header(request, STR("Retry-After"), seconds);
    }
}
