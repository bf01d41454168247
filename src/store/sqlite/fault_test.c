/* SPDX-License-Identifier: MIT
 * store/sqlite/fault_test.c: the disk fails at each point in turn. What was committed is there,
 * what was refused is not, what is unknown is one or the other; and the file is whole. */
#include "store/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/sqlite/internal.h"

#define ORG 1
#define OUTLET 100
#define BATCHES 8

#ifdef JUNCTOR_TEST_BUILD

/* What is known of each batch: its events have the batch's number as their contact, and one of them
 * has a key. */
struct trial {
    struct scene *scene;
    enum commit_outcome outcomes[BATCHES];
    bool tried[BATCHES];
    struct delivery deliveries[BATCHES];
    bool backed_up;
};

/* ── what the hub does, in small ── */

static const char *const keys[BATCHES] = {
    "key 0 0123456789", "key 1 0123456789", "key 2 0123456789", "key 3 0123456789",
    "key 4 0123456789", "key 5 0123456789", "key 6 0123456789", "key 7 0123456789",
};

static void fill_batch(struct trial *trial, int number, struct rows *rows)
{
    rows_init(rows, trial->scene);
    struct event *event = NULL;
    for (int i = 0; i < 20; i++) {
        event = rows_event(rows, ORG, 1 + number);
        trial->deliveries[number] = *rows_work(rows, event, OUTLET);
    }
    rows_key(rows, event, keys[number]);
    for (int i = 0; i < number; i++)
        if (trial->outcomes[i] == COMMIT_DONE && trial->deliveries[i].state == DELIVERY_PENDING)
            (void)rows_change(rows, &trial->deliveries[i], DELIVERY_DELIVERED, true);
}

static void note_delivered(struct trial *trial, int number)
{
    for (int i = 0; i < number; i++)
        if (trial->outcomes[i] == COMMIT_DONE)
            trial->deliveries[i].state = DELIVERY_DELIVERED;
}

static void run_batch(struct trial *trial, int number)
{
    struct rows rows;
    fill_batch(trial, number, &rows);
    trial->tried[number] = true;
    enum commit_outcome outcome = rows_try(&rows);
    for (int i = 0; outcome == COMMIT_UNKNOWN && i < 3; i++)
        outcome = store_settle(trial->scene->writer, rows.last_id);
    trial->outcomes[number] = outcome;
    if (outcome == COMMIT_DONE)
        note_delivered(trial, number);
}

static int run_chores(struct trial *trial, int number)
{
    struct store_writer *writer = trial->scene->writer;
    const struct retention retention = { .before_ms = number < 4 ? 0 : trial->scene->now_ms };
    int r = store_checkpoint(writer, 20);
    if (r >= 0)
        r = store_merge_activity_step(writer, 1);
    if (r >= 0)
        r = store_index_keys_step(writer, 1);
    if (r >= 0)
        r = store_prune_step(writer, &retention, 1);
    if (r >= 0)
        r = store_vacuum_step(writer, 1);
    return r;
}

static void back_up(struct trial *trial)
{
    struct problem problem = {};
    char path[128];
    scene_path(trial->scene, "backup.db", path, sizeof(path));
    trial->backed_up =
        store_backup(trial->scene->store, str_c(path), &trial->scene->arena, &problem) == 0;
}

static void run_trial(struct trial *trial, int reported)
{
    struct scene *scene = trial->scene;
    for (int i = 0; i < BATCHES; i++) {
        run_batch(trial, i);
        char number = (char)i;
        if (reported >= 0 && trial->outcomes[i] == COMMIT_DONE)
            assert_int_equal(write(reported, &number, 1), 1);
        (void)run_chores(trial, i);
        scene->now_ms += i == 3 ? 60000 : 0;
    }
    back_up(trial);
}

static bool try_open(struct scene *scene)
{
    struct problem problem = {};
    const struct store_options options = { .directory = str_c(scene->directory),
                                           .log = &scene->log,
                                           .create = true };
    if (store_open(&options, &scene->arena, &scene->store, &problem) != 0)
        return false;
    if (store_writer_open(scene->store, &scene->writer) < 0)
        return false;
    scene->writer->activity.run_rows = 16;
    scene->writer->activity.merged = 3;
    scene->writer->keys.at_once = 3;
    return store_reader_open(scene->store, &scene->reader) == 0;
}

/* ── what must hold afterwards ── */

static int64_t count_events(struct scene *scene, int number)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(store_reader_sql(scene->reader),
                  "SELECT (SELECT count(*) FROM activity WHERE contact = $1) +"
                  " (SELECT count(*) FROM activity_tail WHERE contact = $1)",
                  SQL_I(1 + number));
    assert_int_equal(sql_next(&query), 1);
    return sql_int(&query, 0);
}

static bool has_key(struct scene *scene, int number)
{
    struct idempotency_load load = { .organization = ORG, .key = str_c(keys[number]) };
    struct idempotency_load *pointer = &load;
    assert_int_equal(store_load_idempotency(scene->writer, &pointer, 1), 0);
    return load.event != 0;
}

