/* SPDX-License-Identifier: MIT */
#include "delivery/url.h"

#include "base/testing.h"

static const struct cidr_list nothing;

static str check(struct arena *arena, str url, const struct cidr_list *allow)
{
    return url_fault(url, false, allow, arena);
}

TEST(good)
{
    static const char *const urls[] = {
        "https://example.com",
        "https://example.com/",
        "http://example.com:8080/a/b?c=d&e=%20",
        "HTTPS://EXAMPLE.COM/Path",
        "https://xn--mnchen-3ya.example/",
        "https://93.184.216.34/x",
        "https://[2606:4700:4700::1111]:8443/x",
        "https://example.com./x",
        "https://a_b.example.com/~x/;y=1",
        "https://example.com/a@b",
        "https://example.com?x=1",
        "http://receiver/x",
        "http://256.1.1.1.example/",
    };
    CLEANUP(arena_done) struct arena arena = {};
    for (size_t i = 0; i < COUNT_OF(urls); i++)
        CHECK_STR(urls[i], check(&arena, str_c(urls[i]), &nothing), STR(""));
}

TEST(bad)
{
    static const struct {
        const char *url;
        const char *says; /* part of it */
    } cases[] = {
        { "", "Enter the URL" },
        { "example.com/x", "must begin with https://" },
        { "//example.com/x", "must begin with https://" },
        { "ftp://example.com/x", "must begin with https://" },
        { "javascript:alert(1)", "must begin with https://" },
        { "file:///etc/passwd", "must begin with https://" },
        { "http:/example.com", "must begin with https://" },
        { "http://", "no host" },
        { "http:///example.com", "no host" },
        { "http://:80/", "no host" },
        { "http://?x", "no host" },
        { "https://example.com/#part", "fragment" },
        { "https://user@example.com/", "user name or password" },
        { "https://user:pass@example.com/", "user name or password" },
        { "https://:pass@example.com/", "user name or password" },
        { "https://example.com/a b", "space" },
        { "https://example.com/a\nb", "control character" },
        { "https://example.com/\x7f", "control character" },
        { "https://example.com\\@evil.example/", "backslash" },
        { "https://example.com/\xff", "percent-encode" },
        { "https://m\xc3\xbcnchen.example/x", "xn--" },
        { "https://example.com/\xc3\xbc", "percent-encode" },
        { "https://example.com:0/", "port" },
        { "https://example.com:99999/", "no URL" },
        { "https://example.com:x/", "no URL" },
        { "https://[::1/", "no URL" },
        { "https://exa<mple.com/", "no URL" },
        { "https://[fe80::1%25eth0]/", "zone" },
        { "http://127.0.0.1/", "127.0.0.1 is loopback (127.0.0.0/8); start the hub with" },
        { "http://2130706433/", "127.0.0.1 is loopback" },
        { "http://0x7f000001/", "127.0.0.1 is loopback" },
        { "http://0x7f.1/", "127.0.0.1 is loopback" },
        { "http://017700000001/", "127.0.0.1 is loopback" },
        { "http://127.1/", "127.0.0.1 is loopback" },
        { "http://127.0.0.1./", "looks like an address" },
        { "http://256.1.1.1/", "looks like an address" },
        { "http://1.2.3.4.5/", "looks like an address" },
        { "http://example.123/", "looks like an address" },
        { "http://%31%32%37.0.0.1/", "127.0.0.1 is loopback" },
        { "http://localhost/", "127.0.0.1 is loopback" },
        { "http://LOCALHOST:8080/", "127.0.0.1 is loopback" },
        { "http://localhost./", "127.0.0.1 is loopback" },
        { "http://foo.localhost/", "127.0.0.1 is loopback" },
        { "http://0/", "this network" },
        { "http://0.0.0.0/", "this network" },
        { "http://169.254.169.254/latest/meta-data", "cloud metadata" },
        { "http://0xa9fea9fe/", "cloud metadata" },
        { "http://10.0.0.1/", "private" },
        { "http://[::1]/", "::1 is loopback" },
        { "http://[::]/", "unspecified" },
        { "http://[::ffff:127.0.0.1]/", "127.0.0.1 is loopback" },
        { "http://[::ffff:7f00:1]/", "127.0.0.1 is loopback" },
        { "http://[0:0:0:0:0:ffff:10.0.0.1]/", "private" },
        { "http://[64:ff9b::10.0.0.1]/", "carries an address that is private" },
        { "http://[fe80::1]/", "link-local" },
        { "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/", "xn--" }, /* full-width digits */
    };
    CLEANUP(arena_done) struct arena arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str message = check(&arena, str_c(cases[i].url), &nothing);
        char *text = arena_c(&arena, message);
        if (message.len == 0 || strstr(text, cases[i].says) == NULL)
            fail_msg("%s: \"%s\" lacks \"%s\"", cases[i].url, text, cases[i].says);
    }
    char *lengthy = arena_bytes(&arena, 3000);
    memset(lengthy, 'a', 3000);
    memcpy(lengthy, "https://example.com/", 20);
    CHECK_STR("2048", check(&arena, str_from(lengthy, 2048), &nothing), STR(""));
    CHECK("2049", check(&arena, str_from(lengthy, 2049), &nothing).len > 0);
    CHECK("NUL", check(&arena, STR("https://example.com/\0x"), &nothing).len > 0);
}

