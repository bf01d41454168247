/* SPDX-License-Identifier: MIT
 * model/export.h: what an export profile has beside what every endpoint has. Plain and immutable;
 * views borrow from the endpoint. */
#pragma once

#include "model/order.h"

enum export_type { EXPORT_POSTBACK = 0, EXPORT_FTP, EXPORT_CSV };

/* The first row of an uploaded file is due when that closes: its attempts are the file's. The others
 * are due so much later, which is never: they are delivered with it (intake/export_files.c). */
#define EXPORT_NEVER_MS ((int64_t)100 * 365 * 24 * 3600 * 1000)

static inline bool export_due_is_never(int64_t due_ms, int64_t created_ms)
{
    return due_ms - created_ms > EXPORT_NEVER_MS / 2;
}

struct export_map; /* compiled: mapping/export_map.h */

/* Which orders a profile sends: a customer type, in some campaigns, with some products. */
struct export_route {
    int64_t id;
    enum customer_type type;
    const int64_t *campaigns; /* ids, sorted; none: all */
    int campaign_count;
    const int64_t *products; /* likewise */
    int product_count;
    int64_t created_ms;
    int64_t changed_ms; /* since when it asks for just that; a day before that it sends, too */
};

struct export_profile {
    enum export_type type;
    bool compatible;  /* sends by sweeps, as Konnektive does, instead of at once */
    int64_t delay_ms; /* whole minutes, between what happened and when it is due */
    const struct export_map *map;
    bool guard_cells; /* of files: "'" before what a spreadsheet would take for a formula */
    const struct export_route *routes;
    int route_count;
    str user; /* of the file server: the endpoint's URL says which */
    str password;
    str host_key;     /* SFTP: "SHA256:…"; empty: none is pinned */
    str pci_document; /* what allows fields that need the PCI gate; empty: nothing does */
};
