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

static bool headers_equal(const struct transport *a, const struct transport *b)
{
    bool equal = a->header_count == b->header_count;
    for (int i = 0; equal && i < a->header_count; i++)
        equal = str_equal(a->headers[i].name, b->headers[i].name) &&
                str_equal(a->headers[i].value, b->headers[i].value) &&
                a->headers[i].secret == b->headers[i].secret;
    return equal;
}

static bool credential_equal(const struct credential *a, const struct credential *b)
{
    return a->kind == b->kind && a->in_body == b->in_body && str_equal(a->username, b->username) &&
           str_equal(a->password, b->password) && str_equal(a->token, b->token) &&
           str_equal(a->token_url, b->token_url) && str_equal(a->client_id, b->client_id) &&
           str_equal(a->client_secret, b->client_secret) && str_equal(a->scope, b->scope) &&
           str_equal(a->audience, b->audience);
}

bool transport_equal(const struct transport *a, const struct transport *b)
{
    return a->method == b->method && a->http1 == b->http1 && headers_equal(a, b) &&
           credential_equal(&a->credential, &b->credential) &&
           str_equal(a->certificate, b->certificate) && str_equal(a->private_key, b->private_key) &&
           str_equal(a->authorities, b->authorities) && str_equal(a->proxy, b->proxy) &&
           a->connect_timeout_ms == b->connect_timeout_ms && a->timeout_ms == b->timeout_ms;
}
