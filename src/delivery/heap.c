/* SPDX-License-Identifier: MIT
 * Invariants: (1) links[1] to links[count] are the members, each knows its place; (2) none is
 * before links[its place / 2]. */
#include "delivery/heap.h"

#include <stdlib.h>

#include "base/arena.h"

#define FIRST_ROOM ((size_t)8)
#define KEPT_ROOM ((size_t)64) /* an empty heap keeps no more than this */

void heap_done(struct heap *heap)
{
    free(heap->links);
    *heap = (struct heap){};
}

static bool before(const struct heap_link *a, const struct heap_link *b)
{
    return a->key != b->key ? a->key < b->key : a->id < b->id;
}

static void put(struct heap *heap, size_t at, struct heap_link *link)
{
    heap->links[at] = link;
    link->at = at;
}

static void sift_up(struct heap *heap, size_t at, struct heap_link *link)
{
    while (at > 1 && before(link, heap->links[at / 2])) {
        put(heap, at, heap->links[at / 2]);
        at /= 2;
    }
    put(heap, at, link);
}

static void sift_down(struct heap *heap, size_t at, struct heap_link *link)
{
    for (;;) {
        size_t child = at * 2;
        if (child > heap->count)
            break;
        if (child < heap->count && before(heap->links[child + 1], heap->links[child]))
            child++;
        if (!before(heap->links[child], link))
            break;
        put(heap, at, heap->links[child]);
        at = child;
    }
    put(heap, at, link);
}

void heap_add(struct heap *heap, struct heap_link *link)
{
    assert(link->at == 0);
    if (heap->count + 1 >= heap->room) {
        heap->room = heap->room == 0 ? FIRST_ROOM : heap->room * 2;
        heap->links = xrealloc(heap->links, heap->room * sizeof(struct heap_link *));
    }
    heap->count++;
    sift_up(heap, heap->count, link);
}

void heap_remove(struct heap *heap, struct heap_link *link)
{
    size_t at = link->at;
    assert(at > 0 && at <= heap->count && heap->links[at] == link);
    struct heap_link *last = heap->links[heap->count];
    heap->count--;
    link->at = 0;
    if (heap->count == 0 && heap->room > KEPT_ROOM)
        heap_done(heap);
    if (last == link)
        return;
    if (at > 1 && before(last, heap->links[at / 2]))
        sift_up(heap, at, last);
    else
        sift_down(heap, at, last);
}
