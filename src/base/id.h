/* SPDX-License-Identifier: MIT
 * base/id.h: ids: 63 bits: 42 of milliseconds since 2020, 8 of hub number, 13 of counter.
 *
 * Drawn in rising order by one thread of one hub; when a millisecond is full or the clock steps
 * back, the counter runs on into the next millisecond. Shown as a prefix and 13 digits of
 * Crockford's base32 in lower case: "evt_0e3v2k4m1c8r0". 0 is no id. Pure. */
#pragma once

#include "base/str.h"

#define ID_HUB_BITS 8
#define ID_COUNTER_BITS 13
#define ID_HUBS (1 << ID_HUB_BITS)
#define ID_DIGITS 13
#define ID_TEXT_MAX (4 + ID_DIGITS)

/* X(member, prefix). Three letters each. */
#define ID_KINDS(X)                                                                                \
    X(EVENT, "evt")                                                                                \
    X(DELIVERY, "dlv")                                                                             \
    X(CONTACT, "con")                                                                              \
    X(INTEGRATION, "int")                                                                          \
    X(EVENT_DEFINITION, "def")                                                                     \
    X(WEBHOOK, "whk")                                                                              \
    X(API_KEY, "key")                                                                              \
    X(USER, "usr")                                                                                 \
    X(AUDIT, "aud")                                                                                \
    X(RECOVERY, "rcv")                                                                             \
    X(REJECTION, "rej")                                                                            \
    X(REQUEST, "req")                                                                              \
    X(CAMPAIGN, "cmp")                                                                             \
    X(PRODUCT, "prd")                                                                              \
    X(SKU, "sku")                                                                                  \
    X(ORDER, "ord")                                                                                \
    X(CUSTOMER, "cus")                                                                             \
    X(PLUGIN, "plg")                                                                               \
    X(EXPORT_PROFILE, "exp")                                                                       \
    X(EXPORT_ROUTE, "rte")                                                                         \
    X(EXPORT_FILE, "fil")

#define ID_MEMBER(member, prefix) ID_##member,

enum id_kind { ID_KINDS(ID_MEMBER) };

#undef ID_MEMBER

struct id_source {
    int64_t last;
    int hub; /* 0 to ID_HUBS − 1 */
};

/* `at_least` is the highest id the store holds, or 0. */
void id_source_init(struct id_source *source, int hub, int64_t at_least);

/* `real_ms` is the wall clock. */
MUST_USE int64_t id_draw(struct id_source *source, int64_t real_ms);

/* The smallest id of that millisecond, whatever the hub: for cuts by time. */
int64_t id_floor(int64_t real_ms);
int64_t id_real_ms(int64_t id);

/* Writes prefix, underscore and digits; returns the view of `text` (ID_TEXT_MAX bytes, no NUL). */
str id_write(enum id_kind kind, int64_t id, char *text);

/* False when it is not exactly what id_write() makes. Upper case is read too. */
MUST_USE bool id_read(enum id_kind kind, str text, int64_t *ret_id);
