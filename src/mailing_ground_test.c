/* SPDX-License-Identifier: MIT
 * mailing_ground_test.c: when notices are closed, and how they are told; over a store, with a
 * committer. */
#include "mailing_ground.h"

#include "base/fail.h"
#include "base/instant.h"
#include "store/notices.h"
#include "store/testing.h"

#define ORG 1
#define HOUR_MS (60 * MINUTE_MS)

struct bed {
    struct scene *scene;
    struct clock clock;
    struct limits limits;
    struct seal_key seal_key;
    atomic_bool held;
    struct mailing_ground ground;
    struct mailer_ground face;
    int64_t next_id;
};

static void begin(struct bed *bed)
{
    struct scene *scene = bed->scene;
    const struct committer_options options = { .store = scene->store,
                                               .limits = &bed->limits,
                                               .clock = &bed->clock,
                                               .log = &scene->log,
                                               .seal_key = &bed->seal_key,
                                               .hub = 1,
                                               .keep_notices = true };
    scene_disconnect(scene);
    bed->ground =
        (struct mailing_ground){ .clock = &bed->clock, .log = &scene->log, .held = &bed->held };
    assert_int_equal(committer_start(&options, &bed->ground.committer), 0);
    assert_int_equal(store_reader_open(scene->store, &bed->ground.reader), 0);
    bed->face = mailing_ground_of(&bed->ground);
}

static void end(struct bed *bed)
{
    store_reader_close(bed->ground.reader);
    committer_stop(bed->ground.committer);
    committer_free(bed->ground.committer);
    scene_connect(bed->scene);
}

static void bed_open(struct bed *bed, struct scene *scene)
{
    *bed = (struct bed){ .scene = scene, .next_id = 100 };
    limits_init(&bed->limits);
    clock_init(&bed->clock, true, 0);
    scene_organization(scene, ORG);
    begin(bed);
}

/* Now, as the committer writes it. */
static int64_t add(struct bed *bed, const char *kind)
{
    int64_t now_ms = clock_now_ms(&bed->clock);
    const struct stored_notice notice = { .organization = ORG,
                                          .id = ++bed->next_id,
                                          .kind = str_c(kind),
                                          .outlet = 7,
                                          .first_ms = now_ms,
                                          .at_ms = now_ms,
                                          .times = 1 };
    end(bed);
    assert_int_equal(store_add_notice(store_writer_sql(bed->scene->writer), &notice), 0);
    begin(bed);
    return notice.id;
}

static int64_t count_closed(struct bed *bed)
{
    end(bed);
    int64_t count = scene_number(bed->scene, "SELECT COUNT(*) FROM notices WHERE closed = 1");
    begin(bed);
    return count;
}

/* The only organization; `newest` is −1 when it does not wait. */
static struct mailer_waiting look(struct bed *bed)
{
    struct mailer_waiting *waiting;
    int count;
    assert_int_equal(
        bed->face.read_waiting(bed->face.context, &bed->scene->arena, &waiting, &count), 0);
    assert_true(count <= 1);
    return count == 1 ? waiting[0] : (struct mailer_waiting){ .newest = -1 };
}

static int read(struct bed *bed, int64_t after, int64_t to, struct notice **ret_notices)
{
    const struct mailer_range range = { .organization = ORG, .after = after, .to = to, .limit = 9 };
    int count;
    assert_int_equal(
        bed->face.read_notices(bed->face.context, &range, &bed->scene->arena, ret_notices, &count),
        0);
    return count;
}

static void test_what_is_due_is_closed(void **state)
{
    struct bed bed;
    bed_open(&bed, *state);
    assert_int_equal(look(&bed).newest, -1);
    (void)add(&bed, "delivery.dead");
    int64_t newest = add(&bed, "delivery.dead");
    (void)clock_advance(&bed.clock, MINUTE_MS / 2);
    struct mailer_waiting waiting = look(&bed);
    assert_int_equal(waiting.newest, newest);
    assert_int_equal(waiting.unsaid.count, 2);
    assert_int_equal(waiting.unsaid.urgent_ms, 0);
    assert_int_equal(count_closed(&bed), 0);
    (void)clock_advance(&bed.clock, MINUTE_MS / 2);
    assert_int_equal(look(&bed).newest, newest);
    assert_int_equal(count_closed(&bed), 1);
    end(&bed);
}

