/* SPDX-License-Identifier: MIT
 * api/schemas_history.c: bodies of events, contacts, deliveries, rejections, the ledger, and of
 * what concerns the hub itself. */
#include "api/schemas.h"

const char *const state_choices[] = { "pending", "delivered", "dead", "dropped", NULL };

static const char *const encoding_choices[] = { "utf8", "base64", NULL };

#define AT_EXAMPLE .example = "\"2026-11-21T10:00:00.000Z\""
#define EVENT_EXAMPLE .example = "\"evt_0e3v2k4m1c8r0\""

/* ── inlets ── */

const struct schema schema_taken_event = SCHEMA("TakenEvent", "The event is committed.",
                                                { "id", SHAPE_STRING, REQUIRED, EVENT_EXAMPLE });

const struct schema schema_event_body = {
    .name = "CustomEvent",
    .help =
        "The fields of the custom event's definition. Context api: by their ids at the top, and "
        "nothing else; context webhook: anywhere, found by JSON Pointer, and anything else.",
    .members = NULL,
};

const struct schema schema_any = {
    .name = "OpenApi",
    .help = "An OpenAPI 3.1 document.",
    .members = NULL,
};

/* ── contacts ── */

const struct schema schema_contact =
    SCHEMA("Contact", "Someone that events are about.",
           { "id", SHAPE_STRING, REQUIRED, .example = "\"con_0e3v2k4m1c8r0\"" },
           { "email", SHAPE_STRING, REQUIRED, .format = "email", .example = "\"ada@example.com\"" },
           { "createdAt", SHAPE_INSTANT, REQUIRED, AT_EXAMPLE });

static const struct schema named_integration =
    SCHEMA("NamedIntegration", "As it was called when the event came.",
           { "id", SHAPE_STRING, REQUIRED, .example = "\"int_0e3v2k4m1c8r0\"" },
           { "name", SHAPE_STRING, REQUIRED, .example = "\"Shop\"" });

static const struct schema named_event =
    SCHEMA("NamedEvent", "As it was called when the event came.",
           { "alias", SHAPE_STRING, REQUIRED, .example = "\"order\"" },
           { "name", SHAPE_STRING, REQUIRED, .example = "\"Order placed\"" });

const struct schema schema_activity =
    SCHEMA("Activity", "An event about a contact.", { "id", SHAPE_STRING, REQUIRED, EVENT_EXAMPLE },
           { "type", SHAPE_STRING, REQUIRED, .example = "\"custom_event.order\"" },
           { "at", SHAPE_INSTANT, REQUIRED, AT_EXAMPLE },
           { "integration", SHAPE_OBJECT, OR_NULL, .of = &named_integration },
           { "event", SHAPE_OBJECT, OR_NULL, .of = &named_event },
           { "fields", SHAPE_MAP, OR_NULL, .help = "the values that came",
             .example = "{\"email\":\"ada@example.com\",\"total\":12.5}" },
           { "causedBy", SHAPE_STRING, OR_NULL, .help = "the event whose occurrence this is",
             .example = "null" });

/* ── deliveries ── */

#define DELIVERY_MEMBERS                                                                           \
    { "id", SHAPE_STRING, REQUIRED, .example = "\"dlv_0e3v2k4m1c8r0\"" },                          \
        { "webhookId", SHAPE_STRING, OR_NULL, .example = "\"whk_0e3v2k4m1c8r0\"" },                \
        { "exportProfileId", SHAPE_STRING, OR_NULL, .help = "one of the two is null",              \
          .example = "null" },                                                                     \
        { "eventId", SHAPE_STRING, OR_NULL, EVENT_EXAMPLE,                                         \
          .help = "null for one that was passed over and is no longer kept" },                     \
        { "eventType", SHAPE_STRING, OR_NULL, .example = "\"custom_event.order\"" },               \
        { "state", SHAPE_STRING, REQUIRED, .choices = state_choices, .example = "\"delivered\"" }, \
        { "reason", SHAPE_STRING, OR_NULL,                                                         \
          .help = "why it is dead, was dropped, or waits for more than nextAttemptAt",             \
          .example = "null" },                                                                     \
        { "attemptCount", SHAPE_INTEGER, REQUIRED, .example = "1" },                               \
        { "lastStatus", SHAPE_INTEGER, OR_NULL,                                                    \
          .help = "HTTP status of the newest answer; of a file, the server's reply code",          \
          .example = "200" },                                                                      \
        { "nextAttemptAt", SHAPE_INSTANT, OR_NULL, .help = "of pending ones", .example = "null" }, \
        { "createdAt", SHAPE_INSTANT, REQUIRED, AT_EXAMPLE },                                      \
        { "sending", SHAPE_BOOLEAN, REQUIRED, .help = "an attempt is under way now",               \
          .example = "false" },                                                                    \
    {                                                                                              \
        "finishedAt", SHAPE_INSTANT, OR_NULL, AT_EXAMPLE                                           \
    }

