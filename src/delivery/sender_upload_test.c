/* SPDX-License-Identifier: MIT
 * Files on their way to real servers: that they arrive whole, once, and under their name alone,
 * whatever breaks in between. */
#include <fcntl.h>
#include <sys/wait.h>

#include "delivery/test_upload.h"

/* ── it arrives ── */

static void check_conversation(const char *kind, const struct exchange *exchange)
{
    CHECK(kind, !has(exchange->request_head, "secret") && !has(exchange->response_head, "secret"));
    if (strcmp(kind, "sftp") == 0) {
        CHECK(kind, has(exchange->request_head, "login hub\r\n"));
        CHECK(kind, has(exchange->request_head, "rename "));
        CHECK(kind, has(exchange->response_head, "host key SHA256:"));
        CHECK_INT(kind, exchange->status, 0);
        return;
    }
    CHECK(kind, has(exchange->request_head, "USER hub\r\nPASS ***\r\n"));
    CHECK(kind, has(exchange->request_head, "STOR .a.csv.part\r\n"));
    CHECK(kind, has(exchange->request_head, "RNFR .a.csv.part\r\nRNTO a.csv\r\n"));
    CHECK(kind,
          has(exchange->response_head, "\r\n226 ") && has(exchange->response_head, "\r\n250 "));
    CHECK_INT(kind, exchange->status, 250);
    CHECK_INT(kind, has(exchange->request_head, "AUTH TLS\r\n"), strcmp(kind, "ftps") == 0);
}

TEST(a_file_arrives)
{
    struct bench *bench = start(state);
    for (size_t i = 0; i < SERVER_KINDS; i++) {
        const char *kind = server_kinds[i];
        struct file_server server = new_server(bench, kind);
        file_server_start(&server);
        struct source source;
        source_init(&source, bench, &server, "a.csv", 3 * MIB + 7);
        struct exchange exchange = upload_to(bench, &source, NULL);
        arrives(kind, &exchange);
        lies_there(kind, bench, &source);
        check_conversation(kind, &exchange);
        const struct exchange_timing *timing = &exchange.timing;
        CHECK(kind, timing->connect_us > 0 && timing->tls_us < timing->sent_us);
        CHECK(kind, timing->connect_us < timing->sent_us);
        CHECK(kind, timing->tls_us == 0 || timing->tls_us > timing->connect_us);
        CHECK(kind, timing->first_byte_us == 0 || timing->first_byte_us >= timing->sent_us);
        CHECK(kind, timing->whole_us >= timing->sent_us && exchange.sent);
        CHECK_INT(kind, timing->tls_us > 0, strcmp(kind, "ftp") != 0);
        const struct address loopback = { .family = 4, .bytes = { 127, 0, 0, 1 } };
        CHECK(kind, address_equal(&exchange.remote, &loopback));

        source.seed = 1;
        source.upload.size = 0;
        exchange = upload_to(bench, &source, NULL);
        arrives("an empty one, in its place", &exchange);
        lies_there("an empty one, in its place", bench, &source);
        file_server_done(&server);
    }
}

TEST(directories)
{
    struct bench *bench = start(state);
    static const char *const kinds[] = { "ftp", "sftp" };
    static const char *const paths[] = { "a/b c", "/a/d", "e'\"%&#;?/\xc3\xbc/x", "/" };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct file_server server = new_server(bench, kinds[i]);
        file_server_start(&server);
        for (size_t j = 0; j < COUNT_OF(paths); j++) {
            struct source source;
            source_init(&source, bench, &server, "it's %41 \"\xc3\xbc\".csv", 1000);
            source.upload.directory = str_c(paths[j]);
            source.upload.make_directories = true;
            if (strcmp(paths[j], "/") == 0)
                file_server_run(&server, "rm -r a e*");
            struct exchange exchange = upload_to(bench, &source, NULL);
            arrives(paths[j], &exchange);
            lies_there(paths[j], bench, &source);
        }
        file_server_done(&server);
    }
}

/* ── what is there already ── */

