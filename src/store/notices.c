/* SPDX-License-Identifier: MIT */
#include "store/notices.h"

#include "base/buf.h"
#include "store/rows.h"

/* ── notices ── */

int store_add_notice(struct sql *sql, const struct stored_notice *notice)
{
    return sql_changed(SQL_RUN(
        sql,
        "INSERT INTO notices (organization, id, kind, outlet, outlet_name, delivery, event_type,"
        " reason, first_ms, at_ms, times, closed)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)"
        " ON CONFLICT (organization, outlet, kind) WHERE closed = 0 DO UPDATE SET"
        " id = excluded.id, outlet_name = excluded.outlet_name, delivery = excluded.delivery,"
        " event_type = excluded.event_type, reason = excluded.reason, at_ms = excluded.at_ms,"
        " times = notices.times + excluded.times",
        SQL_I(notice->organization), SQL_I(notice->id), SQL_T(notice->kind), SQL_I(notice->outlet),
        SQL_T(notice->outlet_name), SQL_I(notice->delivery), SQL_T(notice->event_type),
        SQL_T(notice->reason), SQL_I(notice->first_ms), SQL_I(notice->at_ms),
        SQL_I(notice->times)));
}

int store_close_notices(struct sql *sql, int64_t organization)
{
    return sql_changed(
        SQL_RUN(sql, "UPDATE notices SET closed = 1 WHERE organization = $1 AND closed = 0",
                SQL_I(organization)));
}

int64_t store_prune_notices(struct sql *sql, int64_t before_ms, int most)
{
    return SQL_RUN(sql,
                   "DELETE FROM notices WHERE (organization, id) IN (SELECT organization, id"
                   " FROM notices WHERE at_ms < $1 ORDER BY at_ms LIMIT $2)",
                   SQL_I(before_ms), SQL_I(most));
}

static struct stored_notice notice_of(const struct sql_query *query, struct arena *arena)
{
    return (struct stored_notice){
        .id = sql_int(query, 0),
        .kind = sql_text(query, 1, arena),
        .outlet = sql_int(query, 2),
        .outlet_name = sql_text(query, 3, arena),
        .delivery = sql_int(query, 4),
        .event_type = sql_text(query, 5, arena),
        .reason = sql_text(query, 6, arena),
        .first_ms = sql_int(query, 7),
        .at_ms = sql_int(query, 8),
        .times = sql_int(query, 9),
        .closed = sql_int(query, 10) != 0,
        .of_export = sql_int(query, 11) != 0,
    };
}

int store_read_notices(struct sql *sql, const struct notice_range *range, struct arena *arena,
                       struct stored_notice **ret_notices, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT id, kind, outlet, outlet_name, delivery, event_type, reason, first_ms,"
        " at_ms, times, closed, EXISTS (SELECT 1 FROM endpoints WHERE endpoints.organization ="
        " notices.organization AND endpoints.id = notices.outlet AND endpoints.kind = 'export')"
        " FROM notices WHERE organization = $1 AND id > $2 AND id <= $3 ORDER BY id DESC LIMIT $4",
        SQL_I(range->organization), SQL_I(range->after), SQL_I(range->to), SQL_I(range->limit));
    struct stored_notice *notices = ARENA_ARRAY(arena, struct stored_notice, (size_t)range->limit);
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0) {
        notices[count] = notice_of(&query, arena);
        notices[count++].organization = range->organization;
    }
    *ret_notices = notices;
    *ret_count = count;
    return fail(r);
}

int store_sum_notices(struct sql *sql, int64_t organization, int64_t after,
                      struct notice_sums *ret_closed, struct notice_sums *ret_open)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT closed, SUM(times), MIN(first_ms), MAX(at_ms), MIN(CASE WHEN kind IN"
                  " ('endpoint.failing', 'endpoint.disabled') THEN first_ms END), MAX(id)"
                  " FROM notices WHERE organization = $1 AND id > $2 GROUP BY closed",
                  SQL_I(organization), SQL_I(after));
    *ret_closed = *ret_open = (struct notice_sums){};
    int r;
    while ((r = sql_next(&query)) > 0)
        *(sql_int(&query, 0) != 0 ? ret_closed : ret_open) = (struct notice_sums){
            .times = sql_int(&query, 1),
            .first_ms = sql_int(&query, 2),
            .newest_ms = sql_int(&query, 3),
            .urgent_ms = sql_int(&query, 4),
            .newest = sql_int(&query, 5),
        };
    return fail(r);
}

int store_forget_notices(struct sql *sql, int64_t organization)
{
    return sql_changed(
        SQL_RUN(sql,
                "DELETE FROM notices WHERE organization = $1 AND id <="
                " (SELECT said_to FROM mail_states WHERE organization = $1) AND id <="
                " (SELECT COALESCE(MIN(told_to), 9223372036854775807) FROM members"
                " WHERE organization = $1 AND notices = 1)",
                SQL_I(organization)));
}

/* ── organizations ── */

static void take_state(const struct sql_query *query, struct buf *rows, struct arena *arena)
{
    const struct mail_state state = {
        .organization = sql_int(query, 0),
        .name = sql_text(query, 1, arena),
        .said_to = sql_int(query, 2),
        .mailed_ms = sql_int(query, 3),
        .pause_ms = sql_int(query, 4),
        .newest_ms = sql_int(query, 5),
    };
    buf_add(rows, str_from(&state, sizeof(state)));
}

