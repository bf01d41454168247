/* SPDX-License-Identifier: MIT
 * record/postback_parts.h: what the files that read a postback share.
 *
 * postback.c        the pairs: ids, card data, values, what is kept beside the order
 * postback_lines.c  product1_… to productN_…
 * postback_type.c   what the postback says has happened
 * postback_key.c    what tells that from another such
 * postback_repeat.c what is noted when that has come before */
#pragma once

#include "model/money.h"
#include "record/postback.h"
#include "json/write.h"

struct line_said {
    str slots[CRM_SLOT_COUNT];
    bool marked; /* as an upsell */
};

struct postback_reading {
    const struct postback_context *context;
    struct arena *arena;
    struct postback *out;
    str said[CRM_PRODUCT]; /* trimmed; empty: not said */
    struct line_said *slots[CRM_LINES_MAX];
    struct order_line *lines; /* the input's */
    bool by_state; /* what has happened follows from a state: it is said again and again */
    enum order_change_kind
        beside; /* what has become of the parcel, where the change is another one */
    struct buf notes;
    struct json_writer notes_writer;
    int note_count;
    struct buf rest;
    struct json_writer rest_writer;
};

void postback_note(struct postback_reading *reading, str field, const char *code, str message);
/* `"12,3x" behind it`: `text` in quotes, cut, and secrets masked. */
str postback_odd(struct postback_reading *reading, str text, const char *behind);

/* What is no amount is noted and is 0. False: it is empty. */
bool postback_amount(struct postback_reading *reading, str field, str text, int64_t *ret_amount);

/* ── postback_lines.c ── */

/* product3_upsell, product3_type …: whether the line is an upsell, which Konnektive's own names of
 * fields do not say. False: it is no such name. */
MUST_USE bool postback_take_mark(struct postback_reading *reading, str name, str text);
struct line_said *postback_slots(struct postback_reading *reading, int line);
void postback_make_lines(struct postback_reading *reading);
bool postback_is_of_purchase(enum order_change_kind kind);
/* Which of the lines the order's purchase is of: the one whose state fits what has happened, or, where
 * nothing has happened to a purchase, the one that recurs. From 1; 0: none, or several. */
int postback_find_about(const struct postback_reading *reading);
/* After the change is known. */
void postback_finish_lines(struct postback_reading *reading);

/* ── postback_type.c ── */

/* Letters and digits of `text`, in upper case: spaces, hyphens, underscores are nothing. Longer than
 * it may be: empty. */
#define FOLDED_MAX 32
str postback_fold(str text, char folded[FOLDED_MAX]);

/* State, change, total. */
void postback_decide(struct postback_reading *reading);

/* ── postback_key.c ── */

/* Of the change, if there is one; behind all else that is decided. */
void postback_make_key(struct postback_reading *reading);

/* ── postback_repeat.c ── */

/* Of one with a change, behind its notes. */
str postback_notes_if_repeated(struct postback_reading *reading);
