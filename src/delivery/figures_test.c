/* SPDX-License-Identifier: MIT */
#include "delivery/figures.h"

#include "base/testing.h"

TEST(results)
{
    static const struct {
        enum exchange_end end;
        int status;
        enum attempt_result result;
    } cases[] = {
        { EXCHANGE_ANSWERED, 204, ATTEMPT_DELIVERED },
        { EXCHANGE_ANSWERED, 302, ATTEMPT_REDIRECT },
        { EXCHANGE_ANSWERED, 429, ATTEMPT_CLIENT_ERROR },
        { EXCHANGE_ANSWERED, 500, ATTEMPT_SERVER_ERROR },
        { EXCHANGE_NO_NAME, 0, ATTEMPT_NAME },
        { EXCHANGE_REFUSED, 0, ATTEMPT_CONNECT },
        { EXCHANGE_NO_ANSWER, 0, ATTEMPT_TIMEOUT },
        { EXCHANGE_CERTIFICATE, 0, ATTEMPT_TLS },
        { EXCHANGE_PROXY_STATUS, 0, ATTEMPT_PROXY },
        { EXCHANGE_NO_TOKEN, 0, ATTEMPT_TOKEN },
        { EXCHANGE_RESET, 0, ATTEMPT_BROKEN },
        { EXCHANGE_KEPT_CLOSED, 0, ATTEMPT_REPEATED },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct figures figures = {};
        const struct exchange exchange = { .end = cases[i].end, .status = cases[i].status };
        figures_count(&figures, &exchange, 5);
        for (int k = 0; k < ATTEMPT_RESULT_COUNT; k++)
            CHECK_INT(attempt_result_labels[k], figures.results[k], k == (int)cases[i].result);
    }
}

static int64_t count_of(const struct histogram *histogram)
{
    int64_t count = 0;
    for (int i = 0; i <= FIGURE_BUCKETS; i++)
        count += histogram->buckets[i];
    return count;
}

TEST(phases)
{
    struct figures figures = {};
    struct figures sum = {};
    const struct exchange anew = {
        .end = EXCHANGE_ANSWERED,
        .status = 200,
        .timing = { .name_us = 400, .connect_us = 1400, .tls_us = 4400, .first_byte_us = 40000000 }
    };
    const struct exchange kept = { .end = EXCHANGE_ANSWERED,
                                   .status = 200,
                                   .timing = { .first_byte_us = 900 } };
    figures_count(&figures, &anew, 40000100);
    figures_count(&figures, &kept, 1000);
    CHECK_INT("name", figures.phases[PHASE_NAME].buckets[0], 1);
    CHECK_INT("connect: at the bound", figures.phases[PHASE_CONNECT].buckets[0], 1);
    CHECK_INT("tls", figures.phases[PHASE_TLS].buckets[2], 1);
    CHECK_INT("none on a kept one", count_of(&figures.phases[PHASE_TLS]), 1);
    CHECK_INT("beyond the last", figures.phases[PHASE_FIRST_BYTE].buckets[FIGURE_BUCKETS], 1);
    CHECK_INT("whole", count_of(&figures.phases[PHASE_WHOLE]), 2);
    CHECK_INT("sum", figures.phases[PHASE_WHOLE].sum_us, 40001100);
    figures_add(&sum, &figures);
    figures_add(&sum, &figures);
    CHECK_INT("added", sum.phases[PHASE_WHOLE].sum_us, 80002200);
    CHECK_INT("results too", sum.results[ATTEMPT_DELIVERED], 4);
}

RUN_TESTS(cmocka_unit_test(results), cmocka_unit_test(phases))
