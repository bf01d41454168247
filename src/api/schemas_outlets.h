/* SPDX-License-Identifier: MIT
 * api/schemas_outlets.h: the members that the bodies of webhooks and export profiles have in common.
 * `always`: 0 in requests, MEMBER_REQUIRED in answers. For the schema files of this folder. */
#pragma once

#include "api/schemas.h"

#define DAY_S ((int64_t)24 * 3600)

extern const char *const wanted_status_choices[];
extern const char *const order_choices[];
extern const char *const on_dead_choices[];
extern const char *const request_method_choices[];
extern const char *const http_version_choices[];

extern const struct schema schema_header_line;
extern const struct schema schema_credential;
extern const struct schema schema_client_certificate;
extern const struct schema schema_delivery_counts;
extern const struct schema schema_sending;

/* When, and in which order. */
#define POLICY_MEMBERS(always)                                                                     \
    { "order",                                                                                     \
      SHAPE_STRING,                                                                                \
      (always),                                                                                    \
      .choices = order_choices,                                                                    \
      .help = "none: each goes when it is due. subject: those about one contact, or one order, "   \
              "never overtake each other. strict: one at a time, in the order of the events. "     \
              "Of an export profile that makes files: none",                                       \
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
    {                                                                                              \
        "retry", SHAPE_OBJECT, (always) | MEMBER_DEEP, .of = &schema_retry                         \
    }

/* How a request travels. */
#define TRANSPORT_MEMBERS(always)                                                                  \
    { "httpVersion",                                                                               \
      SHAPE_STRING,                                                                                \
      (always),                                                                                    \
      .choices = http_version_choices,                                                             \
      .help = "auto: HTTP/2 where an https target offers it",                                      \
      .example = "\"auto\"" },                                                                     \
        { "auth", SHAPE_OBJECT, (always) | MEMBER_DEEP | MEMBER_NULLABLE | MEMBER_SEALED,          \
          .of = &schema_credential },                                                              \
        { "clientCertificate", SHAPE_OBJECT,                                                       \
          (always) | MEMBER_DEEP | MEMBER_NULLABLE | MEMBER_SEALED,                                \
          .of = &schema_client_certificate },                                                      \
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

/* Of answers alone: how it stands. */
#define STANDING_MEMBERS                                                                           \
    { "status", SHAPE_STRING, REQUIRED, .choices = status_choices, .example = "\"active\"" },      \
        { "statusReason", SHAPE_STRING, OR_NULL, .example = "null" },                              \
        { "sending", SHAPE_OBJECT, REQUIRED, .of = &schema_sending },                              \
        { "pausedSubjects", SHAPE_INTEGER, REQUIRED,                                               \
          .help = "order by subject: how many wait behind a dead delivery", .example = "0" },      \
        { "counts", SHAPE_OBJECT, REQUIRED, .of = &schema_delivery_counts },                       \
        { "warnings", SHAPE_STRINGS, REQUIRED, .help = "what should be better", .example = "[]" }, \
        { "retrySchedule", SHAPE_OBJECTS, REQUIRED, .of = &schema_retry_step,                      \
          .help = "what `retry` comes to: the first 20 retries" },                                 \
        { "createdAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" },       \
    {                                                                                              \
        "updatedAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\""            \
    }

/* Of changes. */
#define WANTED_STATUS_MEMBER                                                                       \
    {                                                                                              \
        "status", SHAPE_STRING,                                                                    \
            .choices = wanted_status_choices,                                                      \
            .help =                                                                                \
                "paused or disabled: events go on making deliveries, which wait. active: they go " \
                "again. 409 while the hub is held",                                                \
            .example = "\"active\""                                                                \
    }
