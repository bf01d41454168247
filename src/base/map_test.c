/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include "base/arena.h"
#include "base/list.h"
#include "base/testing.h"

TEST(empty)
{
    CLEANUP(map_done) struct map map = {};
    size_t at = 0;
    CHECK("find", map_find(&map, STR("a")) == NULL);
    CHECK("find by number", map_find_int(&map, 1) == NULL);
    CHECK("remove", map_remove(&map, STR("a")) == NULL);
    CHECK("remove by number", map_remove_int(&map, 1) == NULL);
    CHECK("next", map_next(&map, &at) == NULL);
    map_clear(&map);
    CHECK_INT("count", map.count, 0);
}

TEST(puts_and_replaces)
{
    CLEANUP(map_done) struct map map = {};
    int one = 1;
    int two = 2;
    CHECK("new", map_put(&map, STR("key"), &one) == NULL);
    CHECK("replaced", map_put(&map, STR("key"), &two) == &one);
    CHECK("found", map_find(&map, STR("key")) == &two);
    CHECK("another key", map_find(&map, STR("ke")) == NULL);
    CHECK("the empty key is one", map_put(&map, (str){}, &one) == NULL);
    CHECK("and found", map_find(&map, STR("")) == &one);
    CHECK_INT("count", map.count, 2);
    map_clear(&map);
    CHECK("cleared", map_find(&map, STR("key")) == NULL);
    CHECK("0 is a number like any", map_put_int(&map, 0, &one) == NULL);
    CHECK("found", map_find_int(&map, 0) == &one);
}

TEST(shrinks_while_it_is_cleared_with_little_in_it)
{
    CLEANUP(map_done) struct map map = {};
    static int values[1000];
    for (uint64_t i = 0; i < COUNT_OF(values); i++)
        (void)map_put_int(&map, i, &values[i]);
    size_t most = map.room;
    map_clear(&map);
    CHECK_INT("as large, for as many more", map.room, most);
    for (int round = 0; round < 20; round++) {
        for (uint64_t i = 0; i < 3; i++)
            CHECK("new", map_put_int(&map, i, &values[i]) == NULL);
        for (uint64_t i = 0; i < 4; i++)
            CHECK("found", map_find_int(&map, i) == (i < 3 ? &values[i] : NULL));
        map_clear(&map);
    }
    CHECK("small", map.room <= 64);
    CHECK("no less than for a few", map.room >= 4);
}

/* Against the simplest thing that works: an array over all keys. */
#define KEYS 300

TEST(like_an_array_by_number)
{
    CLEANUP(map_done) struct map map = {};
    static int values[KEYS];
    int *there[KEYS] = {};
    size_t count = 0;
    uint64_t random = 7;
    for (int i = 0; i < 100000; i++) {
        uint64_t key = test_random(&random) % KEYS;
        void *before;
        if (test_random(&random) % 2 == 0) {
            before = map_put_int(&map, key, &values[key]);
            count += there[key] == NULL;
            CHECK("put returns what was there", before == there[key]);
            there[key] = &values[key];
        } else {
            before = map_remove_int(&map, key);
            count -= there[key] != NULL;
            CHECK("remove returns what was there", before == there[key]);
            there[key] = NULL;
        }
        CHECK_INT("count", map.count, count);
        key = test_random(&random) % KEYS;
        CHECK("find", map_find_int(&map, key) == there[key]);
    }
}

TEST(like_an_array_by_text)
{
    CLEANUP(arena_done) struct arena arena = {};
    CLEANUP(map_done) struct map map = {};
    static int values[KEYS];
    str keys[KEYS];
    int *there[KEYS] = {};
    for (int i = 0; i < KEYS; i++)
        keys[i] = arena_format(&arena, "key %d", i);
    uint64_t random = 3;
    for (int i = 0; i < 50000; i++) {
        uint64_t key = test_random(&random) % KEYS;
        void *before = test_random(&random) % 2 == 0 ? map_put(&map, keys[key], &values[key])
                                                     : map_remove(&map, keys[key]);
        CHECK("returns what was there", before == there[key]);
        there[key] = map_find(&map, keys[key]);
        key = test_random(&random) % KEYS;
        CHECK("find", map_find(&map, keys[key]) == there[key]);
    }
    size_t seen = 0;
    int *value;
    for (size_t at = 0; (value = map_next(&map, &at)) != NULL;) {
        CHECK("a value that is there", there[value - values] == value);
        seen++;
    }
    CHECK_INT("walks over all", seen, map.count);
}

TEST(list_links)
{
    struct item {
        struct list link;
        int number;
    } items[4];
    struct list list;
    list_init(&list);
    CHECK("empty", list_empty(&list));
    for (int i = 0; i < 4; i++) {
        items[i].number = i;
        list_append(&list, &items[i].link);
    }
    list_remove(&items[2].link);
    list_remove(&items[2].link);
    int sum = 0;
    LIST_EACH(&list, at)
    {
        sum = sum * 10 + LIST_ENTRY(at, struct item, link)->number;
        list_remove(at);
    }
    CHECK_INT("in order", sum, 13);
    CHECK("empty again", list_empty(&list));
}

RUN_TESTS(cmocka_unit_test(empty), cmocka_unit_test(puts_and_replaces),
          cmocka_unit_test(shrinks_while_it_is_cleared_with_little_in_it),
          cmocka_unit_test(like_an_array_by_number), cmocka_unit_test(like_an_array_by_text),
          cmocka_unit_test(list_links))
