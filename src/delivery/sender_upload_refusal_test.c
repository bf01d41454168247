/* SPDX-License-Identifier: MIT
 * What real servers refuse, and what is said of it. */
#include "delivery/test_upload.h"

/* Its server runs. */
static struct source small_file(struct bench *bench, struct file_server *server)
{
    struct source source;
    source_init(&source, bench, server, "a.csv", 5000);
    return source;
}

/* ── who we are ── */

TEST(logins)
{
    struct bench *bench = start(state);
    for (size_t i = 0; i < SERVER_KINDS; i++) {
        struct file_server server = new_server(bench, server_kinds[i]);
        file_server_start(&server);
        struct source source = small_file(bench, &server);
        source.upload.password = STR("quite wrong");
        struct exchange exchange = upload_to(bench, &source, NULL);
        ends(server.kind, &exchange, EXCHANGE_LOGIN, "refused the login of hub (");
        says(server.kind, &exchange, "check user and password");
        CHECK(server.kind, !has(exchange.location, "quite wrong") &&
                               !has(exchange.request_head, "quite wrong") &&
                               !has(exchange.response_head, "quite wrong"));
        CHECK_INT(server.kind, exchange.status, strcmp(server.kind, "sftp") == 0 ? 0 : 530);
        CHECK_STR(server.kind, file_server_list(&server, "", &bench->arena), STR(""));
        file_server_done(&server);
    }
}

/* A server repeats what it was sent. */
TEST(a_password_in_a_reply)
{
    struct bench *bench = start(state);
    struct file_server server = new_server(bench, "ftp");
    server.directives[0] = "AccessDenyMsg \"not you with quite wrong\"";
    file_server_start(&server);
    struct source source = small_file(bench, &server);
    source.upload.password = STR("quite wrong");
    struct exchange exchange = upload_to(bench, &source, NULL);
    ends("masked", &exchange, EXCHANGE_LOGIN, "not you with (masked)");
    CHECK("masked", has(exchange.response_head, "not you with (masked)\r\n"));
    file_server_done(&server);
}

TEST(no_passwords_taken)
{
    struct bench *bench = start(state);
    struct file_server server = new_server(bench, "sftp");
    server.directives[0] = "SFTPAuthMethods publickey";
    server.directives[1] = "SFTPAuthorizedUserKeys file:/nowhere/%u";
    file_server_start(&server);
    struct source source = small_file(bench, &server);
    struct exchange exchange = upload_to(bench, &source, NULL);
    ends("methods", &exchange, EXCHANGE_LOGIN, "takes no passwords (it takes publickey)");
    file_server_done(&server);
}

/* ── who they are ── */

TEST(host_keys)
{
    struct bench *bench = start(state);
    struct file_server server = new_server(bench, "sftp");
    file_server_start(&server);
    struct source source = small_file(bench, &server);
    static const char *const types[] = { "ed25519", "ecdsa", "rsa" };
    const char *library = curl_version_info(CURLVERSION_NOW)->libssh_version;
    size_t count = strverscmp(library, "libssh2/1.11") >= 0 ? 3 : 2; /* that it is asked for */
    str all = {};
    for (size_t i = 0; i < count; i++) {
        str key = file_server_key(&server, types[i], &bench->arena);
        all = arena_format(&bench->arena, "%.*s %.*s", STR_ARG(all), STR_ARG(key));
        source.upload.host_keys = key;
        source.seed = i;
        struct exchange exchange = upload_to(bench, &source, NULL);
        arrives(types[i], &exchange);
        lies_there(types[i], bench, &source);
    }
    file_server_run(&server, "rm a.csv");

    static const char wrong[] = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const str pins[] = { STR(""), STR(wrong) };
    const char *words[] = { "No host key is pinned", "is not the pinned one" };
    for (size_t i = 0; i < COUNT_OF(pins); i++) {
        source.upload.host_keys = pins[i];
        struct exchange exchange = upload_to(bench, &source, NULL);
        ends(words[i], &exchange, EXCHANGE_HOST_KEY, words[i]);
        str rest = all;
        for (str key = str_cut(&rest, ' '); rest.len > 0 || key.len > 0; key = str_cut(&rest, ' '))
            says(words[i], &exchange, arena_c(&bench->arena, key));
        says(words[i], &exchange, i == 0 ? "(ED25519)" : wrong);
        CHECK("nothing was sent", !has(exchange.request_head, "login"));
        CHECK_STR("nothing was sent", file_server_list(&server, "", &bench->arena), STR(""));
    }

    source.upload.host_keys = arena_format(&bench->arena, "%s %.*s", wrong, STR_ARG(all));
    struct exchange exchange = upload_to(bench, &source, NULL);
    arrives("one of several", &exchange);
    file_server_done(&server);
}

