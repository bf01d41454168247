/* SPDX-License-Identifier: MIT
 * store/store_test.c: the store as the committer and the couriers use it: batches, loads, work. */
#include "store/testing.h"

#include <string.h>

#define ORG 1
#define OUTLET 100

/* ── opening ── */

static void test_absent_store_is_not_made(void **state)
{
    struct scene *scene = *state;
    struct problem problem = {};
    struct store *store = NULL;
    char path[128];
    scene_path(scene, "nothing", path, sizeof(path));
    const struct store_options options = { .directory = str_c(path), .log = &scene->log };
    assert_int_equal(store_open(&options, &scene->arena, &store, &problem), STORE_ABSENT);
    assert_true(problem.text.len > 0);
}

static void test_lock_names_the_other(void **state)
{
    struct scene *scene = *state;
    struct problem problem = {};
    struct store_lock *first = NULL;
    struct store_lock *second = NULL;
    str directory = str_c(scene->directory);
    assert_int_equal(store_lock(directory, true, &scene->arena, &first, &problem), 0);
    assert_int_equal(store_lock(directory, true, &scene->arena, &second, &problem), STORE_LOCKED);
    assert_null(second);
    assert_non_null(strstr(arena_c(&scene->arena, problem.text), "process "));
    store_unlock(first);
    assert_int_equal(store_lock(directory, true, &scene->arena, &second, &problem), 0);
    store_unlock(second);
    store_unlock(NULL);
}

static void test_highest_id(void **state)
{
    struct scene *scene = *state;
    int64_t id = -1;
    assert_int_equal(store_highest_id(store_writer_sql(scene->writer), &id), 0);
    assert_int_equal(id, 0);
    struct rows rows;
    rows_init(&rows, scene);
    (void)rows_event(&rows, ORG, 0);
    rows_commit(&rows);
    scene_reopen(scene);
    assert_int_equal(store_highest_id(store_writer_sql(scene->writer), &id), 0);
    assert_int_equal(id, rows.last_id);
}

/* ── batches ── */

static void test_batch_is_there_after_reopening(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    rows_init(&rows, scene);
    struct contact *contact = rows_contact(&rows, ORG, "ada@example.com");
    struct event *event = rows_event(&rows, ORG, contact->id);
    struct delivery *delivery = rows_work(&rows, event, OUTLET);
    event->notes = STR("[\"dropped\"]");
    event->raw = STR("raw\0bytes");
    rows_commit(&rows);
    scene_reopen(scene);

    struct work_item items[2];
    assert_int_equal(scene_work(scene, ORG, OUTLET, items, 2), 1);
    assert_int_equal(items[0].delivery.id, delivery->id);
    assert_int_equal(items[0].delivery.event, event->id);
    assert_int_equal(items[0].delivery.created_ms, event->at_ms);
    assert_int_equal(items[0].delivery.state, DELIVERY_PENDING);
    assert_int_equal(items[0].event.at_ms, event->at_ms);
    assert_int_equal(items[0].event.hops, 1);
    assert_int_equal(items[0].event.contact, contact->id);
    assert_true(str_equal(items[0].event.data, event->data));
    assert_true(str_equal(items[0].event.type, STR("custom_event.order")));
    assert_int_equal(scene_number(scene, "SELECT length(raw) FROM events"), 9);
    scene_check(scene);
}

static void test_rollback_leaves_nothing(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    rows_init(&rows, scene);
    (void)rows_work(&rows, rows_event(&rows, ORG, 7), OUTLET);
    assert_int_equal(store_begin(scene->writer), 0);
    assert_int_equal(store_write_batch(scene->writer, &rows.batch), 0);
    store_rollback(scene->writer);
    store_rollback(scene->writer);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM events"), 0);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM activity_tail"), 0);
    rows_commit(&rows);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM events"), 1);
    scene_check(scene);
}

