/* SPDX-License-Identifier: MIT */
#include "store/sqlite/directory.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/fd.h"

static int make_one(const char *path)
{
    return mkdir(path, 0700) < 0 && errno != EEXIST ? fail(-errno) : 0;
}

int directory_make(const char *path)
{
    char *partial = xstrdup(str_c(path));
    int r = 0;
    for (char *at = partial + 1; partial[0] != '\0' && *at != '\0' && r == 0; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        r = make_one(partial);
        *at = '/';
    }
    free(partial);
    return r == 0 ? make_one(path) : r;
}

int directory_sync_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : MAX_OF((size_t)(slash - path), 1);
    char *directory = xstrdup(slash == NULL ? STR(".") : str_from(path, length));
    int r = sync_path(directory);
    free(directory);
    return r;
}
