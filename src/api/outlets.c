/* SPDX-License-Identifier: MIT */
#include "api/outlets.h"

#include "api/handlers.h"
#include "base/instant.h"
#include "base/redact.h"
#include "delivery/certificate.h"
#include "delivery/retry.h"
#include "delivery/url.h"
#include "mapping/http_header.h"
#include "model/names.h"

#define SCHEDULE_SHOWN 20
#define EXPIRES_SOON_MS ((int64_t)30 * 24 * 3600 * 1000)

/* ── from and to text ── */

static int read_texts(struct call *call, const struct outlet_texts *texts,
                      struct outlet_policy *ret_policy, struct transport *ret_transport)
{
    struct arena *arena = &call->request->arena;
    struct json_error error;
    json value;
    str text;
    *ret_policy = policy_of(texts->kind);
    *ret_transport = (struct transport){};
    if (texts->policy.len > 0) {
        if (!json_read(arena, texts->policy, JSON_DEPTH_MAX, &value, &error))
            return fail(FAIL_CORRUPT);
        policy_take(ret_policy, value, arena);
    }
    if (texts->transport.len > 0) {
        if (!unseal(call->api->context.seal_key, texts->transport, arena, &text) ||
            !json_read(arena, text, JSON_DEPTH_MAX, &value, &error))
            return fail(FAIL_CORRUPT);
        transport_take(ret_transport, value, arena);
    }
    return 0;
}

bool outlets_gives_up(struct arena *arena, enum endpoint_kind kind, str policy)
{
    struct json_error error;
    json value;
    struct outlet_policy read = policy_of(kind);
    if (policy.len > 0 && json_read(arena, policy, JSON_DEPTH_MAX, &value, &error))
        policy_take(&read, value, arena);
    return read.retry.retries > 0;
}

enum outlet_order outlets_order(struct arena *arena, enum endpoint_kind kind, str policy)
{
    struct json_error error;
    json value;
    struct outlet_policy read = policy_of(kind);
    if (policy.len > 0 && json_read(arena, policy, JSON_DEPTH_MAX, &value, &error))
        policy_take(&read, value, arena);
    return read.order;
}

static str policy_text(enum endpoint_kind kind, const struct outlet_policy *policy,
                       struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    policy_write(&writer, kind, policy);
    json_end_object(&writer);
    return buf_str(&buf);
}

static str transport_text(struct call *call, enum endpoint_kind kind,
                          const struct transport *transport)
{
    struct arena *arena = &call->request->arena;
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    transport_write(&writer, kind, transport, TRANSPORT_WHOLE, arena);
    json_end_object(&writer);
    return seal(call->api->context.seal_key, buf_str(&buf), arena);
}

/* ── what cannot be ── */

static bool sent(json object, const char *name)
{
    return json_type(json_get(object, str_c(name))) == JSON_STRING;
}

static bool has(json object, const char *name)
{
    return json_get(object, str_c(name)) != NULL;
}

static void check_retry(struct call *call, json retry)
{
    int64_t first = 0;
    int64_t cap = 0;
    bool listed = has(retry, "delaysSeconds");
    bool doubles = has(retry, "firstSeconds") || has(retry, "capSeconds");
    if (has(retry, "policy")) {
        if (json_count(retry) > 1)
            call_wrong(call, "retry/policy", "conflict",
                       STR("Send a named policy alone, or delays of your own."));
        return;
    }
    if (listed == doubles) {
        call_wrong(call, "retry", "required",
                   STR("Send one of: policy; delaysSeconds; firstSeconds and capSeconds."));
        return;
    }
    if (!doubles)
        return;
    if (!json_to_int64(json_get(retry, STR("firstSeconds")), &first))
        call_wrong(call, "retry/firstSeconds", "required", STR("This value is missing."));
    else if (!json_to_int64(json_get(retry, STR("capSeconds")), &cap))
        call_wrong(call, "retry/capSeconds", "required", STR("This value is missing."));
    else if (cap < first)
        call_wrong(call, "retry/capSeconds", "range",
                   STR("Send a cap that is not below firstSeconds."));
}

