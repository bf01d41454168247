/* SPDX-License-Identifier: MIT
 * mapping/field.h: one field of a definition, from JSON. For this folder only. */
#pragma once

#include "mapping/reading.h"
#include "model/config.h"

/* Reads the field that stands at `index`, enters it in definition->by_id, and, when it is the first
 * to claim to be the primary key, in definition->primary. Mistakes are told in `reading`. */
void field_read(struct reading *reading, struct event_definition *definition, int index, json value,
                struct field *field);
