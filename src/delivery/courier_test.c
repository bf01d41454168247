/* SPDX-License-Identifier: MIT
 * Couriers on a bed, with the test clock: who is sent to, when, how often, and what is recorded. */
#include "delivery/test_scene.h"

static struct bed *start_with(struct scene *scene, const char *path)
{
    bed_start(&scene->bed);
    webhook(scene, 7, path);
    return &scene->bed;
}

/* Each alone. */
static void deliver_one_by_one(struct bed *bed, int count)
{
    for (int i = 0; i < count; i++) {
        (void)bed_deliver(bed, 7, "{}");
        bed_settle(bed);
    }
}

/* ── order and concurrency ── */

TEST(eight_at_once_by_id)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/slow/30");
    deliver_and_settle(bed, 7, 40);
    CHECK_INT("delivered", count_delivered(bed, 7), 40);
    CHECK_INT("at once", receiver_most_at_once(scene->receiver), 8);
    CHECK("connections", receiver_connections(scene->receiver) <= 8);
}

TEST(one_at_once_is_in_order)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed->options.concurrency = 1;
    bed_start(bed);
    deliver(bed, 7, 30); /* before the webhook is known */
    webhook(scene, 7, "/ok");
    bed_settle(bed);
    for (int i = 0; i < 30; i++)
        CHECK_INT("order", bed_record(bed, i).before.id, 1000 + i);
    CHECK_INT("connections", receiver_connections(scene->receiver), 1);
}

/* ── time ── */

TEST(the_whole_schedule)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/status/503");
    (void)bed_deliver(bed, 7, "{}");
    static const int64_t delays_ms[] = { 5 * SECONDS, 5 * MINUTES, 30 * MINUTES,
                                         2 * HOURS,   5 * HOURS,   10 * HOURS,
                                         14 * HOURS,  20 * HOURS,  24 * HOURS };
    int64_t start_ms = clock_now_ms(&bed->clock);
    for (int i = 0; i < 9; i++) {
        struct record record = bed_record(bed, i);
        CHECK_INT("pending", record.after.state, DELIVERY_PENDING);
        CHECK_INT("number", record.attempt.number, i + 1);
        CHECK_INT("due", record.after.due_ms, clock_now_ms(&bed->clock) + delays_ms[i]);
        advance_and_settle(bed, delays_ms[i] - 1);
        CHECK_INT("not a millisecond early", bed_count(bed), i + 1);
        bed_advance(bed, 1);
        /* From the fifth failure on the breaker may want longer than the schedule: never here. */
        bed_settle(bed);
        CHECK_INT("then at once", bed_count(bed), i + 2);
    }
    struct record record = bed_record(bed, 9);
    CHECK_INT("dead", record.after.state, DELIVERY_DEAD);
    CHECK_INT("attempts", record.after.attempt_count, 10);
    CHECK_INT("finished", record.after.finished_ms, clock_now_ms(&bed->clock));
    CHECK("reason", is_said(record.after.reason, "All 9 retries of its schedule are used up. The "
                                                 "last attempt: The target answered 503"));
    CHECK_INT("hours", (clock_now_ms(&bed->clock) - start_ms) / HOURS, 75);
    advance_and_settle(bed, 1000 * HOURS);
    CHECK_INT("no more", bed_count(bed), 10);
}

TEST(same_bytes_each_time)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/flaky");
    (void)bed_deliver(bed, 7, "{\"a\":\"\\u00e4\"}");
    for (int i = 0; i < 3; i++) {
        bed_settle(bed);
        bed_advance(bed, 5 * MINUTES);
    }
    bed_settle(bed);
    CHECK_INT("attempts", receiver_count(scene->receiver), 3);
    struct received first = receiver_get(scene->receiver, 0);
    CLEANUP(arena_done) struct arena arena = {};
    const char *id = strstr(arena_c(&arena, first.head), "webhook-id: ");
    CHECK("id", id != NULL);
    str id_line = str_from(id, strcspn(id, "\r"));
    const char *signature = strstr(arena_c(&arena, first.head), "webhook-signature: ");
    str first_signature = str_from(signature, strcspn(signature, "\r"));
    for (int i = 1; i < 3; i++) {
        struct received next = receiver_get(scene->receiver, i);
        CHECK_STR("body", next.body, first.body);
        CHECK("id", is_said(next.head, arena_c(&arena, id_line)));
        CHECK("signed anew", !is_said(next.head, arena_c(&arena, first_signature)));
    }
}

