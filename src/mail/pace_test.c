/* SPDX-License-Identifier: MIT */
#include "mail/pace.h"

#include "base/testing.h"

#define START_MS (1000 * DAY_MS)
#define HOUR_MS (60 * MINUTE_MS)

static int64_t at(int64_t minutes)
{
    return START_MS + minutes * MINUTE_MS;
}

/* What a mailer would do that looks whenever something may be due. */
struct history {
    struct pace pace;
    struct pace_unsaid unsaid;
    int64_t mails_ms[4096];
    int mails;
};

static void look(struct history *history, int64_t now_ms)
{
    if (history->unsaid.count == 0 ||
        pace_due_ms(&history->pace, &history->unsaid, now_ms) > now_ms)
        return;
    history->pace = pace_mailed(&history->pace, &history->unsaid, now_ms);
    history->unsaid = (struct pace_unsaid){};
    assert(history->mails < (int)COUNT_OF(history->mails_ms));
    history->mails_ms[history->mails++] = now_ms;
}

/* A notice each minute, as long as trouble lasts. */
TEST(pauses_grow)
{
    static const int64_t want_minutes[] = { 1, 16, 46, 106, 226, 466, 826, 1186, 1546 };
    struct history history = {};
    for (int64_t minute = 0; minute <= 1546; minute++) {
        pace_add(&history.unsaid, at(minute), false);
        look(&history, at(minute));
    }
    CHECK_INT("mails", history.mails, COUNT_OF(want_minutes));
    for (size_t i = 0; i < COUNT_OF(want_minutes); i++)
        CHECK_INT("minute", (history.mails_ms[i] - START_MS) / MINUTE_MS, want_minutes[i]);
}

#define PAUSED                                                                                     \
    {                                                                                              \
        START_MS, HOUR_MS, START_MS - MINUTE_MS                                                    \
    }

