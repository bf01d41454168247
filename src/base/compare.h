/* SPDX-License-Identifier: MIT
 * base/compare.h: orders for qsort and bsearch, and what they are for. */
#pragma once

#include <stdint.h>
#include <stdlib.h>

/* Of two int64_t, the least first. */
static inline int compare_int64(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Sorts them and keeps each once; returns how many are left. */
static inline int sort_distinct(int64_t *values, int count)
{
    int kept = 0;
    qsort(values, (size_t)count, sizeof(*values), compare_int64);
    for (int i = 0; i < count; i++)
        if (kept == 0 || values[i] != values[kept - 1])
            values[kept++] = values[i];
    return kept;
}
