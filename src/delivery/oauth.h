/* SPDX-License-Identifier: MIT
 * delivery/oauth.h: the client credentials grant (RFC 6749 §4.4): what a token endpoint is asked,
 * and what its answer says. Pure: who asks, when, and what becomes of the token is token.h's. */
#pragma once

#include "base/arena.h"
#include "model/outlet.h"

#define OAUTH_TOKEN_MAX ((size_t)16 * 1024)
/* RFC 6749 §5.1 only recommends expires_in. An hour is what most servers give; a token that ends
 * sooner is found out by the target's 401. */
#define OAUTH_LIFE_MS ((int64_t)3600 * 1000)
/* Longer lives are not believed: a secret that was withdrawn should not work on for months. */
#define OAUTH_LIFE_MAX_MS ((int64_t)24 * 3600 * 1000)

/* application/x-www-form-urlencoded. `audience` stands in it as such: no RFC has it for this grant,
 * and several servers ask for it. */
str oauth_body(const struct credential *credential, struct arena *arena);

/* "Authorization: Basic …", both parts form-encoded first (RFC 6749 §2.3.1); empty: they stand in
 * the body. */
str oauth_authorization(const struct credential *credential, struct arena *arena);

struct oauth_answer {
    int status;
    str body;
    int64_t length; /* of the whole body: more than that of `body` when not all was kept */
};

struct oauth_token {
    str value; /* printable ASCII without spaces */
    int64_t life_ms;
};

/* Empty: ret_token is set. Else why not, in words that go on after "The token endpoint HOST:PORT ":
 * printable ASCII but for a dash or ellipsis, without what looks like a token and without the
 * client's secret. Both live in the arena. */
str oauth_read(const struct oauth_answer *answer, const struct credential *credential,
               struct arena *arena, struct oauth_token *ret_token);
