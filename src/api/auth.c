/* SPDX-License-Identifier: MIT
 * api/auth.c: who is asking, and whether the route lets them. Keys and inlets are found in the
 * loop's directory; sessions in the store at each request, so that what is ended is ended at once.
 */
#include "api/call.h"
#include "api/client.h"
#include "api/cookie.h"
#include "inlet/konnektive.h"
#include "model/names.h"
#include "store/access.h"

#define KEY_LENGTH_MAX 200
#define GUESSES_PER_MINUTE 10

/* ── credentials ── */

enum credentials_kind {
    CREDENTIALS_NONE = 0,
    CREDENTIALS_UNREADABLE,
    CREDENTIALS_SEVERAL,
    CREDENTIALS_KEY,
    CREDENTIALS_SESSION
};

struct credentials {
    enum credentials_kind kind;
    int64_t key;        /* its id, when that was sent with it; else 0 */
    struct digest hash; /* of the key's secret, or of the session's token */
};

/* "ApiKey KEY" or "Bearer KEY", the scheme in any case; KEY is "keyId:secret" or the secret. */
static struct credentials read_authorization(str header)
{
    struct credentials credentials = { .kind = CREDENTIALS_UNREADABLE };
    str rest = str_trim(header);
    str scheme = str_cut(&rest, ' ');
    rest = str_trim(rest);
    if (!str_equal_nocase(scheme, STR("ApiKey")) && !str_equal_nocase(scheme, STR("Bearer")))
        return credentials;
    if (rest.len == 0 || rest.len > KEY_LENGTH_MAX)
        return credentials;
    ptrdiff_t colon = str_index(rest, ':');
    if (colon >= 0) {
        if (!id_read(ID_API_KEY, str_head(rest, (size_t)colon), &credentials.key))
            return credentials;
        rest = str_skip(rest, (size_t)colon + 1);
    }
    credentials.kind = CREDENTIALS_KEY;
    credentials.hash = digest_sha256(rest);
    return credentials;
}

static struct credentials read_credentials(const struct request *request)
{
    const str *header = request_header(request, STR("Authorization"));
    if (header != NULL && request_header_count(request, STR("Authorization")) > 1)
        return (struct credentials){ .kind = CREDENTIALS_SEVERAL };
    if (header != NULL)
        return read_authorization(*header);
    str token;
    if (!cookie_find(request, SESSION_COOKIE, &token) || token.len > KEY_LENGTH_MAX)
        return (struct credentials){};
    return (struct credentials){ .kind = CREDENTIALS_SESSION, .hash = digest_sha256(token) };
}

static void unauthenticated(struct call *call, const char *text)
{
    request_add_header(call->request, STR("WWW-Authenticate"),
                       STR("ApiKey realm=\"junctor\", Bearer realm=\"junctor\""));
    (void)call_refuse(call, PROBLEM_UNAUTHENTICATED, str_c(text));
}

static bool refuse_unauthenticated(struct call *call, const char *text)
{
    unauthenticated(call, text);
    call_finish(call, 0);
    return true;
}

/* The store could not be asked. */
static bool refuse_unknown(struct call *call)
{
    call_finish(call, call->failure);
    return true;
}

/* ── limits ── */

static void add_rate_headers(struct request *request, const struct rate *rate)
{
    struct arena *arena = &request->arena;
    request_add_header(request, STR("X-RateLimit-Limit"),
                       arena_format(arena, "%lld", (long long)rate->limit));
    request_add_header(request, STR("X-RateLimit-Remaining"),
                       arena_format(arena, "%lld", (long long)rate->remaining));
    request_add_header(request, STR("X-RateLimit-Reset"),
                       arena_format(arena, "%lld", (long long)rate->reset_s));
}

static bool refuse_rate(struct call *call, const struct rate *rate)
{
    call->problem.retry_after_s = (int)rate->wait_s;
    (void)call_refuse(call, PROBLEM_RATE,
                      arena_format(&call->request->arena,
                                   "At most %lld requests a minute are allowed here. Send this one "
                                   "again in %lld s.",
                                   (long long)rate->limit, (long long)rate->wait_s));
    return false;
}

