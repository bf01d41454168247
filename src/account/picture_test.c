/* SPDX-License-Identifier: MIT
 * account/picture_test.c: from rows to pictures, on every engine. */
#include "account/picture.h"

#include "base/zone_file.h"
#include "base/zones.h"
#include "store/access.h"
#include "store/catalog.h"
#include "store/config.h"
#include "store/plugins.h"
#include "store/testing.h"

#include <stdio.h>

#define ORG 1
#define OTHER 2

static const struct seal_key seal_key = { .bytes = { 1, 2, 3 } };

static struct limits limits_of(int64_t fields)
{
    struct limits limits;
    limits_init(&limits);
    limits.fields = fields;
    return limits;
}

static void free_zones(struct zones **zones)
{
    zones_free(*zones);
}

static struct sql *writing(struct scene *scene)
{
    return store_writer_sql(scene->writer);
}

static void add_webhook(struct scene *scene, int64_t organization, int64_t id,
                        enum outlet_status status)
{
    const struct endpoint_row row = { .id = id,
                                      .organization = organization,
                                      .name = STR("Sink"),
                                      .url = seal(&seal_key, STR("https://sink.example/"),
                                                  &scene->arena),
                                      .event_types = STR("[\"custom_event.*\",\"ping\"]"),
                                      .format = FORMAT_BARE,
                                      .signing = true,
                                      .secret = seal(&seal_key, STR("hush"), &scene->arena),
                                      .status = status };
    assert_int_equal(store_insert_endpoint(writing(scene), &row), 0);
}

static void add_definition(struct scene *scene, int64_t id, const char *alias)
{
    const struct definition_row row = {
        .id = id,
        .organization = ORG,
        .integration = 10,
        .context = STR("webhook"),
        .name = STR("Order"),
        .alias = str_c(alias),
        .fields = STR("[{\"id\":\"email\",\"name\":\"E-mail\",\"type\":\"email\",\"required\":true,"
                      "\"isPrimaryKey\":true},{\"id\":\"note\",\"name\":\"Note\","
                      "\"type\":\"text\"}]"),
    };
    assert_int_equal(store_insert_definition(writing(scene), &row), 0);
}

static void add_key(struct scene *scene, int64_t id, const char *secret)
{
    struct digest hash = digest_sha256(str_c(secret));
    const struct api_key_row row = { .id = id,
                                     .organization = ORG,
                                     .name = STR("key"),
                                     .hash = digest_str(&hash),
                                     .hint = STR("hint"),
                                     .scopes = SCOPE_EVENTS_READ | SCOPE_CUSTOM_EVENTS_WRITE,
                                     .allowed_addresses = STR("192.0.2.0/24,2001:db8::1"),
                                     .rate_per_minute = 7,
                                     .expires_ms = 99 };
    assert_int_equal(store_insert_api_key(writing(scene), &row), 0);
}

static void add_plugin(struct scene *scene, int64_t organization, int64_t id)
{
    const struct plugin_row row = { .id = id,
                                    .organization = organization,
                                    .type = STR("konnektive"),
                                    .name = STR("Calls"),
                                    .campaign = 60,
                                    .import_unknown_skus = true,
                                    .secret = seal(&seal_key, STR("hush"), &scene->arena) };
    assert_int_equal(store_insert_plugin(writing(scene), &row), 0);
}

static void fill(struct scene *scene)
{
    const struct integration_row integration = { .id = 10,
                                                 .organization = ORG,
                                                 .name = STR("Shop") };
    scene_organization(scene, ORG);
    scene_organization(scene, OTHER);
    assert_int_equal(store_insert_integration(writing(scene), &integration), 0);
    add_definition(scene, 20, "order");
    add_webhook(scene, ORG, 30, OUTLET_ACTIVE);
    add_webhook(scene, ORG, 31, OUTLET_DELETED);
    add_webhook(scene, OTHER, 32, OUTLET_DISABLED);
    add_plugin(scene, ORG, 50);
    add_plugin(scene, OTHER, 51);
    add_key(scene, 40, "one");
    add_key(scene, 41, "two");
    assert_int_equal(store_revoke_api_key(writing(scene), ORG, 41, 5), 0);
    const struct campaign_row campaign = {
        .id = 50, .organization = ORG, .number = 3, .name = STR("Spring"), .created_ms = 7
    };
    const struct product_row product = { .id = 60,
                                         .organization = ORG,
                                         .number = 4,
                                         .name = STR("Vitamins"),
                                         .price = 2940,
                                         .recurring = true };
    assert_int_equal(store_insert_campaign(writing(scene), &campaign), 0);
    assert_int_equal(store_insert_product(writing(scene), &product), 0);
}

