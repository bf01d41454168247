/* SPDX-License-Identifier: MIT
 * account/picture_objects.c: what was valid when it was stored stays readable: limits that have been
 * lowered since do not make an organization unreadable. */
#include "account/picture_objects.h"

#include "base/buf.h"
#include "base/fail.h"
#include "base/redact.h"
#include "mapping/condition.h"
#include "mapping/definition.h"
#include "mapping/export_profile.h"
#include "model/outlet_json.h"
#include "store/access.h"
#include "store/catalog.h"
#include "store/config.h"
#include "store/plugins.h"
#include "json/json.h"
#include "json/write.h"

#define JSON_DEPTH 64

struct integration *picture_make_integration(const struct integration_row *row)
{
    struct integration *made = object_new(sizeof(*made));
    struct arena *arena = &made->object.arena;
    made->object.id = row->id;
    made->name = arena_str(arena, row->name);
    made->color = arena_str(arena, row->color);
    made->description = arena_str(arena, row->description);
    made->category = arena_str(arena, row->category);
    made->created_ms = row->created_ms;
    made->updated_ms = row->updated_ms;
    return made;
}

/* The columns as the API takes them, so that one reader does for both. */
static str definition_body(const struct definition_row *row, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    json_member_string(&writer, STR("context"), row->context);
    json_member_string(&writer, STR("name"), row->name);
    json_member_string(&writer, STR("alias"), row->alias);
    json_member_raw(&writer, STR("fields"), row->fields);
    json_end_object(&writer);
    return buf_str(&buf);
}

int picture_make_definition(const struct picture_source *source, const struct definition_row *row,
                            struct arena *arena, struct event_definition **ret_made)
{
    struct limits limits = *source->limits;
    limits.fields = INT64_MAX;
    struct json_error error;
    struct problem problem = {};
    json body;
    if (!json_read(arena, definition_body(row, arena), JSON_DEPTH, &body, &error))
        return fail(FAIL_CORRUPT);
    struct event_definition *made = object_new(sizeof(*made));
    made->object.id = row->id;
    made->integration = row->integration;
    made->created_ms = row->created_ms;
    made->updated_ms = row->updated_ms;
    if (!definition_read(made, body, &limits, arena, &problem)) {
        object_release(made);
        return fail(FAIL_CORRUPT);
    }
    *ret_made = made;
    return 0;
}

static int read_event_types(struct endpoint *endpoint, str text)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct json_error error;
    json list;
    if (!json_read(&scratch, text, JSON_DEPTH, &list, &error) || json_type(list) != JSON_ARRAY)
        return fail(FAIL_CORRUPT);
    struct arena *arena = &endpoint->object.arena;
    str *types = ARENA_ARRAY(arena, str, json_count(list));
    struct json_walk walk = json_walk(list);
    json item;
    while (json_next(&walk, NULL, &item))
        types[endpoint->event_type_count++] = arena_str(arena, json_string(item));
    endpoint->event_types = types;
    return 0;
}

/* Sealed JSON; empty: an absent value. */
static int unseal_json(const struct picture_source *source, str sealed, struct arena *arena,
                       json *ret_value)
{
    str text;
    struct json_error error;
    *ret_value = NULL;
    if (sealed.len == 0)
        return 0;
    if (!unseal(source->seal_key, sealed, arena, &text) ||
        !json_read(arena, text, JSON_DEPTH, ret_value, &error))
        return fail(FAIL_CORRUPT);
    return 0;
}

static int read_delivery_settings(const struct picture_source *source,
                                  const struct endpoint_row *row, struct endpoint *made)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct arena *arena = &made->object.arena;
    struct json_error error;
    json policy = NULL;
    json transport = NULL;
    json secrets = NULL;
    made->policy = policy_of(row->kind);
    int r = unseal_json(source, row->transport, &scratch, &transport);
    if (r == 0)
        r = unseal_json(source, row->old_secrets, &scratch, &secrets);
    if (r == 0 && row->policy.len > 0 &&
        !json_read(&scratch, row->policy, JSON_DEPTH, &policy, &error))
        r = FAIL_CORRUPT;
    if (r < 0)
        return fail(r);
    if (row->policy.len > 0)
        policy_take(&made->policy, policy, arena);
    transport_take(&made->transport, transport, arena);
    if (!old_secrets_read(secrets, arena, &made->old_secrets, &made->old_secret_count))
        return fail(FAIL_CORRUPT);
    return 0;
}

/* The map's header rows, but for the type: that is fixed with the content. */
static void take_headers(const struct export_map *map, struct arena *arena,
                         struct transport *transport)
{
    struct header_line *headers =
        ARENA_ARRAY(arena, struct header_line, (size_t)map->row_count + 1);
    for (int i = 0; i < map->row_count; i++) {
        const struct export_row *row = &map->rows[i];
        if (row->role == EXPORT_HEADER && !str_equal_nocase(row->header, STR("Content-Type")))
            headers[transport->header_count++] = (struct header_line){
                .name = row->header, .value = row->text, .secret = redact_name(row->header)
            };
    }
    transport->headers = headers;
}