/* Beside those of every request: what a webhook's content says of itself. */
static bool is_of_content(str name)
{
    static const str names[] = { STR_INIT("Content-Type"), STR_INIT("Content-Encoding"),
                                 STR_INIT("webhook-id"), STR_INIT("webhook-timestamp"),
                                 STR_INIT("webhook-signature") };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_equal_nocase(name, names[i]))
            return true;
    return false;
}

static bool named_before(json list, int before, str name)
{
    struct json_walk walk = json_walk(list);
    json item;
    for (int i = 0; i < before && json_next(&walk, NULL, &item); i++)
        if (str_equal_nocase(json_string(json_get(item, STR("name"))), name))
            return true;
    return false;
}

static void check_header_value(struct call *call, const char *member, str value)
{
    if (!header_value_is_valid(value))
        call_wrong(call, member, "format",
                   STR("Send a value without line ends and other control characters."));
    else if (header_value_has_blank_ends(value))
        call_wrong(call, member, "format",
                   STR("This begins or ends with a space or tab: take that away."));
}

static void check_header(struct call *call, json list, int index, json line)
{
    struct arena *arena = &call->request->arena;
    str name = json_string(json_get(line, STR("name")));
    const char *at = arena_c(arena, arena_format(arena, "headers/%d/name", index));
    if (!header_name_is_valid(name))
        call_wrong(call, at, "format",
                   STR("Send a header's name: letters, digits and dashes, without the colon."));
    else if (header_is_reserved(name) || is_of_content(name))
        call_wrong(call, at, "reserved", STR("The hub sets this header itself."));
    else if (named_before(list, index, name))
        call_wrong(call, at, "duplicate", STR("This header comes twice."));
    check_header_value(call, arena_c(arena, arena_format(arena, "headers/%d/value", index)),
                       json_string(json_get(line, STR("value"))));
}

static void check_headers(struct call *call, json list)
{
    struct json_walk walk = json_walk(list);
    json line;
    for (int i = 0; json_next(&walk, NULL, &line); i++)
        check_header(call, list, i, line);
}

static void check_url(struct call *call, const char *member, str url, bool with_user)
{
    const struct cidr_list *allow = &call->api->context.allow_egress;
    str wrong = url_fault(url, with_user, allow, &call->request->arena);
    if (wrong.len > 0)
        call_wrong(call, member, "format", wrong);
}

/* Of somebody who sends back what was shown: it would take the secret's place. */
static void check_unmasked(struct call *call, const char *member, str value)
{
    if (value.len > 0 && memmem(value.ptr, value.len, MASKED.ptr, MASKED.len) != NULL)
        call_wrong(call, member, "format",
                   STR("This is what a secret is shown as: leave it out to keep the one there is, "
                       "or send the secret."));
}

static void check_secrets(struct call *call)
{
    struct arena *arena = &call->request->arena;
    static const char *const names[] = { "password", "token", "clientSecret" };
    json auth = json_get(call->body, STR("auth"));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        check_unmasked(call, arena_c(arena, arena_format(arena, "auth/%s", names[i])),
                       json_string(json_get(auth, str_c(names[i]))));
    struct json_walk walk = json_walk(json_get(call->body, STR("headers")));
    json line;
    for (int i = 0; json_next(&walk, NULL, &line); i++)
        check_unmasked(call, arena_c(arena, arena_format(arena, "headers/%d/value", i)),
                       json_string(json_get(line, STR("value"))));
    check_unmasked(
        call, "clientCertificate/privateKey",
        json_string(json_get(json_get(call->body, STR("clientCertificate")), STR("privateKey"))));
    check_unmasked(call, "proxy", json_string(json_get(call->body, STR("proxy"))));
}

