/* SPDX-License-Identifier: MIT */
#include "delivery/figures.h"

const char *const attempt_result_labels[ATTEMPT_RESULT_COUNT] = {

#define RESULT_LABEL(member, label) [ATTEMPT_##member] = (label),
    ATTEMPT_RESULTS(RESULT_LABEL)
#undef RESULT_LABEL
};

const char *const attempt_phase_labels[PHASE_COUNT] = {

#define PHASE_LABEL(member, label) [PHASE_##member] = (label),
    ATTEMPT_PHASES(PHASE_LABEL)
#undef PHASE_LABEL
};

const int64_t figure_bounds_us[FIGURE_BUCKETS] = { 1000,    2500,    5000,     10000,   25000,
                                                   50000,   100000,  250000,   500000,  1000000,
                                                   2500000, 5000000, 10000000, 30000000 };

static void add(_Atomic int64_t *to, int64_t more)
{
    (void)atomic_fetch_add_explicit(to, more, memory_order_relaxed);
}

static enum attempt_result result_of_status(int status)
{
    if (status < 300)
        return ATTEMPT_DELIVERED;
    if (status < 400)
        return ATTEMPT_REDIRECT;
    return status < 500 ? ATTEMPT_CLIENT_ERROR : ATTEMPT_SERVER_ERROR;
}

static enum attempt_result result_of(const struct exchange *exchange)
{
    switch (exchange->end) {
    case EXCHANGE_ANSWERED:
        return result_of_status(exchange->status);
    case EXCHANGE_NO_URL:
    case EXCHANGE_NO_NAME:
        return ATTEMPT_NAME;
    case EXCHANGE_BLOCKED:
        return ATTEMPT_BLOCKED;
    case EXCHANGE_REFUSED:
    case EXCHANGE_UNREACHABLE:
    case EXCHANGE_NO_CONNECTION:
        return ATTEMPT_CONNECT;
    case EXCHANGE_NO_ANSWER:
        return ATTEMPT_TIMEOUT;
    case EXCHANGE_TLS:
    case EXCHANGE_CERTIFICATE:
    case EXCHANGE_CLIENT_CERTIFICATE:
    case EXCHANGE_OWN_CERTIFICATE:
    case EXCHANGE_AUTHORITIES:
    case EXCHANGE_HOST_KEY:
    case EXCHANGE_NO_AUTH_TLS:
        return ATTEMPT_TLS;
    case EXCHANGE_PROXY_NO_URL:
    case EXCHANGE_PROXY_NO_NAME:
    case EXCHANGE_PROXY_REFUSED:
    case EXCHANGE_PROXY_UNREACHABLE:
    case EXCHANGE_PROXY_TLS:
    case EXCHANGE_PROXY_CREDENTIALS:
    case EXCHANGE_PROXY_STATUS:
    case EXCHANGE_PROXY_BROKEN:
        return ATTEMPT_PROXY;
    case EXCHANGE_NO_TOKEN:
        return ATTEMPT_TOKEN;
    case EXCHANGE_KEPT_CLOSED:
    case EXCHANGE_STOPPED:
        return ATTEMPT_REPEATED;
    case EXCHANGE_LOGIN:
    case EXCHANGE_NO_DIRECTORY:
    case EXCHANGE_NO_PERMISSION:
    case EXCHANGE_DISK_FULL:
    case EXCHANGE_NOT_STORED:
    case EXCHANGE_NOT_RENAMED:
        return ATTEMPT_SERVER_ERROR;
    case EXCHANGE_BROKEN:
    case EXCHANGE_EMPTY:
    case EXCHANGE_RESET:
    case EXCHANGE_CUT:
    case EXCHANGE_TOO_LARGE:
    case EXCHANGE_HEAD_TOO_LARGE:
    case EXCHANGE_NOT_HTTP:
    case EXCHANGE_HTTP2:
    case EXCHANGE_NO_DATA_CONNECTION:
    case EXCHANGE_NO_FILE:
    case EXCHANGE_FILE_GONE:
        break;
    }
    return ATTEMPT_BROKEN;
}

static void observe(struct histogram *histogram, int64_t us)
{
    int bucket = 0;
    while (bucket < FIGURE_BUCKETS && us > figure_bounds_us[bucket])
        bucket++;
    add(&histogram->buckets[bucket], 1);
    add(&histogram->sum_us, us);
}

/* From the end of the phase before it; one that did not take place counts nowhere. */
static void observe_phase(struct figures *figures, enum attempt_phase phase, int64_t end_us,
                          int64_t *at_us)
{
    if (end_us <= 0)
        return;
    observe(&figures->phases[phase], MAX_OF(end_us - *at_us, 0));
    *at_us = end_us;
}

void figures_count(struct figures *figures, const struct exchange *exchange, int64_t whole_us)
{
    const struct exchange_timing *timing = &exchange->timing;
    int64_t at_us = 0;
    add(&figures->results[result_of(exchange)], 1);
    observe_phase(figures, PHASE_NAME, timing->name_us, &at_us);
    observe_phase(figures, PHASE_CONNECT, timing->connect_us, &at_us);
    observe_phase(figures, PHASE_TLS, timing->tls_us, &at_us);
    observe_phase(figures, PHASE_FIRST_BYTE, timing->first_byte_us, &at_us);
    observe(&figures->phases[PHASE_WHOLE], whole_us);
}

void figures_add(struct figures *sum, const struct figures *figures)
{
    for (int i = 0; i < ATTEMPT_RESULT_COUNT; i++)
        add(&sum->results[i], figures->results[i]);
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        for (int i = 0; i <= FIGURE_BUCKETS; i++)
            add(&sum->phases[phase].buckets[i], figures->phases[phase].buckets[i]);
        add(&sum->phases[phase].sum_us, figures->phases[phase].sum_us);
    }
}
