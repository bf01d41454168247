/* SPDX-License-Identifier: MIT
 * store/sqlite/engine_test.c: the file: its form, its age, its owner; and the driver's own rules.
 */
#include "store/testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite/internal.h"

static int64_t pragma(struct scene *scene, const char *text)
{
    int64_t number = -1;
    assert_int_equal(sql_number(store_writer_sql(scene->writer), text, &number), 0);
    return number;
}

static void test_form_of_the_file(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(pragma(scene, "PRAGMA auto_vacuum"), 2);
    assert_int_equal(pragma(scene, "PRAGMA page_size"), 4096);
    assert_int_equal(pragma(scene, "PRAGMA synchronous"), 2);
    assert_int_equal(pragma(scene, "PRAGMA application_id"), SQLITE_APPLICATION_ID);
    assert_int_equal(pragma(scene, "PRAGMA user_version"), sqlite_migration_count);
    assert_int_equal(pragma(scene, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main'"
                                   " AND type = 'table' AND NOT strict"
                                   " AND name NOT LIKE 'sqlite%'"),
                     0);
    assert_int_equal(pragma(scene, "SELECT count(*) FROM pragma_journal_mode"
                                   " WHERE journal_mode = 'wal'"),
                     1);
}

static void test_nobody_else_may_read(void **state)
{
    struct scene *scene = *state;
    static const char *const files[] = { "junctor.db", "junctor.db-wal", "" };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char path[128];
        struct stat status;
        scene_path(scene, files[i], path, sizeof(path));
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 077, 0);
    }
}

/* ── what the file may be ── */

static void run_on_file(struct scene *scene, const char *text)
{
    assert_int_equal(sql_script(store_writer_sql(scene->writer), text), 0);
}

static int open_again(struct scene *scene, bool create, struct problem *reterr)
{
    struct store *store = NULL;
    const struct store_options options = { .directory = str_c(scene->directory),
                                           .log = &scene->log,
                                           .create = create };
    int r = store_open(&options, &scene->arena, &store, reterr);
    store_close(store);
    return r;
}

static void test_newer_database_is_refused(void **state)
{
    struct scene *scene = *state;
    struct problem problem = {};
    run_on_file(scene, "PRAGMA user_version = 4711");
    assert_int_equal(open_again(scene, true, &problem), STORE_TOO_NEW);
    assert_non_null(strstr(arena_c(&scene->arena, problem.text), "4711"));
}

static void test_older_database_is_not_migrated_beside_a_hub(void **state)
{
    struct scene *scene = *state;
    struct problem problem = {};
    struct store *store = NULL;
    const struct store_options options = { .directory = str_c(scene->directory),
                                           .log = &scene->log,
                                           .beside = true };
    assert_int_equal(store_open(&options, &scene->arena, &store, &problem), 0);
    store_close(store);
    run_on_file(scene, "PRAGMA user_version = 0");
    assert_int_equal(store_open(&options, &scene->arena, &store, &problem), STORE_TOO_OLD);
    assert_true(problem.text.len > 0);
}

static void test_foreign_database_is_refused(void **state)
{
    struct scene *scene = *state;
    struct problem problem = {};
    run_on_file(scene, "PRAGMA application_id = 1; PRAGMA user_version = 0");
    assert_true(open_again(scene, true, &problem) < 0);
    assert_non_null(strstr(arena_c(&scene->arena, problem.text), "not a database of Junctor"));
}

static void test_no_database_is_refused(void **state)
{
    struct scene *scene = *state;
    struct problem problem = {};
    char path[128];
    scene_disconnect(scene);
    scene_path(scene, "junctor.db", path, sizeof(path));
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    for (int i = 0; i < 4096; i++)
        assert_int_equal(write(fd, "not a database\n", 15), 15);
    (void)close(fd);
    assert_true(open_again(scene, true, &problem) < 0);
    assert_true(problem.text.len > 0);
}

