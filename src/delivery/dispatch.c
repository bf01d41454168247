/* SPDX-License-Identifier: MIT
 * delivery/dispatch.c: one attempt:
 *
 *   begin ──► look the name up ──► send ──► conclude ──► post ──► recorded
 *     │             │               ▲           ▲           ▲          │
 *     │             └─ no name ─────┼───────────┘           └──────────┤ not stored: a pause
 *     └─ an answer is known, or ────┘                                  │
 *        the host is an address              the parcel waits again, ◄─┘
 *                                            or is forgotten
 *
 * What an export profile sends may have to be fixed first (intake/exports.h): then it begins with a
 * preparation, which may also end the delivery, or put it off, without an attempt.
 *
 * Where the credential is a token that is fetched (token.h), it waits for that before the look-up.
 *
 * Invariants: (1) a parcel that is out has exactly one dispatch; (2) what is posted has been tried
 * once, and is not tried again before it is recorded. */
#include <stdlib.h>

#include "base/id.h"
#include "delivery/internal.h"
#include "delivery/outcome.h"
#include "intake/notices.h"
#include "model/names.h"
#include "store/sealed.h"

#define SPARE_DISPATCHES 256
#define ARENA_KEPT ((size_t)16 * 1024)
#define PAUSE_MS 100
#define PAUSE_MAX_MS 5000

/* ── begin and end of its life ── */

static void end_early(struct dispatch *dispatch, enum exchange_end end, str detail)
{
    dispatch->exchange.end = end;
    dispatch->exchange.detail = detail;
    dispatch_conclude(dispatch);
}

static void reach_ended(struct reach *reach, enum exchange_end end, str detail)
{
    end_early(CONTAINER_OF(reach, struct dispatch, reach), end, detail);
}

static struct dispatch *new_dispatch(struct courier *courier)
{
    struct dispatch *dispatch = courier->spare;
    if (dispatch == NULL) {
        dispatch = NEW(struct dispatch);
        dispatch->result = result_new();
    } else {
        courier->spare = (struct dispatch *)(void *)dispatch->mail.link.next;
        courier->spare_count--;
    }
    dispatch->courier = courier;
    list_init(&dispatch->link);
    list_init(&dispatch->wait.link);
    dispatch->exchange = (struct exchange){};
    dispatch->reach = (struct reach){ .courier = courier,
                                      .exchange = &dispatch->exchange,
                                      .arena = &dispatch->arena,
                                      .ended = reach_ended };
    reach_init(&dispatch->reach);
    dispatch->post_at_ms = dispatch->pause_ms = 0;
    return dispatch;
}

static void really_free(struct dispatch *dispatch)
{
    result_free(dispatch->result);
    arena_done(&dispatch->preparation.arena);
    arena_done(&dispatch->arena);
    free(dispatch);
}

void dispatch_free(struct dispatch *dispatch)
{
    struct courier *courier = dispatch->courier;
    object_release(dispatch->endpoint);
    target_release(dispatch->target);
    target_release(dispatch->proxy);
    token_release(dispatch->token);
    dispatch->endpoint = NULL;
    dispatch->target = dispatch->proxy = NULL;
    arena_reset(&dispatch->preparation.arena, ARENA_KEPT);
    file_source_done(&dispatch->source);
    dispatch->source = (struct file_source){};
    dispatch->upload = (struct upload){};
    dispatch->token = NULL;
    dispatch->token_serial = 0;
    if (courier->spare_count >= SPARE_DISPATCHES) {
        really_free(dispatch);
        return;
    }
    arena_reset(&dispatch->arena, ARENA_KEPT);
    struct arena arena = dispatch->result->arena;
    arena_reset(&arena, ARENA_KEPT);
    *dispatch->result = (struct result){ .arena = arena };
    dispatch->result->operation.arena = &dispatch->result->arena;
    dispatch->mail.link.next = (struct message *)(void *)courier->spare;
    courier->spare = dispatch;
    courier->spare_count++;
}

void dispatch_free_spare(struct courier *courier)
{
    while (courier->spare != NULL) {
        struct dispatch *dispatch = courier->spare;
        courier->spare = (struct dispatch *)(void *)dispatch->mail.link.next;
        really_free(dispatch);
    }
}

