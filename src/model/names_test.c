/* SPDX-License-Identifier: MIT */
#include "model/names.h"

#include "base/testing.h"

/* Each name of each enum, from its first to its last member, reads as what it is the name of. */
#define CHECK_SPELLING(stem, type, first, last)                                                    \
    do {                                                                                           \
        for (int i = (first); i <= (int)(last); i++) {                                             \
            enum type value;                                                                       \
            str name = stem##_name((enum type)i);                                                  \
            CHECK(#stem " has a name", name.len > 0);                                              \
            CHECK(#stem " reads", stem##_read(name, &value));                                      \
            CHECK_INT(#stem " is itself", value, i);                                               \
        }                                                                                          \
        enum type value;                                                                           \
        CHECK(#stem " of nothing", !stem##_read((str){}, &value));                                 \
        CHECK(#stem " of no name", !stem##_read(STR("nothing"), &value));                          \
    } while (0)

TEST(names_read_as_what_they_name)
{
    CHECK_SPELLING(field_type, field_type, FIELD_TEXT, FIELD_CHECKBOX);
    CHECK_SPELLING(context, event_context, CONTEXT_API, CONTEXT_WEB);
    CHECK_SPELLING(outlet_status, outlet_status, OUTLET_ACTIVE, OUTLET_DELETED);
    CHECK_SPELLING(webhook_format, webhook_format, FORMAT_STANDARD, FORMAT_BARE);
    CHECK_SPELLING(delivery_state, delivery_state, DELIVERY_PENDING, DELIVERY_DROPPED);
    CHECK_SPELLING(outlet_order, outlet_order, ORDER_NONE, ORDER_STRICT);
    CHECK_SPELLING(on_dead, on_dead, ON_DEAD_PAUSE, ON_DEAD_CONTINUE);
    CHECK_SPELLING(request_method, request_method, REQUEST_POST, REQUEST_PATCH);
    CHECK_SPELLING(credential_kind, credential_kind, CREDENTIAL_BASIC, CREDENTIAL_OAUTH2);
    CHECK_SPELLING(role, role, ROLE_VIEWER, ROLE_OWNER);
}

TEST(names_are_the_promised_ones)
{
    CHECK_STR("field", field_type_name(FIELD_CHECKBOX), STR("checkbox"));
    CHECK_STR("context", context_name(CONTEXT_WEBHOOK), STR("webhook"));
    CHECK_STR("status", outlet_status_name(OUTLET_DISABLED), STR("disabled"));
    CHECK_STR("state", delivery_state_name(DELIVERY_DEAD), STR("dead"));
    CHECK_STR("role", role_name(ROLE_ADMIN), STR("admin"));
    CHECK_INT("what is forgotten has no name", role_name(ROLE_NONE).len, 0);
    enum role role;
    CHECK("names are exact", !role_read(STR("Admin"), &role));
}

struct seen {
    unsigned bits;
    int count;
    bool all;
};

static void see(void *context, str name)
{
    struct seen *seen = context;
    unsigned bits;
    CHECK("reads", scope_read(name, &bits));
    seen->bits |= bits;
    seen->count++;
    seen->all |= str_equal(name, STR("*"));
}

TEST(scopes)
{
    for (unsigned bits = 0; bits <= SCOPE_ALL; bits += 257) {
        struct seen seen = {};
        scopes_each(bits, see, &seen);
        CHECK_INT("all of them", seen.bits, bits);
        CHECK_INT("one by one", seen.count, bits == SCOPE_ALL ? 1 : __builtin_popcount(bits));
        CHECK_INT("* alone", seen.all, bits == SCOPE_ALL);
    }
    unsigned bits;
    CHECK("one",
          scope_read(STR("custom_events:write"), &bits) && bits == SCOPE_CUSTOM_EVENTS_WRITE);
    CHECK_STR("its name", scope_name(SCOPE_AUDIT_READ), STR("audit:read"));
    CHECK_STR("of none", scope_name(SCOPE_NONE), STR(""));
    CHECK("all", scope_read(STR("*"), &bits) && bits == SCOPE_ALL);
    CHECK("none of that name", !scope_read(STR("custom_events"), &bits));
    CHECK("nothing", !scope_read((str){}, &bits));
    CHECK_INT("a forgotten scope is in no key", SCOPE_NONE & SCOPE_ALL, 0);
}

RUN_TESTS(cmocka_unit_test(names_read_as_what_they_name),
          cmocka_unit_test(names_are_the_promised_ones), cmocka_unit_test(scopes))
