/* SPDX-License-Identifier: MIT
 * intake/reopen.h: sending again: a delivery that is over becomes pending, with a fresh schedule,
 * under its id and with its bytes. Used by hand for one, and by recoveries for many.
 *
 * The ledger follows, a line that it had paused goes on, and it is handed over behind the commit:
 * all in the transaction of the batch. */
#pragma once

#include "intake/committer.h"

/* In a management batch. One that is pending is due at once, with a fresh schedule unless `manual`;
 * one that was delivered gets one more attempt, whatever comes of it; a dead or dropped one a fresh
 * schedule. `manual`: it goes beside breaker and order. The texts of `found` live until the answer; afterwards it says what it is
 * now. STORE_NOT_FOUND: what it sent, of a row its whole file, is no longer kept, and nothing was changed. */
MUST_USE int reopen_delivery(struct batch *batch, struct delivery_found *found, bool manual);
