/* SPDX-License-Identifier: MIT
 * Invariants, of those that were allowed:
 * (1) in any span of time there are at most a second's worth (at least one) and what the span is
 *     worth;
 * (2) when nothing has gone for a second, or for one interval, one may go;
 * (3) at the moment that was told, one may go, and not earlier;
 * (4) behind a change of the limit one may go after one interval of the new one. */
#include "delivery/rate.h"

#define MINUTE_US ((int64_t)60 * 1000000)

static int64_t interval_us(const struct rate *rate)
{
    return MINUTE_US / rate->per_minute;
}

/* How far behind its time it may be: a second's worth but one. */
static int64_t slack_us(const struct rate *rate)
{
    int64_t at_once = rate->per_minute / 60;
    return at_once > 1 ? (at_once - 1) * interval_us(rate) : 0;
}

void rate_set(struct rate *rate, int64_t per_minute, int64_t now_ms)
{
    rate->per_minute = per_minute;
    if (per_minute > 0)
        rate->full_us = MIN_OF(rate->full_us, now_ms * 1000 + slack_us(rate) + interval_us(rate));
}

bool rate_allows(const struct rate *rate, int64_t now_ms, int64_t *ret_at_ms)
{
    if (rate->per_minute == 0)
        return true;
    int64_t at_us = rate->full_us - slack_us(rate);
    *ret_at_ms = (at_us + 999) / 1000;
    return *ret_at_ms <= now_ms;
}

void rate_take(struct rate *rate, int64_t now_ms)
{
    if (rate->per_minute == 0)
        return;
    int64_t from_us = rate->full_us > now_ms * 1000 ? rate->full_us : now_ms * 1000;
    rate->full_us = from_us + interval_us(rate);
}