/* Of what a body says alone: what is stored may have more (write_credential() leaves it out). */
static void check_auth_members(struct call *call, json auth)
{
    static const struct {
        const char *member;
        enum credential_kind of;
    } members[] = {
        { "username", CREDENTIAL_BASIC },
        { "password", CREDENTIAL_BASIC },
        { "token", CREDENTIAL_BEARER },
        { "tokenUrl", CREDENTIAL_OAUTH2 },
        { "clientId", CREDENTIAL_OAUTH2 },
        { "clientSecret", CREDENTIAL_OAUTH2 },
        { "scope", CREDENTIAL_OAUTH2 },
        { "audience", CREDENTIAL_OAUTH2 },
        { "clientAuthentication", CREDENTIAL_OAUTH2 },
    };
    struct arena *arena = &call->request->arena;
    str type = json_string(json_get(auth, STR("type")));
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        str of = credential_kind_name(members[i].of);
        if (sent(auth, members[i].member) && !str_equal(type, of))
            call_wrong(
                call, arena_c(arena, arena_format(arena, "auth/%s", members[i].member)), "conflict",
                arena_format(arena, "This belongs to the type %.*s: leave it out.", STR_ARG(of)));
    }
}

void outlets_check(struct call *call)
{
    json retry = json_get(call->body, STR("retry"));
    json auth = json_get(call->body, STR("auth"));
    str proxy = json_string(json_get(call->body, STR("proxy")));
    str authorities = json_string(json_get(call->body, STR("certificateAuthorities")));
    str token_url = json_string(json_get(auth, STR("tokenUrl")));
    if (problem_has(&call->problem))
        return;
    if (retry != NULL)
        check_retry(call, retry);
    check_headers(call, json_get(call->body, STR("headers")));
    check_header_value(call, "auth/token", json_string(json_get(auth, STR("token"))));
    check_auth_members(call, auth);
    check_secrets(call);
    if (proxy.len > 0)
        check_url(call, "proxy", proxy, true);
    if (token_url.len > 0)
        check_url(call, "auth/tokenUrl", token_url, false);
    str wrong = authorities.len > 0 ? certificates_fault(authorities) : (str){};
    if (wrong.len > 0)
        call_wrong(call, "certificateAuthorities", "format", wrong);
}

/* ── what is missing in the whole ── */

static void require(struct call *call, const char *member, str value)
{
    if (value.len == 0)
        call_wrong(call, member, "required", STR("This value is missing."));
}

static void check_credential(struct call *call, const struct credential *credential)
{
    switch (credential->kind) {
    case CREDENTIAL_NONE:
        return;
    case CREDENTIAL_BASIC:
        require(call, "auth/username", credential->username);
        if (str_index(credential->username, ':') >= 0) /* RFC 7617 §2 */
            call_wrong(call, "auth/username", "format", STR("Send a username without a colon."));
        return;
    case CREDENTIAL_BEARER:
        require(call, "auth/token", credential->token);
        return;
    case CREDENTIAL_OAUTH2:
        require(call, "auth/tokenUrl", credential->token_url);
        require(call, "auth/clientId", credential->client_id);
        require(call, "auth/clientSecret", credential->client_secret);
        return;
    }
}

static void check_whole(struct call *call, const struct transport *transport)
{
    str wrong = {};
    check_credential(call, &transport->credential);
    for (int i = 0; i < transport->header_count; i++)
        if (transport->credential.kind != CREDENTIAL_NONE &&
            str_equal_nocase(transport->headers[i].name, STR("Authorization")))
            call_wrong(call, "headers", "conflict",
                       STR("Send either auth or a header Authorization."));
    /* One that has expired since it was saved stands in no other change's way. */
    if (json_type(json_get(call->body, STR("clientCertificate"))) == JSON_OBJECT)
        wrong = certificate_fault(transport->certificate, transport->private_key);
    if (wrong.len > 0)
        call_wrong(call, "clientCertificate", "format", wrong);
}

