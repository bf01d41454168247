/* SPDX-License-Identifier: MIT
 * api/schemas_access.c: bodies of sessions, users, organizations, API keys, audit; and problems. */
#include "api/schemas.h"

#include "model/names.h"

const char *const scope_choices[] = { "*",
#define SCOPE_NAME(bit, member, name) name,
                                      SCOPES(SCOPE_NAME)
#undef SCOPE_NAME
                                          NULL };

const char *const role_choices[] = { "owner", "admin", "editor", "viewer", NULL };

static const struct schema field_error =
    SCHEMA("FieldError", "One value that is wrong.",
           { "pointer", SHAPE_STRING, REQUIRED,
             .help = "RFC 6901 pointer into the body; may be empty", .example = "\"/name\"" },
           { "field", SHAPE_STRING, REQUIRED, .help = "its name", .example = "\"name\"" },
           { "code", SHAPE_STRING, REQUIRED, .help = "what is wrong, as a stable word",
             .example = "\"required\"" },
           { "message", SHAPE_STRING, REQUIRED, .help = "what to do",
             .example = "\"This value is missing.\"" });

const struct schema schema_problem = SCHEMA(
    "Problem", "What went wrong (RFC 9457).",
    { "type", SHAPE_STRING, REQUIRED, .help = "a stable name", .example = "\"/problems/invalid\"" },
    { "title", SHAPE_STRING, REQUIRED, .example = "\"Some of the values are not valid\"" },
    { "status", SHAPE_INTEGER, REQUIRED, .help = "the HTTP status", .example = "422" },
    { "detail", SHAPE_STRING, REQUIRED, .help = "what is wrong and what to do",
      .example = "\"Correct the values named in errors, and send the request again.\"" },
    { "requestId", SHAPE_STRING, REQUIRED, .help = "as in the X-Request-Id header and the log",
      .example = "\"req_0e3v2k4m1c8r0\"" },
    { "errors", SHAPE_OBJECTS, .of = &field_error, .help = "each value that is wrong" });

/* ── sessions ── */

const struct schema schema_login =
    SCHEMA("Login", "Who wants to log in.",
           { "email", SHAPE_STRING, REQUIRED, .least = 1, .most = 320, .format = "email",
             .example = "\"ada@example.com\"" },
           { "password", SHAPE_STRING, REQUIRED | MEMBER_SECRET, .least = 1, .most = 1000,
             .format = "password", .example = "\"correct horse battery\"" },
           { "organizationId", SHAPE_STRING, .format = "uuid",
             .help = "which organization, for someone who is in several; without it, the oldest" });

static const struct schema organization_name =
    SCHEMA("OrganizationName", "An organization, briefly.",
           { "id", SHAPE_STRING, REQUIRED, .format = "uuid",
             .example = "\"6f1c1e0a-3c7e-4d0f-9b61-0d3f5a3a6f00\"" },
           { "name", SHAPE_STRING, REQUIRED, .example = "\"Example Ltd\"" });

const struct schema schema_user = SCHEMA(
    "User", "A person in this organization.",
    { "id", SHAPE_STRING, REQUIRED, .example = "\"usr_0e3v2k4m1c8r0\"" },
    { "email", SHAPE_STRING, REQUIRED, .format = "email", .example = "\"ada@example.com\"" },
    { "name", SHAPE_STRING, REQUIRED, .example = "\"Ada\"" },
    { "role", SHAPE_STRING, REQUIRED, .choices = role_choices, .example = "\"editor\"" },
    { "notices", SHAPE_BOOLEAN, REQUIRED,
      .help = "whether mails about endpoints in trouble go to this person", .example = "true" },
    { "createdAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" });

const struct schema schema_session =
    SCHEMA("Session", "Who is logged in.", { "user", SHAPE_OBJECT, REQUIRED, .of = &schema_user },
           { "organization", SHAPE_OBJECT, REQUIRED, .of = &organization_name },
           { "role", SHAPE_STRING, REQUIRED, .choices = role_choices, .example = "\"editor\"" },
           { "csrfToken", SHAPE_STRING, REQUIRED,
             .help = "goes into the header X-CSRF-Token of every request that changes something" },
           { "expiresAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T22:00:00.000Z\"" });

/* ── users ── */

