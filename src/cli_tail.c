/* SPDX-License-Identifier: MIT
 * cli_tail.c: `junctor tail`: asks for the newest deliveries each second and prints what changed.
 *
 * Of each endpoint (webhooks, export profiles) it remembers the newest delivery it has shown, those that are still pending, and
 * of the newest PAGES_KEPT pages those that have ended, which a resend or a recovery changes; ids
 * rise, and their text sorts as they do. */
#include <stdlib.h>
#include <time.h>

#include "base/id.h"
#include "base/map.h"
#include "cli_client.h"

#define PAGES_MAX 20    /* of one endpoint in one round */
#define PAGES_KEPT 3    /* are read every LIST_EVERY rounds, whatever is new; else one */
#define LOOK_UPS_MAX 50 /* pending ones that are on none of these, in one round */
#define ROUND_MS 1000
#define LIST_EVERY 10 /* rounds between looks for new endpoints, and at older deliveries */
#define STATE_MAX 16
#define ROUND_KEPT ((size_t)1 << 20)

struct tail_options {
    struct client_options client;
    str webhook;
    int64_t last;
};

static const struct option rows[] = {
    { .name = "webhook",
      .type = OPTION_TEXT,
      .sources = BY_FLAG,
      .offset = offsetof(struct tail_options, webhook),
      .value = "ID",
      .shown = "all of them",
      .help = "follow this webhook endpoint, or export profile, only" },
    { .name = "last",
      .type = OPTION_INT,
      .sources = BY_FLAG,
      .offset = offsetof(struct tail_options, last),
      .normal = 10,
      .least = 0,
      .most = 100,
      .unit = "deliveries",
      .help = "how many of each endpoint to show first" },
};

static const struct option_table table = { "Options", rows, COUNT_OF(rows) };

/* A list that is followed: an endpoint's deliveries, or all events. */
struct watched {
    char id[ID_TEXT_MAX]; /* the endpoint's */
    size_t id_len;        /* 0: all events */
    char *name;
    char newest[ID_TEXT_MAX]; /* delivery or event */
    size_t newest_len;        /* 0: none yet */
    bool primed;              /* what was there at the start has been shown */
};

/* A delivery as it was last seen. */
struct known {
    char id[ID_TEXT_MAX];
    size_t id_len;
    const struct watched *watched;
    char state[STATE_MAX];
    size_t state_len;
    int64_t attempts;
    int64_t round; /* when that was */
};

struct tail {
    const struct tail_options *options;
    struct client *client;
    struct arena arena; /* of one round */
    struct map watched;
    struct map known;
    struct watched *events; /* NULL: only one endpoint is followed */
    int64_t round;
    bool unreachable; /* it has been said */
};

/* ── printing ── */

static void print_delivery(const struct watched *watched, json delivery)
{
    str state = json_string(json_get(delivery, STR("state")));
    str status = json_number(json_get(delivery, STR("lastStatus")));
    str attempts = json_number(json_get(delivery, STR("attemptCount")));
    print_clock();
    (void)printf(" %.*s  %-9.*s  ", STR_ARG(json_string(json_get(delivery, STR("id")))),
                 STR_ARG(state));
    print_plain(stdout, json_string(json_get(delivery, STR("eventType"))));
    (void)fputs(" → ", stdout);
    print_plain(stdout, str_c(watched->name));
    if (!str_equal(attempts, STR("0")) && attempts.len > 0)
        (void)printf("  attempt %.*s: %.*s", STR_ARG(attempts),
                     STR_ARG(status.len > 0 ? status : STR("no answer")));
    str reason = json_string(json_get(delivery, STR("reason")));
    if (reason.len > 0) {
        (void)fputs(": ", stdout);
        print_plain(stdout, reason);
    }
    str next = json_string(json_get(delivery, STR("nextAttemptAt")));
    if (str_equal(state, STR("pending")) && next.len > 0 && !str_equal(attempts, STR("0")))
        (void)printf(", next at %.*s", STR_ARG(next));
    (void)fputc('\n', stdout);
}

