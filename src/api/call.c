/* SPDX-License-Identifier: MIT */
#include "api/call.h"

#include "api/client.h"

#define ANSWER_MAX ((size_t)32 << 20)

/* Passwords being hashed at once, mostly: each takes 19 MiB and a core. */
#define SLOW_AT_ONCE 4

/* ── answering ── */

struct json_writer *call_json(struct call *call)
{
    buf_init(&call->text, &call->request->arena, ANSWER_MAX);
    call->out = json_writer(&call->text);
    return &call->out;
}

void call_reply(struct call *call, int status)
{
    if (buf_overflowed(&call->text)) {
        (void)call_refuse(call, PROBLEM_INTERNAL,
                          STR("The answer is longer than answers may be. Ask for a smaller page."));
        return;
    }
    request_reply_json(call->request, status, buf_str(&call->text));
}

void call_reply_nothing(struct call *call)
{
    request_reply(call->request, 204, (str){}, (str){});
}

int call_refuse(struct call *call, enum problem_id id, str text)
{
    problem_set(&call->problem, id, text);
    return CALL_REFUSED;
}

int call_refuse_code(struct call *call, enum problem_id id, const char *code, str text)
{
    problem_set(&call->problem, id, text);
    problem_add(&call->problem, &call->request->arena,
                (struct field_error){ .field = str_c(code), .code = str_c(code), .message = text });
    return CALL_REFUSED;
}

/* The last member that it names: of "lines/0/qty" "qty", of "campaignIds/2" "campaignIds". */
static str last_member(str path)
{
    str last = path;
    while (path.len > 0) {
        str part = str_cut(&path, '/');
        if (part.len > 0 && !char_is_digit(part.ptr[0]))
            last = part;
    }
    return last;
}

void call_wrong(struct call *call, const char *member, const char *code, str message)
{
    struct arena *arena = &call->request->arena;
    problem_add(&call->problem, arena,
                (struct field_error){ .pointer = arena_format(arena, "/%s", member),
                                      .field = last_member(str_c(member)),
                                      .code = str_c(code),
                                      .message = message });
}

int call_refuse_full(struct call *call)
{
    call->problem.retry_after_s = 1;
    return call_refuse(call, PROBLEM_BUSY,
                       STR("More requests wait for the store than the hub holds. Send it again."));
}

int call_not_found(struct call *call, const char *what)
{
    return call_refuse(call, PROBLEM_NOT_FOUND,
                       arena_format(&call->request->arena, "There is no %s with this id.", what));
}

static void explain_failure(struct call *call, int r)
{
    log_line(call->api->context.log, LOG_ERROR, "request failed",
             LOG_TEXT("request", call->request->id), LOG_TEXT("error", str_c(fail_describe(r))));
    if (r == FAIL_CORRUPT) {
        (void)call_refuse(call, PROBLEM_INTERNAL,
                          STR("What is stored does not read back as it was written. The log says "
                              "more; junctor doctor looks for the cause."));
        return;
    }
    call->problem.retry_after_s = 5;
    (void)call_refuse(call, PROBLEM_STORE,
                      STR("The store cannot be used now. Send the request again."));
}

void call_finish(struct call *call, int r)
{
    if (r < 0 && !problem_has(&call->problem))
        explain_failure(call, r);
    if (problem_has(&call->problem) && call->route->who == WHO_CLIENT)
        client_reply_problem(call);
    else if (problem_has(&call->problem))
        request_reply_problem(call->request, &call->problem);
    assert(call->request->reply.status != 0);
}

/* ── commands ── */

static int execute_command(struct operation *operation, struct batch *batch)
{
    struct call *call = CONTAINER_OF(operation, struct call, operation);
    /* It may run twice: once in a batch that failed, once alone. */
    call->problem = (struct problem){};
    call->request->reply.headers = call->headers;
    call->made = (struct made){};
    return fail(call->once != NULL ? once_run(call, batch) : call->route->command(call, batch));
}

static void answer_command(struct operation *operation, enum operation_outcome outcome)
{
    struct call *call = CONTAINER_OF(operation, struct call, operation);
    if (outcome == OPERATION_FAILED) {
        call->problem = (struct problem){ .retry_after_s = 5 };
        (void)call_refuse(call, PROBLEM_STORE,
                          STR("The change could not be committed, and is not there. Send the "
                              "request again."));
    }
    if (outcome == OPERATION_COMMITTED && call->route->committed != NULL)
        call->route->committed(call);
    call_finish(call, 0);
    request_done(call->request);
}

