/* SPDX-License-Identifier: MIT
 * store/lists_test.c: the shared SQL behind lists: pages, filters that no index serves, searches,
 * and the ledger's sums. On every engine. */
#include "base/instant.h"
#include "store/ledger.h"
#include "store/lists.h"
#include "store/testing.h"

#define ORG 1
#define OTHER 2
#define OUTLET 100

static struct sql *reading(struct scene *scene)
{
    return store_reader_sql(scene->reader);
}

static struct store_page page_of(struct scene *scene, int64_t before, int limit)
{
    return (struct store_page){
        .organization = ORG, .before = before, .limit = limit, .arena = &scene->arena
    };
}

/* ── events ── */

/* All ids that a filter gives, page by page; returns how many pages it took. */
static int walk_events(struct scene *scene, const struct event_filter *filter, int limit,
                       int64_t *ids, int *ret_count)
{
    int pages = 0;
    struct event_summary rows[200];
    struct store_listed listed = {};
    struct store_page page = page_of(scene, STORE_NEWEST, limit);
    *ret_count = 0;
    do {
        assert_int_equal(store_list_events(reading(scene), &page, filter, rows, &listed), 0);
        for (int i = 0; i < listed.count; i++)
            ids[(*ret_count)++] = rows[i].id;
        page.before = listed.next;
        pages++;
    } while (listed.next != 0);
    return pages;
}

static void test_events_go_newest_first(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    int64_t made[25];
    int64_t ids[100] = {};
    int count;
    rows_init(&rows, scene);
    for (int i = 0; i < 25; i++) {
        made[i] = rows_event(&rows, ORG, 0)->id;
        (void)rows_event(&rows, OTHER, 0);
    }
    rows_commit(&rows);
    const struct event_filter all = {};
    assert_int_equal(walk_events(scene, &all, 10, ids, &count), 3);
    assert_int_equal(count, 25);
    for (int i = 0; i < count; i++)
        assert_int_equal(ids[i], made[24 - i]);
    assert_int_equal(walk_events(scene, &all, 25, ids, &count), 1);
}

/* One event of a type far behind more others than a page looks at. */
static void test_a_filter_looks_at_so_many(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    int64_t ids[100] = {};
    int count;
    rows_init(&rows, scene);
    struct event *rare = rows_event(&rows, ORG, 0);
    rare->type = STR("custom_event.rare");
    rows_commit(&rows);
    for (int batch = 0; batch < 12; batch++) {
        rows_init(&rows, scene);
        for (int i = 0; i < 1000; i++)
            (void)rows_event(&rows, ORG, 0);
        rows_commit(&rows);
    }
    const struct event_filter filter = { .type = STR("custom_event.rare") };
    assert_int_equal(walk_events(scene, &filter, 10, ids, &count), 2);
    assert_int_equal(count, 1);
    assert_int_equal(ids[0], rare->id);
    const struct event_filter none = { .type = STR("custom_event.none") };
    assert_int_equal(walk_events(scene, &none, 10, ids, &count), 2);
    assert_int_equal(count, 0);
}

static void test_since_ends_the_list(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    int64_t ids[100] = {};
    int count;
    rows_init(&rows, scene);
    (void)rows_event(&rows, ORG, 0);
    rows_commit(&rows);
    scene->now_ms += MINUTE_MS;
    rows_init(&rows, scene);
    int64_t newer = rows_event(&rows, ORG, 0)->id;
    rows_commit(&rows);
    const struct event_filter filter = { .since_ms = scene->now_ms };
    assert_int_equal(walk_events(scene, &filter, 10, ids, &count), 1);
    assert_int_equal(count, 1);
    assert_int_equal(ids[0], newer);
}