const struct schema schema_new_user =
    SCHEMA("NewUser",
           "Someone who is already known to this hub by that e-mail address keeps name and "
           "password, and becomes a member.",
           { "email", SHAPE_STRING, REQUIRED, .least = 1, .most = 320, .format = "email",
             .example = "\"grace@example.com\"" },
           { "name", SHAPE_STRING, REQUIRED, .least = 1, .most = 200, .example = "\"Grace\"" },
           { "password", SHAPE_STRING, REQUIRED | MEMBER_SECRET, .least = 10, .most = 1000,
             .format = "password", .example = "\"correct horse battery\"" },
           { "role", SHAPE_STRING, REQUIRED, .choices = role_choices, .example = "\"viewer\"" });

const struct schema schema_user_change =
    SCHEMA("UserChange", "What is given is changed.",
           { "name", SHAPE_STRING, .least = 1, .most = 200, .example = "\"Grace\"" },
           { "role", SHAPE_STRING, .choices = role_choices, .example = "\"editor\"" },
           { "notices", SHAPE_BOOLEAN,
             .help = "whether mails about endpoints in trouble go to this person; what was before "
                     "is not told",
             .example = "false" },
           { "password", SHAPE_STRING, MEMBER_SECRET, .least = 10, .most = 1000,
             .format = "password", .help = "ends the user's other sessions" },
           { "currentPassword", SHAPE_STRING, MEMBER_SECRET, .least = 1, .most = 1000,
             .format = "password", .help = "needed to change one's own" });

/* ── organization ── */

static const struct schema organization_mail =
    SCHEMA("OrganizationMail", "Mails to the organization's people about endpoints in trouble.",
           { "configured", SHAPE_BOOLEAN, REQUIRED, .help = "whether this hub sends mails",
             .example = "true" },
           { "lastSentAt", SHAPE_INSTANT, OR_NULL, .example = "\"2026-11-21T10:00:00.000Z\"" },
           { "lastErrorAt", SHAPE_INSTANT, OR_NULL, .example = "null" },
           { "lastError", SHAPE_STRING, OR_NULL,
             .help = "why the newest mail that could not go did not; one of the mail server's is "
                     "gone when it takes a mail again",
             .example = "null" });

const struct schema schema_test_mail =
    SCHEMA("TestMail", "What came of it.",
           { "to", SHAPE_STRING, REQUIRED, .format = "email", .example = "\"ada@example.com\"" },
           { "sent", SHAPE_BOOLEAN, REQUIRED, .help = "whether the mail server has taken it",
             .example = "true" },
           { "reply", SHAPE_INTEGER, OR_NULL, .help = "its last code", .example = "250" },
           { "error", SHAPE_STRING, OR_NULL, .help = "what went wrong and what to do",
             .example = "null" });

const struct schema schema_organization =
    SCHEMA("Organization", "The organization of whoever asks.",
           { "id", SHAPE_STRING, REQUIRED, .format = "uuid",
             .example = "\"6f1c1e0a-3c7e-4d0f-9b61-0d3f5a3a6f00\"" },
           { "name", SHAPE_STRING, REQUIRED, .example = "\"Example Ltd\"" },
           { "allowedAddresses", SHAPE_STRINGS, REQUIRED,
             .help = "from where events are taken, as addresses or ranges; empty: from everywhere",
             .example = "[\"192.0.2.0/24\"]" },
           { "ratePerMinute", SHAPE_INTEGER, OR_NULL,
             .help = "events a minute that are taken; null: any", .example = "6000" },
           { "webhookSecretSet", SHAPE_BOOLEAN, REQUIRED,
             .help = "whether senders to webhook addresses must send X-Webhook-Secret",
             .example = "false" },
           { "timeZone", SHAPE_STRING, REQUIRED,
             .help = "IANA name: what senders' times without an offset are taken for, when the "
                     "account's days begin, and what dates in exports show",
             .example = "\"America/New_York\"" },
           { "testCards", SHAPE_STRINGS, REQUIRED,
             .help = "numbers of test cards, digits alone: what is paid with one is not exported",
             .example = "[\"0000000000000000\"]" },
           { "mail", SHAPE_OBJECT, REQUIRED, .of = &organization_mail },
           { "createdAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" });

