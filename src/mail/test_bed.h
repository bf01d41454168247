/* SPDX-License-Identifier: MIT
 * mail/test_bed.h: a mailer on a ground that stands for the store, with a mail server that does
 * what it is told. For tests only. */
#pragma once

#include <pthread.h>

#include "mail/mailer.h"
#include "mail/testing.h"

#define ORGANIZATIONS 2
#define PEOPLE 6
#define NOTICES 512
#define RECORDS 8192
#define SECOND ((int64_t)1000)
#define ANN 1
#define BOB 2
#define CYD 3

struct bed_person {
    int64_t organization;
    struct mailer_person person;
};

struct bed_notice {
    int64_t organization;
    struct notice notice;
};

struct record {
    struct mailer_told told;
    char error[300];
};

struct bed {
    struct clock clock;
    struct log log;
    struct peer *peer;
    struct mailer *mailer;
    int64_t looks;
    /* Below: under the mutex. */
    pthread_mutex_t mutex;
    struct mailer_waiting organizations[ORGANIZATIONS]; /* id, name, pace, said_to */
    struct bed_person people[PEOPLE];
    int people_count;
    struct bed_notice notices[NOTICES];
    int notice_count;
    struct record told[RECORDS];
    int told_count;
    struct mailer_said said[RECORDS];
    int said_count;

    struct bed_failures {
        bool waiting, people, notices, told, said;
    } fail;
};

void bed_lock(struct bed *bed);
void bed_unlock(struct bed *bed);
/* Another mailer on the same bed. */
void bed_start(struct bed *bed);
void bed_person(struct bed *bed, int64_t organization, int64_t id, str address);
/* Acme (1), with Ann and Bob; Umbrella (2) with nobody. */
struct bed *bed_new(void);
void bed_free(struct bed *bed);
/* Until a whole look is over. */
void bed_look(struct bed *bed);
/* Junctor's time goes on, and a look. */
void bed_pass(struct bed *bed, int64_t ms);
/* One more, and a look. Returns its id. */
int64_t bed_notice(struct bed *bed, int64_t organization, enum notice_kind kind);
/* What the ground refuses from now on. */
void bed_fail(struct bed *bed, struct bed_failures failures);
/* As it is stored. */
int64_t bed_mark(struct bed *bed, int64_t person);
/* Of Acme. */
int64_t bed_said_to(struct bed *bed);
/* The newest report on that person. */
struct record bed_told(struct bed *bed, int64_t person);
int bed_mails_to(struct bed *bed, const char *address);
/* What a mail tells is in its id: after, to, person. */
void bed_read_id(const struct peer_mail *mail, long long *ret_parts);
/* Does that mail tell this? */
void bed_check_mail(struct bed *bed, int index, int64_t after, int64_t to, int64_t person);