/* Servers that let nothing be overwritten: neither a file by a rename, nor what a try has left. */
TEST(a_repeat_takes_the_place)
{
    struct bench *bench = start(state);
    for (size_t i = 0; i < SERVER_KINDS; i++) {
        for (int strict = 0; strict < 2; strict++) {
            const char *kind = server_kinds[i];
            struct file_server server = new_server(bench, kind);
            server.directives[0] = strict ? "AllowOverwrite off" : NULL;
            file_server_start(&server);
            struct source source;
            source_init(&source, bench, &server, "a.csv", 5000);
            for (int round = 0; round < 3; round++) {
                source.seed = (uint64_t)round;
                struct exchange exchange = upload_to(bench, &source, NULL);
                arrives(kind, &exchange);
                lies_there(kind, bench, &source);
                bool helped = strict || strcmp(kind, "sftp") == 0; /* as OpenSSH does it, too */
                CHECK_INT(kind, has(exchange.request_head, ".a.csv.old"), helped && round > 0);
                /* As one that was cut off has left it. */
                file_server_run(&server, "head -c 3000 a.csv >.a.csv.part; chmod 666 .a.csv.part;"
                                         "[ $(id -u) != 0 ] || chown nobody .a.csv.part");
            }
            file_server_done(&server);
        }
    }
}

/* ── what breaks ── */

TEST(the_server_is_killed)
{
    struct bench *bench = start(state);
    for (size_t i = 0; i < SERVER_KINDS; i++) {
        const char *kind = server_kinds[i];
        struct file_server server = new_server(bench, kind);
        file_server_start(&server);
        struct source source;
        source_init(&source, bench, &server, "a.csv", 12 * MIB);
        struct exchange exchange = upload_to(bench, &source, NULL);
        arrives(kind, &exchange);
        str before = file_server_read(&server, "a.csv", &bench->arena);
        source.seed = 1;
        source.kill_at = 6 * MIB;
        exchange = upload_to(bench, &source, NULL);
        ends(kind, &exchange, EXCHANGE_CUT, "nothing has the file's name there");
        CHECK(kind, exchange.uploaded >= 6 * MIB);
        CHECK_STR(kind, file_server_read(&server, "a.csv", &bench->arena), before);
        file_server_kill(&server);
        exchange = upload_to(bench, &source, NULL);
        ends(kind, &exchange, EXCHANGE_REFUSED, "nothing listens there");
        file_server_start(&server);
        exchange = upload_to(bench, &source, NULL);
        arrives(kind, &exchange);
        lies_there(kind, bench, &source);
        file_server_done(&server);
    }
}

/* A hub of its own, killed at a byte, or after that time. */
static void upload_and_die(struct bench *bench, struct source *source, useconds_t after_us)
{
    pid_t pid = fork();
    CHECK("fork", pid >= 0);
    if (pid == 0) {
        struct sender *sender;
        int r = sender_new(&bench->options, &sender);
        bench->sender = sender;
        source->suicide = true;
        if (r == 0)
            (void)upload_to(bench, source, NULL);
        _exit(0);
    }
    if (after_us > 0) {
        (void)usleep(after_us);
        (void)kill(pid, SIGKILL);
    }
    (void)waitpid(pid, NULL, 0);
}

/* Nothing, or a whole file of an earlier time: never a part of one. */
static bool has_no_half(struct source *source, struct bench *bench, uint64_t rounds)
{
    CLEANUP(arena_done) struct arena arena = {};
    (void)bench;
    str got = file_server_read(source->server, "a.csv", &arena);
    if (got.ptr == NULL)
        return true;
    struct source other = *source;
    for (other.seed = 0; other.seed <= rounds; other.seed++) {
        size_t i = 0;
        while (i < got.len && got.ptr[i] == source_byte(&other, (int64_t)i))
            i++;
        if (i == got.len)
            return (int64_t)got.len == source->upload.size;
    }
    return false;
}

TEST(the_hub_is_killed)
{
    struct bench *bench = *state; /* without a sender: no other threads where it forks */
    for (size_t i = 0; i < SERVER_KINDS; i++) {
        const char *kind = server_kinds[i];
        struct file_server server = new_server(bench, kind);
        server.directives[0] = i % 2 == 0 ? "AllowOverwrite off" : NULL;
        file_server_start(&server);
        struct source source;
        source_init(&source, bench, &server, "a.csv", 2 * MIB);
        uint64_t random = 1 + i;
        for (uint64_t round = 0; round < 9; round++) {
            source.seed = round;
            source.kill_at = round % 3 == 0 ? (int64_t)(test_random(&random) % (2 * MIB)) + 1 : 0;
            useconds_t after_us = (useconds_t)(test_random(&random) % 120000) + 1000;
            upload_and_die(bench, &source, source.kill_at > 0 ? 0 : after_us);
            CHECK(kind, has_no_half(&source, bench, round));
        }
        source.kill_at = 0;
        (void)start(state);
        struct exchange exchange = upload_to(bench, &source, NULL);
        arrives(kind, &exchange);
        file_server_run(&server, "rm -f .a.csv.old");
        lies_there(kind, bench, &source);
        sender_free(bench->sender);
        bench->sender = NULL;
        file_server_done(&server);
    }
}

