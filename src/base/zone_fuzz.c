/* SPDX-License-Identifier: MIT
 * A TZif file, or, behind a '!', a rule alone. Whatever is read has days that rise, and each begins
 * at the first moment of its date. */
#include "base/zone.h"

#include "base/date.h"

#define YEAR_9000_S ((int64_t)221845392000)

static void check_days(const struct zone *zone, int64_t first)
{
    int64_t before = zone_day_begin(zone, first);
    for (int64_t day = first; day < first + 400; day++) {
        int64_t begin = zone_day_begin(zone, day);
        assert(begin >= before);
        assert(zone_day(zone, begin) >= day);
        assert(zone_day(zone, begin - 1) < day);
        before = begin;
    }
}

static void check(const struct zone *zone)
{
    static const int64_t moments[] = { INT64_MIN, -1, 0, 1795219200, 2216250000, INT64_MAX };
    for (size_t i = 0; i < COUNT_OF(moments); i++) {
        char text[ZONE_TEXT_LEN];
        int offset_s = zone_offset(zone, moments[i]);
        assert(offset_s >= -26 * 3600 && offset_s <= 26 * 3600);
        (void)zone_write(zone, moments[i], text);
    }
    check_days(zone, date_to_days(2026, 1, 1));
    int64_t last = zone->change_count > 0 ? zone->changes[zone->change_count - 1] : 0;
    if (last > 0 && last < YEAR_9000_S)
        check_days(zone, zone_day(zone, last) - 200);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct zone zone = {};
    if (size > 0 && data[0] == '!')
        zone.has_rule = zone_rule_read(str_from(data + 1, size - 1), &zone.rule);
    else if (!zone_read(str_from(data, size), &arena, &zone))
        return 0;
    check(&zone);
    return 0;
}
