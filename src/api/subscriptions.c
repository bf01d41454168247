/* SPDX-License-Identifier: MIT */
#include "api/subscriptions.h"

#include "api/call.h"

#define PAGE 100

static json read_types(const struct endpoint_row *row, struct arena *arena)
{
    json types = NULL;
    struct json_error error;
    if (!json_read(arena, row->event_types, JSON_DEPTH_MAX, &types, &error))
        return NULL;
    return types;
}

static bool has_type(json types, str type)
{
    struct json_walk walk = json_walk(types);
    json item;
    while (json_next(&walk, NULL, &item))
        if (str_equal(json_string(item), type))
            return true;
    return false;
}

/* ── another alias ── */

struct renaming {
    str before; /* types */
    str after;
};

/* The list with one type in place of the other, each once. */
static str renamed(json types, const struct renaming *renaming, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2);
    struct json_writer writer = json_writer(&buf);
    bool there = has_type(types, renaming->after);
    json_begin_array(&writer);
    struct json_walk walk = json_walk(types);
    json item;
    while (json_next(&walk, NULL, &item)) {
        bool old = str_equal(json_string(item), renaming->before);
        if (!old || !there)
            json_add_string(&writer, old ? renaming->after : json_string(item));
    }
    json_end_array(&writer);
    return buf_str(&buf);
}

static int rename_in(struct call *call, struct batch *batch, struct endpoint_row *row,
                     const struct renaming *renaming)
{
    struct arena *arena = &call->request->arena;
    json types = read_types(row, arena);
    if (!has_type(types, renaming->before))
        return 0;
    row->event_types = renamed(types, renaming, arena);
    row->updated_ms = batch_now_ms(batch);
    int r = store_update_endpoint(batch_sql(batch), row);
    if (r == 0)
        r = batch_object_changed(batch, &call->operation, row->organization, OBJECT_ENDPOINT,
                                 row->id);
    if (r == 0)
        r = call_audit(call, batch, "webhook.update", id_text(arena, ID_WEBHOOK, row->id),
                       arena_format(arena, "{\"eventTypes\":%.*s}", STR_ARG(row->event_types)));
    return fail(r);
}

static str type_of(struct arena *arena, str alias)
{
    return arena_format(arena, "custom_event.%.*s", STR_ARG(alias));
}

int subscriptions_rename(struct call *call, struct batch *batch, str alias_before, str alias_after)
{
    struct arena *arena = &call->request->arena;
    const struct renaming renaming = { .before = type_of(arena, alias_before),
                                       .after = type_of(arena, alias_after) };
    struct store_page page = { .organization = call->caller.organization,
                               .before = INT64_MAX,
                               .limit = PAGE,
                               .arena = arena };
    struct endpoint_row *rows = ARENA_ARRAY(arena, struct endpoint_row, PAGE);
    int count = PAGE;
    int r = 0;
    while (r == 0 && count == PAGE) {
        r = store_list_endpoints(batch_sql(batch), &page, ENDPOINT_WEBHOOK, rows, &count);
        for (int i = 0; r == 0 && i < count; i++)
            r = rename_in(call, batch, &rows[i], &renaming);
        if (r == 0 && count > 0)
            page.before = rows[count - 1].id;
    }
    return fail(r);
}

/* ── types that nothing has ── */

static int warn(struct call *call, struct sql *sql, const struct endpoint_row *row, str type)
{
    str family = STR("custom_event.");
    if (!str_starts(type, family) || str_ends(type, STR(".*")))
        return 0;
    int64_t definition;
    str alias = str_skip(type, family.len);
    int r = store_find_definition_by_alias(sql, row->organization, alias, &definition);
    if (r == STORE_NOT_FOUND)
        json_add_string(&call->out,
                        arena_format(&call->request->arena,
                                     "No custom event has the alias \"%.*s\": as long as there is "
                                     "none, nothing comes for the type %.*s.",
                                     STR_ARG(alias), STR_ARG(type)));
    return MIN_OF(r, 0);
}

int subscriptions_warn(struct call *call, struct sql *sql, const struct endpoint_row *row)
{
    struct json_walk walk = json_walk(read_types(row, &call->request->arena));
    json item;
    int r = 0;
    while (r == 0 && json_next(&walk, NULL, &item))
        r = warn(call, sql, row, json_string(item));
    return fail(r);
}
