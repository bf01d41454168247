/* SPDX-License-Identifier: MIT
 * delivery/heap.h: a queue with the smallest in front: by `key`, then by `id`. The links lie in the
 * members; any of them can be taken out. Not thread-safe. An all-zero struct is an empty heap. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct heap_link {
    int64_t key;
    int64_t id;
    size_t at; /* its place, from 1; 0: in no heap */
};

struct heap {
    struct heap_link **links; /* from 1 */
    size_t count;
    size_t room;
};

void heap_done(struct heap *heap);

/* `link` must be in no heap; its key and id stay as they are until it is taken out. */
void heap_add(struct heap *heap, struct heap_link *link);

/* `link` must be in this heap. */
void heap_remove(struct heap *heap, struct heap_link *link);

/* NULL: empty. */
static inline struct heap_link *heap_first(const struct heap *heap)
{
    return heap->count == 0 ? NULL : heap->links[1];
}
