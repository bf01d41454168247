/* SPDX-License-Identifier: MIT
 * receive.c: `junctor receive`: an HTTP receiver that prints what it is sent, and says whether its
 * Standard Webhooks signature holds. One loop, so that requests are printed one behind the other.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "cli.h"
#include "http/http.h"

#define RECEIVED_MAX (16 * MIB)
#define TOLERANCE_S 300

struct receive_options {
    str listen;
    int64_t status;
    str secret;
    bool until_eof;
};

static const struct option rows[] = {
    { .name = "listen",
      .type = OPTION_LISTEN,
      .sources = BY_FLAG,
      .offset = offsetof(struct receive_options, listen),
      .text = "127.0.0.1:8081",
      .help = "where to listen; port 0 lets the system choose" },
    { .name = "status",
      .type = OPTION_INT,
      .sources = BY_FLAG,
      .offset = offsetof(struct receive_options, status),
      .normal = 200,
      .least = 200,
      .most = 599,
      .help = "what to answer" },
    { .name = "secret",
      .type = OPTION_SECRET,
      .sources = BY_FLAG | BY_VARIABLE,
      .offset = offsetof(struct receive_options, secret),
      .value = "whsec_…",
      .help = "the endpoint's secret, to check signatures with" },
    { .name = "until-eof",
      .type = OPTION_FLAG,
      .sources = BY_FLAG,
      .offset = offsetof(struct receive_options, until_eof),
      .help = "end when standard input ends" },
};

static const struct option_table table = { "Options", rows, COUNT_OF(rows) };

struct receiver {
    const struct receive_options *options;
    str key; /* the secret's bytes; empty: signatures are not checked */
};

/* ── the signature ── */

/* "v1,BASE64", and more of them behind a space while a secret is being changed. */
static bool any_matches(str header, str want)
{
    while (header.len > 0) {
        str one = str_cut(&header, ' ');
        if (bytes_equal_secret(one, want))
            return true;
    }
    return false;
}

static str expected(str key, str id, str timestamp, str body, struct arena *arena)
{
    struct hmac *CLEANUP(hmac_freep) hmac = hmac_new(key);
    hmac_begin(hmac);
    hmac_add(hmac, id);
    hmac_add(hmac, STR("."));
    hmac_add(hmac, timestamp);
    hmac_add(hmac, STR("."));
    hmac_add(hmac, body);
    struct digest digest = hmac_finish(hmac);
    return arena_format(arena, "v1,%.*s", STR_ARG(base64_write(arena, digest_str(&digest))));
}

/* What is to be said of it. */
static str check_signature(const struct receiver *receiver, struct request *request)
{
    const str *id = request_header(request, STR("webhook-id"));
    const str *timestamp = request_header(request, STR("webhook-timestamp"));
    const str *signature = request_header(request, STR("webhook-signature"));
    if (signature == NULL)
        return STR("signature: none");
    if (receiver->key.len == 0)
        return STR("signature: not checked (give --secret)");
    int64_t signed_s;
    if (id == NULL || timestamp == NULL || !str_to_int64(*timestamp, &signed_s))
        return STR("signature: WRONG, webhook-id or webhook-timestamp is missing");
    str want = expected(receiver->key, *id, *timestamp, request->body, &request->arena);
    if (!any_matches(*signature, want))
        return STR("signature: WRONG, not made with this secret from this body");
    int64_t age_s = clock_real_ms() / 1000 - signed_s;
    if (age_s > TOLERANCE_S || age_s < -TOLERANCE_S)
        return arena_format(&request->arena,
                            "signature: right, but its time is %lld s from this clock's",
                            (long long)age_s);
    return STR("signature: valid");
}

/* ── printing ── */

static void print_request(const struct receiver *receiver, struct request *request)
{
    (void)fputs("── ", stdout);
    print_clock();
    print_plain(stdout, request->method_text);
    (void)fputc(' ', stdout);
    print_plain(stdout, request->target);
    (void)fputc('\n', stdout);
    for (int i = 0; i < request->header_count; i++) {
        print_plain(stdout, request->headers[i].name);
        (void)fputs(": ", stdout);
        print_plain(stdout, request->headers[i].value);
        (void)fputc('\n', stdout);
    }
    (void)fputc('\n', stdout);
    if (request->body.len > 0) {
        print_json(stdout, request->body);
        (void)fputs("\n\n", stdout);
    }
    str signature = check_signature(receiver, request);
    (void)printf("%.*s; answered %d\n\n", STR_ARG(signature), (int)receiver->options->status);
    (void)fflush(stdout);
}

