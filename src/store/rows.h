/* SPDX-License-Identifier: MIT
 * store/rows.h: the three ways in which shared SQL reads what a statement did. For the files of
 * this folder. */
#pragma once

#include "base/fail.h"
#include "store/store.h"

/* Of sql_run(): how many rows does not matter. */
MUST_USE static inline int sql_changed(int64_t rows)
{
    return rows < 0 ? fail((int)rows) : 0;
}

/* Of sql_next(), where one row is looked for. */
MUST_USE static inline int sql_found(int r)
{
    if (r < 0)
        return fail(r);
    return r > 0 ? 0 : STORE_NOT_FOUND;
}

/* A query that always has one row of one number. */
MUST_USE static inline int sql_one_int(struct sql_query *query, int64_t *ret_value)
{
    int r = sql_next(query);
    if (r < 0)
        return fail(r);
    *ret_value = r > 0 ? sql_int(query, 0) : 0;
    return 0;
}
