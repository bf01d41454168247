/* SPDX-License-Identifier: MIT */
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const unsigned char mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* 16 bytes of IPv6; a mapped IPv4 address becomes that. */
static struct address from_ipv6(const unsigned char *bytes)
{
    struct address address = {};
    if (memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
        address.family = 4;
        memcpy(address.bytes, bytes + sizeof(mapped_prefix), 4);
    } else {
        address.family = 6;
        memcpy(address.bytes, bytes, 16);
    }
    return address;
}

bool address_read(str text, struct address *ret_address)
{
    char copy[ADDRESS_TEXT_MAX];
    /* inet_pton() stops at a NUL, which a view may hold. */
    if (text.len == 0 || text.len >= sizeof(copy) || str_index(text, '\0') >= 0)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';

    struct address address = { .family = 4 };
    if (inet_pton(AF_INET, copy, address.bytes) == 1) {
        *ret_address = address;
        return true;
    }
    if (inet_pton(AF_INET6, copy, address.bytes) != 1)
        return false;
    *ret_address = from_ipv6(address.bytes);
    return true;
}

struct address address_from_sockaddr(const struct sockaddr *sockaddr)
{
    /* Copied out: a struct sockaddr need not be aligned for what it really is. */
    struct address address = {};
    if (sockaddr->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sockaddr, sizeof(in));
        address.family = 4;
        memcpy(address.bytes, &in.sin_addr, 4);
    } else if (sockaddr->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sockaddr, sizeof(in6));
        address = from_ipv6(in6.sin6_addr.s6_addr);
    }
    return address;
}

static char *put_number(char *to, unsigned value, unsigned base)
{
    char digits[5];
    int count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    while (count > 0)
        *to++ = digits[--count];
    return to;
}

static char *write_ipv4(const unsigned char *bytes, char *to)
{
    for (int i = 0; i < 4; i++) {
        if (i > 0)
            *to++ = '.';
        to = put_number(to, bytes[i], 10);
    }
    return to;
}

struct zeros {
    int start;
    int count;
};

/* The run that RFC 5952 §4.2 has written as "::": the longest, the first of equals, never of one.
 */
static struct zeros find_zeros(const unsigned *groups)
{
    struct zeros best = { .start = -1, .count = 1 };
    struct zeros run = {};
    for (int i = 0; i < 8; i++) {
        if (groups[i] != 0) {
            run.count = 0;
            continue;
        }
        if (run.count++ == 0)
            run.start = i;
        if (run.count > best.count)
            best = run;
    }
    return best;
}

static char *write_ipv6(const unsigned char *bytes, char *to)
{
    unsigned groups[8];
    for (size_t i = 0; i < 8; i++)
        groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    struct zeros zeros = find_zeros(groups);
    for (int i = 0; i < 8; i++) {
        if (i == zeros.start) {
            *to++ = ':';
            *to++ = ':';
            i += zeros.count - 1;
            continue;
        }
        if (i > 0 && to[-1] != ':')
            *to++ = ':';
        to = put_number(to, groups[i], 16);
    }
    return to;
}

str address_write(const struct address *address, char *text)
{
    char *end = text;
    if (address->family == 4)
        end = write_ipv4(address->bytes, text);
    else if (address->family == 6)
        end = write_ipv6(address->bytes, text);
    return str_from(text, (size_t)(end - text));
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->family == b->family &&
           memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : sizeof(a->bytes)) == 0;
}

/* The first `bits` of a and b are the same. */
static bool same_bits(const unsigned char *a, const unsigned char *b, int bits)
{
    size_t whole = (size_t)bits / 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    unsigned mask = 0xff00u >> (bits % 8) & 0xff;
    return mask == 0 || ((a[whole] ^ b[whole]) & mask) == 0;
}

static bool has_bits_behind(const struct address *address, int bits)
{
    int all = address->family == 4 ? 32 : 128;
    for (int i = bits; i < all; i++)
        if (address->bytes[i / 8] & 0x80u >> (i % 8))
            return true;
    return false;
}

bool cidr_read(str text, struct cidr *ret_cidr)
{
    bool has_prefix = str_index(text, '/') >= 0;
    str address_text = str_cut(&text, '/');
    struct cidr cidr = {};
    if (!address_read(address_text, &cidr.address))
        return false;
    int most = cidr.address.family == 4 ? 32 : 128;
    cidr.bits = most;
    if (has_prefix) {
        int64_t bits;
        if (text.len == 0 || text.len > 3 || !str_to_int64(text, &bits))
            return false;
        /* A mapped range counts its prefix in IPv6: ::ffff:10.0.0.0/104 is 10.0.0.0/8. */
        if (cidr.address.family == 4 && str_index(address_text, ':') >= 0)
            bits -= 96;
        if (bits < 0 || bits > most)
            return false;
        cidr.bits = (int)bits;
    }
    if (has_bits_behind(&cidr.address, cidr.bits))
        return false;
    *ret_cidr = cidr;
    return true;
}

bool cidr_contains(const struct cidr *cidr, const struct address *address)
{
    return cidr->address.family == address->family && address->family != 0 &&
           same_bits(cidr->address.bytes, address->bytes, cidr->bits);
}

bool cidr_list_contains(const struct cidr_list *list, const struct address *address)
{
    for (size_t i = 0; i < list->count; i++)
        if (cidr_contains(&list->ranges[i], address))
            return true;
    return false;
}

bool cidr_list_read(str text, struct arena *arena, struct cidr_list *ret_list, str *reterr_part)
{
    size_t most = 1;
    for (size_t i = 0; i < text.len; i++)
        most += text.ptr[i] == ',';
    struct cidr *ranges = ARENA_ARRAY(arena, struct cidr, most);
    size_t count = 0;
    while (text.len > 0) {
        str part = str_trim(str_cut(&text, ','));
        if (!cidr_read(part, &ranges[count])) {
            *reterr_part = part;
            return false;
        }
        count++;
    }
    *ret_list = (struct cidr_list){ .ranges = ranges, .count = count };
    return true;
}
