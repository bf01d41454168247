/* SPDX-License-Identifier: MIT */
#include "delivery/test_files.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/testing.h"

#define START_MS 20000
#define READ_MAX ((size_t)64 << 20)

static int free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(at);
    CHECK_INT("bind", bind(fd, (struct sockaddr *)&at, size), 0);
    CHECK_INT("port", getsockname(fd, (struct sockaddr *)&at, &size), 0);
    (void)close(fd);
    return ntohs(at.sin_port);
}

static bool takes_connections(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons((uint16_t)port) };
    int r = connect(fd, (struct sockaddr *)&at, sizeof(at));
    (void)close(fd);
    return r == 0;
}

/* A check that fails leaves its servers behind: they end with the program. */
/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): atexit() knows no context */
static struct {
    pid_t pids[64];
    size_t count;
} left;

/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

static void end_left(void)
{
    for (size_t i = 0; i < left.count; i++)
        (void)kill(-left.pids[i], SIGKILL);
}

static void note_left(pid_t pid)
{
    if (left.count == 0)
        (void)atexit(end_left);
    CHECK("few servers at once", left.count < COUNT_OF(left.pids));
    left.pids[left.count++] = pid;
}

static void forget_left(pid_t pid)
{
    for (size_t i = 0; i < left.count; i++)
        if (left.pids[i] == pid)
            left.pids[i] = left.pids[--left.count];
}

void file_server_init(struct file_server *server, const char *kind)
{
    *server = (struct file_server){ .kind = kind, .folder = "/tmp/junctor-files-XXXXXX" };
    CHECK("folder", mkdtemp(server->folder) != NULL);
}

static void run_shell(const char *command)
{
    pid_t pid = fork();
    CHECK("fork", pid >= 0);
    if (pid == 0) {
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    (void)waitpid(pid, &status, 0);
    CHECK_INT(command, status, 0);
}

void file_server_certificate(const struct file_server *server, const char *certificate,
                             const char *key)
{
    char command[512];
    (void)snprintf(command, sizeof(command), "cp %s %s/cert && cp %s %s/key", certificate,
                   server->folder, key, server->folder);
    run_shell(command);
}

static NORETURN void become_server(const struct file_server *server)
{
    char port[16];
    (void)snprintf(port, sizeof(port), "%d", server->port);
    const char *arguments[FILE_SERVER_DIRECTIVES + 6] = { FILE_SERVER, server->kind, server->folder,
                                                          port };
    for (int i = 0; i < FILE_SERVER_DIRECTIVES; i++)
        arguments[4 + i] = server->directives[i];
    (void)setpgid(0, 0);
    (void)execv(FILE_SERVER, (char *const *)(uintptr_t)arguments);
    _exit(127);
}

void file_server_start(struct file_server *server)
{
    if (server->port == 0)
        server->port = free_port();
    server->pid = fork();
    CHECK("fork", server->pid >= 0);
    if (server->pid == 0)
        become_server(server);
    (void)setpgid(server->pid, server->pid);
    note_left(server->pid);
    int64_t until_ms = clock_mono_ms() + START_MS;
    while (!takes_connections(server->port)) {
        int status;
        if (waitpid(server->pid, &status, WNOHANG) != 0)
            fail_msg("the %s server ended; %s/output says why (tools/setup test brings it)",
                     server->kind, server->folder);
        CHECK("it starts", clock_mono_ms() < until_ms);
        (void)usleep(10000);
    }
}

void file_server_signal(const struct file_server *server, int signal)
{
    if (server->pid > 0)
        (void)kill(-server->pid, signal);
}

void file_server_kill(struct file_server *server)
{
    file_server_signal(server, SIGKILL);
    if (server->pid > 0)
        (void)waitpid(server->pid, NULL, 0);
    forget_left(server->pid);
    server->pid = 0;
}

void file_server_done(struct file_server *server)
{
    file_server_kill(server);
    char command[256];
    (void)snprintf(command, sizeof(command), "chmod -R u+rwx %s; rm -rf %s", server->folder,
                   server->folder);
    run_shell(command);
}

static char *path_of(const struct file_server *server, const char *path, struct arena *arena)
{
    return arena_c(arena, arena_format(arena, "%s/files/%s", server->folder, path));
}

str file_server_read(const struct file_server *server, const char *path, struct arena *arena)
{
    FILE *from = fopen(path_of(server, path, arena), "r");
    if (from == NULL)
        return (str){};
    char *text = xmalloc(READ_MAX);
    size_t size = fread(text, 1, READ_MAX, from);
    (void)fclose(from);
    str read = size == 0 ? STR("") : arena_str(arena, str_from(text, size));
    free(text);
    return read;
}

str file_server_list(const struct file_server *server, const char *path, struct arena *arena)
{
    struct dirent **entries = NULL;
    int count = scandir(path_of(server, path, arena), &entries, NULL, alphasort);
    struct buf list;
    buf_init(&list, arena, 65536);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            buf_format(&list, "%s%s", list.len > 0 ? " " : "", name);
        free(entries[i]);
    }
    free(entries);
    return buf_str(&list);
}

void file_server_run(const struct file_server *server, const char *command)
{
    char line[512];
    (void)snprintf(line, sizeof(line), "cd %s/files && %s", server->folder, command);
    run_shell(line);
}

str file_server_key(const struct file_server *server, const char *type, struct arena *arena)
{
    char line[256];
    (void)snprintf(line, sizeof(line), "ssh-keygen -l -E sha256 -f ../host_%s >fingerprint", type);
    file_server_run(server, line);
    str rest = file_server_read(server, "fingerprint", arena);
    file_server_run(server, "rm fingerprint");
    (void)str_cut(&rest, ' '); /* bits */
    return str_cut(&rest, ' ');
}
