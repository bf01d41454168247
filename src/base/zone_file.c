/* SPDX-License-Identifier: MIT */
#include "base/zone_file.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "base/fd.h"

/* The longest there are have less than 4 KiB. */
#define FILE_MAX ((size_t)256 * 1024)

static int read_all(int fd, struct buf *buf)
{
    for (;;) {
        char *room = buf_reserve(buf, 4096);
        if (room == NULL)
            return 0;
        ssize_t count = read(fd, room, 4096);
        if (count == 0)
            return 0;
        if (count > 0)
            buf->len += (size_t)count;
        else if (errno != EINTR)
            return fail(-errno);
    }
}

int zone_load(const char *directory, str name, struct arena *arena, struct zone *ret_zone)
{
    if (!zone_name_is_valid(name))
        return ZONE_UNKNOWN;
    if (str_equal(name, STR("UTC"))) {
        *ret_zone = (struct zone){};
        return 0;
    }
    str path = arena_format(arena, "%s/%.*s", directory, STR_ARG(name));
    int CLEANUP(close_fd) fd = open(arena_c(arena, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return ZONE_UNKNOWN;
    if (fd < 0)
        return fail(-errno);
    struct stat status;
    if (fstat(fd, &status) < 0)
        return fail(-errno);
    if (!S_ISREG(status.st_mode)) /* "America" */
        return ZONE_UNKNOWN;
    struct buf bytes;
    buf_init(&bytes, arena, FILE_MAX);
    int r = read_all(fd, &bytes);
    if (r < 0)
        return fail(r);
    /* Other files lie there too, such as "leapseconds". */
    return zone_read(buf_str(&bytes), arena, ret_zone) ? 0 : ZONE_UNKNOWN;
}
