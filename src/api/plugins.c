/* SPDX-License-Identifier: MIT
 * api/plugins.c: instances of plugins: where another system's postbacks come in. Their secrets are
 * sealed in the store and never shown. */
#include "store/plugins.h"
#include "api/call.h"
#include "api/handlers.h"

#define TYPE_PATH "/api/v1/plugins/webhooks/"

/* ── answers ── */

static const char *const fields_mapped[] = {
    "country",      "product1_qty",   "orderId",        "state",          "product1_sku",
    "shipAddress2", "address2",       "firstName",      "shipState",      "phoneNumber",
    "customerType", "shipCountry",    "organizationId", "product1_name",  "orderStatus",
    "postalCode",   "product1_price", "shipAddress1",   "city",           "lastName",
    "shipCity",     "address1",       "emailAddress",   "shipPostalCode", "pluginInstanceId",
};

/* As an export profile of Konnektive has it: texts in brackets are the sender's fields, others are
 * themselves. A row that makes a header has the postback come by POST. */
static void write_mapping(struct call *call, str id)
{
    struct json_writer *out = &call->out;
    json_key(out, STR("fieldMapping"));
    json_begin_object(out);
    for (size_t i = 0; i < COUNT_OF(fields_mapped); i++) {
        str name = str_c(fields_mapped[i]);
        if (str_equal(name, STR("organizationId")))
            json_member_string(out, name, call->caller.uuid);
        else if (str_equal(name, STR("pluginInstanceId")))
            json_member_string(out, name, id);
        else
            json_member_string(out, name,
                               arena_format(&call->request->arena, "[%s]", fields_mapped[i]));
    }
    json_member_string(out, STR("header:X-Webhook-Secret"), STR("your-secret-key"));
    json_end_object(out);
}

static void write_plugin(struct call *call, const struct plugin_row *row)
{
    struct json_writer *out = &call->out;
    struct arena *arena = &call->request->arena;
    str id = id_text(arena, ID_PLUGIN, row->id);
    str url = arena_format(arena, "%.*s" TYPE_PATH "%.*s", STR_ARG(call_base_url(call)),
                           STR_ARG(row->type));
    str uuid = call->caller.uuid;
    json_begin_object(out);
    json_member_string(out, STR("id"), id);
    json_member_string(out, STR("type"), row->type);
    json_member_string(out, STR("name"), row->name);
    json_member_id(out, STR("campaignId"), ID_CAMPAIGN, row->campaign);
    json_member_bool(out, STR("importUnknownSkus"), row->import_unknown_skus);
    json_member_string(out, STR("webhookUrl"),
                       arena_format(arena, "%.*s?organizationId=%.*s&pluginInstanceId=%.*s",
                                    STR_ARG(url), STR_ARG(uuid), STR_ARG(id)));
    json_member_string(
        out, STR("webhookPath"),
        arena_format(arena, "%.*s/%.*s/%.*s", STR_ARG(url), STR_ARG(uuid), STR_ARG(id)));
    write_mapping(call, id);
    json_member_instant(out, STR("createdAt"), row->created_ms);
    json_member_instant(out, STR("updatedAt"), row->updated_ms);
    json_end_object(out);
}

static void answer(struct call *call, const struct plugin_row *row, int status)
{
    (void)call_json(call);
    write_plugin(call, row);
    call_reply(call, status);
}

/* ── reading ── */

int plugins_list(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct plugin_row *rows = ARENA_ARRAY(page.arena, struct plugin_row, (size_t)page.limit);
    int count = 0;
    int r = store_list_plugins(sql, &page, rows, &count);
    if (r < 0)
        return fail(r);
    (void)call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; i < shown; i++)
        write_plugin(call, &rows[i]);
    call_end_list(call, ID_PLUGIN, count > shown ? rows[shown - 1].id : 0);
    return 0;
}

/* Of the path. CALL_REFUSED: there is none. */
static int find(struct call *call, struct sql *sql, struct plugin_row *ret_row)
{
    int64_t id;
    if (!call_id(call, 0, ID_PLUGIN, "plugin", &id))
        return CALL_REFUSED;
    int r = store_read_plugin(sql, call->caller.organization, id, &call->request->arena, ret_row);
    return r == STORE_NOT_FOUND ? call_not_found(call, "plugin") : fail(r);
}

