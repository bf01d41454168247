/* SPDX-License-Identifier: MIT
 * store/sqlite/directory.h: making the data directory. */
#pragma once

#include "base/attr.h"

/* With its parents, for nobody else to read; one that is there is left as it is. */
MUST_USE int directory_make(const char *path);

/* Syncs the directory that `path` lies in, so that a new name in it stays. */
MUST_USE int directory_sync_of(const char *path);
