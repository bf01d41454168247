/* SPDX-License-Identifier: MIT
 * store/recount_test.c: the recount finds what is wrong with the ledger, and only that. */
#include "store/testing.h"

#include <stdio.h>

#include "base/instant.h"

#define ORG 1
#define OUTLET 100

/* Something of everything, over two days. */
static void fill(struct scene *scene)
{
    scene_organization(scene, ORG);
    scene_organization(scene, 2);
    scene_outlet(scene, ORG, OUTLET);
    scene_outlet(scene, 2, OUTLET + 1);
    for (int day = 0; day < 2; day++) {
        struct rows rows;
        rows_init(&rows, scene);
        for (int i = 0; i < 10; i++) {
            struct event *event = rows_event(&rows, 1 + i % 2, 1);
            struct event *occurrence = i % 3 == 0 ? rows_occurrence(&rows, event) : NULL;
            if (i % 4 == 0)
                continue;
            struct delivery *delivery = rows_work(&rows, event, OUTLET + i % 2);
            if (occurrence != NULL)
                (void)rows_work(&rows, occurrence, OUTLET + i % 2);
            if (i % 4 == 1)
                (void)rows_change(&rows, delivery, DELIVERY_DELIVERED, true);
            if (i % 4 == 2)
                (void)rows_change(&rows, delivery, DELIVERY_DEAD, true);
            scene->now_ms += 20000;
        }
        rows_rejection(&rows, ORG, 0, "unauthenticated");
        rows_rejection(&rows, ORG, 77, "invalid");
        rows_commit(&rows);
        scene->now_ms += DAY_MS;
    }
}

static int recount(struct scene *scene, str *ret_lines)
{
    int count = -1;
    assert_int_equal(
        store_recount(store_reader_sql(scene->reader), &scene->arena, ret_lines, &count), 0);
    return count;
}

static void test_nothing_is_wrong(void **state)
{
    struct scene *scene = *state;
    str lines;
    assert_int_equal(recount(scene, &lines), 0);
    fill(scene);
    assert_int_equal(recount(scene, &lines), 0);
    assert_int_equal(lines.len, 0);
}

/* Each damage alone, and undone again with the transaction. */
static void test_damage_is_found(void **state)
{
    static const struct {
        const char *label;
        const char *damage;
        int lines;
        const char *says;
    } cases[] = {
        { "an event is gone", "DELETE FROM events WHERE id = (SELECT min(id) FROM events)", 2,
          "events is 2 in the ledger, 1 by its rows" },
        { "an event is too many",
          "INSERT INTO events SELECT id + 1000000, organization, at_ms + 600000, type, contact,"
          " inlet, caused_by, wanted, hops, request_id, data, notes, raw, order_id FROM events"
          " WHERE caused_by = 0 AND wanted = 0 LIMIT 1",
          2, "events is 0 in the ledger, 1 by its rows" },
        { "a delivery is gone", "DELETE FROM work WHERE id = (SELECT max(id) FROM work)", 2,
          "deliveries is" },
        { "a state is another",
          "UPDATE deliveries SET state = 'dead' WHERE id = (SELECT min(id) FROM deliveries)", 4,
          "dead is 0 in the ledger, 1 by its rows" },
        { "a minute is off",
          "UPDATE counters SET delivered = delivered + 1 WHERE span = 0 AND subject = 100"
          " AND start_ms = (SELECT min(start_ms) FROM counters WHERE span = 0 AND subject = 100)",
          2, "by its minutes" },
        { "a day is off",
          "UPDATE counters SET events = events + 1 WHERE span = 1 AND subject = 0"
          " AND organization = 2 AND start_ms = (SELECT max(start_ms) FROM counters WHERE span = "
          "1)",
          2, "day of" },
        { "the sum is off",
          "UPDATE counters SET dropped = 7 WHERE span = 2 AND subject = 0 AND organization = 2", 1,
          "dropped is 7 in the ledger, 0 by the days" },
        { "a rejection was not counted",
          "UPDATE rejection_counts SET rejected = rejected + 1 WHERE inlet = 77", 4,
          "rejected is" },
        { "a day has no row", "DELETE FROM counters WHERE span = 1 AND subject = 101", 6,
          "is 0 in the ledger" },
        { "the sum has no row", "DELETE FROM counters WHERE span = 2 AND subject = 77", 1,
          "rejected is 0 in the ledger, 2 by the days" },
        { "a minute has no row", "DELETE FROM counters WHERE span = 0 AND subject = 77", 4,
          "by its rows" },
    };
    struct scene *scene = *state;
    fill(scene);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sql *sql = store_writer_sql(scene->writer);
        str lines = {};
        int count = -1;
        assert_int_equal(store_begin(scene->writer), 0);
        assert_true(sql_run(sql, cases[i].damage, NULL, 0) > 0);
        assert_int_equal(store_recount(sql, &scene->arena, &lines, &count), 0);
        store_rollback(scene->writer);
        bool said = strstr(arena_c(&scene->arena, lines), cases[i].says) != NULL;
        if (count != cases[i].lines || !said)
            print_error("%s: %d lines\n%.*s", cases[i].label, count, STR_ARG(lines));
        assert_int_equal(count, cases[i].lines);
        assert_true(said);
    }
}

/* Minutes that pruning has touched are left out; those behind it are not. */
static void test_pruned_minutes_are_left_out(void **state)
{
    struct scene *scene = *state;
    str lines;
    fill(scene);
    const struct retention retention = { .before_ms = scene->now_ms - DAY_MS - DAY_MS / 2 };
    int r;
    while ((r = store_prune_step(scene->writer, &retention, 20)) == CHORE_MORE)
        continue;
    assert_int_equal(r, 0);
    assert_int_equal(recount(scene, &lines), 0);
    assert_true(scene_number(scene, "SELECT count(*) FROM events") > 0);
    assert_true(SQL_RUN(store_writer_sql(scene->writer),
                        "DELETE FROM events WHERE id = (SELECT max(id) FROM events)") == 1);
    assert_true(recount(scene, &lines) > 0);
}

static void test_check_finds_lost_events(void **state)
{
    static const struct {
        const char *label;
        const char *damage;
    } cases[] = {
        { "lost its event", "DELETE FROM events" },
        { "at once",
          "INSERT INTO deliveries (id, organization, outlet, event, event_type, created_ms, state,"
          " attempt_count, last_status, finished_ms)"
          " SELECT id, organization, outlet, event, event_type, 0, 'dead', 1, 0, 0 FROM work"
          " LIMIT 1" },
        { "above the highest", "UPDATE committers SET batch = 5" },
    };
    struct scene *scene = *state;
    fill(scene);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sql *sql = store_writer_sql(scene->writer);
        str lines = {};
        int count = -1;
        assert_int_equal(store_begin(scene->writer), 0);
        assert_true(sql_run(sql, cases[i].damage, NULL, 0) > 0);
        assert_int_equal(store_check(sql, &scene->arena, &lines, &count), 0);
        store_rollback(scene->writer);
        assert_true(count > 0);
        assert_non_null(strstr(arena_c(&scene->arena, lines), cases[i].label));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_nothing_is_wrong),
        SCENE_TEST(test_damage_is_found),
        SCENE_TEST(test_pruned_minutes_are_left_out),
        SCENE_TEST(test_check_finds_lost_events),
    };
    return RUN_SUITE("recount", tests);
}
