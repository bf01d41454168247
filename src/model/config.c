/* SPDX-License-Identifier: MIT
 * Invariants of a picture's lists: (1) sorted by id, no id twice; (2) room for at least
 * room_for(count); (3) one reference to each object in them. */
#include "model/config.h"

static void *new_in(struct arena arena, size_t size)
{
    assert(size >= sizeof(struct object));
    struct object *object = arena_alloc(&arena, size);
    atomic_init(&object->references, 1);
    object->arena = arena; /* which holds the object itself from now on */
    return object;
}

void *object_new(size_t size)
{
    return new_in((struct arena){}, size);
}

void *object_new_compact(size_t size, size_t text_bytes)
{
    struct arena arena = {};
    arena_fit(&arena, size + text_bytes);
    return new_in(arena, size);
}

void object_keep(void *object)
{
    struct object *self = object;
    int before = atomic_fetch_add_explicit(&self->references, 1, memory_order_relaxed);
    assert(before > 0);
}

void object_release(void *object)
{
    struct object *self = object;
    if (self == NULL)
        return;
    int before = atomic_fetch_sub_explicit(&self->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1)
        return;
    if (self->done != NULL)
        self->done(self);
    struct arena arena = self->arena;
    arena_done(&arena);
}

void object_releasep(void *object)
{
    object_release(*(void **)object);
}

/* ── endpoints ── */

/* At a file server. */
static bool logs_in_alike(const struct export_profile *a, const struct export_profile *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return str_equal(a->user, b->user) && str_equal(a->password, b->password) &&
           str_equal(a->host_key, b->host_key);
}

bool endpoint_reaches_alike(const struct endpoint *a, const struct endpoint *b)
{
    return str_equal(a->url, b->url) && transport_equal(&a->transport, &b->transport) &&
           logs_in_alike(a->export, b->export);
}

bool endpoint_begins_anew(const struct endpoint *before, const struct endpoint *after)
{
    return !endpoint_reaches_alike(before, after) ||
           (before->status != OUTLET_ACTIVE && after->status == OUTLET_ACTIVE);
}

/* ── lists ── */

