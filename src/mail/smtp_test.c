/* SPDX-License-Identifier: MIT */
#include "mail/smtp.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

#include "mail/testing.h"

#define MESSAGE STR("Subject: x\r\n\r\nbody\r\n.dotted\r\n..\r\n")

static const struct smtp_options quick = { .connect_timeout_ms = 2000,
                                           .answer_timeout_ms = 1000,
                                           .whole_timeout_ms = 10000 };

static str url_of(const struct peer *peer, const char *scheme, const char *host,
                  struct arena *arena)
{
    return arena_format(arena, "%s://%s:%d", scheme, host, peer_port(peer));
}

static struct smtp_result send_to(const struct smtp_options *options, str to, struct arena *arena)
{
    struct smtp *smtp = NULL;
    CHECK_INT("new", smtp_new(options, &smtp), 0);
    const struct smtp_letter letter = { .from = STR("junctor@hub.example"),
                                        .to = to,
                                        .message = MESSAGE };
    struct smtp_result result = smtp_send(smtp, &letter, arena);
    smtp_free(smtp);
    return result;
}

static bool says(str text, const char *what)
{
    return what[0] == '\0' ||
           (text.len > 0 && memmem(text.ptr, text.len, what, strlen(what)) != NULL);
}

static void check_result(const char *label, const struct smtp_result *result, enum smtp_end end,
                         const char *what)
{
    CHECK_INT(label, result->end, end);
    if (!says(result->text, what))
        fail_msg("%s: \"%.*s\"", label, STR_ARG(result->text));
}

TEST(sends)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct peer *peer = peer_new(NULL);
    struct smtp_options options = quick;
    options.url = arena_format(&arena, "smtp://127.0.0.1:%d/hub.example", peer_port(peer));
    struct smtp_result result = send_to(&options, STR("ann@example.org"), &arena);
    CHECK_STR("text", result.text, STR(""));
    CHECK_INT("end", result.end, SMTP_SENT);
    CHECK_INT("mails", peer_count(peer), 1);
    struct peer_mail mail = peer_get(peer, 0);
    CHECK_STR("hello", mail.hello, STR("hub.example"));
    CHECK_STR("from", mail.from, STR("junctor@hub.example"));
    CHECK_STR("to", mail.to, STR("ann@example.org"));
    CHECK_STR("bytes", mail.data, MESSAGE);
    CHECK("in the clear on loopback", !mail.tls);
    peer_free(peer);
}

