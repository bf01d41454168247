/* SPDX-License-Identifier: MIT
 * Any bytes as a Retry-After: refused, or a wait that is not negative and fits the schedule's sums.
 * The first eight bytes are the time. */
#include "delivery/retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t bits = 0;
    if (size < sizeof(bits))
        return 0;
    memcpy(&bits, data, sizeof(bits));
    /* 1970 to 2500 or so. */
    int64_t now_ms = (int64_t)(bits % 16725225600000U);
    str value = str_from(data + sizeof(bits), size - sizeof(bits));
    int64_t ms = -1;
    if (!retry_after_read(value, now_ms, &ms))
        return 0;
    assert(ms >= 0 && ms < (int64_t)10000 * 366 * 86400 * 1000);
    const struct retry_question question = { .retry_after_ms = ms, .draw = 0.5, .now_ms = now_ms };
    struct retry_decision decision = retry_decide(&retry_webhook, &question);
    assert(decision.again && decision.due_ms - now_ms <= RETRY_AFTER_MAX_MS);
    return 0;
}
