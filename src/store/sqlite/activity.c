/* SPDX-License-Identifier: MIT
 * store/sqlite/activity.c: which events are about a contact.
 *
 * One index over (contact, event) would touch a page of its own for nearly every event of a batch,
 * and each page goes to the WAL and into the file whole. So batches append to a tail, in the order
 * of events, which readers look through from its end. Beside traffic, 4,096 rows of the tail at a
 * time are sorted by contact into a run, and 64 runs of a level are merged into one of the next:
 * with ten million events there are about a hundred to look into, and a row has been written three
 * times.
 *
 * Invariants: (1) at any instant an event stands in exactly one place: sorting and merging move
 * rows, and a step of them is one transaction; (2) a merge moves rows in key order, so what is left
 * in the sources says where to go on: it needs no note of its progress; (3) runs with `target` set
 * belong to a merge and are not pruned. The run that a merge fills has itself as target until it is
 * complete. */
#include "store/sqlite/internal.h"

#include <limits.h>
#include <stdlib.h>

#include "base/clock.h"

#define BUFFERED 128      /* keys of each source that are held in memory */
#define MOVED_AT_ONCE 128 /* rows between two looks at the clock */

struct key {
    int64_t organization;
    int64_t contact;
    int64_t event;
};

struct source {
    int64_t run;
    struct key keys[BUFFERED];
    int count;
    int at;
    struct key last; /* the newest that was read */
};

struct merge {
    int64_t target;
    int count;
    struct source sources[ACTIVITY_MERGED];
};

void merge_free(struct merge *merge)
{
    free(merge);
}

/* ── appending ── */

int activity_recall(struct store_writer *writer)
{
    merge_free(writer->merge);
    writer->merge = NULL;
    return sql_number(&writer->sql, "SELECT count(*) FROM activity_tail",
                      &writer->activity.tail_count);
}

int activity_append(struct store_writer *writer, const struct event_row *events)
{
    for (const struct event_row *row = events; row != NULL; row = row->next) {
        if (row->event.contact == 0)
            continue;
        if (SQL_RUN(&writer->sql,
                    "INSERT INTO activity_tail (event, organization, contact) VALUES ($1, $2, $3)",
                    SQL_I(row->event.id), SQL_I(row->event.organization),
                    SQL_I(row->event.contact)) < 0)
            return fail(FAIL_STORE);
        writer->activity.tail_count++;
    }
    return 0;
}

/* ── reading ── */

struct wanted {
    int64_t organization;
    int64_t contact;
    int64_t below;
    int64_t *ids; /* newest first */
    int count;
    int limit;
};

/* What is not above this need not be looked at. */
static int64_t lower_bound(const struct wanted *wanted)
{
    return wanted->count < wanted->limit ? 0 : wanted->ids[wanted->limit - 1];
}

static void put_sorted(struct wanted *wanted, int64_t id)
{
    if (id <= lower_bound(wanted))
        return;
    int at = wanted->count < wanted->limit ? wanted->count++ : wanted->limit - 1;
    for (; at > 0 && wanted->ids[at - 1] < id; at--)
        wanted->ids[at] = wanted->ids[at - 1];
    wanted->ids[at] = id;
}

static int read_run(struct sql *sql, int64_t run, struct wanted *wanted)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT event FROM activity WHERE run = $1 AND organization = $2"
                  " AND contact = $3 AND event < $4 AND event > $5 ORDER BY event DESC LIMIT $6",
                  SQL_I(run), SQL_I(wanted->organization), SQL_I(wanted->contact),
                  SQL_I(wanted->below), SQL_I(lower_bound(wanted)), SQL_I(wanted->limit));
    int r;
    while ((r = sql_next(&query)) > 0)
        put_sorted(wanted, sql_int(&query, 0));
    return r;
}

static int read_tail(struct sql *sql, struct wanted *wanted)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT event FROM activity_tail WHERE event < $1 AND organization = $2"
                  " AND contact = $3 ORDER BY event DESC LIMIT $4",
                  SQL_I(wanted->below), SQL_I(wanted->organization), SQL_I(wanted->contact),
                  SQL_I(wanted->limit));
    int r;
    while ((r = sql_next(&query)) > 0)
        put_sorted(wanted, sql_int(&query, 0));
    return r;
}

