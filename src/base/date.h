/* SPDX-License-Identifier: MIT
 * base/date.h: days and dates of the proleptic Gregorian calendar. Pure. */
#pragma once

#include <stdint.h>

/* Days since 1970-01-01. */
int64_t date_to_days(int64_t year, int64_t month, int64_t day);
void date_from_days(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day);

/* `month` is 1 to 12. */
int64_t date_month_days(int64_t year, int64_t month);
