/* SPDX-License-Identifier: MIT
 * Addresses as people have them: local@domain with a dotted domain. RFC 5322's comments, quoted
 * local parts and address literals are refused: they are typing mistakes, or attacks, in all but
 * name. */
#include "mapping/custom_event.h"
#include "mapping/fold.h"

#define ADDRESS_MAX 254
#define LOCAL_MAX 64
#define DOMAIN_MAX 253
#define LABEL_MAX 63

static bool is_high(char c)
{
    return (unsigned char)c >= 0x80;
}

static bool is_local(str local)
{
    if (local.len < 1 || local.len > LOCAL_MAX)
        return false;
    for (size_t i = 0; i < local.len; i++) {
        char c = local.ptr[i];
        if (!is_high(c) && (c <= ' ' || c == 0x7f || strchr("\"(),:;<>[\\]", c) != NULL))
            return false;
    }
    return true;
}

static bool is_label(str label)
{
    if (label.len < 1 || label.len > LABEL_MAX || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++) {
        char c = label.ptr[i];
        if (!is_high(c) && !char_is_alpha(c) && !char_is_digit(c) && c != '-')
            return false;
    }
    return true;
}

static bool is_domain(str domain)
{
    if (domain.len > DOMAIN_MAX || str_index(domain, '.') < 0 || str_ends(domain, STR(".")))
        return false;
    while (domain.len > 0)
        if (!is_label(str_cut(&domain, '.')))
            return false;
    return true;
}

/* Takes one character off the front of what is UTF-8. */
static uint32_t take_character(str *rest)
{
    const unsigned char *p = (const unsigned char *)rest->ptr;
    size_t length = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    uint32_t character = length == 1 ? p[0] : p[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++)
        character = character << 6 | (p[i] & 0x3f);
    *rest = str_skip(*rest, length);
    return character;
}

/* Spaces, controls and what fonts do not show (Unicode's White_Space, Cc and
 * Default_Ignorable_Code_Point), as far as it is not ASCII. */
static bool is_invisible(uint32_t character)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        { 0x80, 0xa0 },       { 0xad, 0xad },     { 0x34f, 0x34f },     { 0x61c, 0x61c },
        { 0x115f, 0x1160 },   { 0x1680, 0x1680 }, { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },
        { 0x2000, 0x200f },   { 0x2028, 0x202f }, { 0x205f, 0x206f },   { 0x2800, 0x2800 },
        { 0x3000, 0x3000 },   { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },
        { 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
        { 0xe0000, 0xe0fff },
    };

    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

static bool has_invisible(str text)
{
    while (text.len > 0)
        if (is_invisible(take_character(&text)))
            return true;
    return false;
}

bool email_key(str email, struct arena *arena, str *ret_trimmed, str *ret_key)
{
    str trimmed = str_trim(email);
    if (trimmed.len > ADDRESS_MAX || !str_is_utf8(trimmed))
        return false;
    str domain = trimmed;
    str local = str_cut(&domain, '@');
    if (!is_local(local) || !is_domain(domain) || has_invisible(trimmed))
        return false;
    *ret_trimmed = trimmed;
    *ret_key = fold_case(trimmed, arena);
    return true;
}
