/* SPDX-License-Identifier: MIT */
#include "delivery/egress.h"

#include "base/testing.h"

static const struct cidr_list nothing;

TEST(ranges)
{
    static const struct {
        const char *address;
        const char *kind; /* NULL: allowed */
        const char *range;
        bool embedded;
    } cases[] = {
        { "127.0.0.1", "loopback", "127.0.0.0/8", false },
        { "127.255.255.254", "loopback", "127.0.0.0/8", false },
        { "128.0.0.1", NULL, NULL, false },
        { "10.0.0.1", "private", "10.0.0.0/8", false },
        { "9.255.255.255", NULL, NULL, false },
        { "11.0.0.0", NULL, NULL, false },
        { "172.15.255.255", NULL, NULL, false },
        { "172.16.0.0", "private", "172.16.0.0/12", false },
        { "172.31.255.255", "private", "172.16.0.0/12", false },
        { "172.32.0.0", NULL, NULL, false },
        { "192.168.1.1", "private", "192.168.0.0/16", false },
        { "192.167.255.255", NULL, NULL, false },
        { "169.254.169.254", "cloud metadata", "169.254.169.254/32", false },
        { "169.254.1.1", "link-local", "169.254.0.0/16", false },
        { "0.0.0.0", "this network", "0.0.0.0/8", false },
        { "0.1.2.3", "this network", "0.0.0.0/8", false },
        { "100.64.0.1", "carrier NAT", "100.64.0.0/10", false },
        { "100.100.100.200", "cloud metadata", "100.100.100.200/32", false },
        { "100.127.255.255", "carrier NAT", "100.64.0.0/10", false },
        { "100.128.0.0", NULL, NULL, false },
        { "192.0.0.8", "protocol assignments", "192.0.0.0/24", false },
        { "192.0.1.1", NULL, NULL, false },
        { "192.0.2.1", "documentation", "192.0.2.0/24", false },
        { "198.51.100.1", "documentation", "198.51.100.0/24", false },
        { "203.0.113.1", "documentation", "203.0.113.0/24", false },
        { "192.88.99.1", "6to4 relay", "192.88.99.0/24", false },
        { "198.18.0.1", "benchmarking", "198.18.0.0/15", false },
        { "198.19.255.255", "benchmarking", "198.18.0.0/15", false },
        { "198.20.0.0", NULL, NULL, false },
        { "224.0.0.1", "multicast", "224.0.0.0/4", false },
        { "239.255.255.255", "multicast", "224.0.0.0/4", false },
        { "240.0.0.1", "reserved", "240.0.0.0/4", false },
        { "255.255.255.255", "broadcast", "255.255.255.255/32", false },
        { "1.1.1.1", NULL, NULL, false },
        { "223.255.255.255", NULL, NULL, false },
        { "::", "unspecified", "::/128", false },
        { "::1", "loopback", "::1/128", false },
        { "::127.0.0.1", "loopback", "127.0.0.0/8", true },
        { "::8.8.8.8", "IPv4-compatible", "::/96", false },
        { "::ffff:127.0.0.1", "loopback", "127.0.0.0/8", false },
        { "::ffff:a00:1", "private", "10.0.0.0/8", false },
        { "::ffff:8.8.8.8", NULL, NULL, false },
        { "::ffff:0:8.8.8.8", "reserved", "::/3", false },
        { "fe80::1", "link-local", "fe80::/10", false },
        { "febf::1", "link-local", "fe80::/10", false },
        { "fec0::1", "site-local", "fec0::/10", false },
        { "fc00::1", "private (unique local)", "fc00::/7", false },
        { "fdff::1", "private (unique local)", "fc00::/7", false },
        { "fd00:ec2::254", "cloud metadata", "fd00:ec2::254/128", false },
        { "ff02::1", "multicast", "ff00::/8", false },
        { "2001:db8::1", "documentation", "2001:db8::/32", false },
        { "2001:db9::1", NULL, NULL, false },
        { "3fff::1", "documentation", "3fff::/20", false },
        { "3fff:1000::1", NULL, NULL, false },
        { "100::1", "discard-only", "100::/64", false },
        { "100:0:0:1::1", "reserved", "::/3", false },
        { "2002:7f00:1::", "loopback", "127.0.0.0/8", true },
        { "2002:808:808::1", "6to4", "2002::/16", false },
        { "64:ff9b::8.8.8.8", "NAT64", "64:ff9b::/96", false },
        { "64:ff9b::10.0.0.1", "private", "10.0.0.0/8", true },
        { "64:ff9b:1::a9fe:a9fe", "cloud metadata", "169.254.169.254/32", true },
        { "64:ff9b:1:abcd::1", "this network", "0.0.0.0/8", true },
        { "2001::1", "Teredo", "2001::/32", false },
        { "2001:2::1", "benchmarking", "2001:2::/48", false },
        { "2001:10::1", "ORCHID", "2001:10::/28", false },
        { "2001:20::1", "ORCHID", "2001:20::/28", false },
        { "2001:30::1", NULL, NULL, false },
        { "5f00::1", "segment routing", "5f00::/16", false },
        { "5f01::1", "reserved", "4000::/2", false },
        { "9000::1", "reserved", "8000::/1", false },
        { "2606:4700:4700::1111", NULL, NULL, false },
        { "2a00:1450:4001::1", NULL, NULL, false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address address;
        CHECK(cases[i].address, address_read(str_c(cases[i].address), &address));
        struct egress_refusal refusal = {};
        bool allowed = egress_allows(&address, &nothing, &refusal);
        CHECK_INT(cases[i].address, allowed, cases[i].kind == NULL);
        CHECK_STR(cases[i].address, refusal.kind, str_c(cases[i].kind));
        CHECK_STR(cases[i].address, refusal.range, str_c(cases[i].range));
        CHECK_INT(cases[i].address, refusal.embedded, cases[i].embedded);
    }
}

static bool allows(const char *list_text, const char *address_text)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct cidr_list list = {};
    str wrong;
    CHECK(list_text, cidr_list_read(str_c(list_text), &arena, &list, &wrong));
    struct address address;
    CHECK(address_text, address_read(str_c(address_text), &address));
    struct egress_refusal refusal;
    return egress_allows(&address, &list, &refusal);
}

