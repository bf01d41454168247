/* SPDX-License-Identifier: MIT
 * api/read.c: what a request says: its path, its query, its body, each held against the route's
 * row. Unknown query parameters and members are refused by name. */
#include "api/call.h"

#include "base/instant.h"
#include "base/percent.h"
#include "model/money.h"

/* ── query ── */

static void query_wrong(struct call *call, str name, const char *code, str message)
{
    problem_add(&call->problem, &call->request->arena,
                (struct field_error){ .field = name, .code = str_c(code), .message = message });
}

static bool is_choice(const struct parameter *parameter, str value)
{
    for (const char *const *at = parameter->choices; *at != NULL; at++)
        if (str_equal(str_c(*at), value))
            return true;
    return false;
}

static bool read_number(str value, int64_t *ret_number)
{
    return str_to_int64(value, ret_number) && *ret_number >= 1 && *ret_number <= INT32_MAX;
}

static void check_query(struct call *call, const struct parameter *parameter, str value)
{
    int64_t at_ms;
    int64_t number;
    if (parameter->choices != NULL && !is_choice(parameter, value))
        query_wrong(call, str_c(parameter->name), "option",
                    choices_text(&call->request->arena, parameter->choices));
    if (parameter->shape == SHAPE_INSTANT && !instant_read(value, &at_ms))
        query_wrong(call, str_c(parameter->name), "format",
                    STR("Send a moment as in RFC 3339, such as 2026-11-21T10:00:00Z; a '+' in it "
                        "is written %2B."));
    if (parameter->shape == SHAPE_INTEGER && !read_number(value, &number))
        query_wrong(
            call, str_c(parameter->name), "range",
            arena_format(&call->request->arena, "Send a whole number from 1 to %d.", INT32_MAX));
}

static void read_limit(struct call *call, str value)
{
    int64_t most = call->api->context.limits->page;
    int64_t limit;
    if (!str_to_int64(value, &limit) || limit < 1 || limit > most) {
        query_wrong(call, STR("limit"), "range",
                    arena_format(&call->request->arena, "Send a whole number from 1 to %lld.",
                                 (long long)most));
        return;
    }
    call->limit = (int)limit;
}

static void read_cursor(struct call *call, str value)
{
    if (!id_read(call->route->cursor, value, &call->before))
        query_wrong(call, STR("cursor"), "format",
                    STR("Send the value of \"next\" from the page before."));
}

static int find_parameter(const struct route *route, str name)
{
    int count = route_query_count(route);
    for (int i = 0; i < count; i++)
        if (str_equal(str_c(route->query_parameters[i].name), name))
            return i;
    return -1;
}

static void take_parameter(struct call *call, str *values, bool seen[2], str name, str value)
{
    bool limit = call->route->list && str_equal(name, STR("limit"));
    bool cursor = call->route->list && str_equal(name, STR("cursor"));
    int at = find_parameter(call->route, name);
    if (!limit && !cursor && at < 0) {
        query_wrong(call, name, "unknown", STR("There is no query parameter of this name."));
        return;
    }
    if ((limit && seen[0]) || (cursor && seen[1]) || (at >= 0 && values[at].ptr != NULL)) {
        query_wrong(call, name, "duplicate", STR("This query parameter comes twice."));
        return;
    }
    seen[0] = seen[0] || limit;
    seen[1] = seen[1] || cursor;
    if (limit) {
        read_limit(call, value);
    } else if (cursor) {
        read_cursor(call, value);
    } else {
        values[at] = value.ptr == NULL ? STR("") : value;
        check_query(call, &call->route->query_parameters[at], value);
    }
}

static void read_query(struct call *call)
{
    struct request *request = call->request;
    int count = route_query_count(call->route);
    str *values = ARENA_ARRAY(&request->arena, str, (size_t)count + 1);
    bool seen[2] = {};
    call->query = values;
    call->before = INT64_MAX;
    call->limit = (int)MIN_OF(call->api->context.limits->page, PAGE_NORMAL);
    str rest = request->query;
    while (rest.len > 0) {
        str value = str_cut(&rest, '&');
        str name = str_cut(&value, '=');
        if (name.len == 0 && value.len == 0)
            continue;
        if (!percent_decode(&request->arena, name, true, &name) ||
            !percent_decode(&request->arena, value, true, &value)) {
            query_wrong(call, STR("query"), "format",
                        STR("The query must be percent-encoded UTF-8 without U+0000."));
            return;
        }
        take_parameter(call, values, seen, name, value);
    }
}

