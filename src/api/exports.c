/* SPDX-License-Identifier: MIT
 * api/exports.c: the export profiles: what is sent of an order, how and where. */
#include "api/exports.h"

#include "api/handlers.h"
#include "base/redact.h"
#include "mapping/export_profile.h"
#include "mapping/export_server.h"

#define MINUTE_MS ((int64_t)60 * 1000)

/* ── from and to the store ── */

int exports_open(struct call *call, const struct endpoint_row *row, struct export_open *ret_open)
{
    const struct seal_key *key = call->api->context.seal_key;
    struct arena *arena = &call->request->arena;
    struct json_error error;
    json settings;
    str text;
    if (!unseal(key, row->url, arena, &ret_open->url) || !unseal(key, row->export, arena, &text) ||
        !json_read(arena, text, JSON_DEPTH_MAX, &settings, &error) ||
        !export_profile_read(settings, arena, &ret_open->profile))
        return fail(FAIL_CORRUPT);
    return 0;
}

void exports_seal(struct call *call, const struct export_open *open, struct endpoint_row *row)
{
    const struct seal_key *key = call->api->context.seal_key;
    struct arena *arena = &call->request->arena;
    row->url = seal(key, open->url, arena);
    row->export = seal(key, export_profile_write(&open->profile, arena), arena);
}

/* ── showing ── */

static const struct export_map *mask_map(const struct export_map *map, struct arena *arena)
{
    struct export_map *masked = ARENA_NEW(arena, struct export_map);
    struct export_row *rows = ARENA_ARRAY(arena, struct export_row, (size_t)map->row_count + 1);
    *masked = *map;
    masked->rows = rows;
    for (int i = 0; i < map->row_count; i++) {
        rows[i] = map->rows[i];
        if (export_row_is_secret(&rows[i]))
            rows[i].text = MASKED;
    }
    return masked;
}

static void write_map(struct call *call, const struct export_map *map)
{
    struct arena *arena = &call->request->arena;
    struct json_writer *out = &call->out;
    const struct export_map *shown = mask_map(map, arena);
    str object = STR("null");
    if (!export_map_write_object(shown, arena, &object))
        object = STR("null");
    json_member_raw(out, STR("mappings"), export_map_write(shown, arena));
    json_member_raw(out, STR("mappingObject"), object);
    json_member_bool(out, STR("allStrings"), map->all_strings);
}

static void write_server(struct call *call, const struct export_open *open)
{
    struct json_writer *out = &call->out;
    const struct export_profile *profile = &open->profile;
    struct export_server server = {};
    bool there = export_server_read(open->url, &call->request->arena, &server);
    json_member_text_or_null(out, STR("protocol"),
                             there ? export_protocol_name(server.protocol) : (str){});
    json_member_text_or_null(out, STR("host"), server.host);
    json_member_int_or_null(out, STR("port"), server.port);
    json_member_text_or_null(out, STR("directory"), server.directory);
    json_member_text_or_null(out, STR("user"), profile->user);
    json_member_text_or_null(out, STR("password"), profile->password.len > 0 ? MASKED : (str){});
    json_member_text_or_null(out, STR("hostKey"), profile->host_key);
}

static void write_settings(struct call *call, const struct export_open *open)
{
    struct json_writer *out = &call->out;
    const struct export_profile *profile = &open->profile;
    json_member_string(out, STR("type"), export_type_name(profile->type));
    json_member_text_or_null(out, STR("url"),
                             profile->type == EXPORT_POSTBACK ? open->url : (str){});
    json_member_int(out, STR("delayMinutes"), profile->delay_ms / MINUTE_MS);
    json_member_string(out, STR("mode"), profile->compatible ? STR("compatible") : STR("native"));
    write_map(call, profile->map);
    json_member_bool(out, STR("guardCells"), profile->guard_cells);
    json_member_text_or_null(out, STR("pciDocument"), profile->pci_document);
    write_server(call, open);
    json_member_int(out, STR("routeCount"), profile->route_count);
}

/* ── warnings ── */

static void warn_of_place(struct json_writer *out, const struct export_open *open)
{
    if (str_equal_nocase(str_head(open->url, 7), STR("http://")))
        json_add_string(out, STR("Orders go to this URL in clear. Better use https."));
    if (str_starts(open->url, STR("ftp://")))
        json_add_string(out, STR("Orders and the password go to this server in clear. Better use "
                                 "sftp or ftps."));
    if (str_starts(open->url, STR("sftp://")) && open->profile.host_key.len == 0)
        json_add_string(out, STR("No host key is pinned (hostKey): nothing is sent. The first "
                                 "attempt says which keys the server shows."));
}

static void warn_of_map(struct call *call, const struct export_profile *profile)
{
    const struct export_map *map = profile->map;
    struct export_warning warnings[EXPORT_WARNINGS_MAX];
    bool headers = false;
    if (map->row_count == 0)
        json_add_string(&call->out, STR("It has no field mappings: what is sent is empty."));
    for (int i = 0; i < map->row_count; i++)
        headers = headers || map->rows[i].role != EXPORT_PARAMETER;
    if (headers && profile->type != EXPORT_POSTBACK) {
        json_add_string(&call->out, STR("Rows of headers do nothing in files."));
        return;
    }
    int count = export_map_warnings(map, &call->request->arena, warnings);
    for (int i = 0; i < count; i++)
        json_add_string(&call->out, warnings[i].text);
}

