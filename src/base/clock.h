/* SPDX-License-Identifier: MIT
 * base/clock.h: the times there are.
 *
 * Junctor's time (clock_now_ms) is what is stored and what things fall due by: UTC milliseconds
 * since 1970. It follows the wall clock, with two differences: it never goes back (when the wall
 * clock is stepped back, it goes on at nine tenths of its speed until the two meet, so that nothing
 * due is held), and with the test clock it stands still until it is told to move.
 * Real time (clock_real_ms) is the wall clock, for ids and leases. Monotonic time is for
 * durations. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct clock {
    bool test;
    _Atomic int64_t test_now_ms;
    _Atomic int64_t offset_ms; /* Junctor's time less monotonic time */
    int64_t adjusted_mono_ms;  /* when clock_adjust() last ran; its caller's thread only */
};

/* Starts at the later of the wall clock and `at_least_ms` (what the store remembers), but a memory
 * more than a day ahead of the wall clock is not believed. */
void clock_init(struct clock *clock, bool test, int64_t at_least_ms);

/* Any thread. */
int64_t clock_now_ms(const struct clock *clock);

/* One thread, about once a second: follows the wall clock. */
void clock_adjust(struct clock *clock);

/* The test clock only. Returns the new time. */
int64_t clock_advance(struct clock *clock, int64_t advance_ms);

int64_t clock_real_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* The pure part of clock_adjust(): the next offset, given the wall clock, Junctor's time and how
 * long ago the last adjustment was. */
int64_t clock_next_offset(int64_t offset_ms, int64_t wall_ms, int64_t now_ms, int64_t elapsed_ms);
