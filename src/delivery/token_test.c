/* SPDX-License-Identifier: MIT
 * Tokens on a bed, with the test clock: who fetches them, when, and what deliveries make of it. */
#include <stdio.h>

#include "delivery/test_scene.h"

static void webhook_with(struct scene *scene, const char *path, const struct credential *credential)
{
    struct bed *bed = &scene->bed;
    bed_webhook(bed,
                &(struct webhook_text){ .id = 7,
                                        .url = url_at(bed, receiver_port(scene->receiver), path),
                                        .status = OUTLET_ACTIVE,
                                        .credential = credential });
}

static void webhook_by(struct scene *scene, const char *path, const char *token_path)
{
    struct credential credential = token_client(scene, token_path);
    webhook_with(scene, path, &credential);
}

static struct bed *start_with(struct scene *scene, const char *path, const char *token_path)
{
    bed_start(&scene->bed);
    webhook_by(scene, path, token_path);
    return &scene->bed;
}

static int64_t told_pause(struct bed *bed)
{
    return couriers_find_hold(bed->couriers, 7).token_at_ms;
}

/* How many requests to `path` came with this line in their head. */
static int count_with(struct scene *scene, const char *path, const char *line)
{
    CLEANUP(arena_done) struct arena arena = {};
    str start = arena_format(&arena, "POST %s ", path);
    str whole = arena_format(&arena, "\r\n%s\r\n", line);
    int count = 0;
    for (int i = 0; i < receiver_count(scene->receiver); i++) {
        struct received received = receiver_get(scene->receiver, i);
        count += str_starts(received.head, start) && is_said(received.head, arena_c(&arena, whole));
    }
    return count;
}

static const char *read_text(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "re");
    CHECK(path, file != NULL);
    char *text = arena_alloc(arena, 16384);
    CHECK(path, fread(text, 1, 16383, file) > 0);
    (void)fclose(file);
    return text;
}

/* ── fetching ── */

TEST(one_fetch_for_all_that_wait)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/ok", "/token-slow");
    deliver_and_settle(bed, 7, 50);
    CHECK_INT("delivered", count_delivered(bed, 7), 50);
    CHECK_INT("attempts", bed_count(bed), 50);
    CHECK_INT("fetches", receiver_tokens(scene->receiver), 1);
    CHECK_INT("with it", count_with(scene, "/ok", "Authorization: Bearer token-1"), 50);
    struct received fetch = receiver_get(scene->receiver, 0);
    CHECK_STR("form", fetch.body, STR("grant_type=client_credentials&scope=orders"));
    CHECK("who", is_said(fetch.head, "\r\nAuthorization: Basic bWU6aHVzaC1odXNo\r\n"));
    CHECK("what", is_said(fetch.head, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
}

TEST(what_is_kept_has_no_token)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed->limits.response_kept = 0; /* not of tokens */
    bed_start(bed);
    webhook_by(scene, "/ok", "/token/3600");
    (void)bed_deliver(bed, 7, "{}");
    struct record record = bed_record(bed, 0);
    CHECK("masked", is_said(record.attempt.request_head, "\r\nAuthorization: (masked)\r\n"));
    CHECK("not there", !is_said(record.attempt.request_head, "token-1"));
}

/* Of 1000 s the last 60 are for the renewal. */
TEST(renewed_when_wanted_shortly_before_its_end)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/ok", "/token/1000");
    deliver_and_settle(bed, 7, 1);
    bed_advance(bed, 939 * SECONDS);
    deliver_and_settle(bed, 7, 1);
    CHECK_INT("not yet", receiver_tokens(scene->receiver), 1);
    bed_advance(bed, 1 * SECONDS);
    deliver_and_settle(bed, 7, 1);
    CHECK_INT("renewed", receiver_tokens(scene->receiver), 2);
    CHECK_INT("meanwhile the old one", count_with(scene, "/ok", "Authorization: Bearer token-1"),
              3);
    deliver_and_settle(bed, 7, 1);
    CHECK_INT("then the new one", count_with(scene, "/ok", "Authorization: Bearer token-2"), 1);
    advance_and_settle(bed, 100 * HOURS);
    CHECK_INT("nobody wants one", receiver_tokens(scene->receiver), 2);
    deliver_and_settle(bed, 7, 1);
    CHECK_INT("over", count_with(scene, "/ok", "Authorization: Bearer token-3"), 1);
}

