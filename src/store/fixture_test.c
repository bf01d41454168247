/* SPDX-License-Identifier: MIT
 * store/fixture_test.c: databases of every release open, migrate and read back. */
#include "store/fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "store/sqlite/internal.h"
#include "store/testing.h"

static void copy_file(const char *from, const char *to)
{
    char bytes[4096];
    size_t count;
    FILE *in = fopen(from, "r");
    FILE *out = fopen(to, "w");
    assert_non_null(in);
    assert_non_null(out);
    while ((count = fread(bytes, 1, sizeof(bytes), in)) > 0)
        assert_int_equal(fwrite(bytes, 1, count, out), count);
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

static void check_file(const char *file, int schema)
{
    struct scene scene;
    char path[128];
    print_message("%s\n", file);
    scene_make(&scene);
    scene_path(&scene, "junctor.db", path, sizeof(path));
    copy_file(file, path);
    fixture_check(str_c(scene.directory), schema);
    scene_close(&scene);
}

static void test_of_this_release(void **state)
{
    struct scene *scene = *state;
    char path[128];
    scene_path(scene, "backup.db", path, sizeof(path));
    fixture_make(path);
    check_file(path, sqlite_migration_count);
}

static void test_of_every_release(void **state)
{
    (void)state;
    for (int schema = 1; schema < sqlite_migration_count; schema++) {
        char file[sizeof(STORE_FIXTURES) + 32];
        (void)snprintf(file, sizeof(file), STORE_FIXTURES "/schema-%d.db", schema);
        check_file(file, schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_of_this_release),
        SCENE_TEST(test_of_every_release),
    };
    return RUN_SUITE("fixtures", tests);
}
