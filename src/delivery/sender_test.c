/* SPDX-License-Identifier: MIT
 * One attempt each, against everything a target can do: what is recorded of it, in which words. */
#include "delivery/testing.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/id.h"

struct scene {
    struct bed bed;
    struct receiver *receiver;
    struct name_server *names;
    struct certificates certificates;
    int64_t next_outlet;
};

static int set_up(void **state)
{
    struct scene *scene = NEW(struct scene);
    scene->receiver = receiver_new(NULL);
    scene->names = name_server_new();
    scene->next_outlet = 1;
    certificates_make(&scene->certificates);
    bed_init(&scene->bed);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    bed_done(&scene->bed);
    receiver_free(scene->receiver);
    name_server_free(scene->names);
    certificates_remove(&scene->certificates);
    free(scene);
    return 0;
}

static struct scene *start(void **state)
{
    struct scene *scene = *state;
    struct bed *bed = &scene->bed;
    bed->options.name_servers =
        arena_format(&bed->arena, "127.0.0.1:%d", name_server_port(scene->names));
    bed->options.ca_file = str_c(scene->certificates.authority);
    bed_start(bed);
    return scene;
}

/* A webhook of its own for that URL, one delivery, its first record. */
static struct record try_url(struct scene *scene, const char *url)
{
    struct bed *bed = &scene->bed;
    int64_t outlet = scene->next_outlet++;
    bed_webhook(bed, &(struct webhook_text){ .id = outlet, .url = url });
    int before = bed_count(bed);
    (void)bed_deliver(bed, outlet, "{}");
    return bed_record(bed, before);
}

static struct record try_path(struct scene *scene, const char *path)
{
    return try_url(scene, url_at(&scene->bed, receiver_port(scene->receiver), path));
}

static void says(const struct record *record, const char *part)
{
    char text[2048];
    (void)snprintf(text, sizeof(text), "%.*s", STR_ARG(record->attempt.error));
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", text, part);
}

TEST(words)
{
    struct scene *scene = start(state);

    static const struct {
        const char *path;
        int status;
        const char *error;
    } cases[] = {
        { "/status/500", 500, "The target answered 500; only 200 to 299 is a success" },
        { "/status/404", 404, "there is nothing at this path" },
        { "/status/401", 401, "it refuses what Junctor sends" },
        { "/status/429", 429, "it is sent more than it takes" },
        { "/redirect", 302,
          "answers with a redirect (302) to http://elsewhere.test/new. Junctor "
          "does not follow redirects: change the endpoint's URL" },
        { "/status/304", 304, "a redirect that says not where to" },
        { "/hang", 0, "No answer within 800 ms: the target took the request" },
        { "/trickle", 200, "No whole answer within 800 ms: the target began to answer" },
        { "/empty", 0, "closed the connection without an answer" },
        { "/reset", 0, "broke the connection off" },
        { "/cut", 200, "broke the connection off" },
        { "/short", 200, "ended before the length it had stated" },
        { "/heads", 200, "header block of more than 64 KiB" },
        { "/nonsense", 0, "is not HTTP" },
        { "/endless", 200, "longer than 16777216 bytes" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct record record = try_path(scene, cases[i].path);
        CHECK_INT(cases[i].path, record.attempt.status, cases[i].status);
        CHECK_INT(cases[i].path, record.after.last_status, cases[i].status);
        CHECK_INT(cases[i].path, record.after.state, DELIVERY_PENDING);
        CHECK_INT(cases[i].path, record.after.attempt_count, 1);
        CHECK_INT(cases[i].path, record.after.schedule_step, 1);
        CHECK_INT(cases[i].path, record.attempt.number, 1);
        CHECK(cases[i].path, record.attempt.duration_us > 0);
        CHECK(cases[i].path, str_starts(record.attempt.request_head, STR("POST /")));
        says(&record, cases[i].error);
    }
}

TEST(successes)
{
    struct scene *scene = start(state);
    struct bed *bed = &scene->bed;
    static const char *const paths[] = { "/ok",      "/status/200", "/status/204", "/status/299",
                                         "/interim", "/binary",     "/closing" };
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct record record = try_path(scene, paths[i]);
        CHECK_STR(paths[i], record.attempt.error, STR(""));
        CHECK_INT(paths[i], record.after.state, DELIVERY_DELIVERED);
        CHECK(paths[i], record.after.finished_ms == clock_now_ms(&bed->clock));
    }
}

