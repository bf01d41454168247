/* SPDX-License-Identifier: MIT */
#include "base/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>

static void reads_and_writes(void **state)
{
    (void)state;

    static const struct {
        str text;
        str written; /* empty: refused */
    } cases[] = {
        { STR_INIT("127.0.0.1"), STR_INIT("127.0.0.1") },
        { STR_INIT("255.255.255.255"), STR_INIT("255.255.255.255") },
        { STR_INIT("0.0.0.0"), STR_INIT("0.0.0.0") },
        { STR_INIT("::"), STR_INIT("::") },
        { STR_INIT("::1"), STR_INIT("::1") },
        { STR_INIT("1::"), STR_INIT("1::") },
        { STR_INIT("2001:DB8:0:0:1:0:0:1"), STR_INIT("2001:db8::1:0:0:1") },
        { STR_INIT("2001:db8:0:1:1:1:1:1"), STR_INIT("2001:db8:0:1:1:1:1:1") },
        { STR_INIT("1:0:0:2:0:0:0:3"), STR_INIT("1:0:0:2::3") },
        { STR_INIT("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
          STR_INIT("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") },
        { STR_INIT("::ffff:192.0.2.1"), STR_INIT("192.0.2.1") },
        { STR_INIT("::ffff:c000:0201"), STR_INIT("192.0.2.1") },
        { STR_INIT("::192.0.2.1"), STR_INIT("::c000:201") },
        { STR_INIT(""), STR_INIT("") },
        { STR_INIT("1.2.3"), STR_INIT("") },
        { STR_INIT("1.2.3.4.5"), STR_INIT("") },
        { STR_INIT("01.2.3.4"), STR_INIT("") },
        { STR_INIT("256.1.1.1"), STR_INIT("") },
        { STR_INIT("1.2.3.4 "), STR_INIT("") },
        { STR_INIT("0x7f.1"), STR_INIT("") },
        { STR_INIT("[::1]"), STR_INIT("") },
        { STR_INIT("fe80::1%eth0"), STR_INIT("") },
        { STR_INIT("::1::"), STR_INIT("") },
        { STR_INIT("1.2.3.4\0x"), STR_INIT("") },
        { STR_INIT("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"), STR_INIT("") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address address;
        char text[ADDRESS_TEXT_MAX];
        bool good = address_read(cases[i].text, &address);
        str written = good ? address_write(&address, text) : STR("");
        if (!str_equal(written, cases[i].written))
            fail_msg("%.*s: %.*s", STR_ARG(cases[i].text), STR_ARG(written));
    }
}

static void ranges(void **state)
{
    (void)state;

    static const struct {
        str cidr;
        str address;
        int want; /* 1 inside, 0 outside, −1 no range */
    } cases[] = {
        { STR_INIT("10.0.0.0/8"), STR_INIT("10.255.0.1"), 1 },
        { STR_INIT("10.0.0.0/8"), STR_INIT("11.0.0.0"), 0 },
        { STR_INIT("10.0.0.0/8"), STR_INIT("::ffff:10.1.2.3"), 1 },
        { STR_INIT("10.0.0.0/8"), STR_INIT("a00::"), 0 },
        { STR_INIT("0.0.0.0/0"), STR_INIT("1.2.3.4"), 1 },
        { STR_INIT("0.0.0.0/0"), STR_INIT("::1"), 0 },
        { STR_INIT("::/0"), STR_INIT("::1"), 1 },
        { STR_INIT("192.0.2.1"), STR_INIT("192.0.2.1"), 1 },
        { STR_INIT("192.0.2.1"), STR_INIT("192.0.2.2"), 0 },
        { STR_INIT("192.0.2.128/25"), STR_INIT("192.0.2.200"), 1 },
        { STR_INIT("192.0.2.128/25"), STR_INIT("192.0.2.100"), 0 },
        { STR_INIT("2001:db8::/33"), STR_INIT("2001:db8:7fff::1"), 1 },
        { STR_INIT("2001:db8::/33"), STR_INIT("2001:db8:8000::1"), 0 },
        { STR_INIT("::ffff:10.0.0.0/104"), STR_INIT("10.9.9.9"), 1 },
        { STR_INIT("::ffff:10.0.0.0/90"), STR_INIT("10.9.9.9"), -1 },
        { STR_INIT("10.0.0.1/8"), STR_INIT("10.0.0.1"), -1 },
        { STR_INIT("10.0.0.0/33"), STR_INIT("10.0.0.1"), -1 },
        { STR_INIT("10.0.0.0/"), STR_INIT("10.0.0.1"), -1 },
        { STR_INIT("10.0.0.0/-1"), STR_INIT("10.0.0.1"), -1 },
        { STR_INIT("/8"), STR_INIT("10.0.0.1"), -1 },
        { STR_INIT("localhost"), STR_INIT("127.0.0.1"), -1 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cidr cidr;
        struct address address;
        assert_true(address_read(cases[i].address, &address));
        int got = cidr_read(cases[i].cidr, &cidr) ? cidr_contains(&cidr, &address) : -1;
        if (got != cases[i].want)
            fail_msg("%.*s in %.*s: %d", STR_ARG(cases[i].address), STR_ARG(cases[i].cidr), got);
    }
}

static void lists(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {};
    struct cidr_list list;
    str wrong = {};
    struct address address;
    assert_true(cidr_list_read(STR("10.0.0.0/8, ::1"), &arena, &list, &wrong));
    assert_int_equal(list.count, 2);
    assert_true(address_read(STR("::1"), &address));
    assert_true(cidr_list_contains(&list, &address));
    assert_true(address_read(STR("::2"), &address));
    assert_false(cidr_list_contains(&list, &address));
    assert_true(cidr_list_read(STR(""), &arena, &list, &wrong));
    assert_int_equal(list.count, 0);
    assert_false(cidr_list_read(STR("10.0.0.0/8, nowhere"), &arena, &list, &wrong));
    assert_true(str_equal(wrong, STR("nowhere")));
}

static void from_sockets(void **state)
{
    (void)state;
    char text[ADDRESS_TEXT_MAX];
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
    struct address address = address_from_sockaddr((const struct sockaddr *)&in);
    assert_true(str_equal(address_write(&address, text), STR("127.0.0.1")));
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct address other = address_from_sockaddr((const struct sockaddr *)&in6);
    assert_true(str_equal(address_write(&other, text), STR("::1")));
    assert_false(address_equal(&address, &other));
    assert_true(address_equal(&address, &address));
    struct sockaddr none = { .sa_family = AF_UNSPEC };
    assert_int_equal(address_from_sockaddr(&none).family, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes),
        cmocka_unit_test(ranges),
        cmocka_unit_test(lists),
        cmocka_unit_test(from_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
