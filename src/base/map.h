/* SPDX-License-Identifier: MIT
 * base/map.h: hash maps to pointers, one with 64-bit keys, one with byte keys. Open addressing,
 * SipHash with a seed of the map's own, so that senders cannot choose collisions. Values are never
 * NULL. Belongs to one thread at a time. An all-zero struct is an empty map. */
#pragma once

#include "base/str.h"

struct map_slot {
    uint64_t hash;
    void *value; /* NULL: free */
    str key;     /* byte keys only; borrowed, must outlive the entry */
};

struct map {
    struct map_slot *slots;
    size_t room; /* a power of two, or 0 */
    size_t count;
    unsigned char seed[16]; /* drawn with the first slots */
};

void map_done(struct map *map);
/* Costs what the entries since the last few times did, not what the most ever did. */
void map_clear(struct map *map);

/* NULL: absent. */
void *map_find(const struct map *map, str key);
void *map_find_int(const struct map *map, uint64_t key);

/* Replaces, and returns what was there, or NULL. */
void *map_put(struct map *map, str key, void *value);
void *map_put_int(struct map *map, uint64_t key, void *value);

/* Returns what was there, or NULL. */
void *map_remove(struct map *map, str key);
void *map_remove_int(struct map *map, uint64_t key);

/* for (size_t at = 0; (value = map_next(map, &at)) != NULL;) in no order; no changes meanwhile. */
void *map_next(const struct map *map, size_t *at);
