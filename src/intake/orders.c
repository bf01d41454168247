/* SPDX-License-Identifier: MIT */
#include "intake/orders.h"

#include "base/id.h"
#include "intake/contact.h"
#include "intake/internal.h"
#include "mapping/custom_event.h"
#include "mapping/sku.h"
#include "model/money.h"
#include "model/order_json.h"
#include "model/order_names.h"

/* ── what a batch knows ── */

/* One order in a batch, under all its keys. */
struct order_record {
    struct order order;
    bool fresh;
    bool added; /* to the batch's rows */
};

struct order_wish {
    struct order_wish *next;
    struct order_arrival *arrival;
};

static str id_key(struct batch *batch, enum load_tag tag, int64_t organization, int64_t id)
{
    return batch_load_key(batch, tag, organization, str_from(&id, sizeof(id)));
}

static void put(struct batch *batch, struct order_record *record)
{
    const struct order *order = &record->order;
    int64_t organization = order->organization;
    (void)map_put(&batch->loads, id_key(batch, LOAD_ORDER, organization, order->id), record);
    (void)map_put(
        &batch->loads,
        batch_load_key(batch, LOAD_ORDER_BY_CLIENT_ID, organization, order->client_order_id),
        record);
    if (order->sender_order_id.len > 0)
        (void)map_put(
            &batch->loads,
            batch_load_key(batch, LOAD_ORDER_BY_SENDER_ID, organization, order->sender_order_id),
            record);
}

/* In the order of store_find_order(). */
static struct order_record *find(struct batch *batch, const struct order_wanted *wanted)
{
    struct order_record *record = NULL;
    int64_t organization = wanted->organization;
    if (wanted->client_order_id.len > 0)
        record = map_find(&batch->loads, batch_load_key(batch, LOAD_ORDER_BY_CLIENT_ID,
                                                        organization, wanted->client_order_id));
    if (record == NULL && wanted->sender_order_id.len > 0)
        record = map_find(&batch->loads, batch_load_key(batch, LOAD_ORDER_BY_SENDER_ID,
                                                        organization, wanted->sender_order_id));
    if (record != NULL && wanted->client_order_id.len > 0 && !record->order.own_client_id &&
        !str_equal(record->order.client_order_id, wanted->client_order_id))
        record = NULL;
    if (record == NULL && wanted->id != 0)
        record = map_find(&batch->loads, id_key(batch, LOAD_ORDER, organization, wanted->id));
    return record;
}

static struct customer *find_customer(struct batch *batch, int64_t organization, str email_key)
{
    return map_find(&batch->loads, batch_load_key(batch, LOAD_CUSTOMER, organization, email_key));
}

static struct record_numbers *find_numbers(struct batch *batch, int64_t organization)
{
    return map_find(&batch->loads, batch_load_key(batch, LOAD_NUMBERS, organization, (str){}));
}

/* ── load ── */

void orders_want(struct batch *batch, struct order_arrival *arrival)
{
    int64_t organization = arrival->wanted.organization;
    str address = arrival->input.facts.values[CRM_EMAIL_ADDRESS];
    arrival->contact = NULL;
    arrival->email_key = (str){};
    if (str_trim(address).len > 0 &&
        email_key(address, batch_arena(batch), &arrival->email, &arrival->email_key))
        arrival->contact = batch_load_contact(batch, organization, arrival->email_key);
    struct order_wish *wish = ARENA_NEW(batch_arena(batch), struct order_wish);
    *wish = (struct order_wish){ .next = batch->order_wishes, .arrival = arrival };
    batch->order_wishes = wish;
}

void orders_want_known(struct batch *batch, int64_t organization, int64_t id)
{
    struct order_arrival *arrival = ARENA_NEW(batch_arena(batch), struct order_arrival);
    arrival->wanted = (struct order_wanted){ .organization = organization, .id = id };
    struct order_wish *wish = ARENA_NEW(batch_arena(batch), struct order_wish);
    *wish = (struct order_wish){ .next = batch->order_wishes, .arrival = arrival };
    batch->order_wishes = wish;
}