/* Wanted ones show as deliveries. */
static void print_unwanted(json event)
{
    if (json_bool(json_get(event, STR("wanted"))))
        return;
    print_clock();
    (void)printf(" %.*s  not wanted ", STR_ARG(json_string(json_get(event, STR("id")))));
    print_plain(stdout, json_string(json_get(event, STR("type"))));
    (void)fputc('\n', stdout);
}

/* ── what is remembered ── */

static str newest_of(const struct watched *watched)
{
    return str_from(watched->newest, watched->newest_len);
}

static str state_of(const struct known *known)
{
    return str_from(known->state, known->state_len);
}

static void forget(struct tail *tail, str id)
{
    free(map_remove(&tail->known, id));
}

static struct known *remember(struct tail *tail, const struct watched *watched, str id)
{
    struct known *known = NEW(struct known);
    known->id_len = id.len;
    memcpy(known->id, id.ptr, id.len);
    known->watched = watched;
    (void)map_put(&tail->known, str_from(known->id, known->id_len), known);
    return known;
}

/* Prints the delivery when it has changed; one that is not known, when `print` says so. */
static void look_at(struct tail *tail, const struct watched *watched, json delivery, bool print)
{
    str id = json_string(json_get(delivery, STR("id")));
    str state = json_string(json_get(delivery, STR("state")));
    int64_t attempts;
    if (!json_to_int64(json_get(delivery, STR("attemptCount")), &attempts))
        attempts = 0;
    if (id.len > ID_TEXT_MAX || state.len > STATE_MAX)
        return;
    struct known *known = map_find(&tail->known, id);
    if (known != NULL)
        print = !str_equal(state, state_of(known)) || known->attempts != attempts;
    else
        known = remember(tail, watched, id);
    if (print)
        print_delivery(watched, delivery);
    memcpy(known->state, state.ptr, state.len);
    known->state_len = state.len;
    known->attempts = attempts;
    known->round = tail->round;
}

/* ── one endpoint ── */

struct pages {
    json rows[PAGES_MAX];
    int count;
    int unshown; /* new ones of the page behind PAGES_MAX; there may be more */
};

static str list_path(const struct watched *watched, struct arena *arena)
{
    if (watched->id_len == 0)
        return STR("/api/v1/events");
    str endpoint = client_endpoint_path(arena, str_from(watched->id, watched->id_len));
    return arena_format(arena, "%.*s/deliveries", STR_ARG(endpoint));
}

static int count_new(const struct watched *watched, json data)
{
    int count = 0;
    struct json_walk walk = json_walk(data);
    json row;
    while (json_next(&walk, NULL, &row))
        count += str_compare(json_string(json_get(row, STR("id"))), newest_of(watched)) > 0;
    return count;
}

/* How many pages are read though they hold nothing new. */
static int pages_kept(const struct tail *tail, const struct watched *watched)
{
    return watched->id_len > 0 && tail->round % LIST_EVERY == 0 ? PAGES_KEPT : 1;
}

/* The first pages, and more until what has been shown is reached. False: reply says why. */
static bool read_pages(struct tail *tail, const struct watched *watched, struct pages *ret_pages,
                       struct client_reply *ret_reply)
{
    str cursor = {};
    for (int page = 0; page <= PAGES_MAX; page++) {
        str more = {};
        if (cursor.len > 0)
            more = arena_format(&tail->arena, "&cursor=%.*s",
                                STR_ARG(url_encode(&tail->arena, cursor)));
        struct client_request request = {
            .method = "GET",
            .path = arena_format(&tail->arena, "%.*s?limit=100%.*s",
                                 STR_ARG(list_path(watched, &tail->arena)), STR_ARG(more)),
        };
        if (!client_call(tail->client, &request, &tail->arena, ret_reply))
            return false;
        json data = json_get(ret_reply->value, STR("data"));
        int new_ones = count_new(watched, data);
        if (page == PAGES_MAX)
            ret_pages->unshown = new_ones;
        else
            ret_pages->rows[ret_pages->count++] = data;
        cursor = json_string(json_get(ret_reply->value, STR("next")));
        bool whole = watched->primed && (size_t)new_ones == json_count(data);
        if (cursor.len == 0 || (!whole && page + 1 >= pages_kept(tail, watched)))
            return true;
    }
    return true;
}

