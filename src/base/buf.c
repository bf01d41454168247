/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdio.h>

char *buf_reserve(struct buf *buf, size_t size)
{
    if (buf->room - buf->len >= size)
        return buf->ptr + buf->len;
    if (size > buf->max - buf->len) {
        buf->overflow = true;
        return NULL;
    }
    size_t room = MIN_OF(MAX_OF(MAX_OF(buf->room * 2, (size_t)256), buf->len + size), buf->max);
    buf->ptr = arena_grow(buf->arena, buf->ptr, buf->room, room);
    buf->room = room;
    return buf->ptr + buf->len;
}

void buf_add(struct buf *buf, str s)
{
    if (s.len == 0)
        return;
    char *to = buf_reserve(buf, s.len);
    if (to == NULL)
        return;
    memcpy(to, s.ptr, s.len);
    buf->len += s.len;
}

void buf_char(struct buf *buf, char c)
{
    buf_add(buf, str_from(&c, 1));
}

void buf_int(struct buf *buf, int64_t value)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    /* Negated into unsigned, since INT64_MIN has no positive twin. */
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *--at = '-';
    buf_add(buf, str_from(at, (size_t)(digits + sizeof(digits) - at)));
}

void buf_format(struct buf *buf, const char *format, ...)
{
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    /* One more byte for the NUL that vsnprintf insists on; it is not counted. */
    char *to = buf_reserve(buf, (size_t)length + 1);
    if (to != NULL) {
        (void)vsnprintf(to, (size_t)length + 1, format, again);
        buf->len += (size_t)length;
    }
    va_end(again);
}

/* What stands behind the backslash for a byte: 0 none, 'u' the long form. */
static const char json_escapes[256] = {
    [0x00 ... 0x07] = 'u', ['\b'] = 'b', ['\t'] = 't',          ['\n'] = 'n', [0x0b] = 'u',
    ['\f'] = 'f',          ['\r'] = 'r', [0x0e ... 0x1f] = 'u', ['"'] = '"',  ['\\'] = '\\',
};

static void add_escape(struct buf *buf, unsigned char c)
{
    char escape = json_escapes[c];
    char text[6] = { '\\', escape, '0', '0', (char)('0' + (c >> 4)), "0123456789abcdef"[c & 15] };
    buf_add(buf, str_from(text, escape == 'u' ? sizeof(text) : 2));
}

/* True when one of the eight bytes needs an escape: it is below U+0020, a quote or a backslash. May
 * also be true without one behind such a byte; never false with one. */
static bool needs_escape(const char *eight)
{
    const uint64_t ones = 0x0101010101010101U;
    uint64_t word;
    memcpy(&word, eight, sizeof(word));
    uint64_t quote = word ^ (ones * '"');
    uint64_t backslash = word ^ (ones * '\\');
    uint64_t found = ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
                     ((backslash - ones) & ~backslash);
    return (found & (ones << 7)) != 0;
}

void buf_quoted(struct buf *buf, str text)
{
    buf_char(buf, '"');
    size_t plain = 0; /* start of the run that is copied as it is */
    for (size_t i = 0; i < text.len; i++) {
        while (text.len - i > 8 && !needs_escape(text.ptr + i))
            i += 8;
        unsigned char c = (unsigned char)text.ptr[i];
        if (json_escapes[c] == 0)
            continue;
        buf_add(buf, str_from(text.ptr + plain, i - plain));
        add_escape(buf, c);
        plain = i + 1;
    }
    /* An empty view may hold no pointer to add to. */
    if (plain < text.len)
        buf_add(buf, str_skip(text, plain));
    buf_char(buf, '"');
}
