/* SPDX-License-Identifier: MIT */
#include "delivery/outcome.h"

#include "base/testing.h"

#define NOW ((int64_t)1700000000000)

struct attempted {
    enum exchange_end end;
    int status;
    const char *retry_after;
    int step;
    bool manual;
    bool stays; /* the kind of endpoint that 410 does not disable */
    bool once;
};

static struct outcome decide(struct arena *arena, const struct attempted *attempted)
{
    struct exchange exchange = { .end = attempted->end,
                                 .status = attempted->status,
                                 .retry_after = str_c(attempted->retry_after) };
    const struct delivery before = { .id = 1,
                                     .schedule_step = attempted->step,
                                     .attempt_count = attempted->step,
                                     .once = attempted->once,
                                     .reason = STR("before") };
    bool success = attempted->end == EXCHANGE_ANSWERED && attempted->status / 100 == 2;
    const struct outcome_question question = { .before = &before,
                                               .may_be_gone = !attempted->stays,
                                               .exchange = &exchange,
                                               .error = success ? STR("") : STR("an error"),
                                               .manual = attempted->manual,
                                               .policy = &retry_webhook,
                                               .now_ms = NOW,
                                               .draw = 0.5 };
    struct outcome outcome = outcome_of(&question, arena);
    const struct delivery *after = &outcome.after;
    CHECK_INT("(1)", after->attempt_count, before.attempt_count + 1);
    CHECK_INT("status", after->last_status, attempted->status);
    if (after->state == DELIVERY_PENDING)
        CHECK("(2)", after->due_ms >= NOW && after->finished_ms == 0);
    else
        CHECK("(2)", after->finished_ms == NOW);
    CHECK("(3)", after->state != DELIVERY_DEAD || after->reason.len > 0);
    return outcome;
}

