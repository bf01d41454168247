/* SPDX-License-Identifier: MIT
 * store/lists.h: what happened, a page at a time: events, contacts, deliveries, attempts,
 * rejections. Shared SQL for both engines, on readers' connections.
 *
 * Lists go newest first and start below page.before. A filter that no index serves looks at no more
 * than STORE_SCAN_ROWS rows a page, so that one page costs a few milliseconds however long history
 * is: a page may hold fewer rows than asked for, or none, and still have a next one. */
#pragma once

#include "store/config.h"

#define STORE_SCAN_ROWS 10000

/* What a list read. */
struct store_listed {
    int count;
    int64_t next; /* `before` of the next page; 0: this was the last */
};

/* ── events ── */

struct event_summary {
    int64_t id;
    int64_t at_ms;
    str type;
    int64_t contact;
    int64_t inlet;
    int64_t caused_by;
    bool wanted;
};

/* `type` empty: all; `since_ms` 0: from the beginning. */
MUST_USE int store_list_events(struct sql *sql, const struct store_page *page, str type,
                               int64_t since_ms, struct arena *arena,
                               struct event_summary *ret_rows, struct store_listed *ret_listed);
/* STORE_NOT_FOUND */
MUST_USE int store_read_event(struct sql *sql, int64_t organization, int64_t id,
                              struct arena *arena, struct event *ret_event, bool *ret_wanted);

/* The newest event of each inlet that had one among the last thousand of the organization. */
struct last_event {
    int64_t inlet;
    int64_t event;
};

MUST_USE int store_list_last_events(struct sql *sql, int64_t organization, int limit,
                                    struct last_event *ret_rows, int *ret_count);
/* What an event caused, in its order. */
MUST_USE int store_list_occurrences(struct sql *sql, int64_t organization, int64_t event,
                                    struct arena *arena, struct event_summary *ret_rows, int limit,
                                    int *ret_count);

/* ── contacts ── */

/* Newest first. */
MUST_USE int store_list_contacts(struct sql *sql, const struct store_page *page,
                                 struct arena *arena, struct contact *ret_rows, int *ret_count);
/* Those whose email_key starts with `prefix`, in its order, behind the key `after` (empty: from the
 * first). */
MUST_USE int store_search_contacts(struct sql *sql, int64_t organization, str prefix, str after,
                                   int limit, struct arena *arena, struct contact *ret_rows,
                                   int *ret_count);
/* STORE_NOT_FOUND */
MUST_USE int store_read_contact(struct sql *sql, int64_t organization, int64_t id,
                                struct arena *arena, struct contact *ret_contact);

/* ── deliveries ── */

/* Of one outlet. `state` NULL: in all states. */
MUST_USE int store_list_deliveries(struct sql *sql, const struct store_page *page, int64_t outlet,
                                   const enum delivery_state *state, struct arena *arena,
                                   struct delivery_found *ret_rows,
                                   struct store_listed *ret_listed);
/* The one that an event made for an outlet; STORE_NOT_FOUND. */
MUST_USE int store_find_event_delivery(struct sql *sql, int64_t organization, int64_t outlet,
                                       int64_t event, struct arena *arena,
                                       struct delivery_found *ret_found);
/* What a delivery sends when its event's own row is gone; STORE_NOT_FOUND. */
MUST_USE int store_read_carried_body(struct sql *sql, int64_t organization, int64_t outlet,
                                     int64_t delivery, struct arena *arena, str *ret_data);

/* ── attempts ── */

/* How many bytes each attempt holds, newest first: what a page of them may cost. */
struct attempt_size {
    int number;
    int64_t bytes;
};

MUST_USE int store_read_attempt_sizes(struct sql *sql, int64_t organization, int64_t delivery,
                                      int limit, struct attempt_size *ret_sizes, int *ret_count);
/* From `first` on, in their order. `each` gets views that live until it returns. */
MUST_USE int store_read_attempts(struct sql *sql, int64_t organization, int64_t delivery, int first,
                                 struct arena *arena,
                                 void (*each)(void *context, const struct attempt *attempt),
                                 void *context);

/* ── rejections ── */

/* `inlet` 0 and `inlet_name`, `reason` empty: all. */
struct rejection_filter {
    int64_t inlet;
    str inlet_name;
    str reason;
};

MUST_USE int store_list_rejections(struct sql *sql, const struct store_page *page,
                                   const struct rejection_filter *filter, struct arena *arena,
                                   struct rejection *ret_rows, struct store_listed *ret_listed);

struct rejection_sum {
    int64_t inlet;
    str reason;
    int64_t rejected;
};

/* Exact, from `since_ms` (its minute) on; most first. */
MUST_USE int store_sum_rejections(struct sql *sql, int64_t organization, int64_t since_ms,
                                  int limit, struct arena *arena, struct rejection_sum *ret_rows,
                                  int *ret_count);
