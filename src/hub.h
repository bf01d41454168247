/* SPDX-License-Identifier: MIT
 * hub.h: the whole program in one place: starts its parts in order, waits for signals, stops them
 * in the other order. */
#pragma once

#include "config.h"

/* Runs until SIGTERM or SIGINT. 0: stopped gracefully; < 0: it could not start, and said why. */
MUST_USE int hub_run(const struct config *config, struct arena *arena);
