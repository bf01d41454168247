/* SPDX-License-Identifier: MIT
 * base/str.h: a view of bytes, by value: a pointer and a length, never NUL-terminated by promise.
 * Views borrow; the owner of the bytes is named where the view is made. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

typedef struct str {
    const char *ptr;
    size_t len;
} str;

#define STR(literal) ((str){ (literal), sizeof(literal) - 1 })

/* For static tables, where a compound literal is no constant: { STR_INIT("x") }.
 * The formatter would take the braces for a block. */
/* clang-format off */
#define STR_INIT(literal) { (literal), sizeof(literal) - 1 }
/* clang-format on */

/* printf("%.*s", STR_ARG(s)) */
#define STR_ARG(s) (int)(s).len, ((s).ptr == NULL ? "" : (s).ptr)

static inline str str_from(const void *ptr, size_t len)
{
    return (str){ (const char *)ptr, len };
}

/* NULL becomes the empty view. */
static inline str str_c(const char *text)
{
    if (text == NULL)
        return (str){};
    return (str){ text, strlen(text) };
}

static inline bool str_equal(str a, str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII only: header names, schemes, booleans. */
bool str_equal_nocase(str a, str b);

/* Bytewise; a prefix sorts first. */
int str_compare(str a, str b);

bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);

/* Index of the first `c`, or -1. */
ptrdiff_t str_index(str s, char c);

/* Takes what stands before the first `separator` off the front of `rest`, and the separator too.
 * Without one, takes everything. */
str str_cut(str *rest, char separator);

static inline str str_skip(str s, size_t count)
{
    assert(count <= s.len);
    /* An empty view may be NULL, and to add even 0 to that is undefined. */
    return (str){ count == 0 ? s.ptr : s.ptr + count, s.len - count };
}

static inline str str_head(str s, size_t count)
{
    return (str){ s.ptr, MIN_OF(s.len, count) };
}

/* Without ASCII white space (space, \t, \r, \n, \f, \v) at both ends. */
str str_trim(str s);

/* Decimal, optional '-', nothing else around it. False on overflow or any other byte. */
MUST_USE bool str_to_int64(str s, int64_t *ret_value);

/* U+0000 to U+001F, and U+007F to U+009F, in what is UTF-8. */
bool str_has_control(str s);

/* Well-formed UTF-8 as RFC 3629 has it (no overlong forms, no surrogates). */
bool str_is_utf8(str s);

static inline char char_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline bool char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool char_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
