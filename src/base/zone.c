/* SPDX-License-Identifier: MIT */
#include "base/zone.h"

#include "base/date.h"

#define DAY_S ((int64_t)86400)
#define YEAR_1_S ((int64_t)-62135596800)
#define YEAR_9999_S ((int64_t)253402300799)

bool zone_name_is_valid(str name)
{
    if (name.len == 0 || name.len > ZONE_NAME_MAX)
        return false;
    char before = '/';
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool plain = char_is_alpha(c) || char_is_digit(c) || c == '_' || c == '+' || c == '-';
        if (!plain && (c != '/' || before == '/'))
            return false;
        before = c;
    }
    return before != '/';
}

static int64_t floor_days(int64_t seconds)
{
    return seconds / DAY_S - (seconds % DAY_S < 0);
}

/* ── the rule ── */

static int64_t days_of(const struct zone_date *date, int64_t year)
{
    int64_t first = date_to_days(year, 1, 1);
    switch (date->kind) {
    case ZONE_DATE_JULIAN:
        return first + date->day - 1 + (date->day >= 60 && date_month_days(year, 2) == 29);
    case ZONE_DATE_DAY:
        return first + date->day;
    case ZONE_DATE_WEEK:
        break;
    }
    first = date_to_days(year, date->month, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970 began on a Thursday */
    int64_t day = (date->day - weekday + 7) % 7 + ((int64_t)date->week - 1) * 7;
    while (day >= date_month_days(year, date->month))
        day -= 7;
    return first + day;
}

struct change {
    int64_t at;
    int offset_s; /* from then on */
};

/* The changes that a rule makes around a moment. Times may lead a week out of their year. */
#define RULE_CHANGES 8

static void rule_changes(const struct zone_rule *rule, int64_t unix_s,
                         struct change changes[RULE_CHANGES])
{
    int64_t year, month, day;
    date_from_days(floor_days(unix_s), &year, &month, &day);
    for (int i = 0; i < RULE_CHANGES; i++) {
        bool begin = i % 2 == 0;
        const struct zone_date *date = begin ? &rule->begin : &rule->end;
        int before_s = begin ? rule->standard_s : rule->daylight_s;
        int64_t local = days_of(date, year - 2 + i / 2) * DAY_S + date->time_s;
        changes[i] =
            (struct change){ local - before_s, begin ? rule->daylight_s : rule->standard_s };
    }
}

static int rule_offset(const struct zone_rule *rule, int64_t unix_s)
{
    if (!rule->has_daylight)
        return rule->standard_s;
    struct change changes[RULE_CHANGES];
    rule_changes(rule, unix_s, changes);
    struct change newest = { INT64_MIN, rule->standard_s };
    /* Of two at one moment the later in the calendar counts: a year that is all daylight saving
     * time ends where the next one begins. */
    for (int i = 0; i < RULE_CHANGES; i++)
        if (changes[i].at <= unix_s && changes[i].at >= newest.at)
            newest = changes[i];
    return newest.offset_s;
}

static int64_t rule_next(const struct zone_rule *rule, int64_t unix_s)
{
    if (!rule->has_daylight)
        return INT64_MAX;
    struct change changes[RULE_CHANGES];
    rule_changes(rule, unix_s, changes);
    int64_t next = INT64_MAX;
    for (int i = 0; i < RULE_CHANGES; i++)
        if (changes[i].at > unix_s)
            next = MIN_OF(next, changes[i].at);
    return next;
}

/* ── the zone ── */

/* How many changes there have been. */
static int count_changes(const struct zone *zone, int64_t unix_s)
{
    int low = 0;
    int high = zone->change_count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (zone->changes[middle] <= unix_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int64_t clamp(int64_t unix_s)
{
    return MIN_OF(MAX_OF(unix_s, YEAR_1_S), YEAR_9999_S);
}

static int offset_at(const struct zone *zone, int64_t unix_s)
{
    int count = count_changes(zone, unix_s);
    if (count == zone->change_count && zone->has_rule)
        return rule_offset(&zone->rule, unix_s);
    return count == 0 ? zone->first_s : zone->offsets_s[count - 1];
}

int zone_offset(const struct zone *zone, int64_t unix_s)
{
    return offset_at(zone, clamp(unix_s));
}

/* The next moment at which the offset may change; INT64_MAX: it never does. */
static int64_t next_change(const struct zone *zone, int64_t unix_s)
{
    int count = count_changes(zone, unix_s);
    if (count < zone->change_count)
        return zone->changes[count];
    return zone->has_rule ? rule_next(&zone->rule, unix_s) : INT64_MAX;
}

int64_t zone_day(const struct zone *zone, int64_t unix_s)
{
    unix_s = clamp(unix_s);
    return floor_days(unix_s + offset_at(zone, unix_s));
}

struct zone_time zone_time(const struct zone *zone, int64_t unix_s)
{
    unix_s = clamp(unix_s);
    int64_t local = unix_s + offset_at(zone, unix_s);
    int64_t days = floor_days(local);
    int64_t rest = local - days * DAY_S;
    int64_t year, month, day;
    date_from_days(days, &year, &month, &day);
    return (struct zone_time){ .year = year,
                               .month = (int)month,
                               .day = (int)day,
                               .hour = (int)(rest / 3600),
                               .minute = (int)(rest / 60 % 60),
                               .second = (int)(rest % 60) };
}

static char *put_digits(char *at, int64_t value, int width, char behind)
{
    for (int i = width - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    if (behind == '\0')
        return at + width;
    at[width] = behind;
    return at + width + 1;
}

str zone_write(const struct zone *zone, int64_t unix_s, char text[ZONE_TEXT_LEN])
{
    struct zone_time time = zone_time(zone, unix_s);
    /* An offset may lead a day out of the years that have four digits. */
    char *at = put_digits(text, MIN_OF(MAX_OF(time.year, 0), 9999), 4, '-');
    at = put_digits(at, time.month, 2, '-');
    at = put_digits(at, time.day, 2, ' ');
    at = put_digits(at, time.hour, 2, ':');
    at = put_digits(at, time.minute, 2, ':');
    (void)put_digits(at, time.second, 2, '\0');
    return str_from(text, ZONE_TEXT_LEN);
}

int64_t zone_moment(const struct zone *zone, int64_t local_s)
{
    local_s = clamp(local_s);
    /* No offset is as long: the day before, or the one before that. */
    int64_t at = local_s - 27 * (int64_t)3600;
    for (;;) {
        int64_t next = next_change(zone, at);
        int64_t begin = MAX_OF(at, local_s - offset_at(zone, at));
        if (begin < next)
            return begin;
        at = next;
    }
}

int64_t zone_day_begin(const struct zone *zone, int64_t day)
{
    return zone_moment(zone, MIN_OF(MAX_OF(day, YEAR_1_S / DAY_S), YEAR_9999_S / DAY_S) * DAY_S);
}
