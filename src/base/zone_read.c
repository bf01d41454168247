/* SPDX-License-Identifier: MIT
 * base/zone_read.c: TZif files (RFC 8536) and the rule at their end, which is a TZ string as POSIX
 * has it, with the hours of version 3. */
#include "base/zone.h"

/* RFC 8536 §3.2 advises −25 to 26 hours. */
#define OFFSET_MAX_S (26 * 3600)

/* ── the rule ── */

static bool take(str *text, char c)
{
    if (text->len == 0 || text->ptr[0] != c)
        return false;
    *text = str_skip(*text, 1);
    return true;
}

/* At most three digits. */
static bool take_number(str *text, int least, int most, int *ret_value)
{
    int value = 0;
    size_t digits = 0;
    while (digits < text->len && char_is_digit(text->ptr[digits])) {
        if (digits == 3)
            return false;
        value = value * 10 + (text->ptr[digits++] - '0');
    }
    if (digits == 0 || value < least || value > most)
        return false;
    *text = str_skip(*text, digits);
    *ret_value = value;
    return true;
}

static bool take_time(str *text, int most_hours, int *ret_s)
{
    int hours;
    int minutes = 0;
    int seconds = 0;
    bool negative = take(text, '-');
    if (!negative)
        (void)take(text, '+');
    if (!take_number(text, 0, most_hours, &hours) ||
        (take(text, ':') && (!take_number(text, 0, 59, &minutes) ||
                             (take(text, ':') && !take_number(text, 0, 59, &seconds)))))
        return false;
    int size = (hours * 60 + minutes) * 60 + seconds;
    *ret_s = negative ? -size : size;
    return true;
}

/* "CET", "<+0530>": what it is called is of no interest. */
static bool take_name(str *text)
{
    bool quoted = take(text, '<');
    size_t len = 0;
    while (len < text->len) {
        char c = text->ptr[len];
        bool sign = char_is_digit(c) || c == '+' || c == '-';
        if (!char_is_alpha(c) && !(quoted && sign))
            break;
        len++;
    }
    *text = str_skip(*text, len);
    return len >= 3 && (!quoted || take(text, '>'));
}

static bool take_date(str *text, struct zone_date *ret_date)
{
    struct zone_date date = { .kind = ZONE_DATE_DAY, .time_s = 2 * 3600 };
    bool good;
    if (take(text, 'M')) {
        date.kind = ZONE_DATE_WEEK;
        good = take_number(text, 1, 12, &date.month) && take(text, '.') &&
               take_number(text, 1, 5, &date.week) && take(text, '.') &&
               take_number(text, 0, 6, &date.day);
    } else if (take(text, 'J')) {
        date.kind = ZONE_DATE_JULIAN;
        good = take_number(text, 1, 365, &date.day);
    } else {
        good = take_number(text, 0, 365, &date.day);
    }
    if (!good || (take(text, '/') && !take_time(text, 167, &date.time_s)))
        return false;
    *ret_date = date;
    return true;
}

bool zone_rule_read(str text, struct zone_rule *ret_rule)
{
    struct zone_rule rule = {};
    int west_s;
    if (!take_name(&text) || !take_time(&text, 24, &west_s))
        return false;
    rule.standard_s = -west_s;
    if (text.len > 0) {
        rule.has_daylight = true;
        rule.daylight_s = rule.standard_s + 3600;
        if (!take_name(&text))
            return false;
        if (text.len > 0 && text.ptr[0] != ',') {
            if (!take_time(&text, 24, &west_s))
                return false;
            rule.daylight_s = -west_s;
        }
        if (!take(&text, ',') || !take_date(&text, &rule.begin) || !take(&text, ',') ||
            !take_date(&text, &rule.end))
            return false;
    }
    if (text.len > 0)
        return false;
    *ret_rule = rule;
    return true;
}

/* ── the file ── */

struct header {
    char version;
    size_t utc_marks, standard_marks, leaps, changes, types, letters;
};

static uint32_t big_endian(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int64_t signed_64(const char *at)
{
    return (int64_t)((uint64_t)big_endian(at) << 32 | big_endian(at + 4));
}

static bool take_bytes(str *rest, size_t count, const char **ret_bytes)
{
    if (rest->len < count)
        return false;
    *ret_bytes = rest->ptr;
    *rest = str_skip(*rest, count);
    return true;
}

static bool take_header(str *rest, struct header *ret_header)
{
    const char *at;
    if (!take_bytes(rest, 44, &at) || memcmp(at, "TZif", 4) != 0)
        return false;
    *ret_header = (struct header){ .version = at[4],
                                   .utc_marks = big_endian(at + 20),
                                   .standard_marks = big_endian(at + 24),
                                   .leaps = big_endian(at + 28),
                                   .changes = big_endian(at + 32),
                                   .types = big_endian(at + 36),
                                   .letters = big_endian(at + 40) };
    return true;
}

/* What stands behind the changes and their types; each count has 32 bits, so that no sum is too
 * long for a size. */
static size_t tail_size(const struct header *header, size_t time_size)
{
    return header->types * 6 + header->letters + header->leaps * (time_size + 4) +
           header->standard_marks + header->utc_marks;
}

static bool read_offset(const char *type, int *ret_s)
{
    int offset_s = (int32_t)big_endian(type);
    if (offset_s < -OFFSET_MAX_S || offset_s > OFFSET_MAX_S)
        return false;
    *ret_s = offset_s;
    return true;
}

struct block {
    const char *times, *indexes, *types;
};

static bool read_changes(const struct header *header, const struct block *block,
                         struct arena *arena, struct zone *zone)
{
    int64_t *changes = ARENA_ARRAY(arena, int64_t, header->changes + 1);
    int *offsets_s = ARENA_ARRAY(arena, int, header->changes + 1);
    for (size_t i = 0; i < header->changes; i++) {
        size_t type = (unsigned char)block->indexes[i];
        changes[i] = signed_64(block->times + i * 8);
        if ((i > 0 && changes[i] <= changes[i - 1]) || type >= header->types ||
            !read_offset(block->types + type * 6, &offsets_s[i]))
            return false;
    }
    zone->changes = changes;
    zone->offsets_s = offsets_s;
    zone->change_count = (int)header->changes;
    return true;
}

static bool read_footer(str rest, struct zone *zone)
{
    if (!take(&rest, '\n') || rest.len == 0 || str_index(rest, '\n') != (ptrdiff_t)rest.len - 1)
        return false;
    rest.len--;
    zone->has_rule = rest.len > 0;
    return rest.len == 0 || zone_rule_read(rest, &zone->rule);
}

bool zone_read(str bytes, struct arena *arena, struct zone *ret_zone)
{
    struct header header;
    const char *skipped;
    /* First what version 1 could say, with times of 32 bits. */
    if (!take_header(&bytes, &header) || header.version < '2' ||
        !take_bytes(&bytes, header.changes * 5 + tail_size(&header, 4), &skipped) ||
        !take_header(&bytes, &header) || header.leaps > 0 || header.types < 1 || header.types > 256)
        return false;
    struct zone zone = {};
    struct block block;
    if (!take_bytes(&bytes, header.changes * 8, &block.times) ||
        !take_bytes(&bytes, header.changes, &block.indexes) ||
        !take_bytes(&bytes, tail_size(&header, 8), &block.types) ||
        !read_offset(block.types, &zone.first_s) || !read_changes(&header, &block, arena, &zone) ||
        !read_footer(bytes, &zone))
        return false;
    *ret_zone = zone;
    return true;
}
