/* SPDX-License-Identifier: MIT
 * cli_serve.c: `junctor serve`, and what --first-run adds to it: an example in a new data
 * directory, a receiver beside the hub for as long as it runs, and the words that say what to try.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "account/picture.h"
#include "api/secrets.h"
#include "base/digest.h"
#include "base/fail.h"
#include "cli.h"
#include "cli_data.h"
#include "hub.h"
#include "store/access.h"

#define EXAMPLE_ORGANIZATION "Example"
#define EXAMPLE_EMAIL "owner@example.com"
#define PASSWORD_LENGTH 16

struct first_run {
    const struct config *config;
    struct arena *arena;
    str hub_url;
    str receiver_url;
    str greeting;
    str secret; /* of the endpoint that is the receiver: whsec_…; empty: there is none any more */
    pid_t receiver;  /* 0: none */
    int receiver_fd; /* closing it ends the receiver */
};

/* ── the receiver beside the hub ── */

static const char **receiver_environment(const struct first_run *first)
{
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    const char **copy = ARENA_ARRAY(first->arena, const char *, count + 2);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!str_starts(str_c(environ[i]), STR("JUNCTOR_")))
            copy[kept++] = environ[i];
    if (first->secret.len > 0)
        copy[kept] = arena_c(first->arena, arena_format(first->arena, "JUNCTOR_SECRET=%.*s",
                                                        STR_ARG(first->secret)));
    return copy;
}

/* In a process group of its own, so that Ctrl-C stops the hub first, and what it still delivers is
 * still received. */
static int spawn_receiver(struct first_run *first, int input)
{
    char program[4096];
    size_t size = sizeof(program);
    if (uv_exepath(program, &size) != 0)
        return fail(-ENOENT);
    char *listen = arena_c(first->arena, first->config->first_run_receiver);
    const char *const arguments[] = { program, "receive", "--until-eof", "--listen", listen, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    int error = posix_spawn(&first->receiver, program, &actions, &attributes,
                            (char *const *)(uintptr_t)arguments,
                            (char *const *)(uintptr_t)receiver_environment(first));
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    return error == 0 ? 0 : fail(-error);
}

static void start_receiver(struct first_run *first)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return;
    int r = spawn_receiver(first, ends[0]);
    (void)close(ends[0]);
    first->receiver_fd = ends[1];
    if (r < 0)
        (void)cli_fail_text("the receiver does not start: %s", fail_text(r));
}

static void stop_receiver(const struct first_run *first)
{
    if (first->receiver_fd >= 0)
        (void)close(first->receiver_fd);
    if (first->receiver > 0)
        (void)waitpid(first->receiver, NULL, 0);
}

/* ── what is said ── */

/* An address to listen on, as one to speak to. */
static str url_of(str listen, bool tls, struct arena *arena)
{
    const char *scheme = tls ? "https" : "http";
    if (str_starts(listen, STR("0.0.0.0:")))
        return arena_format(arena, "%s://127.0.0.1%.*s", scheme, STR_ARG(str_skip(listen, 7)));
    if (str_starts(listen, STR("[::]:")))
        return arena_format(arena, "%s://[::1]%.*s", scheme, STR_ARG(str_skip(listen, 4)));
    return arena_format(arena, "%s://%.*s", scheme, STR_ARG(listen));
}

static str first_greeting(const struct first_run *first, str password,
                          const struct setup_result *made, const struct setup_example *example)
{
    const char *insecure = first->config->tls_cert_file.len > 0 ? " --insecure" : "";
    return arena_format(
        first->arena,
        "\nJunctor runs at %.*s with its data in %.*s. This was its first start:\n\n"
        "  organization  " EXAMPLE_ORGANIZATION ", %.*s\n"
        "  owner         " EXAMPLE_EMAIL ", password %.*s\n"
        "  API key       %.*s\n\n"
        "Keep password and key: they are not shown again. Now paste this into another terminal:\n\n"
        "  curl%s '%.*s%.*s' \\\n"
        "    -H 'Authorization: ApiKey %.*s' \\\n"
        "    -H 'Content-Type: application/json' \\\n"
        "    -d '%.*s'\n\n"
        "Its answer comes once the event is on disk. Then the receiver at %.*s\n"
        "prints the signed delivery here. Every attempt is kept, with request and response:\n\n"
        "  curl%s -H 'Authorization: ApiKey %.*s' %.*s/api/v1/webhooks/%.*s/deliveries\n\n",
        STR_ARG(first->hub_url), STR_ARG(first->config->data), STR_ARG(made->organization_id),
        STR_ARG(password), STR_ARG(made->api_key), insecure, STR_ARG(first->hub_url),
        STR_ARG(example->event_path), STR_ARG(made->api_key), STR_ARG(example->event_body),
        STR_ARG(first->receiver_url), insecure, STR_ARG(made->api_key), STR_ARG(first->hub_url),
        STR_ARG(example->webhook_id));
}

static str later_greeting(const struct first_run *first)
{
    return arena_format(first->arena,
                        "\nJunctor runs at %.*s with its data in %.*s.\n"
                        "A new API key, if the first was lost: stop it (Ctrl-C), then\n\n"
                        "  junctor key --data %.*s --name again\n\n",
                        STR_ARG(first->hub_url), STR_ARG(first->config->data),
                        STR_ARG(first->config->data));
}

/* ── the example ── */

