/* SPDX-License-Identifier: MIT
 * store/sqlite/activity_test.c: the activity against a model that keeps it all in one array, with
 * runs so small that every kind of merge happens. */
#include "store/testing.h"

#include <stdlib.h>

#include "store/sqlite/internal.h"

#define EVENTS_MAX 8000
#define ORGANIZATIONS 2
#define CONTACTS 7

struct model {
    struct {
        int64_t id, organization, contact;
    } events[EVENTS_MAX];

    int count;
};

static void make_runs_small(struct scene *scene)
{
    scene->writer->activity.run_rows = 8;
    scene->writer->activity.merged = 3;
}

static unsigned draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % below;
}

static void append(struct scene *scene, struct model *model, unsigned *seed, int count)
{
    struct rows rows;
    int before = model->count;
    rows_init(&rows, scene);
    for (int i = 0; i < count; i++) {
        int64_t organization = 1 + draw(seed, ORGANIZATIONS);
        int64_t contact = draw(seed, CONTACTS); /* 0: about nobody */
        int64_t id = rows_event(&rows, organization, contact)->id;
        if (contact == 0)
            continue;
        model->events[model->count].id = id;
        model->events[model->count].organization = organization;
        model->events[model->count++].contact = contact;
    }
    if (draw(seed, 8) == 0) {
        assert_int_equal(store_begin(scene->writer), 0);
        assert_int_equal(store_write_batch(scene->writer, &rows.batch), 0);
        store_rollback(scene->writer);
        model->count = before;
        return;
    }
    rows_commit(&rows);
}

static int expect(const struct model *model, int64_t organization, int64_t contact, int64_t before,
                  int limit, int64_t *ret_ids)
{
    int count = 0;
    for (int i = model->count - 1; i >= 0 && count < limit; i--)
        if (model->events[i].organization == organization && model->events[i].contact == contact &&
            (before == 0 || model->events[i].id < before))
            ret_ids[count++] = model->events[i].id;
    return count;
}

static void compare(struct scene *scene, const struct model *model, int64_t before, int limit)
{
    for (int64_t organization = 1; organization <= ORGANIZATIONS; organization++)
        for (int64_t contact = 1; contact < CONTACTS; contact++) {
            int64_t want[64];
            int64_t got[64];
            int count = -1;
            int wanted = expect(model, organization, contact, before, limit, want);
            assert_int_equal(store_read_activity(store_reader_sql(scene->reader), organization,
                                                 contact, before, limit, got, &count),
                             0);
            assert_int_equal(count, wanted);
            assert_memory_equal(got, want, (size_t)count * sizeof(*got));
        }
}

static void compare_somewhere(struct scene *scene, const struct model *model, unsigned *seed)
{
    int64_t before = model->count == 0 || draw(seed, 2) == 0
                         ? 0
                         : model->events[draw(seed, (unsigned)model->count)].id;
    compare(scene, model, before, (int)draw(seed, 65));
}

static void test_against_model(void **state)
{
    struct scene *scene = *state;
    struct model *model = xcalloc(1, sizeof(*model));
    unsigned seed = 42;
    make_runs_small(scene);
    while (model->count < EVENTS_MAX - 100) {
        append(scene, model, &seed, 1 + (int)draw(&seed, 60));
        for (unsigned steps = draw(&seed, 8); steps > 0; steps--)
            assert_true(store_merge_activity_step(scene->writer, 0) >= 0);
        compare_somewhere(scene, model, &seed);
        if (draw(&seed, 20) == 0) {
            scene_reopen(scene);
            make_runs_small(scene);
        }
        arena_reset(&scene->arena, 65536);
    }
    int r;
    while ((r = store_merge_activity_step(scene->writer, 20)) == CHORE_MORE)
        compare_somewhere(scene, model, &seed);
    assert_int_equal(r, 0);
    assert_true(scene_number(scene, "SELECT max(level) FROM activity_runs") >= 5);
    assert_true(scene_number(scene, "SELECT count(*) FROM activity_runs") <= 2 * 7);
    compare(scene, model, 0, 64);
    scene_check(scene);
    free(model);
}

