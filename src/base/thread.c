/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include <pthread.h>
#include <stdio.h>

#define NAME_SIZE 16 /* with its NUL: TASK_COMM_LEN */

void thread_name(const char *kind, int index)
{
    char name[NAME_SIZE];
    if (index < 0)
        (void)snprintf(name, sizeof(name), "%s", kind);
    else
        (void)snprintf(name, sizeof(name), "%s-%d", kind, index);
    (void)pthread_setname_np(pthread_self(), name); /* a thread without a name runs as well */
}
