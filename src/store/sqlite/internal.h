/* SPDX-License-Identifier: MIT
 * store/sqlite/internal.h: what the files of this engine share. */
#pragma once

#include <sqlite3.h>
#include <stdatomic.h>

#include "base/crash.h"
#include "base/fail.h"
#include "base/instant.h"
#include "base/map.h"
#include "store/store.h"

/* ── migrations.c ── */

extern const char *const sqlite_migrations[];
extern const int sqlite_migration_count;

/* Marks the file as ours: "JNCT". */
#define SQLITE_APPLICATION_ID 0x4a4e4354

/* ── sql.c: one connection ── */

struct sql_statement {
    const char *text; /* the literal's address is the key */
    sqlite3_stmt *handle;
    bool busy; /* a query over it has not been done yet */
};

struct sql {
    sqlite3 *db; /* NULL between closing and opening anew */
    const struct log *log;
    struct sql_statement **statements; /* open addressing by address */
    size_t room;                       /* a power of two, or 0 */
    size_t count;
    int64_t run_count;
    /* After a failed statement an open transaction takes no more: as PostgreSQL has it, so that the
     * same code meets the same behaviour on both. */
    bool in_transaction;
    bool doomed;
    int last_code;       /* of the newest failure, as SQLite has it */
    bool full;           /* it was for want of room */
    int64_t deadline_ms; /* monotonic; 0: none */
    bool slow;           /* the deadline has struck */
};

/* Opens `path`, and sets what every connection of this program has. */
MUST_USE int sql_open(struct sql *sql, const char *path, int flags, int cache_kib);
/* Finalizes and closes. What was not committed is gone. Fine on a closed one. */
void sql_close(struct sql *sql);

/* The value of a one-value query without parameters, such as a PRAGMA. */
MUST_USE int sql_number(struct sql *sql, const char *text, int64_t *ret_number);

/* Several statements without parameters, not kept. */
MUST_USE int sql_script(struct sql *sql, const char *text);

/* Logs what the database said, once, and returns FAIL_STORE. `text` may be NULL. */
MUST_USE int sql_failed(struct sql *sql, int code, const char *text);

/* As sql_start, without a copy of the values' bytes: they must stay until sql_done. */
struct sql_query sql_borrow(struct sql *sql, const char *text, const struct sql_value *values,
                            int count);

#define SQL_BORROW(sql, text, ...)                                                                 \
    sql_borrow((sql), (text), SQL_VALUES(__VA_ARGS__), SQL_VALUE_COUNT(__VA_ARGS__))

/* As sql_text and sql_blob, until the next sql_next or sql_done. */
str sql_bytes(const struct sql_query *query, int column);

/* ── vfs.c ── */

#define SQLITE_VFS_NAME "junctor"

/* Before the first connection. */
MUST_USE int vfs_register(void);

/* ── engine.c ── */

struct store {
    char *directory;
    char *path;
    const struct log *log;
    atomic_bool lost_sync; /* of the database file (chores.c) */
};

/* The activity's tail, and how it is worked up (activity.c). */
struct activity {
    int64_t tail_count;
    int run_rows; /* of the tail that make a run */
    int merged;   /* runs of a level that make one of the next */
};

#define ACTIVITY_RUN_ROWS 4096
#define ACTIVITY_MERGED 64

/* An Idempotency-Key in memory (keys.c). */
struct key_entry {
    int64_t bucket;
    uint64_t hash;
    int64_t event;
};

struct key_list {
    struct key_entry *entries;
    size_t count;
    size_t room;
};

/* Keys that are not in the index yet, and how far it goes. */
struct keys {
    struct map map; /* of `young`: hash → event */
    struct key_list young;
    size_t published; /* of `young`: the rest belongs to the open transaction */
    struct key_list sorting;
    size_t sorted;      /* of `sorting`: how many are in the index */
    int64_t sorting_to; /* the last event of `sorting` */
    int64_t indexed_to;
    int64_t first_bucket; /* the oldest and the newest in the index; 0: none */
    int64_t last_bucket;
    size_t at_once; /* how many are indexed together */
};

#define KEYS_AT_ONCE 65536
/* The index is in buckets of a day: they go as a whole. */
#define KEY_BUCKET_MS DAY_MS

struct merge;

/* Where pruning stands (prune.c). It is stored in the chores table with each step. */
struct prune {
    int64_t phase;
    int64_t cut_id; /* what is below goes in this pass */
    int64_t cut_ms;
    int64_t carry_from;   /* carried_id as the pass found it */
    int64_t carried_id;   /* every work row whose event is below has its own copy of the data */
    int64_t organization; /* the outlet (or inlet) that the phase is at */
    int64_t outlet;
    int64_t position;   /* and the row there */
    int64_t touched_ms; /* nothing that has gone was of a later moment */
};