/* Who may change an endpoint may not have its secrets sent to a server of his own. */
static void check_secrets_of_auth(struct call *call, const struct credential *before,
                                  const struct credential *after, bool elsewhere)
{
    static const char *const secrets[] = {
        [CREDENTIAL_BASIC] = "password",
        [CREDENTIAL_BEARER] = "token",
        [CREDENTIAL_OAUTH2] = "clientSecret",
    };
    if (before->kind == CREDENTIAL_NONE || after->kind != before->kind ||
        sent(json_get(call->body, STR("auth")), secrets[after->kind]))
        return;
    bool moved =
        after->kind == CREDENTIAL_OAUTH2 && !url_same_place(before->token_url, after->token_url);
    const char *at = arena_c(&call->request->arena,
                             arena_format(&call->request->arena, "auth/%s", secrets[after->kind]));
    if (elsewhere || moved)
        call_wrong(call, at, "required",
                   STR("The change leads to another host: send this secret again, or auth null."));
}

static bool header_is_sent(json list, str name)
{
    struct json_walk walk = json_walk(list);
    json line;
    while (json_next(&walk, NULL, &line))
        if (str_equal_nocase(json_string(json_get(line, STR("name"))), name))
            return sent(line, "value");
    return false;
}

static void check_secrets_of_headers(struct call *call, const struct transport *after)
{
    json list = json_get(call->body, STR("headers"));
    for (int i = 0; i < after->header_count; i++)
        if (after->headers[i].secret && !header_is_sent(list, after->headers[i].name))
            call_wrong(call, "headers", "required",
                       arena_format(&call->request->arena,
                                    "The change leads to another host: send the value of %.*s "
                                    "again, or leave the header out.",
                                    STR_ARG(after->headers[i].name)));
}

/* A proxy reads what goes to an unencrypted target; and with an authority of its own any other, too. */
static bool goes_by_another_proxy(const struct transport *before, const struct transport *after)
{
    return after->proxy.len > 0 &&
           (before->proxy.len == 0 || !url_same_place(before->proxy, after->proxy));
}

/* One that is not sent keeps the value of its name, if there is one. */
static void check_header_values(struct call *call, const struct transport *before)
{
    struct arena *arena = &call->request->arena;
    struct json_walk walk = json_walk(json_get(call->body, STR("headers")));
    json line;
    for (int i = 0; json_next(&walk, NULL, &line); i++) {
        str name = json_string(json_get(line, STR("name")));
        bool there = sent(line, "value");
        for (int k = 0; !there && k < before->header_count; k++)
            there = str_equal_nocase(before->headers[k].name, name);
        if (!there)
            call_wrong(call, arena_c(arena, arena_format(arena, "headers/%d/value", i)), "required",
                       STR("This value is missing."));
    }
}

int outlets_change(struct call *call, struct outlet_texts *texts)
{
    struct arena *arena = &call->request->arena;
    struct outlet_policy policy;
    struct transport transport;
    int r = read_texts(call, texts, &policy, &transport);
    if (r < 0)
        return fail(r);
    const struct transport before = transport;
    policy_take(&policy, call->body, arena);
    transport_take(&transport, call->body, arena);
    check_whole(call, &transport);
    check_header_values(call, &before);
    texts->elsewhere = texts->elsewhere || goes_by_another_proxy(&before, &transport);
    check_secrets_of_auth(call, &before.credential, &transport.credential, texts->elsewhere);
    if (texts->elsewhere)
        check_secrets_of_headers(call, &transport);
    if (problem_has(&call->problem))
        return CALL_REFUSED;
    texts->authorizes = transport.credential.kind != CREDENTIAL_NONE;
    texts->policy = policy_text(texts->kind, &policy, arena);
    texts->transport = transport_text(call, texts->kind, &transport);
    return 0;
}

/* ── showing ── */

static int64_t share(int64_t delay_ms, int percent)
{
    return delay_ms * percent / 100 / 1000;
}

