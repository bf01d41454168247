/* SPDX-License-Identifier: MIT
 * store/sqlite/backup.c: a consistent copy while the hub runs.
 *
 * On a connection of its own that holds one snapshot throughout: without it, SQLite would begin the
 * copy anew after every commit. The price is that the WAL cannot start again from its beginning
 * meanwhile. The copy grows under another name, is synced, and only then gets its own: a file of
 * that name is whole. */
#include "store/sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/sqlite/directory.h"

#define PAGES_AT_ONCE 1024

struct backup {
    struct sql from;
    struct sql to;
    const char *path; /* where it shall be */
    const char *growing;
};

static int make_empty(const char *path)
{
    int CLEANUP(close_fd) fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? fail(-errno) : 0;
}

static int hold_snapshot(struct sql *sql)
{
    int64_t ignored;
    int r = sql_script(sql, "BEGIN");
    return r < 0 ? r : sql_number(sql, "SELECT max(committer) FROM committers", &ignored);
}

static int copy_pages(struct backup *backup)
{
    sqlite3_backup *copy = sqlite3_backup_init(backup->to.db, "main", backup->from.db, "main");
    if (copy == NULL)
        return sql_failed(&backup->to, sqlite3_errcode(backup->to.db), "backup");
    int code;
    do {
        code = sqlite3_backup_step(copy, PAGES_AT_ONCE);
        CRASH_POINT("backup");
    } while (code == SQLITE_OK);
    int end = sqlite3_backup_finish(copy);
    if (code != SQLITE_DONE || end != SQLITE_OK)
        return sql_failed(&backup->to, code == SQLITE_DONE ? end : code, "backup");
    return 0;
}

static int copy_database(struct store *store, struct backup *backup)
{
    int r = sql_open(&backup->from, store->path, SQLITE_OPEN_READONLY, READER_CACHE_KIB);
    if (r == 0)
        r = sql_open(&backup->to, backup->growing, SQLITE_OPEN_READWRITE, READER_CACHE_KIB);
    /* Until it is complete, nobody needs it back: no journal on the disk. */
    if (r == 0)
        r = sql_script(&backup->to, "PRAGMA journal_mode = MEMORY");
    if (r == 0)
        r = hold_snapshot(&backup->from);
    if (r == 0)
        r = copy_pages(backup);
    sql_close(&backup->to);
    sql_close(&backup->from);
    return r;
}

/* link() refuses a name that is taken; where a file system has no links, rename() after a look. */
static int give_name(const struct backup *backup)
{
    if (link(backup->growing, backup->path) == 0) {
        (void)unlink(backup->growing);
        return directory_sync_of(backup->path);
    }
    if (errno == EEXIST || access(backup->path, F_OK) == 0)
        return fail(-EEXIST);
    if (rename(backup->growing, backup->path) < 0)
        return fail(-errno);
    return directory_sync_of(backup->path);
}

static int make_backup(struct store *store, struct backup *backup)
{
    if (access(backup->path, F_OK) == 0)
        return fail(-EEXIST);
    int r = make_empty(backup->growing);
    if (r < 0)
        return r;
    int mark = snapshot_mark(store->path);
    r = copy_database(store, backup);
    snapshot_unmark(mark);
    if (r == 0)
        r = sync_path(backup->growing);
    if (r == 0)
        r = give_name(backup);
    if (r < 0)
        (void)unlink(backup->growing);
    return r;
}

int store_backup(struct store *store, str to_file, struct arena *arena, struct problem *reterr)
{
    str growing = arena_format(arena, "%.*s.%ld.part", STR_ARG(to_file), (long)getpid());
    struct backup backup = {
        .from.log = store->log,
        .to.log = store->log,
        .path = arena_c(arena, to_file),
        .growing = arena_c(arena, growing),
    };
    int r = make_backup(store, &backup);
    if (r == -EEXIST)
        problem_set(
            reterr, PROBLEM_CONFLICT,
            arena_format(arena, "%s is already there; a backup replaces nothing.", backup.path));
    else if (r < 0)
        problem_set(reterr, PROBLEM_STORE,
                    arena_format(arena, "The backup to %s failed: %s.", backup.path, fail_text(r)));
    return r;
}
