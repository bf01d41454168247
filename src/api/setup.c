/* SPDX-License-Identifier: MIT */
#include "api/setup.h"

#include "api/secrets.h"
#include "base/digest.h"
#include "base/fail.h"
#include "mapping/custom_event.h"
#include "mapping/definition.h"
#include "store/access.h"
#include "store/config.h"
#include "json/json.h"

#define PASSWORD_LEAST 10
#define NAME_MOST 200

/* ── one transaction ── */

static int64_t draw_id(const struct setup *setup)
{
    return id_draw(setup->ids, clock_real_ms());
}

/* A commit of unknown outcome is asked about a few times: nobody else writes. */
static int commit(const struct setup *setup)
{
    int64_t batch = draw_id(setup);
    enum commit_outcome outcome = store_commit(setup->writer, batch);
    for (int i = 0; i < 3 && outcome == COMMIT_UNKNOWN; i++)
        outcome = store_settle(setup->writer, batch);
    return outcome == COMMIT_DONE ? 0 : fail(FAIL_STORE);
}

static int end(const struct setup *setup, int r)
{
    if (r == 0)
        return fail(commit(setup));
    store_rollback(setup->writer);
    return fail(r);
}

static int add_audit(const struct setup *setup, int64_t organization, const char *action,
                     str object)
{
    const struct audit_row row = { .id = draw_id(setup),
                                   .organization = organization,
                                   .at_ms = clock_now_ms(setup->clock),
                                   .actor = STR("setup"),
                                   .action = str_c(action),
                                   .object = object,
                                   .detail = STR("{}") };
    return fail(store_insert_audit(store_writer_sql(setup->writer), &row));
}

static str shown_id(struct arena *arena, enum id_kind kind, int64_t id)
{
    return id_write(kind, id, arena_bytes(arena, ID_TEXT_MAX));
}

/* ── the organization ── */

static void wrong(struct problem *reterr, struct arena *arena, const char *field,
                  const char *message)
{
    problem_add(reterr, arena,
                (struct field_error){
                    .field = str_c(field), .code = STR("format"), .message = str_c(message) });
}

static bool check(const struct setup_request *request, struct arena *arena, str *ret_email,
                  str *ret_email_key, struct problem *reterr)
{
    if (str_trim(request->organization).len == 0 || request->organization.len > NAME_MOST ||
        !str_is_utf8(request->organization) || str_has_control(str_trim(request->organization)))
        wrong(reterr, arena, "organization",
              "Give a name of 1 to 200 characters, without control characters.");
    if (!str_is_utf8(request->email) || !email_key(request->email, arena, ret_email, ret_email_key))
        wrong(reterr, arena, "email", "Give an e-mail address.");
    if (request->password.len < PASSWORD_LEAST || !str_is_utf8(request->password))
        wrong(reterr, arena, "password", "Give a password of at least 10 characters.");
    return !problem_has(reterr);
}

static int add_owner(const struct setup *setup, int64_t organization, struct user_row *user,
                     struct member_row *owner)
{
    struct sql *sql = store_writer_sql(setup->writer);
    struct arena CLEANUP(arena_done) scratch = {};
    struct user_row known;
    user->id = draw_id(setup);
    user->created_ms = clock_now_ms(setup->clock);
    int r = store_find_user_by_email(sql, user->email_key, &scratch, &known);
    if (r == STORE_NOT_FOUND)
        r = store_insert_user(sql, user);
    else
        user->id = known.id; /* who keeps the password */
    owner->user = user->id;
    owner->created_ms = user->created_ms;
    if (r == 0)
        r = store_insert_member(sql, organization, owner);
    return fail(r);
}

static int add_key(const struct setup *setup, int64_t organization, str name, struct arena *arena,
                   str *ret_key)
{
    struct api_key_row row = { .id = draw_id(setup),
                               .organization = organization,
                               .name = name,
                               .scopes = SCOPE_ALL,
                               .created_ms = clock_now_ms(setup->clock) };
    str key = api_key_draw(&row, arena);
    int r = store_insert_api_key(store_writer_sql(setup->writer), &row);
    if (r == 0)
        r = add_audit(setup, organization, "api_key.create", shown_id(arena, ID_API_KEY, row.id));
    if (r == 0)
        *ret_key = key;
    return fail(r);
}

static int add_organization(const struct setup *setup, struct organization_row *row)
{
    struct sql *sql = store_writer_sql(setup->writer);
    int r = store_next_organization(sql, &row->id);
    row->version = 1;
    row->created_ms = clock_now_ms(setup->clock);
    if (r == 0)
        r = store_insert_organization(sql, row);
    if (r == 0)
        r = add_audit(setup, row->id, "organization.create", row->uuid);
    return fail(r);
}

