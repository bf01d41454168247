/* SPDX-License-Identifier: MIT
 * Numbers as text: RFC 8259's grammar, and whole numbers however they are written. */
#include "json/json.h"

/* A number taken apart; every part is digits. */
struct number {
    bool negative;
    str whole;
    str fraction;
    bool exponent_negative;
    str exponent;
};

static str take_digits(str *text)
{
    size_t count = 0;
    while (count < text->len && char_is_digit(text->ptr[count]))
        count++;
    str digits = str_head(*text, count);
    *text = str_skip(*text, count);
    return digits;
}

static bool take_char(str *text, char c)
{
    if (text->len == 0 || text->ptr[0] != c)
        return false;
    *text = str_skip(*text, 1);
    return true;
}

static bool take_apart(str text, struct number *ret_number)
{
    struct number number = { .negative = take_char(&text, '-'), .fraction = STR("") };
    number.whole = take_digits(&text);
    if (number.whole.len == 0 || (number.whole.len > 1 && number.whole.ptr[0] == '0'))
        return false;
    if (take_char(&text, '.')) {
        number.fraction = take_digits(&text);
        if (number.fraction.len == 0)
            return false;
    }
    if (take_char(&text, 'e') || take_char(&text, 'E')) {
        number.exponent_negative = take_char(&text, '-');
        if (!number.exponent_negative)
            (void)take_char(&text, '+'); /* may stand there, says nothing */
        number.exponent = take_digits(&text);
        if (number.exponent.len == 0)
            return false;
    }
    *ret_number = number;
    return text.len == 0;
}

bool json_is_number(str text)
{
    struct number number;
    return take_apart(text, &number);
}

/* Saturates: past this no number of digits that fits in memory matters. */
static int64_t exponent_of(const struct number *number)
{
    int64_t value = 0;
    for (size_t i = 0; i < number->exponent.len && value < (int64_t)1 << 40; i++)
        value = value * 10 + (number->exponent.ptr[i] - '0');
    return number->exponent_negative ? -value : value;
}

static char digit_at(const struct number *number, size_t i)
{
    return i < number->whole.len ? number->whole.ptr[i]
                                 : number->fraction.ptr[i - number->whole.len];
}

/* The digits from `first` to before `end`, times ten to the `power`; neither the first nor the last
 * of them is 0. */
struct reduced {
    size_t first;
    size_t end;
    int64_t power; /* 0 for zero, which has no digits */
};

static struct reduced reduce(const struct number *number)
{
    struct reduced reduced = { .end = number->whole.len + number->fraction.len,
                               .power = exponent_of(number) - (int64_t)number->fraction.len };
    while (reduced.first < reduced.end && digit_at(number, reduced.first) == '0')
        reduced.first++;
    while (reduced.end > reduced.first && digit_at(number, reduced.end - 1) == '0') {
        reduced.end--;
        reduced.power++;
    }
    if (reduced.first == reduced.end)
        reduced.power = 0;
    return reduced;
}

bool json_number_is_whole(str text)
{
    struct number number;
    return take_apart(text, &number) && reduce(&number).power >= 0;
}

bool json_number_to_int64(str text, int64_t *ret_value)
{
    struct number number;
    if (!take_apart(text, &number))
        return false;
    if (number.fraction.len == 0 && number.exponent.len == 0)
        return str_to_int64(text, ret_value);
    struct reduced reduced = reduce(&number);
    char digits[24];
    size_t count = 0;
    if (reduced.power < 0 || (int64_t)(reduced.end - reduced.first) + reduced.power > 19)
        return false;
    if (number.negative)
        digits[count++] = '-';
    while (reduced.first < reduced.end)
        digits[count++] = digit_at(&number, reduced.first++);
    while (reduced.power-- > 0)
        digits[count++] = '0';
    if (count == number.negative)
        digits[count++] = '0';
    return str_to_int64(str_from(digits, count), ret_value);
}

/* The first digits of the largest double, 1.7976931348623157e308. */
#define LARGEST_DIGITS STR("17976931348623157")
#define LARGEST_EXPONENT 308

bool json_number_fits_double(str text)
{
    struct number number;
    if (!take_apart(text, &number))
        return false;
    size_t end = number.whole.len + number.fraction.len;
    size_t first = 0;
    while (first < end && digit_at(&number, first) == '0')
        first++;
    if (first == end)
        return true;
    /* Of the first digit that is not 0. */
    int64_t exponent = (int64_t)number.whole.len - 1 - (int64_t)first + exponent_of(&number);
    if (exponent != LARGEST_EXPONENT)
        return exponent < LARGEST_EXPONENT;
    for (size_t i = 0; i < LARGEST_DIGITS.len; i++) {
        char digit = first + i < end ? digit_at(&number, first + i) : '0';
        if (digit != LARGEST_DIGITS.ptr[i])
            return digit < LARGEST_DIGITS.ptr[i];
    }
    return true;
}
