/* SPDX-License-Identifier: MIT
 * api/schemas_catalog.c: bodies of campaigns, products and SKUs. */
#include "api/schemas.h"

#include "mapping/sku.h"

const char *const sku_type_choices[] = { "text", "linked", NULL };

#define TIMES                                                                                      \
    { "createdAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" },           \
    {                                                                                              \
        "updatedAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\""            \
    }

#define NUMBER_HELP "counted up in the organization: what other systems see of the id"

/* ── campaigns ── */

#define CAMPAIGN_NAME .example = "\"Spring sale\""

const struct schema schema_campaign =
    SCHEMA("Campaign", "What is sold under one heading; orders and SKUs belong to one.",
           { "id", SHAPE_STRING, REQUIRED, .example = "\"cmp_0e3v2k4m1c8r0\"" },
           { "number", SHAPE_INTEGER, REQUIRED, .help = NUMBER_HELP, .example = "1" },
           { "name", SHAPE_STRING, REQUIRED, CAMPAIGN_NAME }, TIMES);

const struct schema schema_new_campaign = SCHEMA(
    "NewCampaign", "", { "name", SHAPE_STRING, REQUIRED, .least = 1, .most = 200, CAMPAIGN_NAME });

const struct schema schema_campaign_change =
    SCHEMA("CampaignChange", "What is given is changed.",
           { "name", SHAPE_STRING, .least = 1, .most = 200, CAMPAIGN_NAME });

/* ── products ── */

#define PRODUCT_NAME .example = "\"Vitamin C, 30 tablets\""
#define PRICE .example = "\"29.40\""
#define RECURRING_HELP "it is billed again and again"

const struct schema schema_product = SCHEMA(
    "Product", "What SKUs are linked to.",
    { "id", SHAPE_STRING, REQUIRED, .example = "\"prd_0e3v2k4m1c8r0\"" },
    { "number", SHAPE_INTEGER, REQUIRED, .help = NUMBER_HELP, .example = "1" },
    { "name", SHAPE_STRING, REQUIRED, PRODUCT_NAME }, { "price", SHAPE_STRING, REQUIRED, PRICE },
    { "recurring", SHAPE_BOOLEAN, REQUIRED, .help = RECURRING_HELP, .example = "false" }, TIMES);

#define PRODUCT_MEMBERS(name_flags)                                                                \
    { "name", SHAPE_STRING, (name_flags), .least = 1, .most = 200, PRODUCT_NAME },                 \
        { "price", SHAPE_MONEY,                                                                    \
          .help = "a text or a number with at most two digits behind the point, not negative; a "  \
                  "new one that is not given is 0",                                                \
          PRICE },                                                                                 \
    {                                                                                              \
        "recurring", SHAPE_BOOLEAN, .help = RECURRING_HELP, .example = "false"                     \
    }

const struct schema schema_new_product = SCHEMA("NewProduct", "", PRODUCT_MEMBERS(REQUIRED));

const struct schema schema_product_change =
    SCHEMA("ProductChange", "What is given is changed.", PRODUCT_MEMBERS(0));

/* ── SKUs ── */

#define CAMPAIGN_ID .example = "\"cmp_0e3v2k4m1c8r0\""
#define PRODUCT_ID .example = "\"prd_0e3v2k4m1c8r0\""

const struct schema schema_sku = SCHEMA(
    "Sku", "The name that other systems have for a thing, in one campaign.",
    { "id", SHAPE_STRING, REQUIRED, .example = "\"sku_0e3v2k4m1c8r0\"" },
    { "campaignId", SHAPE_STRING, REQUIRED, CAMPAIGN_ID },
    { "sku", SHAPE_STRING, REQUIRED, .example = "\"VITC-30\"" },
    { "productId", SHAPE_STRING, OR_NULL, .help = "null: it is linked to none", PRODUCT_ID },
    { "type", SHAPE_STRING, REQUIRED, .choices = sku_type_choices,
      .help = "text: plain text, until it is linked to a product", .example = "\"linked\"" },
    { "imported", SHAPE_BOOLEAN, REQUIRED, .help = "an order brought it", .example = "false" },
    TIMES);

const struct schema schema_new_sku = SCHEMA(
    "NewSku", "", { "campaignId", SHAPE_STRING, REQUIRED, .least = 1, .most = 100, CAMPAIGN_ID },
    { "sku", SHAPE_STRING, REQUIRED, .least = 1, .most = SKU_CHARACTERS_MAX,
      .help = "once in a campaign; orders find it written exactly so, else in another case",
      .example = "\"VITC-30\"" },
    { "productId", SHAPE_STRING, MEMBER_NULLABLE, .most = 100, .help = "null: linked to none yet",
      PRODUCT_ID });

const struct schema schema_sku_change =
    SCHEMA("SkuChange", "Links the SKU to a product, or with null to none.",
           { "productId", SHAPE_STRING, MEMBER_NULLABLE, .most = 100, PRODUCT_ID });
