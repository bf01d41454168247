/* SPDX-License-Identifier: MIT
 * api/system.c: the hub itself: its document, its health, its figures, the test clock, and letting
 * go of what a restore held. */
#include "api/call.h"
#include "api/handlers.h"
#include "api/metrics.h"
#include "store/access.h"
#include "store/settings.h"

#define METRICS_MAX ((size_t)1 << 20)

void system_openapi(struct call *call)
{
    request_reply_json(call->request, 200, call->api->openapi);
}

static void reply_status(struct call *call, const char *status)
{
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_member_string(out, STR("status"), str_c(status));
    json_end_object(out);
    call_reply(call, 200);
}

void system_health(struct call *call)
{
    reply_status(call, "ok");
}

void system_ready(struct call *call)
{
    const struct api_hub *hub = &call->api->context.hub;
    if (hub->ready(hub->context)) {
        reply_status(call, "ready");
        return;
    }
    call->problem.retry_after_s = 1;
    (void)call_refuse(call, PROBLEM_STARTING, STR("The hub does not serve every route now."));
}

int system_metrics(struct call *call, struct sql *sql)
{
    struct buf text;
    buf_init(&text, &call->request->arena, METRICS_MAX);
    metrics_write(call->api, sql, &text);
    request_reply(call->request, 200, STR("text/plain; version=0.0.4; charset=utf-8"),
                  buf_str(&text));
    return 0;
}

/* ── the test clock ── */

static void reply_clock(struct call *call, int64_t now_ms)
{
    const struct api_hub *hub = &call->api->context.hub;
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_member_instant(out, STR("now"), now_ms);
    json_member_int(out, STR("nowMs"), now_ms);
    json_member_int(out, STR("busy"), hub->busy(hub->context));
    json_end_object(out);
    call_reply(call, 200);
}

void system_clock(struct call *call)
{
    reply_clock(call, clock_now_ms(call->api->context.clock));
}

int system_advance(struct call *call, struct store_reader *reader)
{
    (void)reader;
    const struct api_hub *hub = &call->api->context.hub;
    int64_t advance_ms = 0;
    (void)body_int(call, "advanceMs", &advance_ms);
    reply_clock(call, hub->advance(hub->context, advance_ms));
    return 0;
}

/* ── after a restore ── */

/* It is the whole hub that is released, so nobody may who has a say over a part of it only. */
static int check_alone(struct call *call, struct sql *sql)
{
    int64_t count = 0;
    int r = store_count_organizations(sql, &count);
    if (r < 0)
        return fail(r);
    if (count <= 1)
        return 0;
    return call_refuse_code(
        call, PROBLEM_FORBIDDEN, "organizations",
        STR("This hub has more than one organization, and all of them would be "
            "released. Stop the hub, and run `junctor release --data DIR` on the "
            "server."));
}

int system_release(struct call *call, struct batch *batch)
{
    int r = check_alone(call, batch_sql(batch));
    if (r == 0)
        r = store_release(batch_sql(batch));
    if (r == 0)
        r = call_audit(call, batch, "hub.release", STR("hub"), STR("{}"));
    if (r != 0)
        return fail(r);
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_member_bool(out, STR("released"), true);
    json_end_object(out);
    call_reply(call, 200);
    return 0;
}

void system_released(struct call *call)
{
    const struct api_hub *hub = &call->api->context.hub;
    hub->released(hub->context);
}
