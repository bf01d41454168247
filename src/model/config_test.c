/* SPDX-License-Identifier: MIT */
#include "model/config.h"

#include <pthread.h>

#include "base/testing.h"

/* A webhook whose end is counted. */
struct counted {
    struct endpoint webhook;
    int *done_count;
};

static void count_done(struct object *object)
{
    (*CONTAINER_OF(object, struct counted, webhook.object)->done_count)++;
}

static struct endpoint *webhook_new(int64_t id, int *done_count)
{
    struct counted *counted = object_new(sizeof(*counted));
    counted->webhook.object.id = id;
    counted->webhook.object.done = count_done;
    counted->done_count = done_count;
    return &counted->webhook;
}

static struct event_definition *definition_new(int64_t id, const char *alias)
{
    struct event_definition *definition = object_new(sizeof(*definition));
    definition->object.id = id;
    definition->alias = arena_str(&definition->object.arena, str_c(alias));
    return definition;
}

TEST(objects_count_references)
{
    int done_count = 0;
    struct endpoint *webhook = webhook_new(1, &done_count);
    webhook->name = arena_str(&webhook->object.arena, STR("in its own arena"));
    object_keep(webhook);
    object_release(webhook);
    CHECK_INT("kept", done_count, 0);
    CHECK_STR("and whole", webhook->name, STR("in its own arena"));
    object_release(webhook);
    CHECK_INT("done once", done_count, 1);
    object_release(NULL);
}

static void *keep_and_release(void *object)
{
    for (int i = 0; i < 20000; i++) {
        object_keep(object);
        object_release(object);
    }
    object_release(object);
    return NULL;
}

TEST(threads_share_objects)
{
    int done_count = 0;
    struct endpoint *webhook = webhook_new(1, &done_count);
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        object_keep(webhook);
        assert_int_equal(pthread_create(&threads[i], NULL, keep_and_release, webhook), 0);
    }
    object_release(webhook);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_INT("done once", done_count, 1);
}

static void check_sorted(const struct objects *objects)
{
    for (int i = 1; i < objects->count; i++)
        CHECK("sorted", objects->at[i - 1]->id < objects->at[i]->id);
}

/* Against the simplest thing that works. */
#define IDS 200

TEST(lists_are_like_arrays)
{
    int done_count = 0;
    int made = 0;
    struct picture *picture = picture_new(1);
    void *there[IDS] = {};
    uint64_t random = 13;
    for (int i = 0; i < 20000; i++) {
        int64_t id = (int64_t)(test_random(&random) % IDS);
        if (test_random(&random) % 3 > 0) {
            there[id] = webhook_new(id, &done_count);
            made++;
            picture_put(picture, OBJECT_ENDPOINT, there[id]);
        } else {
            picture_remove(picture, OBJECT_ENDPOINT, id);
            there[id] = NULL;
        }
        id = (int64_t)(test_random(&random) % IDS);
        CHECK("found", objects_find(&picture->endpoints, id) == there[id]);
    }
    check_sorted(&picture->endpoints);
    CHECK_INT("those that are out are let go", made - done_count, picture->endpoints.count);
    CHECK_INT("other lists are apart", picture->api_keys.count, 0);
    object_release(picture);
    CHECK_INT("the rest goes with the picture", done_count, made);
}

TEST(copies_share_objects)
{
    int done_count = 0;
    struct picture *old = picture_new(7);
    old->name = arena_str(&old->object.arena, STR("organization"));
    old->version = 3;
    old->rate_per_minute = 60;
    memcpy(old->uuid, "0123abcd-0123-4123-8123-0123456789ab", UUID_TEXT_LEN);
    struct cidr *range = ARENA_NEW(&old->object.arena, struct cidr);
    assert_true(cidr_read(STR("10.0.0.0/8"), range));
    old->allowed = (struct cidr_list){ .ranges = range, .count = 1 };
    for (int64_t id = 100; id > 0; id--)
        picture_put(old, OBJECT_ENDPOINT, webhook_new(id, &done_count));

    struct picture *new = picture_copy(old);
    struct endpoint *first = objects_find(&old->endpoints, 1);
    CHECK("shared", objects_find(&new->endpoints, 1) == first);
    picture_remove(new, OBJECT_ENDPOINT, 2);
    struct endpoint *replacement = webhook_new(3, &done_count);
    picture_put(new, OBJECT_ENDPOINT, replacement);
    for (int64_t id = 101; id < 300; id++)
        picture_put(new, OBJECT_ENDPOINT, webhook_new(id, &done_count));
    CHECK_INT("nothing is gone", done_count, 0);
    CHECK_INT("the old one stays", old->endpoints.count, 100);
    CHECK("as it was", objects_find(&old->endpoints, 2) != NULL &&
                           objects_find(&old->endpoints, 3) != replacement);
    CHECK_INT("the new one changed", new->endpoints.count, 298);
    check_sorted(&new->endpoints);

    object_release(old);
    CHECK_INT("what only the old one had is gone", done_count, 2);
    CHECK_STR("name", new->name, STR("organization"));
    CHECK_STR("uuid", picture_uuid(new), STR("0123abcd-0123-4123-8123-0123456789ab"));
    CHECK_INT("organization", new->object.id, 7);
    CHECK_INT("version", new->version, 3);
    CHECK_INT("rate", new->rate_per_minute, 60);
    struct address address;
    assert_true(address_read(STR("10.1.2.3"), &address));
    CHECK("ranges", cidr_list_contains(&new->allowed, &address));
    object_release(new);
    CHECK_INT("all gone", done_count, 300);
}