TEST(a_tenth_of_a_short_life)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/ok", "/token/100");
    deliver_and_settle(bed, 7, 1);
    bed_advance(bed, 90 * SECONDS - 1);
    deliver_and_settle(bed, 7, 1);
    CHECK_INT("not yet", receiver_tokens(scene->receiver), 1);
    bed_advance(bed, 1);
    deliver_and_settle(bed, 7, 1);
    CHECK_INT("renewed", receiver_tokens(scene->receiver), 2);
    CHECK_INT("with the old one", count_with(scene, "/ok", "Authorization: Bearer token-1"), 3);
}

/* Who is to be delivered to does not wait for a server that hangs, while the token is good. */
TEST(a_renewal_holds_nothing_up)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/ok", "/token-hang/2");
    deliver_and_settle(bed, 7, 1);
    bed_advance(bed, 3599 * SECONDS);
    deliver(bed, 7, 20);
    bed_wait(bed, 21);
    CHECK_INT("under way", couriers_busy(bed->couriers) > 0, 1);
    bed_settle(bed);
    CHECK_INT("fetches", receiver_tokens(scene->receiver), 2);
    CHECK_INT("delivered", count_delivered(bed, 7), 21);
    deliver_and_settle(bed, 7, 1);
    CHECK_INT("still good", count_delivered(bed, 7), 22);
    CHECK_INT("not asked at once again", receiver_tokens(scene->receiver), 2);
    bed_advance(bed, 5 * SECONDS);
    deliver(bed, 7, 1);
    struct record record = bed_record(bed, 22);
    CHECK("and then it is over",
          is_said(record.attempt.error, " gave no token. No answer within 800 ms"));
}

/* ── failures ── */

TEST(who_waited_fails_with_words)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/ok", "/token-bad/1");
    (void)bed_deliver(bed, 7, "{}");
    struct record record = bed_record(bed, 0);
    CLEANUP(arena_done) struct arena arena = {};
    CHECK_STR("words", record.attempt.error,
              arena_format(&arena,
                           "The token endpoint 127.0.0.1:%d answered 400: invalid_client (not "
                           "you); check the client id and its secret, and how the server wants "
                           "them sent",
                           receiver_port(scene->receiver)));
    CHECK_INT("no answer", record.attempt.status, 0);
    CHECK_INT("pending", record.after.state, DELIVERY_PENDING);
    CHECK_INT("a step", record.after.schedule_step, 1);
    CHECK_INT("due", record.after.due_ms, clock_now_ms(&bed->clock) + 5 * SECONDS);
    bed_settle(bed);
    deliver_and_settle(bed, 7, 3);
    advance_and_settle(bed, 5 * SECONDS - 1);
    CHECK_INT("others wait", bed_count(bed), 1);
    CHECK_INT("told", told_pause(bed), clock_now_ms(&bed->clock) + 1);
    CHECK_INT("no fetch", receiver_tokens(scene->receiver), 1);
    advance_and_settle(bed, 1);
    CHECK_INT("delivered", count_delivered(bed, 7), 4);
    CHECK_INT("told, too", told_pause(bed), 0);
    CHECK_INT("one fetch", receiver_tokens(scene->receiver), 2);
}

/* It was no reason to wait while the old token was good. */
TEST(a_renewal_that_failed_is_told_when_it_matters)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/ok", "/token-hang/2");
    deliver_and_settle(bed, 7, 1);
    advance_and_settle(bed, 3598 * SECONDS);
    deliver_and_settle(bed, 7, 1);
    CHECK_INT("good", told_pause(bed), 0);
    int64_t pause_until_ms = clock_now_ms(&bed->clock) + TOKEN_PAUSE_MS;
    advance_and_settle(bed, 2 * SECONDS);
    deliver_and_settle(bed, 7, 1);
    CHECK_INT("over", told_pause(bed), pause_until_ms);
    CHECK_INT("waits", bed_count(bed), 2);
    webhook(scene, 7, "/ok"); /* which needs none */
    bed_settle(bed);
    CHECK_INT("forgotten", told_pause(bed), 0);
    CHECK_INT("delivered", count_delivered(bed, 7), 3);
}

