/* SPDX-License-Identifier: MIT */
#include "store/settings.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/rows.h"

int store_setting_get(struct sql *sql, const char *name, struct arena *arena, str *ret_value)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT value FROM settings WHERE name = $1", SQL_T(str_c(name)));
    int r = sql_next(&query);
    if (r > 0)
        *ret_value = sql_text(&query, 0, arena);
    return r;
}

int store_setting_put(struct sql *sql, const char *name, str value)
{
    return sql_changed(SQL_RUN(sql,
                               "INSERT INTO settings (name, value) VALUES ($1, $2)"
                               " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                               SQL_T(str_c(name)), SQL_T(value)));
}

int store_setting_get_int(struct sql *sql, const char *name, int64_t *ret_value)
{
    struct arena CLEANUP(arena_done) arena = {};
    str value = {};
    *ret_value = 0;
    int r = store_setting_get(sql, name, &arena, &value);
    if (r > 0 && !str_to_int64(value, ret_value))
        *ret_value = 0;
    return MIN_OF(r, 0);
}

int store_setting_put_int(struct sql *sql, const char *name, int64_t value)
{
    char text[24];
    int length = snprintf(text, sizeof(text), "%" PRId64, value);
    return store_setting_put(sql, name, str_from(text, (size_t)length));
}

int store_mark_restored(struct sql *sql)
{
    return store_setting_put(sql, SETTING_HELD, STR("1"));
}

int store_release(struct sql *sql)
{
    return store_setting_put(sql, SETTING_HELD, STR("0"));
}

int store_is_held(struct sql *sql, bool *ret_held)
{
    int64_t held;
    int r = store_setting_get_int(sql, SETTING_HELD, &held);
    if (r == 0)
        *ret_held = held != 0;
    return r;
}
