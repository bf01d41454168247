/* SPDX-License-Identifier: MIT */
#include "store/orders.h"

#include "base/limits.h"
#include "model/order_json.h"
#include "model/order_names.h"
#include "store/rows.h"

#define ORDER_COLUMNS                                                                              \
    "SELECT id, number, client_order_id, sender_order_id, campaign, customer, state, test, data,"  \
    " created_ms, updated_ms FROM orders"

/* All but its data. */
static int take_columns(const struct sql_query *query, int64_t organization, struct arena *arena,
                        struct order *ret_order)
{
    struct order order = {
        .id = sql_int(query, 0),
        .organization = organization,
        .number = sql_int(query, 1),
        .client_order_id = sql_text(query, 2, arena),
        .sender_order_id = sql_text(query, 3, arena),
        .campaign = sql_int(query, 4),
        .customer = sql_int(query, 5),
        .test = sql_int(query, 7) != 0,
        .created_ms = sql_int(query, 9),
        .updated_ms = sql_int(query, 10),
    };
    if (!sale_state_read(sql_text(query, 6, arena), &order.state))
        return fail(FAIL_CORRUPT);
    *ret_order = order;
    return 0;
}

static int take_order(const struct sql_query *query, int64_t organization, struct arena *arena,
                      struct order *ret_order)
{
    int r = take_columns(query, organization, arena, ret_order);
    if (r == 0 && !order_data_read(sql_blob(query, 8, arena), arena, ret_order))
        r = FAIL_CORRUPT;
    return fail(r);
}

static int take_found(struct sql_query *query, int64_t organization, struct arena *arena,
                      struct order *ret_order)
{
    int r = sql_found(sql_next(query));
    return r != 0 ? r : take_order(query, organization, arena, ret_order);
}

static int find_by_client_id(struct sql *sql, const struct order_wanted *wanted,
                             struct arena *arena, struct order *ret_order)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, ORDER_COLUMNS " WHERE organization = $1 AND client_order_id = $2",
                  SQL_I(wanted->organization), SQL_T(wanted->client_order_id));
    return take_found(&query, wanted->organization, arena, ret_order);
}

static int find_by_sender_id(struct sql *sql, const struct order_wanted *wanted,
                             struct arena *arena, struct order *ret_order)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, ORDER_COLUMNS " WHERE organization = $1 AND sender_order_id = $2 ORDER BY id LIMIT 1",
        SQL_I(wanted->organization), SQL_T(wanted->sender_order_id));
    return take_found(&query, wanted->organization, arena, ret_order);
}

static int find_by_id(struct sql *sql, const struct order_wanted *wanted, struct arena *arena,
                      struct order *ret_order)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, ORDER_COLUMNS " WHERE id = $1 AND organization = $2", SQL_I(wanted->id),
                  SQL_I(wanted->organization));
    return take_found(&query, wanted->organization, arena, ret_order);
}

static int find_by_number(struct sql *sql, const struct order_wanted *wanted, struct arena *arena,
                          struct order *ret_order)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, ORDER_COLUMNS " WHERE organization = $1 AND number = $2",
                  SQL_I(wanted->organization), SQL_I(wanted->number));
    return take_found(&query, wanted->organization, arena, ret_order);
}

/* A line says which SKU it is; the SKU, which product. Whether it recurs has been said of a line whose
 * product was known when it came; of another one it is as its product is. */
static int link_line(struct sql *sql, int64_t organization, struct arena *arena,
                     struct order_line *line)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql,
                  "SELECT s.product, p.name, p.number, p.recurring FROM skus s LEFT JOIN products p"
                  " ON p.id = s.product"
                  " AND p.organization = s.organization"
                  " WHERE s.id = $1 AND s.organization = $2",
                  SQL_I(line->sku_id), SQL_I(organization));
    int r = sql_next(&query);
    if (r > 0) {
        line->linked = sql_int(&query, 0);
        line->linked_name = sql_text(&query, 1, arena);
        if (line->product == 0)
            line->product_number = sql_int(&query, 2);
        line->link_recurs = line->unlinked && !line->recurring && sql_int(&query, 3) != 0;
        line->recurring = line->recurring || line->link_recurs;
    }
    return fail(MIN_OF(r, 0));
}