TEST(every_list_is_shared_and_let_go)
{
    int done_count = 0;
    struct picture *old = picture_new(1);
    for (int kind = 0; kind < OBJECT_KINDS; kind++)
        picture_put(old, (enum object_kind)kind, webhook_new(10 + kind, &done_count));
    struct picture *new = picture_copy(old);
    object_release(old);
    CHECK_INT("shared", done_count, 0);
    for (int kind = 0; kind < OBJECT_KINDS; kind++)
        CHECK("in its own list",
              objects_find(picture_objects(new, (enum object_kind)kind), 10 + kind) != NULL);
    object_release(new);
    CHECK_INT("let go", done_count, OBJECT_KINDS);
}

TEST(finds_by_alias)
{
    struct picture *picture = picture_new(1);
    picture_put(picture, OBJECT_DEFINITION, definition_new(2, "order"));
    picture_put(picture, OBJECT_DEFINITION, definition_new(1, "lead"));
    picture_finish(picture);
    struct event_definition *order = map_find(&picture->by_alias, STR("order"));
    CHECK("found", order != NULL && order->object.id == 2);
    CHECK("no other", map_find(&picture->by_alias, STR("orders")) == NULL);

    struct picture *next = picture_copy(picture);
    picture_put(next, OBJECT_DEFINITION, definition_new(2, "purchase"));
    picture_remove(next, OBJECT_DEFINITION, 1);
    picture_finish(next);
    CHECK("renamed", map_find(&next->by_alias, STR("purchase")) != NULL);
    CHECK("the old name is gone", map_find(&next->by_alias, STR("order")) == NULL);
    CHECK("removed", map_find(&next->by_alias, STR("lead")) == NULL);
    CHECK("the old picture is as it was", map_find(&picture->by_alias, STR("order")) == order);
    object_release(picture);
    object_release(next);
}

TEST(finishes_again)
{
    struct picture *picture = picture_new(1);
    picture_put(picture, OBJECT_DEFINITION, definition_new(1, "a"));
    picture_finish(picture);
    picture_put(picture, OBJECT_DEFINITION, definition_new(1, "b"));
    picture_finish(picture);
    CHECK("new", map_find(&picture->by_alias, STR("b")) != NULL);
    CHECK("old", map_find(&picture->by_alias, STR("a")) == NULL);
    object_release(picture);
}

static struct endpoint *profile_new(int64_t id, const enum customer_type *types, int count)
{
    struct endpoint *endpoint = object_new(sizeof(*endpoint));
    struct arena *arena = &endpoint->object.arena;
    struct export_route *routes = ARENA_ARRAY(arena, struct export_route, (size_t)count + 1);
    for (int i = 0; i < count; i++)
        routes[i] = (struct export_route){ .id = 10 * id + i, .type = types[i] };
    struct export_profile *profile = ARENA_NEW(arena, struct export_profile);
    *profile = (struct export_profile){ .routes = routes, .route_count = count };
    endpoint->object.id = id;
    endpoint->kind = ENDPOINT_EXPORT;
    endpoint->export = profile;
    return endpoint;
}

static void check_asks(const struct picture *picture, enum customer_type type,
                       const int64_t *routes, int count)
{
    const struct export_asks *asks = &picture->asks[type];
    CHECK_INT("so many ask", asks->count, count);
    for (int i = 0; i < count; i++) {
        CHECK_INT("the route", asks->at[i].route->id, routes[i]);
        CHECK_INT("its profile", asks->at[i].profile->object.id, routes[i] / 10);
    }
}