TEST(a_server_with_one_host_key)
{
    struct bench *bench = start(state);
    static const char *const types[] = { "ed25519", "ecdsa", "rsa" };
    static const char *const words[] = { "(ED25519). Somebody may stand in between",
                                         "(ECDSA). Somebody", "(RSA). Somebody" };
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct file_server server = new_server(bench, "sftp");
        file_server_start(&server);
        file_server_kill(&server);
        char command[64];
        (void)snprintf(command, sizeof(command),
                       "cd .. && mv host_%s one && rm host_* &&"
                       "mv one host_%s",
                       types[i], types[i]);
        file_server_run(&server, command);
        file_server_start(&server);
        struct source source = { .server = &server,
                                 .upload = { .name = STR("a.csv"),
                                             .user = STR("hub"),
                                             .password = STR("secret"),
                                             .size = 10,
                                             .read = source_read } };
        source.upload.host_keys = file_server_key(&server, types[i], &bench->arena);
        struct exchange exchange = upload_to(bench, &source, NULL);
        arrives("the one", &exchange);
        source.upload.host_keys = STR("SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        exchange = upload_to(bench, &source, NULL);
        ends("another", &exchange, EXCHANGE_HOST_KEY, words[i]);
        file_server_done(&server);
    }
}

TEST(certificates_that_are_not_good)
{
    struct bench *bench = start(state);
    const struct certificates *certificates = &bench->certificates;
    static const char *const kinds[] = { "ftps", "ftps-implicit" };

    const struct {
        const char *file;
        const char *words;
    } cases[] = {
        { certificates->wrong_name, "does not name 127.0.0.1" },
        { certificates->expired, "has expired" },
        { certificates->unknown, "is self-signed" },
        { certificates->stranger, "comes from an authority that is not trusted" },
    };

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        for (size_t j = 0; j < COUNT_OF(cases); j++) {
            struct file_server server = new_server(bench, kinds[i]);
            file_server_certificate(&server, cases[j].file, certificates->key);
            file_server_start(&server);
            struct source source = small_file(bench, &server);
            struct exchange exchange = upload_to(bench, &source, NULL);
            ends(cases[j].words, &exchange, EXCHANGE_CERTIFICATE, cases[j].words);
            CHECK("nothing was sent", !has(exchange.request_head, "USER"));
            if (cases[j].file == certificates->stranger) {
                const struct transport transport = { .authorities = read_pem(
                                                         bench, certificates->other_authority) };
                exchange = upload_to(bench, &source, &transport);
                arrives("an authority of its own", &exchange);
            }
            file_server_done(&server);
        }
    }
}