const struct schema schema_delivery =
    SCHEMA("Delivery", "One event on its way to one endpoint.", DELIVERY_MEMBERS);

const struct schema schema_resend = SCHEMA(
    "Resend", "How to send it again. The body may be left out.",
    { "render", SHAPE_BOOLEAN,
      .help = "true: a new delivery, under an id of its own, of the event as it is stored to the "
              "endpoint as it is now",
      .example = "false" });

const struct schema schema_resent_delivery =
    SCHEMA("ResentDelivery", "What is sent now.", DELIVERY_MEMBERS,
           { "renderedFrom", SHAPE_STRING, OR_NULL,
             .help = "the delivery that a new one was made from; null: it is the same delivery",
             .example = "null" });

static const struct schema sent = SCHEMA(
    "SentRequest",
    "What was sent; secrets in headers are masked. URL and headers are stored sealed.",
    { "method", SHAPE_STRING, OR_NULL,
      .help = "of what never went out, the endpoint's; null: of a file, or not known",
      .example = "\"POST\"" },
    { "url", SHAPE_STRING, REQUIRED, .format = "uri", .example = "\"https://shop.example/hooks\"" },
    { "headers", SHAPE_MAP, REQUIRED, .help = "name → value, as they were spelled",
      .example = "{\"Content-Type\":\"application/json\"}" },
    { "body", SHAPE_STRING, REQUIRED, .example = "\"{}\"" },
    { "bodyEncoding", SHAPE_STRING, REQUIRED, .choices = encoding_choices, .example = "\"utf8\"" });

static const struct schema received = SCHEMA(
    "ReceivedResponse", "What came back.", { "status", SHAPE_INTEGER, REQUIRED, .example = "200" },
    { "headers", SHAPE_MAP, REQUIRED, .example = "{\"Content-Type\":\"text/plain\"}" },
    { "body", SHAPE_STRING, REQUIRED, .help = "what was kept of it", .example = "\"ok\"" },
    { "bodyEncoding", SHAPE_STRING, REQUIRED, .choices = encoding_choices, .example = "\"utf8\"" },
    { "length", SHAPE_INTEGER, REQUIRED, .help = "bytes that came", .example = "2" },
    { "truncated", SHAPE_BOOLEAN, REQUIRED, .example = "false" });

static const struct schema phases = SCHEMA(
    "Phases",
    "When each part of an attempt was over: microseconds since it began. null: it did not take "
    "place, as with a connection that was kept.",
    { "nameUs", SHAPE_INTEGER, OR_NULL, .help = "the name was looked up", .example = "180" },
    { "connectUs", SHAPE_INTEGER, OR_NULL, .help = "connected", .example = "1200" },
    { "tlsUs", SHAPE_INTEGER, OR_NULL, .help = "TLS agreed on", .example = "5400" },
    { "firstByteUs", SHAPE_INTEGER, OR_NULL, .help = "the answer began", .example = "11800" },
    { "wholeUs", SHAPE_INTEGER, REQUIRED, .help = "the answer was whole, or it failed",
      .example = "12050" });

static const struct schema attempt = SCHEMA(
    "Attempt", "One try.", { "number", SHAPE_INTEGER, REQUIRED, .example = "1" },
    { "startedAt", SHAPE_INSTANT, REQUIRED, AT_EXAMPLE },
    { "durationMs", SHAPE_INTEGER, REQUIRED, .example = "12" },
    { "phases", SHAPE_OBJECT, REQUIRED, .of = &phases },
    { "address", SHAPE_STRING, OR_NULL, .help = "connected to, or tried",
      .example = "\"192.0.2.7\"" },
    { "manual", SHAPE_BOOLEAN, REQUIRED, .help = "asked for by a resend", .example = "false" },
    { "request", SHAPE_OBJECT, REQUIRED, .of = &sent },
    { "response", SHAPE_OBJECT, OR_NULL, .of = &received, .help = "null: none came" },
    { "error", SHAPE_STRING, OR_NULL, .help = "why it was no success", .example = "null" });

