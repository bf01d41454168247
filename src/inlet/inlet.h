/* SPDX-License-Identifier: MIT
 * inlet/inlet.h: how events come in. Each function runs on a loop, checks and maps the request
 * without any I/O, and posts an operation; it returns true when the reply is filled in at once,
 * false when the request is parked until the commit. Whatever is refused for a known organization
 * is counted and kept as a rejection before it is answered. */
#pragma once

#include "http/http.h"
#include "intake/committer.h"
#include "model/config.h"

struct inlet_context {
    struct committer *committer;
    const struct limits *limits;
    const struct clock *clock;
    const struct log *log;
};

/* POST /custom-events/alias/{alias}?createContact= : the key has been checked. `alias` is decoded.
 */
MUST_USE bool inlet_take_api_event(const struct inlet_context *inlet, struct request *request,
                                   const struct picture *picture, str alias);

/* POST /{organizationId}/custom-events/alias/{alias} */
MUST_USE bool inlet_take_webhook_event(const struct inlet_context *inlet, struct request *request,
                                       const struct picture *picture, str alias);

/* Answers with the problem, after the rejection has been recorded (in the lane of ingest; when
 * there is no room the answer is 503). `inlet_id` 0 and a name that says what was asked for when no
 * definition was found. */
MUST_USE bool inlet_reject(const struct inlet_context *inlet, struct request *request,
                           int64_t organization, int64_t inlet_id, str inlet_name,
                           const struct problem *problem);

/* Fills in a rejection of this request; the body is cut to what is kept, its secrets masked. */
struct rejection inlet_rejection(const struct inlet_context *inlet, struct request *request,
                                 int64_t organization, int64_t inlet_id, str inlet_name,
                                 const struct problem *problem);
