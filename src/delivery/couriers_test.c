/* SPDX-License-Identifier: MIT
 * The couriers together: many of them, their stop, and what of the configuration they heed. */
#include "delivery/test_scene.h"

TEST(stop)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed_start(bed);
    webhook(scene, 7, "/hang");
    webhook(scene, 8, "/slow/150");
    deliver(bed, 7, 3);
    deliver(bed, 8, 3);
    (void)usleep(50000);
    int64_t began_ms = clock_mono_ms();
    couriers_stop(bed->couriers, 400);
    int64_t took_ms = clock_mono_ms() - began_ms;
    CHECK("at the end of its grace", took_ms >= 390 && took_ms < 1000);
    CHECK_INT("recorded", bed_count(bed), 6);
    CHECK_INT("what came in time", count_delivered(bed, 8), 3);
    for (int i = 0; i < 6; i++) {
        struct record record = bed_record(bed, i);
        if (record.before.outlet != 7)
            continue;
        CHECK("says so", is_said(record.attempt.error, "hub was stopped"));
        CHECK_INT("stays", record.after.state, DELIVERY_PENDING);
        CHECK_INT("uses no step", record.after.schedule_step, 0);
    }
}

TEST(many_outlets_and_couriers)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed->options.count = 3;
    bed_start(bed);
    for (int64_t id = 1; id <= 50; id++)
        webhook(scene, id, id % 10 == 0 ? "/status/500" : "/ok");
    for (int i = 0; i < 20; i++)
        for (int64_t id = 1; id <= 50; id++)
            (void)bed_deliver(bed, id, "{}");
    bed_settle(bed);
    for (int64_t id = 1; id <= 50; id++)
        CHECK_INT("delivered", count_delivered(bed, id), id % 10 == 0 ? 0 : 20);
    struct couriers_stats stats;
    couriers_read_stats(bed->couriers, &stats);
    CHECK_INT("delivered", stats.delivered, 45 * 20);
    CHECK_INT("sending", stats.sending, 0);
}

TEST(configuration)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed_start(bed);
    bed_webhook(bed, &(struct webhook_text){ .id = 7, .url = "http://[" });
    (void)bed_deliver(bed, 7, "{}");
    CHECK("unreadable", is_said(bed_record(bed, 0).attempt.error, "URL cannot be read"));
    webhook(scene, 7, "/ok?new");
    bed_advance(bed, 5 * SECONDS);
    CHECK("the new URL", is_said(bed_record(bed, 1).attempt.request_head, "POST /ok?new HTTP"));
    CHECK("signed", is_said(bed_record(bed, 1).attempt.request_head, "webhook-signature: v1,"));
    bed_settle(bed);
    bed_webhook(bed,
                &(struct webhook_text){ .id = 7,
                                        .url = url_at(bed, receiver_port(scene->receiver), "/ok"),
                                        .format = FORMAT_BARE });
    (void)bed_deliver(bed, 7, "{\"bare\":1}");
    CHECK("not signed", !is_said(bed_record(bed, 2).attempt.request_head, "webhook-signature"));
    CHECK_STR("bare", receiver_get(scene->receiver, 1).body, STR("{\"bare\":1}"));
}

RUN_TESTS(WITH(stop), WITH(many_outlets_and_couriers), WITH(configuration))
