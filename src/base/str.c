/* SPDX-License-Identifier: MIT */
#include "base/str.h"

bool str_equal_nocase(str a, str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (char_lower(a.ptr[i]) != char_lower(b.ptr[i]))
            return false;
    return true;
}

int str_compare(str a, str b)
{
    size_t shared = MIN_OF(a.len, b.len);
    int order = shared == 0 ? 0 : memcmp(a.ptr, b.ptr, shared);
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

bool str_starts(str s, str prefix)
{
    return s.len >= prefix.len && str_equal(str_head(s, prefix.len), prefix);
}

bool str_ends(str s, str suffix)
{
    return s.len >= suffix.len && str_equal(str_skip(s, s.len - suffix.len), suffix);
}

ptrdiff_t str_index(str s, char c)
{
    const char *at = s.len == 0 ? NULL : memchr(s.ptr, c, s.len);
    return at == NULL ? -1 : at - s.ptr;
}

str str_cut(str *rest, char separator)
{
    ptrdiff_t at = str_index(*rest, separator);
    if (at < 0) {
        str all = *rest;
        *rest = (str){};
        return all;
    }
    str head = str_head(*rest, (size_t)at);
    *rest = str_skip(*rest, (size_t)at + 1);
    return head;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

str str_trim(str s)
{
    while (s.len > 0 && is_space(s.ptr[0]))
        s = str_skip(s, 1);
    while (s.len > 0 && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool str_to_int64(str s, int64_t *ret_value)
{
    bool negative = s.len > 0 && s.ptr[0] == '-';
    if (negative)
        s = str_skip(s, 1);
    if (s.len == 0)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (!char_is_digit(s.ptr[i]))
            return false;
        int digit = s.ptr[i] - '0';
        /* Built downwards, since INT64_MIN has no positive twin. */
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value))
            return false;
    }
    if (!negative && __builtin_mul_overflow(value, -1, &value))
        return false;
    *ret_value = value;
    return true;
}

/* How many bytes the sequence at the front of `s` has; 0 when it is not well-formed. */
static size_t utf8_sequence(str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    if (p[0] < 0x80)
        return 1;
    size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || s.len < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    /* Overlong forms, surrogates, and what lies above U+10FFFF show in the second byte. */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return length;
}

/* Eight ASCII bytes at a time: most text has nothing else. */
static str skip_ascii(str s)
{
    uint64_t word;
    while (s.len >= sizeof(word)) {
        memcpy(&word, s.ptr, sizeof(word));
        if ((word & 0x8080808080808080U) != 0)
            break;
        s = str_skip(s, sizeof(word));
    }
    return s;
}

bool str_is_utf8(str s)
{
    for (s = skip_ascii(s); s.len > 0; s = skip_ascii(s)) {
        size_t length = utf8_sequence(s);
        if (length == 0)
            return false;
        s = str_skip(s, length);
    }
    return true;
}

bool str_has_control(str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        bool high = c == 0xc2 && i + 1 < s.len && (unsigned char)s.ptr[i + 1] < 0xa0;
        if (c < ' ' || c == 0x7f || high)
            return true;
    }
    return false;
}
