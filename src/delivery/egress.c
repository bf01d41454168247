/* SPDX-License-Identifier: MIT
 * The ranges are IANA's special-purpose registries (RFC 6890 and its successors) and the forms that
 * smuggle an IPv4 address. The first range that holds an address names it; narrow ones stand before
 * the wide ones they lie in. IPv6 has global unicast in 2000::/3 alone, so the rest is refused
 * whole.
 *
 * Invariants: (1) an address in no range, and no IPv4 address inside it in one, is allowed; (2) one
 * that is in a range is allowed only by the allow list; (3) what cannot be told is refused. */
#include "delivery/egress.h"

struct range {
    struct cidr cidr;
    str text;
    str kind;
};

#define V4(a, b, c, d, length)                                                                     \
    {                                                                                              \
        .address = { .family = 4, .bytes = { a, b, c, d } }, .bits = (length)                      \
    }
/* The first six groups are all that a table needs: two bytes each. */
#define V6(length, ...)                                                                            \
    {                                                                                              \
        .address = { .family = 6, .bytes = { __VA_ARGS__ } }, .bits = (length)                     \
    }

static const struct range ranges[] = {
    { V4(127, 0, 0, 0, 8), STR_INIT("127.0.0.0/8"), STR_INIT("loopback") },
    { V4(10, 0, 0, 0, 8), STR_INIT("10.0.0.0/8"), STR_INIT("private") },
    { V4(172, 16, 0, 0, 12), STR_INIT("172.16.0.0/12"), STR_INIT("private") },
    { V4(192, 168, 0, 0, 16), STR_INIT("192.168.0.0/16"), STR_INIT("private") },
    { V4(169, 254, 169, 254, 32), STR_INIT("169.254.169.254/32"), STR_INIT("cloud metadata") },
    { V4(169, 254, 0, 0, 16), STR_INIT("169.254.0.0/16"), STR_INIT("link-local") },
    { V4(0, 0, 0, 0, 8), STR_INIT("0.0.0.0/8"), STR_INIT("this network") },
    { V4(100, 100, 100, 200, 32), STR_INIT("100.100.100.200/32"), STR_INIT("cloud metadata") },
    { V4(100, 64, 0, 0, 10), STR_INIT("100.64.0.0/10"), STR_INIT("carrier NAT") },
    { V4(192, 0, 0, 0, 24), STR_INIT("192.0.0.0/24"), STR_INIT("protocol assignments") },
    { V4(192, 0, 2, 0, 24), STR_INIT("192.0.2.0/24"), STR_INIT("documentation") },
    { V4(198, 51, 100, 0, 24), STR_INIT("198.51.100.0/24"), STR_INIT("documentation") },
    { V4(203, 0, 113, 0, 24), STR_INIT("203.0.113.0/24"), STR_INIT("documentation") },
    { V4(192, 88, 99, 0, 24), STR_INIT("192.88.99.0/24"), STR_INIT("6to4 relay") },
    { V4(198, 18, 0, 0, 15), STR_INIT("198.18.0.0/15"), STR_INIT("benchmarking") },
    { V4(224, 0, 0, 0, 4), STR_INIT("224.0.0.0/4"), STR_INIT("multicast") },
    { V4(255, 255, 255, 255, 32), STR_INIT("255.255.255.255/32"), STR_INIT("broadcast") },
    { V4(240, 0, 0, 0, 4), STR_INIT("240.0.0.0/4"), STR_INIT("reserved") },

    { V6(128, 0), STR_INIT("::/128"), STR_INIT("unspecified") },
    { V6(128, [15] = 1), STR_INIT("::1/128"), STR_INIT("loopback") },
    { V6(96, 0), STR_INIT("::/96"), STR_INIT("IPv4-compatible") },
    { V6(128, 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54), STR_INIT("fd00:ec2::254/128"),
      STR_INIT("cloud metadata") },
    { V6(7, 0xfc), STR_INIT("fc00::/7"), STR_INIT("private (unique local)") },
    { V6(10, 0xfe, 0x80), STR_INIT("fe80::/10"), STR_INIT("link-local") },
    { V6(10, 0xfe, 0xc0), STR_INIT("fec0::/10"), STR_INIT("site-local") },
    { V6(8, 0xff), STR_INIT("ff00::/8"), STR_INIT("multicast") },
    { V6(96, 0x00, 0x64, 0xff, 0x9b), STR_INIT("64:ff9b::/96"), STR_INIT("NAT64") },
    { V6(48, 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01), STR_INIT("64:ff9b:1::/48"),
      STR_INIT("local NAT64") },
    { V6(64, 0x01, 0x00), STR_INIT("100::/64"), STR_INIT("discard-only") },
    { V6(32, 0x20, 0x01), STR_INIT("2001::/32"), STR_INIT("Teredo") },
    { V6(48, 0x20, 0x01, 0x00, 0x02), STR_INIT("2001:2::/48"), STR_INIT("benchmarking") },
    { V6(32, 0x20, 0x01, 0x0d, 0xb8), STR_INIT("2001:db8::/32"), STR_INIT("documentation") },
    { V6(28, 0x20, 0x01, 0x00, 0x10), STR_INIT("2001:10::/28"), STR_INIT("ORCHID") },
    { V6(28, 0x20, 0x01, 0x00, 0x20), STR_INIT("2001:20::/28"), STR_INIT("ORCHID") },
    { V6(16, 0x20, 0x02), STR_INIT("2002::/16"), STR_INIT("6to4") },
    { V6(20, 0x3f, 0xff), STR_INIT("3fff::/20"), STR_INIT("documentation") },
    { V6(16, 0x5f, 0x00), STR_INIT("5f00::/16"), STR_INIT("segment routing") },
    { V6(3, 0x00), STR_INIT("::/3"), STR_INIT("reserved") },
    { V6(2, 0x40), STR_INIT("4000::/2"), STR_INIT("reserved") },
    { V6(1, 0x80), STR_INIT("8000::/1"), STR_INIT("reserved") },
};

