/* SPDX-License-Identifier: MIT
 * account/picture.c: one reader for each kind of object, in a table: a row becomes an object that
 * lives in an arena of its own. What was valid when it was stored stays readable: limits that have
 * been lowered since do not make an organization unreadable. */
#include "account/picture.h"

#include "base/buf.h"
#include "base/fail.h"
#include "base/redact.h"
#include "base/zones.h"
#include "mapping/condition.h"
#include "mapping/definition.h"
#include "mapping/export_profile.h"
#include "model/names.h"
#include "model/outlet_json.h"
#include "store/access.h"
#include "store/catalog.h"
#include "store/config.h"
#include "store/plugins.h"
#include "json/json.h"
#include "json/write.h"

#define JSON_DEPTH 64
#define ROWS_AT_ONCE 200

/* ── from rows to objects ── */

static struct integration *make_integration(const struct integration_row *row)
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

static int make_definition(const struct picture_source *source, const struct definition_row *row,
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
    made->transport.header_count = 0;
    take_headers(profile->map, arena, &made->transport);
    return 0;
}

static int make_endpoint(const struct picture_source *source, const struct endpoint_row *row,
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

static int make_api_key(const struct api_key_row *row, struct api_key **ret_made)
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

static int make_plugin(const struct picture_source *source, const struct plugin_row *row,
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

static struct campaign *make_campaign(const struct campaign_row *row)
{
    struct campaign *made = object_new_compact(sizeof(*made), row->name.len);
    made->object.id = row->id;
    made->number = row->number;
    made->name = arena_str(&made->object.arena, row->name);
    made->created_ms = row->created_ms;
    made->updated_ms = row->updated_ms;
    return made;
}

static struct product *make_product(const struct product_row *row)
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

/* ── one object ── */

static int read_integration(const struct picture_source *source, int64_t organization, int64_t id,
                            struct arena *arena, struct object **ret_object)
{
    struct integration_row row;
    int r = store_read_integration(source->sql, organization, id, arena, &row);
    if (r == 0) {
        struct integration *made = make_integration(&row);
        *ret_object = &made->object;
    }
    return r;
}

static int read_definition(const struct picture_source *source, int64_t organization, int64_t id,
                           struct arena *arena, struct object **ret_object)
{
    struct definition_row row;
    struct event_definition *made = NULL;
    int r = store_read_definition(source->sql, organization, id, arena, &row);
    if (r == 0)
        r = make_definition(source, &row, arena, &made);
    if (r == 0)
        *ret_object = &made->object;
    return r;
}

static int read_endpoint(const struct picture_source *source, int64_t organization, int64_t id,
                         struct arena *arena, struct object **ret_object)
{
    struct endpoint_row row;
    struct endpoint *made = NULL;
    int r = store_read_endpoint(source->sql, organization, id, arena, &row);
    if (r == 0 && row.status == OUTLET_DELETED)
        return STORE_NOT_FOUND;
    if (r == 0)
        r = make_endpoint(source, &row, &made);
    if (r == 0)
        *ret_object = &made->object;
    return r;
}

static int read_api_key(const struct picture_source *source, int64_t organization, int64_t id,
                        struct arena *arena, struct object **ret_object)
{
    struct api_key_row row;
    struct api_key *made = NULL;
    int r = store_read_api_key(source->sql, organization, id, arena, &row);
    if (r == 0)
        r = make_api_key(&row, &made);
    if (r == 0)
        *ret_object = &made->object;
    return r;
}

static int read_plugin(const struct picture_source *source, int64_t organization, int64_t id,
                       struct arena *arena, struct object **ret_object)
{
    struct plugin_row row;
    struct plugin *made = NULL;
    int r = store_read_plugin(source->sql, organization, id, arena, &row);
    if (r == 0)
        r = make_plugin(source, &row, &made);
    if (r == 0)
        *ret_object = &made->object;
    return r;
}

static int read_campaign(const struct picture_source *source, int64_t organization, int64_t id,
                         struct arena *arena, struct object **ret_object)
{
    struct campaign_row row;
    int r = store_read_campaign(source->sql, organization, id, arena, &row);
    if (r == 0) {
        struct campaign *made = make_campaign(&row);
        *ret_object = &made->object;
    }
    return r;
}

static int read_product(const struct picture_source *source, int64_t organization, int64_t id,
                        struct arena *arena, struct object **ret_object)
{
    struct product_row row;
    int r = store_read_product(source->sql, organization, id, arena, &row);
    if (r == 0) {
        struct product *made = make_product(&row);
        *ret_object = &made->object;
    }
    return r;
}

int picture_read_object(const struct picture_source *source, int64_t organization,
                        enum object_kind kind, int64_t id, struct object **ret_object)
{
    static int (*const readers[OBJECT_KINDS])(const struct picture_source *, int64_t, int64_t,
                                              struct arena *, struct object **) = {
        [OBJECT_INTEGRATION] = read_integration, [OBJECT_DEFINITION] = read_definition,
        [OBJECT_ENDPOINT] = read_endpoint,       [OBJECT_API_KEY] = read_api_key,
        [OBJECT_CAMPAIGN] = read_campaign,       [OBJECT_PLUGIN] = read_plugin,
        [OBJECT_PRODUCT] = read_product,
    };
    assert(kind < OBJECT_KINDS);
    struct arena CLEANUP(arena_done) scratch = {};
    return fail(readers[kind](source, organization, id, &scratch, ret_object));
}

/* ── all of a kind, newest first, some at a time ── */

/* Lists of a picture are sorted by id, oldest first: what is put there in the order of the pages would
 * move all the others each time. */
struct gathered {
    struct gathered_object {
        struct gathered_object *younger;
        enum object_kind kind;
        void *object;
    } * oldest;
    struct arena arena;
};

/* Takes the reference. */
static void gather(struct gathered *gathered, enum object_kind kind, void *object)
{
    struct gathered_object *node = ARENA_NEW(&gathered->arena, struct gathered_object);
    *node = (struct gathered_object){ .younger = gathered->oldest, .kind = kind, .object = object };
    gathered->oldest = node;
}

static void put_gathered(struct gathered *gathered, struct picture *picture)
{
    for (struct gathered_object *at = gathered->oldest; at != NULL; at = at->younger)
        picture_put(picture, at->kind, at->object);
    arena_done(&gathered->arena);
}

static int add_integrations(const struct picture_source *source, struct store_page *page,
                            struct gathered *gathered, int *ret_count)
{
    struct integration_row *rows = ARENA_ARRAY(page->arena, struct integration_row, ROWS_AT_ONCE);
    int r = store_list_integrations(source->sql, page, (str){}, rows, ret_count);
    for (int i = 0; r == 0 && i < *ret_count; i++) {
        gather(gathered, OBJECT_INTEGRATION, make_integration(&rows[i]));
        page->before = rows[i].id;
    }
    return fail(r);
}

static int add_definitions(const struct picture_source *source, struct store_page *page,
                           struct gathered *gathered, int *ret_count)
{
    struct definition_row *rows = ARENA_ARRAY(page->arena, struct definition_row, ROWS_AT_ONCE);
    int r = store_list_definitions(source->sql, page, 0, rows, ret_count);
    for (int i = 0; r == 0 && i < *ret_count; i++) {
        struct event_definition *made = NULL;
        r = make_definition(source, &rows[i], page->arena, &made);
        if (r == 0)
            gather(gathered, OBJECT_DEFINITION, made);
        page->before = rows[i].id;
    }
    return fail(r);
}

static int add_endpoints(const struct picture_source *source, struct store_page *page,
                         enum endpoint_kind kind, struct gathered *gathered, int *ret_count)
{
    struct endpoint_row *rows = ARENA_ARRAY(page->arena, struct endpoint_row, ROWS_AT_ONCE);
    int r = store_list_endpoints(source->sql, page, kind, rows, ret_count);
    for (int i = 0; r == 0 && i < *ret_count; i++) {
        struct endpoint *made = NULL;
        r = make_endpoint(source, &rows[i], &made);
        if (r == 0)
            gather(gathered, OBJECT_ENDPOINT, made);
        page->before = rows[i].id;
    }
    return fail(r);
}

static int add_webhooks(const struct picture_source *source, struct store_page *page,
                        struct gathered *gathered, int *ret_count)
{
    return add_endpoints(source, page, ENDPOINT_WEBHOOK, gathered, ret_count);
}

static int add_export_profiles(const struct picture_source *source, struct store_page *page,
                               struct gathered *gathered, int *ret_count)
{
    return add_endpoints(source, page, ENDPOINT_EXPORT, gathered, ret_count);
}

static int add_api_keys(const struct picture_source *source, struct store_page *page,
                        struct gathered *gathered, int *ret_count)
{
    struct api_key_row *rows = ARENA_ARRAY(page->arena, struct api_key_row, ROWS_AT_ONCE);
    int r = store_list_api_keys(source->sql, page, rows, ret_count);
    for (int i = 0; r == 0 && i < *ret_count; i++) {
        struct api_key *made = NULL;
        r = make_api_key(&rows[i], &made);
        if (r == 0)
            gather(gathered, OBJECT_API_KEY, made);
        page->before = rows[i].id;
    }
    return fail(r);
}

static int add_plugins(const struct picture_source *source, struct store_page *page,
                       struct gathered *gathered, int *ret_count)
{
    struct plugin_row *rows = ARENA_ARRAY(page->arena, struct plugin_row, ROWS_AT_ONCE);
    int r = store_list_plugins(source->sql, page, rows, ret_count);
    for (int i = 0; r == 0 && i < *ret_count; i++) {
        struct plugin *made = NULL;
        r = make_plugin(source, &rows[i], &made);
        if (r == 0)
            gather(gathered, OBJECT_PLUGIN, made);
        page->before = rows[i].id;
    }
    return fail(r);
}

static int add_campaigns(const struct picture_source *source, struct store_page *page,
                         struct gathered *gathered, int *ret_count)
{
    struct campaign_row *rows = ARENA_ARRAY(page->arena, struct campaign_row, ROWS_AT_ONCE);
    int r = store_list_campaigns(source->sql, page, rows, ret_count);
    for (int i = 0; r == 0 && i < *ret_count; i++) {
        gather(gathered, OBJECT_CAMPAIGN, make_campaign(&rows[i]));
        page->before = rows[i].id;
    }
    return fail(r);
}

static int add_products(const struct picture_source *source, struct store_page *page,
                        struct gathered *gathered, int *ret_count)
{
    struct product_row *rows = ARENA_ARRAY(page->arena, struct product_row, ROWS_AT_ONCE);
    int r = store_list_products(source->sql, page, rows, ret_count);
    for (int i = 0; r == 0 && i < *ret_count; i++) {
        gather(gathered, OBJECT_PRODUCT, make_product(&rows[i]));
        page->before = rows[i].id;
    }
    return fail(r);
}

static int gather_all(const struct picture_source *source, int64_t organization,
                      int (*add)(const struct picture_source *, struct store_page *,
                                 struct gathered *, int *),
                      struct gathered *gathered)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct store_page page = { .organization = organization,
                               .before = STORE_NEWEST,
                               .limit = ROWS_AT_ONCE,
                               .arena = &scratch };
    int count;
    do {
        arena_reset(&scratch, (size_t)MIB);
        count = 0;
        int r = add(source, &page, gathered, &count);
        if (r < 0)
            return fail(r);
    } while (count == ROWS_AT_ONCE);
    return 0;
}

/* After a failure the picture has what was read before. */
static int add_all(const struct picture_source *source, struct picture *picture,
                   int (*add)(const struct picture_source *, struct store_page *, struct gathered *,
                              int *))
{
    struct gathered gathered = {};
    int r = gather_all(source, picture->object.id, add, &gathered);
    put_gathered(&gathered, picture);
    return fail(r);
}

/* ── pictures ── */

/* One that was there when it was chosen, and is gone from the system: UTC. */
static const struct zone *find_zone(struct zones *zones, str name)
{
    const struct zone *zone = zones_find(zones, name);
    return zone != NULL ? zone : zones_find(zones, STR("UTC"));
}

int picture_read_organization(const struct picture_source *source, struct picture *picture)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct arena *arena = &picture->object.arena;
    struct organization_row row;
    int r = store_read_organization(source->sql, picture->object.id, &scratch, &row);
    if (r != 0)
        return r;
    str wrong;
    picture->webhook_secret = (str){};
    if (row.uuid.len != UUID_TEXT_LEN ||
        !cidr_list_read(row.allowed_addresses, arena, &picture->allowed, &wrong) ||
        (row.webhook_secret.len > 0 &&
         !unseal(source->seal_key, row.webhook_secret, arena, &picture->webhook_secret)))
        return fail(FAIL_CORRUPT);
    memcpy(picture->uuid, row.uuid.ptr, UUID_TEXT_LEN);
    picture->version = row.version;
    picture->name = arena_str(arena, row.name);
    picture->rate_per_minute = row.rate_per_minute;
    picture->zone = find_zone(source->zones, row.time_zone);
    return 0;
}

