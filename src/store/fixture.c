/* SPDX-License-Identifier: MIT */
#include "store/fixture.h"

#include "store/catalog.h"
#include "store/exports.h"
#include "store/orders.h"
#include "store/testing.h"

#define ORG 1
#define OUTLET 1001
#define DELIVERIES 40

static void add_people(struct scene *scene)
{
    struct sql *sql = store_writer_sql(scene->writer);
    scene_organization(scene, ORG);
    scene_outlet(scene, ORG, OUTLET);
    assert_int_equal(SQL_RUN(sql, "INSERT INTO users (id, email_key, password, created_ms)"
                                  " VALUES (2001, 'ada@example.com', 'x', 1)"),
                     1);
    assert_int_equal(SQL_RUN(sql, "INSERT INTO members (organization, user_id, email, name, role,"
                                  " created_ms)"
                                  " VALUES (1, 2001, 'Ada@example.com', 'Ada', 'owner', 1)"),
                     1);
    assert_int_equal(store_setting_put(sql, "fixture", STR("of this release")), 0);
}

/* Events about one contact; of every four deliveries one is delivered, one dead, one tried. */
static void add_history(struct scene *scene)
{
    static const enum delivery_state states[] = { DELIVERY_DELIVERED, DELIVERY_DEAD,
                                                  DELIVERY_PENDING };
    struct delivery deliveries[DELIVERIES];
    struct rows rows;
    rows_init(&rows, scene);
    struct contact *contact = rows_contact(&rows, ORG, "ada@example.com");
    for (int i = 0; i < DELIVERIES; i++) {
        struct event *event = rows_event(&rows, ORG, contact->id);
        event->notes = i % 2 == 0 ? STR("[]") : (str){};
        event->raw = i % 3 == 0 ? STR("raw") : (str){};
        deliveries[i] = *rows_work(&rows, event, OUTLET);
    }
    rows_key(&rows, &rows.batch.events->event, "idempotency-key-");
    rows_rejection(&rows, ORG, 0, "invalid");
    rows_commit(&rows);
    rows_init(&rows, scene);
    for (int i = 0; i < DELIVERIES; i++)
        if (i % 4 < 3)
            (void)rows_change(&rows, &deliveries[i], states[i % 4], true);
    rows_commit(&rows);
}

#define CAMPAIGN 3001
#define PRODUCT 3002
#define SKU 3003
#define CUSTOMER 3004
#define ORDER 3005

/* An order whose line says which SKU it is; the SKU, which product. */
static void add_orders(struct scene *scene)
{
    struct sql *sql = store_writer_sql(scene->writer);
    const struct campaign_row campaign = {
        .id = CAMPAIGN, .organization = ORG, .number = 1, .name = STR("Spring")
    };
    const struct product_row product = {
        .id = PRODUCT, .organization = ORG, .number = 1, .name = STR("Serum"), .price = 4990
    };
    const struct sku sku = { .id = SKU,
                             .organization = ORG,
                             .campaign = CAMPAIGN,
                             .text = STR("SERUM-1"),
                             .key = STR("serum-1"),
                             .product = PRODUCT };
    const struct customer customer = {
        .id = CUSTOMER, .organization = ORG, .number = 1, .email_key = STR("ada@example.com")
    };
    const struct order_line line = {
        .sku_id = SKU, .sku = STR("SERUM-1"), .quantity = 1, .price = 4990
    };
    const struct order order = { .id = ORDER,
                                 .organization = ORG,
                                 .number = 1,
                                 .campaign = CAMPAIGN,
                                 .customer = CUSTOMER,
                                 .client_order_id = STR("F5A8CD676F"),
                                 .sender_order_id = STR("279415"),
                                 .state = SALE_COMPLETE,
                                 .sold = true,
                                 .currency = STR("USD"),
                                 .values = { [CRM_FIRST_NAME] = STR_INIT("Ada") },
                                 .lines = &line,
                                 .line_count = 1,
                                 .total = 4990,
                                 .captured = 4990 };
    assert_int_equal(store_insert_campaign(sql, &campaign), 0);
    assert_int_equal(store_insert_product(sql, &product), 0);
    assert_int_equal(store_insert_sku(sql, &sku), 0);
    assert_int_equal(store_insert_customer(sql, &customer), 0);
    assert_int_equal(store_insert_order(sql, &order, &scene->arena), 0);
}

