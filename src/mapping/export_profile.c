/* SPDX-License-Identifier: MIT */
#include "mapping/export_profile.h"

#include <limits.h>

#include "base/id.h"
#include "model/order_names.h"
#include "json/write.h"

#define MINUTE_MS ((int64_t)60 * 1000)
#define SWEEP_MS (15 * MINUTE_MS)

static const str types[] = { [EXPORT_POSTBACK] = STR_INIT("postback"),
                             [EXPORT_FTP] = STR_INIT("ftp"),
                             [EXPORT_CSV] = STR_INIT("csv") };

str export_type_name(enum export_type type)
{
    return types[type];
}

bool export_type_read(str name, enum export_type *ret_type)
{
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (str_equal(types[i], name)) {
            *ret_type = (enum export_type)i;
            return true;
        }
    }
    return false;
}

/* ── from JSON ── */

static bool read_ids(json list, enum id_kind kind, struct arena *arena, const int64_t **ret_ids,
                     int *ret_count)
{
    int64_t *ids = ARENA_ARRAY(arena, int64_t, json_count(list) + 1);
    struct json_walk walk = json_walk(list);
    json item;
    int count = 0;
    while (json_next(&walk, NULL, &item))
        if (!id_read(kind, json_string(item), &ids[count++]))
            return false;
    *ret_ids = ids;
    *ret_count = count;
    return true;
}

static bool read_route(json object, struct arena *arena, struct export_route *ret_route)
{
    struct export_route route = {};
    bool whole =
        id_read(ID_EXPORT_ROUTE, json_string(json_get(object, STR("id"))), &route.id) &&
        customer_type_read(json_string(json_get(object, STR("customerType"))), &route.type) &&
        json_to_int64(json_get(object, STR("createdMs")), &route.created_ms) &&
        read_ids(json_get(object, STR("campaignIds")), ID_CAMPAIGN, arena, &route.campaigns,
                 &route.campaign_count) &&
        read_ids(json_get(object, STR("productIds")), ID_PRODUCT, arena, &route.products,
                 &route.product_count);
    if (!json_to_int64(json_get(object, STR("changedMs")), &route.changed_ms))
        route.changed_ms = route.created_ms; /* stored before that was kept */
    *ret_route = route;
    return whole;
}

static bool read_routes(json list, struct arena *arena, struct export_profile *profile)
{
    struct export_route *routes = ARENA_ARRAY(arena, struct export_route, json_count(list) + 1);
    struct json_walk walk = json_walk(list);
    json item;
    while (json_next(&walk, NULL, &item))
        if (!read_route(item, arena, &routes[profile->route_count++]))
            return false;
    profile->routes = routes;
    return true;
}

static bool read_map(json settings, struct arena *arena, struct export_profile *profile)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct problem problem = {};
    const struct export_map_input input = {
        .value = json_get(settings, STR("mappings")),
        .max_rows = INT_MAX,
        .all_strings = json_bool(json_get(settings, STR("allStrings"))),
        .kept = arena,
        .arena = &scratch,
    };
    return export_map_read(&input, &problem, &profile->map);
}

bool export_profile_read(json settings, struct arena *arena, struct export_profile *ret_profile)
{
    struct export_profile profile = {};
    int64_t minutes;
    if (!export_type_read(json_string(json_get(settings, STR("type"))), &profile.type) ||
        !json_to_int64(json_get(settings, STR("delayMinutes")), &minutes) ||
        !read_map(settings, arena, &profile) ||
        !read_routes(json_get(settings, STR("routes")), arena, &profile))
        return false;
    profile.compatible = str_equal(json_string(json_get(settings, STR("mode"))), STR("compatible"));
    profile.delay_ms = minutes * MINUTE_MS;
    profile.guard_cells = json_bool(json_get(settings, STR("guardCells")));
    profile.user = arena_str(arena, json_string(json_get(settings, STR("user"))));
    profile.password = arena_str(arena, json_string(json_get(settings, STR("password"))));
    profile.host_key = arena_str(arena, json_string(json_get(settings, STR("hostKey"))));
    profile.pci_document = arena_str(arena, json_string(json_get(settings, STR("pciDocument"))));
    *ret_profile = profile;
    return true;
}

