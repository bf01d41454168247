/* SPDX-License-Identifier: MIT */
#include "mail/message.h"

#include "base/testing.h"

#define AT_MS ((int64_t)1795278806123) /* 2026-11-21T16:33:26.123Z */

static const struct message_parts plain = {
    .from = { STR_INIT("Junctor"), STR_INIT("junctor@hub.example") },
    .to = { STR_INIT("Ann Example"), STR_INIT("ann@example.org") },
    .subject = STR_INIT("Junctor: 2 endpoints of Acme fail"),
    .text = STR_INIT("Hello,\ntwo lines.\n"),
    .html = STR_INIT("<p>Hello</p>\n"),
    .id = STR_INIT("n7.42"),
    .at_ms = AT_MS,
};

TEST(whole_message)
{
    struct arena CLEANUP(arena_done) arena = {};
    str message;
    CHECK_INT("outcome", message_write(&plain, &arena, &message), MESSAGE_GOOD);
    CHECK_STR("bytes", message,
              STR("From: \"Junctor\" <junctor@hub.example>\r\n"
                  "To: \"Ann Example\" <ann@example.org>\r\n"
                  "Subject: Junctor: 2 endpoints of Acme fail\r\n"
                  "Date: Sat, 21 Nov 2026 16:33:26 +0000\r\n"
                  "Message-ID: <n7.42@hub.example>\r\n"
                  "Auto-Submitted: auto-generated\r\n"
                  "MIME-Version: 1.0\r\n"
                  "Content-Type: multipart/alternative; boundary=\"=_junctor_part\"\r\n"
                  "\r\n"
                  "--=_junctor_part\r\n"
                  "Content-Type: text/plain; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: quoted-printable\r\n"
                  "\r\n"
                  "Hello,\r\n"
                  "two lines.\r\n"
                  "\r\n"
                  "--=_junctor_part\r\n"
                  "Content-Type: text/html; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: quoted-printable\r\n"
                  "\r\n"
                  "<p>Hello</p>\r\n"
                  "\r\n"
                  "--=_junctor_part--\r\n"));
}

/* The header of that name with its folded lines, without the last line end. */
static str header_of(str message, const char *name)
{
    const char *from = strstr(message.ptr, name);
    assert_non_null(from);
    const char *end = strstr(from, "\r\n");
    while (end != NULL && end[2] == ' ')
        end = strstr(end + 2, "\r\n");
    assert_non_null(end);
    return str_from(from, (size_t)(end - from));
}

static str written(const struct message_parts *parts, struct arena *arena)
{
    str message = {};
    CHECK_INT("outcome", message_write(parts, arena, &message), MESSAGE_GOOD);
    return str_from(arena_c(arena, message), message.len); /* with a NUL behind it */
}

