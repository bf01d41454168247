/* SPDX-License-Identifier: MIT
 * store/fixture_test.c: databases of every release open, migrate and read back. */
#include "store/fixture.h"

#include <glob.h>
#include <stdio.h>
#include <unistd.h>

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

static void check_file(const char *file)
{
    struct scene scene;
    char path[128];
    print_message("%s\n", file);
    scene_make(&scene);
    scene_path(&scene, "junctor.db", path, sizeof(path));
    copy_file(file, path);
    fixture_check(str_c(scene.directory));
    scene_close(&scene);
}

static void test_of_this_release(void **state)
{
    struct scene *scene = *state;
    char path[128];
    scene_path(scene, "backup.db", path, sizeof(path));
    fixture_make(path);
    check_file(path);
}

static void test_of_every_release(void **state)
{
    (void)state;
    glob_t found = {};
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the only thread */
    int r = glob(STORE_FIXTURES "/schema-*.db", 0, NULL, &found);
    assert_int_equal(r, 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_file(found.gl_pathv[i]);
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_of_this_release),
        SCENE_TEST(test_of_every_release),
    };
    return RUN_SUITE("fixtures", tests);
}
