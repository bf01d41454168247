/* SPDX-License-Identifier: MIT
 * api/records.c: the books: what was refused, the ledger, and who changed what. */
#include "api/call.h"
#include "api/handlers.h"
#include "base/instant.h"
#include "store/access.h"
#include "store/ledger.h"
#include "store/lists.h"
#include "store/plugins.h"

#define COUNTS_MAX 1000

static int64_t read_since(const struct call *call)
{
    str since;
    int64_t since_ms = 0;
    if (!call_query(call, "since", &since) || !instant_read(since, &since_ms))
        return 0;
    return MAX_OF(since_ms, (int64_t)1);
}

/* ── rejections ── */

/* The ids of both are drawn from one source: one is none of the other's. */
static enum id_kind inlet_kind(bool plugin)
{
    return plugin ? ID_PLUGIN : ID_EVENT_DEFINITION;
}

static void write_rejection(struct call *call, const struct rejection *rejection)
{
    struct json_writer *out = &call->out;
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_REJECTION, rejection->id);
    json_member_instant(out, STR("at"), rejection->at_ms);
    json_member_string(out, STR("inlet"), rejection->inlet_name);
    json_member_id_or_null(out, STR("inletId"),
                           inlet_kind(str_starts(rejection->inlet_name, STR("plugin."))),
                           rejection->inlet);
    json_member_int(out, STR("status"), rejection->status);
    json_member_string(out, STR("reason"), rejection->reason);
    json_member_string(out, STR("detail"), rejection->detail);
    json_member_string(out, STR("client"), rejection->client);
    json_member_string(out, STR("requestId"), rejection->request_id);
    json_member_bytes(out, STR("body"), STR("bodyEncoding"), rejection->body,
                      &call->request->arena);
    json_member_int(out, STR("bodyLength"), rejection->body_length);
    json_end_object(out);
}

int rejections_list(struct call *call, struct sql *sql)
{
    const struct store_page page = call_page(call);
    struct rejection *rows = ARENA_ARRAY(page.arena, struct rejection, (size_t)page.limit);
    struct rejection_filter filter = {};
    struct store_listed listed = {};
    (void)call_query(call, "reason", &filter.reason);
    /* By the id of the custom event or the plugin, or by the inlet's name. */
    if (call_query(call, "inlet", &filter.inlet_name) &&
        (id_read(ID_EVENT_DEFINITION, filter.inlet_name, &filter.inlet) ||
         id_read(ID_PLUGIN, filter.inlet_name, &filter.inlet)))
        filter.inlet_name = (str){};
    int r = store_list_rejections(sql, &page, &filter, rows, &listed);
    if (r < 0)
        return fail(r);
    (void)call_begin_list(call);
    for (int i = 0; i < listed.count; i++) {
        write_rejection(call, &rows[i]);
        if (i + 1 < listed.count && call_has_enough(call)) {
            listed.next = rows[i].id;
            break;
        }
    }
    call_end_list(call, ID_REJECTION, listed.next);
    return 0;
}

int rejections_counts(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit = COUNTS_MAX;
    struct rejection_sum *rows = ARENA_ARRAY(page.arena, struct rejection_sum, COUNTS_MAX);
    int count = 0;
    int r = store_sum_rejections(sql, &page, read_since(call), rows, &count);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_begin_list(call);
    for (int i = 0; i < count; i++) {
        struct plugin_row plugin;
        r = rows[i].inlet == 0
                ? STORE_NOT_FOUND
                : store_read_plugin(sql, page.organization, rows[i].inlet, page.arena, &plugin);
        if (r < 0)
            return fail(r);
        json_begin_object(out);
        json_member_id_or_null(out, STR("inletId"), inlet_kind(r == 0), rows[i].inlet);
        json_member_string(out, STR("reason"), rows[i].reason);
        json_member_int(out, STR("rejected"), rows[i].rejected);
        json_end_object(out);
    }
    call_end_list(call, ID_REJECTION, 0);
    return 0;
}

/* ── ledger ── */

int ledger_get(struct call *call, struct sql *sql)
{
    struct ledger ledger;
    int r = store_read_ledger(sql, call->caller.organization, 0, read_since(call), &ledger);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_member_int(out, STR("events"), ledger.events);
    json_member_int(out, STR("wanted"), ledger.wanted);
    json_member_int(out, STR("notWanted"), ledger.not_wanted);
    json_member_int(out, STR("occurrences"), ledger.occurrences);
    json_member_int(out, STR("deliveries"), ledger.deliveries);
    json_member_int(out, STR("delivered"), ledger.delivered);
    json_member_int(out, STR("pending"), ledger.pending);
    json_member_int(out, STR("dead"), ledger.dead);
    json_member_int(out, STR("dropped"), ledger.dropped);
    json_member_int(out, STR("filtered"), ledger.filtered);
    json_member_int(out, STR("rejected"), ledger.rejected);
    json_end_object(out);
    call_reply(call, 200);
    return 0;
}

/* ── audit ── */

static void write_entry(struct json_writer *out, const struct audit_row *row)
{
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_AUDIT, row->id);
    json_member_instant(out, STR("at"), row->at_ms);
    json_member_string(out, STR("actor"), row->actor);
    json_member_string(out, STR("action"), row->action);
    json_member_string(out, STR("object"), row->object);
    json_member_raw(out, STR("detail"), row->detail);
    json_member_string(out, STR("client"), row->client);
    json_member_string(out, STR("requestId"), row->request_id);
    json_end_object(out);
}

int audit_list(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct audit_row *rows = ARENA_ARRAY(page.arena, struct audit_row, (size_t)page.limit);
    int count = 0;
    int r = store_list_audit(sql, &page, rows, &count);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; i < shown; i++)
        write_entry(out, &rows[i]);
    call_end_list(call, ID_AUDIT, count > shown ? rows[shown - 1].id : 0);
    return 0;
}
