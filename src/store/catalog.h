/* SPDX-License-Identifier: MIT
 * store/catalog.h: the rows of what an organization sells: campaigns, products, SKUs. Shared SQL for
 * both engines, as in store/config.h: each function sees the rows of the organization it is given
 * and no others; finds have the outcome STORE_NOT_FOUND. Lists go newest first and give up to
 * `limit` rows with an id below `before`. Results live in the arena. */
#pragma once

#include "store/config.h"

/* ── numbers ── */

/* How many an organization has, and the number that the next one gets: none that was there before. */
struct catalog_count {
    int64_t count;
    int64_t next_number;
};

/* ── campaigns ── */

struct campaign_row {
    int64_t id;
    int64_t organization;
    int64_t number;
    str name;
    int64_t created_ms;
    int64_t updated_ms;
};

MUST_USE int store_insert_campaign(struct sql *sql, const struct campaign_row *row);
/* Its name alone. */
MUST_USE int store_update_campaign(struct sql *sql, const struct campaign_row *row);
MUST_USE int store_delete_campaign(struct sql *sql, int64_t organization, int64_t id);
MUST_USE int store_read_campaign(struct sql *sql, int64_t organization, int64_t id,
                                 struct arena *arena, struct campaign_row *ret_row);
MUST_USE int store_list_campaigns(struct sql *sql, const struct store_page *page,
                                  struct campaign_row *ret_rows, int *ret_count);
MUST_USE int store_count_campaigns(struct sql *sql, int64_t organization,
                                   struct catalog_count *ret_count);

/* By its number. STORE_NOT_FOUND */
MUST_USE int store_find_campaign_number(struct sql *sql, int64_t organization, int64_t number,
                                        int64_t *ret_id);

/* Why a campaign cannot go. */
enum campaign_use {
    CAMPAIGN_IN_USE = 0,
    CAMPAIGN_HAS_SKUS,
    CAMPAIGN_HAS_PLUGINS,
    CAMPAIGN_HAS_ORDERS,
    CAMPAIGN_FREE
};

MUST_USE int store_find_campaign_use(struct sql *sql, int64_t organization, int64_t campaign,
                                     enum campaign_use *ret_use);

/* ── products ── */

struct product_row {
    int64_t id;
    int64_t organization;
    int64_t number;
    str name;
    int64_t price; /* minor units */
    bool recurring;
    int64_t created_ms;
    int64_t updated_ms;
};

MUST_USE int store_insert_product(struct sql *sql, const struct product_row *row);
/* All but its number. */
MUST_USE int store_update_product(struct sql *sql, const struct product_row *row);
MUST_USE int store_delete_product(struct sql *sql, int64_t organization, int64_t id);
MUST_USE int store_read_product(struct sql *sql, int64_t organization, int64_t id,
                                struct arena *arena, struct product_row *ret_row);
MUST_USE int store_list_products(struct sql *sql, const struct store_page *page,
                                 struct product_row *ret_rows, int *ret_count);
MUST_USE int store_find_product_number(struct sql *sql, int64_t organization, int64_t number,
                                       int64_t *ret_id);
MUST_USE int store_count_products(struct sql *sql, int64_t organization,
                                  struct catalog_count *ret_count);

/* ── SKUs ── */

MUST_USE int store_insert_sku(struct sql *sql, const struct sku *sku);
/* To a product, or with 0 to none. */
MUST_USE int store_link_sku(struct sql *sql, const struct sku *sku);
MUST_USE int store_delete_sku(struct sql *sql, int64_t organization, int64_t id);
MUST_USE int store_read_sku(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                            struct sku *ret_sku);
/* Written exactly like `sku`, in its campaign. */
MUST_USE int store_find_sku(struct sql *sql, const struct sku *sku, int64_t *ret_id);

enum sku_type { SKU_ANY = 0, SKU_TEXT, SKU_LINKED };

/* What is 0 or empty narrows nothing. */
struct sku_filter {
    int64_t campaign;
    int64_t product;
    enum sku_type type;
    str text; /* exactly so */
    str key;  /* of `text` */
};

MUST_USE int store_list_skus(struct sql *sql, const struct store_page *page,
                             const struct sku_filter *filter, struct sku *ret_skus, int *ret_count);
