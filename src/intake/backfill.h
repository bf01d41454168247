/* SPDX-License-Identifier: MIT
 * intake/backfill.h: what happened in the 24 hours before a route of an export profile was made goes
 * out as well. The events of that time are looked at in steps, beside traffic; what the profile has
 * sent already is left out. */
#pragma once

#include "intake/committer.h"
#include "store/config.h"

/* In the transaction that makes the route, with rows of its own; from the commit on it is worked on,
 * also after a restart. */
MUST_USE int backfill_begin(struct batch *batch, const struct endpoint_row *profile, int64_t route);