static int read_runs(struct sql *sql, struct wanted *wanted)
{
    struct sql_query CLEANUP(sql_done) runs =
        SQL_QUERY(sql,
                  "SELECT run, last_event FROM activity_runs WHERE first_event < $1"
                  " ORDER BY last_event DESC",
                  SQL_I(wanted->below));
    int r;
    while ((r = sql_next(&runs)) > 0) {
        if (sql_int(&runs, 1) <= lower_bound(wanted))
            return 0;
        r = read_run(sql, sql_int(&runs, 0), wanted);
        if (r < 0)
            return r;
    }
    return r;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are the contract's */
int store_read_activity(struct sql *sql, int64_t organization, int64_t contact, int64_t before,
                        int limit, int64_t *ret_ids, int *ret_count)
{
    struct wanted wanted = {
        .organization = organization,
        .contact = contact,
        .below = before == 0 ? INT64_MAX : before,
        .ids = ret_ids,
        .limit = limit,
    };
    int r = limit > 0 ? read_tail(sql, &wanted) : 0;
    if (r == 0 && limit > 0)
        r = read_runs(sql, &wanted);
    if (r == 0)
        *ret_count = wanted.count;
    return r;
}

/* ── sorting the tail ── */

static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left;
    const struct key *b = right;
    if (a->organization != b->organization)
        return a->organization < b->organization ? -1 : 1;
    if (a->contact != b->contact)
        return a->contact < b->contact ? -1 : 1;
    return a->event < b->event ? -1 : a->event > b->event;
}

static int next_run(struct sql *sql, int64_t *ret_run)
{
    int r = sql_number(sql, "SELECT max(run) FROM activity_runs", ret_run);
    *ret_run += 1;
    return r;
}

static int read_oldest(struct store_writer *writer, struct key *keys, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(&writer->sql,
                  "SELECT organization, contact, event FROM activity_tail ORDER BY event LIMIT $1",
                  SQL_I(writer->activity.run_rows));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        keys[count++] = (struct key){ sql_int(&query, 0), sql_int(&query, 1), sql_int(&query, 2) };
    *ret_count = count;
    return r;
}

static int insert_key(struct sql *sql, int64_t run, const struct key *key)
{
    int64_t r =
        SQL_RUN(sql,
                "INSERT INTO activity (run, organization, contact, event)"
                " VALUES ($1, $2, $3, $4)",
                SQL_I(run), SQL_I(key->organization), SQL_I(key->contact), SQL_I(key->event));
    return r < 0 ? fail(FAIL_STORE) : 0;
}

static int make_run(struct store_writer *writer, struct key *keys, int count)
{
    struct sql *sql = &writer->sql;
    int64_t first = keys[0].event;
    int64_t last = keys[count - 1].event;
    int64_t run;
    int r = next_run(sql, &run);
    qsort(keys, (size_t)count, sizeof(*keys), compare_keys);
    for (int i = 0; r == 0 && i < count; i++)
        r = insert_key(sql, run, &keys[i]);
    if (r < 0)
        return r;
    int64_t gone = SQL_RUN(sql, "DELETE FROM activity_tail WHERE event <= $1", SQL_I(last));
    writer->activity.tail_count -= gone;
    if (gone != count || SQL_RUN(sql,
                                 "INSERT INTO activity_runs (run, level, row_count, first_event,"
                                 " last_event, target) VALUES ($1, 0, $2, $3, $4, 0)",
                                 SQL_I(run), SQL_I(count), SQL_I(first), SQL_I(last)) < 0)
        return fail(FAIL_STORE);
    return 0;
}

/* A step by itself: 4,096 rows take about 5 ms. */
static int sort_tail(struct store_writer *writer)
{
    int r = chore_begin(writer);
    if (r < 0)
        return r;
    int count = 0;
    struct key *keys = xcalloc((size_t)writer->activity.run_rows, sizeof(*keys));
    r = read_oldest(writer, keys, &count);
    if (r == 0 && count > 0)
        r = make_run(writer, keys, count);
    free(keys);
    CRASH_POINT("sort");
    return r < 0 ? chore_fail(writer, r) : chore_commit(writer);
}