/* Rows of all pages, the oldest first. */
static size_t oldest_first(struct tail *tail, const struct pages *pages, json **ret_rows)
{
    size_t count = 0;
    for (int page = 0; page < pages->count; page++)
        count += json_count(pages->rows[page]);
    *ret_rows = ARENA_ARRAY(&tail->arena, json, count + 1);
    size_t at = count;
    for (int page = 0; page < pages->count; page++) {
        struct json_walk walk = json_walk(pages->rows[page]);
        json row;
        while (json_next(&walk, NULL, &row))
            (*ret_rows)[--at] = row;
    }
    return count;
}

static void note_newest(struct watched *watched, str id)
{
    if (id.len > ID_TEXT_MAX || str_compare(id, newest_of(watched)) <= 0)
        return;
    memcpy(watched->newest, id.ptr, id.len);
    watched->newest_len = id.len;
}

static void show(struct tail *tail, const struct watched *watched, json row, bool print)
{
    str id = json_string(json_get(row, STR("id")));
    print = print && str_compare(id, newest_of(watched)) > 0;
    if (watched->id_len > 0)
        look_at(tail, watched, row, print);
    else if (print)
        print_unwanted(row);
}

static void print_unshown(const struct watched *watched, int count)
{
    if (count == 0)
        return;
    print_clock();
    if (watched->id_len == 0) {
        (void)printf(" at least %d more new events are not shown\n", count);
        return;
    }
    (void)printf(" at least %d more new deliveries are not shown → ", count);
    print_plain(stdout, str_c(watched->name));
    (void)fputc('\n', stdout);
}

static bool follow(struct tail *tail, struct watched *watched, struct client_reply *ret_reply)
{
    struct pages pages = {};
    if (!read_pages(tail, watched, &pages, ret_reply))
        return ret_reply->status == 404; /* deleted meanwhile */
    json *all;
    size_t count = oldest_first(tail, &pages, &all);
    size_t last = (size_t)tail->options->last;
    print_unshown(watched, pages.unshown);
    for (size_t i = 0; i < count; i++)
        show(tail, watched, all[i], watched->primed || i + last >= count);
    if (count > 0)
        note_newest(watched, json_string(json_get(all[count - 1], STR("id"))));
    watched->primed = true;
    return true;
}

/* True: gone on with. */
static bool look_up(struct tail *tail, const struct known *known, struct client_reply *ret_reply)
{
    str id = str_from(known->id, known->id_len);
    struct client_request request = {
        .method = "GET",
        .path = arena_format(&tail->arena, "/api/v1/deliveries/%.*s", STR_ARG(id)),
    };
    if (client_call(tail->client, &request, &tail->arena, ret_reply))
        look_at(tail, known->watched, ret_reply->value, true);
    else if (ret_reply->status == 404)
        forget(tail, id);
    else
        return false;
    return true;
}

/* Of those that the pages did not show, what is pending is asked for one by one, a few in each
 * round; what has ended is forgotten. */
static bool look_up_rest(struct tail *tail, struct client_reply *ret_reply)
{
    struct known **due = ARENA_ARRAY(&tail->arena, struct known *, tail->known.count + 1);
    size_t count = 0;
    size_t at = 0;
    struct known *known;
    while ((known = map_next(&tail->known, &at)) != NULL)
        if (known->round < tail->round - LIST_EVERY)
            due[count++] = known;
    int asked = 0;
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(state_of(due[i]), STR("pending")))
            forget(tail, str_from(due[i]->id, due[i]->id_len));
        else if (asked++ < LOOK_UPS_MAX && !look_up(tail, due[i], ret_reply))
            return false;
    }
    return true;
}

/* ── the round ── */

static void watch(struct tail *tail, str id, str name)
{
    if (id.len > ID_TEXT_MAX || map_find(&tail->watched, id) != NULL)
        return;
    struct watched *watched = NEW(struct watched);
    memcpy(watched->id, id.ptr, id.len);
    watched->id_len = id.len;
    watched->name = xstrdup(name);
    /* What is made behind the start is shown whole. */
    watched->primed = tail->round > 0;
    (void)map_put(&tail->watched, str_from(watched->id, watched->id_len), watched);
}

static void watch_one(struct tail *tail, json endpoint)
{
    watch(tail, json_string(json_get(endpoint, STR("id"))),
          json_string(json_get(endpoint, STR("name"))));
}

