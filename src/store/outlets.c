/* SPDX-License-Identifier: MIT */
#include "store/outlets.h"

#include "base/buf.h"
#include "store/rows.h"

/* The rows that `take` makes of a query, as an array in the arena. */
static int take_rows(struct sql_query *query, struct buf *rows,
                     void (*take)(const struct sql_query *query, struct buf *rows))
{
    int r;
    while ((r = sql_next(query)) > 0)
        take(query, rows);
    return fail(r);
}

static void take_state(const struct sql_query *query, struct buf *rows)
{
    const struct outlet_state state = {
        .organization = sql_int(query, 0),
        .outlet = sql_int(query, 1),
        .failing_since_ms = sql_int(query, 2),
        .wait_ms = sql_int(query, 3),
        .probe_at_ms = sql_int(query, 4),
        .hold_until_ms = sql_int(query, 5),
    };
    buf_add(rows, str_from(&state, sizeof(state)));
}

int store_read_outlet_states(struct sql *sql, struct arena *arena, struct outlet_state **ret_states,
                             int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT organization, outlet, failing_since_ms, wait_ms, probe_at_ms,"
                       " hold_until_ms FROM outlet_states ORDER BY organization, outlet");
    struct buf rows;
    buf_init(&rows, arena, SIZE_MAX / 2);
    int r = take_rows(&query, &rows, take_state);
    if (r < 0)
        return fail(r);
    *ret_count = (int)(rows.len / sizeof(struct outlet_state));
    *ret_states = ARENA_ARRAY(arena, struct outlet_state, (size_t)*ret_count + 1);
    if (rows.len > 0)
        memcpy(*ret_states, rows.ptr, rows.len);
    return 0;
}

#define LINE_COLUMNS "SELECT organization, outlet, subject, delivery, since_ms FROM paused_lines"

static struct paused_line line_of(const struct sql_query *query)
{
    return (struct paused_line){
        .organization = sql_int(query, 0),
        .outlet = sql_int(query, 1),
        .subject = sql_int(query, 2),
        .delivery = sql_int(query, 3),
        .since_ms = sql_int(query, 4),
    };
}

static void take_line(const struct sql_query *query, struct buf *rows)
{
    const struct paused_line line = line_of(query);
    buf_add(rows, str_from(&line, sizeof(line)));
}

int store_read_paused_lines(struct sql *sql, struct arena *arena, struct paused_line **ret_lines,
                            int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, LINE_COLUMNS " ORDER BY organization, outlet, subject");
    struct buf rows;
    buf_init(&rows, arena, SIZE_MAX / 2);
    int r = take_rows(&query, &rows, take_line);
    if (r < 0)
        return fail(r);
    *ret_count = (int)(rows.len / sizeof(struct paused_line));
    *ret_lines = ARENA_ARRAY(arena, struct paused_line, (size_t)*ret_count + 1);
    if (rows.len > 0)
        memcpy(*ret_lines, rows.ptr, rows.len);
    return 0;
}

int store_list_paused_lines(struct sql *sql, const struct store_page *page, int64_t outlet,
                            struct paused_line *ret_lines, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT organization, outlet, subject, delivery, since_ms,"
        " CASE WHEN EXISTS (SELECT 1 FROM orders WHERE orders.id = subject"
        " AND orders.organization = $1) THEN 1 ELSE 0 END"
        " FROM paused_lines WHERE organization = $1 AND outlet = $2 AND delivery < $3"
        " ORDER BY delivery DESC LIMIT $4",
        SQL_I(page->organization), SQL_I(outlet), SQL_I(page->before), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0) {
        ret_lines[count] = line_of(&query);
        ret_lines[count++].is_order = sql_int(&query, 5) != 0;
    }
    *ret_count = count;
    return fail(r);
}

int store_find_paused_outlet(struct sql *sql, int64_t organization, int64_t outlet,
                             struct paused_line *ret_line)
{
    const struct outlet_work of = { organization, outlet };
    return store_find_paused_subject(sql, &of, 0, ret_line);
}

int store_find_paused_subject(struct sql *sql, const struct outlet_work *of, int64_t subject,
                              struct paused_line *ret_line)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, LINE_COLUMNS " WHERE organization = $1 AND outlet = $2 AND subject = $3",
                  SQL_I(of->organization), SQL_I(of->outlet), SQL_I(subject));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_line = line_of(&query);
    return r;
}

int store_find_pause(struct sql *sql, int64_t organization, int64_t delivery,
                     struct paused_line *ret_line)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, LINE_COLUMNS " WHERE organization = $1 AND delivery = $2",
                  SQL_I(organization), SQL_I(delivery));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_line = line_of(&query);
    return r;
}

int store_count_paused_lines(struct sql *sql, int64_t organization, int64_t outlet,
                             int64_t *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT COUNT(*) FROM paused_lines WHERE organization = $1 AND outlet = $2",
                  SQL_I(organization), SQL_I(outlet));
    return sql_one_int(&query, ret_count);
}

static int changed_any(int64_t changed)
{
    if (changed < 0)
        return fail((int)changed);
    return changed == 0 ? STORE_NOT_FOUND : 0;
}

int store_resume_line(struct sql *sql, int64_t organization, int64_t outlet, int64_t delivery)
{
    return changed_any(SQL_RUN(sql,
                               "DELETE FROM paused_lines WHERE organization = $1 AND outlet = $2"
                               " AND delivery = $3",
                               SQL_I(organization), SQL_I(outlet), SQL_I(delivery)));
}

int store_resume_subject(struct sql *sql, const struct delivery *delivery, int64_t subject)
{
    return changed_any(SQL_RUN(sql,
                               "DELETE FROM paused_lines WHERE organization = $1 AND outlet = $2"
                               " AND subject IN (0, $3) AND delivery = $4",
                               SQL_I(delivery->organization), SQL_I(delivery->outlet),
                               SQL_I(subject), SQL_I(delivery->id)));
}

int store_resume_lines(struct sql *sql, int64_t organization, int64_t outlet)
{
    int64_t changed =
        SQL_RUN(sql, "DELETE FROM paused_lines WHERE organization = $1 AND outlet = $2",
                SQL_I(organization), SQL_I(outlet));
    return fail((int)MIN_OF(changed, 0));
}

int store_forget_breaker(struct sql *sql, int64_t organization, int64_t outlet)
{
    int64_t changed =
        SQL_RUN(sql,
                "UPDATE outlet_states SET wait_ms = 0, probe_at_ms = 0, hold_until_ms = 0"
                " WHERE organization = $1 AND outlet = $2 AND failing_since_ms <> 0",
                SQL_I(organization), SQL_I(outlet));
    if (changed != 0)
        return fail((int)MIN_OF(changed, 0));
    return fail(store_forget_outlet_state(sql, organization, outlet));
}

int store_forget_outlet_state(struct sql *sql, int64_t organization, int64_t outlet)
{
    int64_t changed =
        SQL_RUN(sql, "DELETE FROM outlet_states WHERE organization = $1 AND outlet = $2",
                SQL_I(organization), SQL_I(outlet));
    return fail((int)MIN_OF(changed, 0));
}
