/* SPDX-License-Identifier: MIT
 * mapping/export_server.h: the server that files of an export profile go to, as the one URL that an
 * endpoint has: "sftp://host:22/~/orders". A directory that begins with a slash is meant from the
 * server's root, any other from where the login leads, which these protocols say in different ways
 * (RFC 1738, section 3.2.2, and what libcurl takes for SFTP):
 *
 *             "orders/new"     "/srv/orders"
 *   ftp, ftps  /orders/new      /%2Fsrv/orders
 *   sftp       /~/orders/new    /srv/orders
 *
 * Pure. */
#pragma once

#include "base/arena.h"

enum export_protocol { EXPORT_FTP_PLAIN = 0, EXPORT_FTPS, EXPORT_SFTP };

struct export_server {
    enum export_protocol protocol;
    str host; /* a name or an address, without brackets */
    int port;
    str directory; /* empty: where the login leads */
};

str export_protocol_name(enum export_protocol protocol);
MUST_USE bool export_protocol_read(str name, enum export_protocol *ret_protocol);
/* What it is found at, when nobody says otherwise. FTPS at port 990 is TLS from the first byte on, at
 * any other by AUTH TLS (RFC 4217). */
int export_protocol_port(enum export_protocol protocol);

/* A name or an address as far as its characters go. */
bool export_host_is_valid(str host);

str export_server_url(const struct export_server *server, struct arena *arena);
/* False: it is not what export_server_url() made. */
MUST_USE bool export_server_read(str url, struct arena *arena, struct export_server *ret_server);
