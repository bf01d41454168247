/* SPDX-License-Identifier: MIT
 * delivery/outlet.c: who may be sent to now. An outlet that has something ready stands in the line
 * stock->turns; when its turn comes and it may not send, it leaves the line and waits for exactly
 * one thing, which puts it back:
 *
 * - its breaker's, its target's, its token's or its rate's time: courier->timers
 * - its own attempts: their end
 * - its host's connections: place->waiting
 * - its configuration: outlet_reopen() */
#include <stdlib.h>

#include "delivery/internal.h"
#include "delivery/retry.h"

#define CONCURRENCY 8
#define CONCURRENCY_MAX 64

/* ── places ── */

struct place *place_find(struct courier *courier, str name)
{
    struct place *place = map_find(&courier->places, name);
    if (place == NULL) {
        place = NEW(struct place);
        place->name = xstrdup(name);
        list_init(&place->waiting);
        list_init(&place->line);
        list_init(&place->in_line);
        (void)map_put(&courier->places, str_c(place->name), place);
    }
    place->references++;
    return place;
}

void place_release(struct courier *courier, struct place *place)
{
    if (place == NULL || --place->references > 0)
        return;
    (void)map_remove(&courier->places, str_c(place->name));
    free(place->name);
    free(place);
}

void place_pass_on(struct courier *courier, struct place *place)
{
    while (place != NULL && place->under_way < PLACE_CONNECTIONS_MAX &&
           !list_empty(&place->waiting)) {
        struct outlet *outlet = LIST_ENTRY(place->waiting.next, struct outlet, queued);
        list_remove(&outlet->queued);
        stock_give_turn(&courier->stock, outlet);
        if (!list_empty(&outlet->turn))
            return;
    }
}

/* ── for other threads to read ── */

/* After what may have changed it; it mostly has not. */
static void tell_hold(struct courier *courier, struct outlet *outlet)
{
    const struct breaker *breaker = &outlet->breaker;
    const struct outlet_hold hold = {
        .breaker = breaker->state,
        .probe_at_ms = breaker->state == BREAKER_CLOSED ? 0 : breaker->probe_at_ms,
        .hold_until_ms = outlet->hold_until_ms,
        .token_at_ms = token_pause_until_ms(outlet->token),
    };
    if (hold_equal(&hold, &outlet->told))
        return;
    outlet->told = hold;
    holds_put(&courier->couriers->holds, outlet->id, &hold);
}

/* ── configuration ── */

static void free_old_keys(struct outlet *outlet)
{
    for (int i = 0; outlet->old_keys != NULL && i < outlet->endpoint->old_secret_count; i++)
        hmac_free(outlet->old_keys[i]);
    free(outlet->old_keys);
    outlet->old_keys = NULL;
}

static void make_authorization(struct outlet *outlet)
{
    CLEANUP(arena_done) struct arena arena = {};
    str line = headers_authorization(&outlet->endpoint->transport.credential, &arena);
    outlet->authorization = line.len > 0 ? xstrdup(line) : NULL;
}

/* `old`: the one before, whose reference is taken. */
static void set_token(struct courier *courier, struct outlet *outlet, struct token *old)
{
    struct endpoint *endpoint = outlet->endpoint;
    bool wanted = endpoint != NULL && endpoint->transport.credential.kind == CREDENTIAL_OAUTH2;
    if (wanted && old != NULL && token_fits(old, endpoint)) {
        outlet->token = old;
        return;
    }
    token_release(old);
    outlet->token = wanted ? token_new(courier, endpoint, outlet->target) : NULL;
}

static void make_keys(struct outlet *outlet)
{
    const struct endpoint *endpoint = outlet->endpoint;
    if (!endpoint->signing)
        return;
    outlet->key = hmac_new(endpoint->secret);
    outlet->old_keys = xcalloc((size_t)endpoint->old_secret_count + 1, sizeof(struct hmac *));
    for (int i = 0; i < endpoint->old_secret_count; i++)
        outlet->old_keys[i] = hmac_new(endpoint->old_secrets[i].secret);
}

