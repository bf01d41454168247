/* SPDX-License-Identifier: MIT */
#include "store/catalog.h"

#include "store/rows.h"

/* ── numbers ── */

static int read_count(struct sql_query *query, struct catalog_count *ret_count)
{
    int r = sql_next(query);
    if (r < 0)
        return fail(r);
    ret_count->count = r > 0 ? sql_int(query, 0) : 0;
    ret_count->next_number = (r > 0 ? sql_int(query, 1) : 0) + 1;
    return 0;
}

/* ── campaigns ── */

int store_insert_campaign(struct sql *sql, const struct campaign_row *row)
{
    int r = sql_changed(
        SQL_RUN(sql,
                "INSERT INTO campaigns (id, organization, number, name, created_ms, updated_ms)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                SQL_I(row->id), SQL_I(row->organization), SQL_I(row->number), SQL_T(row->name),
                SQL_I(row->created_ms), SQL_I(row->updated_ms)));
    if (r < 0)
        return fail(r);
    return sql_changed(SQL_RUN(sql,
                               "UPDATE organizations SET campaign_numbers = $1"
                               " WHERE id = $2 AND campaign_numbers < $1",
                               SQL_I(row->number), SQL_I(row->organization)));
}

int store_update_campaign(struct sql *sql, const struct campaign_row *row)
{
    return sql_changed(SQL_RUN(sql,
                               "UPDATE campaigns SET name = $1, updated_ms = $2"
                               " WHERE organization = $3 AND id = $4",
                               SQL_T(row->name), SQL_I(row->updated_ms), SQL_I(row->organization),
                               SQL_I(row->id)));
}

int store_delete_campaign(struct sql *sql, int64_t organization, int64_t id)
{
    return sql_changed(SQL_RUN(sql, "DELETE FROM campaigns WHERE organization = $1 AND id = $2",
                               SQL_I(organization), SQL_I(id)));
}

#define CAMPAIGN_COLUMNS                                                                           \
    "SELECT id, organization, number, name, created_ms, updated_ms FROM campaigns"

static struct campaign_row take_campaign(const struct sql_query *query, struct arena *arena)
{
    return (struct campaign_row){
        .id = sql_int(query, 0),
        .organization = sql_int(query, 1),
        .number = sql_int(query, 2),
        .name = sql_text(query, 3, arena),
        .created_ms = sql_int(query, 4),
        .updated_ms = sql_int(query, 5),
    };
}

int store_read_campaign(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                        struct campaign_row *ret_row)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, CAMPAIGN_COLUMNS " WHERE organization = $1 AND id = $2", SQL_I(organization),
                  SQL_I(id));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_row = take_campaign(&query, arena);
    return r;
}

int store_list_campaigns(struct sql *sql, const struct store_page *page,
                         struct campaign_row *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, CAMPAIGN_COLUMNS " WHERE organization = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        SQL_I(page->organization), SQL_I(page->before), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_campaign(&query, page->arena);
    *ret_count = count;
    return fail(r);
}

int store_count_campaigns(struct sql *sql, int64_t organization, struct catalog_count *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT (SELECT COUNT(*) FROM campaigns WHERE organization = $1), campaign_numbers"
        " FROM organizations WHERE id = $1",
        SQL_I(organization));
    return read_count(&query, ret_count);
}

static int take_id(struct sql_query *query, int64_t *ret_id)
{
    int r = sql_found(sql_next(query));
    if (r == 0)
        *ret_id = sql_int(query, 0);
    return r;
}

int store_find_campaign_number(struct sql *sql, int64_t organization, int64_t number,
                               int64_t *ret_id)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT id FROM campaigns WHERE organization = $1 AND number = $2",
                  SQL_I(organization), SQL_I(number));
    return take_id(&query, ret_id);
}

