/* SPDX-License-Identifier: MIT
 * store/exports.h: what deliveries of export profiles have beside others, and the files that some of
 * them are rows of. Shared SQL. */
#pragma once

#include "store/config.h"
#include "store/store.h"

/* STORE_NOT_FOUND: it is of another kind, or of another organization. `content` is in the arena. */
MUST_USE int store_find_export(struct sql *sql, int64_t organization, int64_t delivery,
                               struct arena *arena, struct export_delivery_row *ret_row);

/* Those that are to be fixed by then, the most urgent first, up to `limit`. */
MUST_USE int store_list_exports_to_fix(struct sql *sql, int64_t until_ms, int limit,
                                       struct arena *arena, struct export_delivery_row *ret_rows,
                                       int *ret_count);
/* When the next one behind that is; INT64_MAX: none is. */
MUST_USE int store_next_export_to_fix(struct sql *sql, int64_t after_ms, int64_t *ret_fix_ms);

/* ── files ── */

MUST_USE int store_insert_export_file(struct sql *sql, const struct export_file *file);
/* So much more is in it than the store has; and what becomes of it. */
MUST_USE int store_update_export_file(struct sql *sql, const struct export_file_row *row);
/* STORE_NOT_FOUND: nothing has gone into it yet. `wanted` names organization, profile, route, day. */
MUST_USE int store_find_export_file(struct sql *sql, const struct export_file *wanted,
                                    struct arena *arena, struct export_file *ret_file);
MUST_USE int store_read_export_file(struct sql *sql, int64_t organization, int64_t id,
                                    struct arena *arena, struct export_file *ret_file);
MUST_USE int store_find_export_file_by_name(struct sql *sql, int64_t organization, int64_t profile,
                                            str name, struct arena *arena,
                                            struct export_file *ret_file);
MUST_USE int store_list_export_files(struct sql *sql, const struct store_page *page,
                                     int64_t profile, struct export_file *ret_rows, int *ret_count);

/* The rows of a file behind `after`, oldest first: adds them to `bytes` until `bytes` has `most` or
 * more. *ret_last is the last one's delivery; 0: there was none. */
struct export_file_part {
    int64_t organization;
    int64_t file;
    int64_t after;
    size_t most;
};

MUST_USE int store_read_export_file_part(struct sql *sql, const struct export_file_part *part,
                                         struct buf *bytes, int64_t *ret_last);
/* Whether all rows are there that have gone into it: retention takes each with its delivery. */
MUST_USE int store_check_export_file(struct sql *sql, const struct export_file *file,
                                     bool *ret_whole);

/* One that has been uploaded, and whose rows are not all known to be delivered. STORE_NOT_FOUND */
MUST_USE int store_find_unsettled_file(struct sql *sql, struct arena *arena,
                                       struct export_file *ret_file);
MUST_USE int store_settle_file(struct sql *sql, const struct export_file *file);
/* Its unfinished deliveries, by id. */
MUST_USE int store_list_export_file_work(struct sql *sql, const struct export_file *file, int limit,
                                         struct arena *arena, struct delivery_found *ret_rows,
                                         int *ret_count);

/* Those that closed before, and whose rows have all gone: up to `limit`. Returns how many, or < 0. */
MUST_USE int64_t store_prune_export_files(struct sql *sql, int64_t before_ms, int limit);

/* ── what happened before a route was made (intake/backfill.h) ── */

struct backfill {
    int64_t route;
    int64_t organization;
    int64_t profile;
    int64_t since_ms;
    int64_t until; /* events up to this one: what comes later the route has seen */
    int64_t
        updated_ms; /* where it stands: the order that was looked at last, by its newest change */
    int64_t order;
};

MUST_USE int store_insert_backfill(struct sql *sql, const struct backfill *backfill);
MUST_USE int store_update_backfill(struct sql *sql, const struct backfill *backfill);
MUST_USE int store_delete_backfill(struct sql *sql, const struct backfill *backfill);
/* The oldest there is. STORE_NOT_FOUND */
MUST_USE int store_find_backfill(struct sql *sql, struct backfill *ret_backfill);

struct changed_order {
    int64_t id;
    int64_t updated_ms;
};

/* Orders behind where it stands, in the order of their changes. */
MUST_USE int store_list_changed_orders(struct sql *sql, const struct backfill *backfill, int limit,
                                       struct changed_order *ret_rows, int *ret_count);

/* The occurrences of that type of an order in its time, oldest first, up to `limit`. */
struct occurrences_wanted {
    const struct backfill *backfill;
    int64_t order;
    str type;
    int limit;
};

MUST_USE int store_list_old_occurrences(struct sql *sql, const struct occurrences_wanted *wanted,
                                        struct arena *arena, struct event *ret_rows,
                                        int *ret_count);
/* The data of the newest occurrence of that type of an order. STORE_NOT_FOUND */
MUST_USE int store_find_last_occurrence(struct sql *sql, const struct order *order, str type,
                                        struct arena *arena, str *ret_data);
/* STORE_NOT_FOUND: the profile has no delivery of it. `row` names organization, order, event, outlet,
 * and of a file the route. */
MUST_USE int store_find_exported(struct sql *sql, const struct export_delivery_row *row);