static int load_order(struct batch *batch, struct sql *sql, const struct order_wanted *wanted)
{
    struct order order;
    if (find(batch, wanted) != NULL)
        return 0;
    int r = store_find_order(sql, wanted, batch_arena(batch), &order);
    if (r == STORE_NOT_FOUND)
        return 0;
    if (r < 0)
        return fail(r);
    const struct order_wanted by_id = { .organization = order.organization, .id = order.id };
    if (find(batch, &by_id) != NULL) /* by another key, and perhaps changed since */
        return 0;
    struct order_record *record = ARENA_NEW(batch_arena(batch), struct order_record);
    record->order = order;
    put(batch, record);
    return 0;
}

static int load_customer(struct batch *batch, struct sql *sql, int64_t organization, str email_key)
{
    struct customer customer;
    if (email_key.len == 0 || find_customer(batch, organization, email_key) != NULL)
        return 0;
    int r = store_find_customer(sql, organization, email_key, 0, batch_arena(batch), &customer);
    if (r == STORE_NOT_FOUND)
        return 0;
    if (r < 0)
        return fail(r);
    struct customer *kept = ARENA_NEW(batch_arena(batch), struct customer);
    *kept = customer;
    (void)map_put(&batch->loads, batch_load_key(batch, LOAD_CUSTOMER, organization, email_key),
                  kept);
    return 0;
}

static int load_numbers(struct batch *batch, struct sql *sql, int64_t organization)
{
    if (find_numbers(batch, organization) != NULL)
        return 0;
    struct record_numbers *numbers = ARENA_NEW(batch_arena(batch), struct record_numbers);
    int r = store_read_numbers(sql, organization, numbers);
    if (r < 0)
        return fail(r);
    (void)map_put(&batch->loads, batch_load_key(batch, LOAD_NUMBERS, organization, (str){}),
                  numbers);
    return 0;
}

/* The campaign that says what SKUs are is the order's. */
static void want_skus(struct batch *batch, struct order_arrival *arrival)
{
    const struct order_facts *facts = &arrival->input.facts;
    const struct order_record *record = find(batch, &arrival->wanted);
    int64_t campaign = record == NULL ? arrival->campaign : record->order.campaign;
    arrival->skus =
        ARENA_ARRAY(batch_arena(batch), struct sku_load *, (size_t)facts->line_count + 1);
    str text;
    for (int i = 0; i < facts->line_count; i++)
        if (campaign != 0 && sku_read(facts->lines[i].sku, &text))
            arrival->skus[i] = batch_load_sku(batch, arrival->wanted.organization, campaign, text);
}

static int load_wish(struct batch *batch, struct sql *sql, struct order_arrival *arrival)
{
    int r = load_order(batch, sql, &arrival->wanted);
    if (r == 0)
        r = load_customer(batch, sql, arrival->wanted.organization, arrival->email_key);
    if (r == 0)
        r = load_numbers(batch, sql, arrival->wanted.organization);
    if (r == 0)
        want_skus(batch, arrival);
    return fail(r);
}

int orders_load(struct batch *batch, struct sql *sql)
{
    int r = 0;
    for (struct order_wish *wish = batch->order_wishes; r == 0 && wish != NULL; wish = wish->next)
        r = load_wish(batch, sql, wish->arrival);
    batch->order_wishes = NULL;
    return fail(r);
}

const struct order *orders_find(struct batch *batch, int64_t organization, int64_t id)
{
    const struct order_wanted wanted = { .organization = organization, .id = id };
    const struct order_record *record = find(batch, &wanted);
    return record == NULL ? NULL : &record->order;
}

/* ── apply ── */

bool orders_is_known(struct batch *batch, const struct order_wanted *wanted)
{
    return find(batch, wanted) != NULL;
}

