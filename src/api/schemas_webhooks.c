/* SPDX-License-Identifier: MIT
 * api/schemas_webhooks.c: bodies of webhook endpoints, and what all outlets share of them. */
#include "api/schemas.h"

const char *const format_choices[] = { "standard", "bare", NULL };
const char *const status_choices[] = { "active", "paused", "disabled", "held", "deleted", NULL };

static const char *const wanted_status_choices[] = { "active", "paused", "disabled", NULL };

/* ── how an outlet is delivered to ── */

static const char *const order_choices[] = { "none", "subject", "strict", NULL };
static const char *const on_dead_choices[] = { "pause", "continue", NULL };
static const char *const policy_choices[] = { "webhook", "postback", NULL };
static const char *const method_choices[] = { "POST", "PUT", "PATCH", NULL };
static const char *const version_choices[] = { "auto", "1.1", NULL };
static const char *const auth_choices[] = { "basic", "bearer", "oauth2", NULL };
static const char *const client_choices[] = { "basic", "body", NULL };

#define NAME_EXAMPLE .example = "\"Shop\""
#define DAY_S ((int64_t)24 * 3600)

const struct schema schema_retry = SCHEMA(
    "RetryPolicy",
    "When a failed delivery is tried again: a named policy, a list of delays, or delays that "
    "double from `firstSeconds` to `capSeconds`. A target's Retry-After is heeded beside it.",
    { "policy", SHAPE_STRING, .choices = policy_choices,
      .help = "webhook: 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, then dead. postback: "
              "from 30 s, doubling to 15 m, without end",
      .example = "\"webhook\"" },
    { "delaysSeconds", SHAPE_INTEGERS, .least = 1, .most = 100, .item_least = 1,
      .item_most = 30 * DAY_S, .help = "one a retry; the last goes on when there are more retries",
      .example = "[5, 60, 600]" },
    { "firstSeconds", SHAPE_INTEGER, .least = 1, .most = 30 * DAY_S, .example = "30" },
    { "capSeconds", SHAPE_INTEGER, .least = 1, .most = 30 * DAY_S, .example = "900" },
    { "retries", SHAPE_INTEGER, MEMBER_NULLABLE, .least = 1, .most = 10000,
      .help = "how many before a delivery is dead; null: without end. Not given: once through the "
              "list, or without end",
      .example = "3" },
    { "jitterPercent", SHAPE_INTEGER, .most = 100,
      .help = "each delay is drawn from so much below to so much above; 20 unless told otherwise",
      .example = "20" });

static const struct schema header = SCHEMA(
    "HeaderLine", "A header that each request carries beside the hub's own.",
    { "name", SHAPE_STRING, MEMBER_REQUIRED, .least = 1, .most = 100, .example = "\"X-Shop\"" },
    { "value", SHAPE_STRING, MEMBER_NULLABLE, .most = 4096,
      .help = "shown as (masked) when it is secret; not given: that of the same name stays",
      .example = "\"berlin\"" },
    { "secret", SHAPE_BOOLEAN, .help = "shown masked; by itself for names that say secret",
      .example = "false" });

static const struct schema auth = SCHEMA(
    "Credential",
    "What the hub shows at the target. Secrets are shown as (masked); not given, with the same "
    "type, they stay.",
    { "type", SHAPE_STRING, MEMBER_REQUIRED, .choices = auth_choices,
      .help = "basic: username and password. bearer: token. oauth2: client credentials (RFC 6749, "
              "section 4.4): the hub fetches a token and renews it",
      .example = "\"basic\"" },
    { "username", SHAPE_STRING, .least = 1, .most = 500, .example = "\"junctor\"" },
    { "password", SHAPE_STRING, MEMBER_SECRET, .most = 4096, .example = "\"correct horse\"" },
    { "token", SHAPE_STRING, MEMBER_SECRET, .least = 1, .most = 8192, .example = "\"8d1c2f3a4b\"" },
    { "tokenUrl", SHAPE_STRING, .least = 1, .most = 2000, .format = "uri",
      .example = "\"https://login.example/oauth2/token\"" },
    { "clientId", SHAPE_STRING, .least = 1, .most = 500, .example = "\"junctor\"" },
    { "clientSecret", SHAPE_STRING, MEMBER_SECRET, .most = 4096, .example = "\"s3cr3t\"" },
    { "scope", SHAPE_STRING, MEMBER_NULLABLE, .most = 2000, .example = "\"orders:write\"" },
    { "audience", SHAPE_STRING, MEMBER_NULLABLE, .most = 2000, .example = "null" },
    { "clientAuthentication", SHAPE_STRING, .choices = client_choices,
      .help = "where clientId and clientSecret travel: basic, unless told otherwise, or body",
      .example = "\"basic\"" });

