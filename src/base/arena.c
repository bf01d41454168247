/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* of `bytes` */
    alignas(max_align_t) char bytes[];
};

#define FIRST_CHUNK ((size_t)4096 - sizeof(struct arena_chunk))
#define LARGEST_STEP ((size_t)1 << 20)

COLD NORETURN static void die_out_of_memory(void)
{
    fputs("junctor: out of memory\n", stderr);
    abort();
}

void *xmalloc(size_t size)
{
    void *memory = malloc(size == 0 ? 1 : size);
    if (memory == NULL)
        die_out_of_memory();
    return memory;
}

void *xcalloc(size_t count, size_t size)
{
    void *memory = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (memory == NULL)
        die_out_of_memory();
    return memory;
}

void *xrealloc(void *old, size_t size)
{
    void *memory = realloc(old, size == 0 ? 1 : size);
    if (memory == NULL)
        die_out_of_memory();
    return memory;
}

char *xstrdup(str s)
{
    char *copy = xmalloc(s.len + 1);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

static void free_behind(struct arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct arena_chunk *older = chunk->older;
        free(chunk);
        chunk = older;
    }
}

void arena_done(struct arena *arena)
{
    free_behind(arena->chunk);
    *arena = (struct arena){};
}

void arena_reset(struct arena *arena, size_t keep)
{
    struct arena_chunk *chunk = arena->chunk;
    if (chunk == NULL)
        return;
    if (chunk->size > keep) {
        arena_done(arena);
        return;
    }
    free_behind(chunk->older);
    chunk->older = NULL;
    arena->next = chunk->bytes;
    arena->end = chunk->bytes + chunk->size;
    arena->held = chunk->size;
}

static void hang_chunk(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = xmalloc(sizeof(*chunk) + size);
    chunk->older = arena->chunk;
    chunk->size = size;
    arena->chunk = chunk;
    arena->next = chunk->bytes;
    arena->end = chunk->bytes + size;
    arena->held += size;
}

static void add_chunk(struct arena *arena, size_t wanted)
{
    size_t size = arena->chunk == NULL ? FIRST_CHUNK : MIN_OF(arena->held * 2, LARGEST_STEP);
    hang_chunk(arena, MAX_OF(size, wanted));
}

void arena_fit(struct arena *arena, size_t size)
{
    assert(arena->chunk == NULL);
    hang_chunk(arena, size);
}

char *arena_bytes(struct arena *arena, size_t size)
{
    if (arena->next == NULL || (size_t)(arena->end - arena->next) < size)
        add_chunk(arena, size);
    char *memory = arena->next;
    arena->next += size;
    return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t alignment = alignof(max_align_t);
    size_t past = (size_t)((uintptr_t)arena->next % alignment);
    size_t padding = past == 0 ? 0 : alignment - past;
    if (arena->next == NULL || (size_t)(arena->end - arena->next) < size + padding) {
        add_chunk(arena, size);
        padding = 0;
    }
    char *memory = arena->next + padding;
    arena->next = memory + size;
    memset(memory, 0, size);
    return memory;
}

void *arena_array(struct arena *arena, size_t size, size_t count)
{
    size_t total;
    if (__builtin_mul_overflow(size, count, &total))
        die_out_of_memory();
    return arena_alloc(arena, total);
}

char *arena_grow(struct arena *arena, char *old, size_t old_size, size_t new_size)
{
    assert(new_size >= old_size && (old != NULL || old_size == 0));
    size_t more = new_size - old_size;
    if (old != NULL && old + old_size == arena->next &&
        (size_t)(arena->end - arena->next) >= more) {
        arena->next += more;
        return old;
    }
    char *memory = arena_bytes(arena, new_size);
    if (old_size > 0)
        memcpy(memory, old, old_size);
    return memory;
}

str arena_str(struct arena *arena, str s)
{
    if (s.len == 0)
        return (str){ "", 0 };
    char *copy = arena_bytes(arena, s.len);
    memcpy(copy, s.ptr, s.len);
    return str_from(copy, s.len);
}

str arena_lower(struct arena *arena, str s)
{
    char *copy = arena_bytes(arena, s.len + 1);
    for (size_t i = 0; i < s.len; i++)
        copy[i] = char_lower(s.ptr[i]);
    return str_from(copy, s.len);
}

char *arena_c(struct arena *arena, str s)
{
    char *copy = arena_bytes(arena, s.len + 1);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

str arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    char *text = arena_bytes(arena, (size_t)length + 1);
    (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return str_from(text, (size_t)length);
}
