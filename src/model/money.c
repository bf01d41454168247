/* SPDX-License-Identifier: MIT */
#include "model/money.h"

#include <stdio.h>

/* "$", "US$", "€", "£" */
static str without_sign(str text)
{
    static const str signs[] = { STR_INIT("US$"), STR_INIT("$"), STR_INIT("\xe2\x82\xac"),
                                 STR_INIT("\xc2\xa3") };
    for (size_t i = 0; i < COUNT_OF(signs); i++)
        if (str_starts(text, signs[i]))
            return str_trim(str_skip(text, signs[i].len));
    return text;
}

/* Digits in groups of three behind the first comma: "1,234,567". */
static bool read_whole(str text, int64_t *ret_value)
{
    int64_t value = 0;
    bool grouped = false;
    size_t group = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == ',') {
            if (group == 0 || (grouped ? group != 3 : group > 3))
                return false;
            grouped = true;
            group = 0;
            continue;
        }
        if (!char_is_digit(text.ptr[i]) || value > MONEY_MAX)
            return false;
        value = value * 10 + (text.ptr[i] - '0');
        group++;
    }
    *ret_value = value;
    return group > 0 && (!grouped || group == 3);
}

static bool read_fraction(str text, int64_t *ret_value)
{
    int64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_digit(text.ptr[i]) || (i >= 2 && text.ptr[i] != '0'))
            return false;
        if (i < 2)
            value = value * 10 + (text.ptr[i] - '0');
    }
    *ret_value = text.len == 1 ? value * 10 : value;
    return true;
}

bool money_read(str text, int64_t *ret_minor)
{
    str rest = str_trim(text);
    bool negative = str_starts(rest, STR("-"));
    if (negative)
        rest = str_skip(rest, 1);
    rest = without_sign(rest);
    bool pointed = str_index(rest, '.') >= 0;
    str whole_text = str_cut(&rest, '.');
    int64_t whole = 0;
    int64_t fraction = 0;
    bool bare_fraction = pointed && whole_text.len == 0 && rest.len > 0; /* ".5" */
    if ((!bare_fraction && !read_whole(whole_text, &whole)) || !read_fraction(rest, &fraction))
        return false;
    int64_t minor = whole * 100 + fraction;
    if (minor > MONEY_MAX)
        return false;
    *ret_minor = negative ? -minor : minor;
    return true;
}

str money_write(int64_t minor, char text[MONEY_TEXT_MAX])
{
    uint64_t size = minor < 0 ? -(uint64_t)minor : (uint64_t)minor;
    int len = snprintf(text, MONEY_TEXT_MAX, "%s%llu.%02llu", minor < 0 ? "-" : "",
                       (unsigned long long)(size / 100), (unsigned long long)(size % 100));
    return str_from(text, (size_t)len);
}
