/* SPDX-License-Identifier: MIT
 * store/sqlite/prune.c: history is bounded: what is older than the cut goes, in passes.
 *
 * A pass fixes its cut (an id and a moment) and walks through the phases below; a step does as much
 * of it as its time allows, in one transaction that also notes where it stands (chores, 'prune').
 *
 *   PLAN → CARRY → DELIVERIES → EVENTS → ACTIVITY → REJECTIONS → REJECTION_COUNTS → AUDIT →
 *   MINUTES → KEYS → SESSIONS → OTHERS → (PLAN)
 *
 * Invariants: (1) an event's row goes only after every row of `work` that needs it has its own copy
 * of the data. CARRY sees to the rows there are; batch.c copies at once for a row whose event is
 * below carried_id, or is older than the row by more than LATE_MS. So CARRY need not look at rows
 * with ids above the cut by more than LATE_MS, nor at what an earlier pass has looked at. (2) A
 * delivery's attempts go with it; those of unfinished ones stay. (3) touched_ms is at or above the
 * moment of everything that has gone: the ledger's minutes up to there cannot be recounted. */
#include "store/sqlite/prune.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "store/access.h"
#include "store/settings.h"

#define CAP_EVENTS 2000 /* how many events one pass takes when the cap in bytes is what rules */
#define CAP_PART 64     /* and the part of the cap that it takes at least */
#define EVENT_BYTES 512 /* what an event takes beside its data, at least */

/* ── where it stands ── */

int prune_recall(struct store_writer *writer)
{
    struct prune *at = &writer->prune;
    *at = (struct prune){};
    int64_t *const numbers[] = {
        &at->phase,        &at->cut_id, &at->cut_ms,   &at->carry_from, &at->carried_id,
        &at->organization, &at->outlet, &at->position, &at->touched_ms,
    };
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(&writer->sql, "SELECT state FROM chores WHERE name = 'prune'");
    int r = sql_next(&query);
    if (r <= 0)
        return r;
    str state = sql_bytes(&query, 0);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (!str_to_int64(str_cut(&state, ' '), numbers[i]))
            return fail(FAIL_CORRUPT);
    return 0;
}

static int save(struct pruning *pruning)
{
    const struct prune *at = pruning->at;
    char text[256];
    int length = snprintf(text, sizeof(text),
                          "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                          " %" PRId64 " %" PRId64 " %" PRId64,
                          at->phase, at->cut_id, at->cut_ms, at->carry_from, at->carried_id,
                          at->organization, at->outlet, at->position, at->touched_ms);
    int64_t r = SQL_RUN(pruning->sql,
                        "INSERT INTO chores (name, state, at_ms) VALUES ('prune', $1, $2)"
                        " ON CONFLICT (name) DO UPDATE SET state = excluded.state,"
                        " at_ms = excluded.at_ms",
                        SQL_T(str_from(text, (size_t)length)), SQL_I(clock_real_ms()));
    if (r < 0)
        return fail(FAIL_STORE);
    return store_setting_put_int(pruning->sql, SETTING_PRUNED_MS, at->touched_ms);
}

void prune_touch(struct pruning *pruning, int64_t at_ms)
{
    pruning->at->touched_ms = MAX_OF(pruning->at->touched_ms, at_ms);
}

/* ── PLAN: the cut ── */

struct place {
    int64_t id;
    int64_t at_ms;
};

/* The first event at or above `id`. 0: there is none. */
static int event_from(struct sql *sql, int64_t id, struct place *ret_place)
{
    struct sql_query query CLEANUP(sql_done) = SQL_QUERY(
        sql, "SELECT id, at_ms FROM events WHERE id >= $1 ORDER BY id LIMIT 1", SQL_I(id));
    int r = sql_next(&query);
    if (r > 0)
        *ret_place = (struct place){ sql_int(&query, 0), sql_int(&query, 1) };
    return r;
}

static int newest_event(struct sql *sql, struct place *ret_place)
{
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(sql, "SELECT id, at_ms FROM events ORDER BY id DESC LIMIT 1");
    int r = sql_next(&query);
    if (r > 0)
        *ret_place = (struct place){ sql_int(&query, 0), sql_int(&query, 1) };
    return r;
}

/* Above all that there is. */
static int end_of_all(struct sql *sql, int64_t newest, int64_t *ret_id)
{
    int64_t highest;
    int r = store_highest_id(sql, &highest);
    if (r == 0)
        *ret_id = MAX_OF(highest, newest) + 1;
    return r;
}

