/* SPDX-License-Identifier: MIT
 * base/limits.h: every cap there is, in one table. Each is a setting (--NAME, JUNCTOR_NAME), has an
 * answer when it is reached, and a test. */
#pragma once

#include <stdint.h>

#define KIB ((int64_t)1024)
#define MIB (1024 * KIB)

/* X(member, setting, default, least, most, unit, what it caps and what happens at it) */
#define LIMITS(X)                                                                                  \
    X(event_body, "max-event-body", 512 * KIB, 1, 64 * MIB, "bytes",                               \
      "largest body of an event; one more is 413")                                                 \
    X(api_body, "max-api-body", 1 * MIB, 1, 64 * MIB, "bytes",                                     \
      "largest body of a management request; one more is 413")                                     \
    X(headers, "max-headers", 32 * KIB, 1 * KIB, 1 * MIB, "bytes",                                 \
      "largest header block, request line included; more is 431, a longer address 414")            \
    X(bodies_in_flight, "max-bodies", 256 * MIB, 1 * MIB, 65536 * MIB, "bytes",                    \
      "bodies being received, together; more is 503")                                              \
    X(connections, "max-connections", 10000, 16, 1000000, "connections",                           \
      "open connections from senders; at the cap new ones wait in the listen queue")               \
    X(json_depth, "max-json-depth", 64, 4, 512, "levels", "nesting of a JSON body; deeper is 400") \
    X(lane_operations, "max-queued-operations", 8192, 64, 1000000, "operations",                   \
      "operations that wait for the committer, a lane; more is 503")                               \
    X(lane_bytes, "max-queued-bytes", 64 * MIB, 1 * MIB, 16384 * MIB, "bytes",                     \
      "bytes of operations that wait for the committer, a lane; more is 503")                      \
    X(courier_bytes, "max-courier-memory", 40 * MIB, 1 * MIB, 16384 * MIB, "bytes",                \
      "deliveries held in memory; over it an outlet reads its work from the store")                \
    X(response_kept, "max-response-kept", 64 * KIB, 0, 1 * MIB, "bytes",                           \
      "how much of a target's answer is kept; the rest is counted and marked as truncated")        \
    X(response_read, "max-response-read", 16 * MIB, 1 * KIB, 1024 * MIB, "bytes",                  \
      "how much of a target's answer is read; a longer one fails the attempt")                     \
    X(page, "max-page", 200, 1, 1000, "rows", "rows of one page of a list; a larger limit is 422") \
    X(fields, "max-event-fields", 500, 1, 5000, "fields",                                          \
      "fields of one custom event; more is 422")                                                   \
    X(webhooks, "max-webhooks", 1000, 1, 100000, "webhooks",                                       \
      "webhook endpoints of one organization; more is 409")                                        \
    X(campaigns, "max-campaigns", 1000, 1, 100000, "campaigns",                                    \
      "campaigns of one organization; more is 409")                                                \
    X(products, "max-products", 10000, 1, 100000, "products",                                      \
      "products of one organization; more is 409")                                                 \
    X(plugins, "max-plugins", 100, 1, 10000, "plugins",                                            \
      "plugin instances of one organization; more is 409")                                         \
    X(export_profiles, "max-export-profiles", 1000, 1, 100000, "profiles",                         \
      "export profiles of one organization; more is 409")                                          \
    X(export_rows, "max-export-rows", 500, 1, 5000, "rows",                                        \
      "rows of one export profile's field map; more is 422")                                       \
    X(export_routes, "max-export-routes", 100, 1, 1000, "routes",                                  \
      "routes of one export profile; more is 409")                                                 \
    X(filter_groups, "max-filter-groups", 50, 1, 1000, "groups",                                   \
      "groups of conditions in one filter, nested ones included; more is 422")                     \
    X(filter_conditions, "max-filter-conditions", 50, 1, 1000, "conditions",                       \
      "conditions in one group of a filter; more is 422")                                          \
    X(filter_cost, "max-filter-cost", 1000, 1, 1000000, "points",                                  \
      "what the filters of one organization cost together (docs/conditions.md); more is 409")      \
    X(hops, "max-hops", 8, 1, 100, "hops",                                                         \
      "how often an event may pass from hub to hub; one more is 508")                              \
    X(rejections_kept, "max-rejections-kept", 100, 0, 10000, "rejections",                         \
      "rejections kept whole for each inlet, reason and minute; the rest are counted")             \
    X(rejection_body, "max-rejection-body", 4 * KIB, 0, 512 * KIB, "bytes",                        \
      "how much of a rejected body is kept, its secrets masked")

struct limits {
#define LIMIT_MEMBER(member, setting, normal, least, most, unit, help) int64_t member;
    LIMITS(LIMIT_MEMBER)
#undef LIMIT_MEMBER
};

struct limit_kind {
    const char *setting;
    int64_t normal;
    int64_t least;
    int64_t most;
    const char *unit;
    const char *help;
    uint32_t offset; /* of its member in struct limits */
};

extern const struct limit_kind limit_kinds[];
extern const int limit_count;

void limits_init(struct limits *limits);