static const struct schema client_certificate =
    SCHEMA("ClientCertificate", "What the hub shows at a target that asks for one (mutual TLS).",
           { "certificate", SHAPE_STRING, MEMBER_REQUIRED, .least = 1, .most = 65536,
             .help = "PEM, with its chain behind it",
             .example = "\"-----BEGIN CERTIFICATE-----\\nMIIB…\\n-----END CERTIFICATE-----\"" },
           { "privateKey", SHAPE_STRING, MEMBER_SECRET, .most = 65536,
             .help = "PEM, not encrypted; not given: the key that is there stays",
             .example = "\"-----BEGIN PRIVATE KEY-----\\nMC4C…\\n-----END PRIVATE KEY-----\"" });

/* What a request may say, and an answer always does. */
#define OUTLET_MEMBERS(always)                                                                     \
    { "order",                                                                                     \
      SHAPE_STRING,                                                                                \
      (always),                                                                                    \
      .choices = order_choices,                                                                    \
      .help = "none: each goes when it is due. subject: those about one contact never overtake "   \
              "each other. strict: one at a time, in the order of the events",                     \
      .example = "\"none\"" },                                                                     \
        { "onDead",                                                                                \
          SHAPE_STRING,                                                                            \
          (always),                                                                                \
          .choices = on_dead_choices,                                                              \
          .help = "with an order: whether a dead delivery pauses those behind it",                 \
          .example = "\"pause\"" },                                                                \
        { "concurrency",    SHAPE_INTEGER, (always) | MEMBER_NULLABLE,                             \
          .least = 1,       .most = 64,    .help = "attempts under way at once; null: 8",          \
          .example = "null" },                                                                     \
        { "ratePerMinute",                                                                         \
          SHAPE_INTEGER,                                                                           \
          (always) | MEMBER_NULLABLE,                                                              \
          .least = 1,                                                                              \
          .most = 6000000,                                                                         \
          .help = "attempts a minute, evenly spread, a second's worth at once; null: no limit",    \
          .example = "null" },                                                                     \
        { "delayMs",                                                                               \
          SHAPE_INTEGER,                                                                           \
          (always),                                                                                \
          .most = 30 * DAY_S * 1000,                                                               \
          .help = "between an event and its first attempt",                                        \
          .example = "0" },                                                                        \
        { "retry", SHAPE_OBJECT, (always) | MEMBER_DEEP, .of = &schema_retry },                    \
        { "method", SHAPE_STRING, (always), .choices = method_choices, .example = "\"POST\"" },    \
        { "httpVersion",                                                                           \
          SHAPE_STRING,                                                                            \
          (always),                                                                                \
          .choices = version_choices,                                                              \
          .help = "auto: HTTP/2 where an https target offers it",                                  \
          .example = "\"auto\"" },                                                                 \
        { "headers", SHAPE_OBJECTS, (always) | MEMBER_DEEP | MEMBER_SEALED, .of = &header,         \
          .most = 50 },                                                                            \
        { "auth", SHAPE_OBJECT, (always) | MEMBER_DEEP | MEMBER_NULLABLE | MEMBER_SEALED,          \
          .of = &auth },                                                                           \
        { "clientCertificate", SHAPE_OBJECT,                                                       \
          (always) | MEMBER_DEEP | MEMBER_NULLABLE | MEMBER_SEALED, .of = &client_certificate },   \
        { "certificateAuthorities",                                                                \
          SHAPE_STRING,                                                                            \
          (always) | MEMBER_NULLABLE | MEMBER_SEALED,                                              \
          .least = 1,                                                                              \
          .most = 262144,                                                                          \
          .help = "PEM: trusted for this target instead of the system's",                          \
          .example = "null" },                                                                     \
        { "proxy",                                                                                 \
          SHAPE_STRING,                                                                            \
          (always) | MEMBER_NULLABLE | MEMBER_SEALED,                                              \
          .least = 1,                                                                              \
          .most = 2000,                                                                            \
          .format = "uri",                                                                         \
          .help = "a forward proxy: http://USER:PASSWORD@HOST:PORT",                               \
          .example = "null" },                                                                     \
        { "connectTimeoutMs", SHAPE_INTEGER,        (always) | MEMBER_NULLABLE, .least = 100,      \
          .most = 60000,      .help = "null: 10 s", .example = "null" },                           \
    {                                                                                              \
        "timeoutMs", SHAPE_INTEGER, (always) | MEMBER_NULLABLE,                                    \
            .least = 100, .most = 300000,                                                          \
            .help = "of an attempt from its start to the end of the answer; null: 30 s",           \
            .example = "null"                                                                      \
    }

