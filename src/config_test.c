/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/instant.h"
#include "sealing.h"

static const struct command serve = {
    .name = "serve",
    .line = "runs the hub",
    .arguments = "",
    .tables = { &config_settings, &config_caps },
    .size = sizeof(struct config),
    .finish = config_finish,
};

struct client {
    str url;
    str key;
    int64_t count;
};

static const struct option client_rows[] = {
    { .name = "url",
      .type = OPTION_URL,
      .sources = BY_FLAG | BY_VARIABLE,
      .offset = offsetof(struct client, url),
      .text = "http://127.0.0.1:8080",
      .help = "address" },
    { .name = "key",
      .type = OPTION_SECRET,
      .sources = BY_FLAG | BY_VARIABLE,
      .offset = offsetof(struct client, key),
      .required = true,
      .help = "the key" },
    { .name = "count",
      .type = OPTION_INT,
      .sources = BY_FLAG,
      .offset = offsetof(struct client, count),
      .normal = 3,
      .least = 1,
      .most = 5,
      .help = "how many" },
};

static const struct option_table client_table = { "Options", client_rows, COUNT_OF(client_rows) };

static const struct command client = {
    .name = "send",
    .line = "sends",
    .arguments = "ALIAS [BODY]",
    .least_arguments = 1,
    .most_arguments = 2,
    .tables = { &client_table },
    .size = sizeof(struct client),
};

struct outcome {
    enum options_outcome outcome;
    struct invocation call;
    struct problem problem;
};