static void test_one_event_with_what_it_caused(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    rows_init(&rows, scene);
    struct event *event = rows_event(&rows, ORG, 0);
    struct delivery *delivery = rows_work(&rows, event, OUTLET);
    struct event *occurrence = rows_occurrence(&rows, event);
    struct event *later = rows_event(&rows, ORG, 0);
    struct delivery *other = rows_work(&rows, later, OUTLET);
    rows_commit(&rows);

    struct event_found found = {};
    struct sql *sql = reading(scene);
    assert_int_equal(store_read_event(sql, OTHER, event->id, &scene->arena, &found),
                     STORE_NOT_FOUND);
    assert_int_equal(store_read_event(sql, ORG, event->id, &scene->arena, &found), 0);
    assert_true(found.wanted);
    assert_true(str_equal(found.event.data, event->data));

    struct event_summary caused[5] = {};
    int count;
    const struct store_page page = page_of(scene, STORE_NEWEST, 5);
    assert_int_equal(store_list_occurrences(sql, &page, event->id, caused, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(caused[0].id, occurrence->id);
    assert_int_equal(store_list_occurrences(sql, &page, later->id, caused, &count), 0);
    assert_int_equal(count, 0);

    struct delivery_found sent = {};
    assert_int_equal(store_find_event_delivery(sql, event, OUTLET, &scene->arena, &sent), 0);
    assert_int_equal(sent.delivery.id, delivery->id);
    assert_int_equal(store_find_event_delivery(sql, later, OUTLET, &scene->arena, &sent), 0);
    assert_int_equal(sent.delivery.id, other->id);
    assert_int_equal(store_find_event_delivery(sql, occurrence, OUTLET, &scene->arena, &sent),
                     STORE_NOT_FOUND);
    assert_int_equal(store_find_event_delivery(sql, event, OUTLET + 1, &scene->arena, &sent),
                     STORE_NOT_FOUND);
}

/* ── contacts ── */

static void test_contacts_by_prefix(void **state)
{
    static const char *const emails[] = { "ada@example.com",      "ada@example.org",
                                          "adam@example.com",     "bob@example.com",
                                          "\xc3\xa4@example.com", "a\xf0\x9f\x98\x80@x.example" };
    struct scene *scene = *state;
    struct rows rows;
    struct contact found[10];
    int count;
    rows_init(&rows, scene);
    for (size_t i = 0; i < COUNT_OF(emails); i++)
        (void)rows_contact(&rows, ORG, emails[i]);
    (void)rows_contact(&rows, OTHER, "ada@example.com");
    rows_commit(&rows);

    struct store_page page = page_of(scene, STORE_NEWEST, 10);
    struct contact_search search = { .prefix = STR("ada") };
    assert_int_equal(store_search_contacts(reading(scene), &page, &search, found, &count), 0);
    assert_int_equal(count, 3);
    assert_true(str_equal(found[0].email_key, STR("ada@example.com")));
    assert_true(str_equal(found[2].email_key, STR("adam@example.com")));
    search.after = found[0].email_key;
    assert_int_equal(store_search_contacts(reading(scene), &page, &search, found, &count), 0);
    assert_int_equal(count, 2);
    search = (struct contact_search){ .prefix = STR("a") };
    assert_int_equal(store_search_contacts(reading(scene), &page, &search, found, &count), 0);
    assert_int_equal(count, 4);
    search = (struct contact_search){ .prefix = STR("\xc3\xa4") };
    assert_int_equal(store_search_contacts(reading(scene), &page, &search, found, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(store_list_contacts(reading(scene), &page, found, &count), 0);
    assert_int_equal(count, 6);
    assert_int_equal(
        store_read_contact(reading(scene), OTHER, found[0].id, &scene->arena, &found[1]),
        STORE_NOT_FOUND);
}

/* ── deliveries ── */

static void test_deliveries_of_both_tables(void **state)
{
    static const enum delivery_state states[] = { DELIVERY_PENDING, DELIVERY_DELIVERED,
                                                  DELIVERY_DEAD, DELIVERY_DELIVERED,
                                                  DELIVERY_PENDING };
    struct scene *scene = *state;
    struct delivery made[COUNT_OF(states)];
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        made[i] = scene_fill(scene, ORG, OUTLET, 1);
        struct rows rows;
        rows_init(&rows, scene);
        if (states[i] == DELIVERY_PENDING)
            continue;
        (void)rows_change(&rows, &made[i], states[i], true);
        rows_commit(&rows);
    }
    struct delivery_found found[10];
    struct store_listed listed;
    struct store_page page = page_of(scene, STORE_NEWEST, 3);
    struct delivery_filter filter = { .outlet = OUTLET };
    assert_int_equal(store_list_deliveries(reading(scene), &page, &filter, found, &listed), 0);
    assert_int_equal(listed.count, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(found[i].delivery.id, made[4 - i].id);
        assert_int_equal(found[i].delivery.state, states[4 - i]);
    }
    page.before = listed.next;
    assert_int_equal(store_list_deliveries(reading(scene), &page, &filter, found, &listed), 0);
    assert_int_equal(listed.count, 2);
    assert_int_equal(listed.next, 0);
    page.before = STORE_NEWEST;
    for (enum delivery_state wanted = DELIVERY_PENDING; wanted <= DELIVERY_DROPPED; wanted++) {
        int expected = 0;
        for (size_t i = 0; i < COUNT_OF(states); i++)
            expected += states[i] == wanted;
        filter.state = &wanted;
        assert_int_equal(store_list_deliveries(reading(scene), &page, &filter, found, &listed), 0);
        assert_int_equal(listed.count, expected);
        assert_int_equal(listed.next, 0);
    }
}

struct seen {
    struct attempt_visitor visitor;
    int numbers[10];
    int count;
};

static void see(struct attempt_visitor *visitor, const struct attempt *attempt)
{
    struct seen *seen = CONTAINER_OF(visitor, struct seen, visitor);
    assert_true(attempt->sealed.len > 0);
    seen->numbers[seen->count++] = attempt->number;
}

static void test_attempts_in_their_order(void **state)
{
    struct scene *scene = *state;
    struct delivery delivery = scene_fill(scene, ORG, OUTLET, 1);
    for (int i = 0; i < 3; i++) {
        struct rows rows;
        rows_init(&rows, scene);
        delivery = rows_change(&rows, &delivery, DELIVERY_PENDING, true)->after;
        rows_commit(&rows);
    }
    struct attempt_size sizes[10];
    int count;
    const struct attempt_page newest = { .before = INT32_MAX, .limit = 10 };
    assert_int_equal(store_read_attempt_sizes(reading(scene), &delivery, &newest, sizes, &count),
                     0);
    assert_int_equal(count, 3);
    assert_int_equal(sizes[0].number, 3);
    assert_true(sizes[0].bytes > 0);
    const struct attempt_page older = { .before = 3, .limit = 1 };
    assert_int_equal(store_read_attempt_sizes(reading(scene), &delivery, &older, sizes, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(sizes[0].number, 2);
    struct seen seen = { .visitor = { .arena = &scene->arena, .show = see } };
    assert_int_equal(store_read_attempts(reading(scene), &delivery, 2, INT32_MAX, &seen.visitor),
                     0);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.numbers[0], 2);
    assert_int_equal(seen.numbers[1], 3);
    assert_int_equal(store_read_attempts(reading(scene), &delivery, 1, 2, &seen.visitor), 0);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.numbers[2], 1);
}

/* ── rejections ── */

static void test_rejections_by_filter(void **state)
{
    struct scene *scene = *state;
    struct rows rows;
    rows_init(&rows, scene);
    rows_rejection(&rows, ORG, 7, "invalid");
    rows_rejection(&rows, ORG, 7, "invalid");
    rows_rejection(&rows, ORG, 8, "not_found");
    rows_rejection(&rows, OTHER, 7, "invalid");
    rows_commit(&rows);
    struct rejection found[10];
    struct store_listed listed;
    const struct store_page page = page_of(scene, STORE_NEWEST, 10);

    static const struct {
        struct rejection_filter filter;
        int want;
    } cases[] = {
        { {}, 3 },
        { { .inlet = 7 }, 2 },
        { { .reason = STR_INIT("not_found") }, 1 },
        { { .inlet = 7, .reason = STR_INIT("not_found") }, 0 },
        { { .inlet_name = STR_INIT("nothing") }, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(
            store_list_rejections(reading(scene), &page, &cases[i].filter, found, &listed), 0);
        assert_int_equal(listed.count, cases[i].want);
        assert_int_equal(listed.next, 0);
    }
    struct rejection_sum sums[10];
    int count;
    assert_int_equal(store_sum_rejections(reading(scene), &page, 0, sums, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(sums[0].rejected, 2);
    assert_int_equal(sums[0].inlet, 7);
    assert_int_equal(
        store_sum_rejections(reading(scene), &page, scene->now_ms + MINUTE_MS, sums, &count), 0);
    assert_int_equal(count, 0);
}

/* ── the ledger ── */

static void test_the_ledger_by_minute_and_day(void **state)
{
    struct scene *scene = *state;
    scene->now_ms = scene->now_ms / DAY_MS * DAY_MS + 10 * MINUTE_MS;
    static const int64_t later[] = { 0, MINUTE_MS, DAY_MS, 40 * DAY_MS };
    int64_t first_ms = scene->now_ms;
    for (size_t i = 0; i < COUNT_OF(later); i++) {
        struct rows rows;
        scene->now_ms = first_ms + later[i];
        rows_init(&rows, scene);
        struct event *event = rows_event(&rows, ORG, 0);
        (void)rows_work(&rows, event, OUTLET);
        rows_commit(&rows);
    }

    static const struct {
        int64_t since_ms;
        int want;
    } cases[] = {
        { 0, 4 },           { MINUTE_MS - 1, 4 }, /* the same minute */
        { MINUTE_MS, 3 },   { 2 * MINUTE_MS, 2 }, { DAY_MS, 2 }, { DAY_MS + MINUTE_MS, 1 },
        { 41 * DAY_MS, 0 },
    };
    struct ledger ledger;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(
            store_read_ledger(reading(scene), ORG, 0, first_ms + cases[i].since_ms, &ledger), 0);
        assert_int_equal(ledger.events, cases[i].want);
        assert_int_equal(ledger.pending, cases[i].want);
    }
    assert_int_equal(store_read_ledger(reading(scene), ORG, OUTLET, 0, &ledger), 0);
    assert_int_equal(ledger.deliveries, 4);
    assert_int_equal(store_read_ledger(reading(scene), OTHER, 0, 0, &ledger), 0);
    assert_int_equal(ledger.events, 0);
    /* Where the minutes have gone, the whole day counts. */
    assert_int_equal(store_setting_put_int(store_writer_sql(scene->writer), SETTING_MINUTES_FROM_MS,
                                           first_ms + 2 * DAY_MS),
                     0);
    assert_int_equal(store_read_ledger(reading(scene), ORG, 0, first_ms + 2 * MINUTE_MS, &ledger),
                     0);
    assert_int_equal(ledger.events, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_events_go_newest_first),
        SCENE_TEST(test_a_filter_looks_at_so_many),
        SCENE_TEST(test_since_ends_the_list),
        SCENE_TEST(test_one_event_with_what_it_caused),
        SCENE_TEST(test_contacts_by_prefix),
        SCENE_TEST(test_deliveries_of_both_tables),
        SCENE_TEST(test_attempts_in_their_order),
        SCENE_TEST(test_rejections_by_filter),
        SCENE_TEST(test_the_ledger_by_minute_and_day),
    };
    return RUN_SUITE("lists", tests);
}