static int link_lines(struct sql *sql, struct arena *arena, struct order *order)
{
    struct order_line *lines = ARENA_ARRAY(arena, struct order_line, (size_t)order->line_count + 1);
    int r = 0;
    for (int i = 0; i < order->line_count; i++) {
        lines[i] = order->lines[i];
        if (r == 0 && lines[i].sku_id != 0)
            r = link_line(sql, order->organization, arena, &lines[i]);
        if (lines[i].link_recurs && order->sold)
            order_line_begin(&lines[i]);
    }
    order->lines = lines;
    return fail(r);
}

int store_find_order(struct sql *sql, const struct order_wanted *wanted, struct arena *arena,
                     struct order *ret_order)
{
    int r = STORE_NOT_FOUND;
    if (wanted->client_order_id.len > 0)
        r = find_by_client_id(sql, wanted, arena, ret_order);
    if (r == STORE_NOT_FOUND && wanted->sender_order_id.len > 0)
        r = find_by_sender_id(sql, wanted, arena, ret_order);
    if (r == 0 && wanted->client_order_id.len > 0 && !ret_order->own_client_id &&
        !str_equal(ret_order->client_order_id, wanted->client_order_id))
        r = STORE_NOT_FOUND; /* another sender's number: the client order id is the one key */
    if (r == STORE_NOT_FOUND && wanted->id != 0)
        r = find_by_id(sql, wanted, arena, ret_order);
    if (r == STORE_NOT_FOUND && wanted->number != 0)
        r = find_by_number(sql, wanted, arena, ret_order);
    return r != 0 ? r : link_lines(sql, arena, ret_order);
}

int store_insert_order(struct sql *sql, const struct order *order, struct arena *arena)
{
    return sql_changed(SQL_RUN(
        sql,
        "INSERT INTO orders (id, organization, number, client_order_id, sender_order_id,"
        " campaign, customer, state, test, data, created_ms, updated_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        SQL_I(order->id), SQL_I(order->organization), SQL_I(order->number),
        SQL_T(order->client_order_id), sql_optional_text(order->sender_order_id),
        SQL_I(order->campaign), SQL_I(order->customer), SQL_T(sale_state_name(order->state)),
        SQL_I(order->test), SQL_B(order_data_write(order, arena)), SQL_I(order->created_ms),
        SQL_I(order->updated_ms)));
}

int store_update_order(struct sql *sql, const struct order *order, struct arena *arena)
{
    return sql_changed(SQL_RUN(
        sql,
        "UPDATE orders SET client_order_id = $1, sender_order_id = $2, campaign = $3,"
        " customer = $4, state = $5, test = $6, data = $7, updated_ms = $8"
        " WHERE id = $9 AND organization = $10",
        SQL_T(order->client_order_id), sql_optional_text(order->sender_order_id),
        SQL_I(order->campaign), SQL_I(order->customer), SQL_T(sale_state_name(order->state)),
        SQL_I(order->test), SQL_B(order_data_write(order, arena)), SQL_I(order->updated_ms),
        SQL_I(order->id), SQL_I(order->organization)));
}

static int take_rows(struct sql *sql, struct sql_query *query, const struct store_page *page,
                     struct order *ret_rows, int *ret_count)
{
    int count = 0;
    int r;
    while ((r = sql_next(query)) > 0) {
        r = take_order(query, page->organization, page->arena, &ret_rows[count]);
        if (r < 0)
            return fail(r);
        count++;
    }
    for (int i = 0; r == 0 && i < count; i++)
        r = link_lines(sql, page->arena, &ret_rows[i]);
    *ret_count = count;
    return fail(r);
}