TEST(what_is_kept)
{
    struct scene *scene = start(state);
    struct record record = try_path(scene, "/interim");
    CHECK_STR("head", record.attempt.response_head,
              STR("HTTP/1.1 200 OK\r\nX-Final: yes\r\nTransfer-Encoding: chunked\r\n"));
    CHECK_STR("body", record.attempt.response_body, STR("abc"));
    record = try_path(scene, "/binary");
    CHECK_STR("bytes", record.attempt.response_body, STR("\xff\xfe\0\x80\x41"));
    record = try_path(scene, "/large/65536");
    CHECK("whole", !record.attempt.response_truncated);
    CHECK_INT("kept", record.attempt.response_body.len, 65536);
    record = try_path(scene, "/large/10485760");
    CHECK("cut", record.attempt.response_truncated);
    CHECK_INT("length", record.attempt.response_length, 10485760);
    CHECK_INT("kept", record.attempt.response_body.len, 65536);
    CHECK_INT("delivered", record.after.state, DELIVERY_DELIVERED);
    record = try_path(scene, "/large/16777216");
    CHECK_INT("just allowed", record.after.state, DELIVERY_DELIVERED);
    record = try_path(scene, "/large/16777217");
    says(&record,
         "longer than 16777216 bytes: it was broken off; answer with less, or start the hub "
         "with a larger --max-response-read");
}

TEST(request_as_sent)
{
    struct scene *scene = start(state);
    struct bed *bed = &scene->bed;
    bed_webhook(
        bed, &(struct webhook_text){ .id = 50,
                                     .url = url_at(bed, receiver_port(scene->receiver), "/ok?x=1"),
                                     .secret = "key" });
    int64_t id = bed_deliver(bed, 50, "{\"n\":1}");
    struct record record = bed_record(bed, 0);
    struct received received = receiver_get(scene->receiver, 0);
    CHECK_STR("head", record.attempt.request_head, received.head);
    CLEANUP(arena_done) struct arena arena = {};
    char id_text[ID_TEXT_MAX];
    str delivery = id_write(ID_DELIVERY, id, id_text);
    str want_end = arena_format(&arena, "\r\nwebhook-id: %.*s\r\n", STR_ARG(delivery));
    CHECK("id", strstr(arena_c(&arena, received.head), arena_c(&arena, want_end)) != NULL);
    const char *const parts[] = { "POST /ok?x=1 HTTP/1.1\r\nHost: 127.0.0.1:",
                                  "\r\nUser-Agent: Junctor/test\r\n",
                                  "\r\nContent-Type: application/json\r\n",
                                  "\r\nJunctor-Hops: 3\r\n",
                                  "\r\nwebhook-timestamp: ",
                                  "\r\nwebhook-signature: v1,",
                                  "\r\nContent-Length: " };
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        CHECK(parts[i], strstr(arena_c(&arena, received.head), parts[i]) != NULL);
    CHECK("no Expect", strcasestr(arena_c(&arena, received.head), "\r\nExpect:") == NULL);
}

TEST(large_requests_are_sent_whole)
{
    struct scene *scene = start(state);
    struct bed *bed = &scene->bed;
    const size_t size = (size_t)3 * 512 * 1024; /* from 1 MiB on libcurl would ask first: Expect */
    char *data = xmalloc(size + 1);
    memset(data, 'x', size);
    data[size] = '\0';
    bed_webhook(bed,
                &(struct webhook_text){ .id = 50,
                                        .url = url_at(bed, receiver_port(scene->receiver), "/ok"),
                                        .format = FORMAT_BARE });
    (void)bed_deliver(bed, 50, data);
    struct record record = bed_record(bed, 0);
    CHECK_INT("delivered", record.after.state, DELIVERY_DELIVERED);
    CHECK_STR("head", record.attempt.request_head, receiver_get(scene->receiver, 0).head);
    CHECK_STR("body", receiver_get(scene->receiver, 0).body, str_c(data));
    free(data);
}