#ifdef JUNCTOR_TEST_BUILD
static void merge_in_child(struct scene *scene)
{
    scene_connect(scene);
    make_runs_small(scene);
    while (store_merge_activity_step(scene->writer, 0) == CHORE_MORE)
        continue;
}

/* Killed in the middle of each step, one after the other. */
static void test_killed_while_merging(void **state)
{
    static const char *const points[] = { "merge:1", "sort:1", "merge:2", "merge:3" };
    struct scene *scene = *state;
    struct model *model = xcalloc(1, sizeof(*model));
    unsigned seed = 7;
    make_runs_small(scene);
    append(scene, model, &seed, 2000);
    for (int i = 0; i < 40; i++) {
        (void)scene_crash(scene, points[i % COUNT_OF(points)], merge_in_child);
        make_runs_small(scene);
        compare_somewhere(scene, model, &seed);
        for (int steps = 0; steps < 8; steps++)
            assert_true(store_merge_activity_step(scene->writer, 0) >= 0);
    }
    scene_check(scene);
    free(model);
}

/* Steps that cannot commit: what memory holds of the merge is as it was before. */
static void test_failed_steps(void **state)
{
    struct scene *scene = *state;
    struct model *model = xcalloc(1, sizeof(*model));
    unsigned seed = 11;
    make_runs_small(scene);
    append(scene, model, &seed, 4000);
    int failed = 0;
    int r = CHORE_MORE;
    for (int i = 0; r == CHORE_MORE; i++) {
        assert_true(fault_arm(i % 3 == 0 ? "commit-fail-before:1" : NULL));
        r = store_merge_activity_step(scene->writer, 0);
        failed += r < 0;
        assert_true(fault_arm(NULL));
        r = r < 0 ? CHORE_MORE : r;
        if (i % 7 == 0)
            compare_somewhere(scene, model, &seed);
    }
    assert_int_equal(r, 0);
    assert_true(failed > 20);
    compare(scene, model, 0, 64);
    scene_check(scene);
    free(model);
}
#endif

/* Rows of events that are gone are left behind by a merge; runs of them go as a whole. */
static void test_pruning(void **state)
{
    struct scene *scene = *state;
    struct model *model = xcalloc(1, sizeof(*model));
    unsigned seed = 3;
    make_runs_small(scene);
    append(scene, model, &seed, 400);
    int old = model->count;
    for (int i = 0; i < 20; i++)
        assert_true(store_merge_activity_step(scene->writer, 0) >= 0);
    scene->now_ms += 1000000;
    append(scene, model, &seed, 100);
    const struct retention retention = { .before_ms = scene->now_ms };
    int r;
    while ((r = store_prune_step(scene->writer, &retention, 20)) == CHORE_MORE)
        continue;
    assert_int_equal(r, 0);
    while ((r = store_merge_activity_step(scene->writer, 0)) == CHORE_MORE)
        continue;
    assert_int_equal(r, 0);
    while ((r = store_prune_step(scene->writer, &retention, 20)) == CHORE_MORE)
        continue;
    assert_int_equal(r, 0);
    memmove(model->events, model->events + old,
            (size_t)(model->count - old) * sizeof(model->events[0]));
    model->count -= old;
    compare(scene, model, 0, 64);
    assert_true(scene_number(scene, "SELECT count(*) FROM activity") +
                    scene_number(scene, "SELECT count(*) FROM activity_tail") <
                200);
    scene_check(scene);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_against_model),
#ifdef JUNCTOR_TEST_BUILD
        SCENE_TEST(test_killed_while_merging),
        SCENE_TEST(test_failed_steps),
#endif
        SCENE_TEST(test_pruning),
    };
    return RUN_SUITE("activity", tests);
}
