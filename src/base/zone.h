/* SPDX-License-Identifier: MIT
 * base/zone.h: time zones: what the clocks of a place show at a moment, and when its days begin.
 * Read from TZif files (RFC 8536, version 2 and up); behind a file's last change its rule goes on
 * for ever. Pure: base/zone_file.h finds the files. Moments are Unix seconds, without leap seconds;
 * those outside the years 1 to 9999 are clamped. */
#pragma once

#include "base/arena.h"

enum zone_date_kind {
    ZONE_DATE_JULIAN, /* day 1 to 365; 29 February is never counted */
    ZONE_DATE_DAY,    /* day 0 to 365 */
    ZONE_DATE_WEEK,   /* in `month`, weekday `day` (0: Sunday) of `week` (5: the last) */
};

struct zone_date {
    enum zone_date_kind kind;
    int month, week, day;
    int time_s; /* of the clock before the change; may be negative, or beyond a day */
};

/* What a POSIX TZ string says. Offsets are seconds east of UTC. */
struct zone_rule {
    int standard_s;
    bool has_daylight;
    int daylight_s;
    struct zone_date begin, end; /* of daylight saving time */
};

/* All zero is UTC. The arrays live in the arena it was read into. */
struct zone {
    const int64_t *changes; /* rising */
    const int *offsets_s;   /* from each change on */
    int change_count;
    int first_s; /* before the first change */
    bool has_rule;
    struct zone_rule rule; /* from the last change on */
};

/* False: it is no TZif file of version 2 or later, is cut, contradicts itself, or counts leap
 * seconds. */
MUST_USE bool zone_read(str bytes, struct arena *arena, struct zone *ret_zone);

/* "EST5EDT,M3.2.0,M11.1.0", "<+1030>-10:30". False: it is no such rule. */
MUST_USE bool zone_rule_read(str text, struct zone_rule *ret_rule);

/* Letters, digits, '_', '+', '-', and '/' between them; at most ZONE_NAME_MAX. */
#define ZONE_NAME_MAX 64
bool zone_name_is_valid(str name);

/* Seconds east of UTC. */
int zone_offset(const struct zone *zone, int64_t unix_s);

struct zone_time {
    int64_t year;
    int month, day, hour, minute, second;
};

struct zone_time zone_time(const struct zone *zone, int64_t unix_s);

/* "2026-11-21 10:00:00" */
#define ZONE_TEXT_LEN 19
str zone_write(const struct zone *zone, int64_t unix_s, char text[ZONE_TEXT_LEN]);

/* The first moment at which the place's clocks show `local_s`, given as if they were UTC's, or, where
 * a change leaves that out, later: the change. Of an hour that comes twice it is in the first. */
int64_t zone_moment(const struct zone *zone, int64_t local_s);

/* The local date, in days since 1970-01-01 (base/date.h). */
int64_t zone_day(const struct zone *zone, int64_t unix_s);

/* The first moment whose local date is that day or a later one: its midnight, or, where that is
 * left out, the change that leaves it out. A day ends where the next one begins: behind 23, 24 or
 * 25 hours mostly, and at once when the place has left it out. */
int64_t zone_day_begin(const struct zone *zone, int64_t day);
