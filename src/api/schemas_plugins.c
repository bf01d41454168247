/* SPDX-License-Identifier: MIT
 * api/schemas_plugins.c: bodies of plugin instances. */
#include "api/schemas.h"

#include "model/config.h"

static const char *const plugin_types[] = { "konnektive", NULL };

#define NAME_EXAMPLE .example = "\"Konnektive, main account\""
#define CAMPAIGN_EXAMPLE .example = "\"cmp_0e3v2k4m1c8r0\""

#define LOGIN_EXAMPLE .example = "\"landing-pages\""

static const struct schema client_api = SCHEMA(
    "ClientApi",
    "For clients of Konnektive's API, such as landing pages: they change their base "
    "URL to this hub's.",
    { "loginId", SHAPE_STRING, REQUIRED, LOGIN_EXAMPLE },
    { "password", SHAPE_STRING, .help = "only in the answer to the request that had it made",
      .example = "\"9sdfKJ3kdf93kdKD93kdkK39dkJDkd9a\"" },
    { "baseUrl", SHAPE_STRING, REQUIRED, .format = "uri", .example = "\"https://hub.example/\"" });

static const struct schema new_client_api = SCHEMA(
    "NewClientApi", "What is not given stays, or is made.",
    { "loginId", SHAPE_STRING, .least = CLIENT_LOGIN_MIN, .most = CLIENT_LOGIN_MAX,
      .help = "as the clients have it; letters, digits and _ - . @ +; no other plugin has it",
      LOGIN_EXAMPLE },
    { "password", SHAPE_STRING, MEMBER_SECRET | MEMBER_NULLABLE, .least = 8, .most = 200,
      .help =
          "printable ASCII characters without &, no space at either end; null: a new one is made",
      .example = "\"a long text that nobody guesses\"" });

const struct schema schema_plugin = SCHEMA(
    "Plugin", "An instance of a plugin: an address that another system's postbacks go to.",
    { "id", SHAPE_STRING, REQUIRED, .example = "\"plg_0e3v2k4m1c8r0\"" },
    { "type", SHAPE_STRING, REQUIRED, .choices = plugin_types, .example = "\"konnektive\"" },
    { "name", SHAPE_STRING, REQUIRED, NAME_EXAMPLE },
    { "campaignId", SHAPE_STRING, REQUIRED, .help = "whose SKUs are looked for", CAMPAIGN_EXAMPLE },
    { "importUnknownSkus", SHAPE_BOOLEAN, REQUIRED, .example = "true" },
    { "webhookUrl", SHAPE_STRING, REQUIRED, .format = "uri",
      .help = "where its postbacks go; a sender that takes no '?' leaves the query away and sends "
              "the two ids as fieldMapping has them. The secret comes as the header "
              "X-Webhook-Secret, as Authorization: Bearer, as the parameter `secret` of the body "
              "or of the query",
      .example = "\"https://hub.example/api/v1/plugins/webhooks/konnektive?organizationId="
                 "4f7c2a10-9b8e-4d5a-8c3f-2e1d0b9a8f7e&pluginInstanceId=plg_0e3v2k4m1c8r0\"" },
    { "webhookPath", SHAPE_STRING, REQUIRED, .format = "uri",
      .help = "the same without a '?', for senders that can say nothing but an address: add a "
              "slash and the secret, percent-encoded",
      .example = "\"https://hub.example/api/v1/plugins/webhooks/konnektive/"
                 "4f7c2a10-9b8e-4d5a-8c3f-2e1d0b9a8f7e/plg_0e3v2k4m1c8r0\"" },
    { "fieldMapping", SHAPE_MAP, REQUIRED,
      .help = "to be pasted into an export profile of the sender's, with the secret in the place "
              "of your-secret-key",
      .example = "{\"orderId\":\"[orderId]\",\"pluginInstanceId\":\"plg_0e3v2k4m1c8r0\","
                 "\"header:X-Webhook-Secret\":\"your-secret-key\"}" },
    { "clientApi", SHAPE_OBJECT, OR_NULL, .of = &client_api,
      .help = "how a client of Konnektive's API comes in; null: it does not" },
    { "createdAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" },
    { "updatedAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" });

#define PLUGIN_MEMBERS(flags)                                                                      \
    { "name", SHAPE_STRING, (flags), .least = 1, .most = 200, NAME_EXAMPLE },                      \
        { "secret",                                                                                \
          SHAPE_STRING,                                                                            \
          (flags) | MEMBER_SECRET,                                                                 \
          .least = 8,                                                                              \
          .most = 200,                                                                             \
          .help = "what the sender shows; printable ASCII characters, no space at either end",     \
          .example = "\"a long text that nobody guesses\"" },                                      \
        { "campaignId", SHAPE_STRING, (flags), .help = "whose SKUs are looked for",                \
          CAMPAIGN_EXAMPLE },                                                                      \
        { "clientApi", SHAPE_OBJECT, MEMBER_NULLABLE | MEMBER_DEEP | MEMBER_SEALED,                \
          .of = &new_client_api, .help = "switches the client API on, or changes it; null: off" }, \
    {                                                                                              \
        "importUnknownSkus", SHAPE_BOOLEAN,                                                        \
            .help = "whether a SKU that the campaign does not know is made, as plain text that "   \
                    "is linked to no product",                                                     \
            .example = "true"                                                                      \
    }

const struct schema schema_new_plugin =
    SCHEMA("NewPlugin", "",
           { "type", SHAPE_STRING, REQUIRED, .choices = plugin_types, .example = "\"konnektive\"" },
           PLUGIN_MEMBERS(REQUIRED));

const struct schema schema_plugin_change =
    SCHEMA("PluginChange", "What is given is changed.", PLUGIN_MEMBERS(0));

static const char *const results[] = { "SUCCESS", "ERROR", NULL };

const struct schema schema_client_answer = SCHEMA(
    "ClientAnswer", "What clients of Konnektive's API are answered.",
    { "result", SHAPE_STRING, REQUIRED, .choices = results, .example = "\"SUCCESS\"" },
    { "message", SHAPE_ANY, REQUIRED,
      .help = "of SUCCESS an object: the order, or totalResults, resultsPerPage, page and data; of "
              "ERROR a sentence, or an object that has the reason for each wrong parameter",
      .example = "{\"orderId\":\"F5A8CD676F\",\"orderStatus\":\"COMPLETE\"}" });
