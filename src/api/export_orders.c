/* SPDX-License-Identifier: MIT
 * api/export_orders.c: what an export profile makes of a given order: what it would send, and
 * whether it would. Nothing is sent or stored. */
#include "api/deliveries.h"
#include "api/exports.h"
#include "api/handlers.h"
#include "base/redact.h"
#include "base/zones.h"
#include "intake/exports.h"
#include "mapping/export_profile.h"
#include "mapping/export_render.h"
#include "model/names.h"
#include "model/order_names.h"
#include "record/order.h"
#include "store/access.h"
#include "store/catalog.h"
#include "store/exports.h"
#include "store/history.h"
#include "store/orders.h"
#include "store/outlets.h"

#define EVENTS_LOOKED_AT 1000
#define DELIVERIES_SHOWN 100
/* How long before a route was made it still sends. */
#define BACK_FILL_MS ((int64_t)24 * 3600 * 1000)

/* ── what is asked for ── */

struct asked {
    struct endpoint_row row;
    struct export_open open;
    struct order order;
    bool type_given;
    enum customer_type type;
    struct campaign_row campaign; /* id 0: the order has none */
};

static int find_order(struct call *call, struct sql *sql, struct order *ret_order)
{
    struct order_wanted wanted = { .organization = call->caller.organization };
    str text = {};
    (void)body_text(call, "orderId", &text);
    if (!id_read(ID_ORDER, text, &wanted.id))
        wanted.client_order_id = text;
    int r = store_find_order(sql, &wanted, &call->request->arena, ret_order);
    if (r != STORE_NOT_FOUND)
        return fail(r);
    call_wrong(call, "orderId", "unknown",
               STR("The organization has no such order: send its id (ord_…), or its client order "
                   "id."));
    return CALL_REFUSED;
}

static int find_campaign(struct call *call, struct sql *sql, struct asked *asked)
{
    if (asked->order.campaign == 0)
        return 0;
    int r = store_read_campaign(sql, asked->order.organization, asked->order.campaign,
                                &call->request->arena, &asked->campaign);
    return fail(MIN_OF(r, 0));
}

static int find_asked(struct call *call, struct sql *sql, struct asked *asked)
{
    str type;
    int r = endpoints_find(call, sql, &asked->row);
    if (r == 0)
        r = exports_open(call, &asked->row, &asked->open);
    if (r == 0)
        r = find_order(call, sql, &asked->order);
    if (r == 0)
        r = find_campaign(call, sql, asked);
    asked->type_given =
        body_text(call, "customerType", &type) && customer_type_read(type, &asked->type);
    return r;
}

struct last {
    struct order_occurrence occurrence;
    str data; /* the event's, with the order as it was; empty: there has been none */
};

/* What the next bill of all that recurs comes to. */
static int64_t usual_amount(const struct order *order, enum customer_type type)
{
    int64_t amount = 0;
    for (int i = 0; type == CUSTOMER_RECURRING_ORDER && i < order->line_count; i++)
        if (order->lines[i].recurring)
            amount += order_line_bill(&order->lines[i]);
    return amount;
}

/* What one of that type is about: as the newest was, or, where there has been none, all lines. */
static int find_last(struct call *call, struct sql *sql, const struct order *order,
                     enum customer_type type, struct last *ret_last)
{
    struct arena *arena = &call->request->arena;
    *ret_last = (struct last){};
    int r =
        store_find_last_occurrence(sql, order, customer_type_event(type), arena, &ret_last->data);
    if (r < 0)
        return fail(r);
    if (r == STORE_NOT_FOUND ||
        !exports_read_occurrence(ret_last->data, arena, &ret_last->occurrence))
        *ret_last = (struct last){
            .occurrence = { .type = type, .amount = usual_amount(order, type) },
        };
    return 0;
}

/* ── preview ── */

static enum customer_type usual_type(const struct export_profile *profile)
{
    return profile->route_count > 0 ? profile->routes[0].type : CUSTOMER_NEW_SALE;
}

static void write_nothing(struct json_writer *out, const char *member)
{
    json_key(out, str_c(member));
    json_add_null(out);
}

static void write_headers(struct json_writer *out, const struct export_request *request)
{
    json_key(out, STR("headers"));
    json_begin_object(out);
    for (int i = 0; i < request->header_count; i++) {
        const struct export_header *header = &request->headers[i];
        json_member_string(out, header->name, redact_name(header->name) ? MASKED : header->value);
    }
    json_end_object(out);
}

