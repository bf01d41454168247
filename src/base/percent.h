/* SPDX-License-Identifier: MIT
 * base/percent.h: percent-encoding (RFC 3986, section 2.1), as paths, queries and forms have it.
 * Pure. */
#pragma once

#include "base/buf.h"

/* Decodes into the arena; what holds nothing encoded is a view of `text`. `plus_is_space` for
 * queries and forms. False: a bad escape, a NUL, or not UTF-8. */
MUST_USE bool percent_decode(struct arena *arena, str text, bool plus_is_space, str *ret_text);

/* All but letters, digits, '-', '.', '_' and '~' is encoded; `space` is what stands for one: "%20",
 * or "+" in forms. */
void percent_encode(struct buf *buf, str text, str space);
