/* SPDX-License-Identifier: MIT
 * mail/mailer.h: the thread that mails people what happened to their endpoints. It looks when it is
 * told to, when something falls due, and once a minute. What it knows comes from its ground, what
 * it does goes back there; so it needs no store, and tests bring their own.
 *
 *   notice committed ──► look ──► pace says when ──► each person: digest, message, SMTP
 *                                                       │ one report a person, when it is settled
 *                                                       └► one for the organization: said up to N
 *
 * Each person has a mark: the newest notice that a mail has told that person. A mail tells what
 * lies between the mark and N, and the mark is moved before the next person's turn; so who fails is
 * tried again alone, and nobody is told twice because somebody else failed. The ground stores
 * marks; while it cannot, the mailer remembers them. Only a crash between the server's answer and
 * the stored mark repeats a mail, and then under the same Message-ID when nothing has happened
 * since. */
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "mail/digest.h"
#include "mail/pace.h"
#include "mail/smtp.h"

/* ── what it asks ── */

/* An organization that has notices after `said_to`, or a person whose mark is before it. */
struct mailer_waiting {
    int64_t organization;
    str name;
    struct pace pace;
    int64_t said_to;           /* up to this notice, mails have been sent; 0: none has */
    int64_t newest;            /* the newest notice; not below said_to */
    struct pace_unsaid unsaid; /* the notices after said_to */
};

/* One who wants mail. */
struct mailer_person {
    int64_t id;
    str name; /* may be empty */
    str address;
    int64_t told_to; /* the mark; of one who begins to want mail: the newest notice of that time */
};

/* Notices after `after` and up to `to`. */
struct mailer_range {
    int64_t organization;
    int64_t after;
    int64_t to;
    int limit; /* the newest so many; delivery.dead of one endpoint may be one notice with a count
                */
};

/* ── what it reports ── */

enum mailer_end {
    MAILER_LATER = 0, /* tried again at again_ms; for people to see, the mark does not move */
    MAILER_REFUSED,   /* the server will not take a mail to this address: the mark moves */
    MAILER_NOTHING,   /* there was nothing to tell any more: the mark moves */
    MAILER_SENT,      /* the mark moves */
};

struct mailer_told {
    int64_t organization;
    int64_t person;
    enum mailer_end end;
    bool everybody;   /* MAILER_LATER: nobody's mail goes, in no organization */
    int64_t told_to;  /* the new mark, never to be moved back */
    int64_t at_ms;    /* Junctor's time */
    int64_t again_ms; /* MAILER_LATER */
    str error;        /* why not, for people; empty: sent, or said in an earlier report */
};

struct mailer_said {
    int64_t organization;
    int64_t said_to;
    struct pace pace;
};

/* All on the mailer's thread; may block, but a stop waits for them. < 0 is a failure that has been
 * logged: the mailer asks or reports again within a minute. A report returns when it is durable. */
struct mailer_ground {
    void *context;
    int (*read_waiting)(void *context, struct arena *arena, struct mailer_waiting **ret_waiting,
                        int *ret_count);
    int (*read_people)(void *context, int64_t organization, struct arena *arena,
                       struct mailer_person **ret_people, int *ret_count);
    int (*read_notices)(void *context, const struct mailer_range *range, struct arena *arena,
                        struct notice **ret_notices, int *ret_count);
    int (*report_told)(void *context, const struct mailer_told *told);
    int (*report_said)(void *context, const struct mailer_said *said);
};

/* ── the thread ── */

struct mailer_options {
    str smtp_url; /* as struct smtp_options has these */
    str smtp_user;
    str smtp_password;
    enum smtp_tls tls;
    str ca_file;
    str from;       /* "Junctor <junctor@hub.example>", or the address alone */
    str public_url; /* may be empty */
    const struct clock *clock;
    const struct log *log;
    struct mailer_ground ground;
};

struct mailer;

/* False: reterr_text says which of the settings is wrong, without the password. */
MUST_USE bool mailer_check(const struct mailer_options *options, struct arena *arena,
                           str *reterr_text);

/* The options have passed mailer_check(); texts are copied. */
MUST_USE int mailer_start(const struct mailer_options *options, struct mailer **ret_mailer);

/* Breaks off a mail that is under way, and ends the thread; what other threads may call, they may
 * still call. NULL is fine. */
void mailer_end(struct mailer *mailer);

/* The same, and frees it. */
void mailer_stop(struct mailer *mailer);

/* Any thread: a notice was committed, a person or the clock has changed. */
void mailer_look(struct mailer *mailer);

struct mailer_counts {
    int64_t sent;    /* mails */
    int64_t failed;  /* tries that ended otherwise, refusals among them */
    int64_t refused; /* mails that will not be tried again */
    int64_t waiting; /* people who are to get a mail and could not yet, at the last look */
    int64_t asked;   /* calls of mailer_look() */
    int64_t looked;  /* calls of mailer_look() that a whole look has followed */
};

/* Any thread. */
struct mailer_counts mailer_counts(const struct mailer *mailer);

/* The pause after so many failures in a row: 1 minute, doubled up to 1 hour. Pure. */
int64_t mailer_pause_ms(int failures);
