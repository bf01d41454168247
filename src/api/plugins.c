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

/* `password`: one that was made just now; empty: none was. */
static void write_client_api(struct call *call, str login, str password)
{
    struct json_writer *out = &call->out;
    json_key(out, STR("clientApi"));
    if (login.len == 0) {
        json_add_null(out);
        return;
    }
    json_begin_object(out);
    json_member_string(out, STR("loginId"), login);
    if (password.len > 0)
        json_member_string(out, STR("password"), password);
    json_member_string(out, STR("baseUrl"),
                       arena_format(&call->request->arena, "%.*s/", STR_ARG(call_base_url(call))));
    json_end_object(out);
}

static void write_plugin(struct call *call, const struct plugin_row *row, str password)
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
    write_client_api(call, row->client_login, password);
    json_member_instant(out, STR("createdAt"), row->created_ms);
    json_member_instant(out, STR("updatedAt"), row->updated_ms);
    json_end_object(out);
}

static void answer(struct call *call, const struct plugin_row *row, str password, int status)
{
    (void)call_json(call);
    write_plugin(call, row, password);
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
        write_plugin(call, &rows[i], (str){});
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
        answer(call, &row, (str){}, 200);
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

enum client_api_wish { CLIENT_API_AS_IT_IS = 0, CLIENT_API_ON, CLIENT_API_OFF };

struct given {
    str secret; /* sealed; empty: not given */
    int64_t campaign;
    enum client_api_wish client_api;
    str login;
    str password;      /* sealed; empty: not given */
    str made_login;    /* for when one is needed */
    str made_password; /* likewise; it is shown, and kept sealed: */
    str made_sealed;
    bool new_password; /* one is wanted though there is one */
};

static bool is_login(str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && (c == '\0' || strchr("_-.@+", c) == NULL))
            return false;
    }
    return true;
}

/* It is a parameter among others, in queries that may not be encoded well. */
static bool is_password(str text)
{
    return is_secret(text) && str_index(text, '&') < 0;
}

static void check_client_api(struct call *call, struct given *given)
{
    struct arena *arena = &call->request->arena;
    const struct seal_key *key = call->api->context.seal_key;
    json from = json_get(call->body, STR("clientApi"));
    json password = json_get(from, STR("password"));
    if (from == NULL)
        return;
    given->client_api = json_type(from) == JSON_OBJECT ? CLIENT_API_ON : CLIENT_API_OFF;
    given->login = json_string(json_get(from, STR("loginId")));
    if (!is_login(given->login))
        call_wrong(call, "clientApi/loginId", "format",
                   STR("Send letters, digits and any of _ - . @ + alone."));
    if (!is_password(json_string(password)))
        call_wrong(call, "clientApi/password", "format",
                   STR("Send printable ASCII characters without &, and no space at either end."));
    else if (json_type(password) == JSON_STRING)
        given->password = seal(key, json_string(password), arena);
    given->new_password = json_type(password) == JSON_NULL;
    given->made_login = random_text(arena, 20);
    given->made_password = random_text(arena, 32);
    given->made_sealed = seal(key, given->made_password, arena);
}

/* Secrets are sealed here, on the loop; the committer does no such work. */
bool plugins_check(struct call *call)
{
    struct given *given = ARENA_NEW(&call->request->arena, struct given);
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
    check_client_api(call, given);
    return !problem_has(&call->problem);
}

/* ── writing ── */

static int take_login(struct call *call, struct sql *sql, str login, struct plugin_row *row)
{
    int64_t organization;
    int64_t plugin;
    int r = store_find_login(sql, login, &organization, &plugin);
    if (r < 0)
        return fail(r);
    row->client_login = login;
    if (r == STORE_NOT_FOUND || plugin == row->id)
        return 0;
    call_wrong(call, "clientApi/loginId", "duplicate",
               STR("Another plugin of this hub has it already. Send another one, or none."));
    return CALL_REFUSED;
}

/* *ret_shown: a password that was made. */
static int change_client_api(struct call *call, struct sql *sql, struct plugin_row *row,
                             str *ret_shown)
{
    const struct given *given = call->parsed;
    *ret_shown = (str){};
    if (given->client_api == CLIENT_API_OFF)
        row->client_login = row->client_password = (str){};
    if (given->client_api != CLIENT_API_ON)
        return 0;
    bool on = row->client_login.len > 0;
    if (given->password.len > 0) {
        row->client_password = given->password;
    } else if (!on || given->new_password) {
        row->client_password = given->made_sealed;
        *ret_shown = given->made_password;
    }
    if (on && given->login.len == 0)
        return 0;
    return take_login(call, sql, given->login.len > 0 ? given->login : given->made_login, row);
}

static int change(struct call *call, struct sql *sql, struct plugin_row *row)
{
    const struct given *given = call->parsed;
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

/* A row of its own: it lets others in. */
static int audit_client_api(struct call *call, struct batch *batch, const struct plugin_row *row,
                            bool was_on)
{
    const struct given *given = call->parsed;
    struct arena *arena = &call->request->arena;
    bool on = row->client_login.len > 0;
    if (given->client_api == CLIENT_API_AS_IT_IS || (!on && !was_on))
        return 0;
    const char *action = !on      ? "plugin.client_api.off"
                         : was_on ? "plugin.client_api.change"
                                  : "plugin.client_api.on";
    struct buf buf;
    buf_init(&buf, arena, 1000);
    struct json_writer detail = json_writer(&buf);
    json_begin_object(&detail);
    json_member_text_or_null(&detail, STR("loginId"), row->client_login);
    json_end_object(&detail);
    return fail(call_audit(call, batch, action, id_text(arena, ID_PLUGIN, row->id), buf_str(&buf)));
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
    str shown;
    int r = check_room(call, sql);
    if (r == 0)
        r = change(call, sql, &row);
    if (r == 0)
        r = change_client_api(call, sql, &row, &shown);
    if (r == 0)
        r = store_insert_plugin(sql, &row);
    if (r == 0)
        r = committed(call, batch, &row, "plugin.create");
    if (r == 0)
        r = audit_client_api(call, batch, &row, false);
    if (r == 0)
        answer(call, &row, shown, 201);
    call->made.id = row.id;
    return r;
}

int plugins_change(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct plugin_row row;
    str shown;
    int r = find(call, sql, &row);
    bool was_on = r == 0 && row.client_login.len > 0;
    if (r == 0)
        r = change(call, sql, &row);
    if (r == 0)
        r = change_client_api(call, sql, &row, &shown);
    if (r != 0)
        return r;
    row.updated_ms = batch_now_ms(batch);
    r = store_update_plugin(sql, &row);
    if (r == 0)
        r = committed(call, batch, &row, "plugin.update");
    if (r == 0)
        r = audit_client_api(call, batch, &row, was_on);
    if (r == 0)
        answer(call, &row, shown, 200);
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
