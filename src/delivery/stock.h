/* SPDX-License-Identifier: MIT
 * delivery/stock.h: what one courier holds in memory: its outlets, and for each the deliveries that
 * wait, are ready or under way. Pure: no clock, no socket, no store; its courier tells it the time
 * and does the reading. Belongs to one thread.
 *
 * A parcel is a delivery in memory:
 *
 *   IN_LINE ──first──► WAITING ──due──► READY ──taken──► OUT ──result recorded──► forgotten, or
 *                                                                          one of the first three
 *
 * Where the outlet has an order, parcels stand in lines (lines.h), and only the first of a line may
 * go; the others are IN_LINE.
 *
 * An outlet is in step while memory holds all its unfinished deliveries, else behind:
 *
 *   IN_STEP ──no room, paused──► BEHIND ──a page came short──► CLOSING ──and again──► IN_STEP
 *      ▲                           ▲ pages come full            │ full: BEHIND           │
 *      └───────────────────────────┴────────────────────────────┴────────────────────────┘ */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "delivery/breaker.h"
#include "delivery/heap.h"
#include "delivery/lines.h"
#include "delivery/rate.h"
#include "intake/job.h"

#define STOCK_PAGE ((size_t)256) /* deliveries read from the store at a time, at most */
#define STOCK_HORIZON_MS 60000
#define STOCK_READY_LOW 128 /* with fewer ready, the next page is read */

struct hmac;
struct target;
struct place;
struct token;

enum parcel_state { PARCEL_WAITING = 0, PARCEL_READY, PARCEL_OUT, PARCEL_IN_LINE };

struct parcel {
    struct heap_link heap; /* waiting: in stock->due; ready: in outlet->ready */
    struct list link;      /* in outlet->parcels */
    struct outlet *outlet;
    struct job *job;
    struct line *line;      /* NULL: it stands in none */
    struct heap_link place; /* in line->parcels */
    bool counted;           /* in line->out */
    enum parcel_state state;
    bool manual;       /* goes at once, beside breaker, concurrency and order */
    bool manual_again; /* asked for while it was out */
    bool fresh;        /* the next attempt is to use a new connection */
    size_t bytes;
    int64_t since_ms; /* in memory */
    struct parcel *next_spare;
};

enum outlet_step { OUTLET_BEHIND = 0, OUTLET_CLOSING, OUTLET_IN_STEP };

struct outlet {
    int64_t id;
    int64_t organization;
    struct list turn; /* in stock->turns while it has something that may be sent */
    struct list parcels;
    struct heap ready;          /* by id; manual ones first */
    struct paused_line *pauses; /* as the store had them, until the order is known */
    int pause_count;
    enum outlet_order order;
    struct map lines; /* subject → struct line */
    bool lines_stale; /* read_to was lowered: see lines_settle_all() */
    int parcel_count;
    size_t bytes;

    enum outlet_step step;
    bool waits;           /* as the courier says: nothing goes now, but for a probe */
    bool reading;         /* a page is on its way */
    int64_t read_to;      /* all unfinished deliveries with id up to this are in memory */
    int64_t read_after;   /* reading: where the page begins */
    int64_t read_before;  /* reading: and where it ends */
    int64_t read_due_ms;  /* reading: later ones are left out */
    bool read_is_pass;    /* reading: over what lies before read_to */
    int read_limit;       /* reading: how many were asked for */
    int64_t let_go_least; /* reading: the least id let go meanwhile; INT64_MAX: none */
    int64_t newer_least;  /* reading: the least of those behind read_to that were handed over
                           * meanwhile and not kept; INT64_MAX: none */
    int64_t *finished;    /* reading: ids finished meanwhile */
    int finished_count;
    int finished_room;
    size_t item_bytes; /* what one delivery of it costs, about; 0: not known */
    size_t reserved;   /* reading: bytes set aside for the page */

    /* What sleeps: see room.c. */
    int64_t later_ms;                     /* the least due time of it; INT64_MAX: nothing does */
    int lines_left;                       /* lines of which some sleep */
    int lines_awake;                      /* those of them that could move */
    bool pass;                            /* it is being read again */
    int64_t pass_after;                   /* so far */
    int64_t pass_to;                      /* and to here */
    int64_t pass_later_ms;                /* what of it goes on sleeping */
    int64_t pass_again_ms, thin_again_ms; /* not before */

    int64_t sweep_after;   /* the next sweep looks at ids above this (sweep.c) */
    int64_t sweep_suspect; /* the one that the last sweep did not find; 0: none */

    bool listed; /* starting: the store has work for it */
    bool missed; /* starting: it was handed some over */

    /* The courier's: see outlet.c. */
    struct endpoint *endpoint; /* one reference; NULL: not known yet, or deleted */
    bool deleted;
    struct target *target; /* NULL: no endpoint, or its URL cannot be read */
    struct target *proxy;  /* what it is connected to instead; NULL: none */
    struct place *place;   /* the target's; NULL without one */
    struct hmac *key;      /* NULL: not signed */
    char *authorization;   /* a header line; NULL: none, or one with a token */
    struct token *token;   /* one reference; NULL: it needs none */
    struct breaker breaker;
    int64_t hold_until_ms; /* Retry-After: nothing goes before */
    struct rate rate;
    int64_t failing_since_ms;   /* others have been told: endpoint.failing; 0: they have not */
    struct outlet_state stored; /* as the store has it, or will */
    struct hmac **old_keys;     /* of signing keys that were replaced: see endpoint->old_secrets */
    struct outlet_hold told;    /* what others have been told of these */
    int under_way;
    bool gone;              /* it answered 410: as if disabled, until it is changed */
    int64_t read_again_ms;  /* monotonic: after a read that failed */
    struct heap_link timer; /* in courier->timers: waits for its breaker or hold */
    struct list queued;     /* in place->waiting: waits for its host */
    struct list behind;     /* in courier->behind: is to be read */
    struct list fallen;     /* in stock->fallen */
};

