/* SPDX-License-Identifier: MIT
 * inlet/custom_event.c: custom events, in the contexts api and webhook.
 *
 *   request ─► receive (loop): find the definition, read, map ─► operation
 *   operation ─► load: the contact, the Idempotency-Key
 *             ─► apply: contact found or made; event, contact.created, deliveries
 *             ─► answer: 201 with the event's id
 *
 * Whether the contact exists is only known in apply: an api event without createContact is refused
 * there, and recorded as a rejection in the same transaction. */
#include "mapping/custom_event.h"
#include "base/digest.h"
#include "base/id.h"
#include "inlet/internal.h"
#include "intake/contact.h"
#include "json/write.h"

#define IDEMPOTENCY_KEY_MAX 255
#define HASH_KEPT 16

struct event_operation {
    struct operation operation;
    const struct inlet_context *inlet;
    struct request *request;
    int64_t definition;
    str type; /* for rejections; the definition may be gone in apply */
    enum event_context context;
    bool create_contact;
    int hops;
    struct mapped_event mapped;
    str idempotency_key;     /* hash; empty: none was sent */
    str idempotency_request; /* hash of the body */
    struct contact_load *contact;
    struct idempotency_load *idempotency;
    /* answer */
    int64_t event;
    struct problem problem; /* when it has one, it is the answer */
};

static struct event_operation *event_operation_of(struct operation *operation)
{
    return CONTAINER_OF(operation, struct event_operation, operation);
}

/* ── load ── */

static void load_event(struct operation *operation, struct batch *batch)
{
    struct event_operation *self = event_operation_of(operation);
    self->contact = batch_load_contact(batch, operation->organization, self->mapped.email_key);
    self->idempotency = NULL;
    if (self->idempotency_key.len > 0)
        self->idempotency =
            batch_load_idempotency(batch, operation->organization, self->idempotency_key);
}

/* ── apply ── */

static bool refuse(struct event_operation *self, struct batch *batch, enum problem_id id, str text)
{
    self->problem = (struct problem){};
    problem_set(&self->problem, id, text);
    const struct rejection rejection =
        inlet_rejection(self->inlet, self->request, self->operation.organization, self->definition,
                        self->type, &self->problem);
    batch_add_rejection(batch, &rejection);
    return true;
}

static bool apply_repeat(struct event_operation *self, struct batch *batch)
{
    if (memcmp(self->idempotency->request, self->idempotency_request.ptr, HASH_KEPT) != 0)
        return refuse(self, batch, PROBLEM_KEY_REUSED,
                      STR("This Idempotency-Key came with another body within 24 hours. Use a new "
                          "key for a new event."));
    self->event = self->idempotency->event;
    return true;
}

static str event_data(const struct event_operation *self, int64_t event, int64_t contact,
                      const struct event_definition *definition,
                      const struct integration *integration)
{
    struct buf buf;
    buf_init(&buf, &self->request->arena, SIZE_MAX);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    json_member_id(&writer, STR("id"), ID_EVENT, event);
    json_key(&writer, STR("contact"));
    json_begin_object(&writer);
    json_member_id(&writer, STR("id"), ID_CONTACT, contact);
    json_member_string(&writer, STR("email"), self->mapped.email);
    json_end_object(&writer);
    json_key(&writer, STR("integration"));
    json_begin_object(&writer);
    json_member_id(&writer, STR("id"), ID_INTEGRATION, definition->integration);
    json_member_string(&writer, STR("name"), integration == NULL ? (str){} : integration->name);
    json_end_object(&writer);
    json_key(&writer, STR("event"));
    json_begin_object(&writer);
    json_member_string(&writer, STR("alias"), definition->alias);
    json_member_string(&writer, STR("name"), definition->name);
    json_end_object(&writer);
    json_member_raw(&writer, STR("fields"), self->mapped.fields);
    json_end_object(&writer);
    return buf_str(&buf);
}

static void remember_key(struct event_operation *self, struct batch *batch)
{
    if (self->idempotency == NULL)
        return;
    const struct idempotency_row row = { .organization = self->operation.organization,
                                         .key = self->idempotency_key,
                                         .request = self->idempotency_request,
                                         .event = self->event,
                                         .contact = self->contact->id,
                                         .at_ms = batch_now_ms(batch) };
    batch_add_idempotency(batch, &row);
    /* The same key again in this batch finds it. */
    self->idempotency->event = self->event;
    self->idempotency->contact = self->contact->id;
    memcpy(self->idempotency->request, self->idempotency_request.ptr, HASH_KEPT);
}