/* Of a batch that writes it more than once, the first row is enough: it looks at the record. */
static void add_order(struct batch *batch, struct order_record *record)
{
    if (record->added)
        return;
    record->added = true;
    struct order_row *row = ARENA_NEW(batch_arena(batch), struct order_row);
    row->order = &record->order;
    row->fresh = record->fresh;
    *batch->orders_end = row;
    batch->orders_end = &row->next;
}

void orders_forget_rows(struct batch *batch)
{
    for (struct order_row *row = batch->rows.orders; row != NULL; row = row->next) {
        struct order_record *record = CONTAINER_OF(row->order, struct order_record, order);
        record->added = record->fresh = false;
    }
}

/* The digits of the order's id: no two are the same. */
static str make_client_id(struct batch *batch, int64_t id)
{
    char *text = arena_bytes(batch_arena(batch), ID_TEXT_MAX);
    return str_skip(id_write(ID_ORDER, id, text), ID_TEXT_MAX - ID_DIGITS);
}

static struct order new_order(struct batch *batch, const struct order_arrival *arrival)
{
    const struct order_wanted *wanted = &arrival->wanted;
    struct order order = { .id = batch_draw_id(batch),
                           .organization = wanted->organization,
                           .campaign = arrival->campaign,
                           .client_order_id = wanted->client_order_id,
                           .sender_order_id = wanted->sender_order_id,
                           .created_ms = batch_now_ms(batch) };
    order.own_client_id = order.client_order_id.len == 0;
    if (order.own_client_id)
        order.client_order_id = make_client_id(batch, order.id);
    return order;
}

/* What its sender calls it, once that is known. */
static void take_ids(struct order *order, const struct order_wanted *wanted)
{
    if (order->own_client_id && wanted->client_order_id.len > 0) {
        order->client_order_id = wanted->client_order_id;
        order->own_client_id = false;
    }
    if (order->sender_order_id.len == 0)
        order->sender_order_id = wanted->sender_order_id;
}

static struct customer *make_customer(struct batch *batch, const struct order_arrival *arrival)
{
    int64_t organization = arrival->wanted.organization;
    struct customer_row *row = ARENA_NEW(batch_arena(batch), struct customer_row);
    row->customer = (struct customer){
        .id = batch_draw_id(batch),
        .organization = organization,
        .number = ++find_numbers(batch, organization)->customers,
        .email_key = arrival->email_key,
        .contact = arrival->contact == NULL ? 0 : arrival->contact->id,
        .created_ms = batch_now_ms(batch),
    };
    *batch->customers_end = row;
    batch->customers_end = &row->next;
    if (arrival->email_key.len > 0)
        (void)map_put(&batch->loads,
                      batch_load_key(batch, LOAD_CUSTOMER, organization, arrival->email_key),
                      &row->customer);
    return &row->customer;
}

static void take_sku(struct batch *batch, const struct order_arrival *arrival,
                     struct order_line *line, struct sku_load *sku)
{
    if (sku->id == 0 && arrival->import_skus)
        batch_add_sku(batch, sku);
    line->sku_id = sku->id;
    line->linked = sku->product;
    line->unlinked = sku->product == 0 && line->product == 0;
    const struct picture *picture = batch_picture(batch, arrival->wanted.organization);
    const struct product *product =
        picture == NULL ? NULL : objects_find(&picture->products, line->linked);
    if (product != NULL) /* an order outlives a product that the same batch changes */
        line->linked_name = arena_str(batch_arena(batch), product->name);
    if (product != NULL && line->product == 0)
        line->product_number = product->number;
    if (product == NULL || arrival->input.strict) /* the API has settled what its lines are */
        return;
    if (line->list_price == 0)
        line->list_price = product->price * MAX_OF(line->quantity, 1);
    line->recurring = line->recurring || product->recurring;
}

