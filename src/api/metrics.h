/* SPDX-License-Identifier: MIT
 * api/metrics.h: the figures of the hub as Prometheus reads them. Labels are words of the program:
 * route patterns, methods, status classes, lanes. No name of any organization is among them. */
#pragma once

#include "base/buf.h"

struct api;
struct metrics;
struct sql;

#define METRICS_LOOPS 256

MUST_USE struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* The loop that counts from now on. Its thread. */
void metrics_add_loop(struct metrics *metrics, int loop);

/* One request of that row of the route table (−1: of none). The loop's thread. */
void metrics_count(struct metrics *metrics, int loop, int route, int status, int64_t micros);

/* Everything as text. Any thread; `sql` is a reader's. */
void metrics_write(const struct api *api, struct sql *sql, struct buf *to);