int plugins_get(struct call *call, struct sql *sql)
{
    struct plugin_row row;
    int r = find(call, sql, &row);
    if (r == 0)
        answer(call, &row, 200);
    return r;
}

/* ── what a body says ── */

/* It may have to be a header's value, whose ends nobody keeps. */
static bool is_secret(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > '~')
            return false;
    return str_trim(text).len == text.len;
}

/* The secret is sealed here, on the loop; the committer does no such work. */
bool plugins_check(struct call *call)
{
    struct plugin_row *given = ARENA_NEW(&call->request->arena, struct plugin_row);
    call->parsed = given;
    str campaign;
    str secret = json_string(json_get(call->body, STR("secret")));
    if (!is_secret(secret))
        call_wrong(call, "secret", "format",
                   STR("Send printable ASCII characters, without a space at either end."));
    else if (secret.len > 0)
        given->secret = seal(call->api->context.seal_key, secret, &call->request->arena);
    if (body_text(call, "campaignId", &campaign) &&
        !id_read(ID_CAMPAIGN, campaign, &given->campaign))
        call_wrong(call, "campaignId", "unknown", STR("Send the id of a campaign (cmp_…)."));
    return !problem_has(&call->problem);
}

/* ── writing ── */

static int change(struct call *call, struct sql *sql, struct plugin_row *row)
{
    const struct plugin_row *given = call->parsed;
    (void)body_text(call, "name", &row->name);
    (void)body_bool(call, "importUnknownSkus", &row->import_unknown_skus);
    if (given->secret.len > 0)
        row->secret = given->secret;
    if (given->campaign == 0)
        return 0;
    row->campaign = given->campaign;
    int r = store_find_campaign(sql, row->organization, row->campaign);
    if (r != STORE_NOT_FOUND)
        return fail(r);
    call_wrong(call, "campaignId", "unknown", STR("The organization has no such campaign."));
    return CALL_REFUSED;
}

static int committed(struct call *call, struct batch *batch, const struct plugin_row *row,
                     const char *action)
{
    int r =
        batch_object_changed(batch, &call->operation, row->organization, OBJECT_PLUGIN, row->id);
    if (r == 0)
        r = call_audit(call, batch, action, id_text(&call->request->arena, ID_PLUGIN, row->id),
                       (str){});
    return fail(r);
}

static int check_room(struct call *call, struct sql *sql)
{
    int64_t most = call->api->context.limits->plugins;
    int64_t count = 0;
    int r = store_count_plugins(sql, call->caller.organization, &count);
    if (r < 0 || count < most)
        return fail(r);
    return call_refuse(call, PROBLEM_CONFLICT,
                       arena_format(&call->request->arena,
                                    "The organization has %lld plugins, which is the most it may "
                                    "have (--max-plugins). Delete one first.",
                                    (long long)count));
}

int plugins_create(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct plugin_row row = { .id = batch_draw_id(batch),
                              .organization = call->caller.organization,
                              .created_ms = batch_now_ms(batch),
                              .updated_ms = batch_now_ms(batch) };
    (void)body_text(call, "type", &row.type);
    int r = check_room(call, sql);
    if (r == 0)
        r = change(call, sql, &row);
    if (r == 0)
        r = store_insert_plugin(sql, &row);
    if (r == 0)
        r = committed(call, batch, &row, "plugin.create");
    if (r == 0)
        answer(call, &row, 201);
    call->made.id = row.id;
    return r;
}

int plugins_change(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct plugin_row row;
    int r = find(call, sql, &row);
    if (r == 0)
        r = change(call, sql, &row);
    if (r != 0)
        return r;
    row.updated_ms = batch_now_ms(batch);
    r = store_update_plugin(sql, &row);
    if (r == 0)
        r = committed(call, batch, &row, "plugin.update");
    if (r == 0)
        answer(call, &row, 200);
    return fail(r);
}

int plugins_delete(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct plugin_row row;
    int r = find(call, sql, &row);
    if (r == 0)
        r = store_delete_plugin(sql, row.organization, row.id);
    if (r == 0)
        r = committed(call, batch, &row, "plugin.delete");
    call_reply_nothing(call);
    return fail(r);
}
