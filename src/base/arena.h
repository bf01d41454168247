/* SPDX-License-Identifier: MIT
 * base/arena.h: memory for one unit of work, let go all at once.
 *
 * Never returns NULL: when memory is really out, the program dies. That is safe because every input
 * has a cap before it is read (base/limits.h). Belongs to one thread at a time. */
#pragma once

#include <stdalign.h>
#include <stdarg.h>

#include "base/attr.h"
#include "base/str.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; /* the newest; older ones hang behind it */
    char *next;
    char *end;
    size_t held; /* bytes of all chunks */
};

/* An all-zero struct is an empty arena. The first chunk comes with the first allocation. */
void arena_done(struct arena *arena);

/* Forgets everything, and keeps one chunk of at most `keep` bytes for the next unit of work. */
void arena_reset(struct arena *arena, size_t keep);

/* Gives an empty arena a first chunk of exactly so many bytes: for what is small, and many. */
void arena_fit(struct arena *arena, size_t size);

/* Zeroed, aligned for anything. */
MUST_USE void *arena_alloc(struct arena *arena, size_t size);

/* Not zeroed, not aligned: for bytes. */
MUST_USE char *arena_bytes(struct arena *arena, size_t size);

/* Makes `old` of `old_size` bytes (NULL: of none) longer: in place when it is the newest and there
 * is room, else in a copy. What is new is not zeroed. */
MUST_USE char *arena_grow(struct arena *arena, char *old, size_t old_size, size_t new_size);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_array((arena), sizeof(type), (count)))

MUST_USE void *arena_array(struct arena *arena, size_t size, size_t count);

/* A copy that lives as long as the arena. */
MUST_USE str arena_str(struct arena *arena, str s);
/* ASCII letters in lower case. */
MUST_USE str arena_lower(struct arena *arena, str s);

/* The same with a NUL behind it, for libc, SQLite and libcurl. `s` must hold no NUL of its own. */
MUST_USE char *arena_c(struct arena *arena, str s);

MUST_USE str arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* malloc that dies instead of returning NULL; for what outlives a unit of work. */
MUST_USE void *xmalloc(size_t size);
MUST_USE void *xcalloc(size_t count, size_t size);
MUST_USE void *xrealloc(void *old, size_t size);
MUST_USE char *xstrdup(str s);

#define NEW(type) ((type *)xcalloc(1, sizeof(type)))