/* One refusal at each step. */
TEST(refusals)
{
    static const struct {
        const char *label;
        struct peer_line line;
        enum smtp_end end;
        bool maybe_sent;
        const char *says;
    } cases[] = {
        { "greeting 554",
          { .at = "greeting", .reply = "554 no service" },
          SMTP_SERVER_REFUSES,
          false,
          "turned the connection away (554 no service)" },
        { "greeting 421",
          { .at = "greeting", .reply = "421 busy" },
          SMTP_SERVER_LATER,
          false,
          "turned the connection away (421 busy)" },
        { "greeting hangs",
          { .at = "greeting", .reply = PEER_HANG },
          SMTP_SERVER_LATER,
          false,
          "does not answer" },
        { "greeting closes",
          { .at = "greeting", .reply = PEER_CLOSE },
          SMTP_SERVER_LATER,
          false,
          "broke off" },
        { "no SMTP",
          { .at = "greeting", .reply = "HTTP/1.1 400 Bad Request\r\n\r\n" },
          SMTP_SERVER_LATER,
          false,
          "" },
        { "sender 550",
          { .at = "MAIL", .reply = "550-5.7.1 not you\r\n550 5.7.1 go away" },
          SMTP_SERVER_REFUSES,
          false,
          "refused the sender; check the address that mails come from (550 5.7.1 not you 5.7.1 go "
          "away)" },
        { "sender 451",
          { .at = "MAIL", .reply = "451 wait" },
          SMTP_SERVER_LATER,
          false,
          "refused the sender" },
        { "login wanted",
          { .at = "MAIL", .reply = "530 5.7.0 authentication required" },
          SMTP_SERVER_REFUSES,
          false,
          "wants another login" },
        { "login wanted for this recipient",
          { .at = "RCPT", .reply = "530 5.7.0 log in" },
          SMTP_PERSON_LATER,
          false,
          "wants another login" },
        { "sender hangs",
          { .at = "MAIL", .reply = PEER_HANG },
          SMTP_SERVER_LATER,
          false,
          "stopped answering" },
        { "recipient 550",
          { .at = "RCPT", .reply = "550 5.1.1 no such user" },
          SMTP_PERSON_REFUSED,
          false,
          "refused the recipient; check the address, and that the hub may relay (550 5.1.1 no such "
          "user)" },
        { "recipient 450",
          { .at = "RCPT", .reply = "450 greylisted" },
          SMTP_PERSON_LATER,
          false,
          "(450 greylisted)" },
        { "recipient 421",
          { .at = "RCPT", .reply = "421 shutting down" },
          SMTP_PERSON_LATER,
          false,
          "(421 shutting down)" },
        { "recipient closes",
          { .at = "RCPT", .reply = PEER_CLOSE },
          SMTP_PERSON_LATER,
          false,
          "broke off" },
        { "data 554",
          { .at = "DATA", .reply = "554 no" },
          SMTP_PERSON_REFUSED,
          false,
          "refused the message before it was sent (554 no)" },
        { "data 451", { .at = "DATA", .reply = "451 no" }, SMTP_PERSON_LATER, false, "(451 no)" },
        { "data hangs",
          { .at = "DATA", .reply = PEER_HANG },
          SMTP_PERSON_LATER,
          false,
          "stopped answering" },
        { "message 552",
          { .at = ".", .reply = "552 too large" },
          SMTP_PERSON_REFUSED,
          false,
          "refused the message (552 too large)" },
        { "message 452",
          { .at = ".", .reply = "452 no room" },
          SMTP_PERSON_LATER,
          false,
          "(452 no room)" },
        { "message hangs",
          { .at = ".", .reply = PEER_HANG },
          SMTP_PERSON_LATER,
          true,
          "stopped answering" },
        { "message closes",
          { .at = ".", .reply = PEER_CLOSE },
          SMTP_PERSON_LATER,
          true,
          "broke off" },
        { "quit hangs", { .at = "QUIT", .reply = PEER_HANG }, SMTP_SENT, false, "" },
        { "quit closes", { .at = "QUIT", .reply = PEER_CLOSE }, SMTP_SENT, false, "" },
        { "control characters",
          { .at = "RCPT", .reply = "550 a\x1b[2Jb" },
          SMTP_PERSON_REFUSED,
          false,
          "(550 a [2Jb)" },
    };

    struct peer *peer = peer_new(NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        struct smtp_options options = quick;
        options.url = url_of(peer, "smtp", "localhost", &arena);
        peer_say(peer, &cases[i].line);
        struct smtp_result result = send_to(&options, STR("ann@example.org"), &arena);
        check_result(cases[i].label, &result, cases[i].end, cases[i].says);
        CHECK_INT(cases[i].label, result.maybe_sent, cases[i].maybe_sent);
        CHECK_INT(cases[i].label, result.text.len > 0, cases[i].end != SMTP_SENT);
    }
    peer_free(peer);
}

TEST(nobody_there)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct peer *peer = peer_new(NULL);
    struct smtp_options options = quick;
    options.url = url_of(peer, "smtp", "127.0.0.1", &arena);
    peer_free(peer);
    struct smtp_result result = send_to(&options, STR("ann@example.org"), &arena);
    check_result("end", &result, SMTP_SERVER_LATER,
                 "refused the connection: nothing listens there");
    options.url = STR("smtp://nowhere.invalid:25");
    result = send_to(&options, STR("ann@example.org"), &arena);
    check_result("end", &result, SMTP_SERVER_LATER, "nowhere.invalid:25 cannot be resolved");
}

/* ── TLS ── */

