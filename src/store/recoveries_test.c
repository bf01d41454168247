/* SPDX-License-Identifier: MIT
 * store/recoveries_test.c: what a recovery looks at, and its row. On every engine. */
#include "store/recoveries.h"

#include "base/id.h"
#include "base/instant.h"
#include "store/lists.h"
#include "store/outlets.h"
#include "store/testing.h"

#define ORG 1
#define OTHER 2
#define OUTLET 100
#define OTHER_OUTLET 101
#define DEAD (1U << DELIVERY_DEAD)
#define DROPPED (1U << DELIVERY_DROPPED)
#define PENDING (1U << DELIVERY_PENDING)
#define DELIVERED (1U << DELIVERY_DELIVERED)

static struct sql *writing(struct scene *scene)
{
    return store_writer_sql(scene->writer);
}

static struct sql *reading(struct scene *scene)
{
    return store_reader_sql(scene->reader);
}

static void end_as(struct scene *scene, const struct delivery *delivery, enum delivery_state state)
{
    struct rows rows;
    rows_init(&rows, scene);
    (void)rows_change(&rows, delivery, state, true);
    rows_commit(&rows);
}

/* One delivery that ended so, a minute later than the one before. */
static int64_t finish(struct scene *scene, int64_t organization, int64_t outlet,
                      enum delivery_state state)
{
    scene->now_ms += MINUTE_MS;
    const struct delivery delivery = scene_fill(scene, organization, outlet, 1);
    if (state != DELIVERY_PENDING)
        end_as(scene, &delivery, state);
    return delivery.id;
}

/* ── what is looked at ── */

/* All ids of a scan, window by window. */
static int walk(struct scene *scene, struct finished_scan scan, int64_t *ids)
{
    struct delivery_found rows[16];
    struct finished_found found;
    int total = 0;
    assert_true(scan.limit <= (int)COUNT_OF(rows));
    do {
        assert_int_equal(store_scan_finished(reading(scene), &scan, &scene->arena, rows, &found),
                         0);
        for (int64_t i = 0; i < found.count; i++)
            ids[total++] = rows[i].delivery.id;
        scan.after = found.end;
    } while (found.end != 0);
    return total;
}

/* The same from the other end, that counts. */
static int count_back(struct scene *scene, struct finished_scan scan)
{
    struct finished_found found;
    int total = 0;
    do {
        assert_int_equal(store_count_finished(reading(scene), &scan, &found), 0);
        assert_in_range(found.count, 0, scan.limit);
        total += (int)found.count;
        scan.before = found.end;
    } while (found.end != 0);
    return total;
}

#define MADE 6

struct scan_case {
    const char *label;
    unsigned states;
    int64_t since, until; /* minutes behind the first; until 0: no end */
    int after, before;    /* places; −1: no bound */
    int want[MADE + 1];   /* places, −1 at the end */
};

static struct finished_scan scan_of(const struct scan_case *from, const int64_t *made,
                                    int64_t first_ms)
{
    return (struct finished_scan){
        .organization = ORG,
        .outlet = OUTLET,
        .after = from->after < 0 ? 0 : made[from->after],
        .before = from->before < 0 ? INT64_MAX : made[from->before],
        .states = from->states,
        .since_ms = first_ms + from->since * MINUTE_MS,
        .until_ms = from->until == 0 ? 0 : first_ms + from->until * MINUTE_MS,
    };
}

static void check_scan(struct scene *scene, const struct scan_case *wanted,
                       struct finished_scan scan, const int64_t *made)
{
    int64_t ids[16];
    int count = walk(scene, scan, ids);
    int at = 0;
    while (at < count && wanted->want[at] >= 0 && ids[at] == made[wanted->want[at]])
        at++;
    if (at != count || wanted->want[at] >= 0)
        print_error("%s, %d at a time: wrong at %d\n", wanted->label, scan.limit, at);
    assert_int_equal(at, count);
    assert_int_equal(wanted->want[at], -1);
    assert_int_equal(count_back(scene, scan), count);
}

