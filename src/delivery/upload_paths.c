/* SPDX-License-Identifier: MIT
 * Paths and commands, as libcurl takes them: URLs in percent-encoding, commands of FTP as they are
 * sent, commands of SFTP in the words of OpenSSH's sftp. */
#include <string.h>

#include "delivery/headers.h"
#include "delivery/upload_run.h"

/* Everything but what RFC 3986 has unreserved, and slashes. */
static void add_encoded(struct buf *path, str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (char_is_alpha((char)c) || char_is_digit((char)c) || (c != 0 && strchr("-._~/", c)))
            buf_char(path, (char)c);
        else
            buf_format(path, "%%%02X", c);
    }
}

/* Ends with a slash, if it is not empty. */
static str directory_path(const struct upload_run *run, struct arena *arena)
{
    str directory = run->exchange->upload->directory;
    bool ended = directory.len == 0 || str_ends(directory, STR("/"));
    return ended ? directory : arena_format(arena, "%.*s/", STR_ARG(directory));
}

static str temporary_name(const struct upload_run *run, const char *ending, struct arena *arena)
{
    return arena_format(arena, ".%.*s.%s", STR_ARG(run->exchange->upload->name), ending);
}

void upload_set_path(struct upload_run *run)
{
    struct arena *arena = &run->arena;
    struct buf path;
    buf_init(&path, arena, 3 * (UPLOAD_DIRECTORY_MAX + UPLOAD_NAME_MAX + 16));
    str directory = directory_path(run, arena);
    /* In SFTP "/~/" is where a login leads; FTP begins there. */
    if (!run->sftp)
        buf_char(&path, '/');
    else if (!str_starts(directory, STR("/")))
        buf_add(&path, STR("/~/"));
    add_encoded(&path, directory);
    if (run->stage == STAGE_SEND)
        add_encoded(&path, temporary_name(run, "part", arena));
    assert(!buf_overflowed(&path));
    bool ftps = run->exchange->upload->implicit_tls;
    (void)curl_url_set(run->url, CURLUPART_SCHEME, run->sftp ? "sftp" : ftps ? "ftps" : "ftp", 0);
    /* Its default is the scheme's that the target was given with. */
    str port = arena_format(arena, "%d", run->exchange->target->port);
    (void)curl_url_set(run->url, CURLUPART_PORT, arena_c(arena, port), 0);
    (void)curl_url_set(run->url, CURLUPART_PATH, arena_c(arena, buf_str(&path)), 0);
    SET(run->easy, CURLOPT_CURLU, run->url);
}

/* A backslash stands before what would end it. */
static char *sftp_path(const struct upload_run *run, str name, struct arena *arena)
{
    str directory = directory_path(run, arena);
    struct buf quoted;
    buf_init(&quoted, arena, 2 * (directory.len + name.len) + 3);
    buf_char(&quoted, '"');
    const str parts[] = { directory, name };
    for (size_t part = 0; part < COUNT_OF(parts); part++) {
        for (size_t i = 0; i < parts[part].len; i++) {
            char c = parts[part].ptr[i];
            if (c == '"' || c == '\'')
                buf_char(&quoted, '\\');
            buf_char(&quoted, c);
        }
    }
    buf_char(&quoted, '"');
    assert(!buf_overflowed(&quoted));
    return arena_c(arena, buf_str(&quoted));
}

static void add_command(struct upload_run *run, struct header_list *list, str command)
{
    headers_add(list, arena_c(&run->arena, command), &run->arena);
}

static void add_rename(struct upload_run *run, struct header_list *list, str from, str to)
{
    struct arena *arena = &run->arena;
    if (run->sftp) {
        add_command(run, list,
                    arena_format(arena, "rename %s %s", sftp_path(run, from, arena),
                                 sftp_path(run, to, arena)));
        return;
    }
    add_command(run, list, arena_format(arena, "RNFR %.*s", STR_ARG(from)));
    add_command(run, list, arena_format(arena, "RNTO %.*s", STR_ARG(to)));
}

/* `mark`: "*" has libcurl go on where there is none. */
static void add_delete(struct upload_run *run, struct header_list *list, str name, const char *mark)
{
    struct arena *arena = &run->arena;
    add_command(run, list,
                run->sftp ? arena_format(arena, "%srm %s", mark, sftp_path(run, name, arena))
                          : arena_format(arena, "%sDELE %.*s", mark, STR_ARG(name)));
}

struct curl_slist *upload_commands(struct upload_run *run)
{
    struct header_list list = {};
    str name = run->exchange->upload->name;
    str part = temporary_name(run, "part", &run->arena);
    str old = temporary_name(run, "old", &run->arena);
    switch (run->stage) {
    case STAGE_SEND:
        if (!run->sftp)
            add_command(run, &list, arena_format(&run->arena, "*SIZE %.*s", STR_ARG(part)));
        add_rename(run, &list, part, name);
        break;
    case STAGE_CLEAR:
        add_delete(run, &list, part, "");
        break;
    case STAGE_REPLACE:
        add_delete(run, &list, old, "*");
        add_rename(run, &list, name, old);
        add_rename(run, &list, part, name);
        add_delete(run, &list, old, "*");
        break;
    case STAGE_RESTORE:
        add_rename(run, &list, old, name);
        break;
    }
    return list.first;
}

str upload_temporary(const struct upload_run *run, struct arena *arena)
{
    return str_c(sftp_path(run, temporary_name(run, "part", arena), arena));
}
