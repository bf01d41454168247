/* SPDX-License-Identifier: MIT
 * mail/pace.h: when a mail about an organization's notices may go. Pure: the time is an argument.
 *
 * The first notice waits a minute for what comes with it. Then at least 15 minutes pass between two
 * mails, and while trouble lasts more and more: 15, 30, 60 minutes, up to 6 hours. After 24 hours
 * without a notice it begins anew. Urgent notices wait 15 minutes at most. */
#pragma once

#include <stdbool.h>

#include "base/instant.h"

#define PACE_HOLD_MS MINUTE_MS
#define PACE_LEAST_MS (15 * MINUTE_MS)
#define PACE_MOST_MS (6 * 60 * MINUTE_MS)
#define PACE_CALM_MS DAY_MS

/* Of one organization, to be stored; all zero: no mail has ever gone. */
struct pace {
    int64_t mailed_ms; /* when the newest mail went; 0: never */
    int64_t pause_ms;  /* how long it holds back the next, unless that is urgent */
    int64_t newest_ms; /* when the newest notice came that a mail has said */
};

/* The notices that no mail has said yet; all zero: none. */
struct pace_unsaid {
    int64_t first_ms;  /* when the oldest came */
    int64_t newest_ms; /* when the newest came */
    int64_t urgent_ms; /* when the oldest urgent one came; 0: there is none */
    int64_t count;
};

/* One more. Urgent is that an endpoint was disabled, or has begun to fail. */
void pace_add(struct pace_unsaid *unsaid, int64_t at_ms, bool urgent);

/* When the mail may go that says all of them, of which there is one at least: not after `now_ms`,
 * or later. */
MUST_USE int64_t pace_due_ms(const struct pace *pace, const struct pace_unsaid *unsaid,
                             int64_t now_ms);

/* The state once a mail has said them. */
MUST_USE struct pace pace_mailed(const struct pace *pace, const struct pace_unsaid *said,
                                 int64_t now_ms);
