/* SPDX-License-Identifier: MIT
 * api/schemas_config.c: bodies of integrations and custom event definitions. */
#include "api/schemas.h"

#include "model/names.h"

const char *const context_choices[] = { "api", "webhook", "web", NULL };

const char *const field_type_choices[] = {
#define FIELD_TYPE_NAME(member, name) name,
    FIELD_TYPES(FIELD_TYPE_NAME)
#undef FIELD_TYPE_NAME
        NULL
};

/* ── integrations ── */

#define NAME_EXAMPLE .example = "\"Shop\""

const struct schema schema_integration =
    SCHEMA("Integration", "A system that this organization joins; custom events belong to one.",
           { "id", SHAPE_STRING, REQUIRED, .example = "\"int_0e3v2k4m1c8r0\"" },
           { "name", SHAPE_STRING, REQUIRED, NAME_EXAMPLE },
           { "color", SHAPE_STRING, OR_NULL, .example = "\"#2f80ed\"" },
           { "description", SHAPE_STRING, OR_NULL, .example = "\"Orders of the web shop\"" },
           { "category", SHAPE_STRING, OR_NULL, .example = "\"E-commerce\"" },
           { "createdAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" },
           { "updatedAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" });

#define INTEGRATION_MEMBERS(name_flags)                                                            \
    { "name", SHAPE_STRING, (name_flags), .least = 1, .most = 200, NAME_EXAMPLE },                 \
        { "color",   SHAPE_STRING,         MEMBER_NULLABLE,                                        \
          .most = 7, .help = "as #rrggbb", .example = "\"#2f80ed\"" },                             \
        { "description", SHAPE_STRING, MEMBER_NULLABLE, .most = 5000,                              \
          .example = "\"Orders of the web shop\"" },                                               \
    {                                                                                              \
        "category", SHAPE_STRING, MEMBER_NULLABLE,                                                 \
            .most = 100, .help = "lists can be narrowed to one", .example = "\"E-commerce\""       \
    }

const struct schema schema_new_integration =
    SCHEMA("NewIntegration", "", INTEGRATION_MEMBERS(REQUIRED));

const struct schema schema_integration_change =
    SCHEMA("IntegrationChange", "What is given is changed.", INTEGRATION_MEMBERS(0));

/* ── custom events ── */

static const struct schema field_option =
    SCHEMA("FieldOption", "One that can be chosen.",
           { "id", SHAPE_STRING, REQUIRED, .help = "what is sent", .example = "\"m\"" },
           { "label", SHAPE_STRING, REQUIRED, .help = "for people", .example = "\"Medium\"" });

static const struct schema new_field_option = SCHEMA(
    "NewFieldOption", "One that can be chosen. A text alone is its id and its label.",
    { "id", SHAPE_STRING, REQUIRED, .help = "what is sent", .example = "\"m\"" },
    { "label", SHAPE_STRING, .help = "for people; without it, the id", .example = "\"Medium\"" });

/* What is answered has a name and labels always; who makes it may leave them to the ids. */
#define FIELD_MEMBERS(name_flags, name_help, option_schema)                                        \
    { "id", SHAPE_STRING, REQUIRED, .help = "its name in what is sent and delivered",              \
      .example = "\"email\"" },                                                                    \
        { "name", SHAPE_STRING, (name_flags), .help = (name_help), .example = "\"E-mail\"" },      \
        { "type", SHAPE_STRING, REQUIRED, .choices = field_type_choices, .example = "\"email\"" }, \
        { "required", SHAPE_BOOLEAN, .example = "true" },                                          \
        { "isPrimaryKey", SHAPE_BOOLEAN,                                                           \
          .help = "the contact is found by it: exactly one field, of type email and required",     \
          .example = "true" },                                                                     \
        { "jsonPointerPath", SHAPE_STRING,                                                         \
          .help = "context webhook: where the value stands (RFC 6901); without it, the id at the " \
                  "top" },                                                                         \
        { "options", SHAPE_OBJECTS, .of = (option_schema), .help = "of radio and checkbox" },      \
    {                                                                                              \
        "defaultCountryCode", SHAPE_STRING,                                                        \
            .help = "of phone: the country of numbers without '+' (ISO 3166-1 alpha-2); without "  \
                    "it, only numbers with '+' are taken"                                          \
    }

