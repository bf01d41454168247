/* SPDX-License-Identifier: MIT
 * mapping/decimal.h: numbers as JSON writes them, compared digit by digit, however long they are:
 * nothing is rounded. Pure; nothing is allocated. */
#pragma once

#include "base/str.h"

/* Zero is all zero, without a sign. */
struct decimal {
    bool negative;
    str digits;       /* a view into the text: no zeros at the ends; may hold a '.' */
    int64_t exponent; /* of ten, of the first digit; see DECIMAL_EXPONENT_MAX */
};

/* Exponents written larger than this read as this. */
#define DECIMAL_EXPONENT_MAX ((int64_t)1000000000000)

/* `number` is one (json_is_number()), and outlives the decimal. */
struct decimal decimal_read(str number);

/* Below 0, 0, above 0: a is less than, equal to, greater than b. */
int decimal_compare(const struct decimal *a, const struct decimal *b);