/* The events of the first batches are older than the cut of the last. */
static bool may_be_pruned(int number)
{
    return number < 4;
}

static void check_trial(struct trial *trial, const char *fault)
{
    struct scene *scene = trial->scene;
    for (int i = 0; i < BATCHES; i++) {
        int64_t there = count_events(scene, i);
        bool right = there == 0 || there == 20 || may_be_pruned(i);
        if (trial->tried[i] && trial->outcomes[i] == COMMIT_DONE)
            right = right && (there == 20 || may_be_pruned(i));
        if (trial->tried[i] && trial->outcomes[i] == COMMIT_REFUSED)
            right = right && there == 0;
        right = right && (there == 0 || has_key(scene, i));
        right = right && (there != 0 || may_be_pruned(i) || !has_key(scene, i));
        if (!right)
            print_error("%s: batch %d: %d rows after outcome %d\n", fault, i, (int)there,
                        (int)trial->outcomes[i]);
        assert_true(right);
    }
    scene_check(scene);
}

/* ── each call in turn ── */

/* A scene without a store: the trial opens it. */
static struct scene *fresh_scene(void)
{
    struct scene *scene = NEW(struct scene);
    scene_make(scene);
    return scene;
}

static void add_organization(struct scene *scene)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(store_writer_sql(scene->writer), "SELECT 1 FROM organizations");
    if (sql_next(&query) == 0) {
        sql_done(&query);
        scene_organization(scene, ORG);
        scene_outlet(scene, ORG, OUTLET);
    }
}

/* A backup that was said to be complete is. */
static void check_backup(struct scene *scene)
{
    char from[128];
    char to[128];
    struct scene again;
    struct problem problem = {};
    scene_make(&again);
    scene_path(scene, "backup.db", from, sizeof(from));
    scene_path(&again, "junctor.db", to, sizeof(to));
    assert_int_equal(rename(from, to), 0);
    const struct store_options options = { .directory = str_c(again.directory), .log = &again.log };
    assert_int_equal(store_open(&options, &again.arena, &again.store, &problem), 0);
    scene_connect(&again);
    add_organization(&again);
    scene_check(&again);
    assert_int_equal(scene_number(&again, "SELECT count(*) FROM events"),
                     scene_number(scene, "SELECT count(*) FROM events"));
    scene_close(&again);
}

static bool run_with_fault(const char *fault)
{
    struct trial trial = { .scene = fresh_scene() };
    struct scene *scene = trial.scene;
    assert_true(fault_arm(fault));
    if (try_open(scene))
        run_trial(&trial, -1);
    bool struck = fault_struck();
    assert_true(fault_arm(NULL));
    for (int i = 0; !struck && i < BATCHES; i++)
        assert_int_equal(trial.outcomes[i], COMMIT_DONE);
    assert_true(struck || trial.backed_up);
    scene_disconnect(scene);
    store_close(scene->store);
    scene->store = NULL;
    assert_true(try_open(scene));
    add_organization(scene);
    check_trial(&trial, fault);
    if (trial.backed_up)
        check_backup(scene);
    scene_close(scene);
    free(scene);
    return struck;
}

static void run_all(const char *kind)
{
    int n = 0;
    bool struck = true;
    while (struck) {
        char fault[48];
        (void)snprintf(fault, sizeof(fault), "%s:%d", kind, ++n);
        struck = run_with_fault(fault);
        assert_true(n < 5000);
    }
    print_message("%s: %d calls\n", kind, n - 1);
    assert_true(n > 2);
}

static void test_each_call_fails(void **state)
{
    (void)state;
    run_all("io-fail");
}

static void test_the_disk_dies(void **state)
{
    (void)state;
    run_all("io-dead");
}

static void test_the_disk_is_full(void **state)
{
    (void)state;
    run_all("io-full");
}

static void test_each_write_is_torn(void **state)
{
    (void)state;
    run_all("io-torn");
}

static void test_each_sync_fails(void **state)
{
    (void)state;
    run_all("fsync-fail");
}

static void test_each_commit_fails_before(void **state)
{
    (void)state;
    run_all("commit-fail-before");
}

static void test_each_commit_fails_after(void **state)
{
    (void)state;
    run_all("commit-fail-after");
}

/* ── killed at each call ── */

static void run_child(struct scene *scene, const char *fault, int reported)
{
    struct trial trial = { .scene = scene };
    (void)fault_arm(fault);
    if (try_open(scene))
        run_trial(&trial, reported);
    _exit(0);
}

/* False: the child came to its end alive. */
static bool kill_at(const char *fault)
{
    struct trial trial = { .scene = fresh_scene() };
    struct scene *scene = trial.scene;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_child(scene, fault, ends[1]);
    (void)close(ends[1]);
    char number;
    char part[160];
    while (read(ends[0], &number, 1) == 1) {
        trial.outcomes[(int)number] = COMMIT_DONE;
        trial.tried[(int)number] = true;
    }
    (void)close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)snprintf(part, sizeof(part), "%s/backup.db.%ld.part", scene->directory, (long)child);
    (void)unlink(part);
    assert_true(try_open(scene));
    add_organization(scene);
    check_trial(&trial, fault);
    scene_close(scene);
    free(scene);
    return WIFSIGNALED(status);
}