static bool write_request(struct call *call, const struct asked *asked,
                          const struct crm_source *source)
{
    struct json_writer *out = &call->out;
    struct export_request request;
    if (!export_render(asked->open.profile.map, asked->open.url, source, &call->request->arena,
                       &request))
        return false;
    json_member_string(out, STR("method"), request.method);
    json_member_string(out, STR("url"), request.url);
    write_headers(out, &request);
    if (request.has_body)
        json_member_string(out, STR("body"), request.body);
    else
        write_nothing(out, "body");
    write_nothing(out, "header");
    write_nothing(out, "row");
    return true;
}

static bool write_row(struct call *call, const struct asked *asked, const struct crm_source *source)
{
    struct json_writer *out = &call->out;
    struct arena *arena = &call->request->arena;
    const struct export_profile *profile = &asked->open.profile;
    enum export_cells cells = export_cells_of(profile->guard_cells);
    str row;
    if (!export_csv_row(profile->map, source, cells, arena, &row))
        return false;
    write_nothing(out, "method");
    write_nothing(out, "url");
    json_key(out, STR("headers"));
    json_begin_object(out);
    json_end_object(out);
    write_nothing(out, "body");
    json_member_string(out, STR("header"), export_csv_header(profile->map, cells, arena));
    json_member_string(out, STR("row"), row);
    return true;
}

static int write_preview(struct call *call, struct sql *sql, const struct asked *asked,
                         const struct crm_source *source)
{
    struct json_writer *out = &call->out;
    json_begin_object(out);
    json_member_id(out, STR("orderId"), ID_ORDER, asked->order.id);
    json_member_string(out, STR("customerType"), customer_type_name(source->type));
    if (asked->open.profile.type == EXPORT_POSTBACK ? !write_request(call, asked, source)
                                                    : !write_row(call, asked, source))
        return call_refuse(call, PROBLEM_CONFLICT,
                           STR("What the field map makes of this order is longer than is sent, "
                               "256 KiB in a URL, 16 MiB in a body or file: map fewer fields."));
    json_key(out, STR("warnings"));
    json_begin_array(out);
    if (asked->order.test)
        json_add_string(out, STR("The order was paid with a test card: it is never exported."));
    int r = exports_warn(call, &asked->row, &asked->open);
    if (r == 0)
        r = export_files_warn(call, sql, &asked->row, &asked->open, source);
    json_end_array(out);
    json_end_object(out);
    return fail(r);
}

static const struct zone *find_zone(struct zones *zones, str name)
{
    const struct zone *zone = zones_find(zones, name);
    return zone != NULL ? zone : zones_find(zones, STR("UTC"));
}

int exports_preview(struct call *call, struct sql *sql)
{
    struct asked asked = {};
    struct organization_row organization;
    struct last last;
    int r = find_asked(call, sql, &asked);
    if (r == 0)
        r = store_read_organization(sql, asked.order.organization, &call->request->arena,
                                    &organization);
    if (r != 0)
        return r;
    enum customer_type type = asked.type_given ? asked.type : usual_type(&asked.open.profile);
    r = find_last(call, sql, &asked.order, type, &last);
    if (r < 0)
        return fail(r);
    const struct crm_source source = {
        .order = &asked.order,
        .type = type,
        .occurred = last.data.len > 0,
        .amount = last.occurrence.amount,
        .line = last.occurrence.line,
        .campaign_name = asked.campaign.name,
        .campaign_number = asked.campaign.number,
        .customer_number = asked.order.customer_number,
        .zone = find_zone(call->api->context.zones, organization.time_zone),
    };
    (void)call_json(call);
    r = write_preview(call, sql, &asked, &source);
    if (r == 0)
        call_reply(call, 200);
    return r;
}

/* ── explain ── */

/* When the order last had something of each type (0: never), and, of those that are looked at, what
 * that was about, and whether the profile has a delivery of it. */
struct had {
    int64_t at_ms[CUSTOMER_TYPE_COUNT];
    int64_t event[CUSTOMER_TYPE_COUNT];
    struct last last[CUSTOMER_TYPE_COUNT];
    bool *exported; /* by route */
};