static void test_a_scan_gives_what_is_meant(void **state)
{
    struct scene *scene = *state;

    static const enum delivery_state states[MADE] = { DELIVERY_DEAD,    DELIVERY_DELIVERED,
                                                      DELIVERY_DROPPED, DELIVERY_PENDING,
                                                      DELIVERY_DEAD,    DELIVERY_DELIVERED };

    int64_t made[MADE];
    int64_t first_ms = scene->now_ms + MINUTE_MS;
    for (size_t i = 0; i < MADE; i++)
        made[i] = finish(scene, ORG, OUTLET, states[i]);
    (void)finish(scene, ORG, OTHER_OUTLET, DELIVERY_DEAD);
    (void)finish(scene, OTHER, OUTLET, DELIVERY_DEAD);

    static const struct scan_case cases[] = {
        { "dead ones", DEAD, 0, 0, -1, -1, { 0, 4, -1 } },
        { "two states", DEAD | DROPPED, 0, 0, -1, -1, { 0, 2, 4, -1 } },
        { "all that is over", DEAD | DROPPED | DELIVERED, 0, 0, -1, -1, { 0, 1, 2, 4, 5, -1 } },
        { "what waits", PENDING, 0, 0, -1, -1, { 3, -1 } },
        { "what waits, from a moment on", PENDING | DEAD, 3, 0, -1, -1, { 3, 4, -1 } },
        { "what waits, behind an id", PENDING | DELIVERED, 0, 0, 2, 5, { 3, -1 } },
        { "all", PENDING | DEAD | DROPPED | DELIVERED, 0, 0, -1, -1, { 0, 1, 2, 3, 4, 5, -1 } },
        { "no state", 0, 0, 0, -1, -1, { -1 } },
        { "from a moment on", DEAD, 1, 0, -1, -1, { 4, -1 } },
        { "that moment too", DELIVERED, 1, 0, -1, -1, { 1, 5, -1 } },
        { "before a moment", DELIVERED, 0, 5, -1, -1, { 1, -1 } },
        { "behind an id", DEAD, 0, 0, 0, -1, { 4, -1 } },
        { "before an id", DEAD, 0, 0, -1, 4, { 0, -1 } },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (int limit = 1; limit <= 16; limit *= 4) {
            struct finished_scan scan = scan_of(&cases[i], made, first_ms);
            scan.limit = limit;
            check_scan(scene, &cases[i], scan, made);
        }
}

/* Made an hour apart, they end a day after the last, in another order. */
static void test_a_scan_goes_by_when_they_ended(void **state)
{
    struct scene *scene = *state;

    static const int minutes[MADE] = { 4, 0, 5, 2, 1, 3 };

    struct delivery made[MADE];
    for (size_t i = 0; i < MADE; i++) {
        scene->now_ms += 60 * MINUTE_MS;
        scene->real_ms += 60 * MINUTE_MS;
        made[i] = scene_fill(scene, ORG, OUTLET, 1);
    }
    scene->now_ms += DAY_MS;
    scene->real_ms += DAY_MS;
    int64_t first_ms = scene->now_ms;
    int64_t ids[MADE];
    for (size_t i = 0; i < MADE; i++) {
        ids[i] = made[i].id;
        scene->now_ms = first_ms + minutes[i] * MINUTE_MS;
        end_as(scene, &made[i], DELIVERY_DEAD);
    }

    static const struct scan_case cases[] = {
        { "all of them", DEAD, 0, 0, -1, -1, { 0, 1, 2, 3, 4, 5, -1 } },
        { "from then on", DEAD, 3, 0, -1, -1, { 0, 2, 5, -1 } },
        { "before then", DEAD, -1, 3, -1, -1, { 1, 3, 4, -1 } },
        { "between", DEAD, 1, 4, -1, -1, { 3, 4, 5, -1 } },
        { "as they were made", DEAD, -2000, -1, -1, -1, { -1 } },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (int limit = 1; limit <= 16; limit *= 4) {
            struct finished_scan scan = scan_of(&cases[i], ids, first_ms);
            scan.limit = limit;
            check_scan(scene, &cases[i], scan, ids);
        }
}

/* What was made later than an hour behind `until` is not even looked at. */
static void test_a_scan_ends_where_it_may(void **state)
{
    struct scene *scene = *state;
    int64_t first_ms = scene->now_ms + 10 * MINUTE_MS;
    for (int i = 0; i < 30; i++) {
        scene->now_ms += 9 * MINUTE_MS; /* finish() adds one */
        scene->real_ms += 10 * MINUTE_MS;
        (void)finish(scene, ORG, OUTLET, DELIVERY_DEAD);
    }
    struct finished_scan scan = {
        .organization = ORG, .outlet = OUTLET, .before = INT64_MAX, .states = DEAD, .limit = 10
    };
    struct finished_found found;
    for (int until = 0; until <= 4; until++) {
        scan.until_ms = first_ms + until * 10 * MINUTE_MS;
        assert_int_equal(store_count_finished(reading(scene), &scan, &found), 0);
        assert_int_equal(found.count, until);
        assert_int_equal(found.end == 0, until < 4); /* with six of the hour */
    }
    scan.until_ms = INT64_MAX / 2; /* ids know no such time */
    assert_int_equal(count_back(scene, scan), 30);
}

static void test_the_event_that_is_sent(void **state)
{
    struct scene *scene = *state;
    struct delivery_found found;
    struct event event;
    int64_t id = finish(scene, ORG, OUTLET, DELIVERY_DEAD);
    scene_outlet(scene, ORG, OUTLET);
    assert_int_equal(store_find_delivery(reading(scene), ORG, id, &scene->arena, &found), 0);
    assert_int_equal(store_read_sent_event(reading(scene), &found, &scene->arena, &event), 0);
    assert_int_equal(event.id, found.delivery.event);
    assert_true(event.data.len > 0);
    assert_true(SQL_RUN(writing(scene), "DELETE FROM events") > 0);
    assert_int_equal(store_read_sent_event(reading(scene), &found, &scene->arena, &event),
                     STORE_NOT_FOUND);
}

/* By hand it sends what it would have sent by itself. */
static void test_the_event_that_is_carried(void **state)
{
    struct scene *scene = *state;
    struct delivery_found found;
    struct event event;
    int64_t id = scene_fill(scene, ORG, OUTLET, 1).id;
    scene_outlet(scene, ORG, OUTLET);
    assert_int_equal(store_find_delivery(reading(scene), ORG, id, &scene->arena, &found), 0);
    assert_int_equal(SQL_RUN(writing(scene),
                             "UPDATE work SET body = $1, body_at_ms = 5, body_hops = 3,"
                             " body_subject = 7",
                             SQL_B(STR("{}"))),
                     1);
    assert_int_equal(SQL_RUN(writing(scene), "DELETE FROM events"), 1);
    assert_int_equal(store_read_sent_event(reading(scene), &found, &scene->arena, &event), 0);
    assert_true(str_equal(event.data, STR("{}")));
    assert_true(str_equal(event.type, found.event_type));
    assert_int_equal(event.id, found.delivery.event);
    assert_int_equal(event.at_ms, 5);
    assert_int_equal(event.hops, 3);
    assert_int_equal(event.contact, 7);
}

/* ── the row ── */

static const int64_t some_ids[] = { 3, 5, 8 };

static struct recovery some_recovery(struct scene *scene, int64_t id)
{
    return (struct recovery){
        .id = id,
        .organization = ORG,
        .outlet = OUTLET,
        .state = RECOVERY_RUNNING,
        .wanted = { .since_ms = 5, .until_ms = 7, .states = DEAD | DELIVERED },
        .total = 12,
        .started_ms = scene->now_ms,
        .actor = STR("key_x"),
    };
}

static void assert_same(const struct recovery *a, const struct recovery *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->outlet, b->outlet);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->wanted.since_ms, b->wanted.since_ms);
    assert_int_equal(a->wanted.until_ms, b->wanted.until_ms);
    assert_int_equal(a->wanted.states, b->wanted.states);
    assert_int_equal(a->wanted.id_count, b->wanted.id_count);
    if (a->wanted.id_count > 0)
        assert_memory_equal(a->wanted.ids, b->wanted.ids,
                            (size_t)a->wanted.id_count * sizeof(int64_t));
    assert_int_equal(a->reached, b->reached);
    assert_int_equal(a->total, b->total);
    assert_int_equal(a->total_exact, b->total_exact);
    assert_int_equal(a->recovered, b->recovered);
    assert_int_equal(a->gone, b->gone);
    assert_int_equal(a->pending, b->pending);
    assert_int_equal(a->unknown, b->unknown);
    assert_int_equal(a->started_ms, b->started_ms);
    assert_int_equal(a->finished_ms, b->finished_ms);
    assert_true(str_equal(a->actor, b->actor));
    assert_true(str_equal(a->reason, b->reason));
}

