/* SPDX-License-Identifier: MIT
 * mail/message.h: a mail as bytes: an RFC 5322 message with a plain and an HTML body (RFC 2046
 * §5.1.4), in ASCII alone, so that it passes any server. Pure: the time and the id are the
 * caller's. Knows nothing of what is said in it, nor of how it is sent. */
#pragma once

#include "base/buf.h"

/* An addr-spec (RFC 5321 §4.1.2): a dot-atom, '@', a domain of letters, digits and hyphens.
 * Addresses outside ASCII need a server that speaks SMTPUTF8 (RFC 6531), and are refused. */
MUST_USE bool message_address_is_good(str address);

struct message_person {
    str name; /* any UTF-8; may be empty */
    str address;
};

/* "Name <local@domain>", "\"Name\" <local@domain>" or "local@domain", as a setting has it. The
 * result borrows from `text`. False: the address is not good. */
MUST_USE bool message_person_read(str text, struct message_person *ret_person);

#define MESSAGE_TEXT_MAX ((size_t)4 << 20)

struct message_parts {
    struct message_person from, to;
    str subject;
    str text; /* this and `html`: at most MESSAGE_TEXT_MAX bytes, lines end in \n */
    str html;
    str id; /* letters, digits, '-' and single dots between them: the Message-ID's left side */
    int64_t at_ms;
};

enum message_outcome {
    MESSAGE_BAD_FROM = 0, /* zero refuses */
    MESSAGE_BAD_TO,
    MESSAGE_BAD_ID,
    MESSAGE_GOOD,
};

/* The result lives in the arena, and ends with a line end. */
MUST_USE enum message_outcome message_write(const struct message_parts *parts, struct arena *arena,
                                            str *ret_message);

/* `text` as one line of well-formed UTF-8: white space and control characters become single spaces,
 * none at the ends; at most `max` bytes, "…" included when it is cut. */
str message_one_line(str text, size_t max, struct arena *arena);

/* `text` as lines of well-formed UTF-8 that end in \n: \r\n and \r are line ends too; other control
 * characters than tabs are removed. */
str message_lines(str text, struct arena *arena);
