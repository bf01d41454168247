/* SPDX-License-Identifier: MIT
 * api/campaigns.c: what is sold under one heading. */
#include "api/exports.h"
#include "api/handlers.h"
#include "store/catalog.h"

static void write_campaign(struct json_writer *out, const struct campaign_row *row)
{
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_CAMPAIGN, row->id);
    json_member_int(out, STR("number"), row->number);
    json_member_string(out, STR("name"), row->name);
    json_member_instant(out, STR("createdAt"), row->created_ms);
    json_member_instant(out, STR("updatedAt"), row->updated_ms);
    json_end_object(out);
}

/* ── reading ── */

int campaigns_list(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct campaign_row *rows = ARENA_ARRAY(page.arena, struct campaign_row, (size_t)page.limit);
    int count = 0;
    int r = store_list_campaigns(sql, &page, rows, &count);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; i < shown; i++)
        write_campaign(out, &rows[i]);
    call_end_list(call, ID_CAMPAIGN, count > shown ? rows[shown - 1].id : 0);
    return 0;
}

/* Of the path. CALL_REFUSED: there is none. */
static int find(struct call *call, struct sql *sql, struct campaign_row *ret_row)
{
    int64_t id;
    if (!call_id(call, 0, ID_CAMPAIGN, "campaign", &id))
        return CALL_REFUSED;
    int r = store_read_campaign(sql, call->caller.organization, id, &call->request->arena, ret_row);
    return r == STORE_NOT_FOUND ? call_not_found(call, "campaign") : fail(r);
}

int campaigns_get(struct call *call, struct sql *sql)
{
    struct campaign_row row;
    int r = find(call, sql, &row);
    if (r != 0)
        return r;
    write_campaign(call_json(call), &row);
    call_reply(call, 200);
    return 0;
}

/* ── writing ── */

/* How many there may be; and the new one's number. */
static int take_number(struct call *call, struct sql *sql, struct campaign_row *row)
{
    struct catalog_count count;
    int r = store_count_campaigns(sql, row->organization, &count);
    if (r < 0)
        return fail(r);
    row->number = count.next_number;
    if (count.count < call->api->context.limits->campaigns)
        return 0;
    return call_refuse(call, PROBLEM_CONFLICT,
                       arena_format(&call->request->arena,
                                    "The organization has %lld campaigns, which is the most it may "
                                    "have (--max-campaigns). Delete one first.",
                                    (long long)count.count));
}

static int committed(struct call *call, struct batch *batch, const struct campaign_row *row,
                     const char *action)
{
    int r =
        batch_object_changed(batch, &call->operation, row->organization, OBJECT_CAMPAIGN, row->id);
    if (r == 0)
        r = call_audit(call, batch, action, id_text(&call->request->arena, ID_CAMPAIGN, row->id),
                       (str){});
    return fail(r);
}

int campaigns_create(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct campaign_row row = { .organization = call->caller.organization,
                                .created_ms = batch_now_ms(batch),
                                .updated_ms = batch_now_ms(batch) };
    int r = take_number(call, sql, &row);
    if (r != 0)
        return r;
    row.id = batch_draw_id(batch);
    (void)body_text(call, "name", &row.name);
    r = store_insert_campaign(sql, &row);
    if (r == 0)
        r = committed(call, batch, &row, "campaign.create");
    call->made.id = row.id;
    write_campaign(call_json(call), &row);
    call_reply(call, 201);
    return fail(r);
}

int campaigns_change(struct call *call, struct batch *batch)
{
    struct campaign_row row;
    int r = find(call, batch_sql(batch), &row);
    if (r != 0)
        return r;
    (void)body_text(call, "name", &row.name);
    row.updated_ms = batch_now_ms(batch);
    r = store_update_campaign(batch_sql(batch), &row);
    if (r == 0)
        r = committed(call, batch, &row, "campaign.update");
    write_campaign(call_json(call), &row);
    call_reply(call, 200);
    return fail(r);
}

/* One that something belongs to stays. */
static int check_free(struct call *call, struct sql *sql, const struct campaign_row *row)
{
    enum campaign_use use;
    int r = store_find_campaign_use(sql, row->organization, row->id, &use);
    if (r < 0)
        return fail(r);
    switch (use) {
    case CAMPAIGN_FREE:
        return 0;
    case CAMPAIGN_HAS_SKUS:
        return call_refuse(call, PROBLEM_CONFLICT,
                           STR("The campaign has SKUs. Delete them first."));
    case CAMPAIGN_HAS_PLUGINS:
        return call_refuse(call, PROBLEM_CONFLICT,
                           STR("Plugins take orders for the campaign. Delete them, or give them "
                               "another campaign, first."));
    case CAMPAIGN_HAS_ORDERS:
        return call_refuse(call, PROBLEM_CONFLICT,
                           STR("The campaign has orders, so it stays. Give it another name."));
    case CAMPAIGN_IN_USE:
        break;
    }
    return call_refuse(call, PROBLEM_CONFLICT, STR("The campaign is in use."));
}

int campaigns_delete(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct campaign_row row;
    int r = find(call, sql, &row);
    if (r == 0)
        r = check_free(call, sql, &row);
    if (r == 0)
        r = exports_check_free(call, batch, OBJECT_CAMPAIGN, row.id);
    if (r != 0)
        return r;
    r = store_delete_campaign(sql, row.organization, row.id);
    if (r == 0)
        r = committed(call, batch, &row, "campaign.delete");
    call_reply_nothing(call);
    return fail(r);
}
