/* SPDX-License-Identifier: MIT */
#include "api/endpoints.h"

#include "api/handlers.h"
#include "api/standing.h"
#include "delivery/url.h"
#include "intake/notices.h"
#include "model/names.h"
#include "store/ledger.h"

const char *endpoint_path(enum endpoint_kind kind)
{
    return kind == ENDPOINT_EXPORT ? "/api/v1/export-profiles" : "/api/v1/webhooks";
}

void endpoint_write_ids(struct json_writer *out, enum endpoint_kind kind, int64_t id)
{
    bool webhook = kind == ENDPOINT_WEBHOOK;
    json_member_id_or_null(out, STR("webhookId"), ID_WEBHOOK, webhook ? id : 0);
    json_member_id_or_null(out, STR("exportProfileId"), ID_EXPORT_PROFILE, webhook ? 0 : id);
}

/* ── reading ── */

int endpoints_find_log(struct call *call, struct sql *sql, struct endpoint_row *ret_row)
{
    struct arena *arena = &call->request->arena;
    enum endpoint_kind kind = call->route->kind;
    const char *word = arena_c(arena, endpoint_word(kind));
    int64_t id;
    if (!call_id(call, 0, endpoint_id_kind(kind), word, &id))
        return CALL_REFUSED;
    int r = store_read_endpoint(sql, call->caller.organization, id, arena, ret_row);
    if (r == STORE_NOT_FOUND || (r == 0 && ret_row->kind != kind))
        return call_not_found(call, word);
    return fail(r);
}

int endpoints_find(struct call *call, struct sql *sql, struct endpoint_row *ret_row)
{
    int r = endpoints_find_log(call, sql, ret_row);
    if (r == 0 && ret_row->status == OUTLET_DELETED)
        return call_not_found(call,
                              arena_c(&call->request->arena, endpoint_word(call->route->kind)));
    return r;
}

int endpoints_list(struct call *call, struct sql *sql,
                   int (*write)(struct call *, struct sql *, const struct endpoint_row *))
{
    struct store_page page = call_page(call);
    enum endpoint_kind kind = call->route->kind;
    page.limit++;
    struct endpoint_row *rows = ARENA_ARRAY(page.arena, struct endpoint_row, (size_t)page.limit);
    int count = 0;
    int r = store_list_endpoints(sql, &page, kind, rows, &count);
    if (r < 0)
        return fail(r);
    (void)call_begin_list(call);
    int most = call_shown(call, count);
    int shown = 0;
    while (r == 0 && shown < most && !call_has_enough(call))
        r = write(call, sql, &rows[shown++]);
    call_end_list(call, endpoint_id_kind(kind), count > shown ? rows[shown - 1].id : 0);
    return fail(r);
}

static void write_counts(struct json_writer *out, const struct ledger *ledger)
{
    json_key(out, STR("counts"));
    json_begin_object(out);
    json_member_int(out, STR("deliveries"), ledger->deliveries);
    json_member_int(out, STR("delivered"), ledger->delivered);
    json_member_int(out, STR("pending"), ledger->pending);
    json_member_int(out, STR("dead"), ledger->dead);
    json_member_int(out, STR("dropped"), ledger->dropped);
    json_member_int(out, STR("filtered"), ledger->filtered);
    json_end_object(out);
}

static void write_standing(struct json_writer *out, const struct standing *standing)
{
    json_member_string(out, STR("status"), outlet_status_name(standing->status));
    json_member_text_or_null(out, STR("statusReason"), standing->status_reason);
    json_key(out, STR("sending"));
    json_begin_object(out);
    json_member_string(out, STR("state"), sending_name(standing->sending));
    json_member_instant(out, STR("until"), standing->until_ms);
    json_member_text_or_null(out, STR("reason"), standing->reason);
    json_end_object(out);
    json_member_int(out, STR("pausedSubjects"), standing->paused_subjects);
}

int endpoints_write_state(struct call *call, struct sql *sql, const struct endpoint_row *row)
{
    struct ledger ledger = {};
    struct standing standing = {};
    int r = store_read_ledger(sql, row->organization, row->id, 0, &ledger);
    if (r == 0)
        r = standing_of(call, sql, row, &standing);
    if (r < 0)
        return fail(r);
    write_standing(&call->out, &standing);
    write_counts(&call->out, &ledger);
    return 0;
}

struct outlet_texts endpoint_texts(const struct endpoint_row *row)
{
    return (struct outlet_texts){ .kind = row->kind,
                                  .policy = row->policy,
                                  .transport = row->transport };
}

/* ── writing ── */