TEST(the_environment_has_no_say)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): nobody else is reading it */
    CHECK_INT("proxy", setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    CHECK_INT("proxy", setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
    struct record record = try_path(start(state), "/ok");
    (void)unsetenv("http_proxy");
    (void)unsetenv("ALL_PROXY");
    /* NOLINTEND(concurrency-mt-unsafe) */
    CHECK_STR("not by a proxy", record.attempt.error, STR(""));
}

/* ── connections ── */

TEST(connections_that_fail)
{
    struct scene *scene = start(state);
    struct bed *bed = &scene->bed;
    struct receiver *gone = receiver_new(NULL);
    char *url = url_at(bed, receiver_port(gone), "/ok");
    receiver_free(gone);
    struct record record = try_url(scene, url);
    says(&record, "refused the connection: nothing listens there");
    CHECK_STR("nothing sent", record.attempt.request_head, STR(""));
    record = try_url(
        scene,
        arena_format(&bed->arena, "https://127.0.0.1:%d/", receiver_port(scene->receiver)).ptr);
    says(&record, "No TLS connection to 127.0.0.1:");
}

/* A listener whose queue is full takes no connection. */
TEST(connect_timeout)
{
    struct scene *scene = start(state);
    struct bed *bed = &scene->bed;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(at);
    CHECK_INT("bind", bind(listener, (struct sockaddr *)&at, size), 0);
    CHECK_INT("listen", listen(listener, 0), 0);
    CHECK_INT("port", getsockname(listener, (struct sockaddr *)&at, &size), 0);
    int fillers[4];
    for (size_t i = 0; i < COUNT_OF(fillers); i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&at, size);
    }
    (void)usleep(50000);
    struct record record = try_url(scene, url_at(bed, ntohs(at.sin_port), "/"));
    says(&record, "within 500 ms: nothing answers there");
    for (size_t i = 0; i < COUNT_OF(fillers); i++)
        (void)close(fillers[i]);
    (void)close(listener);
}

TEST(connections_are_kept)
{
    struct scene *scene = start(state);
    for (int i = 0; i < 5; i++)
        (void)try_path(scene, "/ok");
    CHECK_INT("connections", receiver_connections(scene->receiver), 1);
}

/* libcurl would send the second request again by itself, without a word. */
TEST(kept_connection_closes)
{
    struct scene *scene = start(state);
    struct bed *bed = &scene->bed;
    char *url = url_at(bed, receiver_port(scene->receiver), "/once");
    bed_webhook(bed, &(struct webhook_text){ .id = 60, .url = url });
    int64_t first = bed_deliver(bed, 60, "1");
    CHECK_INT("first", bed_record(bed, 0).after.state, DELIVERY_DELIVERED);
    int64_t second = bed_deliver(bed, 60, "2");
    struct record record = bed_record(bed, 1);
    says(&record, "closed a kept connection just as it was used again");
    CHECK_INT("second", record.before.id, second);
    CHECK_INT("pending", record.after.state, DELIVERY_PENDING);
    CHECK_INT("no step", record.after.schedule_step, 0);
    CHECK_INT("at once", record.after.due_ms, clock_now_ms(&bed->clock));
    record = bed_record(bed, 2);
    CHECK_INT("again", record.before.id, second);
    CHECK_INT("number", record.attempt.number, 2);
    CHECK_INT("delivered", record.after.state, DELIVERY_DELIVERED);
    CHECK_INT("requests", receiver_count(scene->receiver), 3);
    CHECK_INT("records", bed_count(bed), 3);
    CHECK_STR("same bytes", receiver_get(scene->receiver, 1).body,
              receiver_get(scene->receiver, 2).body);
    CHECK_STR("what was sent first", bed_record(bed, 1).attempt.request_head,
              receiver_get(scene->receiver, 1).head);
    CHECK("another delivery", first != second);
}

