/* SPDX-License-Identifier: MIT
 * base/zone_file.h: time zones by their IANA names, from the system's files (Debian: tzdata). */
#pragma once

#include "base/fail.h"
#include "base/zone.h"

#define ZONE_DIRECTORY "/usr/share/zoneinfo"

enum {
    ZONE_UNKNOWN = 1, /* there is none of that name */
};

/* "UTC" is there always. What is read lives in the arena. Reads a small file: may block. */
MUST_USE int zone_load(const char *directory, str name, struct arena *arena, struct zone *ret_zone);
