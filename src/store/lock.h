/* SPDX-License-Identifier: MIT
 * store/lock.h: the lock on a data directory, so that two hubs (or a hub and a tool that writes) do
 * not work on one database. It ends with the process, however that ends. */
#pragma once

#include "base/problem.h"

struct store_lock;

/* Outcomes: 0; STORE_LOCKED: another process has it; reterr names its process id. With `create` the
 * directory is made when there is none. A failure has its text in reterr too. */
enum { STORE_LOCKED = 1 };

MUST_USE int store_lock(str directory, bool create, struct arena *arena,
                        struct store_lock **ret_lock, struct problem *reterr);

/* NULL is fine. */
void store_unlock(struct store_lock *lock);
