/* SPDX-License-Identifier: MIT
 * base/fail.h: how failures travel.
 *
 * A function returns 0 for done, < 0 for a failure (−errno or one of the codes below) that is
 * forwarded unchanged by `return fail(r);`, and > 0 for an outcome of its own module, handled by
 * the direct caller. fail() notes where a failure was first seen; the edge that logs it asks for
 * that. */
#pragma once

#include "base/attr.h"

/* Beside −errno, outside its range. */
enum {
    FAIL_STORE = -4001,   /* the database refused; the message was logged by the engine */
    FAIL_CORRUPT = -4002, /* stored data does not read back as it was written */
    FAIL_TLS = -4003,
    FAIL_LIBRARY = -4004, /* a library call failed that only fails when something is very wrong */
};

/* Free when r >= 0. Returns r. Thread-local note of file and line of the innermost failure. */
#define fail(r) fail_at((r), __FILE__, __LINE__)

int fail_at(int r, const char *file, int line);

/* "errno text", for people; the text lives until the next call on this thread. */
const char *fail_text(int r);

/* "errno text (file:line)" of this thread's newest failure, for the log; the text lives as long. */
const char *fail_describe(int r);
