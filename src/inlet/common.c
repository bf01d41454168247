/* SPDX-License-Identifier: MIT */
#include "base/redact.h"
#include "inlet/internal.h"

bool inlet_is_json(str type)
{
    return str_equal_nocase(type, STR("application/json")) ||
           (type.len > 5 && str_equal_nocase(str_skip(type, type.len - 5), STR("+json")));
}

bool inlet_read_json(const struct inlet_context *inlet, struct request *request, json *ret_body,
                     struct problem *reterr)
{
    struct json_error error;
    if (str_trim(request->body).len == 0) {
        problem_set(reterr, PROBLEM_MALFORMED, STR("The body is empty. Send a JSON object."));
        return false;
    }
    if (json_read(&request->arena, request->body, (int)inlet->limits->json_depth, ret_body, &error))
        return true;
    problem_set(reterr, PROBLEM_MALFORMED,
                arena_format(&request->arena, "The body is not JSON: %.*s.", STR_ARG(error.text)));
    return false;
}

/* NOLINTNEXTLINE(readability-function-size): a row of so many parts, told by each caller */
struct rejection inlet_rejection(const struct inlet_context *inlet, struct request *request,
                                 int64_t organization, int64_t inlet_id, str inlet_name,
                                 const struct problem *problem)
{
    const struct problem_kind *kind = problem_kind(problem->id);
    char *client = arena_bytes(&request->arena, ADDRESS_TEXT_MAX);
    struct buf detail;
    buf_init(&detail, &request->arena, 2000);
    buf_add(&detail, problem->text);
    for (const struct field_error *at = problem->errors; at != NULL; at = at->next)
        buf_format(&detail, " %.*s: %.*s", STR_ARG(at->field), STR_ARG(at->message));
    return (struct rejection){
        .organization = organization,
        .at_ms = clock_now_ms(inlet->clock),
        .inlet = inlet_id,
        .inlet_name = redact_plain(inlet_name, &request->arena),
        .status = kind->status,
        .reason = str_c(kind->slug),
        .detail = redact_plain(buf_str(&detail), &request->arena),
        .client = address_write(&request->client, client),
        .request_id = request->id,
        .body = redact_head(request->body, (size_t)inlet->limits->rejection_body, &request->arena),
        /* One that the server refused has no body here, and perhaps a length. */
        .body_length = MAX_OF((int64_t)request->body.len, request->body_length),
    };
}

void inlet_answer_failed(struct request *request)
{
    struct problem problem = { .retry_after_s = 5 };
    problem_set(&problem, PROBLEM_STORE,
                STR("The event could not be committed, and is not there. Send it again."));
    request_reply_problem(request, &problem);
}

void inlet_answer_refused(const struct inlet_context *inlet, struct request *request,
                          enum admission admission)
{
    struct problem problem;
    admission_problem(inlet->committer, admission, &request->arena, &problem);
    request_reply_problem(request, &problem);
}
