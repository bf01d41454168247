/* SPDX-License-Identifier: MIT
 * store/sqlite/vfs.c: the system's VFS, but writes are gathered.
 *
 * SQLite writes each frame of the WAL by two small calls; half of what a batch costs is the
 * kernel's work for them. Here consecutive writes to the WAL are kept and handed on as one, at the
 * latest when anything else is asked of that file.
 *
 * Why this is safe, with synchronous=FULL, which sql.c sets: (1) what is written counts only once
 * it is synced, and xSync hands everything on first. A frame means nothing to other connections
 * before the WAL's index names it, and SQLite writes that index behind the commit's xSync. (2) The
 * own connection reads through the same handle, which hands on first as well. (3) A failed write
 * shows at the next call, at the latest at the xSync, instead of at the xWrite, and SQLite treats
 * both alike; the last frame, which makes a transaction valid, is still the last that is written.
 *
 * The database file is left alone: a checkpoint that a reader cuts short notes how far it has come
 * without a sync, and other connections then read those pages from the file at once. */
#include "store/sqlite/internal.h"

#include <stdlib.h>

/* SQLite's own layer writes less than 128 KiB at once. */
#define GATHERED (120 * 1024)

struct file {
    sqlite3_file base;
    sqlite3_file *real; /* lies behind this struct */
    char *bytes;        /* GATHERED of them; NULL until the first write */
    int count;
    sqlite3_int64 at; /* where they belong */
};

#define OURS(of) ((struct file *)(void *)(of))
#define PASS(of, method, ...) OURS(of)->real->pMethods->method(OURS(of)->real, ##__VA_ARGS__)

static int hand_on(struct file *file)
{
    int count = file->count;
    file->count = 0; /* after a failure too: SQLite writes it anew or not at all */
    if (count == 0)
        return SQLITE_OK;
    return file->real->pMethods->xWrite(file->real, file->bytes, count, file->at);
}

static int file_close(sqlite3_file *file)
{
    int code = hand_on(OURS(file));
    int closed = PASS(file, xClose);
    free(OURS(file)->bytes);
    return code == SQLITE_OK ? closed : code;
}

static int file_read(sqlite3_file *file, void *to, int size, sqlite3_int64 at)
{
    int code = hand_on(OURS(file));
    return code == SQLITE_OK ? PASS(file, xRead, to, size, at) : code;
}

static int file_write(sqlite3_file *base, const void *from, int size, sqlite3_int64 at)
{
    struct file *file = OURS(base);
    if (file->count > 0 && (at != file->at + file->count || size > GATHERED - file->count)) {
        int code = hand_on(file);
        if (code != SQLITE_OK)
            return code;
    }
    if (size > GATHERED)
        return PASS(base, xWrite, from, size, at);
    if (file->bytes == NULL)
        file->bytes = xmalloc(GATHERED);
    if (file->count == 0)
        file->at = at;
    memcpy(file->bytes + file->count, from, (size_t)size);
    file->count += size;
    return SQLITE_OK;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = hand_on(OURS(file));
    return code == SQLITE_OK ? PASS(file, xTruncate, size) : code;
}

static int file_sync(sqlite3_file *file, int flags)
{
    int code = hand_on(OURS(file));
    return code == SQLITE_OK ? PASS(file, xSync, flags) : code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    int code = hand_on(OURS(file));
    return code == SQLITE_OK ? PASS(file, xFileSize, ret_size) : code;
}

/* A WAL is never locked: the locks are on the database. */
static int file_lock(sqlite3_file *file, int lock)
{
    return PASS(file, xLock, lock);
}

static int file_unlock(sqlite3_file *file, int lock)
{
    return PASS(file, xUnlock, lock);
}

static int file_check_lock(sqlite3_file *file, int *ret_reserved)
{
    return PASS(file, xCheckReservedLock, ret_reserved);
}

static int file_control(sqlite3_file *file, int op, void *argument)
{
    return PASS(file, xFileControl, op, argument);
}

static int file_sector(sqlite3_file *file)
{
    return PASS(file, xSectorSize);
}

static int file_traits(sqlite3_file *file)
{
    return PASS(file, xDeviceCharacteristics);
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

static sqlite3_vfs *below(const sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

/* All other files are the system's own. */
static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
                    int *ret_flags)
{
    if ((flags & SQLITE_OPEN_WAL) == 0)
        return below(vfs)->xOpen(below(vfs), name, base, flags, ret_flags);
    struct file *file = OURS(base);
    *file = (struct file){ .real = (sqlite3_file *)(void *)(file + 1) };
    int code = below(vfs)->xOpen(below(vfs), name, file->real, flags, ret_flags);
    if (file->real->pMethods != NULL)
        file->base.pMethods = &file_methods;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    return below(vfs)->xDelete(below(vfs), name, sync);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret_there)
{
    return below(vfs)->xAccess(below(vfs), name, flags, ret_there);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *to)
{
    return below(vfs)->xFullPathname(below(vfs), name, size, to);
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *to)
{
    return below(vfs)->xRandomness(below(vfs), size, to);
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
    return below(vfs)->xSleep(below(vfs), us);
}

static int vfs_time(sqlite3_vfs *vfs, double *ret_time)
{
    return below(vfs)->xCurrentTime(below(vfs), ret_time);
}

static int vfs_time_int(sqlite3_vfs *vfs, sqlite3_int64 *ret_time)
{
    return below(vfs)->xCurrentTimeInt64(below(vfs), ret_time);
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *to)
{
    return below(vfs)->xGetLastError(below(vfs), size, to);
}

int vfs_register(void)
{
    static sqlite3_vfs vfs; /* SQLite keeps it; written once, before the first connection */
    if (sqlite3_vfs_find(SQLITE_VFS_NAME) != NULL)
        return 0;
    sqlite3_vfs *system = sqlite3_vfs_find(fault_vfs());
    vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(struct file) + system->szOsFile,
        .mxPathname = system->mxPathname,
        .zName = SQLITE_VFS_NAME,
        .pAppData = system,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xCurrentTimeInt64 = vfs_time_int,
        .xGetLastError = vfs_last_error,
    };
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK ? 0 : fail(FAIL_STORE);
}
