/* SPDX-License-Identifier: MIT
 * base/zones.h: the time zones that have been asked for, each read from its file once and kept. Any
 * thread, without a lock: what is found is put in front of a list that nothing leaves. */
#pragma once

#include "base/zone.h"

/* What an account has that names none. Known without a file too, by its rule of today. */
#define ZONE_DEFAULT "America/New_York"

struct zones;

/* `directory` must outlive it: ZONE_DIRECTORY of base/zone_file.h. */
MUST_USE struct zones *zones_new(const char *directory);
/* NULL is fine. When nobody uses one of its zones any more. */
void zones_free(struct zones *zones);

/* By its IANA name; NULL: there is none. Lives as long as `zones`. The first time it reads a small
 * file. */
const struct zone *zones_find(struct zones *zones, str name);