/* ── send ── */

/* `authorization`: a header line, or empty. */
static void add_transport_headers(struct dispatch *dispatch, str authorization)
{
    struct arena *arena = &dispatch->arena;
    if (authorization.len > 0)
        headers_add(&dispatch->headers, arena_c(arena, authorization), arena);
    headers_add_own(&dispatch->headers, &dispatch->endpoint->transport, arena);
    dispatch->exchange.headers = dispatch->headers.first;
}

/* The endpoint may have changed meanwhile: the attempt stays what it began as. */
static void token_answered(struct token_wait *wait, const struct token_answer *answer)
{
    struct dispatch *dispatch = CONTAINER_OF(wait, struct dispatch, wait);
    if (answer->value.len == 0) {
        end_early(dispatch, EXCHANGE_NO_TOKEN, arena_str(&dispatch->result->arena, answer->error));
        return;
    }
    dispatch->token_serial = answer->serial;
    add_transport_headers(dispatch, headers_bearer(answer->value, &dispatch->arena));
    reach_begin(&dispatch->reach);
}

static void send_or_wait(struct dispatch *dispatch)
{
    const struct outlet *outlet = dispatch->outlet;
    if (outlet->token == NULL) {
        add_transport_headers(dispatch, str_c(outlet->authorization));
        reach_begin(&dispatch->reach);
        return;
    }
    dispatch->token = token_keep(outlet->token);
    dispatch->wait.answered = token_answered;
    token_want(dispatch->token, &dispatch->wait);
}

/* The content is there. */
void dispatch_attempt(struct dispatch *dispatch)
{
    dispatch->mail.kind = MAIL_RECORDED;
    struct courier *courier = dispatch->courier;
    struct outlet *outlet = dispatch->outlet;
    int64_t now_ms = courier_now_ms(courier);
    dispatch->place = outlet->place;
    dispatch->started_us = clock_mono_us();
    dispatch->result->attempt.started_ms = now_ms;
    courier->counts.attempts++;
    dispatch->exchange.arena = &dispatch->result->arena;
    if (outlet->target == NULL) {
        end_early(dispatch, EXCHANGE_NO_URL, (str){});
        return;
    }
    dispatch->place->references++;
    dispatch->place->under_way++;
    dispatch->target = target_keep(outlet->target);
    dispatch->proxy = outlet->proxy == NULL ? NULL : target_keep(outlet->proxy);
    if (request_make(dispatch, now_ms))
        send_or_wait(dispatch);
    else
        end_early(dispatch, EXCHANGE_BROKEN, STR("its request could not be made"));
}

void dispatch_begin(struct courier *courier, struct parcel *parcel, bool probe)
{
    struct dispatch *dispatch = new_dispatch(courier);
    struct outlet *outlet = parcel->outlet;
    dispatch->outlet = outlet;
    dispatch->parcel = parcel;
    dispatch->probe = probe;
    dispatch->endpoint = outlet->endpoint;
    object_keep(outlet->endpoint);
    dispatch->slot = courier->free_slots[--courier->free_slot_count];
    atomic_store_explicit(&courier->sending[dispatch->slot], parcel->heap.id, memory_order_relaxed);
    dispatch->result->before = parcel->job->delivery;
    outlet->under_way++;
    courier->under_way++;
    list_append(&courier->dispatches, &dispatch->link);
    if (preparation_is_needed(dispatch))
        preparation_begin(dispatch);
    else
        dispatch_attempt(dispatch);
}

/* ── conclude ── */

static double draw(const struct courier *courier)
{
    if (courier->couriers->options.clock->test)
        return 0.5;
    uint32_t bits;
    random_bytes(&bits, sizeof(bits));
    return (double)bits / UINT32_MAX;
}

static void fill_phases(struct attempt *attempt, const struct exchange *exchange,
                        struct arena *arena)
{
    attempt->name_us = exchange->timing.name_us;
    attempt->connect_us = exchange->timing.connect_us;
    attempt->tls_us = exchange->timing.tls_us;
    attempt->first_byte_us = exchange->timing.first_byte_us;
    if (exchange->remote.family == 0)
        return;
    char text[ADDRESS_TEXT_MAX];
    attempt->address = arena_str(arena, address_write(&exchange->remote, text));
}

