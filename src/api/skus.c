/* SPDX-License-Identifier: MIT
 * api/skus.c: the names that other systems have for what is sold, and which product each stands
 * for. There may be many: they are no part of a picture, so nothing is published. */
#include "api/call.h"
#include "api/handlers.h"
#include "mapping/sku.h"
#include "store/catalog.h"

static void write_sku(struct json_writer *out, const struct sku *sku)
{
    json_begin_object(out);
    json_member_id(out, STR("id"), ID_SKU, sku->id);
    json_member_id(out, STR("campaignId"), ID_CAMPAIGN, sku->campaign);
    json_member_string(out, STR("sku"), sku->text);
    json_member_id_or_null(out, STR("productId"), ID_PRODUCT, sku->product);
    json_member_string(out, STR("type"), sku->product == 0 ? STR("text") : STR("linked"));
    json_member_bool(out, STR("imported"), sku->imported);
    json_member_instant(out, STR("createdAt"), sku->created_ms);
    json_member_instant(out, STR("updatedAt"), sku->updated_ms);
    json_end_object(out);
}

/* ── reading ── */

bool skus_check_list(struct call *call)
{
    struct arena *arena = &call->request->arena;
    struct sku_filter *filter = ARENA_NEW(arena, struct sku_filter);
    str type;
    call->parsed = filter;
    if (call_query(call, "type", &type))
        filter->type = str_equal(type, STR("text")) ? SKU_TEXT : SKU_LINKED;
    if (call_query(call, "sku", &filter->text)) {
        filter->text = str_trim(filter->text);
        filter->key = sku_key(filter->text, arena);
    }
    bool good = call_query_id(call, "campaignId", ID_CAMPAIGN, &filter->campaign);
    return call_query_id(call, "productId", ID_PRODUCT, &filter->product) && good;
}

int skus_list(struct call *call, struct sql *sql)
{
    struct store_page page = call_page(call);
    page.limit++;
    struct sku *skus = ARENA_ARRAY(page.arena, struct sku, (size_t)page.limit);
    int count = 0;
    int r = store_list_skus(sql, &page, call->parsed, skus, &count);
    if (r < 0)
        return fail(r);
    struct json_writer *out = call_begin_list(call);
    int shown = call_shown(call, count);
    for (int i = 0; i < shown; i++)
        write_sku(out, &skus[i]);
    call_end_list(call, ID_SKU, count > shown ? skus[shown - 1].id : 0);
    return 0;
}

/* Of the path. CALL_REFUSED: there is none. */
static int find(struct call *call, struct sql *sql, struct sku *ret_sku)
{
    int64_t id;
    if (!call_id(call, 0, ID_SKU, "SKU", &id))
        return CALL_REFUSED;
    int r = store_read_sku(sql, call->caller.organization, id, &call->request->arena, ret_sku);
    return r == STORE_NOT_FOUND ? call_not_found(call, "SKU") : fail(r);
}

int skus_get(struct call *call, struct sql *sql)
{
    struct sku sku;
    int r = find(call, sql, &sku);
    if (r != 0)
        return r;
    write_sku(call_json(call), &sku);
    call_reply(call, 200);
    return 0;
}

/* ── writing ── */

bool skus_check_new(struct call *call)
{
    struct sku *sku = ARENA_NEW(&call->request->arena, struct sku);
    str text = {};
    call->parsed = sku;
    (void)body_text(call, "sku", &text);
    if (!sku_read(text, &sku->text)) {
        call_wrong(call, "sku", "format",
                   STR("Send a text without control characters, line ends and tabs included."));
        return false;
    }
    sku->key = sku_key(sku->text, &call->request->arena);
    return true;
}

/* What is another organization's is as unknown as what is no id at all. */
static int refuse_unknown(struct call *call, const char *member, const char *what)
{
    call_wrong(call, member, "unknown",
               arena_format(&call->request->arena, "There is no %s with this id.", what));
    return CALL_REFUSED;
}

static int take_campaign(struct call *call, struct sql *sql, struct sku *sku)
{
    str text = {};
    struct campaign_row campaign;
    int r = STORE_NOT_FOUND;
    (void)body_text(call, "campaignId", &text);
    if (id_read(ID_CAMPAIGN, text, &sku->campaign))
        r = store_read_campaign(sql, sku->organization, sku->campaign, &call->request->arena,
                                &campaign);
    return r == STORE_NOT_FOUND ? refuse_unknown(call, "campaignId", "campaign") : fail(r);
}

/* What is not given stays; null is none. */
static int take_product(struct call *call, struct sql *sql, struct sku *sku)
{
    json given = json_get(call->body, STR("productId"));
    struct product_row product;
    int r = STORE_NOT_FOUND;
    if (given == NULL)
        return 0;
    sku->product = 0;
    if (json_type(given) == JSON_NULL)
        return 0;
    if (id_read(ID_PRODUCT, str_trim(json_string(given)), &sku->product))
        r = store_read_product(sql, sku->organization, sku->product, &call->request->arena,
                               &product);
    return r == STORE_NOT_FOUND ? refuse_unknown(call, "productId", "product") : fail(r);
}

/* Written the same, it is the same. */
static int check_text(struct call *call, struct sql *sql, const struct sku *sku)
{
    int64_t other;
    int r = store_find_sku(sql, sku, &other);
    if (r != 0)
        return r == STORE_NOT_FOUND ? 0 : fail(r);
    str text = STR("The campaign has this SKU already. Change that one, or send another text.");
    problem_set(&call->problem, PROBLEM_CONFLICT, text);
    call_wrong(call, "sku", "duplicate", text);
    return CALL_REFUSED;
}

static int audit(struct call *call, struct batch *batch, const struct sku *sku, const char *action)
{
    return fail(
        call_audit(call, batch, action, id_text(&call->request->arena, ID_SKU, sku->id), (str){}));
}

int skus_create(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct sku *sku = call->parsed;
    sku->organization = call->caller.organization;
    int r = take_campaign(call, sql, sku);
    int of_product = r < 0 ? r : take_product(call, sql, sku);
    r = r == 0 || of_product < 0 ? of_product : r;
    if (r == 0)
        r = check_text(call, sql, sku);
    if (r != 0)
        return r;
    sku->id = batch_draw_id(batch);
    sku->created_ms = batch_now_ms(batch);
    sku->updated_ms = sku->created_ms;
    r = store_insert_sku(sql, sku);
    if (r == 0)
        r = audit(call, batch, sku, "sku.create");
    call->made.id = sku->id;
    write_sku(call_json(call), sku);
    call_reply(call, 201);
    return fail(r);
}

int skus_change(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct sku sku;
    int r = find(call, sql, &sku);
    if (r == 0)
        r = take_product(call, sql, &sku);
    if (r != 0)
        return r;
    sku.updated_ms = batch_now_ms(batch);
    r = store_link_sku(sql, &sku);
    if (r == 0)
        r = audit(call, batch, &sku, "sku.update");
    write_sku(call_json(call), &sku);
    call_reply(call, 200);
    return fail(r);
}

int skus_delete(struct call *call, struct batch *batch)
{
    struct sql *sql = batch_sql(batch);
    struct sku sku;
    int r = find(call, sql, &sku);
    if (r != 0)
        return r;
    r = store_delete_sku(sql, sku.organization, sku.id);
    if (r == 0)
        r = audit(call, batch, &sku, "sku.delete");
    call_reply_nothing(call);
    return fail(r);
}