TEST(failures_open_the_breaker)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/ok", "/token-bad/99");
    deliver_and_settle(bed, 7, 5);
    CHECK_INT("all five", bed_count(bed), 5);
    CHECK_INT("one fetch", receiver_tokens(scene->receiver), 1);
    CHECK_INT("open", couriers_find_hold(bed->couriers, 7).breaker, BREAKER_OPEN);
}

/* Asked for by hand, it goes beside the pause, and hears at once what is wrong. */
TEST(by_hand_in_the_pause)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/ok", "/token-bad/1");
    (void)bed_deliver(bed, 7, "{}");
    bed_settle(bed);
    bed_hand_over(bed, bed_commit(bed, 7, "{}"), true);
    struct record record = bed_record(bed, 1);
    CHECK("words", is_said(record.attempt.error, " answered 400: invalid_client"));
    CHECK_INT("no fetch", receiver_tokens(scene->receiver), 1);
}

TEST(answers_that_are_no_tokens)
{
    static const struct {
        const char *path;
        const char *words;
    } cases[] = {
        { "/ok", " answered 200 without an access_token" },
        { "/binary", " answered 200 with something that is not a JSON object" },
        { "/large/10000000", " answered 200 with 10000000 bytes, which is no token" },
        { "/endless", " answered more than 16777216 bytes, which is no token" },
        { "/redirect", " answered 302, a redirect, which Junctor does not follow" },
        { "/status/503", " answered 503" },
        { "/empty", " gave no token. It closed the connection without an answer" },
        { "/nonsense", " gave no token. " },
        { "/hang", " gave no token. No answer within" },
    };
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed_start(bed);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct credential credential = token_client(scene, cases[i].path);
        bed_webhook(bed, &(struct webhook_text){
                             .id = (int64_t)i + 1,
                             .url = url_at(bed, receiver_port(scene->receiver), "/nobody"),
                             .status = OUTLET_ACTIVE,
                             .credential = &credential });
        (void)bed_deliver(bed, (int64_t)i + 1, "{}");
        struct record record = bed_record(bed, (int)i);
        CHECK(cases[i].path, is_said(record.attempt.error, "The token endpoint 127.0.0.1:"));
        if (!is_said(record.attempt.error, cases[i].words))
            fail_msg("%s: %.*s", cases[i].path, STR_ARG(record.attempt.error));
        CHECK_INT(cases[i].path, record.after.state, DELIVERY_PENDING);
    }
    CHECK_INT("nothing was sent", count_with(scene, "/nobody", "Host: 127.0.0.1"), 0);
}

TEST(names_and_the_guard)
{
    static const struct {
        const char *host;
        const char *words; /* NULL: delivered */
    } cases[] = {
        { "good.test", NULL },
        { "nowhere.test", " gave no token. The name nowhere.test " },
        { "private.test", " gave no token. 10.0.0.1 is " },
        { "10.0.0.1", " gave no token. 10.0.0.1 is " },
    };
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    struct name_server *names = name_server_new();
    bed->options.name_servers = arena_format(&bed->arena, "127.0.0.1:%d", name_server_port(names));
    bed_start(bed);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct credential credential = token_client(scene, "/token/60");
        credential.token_url = arena_format(&bed->arena, "http://%s:%d/token/60", cases[i].host,
                                            receiver_port(scene->receiver));
        webhook_with(scene, "/ok", &credential);
        (void)bed_deliver(bed, 7, "{}");
        struct record record = bed_record(bed, (int)i);
        if (cases[i].words == NULL)
            CHECK_INT(cases[i].host, record.after.state, DELIVERY_DELIVERED);
        else if (!is_said(record.attempt.error, cases[i].words))
            fail_msg("%s: %.*s", cases[i].host, STR_ARG(record.attempt.error));
        bed_settle(bed);
    }
    CHECK_INT("by its name", count_with(scene, "/token/60", "Accept: application/json"), 1);
    name_server_free(names);
}

