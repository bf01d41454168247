/* SPDX-License-Identifier: MIT
 * store/sqlite/engine.c: opening: the directory, the file, its migrations, and the connections. */
#include "store/sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/sqlite/directory.h"

#define SNAPSHOT_MS 2000
#define START_WAIT_MS 200

static int refuse(struct problem *reterr, int r, str text)
{
    problem_set(reterr, PROBLEM_STORE, text);
    return r;
}

/* ── the directory and the file ── */

/* Made before SQLite makes it: nobody else may read what is inside. */
static int make_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(-errno);
    (void)close(fd);
    return directory_sync_of(path);
}

static int refuse_access(const struct store *store, int r, struct arena *arena,
                         struct problem *reterr)
{
    return refuse(reterr, r,
                  arena_format(arena,
                               "The database %s cannot be written: %s. Let the user that runs "
                               "junctor write the file and its directory, or name another "
                               "directory with --data.",
                               store->path, fail_text(r)));
}

static int find_file(const struct store *store, const struct store_options *options,
                     struct arena *arena, struct problem *reterr)
{
    struct stat status;
    bool there = stat(store->path, &status) == 0 && status.st_size > 0;
    if (there && !options->beside && access(store->path, R_OK | W_OK) < 0)
        return refuse_access(store, fail(-errno), arena, reterr);
    if (there)
        return 0;
    if (!options->create)
        return refuse(reterr, STORE_ABSENT,
                      arena_format(arena, "There is no database in %s. 'junctor init' makes one.",
                                   store->directory));
    int r = directory_make(store->directory);
    if (r == 0)
        r = make_file(store->path);
    return r < 0 ? refuse_access(store, r, arena, reterr) : r;
}

/* ── migrations ── */

static int migrate_step(struct sql *sql, int version)
{
    char text[96];
    (void)snprintf(text, sizeof(text), "PRAGMA user_version = %d; PRAGMA application_id = %d;",
                   version, SQLITE_APPLICATION_ID);
    int r = sql_script(sql, "BEGIN IMMEDIATE");
    if (r == 0)
        r = sql_script(sql, sqlite_migrations[version - 1]);
    if (r == 0)
        r = sql_script(sql, text);
    CRASH_POINT("migration");
    if (r == 0)
        r = sql_script(sql, "COMMIT");
    if (r < 0)
        (void)sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL); /* if it is still open */
    return r;
}

/* The form that an empty file takes on. */
static int shape(struct sql *sql)
{
    return sql_script(sql, "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;"
                           "PRAGMA journal_mode = WAL;");
}

/* File systems without shared memory refuse it. */
static int check_wal(struct sql *sql)
{
    struct sql_query query CLEANUP(sql_done) = sql_start(sql, "PRAGMA journal_mode", NULL, 0);
    int r = sql_next(&query);
    if (r > 0)
        r = str_equal_nocase(sql_bytes(&query, 0), STR("wal")) ? 0 : fail(-ENOTSUP);
    return r;
}

struct file_state {
    int64_t version;
    int64_t application;
    int64_t objects;
};

static int look_at_file(struct sql *sql, struct file_state *ret_state)
{
    int r = sql_number(sql, "PRAGMA user_version", &ret_state->version);
    if (r == 0)
        r = sql_number(sql, "PRAGMA application_id", &ret_state->application);
    if (r == 0)
        r = sql_number(sql, "SELECT count(*) FROM sqlite_schema", &ret_state->objects);
    return r;
}

static int check_file(const struct store_options *options, const struct file_state *state,
                      struct arena *arena, struct problem *reterr)
{
    bool ours = state->application == SQLITE_APPLICATION_ID;
    const char *directory = arena_c(arena, options->directory);
    if (!ours && state->objects > 0)
        return refuse(
            reterr, fail(FAIL_CORRUPT),
            arena_format(arena, "%s/junctor.db is not a database of Junctor.", directory));
    if (!ours && !options->create)
        return refuse(reterr, STORE_ABSENT,
                      arena_format(arena,
                                   "The database in %s is empty: its making was interrupted. "
                                   "'junctor init' makes it anew.",
                                   directory));
    if (state->version > sqlite_migration_count)
        return refuse(reterr, STORE_TOO_NEW,
                      arena_format(arena,
                                   "The database in %s has schema %lld; this program knows schemas "
                                   "up to %d. Start the newer program, or restore a backup from "
                                   "before the upgrade.",
                                   directory, (long long)state->version, sqlite_migration_count));
    if (options->beside && state->version < sqlite_migration_count)
        return refuse(
            reterr, STORE_TOO_OLD,
            arena_format(arena,
                         "The database in %s has schema %lld; this program has schema %d, "
                         "and does not migrate it beside a hub that may be running. Use "
                         "the program of that hub, or start this one as the hub first.",
                         directory, (long long)state->version, sqlite_migration_count));
    return 0;
}

static int migrate(const struct store_options *options, struct sql *sql, struct arena *arena,
                   struct problem *reterr)
{
    struct file_state state;
    int r = look_at_file(sql, &state);
    if (r == 0)
        r = check_file(options, &state, arena, reterr);
    if (r == 0 && state.objects == 0)
        r = shape(sql);
    if (r == 0)
        r = check_wal(sql);
    for (int version = (int)state.version + 1; r == 0 && version <= sqlite_migration_count;
         version++)
        r = migrate_step(sql, version);
    return r;
}

/* ── the store ── */

static struct store *store_new(const struct store_options *options)
{
    struct arena arena = {};
    struct store *store = NEW(struct store);
    store->log = options->log;
    store->directory = xstrdup(options->directory);
    store->path = xstrdup(arena_format(&arena, "%s/junctor.db", store->directory));
    arena_done(&arena);
    return store;
}