static const struct schema field = SCHEMA("Field", "One value of a custom event.",
                                          FIELD_MEMBERS(REQUIRED, "for people", &field_option));

static const struct schema new_field =
    SCHEMA("NewField", "One value of a custom event.",
           FIELD_MEMBERS(0, "for people; without it, the id", &new_field_option));

#define FIELDS_EXAMPLE                                                                             \
    .example = "[{\"id\":\"email\",\"name\":\"E-mail\",\"type\":\"email\",\"required\":true,"      \
               "\"isPrimaryKey\":true},{\"id\":\"total\",\"name\":\"Total\","                      \
               "\"type\":\"decimal\"}]"

static const struct schema last_event = SCHEMA(
    "LastEvent", "The newest event, if it is among the organization's last thousand.",
    { "id", SHAPE_STRING, REQUIRED, .example = "\"evt_0e3v2k4m1c8r0\"" },
    { "at", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" },
    { "fields", SHAPE_MAP, REQUIRED, .example = "{\"email\":\"ada@example.com\",\"total\":12.5}" });

const struct schema schema_definition = SCHEMA(
    "EventDefinition", "A custom event that can be sent to this organization.",
    { "id", SHAPE_STRING, REQUIRED, .example = "\"def_0e3v2k4m1c8r0\"" },
    { "integrationId", SHAPE_STRING, REQUIRED, .example = "\"int_0e3v2k4m1c8r0\"" },
    { "context", SHAPE_STRING, REQUIRED, .choices = context_choices, .example = "\"api\"" },
    { "name", SHAPE_STRING, REQUIRED, .example = "\"Order placed\"" },
    { "alias", SHAPE_STRING, REQUIRED, .example = "\"order\"" },
    { "type", SHAPE_STRING, REQUIRED, .help = "what webhooks subscribe to",
      .example = "\"custom_event.order\"" },
    { "url", SHAPE_STRING, REQUIRED, .format = "uri", .help = "where it is sent to",
      .example = "\"https://hub.example/custom-events/alias/order\"" },
    { "fields", SHAPE_OBJECTS, REQUIRED, .of = &field, FIELDS_EXAMPLE },
    { "received", SHAPE_INTEGER, REQUIRED, .help = "events that came", .example = "1024" },
    { "rejected", SHAPE_INTEGER, REQUIRED, .help = "events that were refused", .example = "3" },
    { "lastEvent", SHAPE_OBJECT, OR_NULL, .of = &last_event },
    { "createdAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" },
    { "updatedAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" });

const struct schema schema_new_definition = SCHEMA(
    "NewEventDefinition", "",
    { "context", SHAPE_STRING, REQUIRED, .choices = context_choices,
      .help = "api: with an API key, strict. webhook: without one, forgiving. web: not available "
              "yet",
      .example = "\"api\"" },
    { "name", SHAPE_STRING, REQUIRED, .least = 1, .most = 200, .example = "\"Order placed\"" },
    { "alias", SHAPE_STRING, REQUIRED, .least = 1, .most = 100,
      .help = "ends its address; letters, digits, '-', '_' and '.'; one event an alias",
      .example = "\"order\"" },
    { "fields", SHAPE_OBJECTS, REQUIRED, .of = &new_field, FIELDS_EXAMPLE });

const struct schema schema_definition_change = SCHEMA(
    "EventDefinitionChange",
    "What is given is changed. Of fields that stay, only the display name and further options.",
    { "context", SHAPE_STRING, .choices = context_choices, .help = "cannot be changed",
      .example = "\"api\"" },
    { "name", SHAPE_STRING, .least = 1, .most = 200, .example = "\"Order placed\"" },
    { "alias", SHAPE_STRING, .least = 1, .most = 100, .example = "\"order\"" },
    { "fields", SHAPE_OBJECTS, .of = &new_field, FIELDS_EXAMPLE });