static void write_schedule(struct json_writer *out, const struct retry_policy *retry)
{
    json_key(out, STR("retrySchedule"));
    json_begin_array(out);
    int64_t sum_ms = 0;
    for (int step = 0; step < SCHEDULE_SHOWN; step++) {
        int64_t delay_ms = retry_delay_ms(retry, step);
        if (delay_ms < 0)
            break;
        sum_ms += delay_ms;
        json_begin_object(out);
        json_member_int(out, STR("retry"), step + 1);
        json_member_int(out, STR("afterSeconds"), delay_ms / 1000);
        json_member_int(out, STR("leastSeconds"), share(delay_ms, 100 - retry->jitter_percent));
        json_member_int(out, STR("mostSeconds"), share(delay_ms, 100 + retry->jitter_percent));
        json_member_int(out, STR("sinceFirstSeconds"), sum_ms / 1000);
        json_end_object(out);
    }
    json_end_array(out);
}

int outlets_write(struct call *call, const struct outlet_texts *texts)
{
    struct outlet_policy policy;
    struct transport transport;
    int r = read_texts(call, texts, &policy, &transport);
    if (r < 0)
        return fail(r);
    if (texts->files)
        policy_take_files(&policy);
    policy_write(&call->out, texts->kind, &policy);
    transport_write(&call->out, texts->kind, &transport, TRANSPORT_MASKED, &call->request->arena);
    write_schedule(&call->out, &policy.retry);
    return 0;
}

int outlets_read_shown(struct call *call, str transport, struct outlet_shown *ret_shown)
{
    const struct outlet_texts texts = { .transport = transport };
    struct outlet_policy policy;
    struct transport read;
    int r = read_texts(call, &texts, &policy, &read);
    if (r < 0)
        return fail(r);
    str *names = ARENA_ARRAY(&call->request->arena, str, (size_t)read.header_count + 1);
    int count = 0;
    for (int i = 0; i < read.header_count; i++)
        if (read.headers[i].secret)
            names[count++] = read.headers[i].name;
    *ret_shown =
        (struct outlet_shown){ .method = read.method, .secret = { .at = names, .count = count } };
    return 0;
}

static void warn_of_certificate(struct call *call, str certificate)
{
    struct arena *arena = &call->request->arena;
    struct certificate_facts facts;
    char text[INSTANT_TEXT_LEN];
    if (certificate.len == 0 || !certificate_read(certificate, arena, &facts) ||
        facts.expires_ms > clock_now_ms(call->api->context.clock) + EXPIRES_SOON_MS)
        return;
    bool expired = facts.expires_ms <= clock_now_ms(call->api->context.clock);
    instant_write(facts.expires_ms, text);
    json_add_string(&call->out,
                    arena_format(arena,
                                 expired ? "The client certificate expired at %.*s: send a new one."
                                         : "The client certificate is good until %.*s only.",
                                 INSTANT_TEXT_LEN, text));
}

int outlets_warn(struct call *call, const struct outlet_texts *texts)
{
    struct outlet_policy policy;
    struct transport transport;
    int r = read_texts(call, texts, &policy, &transport);
    if (r < 0)
        return fail(r);
    warn_of_certificate(call, transport.certificate);
    if (texts->files)
        policy_take_files(&policy);
    if (policy.order == ORDER_STRICT && policy.concurrency > 1)
        json_add_string(&call->out, STR("In strict order one attempt is under way at a time, "
                                        "whatever concurrency says."));
    return 0;
}

/* ── trying a policy ── */

bool retry_preview_check(struct call *call)
{
    if (!problem_has(&call->problem))
        check_retry(call, json_get(call->body, STR("retry")));
    return !problem_has(&call->problem);
}

void retry_preview(struct call *call)
{
    const struct retry_policy retry =
        retry_read(json_get(call->body, STR("retry")), &call->request->arena);
    struct json_writer *out = call_json(call);
    json_begin_object(out);
    json_key(out, STR("retry"));
    retry_write(out, &retry);
    write_schedule(out, &retry);
    json_end_object(out);
    call_reply(call, 200);
}
