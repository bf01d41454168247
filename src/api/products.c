/* SPDX-License-Identifier: MIT
 * api/products.c: what SKUs are linked to. */
#include "api/exports.h"
#include "api/handlers.h"
#include "store/catalog.h"

static void write_product(struct json_writer *out, const struct product_row *row)
{
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_PRODUCT, row->id);
    json_member_int(out, STR("number"), row->number);
    json_member_string(out, STR("name"), row->name);
    json_member_money(out, STR("price"), row->price);
    json_member_bool(out, STR("recurring"), row->recurring);
    json_member_instant(out, STR("createdAt"), row->created_ms);
    json_member_instant(out, STR("updatedAt"), row->updated_ms);
    json_end_object(out);
}

/* ── reading ── */

int products_list(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct product_row *rows = ARENA_ARRAY(page.arena, struct product_row, (size_t)page.limit);
    int count = 0;
    int r = store_list_products(sql, &page, rows, &count);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; i < shown; i++)
        write_product(out, &rows[i]);
    call_end_list(call, ID_PRODUCT, count > shown ? rows[shown - 1].id : 0);
    return 0;
}

/* Of the path. CALL_REFUSED: there is none. */
static int find(struct call *call, struct sql *sql, struct product_row *ret_row)
{
    int64_t id;
    if (!call_id(call, 0, ID_PRODUCT, "product", &id))
        return CALL_REFUSED;
    int r = store_read_product(sql, call->caller.organization, id, &call->request->arena, ret_row);
    return r == STORE_NOT_FOUND ? call_not_found(call, "product") : fail(r);
}

int products_get(struct call *call, struct sql *sql)
{
    struct product_row row;
    int r = find(call, sql, &row);
    if (r != 0)
        return r;
    write_product(call_json(call), &row);
    call_reply(call, 200);
    return 0;
}

/* ── writing ── */

/* How many there may be; and the new one's number. */
static int take_number(struct call *call, struct sql *sql, struct product_row *row)
{
    struct catalog_count count;
    int r = store_count_products(sql, row->organization, &count);
    if (r < 0)
        return fail(r);
    row->number = count.next_number;
    if (count.count < call->api->context.limits->products)
        return 0;
    return call_refuse(call, PROBLEM_CONFLICT,
                       arena_format(&call->request->arena,
                                    "The organization has %lld products, which is the most it may "
                                    "have (--max-products). Delete one first.",
                                    (long long)count.count));
}

/* What the body gives. */
static void change(const struct call *call, struct product_row *row)
{
    (void)body_text(call, "name", &row->name);
    (void)body_money(call, "price", &row->price);
    (void)body_bool(call, "recurring", &row->recurring);
}

static int committed(struct call *call, struct batch *batch, const struct product_row *row,
                     const char *action)
{
    int r =
        batch_object_changed(batch, &call->operation, row->organization, OBJECT_PRODUCT, row->id);
    if (r == 0)
        r = call_audit(call, batch, action, id_text(&call->request->arena, ID_PRODUCT, row->id),
                       (str){});
    return fail(r);
}

int products_create(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct product_row row = { .organization = call->caller.organization,
                               .created_ms = batch_now_ms(batch),
                               .updated_ms = batch_now_ms(batch) };
    int r = take_number(call, sql, &row);
    if (r != 0)
        return r;
    row.id = batch_draw_id(batch);
    change(call, &row);
    r = store_insert_product(sql, &row);
    if (r == 0)
        r = committed(call, batch, &row, "product.create");
    call->made.id = row.id;
    write_product(call_json(call), &row);
    call_reply(call, 201);
    return fail(r);
}

int products_change(struct call *call, struct batch *batch)
{
    struct product_row row;
    int r = find(call, batch_sql(batch), &row);
    if (r != 0)
        return r;
    change(call, &row);
    row.updated_ms = batch_now_ms(batch);
    r = store_update_product(batch_sql(batch), &row);
    if (r == 0)
        r = committed(call, batch, &row, "product.update");
    write_product(call_json(call), &row);
    call_reply(call, 200);
    return fail(r);
}

/* One that SKUs are linked to stays. */
static int check_free(struct call *call, struct sql *sql, const struct product_row *row)
{
    const struct store_page page = { .organization = row->organization,
                                     .before = STORE_NEWEST,
                                     .limit = 1,
                                     .arena = &call->request->arena };
    const struct sku_filter linked = { .product = row->id };
    struct sku sku;
    int count = 0;
    int r = store_list_skus(sql, &page, &linked, &sku, &count);
    if (r < 0)
        return fail(r);
    if (count == 0)
        return 0;
    return call_refuse(call, PROBLEM_CONFLICT,
                       arena_format(&call->request->arena,
                                    "SKUs are linked to the product, such as \"%.*s\". Unlink them "
                                    "first.",
                                    STR_ARG(sku.text)));
}

int products_delete(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct product_row row;
    int r = find(call, sql, &row);
    if (r == 0)
        r = check_free(call, sql, &row);
    if (r == 0)
        r = exports_check_free(call, batch, OBJECT_PRODUCT, row.id);
    if (r != 0)
        return r;
    r = store_delete_product(sql, row.organization, row.id);
    if (r == 0)
        r = committed(call, batch, &row, "product.delete");
    call_reply_nothing(call);
    return fail(r);
}
