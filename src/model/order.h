/* SPDX-License-Identifier: MIT
 * model/order.h: an order, its lines, and what has become of it. Plain structs; views borrow.
 *
 * What an order says of itself that nothing is decided by (names, addresses, where the customer came
 * from …) is kept as text, by the fields of model/crm_field.h. What decides is in members.
 *
 * Money is in minor units (model/money.h). */
#pragma once

#include "base/arena.h"
#include "model/crm_field.h"

/* X(member, name in API and store, [orderStatus]) */
#define SALE_STATES(X)                                                                             \
    X(PARTIAL, "partial", "PARTIAL")                                                               \
    X(COMPLETE, "complete", "COMPLETE")                                                            \
    X(DECLINED, "declined", "DECLINED")                                                            \
    X(QA_PENDING, "qa_pending", "QA_PENDING")                                                      \
    X(CANCELLED, "cancelled", "CANCELLED")                                                         \
    X(REFUNDED, "refunded", "REFUNDED")                                                            \
    X(CHARGEBACK, "chargeback", "CHARGEBACK")

enum sale_state {
    SALE_NONE = 0, /* not said; an order has always one of the others */

#define SALE_MEMBER(member, name, wire) SALE_##member,
    SALE_STATES(SALE_MEMBER)
#undef SALE_MEMBER
};

/* Of a line that is bought again and again. */
#define PURCHASE_STATES(X)                                                                         \
    X(ACTIVE, "active", "ACTIVE")                                                                  \
    X(PAUSED, "paused", "PAUSED")                                                                  \
    X(CANCELLED, "cancelled", "CANCELLED")                                                         \
    X(RECYCLE_BILLING, "recycle_billing", "RECYCLE_BILLING")                                       \
    X(RECYCLE_FAILED, "recycle_failed", "RECYCLE_FAILED")

enum purchase_state {
    PURCHASE_NONE = 0, /* it is not, or has not begun */

#define PURCHASE_MEMBER(member, name, wire) PURCHASE_##member,
    PURCHASE_STATES(PURCHASE_MEMBER)
#undef PURCHASE_MEMBER
};

#define FULFILLMENT_STATES(X)                                                                      \
    X(PENDING, "pending", "PENDING")                                                               \
    X(SHIPPED, "shipped", "SHIPPED")                                                               \
    X(DELIVERED, "delivered", "DELIVERED")                                                         \
    X(CANCELLED, "cancelled", "CANCELLED")                                                         \
    X(RMA_PENDING, "rma_pending", "RMA_PENDING")                                                   \
    X(RETURNED, "returned", "RETURNED")

enum fulfillment_state {
    FULFILLMENT_NONE = 0,

#define FULFILLMENT_MEMBER(member, name, wire) FULFILLMENT_##member,
    FULFILLMENT_STATES(FULFILLMENT_MEMBER)
#undef FULFILLMENT_MEMBER
};

/* The 23 customer types: what a route of an export profile asks for, and the occurrences that
 * webhooks hear of as "order." and the name. X(member, name, [customerType], for people) */
#define CUSTOMER_TYPES(X)                                                                          \
    X(PARTIAL, "partial", "PARTIAL", "Partial")                                                    \
    X(LEAD, "lead", "LEAD", "Lead")                                                                \
    X(ABANDONED_CART, "abandoned_cart", "ABANDONED_CART", "Abandoned Cart")                        \
    X(NEW_SALE, "new_sale", "SALE", "New Sale")                                                    \
    X(UPSELL, "upsell", "UPSELL", "Upsell")                                                        \
    X(SUBSCRIPTION_STARTED, "subscription_started", "SUBSCRIPTION", "Subscription Started")        \
    X(PRE_BILLING, "pre_billing", "PREBILL", "Pre-Billing")                                        \
    X(RECURRING_ORDER, "recurring_order", "RECURRING", "Recurring Order")                          \
    X(DECLINE, "decline", "DECLINE", "Decline")                                                    \
    X(REBILL_DECLINE, "rebill_decline", "REBILL_DECLINE", "Rebill Decline")                        \
    X(RECYCLE_FAILED, "recycle_failed", "RECYCLE_FAILED", "Recycle Failed")                        \
    X(CANCEL, "cancel", "CANCEL", "Cancel")                                                        \
    X(PAUSE, "pause", "PAUSE", "Pause")                                                            \
    X(REACTIVATE, "reactivate", "REACTIVATE", "Reactivate")                                        \
    X(ALL_REFUNDS, "all_refunds", "REFUND", "All refunds")                                         \
    X(PARTIAL_REFUNDS, "partial_refunds", "PARTIAL_REFUND", "Partial refunds")                     \
    X(FULL_REFUNDS, "full_refunds", "FULL_REFUND", "Full refunds")                                 \
    X(CHARGEBACK, "chargeback", "CHARGEBACK", "Chargeback")                                        \
    X(FULFILLMENT_SHIPPED, "fulfillment_shipped", "FULFILLMENT", "Fulfillment Shipped")            \
    X(FULFILLMENT_DELIVERED, "fulfillment_delivered", "DELIVERED", "Fulfillment delivered")        \
    X(RMA_ISSUED, "rma_issued", "RMA_ISSUED", "RMA issued")                                        \
    X(RMA_RECEIVED, "rma_received", "RMA_RECEIVED", "RMA received")                                \
    X(QA_PENDING, "qa_pending", "QA_PENDING", "QA Pending")

