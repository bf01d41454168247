/* SPDX-License-Identifier: MIT
 * mail/smtp.h: hands one message for one person to a mail server, by libcurl (SMTP, RFC 5321), on
 * a connection of its own. Blocks; belongs to one thread, but for smtp_stop(). Knows nothing of
 * what is in the message. Environment proxies and .netrc are ignored. The egress guard does not
 * apply: the server is the operator's choice, and often on the same machine. */
#pragma once

#include "base/arena.h"

enum smtp_tls {
    SMTP_TLS_UNSAID = 0, /* required; never to a loopback address, where nobody listens in */
    SMTP_TLS_REQUIRED,   /* nothing but EHLO goes out in the clear */
    SMTP_TLS_OFFERED,    /* when the server offers it: who is between can take the offer away */
    SMTP_TLS_NEVER,
};

/* "required", "offered" or "never". */
MUST_USE bool smtp_tls_read(str text, enum smtp_tls *ret_tls);

struct smtp_options {
    str url;      /* smtp://host[:port][/our-name] or smtps://…; may hold user and password */
    str user;     /* instead of the URL's; both empty: no login */
    str password; /* reaches libcurl and nothing else */
    enum smtp_tls tls;
    str ca_file; /* certificates to trust instead of the system's; empty: the system's */
    int64_t connect_timeout_ms; /* 0: 10 s */
    int64_t answer_timeout_ms;  /* of each command; 0: 60 s */
    int64_t whole_timeout_ms;   /* 0: 3 min */
};

/* False: reterr_text says what is wrong with URL and level, without the password. */
MUST_USE bool smtp_check(const struct smtp_options *options, struct arena *arena, str *reterr_text);

struct smtp;

/* The options are copied; they have passed smtp_check(). libcurl is initialized. */
MUST_USE int smtp_new(const struct smtp_options *options, struct smtp **ret_smtp);
void smtp_free(struct smtp *smtp);

struct smtp_letter {
    str from, to; /* addresses, good by message_address_is_good() */
    str message;
};

enum smtp_end {
    SMTP_SERVER_LATER = 0, /* no mail goes now: the network, or a 4xx before any recipient */
    SMTP_SERVER_REFUSES,   /* no mail will go until someone changes something: TLS, login, sender */
    SMTP_PERSON_LATER,     /* a 4xx for this recipient or message, or a word about the login, or it
                              broke off there */
    SMTP_PERSON_REFUSED,   /* a 5xx for them */
    SMTP_STOPPED,
    SMTP_SENT, /* the server has taken it over (RFC 5321 §4.2.5) */
};

struct smtp_result {
    enum smtp_end end;
    bool maybe_sent; /* it broke off behind the message: whether it was taken is not known */
    int reply;       /* the server's last code; 0: none */
    str text;        /* what went wrong and what to do, one line; empty: sent */
};

/* The text lives in the arena. */
MUST_USE struct smtp_result smtp_send(struct smtp *smtp, const struct smtp_letter *letter,
                                      struct arena *arena);

/* Any thread: breaks off what is under way, and everything after it ends at once. */
void smtp_stop(struct smtp *smtp);