static void test_parents_are_made(void **state)
{
    struct scene *scene = *state;
    struct problem problem = {};
    struct store *store = NULL;
    char path[128];
    scene_path(scene, "a/b", path, sizeof(path));
    const struct store_options options = { .directory = str_c(path),
                                           .log = &scene->log,
                                           .create = true };
    assert_int_equal(store_open(&options, &scene->arena, &store, &problem), 0);
    store_close(store);
    static const char *const files[] = { "a/b/junctor.db", "a/b/junctor.db-wal",
                                         "a/b/junctor.db-shm" };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        scene_path(scene, files[i], path, sizeof(path));
        (void)unlink(path);
    }
    scene_path(scene, "a/b", path, sizeof(path));
    assert_int_equal(rmdir(path), 0);
    scene_path(scene, "a", path, sizeof(path));
    assert_int_equal(rmdir(path), 0);
}

#ifdef JUNCTOR_TEST_BUILD
static void open_in_child(struct scene *scene)
{
    struct problem problem = {};
    (void)open_again(scene, true, &problem);
}

static void test_killed_while_migrating(void **state)
{
    struct scene *scene = *state;
    struct problem problem = {};
    char path[128];
    scene_disconnect(scene);
    scene_path(scene, "junctor.db", path, sizeof(path));
    assert_int_equal(unlink(path), 0);
    (void)scene_crash(scene, "migration", open_in_child);
    assert_int_equal(open_again(scene, false, &problem), STORE_ABSENT);
    assert_int_equal(open_again(scene, true, &problem), 0);
    assert_int_equal(store_writer_open(scene->store, &scene->writer), 0);
    assert_int_equal(pragma(scene, "PRAGMA auto_vacuum"), 2);
    assert_int_equal(pragma(scene, "PRAGMA user_version"), sqlite_migration_count);
}

static void back_up_in_child(struct scene *scene)
{
    struct problem problem = {};
    char path[128];
    scene_path(scene, "backup.db", path, sizeof(path));
    assert_int_equal(store_backup(scene->store, str_c(path), &scene->arena, &problem), 0);
}

static void test_killed_while_backing_up(void **state)
{
    struct scene *scene = *state;
    char path[128];
    (void)scene_fill(scene, 1, 100, 10);
    pid_t child = scene_crash(scene, "backup", back_up_in_child);
    scene_path(scene, "backup.db", path, sizeof(path));
    assert_int_equal(access(path, F_OK), -1);
    size_t length = strlen(path);
    (void)snprintf(path + length, sizeof(path) - length, ".%ld.part", (long)child);
    assert_int_equal(unlink(path), 0);
}
#endif

/* ── the driver ── */

static void test_values_come_back(void **state)
{
    struct scene *scene = *state;
    struct sql *sql = store_writer_sql(scene->writer);
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT $1, $2, $3, $4, $5, typeof($2), typeof($3), typeof($6), typeof($7), length($8)",
        SQL_I(INT64_MIN), SQL_T(STR("é")), SQL_B(STR("\0\x01")), SQL_N(), SQL_I(0), SQL_T((str){}),
        SQL_B((str){}), SQL_T(STR("a\xc3\xa4")));
    assert_int_equal(sql_next(&query), 1);
    assert_true(sql_int(&query, 0) == INT64_MIN);
    assert_true(str_equal(sql_text(&query, 1, &scene->arena), STR("é")));
    assert_true(str_equal(sql_blob(&query, 2, &scene->arena), STR("\0\x01")));
    assert_true(sql_is_null(&query, 3));
    assert_int_equal(sql_text(&query, 3, &scene->arena).len, 0);
    assert_false(sql_is_null(&query, 4));
    static const char *const types[] = { "text", "blob", "text", "blob" };
    for (int i = 0; i < 4; i++)
        assert_true(str_equal(sql_text(&query, 5 + i, &scene->arena), str_c(types[i])));
    assert_int_equal(sql_int(&query, 9), 2);
    assert_int_equal(sql_next(&query), 0);
    assert_int_equal(sql_next(&query), 0); /* and does not run again */
}