/* ── webhook endpoints ── */

const struct schema schema_retry_step = SCHEMA(
    "RetryStep", "One retry of a schedule. Seconds.",
    { "retry", SHAPE_INTEGER, MEMBER_REQUIRED, .example = "1" },
    { "afterSeconds", SHAPE_INTEGER, MEMBER_REQUIRED, .help = "behind the attempt before it",
      .example = "300" },
    { "leastSeconds", SHAPE_INTEGER, MEMBER_REQUIRED, .help = "with its jitter", .example = "240" },
    { "mostSeconds", SHAPE_INTEGER, MEMBER_REQUIRED, .example = "360" },
    { "sinceFirstSeconds", SHAPE_INTEGER, MEMBER_REQUIRED, .help = "behind the first attempt",
      .example = "305" });

const struct schema schema_paused_subject =
    SCHEMA("PausedSubject", "What waits behind a dead delivery, of an endpoint with an order.",
           { "contactId", SHAPE_STRING, OR_NULL,
             .help = "whose deliveries wait; null, as orderId is: all of the endpoint (strict)",
             .example = "\"con_0e3v2k4m1c8r0\"" },
           { "orderId", SHAPE_STRING, OR_NULL,
             .help = "likewise, where the subject is an order and no contact", .example = "null" },
           { "deliveryId", SHAPE_STRING, REQUIRED, .example = "\"dlv_0e3v2k4m1c8r0\"" },
           { "since", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" });

const struct schema schema_retry_ask = SCHEMA(
    "RetryAsk", "", { "retry", SHAPE_OBJECT, MEMBER_REQUIRED | MEMBER_DEEP, .of = &schema_retry });

const struct schema schema_retry_preview =
    SCHEMA("RetryPreview", "What a retry policy comes to.",
           { "retry", SHAPE_OBJECT, REQUIRED, .of = &schema_retry },
           { "retrySchedule", SHAPE_OBJECTS, REQUIRED, .of = &schema_retry_step,
             .help = "the first 20 retries" });

static const struct schema counts =
    SCHEMA("DeliveryCounts", "deliveries = delivered + pending + dead + dropped.",
           { "deliveries", SHAPE_INTEGER, REQUIRED, .example = "100" },
           { "delivered", SHAPE_INTEGER, REQUIRED, .example = "97" },
           { "pending", SHAPE_INTEGER, REQUIRED, .example = "2" },
           { "dead", SHAPE_INTEGER, REQUIRED, .example = "1" },
           { "dropped", SHAPE_INTEGER, REQUIRED, .example = "0" },
           { "filtered", SHAPE_INTEGER, REQUIRED,
             .help = "events of its types that its filter turned away: no delivery was made",
             .example = "12" });

static const char *const sending_choices[] = { "sending", "waiting", "probing", "stopped", NULL };

static const struct schema sending = SCHEMA(
    "Sending", "Whether deliveries go to the endpoint now.",
    { "state", SHAPE_STRING, REQUIRED, .choices = sending_choices,
      .help = "sending: each when it is due. waiting: none before `until`, because the endpoint "
              "failed several times in a row, or asked for it (Retry-After), or its access token "
              "could not be fetched. probing: it failed, and one at a time is tried. stopped: by "
              "its status",
      .example = "\"sending\"" },
    { "until", SHAPE_INSTANT, OR_NULL, .example = "null" },
    { "reason", SHAPE_STRING, OR_NULL, .example = "null" });

#define FILTER_EXAMPLE                                                                             \
    .example =                                                                                     \
        "{\"all\":[{\"field\":\"/fields/total\",\"operator\":\"greater_than\",\"value\":100}]}"

/* Any JSON by its shape: mapping/condition.h says what is wrong with it, better than types can. */
#define FILTER_MEMBER(always)                                                                         \
    {                                                                                                 \
        "filter", SHAPE_ANY, (always) | MEMBER_NULLABLE,                                              \
            .help = "conditions on the event's data: {\"all\": […]} or {\"any\": […]} of field, " \
                    "operator and value; null: none",                                                 \
            FILTER_EXAMPLE                                                                            \
    }

static const struct schema old_secret =
    SCHEMA("OldSecret", "A signing secret that was replaced, and signs beside the new one.",
           { "until", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-22T10:00:00.000Z\"" });

#define WEBHOOK_MEMBERS                                                                            \
    { "id", SHAPE_STRING, REQUIRED, .example = "\"whk_0e3v2k4m1c8r0\"" },                          \
        { "name", SHAPE_STRING, REQUIRED, NAME_EXAMPLE },                                          \
        { "url", SHAPE_STRING, REQUIRED, .format = "uri",                                          \
          .example = "\"https://shop.example/hooks\"" },                                           \
        { "eventTypes", SHAPE_STRINGS, REQUIRED, .example = "[\"custom_event.order\"]" },          \
        FILTER_MEMBER(MEMBER_REQUIRED),                                                            \
        { "format", SHAPE_STRING, REQUIRED, .choices = format_choices,                             \
          .example = "\"standard\"" },                                                             \
        { "signing", SHAPE_BOOLEAN, REQUIRED, .example = "true" },                                 \
        { "oldSecrets", SHAPE_OBJECTS, REQUIRED, .of = &old_secret, .help = "newest first" },      \
        { "status", SHAPE_STRING, REQUIRED, .choices = status_choices, .example = "\"active\"" },  \
        { "statusReason", SHAPE_STRING, OR_NULL, .example = "null" },                              \
        { "sending", SHAPE_OBJECT, REQUIRED, .of = &sending },                                     \
        { "pausedSubjects", SHAPE_INTEGER, REQUIRED,                                               \
          .help = "order by subject: how many wait behind a dead delivery", .example = "0" },      \
        { "counts", SHAPE_OBJECT, REQUIRED, .of = &counts },                                       \
        { "warnings", SHAPE_STRINGS, REQUIRED, .help = "what should be better", .example = "[]" }, \
        OUTLET_MEMBERS(MEMBER_REQUIRED),                                                           \
        { "retrySchedule", SHAPE_OBJECTS, REQUIRED, .of = &schema_retry_step,                      \
          .help = "what `retry` comes to: the first 20 retries" },                                 \
        { "createdAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" },       \
    {                                                                                              \
        "updatedAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\""            \
    }

const struct schema schema_webhook =
    SCHEMA("Webhook", "An endpoint that events are delivered to.", WEBHOOK_MEMBERS);

const struct schema schema_created_webhook = SCHEMA(
    "CreatedWebhook", "A new endpoint. Its secret is shown this once.", WEBHOOK_MEMBERS,
    { "secret", SHAPE_STRING, OR_NULL,
      .help = "signs deliveries (Standard Webhooks); null in the answer to a repeat under the "
              "same Idempotency-Key",
      .example = "\"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDazfgZWLfqfE=\"" });

#define EVENT_TYPES_HELP                                                                           \
    .help = "types as custom_event.ALIAS, order.new_sale, contact.created, ping; a family as "     \
            "custom_event.* or order.*; or \"*\" for all",                                         \
    .example = "[\"custom_event.order\"]"

const struct schema schema_new_webhook = SCHEMA(
    "NewWebhook", "", { "name", SHAPE_STRING, REQUIRED, .least = 1, .most = 200, NAME_EXAMPLE },
    { "url", SHAPE_STRING, REQUIRED | MEMBER_SEALED, .least = 1, .most = 2000, .format = "uri",
      .help = "http or https; https is better", .example = "\"https://shop.example/hooks\"" },
    { "eventTypes", SHAPE_STRINGS, REQUIRED, .least = 1, .most = 200, EVENT_TYPES_HELP },
    FILTER_MEMBER(0),
    { "format", SHAPE_STRING, .choices = format_choices,
      .help = "standard: {\"type\", \"timestamp\", \"data\"}; bare: data alone. Cannot be changed",
      .example = "\"standard\"" },
    { "signing", SHAPE_BOOLEAN, .help = "true unless told otherwise", .example = "true" },
    OUTLET_MEMBERS(0));

const struct schema schema_webhook_change = SCHEMA(
    "WebhookChange", "What is given is changed.",
    { "name", SHAPE_STRING, .least = 1, .most = 200, NAME_EXAMPLE },
    { "url", SHAPE_STRING, MEMBER_SEALED, .least = 1, .most = 2000, .format = "uri",
      .example = "\"https://shop.example/hooks\"" },
    { "eventTypes", SHAPE_STRINGS, .least = 1, .most = 200, EVENT_TYPES_HELP }, FILTER_MEMBER(0),
    { "format", SHAPE_STRING, .choices = format_choices, .help = "cannot be changed",
      .example = "\"standard\"" },
    { "signing", SHAPE_BOOLEAN, .example = "true" },
    { "status", SHAPE_STRING, .choices = wanted_status_choices,
      .help = "paused or disabled: events go on making deliveries, which wait. active: they go "
              "again. 409 while the hub is held",
      .example = "\"active\"" },
    OUTLET_MEMBERS(0));

const struct schema schema_ping =
    SCHEMA("Ping", "What was sent off.",
           { "deliveryId", SHAPE_STRING, REQUIRED, .example = "\"dlv_0e3v2k4m1c8r0\"" },
           { "eventId", SHAPE_STRING, REQUIRED, .example = "\"evt_0e3v2k4m1c8r0\"" });

const struct schema schema_rotation = SCHEMA(
    "SecretRotation", "",
    { "overlapHours", SHAPE_INTEGER, .most = 168,
      .help =
          "how long the secret that is there goes on signing beside the new one; 24 unless told "
          "otherwise. 0: the new one alone signs, and all older ones end at once",
      .example = "24" },
    { "secret", SHAPE_STRING, MEMBER_SECRET, .least = 1, .most = 200,
      .help = "whsec_ and the base64 of 24 to 64 bytes; one is drawn unless it is given",
      .example = "\"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDazfgZWLfqfE=\"" });

static const struct schema signing_secrets =
    SCHEMA("SigningSecrets", "Whose signatures deliveries carry now.",
           { "signing", SHAPE_INTEGER, REQUIRED,
             .help = "how many secrets sign; 0: deliveries are not signed", .example = "2" },
           { "oldUntil", SHAPE_INSTANT, OR_NULL,
             .help = "from then on the new one signs alone; null: it does already",
             .example = "\"2026-11-22T10:00:00.000Z\"" });

const struct schema schema_rotated_webhook =
    SCHEMA("RotatedWebhook", "The endpoint with its new secret, which is shown this once.",
           WEBHOOK_MEMBERS,
           { "secret", SHAPE_STRING, REQUIRED, .help = "the new one",
             .example = "\"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDazfgZWLfqfE=\"" },
           { "secrets", SHAPE_OBJECT, REQUIRED, .of = &signing_secrets });

const struct schema schema_filter_trial =
    SCHEMA("FilterTrial", "Either data or eventId.",
           { "data", SHAPE_ANY, .help = "of an event as it would be delivered",
             .example = "{\"fields\":{\"total\":40}}" },
           { "eventId", SHAPE_STRING, .most = 100, .help = "one that came",
             .example = "\"evt_0e3v2k4m1c8r0\"" },
           { "filter", SHAPE_ANY, MEMBER_NULLABLE, .help = "instead of the endpoint's own",
             FILTER_EXAMPLE });

const struct schema schema_filter_verdict = SCHEMA(
    "FilterVerdict", "Whether the filter lets the event through, and why.",
    { "matches", SHAPE_BOOLEAN, REQUIRED, .example = "false" },
    { "pointer", SHAPE_STRING, OR_NULL,
      .help = "into the endpoint: the first condition that decided; null: there is no filter",
      .example = "\"/filter/all/0\"" },
    { "reason", SHAPE_STRING, REQUIRED,
      .example = "\"/fields/total is 40, not greater than 100\"" });
