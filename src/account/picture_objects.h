/* SPDX-License-Identifier: MIT
 * account/picture_objects.h: from a row to the object that it stores, with one reference, in an arena
 * of its own. Any thread. A function that fails (FAIL_CORRUPT: the row is not what the hub writes)
 * sets nothing. */
#pragma once

#include "account/picture.h"

struct api_key_row;
struct campaign_row;
struct definition_row;
struct endpoint_row;
struct integration_row;
struct plugin_row;
struct product_row;

MUST_USE struct integration *picture_make_integration(const struct integration_row *row);
/* `arena`: for what the reading needs. */
MUST_USE int picture_make_definition(const struct picture_source *source,
                                     const struct definition_row *row, struct arena *arena,
                                     struct event_definition **ret_made);
MUST_USE int picture_make_endpoint(const struct picture_source *source,
                                   const struct endpoint_row *row, struct endpoint **ret_made);
MUST_USE int picture_make_api_key(const struct api_key_row *row, struct api_key **ret_made);
MUST_USE int picture_make_plugin(const struct picture_source *source, const struct plugin_row *row,
                                 struct plugin **ret_made);
MUST_USE struct campaign *picture_make_campaign(const struct campaign_row *row);
MUST_USE struct product *picture_make_product(const struct product_row *row);
