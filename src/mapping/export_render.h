/* SPDX-License-Identifier: MIT
 * mapping/export_render.h: an order through a field map: the request of a postback, or the row of a
 * file. Pure. */
#pragma once

#include "mapping/crm_value.h"
#include "mapping/export_map.h"

#define EXPORT_URL_MAX 2048

/* What is wrong with a postback URL, for people; empty: nothing. It is absolute, http or https, and
 * has neither query nor fragment: the hub adds the query. What else a target may not be, the egress
 * guard knows. */
MUST_USE str export_url_check(str url);

struct export_header {
    str name, value;
};

struct export_request {
    str method;
    str url;
    const struct export_header *headers;
    int header_count;
    bool has_body; /* a body that is there may still be empty */
    str body;
};

/* More than all static values together can be. */
#define EXPORT_REQUEST_MAX ((size_t)16 * 1024 * 1024)

/* `url` has passed export_url_check(). False: URL or body would be longer than EXPORT_REQUEST_MAX,
 * which only an order with long values does that are mapped many times. */
MUST_USE bool export_render(const struct export_map *map, str url, const struct crm_source *source,
                            struct arena *arena, struct export_request *ret_request);

enum export_cells {
    EXPORT_CELLS_EXACT = 0,
    EXPORT_CELLS_GUARDED, /* "'" before what a spreadsheet would take for a formula */
};

/* RFC 4180: a record and its CRLF. Headers and methods are no columns. */
str export_csv_header(const struct export_map *map, enum export_cells cells, struct arena *arena);
MUST_USE bool export_csv_row(const struct export_map *map, const struct crm_source *source,
                             enum export_cells cells, struct arena *arena, str *ret_row);
