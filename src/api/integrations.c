/* SPDX-License-Identifier: MIT
 * api/integrations.c: the systems that an organization joins. */
#include "api/call.h"
#include "api/handlers.h"

static void write_integration(struct json_writer *out, const struct integration_row *row)
{
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_INTEGRATION, row->id);
    json_member_string(out, STR("name"), row->name);
    json_member_text_or_null(out, STR("color"), row->color);
    json_member_text_or_null(out, STR("description"), row->description);
    json_member_text_or_null(out, STR("category"), row->category);
    json_member_instant(out, STR("createdAt"), row->created_ms);
    json_member_instant(out, STR("updatedAt"), row->updated_ms);
    json_end_object(out);
}

/* ── reading ── */

int integrations_list(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct integration_row *rows =
        ARENA_ARRAY(page.arena, struct integration_row, (size_t)page.limit);
    str category = {};
    (void)call_query(call, "category", &category);
    int count = 0;
    int r = store_list_integrations(sql, &page, category, rows, &count);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; i < shown; i++)
        write_integration(out, &rows[i]);
    call_end_list(call, ID_INTEGRATION, count > shown ? rows[shown - 1].id : 0);
    return 0;
}

/* Of the path. CALL_REFUSED: there is none. */
static int find(struct call *call, struct sql *sql, struct integration_row *ret_row)
{
    int64_t id;
    if (!call_id(call, 0, ID_INTEGRATION, "integration", &id))
        return CALL_REFUSED;
    int r =
        store_read_integration(sql, call->caller.organization, id, &call->request->arena, ret_row);
    return r == STORE_NOT_FOUND ? call_not_found(call, "integration") : fail(r);
}

int integrations_get(struct call *call, struct sql *sql)
{
    struct integration_row row;
    int r = find(call, sql, &row);
    if (r != 0)
        return r;
    write_integration(call_json(call), &row);
    call_reply(call, 200);
    return 0;
}

/* ── writing ── */

static bool is_color(str text)
{
    if (text.len != 7 || text.ptr[0] != '#')
        return false;
    for (size_t i = 1; i < text.len; i++) {
        char c = char_lower(text.ptr[i]);
        if (!char_is_digit(c) && (c < 'a' || c > 'f'))
            return false;
    }
    return true;
}

bool integrations_check(struct call *call)
{
    str color = {};
    if (body_text(call, "color", &color) && color.len > 0 && !is_color(color)) {
        call_wrong(call, "color", "format", STR("Send a color as #rrggbb, or null."));
        return false;
    }
    return true;
}

/* What the body gives; null and "" take it away. */
static void change(const struct call *call, struct integration_row *row)
{
    (void)body_text(call, "name", &row->name);
    (void)body_text(call, "color", &row->color);
    (void)body_text(call, "description", &row->description);
    (void)body_text(call, "category", &row->category);
}

static int committed(struct call *call, struct batch *batch, const struct integration_row *row,
                     const char *action)
{
    int r = batch_object_changed(batch, &call->operation, row->organization, OBJECT_INTEGRATION,
                                 row->id);
    if (r == 0)
        r = call_audit(call, batch, action, id_text(&call->request->arena, ID_INTEGRATION, row->id),
                       (str){});
    return fail(r);
}

int integrations_create(struct call *call, struct batch *batch)
{
    struct integration_row row = { .id = batch_draw_id(batch),
                                   .organization = call->caller.organization,
                                   .created_ms = batch_now_ms(batch),
                                   .updated_ms = batch_now_ms(batch) };
    change(call, &row);
    int r = store_insert_integration(batch_sql(batch), &row);
    if (r == 0)
        r = committed(call, batch, &row, "integration.create");
    call->made.id = row.id;
    write_integration(call_json(call), &row);
    call_reply(call, 201);
    return fail(r);
}

int integrations_change(struct call *call, struct batch *batch)
{
    struct integration_row row;
    int r = find(call, batch_sql(batch), &row);
    if (r != 0)
        return r;
    change(call, &row);
    row.updated_ms = batch_now_ms(batch);
    r = store_update_integration(batch_sql(batch), &row);
    if (r == 0)
        r = committed(call, batch, &row, "integration.update");
    write_integration(call_json(call), &row);
    call_reply(call, 200);
    return fail(r);
}

/* One that has custom events stays: their addresses are in use. */
static int check_empty(struct call *call, struct sql *sql, const struct integration_row *row)
{
    const struct store_page page = { .organization = row->organization,
                                     .before = STORE_NEWEST,
                                     .limit = 1,
                                     .arena = &call->request->arena };
    struct definition_row definition;
    int count = 0;
    int r = store_list_definitions(sql, &page, row->id, &definition, &count);
    if (r < 0)
        return fail(r);
    if (count == 0)
        return 0;
    return call_refuse(call, PROBLEM_CONFLICT,
                       arena_format(&call->request->arena,
                                    "The integration has custom events, such as \"%.*s\". Delete "
                                    "them first.",
                                    STR_ARG(definition.alias)));
}

int integrations_delete(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct integration_row row;
    int r = find(call, sql, &row);
    if (r == 0)
        r = check_empty(call, sql, &row);
    if (r == 0)
        r = store_delete_integration(sql, row.organization, row.id);
    if (r == 0)
        r = committed(call, batch, &row, "integration.delete");
    call_reply_nothing(call);
    return fail(r);
}