/* A certificate is for the target: a token endpoint sees it when it is the same server. */
TEST(certificate_for_the_same_server_alone)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    struct certificates certificates = {};
    certificates_make(&certificates);
    struct receiver *guarded = receiver_new(&(struct receiver_options){
        .tls = true,
        .certificate = certificates.good,
        .key = certificates.key,
        .client_authority = certificates.authority,
    });
    bed->options.ca_file = str_c(certificates.authority);
    bed_start(bed);
    str place = arena_format(&bed->arena, "https://127.0.0.1:%d", receiver_port(guarded));
    struct credential credential = token_client(scene, "");
    credential.token_url = arena_format(&bed->arena, "%.*s/token/60", STR_ARG(place));
    str same = arena_format(&bed->arena, "%.*s/guarded/1", STR_ARG(place));
    struct webhook_text text = { .id = 7,
                                 .url = arena_c(&bed->arena, same),
                                 .status = OUTLET_ACTIVE,
                                 .credential = &credential,
                                 .certificate = read_text(&bed->arena, certificates.client),
                                 .key = read_text(&bed->arena, certificates.key) };
    bed_webhook(bed, &text);
    (void)bed_deliver(bed, 7, "{}");
    CHECK_INT("the same", bed_record(bed, 0).after.state, DELIVERY_DELIVERED);
    bed_settle(bed);
    text.url = url_at(bed, receiver_port(scene->receiver), "/ok");
    bed_webhook(bed, &text);
    (void)bed_deliver(bed, 7, "{}");
    struct record record = bed_record(bed, 1);
    CHECK("another", is_said(record.attempt.error, " gave no token. ") &&
                         is_said(record.attempt.error, "asks for a client certificate"));
    CHECK_INT("one token", receiver_tokens(guarded), 1);
    receiver_free(guarded);
    certificates_remove(&certificates);
}

/* ── the target refuses it ── */

TEST(refused_once)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/guarded/2", "/token/3600");
    (void)bed_deliver(bed, 7, "{}");
    struct record first = bed_record(bed, 0);
    struct record second = bed_record(bed, 1);
    CHECK_INT("the answer", first.attempt.status, 401);
    CHECK("words", is_said(first.attempt.error, "it does not take the token any more"));
    CHECK_INT("pending", first.after.state, DELIVERY_PENDING);
    CHECK_INT("no step", first.after.schedule_step, 0);
    CHECK_INT("at once", first.after.due_ms, clock_now_ms(&bed->clock));
    CHECK_INT("a second attempt", second.attempt.number, 2);
    CHECK_INT("delivered", second.after.state, DELIVERY_DELIVERED);
    bed_settle(bed);
    CHECK_INT("tokens", receiver_tokens(scene->receiver), 2);
}

TEST(refused_many_at_once)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/guarded/2", "/token-slow");
    deliver_and_settle(bed, 7, 8);
    CHECK_INT("delivered", count_delivered(bed, 7), 8);
    CHECK_INT("attempts", bed_count(bed), 16);
    CHECK_INT("tokens", receiver_tokens(scene->receiver), 2);
    CHECK_INT("closed", couriers_find_hold(bed->couriers, 7).breaker, BREAKER_CLOSED);
}

/* A token that was taken can be refused again, later. */
TEST(refused_after_it_was_taken)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/guarded/2", "/token/3600");
    deliver_and_settle(bed, 7, 1);
    webhook_by(scene, "/guarded/4", "/token/3600"); /* another address: another token */
    deliver_and_settle(bed, 7, 1);
    CHECK_INT("tokens", receiver_tokens(scene->receiver), 4);
    CHECK_INT("delivered", count_delivered(bed, 7), 2);
    CHECK_INT("attempts", bed_count(bed), 4);
}