/* ── to JSON ── */

static void write_ids(struct json_writer *out, str member, enum id_kind kind, const int64_t *ids,
                      int count)
{
    char text[ID_TEXT_MAX];
    json_key(out, member);
    json_begin_array(out);
    for (int i = 0; i < count; i++)
        json_add_string(out, id_write(kind, ids[i], text));
    json_end_array(out);
}

void export_route_write(struct json_writer *out, const struct export_route *route)
{
    json_member_id(out, STR("id"), ID_EXPORT_ROUTE, route->id);
    json_member_string(out, STR("customerType"), customer_type_name(route->type));
    write_ids(out, STR("campaignIds"), ID_CAMPAIGN, route->campaigns, route->campaign_count);
    write_ids(out, STR("productIds"), ID_PRODUCT, route->products, route->product_count);
}

static void write_route(struct json_writer *out, const struct export_route *route)
{
    json_begin_object(out);
    export_route_write(out, route);
    json_member_int(out, STR("createdMs"), route->created_ms);
    json_member_int(out, STR("changedMs"), route->changed_ms);
    json_end_object(out);
}

str export_profile_write(const struct export_profile *profile, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2); /* what was read had a cap */
    struct json_writer out = json_writer(&buf);
    json_begin_object(&out);
    json_member_string(&out, STR("type"), export_type_name(profile->type));
    json_member_string(&out, STR("mode"), profile->compatible ? STR("compatible") : STR("native"));
    json_member_int(&out, STR("delayMinutes"), profile->delay_ms / MINUTE_MS);
    json_member_bool(&out, STR("allStrings"), profile->map->all_strings);
    json_member_bool(&out, STR("guardCells"), profile->guard_cells);
    json_member_raw(&out, STR("mappings"), export_map_write(profile->map, arena));
    json_key(&out, STR("routes"));
    json_begin_array(&out);
    for (int i = 0; i < profile->route_count; i++)
        write_route(&out, &profile->routes[i]);
    json_end_array(&out);
    json_member_string(&out, STR("user"), profile->user);
    json_member_string(&out, STR("password"), profile->password);
    json_member_string(&out, STR("hostKey"), profile->host_key);
    json_member_string(&out, STR("pciDocument"), profile->pci_document);
    json_end_object(&out);
    return buf_str(&buf);
}

/* ── when ── */

int64_t export_due_ms(const struct export_profile *profile, int64_t profile_created_ms,
                      int64_t at_ms)
{
    int64_t due_ms = at_ms + profile->delay_ms;
    if (!profile->compatible)
        return due_ms;
    if (due_ms <= profile_created_ms)
        return profile_created_ms;
    int64_t every_ms = SWEEP_MS + profile->delay_ms;
    int64_t sweeps = (due_ms - profile_created_ms + every_ms - 1) / every_ms;
    return profile_created_ms + sweeps * every_ms;
}

/* ── which ── */

static bool holds(const int64_t *ids, int count, int64_t id)
{
    int low = 0;
    int high = count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && ids[low] == id;
}

enum export_refusal export_route_asks(const struct export_route *route, const struct order *order,
                                      enum customer_type type, const bool *about)
{
    if (route->type != type)
        return EXPORT_OTHER_TYPE;
    if (route->campaign_count > 0 &&
        !holds(route->campaigns, route->campaign_count, order->campaign))
        return EXPORT_OTHER_CAMPAIGN;
    if (route->product_count == 0)
        return EXPORT_WANTED;
    for (int i = 0; i < order->line_count; i++)
        if (about[i] &&
            holds(route->products, route->product_count, order_line_product(&order->lines[i])))
            return EXPORT_WANTED;
    return EXPORT_OTHER_PRODUCT;
}
