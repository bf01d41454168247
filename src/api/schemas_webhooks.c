/* SPDX-License-Identifier: MIT
 * api/schemas_webhooks.c: bodies of webhook endpoints. */
#include "api/schemas_outlets.h"

const char *const format_choices[] = { "standard", "bare", NULL };

#define NAME_EXAMPLE .example = "\"Shop\""

/* What a request may say, and an answer always does. */
#define OUTLET_MEMBERS(always)                                                                     \
    POLICY_MEMBERS(always),                                                                        \
        { "delayMs",                                                                               \
          SHAPE_INTEGER,                                                                           \
          (always),                                                                                \
          .most = 30 * DAY_S * 1000,                                                               \
          .help = "between an event and its first attempt",                                        \
          .example = "0" },                                                                        \
        { "method", SHAPE_STRING, (always), .choices = request_method_choices,                     \
          .example = "\"POST\"" },                                                                 \
        { "headers", SHAPE_OBJECTS, (always) | MEMBER_DEEP | MEMBER_SEALED,                        \
          .of = &schema_header_line, .most = 50 },                                                 \
        TRANSPORT_MEMBERS(always)

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
        OUTLET_MEMBERS(MEMBER_REQUIRED), STANDING_MEMBERS

const struct schema schema_webhook =
    SCHEMA("Webhook", "An endpoint that events are delivered to.", WEBHOOK_MEMBERS);

const struct schema schema_created_webhook = SCHEMA(
    "CreatedWebhook", "A new endpoint. Its secret is shown this once.", WEBHOOK_MEMBERS,
    { "secret", SHAPE_STRING, OR_NULL,
      .help = "signs deliveries (Standard Webhooks); null in the answer to a repeat under the "
              "same Idempotency-Key",
      .example = "\"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDazfgZWLfqfE=\"" });

#define EVENT_TYPES_HELP                                                                           \
    .help = "types as custom_event.ALIAS, order.new_sale, contact.created, ping; notices of "      \
            "endpoints as endpoint.failing, delivery.dead; a family as custom_event.*, order.* "   \
            "or endpoint.*; or \"*\" for all",                                                     \
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
    { "signing", SHAPE_BOOLEAN, .example = "true" }, WANTED_STATUS_MEMBER, OUTLET_MEMBERS(0));

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
