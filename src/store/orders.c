/* SPDX-License-Identifier: MIT */
#include "store/orders.h"

#include "model/order_json.h"
#include "model/order_names.h"
#include "store/rows.h"

#define ORDER_COLUMNS                                                                              \
    "SELECT id, number, client_order_id, sender_order_id, campaign, customer, state, test, data,"  \
    " created_ms, updated_ms FROM orders"

static int take_order(const struct sql_query *query, int64_t organization, struct arena *arena,
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
    if (!sale_state_read(sql_text(query, 6, arena), &order.state) ||
        !order_data_read(sql_blob(query, 8, arena), arena, &order))
        return fail(FAIL_CORRUPT);
    *ret_order = order;
    return 0;
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

/* A line says which SKU it is; the SKU, which product. */
static int link_line(struct sql *sql, int64_t organization, struct order_line *line)
{
    struct sql_query CLEANUP(sql_done) query =
        SQL_QUERY(sql, "SELECT product FROM skus WHERE id = $1 AND organization = $2",
                  SQL_I(line->sku_id), SQL_I(organization));
    return fail(sql_one_int(&query, &line->linked));
}

static int link_lines(struct sql *sql, struct arena *arena, struct order *order)
{
    struct order_line *lines = ARENA_ARRAY(arena, struct order_line, (size_t)order->line_count + 1);
    int r = 0;
    for (int i = 0; i < order->line_count; i++) {
        lines[i] = order->lines[i];
        if (r == 0 && lines[i].sku_id != 0)
            r = link_line(sql, order->organization, &lines[i]);
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
    int count = 0;
    int r;
    while ((r = sql_next(&query)) > 0) {
        r = take_order(&query, page->organization, page->arena, &ret_rows[count]);
        if (r < 0)
            return fail(r);
        count++;
    }
    for (int i = 0; r == 0 && i < count; i++)
        r = link_lines(sql, page->arena, &ret_rows[i]);
    *ret_count = count;
    return fail(r);
}

/* ── customers ── */

#define CUSTOMER_COLUMNS "SELECT id, number, email_key, contact, created_ms FROM customers"

static int take_customer(struct sql_query *query, int64_t organization, struct arena *arena,
                         struct customer *ret_customer)
{
    int r = sql_found(sql_next(query));
    if (r != 0)
        return r;
    *ret_customer = (struct customer){
        .id = sql_int(query, 0),
        .organization = organization,
        .number = sql_int(query, 1),
        .email_key = sql_text(query, 2, arena),
        .contact = sql_int(query, 3),
        .created_ms = sql_int(query, 4),
    };
    return 0;
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
