/* SPDX-License-Identifier: MIT
 * Many endpoints that want tokens of one server at once: who may ask, who waits, and how that ends. */
#include "delivery/test_scene.h"

#define MANY 12

/* Endpoints 1 to MANY, whose deliveries go to a receiver of their own, and one to each. */
static struct receiver *add_many(struct scene *scene, const char *token_url)
{
    struct bed *bed = &scene->bed;
    struct receiver *target = receiver_new(NULL);
    struct credential credential = token_client(scene, "");
    credential.token_url = str_c(token_url);
    for (int id = 1; id <= MANY; id++) {
        bed_webhook(bed, &(struct webhook_text){ .id = id,
                                                 .url = url_at(bed, receiver_port(target), "/ok"),
                                                 .status = OUTLET_ACTIVE,
                                                 .credential = &credential });
        deliver(bed, id, 1);
    }
    return target;
}

static struct receiver *start_many(struct scene *scene, const char *token_url)
{
    bed_start(&scene->bed);
    return add_many(scene, token_url);
}

static char *token_url(struct scene *scene, const char *path)
{
    return url_at(&scene->bed, receiver_port(scene->receiver), path);
}

static int count_said(struct bed *bed, const char *words)
{
    int count = 0;
    for (int i = 0; i < bed_count(bed); i++)
        count += is_said(bed_record(bed, i).attempt.error, words);
    return count;
}

TEST(a_server_is_asked_by_few_at_once)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    struct receiver *target = start_many(scene, token_url(scene, "/token-slow"));
    bed_settle(bed);
    CHECK_INT("at once", receiver_most_at_once(scene->receiver), TOKEN_FETCHES);
    CHECK_INT("each its own", receiver_tokens(scene->receiver), MANY);
    CHECK_INT("delivered", receiver_count(target), MANY);
    CHECK_INT("attempts", bed_count(bed), MANY);
    receiver_free(target);
}

TEST(failures_let_the_next_go)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    struct receiver *target = start_many(scene, token_url(scene, "/token-bad/99"));
    bed_settle(bed);
    CHECK_INT("each its own", receiver_tokens(scene->receiver), MANY);
    CHECK_INT("each hears it", count_said(bed, " answered 400: invalid_client"), MANY);
    receiver_free(target);
}

/* The first ask the name server, the others end within the call that would begin them. */
TEST(names_that_are_not_there_let_the_next_go)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    struct name_server *names = name_server_new();
    bed->options.name_servers = arena_format(&bed->arena, "127.0.0.1:%d", name_server_port(names));
    struct receiver *target = start_many(scene, "http://nowhere.test/token");
    bed_settle(bed);
    CHECK_INT("each hears it", count_said(bed, " gave no token. The name nowhere.test "), MANY);
    receiver_free(target);
    name_server_free(names);
}

/* Of those in line some may begin when the first give up; the last have waited as long then. */
TEST(nobody_waits_in_line_for_ever)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    struct receiver *target = start_many(scene, token_url(scene, "/token-hang/1"));
    bed_settle(bed);
    CHECK_INT("attempts", bed_count(bed), MANY);
    int hung = count_said(bed, " gave no token. No answer within 800 ms");
    int gave_up = count_said(bed, " did not come within 800 ms");
    CHECK_INT("all fail", hung + gave_up, MANY);
    CHECK_INT("who asked", receiver_tokens(scene->receiver), hung);
    CHECK("in line", gave_up >= MANY - 2 * TOKEN_FETCHES);
    receiver_free(target);
}

/* The end of the test stops the couriers. */
TEST(stopped_in_line)
{
    struct scene *scene = *state;
    scene->bed.options.whole_timeout_ms = 600000;
    struct receiver *target = start_many(scene, token_url(scene, "/token-hang/1"));
    while (receiver_tokens(scene->receiver) < TOKEN_FETCHES)
        (void)usleep(1000);
    receiver_free(target);
}

/* A renewal in line, which nobody waits for. */
TEST(deleted_in_line)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    struct credential credential = token_client(scene, "/token-hang/2");
    struct webhook_text text = { .id = MANY + 1,
                                 .url = url_at(bed, receiver_port(scene->receiver), "/ok"),
                                 .status = OUTLET_ACTIVE,
                                 .credential = &credential };
    bed->options.whole_timeout_ms = 2000;
    bed_start(bed);
    bed_webhook(bed, &text);
    deliver_and_settle(bed, text.id, 1);
    bed_advance(bed, 3599 * SECONDS);
    struct receiver *target = add_many(scene, token_url(scene, "/token-hang/2"));
    deliver(bed, text.id, 1);
    bed_wait(bed, 2); /* with the old one */
    text.status = OUTLET_DELETED;
    bed_webhook(bed, &text);
    bed_settle(bed);
    CHECK_INT("not fetched", receiver_tokens(scene->receiver),
              1 + count_said(bed, " gave no token. No answer within"));
    CHECK_INT("attempts", bed_count(bed), 2 + MANY);
    receiver_free(target);
}

static int64_t under_way(struct bed *bed)
{
    struct couriers_stats stats;
    couriers_read_stats(bed->couriers, &stats);
    return stats.sending;
}

/* An attempt stays what it began as; the next is sent as the endpoint is then. */
TEST(changed_in_line)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed->options.whole_timeout_ms = 2000;
    struct receiver *target = start_many(scene, token_url(scene, "/token-hang/1"));
    while (under_way(bed) < MANY)
        (void)usleep(1000);
    webhook(scene, MANY, "/ok");
    deliver_and_settle(bed, MANY, 1);
    CHECK_INT("at once", count_delivered(bed, MANY), 1);
    CHECK_INT("those in line", count_said(bed, " gave no token. "), MANY);
    advance_and_settle(bed, 5 * SECONDS);
    CHECK_INT("its retry", count_delivered(bed, MANY), 2);
    receiver_free(target);
}

RUN_TESTS(WITH(a_server_is_asked_by_few_at_once), WITH(failures_let_the_next_go),
          WITH(names_that_are_not_there_let_the_next_go), WITH(nobody_waits_in_line_for_ever),
          WITH(stopped_in_line), WITH(deleted_in_line), WITH(changed_in_line))