static void take_skus(struct batch *batch, struct order_arrival *arrival)
{
    struct order_facts *facts = &arrival->input.facts;
    struct order_line *lines =
        ARENA_ARRAY(batch_arena(batch), struct order_line, (size_t)facts->line_count + 1);
    for (int i = 0; i < facts->line_count; i++) {
        lines[i] = facts->lines[i];
        lines[i].name = arena_str(batch_arena(batch), lines[i].name); /* it may be a product's */
        if (arrival->skus[i] != NULL)
            take_sku(batch, arrival, &lines[i], arrival->skus[i]);
    }
    facts->lines = lines;
}

/* Who an order is from does not change, but for an address that nobody had said before. */
static const struct customer *
take_customer(struct batch *batch, const struct order_arrival *arrival, struct order *order)
{
    if (order->customer != 0 && (order->contact != 0 || arrival->email_key.len == 0))
        return NULL;
    const struct customer *customer = order->customer == 0 ? arrival->customer : NULL;
    if (customer == NULL && arrival->email_key.len > 0)
        customer = find_customer(batch, order->organization, arrival->email_key);
    if (customer == NULL)
        customer = make_customer(batch, arrival);
    order->customer = customer->id;
    order->customer_number = customer->number;
    order->contact = customer->contact;
    return customer;
}

/* ── telling ── */

static str order_text(struct batch *batch, const struct order *order)
{
    struct buf buf;
    buf_init(&buf, batch_arena(batch), SIZE_MAX);
    struct json_writer writer = json_writer(&buf);
    json_begin_object(&writer);
    order_write(&writer, order);
    json_end_object(&writer);
    return buf_str(&buf);
}

static struct json_writer begin_data(struct batch *batch, struct buf *buf, int64_t event)
{
    buf_init(buf, batch_arena(batch), SIZE_MAX);
    struct json_writer writer = json_writer(buf);
    json_begin_object(&writer);
    json_member_id(&writer, STR("id"), ID_EVENT, event);
    return writer;
}

static void add_notes(struct json_writer *writer, const struct order_outcome *outcome)
{
    json_key(writer, STR("notes"));
    json_begin_array(writer);
    for (int i = 0; i < outcome->note_count; i++)
        json_add_string(writer, outcome->notes[i]);
    json_end_array(writer);
}

static str arrival_data(struct batch *batch, const struct order_arrival *arrival, int64_t event,
                        str order, const struct order_outcome *outcome)
{
    struct buf buf;
    struct json_writer writer = begin_data(batch, &buf, event);
    enum order_change_kind kind = arrival->input.change.kind;
    json_member_text_or_null(&writer, STR("change"), order_change_name(kind));
    json_member_raw(&writer, STR("order"), order);
    add_notes(&writer, outcome);
    if (arrival->received.len > 0)
        json_member_raw(&writer, STR("received"), arrival->received);
    json_end_object(&writer);
    return buf_str(&buf);
}

static str occurrence_data(struct batch *batch, const struct order_occurrence *occurrence,
                           int64_t event, str order, int line)
{
    char amount[MONEY_TEXT_MAX];
    struct buf buf;
    struct json_writer writer = begin_data(batch, &buf, event);
    json_member_string(&writer, STR("customerType"), customer_type_name(occurrence->type));
    json_member_text_or_null(&writer, STR("amount"),
                             occurrence->amount == 0 ? (str){}
                                                     : money_write(occurrence->amount, amount));
    json_key(&writer, STR("line"));
    if (line < 0)
        json_add_null(&writer);
    else
        json_add_int(&writer, line);
    json_member_raw(&writer, STR("order"), order);
    json_end_object(&writer);
    return buf_str(&buf);
}

static void tell(struct batch *batch, const struct order_occurrence *occurrence,
                 const struct event *cause, const struct order *order, str text)
{
    struct event event = { .id = batch_draw_id(batch),
                           .organization = cause->organization,
                           .type = customer_type_event(occurrence->type),
                           .at_ms = cause->at_ms,
                           .contact = cause->contact,
                           .order = cause->order,
                           .caused_by = cause->id,
                           .occurrence = occurrence,
                           .occurred_to = order,
                           .hops = cause->hops,
                           .request_id = cause->request_id };
    event.data = occurrence_data(batch, occurrence, event.id, text,
                                 order_find_line(order, occurrence->line));
    batch_take_event(batch, &event);
}