TEST(retry_after_holds_the_outlet)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/status/429/600");
    (void)bed_deliver(bed, 7, "{}");
    struct record record = bed_record(bed, 0);
    CHECK_INT("due", record.after.due_ms, clock_now_ms(&bed->clock) + 10 * MINUTES);
    bed_settle(bed);
    deliver_and_settle(bed, 7, 3);
    advance_and_settle(bed, 10 * MINUTES - 1);
    CHECK_INT("held", bed_count(bed), 1);
    struct outlet_hold hold = couriers_find_hold(bed->couriers, 7);
    CHECK_INT("so it is told", hold.hold_until_ms, clock_now_ms(&bed->clock) + 1);
    CHECK_INT("the breaker is not", hold.breaker, BREAKER_CLOSED);
    bed_advance(bed, 1);
    bed_wait(bed, 2);
}

TEST(breaker)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/status/500");
    deliver_one_by_one(bed, 5);
    CHECK_INT("five", bed_count(bed), 5);
    deliver_and_settle(bed, 7, 20);
    advance_and_settle(bed, 29 * SECONDS);
    CHECK_INT("open: no attempts are used", bed_count(bed), 5);
    struct outlet_hold hold = couriers_find_hold(bed->couriers, 7);
    CHECK_INT("it is told", hold.breaker, BREAKER_OPEN);
    CHECK_INT("and until when", hold.probe_at_ms, clock_now_ms(&bed->clock) + 1 * SECONDS);
    advance_and_settle(bed, 1 * SECONDS);
    CHECK_INT("one probe", bed_count(bed), 6);
    CHECK_INT("the oldest", bed_record(bed, 5).before.id, 1000);
    advance_and_settle(bed, 59 * SECONDS);
    CHECK_INT("waits twice as long", bed_count(bed), 6);
    advance_and_settle(bed, 1 * SECONDS);
    CHECK_INT("the next", bed_count(bed), 7);
    webhook(scene, 7, "/ok"); /* another address: nothing is held against it */
    bed_settle(bed);
    hold = couriers_find_hold(bed->couriers, 7);
    CHECK_INT("told, too", hold.breaker, BREAKER_CLOSED);
    bed_settle(bed);
    advance_and_settle(bed, 1 * HOURS);
    CHECK_INT("all", count_delivered(bed, 7), 25);
}

TEST(a_success_closes_the_breaker)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/status/500");
    webhook(scene, 8, "/flaky");
    deliver_and_settle(bed, 7, 1); /* so that /flaky has two failures left at most */
    deliver_and_settle(bed, 8, 8);
    CHECK("some failed", count_delivered(bed, 8) < 8 && count_delivered(bed, 8) > 0);
    advance_and_settle(bed, 5 * SECONDS);
    CHECK_INT("all", count_delivered(bed, 8), 8);
}

/* ── what is not sent to ── */

TEST(paused_and_resumed)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed_start(bed);
    set_webhook(scene, 7, "/ok", OUTLET_PAUSED);
    deliver_and_settle(bed, 7, 300);
    CHECK_INT("waits", receiver_count(scene->receiver), 0);
    struct couriers_stats stats;
    couriers_read_stats(bed->couriers, &stats);
    CHECK_INT("costs no memory", stats.held_jobs, 0);
    webhook(scene, 7, "/ok");
    deliver_and_settle(bed, 7, 50);
    CHECK_INT("all", count_delivered(bed, 7), 350);
    CHECK_INT("requests", receiver_count(scene->receiver), 350);
    set_webhook(scene, 7, "/ok", OUTLET_DISABLED);
    deliver_and_settle(bed, 7, 5);
    CHECK_INT("disabled", receiver_count(scene->receiver), 350);
}

