/* SPDX-License-Identifier: MIT
 * base/crash.h: named points where a test build ends at once, as by kill −9. JUNCTOR_CRASH="name:n"
 * in the environment ends the process the n-th time it comes by (n from 1). In other builds the
 * macro is nothing. */
#pragma once

#ifdef JUNCTOR_TEST_BUILD
#    define CRASH_POINT(name) crash_point(name)
void crash_point(const char *name);
#else
#    define CRASH_POINT(name) ((void)0)
#endif
