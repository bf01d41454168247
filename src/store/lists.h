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
    int64_t order; /* 0: none */
};

struct event_filter {
    str type;         /* empty: all */
    int64_t since_ms; /* 0: from the beginning */
};

MUST_USE int store_list_events(struct sql *sql, const struct store_page *page,
                               const struct event_filter *filter, struct event_summary *ret_rows,
                               struct store_listed *ret_listed);

struct event_found {
    struct event event;
    bool wanted;
};

/* STORE_NOT_FOUND */
MUST_USE int store_read_event(struct sql *sql, int64_t organization, int64_t id,
                              struct arena *arena, struct event_found *ret_found);

/* The newest event of each inlet that had one among the last thousand of the organization. */
struct last_event {
    int64_t inlet;
    int64_t event;
};

MUST_USE int store_list_last_events(struct sql *sql, int64_t organization, int limit,
                                    struct last_event *ret_rows, int *ret_count);
/* What an event caused, in its order. */
MUST_USE int store_list_occurrences(struct sql *sql, const struct store_page *page, int64_t event,
                                    struct event_summary *ret_rows, int *ret_count);

/* ── contacts ── */

/* Newest first. */
MUST_USE int store_list_contacts(struct sql *sql, const struct store_page *page,
                                 struct contact *ret_rows, int *ret_count);

/* By the beginning of email_key, in its order. */
struct contact_search {
    str prefix;
    str after; /* the last key of the page before; empty: from the first */
};

MUST_USE int store_search_contacts(struct sql *sql, const struct store_page *page,
                                   const struct contact_search *search, struct contact *ret_rows,
                                   int *ret_count);
/* STORE_NOT_FOUND */
MUST_USE int store_read_contact(struct sql *sql, int64_t organization, int64_t id,
                                struct arena *arena, struct contact *ret_contact);

/* ── deliveries ── */

struct delivery_filter {
    int64_t outlet;
    const enum delivery_state *state; /* NULL: in all states */
};

MUST_USE int store_list_deliveries(struct sql *sql, const struct store_page *page,
                                   const struct delivery_filter *filter,
                                   struct delivery_found *ret_rows,
                                   struct store_listed *ret_listed);
/* The one that an event made for an outlet; STORE_NOT_FOUND. */
MUST_USE int store_find_event_delivery(struct sql *sql, const struct event *event, int64_t outlet,
                                       struct arena *arena, struct delivery_found *ret_found);

/* Finished deliveries of an outlet; and the unfinished, when `states` has pending: these go by the
 * time they were made. `until_ms` also bounds their ids: times rise with ids, but for an hour. */
struct finished_scan {
    int64_t organization;
    int64_t outlet;
    int64_t after, before; /* ids between these */
    unsigned states;       /* bits: 1 << DELIVERY_… */
    int64_t since_ms;      /* ended then or later */
    int64_t until_ms;      /* ended before; 0: no end */
    int limit;             /* rows to look at */
};

struct finished_found {
    int64_t count;
    int64_t end; /* the last id looked at; 0: there are no more behind it */
};

/* Those of the next `limit` rows that are meant, oldest first: `end` is the next scan's `after`. */
MUST_USE int store_scan_finished(struct sql *sql, const struct finished_scan *scan,
                                 struct arena *arena, struct delivery_found *ret_rows,
                                 struct finished_found *ret_found);
/* How many of them are, newest first, so that a count that ends early has what ended lately: `end`
 * is the next one's `before`. */
MUST_USE int store_count_finished(struct sql *sql, const struct finished_scan *scan,
                                  struct finished_found *ret_found);

/* The event that a delivery sends, or what is left of it: when its own row is gone, an unfinished
 * delivery carries what is sent, and whom it is about. STORE_NOT_FOUND: retention has taken it. */
MUST_USE int store_read_sent_event(struct sql *sql, const struct delivery_found *found,
                                   struct arena *arena, struct event *ret_event);

/* ── attempts ── */

/* The newest of a delivery below that number. */
struct attempt_page {
    int before; /* INT32_MAX: from the newest on */
    int limit;
};

/* How many bytes each attempt holds, newest first: what a page of them may cost. */
struct attempt_size {
    int number;
    int64_t bytes;
};

MUST_USE int store_read_attempt_sizes(struct sql *sql, const struct delivery *delivery,
                                      const struct attempt_page *page,
                                      struct attempt_size *ret_sizes, int *ret_count);

struct attempt_visitor {
    struct arena *arena; /* what is shown lives there */
    void (*show)(struct attempt_visitor *visitor, const struct attempt *attempt);
};

/* From `first` to the last below `before`, in their order; sealed, see store/sealed.h. */
MUST_USE int store_read_attempts(struct sql *sql, const struct delivery *delivery, int first,
                                 int before, struct attempt_visitor *visitor);

/* ── rejections ── */

/* `inlet` 0 and `inlet_name`, `reason` empty: all. */
struct rejection_filter {
    int64_t inlet;
    str inlet_name;
    str reason;
};

MUST_USE int store_list_rejections(struct sql *sql, const struct store_page *page,
                                   const struct rejection_filter *filter,
                                   struct rejection *ret_rows, struct store_listed *ret_listed);

struct rejection_sum {
    int64_t inlet;
    str reason;
    int64_t rejected;
};

/* Exact, from the minute of `since_ms` on; most first. */
MUST_USE int store_sum_rejections(struct sql *sql, const struct store_page *page, int64_t since_ms,
                                  struct rejection_sum *ret_rows, int *ret_count);
