/* SPDX-License-Identifier: MIT
 * api/schemas_outlets.c: what the bodies of webhooks and export profiles have in common. */
#include "api/schemas_outlets.h"

const char *const status_choices[] = { "active", "paused", "disabled", "held", "deleted", NULL };
const char *const wanted_status_choices[] = { "active", "paused", "disabled", NULL };
const char *const order_choices[] = { "none", "subject", "strict", NULL };
const char *const on_dead_choices[] = { "pause", "continue", NULL };
static const char *const policy_choices[] = { "webhook", "postback", NULL };
const char *const request_method_choices[] = { "POST", "PUT", "PATCH", NULL };
const char *const http_version_choices[] = { "auto", "1.1", NULL };
static const char *const auth_choices[] = { "basic", "bearer", "oauth2", NULL };
static const char *const client_choices[] = { "basic", "body", NULL };

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

const struct schema schema_header_line = SCHEMA(
    "HeaderLine", "A header that each request carries beside the hub's own.",
    { "name", SHAPE_STRING, MEMBER_REQUIRED, .least = 1, .most = 100, .example = "\"X-Shop\"" },
    { "value", SHAPE_STRING, MEMBER_NULLABLE, .most = 4096,
      .help = "without space or tab at its ends. Shown as (masked) when it is secret; not given: "
              "that of the same name stays",
      .example = "\"berlin\"" },
    { "secret", SHAPE_BOOLEAN, .help = "shown masked; by itself for names that say secret",
      .example = "false" });

const struct schema schema_credential = SCHEMA(
    "Credential",
    "What the hub shows at the target. Secrets are shown as (masked); not given, with the same "
    "type, they stay.",
    { "type", SHAPE_STRING, MEMBER_REQUIRED, .choices = auth_choices,
      .help = "basic: username and password. bearer: token. oauth2: client credentials (RFC 6749, "
              "section 4.4): the hub fetches a token and renews it. Members of another type are "
              "refused",
      .example = "\"basic\"" },
    { "username", SHAPE_STRING, .least = 1, .most = 500, .example = "\"junctor\"" },
    { "password", SHAPE_STRING, MEMBER_SECRET, .most = 4096, .example = "\"correct horse\"" },
    { "token", SHAPE_STRING, MEMBER_SECRET, .least = 1, .most = 8192,
      .help = "without space or tab at its ends", .example = "\"8d1c2f3a4b\"" },
    { "tokenUrl", SHAPE_STRING, .least = 1, .most = 2000, .format = "uri",
      .example = "\"https://login.example/oauth2/token\"" },
    { "clientId", SHAPE_STRING, .least = 1, .most = 500, .example = "\"junctor\"" },
    { "clientSecret", SHAPE_STRING, MEMBER_SECRET, .most = 4096, .example = "\"s3cr3t\"" },
    { "scope", SHAPE_STRING, MEMBER_NULLABLE, .most = 2000, .example = "\"orders:write\"" },
    { "audience", SHAPE_STRING, MEMBER_NULLABLE, .most = 2000, .example = "null" },
    { "clientAuthentication", SHAPE_STRING, .choices = client_choices,
      .help = "where clientId and clientSecret travel: basic, unless told otherwise, or body",
      .example = "\"basic\"" });

const struct schema schema_client_certificate =
    SCHEMA("ClientCertificate", "What the hub shows at a target that asks for one (mutual TLS).",
           { "certificate", SHAPE_STRING, MEMBER_REQUIRED, .least = 1, .most = 65536,
             .help = "PEM, with its chain behind it",
             .example = "\"-----BEGIN CERTIFICATE-----\\nMIIB…\\n-----END CERTIFICATE-----\"" },
           { "privateKey", SHAPE_STRING, MEMBER_SECRET, .most = 65536,
             .help = "PEM, not encrypted; not given: the key that is there stays",
             .example = "\"-----BEGIN PRIVATE KEY-----\\nMC4C…\\n-----END PRIVATE KEY-----\"" });

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

const struct schema schema_delivery_counts =
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

const struct schema schema_sending = SCHEMA(
    "Sending", "Whether deliveries go to the endpoint now.",
    { "state", SHAPE_STRING, REQUIRED, .choices = sending_choices,
      .help = "sending: each when it is due. waiting: none before `until`, because the endpoint "
              "failed several times in a row, or asked for it (Retry-After), or its access token "
              "could not be fetched. probing: it failed, and one at a time is tried. stopped: by "
              "its status",
      .example = "\"sending\"" },
    { "until", SHAPE_INSTANT, OR_NULL, .example = "null" },
    { "reason", SHAPE_STRING, OR_NULL, .example = "null" });