static bool on_head(struct request *request, void *context)
{
    (void)context;
    request->max_body = RECEIVED_MAX;
    return true;
}

static bool on_request(struct request *request, void *context)
{
    const struct receiver *receiver = context;
    print_request(receiver, request);
    int status = (int)receiver->options->status;
    if (status == 204 || status == 304)
        request_reply(request, status, STR(""), STR(""));
    else
        request_reply(request, status, STR("text/plain; charset=utf-8"), STR("received\n"));
    return true;
}

/* ── the command ── */

static bool read_key(const struct receive_options *options, struct arena *arena, str *ret_key)
{
    str text = options->secret;
    if (text.len == 0)
        return true;
    if (str_starts(text, STR("whsec_")))
        text = str_skip(text, 6);
    return base64_read(arena, text, ret_key) && ret_key->len > 0;
}

static void on_signal(int number)
{
    (void)number; /* its arrival ends ppoll() */
}

/* Waits with the stopping signals let in only while it waits, so that none is missed. */
static void wait_for_end(bool until_eof, const sigset_t *unblocked)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    char bytes[256];
    for (;;) {
        int ready = ppoll(&input, until_eof ? 1 : 0, NULL, unblocked);
        if (ready < 0)
            return;
        if (read(STDIN_FILENO, bytes, sizeof(bytes)) <= 0)
            return;
    }
}

/* Before any thread starts, so that all of them have the signals blocked. */
static void block_signals(sigset_t *ret_before)
{
    static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
    sigset_t set;
    (void)sigemptyset(&set);
    const struct sigaction action = { .sa_handler = on_signal };
    for (size_t i = 0; i < COUNT_OF(ending); i++) {
        (void)sigaddset(&set, ending[i]);
        (void)sigaction(ending[i], &action, NULL);
    }
    (void)pthread_sigmask(SIG_BLOCK, &set, ret_before);
    for (size_t i = 0; i < COUNT_OF(ending); i++)
        (void)sigdelset(ret_before, ending[i]);
}

static void print_start(const struct receiver *receiver, const struct http_server *server)
{
    str host = receiver->options->listen;
    while (host.len > 0 && host.ptr[host.len - 1] != ':')
        host.len--;
    (void)printf("receiving on http://%.*s%d/, answering %d%s\n\n", STR_ARG(host),
                 http_server_port(server), (int)receiver->options->status,
                 receiver->key.len > 0 ? ", checking signatures" : "");
    (void)fflush(stdout);
}

static int run_receive(const struct invocation *call)
{
    struct receiver receiver = { .options = call->values };
    if (!read_key(receiver.options, call->arena, &receiver.key)) {
        (void)cli_fail_text("--secret: it is not whsec_ and base64 behind it");
        return EXIT_USAGE;
    }
    sigset_t before;
    block_signals(&before);
    struct limits limits;
    limits_init(&limits);
    const struct log log = { .least = LOG_WARN, .fd = STDERR_FILENO };
    const struct http_options options = {
        .listen = receiver.options->listen,
        .loops = 1,
        .limits = &limits,
        .log = &log,
    };
    const struct http_handler handler = { .on_head = on_head,
                                          .on_request = on_request,
                                          .context = &receiver };
    struct http_server *server;
    struct problem problem = {};
    if (http_server_start(&options, &handler, call->arena, &server, &problem) != 0)
        return cli_fail(&problem);
    print_start(&receiver, server);
    wait_for_end(receiver.options->until_eof, &before);
    http_server_free(server);
    return EXIT_OK;
}

const struct command receive_command = {
    .name = "receive",
    .line = "receives HTTP requests, prints them, and checks their signatures",
    .arguments = "",
    .tables = { &table },
    .size = sizeof(struct receive_options),
    .run = run_receive,
};