static void test_failed_batch_is_refused(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    rows_init(&rows, scene);
    struct event *event = rows_event(&rows, ORG, 7);
    rows_commit(&rows);

    rows_init(&rows, scene);
    rows_event(&rows, ORG, 7)->id = event->id; /* a second one of that id */
    (void)rows_event(&rows, ORG, 7);
    assert_int_equal(store_begin(scene->writer), 0);
    assert_true(store_write_batch(scene->writer, &rows.batch) < 0);
    /* The transaction takes no more, as PostgreSQL has it. */
    assert_true(SQL_RUN(store_writer_sql(scene->writer), "DELETE FROM events") < 0);
    assert_int_equal(store_commit(scene->writer, rows.last_id), COMMIT_REFUSED);
    assert_false(store_is_full(scene->writer));
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM events"), 1);
}

static void test_reader_sees_one_snapshot(void **state)
{
    struct scene *scene = *state;
    (void)scene_fill(scene, ORG, OUTLET, 3);
    assert_int_equal(store_read_begin(scene->reader), 0);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM events"), 3);
    (void)scene_fill(scene, ORG, OUTLET, 2);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM events"), 3);
    store_read_end(scene->reader);
    assert_false(store_read_was_slow(scene->reader));
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM events"), 5);
}

static void test_reader_is_stopped(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(store_read_begin(scene->reader), 0);
    int64_t result = SQL_RUN(store_reader_sql(scene->reader),
                             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                             " SELECT max(i) FROM n");
    assert_true(result < 0);
    assert_true(store_read_was_slow(scene->reader));
    store_read_end(scene->reader);
    assert_true(store_read_was_slow(scene->reader));
    assert_int_equal(store_read_begin(scene->reader), 0);
    assert_false(store_read_was_slow(scene->reader));
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM events"), 0);
    store_read_end(scene->reader);
}

static void test_long_snapshot(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(store_read_begin_long(scene->reader), 0);
    for (int i = 0; i < 50; i++) {
        (void)scene_fill(scene, ORG, OUTLET, 20);
        /* Nothing waits for it, however long the WAL grows. */
        assert_int_equal(store_checkpoint(scene->writer, 1), 0);
    }
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM events"), 0);
    scene_reopen(scene); /* ends it */
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM events"), 1000);
}

static void test_reader_cannot_write(void **state)
{
    struct scene *scene = *state;
    assert_true(SQL_RUN(store_reader_sql(scene->reader), "DELETE FROM settings") < 0);
}

/* ── loads ── */

static void test_load_contacts(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    rows_init(&rows, scene);
    int64_t ada = rows_contact(&rows, ORG, "ada@example.com")->id;
    int64_t other = rows_contact(&rows, 2, "ada@example.com")->id;
    rows_commit(&rows);
    struct contact_load loads[] = {
        { .organization = ORG, .email_key = STR("ada@example.com"), .id = 9 },
        { .organization = 2, .email_key = STR("ada@example.com") },
        { .organization = ORG, .email_key = STR("bob@example.com"), .id = 9 },
        { .organization = ORG, .email_key = STR("") },
    };
    struct contact_load *pointers[] = { &loads[0], &loads[1], &loads[2], &loads[3] };
    assert_int_equal(store_load_contacts(scene->writer, pointers, 4), 0);
    assert_int_equal(loads[0].id, ada);
    assert_int_equal(loads[1].id, other);
    assert_int_equal(loads[2].id, 0);
    assert_int_equal(loads[3].id, 0);
}

static int64_t load_key(struct scene *scene, int64_t organization, const char *key, int64_t age_ms)
{
    struct idempotency_load load = { .organization = organization,
                                     .key = str_c(key),
                                     .since_ms = scene->now_ms - age_ms };
    struct idempotency_load *pointer = &load;
    assert_int_equal(store_load_idempotency(scene->writer, &pointer, 1), 0);
    if (load.event != 0)
        assert_memory_equal(load.request, "0123456789abcdef", 16);
    return load.event;
}

