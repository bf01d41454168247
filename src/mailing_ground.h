/* SPDX-License-Identifier: MIT
 * mailing_ground.h: what the mailer knows and reports, in the store: reads on a connection of its
 * own, writes as operations of the committer, which it waits for. Everything but the opening is the
 * mailer's thread's.
 *
 * A mail tells closed notices only (store/notices.h): they are closed when it is due, so that what
 * comes while it goes out is neither lost nor told twice. */
#pragma once

#include "intake/committer.h"
#include "mail/mailer.h"

struct mailing_ground {
    struct store_reader *reader;
    struct committer *committer;
    const struct clock *clock;
    const struct log *log;
    const atomic_bool *held;
};

struct mailer_ground mailing_ground_of(struct mailing_ground *ground);
