/* SPDX-License-Identifier: MIT
 * mapping/test_maps.h: field maps from text, for tests and fuzz targets. */
#pragma once

#include "mapping/export_map.h"

/* NULL: it is no JSON, or no map, and `reterr` says why. Everything lives in `arena`. */
static inline const struct export_map *test_map(str text, struct arena *arena,
                                                struct problem *reterr)
{
    struct export_map_input input = {
        .pointer = STR("/mappings"), .max_rows = 500, .kept = arena, .arena = arena
    };
    struct json_error error;
    if (!json_read(arena, text, 64, &input.value, &error)) {
        problem_set(reterr, PROBLEM_MALFORMED, error.text);
        return NULL;
    }
    const struct export_map *map = NULL;
    bool good = export_map_read(&input, reterr, &map);
    assert(good == (map != NULL) && good == !problem_has(reterr));
    return map;
}

/* The seed's, as the guide has it. */
#define TEST_SEED_MAP                                                                              \
    "{\n"                                                                                          \
    "\"country\": \"[country]\",\n"                                                                \
    "\"product1_qty\": \"[product1_qty]\",\n"                                                      \
    "\"orderId\": \"[orderId]\",\n"                                                                \
    "\"state\": \"[state]\",\n"                                                                    \
    "\"product1_sku\": \"[product1_sku]\",\n"                                                      \
    "\"shipAddress2\": \"[shipAddress2]\",\n"                                                      \
    "\"address2\": \"[address2]\",\n"                                                              \
    "\"firstName\": \"[firstName]\",\n"                                                            \
    "\"shipState\": \"[shipState]\",\n"                                                            \
    "\"phoneNumber\": \"[phoneNumber]\",\n"                                                        \
    "\"customerType\": \"[customerType]\",\n"                                                      \
    "\"shipCountry\": \"[shipCountry]\",\n"                                                        \
    "\"organizationId\": \"your-org-id\",\n"                                                       \
    "\"product1_name\": \"[product1_name]\",\n"                                                    \
    "\"orderStatus\": \"[orderStatus]\",\n"                                                        \
    "\"postalCode\": \"[postalCode]\",\n"                                                          \
    "\"product1_price\": \"[product1_price]\",\n"                                                  \
    "\"shipAddress1\": \"[shipAddress1]\",\n"                                                      \
    "\"city\": \"[city]\",\n"                                                                      \
    "\"lastName\": \"[lastName]\",\n"                                                              \
    "\"shipCity\": \"[shipCity]\",\n"                                                              \
    "\"address1\": \"[address1]\",\n"                                                              \
    "\"emailAddress\": \"[emailAddress]\",\n"                                                      \
    "\"shipPostalCode\": \"[shipPostalCode]\",\n"                                                  \
    "\"pluginInstanceId\": \"your-plugin-instance-id\"\n"                                          \
    "}"
