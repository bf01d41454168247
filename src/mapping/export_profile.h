/* SPDX-License-Identifier: MIT
 * mapping/export_profile.h: what an export profile has beside what every endpoint has: its field
 * map, when it sends, which orders it asks for, and how its files are made. As JSON, which is what
 * the store keeps (sealed: it has a password):
 *
 *   {"type", "mode", "delayMinutes", "allStrings", "guardCells", "mappings": [rows],
 *    "routes": [{"id", "customerType", "campaignIds", "productIds", "createdMs"}],
 *    "user", "password", "hostKey", "pciDocument"}
 *
 * Pure. */
#pragma once

#include "mapping/export_render.h"
#include "model/config.h"
#include "model/export.h"
#include "json/write.h"

str export_type_name(enum export_type type);
MUST_USE bool export_type_read(str name, enum export_type *ret_type);

/* False: it is not what export_profile_write() wrote. */
MUST_USE bool export_profile_read(json settings, struct arena *arena,
                                  struct export_profile *ret_profile);
/* All of a route but when it was made, as members of the object that the writer is in. */
void export_route_write(struct json_writer *out, const struct export_route *route);
str export_profile_write(const struct export_profile *profile, struct arena *arena);

/* ── when ── */

/* Of what happened at `at_ms`: natively that plus the delay; in compatible mode the first sweep at
 * or behind that. Sweeps are at the profile's creation plus n × (15 minutes + the delay). */
int64_t export_due_ms(const struct export_profile *profile, int64_t profile_created_ms,
                      int64_t at_ms);

/* ── which ── */

/* Why a route does not send an order of which something has happened. */
enum export_refusal {
    EXPORT_WANTED = 0,
    EXPORT_OTHER_TYPE,
    EXPORT_OTHER_CAMPAIGN,
    EXPORT_OTHER_PRODUCT, /* none of the lines that it is about */
};

/* `about[i]`: what happened is about line i (record/order.h). */
enum export_refusal export_route_asks(const struct export_route *route, const struct order *order,
                                      enum customer_type type, const bool *about);