TEST(tls)
{
    struct certificates certificates = {};
    certificates_make(&certificates);

    static const struct {
        const char *label, *scheme;
        bool starttls, tls_first;
        enum smtp_tls level;
        bool good_certificate, trusted;
        enum smtp_end end;
        bool in_tls;
        const char *says;
    } cases[] = {
        { "required, offered", "smtp", true, false, SMTP_TLS_REQUIRED, true, true, SMTP_SENT, true,
          "" },
        { "required, not offered", "smtp", false, false, SMTP_TLS_REQUIRED, true, true,
          SMTP_SERVER_REFUSES, false, "offers no STARTTLS" },
        { "offered", "smtp", true, false, SMTP_TLS_OFFERED, true, true, SMTP_SENT, true, "" },
        { "offered is not refused", "smtp", false, false, SMTP_TLS_OFFERED, true, true, SMTP_SENT,
          false, "" },
        { "never", "smtp", true, false, SMTP_TLS_NEVER, true, true, SMTP_SENT, false, "" },
        { "unsaid, loopback", "smtp", true, false, SMTP_TLS_UNSAID, true, true, SMTP_SENT, false,
          "" },
        { "smtps", "smtps", false, true, SMTP_TLS_UNSAID, true, true, SMTP_SENT, true, "" },
        { "another name", "smtp", true, false, SMTP_TLS_REQUIRED, false, true, SMTP_SERVER_REFUSES,
          false, "is not good for it" },
        { "another name, offered", "smtp", true, false, SMTP_TLS_OFFERED, false, true,
          SMTP_SERVER_REFUSES, false, "is not good for it" },
        { "unknown authority", "smtp", true, false, SMTP_TLS_REQUIRED, true, false,
          SMTP_SERVER_REFUSES, false, "is not good for it" },
        { "another name, smtps", "smtps", false, true, SMTP_TLS_REQUIRED, false, true,
          SMTP_SERVER_REFUSES, false, "is not good for it" },
        { "smtps where there is none", "smtps", true, false, SMTP_TLS_REQUIRED, true, true,
          SMTP_SERVER_LATER, false, "smtps:// is for ports" },
        { "smtp where TLS is first", "smtp", false, true, SMTP_TLS_REQUIRED, true, true,
          SMTP_SERVER_LATER, false, "" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        const char *certificate =
            cases[i].good_certificate ? certificates.good : certificates.wrong_name;
        struct peer *peer = peer_new(&(struct peer_options){ .starttls = cases[i].starttls,
                                                             .tls_first = cases[i].tls_first,
                                                             .certificate = certificate,
                                                             .key = certificates.key });
        struct smtp_options options = quick;
        options.url = url_of(peer, cases[i].scheme, "localhost", &arena);
        options.tls = cases[i].level;
        options.ca_file =
            str_c(cases[i].trusted ? certificates.authority : certificates.other_authority);
        struct smtp_result result = send_to(&options, STR("ann@example.org"), &arena);
        check_result(cases[i].label, &result, cases[i].end, cases[i].says);
        CHECK_INT(cases[i].label, peer_count(peer), cases[i].end == SMTP_SENT);
        if (cases[i].end == SMTP_SENT)
            CHECK_INT(cases[i].label, peer_get(peer, 0).tls, cases[i].in_tls);
        /* Not the sender's address either goes out in the clear. */
        else
            CHECK_INT(cases[i].label, peer_commands(peer, "MAIL"), 0);
        peer_free(peer);
    }
    certificates_remove(&certificates);
}

TEST(starttls_refused)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct certificates certificates = {};
    certificates_make(&certificates);
    struct peer *peer = peer_new(&(struct peer_options){
        .starttls = true, .certificate = certificates.good, .key = certificates.key });
    peer_say(peer, &(struct peer_line){ .at = "STARTTLS", .reply = "454 not now" });
    struct smtp_options options = quick;
    options.url = url_of(peer, "smtp", "localhost", &arena);
    options.tls = SMTP_TLS_REQUIRED;
    options.ca_file = str_c(certificates.authority);
    struct smtp_result result = send_to(&options, STR("ann@example.org"), &arena);
    check_result("end", &result, SMTP_SERVER_LATER, "refused to begin TLS (454 not now)");
    peer_free(peer);
    certificates_remove(&certificates);
}

/* ── login ── */

