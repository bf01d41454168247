/* SPDX-License-Identifier: MIT
 * store/store.h: the store: one interface, two engines (SQLite now, PostgreSQL next). Here are the
 * operations that engines implement themselves; store/config.h, store/access.h and store/lists.h
 * have the rest, in SQL that both speak.
 *
 * Connections: writers (the committer's; SQLite has one) and readers (read-only, a snapshot from
 * store_read_begin to store_read_end). Each belongs to one thread. Failures are FAIL_STORE or
 * −errno, logged by the engine with what the database said; a failed writer must be rolled back. */
#pragma once

#include "base/arena.h"
#include "base/log.h"
#include "base/problem.h"
#include "model/event.h"
#include "model/order.h"
#include "model/sku.h"
#include "store/sql.h"

struct store;
struct store_writer;
struct store_reader;

struct store_options {
    str directory; /* SQLite: the data directory; junctor.db lies in it */
    const struct log *log;
    bool create; /* make the directory and the database when there are none */
    bool beside; /* a hub may be running on it: migrate nothing */
};

/* Opens and migrates. Outcomes: 0; STORE_TOO_NEW (the database is of a newer program);
 * STORE_ABSENT (no database there and `create` is false); STORE_TOO_OLD (it would have to be
 * migrated, and `beside` is set). reterr says it for people, and failures too. */
enum { STORE_TOO_NEW = 1, STORE_ABSENT = 2, STORE_TOO_OLD = 3 };

MUST_USE int store_open(const struct store_options *options, struct arena *arena,
                        struct store **ret_store, struct problem *reterr);
void store_close(struct store *store);

MUST_USE int store_writer_open(struct store *store, struct store_writer **ret_writer);
void store_writer_close(struct store_writer *writer);
MUST_USE int store_reader_open(struct store *store, struct store_reader **ret_reader);
void store_reader_close(struct store_reader *reader);

struct sql *store_writer_sql(struct store_writer *writer);
struct sql *store_reader_sql(struct store_reader *reader);

/* A snapshot of 2 s at most, so that the WAL stays bounded: after that, statements fail, and
 * store_read_was_slow() says why. */
MUST_USE int store_read_begin(struct store_reader *reader);
/* One without a deadline, for a doctor: while it lasts, the WAL cannot start again from its
 * beginning. */
MUST_USE int store_read_begin_long(struct store_reader *reader);
void store_read_end(struct store_reader *reader);
/* True when the last snapshot was ended by its deadline. */
bool store_read_was_slow(const struct store_reader *reader);

/* ── batches ── */

enum commit_outcome {
    COMMIT_UNKNOWN = 0, /* settle it with store_settle() before anything else */
    COMMIT_REFUSED,     /* nothing of it is there; the transaction is over */
    COMMIT_DONE,
};

MUST_USE int store_begin(struct store_writer *writer);
void store_rollback(struct store_writer *writer);
/* Notes `batch` (the highest id drawn so far) in the transaction, and commits. */
MUST_USE enum commit_outcome store_commit(struct store_writer *writer, int64_t batch);

/* After COMMIT_UNKNOWN: opens the connection anew and looks. Outcomes: COMMIT_DONE, COMMIT_REFUSED
 * (absent), COMMIT_UNKNOWN (it still cannot be told; try again later). */
MUST_USE enum commit_outcome store_settle(struct store_writer *writer, int64_t batch);

/* True when the last failure was for want of room on the disk. */
bool store_is_full(const struct store_writer *writer);

/* True when a sync of the database file has failed: what was copied into it may be lost, so nothing
 * more is copied, and the WAL grows until the program is started again. Commits go on and are
 * durable. */
bool store_needs_restart(const struct store_writer *writer);

/* The highest id in the store, or 0. */
MUST_USE int store_highest_id(struct sql *sql, int64_t *ret_id);

/* Loading: sets the answers in each element. */
struct contact_load {
    int64_t organization;
    str email_key;
    int64_t id; /* answer; 0: there is none */
};

