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
};

/* The line that a parcel belongs in, found or made; NULL: none. */
struct line *lines_of(struct outlet *outlet, int64_t subject);

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

/* The delivery that paused a line is handed over again, or passed over. */
void lines_resume(struct stock *stock, struct outlet *outlet, int64_t delivery);

/* New lines, of all that is in memory. */
void lines_rebuild(struct stock *stock, struct outlet *outlet, enum outlet_order order);
void lines_done(struct outlet *outlet);
