/* SPDX-License-Identifier: MIT */
#include "store/recoveries.h"

#include "base/buf.h"
#include "model/names.h"
#include "store/rows.h"

static const str state_names[] = {
    [RECOVERY_FAILED] = STR_INIT("failed"),
    [RECOVERY_RUNNING] = STR_INIT("running"),
    [RECOVERY_DONE] = STR_INIT("done"),
    [RECOVERY_CANCELLED] = STR_INIT("cancelled"),
};

str recovery_state_name(enum recovery_state state)
{
    return state_names[state];
}

/* A state that this program does not know is one that nothing is done in. */
static enum recovery_state state_of(str name)
{
    for (size_t i = 0; i < COUNT_OF(state_names); i++)
        if (str_equal(state_names[i], name))
            return (enum recovery_state)i;
    return RECOVERY_FAILED;
}

/* ── lists in texts ── */

static str states_text(unsigned states, struct arena *arena)
{
    struct buf text;
    buf_init(&text, arena, 100);
    for (int state = DELIVERY_PENDING; state <= DELIVERY_DROPPED; state++)
        if ((states & 1U << state) != 0)
            buf_format(&text, "%s%.*s", text.len > 0 ? "," : "",
                       STR_ARG(delivery_state_name((enum delivery_state)state)));
    return buf_str(&text);
}

static unsigned read_states(str text)
{
    unsigned states = 0;
    enum delivery_state state;
    while (text.len > 0)
        if (delivery_state_read(str_cut(&text, ','), &state))
            states |= 1U << state;
    return states;
}

static str ids_text(const struct recovery_wanted *wanted, struct arena *arena)
{
    struct buf text;
    buf_init(&text, arena, SIZE_MAX / 2);
    for (int i = 0; i < wanted->id_count; i++)
        buf_format(&text, "%s%lld", i > 0 ? "," : "", (long long)wanted->ids[i]);
    return buf_str(&text);
}

static void read_ids(str text, struct arena *arena, struct recovery_wanted *wanted)
{
    int64_t *ids = text.len == 0 ? NULL : ARENA_ARRAY(arena, int64_t, RECOVERY_IDS_MAX);
    wanted->ids = ids;
    while (text.len > 0 && wanted->id_count < RECOVERY_IDS_MAX)
        wanted->id_count += str_to_int64(str_cut(&text, ','), &ids[wanted->id_count]);
}

/* ── rows ── */

int store_insert_recovery(struct sql *sql, const struct recovery *recovery)
{
    struct arena CLEANUP(arena_done) arena = {};
    const struct recovery_wanted *wanted = &recovery->wanted;
    return sql_changed(SQL_RUN(
        sql,
        "INSERT INTO recoveries (id, organization, outlet, state, since_ms, until_ms, states, ids,"
        " reached, total, total_exact, recovered, gone, pending, unknown, started_ms, finished_ms,"
        " actor, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
        " $16, $17, $18, $19)",
        SQL_I(recovery->id), SQL_I(recovery->organization), SQL_I(recovery->outlet),
        SQL_T(recovery_state_name(recovery->state)), SQL_I(wanted->since_ms),
        SQL_I(wanted->until_ms), SQL_T(states_text(wanted->states, &arena)),
        SQL_T(ids_text(wanted, &arena)), SQL_I(recovery->reached), SQL_I(recovery->total),
        SQL_I(recovery->total_exact), SQL_I(recovery->recovered), SQL_I(recovery->gone),
        SQL_I(recovery->pending), SQL_I(recovery->unknown), SQL_I(recovery->started_ms),
        SQL_I(recovery->finished_ms), SQL_T(recovery->actor), sql_optional_text(recovery->reason)));
}

int store_update_recovery(struct sql *sql, const struct recovery *recovery)
{
    return sql_changed(SQL_RUN(
        sql,
        "UPDATE recoveries SET state = $1, reached = $2, recovered = $3, gone = $4, pending = $5,"
        " unknown = $6, finished_ms = $7, reason = $8 WHERE organization = $9 AND id = $10",
        SQL_T(recovery_state_name(recovery->state)), SQL_I(recovery->reached),
        SQL_I(recovery->recovered), SQL_I(recovery->gone), SQL_I(recovery->pending),
        SQL_I(recovery->unknown), SQL_I(recovery->finished_ms), sql_optional_text(recovery->reason),
        SQL_I(recovery->organization), SQL_I(recovery->id)));
}

#define COLUMNS                                                                                    \
    "SELECT id, organization, outlet, state, since_ms, until_ms, states, ids, reached, total,"     \
    " total_exact, recovered, gone, pending, unknown, started_ms, finished_ms, actor, reason"      \
    " FROM recoveries"

static struct recovery take_recovery(const struct sql_query *query, struct arena *arena)
{
    struct recovery recovery = {
        .id = sql_int(query, 0),
        .organization = sql_int(query, 1),
        .outlet = sql_int(query, 2),
        .state = state_of(sql_text(query, 3, arena)),
        .wanted = { .since_ms = sql_int(query, 4), .until_ms = sql_int(query, 5) },
        .reached = sql_int(query, 8),
        .total = sql_int(query, 9),
        .total_exact = sql_int(query, 10) != 0,
        .recovered = sql_int(query, 11),
        .gone = sql_int(query, 12),
        .pending = sql_int(query, 13),
        .unknown = sql_int(query, 14),
        .started_ms = sql_int(query, 15),
        .finished_ms = sql_int(query, 16),
        .actor = sql_text(query, 17, arena),
        .reason = sql_text(query, 18, arena),
    };
    recovery.wanted.states = read_states(sql_text(query, 6, arena));
    read_ids(sql_text(query, 7, arena), arena, &recovery.wanted);
    return recovery;
}

int store_read_recovery(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                        struct recovery *ret_recovery)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, COLUMNS " WHERE id = $1 AND organization = $2", SQL_I(id), SQL_I(organization));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_recovery = take_recovery(&query, arena);
    return r;
}

int store_list_recoveries(struct sql *sql, const struct store_page *page, int64_t outlet,
                          struct recovery *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        COLUMNS " WHERE organization = $1 AND outlet = $2 AND id < $3 ORDER BY id DESC LIMIT $4",
        SQL_I(page->organization), SQL_I(outlet), SQL_I(page->before), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_recovery(&query, page->arena);
    *ret_count = count;
    return fail(r);
}

int store_find_running_recovery(struct sql *sql, int64_t organization, int64_t outlet,
                                int64_t *ret_id)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT id FROM recoveries WHERE state = 'running' AND organization = $1"
                  " AND outlet = $2 LIMIT 1",
                  SQL_I(organization), SQL_I(outlet));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_id = sql_int(&query, 0);
    return r;
}

/* No more than those that began before the cut are looked at, and of them few are left: what runs
 * for so long, or ended just now. */
int64_t store_prune_recoveries(struct sql *sql, int64_t cut_id, int64_t cut_ms, int most)
{
    return SQL_RUN(sql,
                   "DELETE FROM recoveries WHERE id IN (SELECT id FROM recoveries WHERE id < $1"
                   " AND state <> 'running' AND finished_ms < $2 ORDER BY id LIMIT $3)",
                   SQL_I(cut_id), SQL_I(cut_ms), SQL_I(most));
}
