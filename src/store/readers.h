/* SPDX-License-Identifier: MIT
 * store/readers.h: the pool of threads that read for others: management queries, pictures that are
 * not in memory, and slow work that must not run on a loop (password hashes). */
#pragma once

#include "base/mailbox.h"
#include "store/store.h"

struct readers;

struct reader_task {
    struct message link; /* first */
    /* On a reader's thread, inside a snapshot when `snapshot` is set. Lets the task go itself. */
    void (*run)(struct reader_task *task, struct store_reader *reader);
    bool snapshot;
};

/* `max_queued`: tasks that wait for one thread or run on it, at most. */
MUST_USE int readers_start(struct store *store, int threads, int max_queued,
                           struct readers **ret_readers);
/* Runs what is queued, then ends the threads. */
void readers_free(struct readers *readers);

/* Any thread. False: the queue is full (answer 503), the task stays the caller's. */
MUST_USE bool readers_post(struct readers *readers, struct reader_task *task);

/* Tasks queued or running. Any thread. */
int readers_busy(const struct readers *readers);
