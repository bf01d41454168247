/* SPDX-License-Identifier: MIT */
#include "base/testing.h"
#include "mapping/export_server.h"

TEST(reads_what_it_wrote)
{
    static const struct {
        struct export_server server;
        str url;
    } cases[] = {
        { { EXPORT_FTP_PLAIN, STR_INIT("ftp.example"), 21, {} },
          STR_INIT("ftp://ftp.example:21/") },
        { { EXPORT_FTP_PLAIN, STR_INIT("h"), 2121, STR_INIT("in/new") },
          STR_INIT("ftp://h:2121/in/new") },
        { { EXPORT_FTPS, STR_INIT("h"), 990, STR_INIT("/srv/in") },
          STR_INIT("ftps://h:990/%2Fsrv/in") },
        { { EXPORT_FTP_PLAIN, STR_INIT("h"), 21, STR_INIT("/") }, STR_INIT("ftp://h:21/%2F") },
        { { EXPORT_FTP_PLAIN, STR_INIT("h"), 21, STR_INIT("%2Fa b/\xc3\xa4?#") },
          STR_INIT("ftp://h:21/%252Fa%20b/%C3%A4%3F%23") },
        { { EXPORT_SFTP, STR_INIT("192.0.2.1"), 22, {} }, STR_INIT("sftp://192.0.2.1:22/~/") },
        { { EXPORT_SFTP, STR_INIT("h"), 22, STR_INIT("in/") }, STR_INIT("sftp://h:22/~/in/") },
        { { EXPORT_SFTP, STR_INIT("h"), 22, STR_INIT("/srv/in") }, STR_INIT("sftp://h:22/srv/in") },
        { { EXPORT_SFTP, STR_INIT("2001:db8::1"), 22, STR_INIT("/") },
          STR_INIT("sftp://[2001:db8::1]:22/") },
    };
    CLEANUP(arena_done) struct arena arena = {};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct export_server *want = &cases[i].server;
        const char *label = cases[i].url.ptr;
        struct export_server got = {};
        CHECK_STR(label, export_server_url(want, &arena), cases[i].url);
        CHECK(label, export_server_read(cases[i].url, &arena, &got));
        CHECK_INT(label, got.protocol, want->protocol);
        CHECK_STR(label, got.host, want->host);
        CHECK_INT(label, got.port, want->port);
        CHECK_STR(label, got.directory, want->directory);
    }
}

TEST(refuses_other_urls)
{
    static const char *const cases[] = {
        "",
        "ftp",
        "ftp:",
        "ftp://",
        "ftp://h",
        "ftp://h/",
        "ftp://h:0/",
        "ftp://h:65536/",
        "ftp://h:x/",
        "ftp://:21/",
        "http://h:80/",
        "ftp://[::1/",
        "ftp://[::1]/",
        "ftp://u@h:21/",
        "sftp://h:22/~/%zz",
    };
    CLEANUP(arena_done) struct arena arena = {};
    struct export_server server;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK(cases[i], !export_server_read(str_c(cases[i]), &arena, &server));
}

RUN_TESTS(cmocka_unit_test(reads_what_it_wrote), cmocka_unit_test(refuses_other_urls))