/* None of what an export profile has is missing. */
static int read_export(const struct picture_source *source, const struct endpoint_row *row,
                       struct endpoint *made)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct arena *arena = &made->object.arena;
    struct export_profile *profile = ARENA_NEW(arena, struct export_profile);
    json settings = NULL;
    int r = unseal_json(source, row->export, &scratch, &settings);
    if (r < 0)
        return fail(r);
    if (!export_profile_read(settings, arena, profile))
        return fail(FAIL_CORRUPT);
    made->export = profile;
    if (profile->type != EXPORT_POSTBACK)
        policy_take_files(&made->policy);
    made->transport.header_count = 0;
    take_headers(profile->map, arena, &made->transport);
    return 0;
}

int picture_make_endpoint(const struct picture_source *source, const struct endpoint_row *row,
                          struct endpoint **ret_made)
{
    void *CLEANUP(object_releasep) object = object_new(sizeof(struct endpoint));
    struct endpoint *made = object;
    struct arena *arena = &made->object.arena;
    made->object.id = row->id;
    made->kind = row->kind;
    made->organization = row->organization;
    made->name = arena_str(arena, row->name);
    made->format = row->format;
    made->signing = row->signing;
    made->status = row->status;
    made->status_reason = arena_str(arena, row->status_reason);
    made->created_ms = row->created_ms;
    made->updated_ms = row->updated_ms;
    if (!unseal(source->seal_key, row->url, arena, &made->url) ||
        !unseal(source->seal_key, row->secret, arena, &made->secret))
        return fail(FAIL_CORRUPT);
    int r = read_event_types(made, row->event_types);
    if (r == 0)
        r = read_delivery_settings(source, row, made);
    if (r == 0 && row->filter.len > 0 &&
        !conditions_read_stored(row->filter, (str){}, arena, &made->filter))
        r = FAIL_CORRUPT;
    if (r == 0 && made->kind == ENDPOINT_EXPORT)
        r = read_export(source, row, made);
    if (r < 0)
        return fail(r);
    made->filter_points = made->filter == NULL ? 0 : conditions_cost(made->filter);
    object = NULL;
    *ret_made = made;
    return 0;
}

int picture_make_api_key(const struct api_key_row *row, struct api_key **ret_made)
{
    void *CLEANUP(object_releasep) object = object_new(sizeof(struct api_key));
    struct api_key *made = object;
    struct arena *arena = &made->object.arena;
    str wrong;
    made->object.id = row->id;
    made->name = arena_str(arena, row->name);
    made->scopes = row->scopes;
    made->rate_per_minute = row->rate_per_minute;
    made->created_ms = row->created_ms;
    made->expires_ms = row->expires_ms;
    if (row->hash.len != DIGEST_SIZE ||
        !cidr_list_read(row->allowed_addresses, arena, &made->allowed, &wrong))
        return fail(FAIL_CORRUPT);
    memcpy(made->hash.bytes, row->hash.ptr, DIGEST_SIZE);
    object = NULL;
    *ret_made = made;
    return 0;
}

int picture_make_plugin(const struct picture_source *source, const struct plugin_row *row,
                        struct plugin **ret_made)
{
    void *CLEANUP(object_releasep) object = object_new(sizeof(struct plugin));
    struct plugin *made = object;
    struct arena *arena = &made->object.arena;
    made->object.id = row->id;
    made->organization = row->organization;
    made->type = arena_str(arena, row->type);
    made->name = arena_str(arena, row->name);
    made->campaign = row->campaign;
    made->import_unknown_skus = row->import_unknown_skus;
    made->created_ms = row->created_ms;
    made->updated_ms = row->updated_ms;
    made->client_login = arena_str(arena, row->client_login);
    if (!unseal(source->seal_key, row->secret, arena, &made->secret) ||
        (row->client_login.len > 0 &&
         !unseal(source->seal_key, row->client_password, arena, &made->client_password)))
        return fail(FAIL_CORRUPT);
    object = NULL;
    *ret_made = made;
    return 0;
}

struct campaign *picture_make_campaign(const struct campaign_row *row)
{
    struct campaign *made = object_new_compact(sizeof(*made), row->name.len);
    made->object.id = row->id;
    made->number = row->number;
    made->name = arena_str(&made->object.arena, row->name);
    made->created_ms = row->created_ms;
    made->updated_ms = row->updated_ms;
    return made;
}

struct product *picture_make_product(const struct product_row *row)
{
    struct product *made = object_new_compact(sizeof(*made), row->name.len);
    made->object.id = row->id;
    made->number = row->number;
    made->name = arena_str(&made->object.arena, row->name);
    made->price = row->price;
    made->recurring = row->recurring;
    made->created_ms = row->created_ms;
    made->updated_ms = row->updated_ms;
    return made;
}
