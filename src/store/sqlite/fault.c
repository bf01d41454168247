/* SPDX-License-Identifier: MIT
 * store/sqlite/fault.c: faults by order, in test builds: a VFS above the system's that counts calls
 * which write, sync, cut or delete, and lets one of them (or it and all after it) fail; and commits
 * that report an I/O error although they took place, or although they did not.
 *
 * JUNCTOR_FAULT in the environment arms one fault for the process; tests arm them one by one. */
#include "store/sqlite/internal.h"

#ifdef JUNCTOR_TEST_BUILD

#    include <signal.h>
#    include <stdatomic.h>
#    include <stdlib.h>
#    include <unistd.h>

enum kind {
    NOTHING = 0,
    COMMIT_BEFORE,
    COMMIT_AFTER,
    SYNC,
    IO,
    IO_DEAD,
    IO_FULL,
    IO_TORN,
    IO_KILL
};

static const struct {
    str name;
    enum kind kind;
} kinds[] = {
    { STR_INIT("commit-fail-before"), COMMIT_BEFORE },
    { STR_INIT("commit-fail-after"), COMMIT_AFTER },
    { STR_INIT("fsync-fail"), SYNC },
    { STR_INIT("io-fail"), IO },
    { STR_INIT("io-dead"), IO_DEAD },
    { STR_INIT("io-full"), IO_FULL },
    { STR_INIT("io-torn"), IO_TORN },
    { STR_INIT("io-kill"), IO_KILL },
};

struct armed {
    _Atomic int kind;
    _Atomic int64_t at;
    _Atomic int64_t passes;
    atomic_bool struck;
};

/* Of the whole process, as the environment is; test builds only. */
static struct armed *armed(void)
{
    static struct armed of_process;
    return &of_process;
}

bool fault_arm(const char *text)
{
    str rest = str_c(text);
    str name = str_cut(&rest, ':');
    int64_t at = 1;
    armed()->kind = NOTHING;
    armed()->passes = 0;
    armed()->struck = false;
    if (text == NULL)
        return true;
    if (rest.len > 0 && !str_to_int64(rest, &at))
        return false;
    armed()->at = at;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_equal(name, kinds[i].name))
            armed()->kind = kinds[i].kind;
    return armed()->kind != NOTHING;
}

bool fault_struck(void)
{
    return armed()->struck;
}

static bool strikes(void)
{
    int64_t pass = atomic_fetch_add(&armed()->passes, 1) + 1;
    if (pass != armed()->at && (armed()->kind != IO_DEAD || pass < armed()->at))
        return false;
    armed()->struck = true;
    return true;
}

enum fault fault_at_commit(void)
{
    if ((armed()->kind != COMMIT_BEFORE && armed()->kind != COMMIT_AFTER) || !strikes())
        return FAULT_NONE;
    return armed()->kind == COMMIT_BEFORE ? FAULT_BEFORE_COMMIT : FAULT_AFTER_COMMIT;
}

static bool io_fails(void)
{
    if (armed()->kind < IO || !strikes())
        return false;
    if (armed()->kind == IO_KILL)
        (void)kill(getpid(), SIGKILL);
    return true;
}

/* ── the VFS: the system's, but for the calls that fail ── */

struct fault_file {
    sqlite3_file base;
    sqlite3_file *real; /* lies behind this struct */
};

/* The system's, or the one of power_test.c. */
static sqlite3_vfs *real_vfs(void)
{
    sqlite3_vfs *power = sqlite3_vfs_find("junctor-power");
    return power != NULL ? power : sqlite3_vfs_find("unix");
}

#    define REAL(of) (((struct fault_file *)(void *)(of))->real)
#    define PASS(of, method, ...) REAL(of)->pMethods->method(REAL(of), ##__VA_ARGS__)

static int file_close(sqlite3_file *file)
{
    return PASS(file, xClose);
}

static int file_read(sqlite3_file *file, void *to, int size, sqlite3_int64 at)
{
    return PASS(file, xRead, to, size, at);
}

static int file_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
    if (!io_fails())
        return PASS(file, xWrite, from, size, at);
    if (armed()->kind == IO_TORN && size > 1)
        (void)PASS(file, xWrite, from, size / 2, at);
    return armed()->kind == IO_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return io_fails() ? SQLITE_IOERR_TRUNCATE : PASS(file, xTruncate, size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    if (io_fails() || (armed()->kind == SYNC && strikes()))
        return SQLITE_IOERR_FSYNC;
    return PASS(file, xSync, flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return PASS(file, xFileSize, ret_size);
}

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

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **to)
{
    if (extend != 0 && io_fails())
        return SQLITE_IOERR_SHMMAP;
    return PASS(file, xShmMap, page, size, extend, to);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return PASS(file, xShmLock, offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    PASS(file, xShmBarrier);
}

static int file_shm_unmap(sqlite3_file *file, int remove)
{
    return PASS(file, xShmUnmap, remove);
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 2,
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
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *ret_flags)
{
    (void)vfs;
    struct fault_file *ours = (struct fault_file *)(void *)file;
    *ours = (struct fault_file){ .real = (sqlite3_file *)(void *)(ours + 1) };
    if ((flags & SQLITE_OPEN_CREATE) != 0 && io_fails())
        return SQLITE_CANTOPEN;
    int code = real_vfs()->xOpen(real_vfs(), name, ours->real, flags, ret_flags);
    if (ours->real->pMethods != NULL)
        ours->base.pMethods = &file_methods;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    return io_fails() ? SQLITE_IOERR_DELETE : real_vfs()->xDelete(real_vfs(), name, sync);
}

const char *fault_vfs(void)
{
    static sqlite3_vfs vfs;
    if (sqlite3_vfs_find("junctor-fault") != NULL)
        return "junctor-fault";
    if (getenv("JUNCTOR_FAULT") != NULL)
        (void)fault_arm(getenv("JUNCTOR_FAULT"));
    /* The other methods need nothing of ours: the system's find their data in the copy. */
    vfs = *real_vfs();
    vfs.zName = "junctor-fault";
    vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs()->szOsFile;
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    (void)sqlite3_vfs_register(&vfs, 0);
    return "junctor-fault";
}

#else

typedef int fault_is_for_test_builds;

#endif
