/* SPDX-License-Identifier: MIT */
#include "http/test_kit.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 5000

struct kit_job {
    struct message link;
    struct request *request;
    struct problem refusal; /* of the server */
};

static void reply_with_body(struct request *request)
{
    request_reply(request, 200, STR("application/octet-stream"), request->body);
}

static bool is_parked(const struct request *request)
{
    return str_equal(request->path, STR("/park")) || str_equal(request->path, STR("/hold"));
}

static bool park(struct request *request, struct kit *kit, const struct problem *refusal)
{
    struct kit_job *job = ARENA_NEW(&request->arena, struct kit_job);
    job->request = request;
    if (refusal != NULL)
        job->refusal = *refusal;
    mailbox_post(&kit->box, &job->link);
    return false;
}

static bool reply_with_sender(struct request *request)
{
    char address[ADDRESS_TEXT_MAX];
    str client = address_write(&request->client, address);
    str text = arena_format(&request->arena, "%.*s %s %.*s", STR_ARG(client),
                            request->secure ? "secure" : "plain", STR_ARG(request->id));
    request_reply(request, 200, STR("text/plain"), text);
    return true;
}

static bool reply_with_bytes(struct request *request)
{
    int64_t size = 0;
    assert_true(str_to_int64(str_skip(request->path, strlen("/bytes/")), &size));
    char *bytes = arena_bytes(&request->arena, (size_t)size);
    for (int64_t i = 0; i < size; i++)
        bytes[i] = (char)('a' + i % 26);
    request_reply(request, 200, STR("text/plain"), str_from(bytes, (size_t)size));
    return true;
}

static bool on_head(struct request *request, void *context)
{
    (void)context;
    assert_int_equal(request->body.len, 0);
    if (str_equal(request->path, STR("/small")))
        request->max_body = 1000;
    if (!str_equal(request->path, STR("/refuse")))
        return true;
    struct problem problem = {};
    problem_set(&problem, PROBLEM_UNAUTHENTICATED, STR("No."));
    request_reply_problem(request, &problem);
    return false;
}

static bool on_request(struct request *request, void *context)
{
    struct kit *kit = context;
    if (is_parked(request))
        return park(request, kit, NULL);
    if (str_equal(request->path, STR("/sender")))
        return reply_with_sender(request);
    if (str_starts(request->path, STR("/bytes/")))
        return reply_with_bytes(request);
    if (str_equal(request->path, STR("/now"))) {
        request_reply_json(request, 202, STR("{}"));
    } else if (str_equal(request->path, STR("/echo")) || str_equal(request->path, STR("/small"))) {
        reply_with_body(request);
    } else if (str_equal(request->path, STR("/empty"))) {
        request_reply(request, 204, STR(""), STR(""));
    } else if (str_equal(request->path, STR("/close"))) {
        request_reply_json(request, 202, STR("{}"));
        request->reply.close = true;
    } else {
        struct problem problem = {};
        problem_set(&problem, PROBLEM_NOT_FOUND, STR("Nothing here."));
        request_reply_problem(request, &problem);
    }
    return true;
}

static bool on_refused(struct request *request, const struct problem *problem, void *context)
{
    if (is_parked(request))
        return park(request, context, problem);
    request_reply_problem(request, problem);
    return true;
}

static void on_end(const struct request *request, int status, int64_t micros, void *context)
{
    struct kit *kit = context;
    assert_true(micros >= 0 && request->id.len > 0);
    atomic_store(&kit->last_status, status);
    atomic_fetch_add(&kit->ended, 1);
}

static void *on_loop_start(struct http_loop *loop, int index, void *context)
{
    struct kit *kit = context;
    assert_non_null(loop);
    assert_true(index < kit->options.loops);
    atomic_fetch_add(&kit->loops_started, 1);
    return kit;
}

static void on_loop_end(struct http_loop *loop, void *user, void *context)
{
    struct kit *kit = context;
    assert_ptr_equal(user, kit);
    assert_ptr_equal(http_loop_user(loop), kit);
    atomic_fetch_add(&kit->loops_ended, 1);
}

/* ── the worker: answers parked requests, holds some until it is told ── */

static void answer_job(struct kit_job *job)
{
    if (problem_has(&job->refusal))
        request_reply_problem(job->request, &job->refusal);
    else
        reply_with_body(job->request);
    request_done(job->request);
}

static struct message *work(struct kit *kit, struct message *held)
{
    struct message *next = mailbox_take(&kit->box);
    while (next != NULL) {
        struct message *message = next;
        next = next->next;
        struct kit_job *job = CONTAINER_OF(message, struct kit_job, link);
        if (str_equal(job->request->path, STR("/park"))) {
            answer_job(job);
            continue;
        }
        message->next = held;
        held = message;
        atomic_fetch_add(&kit->held, 1);
    }
    while (held != NULL && atomic_load(&kit->releases)) {
        struct message *message = held;
        held = held->next;
        atomic_fetch_sub(&kit->held, 1);
        answer_job(CONTAINER_OF(message, struct kit_job, link));
    }
    return held;
}

static void *run_worker(void *context)
{
    struct kit *kit = context;
    struct message *held = NULL;
    while (!atomic_load(&kit->worker_stops)) {
        waker_wait(&kit->waker, -1);
        held = work(kit, held);
    }
    return NULL;
}

