/* SPDX-License-Identifier: MIT */
#include "model/outlet_json.h"

#include "base/redact.h"
#include "model/names.h"

struct outlet_policy policy_of(enum endpoint_kind kind)
{
    if (kind == ENDPOINT_EXPORT)
        return (struct outlet_policy){ .order = ORDER_SUBJECT, .retry = retry_postback };
    return (struct outlet_policy){ .retry = retry_webhook };
}

void policy_take_files(struct outlet_policy *policy)
{
    policy->order = ORDER_NONE;
    policy->concurrency = 1;
}

/* ── taking single members ── */

static bool is_there(json value)
{
    return json_type(value) != JSON_ABSENT && json_type(value) != JSON_NULL;
}

static void take_text(str *text, json object, str name, struct arena *arena)
{
    json value = json_get(object, name);
    if (json_type(value) == JSON_STRING)
        *text = arena_str(arena, json_string(value));
    else if (json_type(value) == JSON_NULL)
        *text = (str){};
}

/* A name that is not given leaves what was there. */
static void optional(bool taken)
{
    (void)taken;
}

static int64_t int_or(json object, str name, int64_t normal)
{
    int64_t number;
    return json_to_int64(json_get(object, name), &number) ? number : normal;
}

/* null: 0, which is "the hub's" or "none" of all of these. */
static void take_int(int64_t *number, json object, str name)
{
    json value = json_get(object, name);
    if (json_type(value) == JSON_NULL)
        *number = 0;
    else
        *number = int_or(object, name, *number);
}

/* ── policy ── */

static void take_delays(struct retry_policy *retry, json list, struct arena *arena)
{
    int64_t *delays_ms = ARENA_ARRAY(arena, int64_t, json_count(list));
    struct json_walk walk = json_walk(list);
    json item;
    while (json_next(&walk, NULL, &item)) {
        int64_t seconds;
        if (json_to_int64(item, &seconds))
            delays_ms[retry->delay_count++] = seconds * 1000;
    }
    retry->delays_ms = retry->delay_count > 0 ? delays_ms : NULL;
}

struct retry_policy retry_read(json object, struct arena *arena)
{
    struct retry_policy retry = { .jitter_percent = (int)int_or(object, STR("jitterPercent"), 20) };
    const struct retry_policy *named = retry_find(json_string(json_get(object, STR("policy"))));
    if (named != NULL)
        return *named;
    json retries = json_get(object, STR("retries"));
    take_delays(&retry, json_get(object, STR("delaysSeconds")), arena);
    retry.first_ms = int_or(object, STR("firstSeconds"), 0) * 1000;
    retry.cap_ms = int_or(object, STR("capSeconds"), 0) * 1000;
    /* Not said: once through the list; doubling goes on without end. */
    if (json_type(retries) == JSON_ABSENT)
        retry.retries = retry.delay_count;
    else
        retry.retries = (int)int_or(object, STR("retries"), 0);
    return retry;
}

void policy_take(struct outlet_policy *policy, json object, struct arena *arena)
{
    int64_t concurrency = policy->concurrency;
    take_int(&concurrency, object, STR("concurrency"));
    policy->concurrency = (int)concurrency;
    take_int(&policy->rate_per_minute, object, STR("ratePerMinute"));
    take_int(&policy->delay_ms, object, STR("delayMs"));
    optional(outlet_order_read(json_string(json_get(object, STR("order"))), &policy->order));
    optional(on_dead_read(json_string(json_get(object, STR("onDead"))), &policy->on_dead));
    json retry = json_get(object, STR("retry"));
    if (is_there(retry))
        policy->retry = retry_read(retry, arena);
}

static void write_int_or_null(struct json_writer *writer, str name, int64_t value)
{
    json_key(writer, name);
    if (value == 0)
        json_add_null(writer);
    else
        json_add_int(writer, value);
}

static void write_delays(struct json_writer *writer, const struct retry_policy *retry)
{
    if (retry->delays_ms == NULL) {
        json_member_int(writer, STR("firstSeconds"), retry->first_ms / 1000);
        json_member_int(writer, STR("capSeconds"), retry->cap_ms / 1000);
        return;
    }
    json_key(writer, STR("delaysSeconds"));
    json_begin_array(writer);
    for (int i = 0; i < retry->delay_count; i++)
        json_add_int(writer, retry->delays_ms[i] / 1000);
    json_end_array(writer);
}

void retry_write(struct json_writer *writer, const struct retry_policy *retry)
{
    json_begin_object(writer);
    if (retry->name.len > 0) {
        json_member_string(writer, STR("policy"), retry->name);
    } else {
        write_delays(writer, retry);
        write_int_or_null(writer, STR("retries"), retry->retries);
        json_member_int(writer, STR("jitterPercent"), retry->jitter_percent);
    }
    json_end_object(writer);
}

