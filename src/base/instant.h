/* SPDX-License-Identifier: MIT
 * base/instant.h: moments as text: RFC 3339 with milliseconds, always UTC
 * ("2026-11-21T10:00:00.000Z"). Pure: no time zone data, no clock. Years 1 to 9999, proleptic
 * Gregorian calendar. */
#pragma once

#include "base/str.h"

#define INSTANT_TEXT_LEN 24

/* As UTC has them: without leap seconds. */
#define MINUTE_MS ((int64_t)60000)
#define DAY_MS ((int64_t)86400000)

/* Writes INSTANT_TEXT_LEN bytes, no NUL. Moments outside the years 1 to 9999 are clamped. */
void instant_write(int64_t at_ms, char *text);

/* Reads RFC 3339 ("T" or space, optional fraction of 1 to 9 digits, "Z" or an offset), or a date
 * alone (its midnight in UTC). Fractions below a millisecond are cut. A leap second reads as the
 * last millisecond of its minute. */
MUST_USE bool instant_read(str text, int64_t *ret_ms);
