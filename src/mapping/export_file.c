/* SPDX-License-Identifier: MIT */
#include "mapping/export_file.h"

#include "base/buf.h"
#include "base/date.h"
#include "base/id.h"
#include "model/order_names.h"

#define GRACE_MS ((int64_t)5 * 60 * 1000)
#define NAME_PART 40

/* Downwards, for moments before 1970 too. */
static int64_t seconds(int64_t ms)
{
    return ms / 1000 - (ms % 1000 < 0);
}

static struct export_day day_at(const struct zone *zone, int64_t ms)
{
    int64_t day = zone_day(zone, seconds(ms));
    return (struct export_day){ day, zone_day_begin(zone, day + 1) * 1000 + GRACE_MS };
}

struct export_day export_day_after(const struct zone *zone, struct export_day day)
{
    return (struct export_day){ day.day + 1, zone_day_begin(zone, day.day + 2) * 1000 + GRACE_MS };
}

struct export_day export_day_of(const struct zone *zone, int64_t due_ms, int64_t now_ms)
{
    const struct export_day due = day_at(zone, due_ms);
    return due.closes_ms > now_ms ? due : day_at(zone, now_ms);
}

str export_day_write(int64_t day, char text[EXPORT_DAY_LEN])
{
    int64_t year;
    int64_t month;
    int64_t in_month;
    date_from_days(day, &year, &month, &in_month);
    const int64_t digits[] = { year / 1000, year / 100, year / 10, year,          -1,
                               month / 10,  month,      -1,        in_month / 10, in_month };
    for (int i = 0; i < EXPORT_DAY_LEN; i++)
        text[i] = digits[i] < 0 ? '-' : (char)('0' + digits[i] % 10);
    return str_from(text, EXPORT_DAY_LEN);
}

/* Letters and digits of ASCII; one '-' for each run of others. */
static void add_safe(struct buf *buf, str name)
{
    bool gap = false;
    int added = 0;
    for (size_t i = 0; i < name.len && added < NAME_PART; i++) {
        char c = name.ptr[i];
        if (!char_is_alpha(c) && !char_is_digit(c)) {
            gap = added > 0;
            continue;
        }
        if (gap && added + 1 < NAME_PART)
            buf_char(buf, '-');
        added += gap ? 2 : 1;
        gap = false;
        buf_char(buf, c);
    }
    if (added > 0)
        buf_char(buf, '_');
}

str export_file_name(const struct endpoint *profile, const struct export_route *route, int64_t day,
                     struct arena *arena)
{
    char id[ID_TEXT_MAX];
    char date[EXPORT_DAY_LEN];
    struct buf buf;
    buf_init(&buf, arena, EXPORT_FILE_NAME_MAX);
    add_safe(&buf, profile->name);
    buf_add(&buf, id_write(ID_EXPORT_PROFILE, profile->object.id, id));
    buf_char(&buf, '_');
    buf_add(&buf, customer_type_name(route->type));
    buf_char(&buf, '_');
    buf_add(&buf, id_write(ID_EXPORT_ROUTE, route->id, id));
    buf_char(&buf, '_');
    buf_add(&buf, export_day_write(day, date));
    buf_add(&buf, STR(".csv"));
    assert(!buf_overflowed(&buf));
    return buf_str(&buf);
}