int store_list_orders(struct sql *sql, const struct store_page *page,
                      const struct order_filter *filter, struct order *ret_rows, int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        ORDER_COLUMNS " WHERE organization = $1 AND id < $2 AND ($3 = '' OR state = $3)"
                      " AND ($4 = '' OR client_order_id = $4) AND ($5 = 0 OR campaign = $5)"
                      " AND ($6 = 0 OR customer = $6) ORDER BY id DESC LIMIT $7",
        SQL_I(page->organization), SQL_I(page->before), SQL_T(filter->state),
        SQL_T(filter->client_order_id), SQL_I(filter->campaign), SQL_I(filter->customer),
        SQL_I(page->limit));
    return take_rows(sql, &query, page, ret_rows, ret_count);
}

int store_list_orders_shown(struct sql *sql, const struct store_page *page, str number,
                            struct order *ret_rows, int *ret_count)
{
    int64_t own;
    if (!str_to_int64(number, &own))
        own = 0;
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        ORDER_COLUMNS " WHERE organization = $1 AND (sender_order_id = $2"
                      " OR (number = $3 AND sender_order_id IS NULL)) ORDER BY id DESC LIMIT $4",
        SQL_I(page->organization), SQL_T(number), SQL_I(own), SQL_I(page->limit));
    return take_rows(sql, &query, page, ret_rows, ret_count);
}

int store_find_newest_order(struct sql *sql, int64_t organization, int64_t customer,
                            struct arena *arena, struct order *ret_order)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql, ORDER_COLUMNS " WHERE organization = $1 AND customer = $2 ORDER BY id DESC LIMIT 1",
        SQL_I(organization), SQL_I(customer));
    return take_found(&query, organization, arena, ret_order);
}

/* ── searches ── */

/* By the index that leaves the fewest rows; the rest is looked at here. */
static struct sql_query start_search(struct sql *sql, const struct order_search *search)
{
    if (search->customer != 0)
        return SQL_QUERY(sql,
                         ORDER_COLUMNS " WHERE organization = $1 AND customer = $2"
                                       " ORDER BY id DESC LIMIT $3",
                         SQL_I(search->organization), SQL_I(search->customer),
                         SQL_I(STORE_SEARCH_MAX + 1));
    const struct sql_value *values =
        SQL_VALUES(SQL_I(search->organization), SQL_I(search->since_ms), SQL_I(search->until_ms),
                   SQL_I(STORE_SEARCH_MAX + 1));
    if (search->by_update)
        return sql_start(sql,
                         ORDER_COLUMNS " WHERE organization = $1 AND updated_ms >= $2"
                                       " AND updated_ms < $3 ORDER BY updated_ms DESC, id DESC"
                                       " LIMIT $4",
                         values, 4);
    return sql_start(sql,
                     ORDER_COLUMNS " WHERE organization = $1 AND created_ms >= $2"
                                   " AND created_ms < $3 ORDER BY created_ms DESC, id DESC"
                                   " LIMIT $4",
                     values, 4);
}

static bool is_in_campaigns(const struct order_search *search, int64_t campaign)
{
    for (int i = 0; i < search->campaign_count; i++)
        if (search->campaigns[i] == campaign)
            return true;
    return search->campaign_count == 0;
}

static bool columns_fit(const struct order_search *search, const struct order *order)
{
    int64_t at_ms = search->by_update ? order->updated_ms : order->created_ms;
    return at_ms >= search->since_ms && at_ms < search->until_ms &&
           (search->state == SALE_NONE || search->state == order->state) &&
           is_in_campaigns(search, order->campaign);
}