static int make_example(struct first_run *first, const struct setup *setup)
{
    str password = random_text(first->arena, PASSWORD_LENGTH);
    const struct setup_request request = { .organization = STR(EXAMPLE_ORGANIZATION),
                                           .email = STR(EXAMPLE_EMAIL),
                                           .password = password };
    struct setup_result made;
    struct setup_example example;
    struct problem problem = {};
    int r = setup_organization(setup, &request, first->arena, &made, &problem);
    if (r == 0)
        r = setup_example(setup, made.organization, first->receiver_url, first->arena, &example);
    if (r != 0) {
        (void)data_fail(r, &problem);
        return r;
    }
    first->secret = example.webhook_secret;
    first->greeting = first_greeting(first, password, &made, &example);
    return 0;
}

static void take_secret(void *context, struct endpoint *webhook)
{
    struct first_run *first = context;
    if (first->secret.len == 0 && webhook->status != OUTLET_DELETED && webhook->signing &&
        str_equal(webhook->url, first->receiver_url))
        first->secret = webhook_secret_text(webhook->secret, first->arena);
    object_release(webhook);
}

/* The receiver is told the secret of the endpoint that leads to it. */
static int find_secret(struct first_run *first, const struct setup *setup)
{
    const struct picture_source source = { .sql = store_writer_sql(setup->writer),
                                           .seal_key = setup->seal_key,
                                           .limits = setup->limits };
    int r = picture_each_endpoint(&source, take_secret, first);
    first->greeting = later_greeting(first);
    if (r < 0)
        (void)data_fail(r, NULL);
    return r;
}

/* A directory is new as long as there is no organization in it. The hub opens it anew behind this.
 */
static bool prepare(struct first_run *first)
{
    struct data CLEANUP(data_done) data = {};
    struct setup setup;
    if (!data_open(&data, first->config, true, first->arena) ||
        !data_prepare_setup(&data, first->config, &setup))
        return false;
    int64_t next = 0;
    int r = store_next_organization(store_writer_sql(data.writer), &next);
    if (r < 0)
        (void)data_fail(r, NULL);
    else if (next == 1)
        r = make_example(first, &setup);
    else
        r = find_secret(first, &setup);
    return r == 0;
}

/* ── the command ── */

/* A port that is taken is found before anything is made, so that the first start may be tried
 * again. The address has been looked at: ADDRESS:PORT or [ADDRESS]:PORT. */
static bool is_free(str listen, const char *setting, struct arena *arena)
{
    size_t colon = listen.len;
    while (listen.ptr[colon - 1] != ':')
        colon--;
    char *host = arena_c(arena, str_head(listen, colon - 1));
    const char *port = arena_c(arena, str_skip(listen, colon));
    if (host[0] == '[') {
        host[strlen(host) - 1] = '\0';
        host++;
    }
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    int fd = -1;
    int r = getaddrinfo(host, port, &hints, &found) == 0 ? 0 : -1;
    if (r == 0)
        fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) == 0)
        r = bind(fd, found->ai_addr, found->ai_addrlen);
    if (r < 0)
        (void)cli_fail_text("%.*s cannot be listened on: %m; give --%s another address",
                            STR_ARG(listen), setting);
    if (fd >= 0)
        (void)close(fd);
    if (found != NULL)
        freeaddrinfo(found);
    return r == 0;
}

/* The receiver lies where nothing is sent to without being allowed. */
static struct cidr_list with_loopback(const struct cidr_list *list, struct arena *arena)
{
    static const str added[] = { STR_INIT("127.0.0.0/8"), STR_INIT("::1") };
    size_t count = list->count;
    struct cidr *ranges = ARENA_ARRAY(arena, struct cidr, count + COUNT_OF(added));
    if (count > 0)
        memcpy(ranges, list->ranges, count * sizeof(*ranges));
    for (size_t i = 0; i < COUNT_OF(added); i++) {
        bool read = cidr_read(added[i], &ranges[count++]);
        assert(read);
        (void)read;
    }
    return (struct cidr_list){ .ranges = ranges, .count = count };
}

static int run_first(const struct config *from, struct arena *arena)
{
    struct config config = *from;
    struct first_run first = {
        .config = &config,
        .arena = arena,
        .hub_url = url_of(config.listen, config.tls_cert_file.len > 0, arena),
        .receiver_url =
            arena_format(arena, "%.*s/", STR_ARG(url_of(config.first_run_receiver, false, arena))),
        .receiver_fd = -1,
    };
    config.allow_egress = with_loopback(&config.allow_egress, arena);
    if (!is_free(config.listen, "listen", arena) ||
        !is_free(config.first_run_receiver, "first-run-receiver", arena) || !prepare(&first))
        return EXIT_FAILED;
    config.greeting = first.greeting;
    start_receiver(&first);
    int r = hub_run(&config, arena);
    stop_receiver(&first);
    return r == 0 ? EXIT_OK : EXIT_FAILED;
}

/* Where programs begin with 1,024 open files, endpoints that hang could take all of them. More are
 * allowed nearly everywhere; where they are not, doctor says so. */
static void raise_open_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

static int run_serve(const struct invocation *call)
{
    raise_open_files();
    const struct config *config = call->values;
    if (config->first_run)
        return run_first(config, call->arena);
    return hub_run(config, call->arena) == 0 ? EXIT_OK : EXIT_FAILED;
}

const struct command serve_command = {
    .name = "serve",
    .line = "runs the hub",
    .arguments = "",
    .tables = { &config_settings, &config_caps },
    .size = sizeof(struct config),
    .finish = config_finish,
    .notes =
        "Each setting is a flag (--listen), a variable (JUNCTOR_LISTEN) or a line of the file "
        "that --config names (listen = 127.0.0.1:8080; lines that begin with # are comments). "
        "A flag goes before a variable, a variable before the file, the file before the "
        "default; an empty variable counts as not set. Lists of addresses take commas, and may "
        "be given again and again in flags and in the file.",
    .run = run_serve,
};
