/* SPDX-License-Identifier: MIT */
#include "delivery/reach.h"

#include "delivery/internal.h"

static const struct target *peer_of(const struct exchange *exchange)
{
    return exchange->proxy != NULL ? exchange->proxy : exchange->target;
}

/* Only what the guard allows is pinned; it is asked again when the socket is opened. */
static void send_to(struct reach *reach, const struct names_answer *answer)
{
    const struct cidr_list *allow = &reach->courier->couriers->options.allow_egress;
    struct exchange *exchange = reach->exchange;
    /* Of one that is known it may be no time at all; 0 is for those that are not looked up. */
    exchange->timing.name_us = MAX_OF(clock_mono_us() - reach->asked_us, 1);
    if (answer->count == 0) {
        reach->ended(reach, exchange->proxy != NULL ? EXCHANGE_PROXY_NO_NAME : EXCHANGE_NO_NAME,
                     answer->error);
        return;
    }
    struct address allowed[RESOLVER_ADDRESSES];
    int count = 0;
    for (int i = 0; i < answer->count; i++)
        if (egress_allows(&answer->addresses[i], allow, &exchange->refusal))
            allowed[count++] = answer->addresses[i];
    if (count == 0) {
        reach->ended(reach, EXCHANGE_BLOCKED, (str){});
        return;
    }
    reach->pin =
        (struct curl_slist){ .data = sender_pin(peer_of(exchange), allowed, count, reach->arena) };
    exchange->pin = &reach->pin;
    sender_start(reach->courier->sender, exchange);
}

static void name_answered(struct lookup *lookup, const struct names_answer *answer)
{
    send_to(CONTAINER_OF(lookup, struct reach, lookup), answer);
}

void reach_init(struct reach *reach)
{
    reach->lookup.answered = name_answered;
    list_init(&reach->lookup.link);
}

void reach_begin(struct reach *reach)
{
    struct courier *courier = reach->courier;
    reach->asked_us = clock_mono_us();
    const struct target *peer = peer_of(reach->exchange);
    if (peer->literal.family != 0) {
        sender_start(courier->sender, reach->exchange);
        return;
    }
    const struct names_answer *answer =
        resolver_find(courier->resolver, str_c(peer->host), &reach->lookup, clock_mono_ms());
    if (answer != NULL)
        send_to(reach, answer);
}

void reach_stop(struct reach *reach)
{
    if (reach->exchange->line != NULL || reach->exchange->run != NULL) {
        sender_stop_exchange(reach->courier->sender, reach->exchange);
    } else if (!list_empty(&reach->lookup.link)) {
        list_remove(&reach->lookup.link);
        reach->ended(reach, EXCHANGE_STOPPED, (str){});
    }
}
