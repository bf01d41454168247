/* SPDX-License-Identifier: MIT */
#include "api/filters.h"

#include "api/endpoints.h"
#include "api/handlers.h"
#include "mapping/condition.h"
#include "route/route.h"
#include "store/lists.h"

/* Rows may hold certificates: few at once. */
#define PAGE 20
#define POINTER STR("/filter")

/* ── what a body says ── */

static str json_text(json value, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2);
    struct json_writer writer = json_writer(&buf);
    json_add_value(&writer, value);
    return buf_str(&buf);
}

static str too_dear(struct call *call, int64_t cost)
{
    return arena_format(&call->request->arena,
                        "The filters of the organization would cost %lld points, and may cost %lld "
                        "together (--max-filter-cost). A condition costs 1, one that looks through "
                        "a text or an array 20 or more.",
                        (long long)cost, (long long)call->api->context.limits->filter_cost);
}

str filters_check(struct call *call)
{
    struct arena *arena = &call->request->arena;
    const struct conditions *conditions;
    const struct conditions_input input = { .value = json_get(call->body, STR("filter")),
                                            .pointer = POINTER,
                                            .limits = call->api->context.limits,
                                            .kept = arena,
                                            .arena = arena };
    if (input.value == NULL || json_type(input.value) == JSON_NULL ||
        !conditions_read(&input, &call->problem, &conditions))
        return (str){};
    int64_t cost = conditions_cost(conditions);
    if (cost > input.limits->filter_cost)
        call_wrong(call, "filter", "range", too_dear(call, cost));
    return json_text(input.value, arena);
}

int filters_check_cost(struct call *call, struct batch *batch, const struct endpoint_row *row)
{
    const struct conditions *conditions;
    if (json_get(call->body, STR("filter")) == NULL || row->filter.len == 0)
        return 0;
    if (!conditions_read_stored(row->filter, POINTER, &call->request->arena, &conditions))
        return fail(FAIL_CORRUPT);
    int64_t cost = conditions_cost(conditions);
    const struct picture *picture = batch_picture(batch, row->organization);
    for (int i = 0; picture != NULL && i < picture->endpoints.count; i++) {
        const struct endpoint *other = (const struct endpoint *)picture->endpoints.at[i];
        if (other->object.id != row->id && other->filter != NULL)
            cost += conditions_cost(other->filter);
    }
    if (cost <= call->api->context.limits->filter_cost)
        return 0;
    return call_refuse(call, PROBLEM_CONFLICT, too_dear(call, cost));
}

void filters_write(struct call *call, str filter)
{
    json_member_raw(&call->out, STR("filter"), filter.len > 0 ? filter : STR("null"));
}

/* ── trying one ── */

/* What is to be tried: on a loop from the body, then from the store. */
struct trial {
    str filter;
    int64_t event; /* 0: the body has the data */
};

bool filter_test_check(struct call *call)
{
    struct trial *trial = ARENA_NEW(&call->request->arena, struct trial);
    call->parsed = trial;
    str id;
    bool has_data = json_get(call->body, STR("data")) != NULL;
    bool has_event = body_text(call, "eventId", &id);
    if (has_data == has_event)
        call_wrong(call, "data", "required", STR("Send either data or eventId."));
    if (has_event && !id_read(ID_EVENT, id, &trial->event))
        call_wrong(call, "eventId", "format", STR("Send the id of an event: evt_…"));
    trial->filter = filters_check(call);
    return !problem_has(&call->problem);
}

/* CALL_REFUSED: there is no such event. */
static int find_data(struct call *call, struct sql *sql, int64_t event, json *ret_data)
{
    struct arena *arena = &call->request->arena;
    struct event_found found;
    struct json_error error;
    *ret_data = json_get(call->body, STR("data"));
    if (event == 0)
        return 0;
    int r = store_read_event(sql, call->caller.organization, event, arena, &found);
    if (r == STORE_NOT_FOUND)
        return call_not_found(call, "event");
    if (r == 0 && !json_read(arena, found.event.data, JSON_DEPTH_MAX, ret_data, &error))
        *ret_data = NULL; /* without data every field is missing */
    return fail(r);
}

