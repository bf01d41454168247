/* SPDX-License-Identifier: MIT */
#include "route/route.h"

#include "base/testing.h"
#include "mapping/condition.h"

TEST(matches)
{
    static const struct {
        str wanted;
        str type;
        bool matches;
    } cases[] = {
        { STR_INIT("*"), STR_INIT("custom_event.order"), true },
        { STR_INIT("*"), STR_INIT("ping"), true },
        { STR_INIT("custom_event.order"), STR_INIT("custom_event.order"), true },
        { STR_INIT("custom_event.order"), STR_INIT("custom_event.orders"), false },
        { STR_INIT("custom_event.orders"), STR_INIT("custom_event.order"), false },
        { STR_INIT("custom_event.order"), STR_INIT("custom_event.Order"), false },
        { STR_INIT("custom_event.*"), STR_INIT("custom_event.order"), true },
        { STR_INIT("custom_event.*"), STR_INIT("custom_event.order.paid"), true },
        { STR_INIT("custom_event.order.*"), STR_INIT("custom_event.order.paid"), true },
        { STR_INIT("custom_event.order.*"), STR_INIT("custom_event.order"), false },
        { STR_INIT("custom_event.*"), STR_INIT("custom_event."), false },
        { STR_INIT("custom_event.*"), STR_INIT("custom_events.order"), false },
        { STR_INIT("custom_event.*"), STR_INIT("contact.created"), false },
        { STR_INIT("contact.*"), STR_INIT("contact.created"), true },
        { STR_INIT("custom_event.o*"), STR_INIT("custom_event.order"), false },
        { STR_INIT("*.created"), STR_INIT("contact.created"), false },
        { STR_INIT(".*"), STR_INIT("ping"), false },
        { STR_INIT(""), STR_INIT("ping"), false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_INT(cases[i].wanted.ptr, event_type_matches(cases[i].wanted, cases[i].type),
                  cases[i].matches);
}

TEST(asks_every_subscription)
{
    static const str types[] = { STR_INIT("contact.created"), STR_INIT("custom_event.order") };
    struct endpoint webhook = { .event_types = types, .event_type_count = 2 };
    CHECK("first", endpoint_wants(&webhook, STR("contact.created")));
    CHECK("last", endpoint_wants(&webhook, STR("custom_event.order")));
    CHECK("neither", !endpoint_wants(&webhook, STR("custom_event.lead")));
    webhook.status = OUTLET_PAUSED;
    CHECK("paused ones still get deliveries", endpoint_wants(&webhook, STR("contact.created")));
    webhook.event_type_count = 0;
    CHECK("none", !endpoint_wants(&webhook, STR("contact.created")));
}

TEST(filters)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct endpoint webhook = {};
    struct json_error error;
    json data;
    CHECK("data", json_read(&arena, STR("{\"total\":40}"), 8, &data, &error));
    CHECK("without a filter", endpoint_lets_through(&webhook, data));
    CHECK("without anything", endpoint_lets_through(&webhook, NULL));
    CHECK("filter", conditions_read_stored(STR("{\"all\":[{\"field\":\"total\",\"operator\":"
                                               "\"greater_than\",\"value\":30}]}"),
                                           STR(""), &arena, &webhook.filter));
    CHECK("40", endpoint_lets_through(&webhook, data));
    CHECK("no data", !endpoint_lets_through(&webhook, NULL));
    CHECK("data", json_read(&arena, STR("{\"total\":30}"), 8, &data, &error));
    CHECK("30", !endpoint_lets_through(&webhook, data));
}

TEST(subscribes)
{
    static const struct {
        str wanted;
        bool good;
    } cases[] = {
        { STR_INIT("*"), true },
        { STR_INIT("ping"), true },
        { STR_INIT("contact.created"), true },
        { STR_INIT("contact.*"), true },
        { STR_INIT("custom_event.*"), true },
        { STR_INIT("custom_event.an-alias_that.is-not.there"), true },
        { STR_INIT("custom_event.order.*"), true },
        { STR_INIT(""), false },
        { STR_INIT("contact"), false },
        { STR_INIT("contact.deleted"), false },
        { STR_INIT("contact.created.*"), false },
        { STR_INIT("custom_event"), false },
        { STR_INIT("custom_event."), false },
        { STR_INIT("custom_event.-order"), false },
        { STR_INIT("custom_event.o rder"), false },
        { STR_INIT("custom_event.o*"), false },
        { STR_INIT("custom_event..*"), false },
        { STR_INIT("custom_event.*.*"), false },
        { STR_INIT("custom_event.\xc3\xa9"), false },
        { STR_INIT("*.*"), false },
        { STR_INIT(".*"), false },
        { STR_INIT("order.*"), true },
        { STR_INIT("order.new_sale"), true },
        { STR_INIT("order.new_sales"), false },
        { STR_INIT("orders.*"), false },
        { STR_INIT("ping "), false },
        { STR_INIT("ping.*"), false },
        { STR_INIT("Ping"), false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_INT(cases[i].wanted.ptr, event_type_is_subscribable(cases[i].wanted), cases[i].good);
}

RUN_TESTS(cmocka_unit_test(matches), cmocka_unit_test(asks_every_subscription),
          cmocka_unit_test(filters), cmocka_unit_test(subscribes))
