/* SPDX-License-Identifier: MIT
 * Invariants: (1) exactly one more attempt is counted; (2) pending has a due time and no end, the
 * others have an end; (3) dead says why; (4) what was not the target's doing (a kept connection
 * that closed, a token that had to be renewed, the hub stopping) uses no step and leaves the
 * breaker alone; (5) a resend of a delivered one leaves it delivered; (6) what can never be sent
 * any more is given up, whatever the schedule says. */
#include "delivery/outcome.h"

static void end(struct delivery *delivery, enum delivery_state state, int64_t now_ms)
{
    delivery->state = state;
    delivery->finished_ms = now_ms;
    delivery->once = false;
}

static void again(struct delivery *delivery, int64_t due_ms)
{
    delivery->state = DELIVERY_PENDING;
    delivery->due_ms = due_ms;
    delivery->reason = (str){};
}

static void fail_delivery(const struct outcome_question *question, int64_t retry_after_ms,
                          struct delivery *after, struct arena *arena)
{
    const struct retry_question retry = { .step = after->schedule_step,
                                          .retry_after_ms = retry_after_ms,
                                          .draw = question->draw,
                                          .now_ms = question->now_ms };
    struct retry_decision decision = retry_decide(question->policy, &retry);
    if (after->once) {
        end(after, DELIVERY_DELIVERED, question->now_ms);
    } else if (decision.again) {
        again(after, decision.due_ms);
        after->schedule_step += !question->manual;
    } else {
        end(after, DELIVERY_DEAD, question->now_ms);
        after->reason = arena_format(arena,
                                     "All %d retries of its schedule are used up. The last "
                                     "attempt: %.*s",
                                     question->policy->retries, STR_ARG(question->error));
    }
}

static void give_up(const struct outcome_question *question, struct delivery *after,
                    struct arena *arena)
{
    end(after, after->once ? DELIVERY_DELIVERED : DELIVERY_DEAD, question->now_ms);
    after->reason = after->state == DELIVERY_DEAD ? arena_str(arena, question->error) : (str){};
}

static int64_t asked_to_wait(const struct exchange *exchange, int64_t now_ms)
{
    int64_t wait_ms;
    if (exchange->end != EXCHANGE_ANSWERED || exchange->status < 400 ||
        !retry_after_read(exchange->retry_after, now_ms, &wait_ms))
        return 0;
    return MIN_OF(wait_ms, RETRY_AFTER_MAX_MS);
}

struct outcome outcome_of(const struct outcome_question *question, struct arena *arena)
{
    const struct exchange *exchange = question->exchange;
    struct outcome outcome = { .after = *question->before, .counts = true };
    struct delivery *after = &outcome.after;
    after->attempt_count++;
    after->last_status = exchange->status;
    if (question->error.len == 0) {
        after->reason = (str){};
        end(after, DELIVERY_DELIVERED, question->now_ms);
        return outcome;
    }
    if (exchange->end == EXCHANGE_KEPT_CLOSED || exchange->end == EXCHANGE_STOPPED ||
        question->token_refused) {
        again(after, question->now_ms);
        outcome.again_at_once = exchange->end == EXCHANGE_KEPT_CLOSED;
        outcome.counts = false;
        return outcome;
    }
    if (exchange->end == EXCHANGE_FILE_GONE) {
        give_up(question, after, arena);
        outcome.counts = false;
        return outcome;
    }
    int64_t wait_ms = asked_to_wait(exchange, question->now_ms);
    outcome.hold_until_ms = wait_ms == 0 ? 0 : question->now_ms + wait_ms;
    outcome.endpoint_gone =
        question->may_be_gone && exchange->end == EXCHANGE_ANSWERED && exchange->status == 410;
    fail_delivery(question, wait_ms, after, arena);
    return outcome;
}
