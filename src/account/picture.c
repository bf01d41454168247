/* SPDX-License-Identifier: MIT
 * account/picture.c: one reader for each kind of object, in a table; all of a kind, a page at a time;
 * the organization itself. picture_objects.c makes an object of a row. */
#include "account/picture.h"

#include "account/picture_objects.h"
#include "base/fail.h"
#include "base/zones.h"
#include "model/names.h"
#include "store/access.h"
#include "store/catalog.h"
#include "store/config.h"
#include "store/plugins.h"

#define ROWS_AT_ONCE 200

/* ── one object ── */

static int read_integration(const struct picture_source *source, int64_t organization, int64_t id,
                            struct arena *arena, struct object **ret_object)
{
    struct integration_row row;
    int r = store_read_integration(source->sql, organization, id, arena, &row);
    if (r == 0) {
        struct integration *made = picture_make_integration(&row);
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
        r = picture_make_definition(source, &row, arena, &made);
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
        r = picture_make_endpoint(source, &row, &made);
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
        r = picture_make_api_key(&row, &made);
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
        r = picture_make_plugin(source, &row, &made);
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
        struct campaign *made = picture_make_campaign(&row);
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
        struct product *made = picture_make_product(&row);
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
        gather(gathered, OBJECT_INTEGRATION, picture_make_integration(&rows[i]));
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
        r = picture_make_definition(source, &rows[i], page->arena, &made);
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
        r = picture_make_endpoint(source, &rows[i], &made);
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
        r = picture_make_api_key(&rows[i], &made);
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
        r = picture_make_plugin(source, &rows[i], &made);
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
        gather(gathered, OBJECT_CAMPAIGN, picture_make_campaign(&rows[i]));
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
        gather(gathered, OBJECT_PRODUCT, picture_make_product(&rows[i]));
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
    picture->test_cards = arena_str(arena, row.test_cards);
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
            r = picture_make_endpoint(source, &rows[i], &made);
            if (r == 0)
                each(context, made);
            page.before = rows[i].id;
        }
        if (r < 0)
            return fail(r);
    } while (count == ROWS_AT_ONCE);
    return 0;
}
