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

/* Spaces and controls that are not ASCII: U+0080 to U+00A0, U+2000 to U+200F, U+2028 to U+202F. */
static bool has_invisible(str text)
{
    for (size_t i = 0; i + 1 < text.len; i++) {
        const unsigned char *p = (const unsigned char *)text.ptr + i;
        if (p[0] == 0xc2 && p[1] <= 0xa0)
            return true;
        if (p[0] == 0xe2 && p[1] == 0x80 && i + 2 < text.len && (p[2] <= 0x8f || p[2] >= 0xa8) &&
            p[2] <= 0xaf)
            return true;
    }
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
