/* SPDX-License-Identifier: MIT
 * mapping/sku.h: the text of a SKU, the same for whoever makes one and whoever looks for it. Pure. */
#pragma once

#include "base/arena.h"

#define SKU_CHARACTERS_MAX 100

/* `text` is UTF-8. Without the white space around it. False: it is empty, has more than 100
 * characters, or control characters in it: no SKU is called so. */
MUST_USE bool sku_read(str text, str *ret_sku);

/* What it is found by when none is written exactly so: the text without regard to case. Keys are
 * stored: what this makes of a text must stay. */
str sku_key(str sku, struct arena *arena);
