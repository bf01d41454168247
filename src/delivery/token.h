/* SPDX-License-Identifier: MIT
 * delivery/token.h: the access token of one outlet (OAuth2 client credentials), fetched when a
 * delivery wants one. Its courier's: belongs to one thread, lives in memory only.
 *
 *                 wanted                    answer with a token
 *      NONE ───────────────► FETCHING ──────────────────────────► GOOD ──┐ wanted shortly before
 *       ▲ ▲                     │                                  │ ▲   │ its end: fetched anew
 *       │ └── any other end ────┘                                  │ └───┘ beside deliveries
 *       └── its time is over, or the target answered 401 ◄─────────┘
 *
 * - Fetched once, however many deliveries wait for it; all of them are answered.
 * - A token that nobody wants is not renewed: an idle endpoint asks its server for nothing.
 * - A server is asked for TOKEN_FETCHES tokens at once by each courier; who wants another waits in
 *   line, for as long as a fetch may take at most.
 * - After a fetch that failed, and after a new token that the target did not take, the next fetch
 *   begins 5 s later at the earliest.
 * - A 401 has the deliveries that were sent with this token go again with a new one, once: a new
 *   token that is not taken either makes ordinary failures until one is.
 * - The fetch is an exchange like any other: same resolver, egress guard, time-outs. It goes by a
 *   connection of its own, directly: a proxy is for the target. The outlet's certificate and
 *   authorities are used if the token URL has the target's host and port, and else are not shown to
 *   a server that they were not made for. */
#pragma once

#include "base/list.h"
#include "delivery/exchange.h"

struct courier;
struct token;
struct endpoint;

#define TOKEN_PAUSE_MS 5000
#define TOKEN_FETCHES 4 /* to one host and port */

struct token_answer {
    str value;      /* empty: there is none */
    int64_t serial; /* for token_refused() and token_accepted(); from 1 */
    str error;      /* when there is none: for people */
};

/* Waits in a list of the token until `answered` is called, once; take it out by list_remove() to
 * stop waiting. The answer lives until the call returns. */
struct token_wait {
    struct list link;
    void (*answered)(struct token_wait *wait, const struct token_answer *answer);
};

/* With one reference. `target` is that of the endpoint, or NULL. */
struct token *token_new(struct courier *courier, struct endpoint *endpoint,
                        const struct target *target);
/* NULL is fine for both. */
struct token *token_keep(struct token *token);
void token_release(struct token *token);

/* Is it what this endpoint would have, too? */
bool token_fits(const struct token *token, const struct endpoint *endpoint);

/* `wait` is answered: within this call when a token, or a failure, is at hand. */
void token_want(struct token *token, struct token_wait *wait);

/* Until when nobody should ask, since there is no token and none may be fetched; 0: no need to
 * wait. NULL is fine. Junctor's time. */
int64_t token_pause_until_ms(const struct token *token);

/* The target answered 401 to that one. True: the delivery is to go again at once. */
MUST_USE bool token_refused(struct token *token, int64_t serial);
/* The target took it. */
void token_accepted(struct token *token, int64_t serial);

/* Its exchange is over. */
void token_conclude(struct exchange *exchange);
/* Each turn: whose turn has come begins, who has waited too long in line gives up. Monotonic. */
void tokens_go_on(struct courier *courier, int64_t mono_ms);
/* When the next gives up; INT64_MAX: nobody is in line. */
int64_t tokens_next_ms(const struct courier *courier);
/* Breaks off all fetches. */
void tokens_stop_all(struct courier *courier);
