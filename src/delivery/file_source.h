/* SPDX-License-Identifier: MIT
 * delivery/file_source.h: the bytes of a file of an export profile, read from the store while they are
 * uploaded: the header, then the rows in the order of their deliveries, always the same. Belongs to
 * one upload; its reads come from one thread at a time. */
#pragma once

#include "base/buf.h"
#include "store/exports.h"

struct file_source {
    struct store *store;
    struct export_file file; /* borrowed texts */
    /* Its own: */
    struct store_reader *reader;
    struct arena arena;
    str part;          /* of the rows */
    int64_t part_from; /* of the file's bytes */
    int64_t after;     /* the delivery before the part */
    int64_t last;      /* and its last one */
};

static inline int64_t file_source_size(const struct file_source *source)
{
    return (int64_t)source->file.header.len + source->file.byte_count;
}

/* As upload.h wants it: `context` is a struct file_source. */
int file_source_read(void *context, int64_t offset, char *to, size_t size);
/* Likewise: rows of it have been pruned. */
bool file_source_is_gone(void *context);
void file_source_done(struct file_source *source);