/* A server that is down brings about one more row an hour, not one a look. */
static void test_what_cannot_go_gathers_the_rest(void **state)
{
    struct bed bed;
    bed_open(&bed, *state);
    int64_t first = add(&bed, "delivery.dead");
    (void)clock_advance(&bed.clock, MINUTE_MS);
    (void)look(&bed);
    (void)clock_advance(&bed.clock, MINUTE_MS);
    int64_t then = add(&bed, "delivery.dead");
    struct mailer_waiting waiting = look(&bed);
    assert_int_equal(waiting.newest, first);
    assert_int_equal(waiting.unsaid.count, 1);
    assert_int_equal(count_closed(&bed), 1);
    (void)clock_advance(&bed.clock, HOUR_MS);
    waiting = look(&bed);
    assert_int_equal(waiting.newest, then);
    assert_int_equal(waiting.unsaid.count, 2);
    assert_int_equal(count_closed(&bed), 2);
    end(&bed);
}

/* The time was moved between the look and here. */
static void test_what_is_told_is_closed(void **state)
{
    struct bed bed;
    struct notice *notices;
    bed_open(&bed, *state);
    int64_t id = add(&bed, "endpoint.failing");
    assert_int_equal(read(&bed, 0, id, &notices), 1);
    assert_int_equal(notices[0].kind, NOTICE_FAILING);
    assert_int_equal(count_closed(&bed), 1);
    int64_t more = add(&bed, "endpoint.failing");
    assert_int_equal(read(&bed, id, more, &notices), 1);
    assert_int_equal(notices[0].count, 1);
    end(&bed);
}

static void test_several_in_one_tell_since_when(void **state)
{
    struct bed bed;
    struct notice *notices;
    bed_open(&bed, *state);
    int64_t first_ms = clock_now_ms(&bed.clock);
    (void)add(&bed, "delivery.dead");
    (void)add(&bed, "delivery.dead");
    (void)clock_advance(&bed.clock, 5000);
    int64_t newest = add(&bed, "delivery.dead");
    assert_int_equal(read(&bed, 0, newest, &notices), 2);
    assert_int_equal(notices[0].count + notices[1].count, 3);
    assert_int_equal(notices[0].at_ms, first_ms + 5000);
    assert_int_equal(notices[1].at_ms, first_ms);
    assert_int_equal(notices[0].id, newest);
    end(&bed);
}

static void test_nothing_goes_while_all_is_held(void **state)
{
    struct bed bed;
    bed_open(&bed, *state);
    (void)add(&bed, "delivery.dead");
    (void)clock_advance(&bed.clock, HOUR_MS);
    bed.held = true;
    assert_int_equal(look(&bed).newest, -1);
    bed.held = false;
    assert_int_equal(look(&bed).unsaid.count, 1);
    end(&bed);
}

static void test_a_report_that_is_not_committed_fails(void **state)
{
    struct bed bed;
    bed_open(&bed, *state);
    const struct mailer_said said = { .organization = ORG, .said_to = 5 };
    assert_int_equal(bed.face.report_said(bed.face.context, &said), 0);
    committer_stop(bed.ground.committer);
    assert_true(bed.face.report_said(bed.face.context, &said) < 0);
    store_reader_close(bed.ground.reader);
    committer_free(bed.ground.committer);
    scene_connect(bed.scene);
    assert_int_equal(scene_number(bed.scene, "SELECT said_to FROM mail_states"), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_what_is_due_is_closed),
        SCENE_TEST(test_what_cannot_go_gathers_the_rest),
        SCENE_TEST(test_what_is_told_is_closed),
        SCENE_TEST(test_several_in_one_tell_since_when),
        SCENE_TEST(test_nothing_goes_while_all_is_held),
        SCENE_TEST(test_a_report_that_is_not_committed_fails),
    };
    return RUN_SUITE("mailing_ground", tests);
}
