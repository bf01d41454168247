/* SPDX-License-Identifier: MIT */
#include "base/zones.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/zone_file.h"

#define DEFAULT_RULE "EST5EDT,M3.2.0,M11.1.0"

struct known {
    struct known *next;
    struct arena arena;
    str name;
    struct zone zone;
};

struct zones {
    const char *directory;
    _Atomic(struct known *) first;
};

struct zones *zones_new(const char *directory)
{
    struct zones *zones = NEW(struct zones);
    zones->directory = directory;
    return zones;
}

static void let_go(struct known *known)
{
    arena_done(&known->arena);
    free(known);
}

void zones_free(struct zones *zones)
{
    struct known *known = zones == NULL ? NULL : atomic_load(&zones->first);
    while (known != NULL) {
        struct known *next = known->next;
        let_go(known);
        known = next;
    }
    free(zones);
}

static bool load(const struct zones *zones, struct known *known)
{
    if (zone_load(zones->directory, known->name, &known->arena, &known->zone) == 0)
        return true;
    known->zone = (struct zone){ .has_rule = true };
    return str_equal(known->name, STR(ZONE_DEFAULT)) &&
           zone_rule_read(STR(DEFAULT_RULE), &known->zone.rule);
}

const struct zone *zones_find(struct zones *zones, str name)
{
    struct known *first = atomic_load(&zones->first);
    for (struct known *known = first; known != NULL; known = known->next)
        if (str_equal(known->name, name))
            return &known->zone;
    struct known *known = NEW(struct known);
    known->name = arena_str(&known->arena, name);
    if (!load(zones, known)) {
        let_go(known);
        return NULL;
    }
    /* Another thread may have put the same one there meanwhile: then there are two. */
    do
        known->next = first;
    while (!atomic_compare_exchange_weak(&zones->first, &first, known));
    return &known->zone;
}
