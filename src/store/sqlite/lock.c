/* SPDX-License-Identifier: MIT
 * store/sqlite/lock.c: flock on DIRECTORY/lock. The file stays; what is in it is only for people.
 */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fail.h"
#include "store/sqlite/directory.h"
#include "store/sqlite/internal.h"

struct store_lock {
    int fd;
};

/* For people: the lock holds without it. */
static void write_pid(int fd)
{
    char text[24];
    int length = snprintf(text, sizeof(text), "%-20ld\n", (long)getpid());
    ssize_t written = pwrite(fd, text, (size_t)length, 0);
    (void)written;
}

static str read_pid(int fd, struct arena *arena)
{
    char *text = arena_bytes(arena, 24);
    ssize_t length = pread(fd, text, 24, 0);
    str pid = str_trim(str_from(text, length < 0 ? 0 : (size_t)length));
    return pid.len == 0 ? STR("unknown") : pid;
}

static int take(int fd, str directory, struct arena *arena, struct problem *reterr)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        write_pid(fd);
        return 0;
    }
    if (errno != EWOULDBLOCK)
        return fail(-errno);
    problem_set(reterr, PROBLEM_CONFLICT,
                arena_format(arena,
                             "The data directory %.*s is in use by another junctor, process %.*s. "
                             "Stop that one first, or give this one a directory of its own.",
                             STR_ARG(directory), STR_ARG(read_pid(fd, arena))));
    return STORE_LOCKED;
}

static int open_file(str directory, bool create, struct arena *arena, int *ret_fd)
{
    int r = create ? directory_make(arena_c(arena, directory)) : 0;
    if (r < 0)
        return r;
    str path = arena_format(arena, "%.*s/lock", STR_ARG(directory));
    int fd = open(arena_c(arena, path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(-errno);
    *ret_fd = fd;
    return 0;
}

int store_lock(str directory, bool create, struct arena *arena, struct store_lock **ret_lock,
               struct problem *reterr)
{
    int fd = -1;
    int r = open_file(directory, create, arena, &fd);
    if (r == 0)
        r = take(fd, directory, arena, reterr);
    if (r < 0)
        problem_set(
            reterr, PROBLEM_STORE,
            arena_format(arena,
                         "The data directory %.*s cannot be used: %s. Let the user that runs "
                         "junctor write there, or name another with --data.",
                         STR_ARG(directory), fail_text(r)));
    if (r != 0) {
        if (fd >= 0)
            (void)close(fd);
        return r;
    }
    *ret_lock = NEW(struct store_lock);
    (*ret_lock)->fd = fd;
    return 0;
}

void store_unlock(struct store_lock *lock)
{
    if (lock == NULL)
        return;
    (void)close(lock->fd);
    free(lock);
}

/* ── the mark of long snapshots ── */

static int open_mark(const char *path)
{
    struct arena CLEANUP(arena_done) arena = {};
    str name = arena_format(&arena, "%s-snapshots", path);
    return open(arena_c(&arena, name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

int snapshot_mark(const char *path)
{
    int fd = open_mark(path);
    if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

void snapshot_unmark(int mark)
{
    if (mark >= 0)
        (void)close(mark);
}

bool snapshot_is_marked(const char *path)
{
    int fd = open_mark(path);
    if (fd < 0)
        return false;
    bool marked = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    (void)close(fd);
    return marked;
}
