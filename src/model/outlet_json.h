/* SPDX-License-Identifier: MIT
 * model/outlet_json.h: an outlet's policy and transport as JSON, in the one form that the store
 * keeps, the API takes and the API shows. Pure.
 *
 * policy:    {"order", "onDead", "concurrency", "ratePerMinute", "delayMs", "retry"}
 * retry:     {"policy": "webhook" | "postback"}
 *            | {"delaysSeconds": […], "retries", "jitterPercent"}
 *            | {"firstSeconds", "capSeconds", "retries", "jitterPercent"}   retries null: without
 * end transport: {"method", "httpVersion", "headers", "auth", "clientCertificate",
 *             "certificateAuthorities", "proxy", "connectTimeoutMs", "timeoutMs"} */
#pragma once

#include "model/config.h"
#include "json/write.h"

/* What an endpoint has when nobody said otherwise. Export profiles are in line by order, and tried
 * until they succeed. */
struct outlet_policy policy_of(enum endpoint_kind kind);
/* Of what sends files, whatever it says: rows wait for their file, not for each other, and of one
 * file's rows that are sent again the first takes it along. */
void policy_take_files(struct outlet_policy *policy);

/* The members that `object` has replace those of `policy`; others stay. What is taken lives in the
 * arena. The object is right: a schema has checked it, or it is what policy_write() wrote. */
void policy_take(struct outlet_policy *policy, json object, struct arena *arena);
/* As members of the object that the writer is in; without what that kind has in another place: the
 * delay of an export profile. */
void policy_write(struct json_writer *writer, enum endpoint_kind kind,
                  const struct outlet_policy *policy);

struct retry_policy retry_read(json object, struct arena *arena);
void retry_write(struct json_writer *writer, const struct retry_policy *retry);

/* The same. A header without a value keeps that of its name, and a credential of the same kind
 * without its secret keeps it: who changes what is shown masked need not send it again. */
void transport_take(struct transport *transport, json object, struct arena *arena);

enum transport_shown {
    TRANSPORT_MASKED = 0, /* secrets are "(masked)", what is no secret as it is */
    TRANSPORT_WHOLE,      /* to be sealed */
};

/* Likewise: method and headers of an export profile are its field map's. */
void transport_write(struct json_writer *writer, enum endpoint_kind kind,
                     const struct transport *transport, enum transport_shown shown,
                     struct arena *arena);

/* [{"secret": base64, "untilMs"}], to be sealed. False: it is not that. */
MUST_USE bool old_secrets_read(json list, struct arena *arena,
                               const struct old_secret **ret_secrets, int *ret_count);
str old_secrets_write(const struct old_secret *secrets, int count, struct arena *arena);
