/* SPDX-License-Identifier: MIT
 * delivery/explain.h: how an exchange ended, in words that a person can act on. Pure. */
#pragma once

#include "delivery/exchange.h"

struct explain_limits {
    int64_t connect_timeout_ms;
    int64_t whole_timeout_ms;
    int64_t response_read;
};

/* Empty: a success, which is a whole answer with status 200 to 299, or a file that is where it is to
 * be. Always UTF-8, one line. */
str explain_exchange(const struct exchange *exchange, const struct explain_limits *limits,
                     struct arena *arena);

/* What is said of uploads alone (explain_upload.c); empty: explain_exchange() has the words. */
str explain_upload(const struct exchange *exchange, const struct explain_limits *limits,
                   struct arena *arena);

/* What others wrote, cut short and as ASCII. */
str explain_printable(str text, struct arena *arena);
/* "30 s", "150 ms" */
str explain_seconds(int64_t ms, struct arena *arena);