int setup_organization(const struct setup *setup, const struct setup_request *request,
                       struct arena *arena, struct setup_result *ret_result, struct problem *reterr)
{
    struct user_row user = {};
    struct member_row owner = { .role = ROLE_OWNER, .notices = true };
    if (!check(request, arena, &owner.email, &user.email_key, reterr))
        return SETUP_REFUSED;
    owner.name = request->user_name.len > 0 ? request->user_name : owner.email;
    user.password = password_hash(request->password, arena);
    char *uuid = arena_bytes(arena, UUID_TEXT_LEN);
    uuid_draw(uuid);
    struct organization_row organization = { .uuid = str_from(uuid, UUID_TEXT_LEN),
                                             .name = str_trim(request->organization) };
    str key = {};
    int r = store_begin(setup->writer);
    if (r < 0)
        return fail(r);
    r = add_organization(setup, &organization);
    if (r == 0)
        r = add_owner(setup, organization.id, &user, &owner);
    if (r == 0)
        r = add_key(setup, organization.id, STR("owner"), arena, &key);
    r = end(setup, r);
    if (r != 0)
        return fail(r);
    *ret_result = (struct setup_result){ .organization = organization.id,
                                         .organization_id = organization.uuid,
                                         .user_id = shown_id(arena, ID_USER, user.id),
                                         .api_key = key };
    return 0;
}

int setup_api_key(const struct setup *setup, int64_t organization, str name, struct arena *arena,
                  str *ret_api_key)
{
    int r = store_begin(setup->writer);
    if (r < 0)
        return fail(r);
    r = store_raise_version(store_writer_sql(setup->writer), organization);
    if (r == 0)
        r = add_key(setup, organization, name, arena, ret_api_key);
    return fail(end(setup, r));
}

/* ── the example ── */

static const char example_fields[] =
    "[{\"id\":\"email\",\"name\":\"E-mail\",\"type\":\"email\",\"required\":true,"
    "\"isPrimaryKey\":true},{\"id\":\"name\",\"name\":\"Name\",\"type\":\"text\"},"
    "{\"id\":\"message\",\"name\":\"Message\",\"type\":\"text\"}]";

#define EXAMPLE_ALIAS "hello"

static int add_integration(const struct setup *setup, int64_t organization, int64_t now_ms,
                           int64_t *ret_id)
{
    const struct integration_row row = {
        .id = draw_id(setup),
        .organization = organization,
        .name = STR("Example"),
        .description = STR("Made at the first start, to look at and play with."),
        .created_ms = now_ms,
        .updated_ms = now_ms,
    };
    *ret_id = row.id;
    return fail(store_insert_integration(store_writer_sql(setup->writer), &row));
}

static int add_event(const struct setup *setup, int64_t organization, int64_t integration,
                     int64_t now_ms, int64_t *ret_id)
{
    struct sql *sql = store_writer_sql(setup->writer);
    int64_t other;
    int r = store_find_definition_by_alias(sql, organization, STR(EXAMPLE_ALIAS), &other);
    if (r != STORE_NOT_FOUND)
        return r < 0 ? fail(r) : SETUP_REFUSED;
    const struct definition_row row = {
        .id = draw_id(setup),
        .organization = organization,
        .integration = integration,
        .context = STR("api"),
        .name = STR("Hello"),
        .alias = STR(EXAMPLE_ALIAS),
        .fields = STR(example_fields),
        .created_ms = now_ms,
        .updated_ms = now_ms,
    };
    *ret_id = row.id;
    return fail(store_insert_definition(sql, &row));
}

static int add_webhook(const struct setup *setup, int64_t organization, str url,
                       struct arena *arena, struct setup_example *example)
{
    int64_t now_ms = clock_now_ms(setup->clock);
    struct endpoint_row row = {
        .id = draw_id(setup),
        .organization = organization,
        .name = STR("Example receiver"),
        .url = seal(setup->seal_key, url, arena),
        .event_types = STR("[\"*\"]"),
        .format = FORMAT_STANDARD,
        .signing = true,
        .status = OUTLET_ACTIVE,
        .created_ms = now_ms,
        .updated_ms = now_ms,
    };
    example->webhook_id = shown_id(arena, ID_WEBHOOK, row.id);
    example->webhook_secret = webhook_secret_draw(&row, setup->seal_key, arena);
    return fail(store_insert_endpoint(store_writer_sql(setup->writer), &row));
}

int setup_example(const struct setup *setup, int64_t organization, str url, struct arena *arena,
                  struct setup_example *ret_example)
{
    int64_t now_ms = clock_now_ms(setup->clock);
    int64_t integration = 0;
    int64_t event = 0;
    struct setup_example example = {
        .event_path = STR("/custom-events/alias/" EXAMPLE_ALIAS "?createContact=true"),
        .event_body = STR("{\"email\":\"ada@example.com\",\"name\":\"Ada\",\"message\":\"Hello\"}"),
    };
    int r = store_begin(setup->writer);
    if (r < 0)
        return fail(r);
    r = store_raise_version(store_writer_sql(setup->writer), organization);
    if (r == 0)
        r = add_integration(setup, organization, now_ms, &integration);
    if (r == 0)
        r = add_event(setup, organization, integration, now_ms, &event);
    if (r == 0)
        r = add_webhook(setup, organization, url, arena, &example);
    if (r == 0)
        r = add_audit(setup, organization, "example.create", STR(EXAMPLE_ALIAS));
    r = end(setup, r);
    if (r != 0)
        return fail(r);
    example.integration_id = shown_id(arena, ID_INTEGRATION, integration);
    example.event_id = shown_id(arena, ID_EVENT_DEFINITION, event);
    *ret_example = example;
    return 0;
}