TEST(paused_with_attempts_under_way)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/slow/100");
    deliver(bed, 7, 30);
    (void)usleep(50000);
    set_webhook(scene, 7, "/slow/100", OUTLET_PAUSED);
    bed_settle(bed);
    int sent = receiver_count(scene->receiver);
    CHECK_INT("those under way", sent, 8);
    webhook(scene, 7, "/ok");
    bed_settle(bed);
    CHECK_INT("all, once", receiver_count(scene->receiver), 30);
    CHECK_INT("delivered", count_delivered(bed, 7), 30);
}

TEST(deleted)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/status/500");
    deliver(bed, 7, 3);
    bed_wait(bed, 3);
    set_webhook(scene, 7, "/status/500", OUTLET_DELETED);
    deliver_and_settle(bed, 7, 3);
    advance_and_settle(bed, 100 * HOURS);
    CHECK_INT("nothing more", bed_count(bed), 3);
    struct couriers_stats stats;
    couriers_read_stats(bed->couriers, &stats);
    CHECK_INT("let go", stats.held_jobs, 0);
}

TEST(held_until_released)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed->options.held = true;
    (void)bed_commit(bed, 7, "{}");
    bed_start(bed);
    webhook(scene, 7, "/ok");
    deliver_and_settle(bed, 7, 3);
    CHECK_INT("held", receiver_count(scene->receiver), 0);
    couriers_release(bed->couriers);
    bed_settle(bed);
    CHECK_INT("released", count_delivered(bed, 7), 4);
}

TEST(gone)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/status/410");
    (void)bed_deliver(bed, 7, "{}");
    struct record record = bed_record(bed, 0);
    CHECK("to be disabled", is_said(record.disable_reason, "answered 410 Gone"));
    CHECK_INT("it waits", record.after.state, DELIVERY_PENDING);
    set_webhook(scene, 7, "/status/410", OUTLET_DISABLED); /* as the committer does */
    deliver_and_settle(bed, 7, 3);
    advance_and_settle(bed, 24 * HOURS);
    CHECK_INT("no more", receiver_count(scene->receiver), 1);
    webhook(scene, 7, "/ok");
    bed_settle(bed);
    CHECK_INT("enabled again", count_delivered(bed, 7), 4);
}

/* ── by hand ── */

TEST(by_hand_beside_the_breaker)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/status/500");
    deliver_one_by_one(bed, 5);
    int64_t id = bed_deliver(bed, 7, "{}");
    bed_settle(bed);
    CHECK_INT("open", bed_count(bed), 5);
    bed_hand_over(bed, id, true);
    bed_settle(bed);
    struct record record = bed_record(bed, 5);
    CHECK_INT("at once", record.before.id, id);
    CHECK("marked", record.attempt.manual);
    CHECK_INT("uses no step", record.after.schedule_step, 0);
    bed_hand_over(bed, 1000, true); /* waits for its retry */
    bed_settle(bed);
    CHECK_INT("also one that waits", bed_record(bed, 6).before.id, 1000);
    CHECK_INT("its second", bed_record(bed, 6).attempt.number, 2);
}

TEST(by_hand_beside_the_others)
{
    struct scene *scene = *state;
    struct bed *bed = start_with(scene, "/slow/200");
    deliver(bed, 7, 20);
    (void)usleep(50000);
    bed_hand_over(bed, 1019, true);
    (void)usleep(50000);
    CHECK_INT("a ninth at once", receiver_most_at_once(scene->receiver), 9);
    bed_hand_over(bed, 1019, true); /* it is under way */
    bed_hand_over(bed, 1000, true);
    bed_settle(bed);
    CHECK_INT("each once", receiver_count(scene->receiver), 20);
    CHECK_INT("delivered", count_delivered(bed, 7), 20);
}

