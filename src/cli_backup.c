/* SPDX-License-Identifier: MIT
 * cli_backup.c: `junctor backup`, `junctor restore`, `junctor release`. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/fd.h"
#include "cli_client.h"
#include "cli_data.h"
#include "store/settings.h"

#define DATABASE "junctor.db"
#define RESTORING "restoring"

/* ── backup ── */

struct backup_options {
    struct config config; /* first */
    str to;
};

static const struct option backup_rows[] = {
    { .name = "to",
      .type = OPTION_PATH,
      .sources = BY_FLAG,
      .required = true,
      .offset = offsetof(struct backup_options, to),
      .help = "the file to make" },
};

static const struct option_table backup_table = { "Options", backup_rows, COUNT_OF(backup_rows) };

static int run_backup(const struct invocation *call)
{
    const struct backup_options *options = call->values;
    struct data CLEANUP(data_done) data = {};
    if (!data_open_beside(&data, &options->config, call->arena))
        return EXIT_FAILED;
    struct problem problem = {};
    int r = store_backup(data.store, options->to, call->arena, &problem);
    if (r != 0)
        return data_fail(r, &problem);
    struct stat status = {};
    (void)stat(arena_c(call->arena, options->to), &status);
    (void)printf("%.*s: %lld bytes, complete and synced.\n"
                 "The sealing key is not in it. Keep a copy of %.*s elsewhere: without it the\n"
                 "secrets in this backup cannot be read, and a restored hub does not start.\n",
                 STR_ARG(options->to), (long long)status.st_size,
                 STR_ARG(options->config.sealing_key.len > 0 ? STR("JUNCTOR_SEALING_KEY")
                                                             : options->config.sealing_key_file));
    return EXIT_OK;
}

const struct command backup_command = {
    .name = "backup",
    .line = "copies the database of a data directory, beside a running hub too",
    .arguments = "",
    .tables = { &backup_table, &config_settings, &config_caps },
    .own_tables = 1,
    .size = sizeof(struct backup_options),
    .finish = config_finish,
    .notes = "The copy holds everything but the sealing key, of which only a check value is in it.",
    .run = run_backup,
};

/* ── restore ── */

struct restore_options {
    struct config config; /* first */
    str from;
};

static const struct option restore_rows[] = {
    { .name = "from",
      .type = OPTION_PATH,
      .sources = BY_FLAG,
      .required = true,
      .offset = offsetof(struct restore_options, from),
      .help = "a file that `junctor backup` made" },
};

static const struct option_table restore_table = { "Options", restore_rows,
                                                   COUNT_OF(restore_rows) };

struct restore {
    const struct restore_options *options;
    struct arena *arena;
    struct log log;
    const char *beside;   /* DATA/restoring: the database is made ready there */
    const char *growing;  /* DATA/restoring/junctor.db */
    const char *database; /* DATA/junctor.db */
};

/* The lock, the key and what an earlier restore left behind may be there. */
static bool may_stay(const char *name)
{
    static const char *const names[] = { ".", "..", "lock", "sealing.key", RESTORING };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_equal(str_c(name), str_c(names[i])))
            return true;
    return false;
}

static bool is_empty(const struct restore *restore)
{
    DIR *folder = opendir(arena_c(restore->arena, restore->options->config.data));
    if (folder == NULL)
        return errno == ENOENT;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL && may_stay(entry->d_name))
        continue;
    bool empty = entry == NULL;
    (void)closedir(folder);
    return empty;
}

static int copy_bytes(int from, int to)
{
    char chunk[65536];
    ssize_t length;
    while ((length = read(from, chunk, sizeof(chunk))) > 0)
        for (ssize_t at = 0; at < length;) {
            ssize_t written = write(to, chunk + at, (size_t)(length - at));
            if (written < 0)
                return fail(-errno);
            at += written;
        }
    return length < 0 ? fail(-errno) : 0;
}