static bool apply_event(struct operation *operation, struct batch *batch)
{
    struct event_operation *self = event_operation_of(operation);
    self->problem = (struct problem){};
    const struct picture *picture = batch_picture(batch, operation->organization);
    const struct event_definition *definition =
        picture == NULL ? NULL : objects_find(&picture->definitions, self->definition);
    if (definition == NULL)
        return refuse(self, batch, PROBLEM_NOT_FOUND,
                      STR("This custom event has been deleted meanwhile."));
    if (self->idempotency != NULL && self->idempotency->event != 0)
        return apply_repeat(self, batch);
    if (self->contact->id == 0 && !self->create_contact)
        return refuse(self, batch, PROBLEM_NOT_FOUND,
                      STR("There is no contact with this e-mail address. Send createContact=true "
                          "to have one made."));
    bool fresh = self->contact->id == 0;
    if (fresh)
        self->contact->id = batch_draw_id(batch);
    self->event = batch_draw_id(batch);
    struct event event = {
        .id = self->event,
        .organization = operation->organization,
        .type = definition->type,
        .at_ms = batch_now_ms(batch),
        .contact = self->contact->id,
        .inlet = definition->object.id,
        .hops = self->hops,
        .data = event_data(self, self->event, self->contact->id, definition,
                           objects_find(&picture->integrations, definition->integration)),
        .raw = self->mapped.partial ? self->request->body : (str){},
        .notes = self->mapped.notes,
        .request_id = self->request->id,
    };
    batch_take_event(batch, &event);
    if (fresh) {
        const struct contact contact = { .id = self->contact->id,
                                         .organization = operation->organization,
                                         .email = self->mapped.email,
                                         .email_key = self->mapped.email_key,
                                         .created_ms = batch_now_ms(batch) };
        contact_add(batch, &contact, &event);
    }
    remember_key(self, batch);
    return true;
}

/* ── answer ── */

static void answer_event(struct operation *operation, enum operation_outcome outcome)
{
    struct event_operation *self = event_operation_of(operation);
    struct request *request = self->request;
    if (outcome == OPERATION_FAILED) {
        inlet_answer_failed(request);
    } else if (problem_has(&self->problem)) {
        request_reply_problem(request, &self->problem);
    } else {
        struct buf buf;
        buf_init(&buf, &request->arena, 64);
        struct json_writer writer = json_writer(&buf);
        json_begin_object(&writer);
        json_member_id(&writer, STR("id"), ID_EVENT, self->event);
        json_end_object(&writer);
        request_reply_json(request, 201, buf_str(&buf));
    }
    request_done(request);
}

static const struct operation_kind event_kind = {
    .name = "custom event",
    .lane = LANE_INGEST,
    .load = load_event,
    .apply = apply_event,
    .answer = answer_event,
};

/* ── receive ── */

/* An Idempotency-Key counts within one inlet: its hash has the definition's id in it. */
static bool read_idempotency_key(struct event_operation *self, struct problem *reterr)
{
    struct request *request = self->request;
    const str *header = request_header(request, STR("Idempotency-Key"));
    if (header == NULL)
        return true;
    if (header->len == 0 || header->len > IDEMPOTENCY_KEY_MAX) {
        problem_set(reterr, PROBLEM_MALFORMED,
                    STR("The Idempotency-Key must have 1 to 255 characters."));
        return false;
    }
    char *named = arena_bytes(&request->arena, sizeof(self->definition) + header->len);
    memcpy(named, &self->definition, sizeof(self->definition));
    memcpy(named + sizeof(self->definition), header->ptr, header->len);
    struct digest key = digest_sha256(str_from(named, sizeof(self->definition) + header->len));
    struct digest body = digest_sha256(request->body);
    self->idempotency_key = arena_str(&request->arena, str_head(digest_str(&key), HASH_KEPT));
    self->idempotency_request = arena_str(&request->arena, str_head(digest_str(&body), HASH_KEPT));
    return true;
}

