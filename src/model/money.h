/* SPDX-License-Identifier: MIT
 * model/money.h: amounts of money as whole minor units (cents): two digits behind the point, as the
 * systems that Junctor joins have it for every currency. Pure. */
#pragma once

#include "base/arena.h"

/* Ten thousand million in major units, on either side of 0: sums of many stay in 64 bits. */
#define MONEY_MAX ((int64_t)1000000000000)

/* "294.00", "294", "0.3", "-5.00", "1,234.50" with white space around it; a currency's sign before
 * it is left out ("$5"). False: it is no amount, has more than two digits behind the point that are
 * not 0, or passes MONEY_MAX. */
MUST_USE bool money_read(str text, int64_t *ret_minor);

#define MONEY_TEXT_MAX 32

/* "294.00", "-5.00" */
str money_write(int64_t minor, char text[MONEY_TEXT_MAX]);