/* One row: counted where it fits, and kept where its page is the one. */
static int search_row(const struct sql_query *query, const struct order_search *search,
                      struct arena *scratch, struct order *ret_rows, struct search_result *result)
{
    struct order order = {};
    int r = take_columns(query, search->organization, scratch, &order);
    if (r < 0 || !columns_fit(search, &order))
        return fail(r);
    if (search->fits != NULL) {
        r = take_order(query, search->organization, scratch, &order);
        if (r < 0 || !search->fits(&order, search->context))
            return fail(r);
    }
    if (result->total++ < search->skip || result->count == search->limit)
        return 0;
    return fail(take_order(query, search->organization, search->arena, &ret_rows[result->count++]));
}

int store_search_orders(struct sql *sql, const struct order_search *search, struct order *ret_rows,
                        struct search_result *ret_result)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct search_result result = {};
    struct sql_query CLEANUP(sql_done) query = start_search(sql, search);
    int looked_at = 0;
    int r = 0;
    while (!(search->first && result.count == search->limit) && (r = sql_next(&query)) > 0) {
        result.cut = ++looked_at > STORE_SEARCH_MAX;
        if (result.cut)
            break;
        r = search_row(&query, search, &scratch, ret_rows, &result);
        if (r < 0)
            return fail(r);
        arena_reset(&scratch, (size_t)MIB);
    }
    for (int i = 0; r >= 0 && i < result.count; i++)
        r = link_lines(sql, search->arena, &ret_rows[i]);
    *ret_result = result;
    return fail(MIN_OF(r, 0));
}

/* ── customers ── */

#define CUSTOMER_COLUMNS "SELECT id, number, email_key, contact, created_ms FROM customers"

static struct customer read_customer(const struct sql_query *query, int64_t organization,
                                     struct arena *arena)
{
    return (struct customer){
        .id = sql_int(query, 0),
        .organization = organization,
        .number = sql_int(query, 1),
        .email_key = sql_text(query, 2, arena),
        .contact = sql_int(query, 3),
        .created_ms = sql_int(query, 4),
    };
}

static int take_customer(struct sql_query *query, int64_t organization, struct arena *arena,
                         struct customer *ret_customer)
{
    int r = sql_found(sql_next(query));
    if (r == 0)
        *ret_customer = read_customer(query, organization, arena);
    return r;
}

static int find_customer_by_id(struct sql *sql, int64_t organization, int64_t id,
                               struct arena *arena, struct customer *ret_customer)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, CUSTOMER_COLUMNS " WHERE id = $1 AND organization = $2", SQL_I(id),
                  SQL_I(organization));
    return take_customer(&query, organization, arena, ret_customer);
}

/* NOLINTNEXTLINE(readability-function-size): how they are looked for is two of the parameters */
int store_find_customer(struct sql *sql, int64_t organization, str email_key, int64_t id,
                        struct arena *arena, struct customer *ret_customer)
{
    if (email_key.len == 0)
        return find_customer_by_id(sql, organization, id, arena, ret_customer);
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, CUSTOMER_COLUMNS " WHERE organization = $1 AND email_key = $2",
                  SQL_I(organization), SQL_T(email_key));
    return take_customer(&query, organization, arena, ret_customer);
}

int store_find_customer_number(struct sql *sql, int64_t organization, int64_t number,
                               struct arena *arena, struct customer *ret_customer)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, CUSTOMER_COLUMNS " WHERE organization = $1 AND number = $2",
                  SQL_I(organization), SQL_I(number));
    return take_customer(&query, organization, arena, ret_customer);
}

/* By their numbers, which rise with their ids, and have an index. */
int store_list_customers(struct sql *sql, const struct store_page *page, struct customer *ret_rows,
                         int *ret_count)
{
    struct sql_query CLEANUP(sql_done) query = SQL_QUERY(
        sql,
        CUSTOMER_COLUMNS " WHERE organization = $1 AND number < COALESCE((SELECT number"
                         " FROM customers WHERE id = $2 AND organization = $1), $3)"
                         " ORDER BY number DESC LIMIT $4",
        SQL_I(page->organization), SQL_I(page->before), SQL_I(INT64_MAX), SQL_I(page->limit));
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0)
        ret_rows[count++] = read_customer(&query, page->organization, page->arena);
    *ret_count = count;
    return fail(r);
}

