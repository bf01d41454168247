/* SPDX-License-Identifier: MIT
 * api/export_body.c: what a body says of an export profile: each member by itself, on a loop; then,
 * over what is stored, the whole. */
#include "api/exports.h"
#include "api/handlers.h"
#include "base/redact.h"
#include "delivery/upload.h"
#include "delivery/url.h"
#include "mapping/export_profile.h"
#include "mapping/export_server.h"
#include "model/names.h"

#define MINUTE_MS ((int64_t)60 * 1000)

/* What the check has read. */
struct given {
    str url;                      /* empty: not given */
    const struct export_map *map; /* NULL: not given */
};

/* ── each by itself ── */

static void check_url(struct call *call, struct given *given)
{
    if (!body_text(call, "url", &given->url))
        return;
    str wrong = export_url_check(given->url);
    if (wrong.len == 0)
        wrong =
            url_fault(given->url, false, &call->api->context.allow_egress, &call->request->arena);
    if (wrong.len > 0)
        call_wrong(call, "url", "format", wrong);
}

static void check_host(struct call *call)
{
    struct arena *arena = &call->request->arena;
    const struct cidr_list *allow = &call->api->context.allow_egress;
    struct export_server server = { .port = 80 };
    if (!body_text(call, "host", &server.host))
        return;
    if (!export_host_is_valid(server.host)) {
        call_wrong(call, "host", "format",
                   STR("Send a host name or an address alone, in ASCII: ftp.example.org."));
        return;
    }
    /* Judged like the host of any other target. */
    bool is_address = str_index(server.host, ':') >= 0;
    str url =
        arena_format(arena, is_address ? "http://[%.*s]/" : "http://%.*s/", STR_ARG(server.host));
    str wrong = url_fault(url, false, allow, arena);
    if (wrong.len > 0)
        call_wrong(call, "host", "format", wrong);
}

static void check_server(struct call *call)
{
    static const struct {
        const char *name;
        str (*fault)(str value);
    } members[] = {
        { "user", upload_login_fault },
        { "password", upload_login_fault },
        { "directory", upload_directory_fault },
        { "hostKey", upload_host_keys_fault },
    };

    for (size_t i = 0; i < COUNT_OF(members); i++) {
        str wrong = members[i].fault(json_string(json_get(call->body, str_c(members[i].name))));
        if (wrong.len > 0)
            call_wrong(call, members[i].name, "format", wrong);
    }
    if (str_starts(json_string(json_get(call->body, STR("directory"))), STR("/~")))
        call_wrong(call, "directory", "format",
                   STR("Leave out /~: a directory without a slash in front is meant from where the "
                       "login leads."));
}

static void check_mappings(struct call *call, struct given *given)
{
    struct arena *arena = &call->request->arena;
    struct problem problem = {};
    const struct export_map_input input = {
        .value = json_get(call->body, STR("mappings")),
        .pointer = STR("/mappings"),
        .max_rows = (int)call->api->context.limits->export_rows,
        .all_strings = json_bool(json_get(call->body, STR("allStrings"))),
        .kept = arena,
        .arena = arena,
    };
    if (input.value == NULL || export_map_read(&input, &problem, &given->map))
        return;
    for (const struct field_error *at = problem.errors; at != NULL; at = at->next)
        problem_add(&call->problem, arena, *at);
}

bool exports_check(struct call *call)
{
    struct given *given = ARENA_NEW(&call->request->arena, struct given);
    call->parsed = given;
    check_url(call, given);
    check_host(call);
    check_server(call);
    check_mappings(call, given);
    outlets_check(call);
    return !problem_has(&call->problem);
}

/* ── the whole ── */

static bool is_given(const struct call *call, const char *name)
{
    json value = json_get(call->body, str_c(name));
    return value != NULL && json_type(value) != JSON_NULL;
}

/* What the type has no use for is refused rather than kept and never used. */
static void check_members(struct call *call, enum export_type type)
{
    static const struct {
        const char *name;
        enum export_type type;
    } members[] = {
        { "url", EXPORT_POSTBACK }, { "auth", EXPORT_POSTBACK }, { "protocol", EXPORT_FTP },
        { "host", EXPORT_FTP },     { "port", EXPORT_FTP },      { "user", EXPORT_FTP },
        { "password", EXPORT_FTP }, { "hostKey", EXPORT_FTP },   { "directory", EXPORT_FTP },
    };

    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (members[i].type != type && is_given(call, members[i].name))
            call_wrong(call, members[i].name, "conflict",
                       arena_format(&call->request->arena,
                                    "Leave it out: it goes with a profile of type %.*s, and this "
                                    "one is %.*s.",
                                    STR_ARG(export_type_name(members[i].type)),
                                    STR_ARG(export_type_name(type))));
}

