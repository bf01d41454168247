/* SPDX-License-Identifier: MIT
 * store/recoveries.h: recoveries: deliveries of one endpoint that are sent again in bulk. A row
 * says what is wanted, how far it has come, and what became of it; it stays. Shared SQL. */
#pragma once

#include "store/config.h"
#include "store/store.h"

#define RECOVERY_IDS_MAX 1000

enum recovery_state { RECOVERY_FAILED = 0, RECOVERY_RUNNING, RECOVERY_DONE, RECOVERY_CANCELLED };

str recovery_state_name(enum recovery_state state);

/* Either ids, or a time and states. */
struct recovery_wanted {
    int64_t since_ms;
    int64_t until_ms;   /* 0: no end */
    unsigned states;    /* bits: 1 << DELIVERY_… */
    const int64_t *ids; /* rising, each once */
    int id_count;
};

struct recovery {
    int64_t id; /* what is looked at was made before it, and so has a lower id */
    int64_t organization;
    int64_t outlet;
    enum recovery_state state;
    struct recovery_wanted wanted;
    int64_t reached;  /* deliveries up to this id have been looked at */
    int64_t total;    /* how many were wanted when it began */
    bool total_exact; /* false: at least */
    int64_t recovered;
    int64_t gone;    /* passed over: retention has taken what they sent */
    int64_t pending; /* passed over: they are on their way */
    int64_t unknown; /* passed over: no deliveries of this endpoint */
    int64_t started_ms;
    int64_t finished_ms; /* 0 while it runs */
    str actor;
    str reason; /* failed: why */
};

MUST_USE int store_insert_recovery(struct sql *sql, const struct recovery *recovery);
/* State, place, sums, end and reason. */
MUST_USE int store_update_recovery(struct sql *sql, const struct recovery *recovery);
/* STORE_NOT_FOUND */
MUST_USE int store_read_recovery(struct sql *sql, int64_t organization, int64_t id,
                                 struct arena *arena, struct recovery *ret_recovery);
/* Of one outlet, newest first. */
MUST_USE int store_list_recoveries(struct sql *sql, const struct store_page *page, int64_t outlet,
                                   struct recovery *ret_rows, int *ret_count);
/* Some of those that began below `cut_id` and were over before `cut_ms` go, the oldest first. How
 * many; below 0: failure. */
MUST_USE int64_t store_prune_recoveries(struct sql *sql, int64_t cut_id, int64_t cut_ms, int most);
/* The one that runs; STORE_NOT_FOUND: none does. */
MUST_USE int store_find_running_recovery(struct sql *sql, int64_t organization, int64_t outlet,
                                         int64_t *ret_id);
