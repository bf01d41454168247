/* SPDX-License-Identifier: MIT
 * delivery/internal.h: what the files of this folder share: the insides of couriers.
 *
 *   hand-over ──► mailbox ──► stock ──► dispatch: look up, send, conclude
 *                               ▲            │
 *                         pages │            └──► committer ──► recorded
 *                               └── fetcher ◄── store
 *
 * - couriers.c: start, stop, the doors from other threads
 * - courier.c: the thread, its timers
 * - outlet.c: who may be sent to, and what holds it back; holds.c: for others to read
 * - stock.c, with room.c, pages.c and lines.c: what is in memory (pure)
 * - dispatch.c: one attempt, from parcel to recorded result; request.c: what it
 *   sends; prepare.c: what is asked of the committer first
 * - outcome.c: what follows from it (pure)
 * - fetcher.c: reads the store, on a thread of its own
 * - token.c: fetches access tokens
 * - reach.c: from an exchange to its sending: name, egress guard
 * - sweep.c: finds what is due in the store and not in memory
 * - sender_http.c, resolver.c: the network */
#pragma once

#include <pthread.h>

#include "delivery/content.h"
#include "delivery/delivery.h"
#include "delivery/explain.h"
#include "delivery/file_source.h"
#include "delivery/headers.h"
#include "delivery/holds.h"
#include "delivery/reach.h"
#include "delivery/resolver.h"
#include "delivery/sender_http.h"
#include "delivery/stock.h"
#include "delivery/token.h"
#include "intake/exports.h"
#include "intake/result.h"

#define UNRECORDED_MAX 4096
/* To one host and port: from the first on, an outlet may have one attempt under way, so that others
 * that hang there do not stop it; the second is never passed. */
#define PLACE_CONNECTIONS 64
#define PLACE_CONNECTIONS_MAX 256
#define READS_AT_ONCE 4

/* ── what couriers stand on; tests bring their own ── */

/* What is in the store when the couriers start. */
struct start_read {
    struct outlet_work *outlets; /* that have work */
    int outlet_count;
    struct outlet_state *states;
    int state_count;
    struct paused_line *pauses;
    int pause_count;
};

/* Ids of the unfinished deliveries in the span that were due before that moment (Junctor's time).
 */
struct due_wanted {
    struct work_span span;
    int limit;
    int64_t before_ms;
};

struct courier_ground {
    void *context;
    void (*post)(void *context, struct result *result);
    void (*prepare)(void *context, struct preparation *preparation); /* export profiles alone */
    /* On the fetcher's thread, each in a snapshot of its own that begins inside the call. */
    int (*read_start)(void *context, struct arena *arena, struct start_read *ret_start);
    int (*read_work)(void *context, const struct work_wanted *wanted, struct arena *arena,
                     struct work_item *ret_items, struct work_page *ret_page);
    int (*read_due)(void *context, const struct due_wanted *wanted, int64_t *ret_ids,
                    int *ret_count);
};

MUST_USE int couriers_start_on(const struct couriers_options *options,
                               const struct courier_ground *ground, struct couriers **ret_couriers);

/* ── messages to a courier ── */

enum mail_kind {
    MAIL_JOBS,
    MAIL_ENDPOINT,
    MAIL_RECORDED,
    MAIL_PREPARED,
    MAIL_PAGE,
    MAIL_START,
    MAIL_SWEEP,
    MAIL_RELEASE,
    MAIL_TIME,
    MAIL_STOP,
};

struct mail {
    struct message link; /* first */
    enum mail_kind kind;
};

struct mail_jobs {
    struct mail mail;
    struct job *first;
};

struct mail_endpoint {
    struct mail mail;
    struct endpoint *endpoint;
};

struct mail_stop {
    struct mail mail;
    int grace_ms;
};

struct mail_time {
    struct mail mail;
    struct mail_time *next;
    struct time_wait *wait;
};

/* Freed by whoever is last: the one that waits, or a courier. */
struct time_wait {
    struct waker waker;
    atomic_int missing;
    atomic_int references;
};

/* ── fetcher.c ── */

#define SWEEP_PAGE 256

/* One outlet of a sweep. */
struct sweep {
    struct outlet *outlet; /* the courier's own; not touched by the fetcher */
    struct outlet_work of;
    int64_t after, to;
    const int64_t *ids; /* in the fetch's arena */
    int count;
};

