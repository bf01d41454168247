/* SPDX-License-Identifier: MIT
 * api/recoveries.c: recoveries: begun, looked at, ended. The work is done by intake/recovery.c. */
#include "store/recoveries.h"

#include "api/endpoints.h"
#include "api/handlers.h"
#include "api/standing.h"
#include "base/clock.h"
#include "base/compare.h"
#include "base/instant.h"
#include "model/names.h"
#include "store/lists.h"

/* Counting what is wanted takes no longer, and looks at so many rows at a time. */
#define COUNT_MS 500
#define COUNT_ROWS 2000

/* What a request asks for, and what it came to. */
struct asked {
    struct recovery_wanted wanted;
    bool dry_run;
    int64_t total;
    bool total_exact;
    int64_t started; /* the recovery */
};

/* ── what a body says ── */

static void read_states(struct call *call, struct asked *asked)
{
    struct json_walk walk = json_walk(json_get(call->body, STR("states")));
    json item;
    enum delivery_state state;
    while (json_next(&walk, NULL, &item))
        if (delivery_state_read(json_string(item), &state))
            asked->wanted.states |= 1U << state;
    if (asked->wanted.states == 0)
        asked->wanted.states = 1U << DELIVERY_DEAD;
}

/* False: not given. That it is a moment the schema has checked. */
static bool body_instant(const struct call *call, const char *name, int64_t *ret_ms)
{
    str text;
    return body_text(call, name, &text) && instant_read(text, ret_ms);
}

static void read_span(struct call *call, struct asked *asked)
{
    struct recovery_wanted *wanted = &asked->wanted;
    if (!body_instant(call, "since", &wanted->since_ms)) {
        call_wrong(call, "since", "required",
                   STR("Say from when on deliveries must have ended to be sent again, or name them "
                       "in deliveryIds."));
        return;
    }
    if (body_instant(call, "until", &wanted->until_ms) && wanted->until_ms <= wanted->since_ms)
        call_wrong(call, "until", "range", STR("Send a moment behind since."));
    read_states(call, asked);
}

static void read_ids(struct call *call, struct asked *asked, json list)
{
    struct arena *arena = &call->request->arena;
    static const char *const others[] = { "since", "until", "states" };
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (json_get(call->body, str_c(others[i])) != NULL)
            call_wrong(call, others[i], "conflict",
                       STR("Send deliveryIds alone, or since with until and states."));
    int64_t *ids = ARENA_ARRAY(arena, int64_t, json_count(list));
    struct json_walk walk = json_walk(list);
    json item;
    int count = 0;
    for (int i = 0; json_next(&walk, NULL, &item); i++)
        if (id_read(ID_DELIVERY, json_string(item), &ids[count]))
            count++;
        else
            call_wrong(call, arena_c(arena, arena_format(arena, "deliveryIds/%d", i)), "format",
                       STR("Send the id of a delivery, dlv_…"));
    asked->wanted.id_count = sort_distinct(ids, count);
    asked->wanted.ids = ids;
}

bool recoveries_check(struct call *call)
{
    struct asked *asked = ARENA_NEW(&call->request->arena, struct asked);
    json list = json_get(call->body, STR("deliveryIds"));
    call->parsed = asked;
    (void)body_bool(call, "dryRun", &asked->dry_run);
    if (list != NULL)
        read_ids(call, asked, list);
    else
        read_span(call, asked);
    return !problem_has(&call->problem);
}

/* ── showing ── */

static void write_states(struct json_writer *out, unsigned states)
{
    json_key(out, STR("states"));
    json_begin_array(out);
    for (int state = DELIVERY_PENDING; state <= DELIVERY_DROPPED; state++)
        if ((states & 1U << state) != 0)
            json_add_string(out, delivery_state_name((enum delivery_state)state));
    json_end_array(out);
}

static void write_wanted(struct json_writer *out, const struct recovery_wanted *wanted)
{
    char text[ID_TEXT_MAX];
    json_key(out, STR("wanted"));
    json_begin_object(out);
    json_member_instant(out, STR("since"), wanted->since_ms);
    json_member_instant(out, STR("until"), wanted->until_ms);
    write_states(out, wanted->states);
    json_key(out, STR("deliveryIds"));
    json_begin_array(out);
    for (int i = 0; i < wanted->id_count; i++)
        json_add_string(out, id_write(ID_DELIVERY, wanted->ids[i], text));
    json_end_array(out);
    json_end_object(out);
}

static void write_total(struct json_writer *out, int64_t total, bool exact)
{
    json_key(out, STR("total"));
    if (exact)
        json_add_int(out, total);
    else
        json_add_null(out);
    json_member_int(out, STR("totalAtLeast"), total);
}

