/* SPDX-License-Identifier: MIT
 * delivery/upload.h: one file for an FTP, FTPS or SFTP server: what is sent, where it is to lie, and
 * how one gets in. The server is the exchange's target: "ftp://HOST:PORT", "ftps://…" or "sftp://…",
 * of which scheme, host and port are used alone. Plain data, and what may stand in it. Pure.
 *
 * On the server a file grows under its temporary name, ".NAME.part" in the same directory, and has
 * its own name only when it is whole. The temporary name is the same each time, so that a repeat
 * begins anew what was cut off. A server that does not replace files by renaming is helped: the file
 * that has the name goes to ".NAME.old" first, and away at last. */
#pragma once

#include "base/arena.h"

#define UPLOAD_NAME_MAX 200 /* bytes; the temporary name is within the usual 255 then */
#define UPLOAD_DIRECTORY_MAX 1024
#define UPLOAD_LOGIN_MAX 255     /* user, password */
#define UPLOAD_HOST_KEYS_MAX 512 /* bytes of all fingerprints */

struct upload {
    str name;              /* no path */
    str directory;         /* "/a/b" from the root, "a/b" from where the login leads; or empty */
    bool make_directories; /* those that are missing; else a missing one is an error */
    bool implicit_tls;     /* ftps: TLS from the first byte on (port 990); else AUTH TLS */
    str user;
    str password;
    str host_keys; /* sftp: fingerprints "SHA256:…" as OpenSSH prints them, with spaces between; the
                      server must have one of these keys. Empty: nothing is sent, and the words say
                      which keys it has */
    int64_t size; /* bytes */
    /* All of these bytes of the file, which lie within its size; < 0: they cannot be had. Called on
     * a thread of the sender's own, by one upload one at a time; may block. */
    int (*read)(void *context, int64_t offset, char *to, size_t size);
    /* Some of them can never be had again: asked there, too, before anything is sent and behind a
     * read that failed. NULL: not so. */
    bool (*is_gone)(void *context);
    void *context;
};

/* What is wrong with such a value, in words for who wrote it, or empty. */
MUST_USE str upload_name_fault(str name);
MUST_USE str upload_directory_fault(str directory);
MUST_USE str upload_login_fault(str user_or_password);
MUST_USE str upload_host_keys_fault(str host_keys);

/* Any of the above, of the whole. */
MUST_USE str upload_fault(const struct upload *upload);

/* "SHA256:…" of a public key as it is sent (RFC 4253 §6.6), without padding. */
str upload_fingerprint(str key, struct arena *arena);
/* One of `host_keys` is that fingerprint. */
MUST_USE bool upload_host_key_is(str host_keys, str fingerprint);
