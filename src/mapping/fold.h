/* SPDX-License-Identifier: MIT
 * mapping/fold.h: text without regard to case, the same on every machine and for ever: keys made by
 * it are stored. */
#pragma once

#include "base/arena.h"

/* `text` is UTF-8. ASCII letters and every other character by Unicode's simple case folding
 * (statuses C and S of CaseFolding.txt), with one exception: nothing but ASCII folds to ASCII (the
 * Kelvin sign and the long s stay), so that no address can be made to look like another's. No
 * normalization, no locale. */
str fold_case(str text, struct arena *arena);

/* The same by single characters, for those who compare without memory. fold_take() takes the first
 * one, as it is, off `text`, which is UTF-8 and not empty. */
uint32_t fold_take(str *text);
uint32_t fold_character(uint32_t character);
