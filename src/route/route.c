/* SPDX-License-Identifier: MIT */
#include "route/route.h"

#include "mapping/condition.h"
#include "mapping/definition.h"
#include "mapping/export_profile.h"
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

/* ── export profiles ── */

struct export_walk export_walk(const struct export_asks *asks, const struct order *order,
                               enum customer_type type, const bool *about)
{
    struct export_walk walk = { .asks = asks,
                                .order = order,
                                .type = type,
                                .about = about,
                                .campaign = id_bit(order->campaign) };
    for (int i = 0; i < order->line_count; i++)
        walk.products |= about[i] ? id_bit(order_line_product(&order->lines[i])) : 0;
    return walk;
}

/* False: certainly not. */
static bool may_ask(const struct export_walk *walk, const struct export_ask *ask)
{
    return (ask->campaigns & walk->campaign) != 0 &&
           (ask->products == UINT64_MAX || (ask->products & walk->products) != 0);
}

static bool is_done(const struct export_walk *walk, const struct export_ask *ask)
{
    return ask->profile == walk->last && ask->profile->export->type == EXPORT_POSTBACK;
}

const struct export_ask *export_walk_next(struct export_walk *walk)
{
    while (walk->at < walk->asks->count) {
        const struct export_ask *ask = &walk->asks->at[walk->at++];
        if (!may_ask(walk, ask) || is_done(walk, ask) ||
            export_route_asks(ask->route, walk->order, walk->type, walk->about) != EXPORT_WANTED)
            continue;
        walk->last = ask->profile;
        return ask;
    }
    return NULL;
}