enum customer_type {

#define CUSTOMER_MEMBER(member, name, wire, label) CUSTOMER_##member,
    CUSTOMER_TYPES(CUSTOMER_MEMBER)
#undef CUSTOMER_MEMBER
        CUSTOMER_TYPE_COUNT,
};

/* X(member, name in the API) */
#define ORDER_CHANGES(X)                                                                           \
    X(SALE, "sale")                                                                                \
    X(DECLINE, "decline")                                                                          \
    X(UPSELL, "upsell")                                                                            \
    X(PREBILL_SENT, "prebill_sent")                                                                \
    X(REBILL, "rebill")                                                                            \
    X(REBILL_DECLINED, "rebill_declined")                                                          \
    X(RECYCLE_FAILED, "recycle_failed")                                                            \
    X(CANCEL, "cancel")                                                                            \
    X(PAUSE, "pause")                                                                              \
    X(REACTIVATE, "reactivate")                                                                    \
    X(REFUND, "refund")                                                                            \
    X(CHARGEBACK, "chargeback")                                                                    \
    X(SHIPPED, "shipped")                                                                          \
    X(DELIVERED, "delivered")                                                                      \
    X(RMA_ISSUED, "rma_issued")                                                                    \
    X(RMA_RECEIVED, "rma_received")                                                                \
    X(QA_PENDING, "qa_pending")                                                                    \
    X(QA_APPROVED, "qa_approved")                                                                  \
    X(QA_DECLINED, "qa_declined")

enum order_change_kind {
    CHANGE_NONE = 0,

#define CHANGE_MEMBER(member, name) CHANGE_##member,
    ORDER_CHANGES(CHANGE_MEMBER)
#undef CHANGE_MEMBER
};

#define ORDER_LINES_MAX CRM_LINES_MAX
/* Of each, what tells a repeat is kept. */
#define ORDER_CHANGES_MAX 1000

struct order_line {
    int number;             /* from 1, kept for good; 0: it has not been in an order yet */
    int64_t product;        /* the hub's, as it was said; 0: it was not */
    int64_t sku_id;         /* the hub's SKU; 0: the campaign knows none of that name */
    int64_t linked;         /* the product that the SKU is linked to now; not stored; 0: none */
    int64_t product_number; /* of order_line_product(); 0: not known */
    str sku;                /* as it was said */
    str name;               /* as it was said */
    str linked_name;        /* of the product that the SKU is linked to now; not stored */
    str sender_id;          /* [productN_id] of the sender */
    str external_id, crm_id, campaign_product_id;
    /* In what arrives, a quantity of 0, prices of −1 and a recurring price of 0 are not said. */
    int64_t quantity;
    int64_t price; /* of the whole line */
    int64_t ship_price;
    int64_t sales_tax;  /* of an upsell that came with its own, which [salesTax] has in it */
    int64_t list_price; /* of the product that the SKU is linked to; not stored */
    bool upsell;
    bool recurring;
    bool unlinked;    /* its SKU was linked to no product when it came */
    bool link_recurs; /* not stored: what it has been linked to since does */
    /* Of what is recurring: */
    int64_t recurring_price; /* of the whole line, each time; 0: its price */
    enum purchase_state purchase;
    int64_t cycle;   /* how often it has been billed */
    str next_bill;   /* a date, as it was said */
    str purchase_id; /* the sender's; empty: order_purchase_number() */
};