static const struct operation_kind command_kind = {
    .name = "command",
    .lane = LANE_MANAGEMENT,
    .execute = execute_command,
    .answer = answer_command,
};

static bool post_command(struct call *call)
{
    struct request *request = call->request;
    call->headers = request->reply.headers;
    call->operation = (struct operation){ .kind = &command_kind,
                                          .organization = call->caller.organization,
                                          .arena = &request->arena,
                                          .bytes = request->arena.held };
    enum admission admission = committer_post(call->api->context.committer, &call->operation);
    if (admission == ADMITTED)
        return false;
    admission_problem(call->api->context.committer, admission, &call->request->arena,
                      &call->problem);
    call_finish(call, 0);
    return true;
}

/* ── on a reader's thread ── */

static void run_query(struct call *call, struct store_reader *reader)
{
    int r = call->route->query(call, store_reader_sql(reader));
    if (r < 0 && store_read_was_slow(reader)) {
        call->problem = (struct problem){ .retry_after_s = 1 };
        (void)call_refuse(call, PROBLEM_BUSY,
                          STR("The answer took longer than two seconds to find. Ask for a smaller "
                              "page or a shorter time."));
    }
    call_finish(call, r);
}

static bool run_slow(struct call *call, struct store_reader *reader)
{
    int r = call->route->slow(call, reader);
    (void)atomic_fetch_sub(&call->api->slow, 1);
    bool answered = r != 0 || problem_has(&call->problem) || call->request->reply.status != 0;
    if (!answered && call->route->command != NULL)
        return post_command(call);
    call_finish(call, r);
    return true;
}

static void query_task(struct reader_task *task, struct store_reader *reader)
{
    struct call *call = CONTAINER_OF(task, struct call, task);
    run_query(call, reader);
    request_done(call->request);
}

static void slow_task(struct reader_task *task, struct store_reader *reader)
{
    struct call *call = CONTAINER_OF(task, struct call, task);
    struct request *request = call->request;
    if (run_slow(call, reader))
        request_done(request);
}

bool call_read_later(struct call *call,
                     void (*run)(struct reader_task *task, struct store_reader *reader),
                     bool snapshot)
{
    call->task = (struct reader_task){ .run = run, .snapshot = snapshot };
    if (readers_post(call->api->context.readers, &call->task))
        return false;
    (void)call_refuse_full(call);
    call_finish(call, 0);
    return true;
}

static bool start_slow(struct call *call, struct store_reader *reader)
{
    if (atomic_fetch_add(&call->api->slow, 1) >= SLOW_AT_ONCE) {
        (void)atomic_fetch_sub(&call->api->slow, 1);
        call->problem.retry_after_s = 1;
        (void)call_refuse(call, PROBLEM_BUSY,
                          STR("Several long requests are under way already. Send it again."));
        call_finish(call, 0);
        return true;
    }
    if (reader != NULL)
        return run_slow(call, reader);
    bool replied = call_read_later(call, slow_task, false);
    if (replied)
        (void)atomic_fetch_sub(&call->api->slow, 1);
    return replied;
}

/* ── the way ── */

bool call_proceed(struct call *call, struct store_reader *reader)
{
    const struct route *route = call->route;
    if (!call_rules(call) || !call_read(call)) {
        call_finish(call, 0);
        return true;
    }
    if (route->slow != NULL)
        return start_slow(call, reader);
    if (route->command != NULL)
        return post_command(call);
    if (route->query != NULL && reader == NULL)
        return call_read_later(call, query_task, true);
    if (route->query != NULL) {
        run_query(call, reader);
    } else {
        route->immediate(call);
        call_finish(call, 0);
    }
    return true;
}

bool call_start(struct call *call)
{
    if (problem_has(&call->refusal))
        return call_end_refused(call);
    if (call->route->who == WHO_ANYONE)
        return call_proceed(call, NULL);
    return call_identify(call);
}

struct loop_state *call_loop(const struct call *call)
{
    return http_loop_user(call->request->loop);
}
