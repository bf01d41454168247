/* SPDX-License-Identifier: MIT
 * api/events.c: what happened. */
#include "api/call.h"
#include "api/deliveries.h"
#include "api/filters.h"
#include "api/handlers.h"
#include "base/instant.h"
#include "store/lists.h"

#define OCCURRENCES_MAX 100

static void write_summary_members(struct json_writer *out, const struct event_summary *event)
{
    json_member_id(out, STR("id"), ID_EVENT, event->id);
    json_member_string(out, STR("type"), event->type);
    json_member_instant(out, STR("at"), event->at_ms);
    json_member_id_or_null(out, STR("contactId"), ID_CONTACT, event->contact);
    json_member_id_or_null(out, STR("orderId"), ID_ORDER, event->order);
    json_member_id_or_null(out, STR("inletId"),
                           str_starts(event->type, STR("custom_event.")) ? ID_EVENT_DEFINITION
                                                                         : ID_PLUGIN,
                           event->inlet);
    json_member_id_or_null(out, STR("causedBy"), ID_EVENT, event->caused_by);
    json_member_bool(out, STR("wanted"), event->wanted);
}

static void write_summary(struct json_writer *out, const struct event_summary *event)
{
    json_begin_object(out);
    write_summary_members(out, event);
    json_end_object(out);
}

int events_list(struct call *call, struct sql *sql)
{
    const struct store_page page = call_page(call);
    struct event_summary *rows = ARENA_ARRAY(page.arena, struct event_summary, (size_t)page.limit);
    struct store_listed listed = {};
    struct event_filter filter = {};
    str since;
    (void)call_query(call, "type", &filter.type);
    if (call_query(call, "since", &since) && !instant_read(since, &filter.since_ms))
        filter.since_ms = 0; /* cannot be: it has been checked */
    int r = store_list_events(sql, &page, &filter, rows, &listed);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_begin_list(call);
    for (int i = 0; i < listed.count; i++)
        write_summary(out, &rows[i]);
    call_end_list(call, ID_EVENT, listed.next);
    return 0;
}

/* ── one ── */

static void write_content(struct call *call, const struct event *event)
{
    struct json_writer *out = &call->out;
    json_member_int(out, STR("hops"), event->hops);
    json_member_text_or_null(out, STR("requestId"), event->request_id);
    json_member_raw(out, STR("data"), event->data.len > 0 ? event->data : STR("{}"));
    json_member_raw(out, STR("notes"), event->notes.len > 0 ? event->notes : STR("[]"));
    if (event->raw.len > 0) {
        json_member_bytes(out, STR("raw"), STR("rawEncoding"), event->raw, &call->request->arena);
        return;
    }
    json_member_text_or_null(out, STR("raw"), (str){});
    json_member_text_or_null(out, STR("rawEncoding"), (str){});
}

static int write_deliveries(struct call *call, struct sql *sql, const struct event *event,
                            bool wanted)
{
    struct arena *arena = &call->request->arena;
    int64_t *outlets = NULL;
    int count = 0;
    int r = 0;
    if (wanted)
        r = store_read_endpoint_ids(sql, event->organization, arena, &outlets, &count);
    json_key(&call->out, STR("deliveries"));
    json_begin_array(&call->out);
    for (int i = 0; r >= 0 && i < count; i++) {
        struct delivery_found found;
        struct standing standing = {};
        r = store_find_event_delivery(sql, event, outlets[i], arena, &found);
        if (r != 0)
            continue;
        r = find_standing(call, sql, &found.delivery, &standing);
        write_delivery(call, &found, &standing);
    }
    json_end_array(&call->out);
    return MIN_OF(r, 0);
}

static int write_occurrences(struct call *call, struct sql *sql, const struct event *event)
{
    const struct store_page page = { .organization = event->organization,
                                     .limit = OCCURRENCES_MAX,
                                     .arena = &call->request->arena };
    struct event_summary *rows = ARENA_ARRAY(page.arena, struct event_summary, OCCURRENCES_MAX);
    int count = 0;
    int r = store_list_occurrences(sql, &page, event->id, rows, &count);
    if (r < 0)
        return fail(r);
    json_key(&call->out, STR("occurrences"));
    json_begin_array(&call->out);
    for (int i = 0; i < count; i++)
        write_summary(&call->out, &rows[i]);
    json_end_array(&call->out);
    return 0;
}

static int answer_event(struct call *call, struct sql *sql, const struct event_found *found)
{
    const struct event *event = &found->event;
    const struct event_summary summary = { .id = event->id,
                                           .at_ms = event->at_ms,
                                           .type = event->type,
                                           .contact = event->contact,
                                           .order = event->order,
                                           .inlet = event->inlet,
                                           .caused_by = event->caused_by,
                                           .wanted = found->wanted };
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    write_summary_members(out, &summary);
    write_content(call, event);
    int r = write_deliveries(call, sql, event, found->wanted);
    if (r == 0)
        r = filters_write_turned_away(call, sql, event);
    if (r == 0)
        r = write_occurrences(call, sql, event);
    json_end_object(out);
    call_reply(call, 200);
    return fail(r);
}

int events_get(struct call *call, struct sql *sql)
{
    struct event_found found;
    int64_t id;
    if (!call_id(call, 0, ID_EVENT, "event", &id))
        return CALL_REFUSED;
    int r = store_read_event(sql, call->caller.organization, id, &call->request->arena, &found);
    if (r == STORE_NOT_FOUND)
        return call_not_found(call, "event");
    return r == 0 ? answer_event(call, sql, &found) : fail(r);
}
