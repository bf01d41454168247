/* SPDX-License-Identifier: MIT */
#include "mailing_ground.h"

#include <errno.h>

#include "base/fail.h"
#include "base/instant.h"
#include "store/notices.h"

/* The mailer looks at the clock again behind us: what is due then has been closed here. */
#define CLOSE_AHEAD_MS 5000
/* While mails told of before cannot go, so much is gathered before more is told with them. */
#define GATHER_MS (60 * MINUTE_MS)

static int give_up(const struct mailing_ground *ground, const char *what, int r)
{
    log_line(ground->log, LOG_WARN, what, LOG_TEXT("error", str_c(fail_describe(r))));
    return fail(r);
}

/* ── changes, on the committer's thread while the mailer waits ── */

struct mail_change {
    struct operation operation;
    struct waker waker;
    int (*execute)(struct sql *sql, const struct mail_change *change);
    const struct mailer_told *told;
    const struct mailer_said *said;
    enum operation_outcome outcome;
};

static int execute_change(struct operation *operation, struct batch *batch)
{
    const struct mail_change *change = CONTAINER_OF(operation, struct mail_change, operation);
    return change->execute(batch_sql(batch), change);
}

static void answer_change(struct operation *operation, enum operation_outcome outcome)
{
    struct mail_change *change = CONTAINER_OF(operation, struct mail_change, operation);
    change->outcome = outcome;
    waker_wake(&change->waker);
}

static const struct operation_kind change_kind = {
    .name = "mail", .lane = LANE_MANAGEMENT, .execute = execute_change, .answer = answer_change
};

/* 0: it is durable. */
static int run_change(struct mailing_ground *ground, struct mail_change *change)
{
    change->operation.kind = &change_kind;
    int r = waker_init(&change->waker);
    if (r == 0 && committer_post(ground->committer, &change->operation) != ADMITTED)
        r = fail(-EAGAIN);
    else if (r == 0) {
        waker_wait(&change->waker, -1);
        r = change->outcome == OPERATION_COMMITTED ? 0 : fail(FAIL_STORE);
    }
    waker_done(&change->waker);
    return r < 0 ? give_up(ground, "what was mailed could not be noted", r) : 0;
}

static int close_notices(struct sql *sql, const struct mail_change *change)
{
    return store_close_notices(sql, change->operation.organization);
}

static int run_close(struct mailing_ground *ground, int64_t organization)
{
    struct mail_change change = { .operation = { .organization = organization },
                                  .execute = close_notices };
    return run_change(ground, &change);
}

static int note_end(struct sql *sql, const struct mailer_told *told)
{
    switch (told->end) {
    case MAILER_SENT:
        return store_note_mail_sent(sql, told->organization, told->at_ms);
    case MAILER_LATER:
    case MAILER_REFUSED:
        if (told->error.len == 0)
            return 0;
        return store_note_mail_error(sql, told->everybody ? 0 : told->organization, told->error,
                                     told->at_ms);
    case MAILER_NOTHING:
        break;
    }
    return 0;
}

static int note_told(struct sql *sql, const struct mail_change *change)
{
    const struct mailer_told *told = change->told;
    int r = note_end(sql, told);
    if (r < 0 || told->end == MAILER_LATER)
        return fail(r);
    r = store_move_mark(sql, told->organization, told->person, told->told_to);
    return r < 0 ? fail(r) : store_forget_notices(sql, told->organization);
}

static int report_told(void *context, const struct mailer_told *told)
{
    struct mail_change change = { .operation = { .organization = told->organization },
                                  .execute = note_told,
                                  .told = told };
    return run_change(context, &change);
}

static int note_said(struct sql *sql, const struct mail_change *change)
{
    const struct mailer_said *said = change->said;
    const struct mail_state state = { .organization = said->organization,
                                      .said_to = said->said_to,
                                      .mailed_ms = said->pace.mailed_ms,
                                      .pause_ms = said->pace.pause_ms,
                                      .newest_ms = said->pace.newest_ms };
    int r = store_put_mail_state(sql, &state);
    return r < 0 ? fail(r) : store_forget_notices(sql, said->organization);
}

static int report_said(void *context, const struct mailer_said *said)
{
    struct mail_change change = { .operation = { .organization = said->organization },
                                  .execute = note_said,
                                  .said = said };
    return run_change(context, &change);
}