void kit_init(struct kit *kit)
{
    *kit = (struct kit){};
    limits_init(&kit->limits);
    kit->options = (struct http_options){
        .listen = STR("127.0.0.1:0"),
        .loops = 1,
        .limits = &kit->limits,
    };
}

void kit_start(struct kit *kit)
{
    struct problem problem = {};
    struct http_handler handler = {
        .on_head = on_head,
        .on_request = on_request,
        .on_refused = on_refused,
        .on_end = on_end,
        .on_loop_start = on_loop_start,
        .on_loop_end = on_loop_end,
        .context = kit,
    };
    assert_int_equal(waker_init(&kit->waker), 0);
    mailbox_init(&kit->box, waker_wake, &kit->waker);
    assert_int_equal(pthread_create(&kit->worker, NULL, run_worker, kit), 0);
    int r = http_server_start(&kit->options, &handler, &kit->arena, &kit->server, &problem);
    if (r != 0)
        fail_msg("%.*s", STR_ARG(problem.text));
    assert_int_equal(atomic_load(&kit->loops_started), kit->options.loops);
}

void kit_release(struct kit *kit)
{
    atomic_store(&kit->releases, true);
    waker_wake(&kit->waker);
}

void kit_stop(struct kit *kit)
{
    kit_release(kit);
    assert_true(kit_await(&kit->held, 0));
    /* The server comes after who still has its requests. */
    atomic_store(&kit->worker_stops, true);
    waker_wake(&kit->waker);
    assert_int_equal(pthread_join(kit->worker, NULL), 0);
    http_server_free(kit->server);
    assert_int_equal(atomic_load(&kit->loops_ended), kit->options.loops);
    waker_done(&kit->waker);
    arena_done(&kit->arena);
}

bool kit_await(atomic_int *value, int wanted)
{
    for (int ms = 0; ms < PATIENCE_MS; ms++) {
        if (atomic_load(value) == wanted)
            return true;
        (void)poll(NULL, 0, 1);
    }
    return false;
}

bool kit_await_connections(struct kit *kit, int wanted)
{
    for (int ms = 0; ms < PATIENCE_MS; ms++) {
        if (http_server_connections(kit->server) == wanted)
            return true;
        (void)poll(NULL, 0, 1);
    }
    return false;
}

/* ── the client ── */

int client_open(const struct kit *kit)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)http_server_port(kit->server)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

void client_send(int fd, str bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        /* The server may have answered and gone: then the answer is what counts. */
        if (sent < 0)
            return;
        bytes = str_skip(bytes, (size_t)sent);
    }
}

/* −1: an error; 0: the end, or patience is over (errno ETIME). */
static ssize_t read_some(int fd, char *to, size_t room)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    if (poll(&poll_fd, 1, PATIENCE_MS) <= 0) {
        errno = ETIME;
        return -1;
    }
    return recv(fd, to, room, 0);
}

static size_t head_length(str bytes)
{
    for (size_t i = 0; i + 4 <= bytes.len; i++)
        if (memcmp(bytes.ptr + i, "\r\n\r\n", 4) == 0)
            return i + 4;
    return 0;
}

str client_header(const struct client_reply *reply, str name)
{
    str rest = reply->head;
    while (rest.len > 0) {
        str line = str_trim(str_cut(&rest, '\n'));
        str key = str_cut(&line, ':');
        if (str_equal_nocase(key, name))
            return str_trim(line);
    }
    return (str){};
}

/* Byte by byte: what follows belongs to the next reply. */
static str read_head(int fd, struct arena *arena)
{
    char *head = arena_bytes(arena, 65536);
    size_t length = 0;
    while (length < 65536 && head_length(str_from(head, length)) == 0) {
        if (read_some(fd, head + length, 1) != 1)
            return (str){};
        length++;
    }
    return str_from(head, length);
}

static str read_body(int fd, struct arena *arena, size_t size)
{
    char *body = arena_bytes(arena, size);
    size_t length = 0;
    while (length < size) {
        ssize_t got = read_some(fd, body + length, size - length);
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    return str_from(body, length);
}

struct client_reply client_read(int fd, struct arena *arena, bool is_head)
{
    struct client_reply reply = { .head = read_head(fd, arena) };
    if (reply.head.len < 12)
        return reply;
    int64_t status = 0;
    assert_true(str_to_int64(str_from(reply.head.ptr + 9, 3), &status));
    reply.status = (int)status;
    str length = client_header(&reply, STR("Content-Length"));
    int64_t size = 0;
    if (length.len > 0 && !is_head)
        assert_true(str_to_int64(length, &size));
    reply.body = read_body(fd, arena, (size_t)size);
    return reply;
}

str client_read_all(int fd, struct arena *arena, bool *ret_reset)
{
    size_t room = (size_t)1 << 20;
    char *bytes = arena_bytes(arena, room);
    size_t length = 0;
    ssize_t got;
    while ((got = read_some(fd, bytes + length, room - length)) > 0)
        length += (size_t)got;
    *ret_reset = got < 0;
    return str_from(bytes, length);
}

struct client_reply client_ask(const struct kit *kit, struct arena *arena, str request)
{
    int fd = client_open(kit);
    client_send(fd, request);
    struct client_reply reply = client_read(fd, arena, str_starts(request, STR("HEAD ")));
    (void)close(fd);
    return reply;
}

bool client_sees_end(int fd, int timeout_ms)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    char byte;
    return poll(&poll_fd, 1, timeout_ms) == 1 && recv(fd, &byte, 1, 0) <= 0;
}