struct store_writer {
    struct store *store;
    struct sql sql;
    int64_t sequence;            /* of the newest commit that is certain */
    int64_t tried;               /* of the one that was tried last */
    bool in_doubt;               /* whether `tried` took place is not known */
    enum commit_outcome outcome; /* of the newest commit, once settled */
    int wal_pages;
    int64_t wal_wait_at; /* pages from which a checkpoint waits for readers; 0: the usual */
    struct activity activity;
    struct activity activity_before; /* as it was at store_begin */
    struct merge *merge;             /* buffers of the merge under way, or NULL */
    struct prune prune;
    struct keys keys;
};

struct store_reader {
    struct store *store;
    struct sql sql;
    int mark; /* of a snapshot without a deadline; −1: none */
};

/* How long a connection waits for a lock that another holds. */
#define BUSY_MS 5000

#define WRITER_CACHE_KIB 8192
#define READER_CACHE_KIB 1024

/* Opens the writer's connection and reads what it keeps in memory. */
MUST_USE int writer_connect(struct store_writer *writer);
/* Reads it again after a step that was rolled back. */
MUST_USE int writer_recall(struct store_writer *writer);

/* ── lock.c: the mark of long snapshots (backups, doctors), of this process or another: checkpoints
 * do not wait for their end ── */

/* The database's path. −1: it could not be set, which costs only time. */
int snapshot_mark(const char *path);
void snapshot_unmark(int mark);
bool snapshot_is_marked(const char *path);

/* ── commit.c ── */

/* A chore's own transaction. After a failure it is rolled back and memory is as stored. */
MUST_USE int chore_begin(struct store_writer *writer);
MUST_USE int chore_commit(struct store_writer *writer);
int chore_fail(struct store_writer *writer, int r);

/* ── chores.c ── */

/* Copies the whole WAL into the database and has the next transaction begin it anew. CHORE_MORE:
 * readers were in the way for longer than that. */
MUST_USE int wal_copy_back(struct store_writer *writer, int wait_ms);
/* Leaves the WAL as it is when this connection is the last to close. */
void wal_keep(struct store_writer *writer);

/* ── activity.c ── */

/* Keeps `run_rows` and `merged`. */
MUST_USE int activity_recall(struct store_writer *writer);
MUST_USE int activity_append(struct store_writer *writer, const struct event_row *events);
void merge_free(struct merge *merge);

/* ── keys.c ── */

/* Keeps `at_once`. */
MUST_USE int keys_recall(struct store_writer *writer);
MUST_USE int keys_append(struct store_writer *writer, const struct idempotency_row *rows);
/* What the transaction has appended counts, or never was. */
void keys_commit(struct keys *keys);
void keys_roll_back(struct keys *keys);
/* 1: there is more to take; 0: done. */
MUST_USE int keys_prune(struct store_writer *writer, int64_t before_ms, int limit);
void keys_free(struct keys *keys);

/* ── batch.c ── */

/* Gives a row of work its own copy of what it needs of its event. */
MUST_USE int copy_event(struct sql *sql, int64_t organization, int64_t outlet, int64_t id);
MUST_USE int write_counters(struct sql *sql, const struct counter_delta *delta);

/* ── prune.c ── */

MUST_USE int prune_recall(struct store_writer *writer);

/* A row of work whose event is this much older is given its own copy of the data at once: pruning
 * looks no further ahead for rows that need an event. */
#define LATE_MS MINUTE_MS

/* ── fault.c: faults by order, in test builds ── */

enum fault { FAULT_NONE = 0, FAULT_BEFORE_COMMIT, FAULT_AFTER_COMMIT };

#ifdef JUNCTOR_TEST_BUILD
/* "commit-fail-before:n", "commit-fail-after:n", "fsync-fail:n"; of calls that write, sync, cut or
 * delete: "io-fail:n", "io-dead:n" (the n-th and all after it), "io-full:n" (no room), "io-torn:n"
 * (half of it is written), "io-kill:n" (ends the process instead). NULL: none. Counts begin anew.
 * True if it was understood. */
bool fault_arm(const char *text);
/* True if the armed fault has struck. */
bool fault_struck(void);
/* Whether this commit is to go wrong. Counts commits. */
enum fault fault_at_commit(void);
/* The name of the VFS that injects them; NULL: the system's. */
const char *fault_vfs(void);
#else
static inline enum fault fault_at_commit(void)
{
    return FAULT_NONE;
}

static inline const char *fault_vfs(void)
{
    return NULL;
}
#endif
