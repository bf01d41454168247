/* SPDX-License-Identifier: MIT
 * account/picture.h: an organization's configuration, from the store to what the hot path reads.
 * Any thread with a connection. */
#pragma once

#include "base/limits.h"
#include "base/secret.h"
#include "model/config.h"
#include "store/store.h"

struct zones; /* base/zones.h */

struct picture_source {
    struct sql *sql;
    const struct seal_key *seal_key;
    const struct limits *limits;
    struct zones *zones; /* of pictures; endpoints alone need none */
};

/* A finished picture with one reference. STORE_NOT_FOUND: there is no such organization. */
MUST_USE int picture_read(const struct picture_source *source, int64_t organization,
                          struct picture **ret_picture);

/* One object with one reference, or STORE_NOT_FOUND when its row is gone, deleted or revoked. */
MUST_USE int picture_read_object(const struct picture_source *source, int64_t organization,
                                 enum object_kind kind, int64_t id, struct object **ret_object);

/* Writes the organization's own columns (version, name, limits, addresses, time zone, test cards) into a
 * picture that is not published yet. STORE_NOT_FOUND as above. */
MUST_USE int picture_read_organization(const struct picture_source *source,
                                       struct picture *picture);

/* STORE_NOT_FOUND: none. */
MUST_USE int picture_find_by_uuid(struct sql *sql, str uuid, int64_t *ret_organization);
MUST_USE int picture_find_by_key(struct sql *sql, const struct digest *hash,
                                 int64_t *ret_organization);
MUST_USE int picture_find_by_login(struct sql *sql, str login, int64_t *ret_organization);

/* All webhooks of all organizations that are not deleted, and the deleted ones that still have
 * work: for the couriers at start. `each` takes the reference. */
MUST_USE int picture_each_endpoint(const struct picture_source *source,
                                   void (*each)(void *context, struct endpoint *endpoint),
                                   void *context);
