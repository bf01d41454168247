/* SPDX-License-Identifier: MIT */
#include "delivery/file_source.h"

#include "base/fail.h"

#define PART_BYTES ((size_t)256 * 1024)
#define PART_MOST ((size_t)64 * 1024 * 1024) /* one row is less than 16 MiB */

/* From the first row on again. */
static void rewind_rows(struct file_source *source)
{
    source->part = (str){};
    source->part_from = (int64_t)source->file.header.len;
    source->after = source->last = 0;
}

static int next_part(struct file_source *source)
{
    struct buf bytes;
    source->part_from += (int64_t)source->part.len;
    source->after = source->last;
    arena_reset(&source->arena, PART_BYTES);
    buf_init(&bytes, &source->arena, PART_MOST);
    const struct export_file_part part = { .organization = source->file.organization,
                                           .file = source->file.id,
                                           .after = source->after,
                                           .most = PART_BYTES };
    int r = store_read_begin(source->reader);
    if (r < 0)
        return fail(r);
    r = store_read_export_file_part(store_reader_sql(source->reader), &part, &bytes, &source->last);
    store_read_end(source->reader);
    if (r < 0)
        return fail(r);
    source->part = buf_str(&bytes);
    /* Fewer bytes than its rows were counted to: history has been pruned meanwhile. */
    return source->part.len == 0 || buf_overflowed(&bytes) ? fail(FAIL_CORRUPT) : 0;
}

static int open_reader(struct file_source *source)
{
    if (source->reader != NULL)
        return 0;
    rewind_rows(source);
    return fail(store_reader_open(source->store, &source->reader));
}

/* A failure is left to the reads to tell. */
bool file_source_is_gone(void *context)
{
    struct file_source *source = context;
    bool whole = true;
    int r = open_reader(source);
    if (r == 0)
        r = store_read_begin(source->reader);
    if (r == 0) {
        r = store_check_export_file(store_reader_sql(source->reader), &source->file, &whole);
        store_read_end(source->reader);
    }
    return r == 0 && !whole;
}

static size_t copy(str from, int64_t offset, char *to, size_t size)
{
    assert(offset >= 0 && (size_t)offset < from.len);
    size_t count = MIN_OF(size, from.len - (size_t)offset);
    memcpy(to, from.ptr + offset, count);
    return count;
}

int file_source_read(void *context, int64_t offset, char *to, size_t size)
{
    struct file_source *source = context;
    str header = source->file.header;
    int r = open_reader(source);
    if (r == 0 && offset < (int64_t)header.len) {
        size_t count = copy(header, offset, to, size);
        offset += (int64_t)count;
        to += count;
        size -= count;
    }
    if (r == 0 && size > 0 && offset < source->part_from)
        rewind_rows(source);
    while (r == 0 && size > 0) {
        if (offset >= source->part_from + (int64_t)source->part.len) {
            r = next_part(source);
            continue;
        }
        size_t count = copy(source->part, offset - source->part_from, to, size);
        offset += (int64_t)count;
        to += count;
        size -= count;
    }
    return r;
}

void file_source_done(struct file_source *source)
{
    if (source->reader != NULL)
        store_reader_close(source->reader);
    source->reader = NULL;
    arena_done(&source->arena);
}
