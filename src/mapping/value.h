/* SPDX-License-Identifier: MIT
 * mapping/value.h: one value of a body, as its field's type has it. For this folder only. */
#pragma once

#include "model/config.h"
#include "json/write.h"

struct value_reader {
    struct arena *arena;
    bool forgiving; /* context webhook: takes other JSON types, where they read as the wanted one */
    bool coerced;   /* set when a value was taken that way */
    str email;      /* of the newest field of type email */
    str email_key;
};

/* What is wrong with a value, as struct field_error has it; an empty code: nothing. */
struct flaw {
    str code;
    str message;
};

/* Writes what the field holds. When there is a flaw, something may have been written: the caller
 * cuts it off. `value` is neither absent nor null. */
MUST_USE struct flaw value_write(struct value_reader *reader, const struct field *field, json value,
                                 struct json_writer *writer);
