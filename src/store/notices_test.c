/* SPDX-License-Identifier: MIT
 * store/notices_test.c: what is added to an open notice and what not, marks, and when notices go.
 * On every engine. */
#include "base/instant.h"
#include "store/access.h"
#include "store/notices.h"
#include "store/testing.h"

#define ORG 1
#define OTHER 2
#define ANN 7
#define BOB 8

static struct sql *writing(struct scene *scene)
{
    return store_writer_sql(scene->writer);
}

static void add(struct scene *scene, int64_t organization, const char *kind, int64_t id)
{
    const struct stored_notice notice = { .organization = organization,
                                          .id = id,
                                          .kind = str_c(kind),
                                          .outlet = 100,
                                          .outlet_name = STR("hook"),
                                          .delivery = id + 1000,
                                          .event_type = STR("order"),
                                          .reason =
                                              arena_format(&scene->arena, "reason %d", (int)id),
                                          .first_ms = id * 10,
                                          .at_ms = id * 10,
                                          .times = 1 };
    assert_int_equal(store_add_notice(writing(scene), &notice), 0);
}

static void add_person(struct scene *scene, int64_t organization, int64_t user)
{
    const struct member_row row = {
        .user = user, .email = STR("a@example.org"), .role = ROLE_VIEWER, .notices = true
    };
    assert_int_equal(store_insert_member(writing(scene), organization, &row), 0);
}

static int read(struct scene *scene, int64_t after, int64_t to, struct stored_notice **ret_notices)
{
    const struct notice_range range = { ORG, after, to, 50 };
    int count = 0;
    assert_int_equal(store_read_notices(writing(scene), &range, &scene->arena, ret_notices, &count),
                     0);
    return count;
}

static int count_notices(struct scene *scene)
{
    struct stored_notice *notices;
    return read(scene, 0, INT64_MAX, &notices);
}

static int64_t mark_of(struct scene *scene, int64_t user)
{
    struct mail_person *people;
    int count;
    assert_int_equal(store_read_mail_people(writing(scene), ORG, &scene->arena, &people, &count),
                     0);
    for (int i = 0; i < count; i++)
        if (people[i].user == user)
            return people[i].told_to;
    return -1;
}

static void say(struct scene *scene, int64_t to)
{
    const struct mail_state state = { .organization = ORG, .said_to = to, .mailed_ms = 5 };
    assert_int_equal(store_put_mail_state(writing(scene), &state), 0);
}

static void test_one_open_notice_of_each_kind(void **state)
{
    struct scene *scene = *state;
    struct stored_notice *notices;
    add(scene, ORG, "delivery.dead", 1);
    add(scene, ORG, "endpoint.failing", 2);
    add(scene, OTHER, "delivery.dead", 3);
    add(scene, ORG, "delivery.dead", 4);
    assert_int_equal(read(scene, 0, 10, &notices), 2);
    assert_int_equal(notices[0].id, 4);
    assert_int_equal(notices[0].times, 2);
    assert_int_equal(notices[0].first_ms, 10);
    assert_int_equal(notices[0].at_ms, 40);
    assert_int_equal(notices[0].delivery, 1004);
    assert_true(str_equal(notices[0].reason, STR("reason 4")));
    assert_int_equal(notices[1].id, 2);
    assert_int_equal(notices[1].times, 1);
}

static void test_nothing_is_added_to_a_closed_one(void **state)
{
    struct scene *scene = *state;
    struct stored_notice *notices;
    struct notice_sums closed, open;
    add(scene, ORG, "delivery.dead", 1);
    add(scene, OTHER, "delivery.dead", 2);
    assert_int_equal(store_close_notices(writing(scene), ORG), 0);
    add(scene, ORG, "delivery.dead", 3);
    add(scene, ORG, "endpoint.disabled", 4);
    add(scene, OTHER, "delivery.dead", 5);
    assert_int_equal(read(scene, 0, 10, &notices), 3);
    assert_true(notices[2].closed && !notices[1].closed && !notices[0].closed);
    assert_int_equal(store_sum_notices(writing(scene), ORG, 0, &closed, &open), 0);
    assert_int_equal(closed.times, 1);
    assert_int_equal(closed.newest, 1);
    assert_int_equal(closed.urgent_ms, 0);
    assert_int_equal(open.times, 2);
    assert_int_equal(open.newest, 4);
    assert_int_equal(open.first_ms, 30);
    assert_int_equal(open.newest_ms, 40);
    assert_int_equal(open.urgent_ms, 40);
    assert_int_equal(store_sum_notices(writing(scene), OTHER, 0, &closed, &open), 0);
    assert_int_equal(open.times, 2);
}

static void test_they_go_when_all_have_been_told(void **state)
{
    struct scene *scene = *state;
    add_person(scene, ORG, ANN);
    add_person(scene, ORG, BOB);
    add_person(scene, OTHER, BOB);
    add(scene, ORG, "delivery.dead", 11);
    add(scene, ORG, "endpoint.failing", 12);
    assert_int_equal(store_close_notices(writing(scene), ORG), 0);
    add(scene, ORG, "delivery.dead", 13);
    assert_int_equal(store_move_mark(writing(scene), ORG, ANN, 12), 0);
    assert_int_equal(store_forget_notices(writing(scene), ORG), 0);
    assert_int_equal(count_notices(scene), 3); /* nothing has been said of as a whole */
    say(scene, 12);
    assert_int_equal(store_move_mark(writing(scene), ORG, BOB, 11), 0);
    assert_int_equal(store_forget_notices(writing(scene), ORG), 0);
    assert_int_equal(count_notices(scene), 2);
    assert_int_equal(store_move_mark(writing(scene), ORG, BOB, 12), 0);
    assert_int_equal(store_move_mark(writing(scene), ORG, BOB, 3), 0);
    assert_int_equal(mark_of(scene, BOB), 12);
    assert_int_equal(store_forget_notices(writing(scene), ORG), 0);
    assert_int_equal(count_notices(scene), 1);
}

