/* SPDX-License-Identifier: MIT
 * The parts of the committer that need no store: who is let in, whose turn it is, which rejections
 * are kept. The thread itself is tested with a store in committer_test.c. */
#include "base/testing.h"

#include <stdlib.h>

#include "intake/internal.h"

static void no_answer(struct operation *operation, enum operation_outcome outcome)
{
    (void)operation;
    (void)outcome;
}

static const struct operation_kind ingest = { .name = "test",
                                              .lane = LANE_INGEST,
                                              .answer = no_answer };
static const struct operation_kind results = {
    .name = "test result", .lane = LANE_RESULTS, .always = true, .answer = no_answer
};
static const struct operation_kind disabling = { .name = "test result that disables",
                                                 .lane = LANE_MANAGEMENT,
                                                 .always = true,
                                                 .answer = no_answer };

static struct limits small_limits(void)
{
    struct limits limits;
    limits_init(&limits);
    limits.lane_operations = 8;
    limits.lane_bytes = 1000;
    return limits;
}

static void one_organization_holds_half_of_a_lane(void **state)
{
    (void)state;
    struct admissions *admissions = NEW(struct admissions);
    const struct limits limits = small_limits();
    const struct operation flood = { .kind = &ingest, .organization = 1 };
    const struct operation other = { .kind = &ingest, .organization = 2 };
    for (int i = 0; i < 4; i++)
        assert_int_equal(admissions_take(admissions, &limits, &flood), ADMITTED);
    assert_int_equal(admissions_take(admissions, &limits, &flood), ADMISSION_ORGANIZATION_FULL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(admissions_take(admissions, &limits, &other), ADMITTED);
    assert_int_equal(admissions_take(admissions, &limits, &other), ADMISSION_LANE_FULL);
    admissions_leave(admissions, &flood);
    assert_int_equal(admissions_take(admissions, &limits, &flood), ADMITTED);
    free(admissions);
}

static void a_lane_is_bounded_in_bytes(void **state)
{
    (void)state;
    struct admissions *admissions = NEW(struct admissions);
    const struct limits limits = small_limits();
    const struct operation large = { .kind = &ingest, .organization = 1, .bytes = 600 };
    assert_int_equal(admissions_take(admissions, &limits, &large), ADMITTED);
    assert_int_equal(admissions_take(admissions, &limits, &large), ADMISSION_LANE_FULL);
    assert_int_equal(admissions->lanes[LANE_INGEST].bytes, 600);
    assert_int_equal(admissions->lanes[LANE_INGEST].operations, 1);
    free(admissions);
}

static void results_are_never_refused(void **state)
{
    (void)state;
    struct admissions *admissions = NEW(struct admissions);
    const struct limits limits = small_limits();
    const struct operation result = { .kind = &results, .organization = 1, .bytes = 600 };
    admissions->stopping = true;
    for (int i = 0; i < 100; i++)
        assert_int_equal(admissions_take(admissions, &limits, &result), ADMITTED);
    const struct operation gone = { .kind = &disabling, .organization = 1, .bytes = 600 };
    for (int i = 0; i < 100; i++)
        assert_int_equal(admissions_take(admissions, &limits, &gone), ADMITTED);
    const struct operation event = { .kind = &ingest, .organization = 1 };
    assert_int_equal(admissions_take(admissions, &limits, &event), ADMISSION_STOPPING);
    free(admissions);
}

static void a_full_backlog_closes_ingest_only(void **state)
{
    (void)state;
    static const struct operation_kind management = { .lane = LANE_MANAGEMENT,
                                                      .answer = no_answer };
    struct admissions *admissions = NEW(struct admissions);
    const struct limits limits = small_limits();
    admissions->backlog_of = 7;
    const struct operation event = { .kind = &ingest, .organization = 1 };
    const struct operation command = { .kind = &management, .organization = 1 };
    assert_int_equal(admissions_take(admissions, &limits, &event), ADMISSION_BACKLOG_FULL);
    assert_int_equal(admissions_take(admissions, &limits, &command), ADMITTED);
    free(admissions);
}

static void every_refusal_has_its_answer(void **state)
{
    (void)state;
    struct committer *committer = NEW(struct committer);
    CLEANUP(arena_done) struct arena arena = {};
    committer->admissions.backlog_of = 7;
    for (int admission = 0; admission < ADMITTED; admission++) {
        struct problem problem;
        admission_problem(committer, (enum admission)admission, &arena, &problem);
        assert_int_equal(problem_kind(problem.id)->status, 503);
        assert_true(problem.retry_after_s > 0 && problem.text.len > 0);
    }
    free(committer);
}

static void organizations_take_turns(void **state)
{
    (void)state;
    struct lane_queue lane = {};
    lane_queue_init(&lane);
    struct operation operations[7];
    static const int64_t organizations[] = { 1, 1, 1, 1, 2, 3, 2 };
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        operations[i] = (struct operation){ .kind = &ingest, .organization = organizations[i] };
        lane_queue_add(&lane, &operations[i]);
    }
    static const int order[] = { 0, 4, 5, 1, 6, 2, 3 };
    for (size_t i = 0; i < COUNT_OF(order); i++)
        assert_ptr_equal(lane_queue_take(&lane), &operations[order[i]]);
    assert_null(lane_queue_take(&lane));
    assert_int_equal(lane.count, 0);
    lane_queue_add(&lane, &operations[0]);
    assert_ptr_equal(lane_queue_take(&lane), &operations[0]);
    lane_queue_done(&lane);
}

