/* SPDX-License-Identifier: MIT
 * store/catalog_test.c: campaigns, products and SKUs: their rows, their lists, and what a batch
 * loads and writes of them. On every engine. */
#include "store/catalog.h"
#include "store/testing.h"

#define ORG 1
#define OTHER 2

static struct sql *writing(struct scene *scene)
{
    return store_writer_sql(scene->writer);
}

static struct store_page page_of(struct scene *scene, int64_t before, int limit)
{
    return (struct store_page){
        .organization = ORG, .before = before, .limit = limit, .arena = &scene->arena
    };
}

static void add_campaign(struct scene *scene, int64_t organization, int64_t id, int64_t number)
{
    const struct campaign_row row = {
        .id = id, .organization = organization, .number = number, .name = STR("Spring")
    };
    assert_int_equal(store_insert_campaign(writing(scene), &row), 0);
}

static int add_sku(struct scene *scene, const struct sku *sku)
{
    struct sku row = *sku;
    row.organization = row.organization == 0 ? ORG : row.organization;
    row.key = row.key.len == 0 ? row.text : row.key;
    return store_insert_sku(writing(scene), &row);
}

/* ── campaigns and products ── */

static void test_campaigns(void **state)
{
    struct scene *scene = *state;
    struct campaign_row row = {};
    struct campaign_row rows[3];
    struct catalog_count counted;
    int count;
    scene_organization(scene, ORG);
    scene_organization(scene, OTHER);
    assert_int_equal(store_count_campaigns(writing(scene), ORG, &counted), 0);
    assert_int_equal(counted.count, 0);
    assert_int_equal(counted.next_number, 1);
    add_campaign(scene, ORG, 10, 1);
    add_campaign(scene, ORG, 11, 2);
    add_campaign(scene, OTHER, 12, 1);
    add_campaign(scene, ORG, 13, 5);
    assert_int_equal(store_count_campaigns(writing(scene), ORG, &counted), 0);
    assert_int_equal(counted.count, 3);
    assert_int_equal(counted.next_number, 6);

    assert_int_equal(store_read_campaign(writing(scene), OTHER, 10, &scene->arena, &row),
                     STORE_NOT_FOUND);
    assert_int_equal(store_read_campaign(writing(scene), ORG, 10, &scene->arena, &row), 0);
    row.name = STR("Summer");
    row.updated_ms = 9;
    assert_int_equal(store_update_campaign(writing(scene), &row), 0);
    row.organization = OTHER;
    row.name = STR("not theirs");
    assert_int_equal(store_update_campaign(writing(scene), &row), 0);
    assert_int_equal(store_delete_campaign(writing(scene), OTHER, 10), 0);
    assert_int_equal(store_read_campaign(writing(scene), ORG, 10, &scene->arena, &row), 0);
    assert_true(str_equal(row.name, STR("Summer")));
    assert_int_equal(row.number, 1);
    assert_int_equal(row.updated_ms, 9);

    add_campaign(scene, ORG, 14, 6);
    assert_int_equal(store_delete_campaign(writing(scene), ORG, 14), 0);
    assert_int_equal(store_count_campaigns(writing(scene), ORG, &counted), 0);
    assert_int_equal(counted.count, 3);
    assert_int_equal(counted.next_number, 7); /* no number comes twice */

    struct store_page page = page_of(scene, STORE_NEWEST, 2);
    assert_int_equal(store_list_campaigns(writing(scene), &page, rows, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].id, 13);
    assert_int_equal(rows[1].id, 11);
    page.before = 11;
    assert_int_equal(store_list_campaigns(writing(scene), &page, rows, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].id, 10);
    assert_int_equal(store_delete_campaign(writing(scene), ORG, 10), 0);
    assert_int_equal(store_read_campaign(writing(scene), ORG, 10, &scene->arena, &row),
                     STORE_NOT_FOUND);
}

static enum campaign_use use_of(struct scene *scene, int64_t campaign)
{
    enum campaign_use use = CAMPAIGN_IN_USE;
    assert_int_equal(store_find_campaign_use(writing(scene), ORG, campaign, &use), 0);
    return use;
}

static void test_campaigns_in_use(void **state)
{
    struct scene *scene = *state;
    struct sql *sql = writing(scene);
    assert_int_equal(use_of(scene, 10), CAMPAIGN_FREE);
    assert_true(
        SQL_RUN(sql,
                "INSERT INTO orders (id, organization, number, client_order_id, campaign, customer,"
                " state, test, data, created_ms, updated_ms)"
                " VALUES (1, 1, 1, 'a', 10, 0, 'complete', 0, x'', 0, 0)") > 0);
    assert_int_equal(use_of(scene, 10), CAMPAIGN_HAS_ORDERS);
    assert_true(SQL_RUN(sql, "INSERT INTO plugins (id, organization, type, name, campaign,"
                             " import_unknown_skus, created_ms, updated_ms)"
                             " VALUES (2, 1, 'konnektive', 'n', 10, 0, 0, 0)") > 0);
    assert_int_equal(use_of(scene, 10), CAMPAIGN_HAS_PLUGINS);
    assert_int_equal(add_sku(scene, &(struct sku){ .id = 3, .campaign = 10, .text = STR("a") }), 0);
    assert_int_equal(use_of(scene, 10), CAMPAIGN_HAS_SKUS);
    assert_int_equal(use_of(scene, 11), CAMPAIGN_FREE);
}