static int read_had(struct call *call, struct sql *sql, const struct order *order, struct had *had)
{
    const struct store_page page = { .organization = order->organization,
                                     .before = STORE_NEWEST,
                                     .limit = EVENTS_LOOKED_AT,
                                     .arena = &call->request->arena };
    const struct history_of of = { .order = order->id };
    struct order_event *rows = ARENA_ARRAY(page.arena, struct order_event, EVENTS_LOOKED_AT);
    int count = 0;
    int r = store_list_order_events(sql, &page, &of, rows, &count);
    for (int i = 0; r == 0 && i < count; i++) {
        enum customer_type type;
        if (customer_type_read_event(rows[i].type, &type) && rows[i].at_ms > had->at_ms[type]) {
            had->at_ms[type] = rows[i].at_ms;
            had->event[type] = rows[i].id;
        }
    }
    return fail(r);
}

static int read_last(struct call *call, struct sql *sql, const struct asked *asked, struct had *had)
{
    const struct export_profile *profile = &asked->open.profile;
    bool looked_at[CUSTOMER_TYPE_COUNT] = {};
    if (asked->type_given)
        looked_at[asked->type] = true;
    for (int i = 0; !asked->type_given && i < profile->route_count; i++)
        looked_at[profile->routes[i].type] = true;
    int r = 0;
    for (int type = 0; r == 0 && type < CUSTOMER_TYPE_COUNT; type++)
        if (looked_at[type])
            r = find_last(call, sql, &asked->order, (enum customer_type)type, &had->last[type]);
    return fail(r);
}

/* Into a file each route sends by itself. */
static int read_exported(struct call *call, struct sql *sql, const struct asked *asked,
                         struct had *had)
{
    const struct export_profile *profile = &asked->open.profile;
    bool files = profile->type != EXPORT_POSTBACK;
    int r = 0;
    had->exported = ARENA_ARRAY(&call->request->arena, bool, (size_t)profile->route_count + 1);
    for (int i = 0; r >= 0 && i < profile->route_count; i++) {
        const struct export_delivery_row row = {
            .organization = asked->order.organization,
            .order = asked->order.id,
            .event = had->event[profile->routes[i].type],
            .outlet = asked->row.id,
            .route = files ? profile->routes[i].id : 0,
        };
        r = row.event == 0 ? STORE_NOT_FOUND : store_find_exported(sql, &row);
        had->exported[i] = r == 0;
    }
    return fail(MIN_OF(r, 0));
}

struct verdict {
    const char *code; /* NULL: it would be sent */
    str message;
};

static struct verdict other_campaign(struct arena *arena, const struct asked *asked)
{
    return (struct verdict){
        "campaign", arena_format(arena,
                                 "The order is of the campaign \"%.*s\", which is none of the "
                                 "route's: add it to campaignIds, or leave them empty for all.",
                                 STR_ARG(asked->campaign.name))
    };
}

static struct verdict other_product(void)
{
    return (struct verdict){
        "product", STR("None of the order's lines that it is about is one of the route's "
                       "products: add theirs to productIds, or leave them empty for all. A line "
                       "whose SKU is linked to no product has none.")
    };
}

/* `asked`: for what such an occurrence would come to, whether there has been one or not. */
static struct verdict by_time(struct arena *arena, const struct export_route *route,
                              const struct had *had, bool exported, bool asked)
{
    str label = customer_type_label(route->type);
    int64_t at_ms = had->at_ms[route->type];
    if (at_ms == 0)
        return (struct verdict){
            asked ? NULL : "customer_type",
            arena_format(arena, "The order has had no \"%.*s\" yet: when it does, it is sent.",
                         STR_ARG(label))
        };
    bool before_made = at_ms < route->created_ms - BACK_FILL_MS;
    bool before_changed = at_ms < route->changed_ms - BACK_FILL_MS && !exported;
    if (before_made || before_changed)
        return (struct verdict){
            "too_old",
            arena_format(arena,
                         "The order had \"%.*s\" more than a day before the route was "
                         "%s: what is older is not sent.",
                         STR_ARG(label), before_made ? "made" : "changed, and was not sent then")
        };
    return (struct verdict){ NULL, arena_format(arena, "\"%.*s\" of this order is sent.",
                                                STR_ARG(label)) };
}

static bool is_of_route(const struct export_route *route, json line)
{
    int64_t product;
    bool known = id_read(ID_PRODUCT, json_string(json_get(line, STR("productId"))), &product);
    for (int i = 0; known && i < route->product_count; i++)
        if (route->products[i] == product)
            return true;
    return false;
}

/* Whether what happened since the route is as it is was of none of its products then: a SKU has been
 * linked since. */
