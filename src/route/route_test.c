/* SPDX-License-Identifier: MIT */
#include "route/route.h"

#include "base/testing.h"
#include "mapping/condition.h"
#include "mapping/export_profile.h"

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

/* ── export profiles ── */

static struct endpoint *profile_new(int64_t id, enum export_type type,
                                    const struct export_route *routes, int count)
{
    struct endpoint *endpoint = object_new(sizeof(*endpoint));
    struct export_profile *profile = ARENA_NEW(&endpoint->object.arena, struct export_profile);
    *profile = (struct export_profile){ .type = type, .routes = routes, .route_count = count };
    endpoint->object.id = id;
    endpoint->kind = ENDPOINT_EXPORT;
    endpoint->export = profile;
    return endpoint;
}

/* "1:10 2:20": profiles and routes, in their order. */
static str walked(const struct picture *picture, const struct order *order, const bool *about,
                  struct arena *arena)
{
    str all = {};
    struct export_walk walk =
        export_walk(&picture->asks[CUSTOMER_LEAD], order, CUSTOMER_LEAD, about);
    const struct export_ask *ask;
    while ((ask = export_walk_next(&walk)) != NULL)
        all = arena_format(arena, "%.*s%s%d:%d", STR_ARG(all), all.len == 0 ? "" : " ",
                           (int)ask->profile->object.id, (int)ask->route->id);
    return all;
}

TEST(walks)
{
    static const int64_t five[] = { 5 };
    static const int64_t six[] = { 6 };
    static const int64_t ten[] = { 10 };
    static const struct export_route routes[] = {
        { .id = 1, .type = CUSTOMER_LEAD, .campaigns = six, .campaign_count = 1 },
        { .id = 2, .type = CUSTOMER_LEAD, .campaigns = five, .campaign_count = 1 },
        { .id = 3, .type = CUSTOMER_LEAD },
        { .id = 4, .type = CUSTOMER_PARTIAL },
        { .id = 5, .type = CUSTOMER_LEAD, .products = ten, .product_count = 1 },
    };

    static const struct {
        const char *label, *walked;
        int64_t campaign;
        int64_t product;
        bool about;
    } cases[] = {
        { "of requests the first counts, of files each", "1:2 2:2 2:3 2:5 3:5", 5, 10, true },
        { "another campaign", "1:1 2:1 2:3 3:1", 6, 11, true },
        { "none of them", "1:3 2:3", 7, 11, true },
        { "a line it is not about", "1:2 2:2 2:3", 5, 10, false },
    };

    struct picture *picture = picture_new(1);
    const struct export_route others[] = { routes[4], routes[0] };
    picture_put(picture, OBJECT_ENDPOINT, profile_new(1, EXPORT_POSTBACK, routes, 5));
    picture_put(picture, OBJECT_ENDPOINT, profile_new(2, EXPORT_CSV, routes, 5));
    picture_put(picture, OBJECT_ENDPOINT, profile_new(3, EXPORT_POSTBACK, others, 2));
    picture_finish(picture);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        const struct order_line line = { .product = cases[i].product };
        const struct order order = { .campaign = cases[i].campaign,
                                     .lines = &line,
                                     .line_count = 1 };
        CHECK_STR(cases[i].label, walked(picture, &order, &cases[i].about, &arena),
                  str_c(cases[i].walked));
    }
    object_release(picture);
}

/* Against a look at each route. */
TEST(walks_pass_nobody_over)
{
    uint64_t seed = 3;

    enum { PROFILES = 40, ROUTES = 5 };

    static struct export_route routes[PROFILES][ROUTES];
    static int64_t ids[PROFILES][ROUTES][2];
    struct picture *picture = picture_new(1);
    for (int i = 0; i < PROFILES; i++) {
        for (int k = 0; k < ROUTES; k++) {
            int64_t first = (int64_t)(test_random(&seed) % 100);
            ids[i][k][0] = first;
            ids[i][k][1] = first + 1 + (int64_t)(test_random(&seed) % 50);
            routes[i][k] = (struct export_route){ .id = k, .type = CUSTOMER_LEAD };
            *(k % 2 == 0 ? &routes[i][k].campaigns : &routes[i][k].products) = ids[i][k];
            *(k % 2 == 0 ? &routes[i][k].campaign_count : &routes[i][k].product_count) =
                (int)(test_random(&seed) % 3);
        }
        picture_put(picture, OBJECT_ENDPOINT, profile_new(i + 1, EXPORT_CSV, routes[i], ROUTES));
    }
    picture_finish(picture);
    for (int round = 0; round < 2000; round++) {
        struct order_line lines[] = { { .product = (int64_t)(test_random(&seed) % 150) },
                                      { .linked = (int64_t)(test_random(&seed) % 150) } };
        const struct order order = { .campaign = (int64_t)(test_random(&seed) % 150),
                                     .lines = lines,
                                     .line_count = 2 };
        const bool about[] = { true, test_random(&seed) % 2 == 0 };
        struct export_walk walk =
            export_walk(&picture->asks[CUSTOMER_LEAD], &order, CUSTOMER_LEAD, about);
        for (int i = 0; i < PROFILES * ROUTES; i++) {
            const struct export_route *route = &routes[i / ROUTES][i % ROUTES];
            if (export_route_asks(route, &order, CUSTOMER_LEAD, about) == EXPORT_WANTED)
                CHECK("found", export_walk_next(&walk)->route == route);
        }
        CHECK("no other", export_walk_next(&walk) == NULL);
    }
    object_release(picture);
}

RUN_TESTS(cmocka_unit_test(walks), cmocka_unit_test(walks_pass_nobody_over),
          cmocka_unit_test(matches), cmocka_unit_test(asks_every_subscription),
          cmocka_unit_test(filters), cmocka_unit_test(subscribes))
