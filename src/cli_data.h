/* SPDX-License-Identifier: MIT
 * cli_data.h: a data directory, for the commands that work on one themselves. */
#pragma once

#include "api/setup.h"
#include "cli.h"
#include "config.h"
#include "sealing.h"
#include "store/lock.h"
#include "store/store.h"

struct data {
    struct log log;
    struct store_lock *lock; /* NULL: opened beside a running hub */
    struct store *store;
    struct store_writer *writer;
    struct seal_key key;
    struct clock clock;
    struct id_source ids;
};

/* With the lock, for writing; `create` makes directory, database and key when there are none.
 * False: it has been said why. data_done() in any case. */
MUST_USE bool data_open(struct data *data, const struct config *config, bool create,
                        struct arena *arena);

/* Without the lock and without a writer: a hub may run on it. */
MUST_USE bool data_open_beside(struct data *data, const struct config *config, struct arena *arena);

void data_done(struct data *data);

/* What api/setup.h needs of a directory that data_open() opened. False: it has been said why. */
MUST_USE bool data_prepare_setup(struct data *data, const struct config *config,
                                 struct setup *ret_setup);

/* Says what a store operation of this command came to grief with. Returns EXIT_FAILED. */
COLD int data_fail(int r, const struct problem *problem);