/* The id of the first event that is of `before_ms` or later, by halving: ids follow Junctor's time.
 * Without one, all there is goes. */
static int find_by_time(struct sql *sql, int64_t before_ms, int64_t *ret_id)
{
    struct place oldest;
    struct place newest;
    int r = event_from(sql, 0, &oldest);
    if (r > 0)
        r = newest_event(sql, &newest);
    if (r <= 0)
        return r;
    if (oldest.at_ms >= before_ms) {
        *ret_id = oldest.id;
        return 0;
    }
    int64_t low = oldest.id; /* everything below is older */
    int64_t high = newest.id;
    struct place place = newest;
    if (newest.at_ms < before_ms)
        return end_of_all(sql, newest.id, ret_id);
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        r = event_from(sql, middle, &place);
        if (r <= 0)
            return r;
        if (place.at_ms < before_ms)
            low = place.id + 1;
        else
            high = middle;
    }
    /* What belongs to the event before has ids behind it: the next event's own id is the cut. */
    r = event_from(sql, low, &place);
    *ret_id = place.id;
    return MIN_OF(r, 0);
}

static int plan_by_age(struct pruning *pruning)
{
    const struct retention *retention = pruning->retention;
    if (retention->before_ms <= 0)
        return 0;
    int64_t id = retention->before_id; /* when there are no events to go by */
    int r = find_by_time(pruning->sql, retention->before_ms, &id);
    if (r < 0)
        return r;
    if (retention->before_id > 0)
        id = MIN_OF(id, retention->before_id);
    pruning->at->cut_id = MAX_OF(pruning->at->cut_id, id);
    pruning->at->cut_ms = MAX_OF(pruning->at->cut_ms, retention->before_ms);
    return 0;
}

static int used_bytes(struct sql *sql, int64_t *ret_bytes)
{
    int64_t pages;
    int64_t unused;
    int64_t page_size;
    int r = sql_number(sql, "PRAGMA page_count", &pages);
    if (r == 0)
        r = sql_number(sql, "PRAGMA freelist_count", &unused);
    if (r == 0)
        r = sql_number(sql, "PRAGMA page_size", &page_size);
    if (r == 0)
        *ret_bytes = (pages - unused) * page_size;
    return r;
}

/* 0: it fits. */
static int bytes_over_cap(struct pruning *pruning, int64_t *ret_over)
{
    int64_t max_bytes = pruning->retention->max_bytes;
    int64_t used = 0;
    int r = max_bytes > 0 ? used_bytes(pruning->sql, &used) : 0;
    if (r == 0)
        *ret_over = max_bytes > 0 ? MAX_OF(used - max_bytes, 0) : 0;
    return r;
}

/* The oldest events that take `bytes` together, and CAP_EVENTS at most: behind them is the cut. 0:
 * there are none. */
static int find_by_size(struct sql *sql, int64_t bytes, struct place *ret_place)
{
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(sql, "SELECT id, at_ms, length(data) + coalesce(length(raw), 0) FROM events"
                       " ORDER BY id");
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0) {
        *ret_place = (struct place){ sql_int(&query, 0), sql_int(&query, 1) };
        if (bytes <= 0 || count == CAP_EVENTS)
            return 1;
        bytes -= sql_int(&query, 2) + EVENT_BYTES;
        count++;
    }
    if (r < 0 || count == 0)
        return r;
    ret_place->at_ms++;
    r = end_of_all(sql, ret_place->id, &ret_place->id);
    return r < 0 ? r : 1;
}

static int plan_by_size(struct pruning *pruning)
{
    int64_t max_bytes = pruning->retention->max_bytes;
    int64_t over = 0;
    struct place place = {};
    int r = bytes_over_cap(pruning, &over);
    if (r == 0 && over > 0)
        r = find_by_size(pruning->sql, MAX_OF(over, max_bytes / CAP_PART), &place);
    if (r > 0) {
        pruning->at->cut_id = MAX_OF(pruning->at->cut_id, place.id);
        pruning->at->cut_ms = MAX_OF(pruning->at->cut_ms, place.at_ms);
    }
    return MIN_OF(r, 0);
}

static int plan(struct pruning *pruning)
{
    int r = plan_by_age(pruning);
    if (r == 0)
        r = plan_by_size(pruning);
    if (r < 0)
        return r;
    pruning->at->carry_from = pruning->at->carried_id;
    pruning->at->carried_id = MAX_OF(pruning->at->carried_id, pruning->at->cut_id);
    return 0;
}

/* ── CARRY ── */