TEST(by_hand_again_while_under_way)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed->options.whole_timeout_ms = 300;
    bed_start(bed);
    webhook(scene, 7, "/hang");
    int64_t id = bed_deliver(bed, 7, "{}");
    (void)usleep(50000);
    bed_hand_over(bed, id, true);
    bed_wait(bed, 2);
    int64_t apart_us =
        receiver_get(scene->receiver, 1).at_us - receiver_get(scene->receiver, 0).at_us;
    CHECK("never twice at once", apart_us >= 290000);
    CHECK("the second by hand", bed_record(bed, 1).attempt.manual);
}

/* ── what goes wrong behind it ── */

TEST(results_that_cannot_be_stored)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed_start(bed);
    bed->refuse = 3;
    webhook(scene, 7, "/ok");
    int64_t began_ms = clock_mono_ms();
    (void)bed_deliver(bed, 7, "{}");
    bed_wait(bed, 1);
    CHECK("pauses: 100, 200, 400 ms", clock_mono_ms() - began_ms >= 700);
    bed_settle(bed);
    CHECK_INT("sent once", receiver_count(scene->receiver), 1);
    CHECK_INT("recorded once", bed_count(bed), 1);
}

static void refuse(struct bed *bed, int count)
{
    (void)pthread_mutex_lock(&bed->mutex);
    bed->refuse = count;
    (void)pthread_mutex_unlock(&bed->mutex);
}

static void wait_for_hold(struct bed *bed, int64_t outlet, int64_t until_ms)
{
    int64_t give_up_ms = clock_mono_ms() + 20000;
    while (couriers_find_hold(bed->couriers, outlet).hold_until_ms != until_ms)
        if (usleep(1000) == 0 && clock_mono_ms() > give_up_ms)
            fail_msg("it is not held until then");
}

/* Whichever of them is stored last. */
TEST(results_that_wait_tell_the_newest_of_the_outlet)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed_start(bed);
    refuse(bed, 1000);
    webhook(scene, 7, "/status/503/600");
    int64_t now_ms = clock_now_ms(&bed->clock);
    (void)bed_deliver(bed, 7, "{}");
    wait_for_hold(bed, 7, now_ms + 10 * MINUTES);
    (void)clock_advance(&bed->clock, MINUTES);
    bed_hand_over(bed, bed_commit(bed, 7, "{}"), true);
    wait_for_hold(bed, 7, now_ms + 11 * MINUTES);
    refuse(bed, 0);
    for (int i = 0; i < 2; i++) {
        struct record record = bed_record(bed, i);
        CHECK("told", record.has_state);
        CHECK_INT("the newest", record.state.hold_until_ms, now_ms + 11 * MINUTES);
    }
    bed_settle(bed);
}

TEST(results_that_wait_tell_nothing_of_another_address)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed_start(bed);
    refuse(bed, 1000);
    webhook(scene, 7, "/status/503/600");
    int64_t now_ms = clock_now_ms(&bed->clock);
    (void)bed_deliver(bed, 7, "{}");
    wait_for_hold(bed, 7, now_ms + 10 * MINUTES);
    webhook(scene, 7, "/ok");
    wait_for_hold(bed, 7, 0);
    refuse(bed, 0);
    CHECK("nothing", !bed_record(bed, 0).has_state);
    bed_settle(bed);
}

TEST(nothing_new_while_results_wait)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed_start(bed);
    bed->hold = 1;
    webhook(scene, 7, "/ok");
    deliver(bed, 7, UNRECORDED_MAX + 100);
    int64_t until_ms = clock_mono_ms() + 60000;
    while (receiver_count(scene->receiver) < UNRECORDED_MAX && clock_mono_ms() < until_ms)
        (void)usleep(10000);
    (void)usleep(100000);
    CHECK_INT("so many and no more", receiver_count(scene->receiver), UNRECORDED_MAX);
    (void)pthread_mutex_lock(&bed->mutex);
    bed->hold = 0;
    (void)pthread_mutex_unlock(&bed->mutex);
    waker_wake(&bed->waker);
    bed_settle(bed);
    CHECK_INT("the rest", receiver_count(scene->receiver), UNRECORDED_MAX + 100);
}

