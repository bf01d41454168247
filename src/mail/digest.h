/* SPDX-License-Identifier: MIT
 * mail/digest.h: one mail's words from many notices: by endpoint, the most serious first, with
 * counts, times, the newest reason, and what to do. Pure. Knows nothing of who reads it. */
#pragma once

#include "base/arena.h"

/* What an event of the hub about itself says. */
enum notice_kind {
    NOTICE_DEAD = 0,  /* delivery.dead */
    NOTICE_RECOVERED, /* endpoint.recovered */
    NOTICE_FAILING,   /* endpoint.failing */
    NOTICE_DISABLED,  /* endpoint.disabled */
};

struct notice {
    int64_t id; /* of its event; later notices have higher ones */
    enum notice_kind kind;
    int64_t at_ms;
    int64_t outlet;
    str outlet_name;  /* may be empty */
    bool of_export;   /* the outlet is an export profile, else a webhook */
    int64_t delivery; /* 0: it is about none */
    str event_type;   /* of that delivery's event; may be empty */
    str reason;       /* a sentence for people; may be empty */
    int64_t count;    /* notices of the same kind and endpoint that it stands for; 0 is 1 */
};

struct mail_digest_question {
    str organization; /* its name */
    str public_url;   /* "https://hub.example"; empty: the mail says API paths instead of links */
    const struct notice *notices; /* in any order; one at least */
    int count;
};

struct mail_digest {
    str subject;
    str text;
    str html;
};

/* At most so many endpoints are shown; the others are counted. */
#define MAIL_DIGEST_SHOWN 20

/* What is returned lives in the arena; subject and text are bounded, however much there is to say.
 */
MUST_USE struct mail_digest mail_digest_write(const struct mail_digest_question *question,
                                              struct arena *arena);