static void test_products(void **state)
{
    struct scene *scene = *state;
    struct product_row row = {
        .id = 20, .organization = ORG, .number = 1, .name = STR("Tea"), .price = 2940
    };
    struct product_row rows[3];
    struct catalog_count counted;
    int count;
    scene_organization(scene, ORG);
    assert_int_equal(store_insert_product(writing(scene), &row), 0);
    row.name = STR("Coffee");
    row.price = 100;
    row.recurring = true;
    assert_int_equal(store_update_product(writing(scene), &row), 0);
    row.id = 21;
    row.number = 2;
    assert_int_equal(store_insert_product(writing(scene), &row), 0);
    row.id = 22;
    row.organization = OTHER;
    assert_int_equal(store_insert_product(writing(scene), &row), 0);
    assert_int_equal(store_read_product(writing(scene), ORG, 20, &scene->arena, &row), 0);
    assert_true(str_equal(row.name, STR("Coffee")));
    assert_int_equal(row.price, 100);
    assert_true(row.recurring);
    assert_int_equal(row.number, 1);
    assert_int_equal(store_read_product(writing(scene), ORG, 22, &scene->arena, &row),
                     STORE_NOT_FOUND);
    struct store_page page = page_of(scene, STORE_NEWEST, 3);
    assert_int_equal(store_list_products(writing(scene), &page, rows, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].id, 21);
    assert_int_equal(store_count_products(writing(scene), ORG, &counted), 0);
    assert_int_equal(counted.count, 2);
    assert_int_equal(counted.next_number, 3);
    assert_int_equal(store_delete_product(writing(scene), ORG, 21), 0);
    assert_int_equal(store_count_products(writing(scene), ORG, &counted), 0);
    assert_int_equal(counted.next_number, 3);
    assert_int_equal(store_delete_product(writing(scene), ORG, 20), 0);
    assert_int_equal(store_read_product(writing(scene), ORG, 20, &scene->arena, &row),
                     STORE_NOT_FOUND);
}

/* ── SKUs ── */

static void fill_skus(struct scene *scene)
{
    static const struct sku skus[] = {
        { .id = 31, .campaign = 10, .text = STR_INIT("abc") },
        { .id = 32,
          .campaign = 10,
          .text = STR_INIT("ABC"),
          .key = STR_INIT("abc"),
          .product = 20 },
        { .id = 33, .campaign = 11, .text = STR_INIT("abc"), .product = 20, .imported = true },
        { .id = 34, .campaign = 11, .text = STR_INIT("x"), .product = 21 },
        { .id = 35, .campaign = 12, .text = STR_INIT("x") },
        { .id = 36, .campaign = 10, .text = STR_INIT("abc"), .product = 20, .organization = OTHER },
    };
    for (size_t i = 0; i < COUNT_OF(skus); i++)
        assert_int_equal(add_sku(scene, &skus[i]), 0);
}

static void test_skus(void **state)
{
    struct scene *scene = *state;
    struct sku sku;
    int64_t id = 0;
    fill_skus(scene);
    assert_int_equal(store_read_sku(writing(scene), ORG, 33, &scene->arena, &sku), 0);
    assert_int_equal(sku.campaign, 11);
    assert_int_equal(sku.product, 20);
    assert_true(sku.imported);
    assert_true(str_equal(sku.text, STR("abc")));
    assert_int_equal(store_find_sku(writing(scene), &sku, &id), 0);
    assert_int_equal(id, 33);
    sku.text = STR("Abc");
    assert_int_equal(store_find_sku(writing(scene), &sku, &id), STORE_NOT_FOUND);
    sku.product = 0;
    sku.updated_ms = 5;
    assert_int_equal(store_link_sku(writing(scene), &sku), 0);
    sku.organization = OTHER;
    sku.product = 99;
    assert_int_equal(store_link_sku(writing(scene), &sku), 0);
    assert_int_equal(store_read_sku(writing(scene), ORG, 33, &scene->arena, &sku), 0);
    assert_int_equal(sku.product, 0);
    assert_int_equal(sku.updated_ms, 5);
    assert_int_equal(store_delete_sku(writing(scene), OTHER, 33), 0);
    assert_int_equal(store_read_sku(writing(scene), ORG, 33, &scene->arena, &sku), 0);
    assert_int_equal(store_delete_sku(writing(scene), ORG, 33), 0);
    assert_int_equal(store_read_sku(writing(scene), ORG, 33, &scene->arena, &sku), STORE_NOT_FOUND);
    assert_int_equal(store_read_sku(writing(scene), ORG, 36, &scene->arena, &sku), STORE_NOT_FOUND);
}

static void test_a_text_is_there_once(void **state)
{
    struct scene *scene = *state;
    fill_skus(scene);
    assert_true(add_sku(scene, &(struct sku){ .id = 40, .campaign = 10, .text = STR("abc") }) < 0);
}