/* Where an organization's limits count. */
static bool is_inlet(const struct route *route)
{
    return route->event || route->who == WHO_CLIENT;
}

/* The organization's limit is about events that come in; a key's about all its requests. What has
 * fewer left is told. */
static bool rates_allow(struct call *call, const struct picture *picture, const struct api_key *key)
{
    struct rates *rates = call->api->rates;
    int64_t now_ms = clock_now_ms(call->api->context.clock);
    struct rate told = { .taken = true };
    if (key != NULL && key->rate_per_minute > 0)
        told = rates_take(rates, (uint64_t)key->object.id, key->rate_per_minute, now_ms);
    if (told.taken && is_inlet(call->route) && picture->rate_per_minute > 0) {
        struct rate rate =
            rates_take(rates, (uint64_t)picture->object.id, picture->rate_per_minute, now_ms);
        if (told.limit == 0 || rate.remaining < told.remaining || !rate.taken)
            told = rate;
    }
    if (told.limit > 0)
        add_rate_headers(call->request, &told);
    return told.taken || refuse_rate(call, &told);
}

bool call_may_guess(struct call *call, uint64_t subject)
{
    struct rate rate = rates_take(call->api->rates, subject, GUESSES_PER_MINUTE,
                                  clock_now_ms(call->api->context.clock));
    if (rate.taken)
        return true;
    call->problem.retry_after_s = (int)rate.wait_s;
    (void)call_refuse(call, PROBLEM_RATE,
                      arena_format(&call->request->arena, "Too many attempts. Try again in %lld s.",
                                   (long long)rate.wait_s));
    return false;
}

static bool address_allowed(struct call *call, const struct cidr_list *allowed, const char *whose)
{
    if (allowed->count == 0 || cidr_list_contains(allowed, &call->request->client))
        return true;
    char text[ADDRESS_TEXT_MAX];
    str address = address_write(&call->request->client, text);
    (void)call_refuse_code(call, PROBLEM_FORBIDDEN, "address",
                           arena_format(&call->request->arena,
                                        "The address %.*s is not among those that %s allows.",
                                        STR_ARG(address), whose));
    return false;
}

/* Addresses and rates of the organization, and of the key; NULL on an inlet without one. */
static bool organization_rules(struct call *call, const struct picture *picture,
                               const struct api_key *key)
{
    if (key != NULL && !address_allowed(call, &key->allowed, "this API key"))
        return false;
    if (is_inlet(call->route) && !address_allowed(call, &picture->allowed, "this organization"))
        return false;
    return rates_allow(call, picture, key);
}

bool call_organization_rules(struct call *call, const struct picture *picture)
{
    return organization_rules(call, picture, NULL);
}

/* ── scopes and roles ── */

unsigned role_scopes(enum role role)
{
    const unsigned viewer = SCOPE_EVENTS_READ | SCOPE_CONTACTS_READ | SCOPE_WEBHOOKS_READ |
                            SCOPE_INTEGRATIONS_READ | SCOPE_DELIVERIES_READ | SCOPE_USERS_READ |
                            SCOPE_ORGANIZATION_READ | SCOPE_CATALOG_READ | SCOPE_ORDERS_READ |
                            SCOPE_PLUGINS_READ | SCOPE_EXPORTS_READ;
    const unsigned editor = viewer | SCOPE_CUSTOM_EVENTS_WRITE | SCOPE_WEBHOOKS_WRITE |
                            SCOPE_INTEGRATIONS_WRITE | SCOPE_DELIVERIES_WRITE |
                            SCOPE_CATALOG_WRITE | SCOPE_ORDERS_WRITE | SCOPE_PLUGINS_WRITE;
    switch (role) {
    case ROLE_NONE:
        break;
    case ROLE_VIEWER:
        return viewer;
    case ROLE_EDITOR:
        return editor;
    case ROLE_ADMIN:
        return SCOPE_ALL & ~(unsigned)SCOPE_ORGANIZATION_WRITE;
    case ROLE_OWNER:
        return SCOPE_ALL;
    }
    return 0;
}

