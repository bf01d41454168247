/* SPDX-License-Identifier: MIT
 * mapping/custom_event.h: from the body of a custom event to its fields: strict for the context api
 * (S2.9), by JSON Pointer and forgiving for webhook (S2.14, S2.15; C5, C6 of the acceptance table).
 * Pure; runs on a loop for each event: one pass over the body, no allocation but the arena's. */
#pragma once

#include "base/problem.h"
#include "model/config.h"

struct mapped_event {
    str email;     /* the primary key as sent, trimmed */
    str email_key; /* what its contact is found by: email_key() */
    str fields;    /* JSON object: field id → value, in the order of the definition */
    str notes; /* JSON array of {"field", "code", "message"}: values dropped or coerced; or empty */
    bool partial; /* the body holds more than `fields` does: keep it raw */
};

/* False: reterr has each wrong field with its pointer into the body. */
MUST_USE bool custom_event_map(const struct event_definition *definition, json body,
                               struct arena *arena, struct mapped_event *ret_mapped,
                               struct problem *reterr);

/* The form an e-mail address is found by: trimmed, lower case (ASCII and Unicode simple case
 * folding where libc offers none: see email.c for what is done). False: not an address. */
MUST_USE bool email_key(str email, struct arena *arena, str *ret_trimmed, str *ret_key);
