/* SPDX-License-Identifier: MIT
 * delivery/content.h: the bytes of a webhook: its body, and the headers that are Junctor's. Pure.
 */
#pragma once

#include "base/digest.h"
#include "base/id.h"
#include "intake/job.h"

/* standard: {"type":…,"timestamp":…,"data":DATA}, the timestamp being the event's; bare: DATA
 * alone. Always the same bytes for the same event and format. */
str content_body(const struct content *content, enum webhook_format format, struct arena *arena);

struct content_key {
    struct hmac *hmac;
    int64_t until_ms; /* it signs nothing from then on; 0: no end */
};

struct content_signing {
    int64_t delivery; /* its id as text is the webhook-id */
    enum id_kind outlet_kind;
    int64_t outlet;                 /* told to a hub at the other end, which may refuse it */
    int64_t at_ms;                  /* when the attempt starts, by Junctor's time */
    const struct content_key *keys; /* the newest first */
    int key_count;                  /* 0: not signed */
    str type;                       /* Content-Type; empty: none is sent */
    str body;
};

#define CONTENT_HEADERS 6

/* The header lines, "Name: value" each with a NUL behind it. Returns how many there are. Standard
 * Webhooks: webhook-signature is "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body", for
 * each key that signs at that time, separated by spaces. */
int content_headers(const struct content_signing *signing, int hops, struct arena *arena,
                    char *ret_lines[CONTENT_HEADERS]);