struct idempotency_load {
    int64_t organization;
    str key;          /* hash, 16 bytes */
    int64_t since_ms; /* older ones do not count */
    int64_t event;    /* answer; 0: there is none */
    int64_t contact;
    unsigned char request[16]; /* hash of the request that came with it */
};

struct work_load {
    int64_t organization;
    int64_t outlet;
    int64_t id;
    bool found;               /* answer: it is unfinished */
    bool dropped;             /* answer: it is not, it was dropped, or is delivered as before */
    struct delivery delivery; /* answer, of either; reason is in the arena */
};

/* The SKU of that campaign that is written exactly so; else the oldest that is so without regard to
 * case. */
struct sku_load {
    int64_t organization;
    int64_t campaign;
    str text;
    str key;
    int64_t id;                     /* answer; 0: there is none */
    int64_t product;                /* answer; 0: it is linked to none */
    str found_text;                 /* answer, as it is written; in the arena */
    struct sku_load *next_spelling; /* the caller's own */
};

MUST_USE int store_load_contacts(struct store_writer *writer, struct contact_load **loads,
                                 int count);
MUST_USE int store_load_idempotency(struct store_writer *writer, struct idempotency_load **loads,
                                    int count);
MUST_USE int store_load_work(struct store_writer *writer, struct work_load **loads, int count,
                             struct arena *arena);
MUST_USE int store_load_skus(struct store_writer *writer, struct sku_load **loads, int count,
                             struct arena *arena);

/* Sums to add to the ledger, of one subject and minute. */
struct counter_delta {
    struct counter_delta *next;
    int64_t organization;
    int64_t subject;   /* outlet or inlet id; 0: the organization */
    int64_t minute_ms; /* a multiple of 60,000 */
    int64_t events, wanted, not_wanted, occurrences;
    int64_t filtered; /* deliveries that were not made, by a filter */
    int64_t deliveries, delivered, dead, dropped;
    int64_t rejected, attempts, attempts_failed;
};

struct idempotency_row {
    struct idempotency_row *next;
    int64_t organization;
    str key;     /* 16 bytes */
    str request; /* 16 bytes */
    int64_t event;
    int64_t contact;
    int64_t at_ms;
};

struct rejection {
    int64_t id; /* 0: counted only */
    int64_t organization;
    int64_t at_ms;
    int64_t inlet;  /* 0: none was found */
    str inlet_name; /* "custom_event.order", or the path */
    int status;
    str reason; /* problem slug */
    str detail;
    str client;
    str request_id;
    str body; /* what is kept of it */
    int64_t body_length;
};

/* What one batch appends, in the order of apply. Lists are singly linked, oldest first. */
struct event_row {
    struct event_row *next;
    struct event event;
    bool wanted;
};

struct contact_row {
    struct contact_row *next;
    struct contact contact;
};

struct work_row {
    struct work_row *next;
    struct delivery delivery;
    str event_type;
};

/* The result of an attempt, or another change of a delivery's state. */
struct delivery_change {
    struct delivery_change *next;
    struct delivery after; /* pending: the work row is updated; else it moves to deliveries */
    str event_type;
    bool was_pending;              /* where the row is now: work (true) or deliveries (false) */
    bool fresh;                    /* nowhere yet: it ends before it begins, with a reason */
    const struct attempt *attempt; /* to be recorded with it, or NULL */
};

/* An attempt whose delivery changes no more: it was dropped meanwhile. */
struct attempt_row {
    struct attempt_row *next;
    const struct attempt *attempt;
};

struct rejection_row {
    struct rejection_row *next;
    struct rejection rejection;
};

struct outlet_state_row {
    struct outlet_state_row *next;
    struct outlet_state state; /* replaces what is there; all zero: deletes it */
};

struct paused_line_row {
    struct paused_line_row *next;
    struct paused_line line; /* one that is paused already stays so by what paused it */
};

struct notice_row {
    struct notice_row *next;
    struct stored_notice notice;
};