/* ── which organizations wait ── */

static struct pace_unsaid unsaid_of(const struct notice_sums *sums)
{
    return (struct pace_unsaid){ .first_ms = sums->first_ms,
                                 .newest_ms = sums->newest_ms,
                                 .urgent_ms = sums->urgent_ms,
                                 .count = sums->times };
}

static int64_t earliest_ms(int64_t one_ms, int64_t other_ms)
{
    return one_ms == 0 || other_ms == 0 ? MAX_OF(one_ms, other_ms) : MIN_OF(one_ms, other_ms);
}

static struct notice_sums both(const struct notice_sums *one, const struct notice_sums *other)
{
    return (struct notice_sums){ .times = one->times + other->times,
                                 .first_ms = earliest_ms(one->first_ms, other->first_ms),
                                 .newest_ms = MAX_OF(one->newest_ms, other->newest_ms),
                                 .urgent_ms = earliest_ms(one->urgent_ms, other->urgent_ms),
                                 .newest = MAX_OF(one->newest, other->newest) };
}

/* Mails have been due for a while, and cannot go. */
static bool is_stuck(const struct pace *pace, const struct notice_sums *closed, int64_t now_ms)
{
    struct pace_unsaid unsaid = unsaid_of(closed);
    return closed->times > 0 && pace_due_ms(pace, &unsaid, now_ms) <= now_ms - MINUTE_MS;
}

/* Each closing may make one more row of each outlet, so a server that is down for long must not
 * bring one about at each look. */
static bool must_close(const struct mailing_ground *ground, const struct pace *pace,
                       const struct notice_sums *closed, const struct notice_sums *open)
{
    int64_t now_ms = clock_now_ms(ground->clock);
    if (open->times == 0 || (is_stuck(pace, closed, now_ms) && open->first_ms > now_ms - GATHER_MS))
        return false;
    struct notice_sums all = both(closed, open);
    struct pace_unsaid unsaid = unsaid_of(&all);
    return pace_due_ms(pace, &unsaid, now_ms + CLOSE_AHEAD_MS) <= now_ms + CLOSE_AHEAD_MS;
}

static int read_sums(struct mailing_ground *ground, const struct mail_state *state,
                     const struct pace *pace, struct notice_sums *ret_sums)
{
    struct notice_sums closed, open;
    struct sql *sql = store_reader_sql(ground->reader);
    int r = store_sum_notices(sql, state->organization, state->said_to, &closed, &open);
    if (r == 0 && must_close(ground, pace, &closed, &open)) {
        r = run_close(ground, state->organization);
        if (r == 0)
            r = store_sum_notices(sql, state->organization, state->said_to, &closed, &open);
    }
    *ret_sums = closed.times > 0 ? closed : open;
    return fail(r);
}

static int read_one(struct mailing_ground *ground, const struct mail_state *state,
                    struct mailer_waiting *ret_waiting)
{
    const struct pace pace = { .mailed_ms = state->mailed_ms,
                               .pause_ms = state->pause_ms,
                               .newest_ms = state->newest_ms };
    struct notice_sums sums = {};
    int r = read_sums(ground, state, &pace, &sums);
    *ret_waiting = (struct mailer_waiting){ .organization = state->organization,
                                            .name = state->name,
                                            .pace = pace,
                                            .said_to = state->said_to,
                                            .newest = MAX_OF(sums.newest, state->said_to),
                                            .unsaid = unsaid_of(&sums) };
    return fail(r);
}

static int read_waiting(void *context, struct arena *arena, struct mailer_waiting **ret_waiting,
                        int *ret_count)
{
    struct mailing_ground *ground = context;
    struct mail_state *states = NULL;
    int count = 0;
    int r = 0;
    if (!atomic_load(ground->held))
        r = store_read_mail_states(store_reader_sql(ground->reader), arena, &states, &count);
    struct mailer_waiting *waiting = ARENA_ARRAY(arena, struct mailer_waiting, (size_t)count + 1);
    if (r < 0)
        return give_up(ground, "who is to be told by mail could not be read", r);
    *ret_waiting = waiting;
    *ret_count = 0;
    for (int i = 0; i < count; i++) {
        /* One that fails, perhaps because it fills its share of the committer's lane, waits for the
         * next look; the others do not wait for it. */
        r = read_one(ground, &states[i], &waiting[*ret_count]);
        if (r < 0)
            log_line(ground->log, LOG_WARN, "what an organization is to be told could not be read",
                     LOG_INT("organization", states[i].organization),
                     LOG_TEXT("error", str_c(fail_describe(r))));
        else
            ++*ret_count;
    }
    return 0;
}

