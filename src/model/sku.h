/* SPDX-License-Identifier: MIT
 * model/sku.h: the name that a seller's other systems have for a thing, in one campaign. There may
 * be many, so they are rows and no part of a picture. How their texts are read: mapping/sku.h. */
#pragma once

#include "base/str.h"

struct sku {
    int64_t id;
    int64_t organization;
    int64_t campaign;
    str text;        /* as it was given; once in a campaign */
    str key;         /* the same without regard to case */
    int64_t product; /* 0: it is linked to none, and plain text */
    bool imported;   /* an order brought it */
    int64_t created_ms;
    int64_t updated_ms;
};