static inline int64_t order_line_product(const struct order_line *line)
{
    return line->product != 0 ? line->product : line->linked;
}

/* What is billed for it each time. */
static inline int64_t order_line_bill(const struct order_line *line)
{
    return line->recurring_price != 0 ? line->recurring_price : line->price;
}

static inline str order_line_name(const struct order_line *line)
{
    return line->name.len > 0 ? line->name : line->linked_name;
}

struct order {
    int64_t id;
    int64_t organization;
    int64_t number; /* counted up in the organization */
    int64_t campaign;
    int64_t customer;
    int64_t customer_number; /* of that customer, in the organization; 0: of an older store */
    int64_t contact;         /* 0: no e-mail address is known */
    str client_order_id;     /* the one key that means the same everywhere */
    bool own_client_id;      /* the hub made it up, because nobody had said one */
    str sender_order_id;     /* the number that the sender has for it; empty: it came by the API */
    enum sale_state state;
    bool sold;    /* it has been complete */
    bool test;    /* paid with a test card: neither it nor what comes of it is exported */
    str currency; /* "USD"; empty: nobody has said one, and order_currency() answers */
    str values[CRM_VALUE_COUNT]; /* empty: never said */
    const struct order_line *lines;
    int line_count;
    int last_line;       /* the number that was given to a line last */
    int64_t first_total; /* of the first sale; 0: none has been */
    int64_t total;       /* of all that is in it now */
    int64_t paid_total;  /* of the sale and its upsells, the most that has been paid */
    int64_t captured;    /* what has been paid, with upsells and rebills */
    int64_t refunded;
    int64_t refund;       /* the newest */
    int64_t charged_back; /* all of them */
    int64_t refunded_ms;  /* when the newest was, where its sender does not say so; 0: none */
    int64_t charged_back_ms;
    enum fulfillment_state fulfillment;
    unsigned told; /* bits of enum customer_type: those of a state that have been told of it */
    int upsells;   /* how many lines of that kind have been told of */
    bool recurs;   /* the newest that was sold was a rebill */
    const uint64_t *changes; /* of those applied, oldest first: record/order.h */
    int change_count;
    int64_t created_ms; /* here */
    int64_t ordered_ms; /* there: when its sender says that it was created; 0: that was not said */
    int64_t updated_ms;
    int64_t said_ms; /* when what it says of its state happened, at its sender; 0: unknown */
};

/* Three letters. */
static inline str order_currency(const struct order *order)
{
    return order->currency.len > 0 ? order->currency : STR("USD");
}

static inline int64_t order_date_ms(const struct order *order)
{
    return order->ordered_ms != 0 ? order->ordered_ms : order->created_ms;
}

/* Who has ordered. What is known of them is in their orders. */
struct customer {
    int64_t id;
    int64_t organization;
    int64_t number; /* counted up in the organization */
    str email_key;  /* what they are found by; empty: no address is known, and each order has one */
    int64_t contact;
    int64_t created_ms;
};

/* Of an order that is sold: what recurs is a purchase, and was billed with the sale. */
static inline void order_line_begin(struct order_line *line)
{
    if (!line->recurring)
        return;
    line->purchase = line->purchase == PURCHASE_NONE ? PURCHASE_ACTIVE : line->purchase;
    line->cycle = MAX_OF(line->cycle, 1);
}

/* What is made of an order's number and a line's: 1 and 2 are 102. */
static inline int64_t order_purchase_number(const struct order *order, int line)
{
    return order->number * ORDER_LINES_MAX + line;
}

/* Backwards: the order's number. `purchase` ≥ 0 */
static inline int64_t order_of_purchase(int64_t purchase)
{
    return (purchase - 1) / ORDER_LINES_MAX;
}

/* Where the line of that number stands; −1: there is none, or none any more. */
static inline int order_find_line(const struct order *order, int number)
{
    for (int i = 0; number != 0 && i < order->line_count; i++)
        if (order->lines[i].number == number)
            return i;
    return -1;
}
