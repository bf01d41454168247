/* SPDX-License-Identifier: MIT
 * api/schemas_recovery.c: bodies of recoveries. */
#include "api/schemas.h"
#include "store/recoveries.h"

#define AT_EXAMPLE .example = "\"2026-11-21T10:00:00.000Z\""

static const char *const recoverable_choices[] = { "dead", "dropped", "delivered", "pending",
                                                   NULL };

static const char *const recovery_choices[] = { "running", "done", "cancelled", "failed", NULL };

const struct schema schema_recover = SCHEMA(
    "Recover", "What to send again: `since`, or `deliveryIds`.",
    { "since", SHAPE_INSTANT,
      .help = "deliveries that ended then or later, such as by dying, whenever they were made",
      AT_EXAMPLE },
    { "until", SHAPE_INSTANT, MEMBER_NULLABLE,
      .help = "deliveries that ended before; without it, all that there are now",
      .example = "null" },
    { "states", SHAPE_STRINGS, .least = 1, .most = 4, .choices = recoverable_choices,
      .help = "in these states; without it, dead alone. pending: those that wait for their next "
              "attempt, by the time they were made",
      .example = "[\"dead\"]" },
    { "deliveryIds", SHAPE_STRINGS, .least = 1, .most = RECOVERY_IDS_MAX,
      .help = "exactly these, in whatever state they ended" },
    { "dryRun", SHAPE_BOOLEAN, .help = "true: count them, and do nothing", .example = "false" });

static const struct schema wanted =
    SCHEMA("RecoveryWanted", "What was asked for.", { "since", SHAPE_INSTANT, OR_NULL, AT_EXAMPLE },
           { "until", SHAPE_INSTANT, OR_NULL, .example = "null" },
           { "states", SHAPE_STRINGS, REQUIRED, .choices = recoverable_choices,
             .help = "empty with deliveryIds", .example = "[\"dead\"]" },
           { "deliveryIds", SHAPE_STRINGS, REQUIRED, .help = "empty with since", .example = "[]" });

static const struct schema skipped = SCHEMA(
    "RecoverySkipped", "Passed over, by reason.",
    { "noLongerKept", SHAPE_INTEGER, REQUIRED, .help = "retention has taken what they sent",
      .example = "0" },
    { "alreadyPending", SHAPE_INTEGER, REQUIRED, .help = "they are on their way", .example = "0" },
    { "unknown", SHAPE_INTEGER, REQUIRED, .help = "no deliveries of this endpoint",
      .example = "0" });

#define TOTAL_MEMBERS                                                                              \
    { "total", SHAPE_INTEGER, OR_NULL, .help = "null: too many to be looked at at once",           \
      .example = "1200" },                                                                         \
    {                                                                                              \
        "totalAtLeast", SHAPE_INTEGER, REQUIRED, .example = "1200"                                 \
    }

const struct schema schema_recovery = SCHEMA(
    "Recovery", "Deliveries of an endpoint sent again in bulk. examined = recovered + skipped.",
    { "id", SHAPE_STRING, REQUIRED, .example = "\"rcv_0e3v2k4m1c8r0\"" },
    { "webhookId", SHAPE_STRING, OR_NULL, .example = "\"whk_0e3v2k4m1c8r0\"" },
    { "exportProfileId", SHAPE_STRING, OR_NULL, .help = "one of the two is null",
      .example = "null" },
    { "state", SHAPE_STRING, REQUIRED, .choices = recovery_choices, .example = "\"running\"" },
    { "reason", SHAPE_STRING, OR_NULL, .help = "why it failed", .example = "null" },
    { "wanted", SHAPE_OBJECT, REQUIRED, .of = &wanted }, TOTAL_MEMBERS,
    { "examined", SHAPE_INTEGER, REQUIRED, .help = "how many of them it has come to",
      .example = "512" },
    { "recovered", SHAPE_INTEGER, REQUIRED, .help = "handed over: they are pending, and due",
      .example = "510" },
    { "skipped", SHAPE_OBJECT, REQUIRED, .of = &skipped },
    { "startedAt", SHAPE_INSTANT, REQUIRED, AT_EXAMPLE },
    { "finishedAt", SHAPE_INSTANT, OR_NULL, .example = "null" },
    { "by", SHAPE_STRING, REQUIRED, .help = "the key or the user",
      .example = "\"key_0e3v2k4m1c8r0\"" });

const struct schema schema_recovery_preview =
    SCHEMA("RecoveryPreview", "How many deliveries would be sent again.", TOTAL_MEMBERS);
