/* SPDX-License-Identifier: MIT
 * store/work_test.c: unfinished deliveries as the couriers read them. */
#include "store/testing.h"

#define ORG 1
#define OUTLET 100

static struct work_page read_page(struct scene *scene, const struct work_wanted *wanted,
                                  struct work_item *items)
{
    struct work_page page;
    assert_int_equal(
        store_read_work(store_reader_sql(scene->reader), wanted, &scene->arena, items, &page), 0);
    return page;
}

static void test_work_is_read_in_pages(void **state)
{
    struct scene *scene = *state;
    (void)scene_fill(scene, ORG, OUTLET, 25);
    struct work_item items[10];
    struct work_wanted wanted = { .span = { .of = { ORG, OUTLET }, .to = INT64_MAX },
                                  .limit = 10,
                                  .due_to_ms = INT64_MAX };
    int total = 0;
    struct work_page page;
    do {
        page = read_page(scene, &wanted, items);
        for (int i = 0; i < page.count; i++) {
            assert_true(items[i].delivery.id > wanted.span.after);
            wanted.span.after = items[i].delivery.id;
        }
        assert_int_equal(page.last, wanted.span.after);
        assert_int_equal(page.whole, page.count < 10);
        total += page.count;
    } while (!page.whole);
    assert_int_equal(total, 25);
}

/* Contacts are 1 to 10 in turn; what is tried again is due in an hour. */
static void test_work_is_left_out(void **state)
{
    struct scene *scene = *state;
    const int64_t hour_ms = 3600000;
    struct delivery last = scene_fill(scene, ORG, OUTLET, 25);
    struct work_item items[30];
    const int64_t skip[] = { 2, 7 };
    assert_int_equal(SQL_RUN(store_writer_sql(scene->writer),
                             "UPDATE work SET due_ms = due_ms + $1 WHERE id IN"
                             " (SELECT id FROM work ORDER BY id LIMIT 6)",
                             SQL_I(hour_ms)),
                     6);
    struct work_wanted wanted = { .span = { .of = { ORG, OUTLET }, .to = INT64_MAX },
                                  .limit = 30,
                                  .due_to_ms = last.due_ms };
    struct work_page page = read_page(scene, &wanted, items);
    assert_int_equal(page.count, 19);
    assert_true(page.whole);
    assert_int_equal(page.last, last.id);
    assert_int_equal(page.later_ms, last.due_ms + hour_ms);
    wanted.limit = 19;
    assert_false(read_page(scene, &wanted, items).later_ms == INT64_MAX);
    wanted.limit = 5;
    page = read_page(scene, &wanted, items);
    assert_false(page.whole);
    assert_int_equal(page.last, items[4].delivery.id);
    wanted = (struct work_wanted){ .span = wanted.span,
                                   .limit = 30,
                                   .due_to_ms = last.due_ms,
                                   .by_subject = true,
                                   .skip = skip,
                                   .skip_count = 2 };
    page = read_page(scene, &wanted, items);
    assert_int_equal(page.count,
                     20); /* of lines that rest none, of the others whenever it is due */
    assert_int_equal(page.later_ms, INT64_MAX);
    for (int i = 0; i < page.count; i++)
        assert_true(items[i].event.contact != 2 && items[i].event.contact != 7);
    wanted.span.to = items[0].delivery.id;
    assert_int_equal(read_page(scene, &wanted, items).count, 1);
}

static int count_due(struct scene *scene, const struct work_span *span, int64_t before_ms,
                     int64_t *ids)
{
    int count;
    struct sql *sql = store_reader_sql(scene->reader);
    assert_int_equal(store_read_due(sql, span, before_ms, 10, ids, &count), 0);
    return count;
}

static void test_due_work(void **state)
{
    struct scene *scene = *state;
    struct delivery last = scene_fill(scene, ORG, OUTLET, 25);
    const int64_t later_ms = last.due_ms + 1;
    struct work_span span = { .of = { ORG, OUTLET }, .to = INT64_MAX };
    int64_t ids[10];
    assert_int_equal(count_due(scene, &span, last.due_ms, ids), 0);
    assert_int_equal(count_due(scene, &span, later_ms, ids), 10);
    span.after = ids[4];
    span.to = ids[7];
    assert_int_equal(count_due(scene, &span, later_ms, ids), 3);
    span = (struct work_span){ .of = { ORG, OUTLET }, .after = last.id - 1, .to = last.id };
    assert_int_equal(count_due(scene, &span, later_ms, ids), 1);
    assert_int_equal(ids[0], last.id);
    span.of.organization = 2;
    assert_int_equal(count_due(scene, &span, later_ms, ids), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_work_is_read_in_pages),
        SCENE_TEST(test_work_is_left_out),
        SCENE_TEST(test_due_work),
    };
    return RUN_SUITE("work", tests);
}