static void answer_trial(struct call *call, const struct conditions_verdict *verdict)
{
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_member_bool(out, STR("matches"), verdict->match);
    json_member_text_or_null(out, STR("pointer"), verdict->pointer);
    json_member_string(out, STR("reason"), verdict->text);
    json_end_object(out);
    call_reply(call, 200);
}

int filter_test(struct call *call, struct sql *sql)
{
    const struct trial *trial = call->parsed;
    struct arena *arena = &call->request->arena;
    struct endpoint_row row;
    json data = NULL;
    int r = endpoints_find(call, sql, &row);
    if (r == 0)
        r = find_data(call, sql, trial->event, &data);
    if (r != 0)
        return r;
    str filter = json_get(call->body, STR("filter")) != NULL ? trial->filter : row.filter;
    struct conditions_verdict verdict = {
        .match = true, .text = STR("Without a filter every event of the endpoint's types matches.")
    };
    const struct conditions *conditions;
    if (filter.len > 0) {
        if (!conditions_read_stored(filter, POINTER, arena, &conditions))
            return fail(FAIL_CORRUPT);
        verdict = conditions_explain(conditions, data, arena);
    }
    answer_trial(call, &verdict);
    return 0;
}

/* ── who did not get an event ── */

/* One event, held against each endpoint. */
struct turning {
    struct call *call;
    struct sql *sql;
    const struct event *event;
    json data;
    struct arena *arena; /* of one page */
};

static bool has_type(const struct endpoint_row *row, str type, struct arena *arena)
{
    json types = NULL;
    struct json_error error;
    if (!json_read(arena, row->event_types, JSON_DEPTH_MAX, &types, &error))
        return false;
    struct json_walk walk = json_walk(types);
    json item;
    while (json_next(&walk, NULL, &item))
        if (event_type_matches(json_string(item), type))
            return true;
    return false;
}

static int write_turned_away(const struct turning *turning, const struct endpoint_row *row)
{
    struct arena *arena = turning->arena;
    struct json_writer *out = &turning->call->out;
    const struct conditions *conditions;
    struct delivery_found found;
    if (row->filter.len == 0 || !has_type(row, turning->event->type, arena))
        return 0;
    if (!conditions_read_stored(row->filter, POINTER, arena, &conditions))
        return fail(FAIL_CORRUPT);
    const struct conditions_verdict verdict = conditions_explain(conditions, turning->data, arena);
    if (verdict.match)
        return 0;
    int r = store_find_event_delivery(turning->sql, turning->event, row->id, arena, &found);
    if (r != STORE_NOT_FOUND)
        return fail(r);
    json_begin_object(out);
    json_member_id(out, STR("webhookId"), ID_WEBHOOK, row->id);
    json_member_string(out, STR("pointer"), verdict.pointer);
    json_member_string(out, STR("reason"), verdict.text);
    json_end_object(out);
    return 0;
}

/* Of the page; the next one begins below it. */
static int write_page(const struct turning *turning, struct store_page *page, int *ret_count)
{
    arena_reset(page->arena, (size_t)MIB);
    struct endpoint_row *rows = ARENA_ARRAY(page->arena, struct endpoint_row, PAGE);
    int r = store_list_endpoints(turning->sql, page, ENDPOINT_WEBHOOK, rows, ret_count);
    for (int i = 0; r == 0 && i < *ret_count; i++) {
        r = write_turned_away(turning, &rows[i]);
        page->before = rows[i].id;
    }
    return fail(r);
}

int filters_write_turned_away(struct call *call, struct sql *sql, const struct event *event)
{
    struct arena CLEANUP(arena_done) arena = {};
    struct turning turning = { .call = call, .sql = sql, .event = event, .arena = &arena };
    struct store_page page = {
        .organization = event->organization, .before = STORE_NEWEST, .limit = PAGE, .arena = &arena
    };
    struct json_error error;
    /* A ping goes to one endpoint, whatever the filters are. */
    int count = str_equal(event->type, STR("ping")) ? 0 : PAGE;
    int r = 0;
    if (!json_read(&call->request->arena, event->data, JSON_DEPTH_MAX, &turning.data, &error))
        turning.data = NULL;
    json_key(&call->out, STR("filtered"));
    json_begin_array(&call->out);
    while (r == 0 && count == PAGE)
        r = write_page(&turning, &page, &count);
    json_end_array(&call->out);
    return fail(r);
}
