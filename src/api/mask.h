/* SPDX-License-Identifier: MIT
 * api/mask.h: header blocks as they were sent and received, for people to read: secrets masked.
 * Pure. */
#pragma once

#include "base/redact.h"
#include "json/write.h"

/* The first line of a head: "POST /hooks HTTP/1.1", without its end. */
str head_first_line(str head);

/* Header names whose values are secrets because somebody said so. */
struct secret_names {
    const str *at;
    int count;
};

/* An object of name → value with the names as they were spelled; what comes again is joined by ", "
 * (RFC 9110 §5.3). Values that are not UTF-8 are shown as ISO-8859-1. Masked are those of `secret`
 * names, and of names that say it by themselves. */
void json_add_headers(struct json_writer *writer, str head, const struct secret_names *secret,
                      struct arena *arena);
