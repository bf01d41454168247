/* SPDX-License-Identifier: MIT
 * base/redact.h: bytes from outside, for people to read: secrets masked. A scanner over the text,
 * not a parser: JSON, forms, query strings, header lines, XML and multipart bodies, whole, cut or
 * broken, and any of them inside a JSON string. When in doubt it masks. Pure.
 *
 * Masked are: the value of whatever has a name that says secret; what begins like our own keys
 * (jnk_, whsec_); the password of an URL; and 13 to 19 digits that are a card number by Luhn's sum,
 * with single spaces or dashes between them or without. */
#pragma once

#include "base/arena.h"

#define MASKED STR("(masked)")

/* Does this name say that its value is a secret? In any case; words apart or not, as in
 * access_token, clientSecret, "Card Number", user[password]. */
MUST_USE bool redact_name(str name);

/* `text` with its secrets masked. It lives in the arena, or is `text` itself when there are none.
 */
str redact(str text, struct arena *arena);

/* The same of the first `most` bytes, and at most that many; never ends inside a character that the
 * text has whole. */
str redact_head(str text, size_t most, struct arena *arena);

/* Only what shows by itself to be a secret: for our own sentences, in which names are no names. */
str redact_plain(str text, struct arena *arena);