static bool was_of_others(struct arena *arena, const struct export_route *route,
                          const struct had *had)
{
    const struct last *last = &had->last[route->type];
    json data;
    struct json_error error;
    if (route->product_count == 0 || had->at_ms[route->type] < route->changed_ms ||
        !json_read(arena, last->data, JSON_DEPTH_MAX, &data, &error))
        return false;
    json about = json_get(data, STR("line"));
    struct json_walk walk = json_walk(json_get(json_get(data, STR("order")), STR("lines")));
    int64_t only = -1;
    json line;
    if (!json_to_int64(about, &only))
        only = -1;
    for (int64_t at = 0; json_next(&walk, NULL, &line); at++)
        if ((only < 0 || at == only) && is_of_route(route, line))
            return false;
    return true;
}

static struct verdict before_product(struct arena *arena, const struct export_route *route)
{
    return (struct verdict){
        "product",
        arena_format(arena,
                     "The order had \"%.*s\" before its line had this product: it was not "
                     "sent then. What happens from now on is.",
                     STR_ARG(customer_type_label(route->type)))
    };
}

static struct verdict judge(struct call *call, const struct asked *asked,
                            const struct export_route *route, const struct had *had)
{
    struct arena *arena = &call->request->arena;
    enum customer_type type = asked->type_given ? asked->type : route->type;
    bool about[ORDER_LINES_MAX];
    order_occurrence_lines(&asked->order, &had->last[type].occurrence, about);
    switch (export_route_asks(route, &asked->order, type, about)) {
    case EXPORT_WANTED:
        break;
    case EXPORT_OTHER_TYPE:
        return (struct verdict){ "customer_type",
                                 arena_format(arena, "The route asks for \"%.*s\" alone.",
                                              STR_ARG(customer_type_label(route->type))) };
    case EXPORT_OTHER_CAMPAIGN:
        return other_campaign(arena, asked);
    case EXPORT_OTHER_PRODUCT:
        return other_product();
    }
    if (exports_is_converted(&asked->order, type))
        return (struct verdict){ "converted", STR("The order has been sold since: what it was "
                                                  "before is sent no more.") };
    if (was_of_others(arena, route, had))
        return before_product(arena, route);
    bool exported = had->exported[route - asked->open.profile.routes];
    return by_time(arena, route, had, exported, asked->type_given);
}

/* Returns whether one of them would send it. */
static bool write_routes(struct call *call, const struct asked *asked, const struct had *had)
{
    struct json_writer *out = &call->out;
    const struct export_profile *profile = &asked->open.profile;
    bool any = false;
    json_key(out, STR("routes"));
    json_begin_array(out);
    for (int i = 0; i < profile->route_count; i++) {
        const struct export_route *route = &profile->routes[i];
        struct verdict verdict = judge(call, asked, route, had);
        any = any || verdict.code == NULL;
        json_begin_object(out);
        json_member_id(out, STR("id"), ID_EXPORT_ROUTE, route->id);
        json_member_string(out, STR("customerType"), customer_type_name(route->type));
        json_member_bool(out, STR("wouldSend"), verdict.code == NULL);
        json_member_text_or_null(out, STR("refusedBy"), str_c(verdict.code));
        json_member_string(out, STR("message"), verdict.message);
        json_end_object(out);
    }
    json_end_array(out);
    return any;
}

static void write_reason(struct json_writer *out, str code, str message, int64_t until_ms)
{
    json_begin_object(out);
    json_member_string(out, STR("code"), code);
    json_member_string(out, STR("message"), message);
    json_member_instant(out, STR("until"), until_ms);
    json_end_object(out);
}

/* What is about this order stands behind the line's delivery; 0: it does not. */
static int find_pause(struct sql *sql, const struct asked *asked, const struct standing *standing,
                      struct paused_line *ret_line)
{
    const struct outlet_work of = { asked->order.organization, asked->row.id };
    *ret_line = (struct paused_line){};
    if (standing->paused_subjects == 0)
        return 0;
    return fail(MIN_OF(store_find_paused_subject(sql, &of, asked->order.id, ret_line), 0));
}

static void write_pause(struct call *call, int64_t delivery)
{
    struct arena *arena = &call->request->arena;
    str id = id_text(arena, ID_DELIVERY, delivery);
    write_reason(
        &call->out, STR("paused_subject"),
        arena_format(arena,
                     "The delivery %.*s is dead, and nothing about this order goes behind it "
                     "(order: subject). Send it again (POST /api/v1/deliveries/%.*s/resend), or go "
                     "on without it (POST /api/v1/deliveries/%.*s/pass-over).",
                     STR_ARG(id), STR_ARG(id), STR_ARG(id)),
        0);
}

