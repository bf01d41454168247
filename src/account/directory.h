/* SPDX-License-Identifier: MIT
 * account/directory.h: the configurations that one loop has at hand, found by the organization's
 * uuid, the SHA-256 of one of its keys, or the login of one of its plugins. Owned by one thread: no locks. What is
 * not here may still be in the store. */
#pragma once

#include "model/config.h"

struct directory;

#define DIRECTORY_PICTURES 10000

/* Holds at most `most` pictures: one more, and the one that was not used for the longest goes. */
MUST_USE struct directory *directory_new(int most);
/* NULL is fine. */
void directory_free(struct directory *directory);

/* Takes the reference. Replaces an older version of the same organization; an older one than what
 * is here is let go. */
void directory_put(struct directory *directory, struct picture *picture);

/* NULL: not here. Borrowed until the next directory_put(). */
const struct picture *directory_find_by_uuid(struct directory *directory, str uuid);
/* The key with its organization's picture. Whether it has expired is the caller's to see. */
const struct api_key *directory_find_key(struct directory *directory, const struct digest *hash,
                                         const struct picture **ret_picture);
const struct plugin *directory_find_login(struct directory *directory, str login,
                                          const struct picture **ret_picture);