TEST(login)
{
    static const struct {
        const char *label, *mechanisms, *in_url;
        str user, password;
        struct peer_line line;
        enum smtp_end end;
        const char *says;
        str login;
    } cases[] = {
        { "plain",
          "PLAIN",
          "",
          STR_INIT("ann"),
          STR_INIT("secret"),
          {},
          SMTP_SENT,
          "",
          STR_INIT("ann:secret") },
        { "login",
          "LOGIN",
          "",
          STR_INIT("ann"),
          STR_INIT("secret"),
          {},
          SMTP_SENT,
          "",
          STR_INIT("ann:secret") },
        { "in the URL",
          "PLAIN LOGIN",
          "ann:secr%65t@",
          {},
          {},
          {},
          SMTP_SENT,
          "",
          STR_INIT("ann:secret") },
        { "settings win",
          "PLAIN",
          "bob:other@",
          STR_INIT("ann"),
          STR_INIT("secret"),
          {},
          SMTP_SENT,
          "",
          STR_INIT("ann:secret") },
        { "none wanted", NULL, "", STR_INIT("ann"), STR_INIT("secret"), {}, SMTP_SENT, "", {} },
        { "wrong password",
          "PLAIN",
          "",
          STR_INIT("ann"),
          STR_INIT("hunter2"),
          {},
          SMTP_SERVER_REFUSES,
          "refused the login; check user and password (535 5.7.8 who are you)",
          {} },
        { "wrong password, the other way",
          "LOGIN",
          "",
          STR_INIT("ann"),
          STR_INIT("hunter2"),
          {},
          SMTP_SERVER_REFUSES,
          "refused the login",
          {} },
        { "not now",
          "PLAIN",
          "",
          STR_INIT("ann"),
          STR_INIT("secret"),
          { .at = "AUTH", .reply = "454 4.7.0 try later" },
          SMTP_SERVER_LATER,
          "refused the login; check user and password (454 4.7.0 try later)",
          {} },
        { "its words hold the password",
          "PLAIN",
          "ann:geh%65im@",
          {},
          {},
          { .at = "AUTH", .reply = "454 do not say geheim to me" },
          SMTP_SERVER_LATER,
          "(454 its words hold the password, and are left out)",
          {} },
        { "they hold it as it was sent",
          "PLAIN",
          "",
          STR_INIT("ann"),
          STR_INIT("geheim"),
          { .at = "AUTH", .reply = "454 what is AGFubgBnZWhlaW0=" },
          SMTP_SERVER_LATER,
          "(454 its words hold the password, and are left out)",
          {} },
        { "they hold it as it was sent, the other way",
          "LOGIN",
          "",
          STR_INIT("ann"),
          STR_INIT("geheim"),
          { .at = "AUTH", .reply = "454 what is Z2VoZWlt" },
          SMTP_SERVER_LATER,
          "(454 its words hold the password, and are left out)",
          {} },
        { "unknown ways",
          "X-OTHER",
          "",
          STR_INIT("ann"),
          STR_INIT("secret"),
          {},
          SMTP_SERVER_REFUSES,
          "takes none of the ways to log in",
          {} },
        { "hangs",
          "PLAIN",
          "",
          STR_INIT("ann"),
          STR_INIT("secret"),
          { .at = "AUTH", .reply = PEER_HANG },
          SMTP_SERVER_LATER,
          "stopped answering",
          {} },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        struct peer *peer = peer_new(&(struct peer_options){ .auth = cases[i].mechanisms });
        if (cases[i].line.at != NULL)
            peer_say(peer, &cases[i].line);
        struct smtp_options options = quick;
        options.url =
            arena_format(&arena, "smtp://%s127.0.0.1:%d", cases[i].in_url, peer_port(peer));
        options.user = cases[i].user;
        options.password = cases[i].password;
        struct smtp_result result = send_to(&options, STR("ann@example.org"), &arena);
        check_result(cases[i].label, &result, cases[i].end, cases[i].says);
        CHECK(cases[i].label, !says(result.text, "secret") && !says(result.text, "hunter2"));
        if (cases[i].end == SMTP_SENT)
            CHECK_STR(cases[i].label, peer_get(peer, 0).login, cases[i].login);
        peer_free(peer);
    }
}

/* ── settings ── */

