/* SPDX-License-Identifier: MIT */
#include "model/order_names.h"

struct spelling {
    str name;
    str wire;
};

static bool find(const struct spelling *all, size_t count, str name, int *ret_value)
{
    for (size_t i = 0; i < count && name.len > 0; i++) {
        if (!str_equal(all[i].name, name))
            continue;
        *ret_value = (int)i;
        return true;
    }
    return false;
}

/* Makes …_name(), …_wire() and …_read() of one enum from its table. */
#define SPELLED(stem, type, all)                                                                   \
    str stem##_name(enum type value)                                                               \
    {                                                                                              \
        assert((size_t)value < COUNT_OF(all));                                                     \
        return (all)[value].name;                                                                  \
    }                                                                                              \
                                                                                                   \
    str stem##_wire(enum type value)                                                               \
    {                                                                                              \
        assert((size_t)value < COUNT_OF(all));                                                     \
        return (all)[value].wire;                                                                  \
    }                                                                                              \
                                                                                                   \
    bool stem##_read(str name, enum type *ret_value)                                               \
    {                                                                                              \
        int found;                                                                                 \
        if (!find(all, COUNT_OF(all), name, &found))                                               \
            return false;                                                                          \
        *ret_value = (enum type)found;                                                             \
        return true;                                                                               \
    }

static const struct spelling sale_states[] = {
#define SALE_SPELLING(member, name, wire) [SALE_##member] = { STR_INIT(name), STR_INIT(wire) },
    SALE_STATES(SALE_SPELLING)
#undef SALE_SPELLING
};
SPELLED(sale_state, sale_state, sale_states)

static const struct spelling purchase_states[] = {
#define PURCHASE_SPELLING(member, name, wire)                                                      \
    [PURCHASE_##member] = { STR_INIT(name), STR_INIT(wire) },
    PURCHASE_STATES(PURCHASE_SPELLING)
#undef PURCHASE_SPELLING
};
SPELLED(purchase_state, purchase_state, purchase_states)

static const struct spelling fulfillment_states[] = {
#define FULFILLMENT_SPELLING(member, name, wire)                                                   \
    [FULFILLMENT_##member] = { STR_INIT(name), STR_INIT(wire) },
    FULFILLMENT_STATES(FULFILLMENT_SPELLING)
#undef FULFILLMENT_SPELLING
};
SPELLED(fulfillment_state, fulfillment_state, fulfillment_states)

static const struct spelling customer_types[] = {
#define CUSTOMER_SPELLING(member, name, wire, label)                                               \
    [CUSTOMER_##member] = { STR_INIT(name), STR_INIT(wire) },
    CUSTOMER_TYPES(CUSTOMER_SPELLING)
#undef CUSTOMER_SPELLING
};
SPELLED(customer_type, customer_type, customer_types)

str customer_type_label(enum customer_type type)
{
    static const str labels[] = {
#define CUSTOMER_LABEL(member, name, wire, label) [CUSTOMER_##member] = STR_INIT(label),
        CUSTOMER_TYPES(CUSTOMER_LABEL)
#undef CUSTOMER_LABEL
    };
    assert((size_t)type < COUNT_OF(labels));
    return labels[type];
}

str customer_type_event(enum customer_type type)
{
    static const str events[] = {
#define CUSTOMER_EVENT(member, name, wire, label) [CUSTOMER_##member] = STR_INIT("order." name),
        CUSTOMER_TYPES(CUSTOMER_EVENT)
#undef CUSTOMER_EVENT
    };
    assert((size_t)type < COUNT_OF(events));
    return events[type];
}

bool customer_type_read_event(str event, enum customer_type *ret_type)
{
    str family = STR("order.");
    return str_starts(event, family) && customer_type_read(str_skip(event, family.len), ret_type);
}

static const struct spelling order_changes[] = {
#define CHANGE_SPELLING(member, text) [CHANGE_##member] = { .name = STR_INIT(text) },
    ORDER_CHANGES(CHANGE_SPELLING)
#undef CHANGE_SPELLING
};

str order_change_name(enum order_change_kind kind)
{
    assert((size_t)kind < COUNT_OF(order_changes));
    return order_changes[kind].name;
}

bool order_change_read(str name, enum order_change_kind *ret_kind)
{
    int found;
    if (!find(order_changes, COUNT_OF(order_changes), name, &found))
        return false;
    *ret_kind = (enum order_change_kind)found;
    return true;
}
