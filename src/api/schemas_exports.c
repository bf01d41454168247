/* SPDX-License-Identifier: MIT
 * api/schemas_exports.c: bodies of export profiles, their routes, and what is asked of them. */
#include "api/schemas_outlets.h"
#include "model/order.h"

static const char *const type_choices[] = { "postback", "ftp", "csv", NULL };
static const char *const mode_choices[] = { "native", "compatible", NULL };
static const char *const protocol_choices[] = { "ftp", "ftps", "sftp", NULL };

#define CUSTOMER_TYPE_CHOICE(member, name, wire, label) name,
static const char *const customer_type_choices[] = { CUSTOMER_TYPES(CUSTOMER_TYPE_CHOICE) NULL };
#undef CUSTOMER_TYPE_CHOICE

#define NAME_EXAMPLE .example = "\"Call centre\""
#define URL_EXAMPLE .example = "\"https://crm.example/orders.php\""
#define PROFILE_EXAMPLE .example = "\"exp_0e3v2k4m1c8r0\""
#define ROUTE_EXAMPLE .example = "\"rte_0e3v2k4m1c8r0\""
#define ORDER_EXAMPLE .example = "\"ord_0e3v2k4m1c8r0\""
#define CUSTOMER_TYPE_EXAMPLE .choices = customer_type_choices, .example = "\"new_sale\""
#define AT_EXAMPLE .example = "\"2026-11-21T10:00:00.000Z\""

/* ── profiles ── */

/* Requests and answers have the same limits; what is required of which differs. */
#define DELAY_HELP                                                                                 \
    .most = 10080,                                                                                 \
    .help = "whole minutes between what happened and when it is sent; in compatible mode "         \
            "those between two sweeps are 15 more",                                                \
    .example = "0"
#define MODE_HELP                                                                                  \
    .choices = mode_choices,                                                                       \
    .help = "native: each when its delay is over. compatible: in sweeps, as Konnektive does",      \
    .example = "\"native\""
#define MAPPINGS_HELP                                                                              \
    .help = "rows {\"exportName\", \"field\" or \"static\"}, or an object of export names and "    \
            "values, in which \"[firstName]\" is a field; rows named header:NAME are headers, "    \
            "header:httpMethod and header:httpMethodType say how it is sent",                      \
    .example = "[{\"exportName\":\"first_name\",\"field\":\"firstName\"},"                         \
               "{\"exportName\":\"list_id\",\"static\":\"400\"}]"
#define ALL_STRINGS_HELP                                                                           \
    .help = "in JSON: ids that are numbers are strings, too", .example = "false"
#define GUARD_HELP                                                                                 \
    .help = "of files: ' before what a spreadsheet would take for a formula", .example = "false"

/* Of requests. */
#define SETTINGS_MEMBERS                                                                            \
    { "url",                                                                                        \
      SHAPE_STRING,                                                                                 \
      MEMBER_SEALED,                                                                                \
      .least = 1,                                                                                   \
      .most = 8192,                                                                                 \
      .format = "uri",                                                                              \
      .help = "of a postback: where it goes; without a question mark",                              \
      URL_EXAMPLE },                                                                                \
        { "delayMinutes", SHAPE_INTEGER, DELAY_HELP }, { "mode", SHAPE_STRING, MODE_HELP },         \
        { "mappings", SHAPE_ANY, MEMBER_SEALED, MAPPINGS_HELP },                                    \
        { "allStrings", SHAPE_BOOLEAN, ALL_STRINGS_HELP },                                          \
        { "guardCells", SHAPE_BOOLEAN, GUARD_HELP },                                                \
        { "pciDocument",                                                                            \
          SHAPE_STRING,                                                                             \
          MEMBER_NULLABLE,                                                                          \
          .most = 2000,                                                                             \
          .help = "what allows fields of card and bank account data to be mapped",                  \
          .example = "null" },                                                                      \
        { "protocol", SHAPE_STRING, .choices = protocol_choices, .help = "of a file server",        \
          .example = "\"sftp\"" },                                                                  \
        { "host",     SHAPE_STRING, MEMBER_SEALED,                                                  \
          .least = 1, .most = 253,  .example = "\"files.example\"" },                               \
        { "port",                                                                                   \
          SHAPE_INTEGER,                                                                            \
          .least = 1,                                                                               \
          .most = 65535,                                                                            \
          .help = "unless given: 22 of sftp, else 21; ftps at 990 is TLS from the first byte on, "  \
                  "else by AUTH TLS",                                                               \
          .example = "22" },                                                                        \
        { "user", SHAPE_STRING, MEMBER_SEALED, .least = 1, .most = 255, .example = "\"junctor\"" }, \
        { "password",                                                                               \
          SHAPE_STRING,                                                                             \
          MEMBER_SECRET,                                                                            \
          .most = 1024,                                                                             \
          .help = "shown as (masked); not given, or sent as it is shown: it stays",                 \
          .example = "\"correct horse\"" },                                                         \
        { "directory",                                                                              \
          SHAPE_STRING,                                                                             \
          MEMBER_SEALED,                                                                            \
          .most = 1024,                                                                             \
          .help = "from the server's root with a slash in front, else from where the login leads",  \
          .example = "\"orders\"" },                                                                \
    {                                                                                               \
        "hostKey", SHAPE_STRING, MEMBER_NULLABLE,                                                   \
            .most = 512,                                                                            \
            .help = "of sftp: the fingerprints of the server's keys, \"SHA256:…\", with spaces "  \
                    "between; without one nothing is sent",                                         \
            .example = "null"                                                                       \
    }