static void assert_stored(struct scene *scene, const struct recovery *recovery)
{
    struct recovery read = {};
    assert_int_equal(store_read_recovery(writing(scene), ORG, recovery->id, &scene->arena, &read),
                     0);
    assert_same(&read, recovery);
    assert_int_equal(store_read_recovery(writing(scene), OTHER, recovery->id, &scene->arena, &read),
                     STORE_NOT_FOUND);
}

static void test_a_recovery_reads_back(void **state)
{
    struct scene *scene = *state;
    struct recovery recovery = some_recovery(scene, 20);
    assert_int_equal(store_insert_recovery(writing(scene), &recovery), 0);
    assert_stored(scene, &recovery);
    recovery.state = RECOVERY_FAILED;
    recovery.reached = 1;
    recovery.recovered = 2;
    recovery.gone = 3;
    recovery.pending = 4;
    recovery.unknown = 5;
    recovery.finished_ms = 6;
    recovery.reason = STR("why");
    assert_int_equal(store_update_recovery(writing(scene), &recovery), 0);
    assert_stored(scene, &recovery);
    struct recovery by_ids = some_recovery(scene, 21);
    by_ids.wanted = (struct recovery_wanted){ .ids = some_ids, .id_count = COUNT_OF(some_ids) };
    by_ids.total_exact = true;
    assert_int_equal(store_insert_recovery(writing(scene), &by_ids), 0);
    assert_stored(scene, &by_ids);
}

