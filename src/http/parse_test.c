/* SPDX-License-Identifier: MIT
 * Replays test/corpus/parse through parse_fuzz.c: what fuzzing once found stays found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>

#include "base/arena.h"

#define LARGEST ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *path)
{
    CLEANUP(arena_done) struct arena arena = {};
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *data = arena_alloc(&arena, LARGEST);
    size_t size = fread(data, 1, LARGEST, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(LLVMFuzzerTestOneInput(data, size), 0);
}

static void corpus(void **state)
{
    (void)state;
    DIR *folder = opendir(CORPUS);
    assert_non_null(folder);
    int count = 0;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        char path[1024];
        (void)snprintf(path, sizeof(path), "%s/%s", CORPUS, entry->d_name);
        replay(path);
        count++;
    }
    (void)closedir(folder);
    assert_true(count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(corpus) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
