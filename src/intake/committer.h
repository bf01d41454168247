/* SPDX-License-Identifier: MIT
 * intake/committer.h: the committer: the one thread (SQLite) that owns the writing connection,
 * draws ids, and turns operations into committed batches.
 *
 * A batch is whatever has queued while the last commit ran (no timer). Two kinds alternate: hot
 * batches (results of attempts and ingest: load → apply → write → commit; apply is pure and in
 * memory) and management batches (commands and chores, each by SQL inside the transaction). A batch
 * that fails is rolled back and its operations run one by one; a COMMIT of unknown outcome is
 * settled before anything else. Only behind the commit are operations answered, deliveries handed
 * to the couriers, and new pictures published.
 *
 * An operation belongs to the committer from committer_post() until its `answer` is called, on the
 * committer's thread, exactly once. */
#pragma once

#include "base/clock.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/secret.h"
#include "intake/job.h"
#include "model/config.h"
#include "store/store.h"

struct committer;
struct batch;
struct operation;

enum lane { LANE_RESULTS, LANE_INGEST, LANE_MANAGEMENT, LANE_UPKEEP, LANES };

/* What became of an operation. */
enum operation_outcome {
    OPERATION_FAILED = 0, /* not there; answer 503 store_unavailable (or backlog_full) */
    OPERATION_COMMITTED,
    OPERATION_REFUSED, /* apply or execute decided so; nothing of it is there */
};

struct operation_kind {
    const char *name;
    enum lane lane;
    /* Admitted whatever its lane holds: what comes of an attempt, of which the couriers bound the
     * number. */
    bool always;
    /* Hot lanes: names the records that apply needs, by batch_load_…(). May be NULL. */
    void (*load)(struct operation *operation, struct batch *batch);
    /* Hot lanes: decides and adds rows by batch_add_…(). Pure. False: refused, nothing was added.
     */
    bool (*apply)(struct operation *operation, struct batch *batch);
    /* Management and upkeep: by batch_sql(), and batch_add_…() too. 0: done; > 0: refused, nothing
     * was written; < 0: failure, the batch is rolled back. */
    int (*execute)(struct operation *operation, struct batch *batch);
    /* After the commit, or when it will never come: answers the sender, lets the operation go. */
    void (*answer)(struct operation *operation, enum operation_outcome outcome);
};

struct operation {
    struct message link; /* first */
    const struct operation_kind *kind;
    int64_t organization; /* 0: none */
    size_t bytes;         /* what it holds, for the lane's cap */
    str event_type;       /* ingest: of the event that filters look at in apply; empty: none */
    size_t event_bytes;   /* about how much they look at */
    struct arena *arena;  /* lives until answer: rows may borrow from it */
    /* The committer's own. */
    struct operation *next;
    bool refused;
    bool unpublished; /* its answer waits until every loop uses the new picture */
};

/* The couriers and the loops, from below. Called on the committer's thread; must not block. */
struct committer_hooks {
    void *context;
    /* Committed jobs, a chain by job->link, in commit order. The receiver owns them. */
    void (*hand_over)(void *context, struct job *first, struct job *last);
    /* A new picture; each loop gets one reference, and calls publication_done(publication) when it
     * uses it. */
    void (*publish)(void *context, struct picture *picture, struct publication *publication);
    /* An outlet's endpoint is new, changed or (status deleted) gone: for its courier. The reference
     * is the receiver's. */
    void (*outlet_changed)(void *context, struct endpoint *endpoint);
    /* An attempt of the delivery is under way, or its result not recorded. May be NULL: of none. */
    bool (*is_sending)(void *context, int64_t delivery);
    /* A batch with notices was committed (committer_options.keep_notices). May be NULL. */
    void (*noticed)(void *context);
    /* Each second or so, for clock and gauges. */
    void (*tick)(void *context);
};

struct zones; /* base/zones.h */

struct committer_options {
    struct store *store;
    const struct limits *limits;
    struct clock *clock;
    const struct log *log;
    const struct seal_key *seal_key;
    struct zones *zones;
    struct committer_hooks hooks;
    int hub;   /* its number, for ids */
    int loops; /* how many publication_done() each publication gets; 0 is fine */
    int retention_days;
    int64_t max_history_bytes; /* 0: none */
    bool keep_notices;         /* for people who are told by mail */
};

/* Opens the writer and starts the thread. */
MUST_USE int committer_start(const struct committer_options *options,
                             struct committer **ret_committer);

/* No more is taken in; what is queued is committed and answered. Then the thread ends. */
void committer_stop(struct committer *committer);
void committer_free(struct committer *committer);

enum admission {
    ADMISSION_LANE_FULL = 0,
    ADMISSION_ORGANIZATION_FULL, /* this organization holds its share of the lane */
    ADMISSION_BACKLOG_FULL,      /* unfinished deliveries fill the store */
    ADMISSION_STORE_DOWN,        /* whether the newest commit took place cannot be told yet */
    ADMISSION_STOPPING,
    ADMITTED,
};

/* Any thread: takes the operation, unless there is no room; then it stays the caller's. What comes
 * of an attempt is always admitted. */
MUST_USE enum admission committer_post(struct committer *committer, struct operation *operation);

/* For a 503: what to tell the sender. */
void admission_problem(struct committer *committer, enum admission admission, struct arena *arena,
                       struct problem *problem);