struct sku_row {
    struct sku_row *next;
    struct sku sku;
};

/* What a delivery of an export profile has beside others: one row each, or what is known of it now. */
struct export_delivery_row {
    struct export_delivery_row *next;
    int64_t delivery;
    int64_t organization;
    int64_t outlet;
    int64_t event;
    int64_t order;
    int64_t route;  /* of a file; 0: any of that customer type */
    int64_t file;   /* that it is a row of; 0: none */
    str content;    /* mapping/export_render.h; empty: not fixed yet */
    int64_t fix_ms; /* while it is not: when it is to be, at the latest; 0: when it is sent */
};

/* A file of an export profile: what is fixed with its first row, and how far it is. Its bytes are
 * the header and the contents of its rows, by delivery. */
struct export_file {
    int64_t id;
    int64_t organization;
    int64_t profile;
    int64_t route;
    int64_t day; /* since 1970-01-01, by the account's clocks */
    str name;
    str columns; /* the field map, as export_map_write() wrote it */
    str header;
    bool guarded;      /* cells are */
    int64_t closes_ms; /* no row is added from then on */
    int64_t row_count;
    int64_t byte_count; /* without the header */
    int64_t delivery;   /* whose attempts are the file's; 0: none has been */
    int64_t uploaded_ms;
    int64_t created_ms;
};

/* Of a batch: what goes into a file, or becomes of it. */
struct export_file_row {
    struct export_file_row *next;
    struct export_file file;
    bool fresh; /* not in the store yet */
    int64_t rows, bytes;
    int64_t delivery;
    int64_t uploaded_ms;
};

/* Orders and customers that a batch has made or changed, each once. */
struct order_row {
    struct order_row *next;
    struct order *order; /* as it is at the batch's end */
    bool fresh;          /* not in the store yet */
};

struct customer_row {
    struct customer_row *next;
    struct customer customer;
};

struct batch_rows {
    struct event_row *events;
    struct contact_row *contacts;
    struct work_row *work;
    struct delivery_change *changes;
    struct attempt_row *attempts; /* beside those of `changes` */
    struct idempotency_row *idempotency;
    struct counter_delta *counters; /* one for each subject and minute */
    struct rejection_row *rejections;
    struct outlet_state_row *outlet_states;
    struct paused_line_row *paused_lines;
    struct notice_row *notices;
    struct order_row *orders;
    struct customer_row *customers; /* new ones */
    struct sku_row *skus;
    struct export_delivery_row *exports;
    struct export_file_row *export_files;
};

/* Writes them all. An event with a contact also enters that contact's activity. */
MUST_USE int store_write_batch(struct store_writer *writer, const struct batch_rows *rows);

/* ── due work ── */

/* A delivery with what is needed to send it: of its event id, type, at_ms, hops, contact, data. */
struct work_item {
    struct delivery delivery;
    struct event event;
};

struct outlet_work {
    int64_t organization;
    int64_t outlet;
};

struct work_span {
    struct outlet_work of;
    int64_t after; /* ids above this */
    int64_t to;    /* and up to this */
};

/* Unfinished deliveries of an outlet, by id. */
struct work_wanted {
    struct work_span span;
    int limit;           /* so many, at most */
    int64_t due_to_ms;   /* without those due later; INT64_MAX: all */
    bool by_subject;     /* that is asked of those without a subject alone */
    const int64_t *skip; /* without those of these subjects; sorted */
    int skip_count;
};

struct work_page {
    int count;
    int64_t
        last;   /* the id up to which it has been looked; of the span's beginning: nothing there */
    bool whole; /* no more are behind it, in the span */
    int64_t later_ms; /* the least due time of those left out because of it; INT64_MAX: none */
};

/* `ret_items` has room for `limit`. Of a filtered page it looks at 4,096 rows, at most. */
MUST_USE int store_read_work(struct sql *sql, const struct work_wanted *wanted, struct arena *arena,
                             struct work_item *ret_items, struct work_page *ret_page);