TEST(tls_where_there_is_none)
{
    struct bench *bench = start(state);
    struct file_server plain = new_server(bench, "ftp");
    file_server_start(&plain);
    struct source source = small_file(bench, &plain);
    plain.kind = "ftps";
    struct exchange exchange = upload_to(bench, &source, NULL);
    ends("AUTH TLS", &exchange, EXCHANGE_NO_AUTH_TLS, "does not take AUTH TLS");
    CHECK("nothing was sent", !has(exchange.request_head, "USER"));
    source.upload.implicit_tls = true;
    exchange = upload_to(bench, &source, NULL);
    ends("from the first byte", &exchange, EXCHANGE_TLS, "usual at port 990");
    file_server_done(&plain);

    struct file_server secure = new_server(bench, "ftps");
    file_server_start(&secure);
    source = small_file(bench, &secure);
    secure.kind = "ftp";
    exchange = upload_to(bench, &source, NULL);
    CHECK("plain", exchange.end == EXCHANGE_LOGIN && exchange.status == 550);
    says("plain", &exchange, "SSL/TLS required");
    file_server_done(&secure);
}

/* ── where it is to lie ── */

TEST(places_that_are_refused)
{
    struct bench *bench = start(state);
    static const char *const kinds[] = { "ftp", "ftps", "sftp" };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct file_server server = new_server(bench, kinds[i]);
        server.directives[0] = "MaxStoreFileSize 6000 B";
        file_server_start(&server);
        file_server_run(&server, "mkdir shut full && chmod 555 shut && chmod 777 full");
        struct source source = small_file(bench, &server);
        source.upload.directory = STR("no/such");
        struct exchange exchange = upload_to(bench, &source, NULL);
        ends(kinds[i], &exchange, EXCHANGE_NO_DIRECTORY, "has no directory no/such (");
        source.upload.directory = STR("shut");
        exchange = upload_to(bench, &source, NULL);
        ends(kinds[i], &exchange, EXCHANGE_NO_PERMISSION, "does not let hub write into shut (");
        source.upload.directory = STR("shut/new");
        source.upload.make_directories = true;
        exchange = upload_to(bench, &source, NULL);
        CHECK(kinds[i],
              exchange.end == EXCHANGE_NO_DIRECTORY || exchange.end == EXCHANGE_NO_PERMISSION);
        source.upload.directory = STR("full");
        source.upload.size = 7000;
        exchange = upload_to(bench, &source, NULL);
        /* SFTP, as servers have it, says no more than that it failed. */
        bool sftp = strcmp(kinds[i], "sftp") == 0;
        ends(kinds[i], &exchange, sftp ? EXCHANGE_CUT : EXCHANGE_DISK_FULL,
             sftp ? "see whether its disk is full"
                  : "has no room for the file of 7000 bytes (552 ");
        source.upload.size = 7000000;
        exchange = upload_to(bench, &source, NULL);
        /* What comes behind the end of a connection that is encrypted is not read. */
        bool said = strcmp(kinds[i], "ftp") == 0;
        ends(kinds[i], &exchange, said ? EXCHANGE_DISK_FULL : EXCHANGE_CUT,
             said ? "has no room for the file" : "see whether its disk is full");
        CHECK_INT(kinds[i], exchange.status, said ? 552 : exchange.status);
        CHECK(kinds[i], file_server_read(&server, "full/a.csv", &bench->arena).ptr == NULL);
        file_server_run(&server, "chmod 777 shut");
        file_server_done(&server);
    }
}

TEST(no_rename)
{
    struct bench *bench = start(state);
    static const char *const kinds[] = { "ftp", "sftp" };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct file_server server = new_server(bench, kinds[i]);
        file_server_start(&server);
        struct source source = small_file(bench, &server);
        struct exchange exchange = upload_to(bench, &source, NULL);
        arrives(kinds[i], &exchange);
        str before = file_server_read(&server, "a.csv", &bench->arena);
        file_server_kill(&server);
        server.directives[0] = "<Limit RNFR RNTO RENAME>";
        server.directives[1] = "DenyAll";
        server.directives[2] = "</Limit>";
        file_server_start(&server);
        source.seed = 1;
        exchange = upload_to(bench, &source, NULL);
        ends(kinds[i], &exchange, EXCHANGE_NOT_RENAMED,
             "has the whole file as .a.csv.part in the directory that the login leads to and does "
             "not let it be renamed to a.csv (");
        CHECK_STR(kinds[i], file_server_list(&server, "", &bench->arena), STR(".a.csv.part a.csv"));
        CHECK_STR(kinds[i], file_server_read(&server, "a.csv", &bench->arena), before);
        file_server_done(&server);
    }
}