bool call_query(const struct call *call, const char *name, str *ret_value)
{
    int at = find_parameter(call->route, str_c(name));
    assert(at >= 0);
    if (call->query[at].ptr == NULL || call->query[at].len == 0)
        return false;
    *ret_value = call->query[at];
    return true;
}

bool call_query_number(const struct call *call, const char *name, int *ret_number)
{
    str text;
    int64_t number;
    if (!call_query(call, name, &text) || !read_number(text, &number))
        return false;
    *ret_number = (int)number;
    return true;
}

bool call_query_id(struct call *call, const char *name, enum id_kind kind, int64_t *ret_id)
{
    str text;
    *ret_id = 0;
    if (!call_query(call, name, &text) || id_read(kind, text, ret_id))
        return true;
    query_wrong(call, str_c(name), "format", STR("Send an id, as an answer has shown it."));
    return false;
}

bool call_id(struct call *call, int index, enum id_kind kind, const char *what, int64_t *ret_id)
{
    if (id_read(kind, call->path[index], ret_id))
        return true;
    (void)call_not_found(call, what);
    return false;
}

/* ── body ── */

static bool is_json(const struct request *request)
{
    const str *header = request_header(request, STR("Content-Type"));
    if (header == NULL)
        return false;
    str rest = *header;
    return str_equal_nocase(str_trim(str_cut(&rest, ';')), STR("application/json"));
}

static bool read_body(struct call *call)
{
    struct request *request = call->request;
    if (!is_json(request)) {
        (void)call_refuse(call, PROBLEM_MEDIA_TYPE,
                          STR("Send a JSON body, with Content-Type: application/json."));
        return false;
    }
    if (str_trim(request->body).len == 0) {
        (void)call_refuse(call, PROBLEM_MALFORMED, STR("The body is empty. Send a JSON object."));
        return false;
    }
    struct json_error error;
    int depth = (int)call->api->context.limits->json_depth;
    if (!json_read(&request->arena, request->body, depth, &call->body, &error)) {
        (void)call_refuse(
            call, PROBLEM_MALFORMED,
            arena_format(&request->arena, "The body is not JSON: %.*s.", STR_ARG(error.text)));
        return false;
    }
    return schema_check(call->route->body, call->body, &request->arena, &call->problem);
}

bool call_read(struct call *call)
{
    if (call->route->who == WHO_CLIENT) /* it has been: client_identify() */
        return true;
    read_query(call);
    if (problem_has(&call->problem))
        return false;
    bool empty = str_trim(call->request->body).len == 0;
    bool wanted = call->route->body != NULL && !(empty && call->route->body_optional);
    if (wanted && !read_body(call))
        return false;
    if (call->route->again != NULL && !once_read(call))
        return false;
    return call->route->check == NULL || call->route->check(call);
}

bool body_text(const struct call *call, const char *name, str *ret_text)
{
    json value = json_get(call->body, str_c(name));
    if (value == NULL)
        return false;
    *ret_text = str_trim(json_string(value));
    return true;
}

bool body_int(const struct call *call, const char *name, int64_t *ret_value)
{
    json value = json_get(call->body, str_c(name));
    if (value == NULL)
        return false;
    if (!json_to_int64(value, ret_value))
        *ret_value = 0; /* null */
    return true;
}

bool body_money(const struct call *call, const char *name, int64_t *ret_minor)
{
    json value = json_get(call->body, str_c(name));
    if (value == NULL)
        return false;
    str text = json_type(value) == JSON_NUMBER ? json_number(value) : json_string(value);
    if (!money_read(text, ret_minor))
        *ret_minor = 0; /* null */
    return true;
}

bool body_bool(const struct call *call, const char *name, bool *ret_value)
{
    json value = json_get(call->body, str_c(name));
    if (value == NULL)
        return false;
    *ret_value = json_bool(value);
    return true;
}