static void reads_a_whole_organization(void **state)
{
    struct scene *scene = *state;
    fill(scene);
    const struct limits limits = limits_of(500);
    struct zones *CLEANUP(free_zones) zones = zones_new(ZONE_DIRECTORY);
    const struct picture_source source = { store_reader_sql(scene->reader), &seal_key, &limits,
                                           zones };
    struct picture *picture = NULL;
    assert_int_equal(picture_read(&source, ORG, &picture), 0);
    assert_int_equal(picture->object.id, ORG);
    assert_int_equal(picture->version, 1);
    assert_true(str_equal(picture->name, STR("a shop")));
    assert_int_equal(picture->integrations.count, 1);
    const struct event_definition *definition = map_find(&picture->by_alias, STR("order"));
    assert_non_null(definition);
    assert_int_equal(definition->field_count, 2);
    assert_int_equal(definition->integration, 10);
    assert_true(str_equal(definition->type, STR("custom_event.order")));
    assert_int_equal(picture->endpoints.count, 1); /* not the deleted one */
    const struct endpoint *webhook = objects_find(&picture->endpoints, 30);
    assert_true(str_equal(webhook->secret, STR("hush")));
    assert_int_equal(webhook->event_type_count, 2);
    assert_int_equal(webhook->format, FORMAT_BARE);
    assert_int_equal(picture->api_keys.count, 1); /* not the revoked one */
    const struct api_key *key = objects_find(&picture->api_keys, 40);
    assert_int_equal(key->scopes, SCOPE_EVENTS_READ | SCOPE_CUSTOM_EVENTS_WRITE);
    assert_int_equal(key->allowed.count, 2);
    assert_int_equal(key->rate_per_minute, 7);
    const struct campaign *campaign = objects_find(&picture->campaigns, 50);
    assert_int_equal(campaign->number, 3);
    assert_true(str_equal(campaign->name, STR("Spring")));
    assert_int_equal(campaign->created_ms, 7);
    const struct product *product = objects_find(&picture->products, 60);
    assert_int_equal(product->number, 4);
    assert_true(str_equal(product->name, STR("Vitamins")));
    assert_int_equal(product->price, 2940);
    assert_true(product->recurring);
    assert_int_equal(picture->plugins.count, 1);
    const struct plugin *plugin = objects_find(&picture->plugins, 50);
    assert_true(str_equal(plugin->secret, STR("hush")) && plugin->import_unknown_skus);
    assert_int_equal(plugin->campaign, 60);
    object_release(picture);
    assert_int_equal(picture_read(&source, 77, &picture), STORE_NOT_FOUND);
}

static void reads_one_object(void **state)
{
    struct scene *scene = *state;
    fill(scene);
    const struct limits limits = limits_of(500);
    struct zones *CLEANUP(free_zones) zones = zones_new(ZONE_DIRECTORY);
    const struct picture_source source = { store_reader_sql(scene->reader), &seal_key, &limits,
                                           zones };

    static const struct {
        int64_t organization;
        enum object_kind kind;
        int64_t id;
        int want;
    } cases[] = {
        { ORG, OBJECT_INTEGRATION, 10, 0 },
        { OTHER, OBJECT_INTEGRATION, 10, STORE_NOT_FOUND },
        { ORG, OBJECT_DEFINITION, 20, 0 },
        { OTHER, OBJECT_DEFINITION, 20, STORE_NOT_FOUND },
        { ORG, OBJECT_ENDPOINT, 30, 0 },
        { ORG, OBJECT_ENDPOINT, 31, STORE_NOT_FOUND },
        { ORG, OBJECT_ENDPOINT, 32, STORE_NOT_FOUND },
        { OTHER, OBJECT_ENDPOINT, 32, 0 },
        { ORG, OBJECT_API_KEY, 40, 0 },
        { ORG, OBJECT_API_KEY, 41, STORE_NOT_FOUND },
        { ORG, OBJECT_API_KEY, 42, STORE_NOT_FOUND },
        { ORG, OBJECT_CAMPAIGN, 50, 0 },
        { OTHER, OBJECT_CAMPAIGN, 50, STORE_NOT_FOUND },
        { ORG, OBJECT_PRODUCT, 60, 0 },
        { OTHER, OBJECT_PRODUCT, 60, STORE_NOT_FOUND },
        { ORG, OBJECT_PLUGIN, 50, 0 },
        { ORG, OBJECT_PLUGIN, 51, STORE_NOT_FOUND },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct object *object = NULL;
        assert_int_equal(picture_read_object(&source, cases[i].organization, cases[i].kind,
                                             cases[i].id, &object),
                         cases[i].want);
        assert_int_equal(object != NULL, cases[i].want == 0);
        if (object != NULL)
            assert_int_equal(object->id, cases[i].id);
        object_release(object);
    }
}