static void test_load_idempotency(void **state)
{
    struct scene *scene = *state;
    const int64_t hour_ms = 3600000;
    struct rows rows;
    rows_init(&rows, scene);
    struct event *event = rows_event(&rows, ORG, 3);
    rows_key(&rows, event, "kkkkkkkkkkkkkkkk");
    rows_commit(&rows);
    assert_int_equal(load_key(scene, ORG, "kkkkkkkkkkkkkkkk", 24 * hour_ms), event->id);
    assert_int_equal(load_key(scene, ORG, "kkkkkkkkkkkkkkkx", 24 * hour_ms), 0);
    assert_int_equal(load_key(scene, 2, "kkkkkkkkkkkkkkkk", 24 * hour_ms), 0);
    scene_reopen(scene);
    scene->now_ms += 23 * hour_ms;
    assert_int_equal(load_key(scene, ORG, "kkkkkkkkkkkkkkkk", 24 * hour_ms), event->id);
    scene->now_ms += 2 * hour_ms;
    assert_int_equal(load_key(scene, ORG, "kkkkkkkkkkkkkkkk", 24 * hour_ms), 0);

    /* It has expired: the same key may come again. */
    rows_init(&rows, scene);
    struct event *again = rows_event(&rows, ORG, 3);
    rows_key(&rows, again, "kkkkkkkkkkkkkkkk");
    rows_commit(&rows);
    assert_int_equal(load_key(scene, ORG, "kkkkkkkkkkkkkkkk", 24 * hour_ms), again->id);
}

static void fill_keys(struct scene *scene, struct arena *arena, int from, int to, int64_t *events)
{
    struct rows rows;
    rows_init(&rows, scene);
    for (int i = from; i < to; i++) {
        struct event *event = rows_event(&rows, ORG, 3);
        rows_key(&rows, event, arena_c(arena, arena_format(arena, "%04dkkkkkkkkkkkk", i)));
        events[i] = event->id;
    }
    rows_commit(&rows);
}

static void check_keys(struct scene *scene, struct arena *arena, int count, const int64_t *events)
{
    const int64_t day_ms = 86400000;
    for (int i = 0; i < count; i++) {
        const char *key = arena_c(arena, arena_format(arena, "%04dkkkkkkkkkkkk", i));
        assert_int_equal(load_key(scene, ORG, key, day_ms), events[i]);
    }
    assert_int_equal(load_key(scene, ORG, "9999kkkkkkkkkkkk", day_ms), 0);
    assert_int_equal(load_key(scene, ORG, "0000kkkkkkkkkkkx", day_ms), 0); /* the same hash */
    assert_int_equal(load_key(scene, 2, "0000kkkkkkkkkkkk", day_ms), 0);
}

/* Wherever a key stands: newly appended, being sorted, in the index; before and after a restart. */
static void test_keys_are_indexed(void **state)
{
    enum { FULL = 65536, FEW = 300 };
    struct scene *scene = *state;
    struct arena arena CLEANUP(arena_done) = {};
    int64_t events[FEW];
    fill_keys(scene, &arena, 0, FEW / 3, events);
    check_keys(scene, &arena, FEW / 3, events);
    assert_int_equal(store_index_keys_step(scene->writer, 20), 0); /* too few */

    struct rows rows;
    rows_init(&rows, scene);
    for (int i = FEW / 3; i < FULL; i++)
        rows_key(&rows, rows_event(&rows, ORG, 3),
                 arena_c(&arena, arena_format(&arena, "n%05dkkkkkkkkkk", i)));
    rows_commit(&rows);
    scene->now_ms += 20 * 3600000; /* a later bucket of the index, as a rule */
    assert_int_equal(store_index_keys_step(scene->writer, 0), CHORE_MORE); /* begun */
    fill_keys(scene, &arena, FEW / 3, 2 * FEW / 3, events);
    check_keys(scene, &arena, 2 * FEW / 3, events);
    scene_reopen(scene); /* a part of them is in the index */
    check_keys(scene, &arena, 2 * FEW / 3, events);
    int r;
    while ((r = store_index_keys_step(scene->writer, 20)) == CHORE_MORE)
        check_keys(scene, &arena, 5, events);
    assert_int_equal(r, 0);
    assert_true(scene_number(scene, "SELECT count(*) FROM idempotency_index") >= FULL);
    fill_keys(scene, &arena, 2 * FEW / 3, FEW, events);
    check_keys(scene, &arena, FEW, events);
    scene_reopen(scene);
    check_keys(scene, &arena, FEW, events);

    /* Expired and come again, then pruned. */
    scene->now_ms += 5 * 3600000;
    assert_int_equal(load_key(scene, ORG, "0001kkkkkkkkkkkk", 86400000), 0);
    assert_int_equal(load_key(scene, ORG, "0150kkkkkkkkkkkk", 86400000), events[150]);
    int64_t again[1];
    fill_keys(scene, &arena, 0, 1, again);
    assert_int_equal(load_key(scene, ORG, "0000kkkkkkkkkkkk", 86400000), again[0]);
    const struct retention retention = { .idempotency_before_ms = scene->now_ms - 86400000 };
    while ((r = store_prune_step(scene->writer, &retention, 20)) == CHORE_MORE)
        ;
    assert_int_equal(r, 0);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM idempotency"), 2 * FEW / 3 + 1);
    assert_int_equal(load_key(scene, ORG, "0000kkkkkkkkkkkk", 86400000), again[0]);
    assert_int_equal(load_key(scene, ORG, "0299kkkkkkkkkkkk", 86400000), events[299]);
    scene->now_ms += 48 * 3600000;
    const struct retention later = { .idempotency_before_ms = scene->now_ms - 86400000 };
    while ((r = store_prune_step(scene->writer, &later, 20)) == CHORE_MORE)
        ;
    assert_int_equal(r, 0);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM idempotency"), 0);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM idempotency_index"), 0);
}