void policy_write(struct json_writer *writer, enum endpoint_kind kind,
                  const struct outlet_policy *policy)
{
    json_member_string(writer, STR("order"), outlet_order_name(policy->order));
    json_member_string(writer, STR("onDead"), on_dead_name(policy->on_dead));
    write_int_or_null(writer, STR("concurrency"), policy->concurrency);
    write_int_or_null(writer, STR("ratePerMinute"), policy->rate_per_minute);
    if (kind == ENDPOINT_WEBHOOK)
        json_member_int(writer, STR("delayMs"), policy->delay_ms);
    json_key(writer, STR("retry"));
    retry_write(writer, &policy->retry);
}

/* ── transport ── */

static bool same_name(str a, str b)
{
    return a.len == b.len && str_equal_nocase(a, b);
}

static const struct header_line *find_header(const struct transport *transport, str name)
{
    for (int i = 0; i < transport->header_count; i++)
        if (same_name(transport->headers[i].name, name))
            return &transport->headers[i];
    return NULL;
}

static struct header_line read_header(const struct transport *before, json object,
                                      struct arena *arena)
{
    struct header_line line = { .name =
                                    arena_str(arena, json_string(json_get(object, STR("name")))),
                                .secret = json_bool(json_get(object, STR("secret"))) };
    json value = json_get(object, STR("value"));
    const struct header_line *kept = is_there(value) ? NULL : find_header(before, line.name);
    line.value = kept != NULL ? kept->value : arena_str(arena, json_string(value));
    line.secret = line.secret || (kept != NULL && kept->secret) || redact_name(line.name);
    return line;
}

static void take_headers(struct transport *transport, json list, struct arena *arena)
{
    if (json_type(list) != JSON_ARRAY)
        return;
    struct header_line *lines = ARENA_ARRAY(arena, struct header_line, json_count(list) + 1);
    int count = 0;
    struct json_walk walk = json_walk(list);
    json item;
    while (json_next(&walk, NULL, &item))
        lines[count++] = read_header(transport, item, arena);
    transport->headers = lines;
    transport->header_count = count;
}

static struct credential read_credential(const struct credential *before, json object,
                                         struct arena *arena)
{
    enum credential_kind kind = CREDENTIAL_NONE;
    optional(credential_kind_read(json_string(json_get(object, STR("type"))), &kind));
    struct credential credential = { .kind = kind };
    if (kind == before->kind) {
        credential.password = before->password;
        credential.token = before->token;
        credential.client_secret = before->client_secret;
    }
    take_text(&credential.username, object, STR("username"), arena);
    take_text(&credential.password, object, STR("password"), arena);
    take_text(&credential.token, object, STR("token"), arena);
    take_text(&credential.token_url, object, STR("tokenUrl"), arena);
    take_text(&credential.client_id, object, STR("clientId"), arena);
    take_text(&credential.client_secret, object, STR("clientSecret"), arena);
    take_text(&credential.scope, object, STR("scope"), arena);
    take_text(&credential.audience, object, STR("audience"), arena);
    credential.in_body =
        str_equal(json_string(json_get(object, STR("clientAuthentication"))), STR("body"));
    return credential;
}

static void take_certificate(struct transport *transport, json object, struct arena *arena)
{
    if (json_type(object) == JSON_ABSENT)
        return;
    transport->certificate = arena_str(arena, json_string(json_get(object, STR("certificate"))));
    if (json_type(object) == JSON_NULL)
        transport->private_key = (str){};
    else
        take_text(&transport->private_key, object, STR("privateKey"), arena);
}

void transport_take(struct transport *transport, json object, struct arena *arena)
{
    json auth = json_get(object, STR("auth"));
    str version = json_string(json_get(object, STR("httpVersion")));
    optional(request_method_read(json_string(json_get(object, STR("method"))), &transport->method));
    if (version.len > 0)
        transport->http1 = str_equal(version, STR("1.1"));
    take_headers(transport, json_get(object, STR("headers")), arena);
    if (json_type(auth) == JSON_NULL)
        transport->credential = (struct credential){};
    else if (is_there(auth))
        transport->credential = read_credential(&transport->credential, auth, arena);
    take_certificate(transport, json_get(object, STR("clientCertificate")), arena);
    take_text(&transport->authorities, object, STR("certificateAuthorities"), arena);
    take_text(&transport->proxy, object, STR("proxy"), arena);
    take_int(&transport->connect_timeout_ms, object, STR("connectTimeoutMs"));
    take_int(&transport->timeout_ms, object, STR("timeoutMs"));
}

/* ── writing it ── */

struct showing {
    struct json_writer *writer;
    struct arena *arena;
    bool masked;
};

static void write_secret(const struct showing *showing, str name, str secret)
{
    if (secret.len > 0)
        json_member_string(showing->writer, name, showing->masked ? MASKED : secret);
}

