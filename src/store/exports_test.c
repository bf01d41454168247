/* SPDX-License-Identifier: MIT
 * store/exports_test.c: what a delivery of an export profile has beside others. */
#include "store/testing.h"

#include "base/instant.h"
#include "store/exports.h"
#include "store/lists.h"

#define ORG 1
#define OUTLET 100

/* What was fixed of a delivery is read in place of its event's data, by itself and in pages. */
static void test_fixed_content_is_read(void **state)
{
    struct scene *scene = *state;
    static const char *const first[] = { NULL, "", "GET url \na=1" };
    static const char *const fixed = "POST body application/json\n{}";
    struct delivery deliveries[3];
    struct rows rows;
    rows_init(&rows, scene);
    for (int i = 0; i < 3; i++) {
        deliveries[i] = *rows_work(&rows, rows_event(&rows, ORG, 1), OUTLET);
        if (first[i] != NULL)
            (void)rows_export(&rows, &deliveries[i], first[i]);
    }
    rows_commit(&rows);
    for (int round = 0; round < 2; round++) {
        struct work_item items[3];
        assert_int_equal(scene_work(scene, ORG, OUTLET, items, 3), 3);
        for (int i = 0; i < 3; i++) {
            bool is_fixed = i == 2 || (i == 1 && round == 1);
            str want = !is_fixed    ? STR("{\"order\":1}")
                       : round == 1 ? str_c(i == 1 ? fixed : first[i])
                                    : str_c(first[i]);
            assert_true(str_equal(items[i].event.data, want));
            assert_int_equal(items[i].event.rendered, is_fixed);
            struct delivery_found found = { .delivery = deliveries[i] };
            struct event sent;
            assert_int_equal(store_read_sent_event(store_reader_sql(scene->reader), &found,
                                                   &scene->arena, &sent),
                             0);
            assert_true(str_equal(sent.data, want));
            assert_int_equal(sent.rendered, is_fixed);
        }
        rows_init(&rows, scene);
        rows.last_id = deliveries[2].id;
        (void)rows_export(&rows, &deliveries[1], fixed);
        rows_commit(&rows);
    }
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM exports WHERE order_id = 7"), 2);
}

