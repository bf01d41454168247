/* SPDX-License-Identifier: MIT */
#include "base/instant.h"

#define YEAR_1_MS ((int64_t)-62135596800000)
#define YEAR_9999_MS ((int64_t)253402300799999)

/* Days since 1970-01-01. Counts years from March, so that the leap day comes last; Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms". */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *ret_month = month_from_march + (month_from_march < 10 ? 3 : -9);
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

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

static int64_t month_days(int64_t year, int64_t month)
{
    static const int64_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_date(str *text, int64_t *ret_days)
{
    int64_t year, month, day;
    if (!take_number(text, 4, &year) || !take_char(text, "-") || !take_number(text, 2, &month) ||
        !take_char(text, "-") || !take_number(text, 2, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
        return false;
    *ret_days = days_from_date(year, month, day);
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
