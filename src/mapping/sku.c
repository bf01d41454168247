/* SPDX-License-Identifier: MIT */
#include "mapping/sku.h"

#include "mapping/fold.h"

bool sku_read(str text, str *ret_sku)
{
    str sku = str_trim(text);
    if (sku.len == 0 || str_has_control(sku))
        return false;
    str rest = sku;
    for (int characters = 0; rest.len > 0; characters++) {
        if (characters == SKU_CHARACTERS_MAX)
            return false;
        (void)fold_take(&rest);
    }
    *ret_sku = sku;
    return true;
}

str sku_key(str sku, struct arena *arena)
{
    return fold_case(sku, arena);
}
