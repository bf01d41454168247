/* SPDX-License-Identifier: MIT
 * base/fd.h: file descriptors that close themselves: int CLEANUP(close_fd) fd = open(…);
 * and names that are on disk for good. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fail.h"

/* < 0: none is open. What closing says is of no use any more: sync before. */
static inline void close_fd(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

/* Syncs a file, or a directory with the names in it. −errno on failure. May block. */
MUST_USE static inline int sync_path(const char *path)
{
    int CLEANUP(close_fd) fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? fail(-errno) : 0;
}
