/* SPDX-License-Identifier: MIT
 * store/settings.h: what the store remembers by name: a few texts that are no configuration of any
 * organization. In SQL that both engines speak. */
#pragma once

#include "store/sql.h"

/* "1": restored from a backup: no outlet sends until released. */
#define SETTING_HELD "held"
/* No row that pruning has deleted was of a later moment. */
#define SETTING_PRUNED_MS "pruned_ms"
/* The ledger's minutes before are gone; its days stay. */
#define SETTING_MINUTES_FROM_MS "minutes_from_ms"
/* How far Junctor's time had come. */
#define SETTING_CLOCK "clock_ms"
/* Chosen at the first start. */
#define SETTING_MAX_HISTORY "max_history_bytes"

/* 1: there; 0: never set. The value is in the arena. */
MUST_USE int store_setting_get(struct sql *sql, const char *name, struct arena *arena,
                               str *ret_value);
MUST_USE int store_setting_put(struct sql *sql, const char *name, str value);

/* The same for a number; 0 when it was never set, or is none. */
MUST_USE int store_setting_get_int(struct sql *sql, const char *name, int64_t *ret_value);
MUST_USE int store_setting_put_int(struct sql *sql, const char *name, int64_t value);

/* After a restore: all outlets are held until somebody releases them. */
MUST_USE int store_mark_restored(struct sql *sql);
MUST_USE int store_is_held(struct sql *sql, bool *ret_held);
MUST_USE int store_release(struct sql *sql);