/* What is made of the endpoint: parsed URL, keys, its credential. */
static void forget_endpoint(struct courier *courier, struct outlet *outlet)
{
    list_remove(&outlet->queued);
    target_release(outlet->target);
    target_release(outlet->proxy);
    outlet->target = outlet->proxy = NULL;
    place_pass_on(courier, outlet->place);
    place_release(courier, outlet->place);
    outlet->place = NULL;
    hmac_free(outlet->key);
    outlet->key = NULL;
    free_old_keys(outlet);
    free(outlet->authorization);
    outlet->authorization = NULL;
    token_release(outlet->token);
    outlet->token = NULL;
    object_release(outlet->endpoint);
    outlet->endpoint = NULL;
}

static void forget_state(struct outlet *outlet)
{
    outlet->breaker = (struct breaker){};
    outlet->hold_until_ms = 0;
    /* That it fails has been told; that it does no more is to be told, too. */
    outlet->stored = (struct outlet_state){ .failing_since_ms = outlet->stored.failing_since_ms };
}

static bool same_state(const struct outlet_state *a, const struct outlet_state *b)
{
    return a->failing_since_ms == b->failing_since_ms && a->wait_ms == b->wait_ms &&
           a->probe_at_ms == b->probe_at_ms && a->hold_until_ms == b->hold_until_ms;
}

bool outlet_note_state(struct courier *courier, struct outlet *outlet)
{
    const struct breaker *breaker = &outlet->breaker;
    bool closed = breaker->state == BREAKER_CLOSED;
    bool held = outlet->hold_until_ms > courier_now_ms(courier);
    const struct outlet_state state = {
        .organization = outlet->organization,
        .outlet = outlet->id,
        .failing_since_ms = outlet->failing_since_ms,
        .wait_ms = closed ? 0 : breaker->wait_ms,
        .probe_at_ms = closed ? 0 : breaker->probe_at_ms,
        .hold_until_ms = held ? outlet->hold_until_ms : 0,
    };
    if (same_state(&state, &outlet->stored))
        return false;
    outlet->stored = state;
    return true;
}

void outlet_load_state(struct courier *courier, const struct outlet_state *state)
{
    struct outlet *outlet = stock_outlet(&courier->stock, state->organization, state->outlet);
    int64_t now_ms = courier_now_ms(courier);
    if (state->wait_ms > 0)
        outlet->breaker = breaker_restore(state->wait_ms, state->probe_at_ms, now_ms);
    /* It may come from a clock that was ahead. */
    outlet->hold_until_ms = MIN_OF(state->hold_until_ms, now_ms + RETRY_AFTER_MAX_MS);
    outlet->failing_since_ms = state->failing_since_ms;
    outlet->stored = *state;
    tell_hold(courier, outlet);
}

void outlet_set_endpoint(struct courier *courier, struct outlet *outlet, struct endpoint *endpoint)
{
    bool anew = outlet->endpoint != NULL && endpoint_begins_anew(outlet->endpoint, endpoint);
    struct token *token = token_keep(outlet->token);
    forget_endpoint(courier, outlet);
    outlet->gone = false;
    if (anew) /* in the store, too: endpoints_update() */
        forget_state(outlet);
    outlet->deleted = endpoint->status == OUTLET_DELETED;
    if (outlet->deleted) {
        object_release(endpoint);
    } else {
        outlet->endpoint = endpoint;
        outlet->target = target_new(endpoint->url);
        if (endpoint->transport.proxy.len > 0)
            outlet->proxy = target_new(endpoint->transport.proxy);
        const struct target *peer = outlet->proxy != NULL ? outlet->proxy : outlet->target;
        if (outlet->target != NULL)
            outlet->place = place_find(courier, str_c(peer->place));
        rate_set(&outlet->rate, endpoint->policy.rate_per_minute, courier_now_ms(courier));
        make_keys(outlet);
        make_authorization(outlet);
        stock_set_order(&courier->stock, outlet, endpoint->policy.order);
    }
    set_token(courier, outlet, token);
    tell_hold(courier, outlet);
    outlet_reopen(courier, outlet);
}

bool outlet_is_open(const struct courier *courier, const struct outlet *outlet)
{
    return outlet->endpoint != NULL && outlet->endpoint->status == OUTLET_ACTIVE && !outlet->gone &&
           !courier->held;
}

void outlet_reopen(struct courier *courier, struct outlet *outlet)
{
    if (!outlet_is_open(courier, outlet)) {
        if (outlet->endpoint != NULL || outlet->deleted)
            stock_let_go(&courier->stock, outlet);
        list_remove(&outlet->behind);
        place_pass_on(courier, outlet->place);
        return;
    }
    if ((outlet->step != OUTLET_IN_STEP || stock_has_sleepers(outlet)) &&
        list_empty(&outlet->behind))
        list_append(&courier->behind, &outlet->behind);
    stock_give_turn(&courier->stock, outlet);
}

