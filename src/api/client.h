/* SPDX-License-Identifier: MIT
 * api/client.h: Konnektive's API for clients such as landing pages, as a plugin instance offers it:
 * parameters in query and body, a login among them, and answers that are always 200 and say in
 * `result` what has become of the call. For the files of this folder.
 *
 * client.c          who is calling; the answers
 * client_write.c    orders and customers as clients know them
 * client_orders.c   leads, orders, upsells
 * client_clicks.c   visits of pages
 * client_changes.c  what happens to orders and purchases
 * client_queries.c  looking for orders and customers
 * client_catalog.c  what is sold
 *
 * A call whose login is good and that is refused becomes a rejection, when it would have changed
 * something; queries do not. */
#pragma once

#include "api/call.h"
#include "base/zone.h"
#include "intake/orders.h"
#include "mapping/pairs.h"
#include "record/client.h"

/* call->parsed. Lives in the request's arena. */
struct client_call {
    struct pairs pairs; /* without loginId and password */
    str login, password;
    int hops;
    const struct zone *zone;  /* the account's; lives as long as the hub */
    struct client_order said; /* of routes with a command */
    struct problem refusal;   /* the login is good, but … */
};

/* On the loop, as call_identify(). */
MUST_USE bool client_identify(struct call *call);
/* The problem as a client hears of it. */
void client_reply_problem(struct call *call);

static inline const struct client_call *client_of(const struct call *call)
{
    return call->parsed;
}

/* The account's, which wall clocks and days are of. */
const struct zone *client_zone(const struct call *call);

/* A refusal in the words that clients know. Returns CALL_REFUSED. */
int client_refuse(struct call *call, const char *text);
/* One wrong parameter; `reason` goes on where its name ends. Returns CALL_REFUSED. */
int client_refuse_field(struct call *call, const char *field, const char *reason);
#define CLIENT_REQUIRED "is a required field"
#define CLIENT_NO_ORDERS "No orders matching those parameters could be found"
#define CLIENT_NO_CUSTOMER "Customer not found"

/* {"result":"SUCCESS","message": … client_end() */
struct json_writer *client_begin(struct call *call);
void client_end(struct call *call);

/* "12/31/2026", "12/31/26", "2026-12-31", with or without a time behind it: days since 1970. */
MUST_USE bool client_read_day(str text, int64_t *ret_day);

/* ── client_queries.c ── */

#define CLIENT_PAGE_MAX 200

struct client_pages {
    int64_t page; /* from 1 */
    int64_t size;
};

/* What is wrong with them is in the problem. */
struct client_pages client_read_pages(struct call *call);
/* A number above 0, up to `most`; likewise. */
int64_t client_bounded(struct call *call, const char *name, int64_t otherwise, int64_t most);
/* {"totalResults", "resultsPerPage", "page", "data": … client_end_page() */
struct json_writer *client_begin_page(struct call *call, const struct client_pages *pages,
                                      int64_t total);
void client_end_page(struct call *call);

/* ── client_write.c ── */

/* What has been looked up for the orders of one answer. */
struct client_writer {
    struct call *call;
    struct sql *sql;
    struct json_writer *out;
    struct map campaigns; /* id → struct campaign_row */
    struct map products;  /* id → struct product_row */
};

MUST_USE struct client_writer client_writer(struct call *call, struct sql *sql);
void client_writer_done(struct client_writer *writer);

#define CLIENT_NAMED_MAX 10

/* By the client order id, or where that is empty by the parameter actualOrderId, which is the number
 * that the order's sender has for it, or of an order that came without one the hub's: that may be
 * several, the newest first, up to CLIENT_NAMED_MAX. They live in the request's arena. */
MUST_USE int client_find_named(struct call *call, struct sql *sql, str client_order_id,
                               struct order *ret_orders, int *ret_count);
/* Of a call that changes one. Returns CALL_REFUSED. */
int client_refuse_ambiguous(struct call *call, const char *field,
                            const struct order *const orders[2]);
/* An object. `customer` is its customer's number; 0: it is looked up. */
MUST_USE int client_write_order(struct client_writer *writer, const struct order *order,
                                int64_t customer);
MUST_USE int client_write_customer(struct client_writer *writer, const struct customer *customer,
                                   const struct order *newest);

/* ── client_orders.c ── */

/* One call that changes an order, in its command. */
struct client_work {
    struct call *call;
    struct batch *batch;
    const struct client_call *client;
    const struct picture *picture;
    const struct plugin *plugin;
    bool found;         /* the order is there: */
    struct order order; /* as it is, and then as it has become */
    int64_t customer;   /* its customer's number, when it is new */
};

/* Runs `work`; what it refuses becomes a rejection. */
MUST_USE int client_run(struct call *call, struct batch *batch,
                        int (*work)(struct client_work *work));
/* By its ids. CALL_REFUSED: none is said, or there is none, or there are several. */
MUST_USE int client_need_order(struct client_work *work);
/* CALL_REFUSED: there are several. */
MUST_USE int client_find_order(struct client_work *work);
/* With what is said of the order, but its lines. */
struct order_arrival client_arrival(struct client_work *work, const char *type);
/* Says which products the lines are of. */
MUST_USE int client_settle_lines(struct client_work *work, struct order_arrival *arrival);
MUST_USE int client_take(struct client_work *work, struct order_arrival *arrival);
/* The order as it has become. */
MUST_USE int client_answer(struct client_work *work);
/* Of the parts of a change that tell it from another one. */
uint64_t client_key(struct arena *arena, const char *kind, const str *parts, int count);
/* A product of the catalogue by its number, as a text; NULL: there is none. */
MUST_USE int client_find_product(struct client_work *work, str text,
                                 const struct product **ret_product);