int store_read_mail_states(struct sql *sql, struct arena *arena, struct mail_state **ret_states,
                           int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT o.id, o.name, COALESCE(s.said_to, 0), COALESCE(s.mailed_ms, 0),"
                       " COALESCE(s.pause_ms, 0), COALESCE(s.newest_ms, 0)"
                       " FROM organizations o LEFT JOIN mail_states s ON s.organization = o.id"
                       " WHERE o.id IN (SELECT DISTINCT organization FROM notices) ORDER BY o.id");
    struct buf rows;
    buf_init(&rows, arena, SIZE_MAX / 2);
    int r;
    while ((r = sql_next(&query)) > 0)
        take_state(&query, &rows, arena);
    if (r < 0)
        return fail(r);
    *ret_count = (int)(rows.len / sizeof(struct mail_state));
    *ret_states = ARENA_ARRAY(arena, struct mail_state, (size_t)*ret_count + 1);
    if (rows.len > 0)
        memcpy(*ret_states, rows.ptr, rows.len);
    return 0;
}

int store_put_mail_state(struct sql *sql, const struct mail_state *state)
{
    return sql_changed(
        SQL_RUN(sql,
                "INSERT INTO mail_states (organization, said_to, mailed_ms, pause_ms, newest_ms)"
                " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organization) DO UPDATE SET"
                " said_to = excluded.said_to, mailed_ms = excluded.mailed_ms,"
                " pause_ms = excluded.pause_ms, newest_ms = excluded.newest_ms",
                SQL_I(state->organization), SQL_I(state->said_to), SQL_I(state->mailed_ms),
                SQL_I(state->pause_ms), SQL_I(state->newest_ms)));
}

int store_read_mail_history(struct sql *sql, int64_t organization, struct arena *arena,
                            struct mail_history *ret_history)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT organization, sent_ms, error, error_ms FROM mail_states"
                  " WHERE organization IN (0, $1) ORDER BY error_ms",
                  SQL_I(organization));
    *ret_history = (struct mail_history){};
    int r;
    while ((r = sql_next(&query)) > 0) {
        if (sql_int(&query, 0) == organization)
            ret_history->sent_ms = sql_int(&query, 1);
        str error = sql_text(&query, 2, arena);
        if (error.len == 0)
            continue;
        ret_history->error = error;
        ret_history->error_ms = sql_int(&query, 3);
    }
    return fail(r);
}

int store_note_mail_sent(struct sql *sql, int64_t organization, int64_t at_ms)
{
    int r = sql_changed(SQL_RUN(sql,
                                "INSERT INTO mail_states (organization, sent_ms) VALUES ($1, $2)"
                                " ON CONFLICT (organization) DO UPDATE SET"
                                " sent_ms = excluded.sent_ms",
                                SQL_I(organization), SQL_I(at_ms)));
    if (r < 0)
        return fail(r);
    return sql_changed(SQL_RUN(sql, "DELETE FROM mail_states WHERE organization = 0"));
}

int store_note_mail_error(struct sql *sql, int64_t organization, str error, int64_t at_ms)
{
    return sql_changed(
        SQL_RUN(sql,
                "INSERT INTO mail_states (organization, error, error_ms) VALUES ($1, $2, $3)"
                " ON CONFLICT (organization) DO UPDATE SET error = excluded.error,"
                " error_ms = excluded.error_ms",
                SQL_I(organization), SQL_T(error), SQL_I(at_ms)));
}

/* ── people ── */

static void take_person(const struct sql_query *query, struct buf *rows, struct arena *arena)
{
    const struct mail_person person = {
        .user = sql_int(query, 0),
        .name = sql_text(query, 1, arena),
        .email = sql_text(query, 2, arena),
        .told_to = sql_int(query, 3),
    };
    buf_add(rows, str_from(&person, sizeof(person)));
}

int store_read_mail_people(struct sql *sql, int64_t organization, struct arena *arena,
                           struct mail_person **ret_people, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT user_id, name, email, told_to FROM members"
                  " WHERE organization = $1 AND notices = 1 ORDER BY user_id",
                  SQL_I(organization));
    struct buf rows;
    buf_init(&rows, arena, SIZE_MAX / 2);
    int r;
    while ((r = sql_next(&query)) > 0)
        take_person(&query, &rows, arena);
    if (r < 0)
        return fail(r);
    *ret_count = (int)(rows.len / sizeof(struct mail_person));
    *ret_people = ARENA_ARRAY(arena, struct mail_person, (size_t)*ret_count + 1);
    if (rows.len > 0)
        memcpy(*ret_people, rows.ptr, rows.len);
    return 0;
}

int store_move_mark(struct sql *sql, int64_t organization, int64_t user, int64_t told_to)
{
    return sql_changed(SQL_RUN(sql,
                               "UPDATE members SET told_to = $1 WHERE organization = $2"
                               " AND user_id = $3 AND told_to < $1",
                               SQL_I(told_to), SQL_I(organization), SQL_I(user)));
}

/* Whose mark lies among them, or before. */
static int skip_notices(struct sql *sql, int64_t organization, int64_t user)
{
    return sql_changed(
        SQL_RUN(sql,
                "UPDATE members SET told_to = (SELECT MAX(id) FROM notices"
                " WHERE organization = $1) WHERE organization = $1 AND user_id = $2"
                " AND told_to < (SELECT MAX(id) FROM notices WHERE organization = $1)",
                SQL_I(organization), SQL_I(user)));
}

int store_want_notices(struct sql *sql, int64_t organization, int64_t user, bool wanted)
{
    int64_t changed = SQL_RUN(sql,
                              "UPDATE members SET notices = $1 WHERE organization = $2"
                              " AND user_id = $3 AND notices <> $1",
                              SQL_I(wanted), SQL_I(organization), SQL_I(user));
    if (changed <= 0)
        return fail((int)changed);
    if (!wanted)
        return store_forget_notices(sql, organization);
    int r = store_close_notices(sql, organization);
    return r < 0 ? fail(r) : skip_notices(sql, organization, user);
}
