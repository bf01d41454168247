/* SPDX-License-Identifier: MIT
 * store/notices.h: what people are to be told by mail, and how far they have been. Shared SQL.
 *
 * Invariants:
 * (1) an organization has one open notice at most of each kind and outlet: what comes is added to
 *     it, so that a million dead deliveries of an outlet are one row;
 * (2) the ids of closed notices lie below those of open ones, and do not change: a person's mark
 *     among closed notices says exactly what that person has been told;
 * (3) a person's mark never moves back. */
#pragma once

#include "store/config.h"
#include "store/store.h"

/* To the open notice of its kind and outlet, or as a new one. */
MUST_USE int store_add_notice(struct sql *sql, const struct stored_notice *notice);
/* Some of those that are older go, told or not. How many; below 0: failure. */
MUST_USE int64_t store_prune_notices(struct sql *sql, int64_t before_ms, int most);
/* No more is added to those that there are. */
MUST_USE int store_close_notices(struct sql *sql, int64_t organization);

struct notice_range {
    int64_t organization;
    int64_t after;
    int64_t to;
    int limit; /* the newest so many */
};

/* Newest first. */
MUST_USE int store_read_notices(struct sql *sql, const struct notice_range *range,
                                struct arena *arena, struct stored_notice **ret_notices,
                                int *ret_count);

/* Of notices above an id. All zero: there are none. */
struct notice_sums {
    int64_t times;
    int64_t first_ms;
    int64_t newest_ms;
    int64_t urgent_ms; /* when the oldest came of an endpoint that fails or was disabled; 0: none */
    int64_t newest;    /* its id */
};

/* The closed ones, and the open ones. */
MUST_USE int store_sum_notices(struct sql *sql, int64_t organization, int64_t after,
                               struct notice_sums *ret_closed, struct notice_sums *ret_open);

/* Nobody who wants mail is still to be told them: they go. */
MUST_USE int store_forget_notices(struct sql *sql, int64_t organization);

/* ── organizations ── */

struct mail_state {
    int64_t organization;
    str name;
    int64_t said_to;                        /* the newest notice that mails have told; 0: none */
    int64_t mailed_ms, pause_ms, newest_ms; /* its pace: mail/pace.h */
};

/* Those that have notices. */
MUST_USE int store_read_mail_states(struct sql *sql, struct arena *arena,
                                    struct mail_state **ret_states, int *ret_count);
/* Everything but the name. */
MUST_USE int store_put_mail_state(struct sql *sql, const struct mail_state *state);

/* For people to see. */
struct mail_history {
    int64_t sent_ms; /* 0: never */
    str error;       /* the newest; empty: none */
    int64_t error_ms;
};

/* An error that holds up everybody's mails counts while it lasts. */
MUST_USE int store_read_mail_history(struct sql *sql, int64_t organization, struct arena *arena,
                                     struct mail_history *ret_history);
/* So the server takes mails again. */
MUST_USE int store_note_mail_sent(struct sql *sql, int64_t organization, int64_t at_ms);
/* Organization 0: it holds up everybody's. */
MUST_USE int store_note_mail_error(struct sql *sql, int64_t organization, str error, int64_t at_ms);

/* ── people ── */

struct mail_person {
    int64_t user;
    str name;
    str email;
    int64_t told_to;
};

/* Those who want mail. */
MUST_USE int store_read_mail_people(struct sql *sql, int64_t organization, struct arena *arena,
                                    struct mail_person **ret_people, int *ret_count);
MUST_USE int store_move_mark(struct sql *sql, int64_t organization, int64_t user, int64_t told_to);
/* Who begins to is told what comes from then on. */
MUST_USE int store_want_notices(struct sql *sql, int64_t organization, int64_t user, bool wanted);
