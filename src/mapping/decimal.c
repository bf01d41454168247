/* SPDX-License-Identifier: MIT */
#include "mapping/decimal.h"

static bool is_blank_digit(char c)
{
    return c == '0' || c == '.';
}

/* Of the text behind the 'e'; empty is 0. */
static int64_t read_exponent(str text)
{
    int64_t value = 0;
    for (size_t i = 0; i < text.len && value < DECIMAL_EXPONENT_MAX; i++)
        if (char_is_digit(text.ptr[i]))
            value = value * 10 + (text.ptr[i] - '0');
    value = MIN_OF(value, DECIMAL_EXPONENT_MAX);
    return text.len > 0 && text.ptr[0] == '-' ? -value : value;
}

static size_t find_exponent(str number)
{
    size_t at = 0;
    while (at < number.len && number.ptr[at] != 'e' && number.ptr[at] != 'E')
        at++;
    return at;
}

struct decimal decimal_read(str number)
{
    bool negative = number.ptr[0] == '-';
    number = str_skip(number, negative);
    size_t end = find_exponent(number);
    int64_t exponent = end == number.len ? 0 : read_exponent(str_skip(number, end + 1));
    ptrdiff_t point = str_index(str_head(number, end), '.');
    size_t whole = point < 0 ? end : (size_t)point;
    size_t first = 0;
    while (first < end && is_blank_digit(number.ptr[first]))
        first++;
    while (end > first && is_blank_digit(number.ptr[end - 1]))
        end--;
    if (first == end)
        return (struct decimal){};
    int64_t place =
        first < whole ? (int64_t)(whole - first) - 1 : -(int64_t)(first - whole); /* 10 to the … */
    return (struct decimal){ .negative = negative,
                             .digits = str_from(number.ptr + first, end - first),
                             .exponent = exponent + place };
}

/* '\0' at the end, which sorts before every digit. */
static char take_digit(str *digits)
{
    if (digits->len > 0 && digits->ptr[0] == '.')
        *digits = str_skip(*digits, 1);
    if (digits->len == 0)
        return '\0';
    char digit = digits->ptr[0];
    *digits = str_skip(*digits, 1);
    return digit;
}

static int compare_digits(str a, str b)
{
    while (a.len > 0 || b.len > 0) {
        char digit_a = take_digit(&a);
        char digit_b = take_digit(&b);
        if (digit_a != digit_b)
            return digit_a < digit_b ? -1 : 1;
    }
    return 0;
}

static int sign_of(const struct decimal *decimal)
{
    if (decimal->digits.len == 0)
        return 0;
    return decimal->negative ? -1 : 1;
}

int decimal_compare(const struct decimal *a, const struct decimal *b)
{
    int sign = sign_of(a);
    if (sign != sign_of(b))
        return sign < sign_of(b) ? -1 : 1;
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -sign : sign;
    return sign * compare_digits(a->digits, b->digits);
}
