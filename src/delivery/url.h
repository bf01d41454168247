/* SPDX-License-Identifier: MIT
 * delivery/url.h: the address of a webhook endpoint: checked when it is saved, parsed once for all
 * its deliveries. libcurl's own parser reads it, so that what is checked is what is used. */
#pragma once

#include <curl/curl.h>

#include "base/address.h"
#include "base/problem.h"

#define TARGET_URL_MAX 2048

/* What is wrong with it, in words, or empty: good is an absolute http or https URL, ASCII
 * throughout, with a host, without user, password and fragment, whose host is not an address (in
 * whatever spelling) that the egress guard refuses. A name is not looked up here: its addresses are
 * judged at each delivery. `with_user`: user and password may stand in it (of a proxy). */
MUST_USE str url_fault(str url, bool with_user, const struct cidr_list *allow, struct arena *arena);

/* The same host and port, however they are written. False when one of them cannot be read. */
MUST_USE bool url_same_place(str a, str b);

/* RFC 6761 §6.3: names that never mean another machine. Lower case. */
bool host_is_localhost(str host);

/* A parsed URL. Belongs to one thread. */
struct target {
    int references;
    CURLU *url;
    char *host;  /* lower case, without brackets */
    char *place; /* "host:port": what connections are counted by */
    int port;
    struct address literal; /* family 0: the host is a name */
};

/* NULL: libcurl cannot read it, which target_url_check() would have said. */
MUST_USE struct target *target_new(str url);
bool target_is_tls(const struct target *target);
/* What stands in the request line (RFC 9112 §3.2) when its path is sent with this query, which
 * libcurl's own parser would change: it spells "%2B" as "%2b". `absolute`: as a proxy wants it that
 * makes no tunnel. NULL: there is no memory. */
const char *target_request(const struct target *target, str query, bool absolute,
                           struct arena *arena);
struct target *target_keep(struct target *target);
void target_release(struct target *target);