struct stock {
    struct map outlets; /* id → struct outlet */
    struct map parcels; /* delivery id → struct parcel */
    struct heap due;
    struct list turns;  /* outlets that have something ready, next in turn first */
    struct list fallen; /* outlets of which some was let go, for the courier to have read */
    struct parcel *spare;
    int spare_count;
    int64_t now_ms;     /* as it was last told */
    int64_t horizon_ms; /* what is due later may sleep */
    bool starting;      /* which outlets have work in the store is not known yet */
    struct map resumed; /* starting: deliveries that the store may still say pause a line */
    size_t bytes;
    size_t bytes_max;
    int outlets_in_use;                  /* that hold parcels */
    int64_t fallen_behind, come_in_step; /* how often */
    int64_t no_room_until_ms;            /* nobody had any to give */
    int reading;
};

void stock_init(struct stock *stock, size_t bytes_max);
void stock_done(struct stock *stock);

/* Found, or made: behind while the stock is starting, else in step. */
struct outlet *stock_outlet(struct stock *stock, int64_t organization, int64_t id);

/* The store has unfinished deliveries of these: called for each, then stock_started(). */
void stock_list_outlet(struct stock *stock, int64_t organization, int64_t id);
/* All have been listed, from a snapshot, and its pauses loaded; the others are in step, unless they
 * missed something. */
void stock_started(struct stock *stock);

/* A job handed over by the committer: taken over, kept or let go. */
void stock_take_job(struct stock *stock, struct job *job, int64_t now_ms);

/* Some of its deliveries are in the store alone, because their time is far. */
bool stock_has_sleepers(const struct outlet *outlet);
/* True when a page of this outlet should be read now: `stock_begin_read` says which. Only the
 * courier knows whether the outlet is one that is sent to. One that waits needs no more than one
 * that is ready, so that many of them leave the memory to the others. */
bool stock_wants_page(struct stock *stock, struct outlet *outlet);
/* Ask for up to outlet->read_limit deliveries with id > read_after and ≤ read_before, due by
 * read_due_ms (those without a line) and of no line of lines_resting(), in a snapshot that begins
 * behind this call. False: there is no room now. */
MUST_USE bool stock_begin_read(struct stock *stock, struct outlet *outlet);

struct stock_page {
    struct job *jobs; /* by id, taken over */
    int64_t last;     /* the id that has been looked up to */
    bool whole;       /* and no more are behind it */
    int64_t later_ms; /* the least due time of those left out because of it; INT64_MAX: none */
};

void stock_take_page(struct stock *stock, struct outlet *outlet, struct stock_page *page,
                     int64_t now_ms);
void stock_read_failed(struct stock *stock, struct outlet *outlet);

/* What is due by now becomes ready. */
void stock_move_due(struct stock *stock, int64_t now_ms);
/* INT64_MAX: nothing waits. */
int64_t stock_next_due(const struct stock *stock);

/* Takes effect on what is in memory, too. */
void stock_set_order(struct stock *stock, struct outlet *outlet, enum outlet_order order);
/* It is dead, and pauses its line until it is handed over again, or passed over: by the first that
 * does, when there are several. To be told before it is forgotten. */
void stock_pause_line(struct stock *stock, struct parcel *parcel);
/* The same, as the store had it at the start, unless it has ended since. The order may be told
 * later. */
void stock_load_pause(struct stock *stock, const struct paused_line *pause);
void stock_pass_over(struct stock *stock, struct outlet *outlet, int64_t delivery);

/* The one to send next, or NULL: manual ones first, then by id. It stays in its queue. */
struct parcel *outlet_first(struct stock *stock, struct outlet *outlet);
/* Of about a thousand of the oldest that are ready, none of them manual: the oldest that has been tried
 * at most two times more than the one tried least. What a target refuses for what it is does not stand
 * before all others. NULL: none is ready. */
struct parcel *outlet_next_probe(struct stock *stock, struct outlet *outlet);
void stock_take_out(struct stock *stock, struct parcel *parcel);
/* It comes back, to wait until its (new) due time. */
/* What a parcel that is out sends is `data` from now on. */
void stock_fix_content(struct stock *stock, struct parcel *parcel, str data);
void stock_put_back(struct stock *stock, struct parcel *parcel, int64_t now_ms);
/* It is finished: recorded as such, or gone. When it was asked for by hand meanwhile, its outlet is
 * behind afterwards. */
void stock_forget(struct stock *stock, struct parcel *parcel);

/* The store has one that memory should have and has not: the outlet is behind. */
void stock_miss(struct stock *stock, struct outlet *outlet, int64_t id);

/* All that is not under way is let go: the store has it. */
void stock_let_go(struct stock *stock, struct outlet *outlet);

/* For room.c, after the order is known. */
void stock_take_pauses(struct stock *stock, struct outlet *outlet);
/* For lines.c: into the queue that its due time says, or by hand at once; and out of it. */
void stock_queue(struct stock *stock, struct parcel *parcel);
void stock_unqueue(struct stock *stock, struct parcel *parcel);

/* A chain of jobs by their links. */
void jobs_free(struct job *jobs);

/* Into the line of those to be looked at, if it has anything ready; and out of it. */
void stock_give_turn(struct stock *stock, struct outlet *outlet);
void stock_end_turn(struct outlet *outlet);