/* Those of one profile stand behind each other, however they lie among its others. */
TEST(asks_by_type)
{
    static const enum customer_type mixed[] = { CUSTOMER_LEAD, CUSTOMER_CANCEL, CUSTOMER_LEAD };

    static const enum customer_type last[] = { CUSTOMER_QA_PENDING, CUSTOMER_LEAD };

    int done_count = 0;
    struct picture *picture = picture_new(1);
    picture_put(picture, OBJECT_ENDPOINT, profile_new(4, last, 2));
    picture_put(picture, OBJECT_ENDPOINT, webhook_new(3, &done_count));
    picture_put(picture, OBJECT_ENDPOINT, profile_new(2, mixed, 3));
    picture_put(picture, OBJECT_ENDPOINT, profile_new(1, NULL, 0));
    picture_finish(picture);
    check_asks(picture, CUSTOMER_LEAD, (const int64_t[]){ 20, 22, 41 }, 3);
    check_asks(picture, CUSTOMER_CANCEL, (const int64_t[]){ 21 }, 1);
    check_asks(picture, CUSTOMER_QA_PENDING, (const int64_t[]){ 40 }, 1);
    check_asks(picture, CUSTOMER_PARTIAL, NULL, 0);
    CHECK_INT("a webhook is one", picture->webhook_count, 1);

    struct picture *next = picture_copy(picture);
    picture_put(next, OBJECT_ENDPOINT, profile_new(2, mixed + 1, 1));
    picture_remove(next, OBJECT_ENDPOINT, 4);
    picture_finish(next);
    check_asks(next, CUSTOMER_LEAD, NULL, 0);
    check_asks(next, CUSTOMER_CANCEL, (const int64_t[]){ 20 }, 1);
    check_asks(next, CUSTOMER_QA_PENDING, NULL, 0);
    check_asks(picture, CUSTOMER_LEAD, (const int64_t[]){ 20, 22, 41 }, 3);
    object_release(picture);
    object_release(next);
}

TEST(begins_anew)
{
    static const struct header_line one = { .name = STR_INIT("X-Who"), .value = STR_INIT("a") };
    static const struct header_line other = { .name = STR_INIT("X-Who"), .value = STR_INIT("b") };

    static const struct {
        const char *label;
        struct transport after;
        bool anew;
    } cases[] = {
        { "as it was", { .headers = &one, .header_count = 1 }, false },
        { "a header", { .headers = &other, .header_count = 1 }, true },
        { "no header", {}, true },

#define AND(...) { .headers = &one, .header_count = 1, __VA_ARGS__ }
        { "a password", AND(.credential = { .password = STR_INIT("x") }), true },
        { "a scope", AND(.credential = { .scope = STR_INIT("x") }), true },
        { "a certificate", AND(.certificate = STR_INIT("x")), true },
        { "a key", AND(.private_key = STR_INIT("x")), true },
        { "authorities", AND(.authorities = STR_INIT("x")), true },
        { "a proxy", AND(.proxy = STR_INIT("http://p.test")), true },
        { "a method", AND(.method = REQUEST_PUT), true },
        { "HTTP/1.1", AND(.http1 = true), true },
        { "a timeout", AND(.timeout_ms = 6), true },
#undef AND
    };

    static const struct {
        enum outlet_status before;
        enum outlet_status after;
        bool anew;
    } turns[] = {
        { OUTLET_ACTIVE, OUTLET_ACTIVE, false },   { OUTLET_ACTIVE, OUTLET_PAUSED, false },
        { OUTLET_PAUSED, OUTLET_PAUSED, false },   { OUTLET_PAUSED, OUTLET_ACTIVE, true },
        { OUTLET_DISABLED, OUTLET_ACTIVE, true },  { OUTLET_DISABLED, OUTLET_PAUSED, false },
        { OUTLET_ACTIVE, OUTLET_DISABLED, false }, { OUTLET_ACTIVE, OUTLET_DELETED, false },
    };

    const struct endpoint before = { .url = STR("https://a.test/"), .transport = cases[0].after };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct endpoint after = { .url = before.url, .transport = cases[i].after };
        CHECK(cases[i].label, endpoint_begins_anew(&before, &after) == cases[i].anew);
        after.url = STR("https://b.test/");
        CHECK("another URL", endpoint_begins_anew(&before, &after));
    }
    static const struct export_profile logins[] = {
        {},
        { .user = STR_INIT("me") },
        { .password = STR_INIT("x") },
        { .host_key = STR_INIT("SHA256:x") },
    };
    for (size_t i = 0; i < COUNT_OF(logins); i++) {
        const struct endpoint from = { .export = &logins[0] };
        const struct endpoint to = { .export = &logins[i], .name = STR("another") };
        CHECK_INT("a login", endpoint_begins_anew(&from, &to), i > 0);
    }
    for (size_t i = 0; i < COUNT_OF(turns); i++) {
        const struct endpoint from = { .status = turns[i].before };
        const struct endpoint to = { .status = turns[i].after, .name = STR("another") };
        CHECK_INT("a turn", endpoint_begins_anew(&from, &to), turns[i].anew);
    }
}

RUN_TESTS(cmocka_unit_test(begins_anew), cmocka_unit_test(asks_by_type),
          cmocka_unit_test(objects_count_references), cmocka_unit_test(threads_share_objects),
          cmocka_unit_test(lists_are_like_arrays), cmocka_unit_test(copies_share_objects),
          cmocka_unit_test(every_list_is_shared_and_let_go), cmocka_unit_test(finds_by_alias),
          cmocka_unit_test(finishes_again))
