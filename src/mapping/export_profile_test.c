/* SPDX-License-Identifier: MIT */
#include "mapping/export_profile.h"

#include "mapping/test_conditions.h"
#include "mapping/test_maps.h"
#include "mapping/test_order.h"

#include "base/id.h"
#include "base/testing.h"

#define MINUTE ((int64_t)60 * 1000)

/* ── settings ── */

static const int64_t campaigns[] = { 3, 9, 12 };
static const int64_t products[] = { 7 };

static struct export_profile everything(struct arena *arena)
{
    struct problem problem = {};
    struct export_route *routes = ARENA_ARRAY(arena, struct export_route, 2);
    routes[0] = (struct export_route){ .id = 5,
                                       .type = CUSTOMER_PARTIAL,
                                       .campaigns = campaigns,
                                       .campaign_count = COUNT_OF(campaigns),
                                       .created_ms = 1700000000123,
                                       .changed_ms = 1700000000456 };
    routes[1] = (struct export_route){ .id = 6,
                                       .type = CUSTOMER_QA_PENDING,
                                       .products = products,
                                       .product_count = COUNT_OF(products) };
    struct export_profile profile = {
        .type = EXPORT_FTP,
        .compatible = true,
        .delay_ms = 5 * MINUTE,
        .map = test_map(STR("{\"first\":\"[firstName]\",\"list\":\"400\"}"), arena, &problem),
        .guard_cells = true,
        .routes = routes,
        .route_count = 2,
        .user = STR("ann"),
        .password = STR("\"quoted\" \\ \xc3\xa4"),
        .host_key = STR("SHA256:abc"),
        .pci_document = STR("2026-01-01"),
    };
    return profile;
}

static void check_route(const struct export_route *got, const struct export_route *want)
{
    CHECK_INT("id", got->id, want->id);
    CHECK_INT("type", got->type, want->type);
    CHECK_INT("created", got->created_ms, want->created_ms);
    CHECK_INT("changed", got->changed_ms, want->changed_ms);
    CHECK_INT("campaigns", got->campaign_count, want->campaign_count);
    for (int i = 0; i < want->campaign_count; i++)
        CHECK_INT("campaign", got->campaigns[i], want->campaigns[i]);
    CHECK_INT("products", got->product_count, want->product_count);
    for (int i = 0; i < want->product_count; i++)
        CHECK_INT("product", got->products[i], want->products[i]);
}

TEST(there_and_back)
{
    CLEANUP(arena_done) struct arena arena = {};
    const struct export_profile profile = everything(&arena);
    struct export_profile read;
    str text = export_profile_write(&profile, &arena);
    CHECK("read", export_profile_read(test_json(&arena, text), &arena, &read));
    CHECK_INT("type", read.type, EXPORT_FTP);
    CHECK("compatible", read.compatible);
    CHECK_INT("delay", read.delay_ms, profile.delay_ms);
    CHECK_STR("map", export_map_write(read.map, &arena), export_map_write(profile.map, &arena));
    CHECK("guarded", read.guard_cells);
    CHECK_STR("user", read.user, profile.user);
    CHECK_STR("password", read.password, profile.password);
    CHECK_STR("host key", read.host_key, profile.host_key);
    CHECK_STR("PCI", read.pci_document, profile.pci_document);
    CHECK_INT("routes", read.route_count, 2);
    for (int i = 0; i < read.route_count; i++)
        check_route(&read.routes[i], &profile.routes[i]);
    CHECK_STR("once more", export_profile_write(&read, &arena), text);
}

TEST(the_least_there_is)
{
    CLEANUP(arena_done) struct arena arena = {};
    struct problem problem = {};
    const struct export_profile least = { .map = test_map(STR("{}"), &arena, &problem) };
    struct export_profile read;
    str text = export_profile_write(&least, &arena);
    CHECK("read", export_profile_read(test_json(&arena, text), &arena, &read));
    CHECK_INT("postback", read.type, EXPORT_POSTBACK);
    CHECK("native", !read.compatible && !read.guard_cells && !read.map->all_strings);
    CHECK_INT("at once", read.delay_ms, 0);
    CHECK_INT("nobody", read.route_count, 0);
    const struct export_map strings = { .method = STR("GET"), .all_strings = true };
    const struct export_profile other = { .type = EXPORT_CSV, .map = &strings };
    CHECK("read", export_profile_read(test_json(&arena, export_profile_write(&other, &arena)),
                                      &arena, &read));
    CHECK("CSV, strings", read.type == EXPORT_CSV && read.map->all_strings);
}