static void write_sums(struct json_writer *out, const struct recovery *recovery)
{
    json_member_int(out, STR("examined"),
                    recovery->recovered + recovery->gone + recovery->pending + recovery->unknown);
    json_member_int(out, STR("recovered"), recovery->recovered);
    json_key(out, STR("skipped"));
    json_begin_object(out);
    json_member_int(out, STR("noLongerKept"), recovery->gone);
    json_member_int(out, STR("alreadyPending"), recovery->pending);
    json_member_int(out, STR("unknown"), recovery->unknown);
    json_end_object(out);
}

static void write_recovery(struct json_writer *out, const struct recovery *recovery,
                           enum endpoint_kind kind)
{
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_RECOVERY, recovery->id);
    endpoint_write_ids(out, kind, recovery->outlet);
    json_member_string(out, STR("state"), recovery_state_name(recovery->state));
    json_member_text_or_null(out, STR("reason"), recovery->reason);
    write_wanted(out, &recovery->wanted);
    write_total(out, recovery->total, recovery->total_exact);
    write_sums(out, recovery);
    json_member_instant(out, STR("startedAt"), recovery->started_ms);
    json_member_instant(out, STR("finishedAt"), recovery->finished_ms);
    json_member_string(out, STR("by"), recovery->actor);
    json_end_object(out);
}

/* One by its own id does not say what it is of. */
static int find_kind(struct call *call, struct sql *sql, const struct recovery *recovery,
                     enum endpoint_kind *ret_kind)
{
    struct endpoint_row endpoint;
    int r = store_read_endpoint(sql, recovery->organization, recovery->outlet,
                                &call->request->arena, &endpoint);
    *ret_kind = r == 0 ? endpoint.kind : ENDPOINT_WEBHOOK;
    return fail(MIN_OF(r, 0));
}

static void answer_recovery(struct call *call, const struct recovery *recovery,
                            enum endpoint_kind kind, int status)
{
    write_recovery(call_json(call), recovery, kind);
    call_reply(call, status);
}

/* ── counting ── */

static int count_by_ids(struct call *call, struct sql *sql, int64_t outlet)
{
    struct asked *asked = call->parsed;
    struct delivery_found found;
    asked->total_exact = true;
    for (int i = 0; i < asked->wanted.id_count; i++) {
        int r = store_find_delivery(sql, call->caller.organization, asked->wanted.ids[i],
                                    &call->request->arena, &found);
        if (r < 0)
            return fail(r);
        asked->total +=
            r == 0 && found.delivery.outlet == outlet && found.delivery.state != DELIVERY_PENDING;
    }
    return 0;
}

static int count_windows(struct asked *asked, struct sql *sql, struct finished_scan scan)
{
    int64_t until_ms = clock_mono_ms() + COUNT_MS;
    struct finished_found found;
    do {
        int r = store_count_finished(sql, &scan, &found);
        if (r < 0)
            return fail(r);
        asked->total += found.count;
        scan.before = found.end;
    } while (found.end != 0 && clock_mono_ms() < until_ms);
    asked->total_exact = found.end == 0;
    return 0;
}

static int count_by_time(struct call *call, struct sql *sql, int64_t outlet)
{
    struct asked *asked = call->parsed;
    const struct finished_scan scan = {
        .organization = call->caller.organization,
        .outlet = outlet,
        .before = INT64_MAX,
        .states = asked->wanted.states,
        .since_ms = asked->wanted.since_ms,
        .until_ms = asked->wanted.until_ms,
        .limit = COUNT_ROWS,
    };
    return count_windows(asked, sql, scan);
}

int recoveries_count(struct call *call, struct store_reader *reader)
{
    struct asked *asked = call->parsed;
    struct sql *sql = store_reader_sql(reader);
    struct endpoint_row endpoint;
    bool by_ids = asked->wanted.id_count > 0;
    int r = endpoints_find_log(call, sql, &endpoint);
    if (r != 0)
        return r;
    if (by_ids && !asked->dry_run) {
        asked->total = asked->wanted.id_count;
        asked->total_exact = true;
        return 0;
    }
    r = by_ids ? count_by_ids(call, sql, endpoint.id) : count_by_time(call, sql, endpoint.id);
    if (r < 0 || !asked->dry_run)
        return fail(r);
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    write_total(out, asked->total, asked->total_exact);
    json_end_object(out);
    call_reply(call, 200);
    return 0;
}

/* ── beginning ── */

static int check_alone(struct call *call, struct sql *sql, int64_t outlet)
{
    struct arena *arena = &call->request->arena;
    int64_t running;
    int r = store_find_running_recovery(sql, call->caller.organization, outlet, &running);
    if (r < 0)
        return fail(r);
    if (r == STORE_NOT_FOUND)
        return 0;
    str id = id_text(arena, ID_RECOVERY, running);
    return call_refuse(call, PROBLEM_CONFLICT,
                       arena_format(arena,
                                    "The recovery %.*s of this endpoint is not over. Wait for it, "
                                    "or end it: POST /api/v1/recoveries/%.*s/cancel.",
                                    STR_ARG(id), STR_ARG(id)));
}