unsigned caller_scopes(const struct caller *caller)
{
    return caller->kind == CALLER_SESSION ? role_scopes(caller->role) : caller->scopes;
}

static bool scope_fits(struct call *call)
{
    const struct route *route = call->route;
    if ((route->who & WHO_KEY) == 0) {
        (void)call_refuse_code(call, PROBLEM_FORBIDDEN, "session",
                               STR("This is for people who have logged in, not for API keys."));
        return false;
    }
    if (route->scope != SCOPE_NONE && (call->caller.scopes & route->scope) != 0)
        return true;
    (void)call_refuse_code(call, PROBLEM_FORBIDDEN, "scope",
                           arena_format(&call->request->arena,
                                        "The API key lacks the scope %.*s. Use one that has it.",
                                        STR_ARG(scope_name(route->scope))));
    return false;
}

static bool csrf_fits(struct call *call)
{
    const struct request *request = call->request;
    if (request->method == HTTP_GET || request->method == HTTP_HEAD)
        return true;
    const str *sent = request_header(request, STR("X-CSRF-Token"));
    if (sent != NULL && bytes_equal_secret(*sent, call->caller.session->session.csrf))
        return true;
    (void)call_refuse_code(call, PROBLEM_FORBIDDEN, "csrf",
                           STR("Send the session's csrfToken in the header X-CSRF-Token."));
    return false;
}

static bool role_fits(struct call *call)
{
    const struct route *route = call->route;
    if ((route->who & WHO_SESSION) == 0) {
        (void)call_refuse_code(call, PROBLEM_FORBIDDEN, "key",
                               STR("This takes an API key, not a session."));
        return false;
    }
    if (!csrf_fits(call))
        return false;
    if (route->role != ROLE_NONE && call->caller.role >= route->role)
        return true;
    (void)call_refuse_code(
        call, PROBLEM_FORBIDDEN, "role",
        arena_format(&call->request->arena, "This takes the role %.*s; yours is %.*s.",
                     STR_ARG(role_name(route->role)), STR_ARG(role_name(call->caller.role))));
    return false;
}

bool call_rules(struct call *call)
{
    switch (call->caller.kind) {
    case CALLER_ANYONE:
        assert((call->route->who & (WHO_ANYONE | WHO_INLET | WHO_PLUGIN)) != 0);
        return true;
    case CALLER_CLIENT:
        return call->route->who == WHO_CLIENT;
    case CALLER_KEY:
        return scope_fits(call);
    case CALLER_SESSION:
        return role_fits(call);
    }
    return false;
}

/* ── inlets ── */

/* A refusal that the organization gets to see. */
static bool reject(struct call *call, const struct picture *picture)
{
    if (call->route->who == WHO_PLUGIN)
        return konnektive_reject(&call->api->context.inlet, call->request, picture, call->parsed,
                                 &call->problem);
    str alias = call->path[call->route->who == WHO_INLET ? 1 : 0];
    const struct event_definition *definition = map_find(&picture->by_alias, alias);
    str name = arena_format(&call->request->arena, "custom_event.%.*s", STR_ARG(alias));
    return inlet_reject(&call->api->context.inlet, call->request, picture->object.id,
                        definition == NULL ? 0 : definition->object.id, name, &call->problem);
}

static bool take_event(struct call *call, const struct picture *picture, const struct api_key *key)
{
    if (!organization_rules(call, picture, key) || !call_rules(call))
        return reject(call, picture);
    return call->route->ingest(call, picture);
}

static bool webhook_secret_fits(struct call *call, const struct picture *picture)
{
    if (picture->webhook_secret.len == 0)
        return true;
    const str *sent = request_header(call->request, STR("X-Webhook-Secret"));
    if (sent != NULL && bytes_equal_secret(*sent, picture->webhook_secret))
        return true;
    unauthenticated(call, "Send the organization's webhook secret in the header X-Webhook-Secret.");
    return false;
}