int endpoints_check_room(struct call *call, struct sql *sql)
{
    const struct limits *limits = call->api->context.limits;
    bool export = call->route->kind == ENDPOINT_EXPORT;
    int64_t most = export ? limits->export_profiles : limits->webhooks;
    int64_t count = 0;
    int r = store_count_endpoints(sql, call->caller.organization, call->route->kind, &count);
    if (r < 0)
        return fail(r);
    if (count < most)
        return 0;
    return call_refuse(
        call, PROBLEM_CONFLICT,
        arena_format(&call->request->arena,
                     "The organization has %lld %.*ss, which is the most it may have (--max-%s). "
                     "Delete one first.",
                     (long long)count, STR_ARG(endpoint_word(call->route->kind)),
                     export ? "export-profiles" : "webhooks"));
}

bool endpoint_leads_elsewhere(struct call *call, str before, str after)
{
    const struct seal_key *key = call->api->context.seal_key;
    struct arena *arena = &call->request->arena;
    str one;
    str other;
    if (before.len == 0 || after.len == 0)
        return false;
    return !unseal(key, before, arena, &one) || !unseal(key, after, arena, &other) ||
           !url_same_place(one, other);
}

/* "active" ends what "paused" and "disabled" began; what else stops it is ended in other ways. */
int endpoints_check_status(struct call *call, struct sql *sql, const struct endpoint_row *row)
{
    str status;
    struct standing standing;
    if (!body_text(call, "status", &status) || !str_equal(status, STR("active")) ||
        row->status != OUTLET_ACTIVE)
        return 0;
    int r = standing_of(call, sql, row, &standing);
    return r == 0 ? standing_must_send(call, &standing) : fail(r);
}

void endpoint_take_status(struct call *call, struct endpoint_row *row)
{
    enum outlet_status wanted;
    str status;
    if (!body_text(call, "status", &status) || !outlet_status_read(status, &wanted))
        return;
    row->status = wanted;
    row->status_reason = (str){};
}

/* Of the batch's picture, where every endpoint is that is not deleted. */
static struct endpoint *endpoint_now(struct batch *batch, const struct endpoint_row *row)
{
    const struct picture *picture = batch_picture(batch, row->organization);
    return picture == NULL ? NULL : objects_find(&picture->endpoints, row->id);
}

/* Lines are of one order. */
static int forget_lines(struct call *call, struct batch *batch, const struct endpoint_row *before,
                        const struct endpoint_row *row)
{
    struct arena *arena = &call->request->arena;
    if (outlets_order(arena, before->kind, before->policy) ==
        outlets_order(arena, row->kind, row->policy))
        return 0;
    return fail(store_resume_lines(batch_sql(batch), row->organization, row->id));
}

int endpoints_update(struct call *call, struct batch *batch, const struct endpoint_row *before,
                     const struct endpoint_row *row)
{
    struct endpoint *CLEANUP(object_releasep) was = endpoint_now(batch, row);
    if (was == NULL)
        return fail(FAIL_CORRUPT);
    object_keep(was); /* the change lets it go */
    int r = store_update_endpoint(batch_sql(batch), row);
    if (r == 0)
        r = forget_lines(call, batch, before, row);
    if (r == 0)
        r = endpoints_changed(call, batch, row, "update");
    if (r == 0 && endpoint_begins_anew(was, endpoint_now(batch, row)))
        r = store_forget_breaker(batch_sql(batch), row->organization, row->id);
    if (r == 0 && row->status == OUTLET_DISABLED && before->status != OUTLET_DISABLED)
        notices_disabled(batch, row->organization, row->id,
                         STR("It was disabled by somebody, or something, with access to the API."));
    return fail(r);
}

int endpoints_changed(struct call *call, struct batch *batch, const struct endpoint_row *row,
                      const char *verb)
{
    struct arena *arena = &call->request->arena;
    const char *noun = row->kind == ENDPOINT_EXPORT ? "export_profile" : "webhook";
    int r =
        batch_object_changed(batch, &call->operation, row->organization, OBJECT_ENDPOINT, row->id);
    if (r == 0)
        r = call_audit(call, batch, arena_c(arena, arena_format(arena, "%s.%s", noun, verb)),
                       id_text(arena, endpoint_id_kind(row->kind), row->id), (str){});
    return fail(r);
}

int endpoints_delete(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct endpoint_row row;
    int r = endpoints_find(call, sql, &row);
    if (r != 0)
        return r;
    row.status = OUTLET_DELETED;
    row.status_reason = STR("It was deleted.");
    row.updated_ms = batch_now_ms(batch);
    r = store_update_endpoint(sql, &row);
    if (r == 0)
        r = store_forget_outlet_state(sql, row.organization, row.id);
    if (r == 0)
        r = store_resume_lines(sql, row.organization, row.id);
    if (r == 0)
        r = endpoints_changed(call, batch, &row, "delete");
    call_reply_nothing(call);
    return fail(r);
}
