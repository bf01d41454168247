/* SPDX-License-Identifier: MIT
 * base/fd.h: file descriptors that close themselves: CLEANUP(close_fd) int fd = open(…); */
#pragma once

#include <unistd.h>

/* < 0: none is open. What closing says is of no use any more: sync before. */
static inline void close_fd(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}