static const struct schema mapping =
    SCHEMA("ExportMapping", "One row of a field map: a field, or a static value.",
           { "exportName", SHAPE_STRING, REQUIRED, .example = "\"first_name\"" },
           { "field", SHAPE_STRING, .example = "\"firstName\"" },
           { "static", SHAPE_STRING, .help = "(masked) of headers whose name says secret",
             .example = "\"400\"" });

const struct schema schema_export_profile = SCHEMA(
    "ExportProfile", "What is sent of orders, how, and where to.",
    { "id", SHAPE_STRING, REQUIRED, PROFILE_EXAMPLE },
    { "name", SHAPE_STRING, REQUIRED, NAME_EXAMPLE },
    { "type", SHAPE_STRING, REQUIRED, .choices = type_choices, .example = "\"postback\"" },
    { "url", SHAPE_STRING, OR_NULL, .format = "uri", .help = "of a postback", URL_EXAMPLE },
    { "delayMinutes", SHAPE_INTEGER, REQUIRED, DELAY_HELP },
    { "mode", SHAPE_STRING, REQUIRED, MODE_HELP },
    { "mappings", SHAPE_OBJECTS, REQUIRED, .of = &mapping },
    { "mappingObject", SHAPE_MAP, OR_NULL,
      .help = "the same as an object; null: a static value looks like a field, so that only rows "
              "can say it",
      .example = "{\"first_name\":\"[firstName]\",\"list_id\":\"400\"}" },
    { "allStrings", SHAPE_BOOLEAN, REQUIRED, ALL_STRINGS_HELP },
    { "guardCells", SHAPE_BOOLEAN, REQUIRED, GUARD_HELP },
    { "pciDocument", SHAPE_STRING, OR_NULL, .example = "null" },
    { "protocol", SHAPE_STRING, OR_NULL, .choices = protocol_choices,
      .help = "of a file server, as the six behind it", .example = "null" },
    { "host", SHAPE_STRING, OR_NULL, .example = "null" },
    { "port", SHAPE_INTEGER, OR_NULL, .example = "null" },
    { "directory", SHAPE_STRING, OR_NULL, .example = "null" },
    { "user", SHAPE_STRING, OR_NULL, .example = "null" },
    { "password", SHAPE_STRING, OR_NULL, .help = "(masked)", .example = "null" },
    { "hostKey", SHAPE_STRING, OR_NULL, .example = "null" },
    { "routeCount", SHAPE_INTEGER, REQUIRED, .example = "2" }, POLICY_MEMBERS(MEMBER_REQUIRED),
    TRANSPORT_MEMBERS(MEMBER_REQUIRED), STANDING_MEMBERS);

const struct schema schema_new_export_profile = SCHEMA(
    "NewExportProfile", "",
    { "name", SHAPE_STRING, REQUIRED, .least = 1, .most = 200, NAME_EXAMPLE },
    { "type", SHAPE_STRING, REQUIRED, .choices = type_choices,
      .help = "postback: a request for each; ftp: a file a day and route, sent to a server; csv: "
              "the same, to be fetched from here. Cannot be changed",
      .example = "\"postback\"" },
    SETTINGS_MEMBERS, POLICY_MEMBERS(0), TRANSPORT_MEMBERS(0));

const struct schema schema_export_profile_change =
    SCHEMA("ExportProfileChange", "What is given is changed; mappings as a whole.",
           { "name", SHAPE_STRING, .least = 1, .most = 200, NAME_EXAMPLE },
           { "type", SHAPE_STRING, .choices = type_choices, .help = "cannot be changed",
             .example = "\"postback\"" },
           SETTINGS_MEMBERS, WANTED_STATUS_MEMBER, POLICY_MEMBERS(0), TRANSPORT_MEMBERS(0));

/* ── routes ── */

#define ROUTE_IDS_MAX 500