/* In these tests, an operation costs so many bytes of work. */
static int64_t work_of(void *context, const struct operation *operation)
{
    (void)context;
    return (int64_t)operation->event_bytes;
}

struct costly {
    int64_t organization;
    int64_t work;
};

/* Fills a lane, then compares which operations each of some batches has. "." ends a batch, and
 * there are less than ten operations. */
static void check_batches(const char *label, const struct costly *costly, int count,
                          const char *want)
{
    struct operation operations[10];
    struct lane_queue lane = {};
    char got[40];
    size_t at = 0;
    lane_queue_init(&lane);
    for (int i = 0; i < count; i++) {
        operations[i] = (struct operation){ .kind = &ingest,
                                            .organization = costly[i].organization,
                                            .event_bytes = (size_t)costly[i].work };
        lane_queue_add(&lane, &operations[i]);
    }
    while (lane.count > 0 && at + 12 < sizeof(got)) {
        struct filtering filtering = { .lane = &lane, .work_of = work_of };
        struct operation *taken;
        filtering_begin(&filtering);
        while ((taken = filtering_take(&filtering)) != NULL)
            got[at++] = (char)('0' + (taken - operations));
        while ((taken = filtering_take_held(&filtering)) != NULL)
            got[at++] = (char)('0' + (taken - operations));
        filtering_end(&filtering);
        got[at++] = '.';
    }
    got[at] = '\0';
    if (strcmp(got, want) != 0)
        fail_msg("%s: the batches are %s, not %s", label, got, want);
    lane_queue_done(&lane);
}

static void filters_of_one_batch_are_bounded(void **state)
{
    (void)state;
    const int64_t heavy = filtering_work(1000, 512 * KIB);
    const int64_t half = WORK_OF_A_TURN / 2;
    assert_true(heavy > WORK_OF_A_BATCH && filtering_work(16, KIB) < WORK_LIGHT);
    const struct costly nothing[] = { { 1, 0 }, { 1, 0 }, { 2, 0 }, { 1, WORK_LIGHT } };
    check_batches("light ones go together", nothing, 4, "0213.");
    const struct costly alone[] = { { 1, heavy }, { 1, heavy }, { 1, heavy } };
    check_batches("a heavy one goes alone", alone, 3, "0.1.2.");
    const struct costly beside[] = { { 1, heavy }, { 1, heavy }, { 1, 0 }, { 2, 0 }, { 2, 1 } };
    check_batches("others go first, its own organization's wait", beside, 5, "34.0.1.2.");
    const struct costly two[] = { { 1, heavy }, { 1, heavy }, { 2, heavy }, { 2, heavy } };
    check_batches("heavy ones take turns", two, 4, "0.2.1.3.");
    const struct costly turn[] = {
        { 1, half }, { 1, half }, { 1, half }, { 1, half }, { 2, half }
    };
    check_batches("a turn ends, the rest follows", turn, 5, "041.23.");
    const struct costly all[] = { { 1, 2 * half }, { 2, 2 * half }, { 3, 2 * half },
                                  { 4, 2 * half }, { 5, 2 * half }, { 6, WORK_LIGHT },
                                  { 5, 0 } };
    check_batches("a batch ends, what is light goes", all, 7, "01235.46.");
}