struct fetch {
    struct mail mail; /* MAIL_PAGE, MAIL_START or MAIL_SWEEP when it comes back */
    struct courier *courier;
    /* A page: */
    struct outlet *outlet; /* the courier's own; not touched by the fetcher */
    struct work_wanted wanted;
    struct work_page page;
    struct job *jobs;
    /* At the start: */
    struct arena arena;
    struct start_read start;
    /* A sweep: */
    struct sweep *sweeps;
    int count;
    int64_t due_before_ms;
    bool failed;
};

struct fetcher {
    struct courier_ground ground;
    struct mailbox mailbox;
    struct waker waker;
    pthread_t thread;
    bool running;
    atomic_bool stopping;
    const struct log *log;
};

MUST_USE int fetcher_start(struct fetcher *fetcher, const struct courier_ground *ground,
                           const struct log *log);
void fetcher_stop(struct fetcher *fetcher);
/* Any thread. Comes back to fetch->courier. */
void fetcher_post(struct fetcher *fetcher, struct fetch *fetch);
void fetch_free(struct fetch *fetch);

/* ── courier.c, couriers.c ── */

/* A host and port that outlets of this courier send to, or fetch tokens from. */
struct place {
    char *name; /* "host:port" */
    int references;
    int under_way;
    struct list waiting; /* outlets, by `queued` */
    int fetching;        /* of tokens: TOKEN_FETCHES at most */
    struct list line;    /* tokens that wait for their turn */
    struct list in_line; /* in courier->token_lines, while there are any */
};

struct courier {
    struct couriers *couriers;
    pthread_t thread;
    bool running;
    struct mailbox mailbox;
    _Atomic int64_t mail_waiting; /* posted and not dealt with */
    _Atomic int64_t active;       /* things under way after the last turn */

    struct stock stock;
    struct sender *sender;
    struct resolver *resolver;
    struct map places;      /* name → struct place */
    struct heap timers;     /* outlets that wait for Junctor's time */
    struct list behind;     /* outlets to be looked at in this round: do they want to be read? */
    struct list looked_at;  /* and those that have been */
    bool unread;            /* one of those wants to, and cannot yet */
    bool look_again;        /* something has happened since the round ended */
    int64_t round_began_ms; /* monotonic */
    int64_t round_at_ms;    /* monotonic: the next one, not before */
    struct list dispatches; /* under way, not yet posted */
    struct list fetches;    /* of tokens (token.c), under way or in line */
    struct list token_lines;
    int fetching;
    struct list to_post; /* results that could not be stored, by `link` of their dispatch */
    struct dispatch *spare;
    int spare_count;
    /* What is under way or not recorded, for others to look at: delivery ids, 0 where none is. */
    _Atomic int64_t *sending;
    int *free_slots;
    int free_slot_count;
    int under_way;
    int unrecorded;
    bool held;
    bool stopping;
    int64_t stop_at_ms; /* monotonic */
    bool stopped_all;
    int64_t list_again_ms;  /* monotonic; 0: the list of outlets is being read, or was */
    int64_t count_again_ms; /* monotonic: gauges that need a look at all outlets */
    int64_t sweep_at_ms;    /* Junctor's time */
    bool sweeping;
    struct mail_time *time_waiting;

    struct courier_counts {
        _Atomic int64_t attempts, delivered, failed, dead, swept;
        _Atomic int64_t held_jobs, held_bytes, open_breakers, outlets_behind, sending;
        _Atomic int64_t fallen_behind, come_in_step;
    } counts;
    struct figures figures;
};

struct couriers {
    struct couriers_options options;
    struct courier_ground ground;
    struct arena arena; /* copies of what the options borrow */
    struct fetcher fetcher;
    struct holds holds;
    struct store_reader *reader;
    struct courier *at;
    int count;
};

/* Whose outlet it is. */
struct courier *courier_of(struct couriers *couriers, int64_t outlet);
void time_wait_release(struct time_wait *wait);

void courier_post(struct courier *courier, struct mail *mail);
MUST_USE int courier_start(struct courier *courier, struct couriers *couriers);
/* The thread has ended. */
void courier_done(struct courier *courier);
int64_t courier_now_ms(const struct courier *courier);