/* ── merging: which runs ── */

/* The lowest level with a merge under way, or with enough full runs for one. */
static int find_level(struct store_writer *writer, int *ret_level, int64_t *ret_target)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(&writer->sql,
                  "SELECT level, max(target) FROM activity_runs WHERE run <> target"
                  " GROUP BY level HAVING count(*) >= $1 OR max(target) > 0"
                  " ORDER BY level LIMIT 1",
                  SQL_I(writer->activity.merged));
    int r = sql_next(&query);
    if (r > 0) {
        *ret_level = (int)sql_int(&query, 0);
        *ret_target = sql_int(&query, 1);
    }
    return r;
}

static int claim_oldest(struct store_writer *writer, int level, int64_t target)
{
    struct sql *sql = &writer->sql;
    if (SQL_RUN(sql,
                "UPDATE activity_runs SET target = $1 WHERE run IN (SELECT run FROM activity_runs"
                " WHERE level = $2 AND target = 0 ORDER BY first_event LIMIT $3)",
                SQL_I(target), SQL_I(level), SQL_I(writer->activity.merged)) < 0)
        return fail(FAIL_STORE);
    int64_t r = SQL_RUN(sql,
                        "INSERT INTO activity_runs (run, level, row_count, first_event, last_event,"
                        " target) SELECT $1, $2, 0, min(first_event), max(last_event), $1"
                        " FROM activity_runs WHERE target = $1",
                        SQL_I(target), SQL_I(level + 1));
    return r < 0 ? fail(FAIL_STORE) : 0;
}

struct runs {
    int64_t run[ACTIVITY_MERGED];
    int count;
};

static int read_sources(struct sql *sql, int64_t target, struct runs *runs)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT run FROM activity_runs WHERE target = $1 AND run <> $1 ORDER BY run",
                  SQL_I(target));
    int r;
    while ((r = sql_next(&query)) > 0) {
        assert(runs->count < ACTIVITY_MERGED);
        runs->run[runs->count++] = sql_int(&query, 0);
    }
    return r;
}

static int start_merge(struct store_writer *writer, int level, int64_t target)
{
    if (target == 0 &&
        (next_run(&writer->sql, &target) < 0 || claim_oldest(writer, level, target) < 0))
        return fail(FAIL_STORE);
    struct runs runs = {};
    int r = read_sources(&writer->sql, target, &runs);
    struct merge *merge = NEW(struct merge);
    merge->target = target;
    for (; merge->count < runs.count; merge->count++)
        merge->sources[merge->count].run = runs.run[merge->count];
    writer->merge = merge;
    return r;
}

/* ── merging: moving rows ── */

static int refill(struct sql *sql, struct source *source)
{
    source->at = 0;
    source->count = 0;
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT organization, contact, event FROM activity WHERE run = $1"
                  " AND (organization, contact, event) > ($2, $3, $4)"
                  " ORDER BY organization, contact, event LIMIT $5",
                  SQL_I(source->run), SQL_I(source->last.organization), SQL_I(source->last.contact),
                  SQL_I(source->last.event), SQL_I(BUFFERED));
    int r;
    while ((r = sql_next(&query)) > 0)
        source->keys[source->count++] =
            (struct key){ sql_int(&query, 0), sql_int(&query, 1), sql_int(&query, 2) };
    if (source->count > 0)
        source->last = source->keys[source->count - 1];
    return r;
}

/* 1: the smallest key of all sources; 0: they are empty. */
static int take_smallest(struct sql *sql, struct merge *merge, struct key *ret_key)
{
    struct source *smallest = NULL;
    for (int i = 0; i < merge->count;) {
        struct source *source = &merge->sources[i];
        if (source->at == source->count && refill(sql, source) < 0)
            return fail(FAIL_STORE);
        if (source->count == 0) {
            *source = merge->sources[--merge->count];
            continue;
        }
        if (smallest == NULL ||
            compare_keys(&source->keys[source->at], &smallest->keys[smallest->at]) < 0)
            smallest = source;
        i++;
    }
    if (smallest == NULL)
        return 0;
    *ret_key = smallest->keys[smallest->at++];
    return 1;
}

struct moved {
    int64_t count; /* into the target; what was pruned is left behind */
    struct key last;
    bool any;
    bool all;
};

