/* SPDX-License-Identifier: MIT
 * Invariants: (1) at most one fetch of a token is under way or in line, and then it stands in
 * courier->fetches and holds a reference; (2) who waits, waits for such a fetch; (3) a fetch begins not
 * before `pause_until_ms`; (4) of a chain of tokens of which each was refused, only the first has
 * deliveries go again; (5) the value leaves this file by token_answer alone; (6) a line of a place has
 * tokens only while TOKEN_FETCHES are under way there, or tokens_go_on() is yet to come. */
#include "delivery/token.h"

#include <stdlib.h>

#include "delivery/headers.h"
#include "delivery/internal.h"
#include "delivery/oauth.h"

#define RENEW_BEFORE_MS 60000
#define RENEW_SHARE 10 /* or that part of its life before its end, when that is less */
#define REPLY_MAX 65536

struct token {
    int references;
    struct courier *courier;
    struct endpoint *endpoint; /* one reference: it has the credential */
    struct target *target;     /* NULL: the token URL cannot be read */
    struct place *place;       /* the target's */
    struct transport transport;

    char *value; /* NULL: none */
    int64_t serial;
    int64_t renew_at_ms; /* Junctor's time, like all here */
    int64_t good_until_ms;
    int64_t pause_until_ms;
    char *error; /* of the last fetch; NULL: it was fine */

    bool doubted;     /* the one before was refused, and none has been accepted since */
    int64_t replaced; /* the serial whose refusal began that; 0: none did */

    /* The fetch: */
    struct list link; /* in courier->fetches */
    struct list waiting;
    bool fetching;
    struct place *asked; /* the place, once it has begun: counts there */
    struct list queued;  /* in place->line: not begun */
    int64_t give_up_ms;  /* monotonic; in line */
    int64_t began_ms;
    struct exchange exchange;
    struct reach reach;
    struct arena arena; /* all of it, reset behind each */
};

static const struct credential *credential_of(const struct endpoint *endpoint)
{
    return &endpoint->transport.credential;
}

/* ── life ── */

/* What of the outlet's transport is good for the token URL, too. */
static struct transport transport_for(const struct endpoint *endpoint, const struct target *target,
                                      const struct target *token_target)
{
    const struct transport *of = &endpoint->transport;
    struct transport transport = { .connect_timeout_ms = of->connect_timeout_ms,
                                   .timeout_ms = of->timeout_ms };
    if (target == NULL || token_target == NULL || strcmp(target->place, token_target->place) != 0)
        return transport;
    transport.certificate = of->certificate;
    transport.private_key = of->private_key;
    transport.authorities = of->authorities;
    return transport;
}

struct token *token_new(struct courier *courier, struct endpoint *endpoint,
                        const struct target *target)
{
    struct token *token = NEW(struct token);
    token->references = 1;
    token->courier = courier;
    token->endpoint = endpoint;
    object_keep(endpoint);
    token->target = target_new(credential_of(endpoint)->token_url);
    if (token->target != NULL)
        token->place = place_find(courier, str_c(token->target->place));
    token->transport = transport_for(endpoint, target, token->target);
    list_init(&token->link);
    list_init(&token->queued);
    list_init(&token->waiting);
    return token;
}

struct token *token_keep(struct token *token)
{
    if (token != NULL)
        token->references++;
    return token;
}

static void forget_value(struct token *token)
{
    if (token->value != NULL)
        explicit_bzero(token->value, strlen(token->value));
    free(token->value);
    token->value = NULL;
}

void token_release(struct token *token)
{
    if (token == NULL || --token->references > 0)
        return;
    assert(!token->fetching && list_empty(&token->waiting));
    forget_value(token);
    free(token->error);
    target_release(token->target);
    place_release(token->courier, token->place);
    object_release(token->endpoint);
    arena_done(&token->arena);
    free(token);
}

bool token_fits(const struct token *token, const struct endpoint *endpoint)
{
    const struct transport *a = &token->endpoint->transport;
    const struct transport *b = &endpoint->transport;
    const struct credential *x = &a->credential;
    const struct credential *y = &b->credential;
    return x->kind == y->kind && x->in_body == y->in_body &&
           str_equal(x->token_url, y->token_url) && str_equal(x->client_id, y->client_id) &&
           str_equal(x->client_secret, y->client_secret) && str_equal(x->scope, y->scope) &&
           str_equal(x->audience, y->audience) && str_equal(token->endpoint->url, endpoint->url) &&
           str_equal(a->certificate, b->certificate) && str_equal(a->private_key, b->private_key) &&
           str_equal(a->authorities, b->authorities) &&
           a->connect_timeout_ms == b->connect_timeout_ms && a->timeout_ms == b->timeout_ms;
}

/* ── answers ── */

static bool is_good(const struct token *token, int64_t now_ms)
{
    return token->value != NULL && now_ms < token->good_until_ms;
}