/* Ids of an outlet's unfinished deliveries that were due before that moment (Junctor's time), by
 * id, up to `limit`. Reads the span's rows until it has them. */
MUST_USE int store_read_due(struct sql *sql, const struct work_span *span, int64_t before_ms,
                            int limit, int64_t *ret_ids, int *ret_count);

/* Outlets with unfinished deliveries. Cost: their number, not that of the deliveries. */
MUST_USE int store_read_outlets_with_work(struct sql *sql, struct arena *arena,
                                          struct outlet_work **ret_outlets, int *ret_count);

/* ── one delivery, wherever it is ── */

enum { STORE_NOT_FOUND = 1 };

struct delivery_found {
    struct delivery delivery;
    str event_type;
};

MUST_USE int store_find_delivery(struct sql *sql, int64_t organization, int64_t id,
                                 struct arena *arena, struct delivery_found *ret_found);
/* An unfinished one, whose outlet is known. STORE_NOT_FOUND: it is none. */
MUST_USE int store_find_work(struct sql *sql, const struct outlet_work *of, int64_t id,
                             struct arena *arena, struct delivery_found *ret_found);

/* ── activity ── */

/* Up to `limit` event ids of a contact, below `before` (0: the newest), newest first. */
MUST_USE int store_read_activity(struct sql *sql, int64_t organization, int64_t contact,
                                 int64_t before, int limit, int64_t *ret_ids, int *ret_count);

/* ── chores: each call is one step of about `budget_ms`; > 0: there is more to do ── */

enum { CHORE_MORE = 1 };

struct retention {
    int64_t before_ms; /* Junctor's time: what is older goes; 0: nothing by age */
    int64_t before_id; /* ids from here on stay whatever their time; 0: times alone rule */
    int64_t max_bytes; /* of history; the oldest goes until it fits; 0: no cap */
    int64_t idempotency_before_ms;
    int64_t sessions_before_ms;
    int64_t notices_before_ms; /* told or not */
    int64_t audit_before_ms;   /* 0: the audit stays */
    int64_t minutes_before_ms; /* the ledger's minutes; days and sums over all stay; 0: all stay */
};

MUST_USE int store_prune_step(struct store_writer *writer, const struct retention *retention,
                              int budget_ms);
/* Gives free pages back to the file system. */
MUST_USE int store_vacuum_step(struct store_writer *writer, int budget_ms);
MUST_USE int store_merge_activity_step(struct store_writer *writer, int budget_ms);
MUST_USE int store_index_keys_step(struct store_writer *writer, int budget_ms);
/* Unfinished deliveries of a deleted outlet become dropped, with `reason`; those that were delivered
 * before, and were to be sent once more, delivered again. The ledger follows. */
MUST_USE int store_drop_outlet_step(struct store_writer *writer, int64_t organization,
                                    int64_t outlet, str reason, int64_t now_ms, int budget_ms);
/* Copies the WAL back when it has `pages` or more; between batches. */
MUST_USE int store_checkpoint(struct store_writer *writer, int pages);

struct store_size {
    int64_t file_bytes; /* what is still only in the WAL included */
    int64_t wal_bytes;
    int64_t free_bytes; /* in the file, unused */
    int64_t disk_free_bytes;
};

MUST_USE int store_size(struct sql *sql, struct store_size *ret_size);

/* ── backup, and looking after it ── */

/* A consistent copy while the hub runs, by steps, into a new file. */
MUST_USE int store_backup(struct store *store, str to_file, struct arena *arena,
                          struct problem *reterr);

/* Integrity of the file, and of what must hold between its tables. Problems come as lines. */
MUST_USE int store_check(struct sql *sql, struct arena *arena, str *ret_lines, int *ret_count);

/* Recounts the ledger from the rows; each difference is a line. Minutes that pruning has touched
 * are left out. Both read everything once: in a long snapshot, or on a writer. */
MUST_USE int store_recount(struct sql *sql, struct arena *arena, str *ret_lines, int *ret_count);