/* Without the transport's secrets, which nobody needs to see twice. */
static void fill_messages(struct attempt *attempt, const struct exchange *exchange,
                          struct arena *arena)
{
    static const struct transport none = {};
    const struct transport *transport = exchange->transport != NULL ? exchange->transport : &none;
    const struct curl_slist *sent = exchange->headers;
    attempt->request_head = headers_mask(exchange->request_head, transport, arena);
    attempt->status = exchange->status;
    bool truncated = exchange->response_length > (int64_t)exchange->response_body.len;
    bool cut = truncated || exchange->end != EXCHANGE_ANSWERED;
    attempt->response_head =
        headers_mask_echo(exchange->response_head, false, sent, transport, arena);
    attempt->response_body =
        headers_mask_echo(exchange->response_body, cut, sent, transport, arena);
    attempt->response_length = exchange->response_length;
    attempt->response_truncated = truncated;
}

static void fill_attempt(struct dispatch *dispatch, str error)
{
    const struct exchange *exchange = &dispatch->exchange;
    const struct delivery *before = &dispatch->result->before;
    struct attempt *attempt = &dispatch->result->attempt;
    struct arena *arena = &dispatch->result->arena;
    attempt->delivery = before->id;
    attempt->organization = before->organization;
    attempt->number = before->attempt_count + 1;
    attempt->duration_us = clock_mono_us() - dispatch->started_us;
    attempt->manual = dispatch->parcel->manual;
    fill_phases(attempt, exchange, arena);
    fill_messages(attempt, exchange, arena);
    attempt->url = arena_str(arena, dispatch->endpoint->url);
    attempt->error = error;
    attempt_seal(dispatch->courier->couriers->options.seal_key, attempt, &dispatch->arena, arena);
}

static void ask_token(struct dispatch *dispatch)
{
    const struct exchange *exchange = &dispatch->exchange;
    dispatch->token_refused = false;
    if (dispatch->token_serial == 0 || exchange->end != EXCHANGE_ANSWERED)
        return;
    if (exchange->status == 401)
        dispatch->token_refused = token_refused(dispatch->token, dispatch->token_serial);
    else if (exchange->status >= 200 && exchange->status < 300)
        token_accepted(dispatch->token, dispatch->token_serial);
}

static str explain(struct dispatch *dispatch)
{
    if (dispatch->exchange.end == EXCHANGE_NO_TOKEN)
        return dispatch->exchange.detail; /* token.c's words */
    if (dispatch->token_refused)
        return STR("The target answered 401: it does not take the token any more. The delivery is "
                   "sent again at once, with a new one");
    if (dispatch->token_serial > 0 && dispatch->exchange.status == 401)
        return STR("The target answered 401 to a new token, too: check the endpoint's scope and "
                   "audience, and which tokens the target takes");
    const struct couriers_options *options = &dispatch->courier->couriers->options;
    const struct explain_limits limits = { .connect_timeout_ms = options->connect_timeout_ms,
                                           .whole_timeout_ms = options->whole_timeout_ms,
                                           .response_read = options->limits->response_read };
    return explain_exchange(&dispatch->exchange, &limits, &dispatch->result->arena);
}

static void log_breaker(struct dispatch *dispatch, enum breaker_state before)
{
    const struct breaker *breaker = &dispatch->outlet->breaker;
    const struct log *log = dispatch->courier->couriers->options.log;
    char text[ID_TEXT_MAX];
    str id = id_write(endpoint_id_kind(dispatch->endpoint->kind), dispatch->outlet->id, text);
    if (before == BREAKER_CLOSED && breaker->state == BREAKER_OPEN)
        log_line(log, LOG_WARN, "an endpoint fails: trying one delivery at a time",
                 LOG_TEXT("endpoint", id), LOG_TEXT("error", dispatch->result->attempt.error));
    else if (before != BREAKER_CLOSED && breaker->state == BREAKER_CLOSED)
        log_line(log, LOG_INFO, "an endpoint works again", LOG_TEXT("endpoint", id));
}

