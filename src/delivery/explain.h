/* SPDX-License-Identifier: MIT
 * delivery/explain.h: how an exchange ended, in words that a person can act on. Pure. */
#pragma once

#include "delivery/exchange.h"

struct explain_limits {
    int64_t connect_timeout_ms;
    int64_t whole_timeout_ms;
    int64_t response_read;
};

/* Empty: a success, which is a whole answer with status 200 to 299. Always UTF-8, one line. */
str explain_exchange(const struct exchange *exchange, const struct explain_limits *limits,
                     struct arena *arena);