TEST(work_from_before_the_start)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    for (int i = 0; i < 700; i++)
        (void)bed_commit(bed, 7 + i % 3, "{\"n\":1}");
    bed_start(bed);
    webhook(scene, 7, "/ok");
    webhook(scene, 8, "/ok");
    deliver_and_settle(bed, 7, 10);
    CHECK_INT("of the first", count_delivered(bed, 7), 234 + 10);
    CHECK_INT("of the second", count_delivered(bed, 8), 233);
    webhook(scene, 9, "/ok"); /* its webhook comes late */
    bed_settle(bed);
    CHECK_INT("of the third", count_delivered(bed, 9), 233);
    CHECK_INT("requests", receiver_count(scene->receiver), 710);
}

TEST(reads_that_fail)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    (void)bed_commit(bed, 7, "{}");
    bed->fail_reads = true;
    bed->log.least = LOG_ERROR + 1;
    bed_start(bed);
    webhook(scene, 7, "/ok");
    (void)usleep(200000);
    CHECK("no hot loop", bed->pages_read < 10);
    (void)pthread_mutex_lock(&bed->mutex);
    bed->fail_reads = false;
    (void)pthread_mutex_unlock(&bed->mutex);
    bed_wait(bed, 1);
}

TEST(more_than_memory_holds)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed->limits.courier_bytes = 256 * KIB;
    bed->slow_read_ms = 1;
    bed_start(bed);
    char *data = malloc(1000);
    memset(data, '1', 999);
    data[999] = '\0';
    webhook(scene, 7, "/ok");
    webhook(scene, 8, "/slow/2");
    struct couriers_stats stats;
    int64_t most = 0;
    for (int i = 0; i < 2000; i++) {
        (void)bed_deliver(bed, 7 + i % 2, data);
        couriers_read_stats(bed->couriers, &stats);
        most = MAX_OF(most, stats.held_bytes);
    }
    free(data);
    bed_settle(bed);
    CHECK("bounded", most <= 256 * KIB + 64 * KIB);
    CHECK("read from the store", bed->pages_read > 0);
    CHECK_INT("first", count_delivered(bed, 7), 1000);
    CHECK_INT("second", count_delivered(bed, 8), 1000);
    CHECK_INT("each once", receiver_count(scene->receiver), 2000);
}

TEST(one_bad_target_harms_nobody)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed->options.whole_timeout_ms = 10 * MINUTES; /* they hang until the test is over */
    bed_start(bed);
    for (int64_t id = 100; id < 140; id++) {
        webhook(scene, id, "/hang");
        deliver(bed, id, 20);
    }
    webhook(scene, 7, "/ok");
    deliver(bed, 7, 200);
    for (int i = 0; i < 200; i++)
        CHECK_INT("while the others hang", bed_record(bed, i).before.outlet, 7);
    CHECK_INT("delivered", count_delivered(bed, 7), 200);
}

RUN_TESTS(WITH(eight_at_once_by_id), WITH(one_at_once_is_in_order), WITH(the_whole_schedule),
          WITH(same_bytes_each_time), WITH(retry_after_holds_the_outlet), WITH(breaker),
          WITH(a_success_closes_the_breaker), WITH(paused_and_resumed),
          WITH(paused_with_attempts_under_way), WITH(deleted), WITH(held_until_released),
          WITH(gone), WITH(by_hand_beside_the_breaker), WITH(by_hand_beside_the_others),
          WITH(by_hand_again_while_under_way), WITH(results_that_cannot_be_stored),
          WITH(results_that_wait_tell_the_newest_of_the_outlet),
          WITH(results_that_wait_tell_nothing_of_another_address),
          WITH(nothing_new_while_results_wait), WITH(work_from_before_the_start),
          WITH(reads_that_fail), WITH(more_than_memory_holds), WITH(one_bad_target_harms_nobody))
