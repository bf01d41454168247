/* SPDX-License-Identifier: MIT
 * api/subscriptions.h: the exact types that webhooks subscribe to, and the custom events these
 * name. For the files of this folder. */
#pragma once

#include "store/config.h"

struct batch;
struct call;

/* A custom event has another alias: webhooks that name the old one name the new one instead, each
 * with an audit row. */
MUST_USE int subscriptions_rename(struct call *call, struct batch *batch, str alias_before,
                                  str alias_after);

/* Adds a text to the array that is being written for each exact type that no custom event has. */
MUST_USE int subscriptions_warn(struct call *call, struct sql *sql, const struct endpoint_row *row);
