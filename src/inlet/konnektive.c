/* SPDX-License-Identifier: MIT */
#include "inlet/konnektive.h"

#include "base/id.h"
#include "base/secret.h"
#include "inlet/internal.h"
#include "intake/orders.h"
#include "record/postback.h"
#include "json/write.h"

/* ── read ── */

static bool is_type(str type, const char *name)
{
    return str_equal_nocase(type, str_c(name));
}

/* What is sent as plain text, or without saying what it is, is a form: so does Konnektive. */
static bool read_body(const struct inlet_context *inlet, struct request *request, str type,
                      struct pairs *pairs, struct problem *reterr)
{
    json body;
    if (str_trim(request->body).len == 0)
        return true;
    if (inlet_is_json(type) || is_type(type, "text/json"))
        return inlet_read_json(inlet, request, &body, reterr) &&
               pairs_add_json(pairs, body, &request->arena, reterr);
    if (type.len == 0 || is_type(type, "application/x-www-form-urlencoded") ||
        is_type(type, "text/plain"))
        return pairs_add_query(pairs, request->body, &request->arena, reterr);
    problem_set(reterr, PROBLEM_MEDIA_TYPE,
                STR("Send the order as JSON (Content-Type: application/json) or as a form "
                    "(application/x-www-form-urlencoded)."));
    return false;
}

static bool wrong(struct arena *arena, const char *field, const char *code, str message,
                  struct problem *reterr)
{
    problem_set(reterr, PROBLEM_MALFORMED, message);
    problem_add(
        reterr, arena,
        (struct field_error){ .field = str_c(field), .code = str_c(code), .message = message });
    return false;
}

/* The same thing said in several places must be the same.
 * NOLINTNEXTLINE(readability-function-size): what is said, and where it goes */
static bool agree(struct arena *arena, const char *field, const str *said, int count, str *ret_one,
                  struct problem *reterr)
{
    str one = {};
    for (int i = 0; i < count; i++) {
        if (said[i].len == 0)
            continue;
        if (one.len > 0 && !str_equal_nocase(one, said[i]))
            return wrong(arena, field, "duplicate",
                         arena_format(arena,
                                      "%s comes more than once, and not the same. Send it "
                                      "once.",
                                      field),
                         reterr);
        one = said[i];
    }
    *ret_one = one;
    if (one.len > 0)
        return true;
    return wrong(arena, field, "required",
                 arena_format(arena,
                              "%s is missing: send it as the plugin's fieldMapping has it, "
                              "or in the address.",
                              field),
                 reterr);
}

static str header_secret(const struct request *request)
{
    const str *header = request_header(request, STR("X-Webhook-Secret"));
    if (header != NULL && header->len > 0)
        return *header;
    header = request_header(request, STR("Authorization"));
    if (header == NULL)
        return (str){};
    str rest = *header;
    str scheme = str_cut(&rest, ' ');
    return is_type(scheme, "Bearer") ? str_trim(rest) : (str){};
}

static str first_of(const str *said, int count)
{
    for (int i = 0; i < count; i++)
        if (said[i].len > 0)
            return said[i];
    return (str){};
}

