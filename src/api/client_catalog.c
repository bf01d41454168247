/* SPDX-License-Identifier: MIT
 * api/client_catalog.c: what is sold, as clients ask for it. */
#include "api/client.h"
#include "api/handlers.h"
#include "store/catalog.h"

#define SKUS_AT_ONCE 500

static bool is_on_page(const struct client_pages *pages, int64_t index)
{
    return index / pages->size == pages->page - 1;
}

static int write_sku(struct call *call, struct sql *sql, const struct sku *sku)
{
    struct product_row product = { .name = sku->text };
    struct json_writer *out = &call->out;
    int r = 0;
    if (sku->product != 0)
        r = store_read_product(sql, call->caller.organization, sku->product, &call->request->arena,
                               &product);
    json_begin_object(out);
    json_member_string(out, STR("campaignProductId"), sku->text);
    json_member_int_or_null(out, STR("productId"), product.number);
    json_member_string(out, STR("productName"), product.name);
    json_member_string(out, STR("productSku"), sku->text);
    json_member_money(out, STR("price"), product.price);
    json_end_object(out);
    return fail(MIN_OF(r, 0));
}

/* All of the campaign. */
static int write_skus(struct call *call, struct sql *sql, int64_t campaign)
{
    struct store_page page = { .organization = call->caller.organization,
                               .before = STORE_NEWEST,
                               .limit = SKUS_AT_ONCE,
                               .arena = &call->request->arena };
    const struct sku_filter filter = { .campaign = campaign };
    struct sku *skus = ARENA_ARRAY(page.arena, struct sku, SKUS_AT_ONCE);
    struct json_writer *out = &call->out;
    int count = SKUS_AT_ONCE;
    int r = 0;
    json_key(out, STR("products"));
    json_begin_array(out);
    while (r == 0 && count == SKUS_AT_ONCE && !buf_overflowed(&call->text)) {
        r = store_list_skus(sql, &page, &filter, skus, &count);
        for (int i = 0; r == 0 && i < count; i++) {
            r = write_sku(call, sql, &skus[i]);
            page.before = skus[i].id;
        }
    }
    json_end_array(out);
    return fail(r);
}

static int write_campaign(struct call *call, struct sql *sql, const struct campaign_row *row)
{
    struct json_writer *out = &call->out;
    json_key(out, arena_format(&call->request->arena, "%lld", (long long)row->number));
    json_begin_object(out);
    json_member_int(out, STR("campaignId"), row->number);
    json_member_string(out, STR("campaignName"), row->name);
    int r = write_skus(call, sql, row->id);
    json_key(out, STR("coupons"));
    json_begin_array(out);
    json_end_array(out);
    json_end_object(out);
    return fail(r);
}

/* Those of one page, of a list that is read by parts: at most --max-campaigns. */
int client_query_campaigns(struct call *call, struct sql *sql)
{
    struct client_pages pages = client_read_pages(call);
    struct arena *arena = &call->request->arena;
    struct store_page page = { .organization = call->caller.organization,
                               .before = STORE_NEWEST,
                               .limit = CLIENT_PAGE_MAX,
                               .arena = arena };
    struct campaign_row *rows = ARENA_ARRAY(arena, struct campaign_row, CLIENT_PAGE_MAX);
    struct campaign_row *shown = ARENA_ARRAY(arena, struct campaign_row, CLIENT_PAGE_MAX);
    int64_t wanted = client_bounded(call, "campaignId", 0, INT64_MAX);
    int64_t total = 0;
    int shown_count = 0;
    int count = CLIENT_PAGE_MAX;
    int r = problem_has(&call->problem) ? CALL_REFUSED : 0;
    while (r == 0 && count == CLIENT_PAGE_MAX) {
        r = store_list_campaigns(sql, &page, rows, &count);
        for (int i = 0; r == 0 && i < count; i++) {
            page.before = rows[i].id;
            if (wanted != 0 && rows[i].number != wanted)
                continue;
            if (is_on_page(&pages, total++))
                shown[shown_count++] = rows[i];
        }
    }
    if (r == 0 && total == 0)
        r = client_refuse(call, "No campaigns matching those parameters could be found");
    if (r != 0)
        return r;
    (void)client_begin_page(call, &pages, total);
    json_begin_object(&call->out);
    for (int i = 0; r == 0 && i < shown_count; i++)
        r = write_campaign(call, sql, &shown[i]);
    json_end_object(&call->out);
    if (r == 0)
        client_end_page(call);
    return fail(r);
}

static void write_product(struct call *call, const struct product_row *row)
{
    struct json_writer *out = &call->out;
    json_begin_object(out);
    json_member_int(out, STR("productId"), row->number);
    json_member_string(out, STR("productName"), row->name);
    json_member_money(out, STR("price"), row->price);
    json_member_string(out, STR("billingType"),
                       row->recurring ? STR("RECURRING") : STR("ONE TIME"));
    json_end_object(out);
}

int client_query_products(struct call *call, struct sql *sql)
{
    struct client_pages pages = client_read_pages(call);
    struct arena *arena = &call->request->arena;
    struct store_page page = { .organization = call->caller.organization,
                               .before = STORE_NEWEST,
                               .limit = CLIENT_PAGE_MAX,
                               .arena = arena };
    struct product_row *rows = ARENA_ARRAY(arena, struct product_row, CLIENT_PAGE_MAX);
    struct product_row *shown = ARENA_ARRAY(arena, struct product_row, CLIENT_PAGE_MAX);
    int64_t wanted = client_bounded(call, "productId", 0, INT64_MAX);
    int64_t total = 0;
    int shown_count = 0;
    int count = CLIENT_PAGE_MAX;
    int r = problem_has(&call->problem) ? CALL_REFUSED : 0;
    while (r == 0 && count == CLIENT_PAGE_MAX) {
        r = store_list_products(sql, &page, rows, &count);
        for (int i = 0; r == 0 && i < count; i++) {
            page.before = rows[i].id;
            if (wanted != 0 && rows[i].number != wanted)
                continue;
            if (is_on_page(&pages, total++))
                shown[shown_count++] = rows[i];
        }
    }
    if (r == 0 && total == 0)
        r = client_refuse(call, "No products matching those parameters could be found");
    if (r != 0)
        return r;
    (void)client_begin_page(call, &pages, total);
    json_begin_array(&call->out);
    for (int i = 0; i < shown_count; i++)
        write_product(call, &shown[i]);
    json_end_array(&call->out);
    client_end_page(call);
    return 0;
}