static void finds_organizations(void **state)
{
    struct scene *scene = *state;
    fill(scene);
    struct sql *sql = store_reader_sql(scene->reader);
    int64_t organization = 0;
    struct digest hash = digest_sha256(STR("one"));
    assert_int_equal(picture_find_by_key(sql, &hash, &organization), 0);
    assert_int_equal(organization, ORG);
    hash = digest_sha256(STR("two")); /* revoked */
    assert_int_equal(picture_find_by_key(sql, &hash, &organization), STORE_NOT_FOUND);
    assert_int_equal(
        picture_find_by_uuid(sql, STR("00000000-0000-4000-8000-000000000002"), &organization), 0);
    assert_int_equal(organization, OTHER);
    assert_int_equal(
        picture_find_by_uuid(sql, STR("00000000-0000-4000-8000-000000000003"), &organization),
        STORE_NOT_FOUND);
}

/* A limit that was lowered since, a key that cannot open the secret, more rows than one page. */
static void reads_what_once_was_valid(void **state)
{
    struct scene *scene = *state;
    fill(scene);
    const struct limits limits = limits_of(1);
    struct zones *CLEANUP(free_zones) zones = zones_new(ZONE_DIRECTORY);
    struct picture_source source = { store_reader_sql(scene->reader), &seal_key, &limits, zones };
    struct picture *picture = NULL;
    for (int i = 0; i < 450; i++) {
        char alias[16];
        (void)snprintf(alias, sizeof(alias), "alias%d", i);
        add_definition(scene, 1000 + i, alias);
    }
    assert_int_equal(picture_read(&source, ORG, &picture), 0);
    assert_int_equal(picture->definitions.count, 451);
    assert_non_null(map_find(&picture->by_alias, STR("alias449")));
    object_release(picture);
    const struct seal_key wrong = { .bytes = { 9 } };
    source.seal_key = &wrong;
    assert_true(picture_read(&source, ORG, &picture) < 0);
}

/* The system may lose files of zones: what was chosen then counts as UTC until they are back. */
static void knows_its_time_zone(void **state)
{
    struct scene *scene = *state;
    scene_organization(scene, ORG);
    const struct limits limits = limits_of(500);
    struct zones *CLEANUP(free_zones) zones = zones_new(ZONE_DIRECTORY);
    const struct picture_source source = { store_reader_sql(scene->reader), &seal_key, &limits,
                                           zones };
    struct picture *picture = NULL;
    assert_int_equal(picture_read(&source, ORG, &picture), 0);
    assert_ptr_equal(picture->zone, zones_find(zones, STR(ZONE_DEFAULT)));
    struct picture *copy = picture_copy(picture);
    assert_ptr_equal(copy->zone, picture->zone);
    object_release(picture);
    assert_int_equal(SQL_RUN(writing(scene),
                             "UPDATE organizations SET time_zone = 'Europe/Atlantis' WHERE id = 1"),
                     1);
    assert_int_equal(picture_read_organization(&source, copy), 0);
    assert_ptr_equal(copy->zone, zones_find(zones, STR("UTC")));
    object_release(copy);
}

struct heard {
    int64_t ids[10];
    int count;
};

static void hear(void *context, struct endpoint *webhook)
{
    struct heard *heard = context;
    heard->ids[heard->count++] = webhook->object.id;
    object_release(webhook);
}

static void tells_of_all_webhooks(void **state)
{
    struct scene *scene = *state;
    fill(scene);
    struct heard heard = {};
    const struct limits limits = limits_of(500);
    struct zones *CLEANUP(free_zones) zones = zones_new(ZONE_DIRECTORY);
    const struct picture_source source = { store_reader_sql(scene->reader), &seal_key, &limits,
                                           zones };
    assert_int_equal(picture_each_endpoint(&source, hear, &heard), 0);
    assert_int_equal(heard.count, 2); /* without the deleted one */
    (void)scene_fill(scene, ORG, 31, 1);
    heard.count = 0;
    assert_int_equal(picture_each_endpoint(&source, hear, &heard), 0);
    assert_int_equal(heard.count, 3); /* which has work now */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(reads_a_whole_organization), SCENE_TEST(reads_one_object),
        SCENE_TEST(finds_organizations),        SCENE_TEST(reads_what_once_was_valid),
        SCENE_TEST(knows_its_time_zone),        SCENE_TEST(tells_of_all_webhooks),
    };
    return RUN_SUITE("picture", tests);
}
