/* SPDX-License-Identifier: MIT
 * record/card.h: what may be kept of a payment card: its last four digits, its brand, and whether it
 * is a test card. The rest is forgotten where it comes in. Pure. */
#pragma once

#include "base/arena.h"

/* Of a number however it is written. */
str card_digits(str text, struct arena *arena);
str card_last_four(str digits);
/* 0000000000000000 */
bool card_is_test(str digits);
/* "VISA" …; empty: none that is known. */
str card_brand(str digits);

/* Whether a parameter of that name, which is no field that is known, holds what must not be kept: of
 * a card, of a bank account, or a secret. */
bool card_is_part(str name);