TEST(due)
{

    static const struct {
        const char *label;
        struct pace pace;
        int64_t first, urgent; /* minutes after START_MS; urgent 0: none */
        int64_t now, want;
    } cases[] = {
        { "the first of all is held for a minute", {}, 5, 0, 5, 6 },
        { "so is an urgent one", {}, 5, 5, 5, 6 },
        { "the first again after a day",
          { START_MS - 2 * DAY_MS, PACE_MOST_MS, START_MS - 2 * DAY_MS },
          5,
          0,
          5,
          6 },
        { "a day after the newest notice, soon after its mail",
          { START_MS, PACE_MOST_MS, START_MS - DAY_MS },
          3,
          0,
          3,
          15 },
        { "the pause counts", PAUSED, 5, 0, 5, 60 },
        { "over, the hold counts", PAUSED, 70, 0, 70, 71 },
        { "an urgent one does not wait for it", PAUSED, 5, 6, 6, 15 },
        { "an urgent one later on", PAUSED, 5, 40, 40, 41 },
        { "an urgent one just before the end", PAUSED, 5, 60, 60, 60 },
        { "a mail from the future", { START_MS + DAY_MS, HOUR_MS, START_MS + DAY_MS }, 5, 0, 5, 6 },
        { "a notice from the future", {}, 500, 0, 5, 5 },
        { "a pause that is none", { START_MS, 0, START_MS }, 5, 0, 5, 15 },
        { "a pause beyond all bounds", { START_MS, 40 * DAY_MS, START_MS }, 5, 0, 5, 360 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pace_unsaid unsaid = {};
        pace_add(&unsaid, at(cases[i].first), false);
        if (cases[i].urgent > 0)
            pace_add(&unsaid, at(cases[i].urgent), true);
        int64_t due_ms = pace_due_ms(&cases[i].pace, &unsaid, at(cases[i].now));
        CHECK_INT(cases[i].label, (due_ms - START_MS) / MINUTE_MS, cases[i].want);
    }
}

TEST(urgent_mail_keeps_pause)
{
    const struct pace before = { START_MS, HOUR_MS, START_MS };
    struct pace_unsaid unsaid = {};
    pace_add(&unsaid, at(20), true);
    CHECK_INT("early", pace_mailed(&before, &unsaid, at(21)).pause_ms, HOUR_MS);
    CHECK_INT("in time", pace_mailed(&before, &unsaid, at(60)).pause_ms, 2 * HOUR_MS);
    unsaid = (struct pace_unsaid){};
    pace_add(&unsaid, at(24 * 60), true);
    CHECK_INT("calm", pace_mailed(&before, &unsaid, at(24 * 60 + 1)).pause_ms, PACE_LEAST_MS);
}

TEST(adding)
{
    struct pace_unsaid unsaid = {};
    pace_add(&unsaid, 30, true);
    pace_add(&unsaid, 10, false);
    pace_add(&unsaid, 20, true);
    CHECK_INT("count", unsaid.count, 3);
    CHECK_INT("first", unsaid.first_ms, 10);
    CHECK_INT("newest", unsaid.newest_ms, 30);
    CHECK_INT("urgent", unsaid.urgent_ms, 20);
}

/* ── properties, of histories of 40 days each ── */

struct waits {
    int64_t said_up_to; /* notices, from the beginning */
    int64_t notices;
    int64_t at_ms[8192];
    bool urgent[8192];
};

static void check_mail(const struct history *history, struct waits *waits, int64_t now_ms)
{
    if (history->mails > 1) {
        int64_t gap_ms = now_ms - history->mails_ms[history->mails - 2];
        CHECK("never two in 15 minutes", gap_ms >= PACE_LEAST_MS);
    }
    CHECK("held for a minute", now_ms - waits->at_ms[waits->said_up_to] >= PACE_HOLD_MS);
    for (; waits->said_up_to < waits->notices; waits->said_up_to++) {
        int64_t waited_ms = now_ms - waits->at_ms[waits->said_up_to];
        CHECK("bounded", waited_ms <= PACE_MOST_MS);
        CHECK("urgent", !waits->urgent[waits->said_up_to] || waited_ms <= PACE_LEAST_MS);
    }
}

static void turn(struct history *history, struct waits *waits, int64_t now_ms)
{
    int mails = history->mails;
    look(history, now_ms);
    if (history->mails > mails)
        check_mail(history, waits, now_ms);
}

/* Bursts and silences: the next notice comes after up to 2^n seconds, n of 0 to 17. */
static int64_t draw_gap_ms(uint64_t *state)
{
    int64_t most_ms = (int64_t)1000 << (test_random(state) % 18);
    return (int64_t)(test_random(state) % (uint64_t)most_ms);
}

/* A look whenever something is due before `to_ms`. */
static void pass_time(struct history *history, struct waits *waits, int64_t now_ms, int64_t to_ms)
{
    while (history->unsaid.count > 0) {
        int64_t due_ms = pace_due_ms(&history->pace, &history->unsaid, now_ms);
        if (due_ms >= to_ms)
            return;
        CHECK("what was not due has its time before it", due_ms >= now_ms);
        now_ms = due_ms;
        turn(history, waits, now_ms);
    }
}

static void run_history(struct history *history, struct waits *waits, uint64_t *seed)
{
    int64_t now_ms = START_MS;
    while (now_ms < START_MS + 40 * DAY_MS && waits->notices < (int64_t)COUNT_OF(waits->at_ms)) {
        int64_t next_ms = now_ms + draw_gap_ms(seed);
        pass_time(history, waits, now_ms, next_ms);
        now_ms = next_ms;
        bool urgent = test_random(seed) % 8 == 0;
        pace_add(&history->unsaid, now_ms, urgent);
        waits->at_ms[waits->notices] = now_ms;
        waits->urgent[waits->notices++] = urgent;
        turn(history, waits, now_ms);
    }
    pass_time(history, waits, now_ms, now_ms + 2 * PACE_MOST_MS);
    CHECK_INT("nothing is left unsaid", waits->said_up_to, waits->notices);
}

TEST(random_histories)
{
    static struct history history;
    static struct waits waits;
    uint64_t seed = 20261121;
    int64_t mails = 0;
    for (int i = 0; i < 300; i++) {
        history = (struct history){};
        waits = (struct waits){};
        run_history(&history, &waits, &seed);
        mails += history.mails;
    }
    CHECK("they are histories with mails", mails > 10000);
}

RUN_TESTS(cmocka_unit_test(pauses_grow), cmocka_unit_test(due),
          cmocka_unit_test(urgent_mail_keeps_pause), cmocka_unit_test(adding),
          cmocka_unit_test(random_histories))