int store_find_campaign_use(struct sql *sql, int64_t organization, int64_t campaign,
                            enum campaign_use *ret_use)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT CASE"
        " WHEN EXISTS (SELECT 1 FROM skus WHERE organization = $1 AND campaign = $2) THEN 1"
        " WHEN EXISTS (SELECT 1 FROM plugins WHERE organization = $1 AND campaign = $2) THEN 2"
        " WHEN EXISTS (SELECT 1 FROM orders WHERE organization = $1 AND campaign = $2) THEN 3"
        " ELSE 4 END",
        SQL_I(organization), SQL_I(campaign));

    static const enum campaign_use uses[] = { CAMPAIGN_IN_USE, CAMPAIGN_HAS_SKUS,
                                              CAMPAIGN_HAS_PLUGINS, CAMPAIGN_HAS_ORDERS,
                                              CAMPAIGN_FREE };

    int64_t use = 0;
    int r = sql_one_int(&query, &use);
    if (r < 0)
        return fail(r);
    *ret_use = uses[use];
    return 0;
}

/* ── products ── */

int store_insert_product(struct sql *sql, const struct product_row *row)
{
    int r = sql_changed(SQL_RUN(
        sql,
        "INSERT INTO products (id, organization, number, name, price, recurring,"
        " created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        SQL_I(row->id), SQL_I(row->organization), SQL_I(row->number), SQL_T(row->name),
        SQL_I(row->price), SQL_I(row->recurring), SQL_I(row->created_ms), SQL_I(row->updated_ms)));
    if (r < 0)
        return fail(r);
    return sql_changed(SQL_RUN(sql,
                               "UPDATE organizations SET product_numbers = $1"
                               " WHERE id = $2 AND product_numbers < $1",
                               SQL_I(row->number), SQL_I(row->organization)));
}

int store_update_product(struct sql *sql, const struct product_row *row)
{
    return sql_changed(
        SQL_RUN(sql,
                "UPDATE products SET name = $1, price = $2, recurring = $3, updated_ms = $4"
                " WHERE organization = $5 AND id = $6",
                SQL_T(row->name), SQL_I(row->price), SQL_I(row->recurring), SQL_I(row->updated_ms),
                SQL_I(row->organization), SQL_I(row->id)));
}

int store_delete_product(struct sql *sql, int64_t organization, int64_t id)
{
    return sql_changed(SQL_RUN(sql, "DELETE FROM products WHERE organization = $1 AND id = $2",
                               SQL_I(organization), SQL_I(id)));
}

#define PRODUCT_COLUMNS                                                                            \
    "SELECT id, organization, number, name, price, recurring, created_ms, updated_ms FROM "        \
    "products"

static struct product_row take_product(const struct sql_query *query, struct arena *arena)
{
    return (struct product_row){
        .id = sql_int(query, 0),
        .organization = sql_int(query, 1),
        .number = sql_int(query, 2),
        .name = sql_text(query, 3, arena),
        .price = sql_int(query, 4),
        .recurring = sql_int(query, 5) != 0,
        .created_ms = sql_int(query, 6),
        .updated_ms = sql_int(query, 7),
    };
}

int store_read_product(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                       struct product_row *ret_row)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, PRODUCT_COLUMNS " WHERE organization = $1 AND id = $2", SQL_I(organization),
                  SQL_I(id));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_row = take_product(&query, arena);
    return r;
}

int store_list_products(struct sql *sql, const struct store_page *page,
                        struct product_row *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, PRODUCT_COLUMNS " WHERE organization = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        SQL_I(page->organization), SQL_I(page->before), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = take_product(&query, page->arena);
    *ret_count = count;
    return fail(r);
}

int store_find_product_number(struct sql *sql, int64_t organization, int64_t number,
                              int64_t *ret_id)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT id FROM products WHERE organization = $1 AND number = $2",
                  SQL_I(organization), SQL_I(number));
    return take_id(&query, ret_id);
}

int store_count_products(struct sql *sql, int64_t organization, struct catalog_count *ret_count)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT (SELECT COUNT(*) FROM products WHERE organization = $1), product_numbers"
                  " FROM organizations WHERE id = $1",
                  SQL_I(organization));
    return read_count(&query, ret_count);
}

/* ── SKUs ── */

int store_insert_sku(struct sql *sql, const struct sku *sku)
{
    return sql_changed(
        SQL_RUN(sql,
                "INSERT INTO skus (id, organization, campaign, sku, sku_key, product, imported,"
                " created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                SQL_I(sku->id), SQL_I(sku->organization), SQL_I(sku->campaign), SQL_T(sku->text),
                SQL_T(sku->key), SQL_I(sku->product), SQL_I(sku->imported), SQL_I(sku->created_ms),
                SQL_I(sku->updated_ms)));
}