TEST(refused_always)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/guarded/99", "/token/3600");
    (void)bed_deliver(bed, 7, "{}");
    struct record second = bed_record(bed, 1);
    CHECK("words", is_said(second.attempt.error, "answered 401 to a new token, too"));
    CHECK_INT("a step", second.after.schedule_step, 1);
    CHECK_INT("by the schedule", second.after.due_ms, clock_now_ms(&bed->clock) + 5 * SECONDS);
    bed_settle(bed);
    CHECK_INT("attempts", bed_count(bed), 2);
    CHECK_INT("tokens", receiver_tokens(scene->receiver), 2);
    advance_and_settle(bed, 5 * SECONDS);
    CHECK_INT("one more attempt", bed_count(bed), 3);
    CHECK_INT("with a new token", receiver_tokens(scene->receiver), 3);
    CHECK_INT("two steps", bed_record(bed, 2).after.schedule_step, 2);
}

/* ── changes ── */

TEST(another_credential_another_token)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/ok", "/token/3600");
    deliver_and_settle(bed, 7, 1);
    webhook_by(scene, "/ok", "/token/3600");
    deliver_and_settle(bed, 7, 1);
    CHECK_INT("the same", receiver_tokens(scene->receiver), 1);
    struct credential credential = token_client(scene, "/token/3600");
    credential.client_secret = STR("other");
    webhook_with(scene, "/ok", &credential);
    deliver_and_settle(bed, 7, 1);
    CHECK_INT("fetched anew", receiver_tokens(scene->receiver), 2);
    CHECK_INT("by the new one",
              count_with(scene, "/token/3600", "Authorization: Basic bWU6b3RoZXI="), 1);
    credential = (struct credential){ .kind = CREDENTIAL_BEARER, .token = STR("static") };
    webhook_with(scene, "/ok", &credential);
    deliver_and_settle(bed, 7, 1);
    CHECK_INT("none", receiver_tokens(scene->receiver), 2);
    CHECK_INT("as it stands", count_with(scene, "/ok", "Authorization: Bearer static"), 1);
    CHECK_INT("delivered", count_delivered(bed, 7), 4);
}

/* Who waits for a token goes on with the one that was being fetched. */
TEST(changed_while_they_wait)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/ok", "/token-slow");
    deliver(bed, 7, 3);
    while (receiver_tokens(scene->receiver) == 0)
        (void)usleep(1000);
    webhook(scene, 7, "/ok");
    bed_settle(bed);
    CHECK_INT("delivered", count_delivered(bed, 7), 3);
    CHECK_INT("with it", count_with(scene, "/ok", "Authorization: Bearer token-1"), 3);
}

/* The end of the test stops the couriers, which must not wait for it, nor leave anything behind. */
TEST(stopped_while_they_wait)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed->options.whole_timeout_ms = 600000;
    bed_start(bed);
    webhook_by(scene, "/ok", "/token-hang/1");
    deliver(bed, 7, 3);
    while (receiver_tokens(scene->receiver) == 0)
        (void)usleep(1000);
}

TEST(stopped_in_a_renewal)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed->options.whole_timeout_ms = 600000;
    bed_start(bed);
    webhook_by(scene, "/ok", "/token-hang/2");
    deliver_and_settle(bed, 7, 1);
    bed_advance(bed, 3599 * SECONDS);
    deliver(bed, 7, 1);
    bed_wait(bed, 2);
}

RUN_TESTS(WITH(one_fetch_for_all_that_wait), WITH(what_is_kept_has_no_token),
          WITH(renewed_when_wanted_shortly_before_its_end), WITH(a_tenth_of_a_short_life),
          WITH(a_renewal_holds_nothing_up), WITH(who_waited_fails_with_words),
          WITH(a_renewal_that_failed_is_told_when_it_matters), WITH(failures_open_the_breaker),
          WITH(by_hand_in_the_pause), WITH(answers_that_are_no_tokens), WITH(names_and_the_guard),
          WITH(certificate_for_the_same_server_alone), WITH(refused_once),
          WITH(refused_many_at_once), WITH(refused_after_it_was_taken), WITH(refused_always),
          WITH(another_credential_another_token), WITH(changed_while_they_wait),
          WITH(stopped_while_they_wait), WITH(stopped_in_a_renewal))