TEST(subjects)
{
    static const struct {
        const char *label;
        str subject, want;
    } cases[] = {
        { "plain", STR_INIT("All is well"), STR_INIT("Subject: All is well") },
        { "empty", STR_INIT(""), STR_INIT("Subject:") },
        { "folded at a space",
          STR_INIT(
              "Junctor: 2 endpoints of A Rather Long Company Name Ltd fail, 37 deliveries died"),
          STR_INIT("Subject: Junctor: 2 endpoints of A Rather Long Company Name Ltd fail, 37\r\n"
                   " deliveries died") },
        { "umlauts", STR_INIT("Käse für alle"),
          STR_INIT("Subject: =?utf-8?q?K=C3=A4se_f=C3=BCr_alle?=") },
        { "whole characters in each word", STR_INIT("ééééééééééééééééééééé"),
          STR_INIT("Subject: =?utf-8?q?=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9?=\r\n"
                   " =?utf-8?q?=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9?=\r\n"
                   " =?utf-8?q?=C3=A9=C3=A9?=") },
        { "no header of its own", STR_INIT("x\r\nBcc: eve@example.org"),
          STR_INIT("Subject: x Bcc: eve@example.org") },
        { "a lone CR, a lone LF, a NUL", STR_INIT("a\rb\nc\0d"), STR_INIT("Subject: a b c d") },
        { "another line separator", STR_INIT("a\xc2\x85\x62"), STR_INIT("Subject: a b") },
        { "what looks encoded", STR_INIT("=?utf-8?q?x?="),
          STR_INIT("Subject: =?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=") },
        { "no UTF-8", STR_INIT("a\xff"), STR_INIT("Subject: =?utf-8?q?a=EF=BF=BD?=") },
        { "a long word",
          STR_INIT("0123456789012345678901234567890123456789012345678901234567890123"
                   "4567890123456789"),
          STR_INIT(
              "Subject: =?utf-8?q?0123456789012345678901234567890123456789012345678901234?=\r\n"
              " =?utf-8?q?5678901234567890123456789?=") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        struct message_parts parts = plain;
        parts.subject = cases[i].subject;
        CHECK_STR(cases[i].label, header_of(written(&parts, &arena), "Subject:"), cases[i].want);
    }
}

TEST(people)
{
    static const struct {
        const char *label;
        str name, address, want;
    } cases[] = {
        { "no name", STR_INIT(""), STR_INIT("ann@example.org"), STR_INIT("To: ann@example.org") },
        { "quotes and backslashes", STR_INIT("Ann \"A\\B\""), STR_INIT("ann@example.org"),
          STR_INIT("To: \"Ann \\\"A\\\\B\\\"\" <ann@example.org>") },
        { "commas and brackets", STR_INIT("Eve, <eve@example.org>"), STR_INIT("ann@example.org"),
          STR_INIT("To: \"Eve, <eve@example.org>\" <ann@example.org>") },
        { "a name that looks encoded", STR_INIT("=?utf-8?q?x?="), STR_INIT("ann@example.org"),
          STR_INIT("To: =?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?= <ann@example.org>") },
        { "letters beyond ASCII", STR_INIT("Änne (x)"), STR_INIT("ann@example.org"),
          STR_INIT("To: =?utf-8?q?=C3=84nne_=28x=29?= <ann@example.org>") },
        { "a line end", STR_INIT("Ann\r\nCc: eve@example.org\r\n\r\n"), STR_INIT("ann@example.org"),
          STR_INIT("To: \"Ann Cc: eve@example.org\" <ann@example.org>") },
        { "a long name",
          STR_INIT("Someone whose name is much too long for a single line of a mail"),
          STR_INIT("someone@example.org"),
          STR_INIT("To: \"Someone whose name is much too long for a single line of a mail\"\r\n"
                   " <someone@example.org>") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        struct message_parts parts = plain;
        parts.to = (struct message_person){ cases[i].name, cases[i].address };
        CHECK_STR(cases[i].label, header_of(written(&parts, &arena), "To:"), cases[i].want);
    }
}

#define L60 "012345678901234567890123456789012345678901234567890123456789"
#define L63 L60 "012"
#define L64 L60 "0123"

TEST(addresses)
{
    static const struct {
        const char *label;
        str address;
        bool good;
    } cases[] = {
        { "plain", STR_INIT("ann@example.org"), true },
        { "all of atext", STR_INIT("a!#$%&'*+-/=?^_`{|}~z@example.org"), true },
        { "dots", STR_INIT("a.b.c@sub.example.org"), true },
        { "one label", STR_INIT("root@localhost"), true },
        { "longest local part", STR_INIT(L64 "@example.org"), true },
        { "longer local part", STR_INIT(L64 "x@example.org"), false },
        { "empty", STR_INIT(""), false },
        { "no domain", STR_INIT("ann"), false },
        { "empty domain", STR_INIT("ann@"), false },
        { "empty local part", STR_INIT("@example.org"), false },
        { "two ats", STR_INIT("a@b@example.org"), false },
        { "dot first", STR_INIT(".a@example.org"), false },
        { "dot last", STR_INIT("a.@example.org"), false },
        { "two dots", STR_INIT("a..b@example.org"), false },
        { "domain dot last", STR_INIT("a@example.org."), false },
        { "domain two dots", STR_INIT("a@example..org"), false },
        { "hyphen first", STR_INIT("a@-example.org"), false },
        { "space", STR_INIT("a b@example.org"), false },
        { "line end", STR_INIT("a@example.org\r\nRCPT TO:<b@example.org>"), false },
        { "NUL", STR_INIT("a\0b@example.org"), false },
        { "angle bracket", STR_INIT("a@example.org>"), false },
        { "beyond ASCII", STR_INIT("änne@example.org"), false },
        { "domain beyond ASCII", STR_INIT("a@exämple.org"), false },
        { "an underscore in the domain", STR_INIT("a@ex_ample.org"), false },
        { "longest domain label", STR_INIT("a@" L63 ".org"), true },
        { "longer domain label", STR_INIT("a@" L64 ".org"), false },
        { "longest of all", STR_INIT("a@" L63 "." L63 "." L63 "." L60), true },
        { "too long", STR_INIT("a@" L63 "." L63 "." L63 "." L60 "x"), false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_INT(cases[i].label, message_address_is_good(cases[i].address), cases[i].good);
}

TEST(settings)
{
    static const struct {
        const char *label;
        str text;
        bool good;
        str name, address;
    } cases[] = {
        { "alone", STR_INIT(" a@b.c "), true, STR_INIT(""), STR_INIT("a@b.c") },
        { "named", STR_INIT("The Hub <a@b.c>"), true, STR_INIT("The Hub"), STR_INIT("a@b.c") },
        { "quoted", STR_INIT("\"The Hub\" <a@b.c>"), true, STR_INIT("The Hub"), STR_INIT("a@b.c") },
        { "brackets alone", STR_INIT("<a@b.c>"), true, STR_INIT(""), STR_INIT("a@b.c") },
        { "no address", STR_INIT("The Hub"), false, {}, {} },
        { "two addresses", STR_INIT("a@b.c, d@e.f"), false, {}, {} },
        { "half a bracket", STR_INIT("The Hub a@b.c>"), false, {}, {} },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct message_person person = {};
        CHECK_INT(cases[i].label, message_person_read(cases[i].text, &person), cases[i].good);
        CHECK_STR(cases[i].label, person.name, cases[i].name);
        CHECK_STR(cases[i].label, person.address, cases[i].address);
    }
}

TEST(refusals)
{
    struct arena CLEANUP(arena_done) arena = {};
    str message = {};
    struct message_parts parts = plain;
    parts.from.address = STR("junctor");
    CHECK_INT("from", message_write(&parts, &arena, &message), MESSAGE_BAD_FROM);
    parts = plain;
    parts.to.address = STR("ann@example.org\r\nX: y");
    CHECK_INT("to", message_write(&parts, &arena, &message), MESSAGE_BAD_TO);
    static const str ids[] = { STR_INIT(""), STR_INIT("a..b"), STR_INIT("a>b"), STR_INIT("a\r\nb"),
                               STR_INIT("a@b") };
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        parts = plain;
        parts.id = ids[i];
        CHECK_INT("id", message_write(&parts, &arena, &message), MESSAGE_BAD_ID);
    }
    CHECK_INT("nothing is given", message.len, 0);
}

TEST(bodies)
{
    static const struct {
        const char *label;
        str text, want;
    } cases[] = {
        { "empty", STR_INIT(""), STR_INIT("") },
        { "equals sign", STR_INIT("a=b"), STR_INIT("a=3Db") },
        { "UTF-8", STR_INIT("é…"), STR_INIT("=C3=A9=E2=80=A6") },
        { "75 characters on a line", STR_INIT(L60 "012345678901234"),
          STR_INIT(L60 "012345678901234") },
        { "more go on the next", STR_INIT(L60 "0123456789012345678"),
          STR_INIT(L60 "012345678901234=\r\n5678") },
        { "a code is not divided", STR_INIT(L60 "0123456789012=x"),
          STR_INIT(L60 "0123456789012=\r\n=3Dx") },
        { "a space at a line's end", STR_INIT("a \nb\t\nc "), STR_INIT("a=20\r\nb=09\r\nc=20") },
        { "a space within", STR_INIT("a \tb"), STR_INIT("a \tb") },
        { "a dot on a line of its own", STR_INIT("a\n.\n.b"), STR_INIT("a\r\n=2E\r\n=2Eb") },
        { "a dot behind a soft line break", STR_INIT(L60 "012345678901234.x"),
          STR_INIT(L60 "012345678901234=\r\n=2Ex") },
        { "From at a line's beginning", STR_INIT("From here\nwhere From"),
          STR_INIT("=46rom here\r\nwhere From") },
        { "the boundary", STR_INIT("--=_junctor_part--"), STR_INIT("--=3D_junctor_part--") },
        { "line ends of all kinds", STR_INIT("a\r\nb\rc\nd"), STR_INIT("a\r\nb\r\nc\r\nd") },
        { "control characters", STR_INIT("a\0b\x1b[1mc\x7f\xc2\x85"), STR_INIT("ab[1mc") },
        { "no UTF-8", STR_INIT("a\xe2\x80z"), STR_INIT("a=EF=BF=BD=EF=BF=BDz") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        struct message_parts parts = plain;
        parts.text = cases[i].text;
        str message = written(&parts, &arena);
        const char *from = strstr(message.ptr, "quoted-printable\r\n\r\n");
        assert_non_null(from);
        from += strlen("quoted-printable\r\n\r\n");
        const char *end = strstr(from, "\r\n--=_");
        assert_non_null(end);
        CHECK_STR(cases[i].label, str_from(from, (size_t)(end - from)), cases[i].want);
    }
}

TEST(dates)
{
    static const struct {
        int64_t at_ms;
        str want;
    } cases[] = {
        { 0, STR_INIT("Date: Thu, 01 Jan 1970 00:00:00 +0000") },
        { 951782399999, STR_INIT("Date: Mon, 28 Feb 2000 23:59:59 +0000") },
        { 951782400000, STR_INIT("Date: Tue, 29 Feb 2000 00:00:00 +0000") },
        { AT_MS, STR_INIT("Date: Sat, 21 Nov 2026 16:33:26 +0000") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        struct message_parts parts = plain;
        parts.at_ms = cases[i].at_ms;
        CHECK_STR("date", header_of(written(&parts, &arena), "Date:"), cases[i].want);
    }
}

TEST(one_line)
{
    static const struct {
        const char *label;
        str text;
        size_t max;
        str want;
    } cases[] = {
        { "white space", STR_INIT("  a\r\n\t b  "), 99, STR_INIT("a b") },
        { "fits", STR_INIT("abcdef"), 6, STR_INIT("abcdef") },
        { "is cut", STR_INIT("abcdefg"), 6, STR_INIT("abc…") },
        { "never in a character", STR_INIT("aéééé"), 7, STR_INIT("aé…") },
        { "no room for the sign", STR_INIT("aéé"), 2, STR_INIT("a") },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        CHECK_STR(cases[i].label, message_one_line(cases[i].text, cases[i].max, &arena),
                  cases[i].want);
    }
}

RUN_TESTS(cmocka_unit_test(whole_message), cmocka_unit_test(subjects), cmocka_unit_test(people),
          cmocka_unit_test(addresses), cmocka_unit_test(settings), cmocka_unit_test(refusals),
          cmocka_unit_test(bodies), cmocka_unit_test(dates), cmocka_unit_test(one_line))
