/* SPDX-License-Identifier: MIT
 * mapping/path.h: which values of a document are meant: a JSON Pointer (RFC 6901), or a path such
 * as items[*].sku. Compiled once; following it is pure, allocates nothing and looks at each value
 * of the document once at most.
 *
 *   path   first step, then the others: a name behind '.', or a bracket
 *   name   letters, digits, '_', '-', '$', '@' and all that is not ASCII, but not '$' alone; other
 *          names stand in brackets, as a JSON string: ["first name"]
 *   [7]    an element of an array, from 0
 *   [*]    any element of an array; [] is the same */
#pragma once

#include "json/json.h"

/* One level down. What does not fit the value there leads nowhere: a name in an array, for one. */
struct path_step {
    bool any; /* element */
    bool named;
    str name;      /* a member's, when named */
    int64_t index; /* an element's; −1: none. A token of a pointer may have both. */
};

struct path {
    const struct path_step *steps; /* none: the document itself */
    int count;
};

struct path_error {
    size_t offset; /* bytes from the start of the text */
    str text;      /* a sentence that says what is wrong and what to do */
};

/* Begins with '/' or is empty: a pointer. Everything lives in `arena`, but plain names in `text`.
 */
MUST_USE bool path_read(struct arena *arena, str text, struct path *ret_path,
                        struct path_error *reterr);

/* What path_visit() shows the values to, in the order of the document. */
struct path_visitor {
    bool (*visit)(struct path_visitor *visitor, json value); /* true: that will do */
};

/* True when `visitor` said so. Of members of one name the last counts. */
bool path_visit(const struct path *path, json document, struct path_visitor *visitor);
