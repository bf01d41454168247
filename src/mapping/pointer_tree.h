/* SPDX-License-Identifier: MIT
 * mapping/pointer_tree.h: the JSON Pointers of one definition as a tree, so that one pass over a
 * body finds what all of them point to, however many there are. Pure. */
#pragma once

#include "model/config.h"

/* One token; the root has none. */
struct pointer_node {
    str token;
    int64_t index;                       /* the token as an array index; −1 where it is none */
    const struct pointer_node *children; /* sorted by length of the token, then by its bytes */
    int child_count;
    const int *fields; /* those whose pointer ends here, by index */
    int field_count;
};

/* Over `pointer` of each field. */
const struct pointer_node *pointer_tree_new(const struct field *fields, int field_count,
                                            struct arena *arena);

/* Sets ret_values[i] to what the pointer of field i finds, or leaves it; and ret_repeated[i] when a
 * member on the way to it was there more than once, of which the last counts. Returns true when the
 * document holds more than was found. `arena` is for the time being. */
MUST_USE bool pointer_tree_find(const struct pointer_node *tree, json document, struct arena *arena,
                                json *ret_values, bool *ret_repeated);
