/* SPDX-License-Identifier: MIT
 * mail/testing.h: what the tests of this folder share: a mail server that does what it is told.
 * For tests only. */
#pragma once

#include "base/arena.h"
#include "base/test_certificates.h"
#include "base/testing.h"

/* ── mail server: SMTP on a loopback port, one connection at a time ──
 * Takes every mail, and login "ann" with "secret", but for what peer_say() tells it. */
struct peer_options {
    bool tls_first;                /* as smtps has it */
    bool starttls;                 /* offered */
    const char *auth;              /* the mechanisms that are offered: "PLAIN LOGIN"; NULL: none */
    const char *certificate, *key; /* PEM files */
};

struct peer;

struct peer *peer_new(const struct peer_options *options);
void peer_free(struct peer *peer);
int peer_port(const struct peer *peer);

#define PEER_HANG "hang"   /* says nothing, and waits until the other side goes */
#define PEER_CLOSE "close" /* says nothing, and closes */

struct peer_line {
    const char *at;    /* "greeting", a verb, or "." for the end of the message */
    const char *reply; /* without its line end, a whole number of lines; or one of the above */
    const char *to;    /* NULL: to any recipient */
    int times;         /* 0: from now on */
    int delay_ms;      /* before that is said */
};

/* Instead of what would be said there. Replaces what it was told before. */
void peer_say(struct peer *peer, const struct peer_line *line);
/* As at the beginning. */
void peer_obey(struct peer *peer);

struct peer_mail {
    str from, to;
    str data; /* as it came, without the dots that SMTP adds, and without the last one */
    str hello;
    str login; /* user and password: "ann:secret"; empty: none */
    bool tls;
};

int peer_count(struct peer *peer);
int peer_connections(struct peer *peer);
/* How often it was told that verb. */
int peer_commands(struct peer *peer, const char *verb);
/* A copy of the index-th mail, from 0; it lives as long as the server. */
struct peer_mail peer_get(struct peer *peer, int index);
/* Waits until the server has been told that verb so often; fails after 20 s. */
void peer_wait(struct peer *peer, const char *verb, int times);