int picture_read(const struct picture_source *source, int64_t organization,
                 struct picture **ret_picture)
{
    void *CLEANUP(object_releasep) object = picture_new(organization);
    struct picture *picture = object;
    int r = picture_read_organization(source, picture);
    if (r == 0)
        r = add_all(source, picture, add_integrations);
    if (r == 0)
        r = add_all(source, picture, add_definitions);
    if (r == 0)
        r = add_all(source, picture, add_webhooks);
    if (r == 0)
        r = add_all(source, picture, add_export_profiles);
    if (r == 0)
        r = add_all(source, picture, add_api_keys);
    if (r == 0)
        r = add_all(source, picture, add_campaigns);
    if (r == 0)
        r = add_all(source, picture, add_products);
    if (r == 0)
        r = add_all(source, picture, add_plugins);
    if (r != 0)
        return fail(r);
    picture_finish(picture);
    object = NULL;
    *ret_picture = picture;
    return 0;
}

int picture_find_by_uuid(struct sql *sql, str uuid, int64_t *ret_organization)
{
    return store_find_organization_by_uuid(sql, uuid, ret_organization);
}

int picture_find_by_key(struct sql *sql, const struct digest *hash, int64_t *ret_organization)
{
    return store_find_organization_by_key(sql, hash, ret_organization);
}

int picture_find_by_login(struct sql *sql, str login, int64_t *ret_organization)
{
    int64_t plugin;
    return store_find_login(sql, login, ret_organization, &plugin);
}

int picture_each_endpoint(const struct picture_source *source,
                          void (*each)(void *context, struct endpoint *endpoint), void *context)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct store_page page = { .before = STORE_NEWEST, .limit = ROWS_AT_ONCE, .arena = &scratch };
    int count = 0;
    do {
        arena_reset(&scratch, (size_t)MIB);
        struct endpoint_row *rows = ARENA_ARRAY(&scratch, struct endpoint_row, ROWS_AT_ONCE);
        int r = store_list_all_endpoints(source->sql, &page, rows, &count);
        for (int i = 0; r == 0 && i < count; i++) {
            struct endpoint *made = NULL;
            r = make_endpoint(source, &rows[i], &made);
            if (r == 0)
                each(context, made);
            page.before = rows[i].id;
        }
        if (r < 0)
            return fail(r);
    } while (count == ROWS_AT_ONCE);
    return 0;
}
