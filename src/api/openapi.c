/* SPDX-License-Identifier: MIT */
#include "api/openapi.h"

#include "api/routes.h"
#include "api/schemas.h"
#include "model/names.h"

#define DOCUMENT_MAX ((size_t)4 << 20)
#define PROBLEMS_OF_ROUTE 24

/* ── which problems a route can answer with ── */

struct problem_set {
    enum problem_id at[PROBLEMS_OF_ROUTE];
    int count;
};

static void add_problem(struct problem_set *set, bool when, enum problem_id id)
{
    for (int i = 0; i < set->count; i++)
        when = when && set->at[i] != id;
    if (!when)
        return;
    assert(set->count < PROBLEMS_OF_ROUTE);
    set->at[set->count++] = id;
}

static struct problem_set problems_of(const struct route *route)
{
    struct problem_set set = {};
    if (route->who == WHO_CLIENT) /* it always answers 200 */
        return set;
    bool caller = (route->who & WHO_CALLER) != 0;
    bool path = strchr(route->pattern, '{') != NULL;
    bool body = route->body != NULL;
    add_problem(&set, path || body, PROBLEM_MALFORMED);
    add_problem(&set, route->again != NULL, PROBLEM_KEY_REUSED);
    add_problem(&set, route->again != NULL, PROBLEM_GONE);
    add_problem(&set, caller || (route->who & (WHO_INLET | WHO_PLUGIN)) != 0,
                PROBLEM_UNAUTHENTICATED);
    add_problem(&set, caller, PROBLEM_FORBIDDEN);
    add_problem(&set, path, PROBLEM_NOT_FOUND);
    add_problem(&set, body, PROBLEM_TOO_LARGE);
    add_problem(&set, body, PROBLEM_MEDIA_TYPE);
    add_problem(&set, true, PROBLEM_INVALID);
    add_problem(&set, (route->who & WHO_KEY) != 0, PROBLEM_RATE);
    for (int i = 0; i < ROUTE_PROBLEMS && route->also[i] != PROBLEM_INTERNAL; i++)
        add_problem(&set, true, route->also[i]);
    add_problem(&set, route->immediate == NULL, PROBLEM_BUSY);
    return set;
}

/* ── responses ── */

static void write_json_content(struct json_writer *out, const struct schema *schema,
                               const char *type, bool example)
{
    json_key(out, STR("content"));
    json_begin_object(out);
    json_key(out, str_c(type));
    json_begin_object(out);
    json_key(out, STR("schema"));
    schema_reference(out, schema);
    if (example) {
        json_key(out, STR("example"));
        schema_example(out, schema);
    }
    json_end_object(out);
    json_end_object(out);
}

static void write_list_content(struct json_writer *out, const struct schema *schema)
{
    json_key(out, STR("content"));
    json_begin_object(out);
    json_key(out, STR("application/json"));
    json_begin_object(out);
    json_key(out, STR("schema"));
    json_add_raw(out,
                 arena_format(out->buf->arena,
                              "{\"type\":\"object\",\"properties\":{\"data\":{\"type\":\"array\","
                              "\"items\":{\"$ref\":\"#/components/schemas/%s\"}},\"next\":{"
                              "\"type\":[\"string\",\"null\"],\"description\":\"the cursor of the "
                              "next page; null: this is the last\"}},"
                              "\"required\":[\"data\",\"next\"]}",
                              schema->name));
    json_key(out, STR("example"));
    json_begin_object(out);
    json_key(out, STR("data"));
    json_begin_array(out);
    schema_example(out, schema);
    json_end_array(out);
    json_key(out, STR("next"));
    json_add_null(out);
    json_end_object(out);
    json_end_object(out);
    json_end_object(out);
}

static void write_header_references(struct json_writer *out, const char *const *names, int count)
{
    json_key(out, STR("headers"));
    json_begin_object(out);
    for (int i = 0; i < count; i++) {
        json_key(out, str_c(names[i]));
        json_begin_object(out);
        json_member_string(out, STR("$ref"),
                           arena_format(out->buf->arena, "#/components/headers/%s", names[i]));
        json_end_object(out);
    }
    json_end_object(out);
}

static const char *const every_header[] = { "X-Request-Id", "Retry-After", "X-RateLimit-Limit",
                                            "X-RateLimit-Remaining", "X-RateLimit-Reset" };

static void write_success(struct json_writer *out, const struct route *route)
{
    json_key(out, arena_format(out->buf->arena, "%d", route->status));
    json_begin_object(out);
    const char *text = route->status == 201   ? "It is made."
                       : route->status == 202 ? "It is on its way."
                       : route->status == 204 ? "It is done."
                                              : "Here it is.";
    json_member_string(out, STR("description"), str_c(text));
    write_header_references(out, every_header, 1);
    if (route->list)
        write_list_content(out, route->answer);
    else if (route->answer != NULL)
        write_json_content(out, route->answer, "application/json", route->answer->members != NULL);
    else if (route->content_type != NULL)
        json_member_raw(out, STR("content"),
                        arena_format(out->buf->arena, "{\"%s\":{\"schema\":{\"type\":\"string\"}}}",
                                     route->content_type));
    json_end_object(out);
}

