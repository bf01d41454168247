/* SPDX-License-Identifier: MIT
 * store/sqlite/chores.c: looking after the file: free pages, the WAL, its size; and the outlets
 * that were deleted. Pruning and merging have files of their own. */
#include "store/sqlite/internal.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"

/* ── giving pages back ── */

/* A reserve stays for what is written next: one page in sixteen, and a MiB. */
static int pages_to_free(struct sql *sql, int64_t *ret_pages)
{
    int64_t pages;
    int64_t unused;
    int r = sql_number(sql, "PRAGMA page_count", &pages);
    if (r == 0)
        r = sql_number(sql, "PRAGMA freelist_count", &unused);
    if (r == 0)
        *ret_pages = unused - (pages / 16 + 256);
    return r;
}

int store_vacuum_step(struct store_writer *writer, int budget_ms)
{
    struct sql *sql = &writer->sql;
    int64_t until_us = clock_mono_us() + (int64_t)budget_ms * 1000 / 3;
    int64_t left = 0;
    int r = pages_to_free(sql, &left);
    if (r < 0 || left <= 0)
        return r;
    r = chore_begin(writer);
    if (r < 0)
        return r;
    do {
        if (SQL_RUN(sql, "PRAGMA incremental_vacuum(32)") < 0)
            return chore_fail(writer, fail(FAIL_STORE));
        left -= 32;
    } while (left > 0 && clock_mono_us() < until_us);
    r = chore_commit(writer);
    return r < 0 ? r : left > 0;
}

/* ── the WAL ── */

/* From how many times the asked-for pages a checkpoint first waits a little, then long, for readers
 * that keep the WAL from starting again at its beginning. */
#define WAIT_A_LITTLE 4
#define WAIT_LONG 16
#define A_LITTLE_MS 20
#define LONG_MS 2200 /* a snapshot is over by then */

/* A checkpoint that a reader cuts short is taken by SQLite for what it copied, without a sync: the
 * next whole one's sync covers that. When that sync fails, the kernel may have dropped those pages,
 * and SQLite would not copy them again. The WAL still has all of them, synced: it must not be
 * begun anew before a recovery, which every connection's closing brings, has it copied from its
 * beginning. */
static void lose_sync(struct store_writer *writer)
{
    if (atomic_exchange(&writer->store->lost_sync, true))
        return;
    wal_keep(writer);
    if (writer->store->log != NULL)
        log_line(writer->store->log, LOG_ERROR,
                 "the database file could not be synced: nothing is lost, but the WAL grows until "
                 "the program is started again",
                 LOG_TEXT("file", str_c(writer->store->path)));
}

