/* SPDX-License-Identifier: MIT
 * mapping/definition.h: custom event definitions: from JSON (as the API takes them and the store
 * keeps them) to what the hot path reads, with every rule checked. Pure. */
#pragma once

#include "base/limits.h"
#include "base/problem.h"
#include "model/config.h"

/* 1 to 100 letters, digits, '-', '_' and '.', the first a letter or a digit (all ASCII). */
bool alias_is_valid(str alias);

/* `reterr` comes empty. Reads "context", "name", "alias" and "fields" of `body` into `definition`
 * (whose object.arena holds everything, and whose other members are the caller's). False: reterr
 * names each field that is wrong, in `arena`. Sets object.done, for by_id. What the store keeps was
 * read once under the limits of its day: read it again under the largest ones. */
MUST_USE bool definition_read(struct event_definition *definition, json body,
                              const struct limits *limits, struct arena *arena,
                              struct problem *reterr);

/* What a change may not touch once events can have come: context; of fields that stay: id, type,
 * required, isPrimaryKey, jsonPointerPath, options that are removed, defaultCountryCode. Fields may
 * be added (not required ones) and removed (not the primary key). */
MUST_USE bool definition_may_become(const struct event_definition *before,
                                    const struct event_definition *after, struct arena *arena,
                                    struct problem *reterr);

/* The JSON array of fields, as API and store have it. */
str definition_fields_write(const struct event_definition *definition, struct arena *arena);