/* Attempts of notices make none: else they could feed on each other. */
static void note_notice(struct dispatch *dispatch, bool success)
{
    struct outlet *outlet = dispatch->outlet;
    if (notice_is(dispatch->result->event_type))
        return;
    if (success && outlet->failing_since_ms != 0) {
        outlet->failing_since_ms = 0;
        dispatch->result->notice = NOTICE_RECOVERED;
    } else if (!success && outlet->breaker.state != BREAKER_CLOSED &&
               outlet->failing_since_ms == 0) {
        outlet->failing_since_ms = dispatch->result->attempt.started_ms;
        dispatch->result->notice = NOTICE_FAILING;
    }
}

static void send_state(struct dispatch *dispatch)
{
    const struct endpoint *endpoint = dispatch->outlet->endpoint;
    struct result *result = dispatch->result;
    dispatch->state = dispatch->outlet->stored;
    result->outlet_state = &dispatch->state;
    result->outlet_closed = endpoint == NULL || endpoint->status != OUTLET_ACTIVE;
}

/* Results that were stored meanwhile have told what is newer. All of it is forgotten when the
 * outlet has begun anew. */
static void renew_state(struct dispatch *dispatch)
{
    if (dispatch->result->outlet_state != NULL)
        send_state(dispatch);
    if (dispatch->outlet->stored.outlet == 0)
        dispatch->result->outlet_state = NULL;
}

/* What it says about the outlet. */
static void tell_outlet(struct dispatch *dispatch, const struct outcome *outcome, bool success)
{
    struct outlet *outlet = dispatch->outlet;
    bool same =
        outlet->endpoint == dispatch->endpoint ||
        (outlet->endpoint != NULL && endpoint_reaches_alike(outlet->endpoint, dispatch->endpoint));
    if (!same) /* it was tried in another way; outlet_set_endpoint() has begun anew */
        return;
    enum breaker_state before = outlet->breaker.state;
    if (success)
        breaker_success(&outlet->breaker, outlet_limit(dispatch->courier, outlet));
    else if (outcome->counts)
        breaker_failure(&outlet->breaker, dispatch->probe, courier_now_ms(dispatch->courier));
    else if (dispatch->probe)
        breaker_probe_lost(&outlet->breaker);
    log_breaker(dispatch, before);
    outlet->hold_until_ms = MAX_OF(outlet->hold_until_ms, outcome->hold_until_ms);
    if (outcome->endpoint_gone) {
        /* It is disabled, which is told and stored instead. Its result goes by another lane than
         * others, so a state in it might undo a newer one. */
        outlet->gone = true;
        return;
    }
    note_notice(dispatch, success);
    if (outlet_note_state(dispatch->courier, outlet))
        send_state(dispatch);
}

static void leave_place(struct courier *courier, struct place *place)
{
    if (place == NULL)
        return;
    place->under_way--;
    place_pass_on(courier, place);
    place_release(courier, place);
}

static void result_recorded(struct result *result, void *context)
{
    (void)result;
    struct dispatch *dispatch = context;
    courier_post(dispatch->courier, &dispatch->mail);
}

static void post(struct dispatch *dispatch)
{
    const struct courier_ground *ground = &dispatch->courier->couriers->ground;
    dispatch->mail.kind = MAIL_RECORDED;
    ground->post(ground->context, dispatch->result);
}

static void count(struct courier *courier, const struct delivery *after, bool success)
{
    courier->counts.delivered += after->state == DELIVERY_DELIVERED;
    courier->counts.dead += after->state == DELIVERY_DEAD;
    courier->counts.failed += !success;
}

static void note_event(struct dispatch *dispatch)
{
    const struct content *content = dispatch->parcel->job->content;
    struct result *result = dispatch->result;
    result->event_type = content->type;
    result->event_hops = content->hops;
    result->subject = content->subject;
}

