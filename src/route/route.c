/* SPDX-License-Identifier: MIT */
#include "route/route.h"

#include "mapping/condition.h"
#include "mapping/definition.h"
#include "model/order.h"

bool event_type_matches(str wanted, str type)
{
    if (str_equal(wanted, STR("*")))
        return true;
    if (!str_ends(wanted, STR(".*")))
        return str_equal(wanted, type);
    str family = str_head(wanted, wanted.len - 1); /* the dot included */
    return type.len > family.len && str_starts(type, family);
}

bool endpoint_wants(const struct endpoint *endpoint, str type)
{
    for (int i = 0; i < endpoint->event_type_count; i++)
        if (event_type_matches(endpoint->event_types[i], type))
            return true;
    return false;
}

bool endpoint_lets_through(const struct endpoint *endpoint, json data)
{
    return endpoint->filter == NULL || conditions_match(endpoint->filter, data);
}

/* Types Junctor makes itself. */
static const str fixed_types[] = { STR_INIT("contact.created"),    STR_INIT("ping"),
                                   STR_INIT("endpoint.failing"),   STR_INIT("endpoint.disabled"),
                                   STR_INIT("endpoint.recovered"), STR_INIT("delivery.dead"),
                                   STR_INIT("order_import"),       STR_INIT("order_change"),
                                   STR_INIT("order_postback"),
#define ORDER_EVENT(member, name, wire, label) STR_INIT("order." name),
                                   CUSTOMER_TYPES(ORDER_EVENT)
#undef ORDER_EVENT
};

bool event_type_is_subscribable(str wanted)
{
    if (str_equal(wanted, STR("*")) || str_equal(wanted, STR("custom_event.*")))
        return true;
    for (size_t i = 0; i < COUNT_OF(fixed_types); i++)
        if (event_type_matches(wanted, fixed_types[i]))
            return true;
    if (!str_starts(wanted, STR("custom_event.")))
        return false;
    str alias = str_skip(wanted, sizeof("custom_event.") - 1);
    if (str_ends(alias, STR(".*")))
        alias.len -= 2;
    return alias_is_valid(alias);
}
