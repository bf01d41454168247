/* SPDX-License-Identifier: MIT */
#include "model/names.h"

/* A name's place in its table is its enum's value. Members without a name have no spelling. */
static str name_at(const str *names, size_t count, int value)
{
    assert(value >= 0 && (size_t)value < count);
    return names[value];
}

static bool find_name(const str *names, size_t count, str name, int *ret_value)
{
    for (size_t i = 0; i < count && name.len > 0; i++) {
        if (str_equal(names[i], name)) {
            *ret_value = (int)i;
            return true;
        }
    }
    return false;
}

/* Makes …_name() and …_read() of one enum from its table. */
#define SPELLING(stem, type, names)                                                                \
    str stem##_name(enum type value)                                                               \
    {                                                                                              \
        return name_at(names, COUNT_OF(names), (int)value);                                        \
    }                                                                                              \
                                                                                                   \
    bool stem##_read(str name, enum type *ret_value)                                               \
    {                                                                                              \
        int found;                                                                                 \
        if (!find_name(names, COUNT_OF(names), name, &found))                                      \
            return false;                                                                          \
        *ret_value = (enum type)found;                                                             \
        return true;                                                                               \
    }

static const str field_types[] = {
#define FIELD_NAME(member, name) [FIELD_##member] = STR_INIT(name),
    FIELD_TYPES(FIELD_NAME)
#undef FIELD_NAME
};
SPELLING(field_type, field_type, field_types)

static const str contexts[] = {
    [CONTEXT_API] = STR_INIT("api"),
    [CONTEXT_WEBHOOK] = STR_INIT("webhook"),
    [CONTEXT_WEB] = STR_INIT("web"),
};
SPELLING(context, event_context, contexts)

static const str outlet_statuses[] = {
    [OUTLET_ACTIVE] = STR_INIT("active"),     [OUTLET_PAUSED] = STR_INIT("paused"),
    [OUTLET_DISABLED] = STR_INIT("disabled"), [OUTLET_HELD] = STR_INIT("held"),
    [OUTLET_DELETED] = STR_INIT("deleted"),
};
SPELLING(outlet_status, outlet_status, outlet_statuses)

static const str endpoint_kinds[] = {
    [ENDPOINT_WEBHOOK] = STR_INIT("webhook"),
    [ENDPOINT_EXPORT] = STR_INIT("export"),
};
SPELLING(endpoint_kind, endpoint_kind, endpoint_kinds)

str endpoint_word(enum endpoint_kind kind)
{
    return kind == ENDPOINT_EXPORT ? STR("export profile") : STR("webhook");
}

enum id_kind endpoint_id_kind(enum endpoint_kind kind)
{
    return kind == ENDPOINT_EXPORT ? ID_EXPORT_PROFILE : ID_WEBHOOK;
}

static const str webhook_formats[] = {
    [FORMAT_STANDARD] = STR_INIT("standard"),
    [FORMAT_BARE] = STR_INIT("bare"),
};
SPELLING(webhook_format, webhook_format, webhook_formats)

static const str delivery_states[] = {
    [DELIVERY_PENDING] = STR_INIT("pending"),
    [DELIVERY_DELIVERED] = STR_INIT("delivered"),
    [DELIVERY_DEAD] = STR_INIT("dead"),
    [DELIVERY_DROPPED] = STR_INIT("dropped"),
};
SPELLING(delivery_state, delivery_state, delivery_states)

static const str outlet_orders[] = {
    [ORDER_NONE] = STR_INIT("none"),
    [ORDER_SUBJECT] = STR_INIT("subject"),
    [ORDER_STRICT] = STR_INIT("strict"),
};
SPELLING(outlet_order, outlet_order, outlet_orders)

static const str on_deads[] = {
    [ON_DEAD_PAUSE] = STR_INIT("pause"),
    [ON_DEAD_CONTINUE] = STR_INIT("continue"),
};
SPELLING(on_dead, on_dead, on_deads)

static const str request_methods[] = {
    [REQUEST_POST] = STR_INIT("POST"),     [REQUEST_PUT] = STR_INIT("PUT"),
    [REQUEST_PATCH] = STR_INIT("PATCH"),   [REQUEST_GET] = STR_INIT("GET"),
    [REQUEST_DELETE] = STR_INIT("DELETE"),
};
SPELLING(request_method, request_method, request_methods)

static const str credential_kinds[] = {
    [CREDENTIAL_BASIC] = STR_INIT("basic"),
    [CREDENTIAL_BEARER] = STR_INIT("bearer"),
    [CREDENTIAL_OAUTH2] = STR_INIT("oauth2"),
};
SPELLING(credential_kind, credential_kind, credential_kinds)

static const str roles[] = {
    [ROLE_VIEWER] = STR_INIT("viewer"),
    [ROLE_EDITOR] = STR_INIT("editor"),
    [ROLE_ADMIN] = STR_INIT("admin"),
    [ROLE_OWNER] = STR_INIT("owner"),
};
SPELLING(role, role, roles)

static const struct {
    str name;
    unsigned bit;
} scopes[] = {

#define SCOPE_ROW(bit, member, name) { STR_INIT(name), SCOPE_##member },
    SCOPES(SCOPE_ROW)
#undef SCOPE_ROW
};
static_assert((1U << COUNT_OF(scopes)) - 1 == SCOPE_ALL, "every scope is in SCOPE_ALL");

str scope_name(enum scope scope)
{
    for (size_t i = 0; i < COUNT_OF(scopes); i++)
        if (scopes[i].bit == (unsigned)scope)
            return scopes[i].name;
    return (str){};
}

bool scope_read(str name, unsigned *ret_bits)
{
    if (str_equal(name, STR("*"))) {
        *ret_bits = SCOPE_ALL;
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(scopes); i++) {
        if (str_equal(scopes[i].name, name)) {
            *ret_bits = scopes[i].bit;
            return true;
        }
    }
    return false;
}

void scopes_each(unsigned bits, void (*each)(void *context, str name), void *context)
{
    if ((bits & SCOPE_ALL) == SCOPE_ALL) {
        each(context, STR("*"));
        return;
    }
    for (size_t i = 0; i < COUNT_OF(scopes); i++)
        if ((bits & scopes[i].bit) != 0)
            each(context, scopes[i].name);
}
