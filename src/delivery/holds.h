/* SPDX-License-Identifier: MIT
 * delivery/holds.h: what keeps outlets from being sent to, for other threads to read. Each courier
 * tells of its outlets, and only when something has changed: on the way of a delivery to an outlet
 * that is well, nobody comes here. */
#pragma once

#include <pthread.h>

#include "base/map.h"
#include "delivery/delivery.h"

struct holds {
    pthread_mutex_t mutex; /* held for a look into the map, by both sides */
    struct map by_outlet;  /* id → struct outlet_hold; who is not in it is free */
};

void holds_init(struct holds *holds);
void holds_done(struct holds *holds);

/* Any thread. */
void holds_put(struct holds *holds, int64_t outlet, const struct outlet_hold *hold);
struct outlet_hold holds_find(struct holds *holds, int64_t outlet);

/* Nothing holds it. */
bool hold_is_none(const struct outlet_hold *hold);
bool hold_equal(const struct outlet_hold *a, const struct outlet_hold *b);
