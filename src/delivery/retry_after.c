/* SPDX-License-Identifier: MIT
 * delivery/retry_after.c: the value of Retry-After. A date is read into the one form that
 * base/instant.h knows, which checks the calendar. The day's name is not: RFC 9110 has receivers be
 * lenient, and a wrong one changes nothing. */
#include "base/instant.h"
#include "delivery/retry.h"

/* A hundred years: more than anybody means, and far from overflow. */
#define SECONDS_MAX ((int64_t)100 * 366 * 86400)
#define YEAR_MS ((int64_t)366 * 86400 * 1000)

struct date {
    int year, month, day, hour, minute, second;
};

static bool take_char(str *text, char c)
{
    if (text->len == 0 || text->ptr[0] != c)
        return false;
    *text = str_skip(*text, 1);
    return true;
}

static bool take_digits(str *text, size_t count, int *ret_value)
{
    if (text->len < count)
        return false;
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (!char_is_digit(text->ptr[i]))
            return false;
        value = value * 10 + (text->ptr[i] - '0');
    }
    *text = str_skip(*text, count);
    *ret_value = value;
    return true;
}

static bool take_month(str *text, int *ret_month)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (int i = 0; i < 12; i++) {
        if (text->len >= 3 && str_equal_nocase(str_head(*text, 3), str_from(names + 3 * i, 3))) {
            *text = str_skip(*text, 3);
            *ret_month = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_time(str *text, struct date *date)
{
    return take_digits(text, 2, &date->hour) && take_char(text, ':') &&
           take_digits(text, 2, &date->minute) && take_char(text, ':') &&
           take_digits(text, 2, &date->second);
}

static bool is_gmt(str text)
{
    return str_equal_nocase(text, STR(" GMT"));
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool read_fixdate(str text, struct date *date)
{
    return take_char(&text, ' ') && take_digits(&text, 2, &date->day) && take_char(&text, ' ') &&
           take_month(&text, &date->month) && take_char(&text, ' ') &&
           take_digits(&text, 4, &date->year) && take_char(&text, ' ') && take_time(&text, date) &&
           is_gmt(text);
}

/* Sunday, 06-Nov-94 08:49:37 GMT; the century is still to be found. */
static bool read_rfc850(str text, struct date *date)
{
    return take_char(&text, ' ') && take_digits(&text, 2, &date->day) && take_char(&text, '-') &&
           take_month(&text, &date->month) && take_char(&text, '-') &&
           take_digits(&text, 2, &date->year) && take_char(&text, ' ') && take_time(&text, date) &&
           is_gmt(text);
}

/* Sun Nov  6 08:49:37 1994 */
static bool read_asctime(str text, struct date *date)
{
    if (!take_month(&text, &date->month) || !take_char(&text, ' '))
        return false;
    bool day = take_char(&text, ' ') ? take_digits(&text, 1, &date->day)
                                     : take_digits(&text, 2, &date->day);
    return day && take_char(&text, ' ') && take_time(&text, date) && take_char(&text, ' ') &&
           take_digits(&text, 4, &date->year) && text.len == 0;
}

static char *put(char *at, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + digits;
}

static bool to_instant(const struct date *date, int64_t *ret_ms)
{
    char text[] = "0000-00-00T00:00:00Z";
    char *at = put(text, date->year, 4) + 1;
    at = put(at, date->month, 2) + 1;
    at = put(at, date->day, 2) + 1;
    at = put(at, date->hour, 2) + 1;
    at = put(at, date->minute, 2) + 1;
    (void)put(at, date->second, 2);
    return instant_read(str_from(text, sizeof(text) - 1), ret_ms);
}

/* RFC 9110 §5.6.7: two digits that seem to lie more than 50 years ahead mean the century before. */
static bool in_century(struct date *date, int64_t now_ms, int64_t *ret_ms)
{
    char today[INSTANT_TEXT_LEN];
    instant_write(now_ms, today);
    str digits = str_from(today, sizeof(today));
    int year;
    if (!take_digits(&digits, 4, &year))
        return false;
    date->year += year - year % 100;
    if (!to_instant(date, ret_ms))
        return false;
    if (*ret_ms - now_ms <= 50 * YEAR_MS || date->year < 100)
        return true;
    date->year -= 100;
    return to_instant(date, ret_ms);
}

static bool read_date(str value, int64_t now_ms, int64_t *ret_ms)
{
    size_t letters = 0;
    while (letters < value.len && char_is_alpha(value.ptr[letters]))
        letters++;
    if (letters < 3 || letters == value.len)
        return false;
    char behind = value.ptr[letters];
    str rest = str_skip(value, letters + 1);
    struct date date = {};
    if (behind == ' ')
        return read_asctime(rest, &date) && to_instant(&date, ret_ms);
    if (behind != ',')
        return false;
    if (read_fixdate(rest, &date))
        return to_instant(&date, ret_ms);
    date = (struct date){};
    return read_rfc850(rest, &date) && in_century(&date, now_ms, ret_ms);
}

static bool read_seconds(str value, int64_t *ret_ms)
{
    int64_t seconds = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (!char_is_digit(value.ptr[i]))
            return false;
        seconds = MIN_OF(seconds * 10 + (value.ptr[i] - '0'), SECONDS_MAX);
    }
    *ret_ms = seconds * 1000;
    return value.len > 0;
}

bool retry_after_read(str value, int64_t now_ms, int64_t *ret_ms)
{
    value = str_trim(value);
    int64_t at_ms;
    if (read_seconds(value, ret_ms))
        return true;
    if (!read_date(value, now_ms, &at_ms))
        return false;
    *ret_ms = MAX_OF(at_ms - now_ms, 0);
    return true;
}