static const struct range *find_range(const struct address *address)
{
    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        if (cidr_contains(&ranges[i].cidr, address))
            return &ranges[i];
    return NULL;
}

/* Where an IPv6 address carries an IPv4 one: behind which prefix, at which byte. */
static const struct {
    struct cidr cidr;
    size_t at;
} carriers[] = {
    { V6(96, 0), 12 },                            /* ::a.b.c.d (RFC 4291 §2.5.5.1) */
    { V6(96, 0x00, 0x64, 0xff, 0x9b), 12 },       /* NAT64 (RFC 6052) */
    { V6(48, 0x00, 0x64, 0xff, 0x9b, 0, 1), 12 }, /* NAT64 (RFC 8215), the usual /96 inside */
    { V6(16, 0x20, 0x02), 2 },                    /* 6to4 (RFC 3056) */
};

/* :: and ::1 lie among the compatible forms, and are none. */
static bool is_unspecified_or_loopback(const struct address *address)
{
    static const unsigned char zeros[15];
    return memcmp(address->bytes, zeros, sizeof(zeros)) == 0 && address->bytes[15] <= 1;
}

static bool find_embedded(const struct address *address, struct address *ret_inner)
{
    for (size_t i = 0; i < COUNT_OF(carriers); i++) {
        if (!cidr_contains(&carriers[i].cidr, address))
            continue;
        *ret_inner = (struct address){ .family = 4 };
        memcpy(ret_inner->bytes, address->bytes + carriers[i].at, 4);
        return !is_unspecified_or_loopback(address);
    }
    return false;
}

static bool judge(const struct address *address, const struct cidr_list *allow,
                  struct egress_refusal *reterr)
{
    const struct range *range = find_range(address);
    if (range == NULL || cidr_list_contains(allow, address))
        return true;
    reterr->kind = range->kind;
    reterr->range = range->text;
    return false;
}

bool egress_allows(const struct address *address, const struct cidr_list *allow,
                   struct egress_refusal *reterr)
{
    struct egress_refusal refusal = { .address = *address };
    struct address inner;
    bool allowed = true;
    if (address->family == 0) {
        refusal.kind = STR("no internet address");
        allowed = false;
    } else if (find_embedded(address, &inner) && !judge(&inner, allow, &refusal)) {
        refusal.embedded = true;
        allowed = false;
    } else {
        allowed = judge(address, allow, &refusal);
    }
    if (!allowed)
        *reterr = refusal;
    return allowed;
}

str egress_explain(const struct egress_refusal *refusal, struct arena *arena)
{
    char text[ADDRESS_TEXT_MAX];
    str address = address_write(&refusal->address, text);
    if (refusal->address.family == 0)
        return STR("That is no internet address, so nothing is sent there");
    return arena_format(arena,
                        "%.*s %s %.*s (%.*s); start the hub with --allow-egress %.*s to allow it",
                        STR_ARG(address), refusal->embedded ? "carries an address that is" : "is",
                        STR_ARG(refusal->kind), STR_ARG(refusal->range), STR_ARG(refusal->range));
}
