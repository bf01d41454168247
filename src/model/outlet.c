/* SPDX-License-Identifier: MIT */
#include "model/outlet.h"

#define SECONDS ((int64_t)1000)
#define MINUTES (60 * SECONDS)
#define HOURS (60 * MINUTES)

static const int64_t webhook_delays_ms[] = { 5 * SECONDS, 5 * MINUTES, 30 * MINUTES,
                                             2 * HOURS,   5 * HOURS,   10 * HOURS,
                                             14 * HOURS,  20 * HOURS,  24 * HOURS };

const struct retry_policy retry_webhook = {
    .name = STR_INIT("webhook"),
    .delays_ms = webhook_delays_ms,
    .delay_count = COUNT_OF(webhook_delays_ms),
    .retries = COUNT_OF(webhook_delays_ms),
    .jitter_percent = 20,
};

const struct retry_policy retry_postback = {
    .name = STR_INIT("postback"),
    .first_ms = 30 * SECONDS,
    .cap_ms = 15 * MINUTES,
    .jitter_percent = 20,
};

const struct retry_policy *retry_find(str name)
{
    static const struct retry_policy *const all[] = { &retry_webhook, &retry_postback };
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (str_equal(all[i]->name, name))
            return all[i];
    return NULL;
}