#define ROUTE(id, type, campaigns, products, created)                                              \
    "'routes':[{'id':'" id "','customerType':'" type "','campaignIds':[" campaigns                 \
    "],'productIds':[" products "],'createdMs':" created "}]"
#define LEAST "'type':'csv','delayMinutes':0,'mappings':[]"

TEST(what_nobody_wrote_is_not_read)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        { "{" LEAST "}", true },
        { "{" LEAST "," ROUTE("rte_0000000000001", "lead", "", "", "1") "}", true },
        { "{}", false },
        { "{'type':'fax','delayMinutes':0,'mappings':[]}", false },
        { "{'type':'csv','mappings':[]}", false },
        { "{'type':'csv','delayMinutes':0,'mappings':[{'exportName':'a','field':'no'}]}", false },
        { "{" LEAST "," ROUTE("exp_0000000000001", "lead", "", "", "1") "}", false },
        { "{" LEAST "," ROUTE("rte_0000000000001", "leads", "", "", "1") "}", false },
        { "{" LEAST "," ROUTE("rte_0000000000001", "lead", "1", "", "1") "}", false },
        { "{" LEAST "," ROUTE("rte_0000000000001", "lead", "", "'cmp_0000000000001'", "1") "}",
          false },
        { "{" LEAST "," ROUTE("rte_0000000000001", "lead", "", "", "'soon'") "}", false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {};
        struct export_profile read;
        json settings = test_json(&arena, test_quotes(&arena, cases[i].text));
        CHECK(cases[i].text, settings != NULL);
        CHECK_INT(cases[i].text, export_profile_read(settings, &arena, &read), cases[i].good);
    }
}

TEST(types_by_name)
{
    enum export_type type;
    for (int i = EXPORT_POSTBACK; i <= EXPORT_CSV; i++) {
        CHECK("read", export_type_read(export_type_name((enum export_type)i), &type));
        CHECK_INT("itself", type, i);
    }
    CHECK("no other", !export_type_read(STR("Postback"), &type));
}

/* ── when ── */

#define CREATED ((int64_t)1700000000000)