TEST(check)
{
    static const struct {
        const char *label;
        str url;
        enum smtp_tls tls;
        const char *says; /* NULL: good */
    } cases[] = {
        { "plain", STR_INIT("smtp://mail.example.org"), SMTP_TLS_UNSAID, NULL },
        { "all of it", STR_INIT("smtps://a:b@mail.example.org:465/hub.example"), SMTP_TLS_REQUIRED,
          NULL },
        { "IPv6", STR_INIT("smtp://[::1]:25"), SMTP_TLS_UNSAID, NULL },
        { "empty", STR_INIT(""), SMTP_TLS_UNSAID, "cannot be read" },
        { "NUL", STR_INIT("smtp://a\0b"), SMTP_TLS_UNSAID, "cannot be read" },
        { "line end", STR_INIT("smtp://a\r\nb"), SMTP_TLS_UNSAID, "cannot be read" },
        { "no URL", STR_INIT("smtp://a b"), SMTP_TLS_UNSAID, "cannot be read" },
        { "another scheme", STR_INIT("https://mail.example.org"), SMTP_TLS_UNSAID,
          "begins with smtp://" },
        { "no scheme", STR_INIT("mail.example.org:25"), SMTP_TLS_UNSAID, "" },
        { "a query", STR_INIT("smtp://mail.example.org?x=y"), SMTP_TLS_UNSAID, "EHLO" },
        { "a path", STR_INIT("smtp://mail.example.org/a/b"), SMTP_TLS_UNSAID, "EHLO" },
        { "a command", STR_INIT("smtp://mail.example.org/a%0d%0aDATA"), SMTP_TLS_UNSAID, "EHLO" },
        { "smtps and never", STR_INIT("smtps://mail.example.org"), SMTP_TLS_NEVER,
          "write smtp://" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena CLEANUP(arena_done) arena = {};
        const struct smtp_options options = { .url = cases[i].url, .tls = cases[i].tls };
        str text = {};
        CHECK_INT(cases[i].label, smtp_check(&options, &arena, &text), cases[i].says == NULL);
        if (cases[i].says != NULL)
            CHECK(cases[i].label, text.len > 0 && says(text, cases[i].says));
        else
            CHECK_INT(cases[i].label, text.len, 0);
    }
}

TEST(levels)
{
    enum smtp_tls tls = SMTP_TLS_UNSAID;
    CHECK("required", smtp_tls_read(STR("required"), &tls) && tls == SMTP_TLS_REQUIRED);
    CHECK("offered", smtp_tls_read(STR("offered"), &tls) && tls == SMTP_TLS_OFFERED);
    CHECK("never", smtp_tls_read(STR("never"), &tls) && tls == SMTP_TLS_NEVER);
    CHECK("another", !smtp_tls_read(STR("no"), &tls) && tls == SMTP_TLS_NEVER);
}

/* ── stop ── */

struct stopped {
    struct smtp *smtp;
    struct smtp_result result;
    struct arena arena;
};

static void *send_main(void *argument)
{
    struct stopped *stopped = argument;
    const struct smtp_letter letter = { .from = STR("junctor@hub.example"),
                                        .to = STR("ann@example.org"),
                                        .message = MESSAGE };
    stopped->result = smtp_send(stopped->smtp, &letter, &stopped->arena);
    return NULL;
}

/* Each would wait for an hour otherwise. */
TEST(stops)
{
    static const struct {
        const char *at;
        enum smtp_end end;
    } cases[] = {
        { "greeting", SMTP_STOPPED }, { "EHLO", SMTP_STOPPED }, { "RCPT", SMTP_STOPPED },
        { ".", SMTP_STOPPED },        { "QUIT", SMTP_SENT },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer *peer = peer_new(NULL);
        struct stopped stopped = {};
        const struct smtp_options options = { .url =
                                                  url_of(peer, "smtp", "127.0.0.1", &stopped.arena),
                                              .answer_timeout_ms = 3600000,
                                              .whole_timeout_ms = 3600000 };
        CHECK_INT("new", smtp_new(&options, &stopped.smtp), 0);
        peer_say(peer, &(struct peer_line){ .at = cases[i].at, .reply = PEER_HANG });
        pthread_t thread;
        CHECK_INT("thread", pthread_create(&thread, NULL, send_main, &stopped), 0);
        peer_wait(peer, cases[i].at, 1);
        smtp_stop(stopped.smtp);
        CHECK_INT("join", pthread_join(thread, NULL), 0);
        CHECK_INT(cases[i].at, stopped.result.end, cases[i].end);
        CHECK_INT(cases[i].at, stopped.result.maybe_sent, strcmp(cases[i].at, ".") == 0);
        int connections = peer_connections(peer);
        (void)send_main(&stopped);
        CHECK_INT("the next ends at once", stopped.result.end, SMTP_STOPPED);
        CHECK("without a connection", peer_connections(peer) == connections);
        smtp_free(stopped.smtp);
        arena_done(&stopped.arena);
        peer_free(peer);
    }
}

/* A proxy of the environment would be asked before the server. */
TEST(no_proxy)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct peer *peer = peer_new(NULL);
    struct peer *proxy = peer_new(NULL);
    str proxy_url = url_of(proxy, "http", "127.0.0.1", &arena);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread reads it meanwhile */
    CHECK_INT("environment", setenv("all_proxy", arena_c(&arena, proxy_url), 1), 0);
    struct smtp_options options = quick;
    options.url = url_of(peer, "smtp", "127.0.0.1", &arena);
    struct smtp_result result = send_to(&options, STR("ann@example.org"), &arena);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): as above */
    CHECK_INT("environment", unsetenv("all_proxy"), 0);
    CHECK_INT("end", result.end, SMTP_SENT);
    CHECK_INT("proxy", peer_connections(proxy), 0);
    peer_free(proxy);
    peer_free(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends), cmocka_unit_test(refusals),
        cmocka_unit_test(tls),   cmocka_unit_test(nobody_there),
        cmocka_unit_test(login), cmocka_unit_test(starttls_refused),
        cmocka_unit_test(check), cmocka_unit_test(levels),
        cmocka_unit_test(stops), cmocka_unit_test(no_proxy),
    };
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