#define PROFILE 4001
#define LATER_PROFILE 4002
#define FILE_ID 4003
#define FILE_DAY 20000
#define LATER_MS 600000

/* A row of a file, and a delivery that is due later: nothing of that is fixed yet. */
static void add_exports(struct scene *scene)
{
    struct sql *sql = store_writer_sql(scene->writer);
    const struct export_file file = { .id = FILE_ID,
                                      .organization = ORG,
                                      .profile = PROFILE,
                                      .route = 1,
                                      .day = FILE_DAY,
                                      .name = STR("orders_new_sale_2024-10-04.csv"),
                                      .columns = STR("[]"),
                                      .header = STR("order\r\n"),
                                      .closes_ms = scene->now_ms };
    const struct export_file_row sums = { .file = file, .rows = 1, .bytes = 3 };
    const struct backfill backfill = { .route = 1, .organization = ORG, .profile = PROFILE };
    scene_outlet(scene, ORG, PROFILE);
    scene_outlet(scene, ORG, LATER_PROFILE);
    assert_int_equal(SQL_RUN(sql,
                             "UPDATE endpoints SET kind = 'export', export = $1"
                             " WHERE id >= $2",
                             SQL_B(STR("sealed")), SQL_I(PROFILE)),
                     2);
    assert_int_equal(store_insert_export_file(sql, &file), 0);
    assert_int_equal(store_update_export_file(sql, &sums), 0);
    assert_int_equal(store_insert_backfill(sql, &backfill), 0);
    struct rows rows;
    rows_init(&rows, scene);
    struct delivery *row = rows_work(&rows, rows_event(&rows, ORG, 1), PROFILE);
    rows_export(&rows, row, "A1\n")->file = FILE_ID;
    struct delivery *later = rows_work(&rows, rows_event(&rows, ORG, 1), LATER_PROFILE);
    later->due_ms += LATER_MS;
    rows_export(&rows, later, "")->fix_ms = later->due_ms;
    rows_commit(&rows);
}

void fixture_make(const char *file)
{
    struct scene scene;
    struct problem problem = {};
    scene_open(&scene);
    add_people(&scene);
    add_history(&scene);
    add_orders(&scene);
    add_exports(&scene);
    int r;
    while ((r = store_merge_activity_step(scene.writer, 20)) == CHORE_MORE)
        continue;
    assert_int_equal(r, 0);
    assert_int_equal(store_backup(scene.store, str_c(file), &scene.arena, &problem), 0);
    scene_close(&scene);
}

static void check_work(struct scene *scene)
{
    struct work_item items[DELIVERIES];
    assert_int_equal(scene_work(scene, ORG, OUTLET, items, DELIVERIES), DELIVERIES / 2);
    for (int i = 0; i < DELIVERIES / 2; i++) {
        assert_true(str_equal(items[i].event.data, STR("{\"order\":1}")));
        struct delivery_found found;
        assert_int_equal(store_find_delivery(store_reader_sql(scene->reader), ORG,
                                             items[i].delivery.id, &scene->arena, &found),
                         0);
    }
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM deliveries"), DELIVERIES / 2);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM attempts"), DELIVERIES * 3 / 4);
}

#define SCHEMA_OF_ORDERS 3
#define SCHEMA_OF_EXPORTS 4

