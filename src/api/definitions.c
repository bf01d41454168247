/* SPDX-License-Identifier: MIT
 * api/definitions.c: custom events: what can be sent to an organization, and where to. */
#include "api/call.h"
#include "api/handlers.h"
#include "api/subscriptions.h"
#include "base/instant.h"
#include "mapping/definition.h"
#include "model/names.h"
#include "store/ledger.h"
#include "store/lists.h"

#define LAST_EVENTS 200

/* ── addresses ── */

static str event_url(const struct call *call, const struct definition_row *row)
{
    struct arena *arena = &call->request->arena;
    str base = call_base_url(call);
    if (str_equal(row->context, STR("webhook")))
        return arena_format(arena, "%.*s/%.*s/custom-events/alias/%.*s", STR_ARG(base),
                            STR_ARG(call->caller.uuid), STR_ARG(row->alias));
    return arena_format(arena, "%.*s/custom-events/alias/%.*s", STR_ARG(base), STR_ARG(row->alias));
}

/* ── reading ── */

/* The newest events of the organization's inlets, read once for a page of definitions. */
struct last_events {
    struct last_event at[LAST_EVENTS];
    int count;
};

static int write_last_event(struct call *call, struct sql *sql, const struct last_events *last,
                            int64_t definition)
{
    struct json_writer *out = &call->out;
    struct arena *arena = &call->request->arena;
    int64_t id = 0;
    for (int i = 0; i < last->count; i++)
        if (last->at[i].inlet == definition)
            id = last->at[i].event;
    struct event_found found;
    int r = STORE_NOT_FOUND;
    if (id != 0)
        r = store_read_event(sql, call->caller.organization, id, arena, &found);
    if (r < 0)
        return fail(r);
    json_key(out, STR("lastEvent"));
    json data;
    struct json_error error;
    if (r != 0 || !json_read(arena, found.event.data, JSON_DEPTH_MAX, &data, &error)) {
        json_add_null(out);
        return 0;
    }
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_EVENT, found.event.id);
    json_member_instant(out, STR("at"), found.event.at_ms);
    json_key(out, STR("fields"));
    json_add_value(out, json_get(data, STR("fields")));
    json_end_object(out);
    return 0;
}

static int write_definition(struct call *call, struct sql *sql, const struct last_events *last,
                            const struct definition_row *row)
{
    struct json_writer *out = &call->out;
    struct ledger ledger;
    int r = store_read_ledger(sql, row->organization, row->id, 0, &ledger);
    if (r < 0)
        return fail(r);
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_EVENT_DEFINITION, row->id);
    json_member_id(out, STR("integrationId"), ID_INTEGRATION, row->integration);
    json_member_string(out, STR("context"), row->context);
    json_member_string(out, STR("name"), row->name);
    json_member_string(out, STR("alias"), row->alias);
    json_member_string(
        out, STR("type"),
        arena_format(&call->request->arena, "custom_event.%.*s", STR_ARG(row->alias)));
    json_member_string(out, STR("url"), event_url(call, row));
    json_member_raw(out, STR("fields"), row->fields);
    json_member_int(out, STR("received"), ledger.events);
    json_member_int(out, STR("rejected"), ledger.rejected);
    r = write_last_event(call, sql, last, row->id);
    json_member_instant(out, STR("createdAt"), row->created_ms);
    json_member_instant(out, STR("updatedAt"), row->updated_ms);
    json_end_object(out);
    return fail(r);
}

static int read_last_events(struct call *call, struct sql *sql, struct last_events **ret_last)
{
    struct last_events *last = ARENA_NEW(&call->request->arena, struct last_events);
    *ret_last = last;
    return fail(store_list_last_events(sql, call->caller.organization, LAST_EVENTS, last->at,
                                       &last->count));
}

static int answer_definition(struct call *call, struct sql *sql, const struct definition_row *row,
                             int status)
{
    struct last_events *last;
    int r = read_last_events(call, sql, &last);
    if (r < 0)
        return fail(r);
    (void)call_json(call);
    r = write_definition(call, sql, last, row);
    call_reply(call, status);
    return fail(r);
}

