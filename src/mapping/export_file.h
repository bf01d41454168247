/* SPDX-License-Identifier: MIT
 * mapping/export_file.h: the files of export profiles of type FTP and CSV: one for each route and
 * day of the account. A row belongs to the day of its due time; a day closes 5 minutes after its
 * midnight, and rows that come later go to the day that is open. Pure. */
#pragma once

#include "base/zone.h"
#include "mapping/export_profile.h"

struct export_day {
    int64_t day;       /* days since 1970-01-01, by the account's clocks */
    int64_t closes_ms; /* nothing is added from then on */
};

struct export_day export_day_after(const struct zone *zone, struct export_day day);
struct export_day export_day_of(const struct zone *zone, int64_t due_ms, int64_t now_ms);

/* "2026-11-21" */
#define EXPORT_DAY_LEN 10
str export_day_write(int64_t day, char text[EXPORT_DAY_LEN]);

#define EXPORT_FILE_NAME_MAX 160

/* "call-center_exp_0cn…_new_sale_rte_0cn…_2026-11-21.csv": the profile's name in a form that is safe
 * anywhere, at most 40 characters of it, and what tells it from all others. */
str export_file_name(const struct endpoint *profile, const struct export_route *route, int64_t day,
                     struct arena *arena);