/* Returns whether one of them says that nothing would be sent: what holds it for a while does not. */
static bool write_reasons(struct call *call, const struct asked *asked,
                          const struct standing *standing, const struct paused_line *pause)
{
    struct json_writer *out = &call->out;
    bool no_routes = asked->open.profile.route_count == 0;
    bool stopped = standing->sending == SENDING_STOPPED;
    json_key(out, STR("reasons"));
    json_begin_array(out);
    if (no_routes)
        write_reason(out, STR("no_routes"),
                     STR("The export profile has no routes: it sends nothing."), 0);
    if (stopped)
        write_reason(out, outlet_status_name(standing->status), standing->reason, 0);
    else if (standing->sending != SENDING_FREELY)
        write_reason(out, sending_name(standing->sending), standing->reason, standing->until_ms);
    if (pause->delivery != 0)
        write_pause(call, pause->delivery);
    if (asked->order.test)
        write_reason(out, STR("test_card"),
                     STR("The order was paid with a test card: neither it nor what comes of it is "
                         "exported."),
                     0);
    json_end_array(out);
    return no_routes || stopped || pause->delivery != 0 || asked->order.test;
}

static void write_types(struct json_writer *out, const struct had *had)
{
    json_key(out, STR("customerTypes"));
    json_begin_array(out);
    for (int type = 0; type < CUSTOMER_TYPE_COUNT; type++)
        if (had->at_ms[type] != 0)
            json_add_string(out, customer_type_name((enum customer_type)type));
    json_end_array(out);
}

static void write_delivery_made(struct call *call, const struct delivery_found *found,
                                const struct standing *standing)
{
    struct json_writer *out = &call->out;
    str id = id_text(&call->request->arena, ID_DELIVERY, found->delivery.id);
    json_begin_object(out);
    json_member_string(out, STR("id"), id);
    json_member_string(out, STR("href"),
                       arena_format(&call->request->arena, "/api/v1/deliveries/%.*s", STR_ARG(id)));
    write_customer_type(out, found->event_type);
    json_member_string(out, STR("state"), delivery_state_name(found->delivery.state));
    json_member_text_or_null(out, STR("reason"), delivery_reason(call, &found->delivery, standing));
    json_member_instant(out, STR("createdAt"), found->delivery.created_ms);
    json_end_object(out);
}

static int write_deliveries(struct call *call, struct sql *sql, const struct asked *asked,
                            const struct standing *standing)
{
    const struct store_page page = { .organization = asked->order.organization,
                                     .before = STORE_NEWEST,
                                     .limit = DELIVERIES_SHOWN,
                                     .arena = &call->request->arena };
    const struct history_of of = { .order = asked->order.id };
    struct order_export *rows = ARENA_ARRAY(page.arena, struct order_export, DELIVERIES_SHOWN);
    struct delivery_found found;
    int count = 0;
    int r = store_list_order_exports(sql, &page, &of, asked->row.id, rows, &count);
    json_key(&call->out, STR("deliveries"));
    json_begin_array(&call->out);
    for (int i = 0; r >= 0 && i < count; i++) {
        r = store_find_delivery(sql, page.organization, rows[i].delivery, page.arena, &found);
        if (r == 0)
            write_delivery_made(call, &found, standing);
    }
    json_end_array(&call->out);
    return fail(MIN_OF(r, 0));
}

int exports_explain(struct call *call, struct sql *sql)
{
    struct asked asked = {};
    struct had had = {};
    struct standing standing = {};
    struct paused_line pause;
    int r = find_asked(call, sql, &asked);
    if (r != 0)
        return r;
    r = read_had(call, sql, &asked.order, &had);
    if (r == 0)
        r = read_last(call, sql, &asked, &had);
    if (r == 0)
        r = read_exported(call, sql, &asked, &had);
    if (r == 0)
        r = standing_of(call, sql, &asked.row, &standing);
    if (r == 0)
        r = find_pause(sql, &asked, &standing, &pause);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_member_id(out, STR("orderId"), ID_ORDER, asked.order.id);
    bool stopped = write_reasons(call, &asked, &standing, &pause);
    bool wanted = write_routes(call, &asked, &had);
    json_member_bool(out, STR("wouldSend"), wanted && !stopped);
    write_types(out, &had);
    r = write_deliveries(call, sql, &asked, &standing);
    json_end_object(out);
    call_reply(call, 200);
    return fail(r);
}
