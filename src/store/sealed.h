/* SPDX-License-Identifier: MIT
 * store/sealed.h: what is sealed at rest, though not by itself a secret: of an attempt the target's
 * URL and the heads of request and answer, in which keys, cookies and tokens travel. The blob names
 * its delivery and number, so that one that was moved to another row does not open there. */
#pragma once

#include "base/secret.h"
#include "model/event.h"
#include "store/sql.h"

/* Sets attempt->sealed, in `arena`; what it is made from is put together in `scratch`. Any thread
 * but the committer's, which does no such work. */
void attempt_seal(const struct seal_key *key, struct attempt *attempt, struct arena *scratch,
                  struct arena *arena);

/* Sets url, request_head and response_head, in `arena`. False: another key, another row's, or
 * changed since. */
MUST_USE bool attempt_open(const struct seal_key *key, struct attempt *attempt,
                           struct arena *arena);

/* ── for doctor ── */

struct sealed_sum {
    int64_t opened;
    int64_t broken;
};

/* The addresses and signing secrets of all webhooks. */
MUST_USE int store_try_webhooks(struct sql *sql, const struct seal_key *key,
                                struct sealed_sum *ret_sum);
/* The secrets of all plugin instances. */
MUST_USE int store_try_plugins(struct sql *sql, const struct seal_key *key,
                               struct sealed_sum *ret_sum);
/* The newest `limit` attempts of each organization. */
MUST_USE int store_try_attempts(struct sql *sql, const struct seal_key *key, int limit,
                                struct sealed_sum *ret_sum);