static void write_preview(struct json_writer *out, const struct schema *schema)
{
    json_key(out, STR("200"));
    json_begin_object(out);
    json_member_string(out, STR("description"), STR("Nothing was done: what it would come to."));
    write_header_references(out, every_header, 1);
    write_json_content(out, schema, "application/json", true);
    json_end_object(out);
}

/* Several problems can share a status: one response describes them all. */
static void write_status(struct json_writer *out, const struct problem_set *set, int status)
{
    struct buf text;
    buf_init(&text, out->buf->arena, 1000);
    for (int i = 0; i < set->count; i++) {
        const struct problem_kind *kind = problem_kind(set->at[i]);
        if (kind->status != status)
            continue;
        if (text.len > 0)
            buf_add(&text, STR(" · "));
        buf_format(&text, "%s (%s)", kind->title, kind->slug);
    }
    json_key(out, arena_format(out->buf->arena, "%d", status));
    json_begin_object(out);
    json_member_string(out, STR("description"), buf_str(&text));
    int headers = status == 429 ? 5 : status == 503 ? 2 : 1;
    write_header_references(out, every_header, headers);
    write_json_content(out, &schema_problem, "application/problem+json", false);
    json_end_object(out);
}

static void write_responses(struct json_writer *out, const struct route *route)
{
    const struct problem_set set = problems_of(route);
    json_key(out, STR("responses"));
    json_begin_object(out);
    if (route->preview != NULL)
        write_preview(out, route->preview);
    write_success(out, route);
    int last = 0;
    for (;;) { /* by rising status */
        int next = INT32_MAX;
        for (int i = 0; i < set.count; i++) {
            int status = problem_kind(set.at[i])->status;
            if (status > last && status < next)
                next = status;
        }
        if (next == INT32_MAX)
            break;
        write_status(out, &set, next);
        last = next;
    }
    json_key(out, STR("default"));
    json_begin_object(out);
    json_member_string(out, STR("description"),
                       STR("What any address can answer: 400, 405, 408, 414, 417, 431, 503, 505."));
    write_json_content(out, &schema_problem, "application/problem+json", false);
    json_end_object(out);
    json_end_object(out);
}

/* ── parameters ── */

struct parameter_row {
    str name;
    const char *in;
    const char *help;
    str schema; /* JSON */
    const char *example;
};

static void write_parameter(struct json_writer *out, const struct parameter_row *row)
{
    json_begin_object(out);
    json_member_string(out, STR("name"), row->name);
    json_member_string(out, STR("in"), str_c(row->in));
    if (str_equal(str_c(row->in), STR("path")))
        json_member_bool(out, STR("required"), true);
    json_member_string(out, STR("description"), str_c(row->help));
    json_member_raw(out, STR("schema"), row->schema);
    if (row->example != NULL)
        json_member_string(out, STR("example"), str_c(row->example));
    json_end_object(out);
}

static void write_path_parameters(struct json_writer *out, const struct route *route)
{
    str rest = str_c(route->pattern);
    while (rest.len > 0) {
        str segment = str_cut(&rest, '/');
        if (segment.len < 3 || segment.ptr[0] != '{')
            continue;
        const struct parameter_row row = { .name = str_from(segment.ptr + 1, segment.len - 2),
                                           .in = "path",
                                           .help = "from the answer that showed it",
                                           .schema = STR("{\"type\":\"string\",\"minLength\":1}") };
        write_parameter(out, &row);
    }
}

static str query_schema(struct json_writer *out, const struct parameter *parameter)
{
    if (parameter->shape == SHAPE_INSTANT)
        return STR("{\"type\":\"string\",\"format\":\"date-time\"}");
    if (parameter->shape == SHAPE_BOOLEAN)
        return STR("{\"type\":\"boolean\",\"default\":false}");
    if (parameter->shape == SHAPE_INTEGER)
        return arena_format(out->buf->arena, "{\"type\":\"integer\",\"minimum\":1,\"maximum\":%d}",
                            INT32_MAX);
    struct buf buf;
    buf_init(&buf, out->buf->arena, 1000);
    struct json_writer schema = json_writer(&buf);
    json_begin_object(&schema);
    json_member_string(&schema, STR("type"), STR("string"));
    if (parameter->choices != NULL)
        choices_write(&schema, parameter->choices, false);
    json_end_object(&schema);
    return buf_str(&buf);
}