TEST(due)
{
    static const struct {
        const char *label;
        bool compatible;
        int64_t delay, at, due; /* minutes; `at` and `due` since the profile's creation */
    } cases[] = {
        { "native, at once", false, 0, 1, 1 },
        { "native, later", false, 5, 1, 6 },
        { "S1.17 at 1", true, 0, 1, 15 },
        { "S1.17 at 14", true, 0, 14, 15 },
        { "S1.17 at 16", true, 0, 16, 30 },
        { "on the sweep", true, 0, 15, 15 },
        { "of the moment of its creation", true, 0, 0, 0 },
        { "what was before the profile", true, 0, -60 * 23, 0 },
        { "before it, due behind it", true, 5, -1, 20 },
        { "S1.18 at 0", true, 5, 0, 20 },
        { "S1.18 its last", true, 5, 15, 20 },
        { "S1.18 too late for it", true, 5, 16, 40 },
        { "a week's delay", true, 10080, 1, 10095 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct export_profile profile = { .compatible = cases[i].compatible,
                                                .delay_ms = cases[i].delay * MINUTE };
        CHECK_INT(cases[i].label,
                  export_due_ms(&profile, CREATED, CREATED + cases[i].at * MINUTE) - CREATED,
                  cases[i].due * MINUTE);
    }
    const struct export_profile swept = { .compatible = true };
    CHECK_INT("a moment behind a sweep", export_due_ms(&swept, CREATED, CREATED + 15 * MINUTE + 1),
              CREATED + 30 * MINUTE);
    CHECK_INT("and before it", export_due_ms(&swept, CREATED, CREATED + 15 * MINUTE - 1),
              CREATED + 15 * MINUTE);
}

/* Never before the delay is over, never a whole sweep behind it, always on a sweep. */
TEST(due_whenever)
{
    uint64_t seed = 5;
    for (int i = 0; i < 20000; i++) {
        const struct export_profile profile = { .compatible = true,
                                                .delay_ms =
                                                    (int64_t)(test_random(&seed) % 60) * MINUTE };
        int64_t every_ms = 15 * MINUTE + profile.delay_ms;
        int64_t at_ms = CREATED + (int64_t)(test_random(&seed) % (uint64_t)(100000 * MINUTE));
        int64_t waits_ms = export_due_ms(&profile, CREATED, at_ms) - at_ms;
        CHECK("not before", waits_ms >= profile.delay_ms);
        CHECK("not long after", waits_ms < profile.delay_ms + every_ms);
        CHECK_INT("a sweep", (at_ms + waits_ms - CREATED) % every_ms, 0);
    }
}

/* ── which ── */

TEST(routes)
{
    static const struct {
        const char *label;
        enum customer_type of;
        int64_t campaigns[4], products[4]; /* 0: no more */
        enum customer_type type;
        bool about[3];
        enum export_refusal refusal;
    } cases[] = {
        /* The order: campaign 5; lines of the products 10, 20 (by its SKU) and of none. */
        { "all", CUSTOMER_LEAD, {}, {}, CUSTOMER_LEAD, {}, EXPORT_WANTED },
        { "another type", CUSTOMER_LEAD, {}, {}, CUSTOMER_PARTIAL, {}, EXPORT_OTHER_TYPE },
        { "its campaign", CUSTOMER_LEAD, { 5 }, {}, CUSTOMER_LEAD, {}, EXPORT_WANTED },
        { "among others", CUSTOMER_LEAD, { 1, 5, 9 }, {}, CUSTOMER_LEAD, {}, EXPORT_WANTED },
        { "the first of them", CUSTOMER_LEAD, { 5, 6, 7 }, {}, CUSTOMER_LEAD, {}, EXPORT_WANTED },
        { "the last of them", CUSTOMER_LEAD, { 2, 3, 5 }, {}, CUSTOMER_LEAD, {}, EXPORT_WANTED },
        { "lower", CUSTOMER_LEAD, { 4 }, {}, CUSTOMER_LEAD, {}, EXPORT_OTHER_CAMPAIGN },
        { "higher", CUSTOMER_LEAD, { 6 }, {}, CUSTOMER_LEAD, {}, EXPORT_OTHER_CAMPAIGN },
        { "around", CUSTOMER_LEAD, { 4, 6 }, {}, CUSTOMER_LEAD, {}, EXPORT_OTHER_CAMPAIGN },
        { "the type comes first",
          CUSTOMER_LEAD,
          { 4 },
          { 1 },
          CUSTOMER_CANCEL,
          {},
          EXPORT_OTHER_TYPE },
        { "the campaign second",
          CUSTOMER_LEAD,
          { 4 },
          { 1 },
          CUSTOMER_LEAD,
          { true, true, true },
          EXPORT_OTHER_CAMPAIGN },
        { "its product", CUSTOMER_LEAD, {}, { 10 }, CUSTOMER_LEAD, { true }, EXPORT_WANTED },
        { "its SKU's", CUSTOMER_LEAD, {}, { 20 }, CUSTOMER_LEAD, { true, true }, EXPORT_WANTED },
        { "of a line it is not about",
          CUSTOMER_CANCEL,
          {},
          { 10 },
          CUSTOMER_CANCEL,
          { false, true, true },
          EXPORT_OTHER_PRODUCT },
        { "another product",
          CUSTOMER_LEAD,
          { 5 },
          { 11, 30 },
          CUSTOMER_LEAD,
          { true, true, true },
          EXPORT_OTHER_PRODUCT },
        { "of no line", CUSTOMER_LEAD, {}, { 10 }, CUSTOMER_LEAD, {}, EXPORT_OTHER_PRODUCT },
    };

    static const struct order_line lines[] = { { .product = 10 }, { .linked = 20 }, {} };
    const struct order order = { .campaign = 5, .lines = lines, .line_count = COUNT_OF(lines) };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct export_route route = { .type = cases[i].of,
                                      .campaigns = cases[i].campaigns,
                                      .products = cases[i].products };
        while (cases[i].campaigns[route.campaign_count] != 0)
            route.campaign_count++;
        while (cases[i].products[route.product_count] != 0)
            route.product_count++;
        CHECK_INT(cases[i].label, export_route_asks(&route, &order, cases[i].type, cases[i].about),
                  cases[i].refusal);
    }
}

RUN_TESTS(cmocka_unit_test(there_and_back), cmocka_unit_test(the_least_there_is),
          cmocka_unit_test(what_nobody_wrote_is_not_read), cmocka_unit_test(types_by_name),
          cmocka_unit_test(due), cmocka_unit_test(due_whenever), cmocka_unit_test(routes))