static int move_some(struct store_writer *writer, struct moved *moved)
{
    struct merge *merge = writer->merge;
    for (int i = 0; i < MOVED_AT_ONCE; i++) {
        struct key key = {};
        int r = take_smallest(&writer->sql, merge, &key);
        if (r < 0)
            return r;
        if (r == 0) {
            moved->all = true;
            return 0;
        }
        moved->last = key;
        moved->any = true;
        if (key.event < writer->prune.carried_id)
            continue;
        r = insert_key(&writer->sql, merge->target, &key);
        if (r < 0)
            return r;
        moved->count++;
    }
    return 0;
}

/* Takes out of the sources what has been put into the target. */
static int clear_source(struct sql *sql, int64_t run, const struct key *last)
{
    int64_t gone =
        SQL_RUN(sql,
                "DELETE FROM activity WHERE run = $1"
                " AND (organization, contact, event) <= ($2, $3, $4)",
                SQL_I(run), SQL_I(last->organization), SQL_I(last->contact), SQL_I(last->event));
    if (gone <= 0)
        return (int)gone;
    int64_t r = SQL_RUN(sql, "UPDATE activity_runs SET row_count = row_count - $1 WHERE run = $2",
                        SQL_I(gone), SQL_I(run));
    return r < 0 ? fail(FAIL_STORE) : 0;
}

static int clear_sources(struct store_writer *writer, const struct moved *moved)
{
    struct sql *sql = &writer->sql;
    /* From the table: those that ran empty are no longer among the buffers. */
    struct runs runs = {};
    int r = read_sources(sql, writer->merge->target, &runs);
    for (int i = 0; r == 0 && moved->any && i < runs.count; i++)
        r = clear_source(sql, runs.run[i], &moved->last);
    if (r == 0 && SQL_RUN(sql, "UPDATE activity_runs SET row_count = row_count + $1 WHERE run = $2",
                          SQL_I(moved->count), SQL_I(writer->merge->target)) < 0)
        r = fail(FAIL_STORE);
    return r;
}

static int finish_merge(struct store_writer *writer)
{
    struct sql *sql = &writer->sql;
    int64_t target = writer->merge->target;
    if (SQL_RUN(sql, "DELETE FROM activity_runs WHERE target = $1 AND (run <> $1 OR row_count = 0)",
                SQL_I(target)) < 0 ||
        SQL_RUN(sql, "UPDATE activity_runs SET target = 0 WHERE run = $1", SQL_I(target)) < 0)
        return fail(FAIL_STORE);
    merge_free(writer->merge);
    writer->merge = NULL;
    return 0;
}

static int merge_some(struct store_writer *writer, int budget_ms)
{
    /* Taking out costs as much as putting in. */
    int64_t until_us = clock_mono_us() + (int64_t)budget_ms * 1000 * 2 / 5;
    struct moved moved = {};
    int r;
    do
        r = move_some(writer, &moved);
    while (r == 0 && !moved.all && clock_mono_us() < until_us);
    if (r == 0)
        r = clear_sources(writer, &moved);
    if (r == 0 && moved.all)
        r = finish_merge(writer);
    return r;
}

static int merge_step(struct store_writer *writer, int level, int64_t target, int budget_ms)
{
    int r = chore_begin(writer);
    if (r < 0)
        return r;
    if (writer->merge != NULL && writer->merge->target != target) {
        merge_free(writer->merge);
        writer->merge = NULL;
    }
    if (writer->merge == NULL)
        r = start_merge(writer, level, target);
    if (r == 0)
        r = merge_some(writer, budget_ms);
    CRASH_POINT("merge");
    return r < 0 ? chore_fail(writer, r) : chore_commit(writer);
}

int store_merge_activity_step(struct store_writer *writer, int budget_ms)
{
    if (writer->activity.tail_count >= writer->activity.run_rows) {
        int r = sort_tail(writer);
        return r < 0 ? r : CHORE_MORE;
    }
    int level = 0;
    int64_t target = 0;
    int r = find_level(writer, &level, &target);
    if (r <= 0)
        return r;
    r = merge_step(writer, level, target, budget_ms);
    return r < 0 ? r : CHORE_MORE;
}