/* The one that stands still is waited for by nobody else. */
TEST(the_server_stands_still)
{
    struct bench *bench = start(state);
    const struct transport transport = { .timeout_ms = 2000 };
    for (size_t i = 0; i < SERVER_KINDS; i++) {
        const char *kind = server_kinds[i];
        struct file_server server = new_server(bench, kind);
        file_server_start(&server);
        struct source source;
        source_init(&source, bench, &server, "a.csv", 40000);
        source.kill_at = 40000; /* the last: it is all out, and not confirmed */
        source.freeze = true;
        source.upload.context = &source;
        struct target *target = target_new(str_c(url_of(
            bench, source.upload.implicit_tls ? "ftps" : kind, "127.0.0.1", server.port, "")));
        struct exchange exchange = { .upload = &source.upload,
                                     .target = target,
                                     .transport = &transport,
                                     .arena = &bench->arena };
        sender_start(bench->sender, &exchange);
        int others = 0;
        int64_t worst_ms = 0;
        struct exchange *done = NULL;
        while (done != &exchange) {
            int64_t began_ms = clock_mono_ms();
            struct exchange other = { .arena = &bench->arena,
                                      .body = STR("{}"),
                                      .target = target_new(str_c(plain_url(bench, "/ok"))) };
            sender_start(bench->sender, &other);
            for (done = NULL; done != &other;) {
                sender_step(bench->sender);
                done = sender_take(bench->sender);
                if (done == &exchange)
                    break;
                sender_wait(bench->sender, NULL, 0, 5);
            }
            target_release(other.target);
            if (done == &exchange) {
                sender_stop_exchange(bench->sender, &other);
                CHECK("the other", sender_take(bench->sender) == &other);
                break;
            }
            worst_ms = MAX_OF(worst_ms, clock_mono_ms() - began_ms);
            others++;
            (void)usleep(2000);
        }
        file_server_signal(&server, SIGCONT);
        CHECK_INT(kind, exchange.end, EXCHANGE_NO_ANSWER);
        CHECK(kind, exchange.late && exchange.phase == UPLOAD_CONFIRM);
        CHECK("the others went on", others > 20 && worst_ms < 1000);
        target_release(target);
        file_server_done(&server);
    }
}

/* ── stop, and many ── */

TEST(stopped_while_under_way_and_while_waiting)
{
    struct bench *bench = start(state);
    int port;
    int listener = silent_listener(&port);

    enum { COUNT = 40 }; /* more than there are threads */

    static struct exchange exchanges[COUNT];
    struct file_server nowhere = { .kind = "ftp" };
    struct source source;
    source_init(&source, bench, &nowhere, "a.csv", 10);
    struct target *target = target_new(str_c(url_of(bench, "ftp", "127.0.0.1", port, "")));
    struct arena arenas[COUNT] = {};
    for (int i = 0; i < COUNT; i++) {
        exchanges[i] =
            (struct exchange){ .upload = &source.upload, .target = target, .arena = &arenas[i] };
        sender_start(bench->sender, &exchanges[i]);
    }
    sender_step(bench->sender);
    CHECK("none is over", sender_take(bench->sender) == NULL);
    int64_t began_ms = clock_mono_ms();
    for (int i = 0; i < COUNT; i++)
        sender_stop_exchange(bench->sender, &exchanges[i]);
    for (int ended = 0; ended < COUNT;) {
        struct exchange *done = sender_take(bench->sender);
        ended += done != NULL;
        if (done == NULL)
            sender_wait(bench->sender, NULL, 0, 10);
        else
            CHECK_INT("stopped", done->end, EXCHANGE_STOPPED);
        sender_step(bench->sender);
    }
    CHECK("soon", clock_mono_ms() - began_ms < 2500);
    CHECK("no more than that", sender_take(bench->sender) == NULL);
    for (int i = 0; i < COUNT; i++)
        arena_done(&arenas[i]);
    target_release(target);
    (void)close(listener);
}

RUN_TESTS(WITH(a_file_arrives), WITH(directories), WITH(a_repeat_takes_the_place),
          WITH(the_server_is_killed), WITH(the_hub_is_killed), WITH(the_server_stands_still),
          WITH(stopped_while_under_way_and_while_waiting))
