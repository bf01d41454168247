/* SPDX-License-Identifier: MIT
 * mapping/export_map.h: the field map of an export profile: what is sent of an order, under which
 * names and in which order, and how. Read from rows
 *
 *     [{"exportName": "first_name", "field": "firstName"}, {"exportName": "list", "static": "400"}]
 *
 * or from an object, in which "[firstName]" as a whole value is a field, and all else is static:
 *
 *     {"first_name": "[firstName]", "list": "400"}
 *
 * Rows named "header:NAME" are headers, and static. Two of them are not sent and say how the rest
 * is: header:httpMethod the method, and header:httpMethodType, which decides nothing alone, whether
 * the parameters go into the URL (GET) or the body (POST). Without a method any header makes it a
 * POST with a body; without that it is a GET. Pure. */
#pragma once

#include "base/problem.h"
#include "model/crm_field.h"
#include "json/json.h"

#define EXPORT_NAME_MAX 200
#define EXPORT_STATIC_MAX 4096

enum export_role {
    EXPORT_PARAMETER = 0,
    EXPORT_HEADER,
    EXPORT_METHOD,
    EXPORT_PLACE, /* header:httpMethodType */
};

struct export_row {
    str name; /* as it was given */
    enum export_role role;
    str header; /* of a header: its name */
    bool is_field;
    struct crm_ref field;
    str text; /* static: the value; a field: its name as it was given */
};

struct export_map {
    const struct export_row *rows;
    int row_count;
    str method;   /* "GET", "POST", "PUT", "PATCH", "DELETE" */
    bool in_body; /* where parameters go; else into the URL */
    bool json;    /* the Content-Type is application/json: a body is an object of it */
    bool has_content_type;
    bool all_strings; /* in JSON; else ids that are numbers are sent as numbers */
};

struct export_map_input {
    json value;
    str pointer; /* where it stands: "/mappings" */
    int max_rows;
    bool all_strings;
    struct arena *kept;  /* what is read lives here */
    struct arena *arena; /* what is said about mistakes lives here */
};

/* `reterr` comes empty. False: reterr names each row that is wrong. */
MUST_USE bool export_map_read(const struct export_map_input *input, struct problem *reterr,
                              const struct export_map **ret_map);

/* "[firstName]", as a whole and without other brackets; whether there is such a field is not
 * asked. */
MUST_USE bool export_token(str text, str *ret_name);

/* A field is mapped that needs the PCI gate. */
bool export_map_needs_pci(const struct export_map *map);

/* The array of rows. */
str export_map_write(const struct export_map *map, struct arena *arena);

/* The object. False: a static value would be read as a field, so that only rows can say it. */
MUST_USE bool export_map_write_object(const struct export_map *map, struct arena *arena,
                                      str *ret_object);

/* What is allowed, and hardly meant. */
struct export_warning {
    str code; /* json_in_url, always_empty, method_type_alone */
    str text;
};

#define EXPORT_WARNINGS_MAX 3

int export_map_warnings(const struct export_map *map, struct arena *arena,
                        struct export_warning warnings[EXPORT_WARNINGS_MAX]);
