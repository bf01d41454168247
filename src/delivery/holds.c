/* SPDX-License-Identifier: MIT */
#include "delivery/holds.h"

#include <stdlib.h>

void holds_init(struct holds *holds)
{
    *holds = (struct holds){};
    (void)pthread_mutex_init(&holds->mutex, NULL);
}

void holds_done(struct holds *holds)
{
    size_t at = 0;
    struct outlet_hold *hold;
    while ((hold = map_next(&holds->by_outlet, &at)) != NULL)
        free(hold);
    map_done(&holds->by_outlet);
    (void)pthread_mutex_destroy(&holds->mutex);
}

bool hold_is_none(const struct outlet_hold *hold)
{
    return hold->breaker == BREAKER_CLOSED && hold->hold_until_ms == 0 && hold->token_at_ms == 0;
}

bool hold_equal(const struct outlet_hold *a, const struct outlet_hold *b)
{
    return a->breaker == b->breaker && a->probe_at_ms == b->probe_at_ms &&
           a->hold_until_ms == b->hold_until_ms && a->token_at_ms == b->token_at_ms;
}

void holds_put(struct holds *holds, int64_t outlet, const struct outlet_hold *hold)
{
    struct outlet_hold *before;
    struct outlet_hold *kept = NULL;
    if (!hold_is_none(hold)) {
        kept = NEW(struct outlet_hold);
        *kept = *hold;
    }
    (void)pthread_mutex_lock(&holds->mutex);
    before = kept == NULL ? map_remove_int(&holds->by_outlet, (uint64_t)outlet)
                          : map_put_int(&holds->by_outlet, (uint64_t)outlet, kept);
    (void)pthread_mutex_unlock(&holds->mutex);
    free(before);
}

struct outlet_hold holds_find(struct holds *holds, int64_t outlet)
{
    struct outlet_hold hold = {};
    (void)pthread_mutex_lock(&holds->mutex);
    const struct outlet_hold *found = map_find_int(&holds->by_outlet, (uint64_t)outlet);
    if (found != NULL)
        hold = *found;
    (void)pthread_mutex_unlock(&holds->mutex);
    return hold;
}
