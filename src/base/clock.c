/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

#include "base/instant.h"

static int64_t read_us(clockid_t id)
{
    struct timespec at;
    (void)clock_gettime(id, &at); /* cannot fail for these two */
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

int64_t clock_real_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

void clock_init(struct clock *clock, bool test, int64_t at_least_ms)
{
    int64_t wall_ms = clock_real_ms();
    int64_t mono_ms = clock_mono_ms();
    bool believed = test || at_least_ms - wall_ms < DAY_MS;
    int64_t start_ms = believed ? MAX_OF(wall_ms, at_least_ms) : wall_ms;
    clock->test = test;
    atomic_init(&clock->test_now_ms, start_ms);
    atomic_init(&clock->offset_ms, start_ms - mono_ms);
    clock->adjusted_mono_ms = mono_ms;
}

int64_t clock_now_ms(const struct clock *clock)
{
    if (clock->test)
        return atomic_load_explicit(&clock->test_now_ms, memory_order_acquire);
    return clock_mono_ms() + atomic_load_explicit(&clock->offset_ms, memory_order_relaxed);
}

int64_t clock_next_offset(int64_t offset_ms, int64_t wall_ms, int64_t now_ms, int64_t elapsed_ms)
{
    int64_t behind_ms = wall_ms - now_ms;
    if (behind_ms >= 0)
        return offset_ms + behind_ms;
    /* Ahead: lose at most a tenth of the time that has passed, so that time never goes back. */
    return offset_ms - MIN_OF(-behind_ms, elapsed_ms / 10);
}

void clock_adjust(struct clock *clock)
{
    if (clock->test)
        return;
    int64_t mono_ms = clock_mono_ms();
    int64_t offset_ms = atomic_load_explicit(&clock->offset_ms, memory_order_relaxed);
    int64_t next_ms = clock_next_offset(offset_ms, clock_real_ms(), mono_ms + offset_ms,
                                        mono_ms - clock->adjusted_mono_ms);
    atomic_store_explicit(&clock->offset_ms, next_ms, memory_order_relaxed);
    clock->adjusted_mono_ms = mono_ms;
}

int64_t clock_advance(struct clock *clock, int64_t advance_ms)
{
    assert(clock->test && advance_ms >= 0);
    return atomic_fetch_add(&clock->test_now_ms, advance_ms) + advance_ms;
}