static int open_and_migrate(struct store *store, const struct store_options *options,
                            struct arena *arena, struct problem *reterr)
{
    int r = find_file(store, options, arena, reterr);
    if (r != 0)
        return r;
    struct sql sql = { .log = store->log };
    r = sql_open(&sql, store->path, SQLITE_OPEN_READWRITE, READER_CACHE_KIB);
    if (r == 0)
        r = migrate(options, &sql, arena, reterr);
    int code = sql.last_code;
    sql_close(&sql);
    if (r < 0 && !problem_has(reterr))
        (void)refuse(reterr, r,
                     arena_format(arena, "The database %s cannot be used: %s.", store->path,
                                  code == 0 ? fail_text(r) : sqlite3_errstr(code)));
    return r;
}

int store_open(const struct store_options *options, struct arena *arena, struct store **ret_store,
               struct problem *reterr)
{
    /* Without its own bookkeeping, SQLite's allocations take no lock that all threads share. Fails
     * harmlessly when a store has been opened before. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    assert(sqlite3_threadsafe() != 0);
    if (vfs_register() < 0)
        return refuse(reterr, fail(FAIL_STORE), STR("SQLite cannot be set up."));
    struct store *store = store_new(options);
    int r = open_and_migrate(store, options, arena, reterr);
    if (r != 0) {
        store_close(store);
        return r;
    }
    *ret_store = store;
    return 0;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    free(store->directory);
    free(store->path);
    free(store);
}

/* ── the writer ── */

static int count_pages(void *context, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    struct store_writer *writer = context;
    writer->wal_pages = pages;
    return SQLITE_OK;
}

int writer_recall(struct store_writer *writer)
{
    int r = activity_recall(writer);
    if (r == 0)
        r = prune_recall(writer);
    if (r == 0)
        r = keys_recall(writer);
    return r;
}

int writer_connect(struct store_writer *writer)
{
    int r = sql_open(&writer->sql, writer->store->path, SQLITE_OPEN_READWRITE, WRITER_CACHE_KIB);
    if (r < 0)
        return r;
    (void)sqlite3_wal_hook(writer->sql.db, count_pages, writer);
    if (store_needs_restart(writer))
        wal_keep(writer);
    r = sql_number(&writer->sql, "SELECT max(sequence) FROM committers", &writer->sequence);
    if (r == 0)
        r = writer_recall(writer);
    if (r < 0)
        sql_close(&writer->sql);
    return r;
}

int store_writer_open(struct store *store, struct store_writer **ret_writer)
{
    struct store_writer *writer = NEW(struct store_writer);
    writer->store = store;
    writer->sql.log = store->log;
    writer->activity.run_rows = ACTIVITY_RUN_ROWS;
    writer->activity.merged = ACTIVITY_MERGED;
    writer->keys.at_once = KEYS_AT_ONCE;
    int r = writer_connect(writer);
    /* Where a sync failed and the process was killed, the WAL reads back, but may not be on the
     * disk (commit.c). Only a doctor's or a backup's snapshot can be in the way, and then it is. */
    if (r == 0)
        r = wal_copy_back(writer, START_WAIT_MS);
    if (r < 0) {
        store_writer_close(writer);
        return r;
    }
    writer->tried = writer->sequence;
    *ret_writer = writer;
    return 0;
}

void store_writer_close(struct store_writer *writer)
{
    if (writer == NULL)
        return;
    sql_close(&writer->sql);
    merge_free(writer->merge);
    keys_free(&writer->keys);
    free(writer);
}

struct sql *store_writer_sql(struct store_writer *writer)
{
    return &writer->sql;
}

/* ── readers ── */

int store_reader_open(struct store *store, struct store_reader **ret_reader)
{
    struct store_reader *reader = NEW(struct store_reader);
    reader->store = store;
    reader->mark = -1;
    reader->sql.log = store->log;
    int r = sql_open(&reader->sql, store->path, SQLITE_OPEN_READONLY, READER_CACHE_KIB);
    if (r < 0) {
        store_reader_close(reader);
        return r;
    }
    *ret_reader = reader;
    return 0;
}

void store_reader_close(struct store_reader *reader)
{
    if (reader == NULL)
        return;
    store_read_end(reader);
    sql_close(&reader->sql);
    free(reader);
}

struct sql *store_reader_sql(struct store_reader *reader)
{
    return &reader->sql;
}

static int begin_snapshot(struct store_reader *reader, int64_t deadline_ms)
{
    struct sql *sql = &reader->sql;
    assert(!sql->in_transaction);
    sql->slow = false;
    sql->doomed = false;
    sql->deadline_ms = deadline_ms;
    if (SQL_RUN(sql, "BEGIN") < 0)
        return fail(FAIL_STORE);
    sql->in_transaction = true;
    /* BEGIN alone reads nothing: the snapshot is taken by the first read. */
    int64_t ignored;
    int r = sql_number(sql, "SELECT max(committer) FROM committers", &ignored);
    if (r < 0)
        store_read_end(reader);
    return r;
}

int store_read_begin(struct store_reader *reader)
{
    return begin_snapshot(reader, clock_mono_ms() + SNAPSHOT_MS);
}

int store_read_begin_long(struct store_reader *reader)
{
    int r = begin_snapshot(reader, 0);
    if (r < 0)
        return r;
    reader->mark = snapshot_mark(reader->store->path);
    return 0;
}

void store_read_end(struct store_reader *reader)
{
    struct sql *sql = &reader->sql;
    sql->deadline_ms = 0;
    if (!sql->in_transaction)
        return;
    sql->in_transaction = false;
    (void)sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL); /* nothing was written */
    snapshot_unmark(reader->mark);
    reader->mark = -1;
}

bool store_read_was_slow(const struct store_reader *reader)
{
    return reader->sql.slow;
}