int prune_next_outlet(struct pruning *pruning, const char *text)
{
    const struct sql_value values[] = { {},
                                        SQL_I(pruning->at->organization),
                                        SQL_I(pruning->at->outlet) };
    struct sql_query query CLEANUP(sql_done) = sql_start(pruning->sql, text, values, 2);
    int r = sql_next(&query);
    if (r > 0) {
        pruning->at->organization = sql_int(&query, 0);
        pruning->at->outlet = sql_int(&query, 1);
    }
    pruning->at->position = 0;
    return r;
}

/* One row, as its data may be large. 0: the outlet has no more. */
static int carry_next(struct pruning *pruning)
{
    struct prune *at = pruning->at;
    int64_t late = id_floor(id_real_ms(at->cut_id) + LATE_MS + 1);
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(pruning->sql,
                  "SELECT id FROM work WHERE organization = $1 AND outlet = $2 AND id > $3"
                  " AND id < $4 AND event < $5 AND body IS NULL"
                  " AND EXISTS (SELECT 1 FROM events WHERE events.id = work.event)"
                  " ORDER BY id LIMIT 1",
                  SQL_I(at->organization), SQL_I(at->outlet),
                  SQL_I(MAX_OF(at->position, at->carry_from)), SQL_I(late), SQL_I(at->cut_id));
    int r = sql_next(&query);
    if (r <= 0)
        return r;
    at->position = sql_int(&query, 0);
    return 1;
}

static int carry(struct pruning *pruning)
{
    struct prune *at = pruning->at;
    if (at->carry_from == at->carried_id)
        return 0;
    int r = at->outlet == 0 ? 0 : carry_next(pruning);
    if (r == 0)
        return prune_next_outlet(pruning, "SELECT organization, outlet FROM work"
                                          " WHERE (organization, outlet) > ($1, $2)"
                                          " ORDER BY organization, outlet LIMIT 1");
    if (r < 0)
        return r;
    r = copy_event(pruning->sql, at->organization, at->outlet, at->position);
    return r < 0 ? r : 1;
}

/* ── DELIVERIES ── */

struct old_delivery {
    int64_t organization;
    int64_t id;
};

static int read_old_deliveries(struct pruning *pruning, struct old_delivery *old, int *ret_count)
{
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(pruning->sql,
                  "SELECT organization, id, created_ms FROM deliveries WHERE id < $1"
                  " ORDER BY id LIMIT $2",
                  SQL_I(pruning->at->cut_id), SQL_I(PRUNE_AT_ONCE));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0) {
        old[count++] = (struct old_delivery){ sql_int(&query, 0), sql_int(&query, 1) };
        prune_touch(pruning, sql_int(&query, 2));
    }
    *ret_count = count;
    return r;
}

static int prune_deliveries(struct pruning *pruning)
{
    struct old_delivery old[PRUNE_AT_ONCE];
    int count;
    int r = read_old_deliveries(pruning, old, &count);
    if (r < 0 || count == 0)
        return r;
    for (int i = 0; i < count; i++)
        if (SQL_RUN(pruning->sql, "DELETE FROM attempts WHERE organization = $1 AND delivery = $2",
                    SQL_I(old[i].organization), SQL_I(old[i].id)) < 0 ||
            SQL_RUN(pruning->sql, "DELETE FROM exports WHERE delivery = $1", SQL_I(old[i].id)) < 0)
            return fail(FAIL_STORE);
    int64_t gone =
        SQL_RUN(pruning->sql, "DELETE FROM deliveries WHERE id <= $1", SQL_I(old[count - 1].id));
    return gone < 0 ? fail(FAIL_STORE) : 1;
}

/* ── EVENTS ── */

static int prune_events(struct pruning *pruning)
{
    int64_t last = 0;
    int r;
    {
        struct sql_query query CLEANUP(sql_done) = SQL_QUERY(
            pruning->sql, "SELECT id, at_ms FROM events WHERE id < $1 ORDER BY id LIMIT $2",
            SQL_I(pruning->at->cut_id), SQL_I(PRUNE_AT_ONCE));
        while ((r = sql_next(&query)) > 0) {
            last = sql_int(&query, 0);
            prune_touch(pruning, sql_int(&query, 1));
        }
    }
    if (r < 0 || last == 0)
        return r;
    int64_t gone = SQL_RUN(pruning->sql, "DELETE FROM events WHERE id <= $1", SQL_I(last));
    return gone < 0 ? fail(FAIL_STORE) : 1;
}

/* ── ACTIVITY: the tail row by row, runs as a whole ── */

int prune_more_if_any(int64_t gone)
{
    if (gone < 0)
        return fail(FAIL_STORE);
    return gone > 0;
}

