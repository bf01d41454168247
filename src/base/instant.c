/* SPDX-License-Identifier: MIT */
#include "base/instant.h"

#include "base/date.h"

#define YEAR_1_MS ((int64_t)-62135596800000)
#define YEAR_9999_MS ((int64_t)253402300799999)

static char *put_digits(char *at, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + width;
}

void instant_write(int64_t at_ms, char *text)
{
    at_ms = MIN_OF(MAX_OF(at_ms, YEAR_1_MS), YEAR_9999_MS);
    int64_t days = at_ms / DAY_MS - (at_ms % DAY_MS < 0);
    int64_t rest = at_ms - days * DAY_MS;
    int64_t year, month, day;
    date_from_days(days, &year, &month, &day);
    char *at = put_digits(text, year, 4);
    *at++ = '-';
    at = put_digits(at, month, 2);
    *at++ = '-';
    at = put_digits(at, day, 2);
    *at++ = 'T';
    at = put_digits(at, rest / 3600000, 2);
    *at++ = ':';
    at = put_digits(at, rest / 60000 % 60, 2);
    *at++ = ':';
    at = put_digits(at, rest / 1000 % 60, 2);
    *at++ = '.';
    at = put_digits(at, rest % 1000, 3);
    *at = 'Z';
}

/* Takes `width` digits off the front. */
static bool take_number(str *text, size_t width, int64_t *ret_value)
{
    if (text->len < width)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        if (!char_is_digit(text->ptr[i]))
            return false;
        value = value * 10 + (text->ptr[i] - '0');
    }
    *text = str_skip(*text, width);
    *ret_value = value;
    return true;
}

static bool take_char(str *text, const char *among)
{
    /* strchr() finds the NUL behind `among`, too. */
    if (text->len == 0 || text->ptr[0] == '\0' || strchr(among, text->ptr[0]) == NULL)
        return false;
    *text = str_skip(*text, 1);
    return true;
}

static bool take_date(str *text, int64_t *ret_days)
{
    int64_t year, month, day;
    if (!take_number(text, 4, &year) || !take_char(text, "-") || !take_number(text, 2, &month) ||
        !take_char(text, "-") || !take_number(text, 2, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > date_month_days(year, month))
        return false;
    *ret_days = date_to_days(year, month, day);
    return true;
}

static bool take_fraction(str *text, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (!take_char(text, "."))
        return true;
    int digits = 0;
    while (text->len > 0 && char_is_digit(text->ptr[0])) {
        if (digits < 3)
            *ret_ms = *ret_ms * 10 + (text->ptr[0] - '0');
        digits++;
        *text = str_skip(*text, 1);
    }
    for (int i = digits; i < 3; i++)
        *ret_ms *= 10;
    return digits >= 1 && digits <= 9;
}

static bool take_offset(str *text, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (take_char(text, "Zz"))
        return true;
    bool negative = text->len > 0 && text->ptr[0] == '-';
    int64_t hours, minutes;
    if (!take_char(text, "+-") || !take_number(text, 2, &hours) || !take_char(text, ":") ||
        !take_number(text, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_ms = (hours * 60 + minutes) * 60000 * (negative ? -1 : 1);
    return true;
}

bool instant_read(str text, int64_t *ret_ms)
{
    int64_t days;
    if (!take_date(&text, &days))
        return false;
    if (text.len == 0) {
        *ret_ms = days * DAY_MS;
        return true;
    }
    int64_t hours, minutes, seconds, fraction_ms, offset_ms;
    if (!take_char(&text, "Tt ") || !take_number(&text, 2, &hours) || !take_char(&text, ":") ||
        !take_number(&text, 2, &minutes) || !take_char(&text, ":") ||
        !take_number(&text, 2, &seconds) || !take_fraction(&text, &fraction_ms) ||
        !take_offset(&text, &offset_ms) || text.len > 0)
        return false;
    if (hours > 23 || minutes > 59 || seconds > 60)
        return false;
    if (seconds == 60) {
        seconds = 59;
        fraction_ms = 999;
    }
    *ret_ms =
        days * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction_ms - offset_ms;
    return true;
}
