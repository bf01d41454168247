/* SPDX-License-Identifier: MIT
 * intake/job.h: a delivery on its way from the committer to its courier. */
#pragma once

#include <stdatomic.h>

#include "base/mailbox.h"
#include "model/config.h"
#include "model/event.h"

struct publication; /* one new picture on its way to all loops; see committer.h */

/* The bytes of one event, shared by all its jobs. Immutable. */
struct content {
    atomic_int references;
    int64_t event;
    int64_t at_ms;   /* the event's */
    int hops;        /* the event's */
    int64_t subject; /* the record that the event is about; 0: none */
    bool rendered;   /* the event's */
    str type;        /* in `bytes`, behind the data */
    str data;
    char bytes[];
};

/* A copy of what is sent of the event, with one reference. */
MUST_USE struct content *content_new(const struct event *event);
/* The same event's, with other data, which is rendered. */
MUST_USE struct content *content_fixed(const struct content *content, str data);
struct content *content_keep(struct content *content);
void content_release(struct content *content);

/* Owned by the courier from the hand-over until job_free(). */
struct job {
    struct message link;      /* first */
    struct delivery delivery; /* its reason is empty */
    struct content *content;
    struct endpoint *endpoint; /* as of the commit, one reference; NULL when the courier knows it */
    bool manual;               /* a resend by hand: goes at once, beside breaker and order */
    bool passed_over;          /* it is not to be sent: what it has paused goes on without it */
};

MUST_USE struct job *job_new(const struct delivery *delivery, struct content *content,
                             struct endpoint *endpoint);
void job_free(struct job *job);

/* What a job costs of the courier's memory. */
size_t job_bytes(const struct job *job);
