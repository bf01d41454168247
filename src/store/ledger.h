/* SPDX-License-Identifier: MIT
 * store/ledger.h: the sums that the committer keeps by minute, by day and over all. Reading them
 * costs at most a day of minutes and the days since, however many events there are. */
#pragma once

#include "store/store.h"

struct ledger {
    int64_t events;
    int64_t wanted;
    int64_t not_wanted;
    int64_t occurrences;
    int64_t deliveries;
    int64_t delivered;
    int64_t pending; /* deliveries − delivered − dead − dropped */
    int64_t dead;
    int64_t dropped;
    int64_t rejected;
    int64_t attempts;
    int64_t attempts_failed;
    int64_t filtered; /* what endpoints with the right types did not get, by their filters */
};

/* Of an outlet or inlet, or of the whole organization (subject 0), from the minute of `since_ms`
 * on (from its day, where minutes are no longer kept); 0: from the beginning. */
MUST_USE int store_read_ledger(struct sql *sql, int64_t organization, int64_t subject,
                               int64_t since_ms, struct ledger *ret_ledger);

/* Deliveries of all organizations: `deliveries` and what became of them; the rest is 0. Costs their
 * number. */
MUST_USE int store_read_all_deliveries(struct sql *sql, struct ledger *ret_ledger);

/* When the oldest unfinished delivery of all was made; 0: there is none. Costs the number of
 * outlets with work. */
MUST_USE int store_read_oldest_work(struct sql *sql, int64_t *ret_created_ms);