/* What is in both must be the same. */
static bool join(struct pairs *to, const struct pairs *from, struct arena *arena,
                 struct problem *reterr)
{
    struct pair *all = ARENA_ARRAY(arena, struct pair, (size_t)(to->count + from->count) + 1);
    struct pairs joined = { .at = all, .count = to->count, .room = to->count + from->count };
    if (to->count > 0)
        memcpy(all, to->at, (size_t)to->count * sizeof(*all));
    for (int i = 0; i < from->count; i++) {
        const struct pair *known = pairs_find(to, from->at[i].name);
        if (known == NULL)
            all[joined.count++] = from->at[i];
        else if (!str_equal(known->text, from->at[i].text))
            return wrong(arena, arena_c(arena, known->name), "duplicate",
                         arena_format(arena,
                                      "%.*s comes in the address and in the body, and not "
                                      "the same. Send it once.",
                                      STR_ARG(known->name)),
                         reterr);
    }
    *to = joined;
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): the path is two of the parameters */
bool konnektive_read(const struct inlet_context *inlet, struct request *request, const str *path,
                     int path_count, struct konnektive_request *ret_read, struct problem *reterr)
{
    struct arena *arena = &request->arena;
    struct pairs query = {};
    struct pairs body = {};
    struct inlet_headers headers;
    *ret_read = (struct konnektive_request){};
    if (!pairs_add_query(&query, request->query, arena, reterr) ||
        !inlet_read_headers(inlet, request, &headers, reterr) ||
        !read_body(inlet, request, headers.content_type, &body, reterr))
        return false;
    bool ids_in_path = path_count >= 2;
    const str organizations[] = { ids_in_path ? path[0] : (str){},
                                  pairs_take(&body, "organizationId"),
                                  pairs_take(&query, "organizationId") };
    const str instances[] = { ids_in_path ? path[1] : (str){},
                              pairs_take(&body, "pluginInstanceId"),
                              pairs_take(&query, "pluginInstanceId") };
    const str secrets[] = { header_secret(request), pairs_take(&body, "secret"),
                            path_count % 2 == 1 ? path[path_count - 1] : (str){},
                            pairs_take(&query, "secret") };
    ret_read->secret = first_of(secrets, COUNT_OF(secrets));
    ret_read->hops = headers.hops;
    if (!agree(arena, "organizationId", organizations, COUNT_OF(organizations),
               &ret_read->organization, reterr))
        return false;
    ret_read->organization = arena_lower(arena, ret_read->organization);
    ret_read->pairs = query;
    return agree(arena, "pluginInstanceId", instances, COUNT_OF(instances), &ret_read->instance,
                 reterr) &&
           join(&ret_read->pairs, &body, arena, reterr);
}

bool konnektive_read_call(const struct inlet_context *inlet, struct request *request,
                          struct pairs *ret_pairs, int *ret_hops, struct problem *reterr)
{
    struct arena *arena = &request->arena;
    struct inlet_headers headers;
    struct pairs query = {};
    struct pairs body = {};
    if (!pairs_add_query(&query, request->query, arena, reterr) ||
        !inlet_read_headers(inlet, request, &headers, reterr) ||
        !read_body(inlet, request, headers.content_type, &body, reterr))
        return false;
    struct pair *all = ARENA_ARRAY(arena, struct pair, (size_t)(query.count + body.count) + 1);
    int count = body.count;
    if (count > 0)
        memcpy(all, body.at, (size_t)count * sizeof(*all));
    for (int i = 0; i < query.count; i++)
        if (pairs_find(&body, query.at[i].name) == NULL)
            all[count++] = query.at[i];
    *ret_pairs = (struct pairs){ .at = all, .count = count, .room = query.count + body.count };
    *ret_hops = headers.hops;
    return true;
}

/* ── take ── */

struct postback_operation {
    struct operation operation;
    struct request *request;
    const struct inlet_context *inlet;
    int64_t plugin;
    struct order_arrival arrival;
    int64_t event;
    struct problem problem;
};

static struct postback_operation *postback_of(struct operation *operation)
{
    return CONTAINER_OF(operation, struct postback_operation, operation);
}

static void load_postback(struct operation *operation, struct batch *batch)
{
    orders_want(batch, &postback_of(operation)->arrival);
}

const str konnektive_inlet_name = STR_INIT("plugin.konnektive");

static bool apply_postback(struct operation *operation, struct batch *batch)
{
    struct postback_operation *self = postback_of(operation);
    struct order_arrived arrived;
    self->problem = (struct problem){};
    const struct picture *picture = batch_picture(batch, operation->organization);
    bool known = picture != NULL && objects_find(&picture->plugins, self->plugin) != NULL;
    if (!known)
        problem_set(&self->problem, PROBLEM_NOT_FOUND,
                    STR("This plugin instance has been deleted meanwhile."));
    if (known && orders_take(batch, &self->arrival, &arrived, &self->problem)) {
        self->event = arrived.event;
        return true;
    }
    const struct rejection rejection =
        inlet_rejection(self->inlet, self->request, operation->organization, self->plugin,
                        konnektive_inlet_name, &self->problem);
    batch_add_rejection(batch, &rejection);
    return true;
}

