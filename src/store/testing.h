/* SPDX-License-Identifier: MIT
 * store/testing.h: what the store's tests share: a store in a directory of its own, and batches
 * that are built the way the committer builds them, with the ledger's sums.
 *
 * The tests know engines only as rows of `engines`; each suite runs on every one. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>
#undef fail /* cmocka's; ours is in base/fail.h */

#include "base/digest.h"
#include "base/id.h"
#include "store/lock.h"
#include "store/settings.h"
#include "store/store.h"

struct scene {
    char directory[64];
    struct log log;
    struct arena arena;
    struct store *store;
    struct store_writer *writer;
    struct store_reader *reader;
    struct id_source ids;
    int64_t now_ms;  /* of what is built next */
    int64_t real_ms; /* ids are of this moment */
};

struct engine {
    const char *name;
    struct store_options (*options)(struct scene *scene);
};

extern const struct engine engines[];
extern const int engine_count;

/* The tests of one suite: (struct scene **state) with a fresh store for each, on every engine. */
int run_suite(const char *name, const struct CMUnitTest *tests, size_t count);
#define SCENE_TEST(f) cmocka_unit_test(f)
#define RUN_SUITE(name, tests) run_suite((name), (tests), COUNT_OF(tests))

/* Failures of the store are expected: the log stays silent. */
void scene_open(struct scene *scene);
/* The directory alone, without a store in it. */
void scene_make(struct scene *scene);
/* Closes, forgets what is in memory, and opens again. */
void scene_reopen(struct scene *scene);
void scene_close(struct scene *scene);
/* Lets go of writer and reader; the store stays. */
void scene_disconnect(struct scene *scene);
void scene_connect(struct scene *scene);
/* Runs `run` in a process of its own, which must be killed at the crash point ("name:n"). It has no
 * connections but what it opens. Returns its process id, or 0 when it came to its end alive. */
pid_t scene_crash(struct scene *scene, const char *point, void (*run)(struct scene *scene));
void scene_path(const struct scene *scene, const char *name, char *to, size_t size);

/* ── batches ── */

struct rows {
    struct scene *scene;
    struct batch_rows batch;
    struct event_row **events_end;
    struct contact_row **contacts_end;
    struct work_row **work_end;
    struct delivery_change **changes_end;
    struct idempotency_row **keys_end;
    struct rejection_row **rejections_end;
    struct export_delivery_row **exports_end;
    int64_t last_id;
};

void rows_init(struct rows *rows, struct scene *scene);
int64_t rows_id(struct rows *rows);
struct counter_delta *rows_counter(struct rows *rows, int64_t organization, int64_t subject,
                                   int64_t at_ms);
struct event *rows_event(struct rows *rows, int64_t organization, int64_t contact);
struct event *rows_occurrence(struct rows *rows, const struct event *cause);
struct contact *rows_contact(struct rows *rows, int64_t organization, const char *email);
/* The event must be of these rows: it becomes wanted. */
struct delivery *rows_work(struct rows *rows, struct event *event, int64_t outlet);
/* `delivery` as it was; the attempt has status 200 for delivered, else 500. NULL: without one. */
struct delivery_change *rows_change(struct rows *rows, const struct delivery *delivery,
                                    enum delivery_state state, bool with_attempt);
/* That it is of an export profile. Empty content: not fixed yet. */
struct export_delivery_row *rows_export(struct rows *rows, const struct delivery *delivery,
                                        const char *content);
void rows_key(struct rows *rows, const struct event *event, const char *key);
void rows_rejection(struct rows *rows, int64_t organization, int64_t inlet, const char *reason);

/* begin, write, commit. */
enum commit_outcome rows_try(struct rows *rows);
/* The same, and it must be done. */
void rows_commit(struct rows *rows);

/* One event for each of `count` contacts by turns, each with one delivery to `outlet`, in one
 * batch. Returns the last delivery. */
struct delivery scene_fill(struct scene *scene, int64_t organization, int64_t outlet, int count);

/* A webhook's row, so that its deliveries are found by id. */
void scene_outlet(struct scene *scene, int64_t organization, int64_t outlet);
void scene_organization(struct scene *scene, int64_t organization);

/* ── looking ── */

int64_t scene_number(struct scene *scene, const char *text);
/* Unfinished deliveries of an outlet. */
int scene_work(struct scene *scene, int64_t organization, int64_t outlet,
               struct work_item *ret_items, int limit);
/* Whole, and the ledger adds up. */
void scene_check(struct scene *scene);