static void test_sku_lists(void **state)
{
    static const struct {
        struct sku_filter filter;
        int64_t want[6]; /* newest first, up to 0 */
    } cases[] = {
        { {}, { 35, 34, 33, 32, 31 } },
        { { .campaign = 10 }, { 32, 31 } },
        { { .product = 20 }, { 33, 32 } },
        { { .type = SKU_TEXT }, { 35, 31 } },
        { { .type = SKU_LINKED }, { 34, 33, 32 } },
        { { .text = STR_INIT("abc"), .key = STR_INIT("abc") }, { 33, 31 } },
        { { .text = STR_INIT("Abc"), .key = STR_INIT("abc") }, {} },
        { { .campaign = 10, .type = SKU_TEXT }, { 31 } },
        { { .campaign = 10, .type = SKU_LINKED }, { 32 } },
        { { .campaign = 10, .product = 20 }, { 32 } },
        { { .campaign = 12, .product = 20 }, {} },
        { { .product = 20, .type = SKU_TEXT }, {} },
        { { .campaign = 10,
            .product = 20,
            .type = SKU_LINKED,
            .text = STR_INIT("ABC"),
            .key = STR_INIT("abc") },
          { 32 } },
        { { .campaign = 99 }, {} },
        { { .product = 99 }, {} },
    };
    struct scene *scene = *state;
    fill_skus(scene);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (int limit = 1; limit <= 6; limit += 5) {
            struct store_page page = page_of(scene, STORE_NEWEST, limit);
            struct sku skus[6];
            int at = 0;
            int count;
            do {
                assert_int_equal(
                    store_list_skus(writing(scene), &page, &cases[i].filter, skus, &count), 0);
                for (int j = 0; j < count; j++)
                    assert_int_equal(skus[j].id, cases[i].want[at++]);
                page.before = count > 0 ? skus[count - 1].id : 0;
            } while (count == limit);
            assert_int_equal(cases[i].want[at], 0);
        }
    }
}

/* ── batches ── */

static void check_load(struct scene *scene, int64_t campaign, const char *text, const char *key,
                       int64_t want)
{
    struct sku_load load = { .organization = ORG,
                             .campaign = campaign,
                             .text = str_c(text),
                             .key = str_c(key),
                             .id = 9,
                             .product = 9 };
    struct sku_load *loads[] = { &load };
    assert_int_equal(store_load_skus(scene->writer, loads, 1, &scene->arena), 0);
    assert_int_equal(load.id, want);
    struct sku sku = {};
    if (want != 0)
        assert_int_equal(store_read_sku(writing(scene), ORG, want, &scene->arena, &sku), 0);
    assert_int_equal(load.product, sku.product);
    assert_true(str_equal(load.found_text, sku.text));
}

static void test_load_skus(void **state)
{
    struct scene *scene = *state;
    fill_skus(scene);
    check_load(scene, 10, "abc", "abc", 31);
    check_load(scene, 10, "ABC", "abc", 32); /* exactly so first, though there is an older one */
    check_load(scene, 10, "aBc", "abc", 31); /* else the oldest */
    check_load(scene, 11, "ABC", "abc", 33);
    check_load(scene, 12, "abc", "abc", 0); /* of no other campaign */
    check_load(scene, 12, "X", "x", 35);
    check_load(scene, 10, "ab", "ab", 0);
}

static void test_batch_writes_skus(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    struct sku sku;
    rows_init(&rows, scene);
    struct sku_row second = { .sku = { .organization = ORG,
                                       .campaign = 10,
                                       .text = STR("Two"),
                                       .key = STR("two"),
                                       .imported = true,
                                       .created_ms = 7,
                                       .updated_ms = 7 } };
    struct sku_row first = { .next = &second, .sku = second.sku };
    first.sku.text = STR("One");
    first.sku.key = STR("one");
    first.sku.id = rows_id(&rows);
    second.sku.id = rows_id(&rows);
    rows.batch.skus = &first;
    rows_commit(&rows);
    scene_reopen(scene);
    assert_int_equal(store_read_sku(writing(scene), ORG, second.sku.id, &scene->arena, &sku), 0);
    assert_true(str_equal(sku.text, STR("Two")));
    assert_true(sku.imported);
    assert_int_equal(sku.product, 0);
    assert_int_equal(sku.created_ms, 7);
    check_load(scene, 10, "one", "one", first.sku.id);

    rows_init(&rows, scene);
    struct sku_row again = { .sku = first.sku };
    again.sku.id = rows_id(&rows);
    rows.batch.skus = &again;
    assert_int_equal(rows_try(&rows), COMMIT_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_campaigns),
        SCENE_TEST(test_campaigns_in_use),
        SCENE_TEST(test_products),
        SCENE_TEST(test_skus),
        SCENE_TEST(test_a_text_is_there_once),
        SCENE_TEST(test_sku_lists),
        SCENE_TEST(test_load_skus),
        SCENE_TEST(test_batch_writes_skus),
    };
    return RUN_SUITE("catalog", tests);
}
