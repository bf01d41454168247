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
    str url;   /* with the query */
    str query; /* without the question mark; empty: none */
    const struct export_header *headers;
    int header_count;
    bool has_body; /* a body that is there may still be empty */
    str body;
};

/* What is fixed of a postback when it is first due, and is sent again as it is: the method, where
 * the parameters go, the Content-Type that says how they are written, and they themselves. Address
 * and other headers are the profile's at the time of the attempt. One string:
 *
 *   METHOD SP ("url" | "body") SP CONTENT-TYPE LF PARAMETERS      no type: none is sent
 */
struct export_content {
    str method;
    bool in_body;
    str type;
    str parameters;
};

/* Of a URL: libcurl makes no longer request lines, and few servers take them. */
#define EXPORT_QUERY_MAX ((size_t)256 * 1024)

/* False: it would be longer than EXPORT_REQUEST_MAX, or in a URL than EXPORT_QUERY_MAX, which only an
 * order with long values does that are mapped many times. */
MUST_USE bool export_content_render(const struct export_map *map, const struct crm_source *source,
                                    struct arena *arena, str *ret_content);
/* False: it is not what export_content_render() made. */
MUST_USE bool export_content_read(str text, struct export_content *ret_content);

/* The rest of a request. `url` has passed export_url_check(). */
void export_request_make(const struct export_content *content, const struct export_map *map,
                         str url, struct arena *arena, struct export_request *ret_request);

/* More than all static values together can be. */
#define EXPORT_REQUEST_MAX ((size_t)16 * 1024 * 1024)

/* Both at once. */
MUST_USE bool export_render(const struct export_map *map, str url, const struct crm_source *source,
                            struct arena *arena, struct export_request *ret_request);

enum export_cells {
    EXPORT_CELLS_EXACT = 0,
    EXPORT_CELLS_GUARDED, /* "'" before what a spreadsheet would take for a formula */
};

static inline enum export_cells export_cells_of(bool guarded)
{
    return guarded ? EXPORT_CELLS_GUARDED : EXPORT_CELLS_EXACT;
}

/* RFC 4180: a record and its CRLF. Headers and methods are no columns. */
str export_csv_header(const struct export_map *map, enum export_cells cells, struct arena *arena);
MUST_USE bool export_csv_row(const struct export_map *map, const struct crm_source *source,
                             enum export_cells cells, struct arena *arena, str *ret_row);
