/* SPDX-License-Identifier: MIT
 * test/lib/step.c: a wall clock that a test can step: preloaded into the hub, it adds the seconds
 * in the file that STEP_FILE names (8 bytes, native) to what the system says. Monotonic time stays.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a preloaded library */
static volatile int64_t *offset_s;

__attribute__((constructor)) static void open_file(void)
{
    const char *path = getenv("STEP_FILE");
    int fd = path == NULL ? -1 : open(path, O_RDONLY);
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof *offset_s, PROT_READ, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED)
        offset_s = at;
    close(fd);
}

static int64_t stepped(void)
{
    return offset_s == NULL ? 0 : *offset_s;
}

int clock_gettime(clockid_t id, struct timespec *at)
{
    int r = (int)syscall(SYS_clock_gettime, id, at);
    if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        at->tv_sec += stepped();
    return r;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL)
        *ret = now.tv_sec;
    return now.tv_sec;
}