const struct schema schema_organization_change = SCHEMA(
    "OrganizationChange", "What is given is changed.",
    { "name", SHAPE_STRING, .least = 1, .most = 200, .example = "\"Example Ltd\"" },
    { "allowedAddresses", SHAPE_STRINGS, .most = 100, .example = "[\"192.0.2.0/24\"]" },
    { "ratePerMinute", SHAPE_INTEGER, MEMBER_NULLABLE, .least = 0, .most = 100000000,
      .help = "null or 0: no limit", .example = "6000" },
    { "webhookSecret", SHAPE_STRING, MEMBER_NULLABLE | MEMBER_SECRET, .least = 8, .most = 200,
      .help = "what senders to webhook addresses must send as X-Webhook-Secret; null: nothing" },
    { "timeZone", SHAPE_STRING, .least = 1, .most = 64, .help = "an IANA name",
      .example = "\"Europe/Berlin\"" },
    { "testCards", SHAPE_STRINGS, MEMBER_SEALED, .most = 50,
      .help =
          "whole numbers, 12 to 19 digits each, with spaces or dashes or without; never those of "
          "cards that pay: they are stored and shown in the clear. Of orders that come from now on",
      .example = "[\"0000000000000000\", \"4242 4242 4242 4242\"]" });

/* ── API keys ── */

#define API_KEY_MEMBERS                                                                            \
    { "id", SHAPE_STRING, REQUIRED, .example = "\"key_0e3v2k4m1c8r0\"" },                          \
        { "name", SHAPE_STRING, REQUIRED, .example = "\"ERP\"" },                                  \
        { "hint", SHAPE_STRING, REQUIRED, .help = "the end of the key", .example = "\"x7Qf\"" },   \
        { "scopes", SHAPE_STRINGS, REQUIRED, .choices = scope_choices,                             \
          .example = "[\"custom_events:write\"]" },                                                \
        { "allowedAddresses", SHAPE_STRINGS, REQUIRED, .example = "[]" },                          \
        { "ratePerMinute", SHAPE_INTEGER, OR_NULL, .example = "600" },                             \
        { "createdAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" },       \
    {                                                                                              \
        "expiresAt", SHAPE_INSTANT, OR_NULL, .example = "null"                                     \
    }

const struct schema schema_api_key = SCHEMA("ApiKey", "A key of a program.", API_KEY_MEMBERS);

const struct schema schema_created_api_key = SCHEMA(
    "CreatedApiKey", "A new key. What it is, is shown this once.", API_KEY_MEMBERS,
    { "keyId", SHAPE_STRING, REQUIRED, .help = "as id; keyId:key is accepted too",
      .example = "\"key_0e3v2k4m1c8r0\"" },
    { "key", SHAPE_STRING, OR_NULL,
      .help = "what goes into the header Authorization; null in the answer to a repeat under "
              "the same Idempotency-Key",
      .example = "\"jnk_4uTq0nXJ8m2sVb7cLw9aRk3eYd6hPz1f\"" });

const struct schema schema_new_api_key =
    SCHEMA("NewApiKey", "",
           { "name", SHAPE_STRING, REQUIRED, .least = 1, .most = 200, .example = "\"ERP\"" },
           { "scopes", SHAPE_STRINGS, REQUIRED, .least = 1, .most = 32, .choices = scope_choices,
             .help = "what it may do; none that whoever makes it has not",
             .example = "[\"custom_events:write\"]" },
           { "allowedAddresses", SHAPE_STRINGS, .most = 100,
             .help = "from where it may be used, as addresses or ranges; empty: from everywhere",
             .example = "[\"192.0.2.0/24\"]" },
           { "ratePerMinute", SHAPE_INTEGER, MEMBER_NULLABLE, .least = 0, .most = 100000000,
             .help = "requests a minute; null or 0: no limit", .example = "600" },
           { "expiresAt", SHAPE_INSTANT, MEMBER_NULLABLE, .help = "when it ends; null: never" });

/* ── audit ── */

const struct schema schema_audit_entry =
    SCHEMA("AuditEntry", "A change of configuration.",
           { "id", SHAPE_STRING, REQUIRED, .example = "\"aud_0e3v2k4m1c8r0\"" },
           { "at", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" },
           { "actor", SHAPE_STRING, REQUIRED, .help = "the id of the user or key",
             .example = "\"usr_0e3v2k4m1c8r0\"" },
           { "action", SHAPE_STRING, REQUIRED, .example = "\"webhook.create\"" },
           { "object", SHAPE_STRING, REQUIRED, .help = "the id of what was changed",
             .example = "\"whk_0e3v2k4m1c8r0\"" },
           { "detail", SHAPE_MAP, REQUIRED, .help = "what was sent, without secrets",
             .example = "{\"name\":\"Shop\"}" },
           { "client", SHAPE_STRING, REQUIRED, .help = "the address", .example = "\"192.0.2.7\"" },
           { "requestId", SHAPE_STRING, REQUIRED, .example = "\"req_0e3v2k4m1c8r0\"" });