/* What is not fixed yet is found when it is to be, the most urgent first, until it is. */
static void test_what_is_to_be_fixed(void **state)
{
    struct scene *scene = *state;
    static const int64_t fix_ms[] = { 300, 100, 0, 200, 200 };
    static const int first[] = { 1, 3, 4, 0 };
    struct sql *sql = store_writer_sql(scene->writer);
    struct export_delivery_row found[5];
    struct delivery deliveries[5];
    struct rows rows;
    int count = 0;
    int64_t next_ms = 0;
    rows_init(&rows, scene);
    for (int i = 0; i < 5; i++) {
        deliveries[i] = *rows_work(&rows, rows_event(&rows, ORG, 1), OUTLET);
        rows_export(&rows, &deliveries[i], "")->fix_ms = fix_ms[i];
    }
    rows_commit(&rows);
    assert_int_equal(store_list_exports_to_fix(sql, 300, 5, &scene->arena, found, &count), 0);
    assert_int_equal(count, 4);
    for (int i = 0; i < count; i++) {
        assert_int_equal(found[i].delivery, deliveries[first[i]].id);
        assert_int_equal(found[i].fix_ms, fix_ms[first[i]]);
    }
    assert_int_equal(store_list_exports_to_fix(sql, 299, 2, &scene->arena, found, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(store_next_export_to_fix(sql, 100, &next_ms), 0);
    assert_int_equal(next_ms, 200);
    rows_init(&rows, scene);
    rows.last_id = deliveries[4].id;
    for (int i = 0; i < 4; i++)
        (void)rows_export(&rows, &deliveries[first[i]], "GET url \n");
    rows_commit(&rows);
    assert_int_equal(store_list_exports_to_fix(sql, 300, 5, &scene->arena, found, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(store_next_export_to_fix(sql, 0, &next_ms), 0);
    assert_int_equal(next_ms, INT64_MAX);
}

/* All work of an outlet becomes delivered, in one batch. */
static void deliver_all(struct scene *scene, int64_t outlet)
{
    struct work_item items[200];
    int count;
    while ((count = scene_work(scene, ORG, outlet, items, 200)) > 0) {
        struct rows rows;
        rows_init(&rows, scene);
        for (int i = 0; i < count; i++)
            (void)rows_change(&rows, &items[i].delivery, DELIVERY_DELIVERED, true);
        rows_commit(&rows);
    }
}

static void prune(struct scene *scene, const struct retention *retention)
{
    int r;
    int steps = 0;
    while ((r = store_prune_step(scene->writer, retention, 20)) == CHORE_MORE)
        assert_true(steps++ < 10000);
    assert_int_equal(r, 0);
}

/* What was exported goes with its delivery, and stays while that is unfinished. */
static void test_exports_go_with_their_deliveries(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    rows_init(&rows, scene);
    for (int i = 0; i < 100; i++)
        for (int outlet = 0; outlet < 2; outlet++) {
            struct event *event = rows_event(&rows, ORG, 1 + i % 10);
            (void)rows_export(&rows, rows_work(&rows, event, OUTLET + outlet), "GET url \na=1");
        }
    rows_commit(&rows);
    deliver_all(scene, OUTLET);
    scene->now_ms += 31 * DAY_MS;
    scene->real_ms += 31 * DAY_MS;
    rows_init(&rows, scene);
    (void)rows_export(&rows, rows_work(&rows, rows_event(&rows, ORG, 1), OUTLET), "GET url \na=2");
    rows_commit(&rows);
    deliver_all(scene, OUTLET);
    const struct retention retention = { .before_ms = scene->now_ms - 30 * DAY_MS };
    prune(scene, &retention);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM exports WHERE outlet = 100"), 1);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM exports WHERE outlet = 101"), 100);
    struct work_item items[200];
    assert_int_equal(scene_work(scene, ORG, OUTLET + 1, items, 200), 100);
    for (int i = 0; i < 100; i++)
        assert_true(items[i].event.rendered &&
                    str_equal(items[i].event.data, STR("GET url \na=1")));
    scene_check(scene);
    deliver_all(scene, OUTLET + 1);
    prune(scene, &retention);
    assert_int_equal(scene_number(scene, "SELECT count(*) FROM exports"), 1);
    scene_check(scene);
}

/* By order and type, the newest; of another organization, none. */
static void test_the_last_occurrence(void **state)
{
    struct scene *scene = *state;

    static const struct {
        int64_t order;
        const char *type;
        const char *data;
    } told[] = {
        { 7, "order.cancel", "{\"line\":0}" }, { 7, "order.cancel", "{\"line\":1}" },
        { 7, "order.pause", "{\"line\":2}" },  { 8, "order.cancel", "{\"line\":3}" },
        { 8, "orderly", "{\"line\":4}" },
    };
    struct sql *sql = store_writer_sql(scene->writer);
    const struct order seven = { .id = 7, .organization = ORG };
    const struct order eight = { .id = 8, .organization = ORG };
    const struct order theirs = { .id = 7, .organization = ORG + 1 };
    struct rows rows;
    str data = {};
    rows_init(&rows, scene);
    for (size_t i = 0; i < COUNT_OF(told); i++) {
        struct event *event = rows_event(&rows, ORG, 1);
        event->order = told[i].order;
        event->type = str_c(told[i].type);
        event->data = str_c(told[i].data);
    }
    rows_commit(&rows);
    assert_int_equal(
        store_find_last_occurrence(sql, &seven, STR("order.cancel"), &scene->arena, &data), 0);
    assert_true(str_equal(data, str_c(told[1].data)));
    assert_int_equal(
        store_find_last_occurrence(sql, &eight, STR("order.cancel"), &scene->arena, &data), 0);
    assert_true(str_equal(data, str_c(told[3].data)));
    assert_int_equal(
        store_find_last_occurrence(sql, &eight, STR("order.pause"), &scene->arena, &data),
        STORE_NOT_FOUND);
    assert_int_equal(
        store_find_last_occurrence(sql, &theirs, STR("order.cancel"), &scene->arena, &data),
        STORE_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_fixed_content_is_read),
        SCENE_TEST(test_what_is_to_be_fixed),
        SCENE_TEST(test_exports_go_with_their_deliveries),
        SCENE_TEST(test_the_last_occurrence),
    };
    return RUN_SUITE("exports", tests);
}