static void test_rows_changed(void **state)
{
    struct scene *scene = *state;
    struct sql *sql = store_writer_sql(scene->writer);
    for (int i = 0; i < 3; i++)
        assert_int_equal(SQL_RUN(sql,
                                 "INSERT INTO hubs (hub, name, epoch, heartbeat_ms)"
                                 " VALUES ($1, '', 1, 1)",
                                 SQL_I(i)),
                         1);
    assert_int_equal(SQL_RUN(sql, "UPDATE hubs SET epoch = 2"), 3);
    assert_int_equal(SQL_RUN(sql, "SELECT * FROM hubs"), 0);
    assert_int_equal(SQL_RUN(sql, "DELETE FROM hubs WHERE hub > $1", SQL_I(0)), 2);
    assert_true(SQL_RUN(sql, "DELETE FROM nowhere") < 0);
}

/* Enough different statements for the table of them to grow. */
#define S1(n) "SELECT 1000 + " #n,
#define S10(n)                                                                                     \
    S1(n##0) S1(n##1) S1(n##2) S1(n##3) S1(n##4) S1(n##5) S1(n##6) S1(n##7) S1(n##8) S1(n##9)

static void test_many_statements(void **state)
{
    struct scene *scene = *state;
    static const char *const texts[] = { S10(1) S10(2) S10(3) S10(4) S10(5) S10(6) S10(7) S10(8) };
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < COUNT_OF(texts); i++)
            assert_int_equal(pragma(scene, texts[i]), 1010 + (int64_t)i);
}

/* ── size and backup ── */

static void test_size(void **state)
{
    struct scene *scene = *state;
    struct store_size size = {};
    (void)scene_fill(scene, 1, 100, 50);
    assert_int_equal(store_size(store_reader_sql(scene->reader), &size), 0);
    assert_true(size.file_bytes > 50000);
    assert_true(size.wal_bytes > 20000);
    assert_true(size.disk_free_bytes > 0);
}

static void test_backup(void **state)
{
    struct scene *scene = *state;
    struct problem problem = {};
    char path[128];
    char original[128];
    (void)scene_fill(scene, 1, 100, 2000);
    scene_path(scene, "backup.db", path, sizeof(path));
    scene_path(scene, "junctor.db", original, sizeof(original));
    assert_int_equal(store_backup(scene->store, str_c(path), &scene->arena, &problem), 0);
    assert_true(store_backup(scene->store, str_c(path), &scene->arena, &problem) < 0);
    assert_int_equal(problem.id, PROBLEM_CONFLICT);
    (void)scene_fill(scene, 1, 100, 10);

    /* As restore does it: the copy takes the place of the original. */
    scene_disconnect(scene);
    assert_int_equal(rename(path, original), 0);
    assert_int_equal(store_writer_open(scene->store, &scene->writer), 0);
    assert_int_equal(store_reader_open(scene->store, &scene->reader), 0);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM work"), 2000);
    assert_int_equal(pragma(scene, "PRAGMA auto_vacuum"), 2);
    (void)scene_fill(scene, 1, 100, 10);
    scene_check(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_form_of_the_file),
        SCENE_TEST(test_nobody_else_may_read),
        SCENE_TEST(test_newer_database_is_refused),
        SCENE_TEST(test_older_database_is_not_migrated_beside_a_hub),
        SCENE_TEST(test_foreign_database_is_refused),
        SCENE_TEST(test_no_database_is_refused),
        SCENE_TEST(test_parents_are_made),
#ifdef JUNCTOR_TEST_BUILD
        SCENE_TEST(test_killed_while_migrating),
        SCENE_TEST(test_killed_while_backing_up),
#endif
        SCENE_TEST(test_values_come_back),
        SCENE_TEST(test_rows_changed),
        SCENE_TEST(test_many_statements),
        SCENE_TEST(test_size),
        SCENE_TEST(test_backup),
    };
    return RUN_SUITE("sqlite engine", tests);
}