/* ── the network ── */

/* The other address of a passive answer is not gone to. */
TEST(data_connections)
{
    struct bench *bench = start(state);
    struct file_server server = new_server(bench, "ftp");
    server.directives[0] = "MasqueradeAddress 127.0.0.9";
    server.directives[1] = "<Limit EPSV>";
    server.directives[2] = "DenyAll";
    server.directives[3] = "</Limit>";
    file_server_start(&server);
    struct source source = small_file(bench, &server);
    struct exchange exchange = upload_to(bench, &source, NULL);
    arrives("another address", &exchange);
    CHECK("another address", has(exchange.response_head, "(127,0,0,9,"));
    lies_there("another address", bench, &source);
    file_server_kill(&server);
    server.directives[1] = "<Limit EPSV PASV>";
    file_server_start(&server);
    exchange = upload_to(bench, &source, NULL);
    ends("none", &exchange, EXCHANGE_NO_DATA_CONNECTION, "passive ports must be open");
    file_server_done(&server);
}

TEST(the_guard)
{
    struct bench *bench = *state;
    bench->options.allow_egress = (struct cidr_list){};
    (void)start(state);
    static const char *const schemes[] = { "ftp", "ftps", "sftp" };
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        struct file_server server = { .kind = "ftp", .port = 9 };
        struct source source = small_file(bench, &server);
        server.kind = schemes[i];
        struct exchange exchange = upload_to(bench, &source, NULL);
        ends(schemes[i], &exchange, EXCHANGE_BLOCKED, "--allow-egress 127.0.0.0/8");
        CHECK(schemes[i], !exchange.opened);
    }
}

TEST(what_is_no_file_server)
{
    struct bench *bench = start(state);

    static const struct {
        const char *scheme;
        const char *greeting;
        enum exchange_end end;
        const char *words;
    } cases[] = {
        { "ftp", NULL, EXCHANGE_NO_ANSWER,
          "did not let hub in within 1 s: check that it speaks FTP" },
        { "ftps", NULL, EXCHANGE_NO_ANSWER, "did not let hub in within 1 s" },
        { "sftp", NULL, EXCHANGE_NO_ANSWER,
          "did not let hub in within 1 s: check that it speaks SFTP" },
        { "ftp", "HTTP/1.1 400 Bad Request\r\n\r\n", EXCHANGE_NO_ANSWER, "speaks FTP" },
        /* A server may say more before it says its version (RFC 4253, 4.2): libssh2 1.11 waits. */
        { "sftp", "HTTP/1.1 400 Bad Request\r\n\r\n", EXCHANGE_RESET, "speaks SFTP" },
        { "ftp", "421 too many\r\n", EXCHANGE_NOT_STORED, "did not take the file (421 too many)" },
        { "ftps", "421 too many\r\n", EXCHANGE_NOT_STORED, "did not take the file (421 too many)" },
    };
    const struct transport transport = { .timeout_ms = 1000 };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct receiver *other =
            receiver_new(&(struct receiver_options){ .greeting = cases[i].greeting });
        struct file_server server = { .kind = "ftp", .port = receiver_port(other) };
        struct source source = small_file(bench, &server);
        server.kind = cases[i].scheme;
        struct exchange exchange = upload_to(bench, &source, &transport);
        bool waited = cases[i].end == EXCHANGE_RESET && exchange.end == EXCHANGE_NO_ANSWER;
        ends(cases[i].scheme, &exchange, waited ? exchange.end : cases[i].end, cases[i].words);
        CHECK("the password is kept to ourselves", !has(exchange.request_head, "secret"));
        receiver_free(other);
    }
    int port;
    int listener = silent_listener(&port);
    struct file_server server = { .kind = "ftps-implicit", .port = port };
    struct source source = small_file(bench, &server);
    struct exchange exchange = upload_to(bench, &source, &transport);
    ends("TLS", &exchange, EXCHANGE_TLS, "did not go on; check that it speaks FTPS");
    (void)close(listener);
}

