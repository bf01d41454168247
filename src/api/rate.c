/* SPDX-License-Identifier: MIT
 * api/rate.c
 *
 * A slot is two words: the subject, and the minute (upper half) with the count in it (lower half).
 * A slot whose minute is past is anybody's. Two threads that race for one may lose a count of one:
 * a limit is exact but for that. */
#include "api/rate.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/instant.h"

#define SLOTS ((size_t)1 << 14)
#define PROBES 16
#define COUNT_MASK UINT64_C(0xffffffff)

struct slot {
    _Atomic uint64_t subject;
    _Atomic uint64_t window;
};

struct rates {
    struct slot slots[SLOTS];
};

struct rates *rates_new(void)
{
    return NEW(struct rates);
}

void rates_free(struct rates *rates)
{
    free(rates);
}

static uint64_t minute_of(int64_t now_ms)
{
    return (uint64_t)(now_ms / MINUTE_MS) << 32;
}

/* Takes the slot that rested longest of those where the subject may stand. */
static struct slot *claim(struct rates *rates, size_t home, uint64_t subject, uint64_t minute)
{
    struct slot *oldest = &rates->slots[home];
    uint64_t oldest_window = UINT64_MAX;
    for (size_t i = 0; i < PROBES; i++) {
        struct slot *slot = &rates->slots[(home + i) & (SLOTS - 1)];
        uint64_t window = atomic_load_explicit(&slot->window, memory_order_relaxed);
        if (window < oldest_window) {
            oldest = slot;
            oldest_window = window;
        }
    }
    atomic_store_explicit(&oldest->subject, subject, memory_order_relaxed);
    atomic_store_explicit(&oldest->window, minute, memory_order_relaxed);
    return oldest;
}

static struct slot *find(struct rates *rates, uint64_t subject, size_t *ret_home)
{
    size_t home = (size_t)(subject * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (SLOTS - 1);
    *ret_home = home;
    for (size_t i = 0; i < PROBES; i++) {
        struct slot *slot = &rates->slots[(home + i) & (SLOTS - 1)];
        if (atomic_load_explicit(&slot->subject, memory_order_relaxed) == subject)
            return slot;
    }
    return NULL;
}

struct rate rates_take(struct rates *rates, uint64_t subject, int64_t limit, int64_t now_ms)
{
    uint64_t minute = minute_of(now_ms);
    size_t home;
    struct slot *slot = find(rates, subject, &home);
    if (slot == NULL)
        slot = claim(rates, home, subject, minute);
    struct rate rate = { .limit = limit, .reset_s = (now_ms / MINUTE_MS + 1) * 60 };
    rate.wait_s = rate.reset_s - now_ms / 1000;
    uint64_t window = atomic_load_explicit(&slot->window, memory_order_relaxed);
    uint64_t next;
    int64_t count;
    do {
        count = window >> 32 == minute >> 32 ? (int64_t)(window & COUNT_MASK) : 0;
        if (count >= limit)
            return rate;
        next = minute | (uint64_t)(count + 1);
    } while (!atomic_compare_exchange_weak_explicit(&slot->window, &window, next,
                                                    memory_order_relaxed, memory_order_relaxed));
    rate.taken = true;
    rate.remaining = limit - count - 1;
    return rate;
}

void rates_give_back(struct rates *rates, uint64_t subject, int64_t now_ms)
{
    uint64_t minute = minute_of(now_ms);
    size_t home;
    struct slot *slot = find(rates, subject, &home);
    if (slot == NULL)
        return;
    uint64_t window = atomic_load_explicit(&slot->window, memory_order_relaxed);
    while (window >> 32 == minute >> 32 && (window & COUNT_MASK) > 0 &&
           !atomic_compare_exchange_weak_explicit(&slot->window, &window, window - 1,
                                                  memory_order_relaxed, memory_order_relaxed))
        continue;
}

uint64_t rates_subject(const char *kind, str name)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct digest digest = digest_sha256(arena_format(&arena, "%s %.*s", kind, STR_ARG(name)));
    uint64_t subject;
    memcpy(&subject, digest.bytes, sizeof(subject));
    return subject | UINT64_C(1) << 63; /* ids have 63 bits */
}
