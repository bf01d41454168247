/* SPDX-License-Identifier: MIT
 * delivery/reach.h: from an exchange that is made up to one that is sent: looks the name up of what
 * is connected to, its proxy or else its target, holds the addresses against the egress guard, and
 * starts it. Lives in its owner, which is told when it comes to nothing. */
#pragma once

#include "delivery/exchange.h"
#include "delivery/resolver.h"

struct courier;

struct reach {
    /* The owner's: */
    struct courier *courier;
    struct exchange *exchange;
    struct arena *arena; /* for the pin; lives as long as the exchange */
    /* Called instead of the exchange's own end: there is no name, nothing is allowed, or it was
     * stopped. */
    void (*ended)(struct reach *reach, enum exchange_end end, str detail);
    /* Its own: */
    struct lookup lookup;
    struct curl_slist pin;
    int64_t asked_us;
};

/* The owner's members are set. */
void reach_init(struct reach *reach);
/* The exchange starts or comes to nothing: within this call when the name is known. */
void reach_begin(struct reach *reach);
/* Breaks off the look-up or the exchange; what is neither stays as it is. */
void reach_stop(struct reach *reach);
