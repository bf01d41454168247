/* SPDX-License-Identifier: MIT
 * intake/orders.h: what arrives for an order, on its way through a batch: the order and its customer
 * are found or made, record/order.h says what becomes of it, and what happened is told: an event for
 * what came, and one, caused by it, for each occurrence.
 *
 * In a hot batch: orders_want() in `load`, orders_take() in `apply`. In a management batch, one
 * behind the other with batch_load() between. On the committer's thread. */
#pragma once

#include "intake/committer.h"
#include "record/order.h"
#include "store/orders.h"

/* The caller's, until the answer. */
struct order_arrival {
    struct order_wanted wanted;
    bool make;                       /* one that is not there is made; else that is a problem */
    int64_t campaign;                /* of one that is made; 0: none */
    const struct customer *customer; /* likewise; NULL: whoever has its e-mail address */
    bool import_skus;                /* that the campaign does not know */
    struct order_input input;
    /* The event: */
    str type;      /* "order_import" … */
    int64_t inlet; /* 0: none */
    int hops;
    str received; /* JSON: what came, as far as the order does not show it; empty: nothing */
    str raw;      /* the body as it came, when `received` does not hold all of it */
    str notes;    /* JSON array, as of a custom event; empty: none */
    str notes_if_repeated; /* instead, where the change has come before; empty: the same */
    str request_id;
    /* The work of orders_want(): */
    str email, email_key;
    struct contact_load *contact;
    struct sku_load **skus; /* of the input's lines; NULL where a line has none */
};

struct order_arrived {
    const struct order *order; /* afterwards; lives until the batch's end */
    bool fresh;
    int64_t event;                   /* 0: nothing new came, and nothing is stored */
    const struct customer *customer; /* who was found or made for it; NULL: they were known */
    struct order_outcome outcome;
};

void orders_want(struct batch *batch, struct order_arrival *arrival);

/* One that is only to be looked at. */
void orders_want_known(struct batch *batch, int64_t organization, int64_t id);
/* The order as it is, for one that is wished for by its id alone; NULL: there is none. */
const struct order *orders_find(struct batch *batch, int64_t organization, int64_t id);

/* Behind the load: whether there is such an order. */
bool orders_is_known(struct batch *batch, const struct order_wanted *wanted);

/* False: it is refused, and `reterr` says why; nothing was added. */
MUST_USE bool orders_take(struct batch *batch, struct order_arrival *arrival,
                          struct order_arrived *ret_arrived, struct problem *reterr);
