/* SPDX-License-Identifier: MIT
 * delivery/sender_http.h: sends requests by libcurl's multi interface: HTTP/1.1 and HTTP/2, no
 * redirects, no cookies, proxies only where an outlet's transport names one, and one request an
 * exchange, never a silent second one. Transfers that wait cost the others nothing. Knows nothing
 * of deliveries. Belongs to one thread, but for sender_wake(). */
#pragma once

#include "delivery/exchange.h"

struct sender;

struct sender_options {
    struct cidr_list allow_egress; /* borrowed */
    str user_agent;
    str ca_file; /* certificates to trust instead of the system's; empty: the system's */
    int64_t connect_timeout_ms;
    int64_t whole_timeout_ms;
    int64_t response_kept;
    int64_t response_read;
    int kept_connections; /* 0: 1024 */
};

MUST_USE int sender_new(const struct sender_options *options, struct sender **ret_sender);
/* Nothing may be under way. */
void sender_free(struct sender *sender);

/* The exchange stays where it is until sender_take() gives it back. */
void sender_start(struct sender *sender, struct exchange *exchange);

/* One that is over, or NULL. */
struct exchange *sender_take(struct sender *sender);

/* Breaks off what is under way; sender_take() gives it back. */
void sender_stop_exchange(struct sender *sender, struct exchange *exchange);

/* Does what can be done without waiting. */
void sender_step(struct sender *sender);

/* Waits for something to do: at most `timeout_ms`, or until sender_wake(). */
void sender_wait(struct sender *sender, struct curl_waitfd *fds, int count, int timeout_ms);

/* Any thread. The argument is a struct sender. */
void sender_wake(void *sender);

/* The CURLOPT_RESOLVE line that has libcurl use these addresses for the target, or for the proxy:
 * "+host:port:…". */
char *sender_pin(const struct target *target, const struct address *addresses, int count,
                 struct arena *arena);
