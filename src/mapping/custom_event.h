/* SPDX-License-Identifier: MIT
 * mapping/custom_event.h: from the body of a custom event to its fields: strict for the context
 * api, by JSON Pointer and forgiving for webhook. Pure; runs on a loop for each event: one pass
 * over the body, no allocation but the arena's. */
#pragma once

#include "base/problem.h"
#include "model/config.h"

struct mapped_event {
    str email;     /* the primary key as sent, trimmed */
    str email_key; /* what its contact is found by: email_key() */
    str fields;    /* JSON object: field id → value, in the order of the definition */
    str notes; /* JSON array of {"field", "code", "message"}: values dropped or coerced; or empty */
    bool
        partial; /* the body holds something that `fields` does not, or notes say so: keep it raw */
};

/* `reterr` comes empty. False: it has each wrong field with its pointer into the body, and one of
 * the codes required, type, format, range, option, duplicate, unknown; or it is PROBLEM_TOO_LARGE.
 * Notes have the same codes for what was dropped, and "coerced" for what was taken as another type.
 */
MUST_USE bool custom_event_map(const struct event_definition *definition, json body,
                               struct arena *arena, struct mapped_event *ret_mapped,
                               struct problem *reterr);

/* The form an e-mail address is found by: trimmed, and case folded by a table of our own (fold.h),
 * so that a stored key is the same on every machine. An address is at most 254 bytes of UTF-8: a
 * local part of 1 to 64 bytes without spaces, controls and any of "(),:;<>[\], one '@', and a
 * domain of two or more labels of letters, digits, hyphens and what is not ASCII. False: not an
 * address. */
MUST_USE bool email_key(str email, struct arena *arena, str *ret_trimmed, str *ret_key);
