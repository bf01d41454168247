/* SPDX-License-Identifier: MIT
 * options_value.h: one value of an option, from text and back. Pure. For options*.c only. */
#pragma once

#include "options.h"

/* Writes the value to `member` (see enum option_type); a list grows by it. False: reterr_text is a
 * sentence about the value, and what to write instead. */
MUST_USE bool option_value_read(const struct option *option, str text, struct arena *arena,
                                void *member, str *reterr_text);

/* Sets the default. */
void option_value_default(const struct option *option, void *member, struct arena *arena);

/* As a person would write it: "512KiB", "30d", "true"; empty without a default. */
str option_default_text(const struct option *option, struct arena *arena);

/* "1 to 256", "1 to 64MiB"; empty when anything goes. */
str option_range_text(const struct option *option, struct arena *arena);

/* What stands behind the flag: "FILE", "BYTES", "logfmt|json"; empty for a flag. */
str option_value_word(const struct option *option);

/* "max-hops" → "JUNCTOR_MAX_HOPS" */
str option_variable(const struct option *option, struct arena *arena);