static void test_the_one_that_runs(void **state)
{
    struct scene *scene = *state;
    int64_t id;
    assert_int_equal(store_find_running_recovery(writing(scene), ORG, OUTLET, &id),
                     STORE_NOT_FOUND);
    for (enum recovery_state in = RECOVERY_FAILED; in <= RECOVERY_CANCELLED; in++) {
        struct recovery recovery = some_recovery(scene, 20 + in);
        recovery.state = in;
        assert_int_equal(store_insert_recovery(writing(scene), &recovery), 0);
    }
    assert_int_equal(store_find_running_recovery(writing(scene), ORG, OUTLET, &id), 0);
    assert_int_equal(id, 20 + RECOVERY_RUNNING);
    assert_int_equal(store_find_running_recovery(writing(scene), OTHER, OUTLET, &id),
                     STORE_NOT_FOUND);
    assert_int_equal(store_find_running_recovery(writing(scene), ORG, OTHER_OUTLET, &id),
                     STORE_NOT_FOUND);
    struct recovery rows[3];
    int count;
    const struct store_page page = {
        .organization = ORG, .before = 23, .limit = 2, .arena = &scene->arena
    };
    assert_int_equal(store_list_recoveries(reading(scene), &page, OUTLET, rows, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].id, 22);
    assert_int_equal(rows[1].id, 21);
}