/* `arguments` and `environment` end with NULL. */
static struct outcome read_as(const struct command *command, struct arena *arena,
                              const char *const *arguments, const char *const *environment)
{
    struct outcome result = { .call = { .command = command, .arena = arena } };
    struct option_input input = { .arguments = arguments, .environment = environment };
    while (arguments[input.argument_count] != NULL)
        input.argument_count++;
    result.outcome = options_read(&result.call, &input, &result.problem);
    return result;
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NOTHING ((const char *const[]){ NULL })

static const struct config *config_of(const struct outcome *result)
{
    if (result->outcome != OPTIONS_READ)
        print_error("%.*s\n", STR_ARG(result->problem.text));
    assert_int_equal(result->outcome, OPTIONS_READ);
    return result->call.values;
}

static void assert_text(str got, const char *want)
{
    assert_non_null(want);
    if (!str_equal(got, str_c(want)))
        print_error("got \"%.*s\", want \"%s\"\n", STR_ARG(got), want);
    assert_true(str_equal(got, str_c(want)));
}

static bool holds(str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static char *make_file(const char *content)
{
    static char path[64];
    (void)snprintf(path, sizeof(path), "/tmp/junctor-config-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    (void)close(fd);
    return path;
}

static void defaults(void **state)
{
    (void)state;
    struct arena arena = {};
    struct outcome result = read_as(&serve, &arena, NOTHING, NOTHING);
    const struct config *config = config_of(&result);
    assert_text(config->data, "data");
    assert_text(config->listen, "127.0.0.1:8080");
    assert_text(config->sealing_key_file, "data/sealing.key");
    assert_text(config->first_run_receiver, "127.0.0.1:8081");
    assert_in_range(config->loops, 1, 8);
    assert_true(config->couriers >= 1);
    assert_int_equal(config->readers, 2);
    assert_int_equal(config->retention_ms, 30 * DAY_MS);
    assert_int_equal(config->stop_grace_ms, 10000);
    assert_int_equal(config->connect_timeout_ms, 10000);
    assert_int_equal(config->attempt_timeout_ms, 30000);
    assert_int_equal(config->max_history_bytes, 0);
    assert_int_equal(config->log_format, LOG_LOGFMT);
    assert_int_equal(config->log_level, LOG_INFO);
    assert_false(config->test_clock);
    assert_int_equal(config->allow_egress.count, 0);
    struct limits limits;
    limits_init(&limits);
    assert_memory_equal(&config->limits, &limits, sizeof(limits));
    arena_done(&arena);
}

static void precedence(void **state)
{
    (void)state;
    struct arena arena = {};
    char *path = make_file("# a comment\n\n  data = /from/file \nlisten=127.0.0.1:1\n"
                           "readers = 3\nallow-egress = 10.0.0.0/8\nallow-egress = fd00::/8\n");
    const char *file = arena_c(&arena, arena_format(&arena, "--config=%s", path));
    struct outcome result =
        read_as(&serve, &arena, LIST(file, "--data", "/from/flag"),
                LIST("JUNCTOR_DATA=/from/variable", "JUNCTOR_READERS=4", "JUNCTOR_LISTEN="));
    const struct config *config = config_of(&result);
    assert_text(config->data, "/from/flag");
    assert_int_equal(config->readers, 4);
    assert_text(config->listen, "127.0.0.1:1"); /* an empty variable is none */
    assert_int_equal(config->allow_egress.count, 2);
    assert_text(config->file, path);

    const char *variable = arena_c(&arena, arena_format(&arena, "JUNCTOR_CONFIG=%s", path));
    result =
        read_as(&serve, &arena,
                LIST("--allow-egress=127.0.0.0/8, 192.168.0.0/16", "--allow-egress", "169.254.1.1"),
                LIST(variable));
    config = config_of(&result);
    assert_text(config->data, "/from/file");
    assert_int_equal(config->allow_egress.count, 3); /* flags replace the file's */
    assert_int_equal(config->allow_egress.ranges[2].bits, 32);
    (void)unlink(path);
    arena_done(&arena);
}

static void types(void **state)
{
    (void)state;

    static const struct {
        const char *argument;
        size_t offset;
        int64_t want;
    } cases[] = {
        { "--max-event-body=1024", offsetof(struct config, limits.event_body), 1024 },
        { "--max-event-body=64KiB", offsetof(struct config, limits.event_body), 65536 },
        { "--max-event-body=64 kib", offsetof(struct config, limits.event_body), 65536 },
        { "--max-history=2TiB", offsetof(struct config, max_history_bytes), INT64_C(2) << 40 },
        { "--max-history=10GiB", offsetof(struct config, max_history_bytes), INT64_C(10) << 30 },
        { "--stop-grace=0", offsetof(struct config, stop_grace_ms), 0 },
        { "--stop-grace=1500ms", offsetof(struct config, stop_grace_ms), 1500 },
        { "--stop-grace=2m", offsetof(struct config, stop_grace_ms), 120000 },
        { "--stop-grace=1h", offsetof(struct config, stop_grace_ms), 3600000 },
        { "--retention=7d", offsetof(struct config, retention_ms), 7 * DAY_MS },
        { "--retention=48h", offsetof(struct config, retention_ms), 2 * DAY_MS },
        { "--max-hops=3", offsetof(struct config, limits.hops), 3 },
        { "--loops=1", offsetof(struct config, loops), 1 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {};
        struct outcome result = read_as(&serve, &arena, LIST(cases[i].argument), NOTHING);
        int64_t got;
        memcpy(&got, (const char *)config_of(&result) + cases[i].offset, sizeof(got));
        if (got != cases[i].want)
            print_error("%s\n", cases[i].argument);
        assert_int_equal(got, cases[i].want);
        arena_done(&arena);
    }
}

static void flags_choices_texts(void **state)
{
    (void)state;
    struct arena arena = {};
    struct outcome result = read_as(
        &serve, &arena,
        LIST("--first-run", "--test-clock=false", "--log-format", "json", "--log-level=WARN",
             "--public-url", "https://hub.example.com/", "--listen", "[::1]:443", "--name-servers",
             "127.0.0.1:5353, ::1,[::1]:53", "--tls-cert=a", "--tls-key=b"),
        LIST("JUNCTOR_TEST_CLOCK=yes"));
    const struct config *config = config_of(&result);
    assert_true(config->first_run);
    assert_false(config->test_clock);
    assert_int_equal(config->log_format, LOG_JSON);
    assert_int_equal(config->log_level, LOG_WARN);
    assert_text(config->public_url, "https://hub.example.com");
    assert_text(config->listen, "[::1]:443");
    arena_done(&arena);
}

static const struct {
    const char *argument;
    const char *variable;
    const char *file;
    const char *want;
} faults[] = {
    { "--lisen=x", NULL, NULL, "--lisen: there is no such option; did you mean --listen?" },
    { "--frobnicate", NULL, NULL, "--frobnicate: there is no such option (junctor serve" },
    { "--loops=abc", NULL, NULL, "--loops: \"abc\" is not a whole number" },
    { "--loops=257", NULL, NULL, "--loops: 257 is too large: give 0 to 256" },
    { "--loops", NULL, NULL, "--loops: a value is missing: write --loops N" },
    { "--readers=0", NULL, NULL, "--readers: 0 is too small" },
    { "--max-event-body=1KB", NULL, NULL, "--max-event-body: \"1KB\" is not a number of bytes" },
    { "--max-event-body=65MiB", NULL, NULL, "65MiB is too large: give 1 to 64MiB" },
    { "--max-history=99999999999999999999", NULL, NULL, "is not a number of bytes" },
    { "--max-history=9999999TiB", NULL, NULL, "is not a number of bytes" },
    { "--stop-grace=10", NULL, NULL, "--stop-grace: \"10\" is not a duration" },
    { "--retention=36h", NULL, NULL, "--retention: 36h is no multiple of 1d" },
    { "--test-clock=perhaps", NULL, NULL, "is neither true nor false" },
    { "--log-format=xml", NULL, NULL, "\"xml\" is none of logfmt|json" },
    { "--allow-egress=10.0.0.1/8", NULL, NULL, "\"10.0.0.1/8\" is not a range of addresses" },
    { "--listen=8080", NULL, NULL, "--listen: \"8080\" is not ADDRESS:PORT" },
    { "--listen=::1:80", NULL, NULL, "is not ADDRESS:PORT" },
    { "--listen=127.0.0.1:65536", NULL, NULL, "is not ADDRESS:PORT" },
    { "--public-url=hub", NULL, NULL, "--public-url: \"hub\" is not an address" },
    { "--public-url=http://", NULL, NULL, "names no host" },
    { "--public-url=http://:80/", NULL, NULL, "names no host" },
    { "--public-url=http://h/?q", NULL, NULL, "has a query" },
    { "--public-url=http://u@h/", NULL, NULL, "user name or password" },
    { "--connect-timeout=31s", NULL, NULL, "longer than attempt-timeout" },
    { "--data=", NULL, NULL, "--data: \"\" is no path" },
    { "--data=a\nb", NULL, NULL, "holds a control character" },
    { "--smtp-tls=maybe", NULL, NULL, "is none of auto|required|offered|never" },
    { "--smtp-password=secretsecret", NULL, NULL, "--smtp-password: not taken as a flag" },
    { "--tls-cert=x", NULL, NULL, "tls-cert is set and tls-key is not" },
    { "--name-servers=dns.example", NULL, NULL, "\"dns.example\" is not an IP address" },
    { "--config=/nowhere/at/all", NULL, NULL, "cannot be opened: No such file" },
    { "extra", NULL, NULL, "\"extra\": junctor serve takes options only" },
    { "-x", NULL, NULL, "-x: options begin with two dashes" },
    { "--sealing-key=00", NULL, NULL, "--sealing-key: not taken as a flag" },
    { NULL, "JUNCTOR_LOOPS=x", NULL, "JUNCTOR_LOOPS: \"x\" is not" },
    { NULL, "JUNCTOR_SEALING_KEY=secretsecret", NULL, "JUNCTOR_SEALING_KEY: its value is not" },
    { NULL, NULL, "\n\nloops = x\n", ":3: loops: \"x\" is not" },
    { NULL, NULL, "loops 3\n", ":1: write lines as NAME = VALUE" },
    { NULL, NULL, "lops = 3\n", ":1: there is no setting \"lops\"; did you mean loops?" },
    { NULL, NULL, "loops=1\nloops=2\n", ":2: \"loops\" is set a second time, line 1" },
    { NULL, NULL, "sealing-key = 0\n", ":1: \"sealing-key\" is not taken from a file" },
    { NULL, NULL, "config = x\n", ":1: \"config\" is not taken from a file" },
};

static void errors(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct arena arena = {};
        char *path = faults[i].file == NULL ? NULL : make_file(faults[i].file);
        const char *argument = faults[i].argument;
        if (path != NULL)
            argument = arena_c(&arena, arena_format(&arena, "--config=%s", path));
        struct outcome result = read_as(&serve, &arena, LIST(argument), LIST(faults[i].variable));
        bool right = result.outcome == OPTIONS_WRONG && holds(result.problem.text, faults[i].want);
        if (!right)
            print_error("want \"%s\", got \"%.*s\"\n", faults[i].want,
                        STR_ARG(result.problem.text));
        assert_true(right);
        assert_false(holds(result.problem.text, "secretsecret"));
        if (path != NULL)
            (void)unlink(path);
        arena_done(&arena);
    }
}

/* A container platform's own variables are no errors; one that looks like ours is told of. */
static void foreign_variables(void **state)
{
    (void)state;
    struct arena arena = {};
    struct outcome result =
        read_as(&serve, &arena, NOTHING, LIST("JUNCTOR_PORT_8080_TCP=x", "JUNCTOR_CRASH=a:1"));
    (void)config_of(&result);
    assert_false(problem_has(&result.problem));
    result = read_as(&serve, &arena, NOTHING, LIST("JUNCTOR_LISTN=127.0.0.1:1"));
    (void)config_of(&result);
    assert_true(holds(result.problem.text, "JUNCTOR_LISTN is set"));
    assert_true(holds(result.problem.text, "did you mean listen?"));
    arena_done(&arena);
}

static void other_commands(void **state)
{
    (void)state;
    struct arena arena = {};
    struct outcome result = read_as(&client, &arena, LIST("order", "--count", "5", "--", "--body"),
                                    LIST("JUNCTOR_KEY=k", "JUNCTOR_COUNT=9"));
    assert_int_equal(result.outcome, OPTIONS_READ);
    const struct client *values = result.call.values;
    assert_text(values->url, "http://127.0.0.1:8080");
    assert_text(values->key, "k");
    assert_int_equal(values->count, 5);
    assert_int_equal(result.call.argument_count, 2);
    assert_text(result.call.arguments[1], "--body");

    static const struct {
        const char *first;
        const char *second;
        const char *want;
    } cases[] = {
        { "order", NULL, "--key is missing: write --key SECRET or set JUNCTOR_KEY, the key" },
        { "--key=k", NULL, "too few arguments: junctor send takes ALIAS [BODY]" },
        { "--key=hidden\nhidden", "a", "--key: its value holds a control character" },
        { "--key", "--count=1", "--key: a value is missing" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        result = read_as(&client, &arena, LIST(cases[i].first, cases[i].second), NOTHING);
        assert_int_equal(result.outcome, OPTIONS_WRONG);
        if (!holds(result.problem.text, cases[i].want))
            print_error("%.*s\n", STR_ARG(result.problem.text));
        assert_true(holds(result.problem.text, cases[i].want));
        assert_false(holds(result.problem.text, "hidden"));
    }
    arena_done(&arena);
}

static void help(void **state)
{
    (void)state;
    static const struct option_table *const tables[] = { &config_settings, &config_caps };
    struct arena arena = {};
    assert_int_equal(read_as(&serve, &arena, LIST("--loops=x", "--help"), NOTHING).outcome,
                     OPTIONS_HELP);
    assert_int_equal(read_as(&serve, &arena, LIST("-h"), NOTHING).outcome, OPTIONS_HELP);
    assert_int_equal(read_as(&serve, &arena, LIST("--help=markdown"), NOTHING).outcome,
                     OPTIONS_HELP_MARKDOWN);
    char *text[2];
    size_t length[2];
    for (int i = 0; i < 2; i++) {
        FILE *to = open_memstream(&text[i], &length[i]);
        i == 0 ? options_print_help(&serve, to) : options_print_markdown(&serve, to);
        (void)fclose(to);
    }
    for (size_t t = 0; t < COUNT_OF(tables); t++)
        for (int i = 0; i < tables[t]->count; i++) {
            const struct option *option = &tables[t]->options[i];
            str flag = arena_format(&arena, "--%s", option->name);
            const char *name =
                (option->sources & BY_FLAG) == 0 ? "JUNCTOR_SEALING_KEY" : arena_c(&arena, flag);
            for (int form = 0; form < 2; form++)
                if (!holds(str_from(text[form], length[form]), name))
                    fail_msg("%s is not in the help", name);
        }
    str start = str_from(text[0], length[0]);
    while (start.len > 0) {
        str line = str_cut(&start, '\n');
        assert_true(line.len <= 120);
    }
    free(text[0]);
    free(text[1]);
    arena_done(&arena);
}

static void sealing_key(void **state)
{
    (void)state;
    struct arena arena = {};
    char *path = make_file("");
    (void)unlink(path);
    struct config config = { .sealing_key_file = str_c(path) };
    struct seal_key first;
    struct seal_key second;
    struct problem problem = {};
    assert_true(sealing_key_open(&config, false, &arena, &first, &problem) < 0);
    assert_true(holds(problem.text, "is not there"));
    assert_int_equal(sealing_key_open(&config, true, &arena, &first, &problem), 0);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(sealing_key_open(&config, true, &arena, &second, &problem), 0);
    assert_memory_equal(&first, &second, sizeof(first));

    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fputs("not a key", file);
    (void)fclose(file);
    assert_true(sealing_key_open(&config, true, &arena, &second, &problem) < 0);
    assert_true(holds(problem.text, "is not 64 hexadecimal digits"));
    config.sealing_key = STR("000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f");
    assert_int_equal(sealing_key_open(&config, false, &arena, &second, &problem), 0);
    assert_int_equal(second.bytes[15], 15);
    (void)unlink(path);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),       cmocka_unit_test(precedence),
        cmocka_unit_test(types),          cmocka_unit_test(flags_choices_texts),
        cmocka_unit_test(errors),         cmocka_unit_test(foreign_variables),
        cmocka_unit_test(other_commands), cmocka_unit_test(help),
        cmocka_unit_test(sealing_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
