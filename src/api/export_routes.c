/* SPDX-License-Identifier: MIT
 * api/export_routes.c: which orders an export profile sends. Routes are part of its settings. */
#include "api/exports.h"
#include "api/handlers.h"
#include "base/compare.h"
#include "base/redact.h"
#include "intake/backfill.h"
#include "mapping/export_profile.h"
#include "model/order_names.h"

/* ── showing ── */

static void write_route(struct json_writer *out, const struct export_route *route)
{
    json_begin_object(out);
    export_route_write(out, route);
    json_member_instant(out, STR("createdAt"), route->created_ms);
    json_end_object(out);
}

/* ── finding ── */

/* Of the path. CALL_REFUSED: there is none. */
static int find_profile(struct call *call, struct sql *sql, struct endpoint_row *ret_row,
                        struct export_open *ret_open)
{
    int r = endpoints_find(call, sql, ret_row);
    return r == 0 ? exports_open(call, ret_row, ret_open) : r;
}

static int find_route(struct call *call, const struct export_profile *profile, int *ret_index)
{
    int64_t id;
    if (!call_id(call, 1, ID_EXPORT_ROUTE, "route", &id))
        return CALL_REFUSED;
    for (int i = 0; i < profile->route_count; i++) {
        if (profile->routes[i].id == id) {
            *ret_index = i;
            return 0;
        }
    }
    return call_not_found(call, "route");
}

int export_routes_list(struct call *call, struct sql *sql)
{
    struct endpoint_row row;
    struct export_open open = {};
    int r = find_profile(call, sql, &row, &open);
    if (r != 0)
        return r;
    struct json_writer *out = call_begin_list(call);
    const struct export_profile *profile = &open.profile;
    int64_t next = 0;
    int shown = 0;
    for (int i = profile->route_count - 1; i >= 0 && next == 0; i--) {
        if (profile->routes[i].id >= call->before)
            continue;
        if (shown == call->limit) {
            next = profile->routes[i + 1].id;
            break;
        }
        write_route(out, &profile->routes[i]);
        shown++;
    }
    call_end_list(call, ID_EXPORT_ROUTE, next);
    return 0;
}

int export_routes_get(struct call *call, struct sql *sql)
{
    struct endpoint_row row;
    struct export_open open = {};
    int index = 0;
    int r = find_profile(call, sql, &row, &open);
    if (r == 0)
        r = find_route(call, &open.profile, &index);
    if (r != 0)
        return r;
    write_route(call_json(call), &open.profile.routes[index]);
    call_reply(call, 200);
    return 0;
}

/* ── who is named ── */

static bool has_id(const int64_t *ids, int count, int64_t id)
{
    return bsearch(&id, ids, (size_t)count, sizeof(*ids), compare_int64) != NULL;
}

static bool names(const struct export_profile *profile, enum object_kind kind, int64_t id)
{
    for (int i = 0; i < profile->route_count; i++) {
        const struct export_route *route = &profile->routes[i];
        if (kind == OBJECT_CAMPAIGN ? has_id(route->campaigns, route->campaign_count, id)
                                    : has_id(route->products, route->product_count, id))
            return true;
    }
    return false;
}

int exports_check_free(struct call *call, struct batch *batch, enum object_kind kind, int64_t id)
{
    const struct picture *picture = batch_picture(batch, call->caller.organization);
    const char *word = kind == OBJECT_CAMPAIGN ? "campaign" : "product";
    for (int i = 0; i < picture->endpoints.count; i++) {
        const struct endpoint *endpoint =
            CONTAINER_OF(picture->endpoints.at[i], struct endpoint, object);
        if (endpoint->export != NULL && names(endpoint->export, kind, id))
            return call_refuse(
                call, PROBLEM_CONFLICT,
                arena_format(&call->request->arena,
                             "Routes of the export profile \"%.*s\" name the %s, and "
                             "would send nothing without it. Change them first.",
                             STR_ARG(endpoint->name), word));
    }
    return 0;
}

/* ── what a body says ── */

struct wanted_ids {
    const char *member;
    const char *word;
    enum id_kind kind;
    const struct objects *known;
};

/* False: not given. What the organization does not have is named. */
static bool take_ids(struct call *call, const struct wanted_ids *wanted, const int64_t **ret_ids,
                     int *ret_count)
{
    struct arena *arena = &call->request->arena;
    json list = json_get(call->body, str_c(wanted->member));
    struct json_walk walk = json_walk(list);
    json item;
    int count = 0;
    if (list == NULL)
        return false;
    int64_t *ids = ARENA_ARRAY(arena, int64_t, json_count(list) + 1);
    for (int i = 0; json_next(&walk, NULL, &item); i++) {
        if (id_read(wanted->kind, json_string(item), &ids[count]) &&
            objects_find(wanted->known, ids[count]) != NULL)
            count++;
        else
            call_wrong(call, arena_c(arena, arena_format(arena, "%s/%d", wanted->member, i)),
                       "unknown",
                       arena_format(arena, "The organization has no %s %.*s.", wanted->word,
                                    STR_ARG(redact_plain(json_string(item), arena))));
    }
    *ret_count = sort_distinct(ids, count);
    *ret_ids = ids;
    return true;
}