static bool list_all(struct tail *tail, const char *path, struct client_reply *ret_reply)
{
    str cursor = {};
    do {
        struct client_request request = {
            .method = "GET",
            .path = arena_format(&tail->arena, "%s?limit=100%s%.*s", path,
                                 cursor.len > 0 ? "&cursor=" : "",
                                 STR_ARG(url_encode(&tail->arena, cursor))),
        };
        if (!client_call(tail->client, &request, &tail->arena, ret_reply))
            return false;
        struct json_walk walk = json_walk(json_get(ret_reply->value, STR("data")));
        json one;
        while (json_next(&walk, NULL, &one))
            watch_one(tail, one);
        cursor = json_string(json_get(ret_reply->value, STR("next")));
    } while (cursor.len > 0);
    return true;
}

static bool list_endpoints(struct tail *tail, struct client_reply *ret_reply)
{
    str only = tail->options->webhook;
    if (only.len == 0)
        return list_all(tail, "/api/v1/webhooks", ret_reply) &&
               (list_all(tail, "/api/v1/export-profiles", ret_reply) ||
                ret_reply->status == 403); /* the key is for webhooks alone */
    struct client_request request = { .method = "GET",
                                      .path = client_endpoint_path(&tail->arena, only) };
    if (!client_call(tail->client, &request, &tail->arena, ret_reply))
        return false;
    watch_one(tail, ret_reply->value);
    return true;
}

static bool run_round(struct tail *tail, struct client_reply *ret_reply)
{
    if (tail->round % LIST_EVERY == 0 && !list_endpoints(tail, ret_reply))
        return false;
    if (tail->events != NULL && !follow(tail, tail->events, ret_reply))
        return false;
    size_t at = 0;
    struct watched *watched;
    while ((watched = map_next(&tail->watched, &at)) != NULL)
        if (!follow(tail, watched, ret_reply))
            return false;
    return look_up_rest(tail, ret_reply);
}

/* A hub that is away or busy for a while is waited for; anything else ends the command. */
static bool may_go_on(struct tail *tail, const struct client_reply *reply)
{
    bool passing = reply->status == 0 || reply->status == 429 || reply->status >= 500;
    if (!passing || tail->round == 0) {
        (void)client_fail(reply);
        return false;
    }
    if (!tail->unreachable)
        (void)client_fail(reply);
    tail->unreachable = true;
    return true;
}

static void sleep_round(void)
{
    const struct timespec round = { .tv_sec = ROUND_MS / 1000,
                                    .tv_nsec = ROUND_MS % 1000 * 1000000 };
    (void)nanosleep(&round, NULL);
}

static void tail_done(struct tail *tail)
{
    size_t at = 0;
    struct watched *watched;
    while ((watched = map_next(&tail->watched, &at)) != NULL) {
        free(watched->name);
        free(watched);
    }
    at = 0;
    void *known;
    while ((known = map_next(&tail->known, &at)) != NULL)
        free(known);
    free(tail->events);
    map_done(&tail->watched);
    map_done(&tail->known);
    client_free(tail->client);
    arena_done(&tail->arena);
}

static int run_tail(const struct invocation *call)
{
    const struct tail_options *options = call->values;
    struct tail CLEANUP(tail_done)
        tail = { .options = options, .client = client_new(&options->client) };
    if (tail.client == NULL)
        return EXIT_FAILED;
    if (options->webhook.len == 0)
        tail.events = NEW(struct watched);
    for (;;) {
        struct client_reply reply = {};
        bool reached = run_round(&tail, &reply);
        if (!reached && !may_go_on(&tail, &reply))
            return EXIT_FAILED;
        if (reached) {
            tail.unreachable = false;
            tail.round++;
        }
        if (fflush(stdout) != 0)
            return EXIT_OK; /* whoever read has seen enough */
        arena_reset(&tail.arena, ROUND_KEPT);
        sleep_round();
    }
}

const struct command tail_command = {
    .name = "tail",
    .line = "follows the deliveries of a running hub: a line for each change",
    .arguments = "",
    .tables = { &table, &client_settings },
    .size = sizeof(struct tail_options),
    .run = run_tail,
};