TEST(closed_between_requests)
{
    struct scene *scene = start(state);
    struct bed *bed = &scene->bed;
    char *url = url_at(bed, receiver_port(scene->receiver), "/closing");
    bed_webhook(bed, &(struct webhook_text){ .id = 60, .url = url });
    for (int i = 0; i < 5; i++) {
        (void)bed_deliver(bed, 60, "1");
        bed_settle(bed);
        (void)usleep(20000);
    }
    for (int i = 0; i < bed_count(bed); i++)
        CHECK_INT("delivered", bed_record(bed, i).after.state, DELIVERY_DELIVERED);
    CHECK_INT("requests", receiver_count(scene->receiver), 5);
}

/* ── names ── */

static struct record try_name(struct scene *scene, const char *name)
{
    str url =
        arena_format(&scene->bed.arena, "http://%s:%d/ok", name, receiver_port(scene->receiver));
    return try_url(scene, url.ptr);
}

TEST(names_and_the_guard)
{
    struct scene *scene = start(state);

    static const struct {
        const char *name;
        const char *error; /* NULL: delivered */
    } cases[] = {
        { "good.test", NULL },
        { "GOOD.test", NULL },
        { "good.test.", NULL },
        { "half.test", NULL },
        { "localhost", NULL },
        { "some.localhost", NULL },
        { "2130706433", NULL },
        { "both.test", NULL }, /* by the address that is allowed */
        { "private.test", "10.0.0.1 is private (10.0.0.0/8); start the hub with --allow-egress "
                          "10.0.0.0/8 to allow it" },
        { "metadata.test", "169.254.169.254 is cloud metadata" },
        { "mapped.test", "10.0.0.1 is private" },
        { "nothing.test", "The name nothing.test is not known" },
        { "broken.test", "the name servers fail or cannot be reached" },
        { "167772161", "10.0.0.1 is private" },
        { "0xa000001", "10.0.0.1 is private" },
        { "012.1", "10.0.0.1 is private" },
        { "[::ffff:10.0.0.1]", "10.0.0.1 is private" },
        { "[::ffff:a00:1]", "10.0.0.1 is private" },
        { "[64:ff9b::127.0.0.1]", "64:ff9b::7f00:1 is NAT64" },
        { "[fe80::1]", "fe80::1 is link-local" },
        { "[2002:a00:1::1]", "carries an address that is private" },
        { "0", "0.0.0.0 is this network" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct record record = try_name(scene, cases[i].name);
        if (cases[i].error != NULL) {
            says(&record, cases[i].error);
            CHECK_STR("nothing sent", record.attempt.request_head, STR(""));
        } else if (record.after.state != DELIVERY_DELIVERED) {
            fail_msg("%s: %.*s", cases[i].name, STR_ARG(record.attempt.error));
        }
    }
}

TEST(a_name_that_changes_its_mind)
{
    struct scene *scene = start(state);
    struct record record = try_name(scene, "changing.test");
    CHECK_INT("first", record.after.state, DELIVERY_DELIVERED);
    /* The kept connection was opened to an allowed address; a new one would not be. */
    (void)usleep(1100000);
    record = try_name(scene, "changing.test");
    says(&record, "10.0.0.1 is private");
    CHECK("asked again", name_server_asked(scene->names, "changing.test") >= 2);
}

TEST(answers_are_kept)
{
    struct scene *scene = start(state);
    for (int i = 0; i < 5; i++)
        (void)try_name(scene, "good.test");
    CHECK("asked once or twice", name_server_asked(scene->names, "good.test") <= 2);
    for (int i = 0; i < 5; i++)
        (void)try_name(scene, "nothing.test");
    CHECK_INT("failures too", name_server_asked(scene->names, "nothing.test"), 1);
}

/* The machine's own name is there as a rule. */
TEST(the_hosts_file)
{
    char name[256] = "";
    FILE *hosts = fopen("/etc/hosts", "r");
    char line[512];
    while (hosts != NULL && name[0] == '\0' && fgets(line, sizeof(line), hosts) != NULL)
        if (sscanf(line, "127.0.0.1 %255s", name) == 1 && strcmp(name, "localhost") == 0)
            name[0] = '\0';
    if (hosts != NULL)
        (void)fclose(hosts);
    struct scene *scene = start(state);
    if (name[0] == '\0')
        skip();
    struct record record = try_name(scene, name);
    CHECK_STR(name, record.attempt.error, STR(""));
    CHECK_INT("no server was asked", name_server_asked(scene->names, name), 0);
}

TEST(a_silent_name_stalls_nobody)
{
    struct scene *scene = start(state);
    struct bed *bed = &scene->bed;
    bed_webhook(bed,
                &(struct webhook_text){ .id = 90,
                                        .url = arena_format(&bed->arena, "http://silent.test:%d/ok",
                                                            receiver_port(scene->receiver))
                                                   .ptr });
    int64_t silent = bed_deliver(bed, 90, "1");
    int64_t began_ms = clock_mono_ms();
    for (int i = 0; i < 20; i++)
        CHECK_INT("good", try_name(scene, "good.test").after.state, DELIVERY_DELIVERED);
    struct record record = bed_record(bed, 20);
    CHECK_INT("the silent one comes behind them", record.before.id, silent);
    says(&record, "The name silent.test could not be looked up: no name server answered in time");
    CHECK("no sooner than five seconds", clock_mono_ms() - began_ms >= 4500);
}

TEST(ipv6)
{
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    bool there = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
    (void)close(fd);
    struct scene *scene = start(state);
    struct bed *bed = &scene->bed;
    if (!there)
        skip();
    struct receiver *other = receiver_new(&(struct receiver_options){ .address = "::1" });
    static const char *const hosts[] = { "[::1]", "v6.test", "localhost" };
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        struct record record = try_url(
            scene,
            arena_format(&bed->arena, "http://%s:%d/ok", hosts[i], receiver_port(other)).ptr);
        CHECK_STR(hosts[i], record.attempt.error, STR(""));
    }
    receiver_free(other);
}