/* Whose inlet it is. True: the reply is filled in, or the request is parked (*ret_picture NULL). */
static bool find_organization(struct call *call, str uuid, const struct picture **ret_picture,
                              bool *ret_parked)
{
    *ret_parked = false;
    *ret_picture = NULL;
    bool valid = uuid_is_valid(uuid);
    if (valid)
        *ret_picture = directory_find_by_uuid(call_loop(call)->directory, uuid);
    if (*ret_picture != NULL)
        return false;
    if (valid && !call->fetched && fetch_by_uuid(call, uuid)) {
        *ret_parked = true;
        return false;
    }
    if (call->failure < 0)
        return refuse_unknown(call);
    if (!problem_has(&call->problem))
        (void)call_refuse(call, PROBLEM_NOT_FOUND,
                          STR("There is no organization with this id. Copy the address again."));
    call_finish(call, 0);
    return true;
}

static bool identify_inlet(struct call *call)
{
    const struct picture *picture;
    bool parked;
    if (find_organization(call, call->path[0], &picture, &parked))
        return true;
    if (parked)
        return false;
    if (!webhook_secret_fits(call, picture))
        return reject(call, picture);
    return take_event(call, picture, NULL);
}

static int path_count(const struct call *call)
{
    int count = 0;
    while (count < ROUTE_PARAMETERS_MAX && call->path[count].ptr != NULL)
        count++;
    return count;
}

/* Which plugin, and whose, is said in the request, not in its address alone. */
static bool identify_plugin(struct call *call)
{
    struct konnektive_request *read = ARENA_NEW(&call->request->arena, struct konnektive_request);
    struct problem problem = {};
    const struct picture *picture;
    bool parked;
    call->parsed = read;
    bool good = konnektive_read(&call->api->context.inlet, call->request, call->path,
                                path_count(call), read, &problem);
    if (!good && read->organization.len == 0) {
        call->problem = problem;
        call_finish(call, 0);
        return true;
    }
    if (find_organization(call, read->organization, &picture, &parked))
        return true;
    if (parked)
        return false;
    call->problem = problem;
    return good ? take_event(call, picture, NULL) : reject(call, picture);
}

/* ── keys ── */

static bool key_has_expired(const struct call *call, const struct api_key *key)
{
    return key->expires_ms != 0 && key->expires_ms <= clock_now_ms(call->api->context.clock);
}

static bool identify_key(struct call *call, const struct credentials *credentials)
{
    const struct picture *picture = NULL;
    const struct api_key *key =
        directory_find_key(call_loop(call)->directory, &credentials->hash, &picture);
    if (key == NULL && !call->fetched) {
        if (fetch_by_key(call, &credentials->hash))
            return false;
        call_finish(call, 0);
        return true;
    }
    if (key == NULL && call->failure < 0)
        return refuse_unknown(call);
    if (key == NULL || (credentials->key != 0 && credentials->key != key->object.id))
        return refuse_unauthenticated(call, "There is no such API key, or it has been revoked.");
    if (key_has_expired(call, key))
        return refuse_unauthenticated(call, "The API key has expired. Make a new one.");
    call->caller = (struct caller){ .kind = CALLER_KEY,
                                    .organization = picture->object.id,
                                    .id = key->object.id,
                                    .scopes = key->scopes };
    if (call->route->ingest != NULL)
        return take_event(call, picture, key);
    call->caller.uuid = arena_str(&call->request->arena, picture_uuid(picture));
    if (!organization_rules(call, picture, key)) {
        call_finish(call, 0);
        return true;
    }
    return call_proceed(call, NULL);
}

/* ── sessions ── */

