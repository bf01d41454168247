/* SPDX-License-Identifier: MIT
 * base/buf.h: bytes that grow in an arena up to a cap. Overflow is sticky: write on, look once at
 * the end. After an overflow the content is what fitted, and buf_overflowed() says so. */
#pragma once

#include <stdarg.h>

#include "base/arena.h"

struct buf {
    struct arena *arena;
    char *ptr;
    size_t len;
    size_t room;
    size_t max;
    bool overflow;
};

static inline void buf_init(struct buf *buf, struct arena *arena, size_t max)
{
    *buf = (struct buf){ .arena = arena, .max = max };
}

/* Room for `size` more bytes; NULL on overflow. The caller writes there and adds to `len`. */
MUST_USE char *buf_reserve(struct buf *buf, size_t size);

void buf_add(struct buf *buf, str s);
void buf_char(struct buf *buf, char c);
void buf_int(struct buf *buf, int64_t value);
void buf_format(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* `text`, which is UTF-8, as a JSON string (RFC 8259), quotes included: control characters, quotes
 * and backslashes are escaped, everything else is copied. */
void buf_quoted(struct buf *buf, str text);

static inline str buf_str(const struct buf *buf)
{
    return str_from(buf->ptr, buf->len);
}

static inline bool buf_overflowed(const struct buf *buf)
{
    return buf->overflow;
}