/* Figures for /metrics; any thread. */
struct committer_stats {
    int64_t batches, operations, commit_us, failures, unknown;
    bool needs_restart; /* the WAL grows until then: store_needs_restart() */
    int64_t queued[LANES], queued_bytes[LANES];
    int64_t events, deliveries; /* since start */
    int64_t recoveries;         /* that run now */
};

void committer_read_stats(struct committer *committer, struct committer_stats *ret_stats);

/* True when nothing is queued or running, recoveries included: for the test clock. Any thread. */
bool committer_idle(struct committer *committer);

/* From the answer of the operation that has stored it (store/recoveries.h): it is worked on from
 * now on, beside traffic, and again after a restart. On the committer's thread. */
void committer_begin_recovery(struct committer *committer, int64_t organization, int64_t recovery);

/* Called when a loop or courier uses a publication: see committer_hooks.publish. Any thread. */
void publication_done(struct publication *publication);

/* ── inside a batch: on the committer's thread, from an operation_kind's functions ── */

struct arena *batch_arena(struct batch *batch);
/* One moment for the whole batch, Junctor's time. */
int64_t batch_now_ms(const struct batch *batch);
int64_t batch_draw_id(struct batch *batch);
/* The newest configuration, or NULL when there is no such organization. Borrowed until the batch's
 * end; in a management batch until an operation changes an object, which frees what was there. */
const struct picture *batch_picture(struct batch *batch, int64_t organization);

/* Hot batches, in load: the same key gives the same element. */
struct contact_load *batch_load_contact(struct batch *batch, int64_t organization, str email_key);
struct idempotency_load *batch_load_idempotency(struct batch *batch, int64_t organization, str key);
/* `text` as sku_read() gives it. */
struct sku_load *batch_load_sku(struct batch *batch, int64_t organization, int64_t campaign,
                                str text);
struct work_load *batch_load_work(struct batch *batch, int64_t organization, int64_t outlet,
                                  int64_t id);

/* Rows. Views must live until the answer (operation->arena, batch_arena()). */
void batch_add_event(struct batch *batch, const struct event *event, bool wanted);
void batch_add_contact(struct batch *batch, const struct contact *contact);
/* New work, to be handed over behind the commit with `event`'s data as its content. */
void batch_add_delivery(struct batch *batch, const struct delivery *delivery,
                        const struct event *event);
/* The same of one that was asked for by hand, in the ledger too. */
void batch_add_manual_delivery(struct batch *batch, const struct delivery *delivery,
                               const struct event *event);
/* A change of a delivery, and the attempt it comes from, if any. */
void batch_add_change(struct batch *batch, const struct delivery *after, str event_type,
                      bool was_pending, const struct attempt *attempt);
/* A new one that no courier is to hear of: it is due never (model/export.h). */
void batch_add_parked_delivery(struct batch *batch, const struct delivery *delivery,
                               str event_type);
/* A new one that has ended already: nothing of it is sent, and its reason says why. */
void batch_add_ended_delivery(struct batch *batch, const struct delivery *delivery, str event_type);
/* It is handed over behind the commit, with `event`'s data as its content. `manual`: it goes at
 * once, beside breaker and order. */
void batch_send_again(struct batch *batch, const struct delivery *delivery,
                      const struct event *event, bool manual);
/* What this dead delivery has paused goes on without it: its courier hears of it behind the commit.
 */
void batch_pass_over(struct batch *batch, const struct delivery *delivery);
/* An attempt of a delivery that is no longer unfinished. */
void batch_add_attempt(struct batch *batch, const struct attempt *attempt);
void batch_add_outlet_state(struct batch *batch, const struct outlet_state *state);
void batch_add_paused_line(struct batch *batch, const struct paused_line *line);
/* Nothing, where nobody is told by mail. */
void batch_add_notice(struct batch *batch, const struct stored_notice *notice);
void batch_add_idempotency(struct batch *batch, const struct idempotency_row *row);
/* One that an order brings, to be linked later: gives it id and times, and those that look for it in
 * this batch find it from now on. `load` has found none. */
void batch_add_sku(struct batch *batch, struct sku_load *load);
void batch_add_export(struct batch *batch, const struct export_delivery_row *row);
void batch_add_rejection(struct batch *batch, const struct rejection *rejection);
/* Sums of that subject in the minute of `at_ms`; add to its members. */
struct counter_delta *batch_counter(struct batch *batch, int64_t organization, int64_t subject,
                                    int64_t at_ms);

/* Appends `event`, finds who wants it, adds a delivery for each whose filter lets it through, and
 * counts it all: what every source of events uses. `event->id` is drawn when it is 0. */
void batch_take_event(struct batch *batch, struct event *event);

/* Management batches. */
/* Loads what has been named by batch_load_…() and the like. */
MUST_USE int batch_load(struct batch *batch);
struct sql *batch_sql(struct batch *batch);
struct store_writer *batch_writer(struct batch *batch);
/* Says that an object of this organization was written or deleted by SQL: its row is read anew and
 * a picture with it is published behind the commit; this operation's answer waits for that. */
MUST_USE int batch_object_changed(struct batch *batch, struct operation *operation,
                                  int64_t organization, enum object_kind kind, int64_t id);
/* The same for the organization's own row (its name, limits, address list), or a new one. */
MUST_USE int batch_organization_changed(struct batch *batch, struct operation *operation,
                                        int64_t organization);
