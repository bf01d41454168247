/* SPDX-License-Identifier: MIT
 * mailing.h: mails about endpoints in trouble, between the settings, the store, the committer and
 * mail/mailer.h. Where no mail server is set there is none: NULL is a mailing that does nothing. */
#pragma once

#include "api/api.h"
#include "config.h"

struct mailing;

struct mailing_options {
    const struct config *config;
    struct store *store;
    struct committer *committer;
    const struct clock *clock;
    const struct log *log;
    const atomic_bool *held; /* after a restore: no mails go either */
};

/* A mail server is set. */
bool mailing_configured(const struct config *config);

/* False: reterr says which of the settings is wrong, without the password. */
MUST_USE bool mailing_check(const struct config *config, struct arena *arena,
                            struct problem *reterr);

/* Starts the thread; the settings have passed mailing_check(). Not configured: NULL. */
MUST_USE int mailing_start(const struct mailing_options *options, struct mailing **ret_mailing);
/* No more mails go. While the committer still takes what comes of the one under way. */
void mailing_end(struct mailing *mailing);
/* When no other thread is left that knows it. */
void mailing_free(struct mailing *mailing);

/* Any thread: a notice was committed, or the time was moved. */
void mailing_look(struct mailing *mailing);

/* A look that was asked for is not over: for the test clock. Any thread. */
bool mailing_busy(const struct mailing *mailing);

/* For the API. */
struct api_mail mailing_face(struct mailing *mailing);