#define ROUTE_MEMBERS(always)                                                                      \
    { "customerType", SHAPE_STRING, (always), CUSTOMER_TYPE_EXAMPLE },                             \
        { "campaignIds", SHAPE_STRINGS, .most = ROUTE_IDS_MAX,                                     \
          .help = "orders of these campaigns; empty: of all", .example = "[]" },                   \
    {                                                                                              \
        "productIds", SHAPE_STRINGS,                                                               \
            .most = ROUTE_IDS_MAX,                                                                 \
            .help = "orders in which it is about one of these products; empty: about any",         \
            .example = "[]"                                                                        \
    }

const struct schema schema_export_route =
    SCHEMA("ExportRoute", "Which orders an export profile sends.",
           { "id", SHAPE_STRING, REQUIRED, ROUTE_EXAMPLE },
           { "customerType", SHAPE_STRING, REQUIRED, .help = "what has happened to the order",
             CUSTOMER_TYPE_EXAMPLE },
           { "campaignIds", SHAPE_STRINGS, REQUIRED, .help = "empty: all", .example = "[]" },
           { "productIds", SHAPE_STRINGS, REQUIRED, .help = "empty: all", .example = "[]" },
           { "createdAt", SHAPE_INSTANT, REQUIRED, AT_EXAMPLE });

const struct schema schema_new_export_route =
    SCHEMA("NewExportRoute", "", ROUTE_MEMBERS(MEMBER_REQUIRED));

const struct schema schema_export_route_change =
    SCHEMA("ExportRouteChange", "What is given is changed.", ROUTE_MEMBERS(0));

/* ── fields ── */

static const struct schema export_field = SCHEMA(
    "ExportField", "A field that a row can map.",
    { "name", SHAPE_STRING, REQUIRED,
      .help = "lines' have N for their number: product1_sku to product100_sku",
      .example = "\"emailAddress\"" },
    { "token", SHAPE_STRING, REQUIRED, .help = "as it stands in an object of mappings",
      .example = "\"[emailAddress]\"" },
    { "description", SHAPE_STRING, REQUIRED, .example = "\"The customer's e-mail address\"" },
    { "group", SHAPE_STRING, REQUIRED, .example = "\"customer\"" },
    { "aliases", SHAPE_STRINGS, REQUIRED, .help = "other names of it; all in any case of letters",
      .example = "[\"email\"]" },
    { "sensitive", SHAPE_BOOLEAN, REQUIRED,
      .help = "needs a pciDocument; the hub keeps none of it, so it is always empty",
      .example = "false" });

const struct schema schema_export_fields =
    SCHEMA("ExportFields", "All fields there are.",
           { "data", SHAPE_OBJECTS, REQUIRED, .of = &export_field });

/* ── what an order would be ── */

const struct schema schema_export_ask = SCHEMA(
    "ExportAsk", "",
    { "orderId", SHAPE_STRING, REQUIRED, .least = 1, .most = 200,
      .help = "the order's id, or its client order id", ORDER_EXAMPLE },
    { "customerType", SHAPE_STRING, .help = "what has happened to it", CUSTOMER_TYPE_EXAMPLE });

const struct schema schema_export_preview = SCHEMA(
    "ExportPreview", "What would be sent. Nothing is.",
    { "orderId", SHAPE_STRING, REQUIRED, ORDER_EXAMPLE },
    { "customerType", SHAPE_STRING, REQUIRED,
      .help = "as asked for; else that of the profile's first route, else new_sale",
      CUSTOMER_TYPE_EXAMPLE },
    { "method", SHAPE_STRING, OR_NULL, .help = "null, as url and body: it goes into a file",
      .example = "\"GET\"" },
    { "url", SHAPE_STRING, OR_NULL, .format = "uri",
      .example = "\"https://crm.example/orders.php?first_name=Ann\"" },
    { "headers", SHAPE_MAP, REQUIRED,
      .help = "of the field map; those of every request come beside them. Secrets are (masked)",
      .example = "{}" },
    { "body", SHAPE_STRING, OR_NULL, .help = "null: none", .example = "null" },
    { "header", SHAPE_STRING, OR_NULL, .help = "of a file: its first line", .example = "null" },
    { "row", SHAPE_STRING, OR_NULL, .help = "of a file: the order's", .example = "null" },
    { "warnings", SHAPE_STRINGS, REQUIRED, .example = "[]" });

static const char *const reason_choices[] = { "no_routes", "paused",         "disabled",
                                              "held",      "paused_subject", "waiting",
                                              "probing",   "test_card",      NULL };