/* The integration of the path. CALL_REFUSED: there is none. */
static int find_integration(struct call *call, struct sql *sql, int64_t *ret_id)
{
    struct integration_row row;
    if (!call_id(call, 0, ID_INTEGRATION, "integration", ret_id))
        return CALL_REFUSED;
    int r = store_read_integration(sql, call->caller.organization, *ret_id, &call->request->arena,
                                   &row);
    return r == STORE_NOT_FOUND ? call_not_found(call, "integration") : fail(r);
}

static int find(struct call *call, struct sql *sql, struct definition_row *ret_row)
{
    int64_t integration;
    int64_t id;
    if (!call_id(call, 0, ID_INTEGRATION, "integration", &integration) ||
        !call_id(call, 1, ID_EVENT_DEFINITION, "custom event", &id))
        return CALL_REFUSED;
    int r =
        store_read_definition(sql, call->caller.organization, id, &call->request->arena, ret_row);
    if (r == STORE_NOT_FOUND || (r == 0 && ret_row->integration != integration))
        return call_not_found(call, "custom event");
    return fail(r);
}

/* One row at a time: each may be as long as a body. */
static int write_page(struct call *call, struct sql *sql, int64_t integration, int64_t *ret_next)
{
    struct store_page page = call_page(call);
    struct definition_row row;
    struct last_events *last;
    int most = call->limit;
    int count = 0;
    int r = read_last_events(call, sql, &last);
    page.limit = 1;
    for (int i = 0; r == 0; i++) {
        r = store_list_definitions(sql, &page, integration, &row, &count);
        if (r < 0 || count == 0)
            break;
        if (i == most || call_has_enough(call)) {
            *ret_next = page.before;
            break;
        }
        r = write_definition(call, sql, last, &row);
        page.before = row.id;
    }
    return fail(r);
}

int definitions_list(struct call *call, struct sql *sql)
{
    int64_t integration;
    int64_t next = 0;
    int r = find_integration(call, sql, &integration);
    if (r != 0)
        return r;
    (void)call_begin_list(call);
    r = write_page(call, sql, integration, &next);
    call_end_list(call, ID_EVENT_DEFINITION, next);
    return fail(r);
}

int definitions_get(struct call *call, struct sql *sql)
{
    struct definition_row row;
    int r = find(call, sql, &row);
    if (r == 0)
        r = answer_definition(call, sql, &row, 200);
    return r;
}

/* ── writing ── */

static struct event_definition *definition_new(void)
{
    return object_new(sizeof(struct event_definition));
}

/* A definition's columns from what was read, canonical. */
static void take_columns(struct call *call, const struct event_definition *definition,
                         struct definition_row *row)
{
    struct arena *arena = &call->request->arena;
    row->context = context_name(definition->context);
    row->name = arena_str(arena, definition->name);
    row->alias = arena_str(arena, definition->alias);
    row->fields = definition_fields_write(definition, arena);
}

bool definitions_check_new(struct call *call)
{
    struct arena *arena = &call->request->arena;
    struct event_definition *CLEANUP(object_releasep) definition = definition_new();
    struct definition_row *row = ARENA_NEW(arena, struct definition_row);
    call->parsed = row;
    if (!definition_read(definition, call->body, call->api->context.limits, arena, &call->problem))
        return false;
    take_columns(call, definition, row);
    return true;
}

/* Aliases are unique in an organization. */
static int check_alias(struct call *call, struct sql *sql, const struct definition_row *row)
{
    int64_t other;
    int r = store_find_definition_by_alias(sql, row->organization, row->alias, &other);
    if (r < 0)
        return fail(r);
    if (r == STORE_NOT_FOUND || other == row->id)
        return 0;
    str text = arena_format(&call->request->arena,
                            "Another custom event has the alias \"%.*s\". Choose another alias.",
                            STR_ARG(row->alias));
    problem_set(&call->problem, PROBLEM_CONFLICT, text);
    call_wrong(call, "alias", "duplicate", text);
    return CALL_REFUSED;
}

