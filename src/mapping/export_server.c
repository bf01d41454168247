/* SPDX-License-Identifier: MIT */
#include "mapping/export_server.h"

#include "base/percent.h"

static const struct {
    str name;
    int port;
    str home; /* what the path begins with, from where the login leads */
    str root; /* from the server's root */
} protocols[] = {
    [EXPORT_FTP_PLAIN] = { STR_INIT("ftp"), 21, STR_INIT("/"), STR_INIT("/%2F") },
    [EXPORT_FTPS] = { STR_INIT("ftps"), 21, STR_INIT("/"), STR_INIT("/%2F") },
    [EXPORT_SFTP] = { STR_INIT("sftp"), 22, STR_INIT("/~/"), STR_INIT("/") },
};

str export_protocol_name(enum export_protocol protocol)
{
    return protocols[protocol].name;
}

bool export_protocol_read(str name, enum export_protocol *ret_protocol)
{
    for (size_t i = 0; i < COUNT_OF(protocols); i++) {
        if (str_equal(protocols[i].name, name)) {
            *ret_protocol = (enum export_protocol)i;
            return true;
        }
    }
    return false;
}

int export_protocol_port(enum export_protocol protocol)
{
    return protocols[protocol].port;
}

bool export_host_is_valid(str host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && c != '-' && c != '.' && c != '_' && c != ':')
            return false;
    }
    return host.len > 0;
}

/* ── writing ── */

static void add_path(struct buf *url, str path)
{
    while (path.len > 0) {
        bool more = str_index(path, '/') >= 0;
        percent_encode(url, str_cut(&path, '/'), STR("%20"));
        if (more)
            buf_char(url, '/');
    }
}

str export_server_url(const struct export_server *server, struct arena *arena)
{
    struct buf url;
    bool is_address = str_index(server->host, ':') >= 0;
    bool from_root = str_starts(server->directory, STR("/"));
    buf_init(&url, arena, SIZE_MAX / 2); /* what was read had a cap */
    buf_format(&url, "%.*s://%s%.*s%s:%d", STR_ARG(protocols[server->protocol].name),
               is_address ? "[" : "", STR_ARG(server->host), is_address ? "]" : "", server->port);
    buf_add(&url, from_root ? protocols[server->protocol].root : protocols[server->protocol].home);
    add_path(&url, from_root ? str_skip(server->directory, 1) : server->directory);
    return buf_str(&url);
}

/* ── reading ── */

/* "ftp://", and moves behind it. */
static bool take_protocol(str *rest, enum export_protocol *ret_protocol)
{
    str name = str_cut(rest, ':');
    if (!export_protocol_read(name, ret_protocol) || !str_starts(*rest, STR("//")))
        return false;
    *rest = str_skip(*rest, 2);
    return true;
}

/* "host:22", "[::1]:22" */
static bool read_place(str place, struct export_server *server)
{
    int64_t port;
    if (str_starts(place, STR("["))) {
        place = str_skip(place, 1);
        server->host = str_cut(&place, ']');
        if (!str_starts(place, STR(":")))
            return false;
        place = str_skip(place, 1);
    } else {
        server->host = str_cut(&place, ':');
    }
    if (!export_host_is_valid(server->host) || !str_to_int64(place, &port) || port < 1 ||
        port > 65535)
        return false;
    server->port = (int)port;
    return true;
}

/* One of the two prefixes is a slash alone, which every path begins with; the other begins with it. */
static bool read_directory(str path, struct arena *arena, struct export_server *server)
{
    str home = protocols[server->protocol].home;
    str root = protocols[server->protocol].root;
    bool root_is_longer = root.len > home.len;
    str longer = root_is_longer ? root : home;
    bool is_longer = str_starts(path, longer);
    path = str_skip(path, is_longer ? longer.len : 1);
    if (!percent_decode(arena, path, false, &server->directory))
        return false;
    if (is_longer == root_is_longer)
        server->directory = arena_format(arena, "/%.*s", STR_ARG(server->directory));
    return true;
}

bool export_server_read(str url, struct arena *arena, struct export_server *ret_server)
{
    struct export_server server = {};
    if (!take_protocol(&url, &server.protocol))
        return false;
    ptrdiff_t slash = str_index(url, '/');
    if (slash < 0 || !read_place(str_head(url, (size_t)slash), &server) ||
        !read_directory(str_skip(url, (size_t)slash), arena, &server))
        return false;
    *ret_server = server;
    return true;
}
