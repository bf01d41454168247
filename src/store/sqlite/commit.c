/* SPDX-License-Identifier: MIT
 * store/sqlite/commit.c: transactions of the writer, and what became of them.
 *
 * Every transaction that goes through here carries a number, `sequence`, in the committers table.
 *
 * A COMMIT that failed is refused when the transaction is still open (it is rolled back here), or
 * when there was no room: the frame that makes a transaction valid is the last that is written to
 * the WAL, and SQLITE_FULL comes from writing. After any other failure it is unknown: the frames
 * may all be in the WAL, unsynced, and a recovery would find them valid.
 *
 * After a failed sync SQLite stands by this: frames up to the last successful commit were synced by
 * it; frames behind it are overwritten by the next. It cannot know that pages which the kernel has
 * marked clean are not on the disk. Hence store_settle():
 *
 * 1. opens the connection anew (with no other connection open, that is a recovery from the file),
 *    and reads the number;
 *
 * 2. if it is there, copies the whole WAL into the database by fresh writes and a fresh sync, and
 *    has the WAL begin anew: from then on the lost pages do not matter;
 *
 * 3. writes and syncs a transaction of its own behind it: if ours was absent, that overwrites its
 *    frames, so that no later recovery brings it back; and it shows that the disk works again.
 *
 * If 2 or 3 fails, the outcome stays unknown. A process that is killed between a failed sync and
 * its settling leaves the same behind: store_writer_open() begins with 2. Failed syncs of the
 * database file are another matter: chores.c. */
#include "store/sqlite/internal.h"

/* Readers hold their snapshots for 2 s at most. */
#define SETTLE_WAIT_MS 2500

static void forget_transaction(struct sql *sql)
{
    sql->in_transaction = false;
    sql->doomed = false;
}

int store_begin(struct store_writer *writer)
{
    struct sql *sql = &writer->sql;
    assert(!sql->in_transaction);
    if (writer->in_doubt && store_settle(writer, 0) == COMMIT_UNKNOWN)
        return fail(FAIL_STORE);
    if (SQL_RUN(sql, "BEGIN IMMEDIATE") < 0)
        return fail(FAIL_STORE);
    sql->in_transaction = true;
    sql->doomed = false;
    sql->full = false;
    writer->activity_before = writer->activity;
    return 0;
}

static void roll_back(struct store_writer *writer)
{
    struct sql *sql = &writer->sql;
    /* SQLite may have rolled back by itself. */
    if (sql->db != NULL && sqlite3_get_autocommit(sql->db) == 0)
        (void)sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL);
    forget_transaction(sql);
    writer->activity = writer->activity_before;
    keys_roll_back(&writer->keys);
}

void store_rollback(struct store_writer *writer)
{
    if (writer->sql.in_transaction)
        roll_back(writer);
}

static int64_t write_marker(struct store_writer *writer, int64_t batch)
{
    return SQL_RUN(&writer->sql,
                   "INSERT INTO committers (committer, batch, sequence, settlings)"
                   " VALUES (0, $1, $2, 0)"
                   " ON CONFLICT (committer) DO UPDATE SET batch = max(batch, excluded.batch),"
                   " sequence = excluded.sequence",
                   SQL_I(batch), SQL_I(writer->tried));
}

/* A fault by order: an I/O error is reported, with the transaction absent or there. */
static int64_t commit_with_fault(struct sql *sql, enum fault fault)
{
    if (fault == FAULT_AFTER_COMMIT && SQL_RUN(sql, "COMMIT") < 0)
        return FAIL_STORE;
    if (fault == FAULT_BEFORE_COMMIT)
        (void)sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL);
    return sql_failed(sql, SQLITE_IOERR_WRITE, "COMMIT (a fault by order)");
}

static enum commit_outcome outcome_of_failure(struct store_writer *writer)
{
    struct sql *sql = &writer->sql;
    bool open = sqlite3_get_autocommit(sql->db) == 0;
    if (open || (sql->last_code & 0xff) == SQLITE_FULL) {
        roll_back(writer);
        return COMMIT_REFUSED;
    }
    forget_transaction(sql);
    writer->in_doubt = true;
    return COMMIT_UNKNOWN;
}

enum commit_outcome store_commit(struct store_writer *writer, int64_t batch)
{
    struct sql *sql = &writer->sql;
    assert(sql->in_transaction);
    writer->tried = MAX_OF(writer->tried, writer->sequence) + 1;
    if (sql->doomed || write_marker(writer, batch) < 0) {
        roll_back(writer);
        return writer->outcome = COMMIT_REFUSED;
    }
    enum fault fault = fault_at_commit();
    int64_t r = fault == FAULT_NONE ? SQL_RUN(sql, "COMMIT") : commit_with_fault(sql, fault);
    if (r < 0)
        return writer->outcome = outcome_of_failure(writer);
    forget_transaction(sql);
    keys_commit(&writer->keys);
    writer->sequence = writer->tried;
    return writer->outcome = COMMIT_DONE;
}

/* Leaves `sequence` alone: if this fails too, it must still tell about the first. */
static bool write_settling_mark(struct sql *sql)
{
    return SQL_RUN(sql, "INSERT INTO committers (committer, batch, sequence, settlings)"
                        " VALUES (0, 0, 0, 1)"
                        " ON CONFLICT (committer) DO UPDATE SET settlings = settlings + 1") >= 0;
}

enum commit_outcome store_settle(struct store_writer *writer, int64_t batch)
{
    (void)batch; /* the sequence says more: not every transaction draws an id */
    struct sql *sql = &writer->sql;
    if (!writer->in_doubt)
        return writer->outcome;
    sql_close(sql);
    merge_free(writer->merge);
    writer->merge = NULL;
    if (writer_connect(writer) < 0)
        return COMMIT_UNKNOWN;
    bool there = writer->sequence == writer->tried;
    if ((there && wal_copy_back(writer, SETTLE_WAIT_MS) != 0) || !write_settling_mark(sql)) {
        sql_close(sql);
        return COMMIT_UNKNOWN;
    }
    writer->in_doubt = false;
    return writer->outcome = there ? COMMIT_DONE : COMMIT_REFUSED;
}

bool store_is_full(const struct store_writer *writer)
{
    return writer->sql.full;
}

int store_highest_id(struct sql *sql, int64_t *ret_id)
{
    return sql_number(sql, "SELECT max(batch) FROM committers", ret_id);
}

/* ── chores ── */

int chore_begin(struct store_writer *writer)
{
    return store_begin(writer);
}

int chore_fail(struct store_writer *writer, int r)
{
    store_rollback(writer);
    if (!writer->in_doubt && writer_recall(writer) < 0)
        return fail(FAIL_STORE);
    return r;
}

int chore_commit(struct store_writer *writer)
{
    enum commit_outcome outcome = store_commit(writer, 0);
    if (outcome == COMMIT_UNKNOWN)
        outcome = store_settle(writer, 0);
    return outcome == COMMIT_DONE ? 0 : chore_fail(writer, fail(FAIL_STORE));
}