/* Returns 0 or CALL_REFUSED. */
static int take_route(struct call *call, struct batch *batch, struct export_route *route)
{
    const struct picture *picture = batch_picture(batch, call->caller.organization);
    const struct wanted_ids campaigns = { "campaignIds", "campaign", ID_CAMPAIGN,
                                          &picture->campaigns };
    const struct wanted_ids products = { "productIds", "product", ID_PRODUCT, &picture->products };
    str type;
    if (body_text(call, "customerType", &type) && !customer_type_read(type, &route->type))
        return fail(FAIL_CORRUPT); /* the schema has checked it */
    (void)take_ids(call, &campaigns, &route->campaigns, &route->campaign_count);
    (void)take_ids(call, &products, &route->products, &route->product_count);
    return problem_has(&call->problem) ? CALL_REFUSED : 0;
}

/* ── writing ── */

static int store_routes(struct call *call, struct batch *batch, struct endpoint_row *row,
                        struct export_open *open)
{
    struct sql *sql = batch_sql(batch);
    row->updated_ms = batch_now_ms(batch);
    exports_seal(call, open, row);
    int r = store_update_endpoint(sql, row);
    if (r == 0)
        r = batch_object_changed(batch, &call->operation, row->organization, OBJECT_ENDPOINT,
                                 row->id);
    return fail(r);
}

static int audit(struct call *call, struct batch *batch, const struct export_route *route,
                 const char *action)
{
    return call_audit(call, batch, action,
                      id_text(&call->request->arena, ID_EXPORT_ROUTE, route->id), (str){});
}

static struct export_route *copy_routes(struct call *call, struct export_profile *profile, int room)
{
    struct export_route *copy =
        ARENA_ARRAY(&call->request->arena, struct export_route, (size_t)room + 1);
    for (int i = 0; i < profile->route_count && i < room; i++)
        copy[i] = profile->routes[i];
    profile->routes = copy;
    return copy;
}

static int check_room(struct call *call, const struct export_profile *profile)
{
    int64_t most = call->api->context.limits->export_routes;
    if (profile->route_count < most)
        return 0;
    return call_refuse(call, PROBLEM_CONFLICT,
                       arena_format(&call->request->arena,
                                    "The export profile has %d routes, which is the most it may "
                                    "have (--max-export-routes). Delete one first.",
                                    profile->route_count));
}

int export_routes_create(struct call *call, struct batch *batch)
{
    struct endpoint_row row;
    struct export_open open = {};
    struct export_profile *profile = &open.profile;
    struct export_route route = { .created_ms = batch_now_ms(batch),
                                  .changed_ms = batch_now_ms(batch) };
    int r = find_profile(call, batch_sql(batch), &row, &open);
    if (r == 0)
        r = check_room(call, profile);
    if (r == 0)
        r = take_route(call, batch, &route);
    if (r != 0)
        return r;
    route.id = batch_draw_id(batch);
    call->made.id = route.id;
    copy_routes(call, profile, profile->route_count + 1)[profile->route_count] = route;
    profile->route_count++;
    r = store_routes(call, batch, &row, &open);
    if (r == 0)
        r = backfill_begin(batch, &row, route.id);
    if (r == 0)
        r = audit(call, batch, &route, "export_route.create");
    write_route(call_json(call), &route);
    call_reply(call, 201);
    return fail(r);
}

int export_routes_change(struct call *call, struct batch *batch)
{
    struct endpoint_row row;
    struct export_open open = {};
    int index = 0;
    int r = find_profile(call, batch_sql(batch), &row, &open);
    if (r == 0)
        r = find_route(call, &open.profile, &index);
    if (r != 0)
        return r;
    struct export_route *route = &copy_routes(call, &open.profile, open.profile.route_count)[index];
    const enum customer_type type_before = route->type;
    r = take_route(call, batch, route);
    if (r != 0)
        return r;
    if (open.profile.type != EXPORT_POSTBACK && route->type != type_before) {
        call_wrong(
            call, "customerType", "locked",
            STR("Leave it as it is, or make another route: this one's files are named by it."));
        return CALL_REFUSED;
    }
    route->changed_ms = batch_now_ms(batch);
    r = store_routes(call, batch, &row, &open);
    if (r == 0)
        r = backfill_begin(batch, &row, route->id);
    if (r == 0)
        r = audit(call, batch, route, "export_route.update");
    write_route(call_json(call), route);
    call_reply(call, 200);
    return fail(r);
}

int export_routes_delete(struct call *call, struct batch *batch)
{
    struct endpoint_row row;
    struct export_open open = {};
    struct export_profile *profile = &open.profile;
    int index = 0;
    int r = find_profile(call, batch_sql(batch), &row, &open);
    if (r == 0)
        r = find_route(call, profile, &index);
    if (r != 0)
        return r;
    struct export_route *left = copy_routes(call, profile, profile->route_count);
    const struct export_route gone = left[index];
    profile->route_count--;
    for (int i = index; i < profile->route_count; i++)
        left[i] = left[i + 1];
    r = store_routes(call, batch, &row, &open);
    if (r == 0)
        r = audit(call, batch, &gone, "export_route.delete");
    call_reply_nothing(call);
    return fail(r);
}
