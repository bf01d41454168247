/* SPDX-License-Identifier: MIT
 * delivery/delivery.h: the couriers: threads that send deliveries by libcurl, each owning the
 * outlets whose id falls to it, their queues, connections, breakers and timers.
 *
 *   pending ──due, breaker lets──► sending ──2xx──► delivered
 *      ▲                             │
 *      └────── retry policy ─────────┴──schedule used up──► dead        (dropped: by a decision)
 *
 * `sending` lives in memory only. The result of each attempt goes through the committer; a courier
 * starts nothing new while 4,096 of its results are unrecorded. An outlet is in step while memory
 * holds all its unfinished work, and behind when it does not (over the courier's memory, at start):
 * then it reads the store by id, 256 at a time. */
#pragma once

#include "base/address.h"
#include "delivery/breaker.h"
#include "delivery/figures.h"
#include "intake/committer.h"
#include "intake/job.h"
#include "store/store.h"

struct couriers;

#define COURIERS_MAX 64

struct couriers_options {
    int count; /* threads, 1 to COURIERS_MAX */
    struct store *store;
    struct committer *committer;
    const struct limits *limits;
    const struct clock *clock;
    const struct log *log;
    const struct seal_key *seal_key; /* for what is recorded of attempts */
    struct cidr_list allow_egress;   /* beside the public addresses */
    str user_agent;
    str name_servers; /* "127.0.0.1:5353,…"; empty: the system's */
    str ca_file;      /* certificates of authorities to trust instead of the system's; or empty */
    int64_t connect_timeout_ms; /* 0: 10 s */
    int64_t whole_timeout_ms;   /* 0: 30 s */
    int concurrency;            /* attempts under way to one outlet; 0: 8 */
    bool held;                  /* after a restore: nothing is sent until couriers_release() */
};

/* Starts the threads. They read the unfinished work of all outlets from the store, in the
 * background; the endpoints themselves come by couriers_outlet_changed(), before start or after. */
MUST_USE int couriers_start(const struct couriers_options *options, struct couriers **ret_couriers);

/* From the committer's thread; the chain is the couriers' from now on. */
void couriers_hand_over(struct couriers *couriers, struct job *first, struct job *last);
/* Any thread. Takes the reference. */
void couriers_outlet_changed(struct couriers *couriers, struct endpoint *endpoint);
/* Any thread. */
void couriers_release(struct couriers *couriers);
/* Junctor's time has moved by more than it runs (test clock). Any thread. Returns once all couriers
 * have queued what is due by now. */
void couriers_time_moved(struct couriers *couriers);

/* Attempts under way, results that are not recorded yet, and what is about to begin: messages on
 * their way, deliveries that may go, pages being read. 0: nothing happens before time moves or
 * something new comes. Any thread. */
int couriers_busy(struct couriers *couriers);

/* Starts no attempt any more; those under way get `grace_ms`. Returns when all threads are idle.
 * What is left stays pending in the store. */
void couriers_stop(struct couriers *couriers, int grace_ms);
void couriers_free(struct couriers *couriers);

struct couriers_stats {
    int64_t attempts, delivered, failed, dead; /* since start */
    int64_t swept; /* since start: that the sweep found in the store alone; 0 while all is well */
    int64_t held_jobs, held_bytes; /* in memory */
    int64_t open_breakers, outlets_behind;
    int64_t fallen_behind, come_in_step; /* outlets, since start */
    int64_t sending;
    struct figures figures;
};

void couriers_read_stats(struct couriers *couriers, struct couriers_stats *ret_stats);

/* An attempt of it is under way, or its result not recorded yet. Any thread; does not wait for the
 * courier, so that it may have changed when the answer is there. */
bool couriers_is_sending(struct couriers *couriers, int64_t delivery);

/* As its courier last told. Any thread; does not wait for the courier. */
struct outlet_hold couriers_find_hold(struct couriers *couriers, int64_t outlet);

/* ── the pure parts: each in a file of its own, with its invariants at the head ── */

/* retry.h: the policy `webhook` (5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, ±20 %), then
 * dead. breaker.h: after 5 failures in a row one probe, after 30 s, doubling to 15 min. egress.h:
 * which addresses may be reached; content.h: the bytes and headers of a webhook. */
