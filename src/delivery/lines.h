/* SPDX-License-Identifier: MIT
 * delivery/lines.h: what goes one behind another. An outlet in strict order has one line; one in
 * the order of its subjects has a line for each. Pure, as the stock it is a part of. */
#pragma once

#include "delivery/heap.h"
#include "model/outlet.h"

struct outlet;
struct parcel;
struct stock;

struct line {
    int64_t subject;       /* 0: all of the outlet */
    struct heap parcels;   /* by id: all of it that is in memory, whatever their state */
    struct parcel *queued; /* the first, when it waits or is ready; NULL */
    int out;               /* of them under way, those sent by hand not counted */
    int64_t paused_by;     /* a dead delivery; 0: none */
    /* What of it sleeps: all from this id on are in the store alone. INT64_MAX: nothing does. */
    int64_t left_least;
    bool awake;         /* it could move, and what was left is to be read */
    bool returning;     /* it is being read */
    int64_t left_again; /* returning: the least id that was left meanwhile */
};

/* The line that a parcel belongs in, found or made; NULL: none. */
struct line *lines_of(struct outlet *outlet, int64_t subject);
/* If it is there. */
struct line *lines_find(const struct outlet *outlet, int64_t subject);

/* ── what sleeps ── */

/* The parcel is not the first of its line, which cannot move before that time. */
bool line_rests(const struct line *line, const struct parcel *parcel, int64_t until_ms);
/* That one is let go; before it is removed. */
void line_leave(struct outlet *outlet, struct line *line, int64_t id);
/* One that is in the store alone is meant; `line` may be NULL. */
bool line_leaves_out(const struct line *line, int64_t id);
/* Those that are not to be read now: subjects, sorted, in `ret_subjects` (room for lines_left).
 * Returns how many. */
int lines_resting(const struct outlet *outlet, int64_t *ret_subjects);
/* A pass begins, and ends: what was left of the lines that are awake is in memory again. */
void lines_begin_return(struct outlet *outlet);
void lines_end_return(struct outlet *outlet);
/* True when there was any: it must be read anew. */
bool lines_forget_left(struct outlet *outlet);

/* ── coming and going ── */

void line_add(struct stock *stock, struct outlet *outlet, struct parcel *parcel);
/* It leaves for good. The line may be gone afterwards. */
void line_remove(struct stock *stock, struct outlet *outlet, struct parcel *parcel);

/* By hand: it goes at once, whoever is before it; who comes behind it goes on waiting. */
void line_asked_for(struct stock *stock, struct outlet *outlet, struct parcel *parcel);
void line_taken_out(struct stock *stock, struct outlet *outlet, struct parcel *parcel);
void line_put_back(struct stock *stock, struct outlet *outlet, struct parcel *parcel);

/* The first of it that may go is queued, and no other. */
void line_settle(struct stock *stock, struct outlet *outlet, struct line *line);
/* After read_to has changed. */
void lines_settle_all(struct stock *stock, struct outlet *outlet);

/* The delivery that paused the line, if this one did, is handed over again. `line` may be NULL. */
void line_resume(struct stock *stock, struct outlet *outlet, struct line *line, int64_t delivery);
/* It is passed over: whichever line that is; looks at all of them. */
void lines_resume(struct stock *stock, struct outlet *outlet, int64_t delivery);

/* New lines, of all that is in memory. */
void lines_rebuild(struct stock *stock, struct outlet *outlet, enum outlet_order order);
void lines_done(struct outlet *outlet);
