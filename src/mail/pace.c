/* SPDX-License-Identifier: MIT
 * Invariants:
 * (1) PACE_LEAST_MS or more lie between two mails;
 * (2) a notice waits for PACE_MOST_MS at most, an urgent one for PACE_LEAST_MS;
 * (3) a time after `now_ms` in what is given came from a clock that was wrong: it holds nothing
 *     back. */
#include "mail/pace.h"

void pace_add(struct pace_unsaid *unsaid, int64_t at_ms, bool urgent)
{
    bool first = unsaid->count++ == 0;
    unsaid->first_ms = first ? at_ms : MIN_OF(unsaid->first_ms, at_ms);
    unsaid->newest_ms = first ? at_ms : MAX_OF(unsaid->newest_ms, at_ms);
    if (urgent)
        unsaid->urgent_ms = unsaid->urgent_ms == 0 ? at_ms : MIN_OF(unsaid->urgent_ms, at_ms);
}

static bool is_calm(const struct pace *pace, int64_t first_ms, int64_t now_ms)
{
    return pace->mailed_ms == 0 || pace->mailed_ms > now_ms ||
           first_ms - pace->newest_ms >= PACE_CALM_MS;
}

static int64_t held_ms(int64_t at_ms, int64_t now_ms)
{
    return at_ms > now_ms ? now_ms : at_ms + PACE_HOLD_MS;
}

/* `pause_ms` after the newest mail. */
static int64_t behind_mail_ms(const struct pace *pace, int64_t pause_ms, int64_t now_ms)
{
    return pace->mailed_ms == 0 || pace->mailed_ms > now_ms ? 0 : pace->mailed_ms + pause_ms;
}

/* What is stored may come from another program, or from a wrong clock. */
static int64_t pause_of(const struct pace *pace)
{
    return MIN_OF(MAX_OF(pace->pause_ms, PACE_LEAST_MS), PACE_MOST_MS);
}

int64_t pace_due_ms(const struct pace *pace, const struct pace_unsaid *unsaid, int64_t now_ms)
{
    assert(unsaid->count > 0);
    bool calm = is_calm(pace, unsaid->first_ms, now_ms);
    int64_t least_ms = behind_mail_ms(pace, PACE_LEAST_MS, now_ms);
    int64_t paused_ms = calm ? least_ms : behind_mail_ms(pace, pause_of(pace), now_ms);
    int64_t due_ms = MAX_OF(held_ms(unsaid->first_ms, now_ms), paused_ms);
    if (unsaid->urgent_ms == 0)
        return due_ms;
    return MIN_OF(due_ms, MAX_OF(held_ms(unsaid->urgent_ms, now_ms), least_ms));
}

struct pace pace_mailed(const struct pace *pace, const struct pace_unsaid *said, int64_t now_ms)
{
    int64_t pause_ms = PACE_LEAST_MS;
    if (!is_calm(pace, said->first_ms, now_ms)) {
        /* An urgent mail that went before the pause was over does not make the next one longer. */
        bool waited = now_ms - pace->mailed_ms >= pause_of(pace);
        pause_ms = waited ? MIN_OF(pause_of(pace) * 2, PACE_MOST_MS) : pause_of(pace);
    }
    return (struct pace){ .mailed_ms = now_ms,
                          .pause_ms = pause_ms,
                          .newest_ms = MIN_OF(said->newest_ms, now_ms) };
}