static const struct schema exported_row = SCHEMA(
    "ExportedRow", "Which file a delivery is a row of, and what was written for its order.",
    { "name", SHAPE_STRING, REQUIRED, .example = "\"Orders-new_sale-2026-11-21.csv\"" },
    { "href", SHAPE_STRING, REQUIRED, .help = "where the whole file is",
      .example = "\"/api/v1/export-profiles/exp_0e3v2k4m1c8r0/files/"
                 "Orders-new_sale-2026-11-21.csv\"" },
    { "header", SHAPE_STRING, REQUIRED, .help = "the file's first line",
      .example = "\"order,name\\r\\n\"" },
    { "row", SHAPE_STRING, REQUIRED, .help = "this delivery's", .example = "\"279415,Ada\\r\\n\"" },
    { "deliveryId", SHAPE_STRING, OR_NULL, .help = "whose attempts are the file's; null: none yet",
      .example = "null" });

const struct schema schema_delivery_detail = SCHEMA(
    "DeliveryDetail", "A delivery with its attempts.", DELIVERY_MEMBERS,
    { "orderId", SHAPE_STRING, OR_NULL, .help = "that its event is about", .example = "null" },
    { "customerType", SHAPE_STRING, OR_NULL, .help = "what happened to that order",
      .example = "null" },
    { "file", SHAPE_OBJECT, OR_NULL, .of = &exported_row,
      .help = "of an export that is a row of one" },
    { "attempts", SHAPE_OBJECTS, REQUIRED, .of = &attempt, .help = "in their order" },
    { "attemptsOmitted", SHAPE_INTEGER, REQUIRED,
      .help = "older ones that would make the answer too long", .example = "0" },
    { "attemptsNext", SHAPE_INTEGER, OR_NULL,
      .help = "`?before=` with this number shows the newest of them; null: there are none",
      .example = "null" });

/* ── events ── */

#define EVENT_MEMBERS                                                                              \
    { "id", SHAPE_STRING, REQUIRED, EVENT_EXAMPLE },                                               \
        { "type", SHAPE_STRING, REQUIRED, .example = "\"custom_event.order\"" },                   \
        { "at", SHAPE_INSTANT, REQUIRED, AT_EXAMPLE },                                             \
        { "contactId", SHAPE_STRING, OR_NULL, .example = "\"con_0e3v2k4m1c8r0\"" },                \
        { "orderId", SHAPE_STRING, OR_NULL, .example = "null" },                                   \
        { "inletId", SHAPE_STRING, OR_NULL, .help = "the custom event's definition",               \
          .example = "\"def_0e3v2k4m1c8r0\"" },                                                    \
        { "causedBy", SHAPE_STRING, OR_NULL, .help = "the event whose occurrence this is",         \
          .example = "null" },                                                                     \
    {                                                                                              \
        "wanted", SHAPE_BOOLEAN, REQUIRED, .help = "some endpoint was to get it",                  \
                                           .example = "true"                                       \
    }

const struct schema schema_event_summary =
    SCHEMA("EventSummary", "One thing that happened.", EVENT_MEMBERS);

static const struct schema note =
    SCHEMA("Note", "What was changed or dropped on the way in.",
           { "field", SHAPE_STRING, REQUIRED, .example = "\"total\"" },
           { "code", SHAPE_STRING, REQUIRED, .example = "\"coerced\"" },
           { "message", SHAPE_STRING, REQUIRED, .example = "\"The text 12 was read as 12.\"" });

static const struct schema turned_away =
    SCHEMA("TurnedAway", "An endpoint that did not get the event, and whose filter explains it.",
           { "webhookId", SHAPE_STRING, OR_NULL, .example = "\"whk_0e3v2k4m1c8r0\"" },
           { "exportProfileId", SHAPE_STRING, OR_NULL, .help = "one of the two is null",
             .example = "null" },
           { "pointer", SHAPE_STRING, REQUIRED, .help = "the first condition that decided",
             .example = "\"/filter/all/0\"" },
           { "reason", SHAPE_STRING, REQUIRED,
             .example = "\"/fields/total is 40, not greater than 100\"" });

const struct schema schema_event = SCHEMA(
    "Event", "One thing that happened, whole.", EVENT_MEMBERS,
    { "hops", SHAPE_INTEGER, REQUIRED, .help = "hubs that it has passed", .example = "0" },
    { "requestId", SHAPE_STRING, OR_NULL, .example = "\"req_0e3v2k4m1c8r0\"" },
    { "data", SHAPE_MAP, REQUIRED, .help = "the data of what is delivered", .example = "{}" },
    { "notes", SHAPE_OBJECTS, REQUIRED, .of = &note },
    { "raw", SHAPE_STRING, OR_NULL, .help = "the body as it came, if data does not hold all of it",
      .example = "null" },
    { "rawEncoding", SHAPE_STRING, OR_NULL, .choices = encoding_choices, .example = "null" },
    { "deliveries", SHAPE_OBJECTS, REQUIRED, .of = &schema_delivery,
      .help = "one for each endpoint" },
    { "filtered", SHAPE_OBJECTS, REQUIRED, .of = &turned_away,
      .help = "endpoints of its type that did not get it and whose filters, as they are now, turn "
              "it away" },
    { "occurrences", SHAPE_OBJECTS, REQUIRED, .of = &schema_event_summary,
      .help = "what it caused" });