static void answer(const struct token *token, struct token_wait *wait, bool good)
{
    const struct token_answer answer = {
        .value = good ? str_c(token->value) : (str){},
        .serial = good ? token->serial : 0,
        .error = token->error == NULL ? STR("The target did not take the last token, and the next "
                                            "may not be fetched yet")
                                      : str_c(token->error),
    };
    wait->answered(wait, &answer);
}

/* `good`: what has just come is used, however short its life is. */
static void answer_all(struct token *token, bool good)
{
    while (!list_empty(&token->waiting)) {
        struct token_wait *wait = LIST_ENTRY(token->waiting.next, struct token_wait, link);
        list_remove(&wait->link);
        answer(token, wait, good);
    }
}

/* ── the end of a fetch ── */

static void take_token(struct token *token, const struct oauth_token *taken)
{
    int64_t ahead_ms = MIN_OF(taken->life_ms / RENEW_SHARE, (int64_t)RENEW_BEFORE_MS);
    forget_value(token);
    token->value = xstrdup(taken->value);
    token->serial++;
    token->good_until_ms = token->began_ms + taken->life_ms;
    token->renew_at_ms = token->good_until_ms - ahead_ms;
    free(token->error);
    token->error = NULL;
}

static void note_error(struct token *token, str words)
{
    free(token->error);
    token->error = xstrdup(words);
    token->pause_until_ms = courier_now_ms(token->courier) + TOKEN_PAUSE_MS;
}

/* What explain.c says of targets, said of a token endpoint. */
static str explain_fetch(struct token *token)
{
    const struct couriers_options *options = &token->courier->couriers->options;
    const struct explain_limits limits = { .connect_timeout_ms = options->connect_timeout_ms,
                                           .whole_timeout_ms = options->whole_timeout_ms,
                                           .response_read = options->limits->response_read };
    if (token->target == NULL)
        return STR("The token URL cannot be read: change it");
    if (token->exchange.end == EXCHANGE_NO_TOKEN)
        return arena_format(&token->arena,
                            "The token endpoint %s gave no token. It has answered so few of those "
                            "who asked before that this one's turn did not come within %lld ms",
                            token->target->place, (long long)options->whole_timeout_ms);
    if (token->exchange.end == EXCHANGE_TOO_LARGE)
        return arena_format(
            &token->arena, "The token endpoint %s answered more than %lld bytes, which is no token",
            token->target->place, (long long)limits.response_read);
    str words = explain_exchange(&token->exchange, &limits, &token->arena);
    str subject = STR("The target ");
    if (str_starts(words, subject))
        words = arena_format(&token->arena, "It %.*s", STR_ARG(str_skip(words, subject.len)));
    return arena_format(&token->arena, "The token endpoint %s gave no token. %.*s",
                        token->target->place, STR_ARG(words));
}

/* Empty: there is a token. */
static str read_answer(struct token *token, struct oauth_token *ret_token)
{
    const struct exchange *exchange = &token->exchange;
    if (exchange->end != EXCHANGE_ANSWERED)
        return explain_fetch(token);
    const struct oauth_answer answer = { .status = exchange->status,
                                         .body = exchange->response_body,
                                         .length = exchange->response_length };
    str wrong = oauth_read(&answer, credential_of(token->endpoint), &token->arena, ret_token);
    return wrong.len == 0 ? wrong
                          : arena_format(&token->arena, "The token endpoint %s %.*s",
                                         token->target->place, STR_ARG(wrong));
}

static void end_fetch(struct token *token)
{
    struct oauth_token taken = {};
    if (token->asked != NULL)
        token->asked->fetching--;
    token->asked = NULL;
    str wrong = read_answer(token, &taken);
    bool good = wrong.len == 0;
    if (good)
        take_token(token, &taken);
    else
        note_error(token, wrong);
    token->fetching = false;
    token->courier->fetching--;
    list_remove(&token->link);
    arena_reset(&token->arena, 0);
    answer_all(token, good);
    token_release(token);
}

void token_conclude(struct exchange *exchange)
{
    end_fetch(CONTAINER_OF(exchange, struct token, exchange));
}

/* ── the fetch ── */

static void end_early(struct token *token, enum exchange_end end, str detail)
{
    token->exchange.end = end;
    token->exchange.detail = detail;
    end_fetch(token);
}

static void reach_ended(struct reach *reach, enum exchange_end end, str detail)
{
    end_early(CONTAINER_OF(reach, struct token, reach), end, detail);
}

static void make_request(struct token *token)
{
    const struct credential *credential = credential_of(token->endpoint);
    struct arena *arena = &token->arena;
    static const str lines[] = { STR_INIT("Content-Type: application/x-www-form-urlencoded"),
                                 STR_INIT("Accept: application/json"), STR_INIT("Expect:") };
    struct header_list list = {};
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        headers_add(&list, arena_c(arena, lines[i]), arena);
    str authorization = oauth_authorization(credential, arena);
    if (authorization.len > 0)
        headers_add(&list, arena_c(arena, authorization), arena);
    token->exchange = (struct exchange){ .owner = EXCHANGE_OF_TOKEN,
                                         .target = token->target,
                                         .transport = &token->transport,
                                         .headers = list.first,
                                         .body = oauth_body(credential, arena),
                                         .arena = arena,
                                         .fresh = true,
                                         .kept_max = REPLY_MAX };
    token->reach = (struct reach){ .courier = token->courier,
                                   .exchange = &token->exchange,
                                   .arena = arena,
                                   .ended = reach_ended };
    reach_init(&token->reach);
}

