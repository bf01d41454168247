/* SPDX-License-Identifier: MIT
 * record/order_step.h: what the files of the order's life share: one input on its way.
 *
 * order.c           what is told, the states, the order of things
 * order_facts.c     what the order is said to be: values, lines, totals
 * order_purchase.c  which of its purchases that is about
 * order_change.c    what has happened to it */
#pragma once

#include "model/money.h"
#include "record/order.h"

struct step {
    struct order *order;
    const struct order *before;
    const struct order_input *input;
    struct arena *arena;
    struct order_outcome *outcome;
    bool lenient;
    bool recurred; /* a line of the order did, before */
    bool repeat;   /* the change has come before */
    bool late;     /* that, or old news: it fills what is empty, and what is known stays */
    bool foreign;  /* it is in another currency than what has been paid */
    int *places;   /* of each of the input's lines, where in the order it is; −1: it is not */
    int purchase;  /* the number of the line whose purchase it is about; 0: of more than one */
};

void order_tell(struct step *step, enum customer_type type, int line, int64_t amount);
/* The order's `told` says that it has been. */
void order_tell_once(struct step *step, enum customer_type type);
void order_note(struct step *step, str text);
/* True: it is refused. Who cannot be told has it noted, and it is up to the caller what is done. */
MUST_USE bool order_refuse(struct step *step, const char *field, str text);

int order_count_upsells(const struct order *order);
/* Of the line that is new, when one is; else of all that are upsells. */
void order_tell_upsell(struct step *step);
bool order_any_recurs(const struct order *order);

/* What was said of it before; what comes with the news stays, however late those are. */
void order_forget(struct step *step, enum crm_field field);
/* Not `telling`: that it is sold is not what has happened now. */
void order_be_sold(struct step *step, bool telling);
/* `again`: it is told although it was declined before. */
void order_be_declined(struct step *step, bool again);
void order_be_pending(struct step *step);
void order_refund(struct step *step, int64_t amount);
void order_charge_back(struct step *step, int64_t amount);

/* ── order_facts.c ── */

/* They happened before the newest that is known. */
bool order_is_old(const struct order *order, const struct order_facts *facts);
/* Of the total, what is more than has been paid is paid now. */
void order_pay_total(struct order *order);
/* Says which of the order's lines each of the input's is. */
void order_match_lines(struct step *step);
/* Behind that. */
void order_take_facts(struct step *step);
/* Its lines in the arena, to be changed. */
struct order_line *order_own_lines(struct step *step);

/* ── order_change.c ── */

void order_take_change(struct step *step);
/* All that recur and are left, which is told where there is one. */
void order_cancel_purchases(struct step *step);
/* And tells it, where it has gone. */
void order_move_parcel(struct step *step, enum fulfillment_state state);
/* Whether a purchase that the change is about is in a state that it changes. */
bool order_can_change_purchase(const struct step *step);

/* ── order_purchase.c ── */

/* Says which line's purchase the input is about, of the lines as they are now. */
void order_find_purchase(struct step *step);
/* Behind that: the line gets what is said of it. */
void order_name_purchase(struct step *step);
/* What recurs, and is sold, is bought again from now on. */
void order_begin_purchases(struct step *step);