static str pick_notes(const struct order_arrival *arrival, const struct order_outcome *outcome)
{
    bool repeated = outcome->verdict == ORDER_REPEATED && arrival->notes_if_repeated.len > 0;
    return repeated ? arrival->notes_if_repeated : arrival->notes;
}

static void tell_all(struct batch *batch, const struct order_arrival *arrival,
                     const struct contact *contact, struct order_arrived *arrived)
{
    const struct order *order = arrived->order;
    str text = order_text(batch, order);
    struct event event = { .id = batch_draw_id(batch),
                           .organization = order->organization,
                           .type = arrival->type,
                           .at_ms = batch_now_ms(batch),
                           .contact = order->contact,
                           .order = order->id,
                           .inlet = arrival->inlet,
                           .hops = arrival->hops,
                           .raw = arrival->raw,
                           .notes = pick_notes(arrival, &arrived->outcome),
                           .request_id = arrival->request_id };
    event.data = arrival_data(batch, arrival, event.id, text, &arrived->outcome);
    batch_take_event(batch, &event);
    arrived->event = event.id;
    if (contact->id != 0)
        contact_add(batch, contact, &event);
    for (int i = 0; i < arrived->outcome.occurrence_count; i++)
        tell(batch, &arrived->outcome.occurrences[i], &event, order, text);
}

/* ── all of it ── */

static bool refuse(struct batch *batch, const struct order_outcome *outcome, struct problem *reterr)
{
    str field = str_c(outcome->field);
    problem_add(
        reterr, batch_arena(batch),
        (struct field_error){ .pointer = arena_format(batch_arena(batch), "/%.*s", STR_ARG(field)),
                              .field = field,
                              .code = STR("conflict"),
                              .message = outcome->text });
    return false;
}

/* One that nobody has seen before; its row and its occurrence come with the event. */
static struct contact new_contact(struct batch *batch, const struct order_arrival *arrival)
{
    if (arrival->contact == NULL || arrival->contact->id != 0)
        return (struct contact){};
    arrival->contact->id = batch_draw_id(batch);
    return (struct contact){ .id = arrival->contact->id,
                             .organization = arrival->wanted.organization,
                             .email = arrival->email,
                             .email_key = arrival->email_key,
                             .created_ms = batch_now_ms(batch) };
}

bool orders_take(struct batch *batch, struct order_arrival *arrival,
                 struct order_arrived *ret_arrived, struct problem *reterr)
{
    struct order_record *record = find(batch, &arrival->wanted);
    *ret_arrived = (struct order_arrived){ .fresh = record == NULL };
    if (record == NULL && !arrival->make) {
        problem_set(reterr, PROBLEM_NOT_FOUND, STR("There is no such order."));
        return false;
    }
    struct order order = record == NULL ? new_order(batch, arrival) : record->order;
    arrival->input.now_ms = batch_now_ms(batch);
    take_skus(batch, arrival);
    order_apply(&order, &arrival->input, batch_arena(batch), &ret_arrived->outcome);
    if (ret_arrived->outcome.verdict == ORDER_REFUSED)
        return refuse(batch, &ret_arrived->outcome, reterr);
    if (record == NULL) {
        order.number = ++find_numbers(batch, order.organization)->orders;
        record = ARENA_NEW(batch_arena(batch), struct order_record);
        record->fresh = true;
    }
    const struct contact contact = new_contact(batch, arrival);
    take_ids(&order, &arrival->wanted);
    ret_arrived->customer = take_customer(batch, arrival, &order);
    record->order = order;
    put(batch, record);
    add_order(batch, record);
    ret_arrived->order = &record->order;
    tell_all(batch, arrival, &contact, ret_arrived);
    return true;
}