void wal_keep(struct store_writer *writer)
{
    (void)sqlite3_db_config(writer->sql.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

bool store_needs_restart(const struct store_writer *writer)
{
    return atomic_load(&writer->store->lost_sync);
}

static int checkpoint(struct store_writer *writer, int mode, int wait_ms)
{
    struct sql *sql = &writer->sql;
    if (store_needs_restart(writer))
        return CHORE_MORE;
    (void)sqlite3_busy_timeout(sql->db, wait_ms);
    int code = sqlite3_wal_checkpoint_v2(sql->db, "main", mode, NULL, NULL);
    (void)sqlite3_busy_timeout(sql->db, BUSY_MS);
    if (code == SQLITE_IOERR_FSYNC)
        lose_sync(writer);
    if (code == SQLITE_BUSY)
        return CHORE_MORE;
    return code == SQLITE_OK ? 0 : sql_failed(sql, code, "checkpoint");
}

int wal_copy_back(struct store_writer *writer, int wait_ms)
{
    return checkpoint(writer, SQLITE_CHECKPOINT_RESTART, wait_ms);
}

static int wait_for_readers(struct store_writer *writer, int pages)
{
    bool is_long = writer->wal_pages >= pages * WAIT_LONG;
    /* A backup's snapshot does not end for our sake. */
    if (snapshot_is_marked(writer->store->path)) {
        writer->wal_wait_at = (int64_t)writer->wal_pages + pages;
        return MIN_OF(checkpoint(writer, SQLITE_CHECKPOINT_PASSIVE, 0), 0);
    }
    int r = wal_copy_back(writer, is_long ? LONG_MS : A_LITTLE_MS);
    writer->wal_wait_at = r == CHORE_MORE ? (int64_t)writer->wal_pages * 5 / 4 : 0;
    return MIN_OF(r, 0);
}

int store_checkpoint(struct store_writer *writer, int pages)
{
    assert(!writer->sql.in_transaction);
    if (writer->sql.db == NULL)
        return fail(FAIL_STORE);
    if (writer->wal_pages < pages || writer->wal_pages == 0)
        return 0;
    int64_t wait_at = MAX_OF((int64_t)pages * WAIT_A_LITTLE, writer->wal_wait_at);
    if (pages > 0 && writer->wal_pages >= wait_at)
        return wait_for_readers(writer, pages);
    int r = checkpoint(writer, SQLITE_CHECKPOINT_PASSIVE, 0);
    return MIN_OF(r, 0);
}

/* ── size ── */

static int64_t size_of_file(const char *path)
{
    struct stat status;
    return path != NULL && stat(path, &status) == 0 ? (int64_t)status.st_size : 0;
}

int store_size(struct sql *sql, struct store_size *ret_size)
{
    if (sql->db == NULL)
        return fail(FAIL_STORE);
    const char *path = sqlite3_db_filename(sql->db, "main");
    int64_t pages = 0;
    int64_t unused = 0;
    int64_t page_size = 0;
    struct statvfs disk;
    int r = sql_number(sql, "PRAGMA page_count", &pages);
    if (r == 0)
        r = sql_number(sql, "PRAGMA freelist_count", &unused);
    if (r == 0)
        r = sql_number(sql, "PRAGMA page_size", &page_size);
    if (r < 0)
        return r;
    if (statvfs(path, &disk) < 0)
        return fail(-errno);
    *ret_size = (struct store_size){
        .file_bytes = pages * page_size, /* what is still in the WAL included */
        .wal_bytes = size_of_file(sqlite3_filename_wal(path)),
        .free_bytes = unused * page_size,
        .disk_free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize,
    };
    return 0;
}

/* ── deleted outlets ── */

#define DROPPED_AT_ONCE 64

struct dropping {
    int64_t organization;
    int64_t outlet;
    str reason;
    int64_t now_ms;
    int64_t last; /* id of the last row of this portion */
    int64_t minutes[DROPPED_AT_ONCE];
    bool delivered[DROPPED_AT_ONCE]; /* before, and was to be sent once more: it stays so */
    int count;
};

static int read_portion(struct sql *sql, struct dropping *dropping)
{
    dropping->count = 0;
    struct sql_query query CLEANUP(sql_done) =
        SQL_QUERY(sql,
                  "SELECT id, created_ms, once FROM work WHERE organization = $1 AND outlet = $2"
                  " ORDER BY id LIMIT $3",
                  SQL_I(dropping->organization), SQL_I(dropping->outlet), SQL_I(DROPPED_AT_ONCE));
    int r;
    while ((r = sql_next(&query)) > 0) {
        int64_t created_ms = sql_int(&query, 1);
        dropping->last = sql_int(&query, 0);
        dropping->delivered[dropping->count] = sql_int(&query, 2) != 0;
        dropping->minutes[dropping->count++] = created_ms - created_ms % MINUTE_MS;
    }
    return r;
}

static int move_portion(struct sql *sql, const struct dropping *dropping)
{
    if (SQL_RUN(sql,
                "INSERT INTO deliveries (organization, outlet, id, event, event_type, created_ms,"
                " state, attempt_count, last_status, reason, finished_ms)"
                " SELECT organization, outlet, id, event, event_type, created_ms,"
                " CASE WHEN once <> 0 THEN 'delivered' ELSE 'dropped' END,"
                " attempt_count, last_status, CASE WHEN once = 0 THEN $1 END, $2 FROM work"
                " WHERE organization = $3 AND outlet = $4 AND id <= $5",
                SQL_T(dropping->reason), SQL_I(dropping->now_ms), SQL_I(dropping->organization),
                SQL_I(dropping->outlet), SQL_I(dropping->last)) < 0)
        return fail(FAIL_STORE);
    int64_t r =
        SQL_RUN(sql, "DELETE FROM work WHERE organization = $1 AND outlet = $2 AND id <= $3",
                SQL_I(dropping->organization), SQL_I(dropping->outlet), SQL_I(dropping->last));
    return r < 0 ? fail(FAIL_STORE) : 0;
}

/* Those from `start` up to `end`, which are of one minute. */
static int count_minute(struct sql *sql, const struct dropping *dropping, int start, int end)
{
    struct counter_delta delta = {
        .organization = dropping->organization,
        .subject = dropping->outlet,
        .minute_ms = dropping->minutes[start],
    };
    for (int i = start; i < end; i++)
        ++*(dropping->delivered[i] ? &delta.delivered : &delta.dropped);
    int r = write_counters(sql, &delta);
    delta.subject = 0;
    return r < 0 ? r : write_counters(sql, &delta);
}

/* Rows of a minute mostly stand together. */
static int count_portion(struct sql *sql, const struct dropping *dropping)
{
    int start = 0;
    for (int i = 1; i <= dropping->count; i++) {
        if (i < dropping->count && dropping->minutes[i] == dropping->minutes[start])
            continue;
        int r = count_minute(sql, dropping, start, i);
        if (r < 0)
            return r;
        start = i;
    }
    return 0;
}

static int drop_portion(struct sql *sql, struct dropping *dropping)
{
    int r = read_portion(sql, dropping);
    if (r < 0 || dropping->count == 0)
        return r;
    r = move_portion(sql, dropping);
    return r < 0 ? r : count_portion(sql, dropping);
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are the contract's */
int store_drop_outlet_step(struct store_writer *writer, int64_t organization, int64_t outlet,
                           str reason, int64_t now_ms, int budget_ms)
{
    int64_t until_us = clock_mono_us() + (int64_t)budget_ms * 1000 / 3;
    struct dropping dropping = {
        .organization = organization,
        .outlet = outlet,
        .reason = reason,
        .now_ms = now_ms,
    };
    int r = chore_begin(writer);
    if (r < 0)
        return r;
    do
        r = drop_portion(&writer->sql, &dropping);
    while (r == 0 && dropping.count == DROPPED_AT_ONCE && clock_mono_us() < until_us);
    CRASH_POINT("drop");
    if (r < 0)
        return chore_fail(writer, r);
    r = chore_commit(writer);
    return r < 0 ? r : dropping.count == DROPPED_AT_ONCE;
}