static void check_contact(struct scene *scene)
{
    struct contact_load load = { .organization = ORG, .email_key = STR("ada@example.com") };
    struct contact_load *pointer = &load;
    int64_t events[DELIVERIES];
    int count = 0;
    assert_int_equal(store_load_contacts(scene->writer, &pointer, 1), 0);
    assert_true(load.id != 0);
    assert_int_equal(store_read_activity(store_reader_sql(scene->reader), ORG, load.id, 0,
                                         DELIVERIES, events, &count),
                     0);
    assert_int_equal(count, DELIVERIES);
}

static void check_orders(struct scene *scene)
{
    struct sql *sql = store_reader_sql(scene->reader);
    const struct order_wanted wanted = { .organization = ORG,
                                         .client_order_id = STR("F5A8CD676F") };
    struct order order;
    struct customer customer;
    assert_int_equal(store_find_order(sql, &wanted, &scene->arena, &order), 0);
    assert_int_equal(order.state, SALE_COMPLETE);
    assert_int_equal(order.captured, 4990);
    assert_true(str_equal(order.values[CRM_FIRST_NAME], STR("Ada")));
    assert_int_equal(order.line_count, 1);
    assert_int_equal(order_line_product(&order.lines[0]), PRODUCT);
    assert_int_equal(
        store_find_customer(sql, ORG, STR("ada@example.com"), 0, &scene->arena, &customer), 0);
    assert_int_equal(customer.id, order.customer);
    struct catalog_count campaigns, products;
    assert_int_equal(store_count_campaigns(sql, ORG, &campaigns), 0);
    assert_int_equal(store_count_products(sql, ORG, &products), 0);
    assert_int_equal(campaigns.next_number, 2);
    assert_int_equal(products.next_number, 2);
}

static void check_exports(struct scene *scene)
{
    struct sql *sql = store_reader_sql(scene->reader);
    struct export_file file;
    struct backfill backfill;
    struct work_item item;
    assert_int_equal(store_find_export_file_by_name(sql, ORG, PROFILE,
                                                    STR("orders_new_sale_2024-10-04.csv"),
                                                    &scene->arena, &file),
                     0);
    assert_int_equal(file.row_count, 1);
    const struct export_file_part part = { ORG, file.id, 0, 100 };
    struct buf bytes;
    int64_t last = 0;
    buf_init(&bytes, &scene->arena, 100);
    assert_int_equal(store_read_export_file_part(sql, &part, &bytes, &last), 0);
    assert_true(str_equal(buf_str(&bytes), STR("A1\n")));
    assert_int_equal(store_find_backfill(sql, &backfill), 0);
    assert_int_equal(backfill.profile, PROFILE);
    assert_int_equal(scene_work(scene, ORG, PROFILE, &item, 1), 1);
    assert_true(item.event.rendered);
    assert_int_equal(scene_work(scene, ORG, LATER_PROFILE, &item, 1), 1);
    assert_false(item.event.rendered);
    assert_int_equal(item.delivery.due_ms, item.delivery.created_ms + LATER_MS);
    int64_t fix_ms = 0;
    assert_int_equal(store_next_export_to_fix(sql, 0, &fix_ms), 0);
    assert_int_equal(fix_ms, item.delivery.due_ms);
}

void fixture_check(str directory, int schema)
{
    struct scene scene = { .log = { .least = LOG_ERROR, .fd = 2 } };
    struct problem problem = {};
    str value = {};
    const struct store_options options = { .directory = directory, .log = &scene.log };
    assert_int_equal(store_open(&options, &scene.arena, &scene.store, &problem), 0);
    scene_connect(&scene);
    check_work(&scene);
    check_contact(&scene);
    if (schema >= SCHEMA_OF_ORDERS)
        check_orders(&scene);
    if (schema >= SCHEMA_OF_EXPORTS)
        check_exports(&scene);
    assert_int_equal(
        store_setting_get(store_reader_sql(scene.reader), "fixture", &scene.arena, &value), 1);
    scene_check(&scene);
    scene_disconnect(&scene);
    store_close(scene.store);
    arena_done(&scene.arena);
}
