/* SPDX-License-Identifier: MIT
 * base/compare.h: orders for qsort and bsearch. */
#pragma once

#include <stdint.h>

/* Of two int64_t, the least first. */
static inline int compare_int64(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}