TEST(allowed)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct cidr_list list = {};
    str wrong;
    CHECK("list", cidr_list_read(STR("127.0.0.0/8"), &arena, &list, &wrong));
    CHECK_STR("address", check(&arena, STR("http://127.0.0.1:9/x"), &list), STR(""));
    CHECK_STR("localhost", check(&arena, STR("http://localhost:9/x"), &list), STR(""));
    CHECK("another", check(&arena, STR("http://10.0.0.1/"), &list).len > 0);
}

TEST(targets)
{
    static const struct {
        const char *url;
        const char *host;
        const char *place;
        bool literal;
    } cases[] = {
        { "https://Example.COM/x", "example.com", "example.com:443", false },
        { "http://example.com:8080", "example.com", "example.com:8080", false },
        { "http://0x7f.1/x", "127.0.0.1", "127.0.0.1:80", true },
        { "https://[2606:4700::0:1]/", "2606:4700::1", "2606:4700::1:443", true },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct target *target = target_new(str_c(cases[i].url));
        CHECK(cases[i].url, target != NULL);
        CHECK_STR(cases[i].url, str_c(target->host), str_c(cases[i].host));
        CHECK_STR(cases[i].url, str_c(target->place), str_c(cases[i].place));
        CHECK_INT(cases[i].url, target->literal.family != 0, cases[i].literal);
        target_release(target);
    }
    CHECK("unreadable", target_new(STR("http://[")) == NULL);
}

TEST(with_a_query)
{
    static const struct {
        const char *url, *query;
        bool absolute;
        const char *asked;
    } cases[] = {
        { "https://Example.com/x", "a=1&b=2", false, "/x?a=1&b=2" },
        { "http://example.com", "a", false, "/?a" },
        { "http://example.com:8080/x", "a", true, "http://example.com:8080/x?a" },
        /* As it is: neither decoded nor encoded once more. */
        { "http://127.0.0.1:8080/p%20q", "a%20b=x%2By%26z%C3%A4&c=", false,
          "/p%20q?a%20b=x%2By%26z%C3%A4&c=" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct target *target = target_new(str_c(cases[i].url));
        const char *asked =
            target_request(target, str_c(cases[i].query), cases[i].absolute, &arena);
        CHECK_STR(cases[i].url, str_c(asked), str_c(cases[i].asked));
        CHECK(cases[i].url, target_is_tls(target) == (i == 0));
        target_release(target);
    }
}

RUN_TESTS(cmocka_unit_test(with_a_query), cmocka_unit_test(good), cmocka_unit_test(bad),
          cmocka_unit_test(allowed), cmocka_unit_test(targets))
