/* SPDX-License-Identifier: MIT */
#include "base/percent.h"

static int hex_value(char c)
{
    if (char_is_digit(c))
        return c - '0';
    c = char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes one byte, perhaps escaped, off the front; −1: a bad escape. */
static int take_byte(str *rest, bool plus_is_space)
{
    char c = rest->ptr[0];
    if (c != '%') {
        *rest = str_skip(*rest, 1);
        return c == '+' && plus_is_space ? ' ' : (unsigned char)c;
    }
    if (rest->len < 3)
        return -1;
    int high = hex_value(rest->ptr[1]);
    int low = hex_value(rest->ptr[2]);
    if (high < 0 || low < 0)
        return -1;
    *rest = str_skip(*rest, 3);
    return high << 4 | low;
}

static bool is_encoded(str text, bool plus_is_space)
{
    return str_index(text, '%') >= 0 || (plus_is_space && str_index(text, '+') >= 0);
}

bool percent_decode(struct arena *arena, str text, bool plus_is_space, str *ret_text)
{
    str decoded = text;
    if (is_encoded(text, plus_is_space)) {
        char *bytes = arena_bytes(arena, text.len);
        size_t length = 0;
        while (text.len > 0) {
            int byte = take_byte(&text, plus_is_space);
            if (byte < 0)
                return false;
            bytes[length++] = (char)byte;
        }
        decoded = str_from(bytes, length);
    }
    if (str_index(decoded, '\0') >= 0 || !str_is_utf8(decoded))
        return false;
    *ret_text = decoded;
    return true;
}

/* RFC 3986 §2.3 */
static bool is_unreserved(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void percent_encode(struct buf *buf, str text, str space)
{
    static const char digits[] = "0123456789ABCDEF";
    while (text.len > 0) {
        size_t plain = 0;
        while (plain < text.len && is_unreserved(text.ptr[plain]))
            plain++;
        buf_add(buf, str_head(text, plain));
        text = str_skip(text, plain);
        if (text.len == 0)
            return;
        unsigned char c = (unsigned char)text.ptr[0];
        const char escaped[] = { '%', digits[c >> 4], digits[c & 15] };
        buf_add(buf, c == ' ' ? space : str_from(escaped, sizeof(escaped)));
        text = str_skip(text, 1);
    }
}
