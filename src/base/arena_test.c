/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/testing.h"

TEST(gives_zeroed_aligned_memory)
{
    CLEANUP(arena_done) struct arena arena = {};
    uint64_t random = 1;
    for (int i = 0; i < 2000; i++) {
        size_t size = test_random(&random) % 700;
        unsigned char *memory = arena_alloc(&arena, size);
        CHECK_INT("aligned", (uintptr_t)memory % alignof(max_align_t), 0);
        for (size_t at = 0; at < size; at++)
            CHECK_INT("zero", memory[at], 0);
        memset(memory, 0xab, size);
        memset(arena_bytes(&arena, 3), 0xcd, 3);
    }
}

TEST(keeps_what_it_gave)
{
    CLEANUP(arena_done) struct arena arena = {};
    str texts[500];
    for (int i = 0; i < 500; i++)
        texts[i] = arena_format(&arena, "text number %d, %0*d", i, i % 90, i);
    for (int i = 0; i < 500; i++) {
        char want[128];
        int length = snprintf(want, sizeof(want), "text number %d, %0*d", i, i % 90, i);
        CHECK_STR("text", texts[i], str_from(want, (size_t)length));
    }
}

TEST(takes_more_than_a_chunk)
{
    CLEANUP(arena_done) struct arena arena = {};
    char *large = arena_bytes(&arena, (size_t)5 << 20);
    large[0] = large[((size_t)5 << 20) - 1] = 'x';
    CHECK_STR("beside it", arena_str(&arena, STR("small")), STR("small"));
    CHECK("counted", arena.held >= (size_t)5 << 20);
}

TEST(resets)
{
    CLEANUP(arena_done) struct arena arena = {};
    arena_reset(&arena, 4096);
    CHECK_INT("empty stays empty", arena.held, 0);
    char *first = arena_bytes(&arena, 100);
    arena_reset(&arena, 8192);
    CHECK("the same chunk again", arena_bytes(&arena, 100) == first);
    for (int i = 0; i < 100; i++)
        memset(arena_bytes(&arena, 1000), 1, 1000);
    arena_reset(&arena, 4096);
    CHECK("large chunks go", arena.held <= 4096);
    unsigned char *again = arena_alloc(&arena, 1000);
    for (int i = 0; i < 1000; i++)
        CHECK_INT("zeroed though used before", again[i], 0);
}

TEST(grows)
{
    CLEANUP(arena_done) struct arena arena = {};
    char *text = arena_bytes(&arena, 4);
    memcpy(text, "abcd", 4);
    char *longer = arena_grow(&arena, text, 4, 8);
    CHECK("in place", longer == text);
    arena_bytes(&arena, 1)[0] = 'x'; /* in the way */
    char *moved = arena_grow(&arena, longer, 8, 16);
    CHECK("moved", moved != longer);
    CHECK("with its content", memcmp(moved, "abcd", 4) == 0);
    CHECK("from nothing", arena_grow(&arena, NULL, 0, 10) != NULL);
    CHECK("into a new chunk", arena_grow(&arena, moved, 16, 100000) != NULL);
}

TEST(copies)
{
    CLEANUP(arena_done) struct arena arena = {};
    CHECK_STR("text", arena_str(&arena, STR("a\0b")), STR("a\0b"));
    CHECK("never NULL", arena_str(&arena, (str){}).ptr != NULL);
    CHECK_INT("a C string", strcmp(arena_c(&arena, STR("abc")), "abc"), 0);
    CHECK_INT("an empty C string", strcmp(arena_c(&arena, (str){}), ""), 0);
    CHECK_STR("format", arena_format(&arena, "%d %s", 7, "x"), STR("7 x"));
    CHECK_STR("empty format", arena_format(&arena, "%s", ""), STR(""));
    char *copy = xstrdup(STR("abc"));
    CHECK_INT("on the heap", strcmp(copy, "abc"), 0);
    free(copy);
}

TEST(arrays)
{
    CLEANUP(arena_done) struct arena arena = {};
    int *numbers = ARENA_ARRAY(&arena, int, 10);
    CHECK_INT("zeroed", numbers[9], 0);
    CHECK("none is fine", ARENA_ARRAY(&arena, int, 0) != NULL);
}

TEST(fits)
{
    CLEANUP(arena_done) struct arena arena = {};
    arena_fit(&arena, 64 + 3);
    void *block = arena_alloc(&arena, 64);
    CHECK_STR("beside it", arena_str(&arena, STR("abc")), STR("abc"));
    CHECK_INT("no more than that", (int64_t)arena.held, 67);
    memset(arena_alloc(&arena, 5000), 1, 5000);
    CHECK_INT("what does not fit is there all the same", memcmp((char *)block + 64, "abc", 3), 0);
}

RUN_TESTS(cmocka_unit_test(gives_zeroed_aligned_memory), cmocka_unit_test(keeps_what_it_gave),
          cmocka_unit_test(takes_more_than_a_chunk), cmocka_unit_test(resets),
          cmocka_unit_test(grows), cmocka_unit_test(copies), cmocka_unit_test(arrays),
          cmocka_unit_test(fits))