static int committed(struct call *call, struct batch *batch, const struct definition_row *row,
                     const char *action)
{
    int r = batch_object_changed(batch, &call->operation, row->organization, OBJECT_DEFINITION,
                                 row->id);
    if (r == 0)
        r = call_audit(call, batch, action,
                       id_text(&call->request->arena, ID_EVENT_DEFINITION, row->id), (str){});
    return fail(r);
}

int definitions_create(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct definition_row *row = call->parsed;
    row->organization = call->caller.organization;
    row->id = 0;
    int r = find_integration(call, sql, &row->integration);
    if (r == 0)
        r = check_alias(call, sql, row);
    if (r != 0)
        return r;
    row->id = batch_draw_id(batch);
    row->created_ms = batch_now_ms(batch);
    row->updated_ms = row->created_ms;
    r = store_insert_definition(sql, row);
    if (r == 0)
        r = committed(call, batch, row, "event.create");
    call->made.id = row->id;
    if (r == 0)
        r = answer_definition(call, sql, row, 201);
    return fail(r);
}

/* The columns as a body of the API, with what this call's body gives in their place. */
static json merged(struct call *call, const struct definition_row *row, bool changed)
{
    static const struct {
        const char *name;
        size_t column;
        bool raw;
    } members[] = {
        { "context", offsetof(struct definition_row, context), false },
        { "name", offsetof(struct definition_row, name), false },
        { "alias", offsetof(struct definition_row, alias), false },
        { "fields", offsetof(struct definition_row, fields), true },
    };
    struct arena *arena = &call->request->arena;
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const str *column = (const str *)(const void *)((const char *)row + members[i].column);
        json given = changed ? json_get(call->body, str_c(members[i].name)) : NULL;
        json_key(&writer, str_c(members[i].name));
        if (given != NULL)
            json_add_value(&writer, given);
        else if (members[i].raw)
            json_add_raw(&writer, *column);
        else
            json_add_string(&writer, *column);
    }
    json_end_object(&writer);
    json body = NULL;
    struct json_error error;
    bool good = json_read(arena, buf_str(&buf), JSON_DEPTH_MAX, &body, &error);
    assert(good); /* all of it has been read before */
    return body;
}

static int change(struct call *call, struct definition_row *row)
{
    struct arena *arena = &call->request->arena;
    struct event_definition *CLEANUP(object_releasep) before = definition_new();
    struct event_definition *CLEANUP(object_releasep) after = definition_new();
    struct limits limits = *call->api->context.limits;
    struct problem stored = {};
    json context = json_get(call->body, STR("context"));
    if (context != NULL && !str_equal(json_string(context), row->context)) {
        call_wrong(
            call, "context", "locked",
            arena_format(arena, "Leave it at %.*s, or make another event.", STR_ARG(row->context)));
        return CALL_REFUSED;
    }
    limits.fields = INT64_MAX; /* what is stored was allowed once */
    if (!definition_read(before, merged(call, row, false), &limits, arena, &stored))
        return fail(FAIL_CORRUPT);
    if (!definition_read(after, merged(call, row, true), call->api->context.limits, arena,
                         &call->problem) ||
        !definition_may_become(before, after, arena, &call->problem))
        return CALL_REFUSED;
    take_columns(call, after, row);
    return 0;
}

int definitions_change(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct definition_row row;
    int r = find(call, sql, &row);
    if (r != 0)
        return r;
    str alias_before = row.alias;
    r = change(call, &row);
    if (r == 0)
        r = check_alias(call, sql, &row);
    if (r != 0)
        return r;
    row.updated_ms = batch_now_ms(batch);
    r = store_update_definition(sql, &row);
    if (r == 0 && !str_equal(row.alias, alias_before))
        r = subscriptions_rename(call, batch, alias_before, row.alias);
    if (r == 0)
        r = committed(call, batch, &row, "event.update");
    if (r == 0)
        r = answer_definition(call, sql, &row, 200);
    return fail(r);
}

int definitions_delete(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct definition_row row;
    int r = find(call, sql, &row);
    if (r == 0)
        r = store_delete_definition(sql, row.organization, row.id);
    if (r == 0)
        r = committed(call, batch, &row, "event.delete");
    call_reply_nothing(call);
    return fail(r);
}
