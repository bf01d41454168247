/* SPDX-License-Identifier: MIT */
#include "sealing.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/fail.h"
#include "base/fd.h"

#define KEY_TEXT_MAX 256

static int refuse(struct problem *reterr, int r, str text)
{
    problem_set(reterr, PROBLEM_STORE, text);
    return fail(r);
}

static int read_file(const char *path, struct arena *arena, str *ret_text)
{
    int CLEANUP(close_fd) fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    char *text = arena_bytes(arena, KEY_TEXT_MAX);
    ssize_t length = read(fd, text, KEY_TEXT_MAX);
    if (length < 0)
        return -errno;
    *ret_text = str_from(text, (size_t)length);
    return 0;
}

/* The folder's own entry for the new file must be on disk too. */
static int sync_folder(const char *path, struct arena *arena)
{
    str folder = str_c(path);
    while (folder.len > 0 && folder.ptr[folder.len - 1] != '/')
        folder.len--;
    const char *name = folder.len == 0 ? "." : arena_c(arena, folder);
    return sync_path(name);
}

static int write_synced(const char *path, str text)
{
    int CLEANUP(close_fd) fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    ssize_t written = write(fd, text.ptr, text.len);
    if (written < 0)
        return -errno;
    if ((size_t)written != text.len)
        return -EIO;
    return fsync(fd) < 0 ? -errno : 0;
}

/* Written beside and then linked: whoever is killed here leaves no half key, and a key that is
 * there is never replaced. */
static int make_file(const char *path, const struct seal_key *key, struct arena *arena)
{
    str digits = hex_write(arena, str_from(key->bytes, SEAL_KEY_SIZE));
    const char *beside = arena_c(arena, arena_format(arena, "%s.new", path));
    int r = write_synced(beside, arena_format(arena, "%.*s\n", STR_ARG(digits)));
    if (r == 0 && link(beside, path) < 0)
        r = -errno;
    (void)unlink(beside); /* a left-over is only a file with a key that seals nothing */
    return r < 0 ? r : sync_folder(path, arena);
}

static int make_key(const char *path, struct arena *arena, struct seal_key *ret_key,
                    struct problem *reterr)
{
    struct seal_key key;
    seal_key_draw(&key);
    int r = make_file(path, &key, arena);
    if (r < 0)
        return refuse(
            reterr, r,
            arena_format(arena, "The sealing key %s cannot be written: %s.", path, fail_text(r)));
    *ret_key = key;
    return 0;
}

int sealing_key_open(const struct config *config, bool create, struct arena *arena,
                     struct seal_key *ret_key, struct problem *reterr)
{
    if (config->sealing_key.len > 0) {
        bool read = seal_key_read(config->sealing_key, ret_key);
        assert(read); /* config_finish() has looked at it */
        (void)read;
        return 0;
    }
    const char *path = arena_c(arena, config->sealing_key_file);
    str text = {};
    int r = read_file(path, arena, &text);
    if (r == -ENOENT && create)
        return make_key(path, arena, ret_key, reterr);
    if (r == -ENOENT)
        return refuse(reterr, r,
                      arena_format(arena,
                                   "The sealing key %s is not there. Put back the one that this "
                                   "database was made with, or set JUNCTOR_SEALING_KEY.",
                                   path));
    if (r < 0)
        return refuse(
            reterr, r,
            arena_format(arena, "The sealing key %s cannot be read: %s.", path, fail_text(r)));
    if (!seal_key_read(text, ret_key))
        return refuse(reterr, FAIL_CORRUPT,
                      arena_format(arena,
                                   "The sealing key %s is not 64 hexadecimal digits. Put back the "
                                   "one that this database was made with.",
                                   path));
    return 0;
}
