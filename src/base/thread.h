/* SPDX-License-Identifier: MIT
 * base/thread.h: what a thread is called by top, gdb and perf. */
#pragma once

/* The calling thread: "KIND-INDEX", or KIND alone when index < 0. The kernel keeps 15 bytes. */
void thread_name(const char *kind, int index);