static void test_killed_at_each_call(void **state)
{
    (void)state;
    int n = 0;
    bool killed = true;
    while (killed) {
        char fault[48];
        (void)snprintf(fault, sizeof(fault), "io-kill:%d", ++n);
        killed = kill_at(fault);
    }
    print_message("killed at each of %d calls\n", n - 1);
    assert_true(n > 10);
}

/* ── the outcomes by themselves ── */

static void test_unknown_outcomes(void **state)
{
    static const struct {
        const char *fault;
        enum commit_outcome settled;
        int there;
    } cases[] = {
        { "commit-fail-before:1", COMMIT_REFUSED, 0 },
        { "commit-fail-after:1", COMMIT_DONE, 1 },
        { "fsync-fail:1", COMMIT_REFUSED, 0 },
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rows rows;
        rows_init(&rows, scene);
        (void)rows_event(&rows, ORG, 100 + (int64_t)i);
        print_message("%s\n", cases[i].fault);
        assert_true(fault_arm(cases[i].fault));
        assert_int_equal(rows_try(&rows), COMMIT_UNKNOWN);
        assert_true(fault_struck());
        assert_int_equal(store_settle(scene->writer, rows.last_id), cases[i].settled);
        assert_int_equal(store_settle(scene->writer, rows.last_id), cases[i].settled);
        assert_true(fault_arm(NULL));
        assert_int_equal(count_events(scene, 99 + (int)i), cases[i].there);
        /* And the writer goes on. */
        if (cases[i].settled == COMMIT_REFUSED)
            rows_commit(&rows);
        assert_int_equal(count_events(scene, 99 + (int)i), 1);
    }
    assert_int_equal(scene_number(scene, "SELECT settlings FROM committers"), 3);
}

/* The last connection closes with the one that is opened anew: the file itself is asked. */
static void test_settling_without_other_connections(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    store_reader_close(scene->reader);
    scene->reader = NULL;
    rows_init(&rows, scene);
    (void)rows_event(&rows, ORG, 5);
    assert_true(fault_arm("fsync-fail:1"));
    assert_int_equal(rows_try(&rows), COMMIT_UNKNOWN);
    assert_true(fault_arm(NULL));
    enum commit_outcome outcome = store_settle(scene->writer, rows.last_id);
    assert_true(outcome != COMMIT_UNKNOWN);
    assert_int_equal(store_reader_open(scene->store, &scene->reader), 0);
    assert_int_equal(count_events(scene, 4), outcome == COMMIT_DONE);
}

static void test_unknown_stays_unknown(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    rows_init(&rows, scene);
    (void)rows_event(&rows, ORG, 5);
    assert_true(fault_arm("io-dead:1"));
    assert_int_equal(rows_try(&rows), COMMIT_UNKNOWN);
    for (int i = 0; i < 3; i++)
        assert_int_equal(store_settle(scene->writer, rows.last_id), COMMIT_UNKNOWN);
    assert_true(store_begin(scene->writer) < 0);
    assert_true(store_checkpoint(scene->writer, 0) < 0);
    assert_true(fault_arm(NULL));
    assert_int_equal(store_settle(scene->writer, rows.last_id), COMMIT_REFUSED);
    rows_commit(&rows);
}

static void test_full_is_refused(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    rows_init(&rows, scene);
    (void)rows_event(&rows, ORG, 5);
    assert_true(fault_arm("io-full:1"));
    assert_int_equal(rows_try(&rows), COMMIT_REFUSED);
    assert_true(store_is_full(scene->writer));
    assert_true(fault_arm(NULL));
    rows_commit(&rows);
    assert_false(store_is_full(scene->writer));
}

static void test_names_of_faults(void **state)
{
    (void)state;
    assert_true(fault_arm("io-fail:3"));
    assert_true(fault_arm("io-fail"));
    assert_false(fault_arm("io-fial:3"));
    assert_false(fault_arm("io-fail:three"));
    assert_true(fault_arm(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_unknown_outcomes),
        SCENE_TEST(test_settling_without_other_connections),
        SCENE_TEST(test_unknown_stays_unknown),
        SCENE_TEST(test_full_is_refused),
        SCENE_TEST(test_names_of_faults),
        SCENE_TEST(test_each_commit_fails_before),
        SCENE_TEST(test_each_commit_fails_after),
        SCENE_TEST(test_each_sync_fails),
        SCENE_TEST(test_each_call_fails),
        SCENE_TEST(test_the_disk_dies),
        SCENE_TEST(test_the_disk_is_full),
        SCENE_TEST(test_each_write_is_torn),
        SCENE_TEST(test_killed_at_each_call),
    };
    return RUN_SUITE("faults", tests);
}

#else

int main(void)
{
    return 0;
}

#endif