/* What a batch that was rolled back appended is found no more; what a lost one had, neither. */
static void test_keys_follow_the_outcome(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    rows_init(&rows, scene);
    rows_key(&rows, rows_event(&rows, ORG, 3), "aaaaaaaaaaaaaaaa");
    assert_int_equal(store_begin(scene->writer), 0);
    assert_int_equal(store_write_batch(scene->writer, &rows.batch), 0);
    store_rollback(scene->writer);
    assert_int_equal(load_key(scene, ORG, "aaaaaaaaaaaaaaaa", 86400000), 0);
    rows_commit(&rows);
    assert_int_not_equal(load_key(scene, ORG, "aaaaaaaaaaaaaaaa", 86400000), 0);
}

static void test_load_work(void **state)
{
    struct scene *scene = *state;
    struct delivery delivery = scene_fill(scene, ORG, OUTLET, 2);
    struct work_load loads[] = {
        { .organization = ORG, .outlet = OUTLET, .id = delivery.id },
        { .organization = ORG, .outlet = OUTLET, .id = delivery.id + 1000, .found = true },
        { .organization = 2, .outlet = OUTLET, .id = delivery.id },
    };
    struct work_load *pointers[] = { &loads[0], &loads[1], &loads[2] };
    assert_int_equal(store_load_work(scene->writer, pointers, 3, &scene->arena), 0);
    assert_true(loads[0].found);
    assert_int_equal(loads[0].delivery.event, delivery.event);
    assert_false(loads[1].found);
    assert_false(loads[2].found);
}

/* ── states of deliveries ── */

static void test_delivery_changes(void **state)
{
    static const struct {
        const char *label;
        enum delivery_state path[4];
        int length;
        int work, deliveries, attempts;
    } cases[] = {
        { "delivered", { DELIVERY_DELIVERED }, 1, 0, 1, 1 },
        { "once more", { DELIVERY_PENDING }, 1, 1, 0, 1 },
        { "after two tries", { DELIVERY_PENDING, DELIVERY_DELIVERED }, 2, 0, 1, 2 },
        { "dead", { DELIVERY_DEAD }, 1, 0, 1, 1 },
        { "resent", { DELIVERY_DEAD, DELIVERY_PENDING }, 2, 1, 0, 2 },
        { "resent, delivered",
          { DELIVERY_DEAD, DELIVERY_PENDING, DELIVERY_DELIVERED },
          3,
          0,
          1,
          3 },
        { "dead, dropped", { DELIVERY_DEAD, DELIVERY_DROPPED }, 2, 0, 1, 2 },
    };
    struct scene *scene = *state;
    scene_organization(scene, ORG);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t outlet = OUTLET + (int64_t)i;
        scene_outlet(scene, ORG, outlet);
        struct delivery delivery = scene_fill(scene, ORG, outlet, 1);
        for (int step = 0; step < cases[i].length; step++) {
            struct rows rows;
            rows_init(&rows, scene);
            delivery = rows_change(&rows, &delivery, cases[i].path[step], true)->after;
            rows_commit(&rows);
        }
        struct work_item items[2];
        struct delivery_found found;
        print_message("%s\n", cases[i].label);
        assert_int_equal(scene_work(scene, ORG, outlet, items, 2), cases[i].work);
        assert_int_equal(store_find_delivery(store_reader_sql(scene->reader), ORG, delivery.id,
                                             &scene->arena, &found),
                         0);
        assert_int_equal(found.delivery.state, delivery.state);
        assert_int_equal(found.delivery.attempt_count, cases[i].attempts);
        assert_int_equal(found.delivery.last_status, delivery.last_status);
        assert_int_equal(found.delivery.finished_ms, delivery.finished_ms);
        assert_true(str_equal(found.event_type, STR("custom_event.order")));
        if (cases[i].work == 1)
            assert_int_equal(items[0].delivery.due_ms, delivery.due_ms);
    }
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM attempts"), 12);
    scene_check(scene);
}