static void test_old_ones_go(void **state)
{
    struct scene *scene = *state;

    static const struct {
        int64_t id;
        enum recovery_state state;
        int64_t finished_ms;
        bool stays;
    } cases[] = {
        { 10, RECOVERY_DONE, 999, false },      { 11, RECOVERY_RUNNING, 0, true },
        { 12, RECOVERY_FAILED, 5, false },      { 13, RECOVERY_DONE, 1000, true },
        { 14, RECOVERY_CANCELLED, 999, false }, { 20, RECOVERY_DONE, 999, true },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct recovery recovery = some_recovery(scene, cases[i].id);
        recovery.state = cases[i].state;
        recovery.finished_ms = cases[i].finished_ms;
        assert_int_equal(store_insert_recovery(writing(scene), &recovery), 0);
    }
    /* No more at a time than asked for, the oldest first; in the end none is left to go. */
    assert_int_equal(store_prune_recoveries(writing(scene), 20, 1000, 2), 2);
    struct recovery read;
    assert_int_equal(store_read_recovery(writing(scene), ORG, 14, &scene->arena, &read), 0);
    assert_int_equal(store_prune_recoveries(writing(scene), 20, 1000, 2), 1);
    assert_int_equal(store_prune_recoveries(writing(scene), 20, 1000, 2), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(
            store_read_recovery(writing(scene), ORG, cases[i].id, &scene->arena, &read),
            cases[i].stays ? 0 : STORE_NOT_FOUND);
}

static int64_t stored(struct scene *scene, int64_t began_ms, enum recovery_state in)
{
    struct recovery recovery = some_recovery(scene, id_floor(began_ms));
    recovery.state = in;
    recovery.finished_ms = in == RECOVERY_RUNNING ? 0 : began_ms + 1;
    assert_int_equal(store_insert_recovery(writing(scene), &recovery), 0);
    return recovery.id;
}

/* With what they have sent again. */
static void test_pruning_takes_them_along(void **state)
{
    struct scene *scene = *state;
    (void)finish(scene, ORG, OUTLET, DELIVERY_DEAD);
    int64_t old = stored(scene, scene->now_ms, RECOVERY_DONE);
    int64_t running = stored(scene, scene->now_ms + 1, RECOVERY_RUNNING);
    scene->now_ms += 31 * DAY_MS;
    scene->real_ms += 31 * DAY_MS;
    (void)finish(scene, ORG, OUTLET, DELIVERY_DEAD);
    int64_t fresh = stored(scene, scene->now_ms, RECOVERY_DONE);
    const struct retention none = {};
    const struct retention month = { .before_ms = scene->now_ms - 30 * DAY_MS };
    struct recovery read;
    while (store_prune_step(scene->writer, &none, 20) == CHORE_MORE)
        ;
    assert_int_equal(store_read_recovery(writing(scene), ORG, old, &scene->arena, &read), 0);
    while (store_prune_step(scene->writer, &month, 20) == CHORE_MORE)
        ;
    assert_int_equal(store_read_recovery(writing(scene), ORG, old, &scene->arena, &read),
                     STORE_NOT_FOUND);
    assert_int_equal(store_read_recovery(writing(scene), ORG, running, &scene->arena, &read), 0);
    assert_int_equal(store_read_recovery(writing(scene), ORG, fresh, &scene->arena, &read), 0);
}

/* ── what it had paused ── */

static void test_a_line_goes_on_with_its_delivery(void **state)
{
    struct scene *scene = *state;

    static const struct {
        int64_t subject, delivery;
    } lines[] = { { 0, 5 }, { 7, 6 }, { 8, 9 } };

    for (size_t i = 0; i < COUNT_OF(lines); i++)
        assert_int_equal(SQL_RUN(writing(scene),
                                 "INSERT INTO paused_lines (organization, outlet, subject,"
                                 " delivery, since_ms) VALUES (1, 100, $1, $2, 0)",
                                 SQL_I(lines[i].subject), SQL_I(lines[i].delivery)),
                         1);
    struct delivery delivery = { .organization = ORG, .outlet = OUTLET, .id = 5 };
    int64_t left;
    assert_int_equal(store_resume_subject(writing(scene), &delivery, 8), 0);
    assert_int_equal(store_resume_subject(writing(scene), &delivery, 8), STORE_NOT_FOUND);
    delivery.id = 6;
    assert_int_equal(store_resume_subject(writing(scene), &delivery, 8), STORE_NOT_FOUND);
    assert_int_equal(store_resume_subject(writing(scene), &delivery, 7), 0);
    assert_int_equal(store_count_paused_lines(reading(scene), ORG, OUTLET, &left), 0);
    assert_int_equal(left, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_a_scan_gives_what_is_meant),
        SCENE_TEST(test_a_scan_goes_by_when_they_ended),
        SCENE_TEST(test_a_scan_ends_where_it_may),
        SCENE_TEST(test_the_event_that_is_sent),
        SCENE_TEST(test_the_event_that_is_carried),
        SCENE_TEST(test_a_recovery_reads_back),
        SCENE_TEST(test_the_one_that_runs),
        SCENE_TEST(test_old_ones_go),
        SCENE_TEST(test_pruning_takes_them_along),
        SCENE_TEST(test_a_line_goes_on_with_its_delivery),
    };
    return RUN_SUITE("recoveries", tests);
}