static const struct schema reason = SCHEMA(
    "ExportReason", "Why nothing of an order is sent, or not now, whatever the routes say.",
    { "code", SHAPE_STRING, REQUIRED, .choices = reason_choices,
      .help = "waiting, probing: the endpoint does not work, or has asked for a pause. What is due "
              "waits, and is sent later: wouldSend says nothing of it",
      .example = "\"paused\"" },
    { "message", SHAPE_STRING, REQUIRED, .example = "\"The export profile is paused.\"" },
    { "until", SHAPE_INSTANT, OR_NULL, .help = "waiting: when it is tried again",
      .example = "null" });

static const char *const refusal_choices[] = { "customer_type", "campaign", "product",
                                               "converted",     "too_old",  NULL };

static const struct schema explained_route = SCHEMA(
    "ExplainedRoute", "What one route makes of an order.",
    { "id", SHAPE_STRING, REQUIRED, ROUTE_EXAMPLE },
    { "customerType", SHAPE_STRING, REQUIRED, CUSTOMER_TYPE_EXAMPLE },
    { "wouldSend", SHAPE_BOOLEAN, REQUIRED, .example = "false" },
    { "refusedBy", SHAPE_STRING, OR_NULL, .choices = refusal_choices,
      .help =
          "the first condition that says no. customer_type: another one was asked for, or the "
          "order has had none of it yet; product: also, where it had it before the line had the "
          "product; converted: it has been sold since; too_old: it had it, "
          "more than a day before the route was made",
      .example = "\"campaign\"" },
    { "message", SHAPE_STRING, REQUIRED, .help = "what it means, and what to do",
      .example = "\"The order is of the campaign Spring, which the route does not name.\"" });

static const struct schema explained_delivery = SCHEMA(
    "ExplainedDelivery", "What the profile has made of an order before.",
    { "id", SHAPE_STRING, REQUIRED, .example = "\"dlv_0e3v2k4m1c8r0\"" },
    { "href", SHAPE_STRING, REQUIRED, .example = "\"/api/v1/deliveries/dlv_0e3v2k4m1c8r0\"" },
    { "customerType", SHAPE_STRING, OR_NULL, CUSTOMER_TYPE_EXAMPLE },
    { "state", SHAPE_STRING, REQUIRED, .choices = state_choices, .example = "\"delivered\"" },
    { "reason", SHAPE_STRING, OR_NULL, .example = "null" },
    { "createdAt", SHAPE_INSTANT, REQUIRED, AT_EXAMPLE });

const struct schema schema_export_explanation =
    SCHEMA("ExportExplanation", "Whether an order would go out, and why not.",
           { "orderId", SHAPE_STRING, REQUIRED, ORDER_EXAMPLE },
           { "wouldSend", SHAPE_BOOLEAN, REQUIRED, .example = "false" },
           { "reasons", SHAPE_OBJECTS, REQUIRED, .of = &reason },
           { "customerTypes", SHAPE_STRINGS, REQUIRED, .choices = customer_type_choices,
             .help = "what the order has had", .example = "[\"new_sale\"]" },
           { "routes", SHAPE_OBJECTS, REQUIRED, .of = &explained_route },
           { "deliveries", SHAPE_OBJECTS, REQUIRED, .of = &explained_delivery,
             .help = "newest first, 100 at most" });

/* ── files ── */

static const char *const file_state_choices[] = { "open", "closed", "uploaded", "abandoned", NULL };

const struct schema schema_export_file = SCHEMA(
    "ExportFile",
    "What a route of a profile of type ftp or csv has sent on one day of the account.",
    { "name", SHAPE_STRING, REQUIRED,
      .example = "\"call-center_exp_0e3v2k4m1c8r0_new_sale_rte_0e3v2k4m1c8r1_2026-11-21.csv\"" },
    { "href", SHAPE_STRING, REQUIRED,
      .example = "\"/api/v1/export-profiles/exp_0e3v2k4m1c8r0/files/call-center.csv\"" },
    { "routeId", SHAPE_STRING, REQUIRED, ROUTE_EXAMPLE },
    { "day", SHAPE_STRING, REQUIRED, .example = "\"2026-11-21\"" },
    { "state", SHAPE_STRING, REQUIRED, .choices = file_state_choices,
      .help = "open: rows may come; closed: none come, and one of type ftp is being uploaded; "
              "abandoned: its profile was deleted before it was uploaded",
      .example = "\"open\"" },
    { "rows", SHAPE_INTEGER, REQUIRED, .example = "12" },
    { "bytes", SHAPE_INTEGER, REQUIRED, .help = "with the header", .example = "1460" },
    { "closesAt", SHAPE_INSTANT, REQUIRED, .help = "5 minutes after the day's end", AT_EXAMPLE },
    { "uploadedAt", SHAPE_INSTANT, OR_NULL, .example = "null" },
    { "deliveryId", SHAPE_STRING, OR_NULL, .help = "whose attempts are the file's",
      .example = "null" },
    { "createdAt", SHAPE_INSTANT, REQUIRED, AT_EXAMPLE });
