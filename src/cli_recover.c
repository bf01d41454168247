/* SPDX-License-Identifier: MIT
 * cli_recover.c: `junctor recover`: sends again in bulk, and shows how far that has come. */
#include <time.h>

#include "base/clock.h"
#include "base/instant.h"
#include "cli_client.h"
#include "json/write.h"

#define ROUND_MS 300

struct recover_options {
    struct client_options client;
    str since;
    str states;
    bool dry_run;
    bool wait;
};

static const struct option rows[] = {
    { .name = "since",
      .type = OPTION_TEXT,
      .sources = BY_FLAG,
      .offset = offsetof(struct recover_options, since),
      .value = "MOMENT",
      .required = true,
      .help = "deliveries that ended (died, say) then or later, whenever they were made: "
              "2026-11-21T10:00:00Z, or so long ago: 45m, 2h, 3d" },
    { .name = "state",
      .type = OPTION_TEXT,
      .sources = BY_FLAG,
      .offset = offsetof(struct recover_options, states),
      .text = "dead",
      .help = "those in this state: dead, dropped, delivered, pending (waiting for the next "
              "attempt); commas between several" },
    { .name = "dry-run",
      .type = OPTION_FLAG,
      .sources = BY_FLAG,
      .offset = offsetof(struct recover_options, dry_run),
      .help = "count them, and do nothing" },
    { .name = "wait",
      .type = OPTION_FLAG,
      .sources = BY_FLAG,
      .offset = offsetof(struct recover_options, wait),
      .help = "show how far it has come until it is over" },
};

static const struct option_table table = { "Options", rows, COUNT_OF(rows) };

/* ── the request ── */

/* "45m": so long before now. */
static bool read_ago(str text, int64_t *ret_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = { { 's', 1000 }, { 'm', MINUTE_MS }, { 'h', 60 * MINUTE_MS }, { 'd', DAY_MS } };

    int64_t number;
    for (size_t i = 0; text.len > 1 && i < COUNT_OF(units); i++) {
        if (text.ptr[text.len - 1] != units[i].unit)
            continue;
        if (!str_to_int64(str_head(text, text.len - 1), &number) || number < 0 || number > 100000)
            return false;
        *ret_ms = clock_real_ms() - number * units[i].ms;
        return true;
    }
    return false;
}

static bool finish(void *values, struct arena *arena, struct problem *reterr)
{
    struct recover_options *options = values;
    char *text = arena_bytes(arena, INSTANT_TEXT_LEN);
    int64_t at_ms;
    if (!read_ago(options->since, &at_ms) && !instant_read(options->since, &at_ms)) {
        problem_set(reterr, PROBLEM_INVALID,
                    STR("--since is a moment as 2026-11-21T10:00:00Z, or so long ago: 45m, 2h, "
                        "3d"));
        return false;
    }
    instant_write(at_ms, text);
    options->since = str_from(text, INSTANT_TEXT_LEN);
    return true;
}

static str body_of(const struct recover_options *options, struct arena *arena)
{
    struct buf body;
    buf_init(&body, arena, SIZE_MAX / 2);
    struct json_writer writer = json_writer(&body);
    str states = options->states;
    json_begin_object(&writer);
    json_member_string(&writer, STR("since"), options->since);
    json_key(&writer, STR("states"));
    json_begin_array(&writer);
    while (states.len > 0)
        json_add_string(&writer, str_trim(str_cut(&states, ',')));
    json_end_array(&writer);
    json_member_bool(&writer, STR("dryRun"), options->dry_run);
    json_end_object(&writer);
    return buf_str(&body);
}

/* ── how far it has come ── */

/* 0 for null. */
static long long number_of(json object, const char *name)
{
    int64_t number;
    return json_to_int64(json_get(object, str_c(name)), &number) ? (long long)number : 0;
}

static str state_of(json recovery)
{
    return json_string(json_get(recovery, STR("state")));
}

static void print_progress(json recovery)
{
    bool exact = json_type(json_get(recovery, STR("total"))) == JSON_NUMBER;
    print_clock();
    print_plain(stdout, state_of(recovery));
    (void)printf(": %lld of %s%lld looked at, %lld sent again\n", number_of(recovery, "examined"),
                 exact ? "" : "at least ", number_of(recovery, "totalAtLeast"),
                 number_of(recovery, "recovered"));
    (void)fflush(stdout);
}

static void print_end(json recovery)
{
    static const struct {
        const char *name, *words;
    } reasons[] = {
        { "noLongerKept", "what they sent is no longer kept" },
        { "alreadyPending", "they are on their way already" },
        { "unknown", "they are no deliveries of this endpoint" },
    };

    json skipped = json_get(recovery, STR("skipped"));
    str reason = json_string(json_get(recovery, STR("reason")));
    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        if (number_of(skipped, reasons[i].name) > 0)
            (void)printf("%lld passed over: %s\n", number_of(skipped, reasons[i].name),
                         reasons[i].words);
    if (reason.len == 0)
        return;
    print_plain(stdout, reason);
    (void)putchar('\n');
}

static void sleep_round(void)
{
    const struct timespec round = { .tv_nsec = ROUND_MS * 1000000L };
    (void)nanosleep(&round, NULL);
}

static int follow(struct client *client, json recovery, struct arena *arena)
{
    struct client_reply reply = { .value = recovery };
    struct client_request request = {
        .method = "GET",
        .path =
            arena_format(arena, "/api/v1/recoveries/%.*s",
                         STR_ARG(url_encode(arena, json_string(json_get(recovery, STR("id")))))),
    };
    struct arena CLEANUP(arena_done) round = {};
    long long shown = -1;
    for (;;) {
        bool over = !str_equal(state_of(reply.value), STR("running"));
        if (over || number_of(reply.value, "examined") != shown)
            print_progress(reply.value);
        shown = number_of(reply.value, "examined");
        if (over)
            break;
        sleep_round();
        arena_reset(&round, 4096);
        if (!client_call(client, &request, &round, &reply))
            return client_fail(&reply);
    }
    print_end(reply.value);
    return str_equal(state_of(reply.value), STR("done")) ? EXIT_OK : EXIT_FAILED;
}

static int run_recover(const struct invocation *call)
{
    const struct recover_options *options = call->values;
    struct client *CLEANUP(client_freep) client = client_new(&options->client);
    struct client_reply reply;
    struct client_request request = {
        .method = "POST",
        .path = arena_format(call->arena, "%.*s/recover",
                             STR_ARG(client_endpoint_path(call->arena, call->arguments[0]))),
        .body = body_of(options, call->arena),
    };
    if (client == NULL)
        return EXIT_FAILED;
    if (!client_call(client, &request, call->arena, &reply))
        return client_fail(&reply);
    if (options->wait && !options->dry_run)
        return follow(client, reply.value, call->arena);
    print_json(stdout, reply.body);
    (void)fputc('\n', stdout);
    return EXIT_OK;
}

const struct command recover_command = {
    .name = "recover",
    .line = "sends again what did not arrive at an endpoint, in bulk",
    .arguments = "ENDPOINT",
    .least_arguments = 1,
    .most_arguments = 1,
    .tables = { &table, &client_settings },
    .size = sizeof(struct recover_options),
    .finish = finish,
    .notes =
        "ENDPOINT is the id of a webhook endpoint, whk_…, or of an export profile, exp_…. It goes "
        "on at the hub whether or not this command waits.",
    .run = run_recover,
};