static int prune_tail(struct pruning *pruning)
{
    int64_t gone = SQL_RUN(pruning->sql,
                           "DELETE FROM activity_tail WHERE event IN (SELECT event"
                           " FROM activity_tail WHERE event < $1 ORDER BY event LIMIT $2)",
                           SQL_I(pruning->at->cut_id), SQL_I(PRUNE_AT_ONCE * 4));
    if (gone > 0)
        pruning->writer->activity.tail_count -= gone;
    return prune_more_if_any(gone);
}

static int old_run(struct pruning *pruning, int64_t *ret_run)
{
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(pruning->sql,
                  "SELECT run FROM activity_runs WHERE last_event < $1 AND target = 0"
                  " ORDER BY run LIMIT 1",
                  SQL_I(pruning->at->cut_id));
    int r = sql_next(&query);
    if (r > 0)
        *ret_run = sql_int(&query, 0);
    return r;
}

static int prune_activity(struct pruning *pruning)
{
    int64_t run;
    int r = prune_tail(pruning);
    if (r != 0)
        return r;
    r = old_run(pruning, &run);
    if (r <= 0)
        return r;
    int64_t gone =
        SQL_RUN(pruning->sql,
                "DELETE FROM activity WHERE run = $1 AND (organization, contact, event) IN"
                " (SELECT organization, contact, event FROM activity WHERE run = $1"
                " ORDER BY organization, contact, event LIMIT $2)",
                SQL_I(run), SQL_I(PRUNE_AT_ONCE * 4));
    if (gone > 0)
        gone = SQL_RUN(pruning->sql,
                       "UPDATE activity_runs SET row_count = row_count - $1 WHERE run = $2",
                       SQL_I(gone), SQL_I(run));
    else if (gone == 0)
        gone = SQL_RUN(pruning->sql, "DELETE FROM activity_runs WHERE run = $1", SQL_I(run));
    return gone < 0 ? fail(FAIL_STORE) : 1;
}

/* ── the pass ── */

static phase_step *const phases[] = {
    plan,
    carry,
    prune_deliveries,
    prune_events,
    prune_activity,
    prune_rejections,
    prune_rejection_counts,
    prune_audit,
    prune_minutes,
    prune_keys,
    prune_sessions,
    prune_others, /* notices, recoveries */
};

static void start_phase(struct prune *at, int64_t phase)
{
    at->phase = phase;
    at->organization = at->outlet = at->position = 0;
}

/* 1: there is more to do; 0: the pass is over. */
static int walk(struct pruning *pruning, int64_t until_us)
{
    struct prune *at = pruning->at;
    do {
        int r = phases[at->phase](pruning);
        if (r < 0)
            return r;
        if (r > 0)
            continue;
        bool last = at->phase == COUNT_OF(phases) - 1;
        start_phase(at, last ? 0 : at->phase + 1);
        if (last)
            return 0;
    } while (clock_mono_us() < until_us);
    return 1;
}

/* After a pass: the cap in bytes takes another while there is anything left to take. */
static int another_pass(struct pruning *pruning)
{
    int64_t over = 0;
    struct place oldest;
    int r = bytes_over_cap(pruning, &over);
    if (r < 0 || over == 0)
        return r;
    return event_from(pruning->sql, 0, &oldest);
}

static int finish_step(struct store_writer *writer, struct pruning *pruning)
{
    int r = save(pruning);
    CRASH_POINT("prune");
    return r < 0 ? chore_fail(writer, r) : chore_commit(writer);
}

int store_prune_step(struct store_writer *writer, const struct retention *retention, int budget_ms)
{
    struct pruning pruning = { writer, &writer->sql, &writer->prune, retention };
    int64_t until_us = clock_mono_us() + (int64_t)budget_ms * 1000 / 3; /* the rest is COMMIT's */
    int r = chore_begin(writer);
    if (r < 0)
        return r;
    const struct prune prune_before = writer->prune;
    int64_t before = sqlite3_total_changes64(writer->sql.db);
    int more = walk(&pruning, until_us);
    if (more == 0)
        more = another_pass(&pruning);
    if (more < 0)
        return chore_fail(writer, more);
    if (more == 0 && sqlite3_total_changes64(writer->sql.db) == before) {
        /* Finding nothing to do costs no sync; that the pass is over, only memory knows. */
        store_rollback(writer);
        writer->prune = prune_before;
        start_phase(&writer->prune, 0);
        return 0;
    }
    r = finish_step(writer, &pruning);
    return r < 0 ? r : more;
}
