/* SPDX-License-Identifier: MIT
 * test/lib/count.c: what an event costs: preloaded into the hub, it counts allocations and SQL
 * statements into the file that COUNT_FILE names (8 numbers of 8 bytes): malloc, calloc, realloc,
 * free, bytes asked for, sqlite3_step, sqlite3_reset, sqlite3_prepare. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum count { MALLOC, CALLOC, REALLOC, FREE, BYTES, STEP, RESET, PREPARE, COUNTS };

/* A preloaded library has no main() to pass things down from, and names that are others'.
 * NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables, readability-identifier-naming,
 * readability-function-size) */
static _Atomic int64_t spare[COUNTS];
static _Atomic int64_t *counts = spare;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *old);

__attribute__((constructor)) static void open_file(void)
{
    const char *path = getenv("COUNT_FILE");
    int fd = path == NULL ? -1 : open(path, O_RDWR);
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof spare, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED)
        counts = at;
    close(fd);
}

static void add(enum count which, int64_t much)
{
    __atomic_fetch_add((int64_t *)&counts[which], much, __ATOMIC_RELAXED);
}

void *malloc(size_t size)
{
    add(MALLOC, 1);
    add(BYTES, (int64_t)size);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    add(CALLOC, 1);
    add(BYTES, (int64_t)(count * size));
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    add(REALLOC, 1);
    add(BYTES, (int64_t)size);
    return __libc_realloc(old, size);
}

void free(void *old)
{
    if (old != NULL)
        add(FREE, 1);
    __libc_free(old);
}

#define PASS_ON(result, name, parameters, arguments, which)                                        \
    result name parameters                                                                         \
    {                                                                                              \
        static result(*next) parameters;                                                           \
        if (next == NULL)                                                                          \
            next = (result(*) parameters)dlsym(RTLD_NEXT, #name);                                  \
        add(which, 1);                                                                             \
        return next arguments;                                                                     \
    }

PASS_ON(int, sqlite3_step, (void *statement), (statement), STEP)
PASS_ON(int, sqlite3_reset, (void *statement), (statement), RESET)
PASS_ON(int, sqlite3_prepare_v3,
        (void *database, const char *text, int length, unsigned flags, void **statement,
         const char **tail),
        (database, text, length, flags, statement, tail), PREPARE)
PASS_ON(int, sqlite3_prepare_v2,
        (void *database, const char *text, int length, void **statement, const char **tail),
        (database, text, length, statement, tail), PREPARE)
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables, readability-identifier-naming,
 * readability-function-size) */