static void write_query_parameters(struct json_writer *out, const struct route *route,
                                   const struct limits *limits)
{
    for (int i = 0; i < route_query_count(route); i++) {
        const struct parameter *parameter = &route->query_parameters[i];
        const struct parameter_row row = { .name = str_c(parameter->name),
                                           .in = "query",
                                           .help = parameter->help,
                                           .schema = query_schema(out, parameter) };
        write_parameter(out, &row);
    }
    if (!route->list)
        return;
    const struct parameter_row limit = {
        .name = STR("limit"),
        .in = "query",
        .help = "rows of a page, at most",
        .schema =
            arena_format(out->buf->arena,
                         "{\"type\":\"integer\",\"minimum\":1,\"maximum\":%lld,"
                         "\"default\":%lld}",
                         (long long)limits->page, (long long)MIN_OF(limits->page, PAGE_NORMAL)),
    };
    const struct parameter_row cursor = { .name = STR("cursor"),
                                          .in = "query",
                                          .help = "the value of next from the page before",
                                          .schema = STR("{\"type\":\"string\"}") };
    write_parameter(out, &limit);
    write_parameter(out, &cursor);
}

static void write_parameters(struct json_writer *out, const struct route *route,
                             const struct limits *limits)
{
    json_key(out, STR("parameters"));
    json_begin_array(out);
    write_path_parameters(out, route);
    write_query_parameters(out, route, limits);
    const struct parameter_row key = {
        .name = STR("Idempotency-Key"),
        .in = "header",
        .help = route->event
                    ? "the same key with the same body within 24 hours is the same event: "
                      "same answer, nothing more is stored. With another body: 422"
                    : "the same key with the same body within 24 hours makes nothing more: "
                      "the answer shows what was made, without what is shown once. With "
                      "another body: 422; 410 when it was deleted since",
        .schema = STR("{\"type\":\"string\",\"minLength\":1,\"maxLength\":255}"),
    };
    if (route->event || route->again != NULL)
        write_parameter(out, &key);
    json_end_array(out);
}

/* ── security ── */

static void write_security(struct json_writer *out, const struct route *route)
{
    struct arena *arena = out->buf->arena;
    str scope = scope_name(route->scope);
    json_key(out, STR("security"));
    json_begin_array(out);
    if ((route->who & WHO_KEY) != 0)
        json_add_raw(out, arena_format(arena, "{\"bearer\":[\"%.*s\"]},{\"apiKey\":[\"%.*s\"]}",
                                       STR_ARG(scope), STR_ARG(scope)));
    if ((route->who & WHO_SESSION) != 0)
        json_add_raw(out, route->method == HTTP_GET ? STR("{\"session\":[]}")
                                                    : STR("{\"session\":[],\"csrf\":[]}"));
    if (route->who == WHO_INLET)
        json_add_raw(out, STR("{},{\"webhookSecret\":[]}"));
    if (route->who == WHO_PLUGIN)
        json_add_raw(out, STR("{},{\"webhookSecret\":[]},{\"bearer\":[]}"));
    if (route->who == WHO_CLIENT)
        json_add_raw(out, STR("{}"));
    json_end_array(out);
    if (scope.len > 0)
        json_member_string(out, STR("x-scope"), scope);
    if (route->role != ROLE_NONE)
        json_member_string(out, STR("x-role"), role_name(route->role));
}

/* ── paths ── */

static void write_operation(struct json_writer *out, const struct route *route,
                            const struct limits *limits)
{
    struct buf method;
    buf_init(&method, out->buf->arena, 16);
    str name = http_method_name(route->method);
    for (size_t i = 0; i < name.len; i++)
        buf_char(&method, char_lower(name.ptr[i]));
    json_key(out, buf_str(&method));
    json_begin_object(out);
    json_member_string(out, STR("operationId"), str_c(route->id));
    json_key(out, STR("tags"));
    json_begin_array(out);
    json_add_string(out, str_c(route->tag));
    json_end_array(out);
    json_member_string(out, STR("summary"), str_c(route->summary));
    if (route->help != NULL)
        json_member_string(out, STR("description"), str_c(route->help));
    write_security(out, route);
    write_parameters(out, route, limits);
    if (route->body != NULL) {
        json_key(out, STR("requestBody"));
        json_begin_object(out);
        json_member_bool(out, STR("required"), !route->body_optional);
        write_json_content(out, route->body, "application/json", route->body->members != NULL);
        json_end_object(out);
    }
    write_responses(out, route);
    json_end_object(out);
}

static bool is_first(int index)
{
    for (int i = 0; i < index; i++)
        if (strcmp(routes[i].pattern, routes[index].pattern) == 0)
            return false;
    return true;
}

