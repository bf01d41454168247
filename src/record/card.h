/* SPDX-License-Identifier: MIT
 * record/card.h: what may be kept of a payment card: its last four digits, its brand, and whether it
 * is a test card. The rest is forgotten where it comes in. Pure. */
#pragma once

#include "base/arena.h"
#include "model/crm_field.h"

/* Of a number however it is written. */
str card_digits(str text, struct arena *arena);
str card_last_four(str digits);
/* Whether it is one of these: digits alone, with commas between them. */
bool card_is_test(str digits, str test_cards);
/* A whole number, 12 to 19 digits with spaces or dashes anywhere. False: it is none. */
MUST_USE bool card_number_read(str text, struct arena *arena, str *ret_digits);
/* "VISA" …; empty: none that is known. */
str card_brand(str digits);

/* Whether a parameter of that name, which is no field that is known, holds what must not be kept: of
 * a card, of a bank account, or a secret. */
bool card_is_part(str name);

/* What people write of an order, with the card numbers in it masked; it lives in the arena, or is
 * `text` itself. A number alone is masked when it begins as a known brand's do. Of a field that by
 * its name is another number (an id, a date, a telephone) it is always `text`. */
str card_mask_text(str text, struct arena *arena);
str card_mask_value(enum crm_field field, str text, struct arena *arena);