static str detail_of(struct call *call, const struct recovery *recovery, enum endpoint_kind kind)
{
    struct recovery_wanted wanted = recovery->wanted;
    struct buf text;
    buf_init(&text, &call->request->arena, SIZE_MAX / 2);
    struct json_writer out = json_writer(&text);
    json_begin_object(&out);
    endpoint_write_ids(&out, kind, recovery->outlet);
    json_member_int(&out, STR("deliveryIdCount"), wanted.id_count);
    wanted.id_count = 0;
    write_wanted(&out, &wanted);
    json_end_object(&out);
    return buf_str(&text);
}

static int audit(struct call *call, struct batch *batch, const struct recovery *recovery,
                 enum endpoint_kind kind, const char *action)
{
    return call_audit(call, batch, action,
                      id_text(&call->request->arena, ID_RECOVERY, recovery->id),
                      detail_of(call, recovery, kind));
}

int recoveries_start(struct call *call, struct batch *batch)
{
    struct asked *asked = call->parsed;
    struct sql *sql = batch_sql(batch);
    struct endpoint_row endpoint;
    int r = endpoints_find_log(call, sql, &endpoint);
    if (r != 0)
        return r;
    struct standing standing;
    r = standing_of(call, sql, &endpoint, &standing);
    if (r == 0 && standing.paused_by == 0) /* what a dead delivery has stopped may be among it */
        r = standing_must_send(call, &standing);
    if (r == 0)
        r = check_alone(call, sql, endpoint.id);
    if (r != 0)
        return r;
    const struct recovery recovery = { .id = batch_draw_id(batch),
                                       .organization = endpoint.organization,
                                       .outlet = endpoint.id,
                                       .state = RECOVERY_RUNNING,
                                       .wanted = asked->wanted,
                                       .total = asked->total,
                                       .total_exact = asked->total_exact,
                                       .started_ms = batch_now_ms(batch),
                                       .actor = call_actor(call) };
    asked->started = recovery.id;
    r = store_insert_recovery(sql, &recovery);
    if (r == 0)
        r = audit(call, batch, &recovery, endpoint.kind, "recovery.start");
    answer_recovery(call, &recovery, endpoint.kind, 202);
    return fail(r);
}

void recoveries_started(struct call *call)
{
    const struct asked *asked = call->parsed;
    committer_begin_recovery(call->api->context.committer, call->caller.organization,
                             asked->started);
}

/* ── one, and all of an endpoint ── */

static int find(struct call *call, struct sql *sql, struct recovery *ret_recovery)
{
    int64_t id;
    if (!call_id(call, 0, ID_RECOVERY, "recovery", &id))
        return CALL_REFUSED;
    int r = store_read_recovery(sql, call->caller.organization, id, &call->request->arena,
                                ret_recovery);
    return r == STORE_NOT_FOUND ? call_not_found(call, "recovery") : fail(r);
}

int recoveries_get(struct call *call, struct sql *sql)
{
    struct recovery recovery;
    enum endpoint_kind kind;
    int r = find(call, sql, &recovery);
    if (r == 0)
        r = find_kind(call, sql, &recovery, &kind);
    if (r == 0)
        answer_recovery(call, &recovery, kind, 200);
    return r;
}

int recoveries_list(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct recovery *rows = ARENA_ARRAY(page.arena, struct recovery, (size_t)page.limit);
    struct endpoint_row endpoint;
    int count = 0;
    int r = endpoints_find_log(call, sql, &endpoint);
    if (r == 0)
        r = store_list_recoveries(sql, &page, endpoint.id, rows, &count);
    if (r != 0)
        return r;
    struct json_writer *out = call_begin_list(call);
    int shown = 0;
    while (shown < call_shown(call, count) && !call_has_enough(call))
        write_recovery(out, &rows[shown++], endpoint.kind);
    call_end_list(call, ID_RECOVERY, count > shown ? rows[shown - 1].id : 0);
    return 0;
}

int recoveries_cancel(struct call *call, struct batch *batch)
{
    struct recovery recovery;
    enum endpoint_kind kind;
    int r = find(call, batch_sql(batch), &recovery);
    if (r == 0)
        r = find_kind(call, batch_sql(batch), &recovery, &kind);
    if (r != 0)
        return r;
    if (recovery.state == RECOVERY_RUNNING) {
        recovery.state = RECOVERY_CANCELLED;
        recovery.finished_ms = batch_now_ms(batch);
        r = store_update_recovery(batch_sql(batch), &recovery);
        if (r == 0)
            r = audit(call, batch, &recovery, kind, "recovery.cancel");
    }
    answer_recovery(call, &recovery, kind, 200);
    return fail(r);
}