TEST(allow_list)
{
    CHECK("range", allows("127.0.0.0/8", "127.0.0.1"));
    CHECK("mapped", allows("127.0.0.0/8", "::ffff:127.0.0.1"));
    CHECK("one", allows("10.1.2.3", "10.1.2.3"));
    CHECK("its neighbour", !allows("10.1.2.3", "10.1.2.4"));
    CHECK("::1", allows("::1", "::1"));
    CHECK("NAT64 of a public one", allows("64:ff9b::/96", "64:ff9b::8.8.8.8"));
    CHECK("NAT64 of a private one", !allows("64:ff9b::/96", "64:ff9b::10.0.0.1"));
    CHECK("both", allows("64:ff9b::/96, 10.0.0.0/8", "64:ff9b::10.0.0.1"));
    CHECK("the inner alone", !allows("10.0.0.0/8", "64:ff9b::10.0.0.1"));
    CHECK("everything", allows("0.0.0.0/0", "169.254.169.254"));
}

TEST(explains)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct address address;
    struct egress_refusal refusal;
    CHECK("read", address_read(STR("127.0.0.1"), &address));
    CHECK("refused", !egress_allows(&address, &nothing, &refusal));
    CHECK_STR("loopback", egress_explain(&refusal, &arena),
              STR("127.0.0.1 is loopback (127.0.0.0/8); start the hub with --allow-egress "
                  "127.0.0.0/8 to allow it"));
    CHECK("read", address_read(STR("64:ff9b::10.0.0.1"), &address));
    CHECK("refused", !egress_allows(&address, &nothing, &refusal));
    CHECK_STR("embedded", egress_explain(&refusal, &arena),
              STR("64:ff9b::a00:1 carries an address that is private (10.0.0.0/8); start the hub "
                  "with --allow-egress 10.0.0.0/8 to allow it"));
    CHECK("no address", !egress_allows(&(struct address){}, &nothing, &refusal));
}

RUN_TESTS(cmocka_unit_test(ranges), cmocka_unit_test(allow_list), cmocka_unit_test(explains))