static void test_delivered_stays_so_when_its_outlet_goes(void **state)
{
    struct scene *scene = *state;
    struct delivery_found found;
    struct rows rows;
    scene_organization(scene, ORG);
    scene_outlet(scene, ORG, OUTLET);
    struct delivery delivery = scene_fill(scene, ORG, OUTLET, 1);
    (void)scene_fill(scene, ORG, OUTLET, 2);
    rows_init(&rows, scene);
    delivery = rows_change(&rows, &delivery, DELIVERY_DELIVERED, true)->after;
    rows_commit(&rows);
    rows_init(&rows, scene);
    rows_change(&rows, &delivery, DELIVERY_PENDING, false)->after.once = true; /* sent again */
    rows_commit(&rows);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM work"), 3);
    assert_int_equal(store_drop_outlet_step(scene->writer, ORG, OUTLET, STR("its endpoint is gone"),
                                            scene->now_ms, 20),
                     0);
    assert_int_equal(store_find_delivery(store_reader_sql(scene->reader), ORG, delivery.id,
                                         &scene->arena, &found),
                     0);
    assert_int_equal(found.delivery.state, DELIVERY_DELIVERED);
    assert_int_equal(found.delivery.reason.len, 0);
    assert_int_equal(scene_number(scene, "SELECT delivered * 10 + dropped FROM counters"
                                         " WHERE span = 2 AND subject = 0"),
                     12);
    scene_check(scene);
}

static void test_repeated_attempt_is_recorded_once(void **state)
{
    struct scene *scene = *state;
    struct delivery delivery = scene_fill(scene, ORG, OUTLET, 1);
    struct rows rows;
    for (int i = 0; i < 2; i++) {
        rows_init(&rows, scene);
        (void)rows_change(&rows, &delivery, DELIVERY_PENDING, true);
        rows_commit(&rows);
    }
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM attempts"), 1);
}

static void test_change_of_a_row_that_is_elsewhere_fails(void **state)
{
    struct scene *scene = *state;
    struct delivery delivery = scene_fill(scene, ORG, OUTLET, 1);
    struct rows rows;
    rows_init(&rows, scene);
    struct delivery_change *change = rows_change(&rows, &delivery, DELIVERY_DELIVERED, true);
    change->was_pending = false;
    assert_int_equal(rows_try(&rows), COMMIT_REFUSED);
    change->was_pending = true;
    rows_commit(&rows);
    assert_int_equal(rows_try(&rows), COMMIT_REFUSED);
}

static void test_find_delivery_is_per_organization(void **state)
{
    struct scene *scene = *state;
    struct delivery_found found;
    scene_outlet(scene, ORG, OUTLET);
    scene_outlet(scene, 2, OUTLET + 1);
    struct delivery delivery = scene_fill(scene, ORG, OUTLET, 1);
    struct sql *sql = store_reader_sql(scene->reader);
    assert_int_equal(store_find_delivery(sql, ORG, delivery.id, &scene->arena, &found), 0);
    assert_int_equal(store_find_delivery(sql, 2, delivery.id, &scene->arena, &found),
                     STORE_NOT_FOUND);
    assert_int_equal(store_find_delivery(sql, ORG, delivery.id + 1, &scene->arena, &found),
                     STORE_NOT_FOUND);
}