static bool refuse_create_contact(struct event_operation *self, struct problem *reterr,
                                  const char *code, str message)
{
    problem_set(reterr, PROBLEM_MALFORMED, message);
    problem_add(reterr, &self->request->arena,
                (struct field_error){
                    .field = STR("createContact"), .code = str_c(code), .message = message });
    return false;
}

static bool read_create_contact(struct event_operation *self, struct problem *reterr)
{
    str name = STR("createContact");
    if (self->context == CONTEXT_WEBHOOK) {
        self->create_contact = true;
        return true;
    }
    str value;
    bool bad = false;
    if (!request_query(self->request, name, &value, &bad) && !bad)
        return true;
    if (request_query_count(self->request, name) > 1)
        return refuse_create_contact(self, reterr, "duplicate",
                                     STR("The query parameter createContact came more than once. "
                                         "Send it once."));
    self->create_contact = !bad && str_equal_nocase(value, STR("true"));
    if (!self->create_contact && (bad || !str_equal_nocase(value, STR("false"))))
        return refuse_create_contact(self, reterr, "option",
                                     STR("The query parameter createContact must be true or "
                                         "false."));
    return true;
}

/* What a webhook's sender says cannot be helped, so none, or text, is read as JSON too. */
static bool content_type_fits(const struct event_operation *self, str type, struct problem *reterr)
{
    bool forgiven = self->context == CONTEXT_WEBHOOK &&
                    (type.len == 0 || str_equal_nocase(type, STR("text/json")) ||
                     str_equal_nocase(type, STR("text/plain")));
    if (inlet_is_json(type) || forgiven)
        return true;
    problem_set(reterr, PROBLEM_MEDIA_TYPE,
                STR("Send the event as JSON, with Content-Type: application/json."));
    return false;
}

static bool read_event(struct event_operation *self, const struct event_definition *definition,
                       struct problem *reterr)
{
    json body;
    struct inlet_headers headers;
    if (!inlet_read_headers(self->inlet, self->request, &headers, reterr))
        return false;
    self->hops = headers.hops;
    return content_type_fits(self, headers.content_type, reterr) &&
           read_create_contact(self, reterr) && read_idempotency_key(self, reterr) &&
           inlet_read_json(self->inlet, self->request, &body, reterr) &&
           custom_event_map(definition, body, &self->request->arena, &self->mapped, reterr);
}

static bool take_event(const struct inlet_context *inlet, struct request *request,
                       const struct picture *picture, enum event_context context, str alias)
{
    struct problem problem = {};
    const struct event_definition *definition = map_find(&picture->by_alias, alias);
    if (definition == NULL || definition->context != context) {
        problem_set(&problem, PROBLEM_NOT_FOUND,
                    arena_format(&request->arena,
                                 "There is no custom event with the alias \"%.*s\" and the context "
                                 "%s.",
                                 STR_ARG(alias), context == CONTEXT_API ? "api" : "webhook"));
        return inlet_reject(inlet, request, picture->object.id, 0,
                            arena_format(&request->arena, "custom_event.%.*s", STR_ARG(alias)),
                            &problem);
    }
    struct event_operation *self = ARENA_NEW(&request->arena, struct event_operation);
    self->inlet = inlet;
    self->request = request;
    self->definition = definition->object.id;
    self->type = arena_str(&request->arena, definition->type);
    self->context = context;
    if (!read_event(self, definition, &problem))
        return inlet_reject(inlet, request, picture->object.id, definition->object.id, self->type,
                            &problem);
    self->operation = (struct operation){ .kind = &event_kind,
                                          .organization = picture->object.id,
                                          .arena = &request->arena,
                                          .bytes = request->arena.held,
                                          .event_type = self->type,
                                          .event_bytes = request->body.len };
    enum admission admission = committer_post(inlet->committer, &self->operation);
    if (admission == ADMITTED)
        return false;
    inlet_answer_refused(inlet, request, admission);
    return true;
}

bool inlet_take_api_event(const struct inlet_context *inlet, struct request *request,
                          const struct picture *picture, str alias)
{
    return take_event(inlet, request, picture, CONTEXT_API, alias);
}

bool inlet_take_webhook_event(const struct inlet_context *inlet, struct request *request,
                              const struct picture *picture, str alias)
{
    return take_event(inlet, request, picture, CONTEXT_WEBHOOK, alias);
}
