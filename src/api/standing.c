/* SPDX-License-Identifier: MIT */
#include "api/standing.h"

#include "api/call.h"
#include "api/endpoints.h"
#include "delivery/delivery.h"
#include "model/names.h"

str sending_name(enum sending sending)
{
    static const str names[] = {
        [SENDING_STOPPED] = STR_INIT("stopped"),
        [SENDING_WAITING] = STR_INIT("waiting"),
        [SENDING_PROBING] = STR_INIT("probing"),
        [SENDING_FREELY] = STR_INIT("sending"),
    };
    return names[sending];
}

/* ── what holds it ── */

static str why_stopped(struct arena *arena, const struct standing *standing)
{
    str word = endpoint_word(standing->kind);
    switch (standing->status) {
    case OUTLET_ACTIVE:
        break;
    case OUTLET_HELD:
        return standing->status_reason;
    case OUTLET_PAUSED:
        return standing->paused_by != 0 ? standing->status_reason
                                        : arena_format(arena, "The %.*s is paused.", STR_ARG(word));
    case OUTLET_DISABLED:
        return arena_format(arena, "The %.*s is disabled.%s%.*s", STR_ARG(word),
                            standing->status_reason.len > 0 ? " " : "",
                            STR_ARG(standing->status_reason));
    case OUTLET_DELETED:
        return arena_format(arena, "The %.*s has been deleted.", STR_ARG(word));
    }
    return (str){};
}

/* Of several such the last counts. */
static void wait_until(struct standing *standing, int64_t until_ms, str reason)
{
    if (until_ms <= standing->until_ms)
        return;
    standing->sending = SENDING_WAITING;
    standing->until_ms = until_ms;
    standing->reason = reason;
}

static void read_hold(const struct call *call, const struct endpoint_row *row,
                      struct standing *standing)
{
    struct couriers *couriers = call->api->context.couriers;
    standing->sending = SENDING_FREELY;
    if (couriers == NULL)
        return;
    standing->until_ms = clock_now_ms(call->api->context.clock);
    struct outlet_hold hold = couriers_find_hold(couriers, row->id);
    wait_until(standing, hold.hold_until_ms,
               STR("The endpoint asked for this pause (Retry-After)."));
    wait_until(standing, hold.token_at_ms,
               STR("There is no access token for the endpoint, and the next is fetched then. The "
                   "last attempts say what is wrong."));
    if (hold.breaker == BREAKER_OPEN)
        wait_until(
            standing, hold.probe_at_ms,
            STR("The endpoint has failed several times in a row. Then one delivery is tried; "
                "the others wait, without using up attempts, until one succeeds."));
    if (standing->sending == SENDING_WAITING)
        return;
    standing->until_ms = 0;
    if (hold.breaker != BREAKER_CLOSED) {
        standing->sending = SENDING_PROBING;
        standing->reason = STR("The endpoint has failed several times in a row. One delivery is "
                               "being tried; the others wait, without using up attempts, until one "
                               "succeeds.");
    }
}

/* A dead delivery has stopped all of it, or some of its subjects. */
static int read_pauses(const struct call *call, struct sql *sql, const struct endpoint_row *row,
                       struct standing *standing)
{
    struct paused_line line;
    char text[ID_TEXT_MAX];
    int r = store_find_paused_outlet(sql, row->organization, row->id, &line);
    if (r == STORE_NOT_FOUND)
        return fail(
            store_count_paused_lines(sql, row->organization, row->id, &standing->paused_subjects));
    if (r < 0)
        return fail(r);
    str id = id_write(ID_DELIVERY, line.delivery, text);
    standing->status = OUTLET_PAUSED;
    standing->paused_by = line.delivery;
    standing->status_reason =
        arena_format(&call->request->arena,
                     "The delivery %.*s is dead, and the order is strict: nothing goes behind it. "
                     "Send it again (POST /api/v1/deliveries/%.*s/resend), or go on without it "
                     "(POST /api/v1/deliveries/%.*s/pass-over).",
                     STR_ARG(id), STR_ARG(id), STR_ARG(id));
    return 0;
}

int standing_of(const struct call *call, struct sql *sql, const struct endpoint_row *row,
                struct standing *ret_standing)
{
    const struct api_hub *hub = &call->api->context.hub;
    struct standing standing = { .kind = row->kind,
                                 .status = row->status,
                                 .status_reason = row->status_reason,
                                 .order =
                                     outlets_order(&call->request->arena, row->kind, row->policy) };
    int r = 0;
    if (row->status == OUTLET_ACTIVE && hub->held(hub->context)) {
        standing.status = OUTLET_HELD;
        standing.status_reason =
            STR("The hub was restored from a backup. Nothing is sent until it is released.");
    }
    if (standing.status == OUTLET_ACTIVE)
        r = read_pauses(call, sql, row, &standing);
    if (r < 0)
        return fail(r);
    if (standing.status == OUTLET_ACTIVE)
        read_hold(call, row, &standing);
    else
        standing.reason = why_stopped(&call->request->arena, &standing);
    *ret_standing = standing;
    return 0;
}

/* ── what follows ── */

static str remedy(struct arena *arena, const struct standing *standing)
{
    const char *path = endpoint_path(standing->kind);
    switch (standing->status) {
    case OUTLET_HELD:
        return STR(" Release it first: POST /api/v1/release, or junctor release on the server.");
    case OUTLET_PAUSED:
        if (standing->paused_by != 0)
            return (str){};
        return arena_format(arena, " Resume it first: PATCH %s/{id} with {\"status\":\"active\"}.",
                            path);
    case OUTLET_DISABLED:
        return arena_format(arena, " Enable it first: PATCH %s/{id} with {\"status\":\"active\"}.",
                            path);
    case OUTLET_ACTIVE:
    case OUTLET_DELETED:
        break;
    }
    return (str){};
}

int standing_must_send(struct call *call, const struct standing *standing)
{
    if (standing->sending != SENDING_STOPPED)
        return 0;
    struct arena *arena = &call->request->arena;
    return call_refuse(call, PROBLEM_CONFLICT,
                       arena_format(arena, "%.*s%.*s", STR_ARG(standing->reason),
                                    STR_ARG(remedy(arena, standing))));
}

/* It is due, and nothing holds the endpoint. */
static str why_in_line(struct arena *arena, const struct standing *standing)
{
    const char *record = standing->kind == ENDPOINT_EXPORT ? "order" : "contact";
    switch (standing->order) {
    case ORDER_NONE:
        return (str){};
    case ORDER_SUBJECT:
        if (standing->paused_subjects > 0)
            return arena_format(arena,
                                "Unless it goes at once, it waits behind another delivery about "
                                "the same %s, which is to be tried again, or dead: GET "
                                "%s/{id}/paused-subjects (order: subject).",
                                record, endpoint_path(standing->kind));
        return arena_format(arena,
                            "Unless it goes at once, it waits behind another delivery about the "
                            "same %s (order: subject).",
                            record);
    case ORDER_STRICT:
        return STR("Unless it goes at once, it waits behind an older delivery (order: strict).");
    }
    return (str){};
}

str standing_why_pending(const struct standing *standing, const struct call *call, int64_t due_ms)
{
    bool due_later = due_ms > MAX_OF(clock_now_ms(call->api->context.clock), standing->until_ms);
    if (standing->sending != SENDING_STOPPED && due_later)
        return (str){};
    return standing->reason.len > 0 ? standing->reason
                                    : why_in_line(&call->request->arena, standing);
}
