/* SPDX-License-Identifier: MIT
 * The sweep: a delivery whose hand-over was lost is found in the store and sent; nothing else is.
 */
#include "delivery/test_scene.h"

static int64_t swept(struct bed *bed)
{
    struct couriers_stats stats;
    couriers_read_stats(bed->couriers, &stats);
    return stats.swept;
}

TEST(finds_what_was_not_handed_over)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed->log.least = LOG_ERROR + 1; /* it says so, rightly */
    bed_start(bed);
    webhook(scene, 7, "/ok");
    deliver_and_settle(bed, 7, 3);
    (void)bed_commit(bed, 7, "{}");
    (void)bed_commit(bed, 7, "{}");
    deliver_and_settle(bed, 7, 2);
    CHECK_INT("handed over", bed_count(bed), 5);
    for (int i = 0; i < 2; i++) { /* not long due, then a suspect */
        advance_and_settle(bed, 10 * SECONDS);
        CHECK_INT("waits", bed_count(bed), 5);
        CHECK_INT("none yet", swept(bed), 0);
    }
    advance_and_settle(bed, 10 * SECONDS);
    CHECK_INT("both are read", count_delivered(bed, 7), 7);
    CHECK_INT("found", swept(bed), 1);
    deliver_and_settle(bed, 7, 2);
    CHECK_INT("in step again", count_delivered(bed, 7), 9);
}

/* A full page of deliveries that wait for their receiver is held: none of them is a find. */
TEST(finds_nothing_else)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed_start(bed);
    webhook(scene, 7, "/status/503");
    webhook(scene, 8, "/ok");
    set_webhook(scene, 9, "/ok", OUTLET_PAUSED);
    deliver(bed, 7, 600);
    deliver(bed, 8, 5);
    deliver(bed, 9, 5);
    for (int i = 0; i < 20; i++) {
        bed_settle(bed);
        bed_advance(bed, 30 * SECONDS);
    }
    bed_settle(bed);
    CHECK_INT("none", swept(bed), 0);
    CHECK_INT("paused", count_delivered(bed, 9), 0);
    CHECK_INT("open", count_delivered(bed, 8), 5);
    webhook(scene, 9, "/ok");
    bed_settle(bed);
    CHECK_INT("resumed", count_delivered(bed, 9), 5);
}

/* Behind a page of held ones. */
TEST(looks_at_all_in_turn)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed->log.least = LOG_ERROR + 1;
    bed_start(bed);
    webhook(scene, 7, "/status/503");
    deliver_and_settle(bed, 7, 1); /* in step: nothing is read from the store */
    deliver(bed, 7, 299);
    int64_t lost = bed_commit(bed, 7, "{}");
    bool found = false;
    for (int i = 0; i < 20 && !found; i++) {
        bed_settle(bed);
        advance_and_settle(bed, 10 * SECONDS);
        found = swept(bed) > 0;
    }
    CHECK_INT("found", swept(bed), 1);
    webhook(scene, 7, "/ok");
    for (int i = 0; i < 4; i++) {
        bed_settle(bed);
        bed_advance(bed, HOURS);
    }
    bed_settle(bed);
    CHECK_INT("all", count_delivered(bed, 7), 301);
    bool sent = false;
    for (int i = 0; i < bed_count(bed); i++)
        sent = sent || bed_record(bed, i).before.id == lost;
    CHECK("it too", sent);
}

RUN_TESTS(WITH(finds_what_was_not_handed_over), WITH(finds_nothing_else),
          WITH(looks_at_all_in_turn))