static void ask(struct token *token)
{
    token->asked = token->place;
    token->asked->fetching++;
    token->began_ms = courier_now_ms(token->courier);
    make_request(token);
    reach_begin(&token->reach);
}

/* The exchange is that of the fetch before, until this one's turn has come. */
static void stand_in_line(struct token *token)
{
    struct courier *courier = token->courier;
    struct place *place = token->place;
    token->exchange = (struct exchange){ .target = token->target };
    token->give_up_ms = clock_mono_ms() + courier->couriers->options.whole_timeout_ms;
    list_append(&place->line, &token->queued);
    if (list_empty(&place->in_line))
        list_append(&courier->token_lines, &place->in_line);
}

static void begin_fetch(struct token *token)
{
    struct courier *courier = token->courier;
    const struct place *place = token->place;
    (void)token_keep(token);
    token->fetching = true;
    courier->fetching++;
    list_append(&courier->fetches, &token->link);
    if (place == NULL)
        end_early(token, EXCHANGE_NO_URL, (str){});
    else if (place->fetching < TOKEN_FETCHES && list_empty(&place->line))
        ask(token);
    else
        stand_in_line(token);
}

static void leave_line(struct token *token)
{
    list_remove(&token->queued);
    if (list_empty(&token->place->line))
        list_remove(&token->place->in_line);
}

/* False: it has to wait on, and so have those behind it. */
static bool go_on(struct token *token, int64_t mono_ms)
{
    bool unwanted = token->references == 1; /* the endpoint has changed, and nobody waits */
    bool may_ask = token->place->fetching < TOKEN_FETCHES;
    if (!unwanted && !may_ask && mono_ms < token->give_up_ms)
        return false;
    leave_line(token);
    if (unwanted)
        end_early(token, EXCHANGE_STOPPED, (str){});
    else if (may_ask)
        ask(token);
    else
        end_early(token, EXCHANGE_NO_TOKEN, (str){});
    return true;
}

static void go_on_all(struct place *place, int64_t mono_ms)
{
    LIST_EACH(&place->line, at)
    if (!go_on(LIST_ENTRY(at, struct token, queued), mono_ms))
        return;
}

void tokens_go_on(struct courier *courier, int64_t mono_ms)
{
    LIST_EACH(&courier->token_lines, at)
    {
        struct place *place = LIST_ENTRY(at, struct place, in_line);
        place->references++; /* its last token may go */
        go_on_all(place, mono_ms);
        place_release(courier, place);
    }
}

int64_t tokens_next_ms(const struct courier *courier)
{
    int64_t next_ms = INT64_MAX;
    LIST_EACH(&courier->token_lines, at)
    {
        const struct place *place = LIST_ENTRY(at, struct place, in_line);
        next_ms = MIN_OF(next_ms, LIST_ENTRY(place->line.next, struct token, queued)->give_up_ms);
    }
    return next_ms;
}

static bool may_fetch(const struct token *token, int64_t now_ms)
{
    return !token->fetching && now_ms >= token->pause_until_ms;
}

void token_want(struct token *token, struct token_wait *wait)
{
    int64_t now_ms = courier_now_ms(token->courier);
    if (is_good(token, now_ms)) {
        answer(token, wait, true);
        if (now_ms >= token->renew_at_ms && may_fetch(token, now_ms))
            begin_fetch(token);
    } else if (token->fetching) {
        list_append(&token->waiting, &wait->link);
    } else if (may_fetch(token, now_ms)) {
        list_append(&token->waiting, &wait->link);
        begin_fetch(token);
    } else {
        answer(token, wait, false);
    }
}

int64_t token_pause_until_ms(const struct token *token)
{
    if (token == NULL || token->fetching || is_good(token, courier_now_ms(token->courier)))
        return 0;
    return token->pause_until_ms;
}

/* ── what the target says ── */

bool token_refused(struct token *token, int64_t serial)
{
    if (serial == token->replaced) /* another delivery has told already */
        return true;
    bool again = !token->doubted;
    if (serial == token->serial) {
        forget_value(token);
        if (again)
            token->replaced = serial;
        else
            token->pause_until_ms = courier_now_ms(token->courier) + TOKEN_PAUSE_MS;
        token->doubted = true;
    }
    return again;
}

void token_accepted(struct token *token, int64_t serial)
{
    if (serial == token->serial)
        token->doubted = false;
}

/* ── stop ── */

void tokens_stop_all(struct courier *courier)
{
    LIST_EACH(&courier->fetches, at)
    {
        struct token *token = LIST_ENTRY(at, struct token, link);
        if (list_empty(&token->queued)) {
            reach_stop(&token->reach);
        } else {
            leave_line(token);
            end_early(token, EXCHANGE_STOPPED, (str){});
        }
    }
}