static void write_headers(const struct showing *showing, const struct transport *transport)
{
    struct json_writer *writer = showing->writer;
    json_key(writer, STR("headers"));
    json_begin_array(writer);
    for (int i = 0; i < transport->header_count; i++) {
        const struct header_line *line = &transport->headers[i];
        json_begin_object(writer);
        json_member_string(writer, STR("name"), line->name);
        json_member_string(writer, STR("value"),
                           showing->masked && line->secret ? MASKED : line->value);
        json_member_bool(writer, STR("secret"), line->secret);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_oauth2(const struct showing *showing, const struct credential *credential)
{
    struct json_writer *writer = showing->writer;
    json_member_string(writer, STR("tokenUrl"), credential->token_url);
    json_member_string(writer, STR("clientId"), credential->client_id);
    write_secret(showing, STR("clientSecret"), credential->client_secret);
    json_member_text_or_null(writer, STR("scope"), credential->scope);
    json_member_text_or_null(writer, STR("audience"), credential->audience);
    json_member_string(writer, STR("clientAuthentication"),
                       credential->in_body ? STR("body") : STR("basic"));
}

static void write_credential(const struct showing *showing, const struct credential *credential)
{
    struct json_writer *writer = showing->writer;
    json_key(writer, STR("auth"));
    if (credential->kind == CREDENTIAL_NONE) {
        json_add_null(writer);
        return;
    }
    json_begin_object(writer);
    json_member_string(writer, STR("type"), credential_kind_name(credential->kind));
    if (credential->kind == CREDENTIAL_BASIC) {
        json_member_string(writer, STR("username"), credential->username);
        write_secret(showing, STR("password"), credential->password);
    }
    if (credential->kind == CREDENTIAL_BEARER)
        write_secret(showing, STR("token"), credential->token);
    if (credential->kind == CREDENTIAL_OAUTH2)
        write_oauth2(showing, credential);
    json_end_object(writer);
}

static void write_certificate(const struct showing *showing, const struct transport *transport)
{
    struct json_writer *writer = showing->writer;
    json_key(writer, STR("clientCertificate"));
    if (transport->certificate.len == 0) {
        json_add_null(writer);
        return;
    }
    json_begin_object(writer);
    json_member_string(writer, STR("certificate"), transport->certificate);
    write_secret(showing, STR("privateKey"), transport->private_key);
    json_end_object(writer);
}

/* Its user, too: that may be an API key. */
static str without_user(str url, struct arena *arena)
{
    static const str behind_scheme = STR_INIT("://");
    if (url.len == 0)
        return url;
    const char *found = memmem(url.ptr, url.len, behind_scheme.ptr, behind_scheme.len);
    size_t start = found == NULL ? 0 : (size_t)(found - url.ptr) + behind_scheme.len;
    size_t host = start; /* the last @ of the authority is what libcurl goes by */
    for (size_t i = start; i < url.len && memchr("/?#", url.ptr[i], 3) == NULL; i++)
        if (url.ptr[i] == '@')
            host = i + 1;
    if (host == start)
        return url;
    str rest = str_skip(url, host);
    return arena_format(arena, "%.*s(masked)@%.*s", (int)start, url.ptr, STR_ARG(rest));
}

void transport_write(struct json_writer *writer, enum endpoint_kind kind,
                     const struct transport *transport, enum transport_shown shown,
                     struct arena *arena)
{
    const struct showing showing = { .writer = writer,
                                     .arena = arena,
                                     .masked = shown == TRANSPORT_MASKED };
    if (kind == ENDPOINT_WEBHOOK)
        json_member_string(writer, STR("method"), request_method_name(transport->method));
    json_member_string(writer, STR("httpVersion"), transport->http1 ? STR("1.1") : STR("auto"));
    if (kind == ENDPOINT_WEBHOOK)
        write_headers(&showing, transport);
    write_credential(&showing, &transport->credential);
    write_certificate(&showing, transport);
    json_member_text_or_null(writer, STR("certificateAuthorities"), transport->authorities);
    json_member_text_or_null(writer, STR("proxy"),
                             showing.masked ? without_user(transport->proxy, arena)
                                            : transport->proxy);
    write_int_or_null(writer, STR("connectTimeoutMs"), transport->connect_timeout_ms);
    write_int_or_null(writer, STR("timeoutMs"), transport->timeout_ms);
}

/* ── signing keys ── */

bool old_secrets_read(json list, struct arena *arena, const struct old_secret **ret_secrets,
                      int *ret_count)
{
    struct old_secret *secrets = ARENA_ARRAY(arena, struct old_secret, json_count(list) + 1);
    int count = 0;
    struct json_walk walk = json_walk(list);
    json item;
    while (json_next(&walk, NULL, &item)) {
        struct old_secret *secret = &secrets[count++];
        if (!base64_read(arena, json_string(json_get(item, STR("secret"))), &secret->secret) ||
            !json_to_int64(json_get(item, STR("untilMs")), &secret->until_ms))
            return false;
    }
    *ret_secrets = secrets;
    *ret_count = count;
    return true;
}

str old_secrets_write(const struct old_secret *secrets, int count, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, arena, SIZE_MAX / 2);
    struct json_writer writer = json_writer(&buf);
    json_begin_array(&writer);
    for (int i = 0; i < count; i++) {
        json_begin_object(&writer);
        json_member_string(&writer, STR("secret"), base64_write(arena, secrets[i].secret));
        json_member_int(&writer, STR("untilMs"), secrets[i].until_ms);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    return buf_str(&buf);
}
