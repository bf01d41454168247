/* SPDX-License-Identifier: MIT
 * delivery/test_files.h: real file servers (test/lib/file-server says which and how), each in a
 * folder of its own. For tests only. */
#pragma once

#include <sys/types.h>

#include "base/arena.h"

#define FILE_SERVER_DIRECTIVES 16

struct file_server {
    const char *kind;                               /* "ftp", "ftps", "ftps-implicit", "sftp" */
    const char *directives[FILE_SERVER_DIRECTIVES]; /* NULL behind the last */
    char folder[64];
    int port;
    pid_t pid; /* of its process group; 0: it does not run */
};

/* A new folder. */
void file_server_init(struct file_server *server, const char *kind);
/* Copies of these PEM files are FTPS's. */
void file_server_certificate(const struct file_server *server, const char *certificate,
                             const char *key);
/* Runs it at its port, a free one at first, and returns when it takes connections. */
void file_server_start(struct file_server *server);
/* All its processes at once, as a crash does. */
void file_server_kill(struct file_server *server);
/* They stand still, or go on (SIGSTOP, SIGCONT). */
void file_server_signal(const struct file_server *server, int signal);
/* Removes the folder, too. */
void file_server_done(struct file_server *server);

/* What of the server's files lies at that path; ptr is NULL: nothing. */
str file_server_read(const struct file_server *server, const char *path, struct arena *arena);
/* "a b c": what is in that directory, sorted, without subdirectories' contents. */
str file_server_list(const struct file_server *server, const char *path, struct arena *arena);
/* A shell command in the folder of its files, as the one who runs the tests. */
void file_server_run(const struct file_server *server, const char *command);
/* "SHA256:…" of its key of that type: "ed25519", "ecdsa" or "rsa". */
str file_server_key(const struct file_server *server, const char *type, struct arena *arena);
