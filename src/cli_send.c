/* SPDX-License-Identifier: MIT
 * cli_send.c: `junctor send` and `junctor resend`. */
#include <unistd.h>

#include "cli_client.h"

#define BODY_MAX ((size_t)64 << 20)

struct send_options {
    struct client_options client;
    bool no_contact;
    str idempotency_key;
};

static const struct option send_rows[] = {
    { .name = "no-create-contact",
      .type = OPTION_FLAG,
      .sources = BY_FLAG,
      .offset = offsetof(struct send_options, no_contact),
      .help = "refuse an event of a contact that is not known yet" },
    { .name = "idempotency-key",
      .type = OPTION_TEXT,
      .sources = BY_FLAG,
      .offset = offsetof(struct send_options, idempotency_key),
      .help = "the same key again within 24 h sends nothing twice" },
};

static const struct option_table send_table = { "Options", send_rows, COUNT_OF(send_rows) };

/* < 0: said. */
static int read_body(const struct invocation *call, str *ret_body)
{
    if (call->argument_count > 1 && !str_equal(call->arguments[1], STR("-"))) {
        *ret_body = call->arguments[1];
        return 0;
    }
    if (call->argument_count == 1 && isatty(STDIN_FILENO)) {
        (void)cli_fail_text("the body is missing: write it behind the alias, or pipe it in");
        return -1;
    }
    int r = read_stream(stdin, BODY_MAX, call->arena, ret_body);
    if (r < 0)
        (void)cli_fail_text("standard input cannot be read, or holds more than 64 MiB");
    return r;
}

/* `hint` is for a 404; NULL: none. */
static int call_and_print(const struct client_options *options, struct client_request *request,
                          const char *hint, struct arena *arena)
{
    struct client *CLEANUP(client_freep) client = client_new(options);
    struct client_reply reply;
    if (client == NULL)
        return EXIT_FAILED;
    if (!client_call(client, request, arena, &reply)) {
        (void)client_fail(&reply);
        if (reply.status == 404 && hint != NULL)
            (void)fprintf(stderr, "  %s\n", hint);
        return EXIT_FAILED;
    }
    print_json(stdout, reply.body);
    if (reply.body.len > 0)
        (void)fputc('\n', stdout);
    return EXIT_OK;
}

static int run_send(const struct invocation *call)
{
    const struct send_options *options = call->values;
    str body;
    if (read_body(call, &body) < 0)
        return EXIT_FAILED;
    struct client_request request = {
        .method = "POST",
        .path = arena_format(call->arena, "/custom-events/alias/%.*s?createContact=%s",
                             STR_ARG(url_encode(call->arena, call->arguments[0])),
                             options->no_contact ? "false" : "true"),
        .body = body,
        .idempotency_key = options->idempotency_key,
    };
    const char *hint =
        "Leave out --no-create-contact to have a contact made that is not known yet.";
    return call_and_print(&options->client, &request, options->no_contact ? hint : NULL,
                          call->arena);
}

const struct command send_command = {
    .name = "send",
    .line = "sends one custom event to a running hub",
    .arguments = "ALIAS [BODY]",
    .least_arguments = 1,
    .most_arguments = 2,
    .tables = { &send_table, &client_settings },
    .size = sizeof(struct send_options),
    .notes = "BODY is JSON, as in '{\"email\": \"ann@example.com\"}'; without it, or as -, it is "
             "read from standard input.",
    .run = run_send,
};

static int run_resend(const struct invocation *call)
{
    const struct client_options *options = call->values;
    struct client_request request = {
        .method = "POST",
        .path = arena_format(call->arena, "/api/v1/deliveries/%.*s/resend",
                             STR_ARG(url_encode(call->arena, call->arguments[0]))),
    };
    return call_and_print(options, &request, NULL, call->arena);
}

const struct command resend_command = {
    .name = "resend",
    .line = "sends one delivery again, now",
    .arguments = "DELIVERY",
    .least_arguments = 1,
    .most_arguments = 1,
    .tables = { &client_settings },
    .size = sizeof(struct client_options),
    .notes = "DELIVERY is an id, dlv_…, as `junctor tail` shows it.",
    .run = run_resend,
};