static int copy_file(const char *from_path, const char *to_path)
{
    int CLEANUP(close_fd) from = open(from_path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return fail(-errno);
    int CLEANUP(close_fd) to = open(to_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to < 0)
        return fail(-errno);
    int r = copy_bytes(from, to);
    if (r == 0 && fsync(to) < 0)
        r = fail(-errno);
    return r;
}

/* Marks the copy, so that a hub on it holds everything back until somebody releases it. */
static int mark(const struct restore *restore, struct problem *reterr)
{
    const struct store_options options = { .directory = str_c(restore->beside),
                                           .log = &restore->log };
    struct store *store;
    int r = store_open(&options, restore->arena, &store, reterr);
    if (r != 0)
        return r;
    struct store_writer *writer;
    r = store_writer_open(store, &writer);
    if (r == 0) {
        r = store_mark_restored(store_writer_sql(writer));
        store_writer_close(writer);
    }
    store_close(store);
    return r;
}

static void clear_beside(const struct restore *restore)
{
    static const char *const endings[] = { "", "-wal", "-shm" };
    for (size_t i = 0; i < COUNT_OF(endings); i++)
        (void)unlink(arena_c(restore->arena,
                             arena_format(restore->arena, "%s%s", restore->growing, endings[i])));
    (void)rmdir(restore->beside);
}

/* Only a database that is marked gets its name: whoever is killed here leaves none. */
static int put_in_place(const struct restore *restore, struct problem *reterr)
{
    clear_beside(restore);
    if (mkdir(restore->beside, 0700) < 0)
        return fail(-errno);
    const char *from = arena_c(restore->arena, restore->options->from);
    int r = copy_file(from, restore->growing);
    if (r == 0)
        r = mark(restore, reterr);
    if (r == 0)
        r = sync_path(restore->growing);
    if (r == 0 && rename(restore->growing, restore->database) < 0)
        r = fail(-errno);
    clear_beside(restore);
    if (r == 0)
        r = sync_path(arena_c(restore->arena, restore->options->config.data));
    return r;
}

static void say_what_next(const struct restore *restore)
{
    const struct restore_options *options = restore->options;
    str data = options->config.data;
    const char *key_file = arena_c(restore->arena, options->config.sealing_key_file);
    bool has_key = options->config.sealing_key.len > 0 || access(key_file, R_OK) == 0;
    (void)printf("%.*s is restored from %.*s. Nothing is delivered from it yet. Next:\n\n",
                 STR_ARG(data), STR_ARG(options->from));
    if (!has_key)
        (void)printf("  put the sealing key of the hub it came from at %s\n", key_file);
    (void)printf("  junctor doctor --data %.*s --ledger\n"
                 "  junctor serve --data %.*s   and look at what is pending\n"
                 "  junctor release --url URL --key KEY   when it may be delivered; of a hub with\n"
                 "                                        several organizations: stop it, and\n"
                 "                                        junctor release --data %.*s\n\n"
                 "What the old hub delivered after this backup was made will be delivered once\n"
                 "more, under the same ids; make sure that the old hub does not run any more.\n",
                 STR_ARG(data), STR_ARG(data), STR_ARG(data));
}

static int run_restore(const struct invocation *call)
{
    const struct restore_options *options = call->values;
    str data = options->config.data;
    struct restore restore = {
        .options = options,
        .arena = call->arena,
        .log = { .least = LOG_WARN, .fd = STDERR_FILENO },
        .beside = arena_c(call->arena, arena_format(call->arena, "%.*s/" RESTORING, STR_ARG(data))),
        .growing = arena_c(
            call->arena, arena_format(call->arena, "%.*s/" RESTORING "/" DATABASE, STR_ARG(data))),
        .database =
            arena_c(call->arena, arena_format(call->arena, "%.*s/" DATABASE, STR_ARG(data))),
    };
    if (!is_empty(&restore))
        return cli_fail_text("%.*s is not empty: restore into a new directory", STR_ARG(data));
    struct stat status;
    if (access(arena_c(call->arena, options->from), R_OK) < 0 ||
        stat(arena_c(call->arena, options->from), &status) < 0)
        return cli_fail_text("%.*s cannot be read: %m", STR_ARG(options->from));
    if (status.st_size == 0)
        return cli_fail_text("%.*s is empty: give a file that `junctor backup` made",
                             STR_ARG(options->from));
    struct problem problem = {};
    struct store_lock *lock = NULL;
    int r = store_lock(data, true, call->arena, &lock, &problem);
    if (r == 0)
        r = put_in_place(&restore, &problem);
    store_unlock(lock);
    if (r != 0) {
        (void)data_fail(r, &problem);
        return cli_fail_text("%.*s is not restored: is it a file that `junctor backup` made?",
                             STR_ARG(options->from));
    }
    say_what_next(&restore);
    return EXIT_OK;
}

const struct command restore_command = {
    .name = "restore",
    .line = "makes a data directory from a backup; it delivers nothing until it is released",
    .arguments = "",
    .tables = { &restore_table, &config_settings, &config_caps },
    .own_tables = 1,
    .size = sizeof(struct restore_options),
    .finish = config_finish,
    .run = run_restore,
};

/* ── release ── */

struct release_options {
    struct config config;      /* first */
    struct client_options hub; /* url empty: the data directory is released */
};

static const struct option release_rows[] = {
    { .name = "url",
      .type = OPTION_URL,
      .sources = BY_FLAG,
      .offset = offsetof(struct release_options, hub.url),
      .help = "the address of a running hub, which has one organization only; without it --data is "
              "released while none runs" },
    { .name = "key",
      .type = OPTION_SECRET,
      .sources = BY_FLAG | BY_VARIABLE,
      .offset = offsetof(struct release_options, hub.key),
      .help = "an API key of the running hub" },
    { .name = "ca-file",
      .type = OPTION_PATH,
      .sources = BY_FLAG | BY_VARIABLE,
      .offset = offsetof(struct release_options, hub.ca_file),
      .shown = "the system's",
      .help = "certificates (PEM) to know the running hub by" },
};

static const struct option_table release_table = { "Options", release_rows,
                                                   COUNT_OF(release_rows) };

static int release_running(const struct release_options *options, struct arena *arena)
{
    struct client *CLEANUP(client_freep) client = client_new(&options->hub);
    const struct client_request request = { .method = "POST", .path = STR("/api/v1/release") };
    struct client_reply reply;
    if (client == NULL)
        return EXIT_FAILED;
    if (!client_call(client, &request, arena, &reply))
        return client_fail(&reply);
    (void)puts("released: what is due is being delivered");
    return EXIT_OK;
}

static int release_stopped(const struct release_options *options, struct arena *arena)
{
    struct data CLEANUP(data_done) data = {};
    if (!data_open(&data, &options->config, false, arena))
        return EXIT_FAILED;
    struct sql *sql = store_writer_sql(data.writer);
    bool held;
    int r = store_is_held(sql, &held);
    if (r == 0 && held)
        r = store_release(sql);
    if (r < 0)
        return data_fail(r, NULL);
    (void)puts(held ? "released: the next start delivers what is due" : "nothing was held back");
    return EXIT_OK;
}

static int run_release(const struct invocation *call)
{
    const struct release_options *options = call->values;
    if (options->hub.url.len > 0 && options->hub.key.len == 0) {
        (void)cli_fail_text("--key is missing: releasing a running hub needs an API key of it");
        return EXIT_USAGE;
    }
    return options->hub.url.len > 0 ? release_running(options, call->arena)
                                    : release_stopped(options, call->arena);
}

const struct command release_command = {
    .name = "release",
    .line = "lets a restored hub deliver",
    .arguments = "",
    .tables = { &release_table, &config_settings, &config_caps },
    .own_tables = 1,
    .size = sizeof(struct release_options),
    .finish = config_finish,
    .run = run_release,
};
