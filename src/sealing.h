/* SPDX-License-Identifier: MIT
 * sealing.h: where the key that seals secrets comes from: JUNCTOR_SEALING_KEY, or the key file,
 * which the first start makes. The store keeps a check value of it, and refuses another key by
 * name. */
#pragma once

#include "base/secret.h"
#include "config.h"

/* Reads the key. Without one, and with `create` set, draws it and writes the file (mode 0600,
 * synced, never over an existing one). < 0: reterr says what and what to do. */
MUST_USE int sealing_key_open(const struct config *config, bool create, struct arena *arena,
                              struct seal_key *ret_key, struct problem *reterr);

struct sql;

/* Opens the key and holds it against the store's check value: another key is refused by name. A
 * store that has no check value yet is new: its key is made where there is none, and the value is
 * noted, on `sql`, the writing connection. */
MUST_USE int sealing_key_settle(const struct config *config, struct sql *sql, struct arena *arena,
                                struct seal_key *ret_key, struct problem *reterr);

#define SETTING_SEAL_KEY_CHECK "seal_key_check"
