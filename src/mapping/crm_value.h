/* SPDX-License-Identifier: MIT
 * mapping/crm_value.h: what the fields of model/crm_field.h say of an order, as text. Pure. */
#pragma once

#include "base/zone.h"
#include "model/order.h"

/* An order at the moment that something has happened to it. */
struct crm_source {
    const struct order *order;
    enum customer_type type; /* what has happened */
    bool occurred;           /* it has; else it is looked at what would be sent */
    int64_t amount;          /* of a refund, a chargeback or a bill, which may be of nothing */
    int line; /* the number of that which it is about; 0: all, or those of the type */
    str campaign_name;
    int64_t campaign_number; /* 0: none */
    int64_t customer_number; /* 0: none */
    const struct zone *zone; /* the account's */
};

/* Empty when it was never said, when the order has no such line, and for all that is sensitive. The
 * result lives in the arena or where the source's texts do. */
str crm_value(const struct crm_source *source, struct crm_ref ref, struct arena *arena);
