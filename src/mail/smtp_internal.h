/* SPDX-License-Identifier: MIT
 * mail/smtp_internal.h: what smtp.c (the conversation) and smtp_outcome.c (what came of it) share.
 */
#pragma once

#include <curl/curl.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "mail/smtp.h"

/* Where the conversation stands: what was sent last. */
enum step {
    STEP_CONNECT = 0,
    STEP_HELLO,
    STEP_TLS,
    STEP_LOGIN,
    STEP_SENDER,
    STEP_RECIPIENT,
    STEP_DATA,
    STEP_MESSAGE,
};

struct place {
    char *url;
    char *host;  /* without brackets */
    char *shown; /* "host:port" */
    bool loopback;
    bool tls_first; /* smtps */
};

struct smtp {
    struct arena arena; /* the options */
    struct smtp_options options;
    struct place place;
    CURLM *multi;
    atomic_bool stopping;
    atomic_int socket; /* a second descriptor of the newest connection; −1: none */
};

/* One letter under way. */
struct talk {
    struct smtp *smtp;
    str rest; /* of the message */
    enum step step;
    bool over; /* we have said QUIT: what comes then is of no interest */
    int reply; /* to the last command; 0: none yet */
    struct buf reply_text;
    char error[CURL_ERROR_SIZE];
};

/* What libcurl's code and the conversation say together. */
enum smtp_end smtp_end_of(const struct talk *talk, CURLcode code);

/* The same for people; empty: sent. One line, which lives in the arena. */
str smtp_explain(const struct talk *talk, CURLcode code, CURL *easy, struct arena *arena);
