/* SPDX-License-Identifier: MIT
 * config.h: what `junctor serve` can be told. One table (config_settings) yields the flags, the
 * JUNCTOR_* variables, the names of the configuration file, --help and docs/settings.md; each cap
 * of base/limits.h is a row of it too. Flag before variable before file before default. */
#pragma once

#include "base/address.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/problem.h"
#include "options.h"

/* When mails go by TLS, in the order of the setting's choices: mail/smtp.h has them too. */
enum config_smtp_tls { SMTP_BY_ADDRESS = 0, SMTP_REQUIRED, SMTP_OFFERED, SMTP_NEVER };

/* Read once, before any thread starts; views live in the arena it was read into. */
struct config {
    str file;      /* the configuration file; empty: none */
    str data;      /* the data directory */
    str listen;    /* "127.0.0.1:8080", "[::1]:8080" */
    int64_t loops; /* counts of threads: never 0 once read */
    int64_t couriers;
    int64_t readers;
    str public_url; /* without '/' at its end; empty: made from the request's Host */
    struct cidr_list allow_egress;
    struct cidr_list trusted_proxies;
    str tls_cert_file; /* both or neither */
    str tls_key_file;
    str name_servers; /* "127.0.0.1:5353,::1"; empty: the system's */
    enum log_format log_format;
    enum log_level log_level;
    int64_t retention_ms;      /* whole days; 0: nothing goes by age */
    int64_t max_history_bytes; /* 0: half of the disk's free space at the first start */
    str sealing_key_file;      /* never empty once read */
    str sealing_key; /* secret: 64 hexadecimal digits from JUNCTOR_SEALING_KEY; empty: the file's */
    str smtp_url;    /* empty: no mails go */
    str smtp_user;
    str smtp_password; /* secret */
    enum config_smtp_tls smtp_tls;
    str smtp_ca_file; /* empty: the system's */
    str mail_from;    /* not empty when smtp_url is not */
    bool test_clock;
    bool first_run;
    str first_run_receiver; /* where the receiver of the first run listens */
    int64_t stop_grace_ms;
    int64_t connect_timeout_ms;
    int64_t attempt_timeout_ms;
    struct limits limits;
    str greeting; /* no setting: for standard output, once the hub listens; may be empty */
};

extern const struct option_table config_settings;
extern const struct option_table config_caps; /* base/limits.h */

/* Fills in what depends on the machine or on other settings, and checks what only shows when two
 * are looked at together. False: reterr says what. For command.finish: `values` begins with a
 * struct config. */
MUST_USE bool config_finish(void *values, struct arena *arena, struct problem *reterr);
