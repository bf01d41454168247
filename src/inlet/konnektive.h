/* SPDX-License-Identifier: MIT
 * inlet/konnektive.h: order postbacks of Konnektive, for instances of its plugin; and what calls of
 * its client API have in common with them.
 *
 *   GET, POST /api/v1/plugins/webhooks/konnektive[/{organization}/{instance}][/{secret}]
 *
 * What it says comes in the query, as a form, or as JSON. The ids come there or in the path; the
 * secret in the header X-Webhook-Secret or Authorization: Bearer, in the body, as the last segment of
 * the path, or in the query: the first of these that has one counts. */
#pragma once

#include "inlet/inlet.h"
#include "mapping/pairs.h"

/* What a request says, before it is known whose it is. Lives in its arena. */
struct konnektive_request {
    str organization; /* its uuid, in lower case */
    str instance;
    str secret;
    struct pairs pairs; /* without the three */
    int hops;
};

/* `path`: what stands behind the address, up to three segments, decoded. False: `reterr` says what is
 * wrong; the organization is set if it was found. */
MUST_USE bool konnektive_read(const struct inlet_context *inlet, struct request *request,
                              const str *path, int path_count, struct konnektive_request *ret_read,
                              struct problem *reterr);

/* A call of the client API: query and body together, the body's where both say it; and through how
 * many hubs it came. */
MUST_USE bool konnektive_read_call(const struct inlet_context *inlet, struct request *request,
                                   struct pairs *ret_pairs, int *ret_hops, struct problem *reterr);

extern const str konnektive_inlet_name;

/* As the functions of inlet.h. */
MUST_USE bool konnektive_take(const struct inlet_context *inlet, struct request *request,
                              const struct picture *picture, const struct konnektive_request *read);

/* A refusal that the organization gets to see. */
MUST_USE bool konnektive_reject(const struct inlet_context *inlet, struct request *request,
                                const struct picture *picture,
                                const struct konnektive_request *read,
                                const struct problem *problem);
