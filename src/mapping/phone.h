/* SPDX-License-Identifier: MIT
 * mapping/phone.h: telephone numbers in ITU-T E.164 form. No numbering plans: a number that looks
 * like one is taken for one. Pure. */
#pragma once

#include "base/arena.h"

/* True for an ISO 3166-1 alpha-2 code, in capitals, of a country with a calling code. */
bool phone_country_is_known(str country);

/* Reads '+' and 6 to 15 digits, with spaces, dots, dashes and parentheses between them, or a
 * national number when `country` is not empty: its trunk prefix (the 0 of most countries) is taken
 * off, and the calling code set before it. "00" starts an international number then, too. "(0)"
 * behind a calling code is left out where that country's trunk prefix is 0. False: no number, or a
 * national one without a country. */
MUST_USE bool phone_read(str text, str country, struct arena *arena, str *ret_e164);