/* policy_take_files(): what a body says of it may be just that. */
static void check_order(struct call *call)
{
    str order;
    int64_t concurrency;
    if (body_text(call, "order", &order) && !str_equal(order, outlet_order_name(ORDER_NONE)))
        call_wrong(call, "order", "option", STR("Send none: the rows of a file go with it."));
    if (body_int(call, "concurrency", &concurrency) && concurrency != 1)
        call_wrong(call, "concurrency", "range", STR("Send 1: files go one behind another."));
}

static void take_settings(struct call *call, struct export_profile *profile)
{
    str mode;
    int64_t minutes;
    if (body_int(call, "delayMinutes", &minutes))
        profile->delay_ms = minutes * MINUTE_MS;
    if (body_text(call, "mode", &mode))
        profile->compatible = str_equal(mode, STR("compatible"));
    (void)body_bool(call, "guardCells", &profile->guard_cells);
    (void)body_text(call, "pciDocument", &profile->pci_document);
    (void)body_text(call, "user", &profile->user);
    (void)body_text(call, "hostKey", &profile->host_key);
}

/* ── where ── */

static void require(struct call *call, const char *member, bool there)
{
    if (!there)
        call_wrong(call, member, "required", STR("This value is missing."));
}

/* libcurl's commands behind the file read such a path otherwise than its URL. */
static void check_home(struct call *call, const struct export_server *server)
{
    str directory = server->directory;
    bool is_home = str_equal(str_cut(&directory, '/'), STR("~"));
    bool given = is_given(call, "directory") || is_given(call, "protocol");
    if (given && is_home && server->protocol == EXPORT_SFTP)
        call_wrong(call, "directory", "format",
                   STR("Leave out ~: a directory without a slash in front is meant from where the "
                       "login leads, and without one that place itself."));
}

static str take_server(struct call *call, const struct export_open *open)
{
    struct arena *arena = &call->request->arena;
    struct export_server server = {};
    bool before = export_server_read(open->url, arena, &server);
    enum export_protocol protocol = server.protocol;
    int64_t port;
    str name = {};
    if (body_text(call, "protocol", &name) && !export_protocol_read(name, &server.protocol))
        return (str){}; /* the schema has refused it */
    if (!before || server.protocol != protocol)
        server.port = export_protocol_port(server.protocol);
    if (body_int(call, "port", &port))
        server.port = (int)port;
    (void)body_text(call, "host", &server.host);
    (void)body_text(call, "directory", &server.directory);
    check_home(call, &server);
    require(call, "protocol", before || name.len > 0);
    require(call, "host", server.host.len > 0);
    require(call, "user", open->profile.user.len > 0);
    if (open->profile.host_key.len > 0 && server.protocol != EXPORT_SFTP)
        call_wrong(call, "hostKey", "conflict",
                   STR("Leave it out, or send null: a host key is pinned of sftp servers only."));
    return export_server_url(&server, arena);
}

/* The new URL, in the clear. */
static str take_url(struct call *call, const struct export_open *open)
{
    const struct given *given = call->parsed;
    switch (open->profile.type) {
    case EXPORT_POSTBACK:
        require(call, "url", given->url.len > 0 || open->url.len > 0);
        return given->url.len > 0 ? given->url : open->url;
    case EXPORT_FTP:
        return take_server(call, open);
    case EXPORT_CSV:
        break;
    }
    return (str){};
}

/* ── secrets ── */

bool export_row_is_secret(const struct export_row *row)
{
    return row->role == EXPORT_HEADER && redact_name(row->header);
}

/* "mappings/3/static", or "mappings/header:Authorization" of an object. */
static const char *place_of(struct call *call, const struct export_map *map, int index)
{
    struct arena *arena = &call->request->arena;
    struct buf pointer;
    if (json_type(json_get(call->body, STR("mappings"))) != JSON_OBJECT)
        return arena_c(arena, arena_format(arena, "mappings/%d/static", index));
    buf_init(&pointer, arena, SIZE_MAX / 2);
    buf_add(&pointer, STR("mappings"));
    json_pointer_add(&pointer, map->rows[index].name);
    return arena_c(arena, buf_str(&pointer));
}

static const struct export_row *find_header(const struct export_map *map, str header)
{
    for (int i = 0; map != NULL && i < map->row_count; i++)
        if (map->rows[i].role == EXPORT_HEADER && str_equal_nocase(map->rows[i].header, header))
            return &map->rows[i];
    return NULL;
}