int store_link_sku(struct sql *sql, const struct sku *sku)
{
    return sql_changed(SQL_RUN(sql,
                               "UPDATE skus SET product = $1, updated_ms = $2"
                               " WHERE organization = $3 AND id = $4",
                               SQL_I(sku->product), SQL_I(sku->updated_ms),
                               SQL_I(sku->organization), SQL_I(sku->id)));
}

int store_delete_sku(struct sql *sql, int64_t organization, int64_t id)
{
    return sql_changed(SQL_RUN(sql, "DELETE FROM skus WHERE organization = $1 AND id = $2",
                               SQL_I(organization), SQL_I(id)));
}

#define SKU_COLUMNS                                                                                \
    "SELECT id, organization, campaign, sku, sku_key, product, imported, created_ms, updated_ms"   \
    " FROM skus"

static struct sku take_sku(const struct sql_query *query, struct arena *arena)
{
    return (struct sku){
        .id = sql_int(query, 0),
        .organization = sql_int(query, 1),
        .campaign = sql_int(query, 2),
        .text = sql_text(query, 3, arena),
        .key = sql_text(query, 4, arena),
        .product = sql_int(query, 5),
        .imported = sql_int(query, 6) != 0,
        .created_ms = sql_int(query, 7),
        .updated_ms = sql_int(query, 8),
    };
}

int store_read_sku(struct sql *sql, int64_t organization, int64_t id, struct arena *arena,
                   struct sku *ret_sku)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, SKU_COLUMNS " WHERE organization = $1 AND id = $2", SQL_I(organization), SQL_I(id));
    int r = sql_found(sql_next(&query));
    if (r == 0)
        *ret_sku = take_sku(&query, arena);
    return r;
}

int store_find_sku(struct sql *sql, const struct sku *sku, int64_t *ret_id)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        "SELECT id FROM skus WHERE organization = $1 AND sku_key = $2 AND campaign = $3"
        " AND sku = $4",
        SQL_I(sku->organization), SQL_T(sku->key), SQL_I(sku->campaign), SQL_T(sku->text));
    return take_id(&query, ret_id);
}

#define SKU_LIST(more)                                                                             \
    SKU_COLUMNS " WHERE organization = $1 AND id < $2 AND ($3 = 0 OR campaign = $3)"               \
                " AND ($4 = 0 OR product = $4)"                                                    \
                " AND ($5 = 0 OR ($5 = 1 AND product = 0) OR ($5 = 2 AND product <> 0))"           \
                " AND ($6 = '' OR sku_key = $6) AND ($7 = '' OR sku = $7)" more                    \
                " ORDER BY id DESC LIMIT $8"

/* A statement for each index: which one serves, a database cannot tell of parameters that may be
 * empty. First what leaves the fewest rows. */
static const char *list_text(const struct sku_filter *filter)
{
    static_assert(SKU_TEXT == 1 && SKU_LINKED == 2, "as in the statement");
    if (filter->key.len > 0)
        return SKU_LIST(" AND id IN (SELECT s.id FROM skus s WHERE s.organization = $1"
                        " AND s.sku_key = $6)");
    if (filter->product != 0)
        return SKU_LIST(" AND product = $4");
    if (filter->campaign != 0)
        return SKU_LIST(" AND campaign = $3");
    if (filter->type == SKU_TEXT)
        return SKU_LIST(" AND product = 0");
    return SKU_LIST("");
}

int store_list_skus(struct sql *sql, const struct store_page *page, const struct sku_filter *filter,
                    struct sku *ret_skus, int *ret_count)
{
    const struct sql_value *values =
        SQL_VALUES(SQL_I(page->organization), SQL_I(page->before), SQL_I(filter->campaign),
                   SQL_I(filter->product), SQL_I(filter->type), SQL_T(filter->key),
                   SQL_T(filter->text), SQL_I(page->limit));
    struct sql_query CLEANUP(sql_done) query = sql_start(sql, list_text(filter), values, 8);
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_skus[count++] = take_sku(&query, page->arena);
    *ret_count = count;
    return fail(r);
}