TEST(cases)
{
    CLEANUP(arena_done) struct arena arena = {};

    static const struct {
        const char *label;
        struct attempted attempted;
        enum delivery_state state;
        int64_t wait_ms; /* pending */
        int step;
        bool counts, at_once, gone;
        int64_t hold_ms;
    } cases[] = {
        { .label = "200",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 200 },
          .state = DELIVERY_DELIVERED,
          .counts = true },
        { .label = "204 after retries",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 204, .step = 5 },
          .state = DELIVERY_DELIVERED,
          .step = 5,
          .counts = true },
        { .label = "500",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 500 },
          .state = DELIVERY_PENDING,
          .wait_ms = 5000,
          .step = 1,
          .counts = true },
        { .label = "500 again",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 500, .step = 1 },
          .state = DELIVERY_PENDING,
          .wait_ms = 300000,
          .step = 2,
          .counts = true },
        { .label = "the last retry",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 500, .step = 8 },
          .state = DELIVERY_PENDING,
          .wait_ms = 86400000,
          .step = 9,
          .counts = true },
        { .label = "used up",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 500, .step = 9 },
          .state = DELIVERY_DEAD,
          .step = 9,
          .counts = true },
        { .label = "refused",
          .attempted = { .end = EXCHANGE_REFUSED },
          .state = DELIVERY_PENDING,
          .wait_ms = 5000,
          .step = 1,
          .counts = true },
        { .label = "blocked",
          .attempted = { .end = EXCHANGE_BLOCKED },
          .state = DELIVERY_PENDING,
          .wait_ms = 5000,
          .step = 1,
          .counts = true },
        { .label = "cut 200",
          .attempted = { .end = EXCHANGE_CUT, .status = 200 },
          .state = DELIVERY_PENDING,
          .wait_ms = 5000,
          .step = 1,
          .counts = true },
        { .label = "429",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 429, .retry_after = "60" },
          .state = DELIVERY_PENDING,
          .wait_ms = 60000,
          .step = 1,
          .counts = true,
          .hold_ms = 60000 },
        { .label = "429, less than the policy",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 429, .retry_after = "60", .step = 1 },
          .state = DELIVERY_PENDING,
          .wait_ms = 300000,
          .step = 2,
          .counts = true,
          .hold_ms = 60000 },
        { .label = "503, a year",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 503, .retry_after = "31536000" },
          .state = DELIVERY_PENDING,
          .wait_ms = 86400000,
          .step = 1,
          .counts = true,
          .hold_ms = 86400000 },
        { .label = "503, nonsense",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 503, .retry_after = "soon" },
          .state = DELIVERY_PENDING,
          .wait_ms = 5000,
          .step = 1,
          .counts = true },
        { .label = "200 with Retry-After",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 200, .retry_after = "60" },
          .state = DELIVERY_DELIVERED,
          .counts = true },
        { .label = "302 with Retry-After",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 302, .retry_after = "60" },
          .state = DELIVERY_PENDING,
          .wait_ms = 5000,
          .step = 1,
          .counts = true },
        { .label = "410",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 410 },
          .state = DELIVERY_PENDING,
          .wait_ms = 5000,
          .step = 1,
          .counts = true,
          .gone = true },
        { .label = "410 of a kind that it does not disable",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 410, .stays = true },
          .state = DELIVERY_PENDING,
          .wait_ms = 5000,
          .step = 1,
          .counts = true },
        { .label = "410, used up",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 410, .step = 9 },
          .state = DELIVERY_DEAD,
          .step = 9,
          .counts = true,
          .gone = true },
        { .label = "kept closed",
          .attempted = { .end = EXCHANGE_KEPT_CLOSED, .step = 3 },
          .state = DELIVERY_PENDING,
          .step = 3,
          .at_once = true },
        { .label = "stopped",
          .attempted = { .end = EXCHANGE_STOPPED, .step = 9 },
          .state = DELIVERY_PENDING,
          .step = 9 },
        { .label = "by hand",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 500, .step = 2, .manual = true },
          .state = DELIVERY_PENDING,
          .wait_ms = 1800000,
          .step = 2,
          .counts = true },
        { .label = "by hand, dead before",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 500, .step = 9, .manual = true },
          .state = DELIVERY_DEAD,
          .step = 9,
          .counts = true },
        { .label = "by hand, dead before, works",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 200, .step = 9, .manual = true },
          .state = DELIVERY_DELIVERED,
          .step = 9,
          .counts = true },
        { .label = "delivered before",
          .attempted = { .end = EXCHANGE_ANSWERED, .status = 500, .manual = true, .once = true },
          .state = DELIVERY_DELIVERED,
          .counts = true },
        { .label = "what was to be sent is gone",
          .attempted = { .end = EXCHANGE_FILE_GONE },
          .state = DELIVERY_DEAD },
        { .label = "gone, and delivered before",
          .attempted = { .end = EXCHANGE_FILE_GONE, .manual = true, .once = true },
          .state = DELIVERY_DELIVERED },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome outcome = decide(&arena, &cases[i].attempted);
        CHECK_INT(cases[i].label, outcome.after.state, cases[i].state);
        if (cases[i].state == DELIVERY_PENDING)
            CHECK_INT(cases[i].label, outcome.after.due_ms - NOW, cases[i].wait_ms);
        CHECK_INT(cases[i].label, outcome.after.schedule_step, cases[i].step);
        CHECK_INT(cases[i].label, outcome.counts, cases[i].counts);
        CHECK_INT(cases[i].label, outcome.again_at_once, cases[i].at_once);
        CHECK_INT(cases[i].label, outcome.endpoint_gone, cases[i].gone);
        CHECK_INT(cases[i].label, outcome.hold_until_ms,
                  cases[i].hold_ms == 0 ? 0 : NOW + cases[i].hold_ms);
        CHECK(cases[i].label, !outcome.after.once || outcome.after.state == DELIVERY_PENDING);
    }
}

/* The invariants in decide(), for every end and a spread of the rest. */
TEST(invariants)
{
    CLEANUP(arena_done) struct arena arena = {};
    static const char *const waits[] = { NULL, "0", "5", "99999999", "x" };
    for (int end = EXCHANGE_BROKEN; end <= EXCHANGE_STOPPED; end++)
        for (int status = 0; status < 600; status += 25)
            for (int bits = 0; bits < 4; bits++)
                for (int step = 0; step <= 10; step += 5)
                    (void)decide(&arena,
                                 &(struct attempted){ .end = (enum exchange_end)end,
                                                      .status = status,
                                                      .retry_after = waits[(status / 25) % 5],
                                                      .step = step,
                                                      .manual = bits & 1,
                                                      .once = bits & 2 });
}

RUN_TESTS(cmocka_unit_test(cases), cmocka_unit_test(invariants))