/* A header that comes as it was shown keeps its value, unless that would go to another host. */
static void keep_value(struct call *call, const struct export_map *before,
                       const struct export_map *map, struct export_row *row, bool elsewhere)
{
    const char *at = place_of(call, map, (int)(row - map->rows));
    const struct export_row *kept = find_header(before, row->header);
    if (!str_equal(row->text, MASKED) || kept == NULL)
        call_wrong(call, at, "format",
                   STR("This is what a secret is shown as: send the secret itself."));
    else if (elsewhere)
        call_wrong(call, at, "required",
                   STR("The change leads to another host: send this secret again, or leave the "
                       "row out."));
    else
        row->text = kept->text;
}

static bool holds_mask(str text)
{
    return text.len > 0 && memmem(text.ptr, text.len, MASKED.ptr, MASKED.len) != NULL;
}

static const struct export_map *take_new_map(struct call *call, const struct export_map *before,
                                             const struct export_map *given, bool elsewhere)
{
    struct arena *arena = &call->request->arena;
    struct export_map *map = ARENA_NEW(arena, struct export_map);
    struct export_row *rows = ARENA_ARRAY(arena, struct export_row, (size_t)given->row_count + 1);
    *map = *given;
    map->rows = rows;
    for (int i = 0; i < map->row_count; i++) {
        rows[i] = given->rows[i];
        if (export_row_is_secret(&rows[i]) && holds_mask(rows[i].text))
            keep_value(call, before, map, &rows[i], elsewhere);
    }
    if (before != NULL && !is_given(call, "allStrings"))
        map->all_strings = before->all_strings;
    return map;
}

static const struct export_map *take_old_map(struct call *call, const struct export_map *before,
                                             bool elsewhere)
{
    for (int i = 0; elsewhere && i < before->row_count; i++)
        if (export_row_is_secret(&before->rows[i]))
            call_wrong(call, "mappings", "required",
                       arena_format(&call->request->arena,
                                    "The change leads to another host: send the mappings again, "
                                    "with the value of %.*s, or without it.",
                                    STR_ARG(before->rows[i].name)));
    struct export_map *map = ARENA_NEW(&call->request->arena, struct export_map);
    *map = *before;
    (void)body_bool(call, "allStrings", &map->all_strings);
    return map;
}

/* As it is sent, spaces at its ends included. */
static void take_password(struct call *call, struct export_profile *profile, bool elsewhere)
{
    json value = json_get(call->body, STR("password"));
    str text = json_string(value);
    bool kept = value == NULL || str_equal(text, MASKED);
    if (!kept && holds_mask(text))
        call_wrong(call, "password", "format",
                   STR("This is what a secret is shown as: send the secret itself."));
    else if (kept && elsewhere && profile->password.len > 0)
        call_wrong(call, "password", "required",
                   STR("The change leads to another host: send the password again."));
    else if (!kept)
        profile->password = text;
}

/* ── all of it ── */

static void check_map(struct call *call, const struct export_profile *profile, bool authorizes)
{
    if (export_map_needs_pci(profile->map) && profile->pci_document.len == 0)
        call_wrong(call, "pciDocument", "required",
                   STR("A field is mapped that holds card or bank account data: name the document "
                       "that allows it, or leave out the rows of such fields."));
    if (authorizes && find_header(profile->map, STR("Authorization")) != NULL)
        call_wrong(call, "mappings", "conflict",
                   STR("Send either auth or a row header:Authorization."));
}

static bool leads_elsewhere(str before, str after)
{
    return before.len > 0 && after.len > 0 && !url_same_place(before, after);
}

int export_body_take(struct call *call, struct export_open *open, struct endpoint_row *row)
{
    const struct given *given = call->parsed;
    struct export_profile *profile = &open->profile;
    struct outlet_texts texts = endpoint_texts(row);
    check_members(call, profile->type);
    if (profile->type != EXPORT_POSTBACK)
        check_order(call);
    take_settings(call, profile);
    str url = take_url(call, open);
    texts.elsewhere = leads_elsewhere(open->url, url);
    int r = outlets_change(call, &texts);
    if (r != 0)
        return r;
    profile->map = given->map != NULL
                       ? take_new_map(call, profile->map, given->map, texts.elsewhere)
                       : take_old_map(call, profile->map, texts.elsewhere);
    take_password(call, profile, texts.elsewhere);
    check_map(call, profile, texts.authorizes);
    if (profile->type == EXPORT_FTP &&
        outlets_gives_up(&call->request->arena, ENDPOINT_EXPORT, texts.policy))
        call_wrong(call, "retry", "option",
                   STR("Send retries null: a file's rows wait until it is uploaded."));
    if (problem_has(&call->problem))
        return CALL_REFUSED;
    open->url = url;
    (void)body_text(call, "name", &row->name);
    row->policy = texts.policy;
    row->transport = texts.transport;
    endpoint_take_status(call, row);
    return 0;
}
