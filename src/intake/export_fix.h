/* SPDX-License-Identifier: MIT
 * intake/export_fix.h: what a delivery of an export profile sends, from the order as it is now: a
 * request's parameters, or a row that goes into a file. In a batch, on the committer's thread. */
#pragma once

#include "intake/committer.h"

struct export_fixing {
    const struct endpoint *profile;
    const struct export_route *route; /* of a file */
    const struct order *order;
    const struct order_occurrence *occurrence;
    struct delivery *delivery;
    /* What came of it: */
    int64_t file;
    str content; /* in the batch's arena; empty: nothing is sent of it, or not yet */
};

/* Fixes it; the delivery then stands as it does with that: dropped, with the reason; delivered, as a
 * row of a CSV profile is; or due when its file closes. */
void export_fix(struct batch *batch, struct export_fixing *fixing);

/* What a CSV profile's file takes is delivered with that: nothing is while the profile is paused or
 * disabled. */
bool export_fix_waits(const struct endpoint *profile);
/* It has ended so, now; nothing is stored yet. */
void export_fix_end(struct delivery *delivery, enum delivery_state state, str reason,
                    int64_t now_ms);
/* What the store keeps of it, fixed or not. */
void export_fix_store(struct batch *batch, const struct export_fixing *fixing);
/* The ledger's side of a delivery that has ended so. */
void export_fix_count_end(struct batch *batch, const struct delivery *delivery);