static int read_people(void *context, int64_t organization, struct arena *arena,
                       struct mailer_person **ret_people, int *ret_count)
{
    struct mailing_ground *ground = context;
    struct mail_person *people;
    int r = store_read_mail_people(store_reader_sql(ground->reader), organization, arena, &people,
                                   ret_count);
    if (r < 0)
        return give_up(ground, "people to be told by mail could not be read", r);
    *ret_people = ARENA_ARRAY(arena, struct mailer_person, (size_t)*ret_count + 1);
    for (int i = 0; i < *ret_count; i++)
        (*ret_people)[i] = (struct mailer_person){ .id = people[i].user,
                                                   .name = people[i].name,
                                                   .address = people[i].email,
                                                   .told_to = people[i].told_to };
    return 0;
}

/* ── what a mail tells ── */

static const str kinds[] = {
    [NOTICE_DEAD] = STR_INIT("delivery.dead"),
    [NOTICE_RECOVERED] = STR_INIT("endpoint.recovered"),
    [NOTICE_FAILING] = STR_INIT("endpoint.failing"),
    [NOTICE_DISABLED] = STR_INIT("endpoint.disabled"),
};

static enum notice_kind kind_of(str text)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_equal(kinds[i], text))
            return (enum notice_kind)i;
    return NOTICE_DEAD;
}

/* Several in one are told as the newest and the oldest, so that the mail says since when. */
static int spread(const struct stored_notice *stored, struct notice *to)
{
    to[0] = (struct notice){ .id = stored->id,
                             .kind = kind_of(stored->kind),
                             .at_ms = stored->at_ms,
                             .outlet = stored->outlet,
                             .outlet_name = stored->outlet_name,
                             .of_export = stored->of_export,
                             .delivery = stored->delivery,
                             .event_type = stored->event_type,
                             .reason = stored->reason,
                             .count = stored->times };
    if (stored->times < 2)
        return 1;
    to[1] = to[0];
    to[0].count--;
    to[1].count = 1;
    to[1].at_ms = stored->first_ms;
    return 2;
}

static bool any_open(const struct stored_notice *stored, int count)
{
    for (int i = 0; i < count; i++)
        if (!stored[i].closed)
            return true;
    return false;
}

/* An open one only gets here when the time was moved in between. */
static int read_closed(struct mailing_ground *ground, const struct mailer_range *range,
                       struct arena *arena, struct stored_notice **ret_stored, int *ret_count)
{
    struct sql *sql = store_reader_sql(ground->reader);
    const struct notice_range wanted = { range->organization, range->after, range->to,
                                         range->limit / 2 };
    int r = store_read_notices(sql, &wanted, arena, ret_stored, ret_count);
    if (r < 0 || !any_open(*ret_stored, *ret_count))
        return fail(r);
    r = run_close(ground, range->organization);
    return r < 0 ? fail(r) : store_read_notices(sql, &wanted, arena, ret_stored, ret_count);
}

static int read_notices(void *context, const struct mailer_range *range, struct arena *arena,
                        struct notice **ret_notices, int *ret_count)
{
    struct mailing_ground *ground = context;
    struct stored_notice *stored = NULL;
    int count = 0;
    int r = read_closed(ground, range, arena, &stored, &count);
    if (r < 0)
        return give_up(ground, "what is to be mailed could not be read", r);
    *ret_notices = ARENA_ARRAY(arena, struct notice, (size_t)count * 2 + 1);
    *ret_count = 0;
    for (int i = 0; i < count; i++)
        *ret_count += spread(&stored[i], &(*ret_notices)[*ret_count]);
    return 0;
}

struct mailer_ground mailing_ground_of(struct mailing_ground *ground)
{
    return (struct mailer_ground){ .context = ground,
                                   .read_waiting = read_waiting,
                                   .read_people = read_people,
                                   .read_notices = read_notices,
                                   .report_told = report_told,
                                   .report_said = report_said };
}
