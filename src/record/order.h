/* SPDX-License-Identifier: MIT
 * record/order.h: the life of an order: order before + what arrived → order after + occurrences.
 * Pure.
 *
 *              ┌────────► DECLINED ◄───────┐
 *              │           │    ▲          │ qa_declined
 *   ──► PARTIAL ◄──────────┘    │          │
 *              │                └───── QA_PENDING ◄── any before a refund
 *              └──► COMPLETE ◄─────────────┘ qa_approved
 *                     │ upsell, rebill, shipped …
 *                     ├──► REFUNDED   all that was paid
 *                     └──► CHARGEBACK whatever of it is left is refunded in part
 *
 * What arrives is facts (values, lines, a state: what an import or a postback says the order is),
 * a change (what has happened to it), or both. A change that comes again under its key does nothing;
 * one whose key does not say when, as long as it is not undone (order_change.timeless). Facts that
 * come with old news, or of a system that cannot be told with a repeat, fill what is empty.
 *
 * Who imports by the API is told what does not fit, and nothing is done (`strict`). What comes from
 * a system that cannot be told is taken as far as it can be, and what was odd is noted. */
#pragma once

#include "base/problem.h"
#include "model/order.h"

#define ORDER_OCCURRENCES_MAX 8
#define ORDER_NOTES_MAX 8

/* What an order is said to be. A view without a pointer (NULL) says nothing; an empty one that has
 * a pointer takes away what was said. */
struct order_facts {
    enum sale_state state; /* SALE_NONE: not said */
    str values[CRM_VALUE_COUNT];
    const struct order_line *lines;
    int line_count;
    bool lines_said;
    bool subscribes; /* a subscription has begun: with no lines said, of all that the order has */
    bool lines_are_all; /* others that the order has go; else they stay, and these are added to
                           those of the same SKU, id or name. Of a strict upsell all are added */
    int replaced;       /* of a strict upsell: the number of the line that goes for it; 0: none */
    str purchase;       /* the sender's id of the one that this is about; empty: not said, */
    str next_bill;      /* nor when it is billed */
    int about;          /* that of `lines`, from 1, whose words fit; 0: none, or several */
    bool total_said;
    int64_t total;
    str currency;
    bool test;
    enum fulfillment_state fulfillment; /* where no change says it; FULFILLMENT_NONE: not said */
    int64_t ordered_ms; /* when it was created, at its sender; 0: not said. The first said counts */
    int64_t
        said_ms; /* when it happened; 0: unknown. Older news change nothing that newer ones said */
};

struct order_change {
    enum order_change_kind kind; /* CHANGE_NONE: facts alone */
    uint64_t key;                /* tells a repeat; 0: it cannot be told */
    /* Of CANCEL, PAUSE, REACTIVATE: the key does not say when. It is a repeat only while nothing
     * has come between, and it makes the order forget the opposites that it may have had. */
    bool timeless;
    uint64_t opposites[2];
    bool amount_said;
    int64_t amount; /* refund, chargeback, rebill */
    str sku;        /* of the purchase that it is about; empty: all of the order's */
    int64_t product;
    int line; /* the number of that line; 0: not said */
};

struct order_input {
    struct order_facts facts;
    struct order_change change;
    int64_t now_ms;
    bool strict;
};

struct order_occurrence {
    enum customer_type type;
    int line; /* the number of that which it is about; 0: all, or those of the type */
    int64_t amount;
};

enum order_verdict {
    ORDER_REFUSED = 0, /* strict alone; `field` and `text` say why */
    ORDER_REPEATED,    /* this change has been applied before */
    ORDER_APPLIED,
};

struct order_outcome {
    enum order_verdict verdict;
    const char *field; /* of a change: "amount", "type" … */
    str text;
    struct order_occurrence occurrences[ORDER_OCCURRENCES_MAX];
    int occurrence_count;
    str notes[ORDER_NOTES_MAX];
    int note_count;
};

/* `order` is the one before (a new one: state SALE_NONE, ids set), and then the one after; refused,
 * it is as it was. Texts and arrays that are new live in the arena, or where the input's do. */
void order_apply(struct order *order, const struct order_input *input, struct arena *arena,
                 struct order_outcome *ret_outcome);

/* What is paid, and neither refunded nor charged back. */
int64_t order_refundable(const struct order *order);
/* What comes with it, lines and total, is that of one bill of a purchase and not the order's. */
bool order_is_bill(enum order_change_kind kind);
bool order_is_sold(const struct order *order);

/* Whether an occurrence is about a line: of an upsell, the upsells; of a purchase, what recurs. */
bool order_occurrence_is_about(const struct order *order, const struct order_occurrence *occurrence,
                               int line);
/* The same of each line: `about` has room for ORDER_LINES_MAX. */
void order_occurrence_lines(const struct order *order, const struct order_occurrence *occurrence,
                            bool *about);