static void warn_of_standing(struct json_writer *out, enum outlet_status status)
{
    if (status == OUTLET_PAUSED)
        json_add_string(out, STR("It is paused: what is due waits until it is active again."));
    if (status == OUTLET_DISABLED)
        json_add_string(out, STR("It is disabled: what is due waits until it is active again."));
}

int exports_warn(struct call *call, const struct endpoint_row *row, const struct export_open *open)
{
    struct outlet_texts texts = endpoint_texts(row);
    texts.files = open->profile.type != EXPORT_POSTBACK;
    if (open->profile.route_count == 0)
        json_add_string(&call->out, arena_format(&call->request->arena,
                                                 "It has no routes: nothing is sent. Add one: POST "
                                                 "/api/v1/export-profiles/%.*s/routes.",
                                                 STR_ARG(id_text(&call->request->arena,
                                                                 ID_EXPORT_PROFILE, row->id))));
    warn_of_standing(&call->out, row->status);
    warn_of_place(&call->out, open);
    warn_of_map(call, &open->profile);
    return outlets_warn(call, &texts);
}

/* ── one, and all ── */

static int write_profile(struct call *call, struct sql *sql, const struct endpoint_row *row)
{
    struct json_writer *out = &call->out;
    struct outlet_texts texts = endpoint_texts(row);
    struct export_open open = {};
    int r = exports_open(call, row, &open);
    if (r < 0)
        return fail(r);
    texts.files = open.profile.type != EXPORT_POSTBACK;
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_EXPORT_PROFILE, row->id);
    json_member_string(out, STR("name"), row->name);
    write_settings(call, &open);
    r = endpoints_write_state(call, sql, row);
    if (r == 0)
        r = outlets_write(call, &texts);
    json_key(out, STR("warnings"));
    json_begin_array(out);
    if (r == 0)
        r = exports_warn(call, row, &open);
    json_end_array(out);
    json_member_instant(out, STR("createdAt"), row->created_ms);
    json_member_instant(out, STR("updatedAt"), row->updated_ms);
    json_end_object(out);
    return fail(r);
}

int exports_list(struct call *call, struct sql *sql)
{
    return endpoints_list(call, sql, write_profile);
}

static int answer(struct call *call, struct sql *sql, const struct endpoint_row *row, int status)
{
    (void)call_json(call);
    int r = write_profile(call, sql, row);
    call_reply(call, status);
    return fail(r);
}

int exports_get(struct call *call, struct sql *sql)
{
    struct endpoint_row row;
    int r = endpoints_find(call, sql, &row);
    return r == 0 ? answer(call, sql, &row, 200) : r;
}

/* ── writing ── */

int exports_create(struct call *call, struct batch *batch)
{
    static const struct export_map nothing = { .method = STR_INIT("GET") };
    struct sql *sql = batch_sql(batch);
    struct export_open open = { .profile = { .map = &nothing } };
    struct endpoint_row row = { .organization = call->caller.organization,
                                .kind = ENDPOINT_EXPORT,
                                .event_types = STR("[]"),
                                .secret = seal(call->api->context.seal_key, (str){},
                                               &call->request->arena),
                                .status = OUTLET_ACTIVE,
                                .created_ms = batch_now_ms(batch),
                                .updated_ms = batch_now_ms(batch) };
    str type;
    if (!body_text(call, "type", &type) || !export_type_read(type, &open.profile.type))
        return fail(FAIL_CORRUPT); /* the schema has checked it */
    int r = endpoints_check_room(call, sql);
    if (r == 0)
        r = export_body_take(call, &open, &row);
    if (r != 0)
        return r;
    row.id = batch_draw_id(batch);
    call->made.id = row.id;
    exports_seal(call, &open, &row);
    r = store_insert_endpoint(sql, &row);
    if (r == 0)
        r = endpoints_changed(call, batch, &row, "create");
    if (r == 0)
        r = answer(call, sql, &row, 201);
    return fail(r);
}

/* Deliveries that wait would be of the other type. */
static int check_type(struct call *call, const struct export_profile *profile)
{
    str type;
    str is = export_type_name(profile->type);
    if (!body_text(call, "type", &type) || str_equal(type, is))
        return 0;
    call_wrong(call, "type", "locked",
               arena_format(&call->request->arena,
                            "Leave it at %.*s, or make another profile: it cannot be changed.",
                            STR_ARG(is)));
    return CALL_REFUSED;
}

int exports_change(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct endpoint_row row;
    struct export_open open = {};
    int r = endpoints_find(call, sql, &row);
    const struct endpoint_row before = row;
    if (r == 0)
        r = exports_open(call, &row, &open);
    if (r == 0)
        r = check_type(call, &open.profile);
    if (r == 0)
        r = endpoints_check_status(call, sql, &row);
    if (r == 0)
        r = export_body_take(call, &open, &row);
    if (r != 0)
        return r;
    row.updated_ms = batch_now_ms(batch);
    exports_seal(call, &open, &row);
    r = endpoints_update(call, batch, &before, &row);
    if (r == 0)
        r = answer(call, sql, &row, 200);
    return fail(r);
}