/* Replies without end. */
TEST(what_says_too_much)
{
    struct bench *bench = start(state);
    static char greeting[100001];
    for (size_t i = 0; i + 1 < sizeof(greeting); i += 100)
        (void)snprintf(greeting + i, 101, "220-%094d\r\n", 0);
    struct receiver *other = receiver_new(&(struct receiver_options){ .greeting = greeting });
    struct file_server server = { .kind = "ftp", .port = receiver_port(other) };
    struct source source = small_file(bench, &server);
    struct exchange exchange = upload_to(bench, &source, NULL);
    ends("replies", &exchange, EXCHANGE_HEAD_TOO_LARGE, "said more than 64 KiB");
    CHECK_INT("kept", exchange.response_head.len, 65536);
    receiver_free(other);
}

/* ── our own side ── */

TEST(a_file_that_cannot_be_read)
{
    struct bench *bench = start(state);
    for (size_t i = 0; i < SERVER_KINDS; i++) {
        struct file_server server = new_server(bench, server_kinds[i]);
        file_server_start(&server);
        struct source source = small_file(bench, &server);
        source.upload.size = 3000000;
        source.fail_at = 2000000;
        struct exchange exchange = upload_to(bench, &source, NULL);
        ends(server.kind, &exchange, EXCHANGE_NO_FILE, "could not be read from the hub's store");
        CHECK(server.kind, file_server_read(&server, "a.csv", &bench->arena).ptr == NULL);
        file_server_done(&server);
    }
}

static bool is_gone(void *context)
{
    struct source *source = context;
    return source->fail_at != 1 || source->seed++ > 0;
}

/* Known before anything is said to the server, or only when a read fails. */
TEST(a_file_that_is_gone)
{
    struct bench *bench = start(state);
    for (size_t i = 0; i < 2 * SERVER_KINDS; i++) {
        bool late = i >= SERVER_KINDS;
        struct file_server server = new_server(bench, server_kinds[i % SERVER_KINDS]);
        file_server_start(&server);
        struct source source = small_file(bench, &server);
        source.seed = 0;
        source.fail_at = late ? 1 : 0;
        source.upload.is_gone = is_gone;
        struct exchange exchange = upload_to(bench, &source, NULL);
        ends(server.kind, &exchange, EXCHANGE_FILE_GONE, "older than what is kept");
        CHECK(server.kind, file_server_read(&server, "a.csv", &bench->arena).ptr == NULL);
        if (!late)
            CHECK_STR(server.kind, file_server_list(&server, "", &bench->arena), STR(""));
        file_server_done(&server);
    }
}

TEST(an_upload_that_cannot_be)
{
    struct bench *bench = start(state);
    struct file_server server = { .kind = "ftp", .port = 9 };
    struct source source = small_file(bench, &server);
    source.upload.name = STR("a\r\nDELE b");
    struct exchange exchange = upload_to(bench, &source, NULL);
    ends("a name", &exchange, EXCHANGE_BROKEN, "no control characters");
}

RUN_TESTS(WITH(logins), WITH(a_password_in_a_reply), WITH(no_passwords_taken), WITH(host_keys),
          WITH(a_server_with_one_host_key), WITH(certificates_that_are_not_good),
          WITH(tls_where_there_is_none), WITH(places_that_are_refused), WITH(no_rename),
          WITH(data_connections), WITH(the_guard), WITH(what_is_no_file_server),
          WITH(what_says_too_much), WITH(a_file_that_cannot_be_read), WITH(a_file_that_is_gone),
          WITH(an_upload_that_cannot_be))
