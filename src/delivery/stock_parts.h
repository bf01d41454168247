/* SPDX-License-Identifier: MIT
 * delivery/stock_parts.h: what stock.c, room.c and pages.c share: the stock's insides. */
#pragma once

#include "delivery/stock.h"

#define NONE INT64_MAX
#define IN_STEP_TO INT64_MAX

static inline struct parcel *parcel_of(struct list *link)
{
    return LIST_ENTRY(link, struct parcel, link);
}

static inline size_t room_left(size_t of, size_t used)
{
    return of - MIN_OF(used, of);
}

/* ── stock.c ── */

size_t parcel_bytes(const struct job *job);
void parcel_insert(struct stock *stock, struct outlet *outlet, struct job *job);
void parcel_remove(struct stock *stock, struct parcel *parcel);
/* While a page is read: that one is not in memory, and the page may have it as it was before. */
void stock_note_not_kept(struct outlet *outlet, int64_t id);

/* ── room.c ── */

/* That one is in the store alone from now on, and is to be read from there. */
void room_note_let_go(struct stock *stock, struct outlet *outlet, int64_t id);
/* For one more parcel. False: the outlet has its share, and all together have no more. */
bool room_make(struct stock *stock, struct outlet *outlet, size_t bytes);
/* For a page. False: nobody has any to give now. */
bool room_claim(struct stock *stock, struct outlet *outlet);
/* What an outlet may read: its share as far as it is free, or half of what is free; and what is
 * left of its share. */
size_t room_of_page(const struct stock *stock, const struct outlet *outlet);
size_t room_of_own(const struct stock *stock, const struct outlet *outlet);
/* Lets go of what sleeps. */
void room_thin(struct stock *stock, struct outlet *outlet);
