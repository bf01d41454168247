/* SPDX-License-Identifier: MIT
 * delivery/resolver.h: names to addresses, by c-ares, on the courier's own thread and beside
 * libcurl: a name whose server never answers keeps nobody waiting but those who ask for it, and
 * them for five seconds. /etc/hosts and localhost are read too. Answers are kept as long as they
 * say, a minute at most; failures five seconds. Times are monotonic. Belongs to one thread. */
#pragma once

#include <curl/curl.h>

#include "base/address.h"
#include "base/list.h"

struct resolver;

/* Addresses of one name. */
#define RESOLVER_ADDRESSES 16
#define RESOLVER_WAIT_MS 5000

struct names_answer {
    struct address addresses[RESOLVER_ADDRESSES];
    int count;
    str error; /* for people, when count is 0 */
};

/* Waits in a list of the resolver until `answered` is called, once, from resolver_step(); take it
 * out by list_remove() to stop waiting. The answer lives until the call returns. */
struct lookup {
    struct list link;
    void (*answered)(struct lookup *lookup, const struct names_answer *answer);
};

/* `servers`: "127.0.0.1:5353,…" instead of the system's; empty: the system's. */
MUST_USE int resolver_new(str servers, struct resolver **ret_resolver);
/* Nobody may be waiting any more. */
void resolver_free(struct resolver *resolver);

/* What is known, or NULL: then `lookup` waits. `host` is lower case. */
const struct names_answer *resolver_find(struct resolver *resolver, str host, struct lookup *lookup,
                                         int64_t now_ms);

/* The sockets to wait for; how long at most (−1: without end); and what to do afterwards. */
int resolver_fds(const struct resolver *resolver, struct curl_waitfd *fds, int room);
int resolver_timeout_ms(struct resolver *resolver, int64_t now_ms);
void resolver_step(struct resolver *resolver, const struct curl_waitfd *fds, int count,
                   int64_t now_ms);