void dispatch_conclude(struct dispatch *dispatch)
{
    struct courier *courier = dispatch->courier;
    struct result *result = dispatch->result;
    ask_token(dispatch);
    str error = explain(dispatch);
    bool success = error.len == 0;
    fill_attempt(dispatch, error);
    const struct outcome_question question = { .before = &result->before,
                                               .exchange = &dispatch->exchange,
                                               .error = error,
                                               .manual = dispatch->parcel->manual,
                                               .token_refused = dispatch->token_refused,
                                               .may_be_gone =
                                                   dispatch->endpoint->kind == ENDPOINT_WEBHOOK,
                                               .policy = &dispatch->endpoint->policy.retry,
                                               .now_ms = courier_now_ms(courier),
                                               .draw = success ? 0.5 : draw(courier) };
    struct outcome outcome = outcome_of(&question, &result->arena);
    figures_count(&courier->figures, &dispatch->exchange, result->attempt.duration_us);
    dispatch->parcel->fresh = outcome.again_at_once;
    result->after = outcome.after;
    note_event(dispatch);
    if (outcome.endpoint_gone)
        result->disable_reason = STR("The endpoint answered 410 Gone: it wants no more deliveries. "
                                     "Enable it when it takes them again.");
    result->endpoint = dispatch->endpoint;
    result->committed = result_recorded;
    result->context = dispatch;
    list_remove(&dispatch->link);
    courier->under_way--;
    dispatch->outlet->under_way--;
    courier->unrecorded++;
    count(courier, &result->after, success);
    tell_outlet(dispatch, &outcome, success);
    leave_place(courier, dispatch->place);
    outlet_attempt_ended(courier, dispatch->outlet);
    post(dispatch);
}

void dispatch_leave_slot(struct dispatch *dispatch)
{
    struct courier *courier = dispatch->courier;
    atomic_store_explicit(&courier->sending[dispatch->slot], 0, memory_order_relaxed);
    courier->free_slots[courier->free_slot_count++] = dispatch->slot;
}

/* ── recorded ── */

static void pause_and_post(struct dispatch *dispatch)
{
    struct courier *courier = dispatch->courier;
    dispatch->pause_ms =
        dispatch->pause_ms == 0 ? PAUSE_MS : MIN_OF(dispatch->pause_ms * 2, (int64_t)PAUSE_MAX_MS);
    dispatch->post_at_ms = clock_mono_ms() + dispatch->pause_ms;
    list_append(&courier->to_post, &dispatch->link);
}

void dispatch_post_again(struct courier *courier, int64_t mono_ms)
{
    LIST_EACH(&courier->to_post, at)
    {
        struct dispatch *dispatch = LIST_ENTRY(at, struct dispatch, link);
        if (dispatch->post_at_ms > mono_ms)
            continue;
        list_remove(at);
        renew_state(dispatch);
        post(dispatch);
    }
}

void dispatch_put_back(struct dispatch *dispatch)
{
    struct courier *courier = dispatch->courier;
    struct parcel *parcel = dispatch->parcel;
    parcel->job->delivery = dispatch->result->after;
    parcel->job->delivery.reason = (str){}; /* it lies in the result */
    stock_put_back(&courier->stock, parcel, courier_now_ms(courier));
    if (!outlet_is_open(courier, dispatch->outlet))
        outlet_reopen(courier, dispatch->outlet);
}

/* What died pauses those behind it before they can go. */
static void forget(struct dispatch *dispatch)
{
    const struct result *result = dispatch->result;
    if (result->stored && result->pauses_line)
        stock_pause_line(&dispatch->courier->stock, dispatch->parcel);
    stock_forget(&dispatch->courier->stock, dispatch->parcel);
}

void dispatch_recorded(struct dispatch *dispatch)
{
    struct courier *courier = dispatch->courier;
    const struct result *result = dispatch->result;
    if (!result->stored && !courier->stopping) {
        pause_and_post(dispatch);
        return;
    }
    courier->unrecorded--;
    dispatch_leave_slot(dispatch);
    if (result->stored && !result->gone && result->after.state == DELIVERY_PENDING)
        dispatch_put_back(dispatch);
    else
        forget(dispatch);
    dispatch_free(dispatch);
}

/* ── stop ── */

void dispatch_stop_all(struct courier *courier)
{
    LIST_EACH(&courier->dispatches, at)
    {
        struct dispatch *dispatch = LIST_ENTRY(at, struct dispatch, link);
        if (dispatch->mail.kind == MAIL_PREPARED) /* the committer is about to answer */
            continue;
        if (list_empty(&dispatch->wait.link)) {
            reach_stop(&dispatch->reach);
        } else {
            list_remove(&dispatch->wait.link);
            end_early(dispatch, EXCHANGE_STOPPED, (str){});
        }
    }
}