/* ── turns ── */

static void wait_until(struct courier *courier, struct outlet *outlet, int64_t at_ms)
{
    if (outlet->timer.at != 0)
        heap_remove(&courier->timers, &outlet->timer);
    outlet->timer.key = at_ms;
    outlet->timer.id = outlet->id;
    heap_add(&courier->timers, &outlet->timer);
}

int outlet_limit(const struct courier *courier, const struct outlet *outlet)
{
    int own = outlet->endpoint == NULL ? 0 : outlet->endpoint->policy.concurrency;
    int hub = courier->couriers->options.concurrency;
    return MIN_OF(own > 0 ? own : hub > 0 ? hub : CONCURRENCY, CONCURRENCY_MAX);
}

static bool has_room(const struct courier *courier, const struct outlet *outlet)
{
    return outlet->under_way < breaker_concurrency(&outlet->breaker, outlet_limit(courier, outlet));
}

static bool is_full(const struct place *place, int own)
{
    return place != NULL &&
           place->under_way >= (own == 0 ? PLACE_CONNECTIONS_MAX : PLACE_CONNECTIONS);
}

static int64_t held_until_ms(const struct outlet *outlet)
{
    return MAX_OF(outlet->hold_until_ms, token_pause_until_ms(outlet->token));
}

bool outlet_waits(const struct courier *courier, const struct outlet *outlet)
{
    return outlet->breaker.state != BREAKER_CLOSED ||
           held_until_ms(outlet) > courier_now_ms(courier);
}

/* False: it waits, and will be found again. */
static bool may_send(struct courier *courier, struct outlet *outlet, bool *ret_probe)
{
    int64_t now_ms = courier_now_ms(courier);
    if (held_until_ms(outlet) > now_ms) {
        tell_hold(courier, outlet); /* a token's end is seen first here */
        wait_until(courier, outlet, held_until_ms(outlet));
        return false;
    }
    enum breaker_verdict verdict = breaker_ask(&outlet->breaker, now_ms);
    if (verdict == BREAKER_WAIT) {
        if (outlet->breaker.state == BREAKER_OPEN)
            wait_until(courier, outlet, outlet->breaker.probe_at_ms);
        return false;
    }
    if (verdict == BREAKER_SEND && !has_room(courier, outlet))
        return false;
    int64_t rate_at_ms;
    if (!rate_allows(&outlet->rate, now_ms, &rate_at_ms)) {
        wait_until(courier, outlet, rate_at_ms);
        return false;
    }
    if (is_full(outlet->place, outlet->under_way)) {
        list_remove(&outlet->queued);
        list_append(&outlet->place->waiting, &outlet->queued);
        return false;
    }
    *ret_probe = verdict == BREAKER_PROBE;
    return true;
}

struct parcel *outlet_take(struct courier *courier, struct outlet *outlet, bool *ret_probe)
{
    struct parcel *parcel = outlet_first(&courier->stock, outlet);
    *ret_probe = false;
    bool goes = parcel != NULL && outlet_is_open(courier, outlet) &&
                (parcel->manual || may_send(courier, outlet, ret_probe));
    stock_end_turn(outlet);
    if (!goes) {
        if (list_empty(&outlet->queued)) /* it is not the host that it waits for */
            place_pass_on(courier, outlet->place);
        return NULL;
    }
    if (!parcel->manual && (*ret_probe || outlet->breaker.ramp != 0))
        parcel = outlet_next_probe(&courier->stock, outlet);
    if (*ret_probe) {
        breaker_probe_begins(&outlet->breaker);
        tell_hold(courier, outlet);
    }
    if (!parcel->manual)
        rate_take(&outlet->rate, courier_now_ms(courier));
    stock_take_out(&courier->stock, parcel);
    stock_give_turn(&courier->stock, outlet); /* at the end of the line */
    return parcel;
}

void outlet_attempt_ended(struct courier *courier, struct outlet *outlet)
{
    tell_hold(courier, outlet);
    stock_give_turn(&courier->stock, outlet);
}

void outlet_done(struct courier *courier, struct outlet *outlet)
{
    forget_endpoint(courier, outlet);
}
