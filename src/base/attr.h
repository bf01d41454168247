/* SPDX-License-Identifier: MIT
 * base/attr.h: the compiler attributes and the few macros every module uses. */
#pragma once

#include <assert.h>
#include <stddef.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define NORETURN __attribute__((noreturn))
#define COLD __attribute__((cold))

/* Runs `done(&variable)` when the variable leaves its scope. */
#define CLEANUP(done) __attribute__((cleanup(done)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The struct that holds `member`, which `pointer` points to. */
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))
