/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/arena.h"

#define FIRST_ROOM ((size_t)16)

void map_done(struct map *map)
{
    free(map->slots);
    *map = (struct map){};
}

void map_clear(struct map *map)
{
    /* One that was once large is not cleared at its largest for ever. */
    if (map->room > FIRST_ROOM && map->count < map->room / 16) {
        map->room /= 2;
        map->slots = xrealloc(map->slots, map->room * sizeof(*map->slots));
    }
    if (map->room > 0)
        memset(map->slots, 0, map->room * sizeof(*map->slots));
    map->count = 0;
}

static uint64_t hash_bytes(const struct map *map, str key)
{
    static_assert(sizeof(map->seed) == crypto_shorthash_KEYBYTES, "SipHash-2-4 takes 16 bytes");
    uint64_t hash;
    (void)crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key.ptr, key.len,
                           map->seed);
    return hash;
}

/* Ids are ours, not the sender's: a mixer is enough. It is a bijection, so equal hashes mean equal
 * keys. */
static uint64_t hash_int(uint64_t key)
{
    key ^= key >> 32;
    key *= 0xd6e8feb86659fd93U;
    key ^= key >> 32;
    key *= 0xd6e8feb86659fd93U;
    return key ^ (key >> 32);
}

static struct map_slot *find_slot(const struct map *map, uint64_t hash, str key)
{
    size_t at = (size_t)hash & (map->room - 1);
    while (map->slots[at].value != NULL) {
        if (map->slots[at].hash == hash && str_equal(map->slots[at].key, key))
            break;
        at = (at + 1) & (map->room - 1);
    }
    return &map->slots[at];
}

static void grow(struct map *map)
{
    struct map_slot *old = map->slots;
    size_t old_room = map->room;
    if (old_room == 0)
        randombytes_buf(map->seed, sizeof(map->seed));
    map->room = old_room == 0 ? FIRST_ROOM : old_room * 2;
    map->slots = xcalloc(map->room, sizeof(*map->slots));
    for (size_t i = 0; i < old_room; i++)
        if (old[i].value != NULL)
            *find_slot(map, old[i].hash, old[i].key) = old[i];
    free(old);
}

static void *find(const struct map *map, uint64_t hash, str key)
{
    return find_slot(map, hash, key)->value;
}

static void *put(struct map *map, uint64_t hash, str key, void *value)
{
    assert(value != NULL);
    struct map_slot *slot = find_slot(map, hash, key);
    void *before = slot->value;
    *slot = (struct map_slot){ .hash = hash, .value = value, .key = key };
    if (before == NULL)
        map->count++;
    return before;
}

/* Closes the gap, so that no tombstones are needed. */
static void *take(struct map *map, uint64_t hash, str key)
{
    struct map_slot *slot = find_slot(map, hash, key);
    void *before = slot->value;
    if (before == NULL)
        return NULL;
    map->count--;
    size_t mask = map->room - 1;
    size_t gap = (size_t)(slot - map->slots);
    for (size_t at = (gap + 1) & mask; map->slots[at].value != NULL; at = (at + 1) & mask) {
        size_t home = (size_t)map->slots[at].hash & mask;
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            map->slots[gap] = map->slots[at];
            gap = at;
        }
    }
    map->slots[gap] = (struct map_slot){};
    return before;
}

static void make_room(struct map *map)
{
    if (map->room == 0 || map->count * 4 >= map->room * 3)
        grow(map);
}

void *map_find(const struct map *map, str key)
{
    return map->room == 0 ? NULL : find(map, hash_bytes(map, key), key);
}

void *map_find_int(const struct map *map, uint64_t key)
{
    return map->room == 0 ? NULL : find(map, hash_int(key), (str){});
}

void *map_put(struct map *map, str key, void *value)
{
    make_room(map);
    return put(map, hash_bytes(map, key), key, value);
}

void *map_put_int(struct map *map, uint64_t key, void *value)
{
    make_room(map);
    return put(map, hash_int(key), (str){}, value);
}

void *map_remove(struct map *map, str key)
{
    return map->room == 0 ? NULL : take(map, hash_bytes(map, key), key);
}

void *map_remove_int(struct map *map, uint64_t key)
{
    return map->room == 0 ? NULL : take(map, hash_int(key), (str){});
}

void *map_next(const struct map *map, size_t *at)
{
    while (*at < map->room) {
        void *value = map->slots[(*at)++].value;
        if (value != NULL)
            return value;
    }
    return NULL;
}