static void write_paths(struct json_writer *out, const struct limits *limits, bool test)
{
    json_key(out, STR("paths"));
    json_begin_object(out);
    for (int i = 0; i < route_count; i++) {
        if (!is_first(i) || (routes[i].test && !test))
            continue;
        json_key(out, str_c(routes[i].pattern));
        json_begin_object(out);
        for (int j = i; j < route_count; j++)
            if (strcmp(routes[j].pattern, routes[i].pattern) == 0)
                write_operation(out, &routes[j], limits);
        json_end_object(out);
    }
    json_end_object(out);
}

/* ── the document ── */

static const char head[] =
    "\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Junctor\",\"version\":\"" JUNCTOR_VERSION "\","
    "\"description\":\"A self-hosted integration hub: it receives events, commits them before it "
    "answers, and delivers them until they have arrived. Ids, unknown query parameters and unknown "
    "members are checked (inlets ignore query parameters they do not know); errors are "
    "application/problem+json and say what to do.\","
    "\"license\":{\"name\":\"MIT\",\"identifier\":\"MIT\"}}";

static const char tags[] =
    "[{\"name\":\"Inlets\",\"description\":\"Where events come in.\"},"
    "{\"name\":\"Integrations\",\"description\":\"The systems that are joined, and their custom "
    "events.\"},"
    "{\"name\":\"Catalog\",\"description\":\"What is sold: campaigns, products, and the SKUs that "
    "other systems have for them.\"},"
    "{\"name\":\"Webhooks\",\"description\":\"Where events are delivered to, and how that went.\"},"
    "{\"name\":\"Plugins\",\"description\":\"Where the postbacks of other systems come in.\"},"
    "{\"name\":\"Clients\",\"description\":\"Konnektive's API, for its clients: with loginId and "
    "password of a plugin's client API.\"},"
    "{\"name\":\"Contacts\",\"description\":\"Whom events are about.\"},"
    "{\"name\":\"Books\",\"description\":\"What happened, in rows and in sums.\"},"
    "{\"name\":\"Access\",\"description\":\"Who may do what.\"},"
    "{\"name\":\"Hub\",\"description\":\"The program itself.\"}]";

static const char security_schemes[] =
    "{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"Bearer KEY, or Bearer "
    "KEYID:KEY\"},"
    "\"apiKey\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"Authorization\",\"description\":"
    "\"ApiKey KEY, or ApiKey KEYID:KEY; the scheme in any case\"},"
    "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"junctor_session\"},"
    "\"csrf\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-CSRF-Token\",\"description\":"
    "\"the "
    "session's csrfToken\"},"
    "\"webhookSecret\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Webhook-Secret\","
    "\"description\":\"when the organization has set one\"}}";

static const char header_components[] =
    "{\"X-Request-Id\":{\"description\":\"names the request in the log\",\"schema\":{\"type\":"
    "\"string\"}},"
    "\"Retry-After\":{\"description\":\"seconds until it is worth another try\",\"schema\":{"
    "\"type\":\"integer\"}},"
    "\"X-RateLimit-Limit\":{\"description\":\"requests a minute\",\"schema\":{\"type\":"
    "\"integer\"}},"
    "\"X-RateLimit-Remaining\":{\"description\":\"how many are left in it\",\"schema\":{\"type\":"
    "\"integer\"}},"
    "\"X-RateLimit-Reset\":{\"description\":\"when the minute is over, in seconds since 1970\","
    "\"schema\":{\"type\":\"integer\"}}}";

static void write_components(struct json_writer *out, bool test)
{
    struct schema_set *set = ARENA_NEW(out->buf->arena, struct schema_set);
    schema_set_add(set, &schema_problem, false);
    for (int i = 0; i < route_count; i++) {
        if (routes[i].test && !test)
            continue;
        schema_set_add(set, routes[i].body, true);
        schema_set_add(set, routes[i].answer, false);
        schema_set_add(set, routes[i].preview, false);
    }
    json_key(out, STR("components"));
    json_begin_object(out);
    json_key(out, STR("schemas"));
    schemas_write(out, set);
    json_member_raw(out, STR("securitySchemes"), str_c(security_schemes));
    json_member_raw(out, STR("headers"), str_c(header_components));
    json_end_object(out);
}

str openapi_write(struct arena *arena, const struct limits *limits, str public_url, bool test)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct buf buf;
    buf_init(&buf, &scratch, DOCUMENT_MAX);
    struct json_writer out = json_writer(&buf);
    json_begin_object(&out);
    json_add_raw(&out, str_c(head));
    json_key(&out, STR("servers"));
    json_begin_array(&out);
    json_begin_object(&out);
    json_member_string(&out, STR("url"), public_url.len > 0 ? public_url : STR("/"));
    json_end_object(&out);
    json_end_array(&out);
    json_member_raw(&out, STR("tags"), str_c(tags));
    write_paths(&out, limits, test);
    write_components(&out, test);
    json_end_object(&out);
    assert(!buf_overflowed(&buf));
    return arena_str(arena, buf_str(&buf));
}
