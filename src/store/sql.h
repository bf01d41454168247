/* SPDX-License-Identifier: MIT
 * store/sql.h: the thin driver below shared SQL: one connection, statements in the subset that
 * SQLite and PostgreSQL both speak, parameters $1, $2, … in the order of their first use.
 *
 * Statements are string literals; each connection prepares one once and keeps it (found by the
 * literal's address). A query is used up row by row and must be done before the same statement is
 * run again on that connection. One thread a connection. */
#pragma once

#include "base/arena.h"

struct sql;
struct sql_statement;

enum sql_type { SQL_NULL = 0, SQL_INT, SQL_TEXT, SQL_BLOB };

struct sql_value {
    enum sql_type type;
    int64_t number;
    str bytes;
};

/* The formatter would take the braces for a block. */
/* clang-format off */
#define SQL_I(value) { .type = SQL_INT, .number = (value) }
#define SQL_T(value) { .type = SQL_TEXT, .bytes = (value) }
#define SQL_B(value) { .type = SQL_BLOB, .bytes = (value) }
#define SQL_N() { .type = SQL_NULL }

/* clang-format on */

/* Empty is NULL. */
static inline struct sql_value sql_optional_text(str s)
{
    return (struct sql_value){ .type = s.len == 0 ? SQL_NULL : SQL_TEXT, .bytes = s };
}

static inline struct sql_value sql_optional_blob(str s)
{
    return (struct sql_value){ .type = s.len == 0 ? SQL_NULL : SQL_BLOB, .bytes = s };
}

struct sql_query {
    struct sql *sql;
    struct sql_statement *statement;
    int failure;
};

/* `values[0]` is left over, so that there may be no parameters: they start at values[1]. */
#define SQL_VALUES(...) ((const struct sql_value[]){ {}, ##__VA_ARGS__ })
#define SQL_VALUE_COUNT(...) ((int)(sizeof(SQL_VALUES(__VA_ARGS__)) / sizeof(struct sql_value)) - 1)

/* struct sql_query CLEANUP(sql_done) query = SQL_QUERY(sql, "SELECT … WHERE a = $1", SQL_I(7)); */
#define SQL_QUERY(sql, text, ...)                                                                  \
    sql_start((sql), (text), SQL_VALUES(__VA_ARGS__), SQL_VALUE_COUNT(__VA_ARGS__))

/* A failure shows at the first sql_next. */
struct sql_query sql_start(struct sql *sql, const char *text, const struct sql_value *values,
                           int count);

/* 1: a row is there; 0: no more; < 0: failure. */
MUST_USE int sql_next(struct sql_query *query);
void sql_done(struct sql_query *query);

/* Columns of the present row, from 0. NULL reads as 0 or empty. */
int64_t sql_int(const struct sql_query *query, int column);
bool sql_is_null(const struct sql_query *query, int column);
/* Copied into the arena. */
str sql_text(const struct sql_query *query, int column, struct arena *arena);
str sql_blob(const struct sql_query *query, int column, struct arena *arena);

/* Statements without rows. Returns the number of rows changed, or < 0. */
#define SQL_RUN(sql, text, ...)                                                                    \
    sql_run((sql), (text), SQL_VALUES(__VA_ARGS__), SQL_VALUE_COUNT(__VA_ARGS__))

MUST_USE int64_t sql_run(struct sql *sql, const char *text, const struct sql_value *values,
                         int count);

/* How many statements this connection has run: for the budgets in the tests. */
int64_t sql_count(const struct sql *sql);