static void test_outlets_with_work(void **state)
{
    struct scene *scene = *state;
    struct outlet_work *outlets = NULL;
    int count = -1;
    struct sql *sql = store_reader_sql(scene->reader);
    assert_int_equal(store_read_outlets_with_work(sql, &scene->arena, &outlets, &count), 0);
    assert_int_equal(count, 0);
    for (int organization = 1; organization <= 3; organization++)
        for (int i = 0; i < 70; i++)
            (void)scene_fill(scene, organization, OUTLET + i, 2);
    int64_t before = sql_count(sql);
    assert_int_equal(store_read_outlets_with_work(sql, &scene->arena, &outlets, &count), 0);
    assert_int_equal(count, 210);
    assert_int_equal(sql_count(sql) - before, 211);
    assert_int_equal(outlets[0].organization, 1);
    assert_int_equal(outlets[0].outlet, OUTLET);
    assert_int_equal(outlets[209].organization, 3);
    assert_int_equal(outlets[209].outlet, OUTLET + 69);
}

/* ── settings ── */

static void test_settings(void **state)
{
    struct scene *scene = *state;
    struct sql *sql = store_writer_sql(scene->writer);
    str value = {};
    bool held = true;
    int64_t number = -1;
    assert_int_equal(store_setting_get(sql, "colour", &scene->arena, &value), 0);
    assert_int_equal(store_setting_put(sql, "colour", STR("blue")), 0);
    assert_int_equal(store_setting_put(sql, "colour", STR("green")), 0);
    assert_int_equal(store_setting_get(sql, "colour", &scene->arena, &value), 1);
    assert_true(str_equal(value, STR("green")));
    assert_int_equal(store_setting_get_int(sql, "number", &number), 0);
    assert_int_equal(number, 0);
    assert_int_equal(store_setting_put_int(sql, "number", INT64_MIN), 0);
    assert_int_equal(store_setting_get_int(sql, "number", &number), 0);
    assert_true(number == INT64_MIN);
    assert_int_equal(store_is_held(sql, &held), 0);
    assert_false(held);
    assert_int_equal(store_mark_restored(sql), 0);
    assert_int_equal(store_is_held(sql, &held), 0);
    assert_true(held);
    assert_int_equal(store_release(sql), 0);
    assert_int_equal(store_is_held(sql, &held), 0);
    assert_false(held);
}

/* What one event costs: a budget that regressions must not pass. */
static void test_statements_per_event(void **state)
{
    struct scene *scene = *state;
    struct sql *sql = store_writer_sql(scene->writer);
    (void)scene_fill(scene, ORG, OUTLET, 1);
    int64_t before = sql_count(sql);
    (void)scene_fill(scene, ORG, OUTLET, 100);
    /* event, activity and work for each; two subjects of three spans; marker, BEGIN, COMMIT. */
    assert_int_equal(sql_count(sql) - before, 300 + 6 + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_absent_store_is_not_made),
        SCENE_TEST(test_lock_names_the_other),
        SCENE_TEST(test_highest_id),
        SCENE_TEST(test_batch_is_there_after_reopening),
        SCENE_TEST(test_rollback_leaves_nothing),
        SCENE_TEST(test_failed_batch_is_refused),
        SCENE_TEST(test_reader_sees_one_snapshot),
        SCENE_TEST(test_reader_is_stopped),
        SCENE_TEST(test_long_snapshot),
        SCENE_TEST(test_reader_cannot_write),
        SCENE_TEST(test_load_contacts),
        SCENE_TEST(test_load_idempotency),
        SCENE_TEST(test_keys_are_indexed),
        SCENE_TEST(test_keys_follow_the_outcome),
        SCENE_TEST(test_load_work),
        SCENE_TEST(test_delivery_changes),
        SCENE_TEST(test_delivered_stays_so_when_its_outlet_goes),
        SCENE_TEST(test_repeated_attempt_is_recorded_once),
        SCENE_TEST(test_change_of_a_row_that_is_elsewhere_fails),
        SCENE_TEST(test_find_delivery_is_per_organization),
        SCENE_TEST(test_outlets_with_work),
        SCENE_TEST(test_settings),
        SCENE_TEST(test_statements_per_event),
    };
    return RUN_SUITE("store", tests);
}