/* ── rejections ── */

const struct schema schema_rejection = SCHEMA(
    "Rejection", "Something that was refused.",
    { "id", SHAPE_STRING, REQUIRED, .example = "\"rej_0e3v2k4m1c8r0\"" },
    { "at", SHAPE_INSTANT, REQUIRED, AT_EXAMPLE },
    { "inlet", SHAPE_STRING, REQUIRED, .help = "what it was sent to",
      .example = "\"custom_event.order\"" },
    { "inletId", SHAPE_STRING, OR_NULL, .help = "null: there is none of that name",
      .example = "\"def_0e3v2k4m1c8r0\"" },
    { "status", SHAPE_INTEGER, REQUIRED, .example = "422" },
    { "reason", SHAPE_STRING, REQUIRED, .help = "the problem's type", .example = "\"invalid\"" },
    { "detail", SHAPE_STRING, REQUIRED, .example = "\"email: This value is missing.\"" },
    { "client", SHAPE_STRING, REQUIRED, .example = "\"192.0.2.7\"" },
    { "requestId", SHAPE_STRING, REQUIRED, .example = "\"req_0e3v2k4m1c8r0\"" },
    { "body", SHAPE_STRING, REQUIRED, .help = "its beginning", .example = "\"{}\"" },
    { "bodyEncoding", SHAPE_STRING, REQUIRED, .choices = encoding_choices, .example = "\"utf8\"" },
    { "bodyLength", SHAPE_INTEGER, REQUIRED, .example = "2" });

const struct schema schema_rejection_count =
    SCHEMA("RejectionCount", "How many were refused, exactly.",
           { "inletId", SHAPE_STRING, OR_NULL, .example = "\"def_0e3v2k4m1c8r0\"" },
           { "reason", SHAPE_STRING, REQUIRED, .example = "\"invalid\"" },
           { "rejected", SHAPE_INTEGER, REQUIRED, .example = "12" });

/* ── ledger ── */

const struct schema schema_ledger = SCHEMA(
    "Ledger",
    "Sums that add up: events = wanted + notWanted, "
    "deliveries = delivered + pending + dead + dropped.",
    { "events", SHAPE_INTEGER, REQUIRED, .help = "that came from outside", .example = "1000" },
    { "wanted", SHAPE_INTEGER, REQUIRED, .example = "900" },
    { "notWanted", SHAPE_INTEGER, REQUIRED, .example = "100" },
    { "occurrences", SHAPE_INTEGER, REQUIRED, .help = "events that others caused",
      .example = "40" },
    { "deliveries", SHAPE_INTEGER, REQUIRED, .example = "940" },
    { "delivered", SHAPE_INTEGER, REQUIRED, .example = "930" },
    { "pending", SHAPE_INTEGER, REQUIRED, .example = "8" },
    { "dead", SHAPE_INTEGER, REQUIRED, .example = "2" },
    { "dropped", SHAPE_INTEGER, REQUIRED, .help = "ended by a decision", .example = "0" },
    { "filtered", SHAPE_INTEGER, REQUIRED,
      .help = "deliveries that were not made because an endpoint's filter turned the event away",
      .example = "12" },
    { "rejected", SHAPE_INTEGER, REQUIRED, .help = "refused on the way in", .example = "5" });

/* ── the hub ── */

const struct schema schema_status =
    SCHEMA("Status", "", { "status", SHAPE_STRING, REQUIRED, .example = "\"ok\"" });

const struct schema schema_clock =
    SCHEMA("Clock", "Junctor's time.", { "now", SHAPE_INSTANT, REQUIRED, AT_EXAMPLE },
           { "nowMs", SHAPE_INTEGER, REQUIRED, .help = "milliseconds since 1970",
             .example = "1795255200000" },
           { "busy", SHAPE_INTEGER, REQUIRED, .help = "attempts, runs and commits under way",
             .example = "0" });

const struct schema schema_clock_change = SCHEMA(
    "ClockChange", "",
    { "advanceMs", SHAPE_INTEGER, REQUIRED, .least = 0, .most = 315360000000, .example = "60000" });

const struct schema schema_release =
    SCHEMA("Release", "", { "released", SHAPE_BOOLEAN, REQUIRED, .example = "true" });
