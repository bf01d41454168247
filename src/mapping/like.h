/* SPDX-License-Identifier: MIT
 * mapping/like.h: patterns over text: '*' is any characters, '?' is one, '\' takes what is behind
 * it by the letter. The whole text must match. Pure, allocates nothing, and takes one look at each
 * character whatever the pattern: it steps all places in the pattern at once, as bits. */
#pragma once

#include "base/arena.h"

/* Characters of a pattern, '*' not counted. */
#define LIKE_MAX 127

enum like_form {
    LIKE_PATTERN = 0,
    LIKE_CONTAINS, /* no wildcards: the text itself, with anything around it, … */
    LIKE_STARTS,   /* … behind it, … */
    LIKE_ENDS,     /* … before it */
};

struct like;

/* NULL: more than LIKE_MAX characters. `fold`: regardless of case, as mapping/fold.h has it. */
const struct like *like_new(struct arena *arena, enum like_form form, str text, bool fold);

/* `text` is UTF-8. */
bool like_matches(const struct like *like, str text);
