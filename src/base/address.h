/* SPDX-License-Identifier: MIT
 * base/address.h: IP addresses and ranges (CIDR, RFC 4632, RFC 4291). An IPv4-mapped IPv6 address
 * (::ffff:a.b.c.d) is the IPv4 address it holds: it compares, prints and matches as that. Pure. */
#pragma once

#include "base/arena.h"

struct sockaddr;

struct address {
    unsigned char family;    /* 4, 6, or 0 for none */
    unsigned char bytes[16]; /* network order; IPv4 in the first four */
};

struct cidr {
    struct address address;
    int bits;
};

struct cidr_list {
    const struct cidr *ranges;
    size_t count;
};

#define ADDRESS_TEXT_MAX 46

/* Strict dotted decimal or RFC 4291 text, no brackets, no zone. */
MUST_USE bool address_read(str text, struct address *ret_address);

/* AF_INET or AF_INET6; anything else gives family 0. */
struct address address_from_sockaddr(const struct sockaddr *sockaddr);

/* RFC 5952 form into `text` (ADDRESS_TEXT_MAX bytes); returns the view. */
str address_write(const struct address *address, char *text);

bool address_equal(const struct address *a, const struct address *b);

/* "10.0.0.0/8", or an address alone (all its bits). Bits behind the prefix must be zero. */
MUST_USE bool cidr_read(str text, struct cidr *ret_cidr);

bool cidr_contains(const struct cidr *cidr, const struct address *address);
bool cidr_list_contains(const struct cidr_list *list, const struct address *address);

/* Comma-separated, spaces allowed. On failure `reterr_part` is the part that is wrong. */
MUST_USE bool cidr_list_read(str text, struct arena *arena, struct cidr_list *ret_list,
                             str *reterr_part);