static struct sql_query start_customers(struct sql *sql, const struct order_search *search)
{
    const struct sql_value *values =
        SQL_VALUES(SQL_I(search->organization), SQL_I(search->since_ms), SQL_I(search->until_ms),
                   SQL_I(STORE_SEARCH_MAX + 1));
    if (search->by_update)
        return sql_start(sql,
                         CUSTOMER_COLUMNS
                         " WHERE organization = $1 AND id IN (SELECT o.customer FROM orders o"
                         " WHERE o.organization = $1 AND o.updated_ms >= $2 AND o.updated_ms < $3)"
                         " ORDER BY id DESC LIMIT $4",
                         values, 4);
    return sql_start(sql,
                     CUSTOMER_COLUMNS " WHERE organization = $1 AND created_ms >= $2"
                                      " AND created_ms < $3 ORDER BY created_ms DESC, id DESC"
                                      " LIMIT $4",
                     values, 4);
}

static int search_customer(struct sql *sql, const struct order_search *search,
                           const struct customer_found *found, struct customer_found *ret_rows,
                           struct search_result *result)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct order newest = {};
    if (search->fits != NULL) {
        int r = store_find_newest_order(sql, search->organization, found->customer.id, &scratch,
                                        &newest);
        if (r < 0 || !search->fits(&newest, search->context))
            return fail(MIN_OF(r, 0));
    }
    if (result->total++ < search->skip || result->count == search->limit)
        return 0;
    struct customer_found *row = &ret_rows[result->count++];
    *row = *found;
    int r = store_find_newest_order(sql, search->organization, found->customer.id, search->arena,
                                    &row->newest);
    return fail(MIN_OF(r, 0));
}

int store_search_customers(struct sql *sql, const struct order_search *search,
                           struct customer_found *ret_rows, struct search_result *ret_result)
{
    struct arena CLEANUP(arena_done) scratch = {};
    struct search_result result = {};
    struct sql_query CLEANUP(sql_done) query = start_customers(sql, search);
    int looked_at = 0;
    int r;
    while ((r = sql_next(&query)) > 0) {
        result.cut = ++looked_at > STORE_SEARCH_MAX;
        if (result.cut)
            break;
        const struct customer_found found = { .customer = read_customer(
                                                  &query, search->organization, &scratch) };
        r = search_customer(sql, search, &found, ret_rows, &result);
        if (r < 0)
            return fail(r);
        arena_reset(&scratch, (size_t)MIB);
    }
    /* Their keys are not asked for, and have gone with the row. */
    for (int i = 0; i < result.count; i++)
        ret_rows[i].customer.email_key = (str){};
    *ret_result = result;
    return fail(MIN_OF(r, 0));
}

int store_insert_customer(struct sql *sql, const struct customer *customer)
{
    return sql_changed(
        SQL_RUN(sql,
                "INSERT INTO customers (id, organization, number, email_key, contact, created_ms)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                SQL_I(customer->id), SQL_I(customer->organization), SQL_I(customer->number),
                sql_optional_text(customer->email_key), SQL_I(customer->contact),
                SQL_I(customer->created_ms)));
}

int store_read_numbers(struct sql *sql, int64_t organization, struct record_numbers *ret_numbers)
{
    struct sql_query CLEANUP(sql_done) orders = SQL_QUERY(
        sql, "SELECT MAX(number) FROM orders WHERE organization = $1", SQL_I(organization));
    int r = sql_one_int(&orders, &ret_numbers->orders);
    if (r < 0)
        return fail(r);
    struct sql_query CLEANUP(sql_done) customers = SQL_QUERY(
        sql, "SELECT MAX(number) FROM customers WHERE organization = $1", SQL_I(organization));
    return fail(sql_one_int(&customers, &ret_numbers->customers));
}
