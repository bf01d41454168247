/* SPDX-License-Identifier: MIT */
#include "base/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

#ifdef JUNCTOR_TEST_BUILD
void crash_point(const char *name)
{
    /* Counts passes over the whole process; test builds only. */
    static atomic_int passes;
    str wanted = str_c(getenv("JUNCTOR_CRASH"));
    str point = str_cut(&wanted, ':');
    int64_t at = 1;
    if (!str_equal(point, str_c(name)) || (wanted.len > 0 && !str_to_int64(wanted, &at)))
        return;
    if (atomic_fetch_add(&passes, 1) + 1 == at)
        (void)kill(getpid(), SIGKILL);
}
#endif