static void test_who_begins_is_not_told_what_was(void **state)
{
    struct scene *scene = *state;
    add_person(scene, ORG, ANN);
    add(scene, ORG, "delivery.dead", 21);
    add_person(scene, ORG, BOB);
    assert_int_equal(mark_of(scene, ANN), 0);
    assert_int_equal(mark_of(scene, BOB), 21);
    add(scene, ORG, "delivery.dead", 22);
    struct stored_notice *notices;
    assert_int_equal(read(scene, 21, 30, &notices), 1);
    assert_int_equal(notices[0].times, 1); /* not those before */
    assert_int_equal(store_want_notices(writing(scene), ORG, ANN, false), 0);
    assert_int_equal(mark_of(scene, ANN), -1);
    assert_int_equal(store_want_notices(writing(scene), ORG, ANN, true), 0);
    assert_int_equal(mark_of(scene, ANN), 22);
    add(scene, ORG, "delivery.dead", 23);
    assert_int_equal(store_want_notices(writing(scene), ORG, ANN, true), 0); /* did already */
    assert_int_equal(mark_of(scene, ANN), 22);
}

static void test_the_last_who_waited_wants_none(void **state)
{
    struct scene *scene = *state;
    add_person(scene, ORG, ANN);
    add(scene, ORG, "delivery.dead", 31);
    say(scene, 31);
    assert_int_equal(store_forget_notices(writing(scene), ORG), 0);
    assert_int_equal(count_notices(scene), 1);
    assert_int_equal(store_want_notices(writing(scene), ORG, ANN, false), 0);
    assert_int_equal(count_notices(scene), 0);
}

static void test_states_of_those_that_have_some(void **state)
{
    struct scene *scene = *state;
    struct mail_state *states;
    int count;
    scene_organization(scene, ORG);
    scene_organization(scene, OTHER);
    say(scene, 5);
    add(scene, OTHER, "delivery.dead", 41);
    assert_int_equal(store_read_mail_states(writing(scene), &scene->arena, &states, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(states[0].organization, OTHER);
    assert_int_equal(states[0].said_to, 0);
    assert_true(str_equal(states[0].name, STR("a shop")));
    add(scene, ORG, "delivery.dead", 42);
    assert_int_equal(store_read_mail_states(writing(scene), &scene->arena, &states, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(states[0].said_to, 5);
    assert_int_equal(states[0].mailed_ms, 5);
}

static struct mail_history history_of(struct scene *scene, int64_t organization)
{
    struct mail_history history;
    assert_int_equal(store_read_mail_history(writing(scene), organization, &scene->arena, &history),
                     0);
    return history;
}

static void test_an_error_of_all_counts_while_it_lasts(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(store_note_mail_error(writing(scene), ORG, STR("no such box"), 10), 0);
    assert_int_equal(store_note_mail_error(writing(scene), 0, STR("no server"), 20), 0);
    assert_true(str_equal(history_of(scene, ORG).error, STR("no server")));
    assert_true(str_equal(history_of(scene, OTHER).error, STR("no server")));
    assert_int_equal(history_of(scene, OTHER).sent_ms, 0);
    assert_int_equal(store_note_mail_sent(writing(scene), OTHER, 30), 0);
    assert_int_equal(history_of(scene, OTHER).sent_ms, 30);
    assert_int_equal(history_of(scene, OTHER).error.len, 0);
    assert_true(str_equal(history_of(scene, ORG).error, STR("no such box")));
    assert_int_equal(history_of(scene, ORG).error_ms, 10);
    assert_int_equal(history_of(scene, ORG).sent_ms, 0);
}

static void test_old_ones_are_pruned(void **state)
{
    struct scene *scene = *state;
    add(scene, ORG, "delivery.dead", 51);
    add(scene, ORG, "endpoint.failing", 52);
    const struct retention retention = { .notices_before_ms = 520 };
    while (store_prune_step(scene->writer, &retention, 20) == CHORE_MORE)
        ;
    struct stored_notice *notices;
    assert_int_equal(read(scene, 0, 100, &notices), 1);
    assert_int_equal(notices[0].id, 52);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_one_open_notice_of_each_kind),
        SCENE_TEST(test_nothing_is_added_to_a_closed_one),
        SCENE_TEST(test_they_go_when_all_have_been_told),
        SCENE_TEST(test_who_begins_is_not_told_what_was),
        SCENE_TEST(test_the_last_who_waited_wants_none),
        SCENE_TEST(test_states_of_those_that_have_some),
        SCENE_TEST(test_an_error_of_all_counts_while_it_lasts),
        SCENE_TEST(test_old_ones_are_pruned),
    };
    return RUN_SUITE("notices", tests);
}