/* ── sweep.c ── */

/* Asks the store, when it is time. */
void sweep_begin(struct courier *courier, int64_t now_ms);
void sweep_take(struct courier *courier, struct fetch *fetch);

/* ── outlet.c ── */

void outlet_set_endpoint(struct courier *courier, struct outlet *outlet, struct endpoint *endpoint);
/* As the store had it at the start. */
void outlet_load_state(struct courier *courier, const struct outlet_state *state);
/* What a restart must not forget of it, in outlet->stored. False: the store has that, or will. */
MUST_USE bool outlet_note_state(struct courier *courier, struct outlet *outlet);
/* How many attempts at once, when all is well. */
int outlet_limit(const struct courier *courier, const struct outlet *outlet);
/* Sent to at all: known, active, not held. */
bool outlet_is_open(const struct courier *courier, const struct outlet *outlet);
/* For its target, its token or its breaker: nothing goes now, but for a probe. */
bool outlet_waits(const struct courier *courier, const struct outlet *outlet);
/* After a change of what outlet_is_open() says. */
void outlet_reopen(struct courier *courier, struct outlet *outlet);
/* The next parcel that may go now, or NULL; then the outlet waits where it will be found again. */
struct parcel *outlet_take(struct courier *courier, struct outlet *outlet, bool *ret_probe);
/* An attempt of it has ended, and what follows for the outlet is settled. */
void outlet_attempt_ended(struct courier *courier, struct outlet *outlet);
void outlet_done(struct courier *courier, struct outlet *outlet);
/* With one reference; new when there is none of that name. */
struct place *place_find(struct courier *courier, str name);
void place_release(struct courier *courier, struct place *place);
/* Somebody who waited for the host may go in, or what had the turn does not use it. */
void place_pass_on(struct courier *courier, struct place *place);

/* ── dispatch.c: one attempt under way ── */

struct dispatch {
    struct mail
        mail; /* MAIL_RECORDED when its result is, MAIL_PREPARED when its content is there */
    struct list link; /* in courier->dispatches or ->to_post */
    struct courier *courier;
    struct outlet *outlet;
    struct parcel *parcel;
    struct result *result;
    struct preparation preparation;
    struct upload upload;      /* of a file */
    struct file_source source; /* its bytes */
    struct exchange exchange;
    struct reach reach;
    struct token *token; /* one reference; NULL: it needs none */
    struct token_wait wait;
    int64_t token_serial; /* of the one it was sent with; 0: not sent with any */
    bool token_refused;   /* it goes again with a new one */
    struct arena arena;   /* the request */
    struct endpoint *endpoint;
    struct target *target;
    struct target *proxy;
    struct place *place;
    struct header_list headers;
    struct outlet_state state; /* what the result tells of the outlet, if it does */
    int slot;                  /* in courier->sending */
    bool probe;
    int64_t started_us;
    int64_t post_at_ms; /* monotonic; when it is posted again */
    int64_t pause_ms;
};

void dispatch_begin(struct courier *courier, struct parcel *parcel, bool probe);
/* What it sends is there. */
void dispatch_attempt(struct dispatch *dispatch);
/* Its parcel waits again, as dispatch->result->after says. */
void dispatch_put_back(struct dispatch *dispatch);
void dispatch_leave_slot(struct dispatch *dispatch);
void dispatch_free(struct dispatch *dispatch);
/* Its exchange is over. */
void dispatch_conclude(struct dispatch *dispatch);
/* Its result has been through the committer. */
void dispatch_recorded(struct dispatch *dispatch);
void dispatch_post_again(struct courier *courier, int64_t mono_ms);
/* Breaks off all that are under way. */
void dispatch_stop_all(struct courier *courier);
void dispatch_free_spare(struct courier *courier);

/* ── prepare.c ── */

bool preparation_is_needed(const struct dispatch *dispatch);
void preparation_begin(struct dispatch *dispatch);
/* It has been through the committer. */
void dispatch_prepared(struct dispatch *dispatch);

/* ── request.c ── */

/* What it sends, into its exchange and headers. False: there is no memory for it, or what is stored
 * cannot be read. */
MUST_USE bool request_make(struct dispatch *dispatch, int64_t now_ms);
