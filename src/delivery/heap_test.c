/* SPDX-License-Identifier: MIT */
#include "delivery/heap.h"

#include "base/testing.h"

#define MEMBERS 300

static bool comes_first(const struct heap_link *a, const struct heap_link *b)
{
    return a->key != b->key ? a->key < b->key : a->id < b->id;
}

static void check(const struct heap *heap, const struct heap_link *members, size_t count)
{
    size_t inside = 0;
    const struct heap_link *least = NULL;
    for (size_t i = 0; i < count; i++) {
        if (members[i].at == 0)
            continue;
        inside++;
        CHECK("(1)", heap->links[members[i].at] == &members[i]);
        if (least == NULL || comes_first(&members[i], least))
            least = &members[i];
    }
    CHECK_INT("(1)", heap->count, inside);
    CHECK("first", heap_first(heap) == least);
    for (size_t at = 2; at <= heap->count; at++)
        CHECK("(2)", !comes_first(heap->links[at], heap->links[at / 2]));
}

/* Random members go in and out; after each step both invariants hold. */
TEST(invariants)
{
    uint64_t seed = 11;
    struct heap heap = {};
    struct heap_link members[MEMBERS] = {};
    for (int step = 0; step < 20000; step++) {
        struct heap_link *member = &members[test_random(&seed) % MEMBERS];
        bool filling = step / 2000 % 2 == 0;
        if (member->at == 0 && (filling || test_random(&seed) % 3 == 0)) {
            member->key = (int64_t)(test_random(&seed) % 20);
            member->id = member - members;
            heap_add(&heap, member);
        } else if (member->at != 0) {
            heap_remove(&heap, test_random(&seed) % 2 == 0 ? member : heap_first(&heap));
        }
        if (step % 7 == 0)
            check(&heap, members, MEMBERS);
    }
    heap_done(&heap);
}

TEST(comes_out_in_order)
{
    uint64_t seed = 5;
    struct heap heap = {};
    struct heap_link members[MEMBERS] = {};
    for (int i = 0; i < MEMBERS; i++) {
        members[i].key = (int64_t)(test_random(&seed) % 50);
        members[i].id = i;
        heap_add(&heap, &members[i]);
    }
    struct heap_link last = { .key = -1 };
    for (int i = 0; i < MEMBERS; i++) {
        struct heap_link *first = heap_first(&heap);
        CHECK("order", comes_first(&last, first));
        last = *first;
        heap_remove(&heap, first);
    }
    CHECK("empty", heap_first(&heap) == NULL);
    heap_done(&heap);
}

RUN_TESTS(cmocka_unit_test(invariants), cmocka_unit_test(comes_out_in_order))