static bool identify_session(struct call *call, struct store_reader *reader)
{
    struct arena *arena = &call->request->arena;
    struct session_found *found = ARENA_NEW(arena, struct session_found);
    int r = store_find_session(store_reader_sql(reader), &call->caller.token,
                               clock_now_ms(call->api->context.clock), arena, found);
    if (r < 0) {
        call_finish(call, r);
        return true;
    }
    if (r == STORE_NOT_FOUND)
        return refuse_unauthenticated(call, "The session is over. Log in again.");
    call->caller = (struct caller){ .kind = CALLER_SESSION,
                                    .organization = found->session.organization,
                                    .uuid = found->membership.uuid,
                                    .id = found->session.user,
                                    .role = found->membership.role,
                                    .session = found,
                                    .token = call->caller.token };
    return call_proceed(call, reader);
}

static void session_task(struct reader_task *task, struct store_reader *reader)
{
    struct call *call = CONTAINER_OF(task, struct call, task);
    struct request *request = call->request;
    if (identify_session(call, reader))
        request_done(request);
}

bool call_identify(struct call *call)
{
    if (call->route->who == WHO_INLET)
        return identify_inlet(call);
    if (call->route->who == WHO_PLUGIN)
        return identify_plugin(call);
    if (call->route->who == WHO_CLIENT)
        return client_identify(call);
    struct credentials credentials = read_credentials(call->request);
    switch (credentials.kind) {
    case CREDENTIALS_NONE:
        return refuse_unauthenticated(call, "Send an API key: Authorization: ApiKey KEY.");
    case CREDENTIALS_UNREADABLE:
        return refuse_unauthenticated(
            call, "The header Authorization must be \"ApiKey KEY\" or \"Bearer KEY\".");
    case CREDENTIALS_SEVERAL:
        (void)call_refuse(call, PROBLEM_MALFORMED,
                          STR("The header Authorization came more than once. Send one."));
        call_finish(call, 0);
        return true;
    case CREDENTIALS_KEY:
        return identify_key(call, &credentials);
    case CREDENTIALS_SESSION:
        if ((call->route->who & WHO_SESSION) == 0)
            return refuse_unauthenticated(call, "Send an API key: Authorization: ApiKey KEY.");
        call->caller.token = credentials.hash;
        return call_read_later(call, session_task, true);
    }
    return refuse_unauthenticated(call, "Send an API key: Authorization: ApiKey KEY.");
}

/* ── events that the server has refused ── */

/* Whether the request, as far as it was read, says whose event it is. */
static bool names_owner(const struct call *call, const struct credentials *credentials)
{
    if (call->route->who == WHO_INLET)
        return uuid_is_valid(call->path[0]);
    if (call->route->who == WHO_PLUGIN) /* its bearer token is no key of ours */
        return false;
    return credentials->kind == CREDENTIALS_KEY;
}

/* NULL: it is not at hand, or its key is of no use. */
static const struct picture *find_owner(const struct call *call,
                                        const struct credentials *credentials)
{
    struct directory *directory = call_loop(call)->directory;
    if (call->route->who == WHO_INLET)
        return directory_find_by_uuid(directory, call->path[0]);
    const struct picture *picture = NULL;
    const struct api_key *key = directory_find_key(directory, &credentials->hash, &picture);
    bool good = key != NULL && (credentials->key == 0 || credentials->key == key->object.id) &&
                !key_has_expired(call, key);
    return good ? picture : NULL;
}

static bool fetch_owner(struct call *call, const struct credentials *credentials)
{
    if (call->route->who == WHO_INLET)
        return fetch_by_uuid(call, call->path[0]);
    return fetch_by_key(call, &credentials->hash);
}

bool call_end_refused(struct call *call)
{
    const struct credentials credentials = read_credentials(call->request);
    const struct picture *picture = NULL;
    if (names_owner(call, &credentials)) {
        picture = find_owner(call, &credentials);
        if (picture == NULL && !call->fetched && fetch_owner(call, &credentials))
            return false;
    }
    if (picture == NULL && call->failure < 0)
        return refuse_unknown(call);
    if (!problem_has(&call->problem))
        call->problem = call->refusal;
    if (picture != NULL)
        return reject(call, picture);
    call_finish(call, 0);
    return true;
}