/* Where `id` is, or where it would go. */
static int position(const struct objects *objects, int64_t id)
{
    int low = 0;
    int high = objects->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (objects->at[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool holds(const struct objects *objects, int at, int64_t id)
{
    return at < objects->count && objects->at[at]->id == id;
}

void *objects_find(const struct objects *objects, int64_t id)
{
    int at = position(objects, id);
    return holds(objects, at, id) ? objects->at[at] : NULL;
}

/* The room a list of so many has: a power of two. */
static int room_for(int count)
{
    int room = 8;
    while (room < count)
        room *= 2;
    return room;
}

static struct object **new_room(struct arena *arena, const struct objects *from, int room)
{
    struct object **at = ARENA_ARRAY(arena, struct object *, (size_t)room);
    if (from->count > 0)
        memcpy(at, from->at, (size_t)from->count * sizeof(struct object *));
    return at;
}

static void insert(struct arena *arena, struct objects *objects, int at, struct object *object)
{
    if (objects->count == 0 || objects->count == room_for(objects->count))
        objects->at = new_room(arena, objects, room_for(objects->count + 1));
    memmove(objects->at + at + 1, objects->at + at,
            (size_t)(objects->count - at) * sizeof(struct object *));
    objects->at[at] = object;
    objects->count++;
}

/* ── pictures ── */

struct objects *picture_objects(struct picture *picture, enum object_kind kind)
{
    struct objects *const lists[] = {
        [OBJECT_INTEGRATION] = &picture->integrations, [OBJECT_DEFINITION] = &picture->definitions,
        [OBJECT_ENDPOINT] = &picture->endpoints,       [OBJECT_API_KEY] = &picture->api_keys,
        [OBJECT_CAMPAIGN] = &picture->campaigns,       [OBJECT_PRODUCT] = &picture->products,
        [OBJECT_PLUGIN] = &picture->plugins,
    };
    static_assert(COUNT_OF(lists) == OBJECT_KINDS, "a list for each kind");
    assert(kind < OBJECT_KINDS);
    return lists[kind];
}

static void picture_done(struct object *object)
{
    struct picture *picture = CONTAINER_OF(object, struct picture, object);
    for (int kind = 0; kind < OBJECT_KINDS; kind++) {
        struct objects *objects = picture_objects(picture, (enum object_kind)kind);
        for (int i = 0; i < objects->count; i++)
            object_release(objects->at[i]);
    }
    map_done(&picture->by_alias);
}

struct picture *picture_new(int64_t organization)
{
    struct picture *picture = object_new(sizeof(*picture));
    picture->object.id = organization;
    picture->object.done = picture_done;
    return picture;
}

static void share_objects(struct arena *arena, struct objects *to, const struct objects *from)
{
    if (from->count == 0)
        return;
    to->at = new_room(arena, from, room_for(from->count));
    to->count = from->count;
    for (int i = 0; i < to->count; i++)
        object_keep(to->at[i]);
}

struct picture *picture_copy(const struct picture *from)
{
    struct picture *picture = picture_new(from->object.id);
    struct arena *arena = &picture->object.arena;
    picture->version = from->version;
    memcpy(picture->uuid, from->uuid, sizeof(picture->uuid));
    picture->name = arena_str(arena, from->name);
    picture->rate_per_minute = from->rate_per_minute;
    picture->zone = from->zone;
    picture->webhook_secret = arena_str(arena, from->webhook_secret);
    if (from->allowed.count > 0) {
        struct cidr *ranges = ARENA_ARRAY(arena, struct cidr, from->allowed.count);
        memcpy(ranges, from->allowed.ranges, from->allowed.count * sizeof(*ranges));
        picture->allowed = (struct cidr_list){ .ranges = ranges, .count = from->allowed.count };
    }
    share_objects(arena, &picture->integrations, &from->integrations);
    share_objects(arena, &picture->definitions, &from->definitions);
    share_objects(arena, &picture->endpoints, &from->endpoints);
    share_objects(arena, &picture->api_keys, &from->api_keys);
    share_objects(arena, &picture->campaigns, &from->campaigns);
    share_objects(arena, &picture->products, &from->products);
    share_objects(arena, &picture->plugins, &from->plugins);
    return picture;
}

void picture_put(struct picture *picture, enum object_kind kind, void *object)
{
    struct objects *objects = picture_objects(picture, kind);
    struct object *new_object = object;
    int at = position(objects, new_object->id);
    if (holds(objects, at, new_object->id)) {
        object_release(objects->at[at]);
        objects->at[at] = new_object;
        return;
    }
    insert(&picture->object.arena, objects, at, new_object);
}

void picture_remove(struct picture *picture, enum object_kind kind, int64_t id)
{
    struct objects *objects = picture_objects(picture, kind);
    int at = position(objects, id);
    if (!holds(objects, at, id))
        return;
    object_release(objects->at[at]);
    objects->count--;
    memmove(objects->at + at, objects->at + at + 1,
            (size_t)(objects->count - at) * sizeof(struct object *));
}

static struct endpoint *endpoint_at(const struct picture *picture, int i)
{
    return CONTAINER_OF(picture->endpoints.at[i], struct endpoint, object);
}

static void finish_webhooks(struct picture *picture)
{
    picture->webhooks = ARENA_ARRAY(&picture->object.arena, const struct endpoint *,
                                    (size_t)picture->endpoints.count + 1);
    picture->webhook_count = 0;
    picture->filter_points = 0;
    for (int i = 0; i < picture->endpoints.count; i++) {
        const struct endpoint *endpoint = endpoint_at(picture, i);
        if (endpoint->kind != ENDPOINT_WEBHOOK)
            continue;
        picture->webhooks[picture->webhook_count++] = endpoint;
        picture->filter_points += endpoint->filter_points;
    }
}

static uint64_t bits_of(const int64_t *ids, int count)
{
    uint64_t bits = count == 0 ? UINT64_MAX : 0;
    for (int i = 0; i < count; i++)
        bits |= id_bit(ids[i]);
    return bits;
}

static void add_asks(const struct endpoint *profile, struct export_ask *at[CUSTOMER_TYPE_COUNT])
{
    for (int i = 0; i < profile->export->route_count; i++) {
        const struct export_route *route = &profile->export->routes[i];
        *at[route->type]++ = (struct export_ask){
            .profile = profile,
            .route = route,
            .campaigns = bits_of(route->campaigns, route->campaign_count),
            .products = bits_of(route->products, route->product_count),
        };
    }
}

static void finish_exports(struct picture *picture)
{
    struct export_ask *at[CUSTOMER_TYPE_COUNT];
    memset(picture->asks, 0, sizeof(picture->asks));
    for (int i = 0; i < picture->endpoints.count; i++) {
        const struct export_profile *profile = endpoint_at(picture, i)->export;
        for (int k = 0; profile != NULL && k < profile->route_count; k++)
            picture->asks[profile->routes[k].type].count++;
    }
    for (int type = 0; type < CUSTOMER_TYPE_COUNT; type++) {
        struct export_asks *asks = &picture->asks[type];
        asks->at = at[type] =
            ARENA_ARRAY(&picture->object.arena, struct export_ask, (size_t)asks->count + 1);
    }
    for (int i = 0; i < picture->endpoints.count; i++)
        if (endpoint_at(picture, i)->export != NULL)
            add_asks(endpoint_at(picture, i), at);
}

void picture_finish(struct picture *picture)
{
    map_clear(&picture->by_alias);
    for (int i = 0; i < picture->definitions.count; i++) {
        struct event_definition *definition =
            CONTAINER_OF(picture->definitions.at[i], struct event_definition, object);
        (void)map_put(&picture->by_alias, definition->alias, definition); /* unique: none before */
    }
    finish_webhooks(picture);
    finish_exports(picture);
}