static void what_is_held_up_comes_next(void **state)
{
    (void)state;
    struct lane_queue lane = {};
    struct operation operations[6];
    lane_queue_init(&lane);
    for (int i = 0; i < 6; i++) {
        operations[i] = (struct operation){ .kind = &ingest, .organization = i / 2 };
        lane_queue_add(&lane, &operations[i]);
    }
    lane_queue_hold(&lane);
    lane_queue_hold(&lane);
    assert_ptr_equal(lane_queue_take(&lane), &operations[4]);
    assert_ptr_equal(lane_queue_take_held(&lane), &operations[0]);
    lane_queue_release(&lane);
    assert_int_equal(lane.count, 4);
    static const int order[] = { 2, 1, 5, 3 };
    for (size_t i = 0; i < COUNT_OF(order); i++)
        assert_ptr_equal(lane_queue_take(&lane), &operations[order[i]]);
    lane_queue_done(&lane);
}

static void the_first_rejections_of_a_minute_are_kept(void **state)
{
    (void)state;
    struct rejection_budget budget = {};
    const struct rejection one = { .organization = 1, .inlet = 5, .reason = STR("invalid") };
    const struct rejection two = { .organization = 1, .inlet = 5, .reason = STR("malformed") };
    assert_true(rejection_budget_take(&budget, &one, 60000, 2));
    assert_true(rejection_budget_take(&budget, &one, 60001, 2));
    assert_false(rejection_budget_take(&budget, &one, 119999, 2));
    assert_true(rejection_budget_take(&budget, &two, 119999, 2));
    assert_true(rejection_budget_take(&budget, &one, 120000, 2));
    map_done(&budget.counts);
    arena_done(&budget.arena);
}

/* Two orders of one batch that bring the same SKU make one, however they write it. */
static void a_new_sku_is_found_in_its_batch(void **state)
{
    (void)state;
    struct clock clock = {};
    struct committer *committer = NEW(struct committer);
    struct batch *batch = &committer->batch;
    committer->options.clock = &clock;
    batch_init(batch, committer);
    struct sku_load *one = batch_load_sku(batch, 1, 10, STR("Abc"));
    struct sku_load *other = batch_load_sku(batch, 1, 10, STR("aBC"));
    struct sku_load *elsewhere = batch_load_sku(batch, 1, 11, STR("Abc"));
    struct sku_load *theirs = batch_load_sku(batch, 2, 10, STR("Abc"));
    struct sku_load *third = batch_load_sku(batch, 1, 10, STR("ABC"));
    assert_ptr_equal(batch_load_sku(batch, 1, 10, STR("Abc")), one);
    assert_ptr_equal(batch_load_sku(batch, 1, 10, STR("aBC")), other);
    assert_ptr_equal(batch_load_sku(batch, 1, 10, STR("ABC")), third);
    assert_int_equal(batch->sku_count, 5);
    assert_true(str_equal(one->key, STR("abc")));
    assert_true(batch_is_empty(batch));

    batch_add_sku(batch, other);
    assert_false(batch_is_empty(batch));
    assert_true(other->id > 0);
    assert_int_equal(one->id, other->id);
    assert_int_equal(third->id, other->id);
    assert_true(str_equal(one->found_text, STR("aBC")));
    assert_int_equal(elsewhere->id, 0);
    assert_int_equal(theirs->id, 0);
    batch_add_sku(batch, elsewhere);
    const struct sku_row *row = batch->rows.skus;
    assert_int_equal(row->sku.id, other->id);
    assert_int_equal(row->sku.organization, 1);
    assert_int_equal(row->sku.campaign, 10);
    assert_int_equal(row->sku.product, 0);
    assert_true(row->sku.imported);
    assert_true(str_equal(row->sku.text, STR("aBC")));
    assert_true(str_equal(row->sku.key, STR("abc")));
    assert_int_equal(row->next->sku.id, elsewhere->id);
    assert_null(row->next->next);
    batch_done(batch);
    free(committer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_organization_holds_half_of_a_lane),
        cmocka_unit_test(a_lane_is_bounded_in_bytes),
        cmocka_unit_test(results_are_never_refused),
        cmocka_unit_test(a_full_backlog_closes_ingest_only),
        cmocka_unit_test(every_refusal_has_its_answer),
        cmocka_unit_test(organizations_take_turns),
        cmocka_unit_test(what_is_held_up_comes_next),
        cmocka_unit_test(filters_of_one_batch_are_bounded),
        cmocka_unit_test(the_first_rejections_of_a_minute_are_kept),
        cmocka_unit_test(a_new_sku_is_found_in_its_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
