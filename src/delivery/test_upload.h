/* SPDX-License-Identifier: MIT
 * delivery/test_upload.h: what the tests of uploads start from: a sender, a file, and real servers.
 * For tests only. */
#pragma once

#include <signal.h>

#include "delivery/test_exchange.h"
#include "delivery/test_files.h"

/* libssh2 1.11.1 (Debian 13) loses 96 bytes in each handshake, and, with libcurl 8.14, 87 KB with some
 * connections that the server breaks off; those of Debian 12 lose nothing. The leak checker asks for
 * this by its name. */
/* NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming) */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libssh2.so";
}

/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */

/* What is uploaded, and what happens on the way. */
struct source {
    struct upload upload;
    uint64_t seed;   /* of its bytes */
    int64_t fail_at; /* of which byte on it cannot be read; 0: all can */
    int64_t kill_at; /* from which byte on the server is killed, once; 0: never */
    bool suicide;    /* or who reads it */
    bool freeze;     /* or the server stands still */
    struct file_server *server;
};

/* The file's bytes: words of a generator that can begin anywhere. */
static inline char source_byte(const struct source *source, int64_t offset)
{
    uint64_t word = ((uint64_t)offset >> 3) + source->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    return (char)(test_random(&word) >> (8 * (offset & 7)));
}

static inline void source_strike(struct source *source)
{
    source->kill_at = 0;
    if (source->suicide)
        (void)kill(getpid(), SIGKILL);
    else if (source->freeze)
        file_server_signal(source->server, SIGSTOP);
    else
        file_server_signal(source->server, SIGKILL);
}

static inline int source_read(void *context, int64_t offset, char *to, size_t size)
{
    struct source *source = context;
    if (source->kill_at > 0 && offset + (int64_t)size >= source->kill_at)
        source_strike(source);
    if (source->fail_at > 0 && offset + (int64_t)size >= source->fail_at)
        return -1;
    for (size_t i = 0; i < size; i++)
        to[i] = source_byte(source, offset + (int64_t)i);
    return 0;
}

/* A file for that server, which must run if it is of SFTP: its newest key is pinned. */
static inline void source_init(struct source *source, struct bench *bench,
                               struct file_server *server, const char *name, int64_t size)
{
    *source = (struct source){ .server = server,
                               .upload = { .name = str_c(name),
                                           .user = STR("hub"),
                                           .password = STR("secret"),
                                           .size = size,
                                           .read = source_read } };
    if (strcmp(server->kind, "sftp") == 0)
        source->upload.host_keys = file_server_key(server, "ed25519", &bench->arena);
    source->upload.implicit_tls = strcmp(server->kind, "ftps-implicit") == 0;
}

static inline struct exchange upload_to(struct bench *bench, struct source *source,
                                        const struct transport *transport)
{
    source->upload.context = source;
    const char *scheme = source->server->kind;
    if (source->upload.implicit_tls)
        scheme = "ftps";
    return TRY(bench, url_of(bench, scheme, "127.0.0.1", source->server->port, ""),
               .upload = &source->upload, .transport = transport);
}

static inline void arrives(const char *label, const struct exchange *exchange)
{
    if (exchange->end != EXCHANGE_ANSWERED || exchange->location.len > 0)
        fail_msg("%s: end %d: %.*s (%.*s)\n%.*s\n%.*s", label, (int)exchange->end,
                 STR_ARG(exchange->location), STR_ARG(exchange->detail),
                 STR_ARG(exchange->request_head), STR_ARG(exchange->response_head));
}

static inline void ends(const char *label, const struct exchange *exchange, enum exchange_end end,
                        const char *words)
{
    if (exchange->end != end)
        fail_msg("%s: end %d, not %d: %.*s (%.*s)\n%.*s\n%.*s", label, (int)exchange->end, (int)end,
                 STR_ARG(exchange->location), STR_ARG(exchange->detail),
                 STR_ARG(exchange->request_head), STR_ARG(exchange->response_head));
    says(label, exchange, words);
}

/* The file is there, whole, and the directory has nothing else. */
static inline void lies_there(const char *label, struct bench *bench, const struct source *source)
{
    const struct upload *upload = &source->upload;
    CLEANUP(arena_done) struct arena arena = {};
    char *directory = arena_c(&arena, upload->directory);
    while (directory[0] == '/')
        directory++;
    str path = arena_format(&arena, "%s/%.*s", directory, STR_ARG(upload->name));
    str got = file_server_read(source->server, arena_c(&arena, path), &arena);
    CHECK_STR(label, file_server_list(source->server, directory, &bench->arena), upload->name);
    CHECK_INT(label, got.len, upload->size);
    for (size_t i = 0; i < got.len; i++)
        if (got.ptr[i] != source_byte(source, (int64_t)i))
            fail_msg("%s: byte %zu differs", label, i);
}

/* For its directives, before start. */
static inline struct file_server new_server(struct bench *bench, const char *kind)
{
    struct file_server server;
    file_server_init(&server, kind);
    if (strncmp(kind, "ftps", 4) == 0)
        file_server_certificate(&server, bench->certificates.good, bench->certificates.key);
    return server;
}

static const char *const server_kinds[] = { "ftp", "ftps", "ftps-implicit", "sftp" };

/* One of each kind at once. */
#define SERVER_KINDS COUNT_OF(server_kinds)