/* ── TLS ── */

TEST(tls)
{
    struct scene *scene = start(state);
    struct bed *bed = &scene->bed;

    static const struct {
        const char *what;
        size_t certificate;
        const char *host;
        const char *error; /* NULL: delivered */
    } cases[] = {
        { "good", offsetof(struct certificates, good), "localhost", NULL },
        { "good by address", offsetof(struct certificates, good), "127.0.0.1", NULL },
        { "good by name", offsetof(struct certificates, good), "good.test", NULL },
        { "another name", offsetof(struct certificates, wrong_name), "localhost",
          "does not name localhost" },
        { "expired", offsetof(struct certificates, expired), "localhost", "expired" },
        { "unknown", offsetof(struct certificates, unknown), "localhost", "is self-signed" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct receiver *secure = receiver_new(&(struct receiver_options){
            .tls = true,
            .certificate = (const char *)&scene->certificates + cases[i].certificate,
            .key = scene->certificates.key });
        struct record record = try_url(scene, arena_format(&bed->arena, "https://%s:%d/ok",
                                                           cases[i].host, receiver_port(secure))
                                                  .ptr);
        if (cases[i].error != NULL) {
            says(&record, cases[i].error);
            CHECK_INT(cases[i].what, receiver_count(secure), 0);
        } else if (record.after.state != DELIVERY_DELIVERED) {
            fail_msg("%s: %.*s", cases[i].what, STR_ARG(record.attempt.error));
        }
        receiver_free(secure);
    }
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

RUN_TESTS(WITH(words), WITH(successes), WITH(what_is_kept), WITH(request_as_sent),
          WITH(large_requests_are_sent_whole), WITH(the_environment_has_no_say),
          WITH(connections_that_fail), WITH(connect_timeout), WITH(connections_are_kept),
          WITH(kept_connection_closes), WITH(closed_between_requests), WITH(names_and_the_guard),
          WITH(a_name_that_changes_its_mind), WITH(answers_are_kept), WITH(the_hosts_file),
          WITH(a_silent_name_stalls_nobody), WITH(ipv6), WITH(tls))