static void answer_postback(struct operation *operation, enum operation_outcome outcome)
{
    struct postback_operation *self = postback_of(operation);
    struct request *request = self->request;
    if (outcome == OPERATION_FAILED) {
        inlet_answer_failed(request);
    } else if (problem_has(&self->problem)) {
        request_reply_problem(request, &self->problem);
    } else {
        struct buf buf;
        buf_init(&buf, &request->arena, 96);
        struct json_writer writer = json_writer(&buf);
        json_begin_object(&writer);
        json_member_string(&writer, STR("status"), STR("accepted"));
        json_member_id(&writer, STR("id"), ID_EVENT, self->event);
        json_end_object(&writer);
        request_reply_json(request, 200, buf_str(&buf));
    }
    request_done(request);
}

static const struct operation_kind postback_kind = {
    .name = "postback",
    .lane = LANE_INGEST,
    .load = load_postback,
    .apply = apply_postback,
    .answer = answer_postback,
};

bool konnektive_reject(const struct inlet_context *inlet, struct request *request,
                       const struct picture *picture, const struct konnektive_request *read,
                       const struct problem *problem)
{
    int64_t id = 0;
    const struct plugin *plugin = NULL;
    if (read != NULL && id_read(ID_PLUGIN, read->instance, &id))
        plugin = objects_find(&picture->plugins, id);
    return inlet_reject(inlet, request, picture->object.id, plugin == NULL ? 0 : id,
                        konnektive_inlet_name, problem);
}

static const struct plugin *find_plugin(const struct picture *picture,
                                        const struct konnektive_request *read,
                                        struct problem *reterr)
{
    int64_t id;
    const struct plugin *plugin = NULL;
    if (id_read(ID_PLUGIN, read->instance, &id))
        plugin = objects_find(&picture->plugins, id);
    if (plugin == NULL)
        problem_set(reterr, PROBLEM_NOT_FOUND,
                    STR("There is no plugin instance with this id. Copy the webhook URL again."));
    else if (!bytes_equal_secret(read->secret, plugin->secret))
        problem_set(reterr, PROBLEM_UNAUTHENTICATED,
                    STR("The secret is missing or wrong. Send the plugin instance's secret, as in "
                        "its fieldMapping: in the header X-Webhook-Secret."));
    else
        return plugin;
    return NULL;
}

static struct postback_operation *make_operation(const struct inlet_context *inlet,
                                                 struct request *request,
                                                 const struct plugin *plugin,
                                                 const struct konnektive_request *read,
                                                 const struct postback *postback)
{
    struct postback_operation *self = ARENA_NEW(&request->arena, struct postback_operation);
    self->request = request;
    self->inlet = inlet;
    self->plugin = plugin->object.id;
    self->arrival = (struct order_arrival){
        .wanted = { .organization = plugin->organization,
                    .client_order_id = postback->client_order_id,
                    .sender_order_id = postback->sender_order_id },
        .make = true,
        .campaign = plugin->campaign,
        .import_skus = plugin->import_unknown_skus,
        .input = postback->input,
        .type = STR("order_postback"),
        .inlet = plugin->object.id,
        .hops = read->hops,
        .received = postback->rest,
        .notes = postback->notes,
        .notes_if_repeated = postback->notes_if_repeated,
        .request_id = request->id,
    };
    self->operation = (struct operation){ .kind = &postback_kind,
                                          .organization = plugin->organization,
                                          .arena = &request->arena,
                                          .bytes = request->arena.held };
    return self;
}

bool konnektive_take(const struct inlet_context *inlet, struct request *request,
                     const struct picture *picture, const struct konnektive_request *read)
{
    struct problem problem = {};
    struct postback postback;
    const struct postback_context context = { .now_ms = clock_now_ms(inlet->clock),
                                              .zone = picture->zone,
                                              .test_cards = picture->test_cards };
    const struct plugin *plugin = find_plugin(picture, read, &problem);
    if (plugin == NULL ||
        !postback_read(&read->pairs, &context, &request->arena, &postback, &problem))
        return konnektive_reject(inlet, request, picture, read, &problem);
    struct postback_operation *self = make_operation(inlet, request, plugin, read, &postback);
    enum admission admission = committer_post(inlet->committer, &self->operation);
    if (admission == ADMITTED)
        return false;
    inlet_answer_refused(inlet, request, admission);
    return true;
}
